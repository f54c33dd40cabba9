"""Whole-picture measures of quality: against the reference, and in the units of each modality."""

from __future__ import annotations

import cv2
import numpy as np

from physics.ct.noise_power import cnr_hu, nps_mean, nps_noise, nps_peak
from physics.measure.noise_level import cnr, noise_level, noise_sigma, snr, tissue_mask
from physics.measure.pair import Array, Measure, Pair, Reading, array, measure
from physics.measure.transfer import sharpness, transfer

__all__ = ["BY_MODALITY", "GENERAL", "cnr", "noise_level", "noise_sigma", "phase_encode_axis", "psnr", "sharpness", "snr", "ssim", "tissue_mask", "transfer"]

PEAK = 255.0
SSIM_SIGMA_PX = 1.5
SSIM_CONSTANTS = ((0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2)


@measure("dB")
def psnr(pair: Pair) -> float | Reading:
    """Peak signal-to-noise ratio of the canonical picture over the object.

    Model
        20 log10(255 / rms difference).
    Parameters
        pair : registered pictures.
    Returns
        dB; not defined where nothing differs.
    Assumes
        Codes.
    Not modelled
        Perception.
    References
        None: a convention.
    Oracle
        A constant offset of 2.55 codes is 40 dB.
    """
    mask = array(pair.canonical_reference.mask)
    difference = (array(pair.canonical_degraded.luma) - array(pair.canonical_reference.luma))[mask].astype(np.float64)
    mean_square = float(np.mean(difference**2)) if difference.size else 0.0
    return 10.0 * np.log10(PEAK**2 / mean_square) if mean_square > 0 else Reading(None, "the pictures are equal")


@measure("1")
def ssim(pair: Pair) -> float | Reading:
    """Structural similarity of the canonical picture, mean over the object.

    Model
        Gaussian windows of 1.5 px, K = (0.01, 0.03), population covariances.
    Parameters
        pair : registered pictures.
    Returns
        1 for equal pictures.
    Assumes
        Codes 0..255.
    Not modelled
        Several scales.
    References
        Wang et al. 2004, 10.1109/TIP.2003.819861, eq. 13.
    Oracle
        scikit-image with Gaussian weights.
    """
    mask = array(pair.canonical_reference.mask)
    if not mask.any():
        return Reading(None, "the object is empty")
    x, y = (array(side.luma).astype(np.float64) for side in (pair.canonical_reference, pair.canonical_degraded))
    mean_x, mean_y = _window(x), _window(y)
    var_x, var_y, cov = _window(x * x) - mean_x**2, _window(y * y) - mean_y**2, _window(x * y) - mean_x * mean_y
    c1, c2 = SSIM_CONSTANTS
    similarity = (2 * mean_x * mean_y + c1) * (2 * cov + c2) / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))
    return float(similarity[mask].mean())


def _window(picture: Array) -> Array:
    return np.asarray(cv2.GaussianBlur(picture, (11, 11), SSIM_SIGMA_PX, borderType=cv2.BORDER_REFLECT))


@measure("array axis")
def phase_encode_axis(pair: Pair) -> Reading:
    """Along which axis lines are phase-encoded, and ghosts and folds displaced: 0 down the columns, 1 along the rows."""
    axis = getattr(pair.scan, "phase_axis", None)
    if axis is None:
        return Reading(None, "the scan is not at hand")
    return Reading(float(axis)) if getattr(pair.scan, "readout", None) is None else Reading(None, "the path through k-space has no lines")


GENERAL: tuple[Measure, ...] = (psnr, ssim, sharpness)
BY_MODALITY: dict[str, tuple[Measure, ...]] = {
    "mri": (*GENERAL, snr, cnr, phase_encode_axis),
    "ct": (*GENERAL, noise_level, nps_noise, nps_peak, nps_mean, cnr_hu),  # `cnr` takes noise for white, which that of CT is not
    "endoscopy": (*GENERAL, noise_level),
    "histopathology": (*GENERAL, noise_level),
    "fundus": (*GENERAL, noise_level, cnr),
}
