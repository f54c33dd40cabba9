"""Geometric blur: a focal spot, channels and views that are too wide."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import detail
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.ct.geometry import FAN
from physics.ct.insert import insert_mtf10, insert_mtf50
from physics.ct.measures import noise_hu
from physics.ct.ray_blur import Widths, blur_rays
from physics.ct.resolution import mtf10, mtf50
from physics.ct.scan import CTScan

KINDS = {"focal_spot": (0.75, 0.95), "detector": (0.0, 0.2)}  # the spot's share of the blur's variance
ARC_AT_MM = 100.0  # from the isocentre, where the gantry's part is what its share says


def draw(rng: np.random.Generator, scan: CTScan, *, kind: str = "any") -> dict[str, Any]:
    """What is wide beside the scanner's own: mostly the focal spot, or mostly the channels; the gantry's way within a view makes a part of the rest."""
    if kind not in ("any", *KINDS):
        raise ConfigError(f"recipe.pattern: kind={kind!r}; allowed: any, {', '.join(KINDS)}")
    chosen = str(rng.choice(list(KINDS), p=(0.65, 0.35))) if kind == "any" else kind
    spot = round(float(rng.uniform(*KINDS[chosen])), 3)
    return {"kind": chosen, "spot_share": spot, "arc_share": round(float(rng.uniform(0.0, 0.3)) * (1 - spot), 3), "noise_seed": noise_seed(rng)}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : root of the sum of the squares of the boxes, at the isocentre; the gantry's counts where it is 100 mm away."""
    spot, arc = pattern["spot_share"], pattern["arc_share"]
    widths = Widths(
        detector_mm=strength * math.sqrt(1 - spot - arc),
        focal_spot_mm=strength * math.sqrt(spot) / (1 - FAN.source_mm / FAN.detector_mm),
        arc_deg=math.degrees(strength * math.sqrt(arc) / ARC_AT_MM),
    )
    return blur_rays(scan, widths, seed=pattern["noise_seed"])


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    # a scanner in order adds 1 mm, one out of order 2 to 3 mm; a brain window shows no less than 3 mm
    strength=Strength("blur at the isocentre", "mm", neutral=0.0, limit=11.0, scale="log"),
    effect=detail,
    measures=(mtf50, mtf10, insert_mtf50, insert_mtf10, noise_hu),
    attributes=("sharpness",),
    words=Words(
        artefact="geometric blur",
        synonyms=("focal-spot blur", "geometric unsharpness", "penumbral blur", "focal-spot unsharpness", "blooming of the focal spot"),
        cause="a focal spot that is too large for fine detail",
        hides="thin bone, small vessels and other fine detail",
        looks={
            "none": ("edges as crisp as the scanner allows", "no geometric blur", "fine bone drawn sharply"),
            "mild": (
                "slightly soft edges under an unchanged grain",
                "thin bone that is a little washed out while the grain stays",
                "faintly rounded contours of bone and skin",
                "a slight loss of fine detail without streaks",
            ),
            "moderate": (
                "clearly soft borders under the usual grain",
                "thin septa that have run together while the grain is as fine as ever",
                "blurred contours of bone and air spaces",
                "obvious geometric unsharpness over the whole section",
            ),
            "severe": (
                "broad blurred borders of bone with a grain of natural size on top",
                "bone and air spaces that lose their shape",
                "contours that spread over several millimetres",
                "a section without fine detail, soft at every border",
            ),
        },
        wordings={
            "kind=detector": Wording(
                cause="detector channels that were joined and measure too wide a part of the beam",
                looks={
                    "mild": (
                        "slightly soft edges and a slightly smoother grain",
                        "faintly rounded contours with a quieter grain",
                        "a slight loss of fine detail",
                    ),
                    "moderate": (
                        "clearly soft borders with a smoothed grain",
                        "thin septa that have run together",
                        "blurred contours with fine streaks off dense bone",
                    ),
                    "severe": (
                        "broad blurred borders and a smeared grain with soft streaks off dense bone",
                        "bone and air spaces that lose their shape in a smoothed section",
                        "a section without fine detail, smooth and streaky near bone",
                    ),
                },
            )
        },
        confusers=("ct_smooth_kernel", "ct_motion", "ct_partial_volume"),
        impact=0.7,
    ),
    references=(
        Reference("Hsieh 2015, Computed Tomography: Principles, Design, Artifacts, and Recent Advances, chapter 5"),
        Reference("Kak and Slaney 1988, Principles of Computerized Tomographic Imaging, chapter 5"),
    ),
)
