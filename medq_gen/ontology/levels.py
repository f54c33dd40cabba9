"""The four levels and their bands on the severity scale u (version 1)."""

from __future__ import annotations

from typing import Literal, get_args

Level = Literal["none", "mild", "moderate", "severe"]
LEVELS: tuple[Level, ...] = get_args(Level)
BANDS: dict[Level, tuple[float, float]] = {"none": (0.0, 0.25), "mild": (0.75, 1.25), "moderate": (1.75, 2.25), "severe": (2.9, 3.6)}
BANDS_VERSION = 1


def level_of(u: float) -> Level | None:
    """The level whose band holds u; None in a gap, where no label is given. Beyond the finite top it stays severe."""
    for level, (low, high) in BANDS.items():
        if low <= u <= high or (level == "severe" and u > high):
            return level
    return None
