"""Smooth kernel: a reconstruction that is too soft for the question."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import detail
from physics.ct.insert import insert_mtf10, insert_mtf50
from physics.ct.kernel_change import change_kernel
from physics.ct.measures import noise_hu
from physics.ct.resolution import mtf10, mtf50
from physics.ct.scan import CTScan


def draw(rng: np.random.Generator, scan: CTScan) -> dict[str, Any]:
    """Makers cut their smooth kernels off more or less abruptly."""
    return {"roll_off": round(float(rng.uniform(0.7, 1.6)), 3)}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : 50 % frequency of the kernel over the source's."""
    return change_kernel(scan, strength, roll_off=pattern["roll_off"])


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("resolution of the kernel", "of the source's 50 % frequency", neutral=1.0, limit=0.12, scale="log"),
    effect=detail,
    measures=(mtf50, mtf10, insert_mtf50, insert_mtf10, noise_hu),
    attributes=("kernel", "sharpness"),
    words=Words(
        artefact="smooth kernel",
        synonyms=("soft reconstruction kernel", "smooth reconstruction filter", "over-smoothed reconstruction", "too soft an algorithm"),
        cause="a reconstruction kernel that suppresses high spatial frequencies",
        hides="fine bone structure, small vessels and sharp organ borders",
        looks={
            "none": ("edges as crisp as the source's own kernel shows them", "no softening by the kernel", "the natural sharpness of the scan"),
            "mild": (
                "slightly soft edges with a quieter grain",
                "thin bony septa that begin to merge",
                "a smoothed grain and slightly rounded contours",
                "a faintly softened section with little noise",
            ),
            "moderate": (
                "clearly soft edges with hardly any grain",
                "thin bone that looks thickened and washed out",
                "blunted contours and lost small structures",
                "an evenly blurred section with almost no noise",
            ),
            "severe": (
                "heavily blurred structures without any grain",
                "borders that dissolve into broad grey transitions",
                "a section so smooth that only large organs can be told apart",
                "bone and soft tissue that run into each other",
            ),
        },
        confusers=("ct_focal_spot_blur", "ct_partial_volume", "ct_iterative_look", "ct_motion"),
        impact=0.7,
    ),
    references=(
        Reference("Samei and Richard 2015, Med Phys 42: assessment of the dose reduction potential of a model-based iterative reconstruction algorithm"),
        Reference("Boedeker, Cooper and McNitt-Gray 2007, Phys Med Biol 52: application of the noise power spectrum in modern diagnostic MDCT"),
        Reference("Hsieh 2015, Computed Tomography: Principles, Design, Artifacts, and Recent Advances, chapter 3"),
    ),
)
