"""How far poses scatter, as a picture feels it."""

from __future__ import annotations

from math import sqrt

import numpy as np

from physics.measure.pair import Pair, Reading, measure
from physics.mri.measures import NO_SCAN
from physics.mri.motion import Motion


@measure("mm")
def pose_spread(pair: Pair) -> Reading:
    """Root-mean-square displacement of the head about its mean pose, each line weighted by |k|^2 and its spectral energy.

    Model
        D = (sum_l W_l d_l^2 / sum_l W_l)^(1/2), W_l the sum of |k|^2 |K|^2 over line l, d_l Jenkinson's displacement from the mean pose under W. To first
        order in the displacement a line changes by 2 pi k . d_l K, so D^2 is the energy of the change that no rigid registration takes away, in units of
        the energy of the picture's gradient.
    Parameters
        pair : with its scan.
    Returns
        Millimetres; 0 for a body at rest, wherever it lies.
    Assumes
        Displacements of less than a detail of the picture, in the plane.
    Not modelled
        The lines of a reconstruction that fills gaps.
    References
        Jenkinson 1999, FMRIB report TR99MJ1; Reguig et al. 2022, arXiv 2204.03522 (the pose that a picture shows).
    Oracle
        A jump of half the weight spreads by half its size; a constant pose by 0; rank correlation with harm (tests/recipes/mri/test_motion_kinds.py).
    """
    scan = pair.scan
    if scan is None:
        return NO_SCAN
    if scan.motion is None:
        return Reading(0.0)
    weight = scan.body.line_energy(scan.phase_axis, power=2).numpy()
    if scan.lines is not None:
        weight = weight * scan.lines.cpu().numpy()
    if weight.sum() == 0:
        return Reading(None, "the object is empty")
    mean = scan.motion.mean(weight)
    about = Motion(np.vstack([mean.shift_mm, scan.motion.shift_mm]), np.concatenate([[mean.angle_deg], scan.motion.angle_deg]), np.zeros(scan.n_lines + 1))
    displacement = about.displacement_mm(0)[1:]
    return Reading(sqrt(float(weight @ displacement**2 / weight.sum())))
