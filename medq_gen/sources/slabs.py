"""How many slices about a picture are kept, and whether they make a slab."""

from __future__ import annotations

from math import ceil

import numpy as np

from medq_gen.sources.source import Neighbours, Pixels
from physics.modality import Modality

SLABS: tuple[Modality, ...] = ("mri", "ct")  # whose pictures come in volumes
LEAST = 8  # slices to either side, where slices are thick
# to either side: what a slice of 24 mm with the slopes of its profile needs; what oblique rays of a wide cone meet
REACH_MM: dict[Modality, float] = {"mri": 15.0, "ct": 20.0}
MOST: dict[Modality, int] = {"mri": 24, "ct": 32}  # slices to either side, where they are thin
# large matrices get fewer slices: 48 MB as complex numbers, 36 as real ones beside their line integrals
MAX_VOXELS: dict[Modality, int] = {"mri": 6_000_000, "ct": 9_000_000}


def reach(place: int, n_slices: int, *, step_mm: float, pixels: int, modality: Modality = "mri") -> tuple[int, int]:
    """First and one past the last slice about a place: 15 mm to either side (CT: 20), but 8 to 24 slices (CT: 32), and no more than memory allows."""
    each = min(max(LEAST, ceil(REACH_MM[modality] / step_mm)), MOST[modality], max((MAX_VOXELS[modality] // max(pixels, 1) - 1) // 2, 1))
    return max(place - each, 0), min(place + each + 1, n_slices)


def joined(slices: Pixels, index: int, *, step_mm: float, modality: Modality = "mri") -> Neighbours | None:
    """Slices (slice, row, column) as one slab; None where there is only one, or where a neighbour is no picture of its kind: not finite, or a magnitude far
    below 0. HU may be negative."""
    if len(slices) < 2 or not np.isfinite(slices).all():
        return None
    if modality == "ct":
        return Neighbours(slices.astype(np.float32, copy=False), index, step_mm)
    if -float(slices.min()) > 0.05 * float(np.percentile(slices[index], 99.5)):
        return None
    return Neighbours(np.maximum(slices, 0.0, dtype=np.float32), index, step_mm)
