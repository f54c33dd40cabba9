"""Blur with and without a direction, and loss of coarse contrast."""

from __future__ import annotations

from physics.measure.blur import blur_of, coarse_gain
from physics.measure.detail import contrast_lost
from physics.measure.gate import gate
from physics.measure.pair import Pair, Reading, array, measure

DIRECTION_GATE = (0.40, 0.44)
PLAIN_CONTRAST = ("ct", "histopathology")  # where mean brightness is no measure of light


@measure("1")
def sharpness_lost(pair: Pair) -> float | Reading:
    """Share of the contrast of fine structures that is gone beyond that of coarse ones: blur."""
    lost, coarse = contrast_lost(pair), coarse_gain(pair)
    if lost.value is None or coarse is None or coarse <= 0.05:
        return Reading(None, lost.reason or "the object shows no coarse structures")
    return 1.0 - (1.0 - lost.value) / min(coarse, 1.5)


@measure("1")
def motion_blur(pair: Pair) -> float | Reading:
    """Blur along one direction: the sharpness lost, as far as it has a direction."""
    blur, lost = blur_of(pair), sharpness_lost(pair)
    if blur is None or lost.value is None:
        return Reading(None, lost.reason or "the reference shows no edges")
    return lost.value * gate(blur.anisotropy, DIRECTION_GATE)


@measure("1")
def defocus(pair: Pair) -> float | Reading:
    """Blur alike in all directions: the sharpness lost, as far as it has no direction."""
    blur, lost = blur_of(pair), sharpness_lost(pair)
    if blur is None or lost.value is None:
        return Reading(None, lost.reason or "the reference shows no edges")
    return lost.value * (1.0 - gate(blur.anisotropy, DIRECTION_GATE))


@measure("deg")
def blur_direction(pair: Pair) -> float | Reading:
    """Direction of a motion blur, turned from the rows (0) towards the columns (90); none where the blur has no direction."""
    blur = blur_of(pair)
    if blur is None or blur.anisotropy < DIRECTION_GATE[0]:
        return Reading(None, "the blur has no direction")
    if blur.about_centre:
        return Reading(None, "the direction turns about the middle of the field")
    return blur.direction_deg


@measure("1")
def contrast_reduced(pair: Pair) -> float | Reading:
    """Share of the contrast between tissues that is gone, relative to mean brightness (CT: in the window; slides: in codes, where white is glass)."""
    coarse = coarse_gain(pair)
    if coarse is None:
        return Reading(None, "the object shows no coarse structures")
    if pair.view.modality in PLAIN_CONTRAST:
        return 1.0 - coarse
    mask = array(pair.canonical_reference.mask)
    first, second = (float(array(side.luma)[mask].mean()) for side in (pair.canonical_reference, pair.canonical_degraded))
    return 1.0 - coarse * first / second if second > 1.0 else Reading(None, "the picture is black")
