"""Bars with intervals, radars and lines over levels, as SVG without any script. Colours are told apart by readers who see few of them (Okabe and Ito 2008)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#8C6D31")
MARKS = ("", "6 3", "2 3")  # dashes, from the ninth model on
LEFT, BAR, WIDTH = 250, 24, 900


def style_of(number: int) -> tuple[str, str]:
    """(colour, dashes) of a model by its place."""
    return COLOURS[number % len(COLOURS)], MARKS[min(number // len(COLOURS), len(MARKS) - 1)]


def bars(rows: Sequence[Mapping[str, Any]]) -> Markup:  # Any: rows of figures.perception
    """Accuracy of each model with its interval; a tick where guessing would be."""
    height = 10 + BAR * len(rows) + 28

    def x(share: float) -> float:
        return LEFT + (WIDTH - LEFT - 60) * share

    parts = [Markup('<line x1="{0:.1f}" x2="{0:.1f}" y1="6" y2="{1}" class="axis"/>').format(x(tick / 100), height - 24) for tick in range(0, 101, 20)]
    parts += [Markup('<text x="{:.1f}" y="{}" class="tick">{} %</text>').format(x(tick / 100), height - 8, tick) for tick in range(0, 101, 20)]
    for line, row in enumerate(rows):
        cell, y, colour = row["all"], 10 + BAR * line, "#8a929d" if row["baseline"] else COLOURS[0]
        low, high = (x(bound) for bound in cell["interval"])
        parts.append(Markup('<text x="{}" y="{}" class="name">{}</text>').format(LEFT - 12, y + 15, _cut(row["model"])))
        parts.append(
            Markup('<rect x="{}" y="{}" width="{:.1f}" height="{}" fill="{}" fill-opacity=".75"/>').format(
                LEFT, y + 3, x(cell["accuracy"]) - LEFT, BAR - 8, colour
            )
        )
        parts.append(Markup('<line x1="{:.1f}" x2="{:.1f}" y1="{y}" y2="{y}" class="span"/>').format(low, high, y=y + BAR / 2 - 1))
        parts.append(Markup('<line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}" class="guess"/>').format(x(cell["chance"]), y, y + BAR - 3))
        parts.append(Markup('<text x="{:.1f}" y="{}" class="value">{:.1f}</text>').format(max(high, x(cell["accuracy"])) + 8, y + 15, 100 * cell["accuracy"]))
    return _svg(WIDTH, height, "Accuracy of each model with its 95 % interval; the tick is guessing", parts)


def radar(
    spokes: Sequence[str], models: Sequence[tuple[str, Sequence[float | None]]], *, most: float = 1.0, labels: Sequence[str] = ("50 %", "100 %")
) -> Markup:
    """One polygon a model over three spokes or more; a value that is not there leaves a gap. most : the value at the rim."""
    width, height, centre, middle, radius = 520, 360, 260, 180, 138

    def point(spoke: int, share: float) -> tuple[float, float]:
        angle = 2 * math.pi * spoke / len(spokes) - math.pi / 2
        return centre + radius * share * math.cos(angle), middle + radius * share * math.sin(angle)

    parts: list[Markup] = []
    for ring in (0.25, 0.5, 0.75, 1.0):
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (point(spoke, ring) for spoke in range(len(spokes))))
        parts.append(Markup('<polygon points="{}" class="ring"/>').format(corners))
    for spoke, name in enumerate(spokes):
        (x, y), (far_x, far_y) = point(spoke, 1.0), point(spoke, 1.13)
        anchor = "middle" if abs(far_x - centre) < 20 else "start" if far_x > centre else "end"
        parts.append(Markup('<line x1="{}" y1="{}" x2="{:.1f}" y2="{:.1f}" class="axis"/>').format(centre, middle, x, y))
        parts.append(Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(far_x, far_y + 4, anchor, name))
    for ring, label in zip((0.5, 1.0), labels, strict=True):
        parts.append(Markup('<text x="{}" y="{:.1f}" class="faint">{}</text>').format(centre + 4, middle - radius * ring + 12, label))
    for number, (model, values) in enumerate(models):
        colour, dashes = style_of(number)
        known = [point(spoke, max(0.0, min(value / most, 1.0))) for spoke, value in enumerate(values) if value is not None]
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in known)
        parts.append(
            Markup('<polygon points="{}" fill="{c}" fill-opacity=".06" stroke="{c}" stroke-width="2" stroke-dasharray="{}"><title>{}</title></polygon>').format(
                corners, dashes, model, c=colour
            )
        )
        parts += [Markup('<circle cx="{:.1f}" cy="{:.1f}" r="2.6" fill="{}"/>').format(x, y, colour) for x, y in known]
    return _svg(width, height, f"Radar over {', '.join(spokes)}", parts)


def lines(levels: Sequence[str], models: Sequence[tuple[str, Mapping[str, Any]]]) -> Markup:
    """Accuracy along the levels, a line a model with intervals; mild, where models fail, is shaded. models : name, and cells by level."""
    width, height, left, top, bottom = 640, 340, 60, 16, 44

    def x(place: int, number: int) -> float:
        return left + (width - left - 20) * (place + 0.5) / len(levels) + 7 * (number - (len(models) - 1) / 2)

    def y(share: float) -> float:
        return top + (height - top - bottom) * (1 - share)

    parts: list[Markup] = []
    if "mild" in levels:
        step = (width - left - 20) / len(levels)
        parts.append(
            Markup('<rect x="{:.1f}" y="{}" width="{:.1f}" height="{}" class="shade"/>').format(
                left + step * levels.index("mild"), top, step, height - top - bottom
            )
        )
    for tick in range(0, 101, 20):
        parts.append(Markup('<line x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}" class="axis"/>').format(left, width - 20, y=y(tick / 100)))
        parts.append(Markup('<text x="{}" y="{:.1f}" class="name">{} %</text>').format(left - 8, y(tick / 100) + 4, tick))
    for place, level in enumerate(levels):
        parts.append(
            Markup('<text x="{:.1f}" y="{}" class="tick">{}</text>').format(left + (width - left - 20) * (place + 0.5) / len(levels), height - 18, level)
        )
    for number, (model, cells) in enumerate(models):
        colour, dashes = style_of(number)
        known = [(x(place, number), cells[level]) for place, level in enumerate(levels) if level in cells]
        corners = " ".join(f"{at:.1f},{y(cell['accuracy']):.1f}" for at, cell in known)
        parts.append(Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="2" stroke-dasharray="{}"/>').format(corners, colour, dashes))
        for at, cell in known:
            low, high = cell["interval"]
            parts.append(
                Markup('<line x1="{a:.1f}" x2="{a:.1f}" y1="{:.1f}" y2="{:.1f}" stroke="{}" stroke-opacity=".45" stroke-width="2"/>').format(
                    y(low), y(high), colour, a=at
                )
            )
            title = Markup("<title>{}: {:.1f} % of {}</title>").format(model, 100 * cell["accuracy"], cell["items"])
            parts.append(Markup('<circle cx="{:.1f}" cy="{:.1f}" r="4" fill="{}">{}</circle>').format(at, y(cell["accuracy"]), colour, title))
    return _svg(width, height, "Accuracy of each model at each level", parts)


def _cut(label: str, most: int = 34) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"


def _svg(width: int, height: int, label: str, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" style="max-width: {}px" role="img" aria-label="{}">{}</svg>').format(
        width, height, width, label, Markup("").join(parts)
    )
