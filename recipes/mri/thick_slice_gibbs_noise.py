"""A scan that was made too quickly: thick slices, a small matrix, little signal."""

from __future__ import annotations

from medq_gen.declare import Mix, Part, Words
from medq_gen.declare.families import disturbance
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.edge_ringing import ringing_amplitude
from physics.mri.local_change import local_noise
from physics.mri.measures import added_noise, tissue_snr
from physics.mri.thick_slice import slice_thickness
from physics.mri.truncation import point_spread_mm
from recipes.mri.gibbs import RECIPE as GIBBS
from recipes.mri.noise import RECIPE as NOISE
from recipes.mri.thick_slice import RECIPE as THICK_SLICE

RECIPE = Mix(
    version=2,
    parts=(Part("mri_thick_slice", THICK_SLICE), Part("mri_gibbs", GIBBS), Part("mri_noise", NOISE)),
    tops={"mri_thick_slice": 2.6, "mri_gibbs": 2.8, "mri_noise": 2.6},
    effect=disturbance,
    measures=(artefact_to_signal, added_noise, tissue_snr, slice_thickness, point_spread_mm, local_noise, ringing_amplitude),
    attributes=("partial volume", "gibbs ringing", "noise", "sharpness"),
    words=Words(
        artefact="low resolution with partial volume and noise",
        synonyms=(
            "quick low-resolution scan",
            "thick slices with ringing and grain",
            "partial volume with truncation and noise",
        ),
        cause="a protocol cut short, with thick slices, a small matrix and too little signal",
        hides="small lesions, thin septa and low-contrast borders",
        looks={
            "none": (
                "crisp borders on a quiet background",
                "neither blended borders, nor ringing, nor grain",
            ),
            "mild": (
                "slightly blended borders under a fine grain",
                "faint ringing beside edges that are a little soft",
                "a slight loss of detail with a light speckle",
            ),
            "moderate": (
                "blended borders with parallel lines and a visible grain",
                "soft, grainy anatomy with ringing beside bright edges",
                "fine structures averaged away under a noticeable speckle",
            ),
            "severe": (
                "melted outlines with broad parallel lines under a coarse grain",
                "coarse, grainy anatomy in which tissues are no longer separable",
                "borders lost to averaging, ringing and heavy speckle together",
            ),
        },
        confusers=(
            "mri_thick_slice",
            "mri_gibbs",
            "mri_noise",
            "mri_low_resolution",
        ),
        impact=1.0,
    ),
    references=(*THICK_SLICE.references, *GIBBS.references, *NOISE.references),
)
