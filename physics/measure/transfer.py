"""How much contrast is left at each spatial frequency."""

from __future__ import annotations

import cv2
import numpy as np

from physics.measure.pair import Array, Pair, Reading, array, measure

TRANSFER_BINS = 64
NYQUIST = 0.5


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
