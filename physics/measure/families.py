"""The families of effect: what a degradation did to a picture, as one number each, on the canonical picture."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import cv2
import numpy as np
from torch import Tensor

from physics.display import Canonical, resampled, to_codes
from physics.measure.colour import delta_e_2000, lab_of_codes
from physics.measure.haar import Bands, block_harm, haar_bands
from physics.measure.pair import Array, Pair, Reading, array, measure

DETAIL_SHARE = 0.15  # of the object's pixels carry its edges
DETAIL_EDGE_PX = 1.5
DETAIL_HIGH_PASS_PX = 8.0
OBJECT_EROSION_PX = 8
SHADING_PX = 26.0
SHADING_COARSE = 4  # the low-pass runs on a grid coarsened by this factor: 26 px are 6.5
DARK_CODES = 4.0  # where the low-passed reference is darker, a ratio says nothing
COVERED_CODES = 0.02 * 255.0
MIN_PIXELS = 64

_details: WeakKeyDictionary[Canonical, tuple[Array, Array] | None] = WeakKeyDictionary()
_harm_sides: WeakKeyDictionary[Canonical, tuple[Bands, Array]] = WeakKeyDictionary()


@measure("1")
def contrast_lost(pair: Pair) -> float | Reading:
    """Share of the contrast of fine structures that is gone: 1 - beta.

    Model
        m: the 15 % steepest pixels of the reference (gradient at sigma 1.5 px) in the object eroded by 8 px, dilated by 2 px. h = x - Gauss8(x).
        beta = sum_m h_ref h_deg / sum_m h_ref^2; the value is 1 - beta.
    Parameters
        pair : registered pictures.
    Returns
        0 unchanged, 1 nothing left; negative where edges were enhanced.
    Assumes
        Registration; noise that is not correlated with the picture leaves it unchanged on average.
    Not modelled
        Loss of texture outside the steepest pixels.
    References
        None: the project's own, fitted to blind readings (design, severity scale).
    Oracle
        deg = c ref gives exactly 1 - c; a grating under Gaussian blur loses 1 - exp(-2 pi^2 sigma^2 f^2).
    """
    side = detail_of(pair.canonical_reference)
    if side is None:
        return Reading(None, "the object shows no edges")
    where, detail = side
    other = high_pass(array(pair.canonical_degraded.luma))[where]
    return 1.0 - float(np.dot(detail, other) / np.dot(detail, detail))


@measure("1")
def disturbance(pair: Pair) -> float | Reading:
    """How much structure that is not in the reference overlays the picture: P, pooled HaarPSI harm.

    Model
        HaarPSI with C = 5, alpha = 4.9 on luma, symmetric padding, weight the maximum over the three scales of both pictures. Harm of a 32 px block
        1 - HaarPSI of its object pixels, blocks of more than 20 % object; P = (mean harm^4)^(1/4).
    Parameters
        pair : registered pictures.
    Returns
        0 unchanged, 1 nothing in common.
    Assumes
        CT: only tissue that the window does not saturate, eroded by 2 px, is looked at.
    Not modelled
        Masking by the reader's knowledge of anatomy.
    References
        Reisenhofer et al. 2018, 10.1016/j.image.2017.11.001, eq. 8-12; Karner et al. 2025, arXiv 2410.24098 (constants).
    Oracle
        An independent sum over pixels; golden values; 0 for equal pictures; symmetric in its two pictures.
    """
    reference = pair.canonical_reference
    if reference not in _harm_sides:
        _harm_sides[reference] = haar_bands(array(reference.luma)), judged_mask(pair)
    bands, mask = _harm_sides[reference]
    harm, counted = block_harm(bands, haar_bands(array(pair.canonical_degraded.luma)), mask)
    if not counted.any():
        return Reading(None, "no block of the picture holds enough of the object")
    return float(np.mean(harm[counted].astype(np.float64) ** 4) ** 0.25)


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


@measure("dE00")
def colour_difference(pair: Pair) -> float | Reading:
    """Mean colour difference CIEDE2000 over the object.

    Model
        sRGB codes -> CIE Lab (D65, 2 degrees) on the canonical grid, every second row and column; mean of dE00 in the object.
    Parameters
        pair : registered colour pictures; grey pictures have their grey as colour.
    Returns
        Mean dE00.
    Assumes
        sRGB.
    Not modelled
        Spatial filtering of colour by the eye.
    References
        Sharma, Wu, Dalal 2005, 10.1002/col.20070.
    Oracle
        The published table of pairs; scikit-image.
    """
    mask = array(pair.canonical_reference.mask)[::2, ::2]
    if not mask.any():
        return Reading(None, "the object is empty")
    first, second = (lab_of_codes(canonical_codes(native, pair)[::2, ::2][mask]) for native in (pair.reference, pair.degraded))
    return float(np.mean(delta_e_2000(first, second)))


@measure("1")
def covered_share(pair: Pair) -> float | Reading:
    """Share of the object that is covered or changed by more than 2 % of white.

    Model
        Share of object pixels on the canonical grid where any channel differs by more than 5.1 codes.
    Parameters
        pair : registered pictures.
    Returns
        0 to 1.
    Assumes
        Nothing but the cover changed: noise elsewhere would count.
    Not modelled
        How opaque the cover is.
    References
        None.
    Oracle
        A pasted square of known area.
    """
    mask = array(pair.canonical_reference.mask)
    if not mask.any():
        return Reading(None, "the object is empty")
    first, second = (resampled_display(native, pair) for native in (pair.reference, pair.degraded))
    change = np.abs(array(first) - array(second))
    change = change.max(axis=2) if change.ndim == 3 else change
    return float(np.mean(change[mask] > COVERED_CODES))


@measure("px")
def displacement(pair: Pair) -> float | Reading:
    """How far the picture is warped: 95th percentile of the scan's displacement, in pixels of the canonical picture.

    Model
        |d| / spacing * 512 / long edge, 95th percentile over the object; d = scan.displacement_mm(), shape (2, row, column).
    Parameters
        pair : its scan gives the field; its view the spacing.
    Returns
        Pixels.
    Assumes
        The field is known from the scan, never estimated from pictures.
    Not modelled
        Through-plane displacement.
    References
        None.
    Oracle
        A constant field of known millimetres on anisotropic pixels.
    """
    field = getattr(pair.scan, "displacement_mm", None)
    if field is None:
        return Reading(None, "the scan gives no displacement field")
    if pair.view.spacing_mm is None:
        return Reading(None, "the pixel spacing is not known")
    moved = array(field()) / np.asarray(pair.view.spacing_mm, np.float32)[:, None, None]
    mask = array(pair.view.mask)
    far = float(np.percentile(np.hypot(moved[0], moved[1])[mask], 95))
    return float(far * max(pair.canonical_reference.luma.shape) / max(mask.shape))


def detail_of(reference: Canonical) -> tuple[Array, Array] | None:
    """The steep pixels of a reference and its high-passed values there; kept with the reference."""
    if reference not in _details:
        _details[reference] = _detail(array(reference.luma), array(reference.mask))
    return _details[reference]


def _detail(picture: Array, mask: Array) -> tuple[Array, Array] | None:
    inner = cv2.erode(mask.astype(np.uint8), _square(OBJECT_EROSION_PX), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    if np.count_nonzero(inner) < MIN_PIXELS:
        return None
    smooth = cv2.GaussianBlur(picture, (13, 13), DETAIL_EDGE_PX, borderType=cv2.BORDER_REFLECT)
    slope = np.hypot(*np.gradient(smooth))
    steep = (slope >= np.quantile(slope[inner], 1.0 - DETAIL_SHARE)) & inner & (slope > 0)
    where = cv2.dilate(steep.astype(np.uint8), _square(2)) > 0
    detail = high_pass(picture)[where]
    return (where, detail) if float(np.dot(detail, detail)) > 1.0 else None


def high_pass(picture: Array) -> Array:
    """What is finer than 8 px: x - Gauss8(x)."""
    return np.asarray(picture - cv2.GaussianBlur(picture, (65, 65), DETAIL_HIGH_PASS_PX, borderType=cv2.BORDER_REFLECT))


def judged_mask(pair: Pair) -> Array:
    """The pixels on which a disturbance is judged: the object; in CT without what the window saturates, eroded by 2 px."""
    reference = pair.canonical_reference
    mask = array(reference.mask)
    if pair.view.modality != "ct":
        return mask
    shown = array(reference.luma)
    tissue = mask & (shown > 0.5) & (shown < 254.5)
    return np.asarray(cv2.erode(tissue.astype(np.uint8), _square(2), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0)


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


def canonical_codes(native: Tensor, pair: Pair) -> Array:
    """Codes of a picture on the canonical grid, three channels; grey as three equal ones."""
    codes = array(resampled_display(native, pair))
    return codes if codes.ndim == 3 else np.repeat(codes[..., None], 3, axis=2)


def resampled_display(native: Tensor, pair: Pair) -> Tensor:
    """All channels of the display transfer on the canonical grid."""
    return resampled(to_codes(native, pair.view.display)).clamp(0.0, 255.0)


def _square(radius: int) -> Array:
    return np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
