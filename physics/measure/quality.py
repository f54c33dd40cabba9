"""Whole-picture measures of quality: against the reference, and in the units of each modality."""

from __future__ import annotations

import cv2
import numpy as np

from physics.display import luma, to_codes
from physics.measure.pair import Array, Measure, Pair, Reading, array, measure

PEAK = 255.0
MAD_TO_SIGMA = 1.4826
SSIM_SIGMA_PX = 1.5
SSIM_CONSTANTS = ((0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2)
TRANSFER_BINS = 64
NYQUIST = 0.5


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
    mask = tissue_mask(pair)
    reference, picture = array(luma(pair.reference)), array(luma(pair.degraded))
    if not mask.any():
        return Reading(None, "the object is empty")
    low, high = (float(np.percentile(reference[mask], share)) for share in (1, 99))
    if high <= low:
        return Reading(None, "the object shows one tissue only")
    scaled = np.clip(np.round((reference[mask] - low) * (255.0 / (high - low))), 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(scaled[:, None], 0, 255, cv2.THRESH_OTSU)
    bright = scaled > threshold
    sigma = noise_sigma(picture, mask)
    if bright.all() or not bright.any() or sigma == 0:
        return Reading(None, "the object shows one tissue only, or no noise")
    return abs(float(np.median(picture[mask][bright]) - np.median(picture[mask][~bright]))) / sigma


@measure("cycles/px")
def sharpness(pair: Pair) -> float | Reading:
    """Frequency at which half of the reference's contrast is left, in cycles per pixel of the canonical picture.

    Model
        T(f) = Re sum D conj(R) / sum |R|^2 over rings of frequency (`transfer`), relative to its value at low frequency; the first crossing of 0.5.
    Parameters
        pair : registered pictures.
    Returns
        At most 0.5 (Nyquist), where T never falls to a half.
    Assumes
        The loss is alike in all directions and places; noise averages out.
    Not modelled
        The source's own sharpness.
    References
        Bendat and Piersol, Random Data, optimum frequency response (H1 estimator).
    Oracle
        Gaussian blur sigma: 0.1874 / sigma.
    """
    frequency, gain = transfer(pair)
    known = np.isfinite(gain)
    if np.count_nonzero(known) < 4:
        return Reading(None, "the reference holds too little detail")
    frequency, gain = frequency[known], gain[known]
    relative = gain / max(float(np.mean(gain[:2])), 1e-6)
    below = np.flatnonzero(relative < 0.5)
    if not below.size:
        return NYQUIST
    at = int(below[0])
    if at == 0:
        return float(frequency[0])
    high, low = float(relative[at - 1]), float(relative[at])
    return float(frequency[at - 1] + (high - 0.5) / (high - low) * (frequency[at] - frequency[at - 1]))


def transfer(pair: Pair) -> tuple[Array, Array]:
    """How much of the reference's contrast is left at each spatial frequency.

    Model
        H1 estimate sum D conj(R) / sum |R|^2 over rings; pictures less their mean in the object, times a mask softened by 8 px.
    Parameters
        pair : registered pictures.
    Returns
        Ring frequencies in cycles per canonical pixel, gains; NaN where the reference has no power.
    Assumes
        Noise of the degraded picture is not correlated with the reference.
    Not modelled
        Direction.
    References
        As `sharpness`.
    Oracle
        As `sharpness`.
    """
    mask = array(pair.canonical_reference.mask).astype(np.float32)
    soft = cv2.GaussianBlur(cv2.erode(mask, np.ones((17, 17)), borderType=cv2.BORDER_CONSTANT, borderValue=0), (0, 0), 4.0, borderType=cv2.BORDER_CONSTANT)
    spectra = []
    for side in (pair.canonical_reference, pair.canonical_degraded):
        picture = array(side.luma)
        mean = float((picture * soft).sum() / max(float(soft.sum()), 1e-6))
        spectra.append(np.fft.rfft2((picture - mean) * soft))
    rows, columns = mask.shape
    radius = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None])
    ring = np.minimum((radius / NYQUIST * TRANSFER_BINS).astype(int), TRANSFER_BINS).ravel()
    cross = np.bincount(ring, (spectra[1] * spectra[0].conj()).real.ravel(), TRANSFER_BINS + 1)
    power = np.bincount(ring, (np.abs(spectra[0]) ** 2).ravel(), TRANSFER_BINS + 1)
    centre = (np.arange(TRANSFER_BINS) + 0.5) / TRANSFER_BINS * NYQUIST
    strong = power[:-1] > 1e-7 * power.sum()
    return centre[1:], np.where(strong, cross[:-1] / np.where(power[:-1] > 0, power[:-1], 1.0), np.nan)[1:]


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


GENERAL: tuple[Measure, ...] = (psnr, ssim, sharpness)
BY_MODALITY: dict[str, tuple[Measure, ...]] = {
    "mri": (*GENERAL, snr, cnr),
    "ct": (*GENERAL, noise_level, cnr),
    "endoscopy": (*GENERAL, noise_level),
    "histopathology": (*GENERAL, noise_level),
    "fundus": (*GENERAL, noise_level, cnr),
}
