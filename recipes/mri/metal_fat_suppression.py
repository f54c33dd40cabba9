"""An implant, and fat saturation in the field that it left unshimmed."""

from __future__ import annotations

from medq_gen.declare import Mix, Part, Words
from medq_gen.declare.families import line
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.dephasing import void_area
from physics.mri.displacement import displaced_area, displacement_p95
from physics.mri.fat_saturation import fat_spared, water_suppressed
from recipes.mri.fat_suppression_failure import RECIPE as FAT_SUPPRESSION_FAILURE
from recipes.mri.metal import RECIPE as METAL

RECIPE = Mix(
    version=2,
    parts=(Part("mri_metal", METAL), Part("mri_fat_suppression_failure", FAT_SUPPRESSION_FAILURE)),
    tops={"mri_metal": 2.6, "mri_fat_suppression_failure": 2.6},
    effect=line,
    measures=(artefact_to_signal, void_area, fat_spared, water_suppressed, displacement_p95, displaced_area),
    attributes=("susceptibility distortion", "signal void", "signal pile-up", "fat suppression failure"),
    words=Words(
        artefact="metal artefact with fat suppression failure",
        synonyms=(
            "implant artefact with failed fat saturation",
            "susceptibility artefact with patchy fat suppression",
        ),
        cause="a metallic implant and a main field that the shim could not even out",
        hides="tissue around the implant and oedema beside unsuppressed fat",
        looks={
            "none": (
                "neither a void nor bright fat",
                "evenly dark fat and complete anatomy",
            ),
            "mild": (
                "a small focal void and a small patch of bright fat",
                "a tiny void with slightly uneven fat suppression",
                "fat that is a little bright at one edge beside a small black spot",
            ),
            "moderate": (
                "a distinct void and patchy fat suppression",
                "a void with a bright rim and a clearly bright segment of fat",
                "bright fat on one side of the body and a focal black void",
            ),
            "severe": (
                "a large black void and glaring unsuppressed fat",
                "a void that takes up a good part of the slice with failed fat suppression around it",
                "extensive blooming of metal, bright fat and darkened water together",
            ),
        },
        confusers=(
            "mri_metal",
            "mri_fat_suppression_failure",
        ),
        impact=1.0,
    ),
    references=(*METAL.references, *FAT_SUPPRESSION_FAILURE.references),
)
