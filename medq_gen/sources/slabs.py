"""How many slices about a picture are kept, and whether they make a slab."""

from __future__ import annotations

from math import ceil

import numpy as np

from medq_gen.sources.source import Neighbours, Pixels

REACH_MM = 15.0  # to either side: what a slice of 24 mm with the slopes of its profile needs
LEAST = 8  # slices to either side, where slices are thick
MOST = 24  # where they are thin
MAX_VOXELS = 6_000_000  # 48 MB as complex numbers; large matrices get fewer slices


def reach(place: int, n_slices: int, *, step_mm: float, pixels: int) -> tuple[int, int]:
    """First and one past the last slice about a place: 15 mm to either side, but 8 to 24 slices, and no more than memory allows."""
    each = min(max(LEAST, ceil(REACH_MM / step_mm)), MOST, max((MAX_VOXELS // max(pixels, 1) - 1) // 2, 1))
    return max(place - each, 0), min(place + each + 1, n_slices)


def joined(slices: Pixels, index: int, *, step_mm: float) -> Neighbours | None:
    """Slices (slice, row, column) as one slab; None where there is only one, or where a neighbour is no magnitude: not finite, or far below 0."""
    if len(slices) < 2 or not np.isfinite(slices).all() or -float(slices.min()) > 0.05 * float(np.percentile(slices[index], 99.5)):
        return None
    return Neighbours(np.maximum(slices, 0.0, dtype=np.float32), index, step_mm)
