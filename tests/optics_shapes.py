"""Shapes of fields of view, drawn analytically."""

from __future__ import annotations

import numpy as np


def disc(rows: int, columns: int, *, radius: float) -> np.ndarray:
    """A round field in the middle."""
    y, x = np.mgrid[:rows, :columns]
    return np.asarray(np.hypot(y - (rows - 1) / 2, x - (columns - 1) / 2) <= radius)


def octagon(rows: int, columns: int) -> np.ndarray:
    """A rectangle with cut corners."""
    y, x = np.abs(np.mgrid[:rows, :columns] - np.array([(rows - 1) / 2, (columns - 1) / 2])[:, None, None])
    return np.asarray(y / rows + x / columns < 0.76)
