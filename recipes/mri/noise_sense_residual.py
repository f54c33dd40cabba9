"""Too little signal for parallel imaging, on maps that no longer fit."""

from __future__ import annotations

from medq_gen.declare import Mix, Part, Words
from medq_gen.declare.families import disturbance
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.local_change import local_noise, noise_peak_over_median
from physics.mri.measures import acceleration, added_noise
from physics.mri.residual_aliasing import residual_copies
from recipes.mri.noise import RECIPE as NOISE
from recipes.mri.sense_residual import RECIPE as SENSE_RESIDUAL

RECIPE = Mix(
    version=2,  # of its part's draws
    parts=(Part("mri_noise", NOISE), Part("mri_sense_residual", SENSE_RESIDUAL)),
    tops={"mri_noise": 1.6, "mri_sense_residual": 2.7},
    effect=disturbance,
    measures=(artefact_to_signal, noise_peak_over_median, acceleration, added_noise, residual_copies, local_noise),
    attributes=("noise", "undersampling aliasing", "contrast"),
    words=Words(
        artefact="low signal in parallel imaging",
        synonyms=(
            "noisy parallel imaging with residual aliasing",
            "grain with folded copies",
            "parallel imaging artefact with a low signal-to-noise ratio",
        ),
        cause="parallel imaging with too little signal and with coil maps from another position",
        hides="deep structures in the middle of the field and low-contrast lesions",
        looks={
            "none": (
                "neither grain nor folded copies",
                "a quiet picture without fold-over",
            ),
            "mild": (
                "a fine grain with a pale folded contour",
                "a light grain, denser towards the middle of the field",
                "a light speckle over a faint arc in the interior",
                "a thin copy of the rim in slightly grainy tissue",
            ),
            "moderate": (
                "a visible grain with clear folded arcs through the interior",
                "a noticeable grain that is densest in the middle of the field",
                "noticeable speckle and a distinct copy of the rim",
                "grainy tissue crossed by a folded contour",
            ),
            "severe": (
                "coarse grain and broad folded anatomy over the middle",
                "heavy grain throughout the interior that drowns fine structures",
                "heavy speckle in which bright folded copies cover deep structures",
                "a folded, grainy picture whose interior cannot be read",
            ),
        },
        confusers=(
            "mri_noise",
            "mri_sense_residual",
            "mri_sense_noise",
        ),
        impact=1.0,
    ),
    references=(*NOISE.references, *SENSE_RESIDUAL.references),
)
