"""Noise of a picture in native units, and what signal and contrast are against it."""

from __future__ import annotations

import cv2
import numpy as np

from physics.display import luma, to_codes
from physics.measure.pair import Array, Pair, Reading, array, measure

MAD_TO_SIGMA = 1.4826
ONE_TISSUE = "the object shows one tissue only"


@measure("1")
def snr(pair: Pair) -> float | Reading:
    """Signal-to-noise ratio: mean of the object over the noise of the degraded picture.

    Model
        mean(x) / sigma, sigma the robust noise of `noise_sigma`, both in native values (luma of colour pictures).
    Parameters
        pair : its degraded picture is measured; CT has no zero of signal and gives none.
    Returns
        The ratio.
    Assumes
        Noise finer than anatomy.
    Not modelled
        Parallel imaging: noise that differs from place to place is averaged.
    References
        NEMA MS 1-2008 (definition).
    Oracle
        A flat phantom with Gaussian noise of known sigma.
    """
    if pair.view.modality == "ct":
        return Reading(None, "HU have no zero of signal: see noise and contrast-to-noise")
    mask, picture = array(pair.view.mask), array(luma(pair.degraded))
    sigma = noise_sigma(picture, mask)
    return float(picture[mask].mean()) / sigma if sigma > 0 else Reading(None, "the picture has no noise")


@measure("native")
def noise_level(pair: Pair) -> float | Reading:
    """Standard deviation of the noise of the degraded picture, in native values (HU, magnitude, codes).

    Model
        `noise_sigma` over the object; in CT over what the window does not clip.
    Parameters
        pair : its degraded picture is measured.
    Returns
        Sigma.
    Assumes
        Noise finer than anatomy.
    Not modelled
        The share of noise that lies in coarse scales.
    References
        Donoho and Johnstone 1994, 10.1093/biomet/81.3.425.
    Oracle
        Known sigma on a flat phantom.
    """
    return noise_sigma(array(luma(pair.degraded)), tissue_mask(pair))


@measure("1")
def cnr(pair: Pair) -> float | Reading:
    """Contrast-to-noise ratio between the two main tissues of the reference.

    Model
        |median(x in A) - median(x in B)| / sigma of the degraded picture x; A, B: Otsu's two classes of the reference's tissue.
    Parameters
        pair : registered pictures.
    Returns
        The ratio.
    Assumes
        Two tissues worth telling apart.
    Not modelled
        Size of the detail.
    References
        Otsu 1979, IEEE TSMC 9.
    Oracle
        Two flat halves with known step and noise.
    """
    tissues, picture = two_tissues(pair), array(luma(pair.degraded))
    if isinstance(tissues, Reading):
        return tissues
    sigma = noise_sigma(picture, tissue_mask(pair))
    if sigma == 0:
        return Reading(None, "the picture has no noise")
    return abs(float(np.median(picture[tissues[0]]) - np.median(picture[tissues[1]]))) / sigma


def two_tissues(pair: Pair) -> tuple[Array, Array] | Reading:
    """Masks of the two main tissues of the reference: Otsu's bright and dark class of what the window shows. A Reading says why there are not two."""
    mask, reference = tissue_mask(pair), array(luma(pair.reference))
    if not mask.any():
        return Reading(None, "the object is empty")
    low, high = (float(np.percentile(reference[mask], share)) for share in (1, 99))
    if high <= low:
        return Reading(None, ONE_TISSUE)
    scaled = np.clip(np.round((reference - low) * (255.0 / (high - low))), 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(scaled[mask][:, None], 0, 255, cv2.THRESH_OTSU)
    bright = mask & (scaled > threshold)
    dark = mask & ~bright
    return (bright, dark) if bright.any() and dark.any() else Reading(None, ONE_TISSUE)


def tissue_mask(pair: Pair) -> Array:
    """Object pixels of the native grid; in CT only what the window does not clip in the reference."""
    mask = array(pair.view.mask)
    if pair.view.modality != "ct":
        return mask
    codes = array(to_codes(pair.reference, pair.view.display))
    return np.asarray(mask & (codes > 0.5) & (codes < 254.5))


def noise_sigma(picture: Array, mask: Array) -> float:
    """Robust noise of a picture, blind to structures.

    Model
        1.4826 median |d|, d = (x00 - x01 - x10 + x11) / 2, over 2 x 2 blocks wholly in the mask.
    Parameters
        picture : (row, column). mask : bool.
    Returns
        Sigma in the unit of the picture; 0 where no block fits.
    Assumes
        Noise white at the scale of a pixel: coloured noise is under-read.
    Not modelled
        Signal-dependent noise: its median is read.
    References
        Donoho and Johnstone 1994, 10.1093/biomet/81.3.425, section 2.
    Oracle
        White noise of known sigma, on a ramp.
    """
    detail = 0.5 * (picture[:-1, :-1] - picture[:-1, 1:] - picture[1:, :-1] + picture[1:, 1:])
    inside = mask[:-1, :-1] & mask[:-1, 1:] & mask[1:, :-1] & mask[1:, 1:]
    return float(MAD_TO_SIGMA * np.median(np.abs(detail[inside]))) if inside.any() else 0.0
