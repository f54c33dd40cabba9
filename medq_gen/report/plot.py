"""A small plot of achieved effects: one line a level, its band, one dot a picture."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from medq_gen.ontology.levels import LEVELS
from medq_gen.report.rows import Row

WIDTH, ROW_HEIGHT, LEFT, TOP = 760, 46, 96, 10
MAX_DOTS = 400  # a level; more would only thicken the page
GOLDEN = 0.6180339887498949  # its multiples spread dots evenly over the height of a line, without a random number


def strip(rows: Sequence[Row]) -> Markup:
    """SVG: the axis is the severity u; shaded the band of each level, dots the achieved effects, ticks above the line the targets. Dots outside their band
    are marked."""
    levels = [level for level in LEVELS if any(row.level == level and row.effect is not None for row in rows)]
    most = max([3.7, *(row.effect + 0.1 for row in rows if row.effect is not None)])
    height = TOP + ROW_HEIGHT * len(levels) + 34

    def x(u: float) -> float:
        return LEFT + (WIDTH - LEFT - 12) * u / most

    parts = []
    for line, level in enumerate(levels):
        mine = [row for row in rows if row.level == level and row.effect is not None]
        shown = mine if len(mine) <= MAX_DOTS else mine[:: -(-len(mine) // MAX_DOTS)]
        top = TOP + ROW_HEIGHT * line
        low, high = mine[0].band
        parts.append(f'<text x="{LEFT - 10}" y="{top + ROW_HEIGHT / 2 + 4:.0f}" class="name">{level}</text>')
        parts.append(f'<rect x="{x(low):.1f}" y="{top + 4}" width="{x(high) - x(low):.1f}" height="{ROW_HEIGHT - 8}" class="band"/>')
        for number, row in enumerate(shown):
            if row.target is not None:
                parts.append(f'<line x1="{x(row.target):.1f}" x2="{x(row.target):.1f}" y1="{top + 4}" y2="{top + 10}" class="target"/>')
            y = top + 15 + (ROW_HEIGHT - 24) * ((number * GOLDEN) % 1)
            parts.append(f'<circle cx="{x(row.effect or 0.0):.1f}" cy="{y:.1f}" r="3" class="{"dot" if row.is_inside else "dot out"}"/>')
    axis = TOP + ROW_HEIGHT * len(levels) + 2
    parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 12}" y1="{axis}" y2="{axis}" class="axis"/>')
    for tick in range(int(most) + 1):
        parts.append(f'<text x="{x(tick):.1f}" y="{axis + 16}" class="tick">{tick}</text>')
    parts.append(f'<text x="{x(most) - 2:.1f}" y="{axis + 16}" class="end">severity u</text>')
    label = "Achieved effect per level inside its band"
    return Markup(f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">{"".join(parts)}</svg>')  # numbers and names of levels only
