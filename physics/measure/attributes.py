"""One measure a quality attribute: how far a picture is disturbed in just this respect.

Each is the harm of a family times a gate: the share of the change that is of the attribute's own kind. So a recipe that disturbs the attribute alone has the
family's value, and anything else has none of it.
"""

from __future__ import annotations

from physics.measure import families
from physics.measure.exposed import blockiness, brightening, clipped_share, over_exposure, under_exposure
from physics.measure.extent import piled_up_share
from physics.measure.gate import gate
from physics.measure.grain import added_grain, added_noise, aliasing, ghosting
from physics.measure.pair import Measure
from physics.measure.softness import blur_direction, contrast_reduced, defocus, motion_blur, sharpness_lost
from physics.measure.staining import colour_shift, dye_change, over_staining, stain_ratio, under_staining

__all__ = [
    "ATTRIBUTE_ANCHORS",
    "ATTRIBUTE_MEASURES",
    "added_grain",
    "added_noise",
    "aliasing",
    "blockiness",
    "blur_direction",
    "brightening",
    "clipped_share",
    "colour_shift",
    "contrast_reduced",
    "defocus",
    "dye_change",
    "gate",
    "ghosting",
    "motion_blur",
    "over_exposure",
    "over_staining",
    "piled_up_share",
    "sharpness_lost",
    "stain_ratio",
    "under_exposure",
    "under_staining",
]

DETAIL = (0.18, 0.41, 0.68)
DISTURBANCE = (0.30, 0.51, 0.65)
GRAIN = (14.0, 31.0, 60.0)
SHADING = (0.085, 0.225, 0.50)
EXPOSURE = (0.45, 1.1, 2.2)
COLOUR = (5.5, 16.0, 28.5)
STAIN = (4.0, 10.5, 19.5)
COVER = (0.005, 0.05, 0.18)
BRIGHT_COVER = (0.001, 0.012, 0.065)
# Back and spine lie still, so half of the picture stays as it was and the pooled disturbance ends near 0.63. Marked on ladders of an abdomen: a wall that
# travels 5 mm shows if looked for, 10 mm crosses the organs, from 20 mm on the front of the abdomen cannot be read.
FRONT_HALF = (0.28, 0.46, 0.56)
BLOCKS = (0.10, 0.45, 1.10)

# attribute -> its measure; modalities that need another measure than the general one stand under "modality/attribute"
ATTRIBUTE_MEASURES: dict[str, Measure] = {
    "noise": added_noise,
    "ct/noise": added_grain,
    "quantum noise": added_grain,
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
    "respiratory ghosting": ghosting,
    "undersampling aliasing": aliasing,
    "spiral swirls": aliasing,
    "slice leakage": aliasing,
    "off-resonance blur": sharpness_lost,
    "signal pile-up": piled_up_share,
    "streaks": ghosting,
    "staining intensity": dye_change,
    "over-staining": over_staining,
    "under-staining": under_staining,
    "stain shift": colour_shift,
    "colour": colour_shift,
    "colour cast": colour_shift,
    "colour distortion": colour_shift,
}
# attribute -> values of its measure at u = 0.5, 1.5, 2.5
ATTRIBUTE_ANCHORS: dict[str, tuple[float, float, float]] = {
    **dict.fromkeys(("noise", "sensor noise", "motion ghosting", "undersampling aliasing", "spiral swirls", "slice leakage", "streaks"), DISTURBANCE),
    **dict.fromkeys(("ct/noise", "quantum noise"), GRAIN),
    **dict.fromkeys(("sharpness", "off-resonance blur", "defocus", "motion blur", "contrast", "haze"), DETAIL),
    **dict.fromkeys(("brightness", "over-exposure", "under-exposure"), EXPOSURE),
    **dict.fromkeys(("uniformity", "intensity inhomogeneity", "uneven illumination"), SHADING),
    **dict.fromkeys(("staining intensity", "over-staining", "under-staining"), STAIN),
    **dict.fromkeys(("stain shift", "colour", "colour cast", "colour distortion"), COLOUR),
    **dict.fromkeys(("saturation", "coverage"), COVER),
    "respiratory ghosting": FRONT_HALF,
    "signal pile-up": BRIGHT_COVER,
    "compression": BLOCKS,
    "geometric fidelity": (2.0, 7.5, 18.0),
}
