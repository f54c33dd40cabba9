"""Ringing beside edges, as a share of the edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from physics.measure.pair import Pair, Reading, array, measure
from physics.mri.artefact_to_signal import phase_axis
from physics.mri.resolution_along import resolution_along_phase_encoding

STRONG = 0.3  # of the steepest slope (99.9th percentile): an edge
LOBE = (0.7, 1.4)  # first overshoot of a truncated series, in units of the resolution
APART = 3.0  # resolutions between an edge and the next
N_EDGES = 20
FLAT = 0.4  # of the step: a plateau varies less


@measure("% of the edge")
def ringing_amplitude(pair: Pair) -> Reading:
    """First overshoot beside strong edges across phase encoding, over the step of the edge.

    Model
        At strong edges of the reference (steepest along phase encoding, on a plateau to both sides, no other within three resolutions), e = D - R at 0.7 to
        1.4 resolutions from the edge, the largest towards the bright side above and towards the dark side below; mean of both over the step, median over edges.
        A sharp cut of the series gives 8.95 %, a smooth filter less.
    Parameters
        pair : native pictures, registered, with their scan.
    Returns
        Percent of the step.
    Assumes
        The matrix kept is at most half of the stored one: else the overshoot falls between pixels.
    Not modelled
        Edges whose lobes overlap: a picture of so few lines that none stands alone has no reading; shading, which reads as a change beside edges.
    References
        Wilbraham 1848; Gibbs 1899; Veraart et al. 2016, 10.1002/mrm.25866.
    Oracle
        A bar whose k-space is cut off: 8.95 %; the same filtered by Hann: below 1 % (tests/physics/mri/test_pair_measures.py).
    """
    axis, spacing = phase_axis(pair), pair.view.spacing_mm
    found = resolution_along_phase_encoding(pair)
    if axis is None or spacing is None or found.value is None:
        return Reading(None, found.reason)
    reference, degraded = (np.moveaxis(array(picture).astype(np.float64), axis, 0) for picture in (pair.reference, pair.degraded))
    step_px = found.value / spacing[axis]
    near, far = max(round(LOBE[0] * step_px), 1), max(round(LOBE[1] * step_px), 1)
    at, heights = _edges(reference, reach=max(far + 1, 4), apart=round(APART * step_px))
    if len(at) < N_EDGES:
        return Reading(None, "the reference has too few strong edges that stand alone on plateaus")
    sides = [_overshoot(degraded - reference, at, heights, [sign * distance for distance in range(near, far + 1)], sign) for sign in (1, -1)]
    return Reading(100 * float(np.median(np.mean(sides, axis=0) / np.abs(heights))))


def _edges(reference: NDArray[np.float64], *, reach: int, apart: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(edge, 2) places of strong edges along axis 0 and the step of each, upwards positive."""
    slope = ndimage.correlate1d(reference, [-0.5, 0.0, 0.5], axis=0, mode="nearest")
    size = np.abs(slope)
    peak = (size == ndimage.maximum_filter1d(size, 2 * reach + 1, axis=0, mode="nearest")) & (size > STRONG * np.percentile(size, 99.9))
    peak[: reach + 1] = peak[-reach - 1 :] = False
    begins = peak & ~np.roll(peak, 1, axis=0)  # a step between two pixels is as steep at both
    alone = ndimage.convolve1d(begins.astype(np.int64), np.ones(2 * apart + 1, np.int64), axis=0, mode="constant") == 1
    at = np.argwhere(peak & alone)
    after, before = (np.stack([reference[at[:, 0] + sign * distance, at[:, 1]] for distance in range(2, reach + 1)]) for sign in (1, -1))
    heights = after.mean(axis=0) - before.mean(axis=0)
    flat = np.maximum(np.ptp(after, axis=0), np.ptp(before, axis=0)) < FLAT * np.abs(heights)
    return at[flat], heights[flat]


def _overshoot(change: NDArray[np.float64], at: NDArray[np.int64], heights: NDArray[np.float64], distances: list[int], sign: int) -> NDArray[np.float64]:
    """(edge) largest change at the distances in the direction in which the edge overshoots on that side."""
    values = np.stack([change[at[:, 0] + distance, at[:, 1]] for distance in distances])
    largest: NDArray[np.float64] = (sign * np.sign(heights) * values).max(axis=0)
    return largest
