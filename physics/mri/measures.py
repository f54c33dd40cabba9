"""What MRI artefacts are, in physical units, read off a pair."""

from __future__ import annotations

from math import sqrt

import numpy as np
import torch
from scipy import ndimage

from physics.measure.pair import Pair, Reading, measure
from physics.mri.motion import Motion
from physics.mri.scan import MRIScan
from physics.mri.thermal import ThermalNoise

AIR_SHARE = 0.02  # of the picture must be air for a measure of the background
JUMP_MM = 0.1  # smaller steps between successive lines are no jumps
NO_SCAN = Reading(None, "the scan is not at hand: this is read from the physics, not from the picture")


def _scan(pair: Pair) -> MRIScan | None:
    return pair.scan if isinstance(pair.scan, MRIScan) else None


def _added_variance(scan: MRIScan) -> float:
    return float(sum(event.sigma**2 for event in scan.events if isinstance(event, ThermalNoise)))


@measure("% of tissue")
def ghost_to_signal(pair: Pair) -> Reading:
    """Root-mean-square signal that the artefact puts into air, over the mean of tissue.

    Model
        (mean D^2 - mean R^2)^(1/2) over air, five pixels and more from the object, over mean R in the object.
    Parameters
        pair : native pictures, registered.
    Returns
        Percent of tissue; 0 where air grew no brighter.
    Assumes
        At least 2 % of the picture is air.
    Not modelled
        Ghosts that fall on the object.
    References
        None: the ghosting ratio of phantoms, by power.
    Oracle
        Signal of known power put into air (tests/physics/mri/test_mri_measures.py).
    """
    mask = pair.view.mask.cpu().numpy()
    air = torch.from_numpy(~ndimage.binary_dilation(mask, iterations=5))
    if float(air.double().mean()) < AIR_SHARE or not mask.any():
        return Reading(None, "there is too little air around the object")
    before, after = pair.reference[air].double().square().mean(), pair.degraded[air].double().square().mean()
    tissue = float(pair.reference[pair.view.mask].double().mean())
    return Reading(100 * sqrt(max(float(after - before), 0.0)) / tissue) if tissue > 0 else Reading(None, "the object is empty")


@measure("mm")
def weighted_displacement(pair: Pair) -> Reading:
    """Mean displacement of the head against its pose at the centre of k-space, each line weighted by its spectral energy beyond the centre.

    Model
        sum_l E_l d_l / sum_l E_l, d Jenkinson's displacement, E the energy of line l, 0 for |n| <= 1 (the centre itself only shifts the picture) and for lines
        that were left out.
    Parameters
        pair : with its scan.
    Returns
        Millimetres; 0 at rest.
    Assumes
        A head of 80 mm radius.
    Not modelled
        How perceptible the change is.
    References
        Jenkinson 1999, FMRIB report TR99MJ1.
    Oracle
        Hand-weighted lines (tests/physics/mri/test_mri_measures.py).
    """
    scan = _scan(pair)
    if scan is None:
        return NO_SCAN
    if scan.motion is None:
        return Reading(0.0)
    energy = scan.body.line_energy(scan.phase_axis, power=0).numpy().copy()
    energy[[0, 1, -1]] = 0.0  # the centre itself only shifts the picture
    if scan.lines is not None:
        energy = energy * scan.lines.cpu().numpy()
    return (
        Reading(float(energy @ scan.motion.displacement_mm() / energy.sum())) if energy.sum() > 0 else Reading(None, "no line beyond the centre holds signal")
    )


@measure("mm")
def peak_displacement(pair: Pair) -> Reading:
    """Largest displacement of the head against its pose at the centre of k-space."""
    scan = _scan(pair)
    if scan is None:
        return NO_SCAN
    return Reading(0.0 if scan.motion is None else float(scan.motion.displacement_mm().max()))


def steps_mm(motion: Motion) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Displacement between successive lines, in the order in which they are taken."""
    order = np.argsort(motion.time, kind="stable")
    ordered = Motion(motion.shift_mm[order], motion.angle_deg[order], motion.time[order])
    change = Motion(np.diff(ordered.shift_mm, axis=0, prepend=ordered.shift_mm[:1]), np.diff(ordered.angle_deg, prepend=ordered.angle_deg[:1]), ordered.time)
    return change.displacement_mm()  # against the first entry, which is neutral


@measure("1")
def jump_count(pair: Pair) -> Reading:
    """How often the head jumped: steps between successive lines of more than 0.1 mm and four times the median step; runs count once."""
    scan = _scan(pair)
    if scan is None:
        return NO_SCAN
    if scan.motion is None:
        return Reading(0.0)
    steps = steps_mm(scan.motion)
    jumping = steps > max(JUMP_MM, 4 * float(np.median(steps)))
    return Reading(float(np.count_nonzero(jumping[1:] & ~jumping[:-1])))


@measure("%")
def share_of_lines_moved(pair: Pair) -> Reading:
    """Share of phase-encode lines that were taken at another pose than the centre of k-space (more than 0.1 mm away)."""
    scan = _scan(pair)
    if scan is None:
        return NO_SCAN
    return Reading(0.0 if scan.motion is None else 100 * float((scan.motion.displacement_mm() > JUMP_MM).mean()))


@measure("1")
def tissue_snr(pair: Pair) -> Reading:
    """Mean tissue signal over the noise deviation per channel, noise of the source included."""
    scan = _scan(pair)
    if scan is None:
        return NO_SCAN
    variance = scan.source_sigma**2 + _added_variance(scan)
    return Reading(scan.mean_tissue / sqrt(variance)) if variance > 0 else Reading(None, "neither the source nor the scan is known to hold noise")


@measure("%")
def added_noise(pair: Pair) -> Reading:
    """Deviation of the noise that was added per channel, over mean tissue."""
    scan = _scan(pair)
    if scan is None:
        return NO_SCAN
    return Reading(100 * sqrt(_added_variance(scan)) / scan.mean_tissue) if scan.mean_tissue > 0 else Reading(None, "the object is empty")


@measure("%")
def lines_kept(pair: Pair) -> Reading:
    """Share of phase-encode lines that were acquired."""
    scan = _scan(pair)
    if scan is None:
        return NO_SCAN
    return Reading(100.0 if scan.lines is None else 100 * float(scan.lines.double().mean()))


@measure("1")
def acceleration(pair: Pair) -> Reading:
    """Phase-encode lines of the full matrix over lines acquired."""
    scan = _scan(pair)
    if scan is None:
        return NO_SCAN
    return Reading(1.0 if scan.lines is None else scan.n_lines / int(scan.lines.sum()))


@measure("%")
def receive_variation(pair: Pair) -> Reading:
    """Coefficient of variation of the receive field over the object."""
    scan = _scan(pair)
    if scan is None:
        return NO_SCAN
    if scan.receive is None:
        return Reading(0.0)
    sensitivity = scan.sensitivity
    if sensitivity is None or not bool(pair.view.mask.any()):
        return Reading(None, "the object is empty")
    field = torch.linalg.vector_norm(sensitivity.maps(scan.matrix), dim=0)[pair.view.mask]
    return Reading(100 * float(field.std(correction=0) / field.mean()))
