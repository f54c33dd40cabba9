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
MIN_PIXELS = 64

_details: WeakKeyDictionary[Canonical, tuple[Array, Array] | None] = WeakKeyDictionary()


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


def detail_of(reference: Canonical) -> tuple[Array, Array] | None:
    """The steep pixels of a reference and its high-passed values there; kept with the reference."""
    if reference not in _details:
        _details[reference] = _detail(array(reference.luma), array(reference.mask))
    return _details[reference]


def _detail(picture: Array, mask: Array) -> tuple[Array, Array] | None:
    inner = cv2.erode(mask.astype(np.uint8), square(OBJECT_EROSION_PX), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    if np.count_nonzero(inner) < MIN_PIXELS:
        return None
    smooth = cv2.GaussianBlur(picture, (13, 13), DETAIL_EDGE_PX, borderType=cv2.BORDER_REFLECT)
    slope = np.hypot(*np.gradient(smooth))
    steep = (slope >= np.quantile(slope[inner], 1.0 - DETAIL_SHARE)) & inner & (slope > 0)
    where = cv2.dilate(steep.astype(np.uint8), square(2)) > 0
    detail = high_pass(picture)[where]
    return (where, detail) if float(np.dot(detail, detail)) > 1.0 else None


def high_pass(picture: Array) -> Array:
    """What is finer than 8 px: x - Gauss8(x)."""
    return np.asarray(picture - cv2.GaussianBlur(picture, (65, 65), DETAIL_HIGH_PASS_PX, borderType=cv2.BORDER_REFLECT))


def square(radius: int) -> Array:
    return np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
