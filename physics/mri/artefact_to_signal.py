"""How large an artefact is, and over how wide a band it lies, in physical units, for any pair."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from physics.measure.pair import Pair, Reading, measure

HOLDS = 0.8  # of the energy of the change, within a band


def residual(pair: Pair) -> tuple[Tensor, float] | None:
    """What neither a pose nor a gain explains.

    Model
        e = D - a R, a = <D, R> / <R, R> over the object.
    Parameters
        pair : native pictures, registered.
    Returns
        e (row, column) over the whole picture, and a; None for an empty object.
    Assumes
        One gain for the whole picture.
    Not modelled
        Shading, which stays in e.
    References
        None: a projection.
    Oracle
        A change at right angles to the reference of known norm; a gain alone leaves 0 (tests/physics/mri/test_pair_measures.py).
    """
    mask = pair.view.mask
    reference, degraded = pair.reference.double(), pair.degraded.double()
    energy = float(reference[mask].square().sum())
    if energy == 0:
        return None
    scale = float((degraded[mask] * reference[mask]).sum()) / energy
    return degraded - scale * reference, scale


@measure("% of signal")
def artefact_to_signal(pair: Pair) -> Reading:
    """Root-mean-square of what the artefact changes in the object, over that of the signal, after registration and scaling.

    Model
        |D - a R| / |a R| over the object, a = <D, R> / <R, R>: the change that is neither a pose (pairs are registered) nor a gain.
    Parameters
        pair : native pictures, registered.
    Returns
        Percent.
    Assumes
        One gain for the whole picture; shading counts as artefact.
    Not modelled
        Perception.
    References
        None: the relative error of a reconstruction.
    Oracle
        A change at right angles to the reference of known norm; a gain alone is 0 (tests/physics/mri/test_pair_measures.py).
    """
    found = residual(pair)
    if found is None or found[1] == 0:
        return Reading(None, "the object is empty")
    mask = pair.view.mask
    return Reading(100 * float(found[0][mask].norm()) / abs(found[1]) / float(pair.reference[mask].double().norm()))


def _band(pair: Pair, axis: int | None) -> Reading:
    """Millimetres along an array axis that hold 80 % of the change, the strongest rows or columns first."""
    if axis is None:
        return Reading(None, "the scan is not at hand: the phase-encode axis is not known")
    if pair.view.spacing_mm is None:
        return Reading(None, "the pixel spacing is not known")
    found = residual(pair)
    if found is None:
        return Reading(None, "the object is empty")
    energy = np.sort(found[0].square().sum(dim=1 - axis).cpu().numpy())[::-1]
    if energy.sum() <= 1e-12 * float(pair.reference.double().square().sum()):
        return Reading(0.0)
    held = np.cumsum(energy) / energy.sum()
    return Reading(float(np.interp(HOLDS, np.concatenate([[0.0], held]), np.arange(len(held) + 1.0))) * pair.view.spacing_mm[axis])


def phase_axis(pair: Pair) -> int | None:
    """The array axis of phase encoding, None where the scan is not at hand."""
    axis = getattr(pair.scan, "phase_axis", None)
    return None if axis is None else int(axis)


@measure("mm")
def band_across_readout(pair: Pair) -> Reading:
    """Width along the readout that holds 80 % of the change: one pixel for a zipper, a vessel for its pulsation, most of the head for motion."""
    axis = phase_axis(pair)
    return _band(pair, None if axis is None else 1 - axis)


@measure("mm")
def band_along_phase_encoding(pair: Pair) -> Reading:
    """Width along phase encoding that holds 80 % of the change; far less than across the readout where the change lies in rows."""
    return _band(pair, phase_axis(pair))


@measure("1")
def phase_encode_share(pair: Pair) -> Reading:
    """Share of the change's gradient that points along phase encoding: a half for grain, near 1 for ripples and copies, near 0 for stripes along it.

    Model
        sum (d e / d p)^2 / (sum (d e / d p)^2 + sum (d e / d x)^2), e = D - a R, p along phase encoding and x along the readout, differences per millimetre.
    Parameters
        pair : native pictures, registered, with their scan.
    Returns
        0 to 1.
    Assumes
        The reference has no direction of its own at the places that change.
    Not modelled
        Oblique patterns, which count by their components.
    References
        Bigun and Granlund 1987 (structure tensor).
    Oracle
        A wave along either axis; isotropic grain (tests/physics/mri/test_pair_measures.py).
    """
    axis, found = phase_axis(pair), residual(pair)
    if axis is None or found is None or pair.view.spacing_mm is None:
        return Reading(None, "the scan is not at hand: the phase-encode axis is not known" if axis is None else "the object is empty or has no spacing")
    slopes = [float((torch.diff(found[0], dim=side) / pair.view.spacing_mm[side]).square().sum()) for side in (0, 1)]
    scale = float(pair.reference.double().square().sum())
    return Reading(slopes[axis] / sum(slopes)) if sum(slopes) > 1e-12 * scale else Reading(None, "the pictures are equal")
