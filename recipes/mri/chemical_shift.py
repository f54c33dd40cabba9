"""Chemical shift of the first kind: fat drawn beside its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Effect, Reference, Strength, Words
from medq_gen.errors import ConfigError
from physics.mri.chemical_shift import fat_displacement, receiver_bandwidth, shift_fat
from physics.mri.displacement import displacement_p95
from physics.mri.fat import refuse_without_fat
from physics.mri.fat_borders import contrast_lost_beside_fat
from physics.mri.scan import MRIScan

LIMIT_PX = 6.0  # 72 Hz/px at 3 T, 36 Hz/px at 1.5 T: about the narrowest that is used
SIDES = {"lower": -1, "higher": 1}
# Detail follows displaced edges, while the disturbance of the same borders is nearly all there at 1 pixel. Over the whole object most detail is that of the
# brain: 6 pixels read .45 in one head and 1.5 in another. Beside fat, 1.4 / 2 / 2.9 pixels read .37 to .61 / .63 to .97 / .94 to 1.3 in every head.
ANCHORS = (0.28, 0.60, 0.92)


def draw(rng: np.random.Generator, scan: MRIScan, *, towards: str = "any") -> dict[str, Any]:
    """To which side fat goes along the read-out: the polarity of the gradient."""
    if towards not in ("any", *SIDES):
        raise ConfigError(f"recipe.pattern.towards={towards!r} is not known; allowed: any, {', '.join(SIDES)}")
    return {"towards": str(rng.choice(list(SIDES))) if towards == "any" else towards, "phase_axis": int(scan.phase_axis)}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: displacement of fat in acquired pixels: its frequency offset over the receiver bandwidth per pixel."""
    return shift_fat(scan, shift_px=SIDES[pattern["towards"]] * strength)


def refuse(scan: MRIScan) -> str | None:
    """Without bright fat there is nothing to displace."""
    return refuse_without_fat(scan.body)


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("displacement of fat", "px", neutral=0.0, limit=LIMIT_PX, scale="log"),
    effect=Effect("detail beside fat", contrast_lost_beside_fat, ANCHORS),
    measures=(fat_displacement, displacement_p95, receiver_bandwidth),
    attributes=("chemical shift", "sharpness"),
    refuse=refuse,
    words=Words(
        artefact="chemical shift artefact",
        synonyms=("fat-water shift artefact", "chemical shift misregistration", "chemical shift artefact of the first kind"),
        cause="fat and water were displaced against each other along the read-out",
        hides="borders between fat and water",
        looks={
            "none": ("fat and water in register", "fat borders without a bright or dark band"),
            "mild": (
                "a thin dark line on one side of the fat and a thin bright line on the other",
                "fat that is barely offset along the frequency-encoding direction",
                "a hint of a black and white edge at opposite fat borders",
            ),
            "moderate": (
                "a dark band on one side of the fat and a bright band where it overlaps water on the other",
                "subcutaneous fat visibly displaced along the frequency-encoding direction",
                "asymmetric black and white bands at fat borders",
            ),
            "severe": (
                "a broad black gap on one side of the fat and a broad bright overlap on the other",
                "subcutaneous fat slid well off its place along the frequency-encoding direction",
                "thick dark and bright bands at every fat border across the frequency-encoding direction",
            ),
        },
        confusers=("mri_india_ink", "mri_gibbs", "mri_motion"),
        impact=0.5,
    ),
    references=(
        Reference("Soila, Viamonte and Starewicz 1984, Chemical shift misregistration effect in magnetic resonance imaging, Radiology 153, 819"),
        Reference("Hood et al. 1999, Chemical shift: the artifact and clinical tool revisited", doi="10.1148/radiographics.19.2.g99mr07357"),
    ),
)
