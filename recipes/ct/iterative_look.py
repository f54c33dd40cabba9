"""Iterative look: noise taken out so strongly that the picture looks painted."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.ct.insert import insert_mtf50
from physics.ct.iterative_look import look_iterative
from physics.ct.measures import noise_hu
from physics.ct.resolution import mtf50
from physics.ct.scan import CTScan
from physics.ct.texture import noise_kept


def draw(rng: np.random.Generator, scan: CTScan, *, share: float = 0.0) -> dict[str, Any]:
    """How much of the picture is replaced: scanners blend. share = 0: drawn, from 0.75 to 1."""
    if not 0.0 <= share <= 1.0:
        raise ConfigError(f"recipe.pattern: share={share}; allowed: 0 (drawn) to 1")
    drawn = round(float(rng.uniform(0.75, 1.0)), 3)
    return {"share": share or drawn}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : weight of the penalty over the noise of the picture."""
    return look_iterative(scan, strength, share=pattern["share"])


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("weight of the penalty", "noise mm", neutral=0.0, limit=12.0, scale="log"),
    # P counts any grain that is gone. Seen in a head: 0.1 only calms, 0.2 is slightly smooth, 0.8 waxy, from 3 on the ventricles melt away
    effect=disturbance.with_anchors((0.34, 0.66, 0.80)),
    measures=(noise_hu, noise_kept, mtf50, insert_mtf50),
    attributes=("waxy texture", "contrast"),
    words=Words(
        artefact="over-processed iterative reconstruction",
        synonyms=("plastic look of iterative reconstruction", "waxy iterative reconstruction", "over-smoothed iterative reconstruction", "blotchy denoising"),
        cause="iterative reconstruction or denoising at too strong a setting",
        hides="faint low-contrast lesions and the natural texture of organs",
        looks={
            "none": ("the natural grain of filtered backprojection", "no waxy smoothing", "soft tissue with its usual texture"),
            "mild": (
                "a slightly waxy soft tissue between crisp edges",
                "a calmed, slightly blotchy grain",
                "soft tissue a little too smooth beside sharp bone",
                "a faintly painted texture",
            ),
            "moderate": (
                "a clearly waxy texture with blotches in place of grain",
                "plastic-looking soft tissue between sharp contours",
                "soft tissue without fine texture, split into smooth patches",
                "an obviously over-smoothed section whose bone stays crisp",
            ),
            "severe": (
                "a painted look with plateaus of even grey and step-like borders",
                "faint structures melted into flat patches",
                "a plastic section in which low-contrast borders have vanished",
                "cartoon-like patches between hard contours",
            ),
        },
        confusers=("ct_smooth_kernel", "ct_focal_spot_blur"),
        impact=0.7,
    ),
    references=(
        Reference("Rudin, Osher and Fatemi 1992, Physica D 60: nonlinear total variation based noise removal algorithms", doi="10.1016/0167-2789(92)90242-F"),
        Reference("Chambolle and Pock 2011, J Math Imaging Vis 40: a first-order primal-dual algorithm", doi="10.1007/s10851-010-0251-1"),
        Reference("Samei and Richard 2015, Med Phys 42: assessment of the dose reduction potential of a model-based iterative reconstruction algorithm"),
        Reference("Hara, Paden, Silva, Kujak, Lawder and Pavlicek 2009, AJR 193: iterative reconstruction technique for reducing body radiation dose at CT"),
    ),
)
