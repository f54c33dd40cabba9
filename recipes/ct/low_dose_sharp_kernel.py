"""A low dose looked at with a sharp kernel: few quanta, and every bit of their noise raised."""

from __future__ import annotations

from medq_gen.declare import Mix, Part, Words
from medq_gen.declare.families import grain
from physics.ct.measures import added_noise_hu, dose_fraction, noise_hu, quanta_at_thickest
from physics.ct.resolution import mtf10, mtf50
from recipes.ct.low_dose import RECIPE as LOW_DOSE
from recipes.ct.sharp_kernel import RECIPE as SHARP_KERNEL

RECIPE = Mix(
    version=1,
    parts=(Part("ct_low_dose", LOW_DOSE), Part("ct_sharp_kernel", SHARP_KERNEL)),
    tops={"ct_low_dose": 1.6, "ct_sharp_kernel": 1.6},  # together far more: the kernel raises the noise of the missing quanta too
    effect=grain,
    measures=(noise_hu, added_noise_hu, mtf50, mtf10, dose_fraction, quanta_at_thickest),
    attributes=("quantum noise", "over-sharpness", "contrast"),
    words=Words(
        artefact="low-dose noise under a sharp kernel",
        synonyms=("low-dose scan with a bone kernel", "underexposed scan with a sharp reconstruction filter"),
        cause="too few photons, reconstructed with a kernel that raises high spatial frequencies",
        hides="low-contrast lesions and all but the densest soft-tissue borders",
        looks={
            "none": ("no added grain and no edge overshoot", "the natural grain and edges of the scan"),
            "mild": (
                "a sharp fine grain over soft tissue with crisp edges",
                "slight gritty mottle and thin rims at bone and skin",
                "a light sharp speckle over soft tissue",
            ),
            "moderate": (
                "clear gritty grain over all soft tissue between crisp edges",
                "distinct sharp mottle with overshoot at bone",
                "gritty soft tissue in which small low-contrast structures fade",
            ),
            "severe": (
                "dense sharp grain that buries soft tissue between glaring edges",
                "harsh black and white speckle over the whole section",
                "gritty noise from which only bone and air stand out",
            ),
        },
        confusers=("ct_low_dose", "ct_sharp_kernel", "ct_sparse_view"),
        impact=1.0,
    ),
    references=(*LOW_DOSE.references, *SHARP_KERNEL.references),
)
