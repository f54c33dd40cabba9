"""Thick slices looked at with a smooth kernel: a quiet picture in which nothing small is left."""

from __future__ import annotations

from medq_gen.declare import Mix, Part, Words
from medq_gen.declare.families import detail
from physics.ct.measures import noise_hu
from physics.ct.partial_volume import slice_thickness_mm
from physics.ct.resolution import mtf10, mtf50
from recipes.ct.partial_volume import RECIPE as PARTIAL_VOLUME
from recipes.ct.smooth_kernel import RECIPE as SMOOTH_KERNEL

RECIPE = Mix(
    version=1,
    parts=(Part("ct_partial_volume", PARTIAL_VOLUME), Part("ct_smooth_kernel", SMOOTH_KERNEL)),
    # where the body changes slowly along the patient thickness does little at its most: the kernel then does the rest
    tops={"ct_partial_volume": 2.0, "ct_smooth_kernel": 3.0},
    effect=detail.with_anchors((0.16, 0.37, 0.62)),  # what shines through from other levels comes on top of the detail that is lost
    measures=(slice_thickness_mm, mtf50, mtf10, noise_hu),
    attributes=("sharpness", "partial volume", "kernel", "partial-volume streaks"),
    words=Words(
        artefact="thick slices under a smooth kernel",
        synonyms=("thick soft-tissue reconstruction", "thick slices with a soft kernel", "over-smoothed thick-slice reconstruction"),
        cause="slices that are too thick, reconstructed with a kernel that suppresses high spatial frequencies",
        hides="small lesions, thin bone, small vessels and oblique borders",
        looks={
            "none": ("borders as crisp as a thin slice and the source's own kernel show them", "neither blurred nor blended borders"),
            "mild": (
                "slightly soft edges with a very quiet grain and a little blending of oblique borders",
                "a smoothed section whose thin septa begin to merge",
                "faintly rounded contours and paler small vessels",
            ),
            "moderate": (
                "clearly soft edges without grain, and oblique borders that fade into fringes",
                "blunted contours with small vessels and thin septa gone",
                "an evenly blurred section through which the next levels show faintly",
            ),
            "severe": (
                "a flat blurred section in which only large organs can be told apart",
                "borders that dissolve both within the slice and across it",
                "broad grey transitions in place of bone and organ borders, without any grain",
            ),
        },
        confusers=("ct_partial_volume", "ct_smooth_kernel", "ct_iterative_look"),
        impact=0.8,
    ),
    references=(*PARTIAL_VOLUME.references, *SMOOTH_KERNEL.references),
)
