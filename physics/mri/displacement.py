"""How far tissue is drawn from its place, as the scan itself says."""

from __future__ import annotations

import torch
from torch import Tensor

from physics.measure.pair import Pair, Reading, measure
from physics.mri.cavities import materials
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan


@measure("mm")
def displacement_p95(pair: Pair) -> Reading:
    """95th percentile over tissue of how far tissue is drawn from its place in the registered reference, from the scan's own fields.

    Model
        |d| of MRIScan.displacement_mm over the object without air and bone.
    Parameters
        pair : with its scan.
    Returns
        Millimetres; 0 for a scan that draws everything in its place.
    Assumes
        What chain.displacement_of assumes.
    Not modelled
        Copies, blur and poses, which displace nothing as a whole.
    References
        None: a percentile.
    Oracle
        A ramp of known percentile on oblong pixels; spots that move (tests/physics/mri/test_displacement.py).
    """
    size = _displacement_size(pair)
    return size if isinstance(size, Reading) else Reading(float(torch.quantile(size, 0.95)))


@measure("cm2")
def displaced_area(pair: Pair) -> Reading:
    """Area of tissue that is drawn more than a pixel from its place, from the scan's own fields."""
    size = _displacement_size(pair)
    if isinstance(size, Reading):
        return size
    pixel = pair.scan.spacing_mm
    return Reading(float((size > max(pixel)).sum()) * pixel[0] * pixel[1] / 100)


def _displacement_size(pair: Pair) -> Tensor | Reading:
    """Millimetres at the places of tissue."""
    scan, mask = pair.scan, pair.view.mask.cpu()
    if not isinstance(scan, MRIScan):
        return NO_SCAN
    if tuple(mask.shape) != scan.matrix or not bool(mask.any()):
        return Reading(None, "the picture is not on the grid of the scan, or the object is empty")
    tissue = mask & materials(scan.body).tissue.cpu()
    size: Tensor = torch.linalg.vector_norm(scan.displacement_mm(), dim=0)[tissue if bool(tissue.any()) else mask]
    return size
