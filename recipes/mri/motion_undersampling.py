"""A restless patient in an accelerated acquisition."""

from __future__ import annotations

from medq_gen.declare import Mix, Part, Words
from medq_gen.declare.families import disturbance
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.measures import acceleration, ghost_to_signal
from physics.mri.pose_spread import pose_spread
from recipes.mri.motion import RECIPE as MOTION
from recipes.mri.undersampling import RECIPE as UNDERSAMPLING

RECIPE = Mix(
    version=3,
    parts=(Part("mri_motion", MOTION), Part("mri_undersampling", UNDERSAMPLING)),
    tops={"mri_motion": 3.0, "mri_undersampling": 2.7},
    effect=disturbance,
    measures=(artefact_to_signal, acceleration, ghost_to_signal, pose_spread),
    attributes=("motion ghosting", "undersampling aliasing", "sharpness"),
    words=Words(
        artefact="motion artefact with undersampling",
        synonyms=(
            "motion in an accelerated scan",
            "ghosting with residual aliasing",
            "accelerated scan of a restless patient",
        ),
        cause="movement of the patient's head during an acquisition with too few phase-encode lines",
        hides="small vessels, small lesions and fine cortical detail",
        looks={
            "none": (
                "neither ghosting nor aliasing",
                "crisp contours without smear along the phase-encode direction",
            ),
            "mild": (
                "faint ripples and a little softness along the phase-encode direction",
                "slightly unsteady contours with faint smear",
                "barely doubled edges beside faint residual aliasing",
            ),
            "moderate": (
                "doubled contours and smear along the phase-encode direction",
                "ripples and aliased streaks that cross the anatomy",
                "clear ghosts on softened anatomy",
            ),
            "severe": (
                "ghosts and broad smear along the phase-encode direction that bury the anatomy",
                "displaced copies in a picture without fine detail",
                "contours dissolved into ripples and streaks",
            ),
        },
        confusers=(
            "mri_motion",
            "mri_undersampling",
            "mri_motion_noise",
        ),
        impact=1.0,
    ),
    references=(*MOTION.references, *UNDERSAMPLING.references),
)
