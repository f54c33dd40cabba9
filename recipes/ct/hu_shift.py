"""HU shift: CT numbers that are off. No single picture shows it: recorded, and asked only beside another picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import exposure
from medq_gen.errors import ConfigError
from physics.ct.hu_shift import mean_error, shift_hu, water_shift
from physics.ct.scan import CTScan

SIGNS = {"any": (-1, 1), "brighter": (1,), "darker": (-1,)}


def draw(rng: np.random.Generator, scan: CTScan, *, direction: str = "any") -> dict[str, Any]:
    """Which way the numbers have drifted, and how much of it is gain (air stays at -1000 HU) rather than offset."""
    if direction not in SIGNS:
        raise ConfigError(f"recipe.pattern: direction={direction!r}; allowed: {', '.join(SIGNS)}")
    share = round(float(rng.uniform(0.0, 1.0)), 3)
    return {"sign": int(rng.choice(SIGNS[direction])), "gain_share": share}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : by how much water is off, whichever way."""
    return shift_hu(scan, pattern["sign"] * strength, gain_share=pattern["gain_share"])


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    # in a brain window stops of brightness fall on what accreditation says: 5 to 10 HU mild, 15 to 25 moderate, 40 and more severe; wider windows hide more
    strength=Strength("shift of water", "HU", neutral=0.0, limit=60.0, scale="log"),
    effect=exposure,
    measures=(water_shift, mean_error),
    attributes=("hu shift",),
    words=Words(
        artefact="HU shift",
        synonyms=("shift of CT numbers", "calibration error of CT numbers", "CT number drift"),
        cause="a scanner whose calibration of water or air has drifted",
        hides="nothing by itself, but measured attenuation of lesions is wrong",
        looks={
            "none": ("CT numbers as calibrated", "water at zero and air at minus one thousand"),
            "mild": ("tissue a little brighter or darker than it should be", "slightly shifted CT numbers", "an even small change of all grey values"),
            "moderate": ("tissue clearly brighter or darker than it should be", "clearly shifted CT numbers", "an even change of all grey values"),
            "severe": ("tissue pushed towards the end of the window", "grossly shifted CT numbers", "an even and strong change of all grey values"),
        },
        confusers=("ct_window", "ct_beam_hardening", "ct_scatter"),
        impact=0.5,
    ),
    references=(
        Reference("IEC 61223-3-5: evaluation and routine testing in medical imaging departments, acceptance and constancy tests of CT equipment"),
        Reference("Hsieh 2015, Computed Tomography: Principles, Design, Artifacts, and Recent Advances, chapter 5"),
    ),
)
