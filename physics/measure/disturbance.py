"""How much that is not in the reference overlays the picture."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import cv2
import numpy as np

from physics.display import Canonical
from physics.measure.detail import square
from physics.measure.haar import Bands, block_harm, haar_bands
from physics.measure.pair import Array, Pair, Reading, array, measure

_harm_sides: WeakKeyDictionary[Canonical, tuple[Bands, Array]] = WeakKeyDictionary()


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


@measure("codes")
def grain(pair: Pair) -> float | Reading:
    """How strong the noise is that was added, as it is shown: the standard deviation of the change, in display codes.

    Model
        std(D - R) of canonical luma over what is judged, the window's clipping included.
    Parameters
        pair : registered pictures.
    Returns
        Codes: 0 unchanged, about 128 where every pixel is black or white.
    Assumes
        Noise is all that was added. Unlike P it does not saturate, and grain of the source does not mask it: readers put their boundaries at equal codes in a
        brain and in an abdomen window.
    Not modelled
        Texture: fine and coarse noise of one deviation read alike.
    References
        None: readers' boundaries (decision on severity).
    Oracle
        White noise of known sigma; a constant shift has none; another implementation.
    """
    where = judged_mask(pair)
    if not where.any():
        return Reading(None, "nothing of the object can be judged")
    change = array(pair.canonical_degraded.luma)[where].astype(np.float64) - array(pair.canonical_reference.luma)[where]
    return float(np.std(change))


def judged_mask(pair: Pair) -> Array:
    """The pixels on which a disturbance is judged: the object; in CT without what the window saturates, eroded by 2 px."""
    reference = pair.canonical_reference
    mask = array(reference.mask)
    if pair.view.modality != "ct":
        return mask
    shown = array(reference.luma)
    tissue = mask & (shown > 0.5) & (shown < 254.5)
    return np.asarray(cv2.erode(tissue.astype(np.uint8), square(2), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0)
