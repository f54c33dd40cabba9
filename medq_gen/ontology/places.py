"""Where something lies: the closed list of regions, as physics.measure.place names them."""

from __future__ import annotations

# region -> how it follows "lies": a phrase with its preposition.
PHRASES: dict[str, str] = {
    "upper left": "in the upper left quadrant",
    "upper right": "in the upper right quadrant",
    "lower left": "in the lower left quadrant",
    "lower right": "in the lower right quadrant",
    "upper half": "in the upper half",
    "lower half": "in the lower half",
    "left half": "in the left half",
    "right half": "in the right half",
    "upper third": "in the upper third",
    "middle third": "in the middle third",
    "lower third": "in the lower third",
    "left third": "in the left third",
    "right third": "in the right third",
    "centre": "in the centre",
    "periphery": "in the periphery",
}
QUADRANTS = ("upper left", "upper right", "lower left", "lower right")
HALVES = ("upper half", "lower half", "left half", "right half")
THIRDS = ("upper third", "middle third", "lower third")
RADIAL = ("centre", "periphery")
DIRECTIONS: dict[str, str] = {"along the rows": "from left to right", "along the columns": "from top to bottom"}
REGIONS: tuple[str, ...] = (*PHRASES, *DIRECTIONS)

# Boxes (row0, column0, row1, column1) decide which regions cannot both hold 70 % of an effect.
_BOXES: dict[str, tuple[float, float, float, float]] = {
    "upper left": (0, 0, 0.5, 0.5), "upper right": (0, 0.5, 0.5, 1), "lower left": (0.5, 0, 1, 0.5), "lower right": (0.5, 0.5, 1, 1),
    "upper half": (0, 0, 0.5, 1), "lower half": (0.5, 0, 1, 1), "left half": (0, 0, 1, 0.5), "right half": (0, 0.5, 1, 1),
    "upper third": (0, 0, 1 / 3, 1), "middle third": (1 / 3, 0, 2 / 3, 1), "lower third": (2 / 3, 0, 1, 1),
    "left third": (0, 0, 1, 1 / 3), "right third": (0, 2 / 3, 1, 1),
}  # fmt: skip


def excludes(first: str, second: str) -> bool:
    """Whether two regions share no area, so that an effect in the one is not in the other."""
    if {first, second} == set(RADIAL) or {first, second} == set(DIRECTIONS):
        return True
    if first not in _BOXES or second not in _BOXES:
        return False
    a, b = _BOXES[first], _BOXES[second]
    return min(a[2], b[2]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[1], b[1])


def implies(first: str, second: str) -> bool:
    """Whether lying in the first region means lying in the second (the upper left is in the upper half)."""
    if first == second:
        return True
    if first not in _BOXES or second not in _BOXES:
        return False
    a, b = _BOXES[first], _BOXES[second]
    return a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3]


def rivals(region: str) -> tuple[str, ...]:
    """Regions of the same kind that exclude it: the wrong answers to "where"."""
    for kind in (QUADRANTS, HALVES, THIRDS, ("left third", "right third"), RADIAL, tuple(DIRECTIONS)):
        if region in kind:
            return tuple(other for other in kind if excludes(region, other))
    return ()
