"""The families of effect: what a degradation did to a picture, as one number each, on the canonical picture."""

from physics.measure.brightness import SHADING_PX, exposure, exposure_stops, linear_light, low_frequency_ratio, shading
from physics.measure.canonical_codes import canonical_codes, resampled_display
from physics.measure.colour_change import colour_difference, stain_change
from physics.measure.detail import MIN_PIXELS, contrast_lost, detail_of, high_pass
from physics.measure.disturbance import disturbance, grain, judged_mask
from physics.measure.extent import covered_share, displacement

__all__ = [
    "MIN_PIXELS",
    "SHADING_PX",
    "canonical_codes",
    "colour_difference",
    "contrast_lost",
    "covered_share",
    "detail_of",
    "displacement",
    "disturbance",
    "exposure",
    "exposure_stops",
    "grain",
    "high_pass",
    "judged_mask",
    "linear_light",
    "low_frequency_ratio",
    "resampled_display",
    "shading",
    "stain_change",
]
