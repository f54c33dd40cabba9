"""A restless patient and a weak signal in one acquisition."""

from __future__ import annotations

from medq_gen.declare import Mix, Part, Words
from medq_gen.declare.families import disturbance
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.local_change import local_noise
from physics.mri.measures import added_noise, ghost_to_signal, tissue_snr, weighted_displacement
from recipes.mri.motion import RECIPE as MOTION
from recipes.mri.noise import RECIPE as NOISE

RECIPE = Mix(
    version=3,
    parts=(Part("mri_motion", MOTION), Part("mri_noise", NOISE)),
    tops={"mri_motion": 2.9, "mri_noise": 2.6},
    effect=disturbance,
    measures=(weighted_displacement, ghost_to_signal, added_noise, tissue_snr, artefact_to_signal, local_noise),
    attributes=("motion ghosting", "noise", "sharpness", "contrast"),
    words=Words(
        artefact="motion artefact with noise",
        synonyms=("combined motion and noise", "ghosting with a low signal-to-noise ratio"),
        cause="movement of the patient's head during an acquisition with too little signal",
        hides="the border between grey and white matter and low-contrast lesions",
        looks={
            "none": ("neither ghosting nor grain", "crisp contours and a quiet background"),
            "mild": (
                "faint ripples along the phase-encode direction",
                "faint ripples and a fine grain",
                "slight ghosting along the phase-encode direction with a light speckle",
            ),
            "moderate": (
                "doubled contours under a visible grain",
                "clear ripples along the phase-encode direction",
                "clear ghosts along the phase-encode direction under a visible grain",
                "doubled contours and noticeable speckle over the brain",
            ),
            "severe": ("heavy ghosting and a coarse grain that together bury the anatomy", "smeared, displaced contours in a picture full of speckle"),
        },
        confusers=("mri_motion", "mri_noise", "mri_undersampling"),
        impact=1.0,
    ),
    references=(*MOTION.references, *NOISE.references),
)
