"""Metal in a low-dose scan after metal artefact reduction: what the reduction left, in grain."""

from __future__ import annotations

from dataclasses import replace

from medq_gen.declare import Mix, Part, Strength, Words
from medq_gen.declare.families import grain
from physics.ct.band_measures import affected_share, dark_band_hu, metal_area, streak_hu, tissue_error_hu
from physics.ct.measures import dose_fraction, noise_hu
from recipes.ct.low_dose import RECIPE as LOW_DOSE
from recipes.ct.metal_reduced import RECIPE as METAL_REDUCED

METAL = METAL_REDUCED.strength
assert isinstance(METAL, Strength)

RECIPE = Mix(
    version=1,
    # diameters in proportion to the knob: the metal is there at every level, and not only where the grain is severe
    parts=(Part("ct_metal_reduced", METAL_REDUCED.with_(strength=replace(METAL, scale="linear"))), Part("ct_low_dose", LOW_DOSE)),
    tops={"ct_metal_reduced": 3.0, "ct_low_dose": 3.3},
    effect=grain,
    measures=(streak_hu, dark_band_hu, tissue_error_hu, affected_share, metal_area, noise_hu, dose_fraction),
    attributes=("quantum noise", "metal streaks", "streaks", "contrast"),
    words=Words(
        artefact="residual metal artefact in a low-dose scan",
        synonyms=("low-dose scan after metal artefact reduction", "MAR residue in low-dose grain", "noisy scan with remaining metal artefact"),
        cause="metal artefact reduction replaced the rays behind the metal by a guess, and too few photons made the rest",
        hides="tissue beside the metal and low-contrast lesions elsewhere",
        looks={
            "none": ("no streaks from metal or its reduction, and no added grain", "the natural texture of the scan about every dense part"),
            "mild": (
                "faint soft streaks about the implant in a fine grain",
                "slightly smeared tissue beside the metal and slight mottle elsewhere",
                "a trace of streaks from the metal over a light grain",
            ),
            "moderate": (
                "clear soft streaks from the metal in distinct mottle",
                "smeared tissue beside the metal and clear grain over soft tissue",
                "streaks between the metal and other dense parts, roughened by grain",
            ),
            "severe": (
                "broad streaks and smears about the metal in grain that buries soft tissue",
                "heavy streaks from the metal over coarse mottle",
                "tissue about the metal smeared beyond reading, and coarse grain over the rest",
            ),
        },
        confusers=("ct_metal_reduced", "ct_low_dose", "ct_metal", "ct_photon_starvation"),
        impact=1.0,
    ),
    references=(*METAL_REDUCED.references, *LOW_DOSE.references),
)
