"""Sharp kernel: a reconstruction for bone or lung, looked at for soft tissue."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import grain
from medq_gen.seeds import noise_seed
from physics.ct.insert import insert_mtf10, insert_mtf50
from physics.ct.kernel_change import change_kernel
from physics.ct.measures import noise_hu
from physics.ct.resolution import mtf10, mtf50
from physics.ct.scan import CTScan
from physics.ct.texture import noise_frequency


def draw(rng: np.random.Generator, scan: CTScan) -> dict[str, Any]:
    """Makers raise the middle frequencies of their sharp kernels more or less; and the grain that the source's kernel had taken away."""
    return {"overshoot": round(float(rng.uniform(0.3, 0.7)), 3), "noise_seed": noise_seed(rng)}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : 50 % frequency of the kernel over the source's."""
    return change_kernel(scan, strength, overshoot=pattern["overshoot"], seed=pattern["noise_seed"])


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("resolution of the kernel", "of the source's 50 % frequency", neutral=1.0, limit=3.5, scale="log"),
    effect=grain,  # seen in a brain window: its grain is finer than that of a low dose, which haloes at bone and skin make up for
    measures=(mtf50, mtf10, insert_mtf50, insert_mtf10, noise_hu, noise_frequency),
    attributes=("over-sharpness",),
    words=Words(
        artefact="sharp kernel",
        synonyms=("bone kernel on soft tissue", "high-resolution kernel", "edge-enhancing reconstruction filter", "too sharp an algorithm"),
        cause="a reconstruction kernel that raises high spatial frequencies, chosen for bone or lung",
        hides="low-contrast soft-tissue lesions",
        looks={
            "none": ("edges without overshoot", "no edge enhancement", "the natural grain of the scan"),
            "mild": (
                "a slightly finer and stronger grain with crisp edges",
                "thin bright rims along the skin and bone",
                "slightly exaggerated edges over a fine grain",
                "crisp trabeculae with a little more grain in soft tissue",
            ),
            "moderate": (
                "clear bright and dark rims along edges over a sharp fine grain",
                "obvious overshoot at bone and skin with a gritty soft tissue",
                "gritty soft tissue beside very crisp bone",
                "marked edge enhancement and amplified fine grain",
            ),
            "severe": (
                "harsh haloes along every edge and a dense sharp grain",
                "soft tissue buried in fine gritty grain between glaring edges",
                "a pebbled section with hard double rims at bone and skin",
                "amplified grain from which soft-tissue borders can hardly be told",
            ),
        },
        confusers=("ct_low_dose", "ct_aliasing", "ct_sparse_view"),
        impact=0.7,
    ),
    references=(
        Reference("Samei and Richard 2015, Med Phys 42: assessment of the dose reduction potential of a model-based iterative reconstruction algorithm"),
        Reference("Boedeker, Cooper and McNitt-Gray 2007, Phys Med Biol 52: application of the noise power spectrum in modern diagnostic MDCT"),
        Reference("Hsieh 2015, Computed Tomography: Principles, Design, Artifacts, and Recent Advances, chapter 3"),
    ),
)
