"""Where an effect lies, in words of a closed list, and along which direction."""

from __future__ import annotations

import cv2
import numpy as np

from physics.measure.pair import Array, Pair, Place, array

SHARE = 0.70  # of the effect must lie in a region before it is named
MOST_AREA = 0.55  # a region that holds more of the object than this is no place
LIFT = 1.35  # the effect must be denser in the region than over the object by this factor
SMOOTH_PX = 6.0
DIRECTION_RATIO = 2.0
CENTRE_RADIUS = 0.5  # of the half axes: the centre covers a quarter of an ellipse

_T = 1 / 3
# smaller regions first: the first that holds the effect is named
BOXES: dict[str, tuple[float, float, float, float]] = {
    "upper left": (0, 0, 0.5, 0.5),
    "upper right": (0, 0.5, 0.5, 1),
    "lower left": (0.5, 0, 1, 0.5),
    "lower right": (0.5, 0.5, 1, 1),
    "upper third": (0, 0, _T, 1),
    "middle third": (_T, 0, 2 * _T, 1),
    "lower third": (2 * _T, 0, 1, 1),
    "left third": (0, 0, 1, _T),
    "right third": (0, 2 * _T, 1, 1),
    "upper half": (0, 0, 0.5, 1),
    "lower half": (0.5, 0, 1, 1),
    "left half": (0, 0, 1, 0.5),
    "right half": (0, 0.5, 1, 1),
}
RADIAL = ("centre", "periphery")
ORDER = ("upper left", "upper right", "lower left", "lower right", "centre", *list(BOXES)[4:], "periphery")
DIRECTIONS = ("along the rows", "along the columns")
REGIONS = (*ORDER, *DIRECTIONS)


def place_of(pair: Pair) -> Place | None:
    """Where the difference of a pair lies; None where it is global.

    Model
        e = (Gauss6 |D - R|)^2 over the object, canonical codes; see `place_of_map`.
    Parameters
        pair : registered pictures.
    Returns
        Place, or None.
    Assumes
        A change of brightness everywhere is no place.
    Not modelled
        Several places at once.
    References
        None.
    Oracle
        A patch pasted into each region; noise everywhere.
    """
    change = np.abs(array(pair.canonical_degraded.luma) - array(pair.canonical_reference.luma))
    return place_of_map(cv2.GaussianBlur(change, (0, 0), SMOOTH_PX, borderType=cv2.BORDER_REFLECT) ** 2, array(pair.canonical_reference.mask))


def place_of_map(effect: Array, mask: Array) -> Place | None:
    """The first region, smallest first, that holds at least 70 % of an effect.

    Model
        Regions are parts of the box around the object: quadrants, thirds, halves; centre: the inner half of its inscribed ellipse; periphery: the rest. A
        region counts only if the effect is denser there than over the object by 1.35 and it holds at most 55 % of the object (periphery: 80 %).
    Parameters
        effect : (row, column), not negative. mask : bool, the object.
    Returns
        Place: box of the region in shares of the picture, its words, the share of the effect in it. None where no region qualifies.
    Assumes
        Rows run down, columns to the right, as shown.
    Not modelled
        Anatomical sides: left is the left of the picture.
    References
        None.
    Oracle
        As `place_of`.
    """
    weight = np.where(mask, effect, 0.0).astype(np.float64)
    total = float(weight.sum())
    if total <= 0:
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left, height, width = int(rows[0]), int(columns[0]), int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)
    down = ((np.arange(mask.shape[0]) - top + 0.5) / height)[:, None]
    right = ((np.arange(mask.shape[1]) - left + 0.5) / width)[None]
    inner = np.hypot(down - 0.5, right - 0.5) < 0.5 * CENTRE_RADIUS
    area = float(np.count_nonzero(mask))
    for region in ORDER:
        if region in BOXES:
            r0, c0, r1, c1 = BOXES[region]
            inside = (down >= r0) & (down < r1) & (right >= c0) & (right < c1)
        else:
            r0, c0, r1, c1 = (0.25, 0.25, 0.75, 0.75) if region == "centre" else (0.0, 0.0, 1.0, 1.0)
            inside = inner if region == "centre" else ~inner
        held, share = float(weight[inside].sum()) / total, float(np.count_nonzero(mask & inside)) / area
        most = 0.8 if region == "periphery" else MOST_AREA
        dense = held >= SHARE and 0 < share <= most and held >= LIFT * share
        if dense or (region == "periphery" and held >= 0.95 and share <= most):
            box = ((top + r0 * height) / mask.shape[0], (left + c0 * width) / mask.shape[1])
            end = ((top + r1 * height) / mask.shape[0], (left + c1 * width) / mask.shape[1])
            return Place((*box, *end), region, held)
    return None


def direction_of(pair: Pair) -> Place | None:
    """Along which axis an effect repeats or smears: ghosts along the columns are copies displaced up and down. None where no axis stands out.

    Model
        E = D - R in the object; energy of E's differences between neighbours down the columns over those along the rows, divided by the same ratio of R:
        copies displaced along an axis vary along it more than the picture does.
    Parameters
        pair : registered pictures.
    Returns
        Place with the direction as its region and the whole object as its box; share: of the directed energy.
    Assumes
        One direction for the whole picture, along an axis.
    Not modelled
        Oblique directions.
    References
        None.
    Oracle
        A displaced copy of a phantom along either axis; white noise has none.
    """
    mask = array(pair.canonical_reference.mask)
    if not mask.any():
        return None
    reference = array(pair.canonical_reference.luma)
    change = array(pair.canonical_degraded.luma) - reference
    own_down, own_right = _slopes(reference, mask)
    down, right = _slopes(change, mask)
    if min(own_down, own_right, down, right) <= 0:
        return None
    ratio = (down / right) / (own_down / own_right)
    if max(ratio, 1 / ratio) < DIRECTION_RATIO:
        return None
    region = DIRECTIONS[1] if ratio > 1 else DIRECTIONS[0]
    return Place((0.0, 0.0, 1.0, 1.0), region, max(ratio, 1 / ratio) / (1 + max(ratio, 1 / ratio)))


def _slopes(picture: Array, mask: Array) -> tuple[float, float]:
    """Energy of smoothed differences down and right, over the object."""
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.5, borderType=cv2.BORDER_REFLECT)
    down, right = np.gradient(smooth)
    return float(np.mean(down[mask].astype(np.float64) ** 2)), float(np.mean(right[mask].astype(np.float64) ** 2))
