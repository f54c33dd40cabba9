"""What unfolding left folded, in physical units."""

from __future__ import annotations

from math import hypot, sqrt

import numpy as np
import torch

from physics.measure.pair import Pair, Reading, measure
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan


@measure("% of tissue")
def residual_copies(pair: Pair) -> Reading:
    """How strong the copies of the body at field of view over R are.

    Model
        degraded - reference = sum over m = 1 .. R - 1 of a_m |reference shifted by m N / R lines| + rest, by least squares over the whole picture;
        100 (sum a_m^2)^(1/2).
    Parameters
        pair : with its scan, whose reconstruction states R.
    Returns
        Percent of the body's own signal; 0 where nothing was accelerated regularly.
    Assumes
        Copies that are everywhere alike; of copies in one region the mean is read.
    Not modelled
        Interference: magnitudes are taken to add.
    References
        None: a regression.
    Oracle
        A copy of 7 % reads 7 (tests/physics/mri/test_sense_maps.py).
    """
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    step = getattr(pair.scan.reconstruction, "step", None)
    if step is None:
        return Reading(0.0)
    axis, reference = pair.scan.phase_axis, pair.reference.double()
    change = (pair.degraded.double() - reference).flatten()
    n_lines = reference.shape[axis]
    copies = torch.stack([torch.roll(reference, round(m * n_lines / step), dims=axis).flatten() for m in range(step)])  # the first is the body itself
    if not bool(reference.any()):
        return Reading(None, "the object is empty")
    shares = np.linalg.lstsq(copies.T.cpu().numpy(), change.cpu().numpy(), rcond=None)[0][1:]  # torch's rounds by where arrays lie in memory
    return Reading(100 * sqrt(float(np.square(shares).sum())))


@measure("mm")
def calibration_shift(pair: Pair) -> Reading:
    """How far body or array lay from their place when the coil maps were measured."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    return Reading(hypot(*getattr(pair.scan.reconstruction, "shift_mm", (0.0, 0.0))))
