"""What changes from place to place: shading, grain, shift; in physical units, for any pair."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from physics.measure.pair import Pair, Reading, array, measure
from physics.mri.artefact_to_signal import residual

Array = NDArray[np.float64]
SMOOTH_MM = 10.0  # of a receive field
BLOCK = 8  # pixels along each side of a place whose grain is one number
MAD_TO_SIGMA = 1.4826
EXPLAINED = 0.5  # of a change, by a displacement, for the displacement to be named


@measure("%")
def bias_variation(pair: Pair) -> Reading:
    """Coefficient of variation of the slowly varying gain between the pictures, over the object.

    Model
        b = G(m D R) / G(m R R), G a Gaussian of 10 mm, m the object: the gain that fits D = b R best about each place; its deviation over its mean in m.
    Parameters
        pair : native pictures, registered.
    Returns
        Percent; 5, 15 and 30 part none, mild, moderate and severe shading of MRI.
    Assumes
        What else changed averages out over 10 mm.
    Not modelled
        Fields that vary faster than the Gaussian.
    References
        Vovk, Pernus and Likar 2007, IEEE Trans. Med. Imaging 26, 405 (coefficient of variation).
    Oracle
        A known slow field; a gain alone is 0 (tests/physics/mri/test_pair_measures.py).
    """
    mask, spacing = array(pair.view.mask), pair.view.spacing_mm
    gain = slow_gain(pair)
    if spacing is None or gain is None:
        return Reading(None, "the pixel spacing is not known" if spacing is None else "the object is empty")
    inside = gain[mask]
    return Reading(100 * float(inside.std() / inside.mean()))


def slow_gain(pair: Pair, *, smooth_mm: float = SMOOTH_MM) -> Array | None:
    """How much brighter a picture became about each place.

    Model
        b = G(m D R) / G(m R R), G a Gaussian: the gain that fits D = b R best near by.
    Parameters
        pair : native pictures, registered. smooth_mm : deviation of the Gaussian.
    Returns
        (row, column), 1 outside the object; None where there is none, or no spacing.
    Assumes
        What else changed averages out over the Gaussian.
    Not modelled
        Fields that vary faster.
    References
        Vovk, Pernus and Likar 2007, IEEE Trans. Med. Imaging 26, 405.
    Oracle
        A cosine field of 20 % by its own variation (tests/physics/mri/test_pair_measures.py).
    """
    mask, spacing = array(pair.view.mask), pair.view.spacing_mm
    if spacing is None or not mask.any():
        return None
    reference, degraded = (array(picture).astype(np.float64) * mask for picture in (pair.reference, pair.degraded))
    sigma = [smooth_mm / step for step in spacing]
    weight = ndimage.gaussian_filter(reference**2, sigma, mode="constant")
    if not weight[mask].all():
        return None
    gain = np.ones(mask.shape)
    gain[mask] = ndimage.gaussian_filter(degraded * reference, sigma, mode="constant")[mask] / weight[mask]
    return gain


def _grain(pair: Pair) -> tuple[Array, float] | None:
    """Deviation of the change's grain in each block of the object, and mean tissue."""
    found, mask = residual(pair), array(pair.view.mask)
    if found is None:
        return None
    change = array(found[0])
    mixed = (change[:-1, :-1] - change[1:, :-1] - change[:-1, 1:] + change[1:, 1:]) / 2
    rows, columns = (side // BLOCK for side in mixed.shape)
    cut, shape = (slice(rows * BLOCK), slice(columns * BLOCK)), (rows, BLOCK, columns, BLOCK)
    blocks = mixed[cut].reshape(shape).transpose(0, 2, 1, 3).reshape(-1, BLOCK**2)
    whole = ndimage.binary_erosion(mask)[:-1, :-1][cut].reshape(shape).transpose(0, 2, 1, 3).reshape(-1, BLOCK**2).all(axis=1)
    tissue = float(array(pair.reference)[mask].mean())
    return (MAD_TO_SIGMA * np.median(np.abs(blocks[whole]), axis=1), tissue) if whole.any() and tissue > 0 else None


@measure("% of tissue")
def local_noise(pair: Pair) -> Reading:
    """Deviation of the grain that was added, median over places of 8 by 8 pixels in the object, over mean tissue.

    Model
        Mixed differences (e_00 - e_10 - e_01 + e_11) / 2 of e = D - a R, which keep the deviation of white noise and remove what is smooth along either
        axis; 1.4826 times the median modulus per block.
    Parameters
        pair : native pictures, registered.
    Returns
        Percent of mean tissue.
    Assumes
        Grain that is white over neighbouring pixels; ripples along one axis alone do not count.
    Not modelled
        Correlated grain, which reads low.
    References
        Immerkaer 1996, 10.1006/cviu.1996.0060 (noise from mixed second differences).
    Oracle
        White noise of known deviation within three standard errors; a ripple along one axis is 0 (tests/physics/mri/test_pair_measures.py).
    """
    found = _grain(pair)
    return Reading(None, "the object has no block that is whole") if found is None else Reading(100 * float(np.median(found[0])) / found[1])


@measure("1")
def noise_peak_over_median(pair: Pair) -> Reading:
    """How unevenly grain was added: its 95th percentile over places, over the median; 1.2 for white noise, more where coils unfold badly."""
    found = _grain(pair)
    if found is None or float(np.median(found[0])) <= 1e-9 * found[1]:
        return Reading(None, "no grain was added to the object")
    return Reading(float(np.percentile(found[0], 95) / np.median(found[0])))


@measure("mm")
def warp_p95(pair: Pair) -> Reading:
    """95th percentile of the displacement of tissue over the object, estimated from the pictures where a displacement explains the change.

    Model
        Dense flow from reference to degraded (Farneback, on the display's codes); named only where the reference, moved by it, explains half of the change.
    Parameters
        pair : native pictures, registered.
    Returns
        Millimetres.
    Assumes
        Displacements that are smooth over a few pixels; brightness is kept.
    Not modelled
        Pile-up, voids, ghosts: there nothing is named. Where the scan knows its field, that is the truth.
    References
        Farneback 2003, 10.1007/3-540-45103-X_50.
    Oracle
        A known smooth warp within a tenth (tests/physics/mri/test_pair_measures.py).
    """
    mask, spacing = array(pair.view.mask), pair.view.spacing_mm
    if spacing is None or not mask.any():
        return Reading(None, "the pixel spacing is not known" if spacing is None else "the object is empty")
    low, high = pair.view.display.low, pair.view.display.high
    codes = [np.clip((array(picture) - low) / (high - low) * 255, 0, 255).astype(np.uint8) for picture in (pair.reference, pair.degraded)]
    change = float(((codes[1].astype(np.float64) - codes[0])[mask] ** 2).sum())
    if change == 0:
        return Reading(0.0)
    start = np.zeros((*mask.shape, 2), np.float32)
    flow = cv2.calcOpticalFlowFarneback(codes[1], codes[0], start, 0.5, 4, 15, 10, 5, 1.1, 0)  # where each degraded pixel came from
    rows, columns = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in mask.shape), indexing="ij")
    moved = cv2.remap(codes[0].astype(np.float32), columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_CUBIC)
    if float(((codes[1] - moved)[mask].astype(np.float64) ** 2).sum()) > (1 - EXPLAINED) * change:
        return Reading(None, "what changed is no displacement")
    return Reading(float(np.percentile(np.hypot(flow[..., 1] * spacing[0], flow[..., 0] * spacing[1])[mask], 95)))
