"""How much of the contrast of fine structures is left."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import cv2
import numpy as np

from physics.display import Canonical
from physics.measure.pair import Array, Pair, Reading, array, measure

DETAIL_SHARE = 0.15  # of the object's pixels carry its edges
DETAIL_EDGE_PX = 1.5
DETAIL_HIGH_PASS_PX = 8.0
OBJECT_EROSION_PX = 8
FIELD_EROSION_PX = 2  # the rim's own half-lit pixels
FIELD_STOPS = ("fundus", "endoscopy")  # the outline of the object is the camera's stop there, which no blur of the optics softens
MIN_PIXELS = 64

_details: WeakKeyDictionary[Canonical, tuple[Array, Array] | None] = WeakKeyDictionary()


@measure("1")
def contrast_lost(pair: Pair) -> float | Reading:
    """Share of the contrast of fine structures that is gone: 1 - beta.

    Model
        m: the 15 % steepest pixels of the reference (gradient at sigma 1.5 px) in the object eroded by 8 px, dilated by 2 px. h = x - Gauss8(x).
        beta = sum_m h_ref h_deg / sum_m h_ref^2; the value is 1 - beta. Fundus and endoscopy: Gauss8 averages within the field of view f only (eroded by
        2 px), Gauss8(x f) / Gauss8(f), so that the stop's sharp rim is no detail; the outline of a body or of tissue is an edge like any other.
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
    side = detail_of(pair)
    if side is None:
        return Reading(None, "the object shows no edges")
    where, detail = side
    other = high_pass(array(pair.canonical_degraded.luma), field=field_of(pair))[where]
    return 1.0 - float(np.dot(detail, other) / np.dot(detail, detail))


def detail_of(pair: Pair) -> tuple[Array, Array] | None:
    """The steep pixels of a pair's reference and its high-passed values there; kept with the reference."""
    reference = pair.canonical_reference
    if reference not in _details:
        _details[reference] = _detail(array(reference.luma), array(reference.mask), field_of(pair))
    return _details[reference]


def _detail(picture: Array, mask: Array, field: Array | None) -> tuple[Array, Array] | None:
    inner = _eroded(mask, OBJECT_EROSION_PX)
    if np.count_nonzero(inner) < MIN_PIXELS:
        return None
    smooth = cv2.GaussianBlur(picture, (13, 13), DETAIL_EDGE_PX, borderType=cv2.BORDER_REFLECT)
    slope = np.hypot(*np.gradient(smooth))
    steep = (slope >= np.quantile(slope[inner], 1.0 - DETAIL_SHARE)) & inner & (slope > 0)
    where = cv2.dilate(steep.astype(np.uint8), square(2)) > 0
    detail = high_pass(picture, field=field)[where]
    return (where, detail) if float(np.dot(detail, detail)) > 1.0 else None


def field_of(pair: Pair) -> Array | None:
    """The field of view without its rim, where a stop bounds the picture; None where the outline belongs to the object."""
    return _eroded(array(pair.canonical_reference.mask), FIELD_EROSION_PX) if pair.view.modality in FIELD_STOPS else None


def high_pass(picture: Array, *, field: Array | None = None) -> Array:
    """What is finer than 8 px: x - Gauss8(x), the average taken within a field where one is given."""
    if field is None:
        return np.asarray(picture - _smooth(picture))
    weight = field.astype(picture.dtype)
    return np.asarray(picture - _smooth(picture * weight) / np.maximum(_smooth(weight), 1e-3))


def _smooth(picture: Array) -> Array:
    return np.asarray(cv2.GaussianBlur(picture, (65, 65), DETAIL_HIGH_PASS_PX, borderType=cv2.BORDER_REFLECT))


def _eroded(mask: Array, radius: int) -> Array:
    return np.asarray(cv2.erode(mask.astype(np.uint8), square(radius), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0)


def square(radius: int) -> Array:
    """A structuring element that reaches radius pixels to each side."""
    return np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
