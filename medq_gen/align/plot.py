"""Kappa with its interval, a line a pair of raters, an axis a panel; and tables of scores as shaded squares. SVG without any script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from medq_gen.align.figures import LEAST_KAPPA
from medq_gen.judge.axes import AXES, Axis

LEFT, PANEL, GAP, ROW, TOP, LOW = 330, 190, 26, 26, 34, -0.2
CELL = 34


def forest(rows: Sequence[tuple[str, Mapping[Axis, Any]]]) -> Markup:  # Any: plain JSON
    """rows : a label, and by axis a cell with texts, kappa and kappa_95. The dashed line is the lower end that is asked of a judge."""
    height, width = TOP + ROW * len(rows) + 26, LEFT + len(AXES) * (PANEL + GAP)
    parts: list[Markup] = []
    for column, axis in enumerate(AXES):
        left = LEFT + column * (PANEL + GAP)
        parts.append(Markup('<text x="{}" y="16" class="tick head">{}</text>').format(left + PANEL / 2, axis.replace("_", " ").capitalize()))
        for tick in (0.0, 0.5, 1.0):
            x = _x(left, tick)
            parts.append(Markup('<line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}" class="axis"/>').format(x, TOP - 8, height - 22))
            parts.append(Markup('<text x="{:.1f}" y="{}" class="tick">{:g}</text>').format(x, height - 6, tick))
        bound = _x(left, LEAST_KAPPA)
        parts.append(Markup('<line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}" class="bound"/>').format(bound, TOP - 8, height - 22))
        for line, (_, cells) in enumerate(rows):
            parts.append(_point(cells[axis], left, TOP + ROW * line + ROW / 2 - 4))
    for line, (label, _) in enumerate(rows):
        parts.append(Markup('<text x="{}" y="{:.1f}" class="name">{}</text>').format(LEFT - 14, TOP + ROW * line + ROW / 2, _cut(label)))
    label = "Quadratic weighted kappa with 95 % intervals, by axis"
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(width, height, label, Markup("").join(parts))


def _cut(label: str, most: int = 46) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"


def _x(left: float, kappa: float) -> float:
    return left + PANEL * (min(max(kappa, LOW), 1.0) - LOW) / (1 - LOW)


def _point(cell: Mapping[str, Any], left: float, y: float) -> Markup:
    if cell["kappa"] is None:
        return Markup('<text x="{:.1f}" y="{:.1f}" class="tick">{}</text>').format(left + PANEL / 2, y + 4, "no kappa" if cell["texts"] else "–")
    span = Markup("")
    if cell["kappa_95"]:
        low, high = (_x(left, bound) for bound in cell["kappa_95"])
        span = Markup('<line x1="{:.1f}" x2="{:.1f}" y1="{y:.1f}" y2="{y:.1f}" class="span"/>').format(low, high, y=y)
    title = Markup("<title>kappa {:.3f}, {} texts</title>").format(cell["kappa"], cell["texts"])
    return span + Markup('<circle cx="{:.1f}" cy="{:.1f}" r="4.5" class="dot">{}</circle>').format(_x(left, cell["kappa"]), y, title)


def squares(confusion: Sequence[Sequence[int]], first: str, second: str) -> Markup:
    """A table of scores: rows are the first rater's, columns the second's; darker is more."""
    most = max((count for row in confusion for count in row), default=0) or 1
    size = len(confusion)
    parts = [Markup('<text x="{}" y="12" class="tick">{}</text>').format(30 + CELL * size / 2, _cut(second, 26))]
    for row, counts in enumerate(confusion):
        parts.append(Markup('<text x="22" y="{}" class="name">{}</text>').format(34 + CELL * row + CELL / 2 + 4, row))
        parts.append(Markup('<text x="{}" y="28" class="tick">{}</text>').format(30 + CELL * row + CELL / 2, row))
        for column, count in enumerate(counts):
            x, y, share = 30 + CELL * column, 34 + CELL * row, count / most
            parts.append(
                Markup('<rect x="{}" y="{}" width="{w}" height="{w}" class="square" fill-opacity="{:.2f}"/>').format(x, y, 0.06 + 0.8 * share, w=CELL - 2)
            )
            parts.append(
                Markup('<text x="{}" y="{}" class="tick count{}">{}</text>').format(x + CELL / 2 - 1, y + CELL / 2 + 4, " on" if share > 0.6 else "", count)
            )
    width = 40 + CELL * size
    label = escape(f"Scores of {first} in rows, of {second} in columns")
    return Markup('<svg class="small" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(width, 40 + CELL * size, label, Markup("").join(parts))
