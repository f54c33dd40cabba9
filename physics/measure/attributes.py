"""One measure a quality attribute: how far a picture is disturbed in just this respect.

Each is the harm of a family times a gate: the share of the change that is of the attribute's own kind. So a recipe that disturbs the attribute alone has the
family's value, and anything else has none of it.
"""

from __future__ import annotations

import cv2
import numpy as np

from physics.display import luma, to_codes
from physics.measure import families
from physics.measure.blur import blur_of, coarse_gain
from physics.measure.colour import delta_e_2000, lab_of_codes
from physics.measure.pair import Array, Measure, Pair, Reading, array, measure
from physics.measure.residual import split_of
from physics.measure.source_shows import blockiness as source_blockiness

NOISE_GATE = (0.40, 0.70)
NOISE_PRESENT = (0.08, 0.20)
ALIAS_GATE = (0.02, 0.10)
STRUCTURE_GATE = (0.08, 0.20)
DIRECTION_GATE = (0.40, 0.44)
STAIN_GATE = (0.40, 0.75)
CLIPPED_CODE = 250.0
PLAIN_CONTRAST = ("ct", "histopathology")  # where mean brightness is no measure of light
COLOUR_BLOCK_PX = 8

DETAIL = (0.18, 0.41, 0.68)
DISTURBANCE = (0.30, 0.51, 0.65)
SHADING = (0.085, 0.225, 0.50)
EXPOSURE = (0.45, 1.1, 2.2)
COLOUR = (5.5, 16.0, 28.5)
COVER = (0.005, 0.05, 0.18)
BLOCKS = (0.10, 0.45, 1.10)


def gate(share: float, bounds: tuple[float, float]) -> float:
    """0 below the lower bound, 1 above the upper, linear between."""
    return float(np.clip((share - bounds[0]) / (bounds[1] - bounds[0]), 0.0, 1.0))


@measure("1")
def added_noise(pair: Pair) -> float | Reading:
    """Grain that the reference does not have: the disturbance, as far as it is noise."""
    split, harm = split_of(pair), families.disturbance(pair)
    if split is None or harm.value is None:
        return Reading(None, harm.reason or "too little of the object can be judged")
    return harm.value * gate(split.noise_of_detail, NOISE_GATE) * gate(split.noise_share, NOISE_PRESENT)


@measure("1")
def ghosting(pair: Pair) -> float | Reading:
    """Structure that is not in the reference (displaced copies): the disturbance, as far as it is foreign structure."""
    split, harm = split_of(pair), families.disturbance(pair)
    if split is None or harm.value is None:
        return Reading(None, harm.reason or "too little of the object can be judged")
    return harm.value * gate(split.structure_share, STRUCTURE_GATE)


@measure("1")
def aliasing(pair: Pair) -> float | Reading:
    """Energy that undersampling moved to other places: the disturbance, as far as it is foreign, structured or not."""
    split, harm = split_of(pair), families.disturbance(pair)
    if split is None or harm.value is None:
        return Reading(None, harm.reason or "too little of the object can be judged")
    if hasattr(pair.scan, "lines"):  # the scan knows: without a missing line there is no aliasing, with one everything foreign is
        missing = pair.scan.lines is not None and not bool(pair.scan.lines.all())
        return harm.value * gate(split.foreign / split.change if split.change > 0 else 0.0, ALIAS_GATE) if missing else 0.0
    grainy = gate(split.noise_share / max(split.noise_share + split.structure_share, 1e-9), (0.80, 0.95))
    return harm.value * gate(split.structure_share + split.noise_share, STRUCTURE_GATE) * (1.0 - grainy)


@measure("1")
def sharpness_lost(pair: Pair) -> float | Reading:
    """Share of the contrast of fine structures that is gone beyond that of coarse ones: blur."""
    lost, coarse = families.contrast_lost(pair), coarse_gain(pair)
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


@measure("EV")
def brightening(pair: Pair) -> float | Reading:
    """Stops brighter than the reference; negative: darker."""
    stops = families.exposure_stops(pair)
    return stops if stops is not None else Reading(None, "every pixel of the object is clipped")


@measure("EV")
def over_exposure(pair: Pair) -> float | Reading:
    """Stops brighter than the reference, 0 where it is darker."""
    stops = families.exposure_stops(pair)
    return max(stops, 0.0) if stops is not None else Reading(None, "every pixel of the object is clipped")


@measure("EV")
def under_exposure(pair: Pair) -> float | Reading:
    """Stops darker than the reference, 0 where it is brighter."""
    stops = families.exposure_stops(pair)
    return max(-stops, 0.0) if stops is not None else Reading(None, "every pixel of the object is clipped")


@measure("1")
def clipped_share(pair: Pair) -> float | Reading:
    """Share of the object that is burnt out and was not in the reference."""
    mask = array(pair.view.mask)
    if not mask.any():
        return Reading(None, "the object is empty")
    first, second = (float(np.mean(array(luma(to_codes(side, pair.view.display)))[mask] >= CLIPPED_CODE)) for side in (pair.reference, pair.degraded))
    return max(second - first, 0.0)


@measure("1")
def blockiness(pair: Pair) -> float:
    """How much stronger steps on an 8 px grid stand out than in the reference, as a share."""
    mask = array(pair.view.mask)
    first, second = (source_blockiness(array(luma(to_codes(side, pair.view.display))), mask) for side in (pair.reference, pair.degraded))
    return max(second / first - 1.0, 0.0)


@measure("1")
def stain_ratio(pair: Pair) -> float | Reading:
    """How much stronger the stain is than in the reference: ratio of optical densities over the tissue."""
    densities = _densities(pair)
    if densities is None:
        return Reading(None, "no tissue takes up stain")
    first, second = densities
    return float(np.sum(first * second) / np.sum(first * first))


@measure("dE00")
def stain_change(pair: Pair) -> float | Reading:
    """Colour difference that a change of stain explains: dE00 over the tissue, as far as densities were mixed linearly."""
    densities, difference = _densities(pair), families.colour_difference(pair)
    if densities is None or difference.value is None:
        return Reading(None, difference.reason or "no tissue takes up stain")
    first, second = densities
    design = np.concatenate([first, np.ones((len(first), 1))], axis=1)
    fit = np.linalg.lstsq(design, second - first, rcond=None)[0]
    stained = float(np.mean((first @ fit[:3]) ** 2))
    offset = float(np.mean(fit[3] ** 2))
    rest = float(np.mean((second - first - design @ fit) ** 2))
    total = stained + offset + rest
    return difference.value * gate(stained / total if total > 0 else 0.0, STAIN_GATE)


@measure("dE00")
def over_staining(pair: Pair) -> float | Reading:
    """Colour difference of a stain stronger than the reference's; 0 where it is weaker."""
    ratio = stain_ratio(pair)
    return stain_change(pair) if ratio.value is None or ratio.value > 1 else 0.0


@measure("dE00")
def under_staining(pair: Pair) -> float | Reading:
    """Colour difference of a stain weaker than the reference's; 0 where it is stronger."""
    ratio = stain_ratio(pair)
    return stain_change(pair) if ratio.value is None or ratio.value < 1 else 0.0


@measure("dE00")
def colour_shift(pair: Pair) -> float | Reading:
    """Colour difference at equal lightness, of 8 px blocks: a change of hue and chroma, not of brightness, and not grain."""
    mask = array(pair.canonical_reference.mask)
    size = (max(mask.shape[1] // COLOUR_BLOCK_PX, 1), max(mask.shape[0] // COLOUR_BLOCK_PX, 1))
    inside = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    if not inside.any():
        return Reading(None, "the object is empty")
    coarse = (cv2.resize(families.canonical_codes(native, pair), size, interpolation=cv2.INTER_AREA)[inside] for native in (pair.reference, pair.degraded))
    first, second = (lab_of_codes(side) for side in coarse)
    second = second.copy()
    second[..., 0] = first[..., 0]
    return float(np.mean(delta_e_2000(first, second)))


def _densities(pair: Pair) -> tuple[Array, Array] | None:
    """Optical densities (pixel, channel) of tissue on every second canonical row and column, clipped pixels left out."""
    mask = array(pair.canonical_reference.mask)[::2, ::2]
    first, second = (families.canonical_codes(native, pair)[::2, ::2][mask] for native in (pair.reference, pair.degraded))
    clear = (np.minimum(first, second).min(axis=1) > 4.0) & (np.maximum(first, second).max(axis=1) < 252.0)
    if np.count_nonzero(clear) < families.MIN_PIXELS:
        return None
    density = [-np.log10(families.linear_light(side[clear]).astype(np.float64)) for side in (first, second)]
    return (density[0], density[1]) if float(np.sum(density[0] ** 2)) > 0 else None


# attribute -> its measure; modalities that need another measure than the general one stand under "modality/attribute"
ATTRIBUTE_MEASURES: dict[str, Measure] = {
    "noise": added_noise,
    "quantum noise": added_noise,
    "sensor noise": added_noise,
    "sharpness": sharpness_lost,
    "defocus": defocus,
    "motion blur": motion_blur,
    "contrast": contrast_reduced,
    "haze": contrast_reduced,
    "brightness": families.exposure,
    "over-exposure": over_exposure,
    "under-exposure": under_exposure,
    "uniformity": families.shading,
    "intensity inhomogeneity": families.shading,
    "uneven illumination": families.shading,
    "saturation": clipped_share,
    "compression": blockiness,
    "coverage": families.covered_share,
    "geometric fidelity": families.displacement,
    "motion ghosting": ghosting,
    "undersampling aliasing": aliasing,
    "streaks": ghosting,
    "staining intensity": stain_change,
    "over-staining": over_staining,
    "under-staining": under_staining,
    "stain shift": colour_shift,
    "colour": colour_shift,
    "colour cast": colour_shift,
    "colour distortion": colour_shift,
}
# attribute -> values of its measure at u = 0.5, 1.5, 2.5
ATTRIBUTE_ANCHORS: dict[str, tuple[float, float, float]] = {
    **dict.fromkeys(("noise", "quantum noise", "sensor noise", "motion ghosting", "undersampling aliasing", "streaks"), DISTURBANCE),
    **dict.fromkeys(("sharpness", "defocus", "motion blur", "contrast", "haze"), DETAIL),
    **dict.fromkeys(("brightness", "over-exposure", "under-exposure"), EXPOSURE),
    **dict.fromkeys(("uniformity", "intensity inhomogeneity", "uneven illumination"), SHADING),
    **dict.fromkeys(("staining intensity", "over-staining", "under-staining", "stain shift", "colour", "colour cast", "colour distortion"), COLOUR),
    **dict.fromkeys(("saturation", "coverage"), COVER),
    "compression": BLOCKS,
    "geometric fidelity": (2.0, 7.5, 18.0),
}
