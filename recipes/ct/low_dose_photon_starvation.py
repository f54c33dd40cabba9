"""A low dose through shoulders or arms: grain over the whole section, streaks where hardly a quantum is left."""

from __future__ import annotations

from medq_gen.declare import Mix, Part, Words
from medq_gen.declare.families import grain
from physics.ct.band_measures import affected_share
from physics.ct.measures import added_noise_hu, dose_fraction, hu_bias, noise_anisotropy, noise_hu, streak_direction
from recipes.ct.low_dose import RECIPE as LOW_DOSE
from recipes.ct.photon_starvation import RECIPE as PHOTON_STARVATION

RECIPE = Mix(
    version=1,
    parts=(Part("ct_low_dose", LOW_DOSE), Part("ct_photon_starvation", PHOTON_STARVATION)),
    tops={"ct_low_dose": 1.8, "ct_photon_starvation": 1.8},  # together more: the limbs leave a share of the few quanta that the dose left
    effect=grain.with_anchors((11.0, 25.0, 50.0)),  # between even grain and streaks alone
    measures=(noise_hu, added_noise_hu, hu_bias, noise_anisotropy, streak_direction, affected_share, dose_fraction),
    attributes=("quantum noise", "starvation streaks", "contrast"),
    words=Words(
        artefact="low-dose noise with photon starvation",
        synonyms=(
            "low-dose scan with starvation streaks",
            "underexposed scan with arms beside the body",
            "low-dose grain with streaks along the widest diameter",
        ),
        cause="a low dose, of which almost no photons came through the widest diameter of the patient",
        hides="low-contrast lesions, most along the widest diameter",
        looks={
            "none": ("no added grain and no streaks along the widest diameter", "soft tissue as even as the scan allows"),
            "mild": (
                "a fine grain over soft tissue with faint streaks from side to side",
                "slight mottle, a little streaky along the widest diameter",
                "light grain that runs together into fine streaks from side to side",
            ),
            "moderate": (
                "clear grain over soft tissue and streaks along the widest diameter",
                "distinct mottle with dark and bright streaks from side to side",
                "grainy, streaky soft tissue in which small structures fade",
            ),
            "severe": (
                "coarse grain and dense streaks that bury soft tissue",
                "heavy mottle and dark and bright streaks over the whole section",
                "grain and streaks so strong that organs are hard to tell apart",
            ),
        },
        confusers=("ct_low_dose", "ct_photon_starvation", "ct_metal", "ct_sparse_view"),
        impact=1.0,
    ),
    references=(*LOW_DOSE.references, *PHOTON_STARVATION.references),
)
