"""How bright, and how evenly bright, a picture is against its reference."""

from __future__ import annotations

import cv2
import numpy as np

from physics.measure.detail import MIN_PIXELS
from physics.measure.pair import Array, Pair, Reading, array, measure

SHADING_PX = 26.0
SHADING_COARSE = 4  # the low-pass runs on a grid coarsened by this factor: 26 px are 6.5
DARK_CODES = 4.0  # where the low-passed reference is darker, a ratio says nothing


@measure("1")
def shading(pair: Pair) -> float | Reading:
    """Unevenness of brightness that the reference does not have: variation coefficient of the low-frequency ratio.

    Model
        r = G26(deg m) / G26(ref m) of display codes in the object m; value = std(r) / mean(r).
    Parameters
        pair : registered pictures.
    Returns
        0 for any constant gain.
    Assumes
        The reference's low-pass is brighter than 4 codes where it is judged.
    Not modelled
        Shading finer than 26 canonical pixels.
    References
        None: design, severity scale.
    Oracle
        A linear ramp of gain 1 +- a over a filled field has the value a / sqrt(3); a constant gain has none.
    """
    ratio = low_frequency_ratio(pair)
    if ratio is None:
        return Reading(None, "the object is too dark for a ratio")
    return float(np.std(ratio) / np.mean(ratio))


@measure("EV")
def exposure(pair: Pair) -> float | Reading:
    """How many stops brighter or darker the picture is than its reference, whichever way.

    Model
        |median over object pixels, clipped in neither picture, of log2(L_deg / L_ref)|, L the sRGB-decoded luma.
    Parameters
        pair : registered pictures.
    Returns
        Stops, never negative.
    Assumes
        sRGB transfer of the display.
    Not modelled
        Tone curves other than a gain of light.
    References
        IEC 61966-2-1.
    Oracle
        A gain of 2^EV in linear light reads |EV|.
    """
    stops = exposure_stops(pair)
    return abs(stops) if stops is not None else Reading(None, "every pixel of the object is clipped")


def low_frequency_ratio(pair: Pair) -> Array | None:
    """Ratio of the low-passed pictures at the coarse pixels of the object; None where too little of it is bright enough."""
    mask = array(pair.canonical_reference.mask)
    first, second = (_low_pass(array(side.luma), mask) for side in (pair.canonical_reference, pair.canonical_degraded))
    weight = _coarse(mask.astype(np.float32))
    level = first / np.maximum(cv2.GaussianBlur(weight, (0, 0), SHADING_PX / SHADING_COARSE, borderType=cv2.BORDER_REFLECT), 1e-6)
    judged = (weight >= 0.5) & (level > DARK_CODES)
    return second[judged] / first[judged] if np.count_nonzero(judged) >= MIN_PIXELS / SHADING_COARSE else None


def _low_pass(picture: Array, mask: Array) -> Array:
    coarse = _coarse(np.where(mask, picture, 0).astype(picture.dtype))
    return np.asarray(cv2.GaussianBlur(coarse, (0, 0), SHADING_PX / SHADING_COARSE, borderType=cv2.BORDER_REFLECT))


def _coarse(picture: Array) -> Array:
    rows, columns = (max(round(n / SHADING_COARSE), 1) for n in picture.shape)
    return np.asarray(cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA))


def exposure_stops(pair: Pair) -> float | None:
    """Signed stops of the degraded picture over its reference; None where everything is clipped."""
    mask = array(pair.canonical_reference.mask)
    first, second = array(pair.canonical_reference.luma), array(pair.canonical_degraded.luma)
    clear = mask & (first > 2) & (first < 250) & (second > 2) & (second < 250)
    if np.count_nonzero(clear) < 0.02 * np.count_nonzero(mask) or not clear.any():
        clear = mask & (first > 0.5) & (second > 0.5)
    if not clear.any():
        return None
    return float(np.median(np.log2(linear_light(second[clear]) / linear_light(first[clear]))))


def linear_light(codes: Array) -> Array:
    """sRGB codes 0..255 as linear light 0..1."""
    value = codes / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
