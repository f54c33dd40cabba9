"""Sharpness along phase encoding and along the readout, apart, in millimetres."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from physics.fourier import frequencies, to_kspace
from physics.measure.pair import Pair, Reading, measure
from physics.mri.artefact_to_signal import phase_axis
from physics.mri.local_change import slow_gain

WEDGE = 0.25  # frequencies within this slope of an axis count for it
N_BINS = 48
HALF = 0.5
SHADING_MM = 20.0  # slower than this is shading, no blur


def contrast_along(pair: Pair, axis: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How much of the reference's contrast is left at each frequency along an array axis.

    Model
        T(f) = Re sum D conj(R) / sum |R|^2 over the frequencies of bin f whose component across the axis is at most a quarter of that along it, relative to the
        mean of the two lowest bins that hold signal. D is first divided by its slow gain over the object, so that shading is no loss.
    Parameters
        pair : native pictures, registered. axis : 0 or 1.
    Returns
        Centres of the bins in cycles per millimetre, up to the Nyquist frequency of the axis, and T; NaN where the reference has no power.
    Assumes
        What the artefact adds is not correlated with the reference; the object ends inside the picture.
    Not modelled
        Loss that differs from place to place.
    References
        Bendat and Piersol, Random Data, optimum frequency response (H1 estimator).
    Oracle
        Gaussian blur along one axis; a cropped matrix (tests/physics/mri/test_pair_measures.py).
    """
    assert pair.view.spacing_mm is not None
    gain_map = slow_gain(pair, smooth_mm=SHADING_MM)
    flattened = pair.degraded.double().cpu() / (1.0 if gain_map is None else torch.from_numpy(gain_map).clamp(min=1e-3))
    reference, degraded = (to_kspace(picture).numpy() for picture in (pair.reference.double().cpu(), flattened))
    k = [frequencies(n).numpy() / (n * step) for n, step in zip(reference.shape, pair.view.spacing_mm, strict=True)]
    along = np.abs(k[axis])[:, None] if axis == 0 else np.abs(k[axis])[None, :]
    across = np.abs(k[1 - axis])[None, :] if axis == 0 else np.abs(k[1 - axis])[:, None]
    inside = (across <= WEDGE * along) & (along > 0)
    top = 0.5 / pair.view.spacing_mm[axis]
    bins = np.minimum((np.broadcast_to(along, inside.shape)[inside] / top * N_BINS).astype(int), N_BINS - 1)
    power = np.bincount(bins, (np.abs(reference) ** 2)[inside], N_BINS)
    left = np.bincount(bins, (degraded * reference.conj()).real[inside], N_BINS)
    with np.errstate(invalid="ignore", divide="ignore"):
        gain = np.where(power > 1e-9 * power.max(), left / power, np.nan)
    known = np.flatnonzero(np.isfinite(gain))
    return (np.arange(N_BINS) + 0.5) / N_BINS * top, gain / gain[known[:2]].mean() if len(known) else gain


def _resolution(pair: Pair, axis: int | None) -> Reading:
    if axis is None:
        return Reading(None, "the scan is not at hand: the phase-encode axis is not known")
    if pair.view.spacing_mm is None:
        return Reading(None, "the pixel spacing is not known")
    frequency, gain = contrast_along(pair, axis)
    known = np.isfinite(gain)
    if np.count_nonzero(known) < 4:
        return Reading(None, "the reference holds too little detail")
    frequency, gain = frequency[known], gain[known]
    below = np.flatnonzero(gain < HALF)
    if not below.size or below[0] == 0:
        return Reading(pair.view.spacing_mm[axis] if not below.size else 0.5 / float(frequency[0]))
    at = int(below[0])
    share = (gain[at - 1] - HALF) / (gain[at - 1] - gain[at])
    return Reading(0.5 / float(frequency[at - 1] + share * (frequency[at] - frequency[at - 1])))


@measure("mm")
def resolution_along_phase_encoding(pair: Pair) -> Reading:
    """Half the period at which half of the contrast is left along phase encoding: the pixel for a sharp picture, FOV / M for M lines, 2.67 sigma for a blur."""
    return _resolution(pair, phase_axis(pair))


@measure("mm")
def resolution_along_readout(pair: Pair) -> Reading:
    """Half the period at which half of the contrast is left along the readout."""
    axis = phase_axis(pair)
    return _resolution(pair, None if axis is None else 1 - axis)


BOTH_AXES = (resolution_along_phase_encoding, resolution_along_readout)
