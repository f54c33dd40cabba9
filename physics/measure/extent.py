"""How much of the object is covered, how far it is warped."""

from __future__ import annotations

import cv2
import numpy as np

from physics.measure.canonical_codes import resampled_display
from physics.measure.pair import Pair, Reading, array, measure

COVERED_CODES = 0.02 * 255.0
BRIGHT, BRIGHT_GAIN = 1.5, 0.25  # times its own codes, and of the object's mean
FOCAL = (1.0, 3.0)  # px: where the 95th percentile is below the first and the 99.9th above the second, a small part alone is warped


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


@measure("1")
def piled_up_share(pair: Pair) -> float | Reading:
    """Share of the object that became half as bright again or more: signal that was pushed together.

    Model
        Share of object pixels of the canonical picture where codes rose by half and by a quarter of the object's mean.
    Parameters
        pair : registered pictures.
    Returns
        0 to 1.
    Assumes
        Codes in proportion to signal: the window begins at 0.
    Not modelled
        What else brightens (ghosts, shading): spoken of only where a recipe piles signal up.
    References
        None.
    Oracle
        A square brightened by a known factor (tests/physics/measure/test_families.py).
    """
    mask = array(pair.canonical_reference.mask)
    if not mask.any():
        return Reading(None, "the object is empty")
    before, after = (array(side.luma).astype(np.float64) for side in (pair.canonical_reference, pair.canonical_degraded))
    gained = (after > BRIGHT * before) & (after - before > BRIGHT_GAIN * before[mask].mean())
    return float(gained[mask].mean())


@measure("px")
def displacement(pair: Pair) -> float | Reading:
    """How far the picture is warped: 95th percentile of the scan's displacement, in pixels of the canonical picture.

    Model
        |d| / spacing * 512 / long edge, 95th percentile over the object; d = scan.displacement_mm(), shape (2, row, column).
    Parameters
        pair : its scan gives the field; its view the spacing.
    Returns
        Pixels; nothing where the 95th percentile is below 1 px and the 99.9th above 3 px: metal drags a few square centimetres far, and the picture as a
        whole is then neither warped nor free of it.
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
    mask = array(pair.view.mask)
    if not mask.any():
        return Reading(None, "the object is empty")
    rows, columns = mask.shape  # of the stored picture, which may be smaller than the scan
    moved = [cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA) / step for part, step in zip(array(field()), pair.view.spacing_mm, strict=True)]
    far, farthest = np.percentile(np.hypot(moved[0], moved[1])[mask], (95, 99.9)) * max(pair.canonical_reference.luma.shape) / max(mask.shape)
    return Reading(None, "a small part of the object is warped") if far < FOCAL[0] and farthest > FOCAL[1] else float(far)
