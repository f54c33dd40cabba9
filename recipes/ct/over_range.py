"""Over-range: rays that barely met the patient sent more than the converter could write down."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.ct.measures import hu_bias
from physics.ct.over_range import OverRange, clip_signal, least_path_of
from physics.ct.over_range_measures import clipped_ray_share, skin_hu
from physics.ct.scan import CTScan
from physics.ct.streak_measures import affected_share, shades_hu


def draw(rng: np.random.Generator, scan: CTScan, *, spread: float = -1.0) -> dict[str, Any]:
    """By how much the ceilings of the channels differ. spread : their standard deviation as a share, 0 to 0.1; -1 draws it."""
    if spread != -1.0 and not 0.0 <= spread <= 0.1:
        raise ConfigError(f"recipe.pattern: spread={spread}; 0 to 0.1, or -1 to draw it")
    seed, drawn = noise_seed(rng), round(float(rng.uniform(0.002, 0.02)), 4)
    return {"noise_seed": seed, "spread": drawn if spread < 0 else spread}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : by how much the brightest ray exceeds the ceiling, as a natural logarithm."""
    if strength == 0:
        return scan
    return clip_signal(scan, OverRange(max(least_path_of(scan) + strength, 0.0), pattern["spread"], pattern["noise_seed"]))


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("signal above the ceiling", "ln", neutral=0.0, limit=1.8),
    # seen: with the usual anchors of P a brain that is dark but readable would be severe
    effect=disturbance.with_anchors((0.33, 0.55, 0.74)),
    measures=(clipped_ray_share, skin_hu, shades_hu, affected_share, hu_bias),
    attributes=("uniformity", "coverage", "contrast"),
    words=Words(
        artefact="over-range artefact",
        synonyms=("detector saturation", "converter overflow", "signal clipping at the skin", "over-ranging of the detector"),
        cause="rays that met little tissue sent more signal than the detector's converter could write down",
        hides="the skin and the tissue beneath it",
        looks={
            "none": ("a complete skin line", "even values from the skin to the centre", "no sign of a saturated detector"),
            "mild": (
                "a skin line that fades in places",
                "tissue a little darker beneath the skin",
                "thin parts at the margin slightly worn away",
            ),
            "moderate": (
                "a skin line that is lost along much of the outline",
                "the outline of the section worn away and its rim darkened",
                "thin parts at the margin gone, with dark tissue beneath",
            ),
            "severe": (
                "an outline eaten away, with dark tissue deep inside",
                "only the thickest parts left of the section",
                "skin and fat gone all around, and the rest far too dark",
            ),
        },
        confusers=("ct_truncation", "ct_hu_shift", "ct_beam_hardening", "ct_scatter"),
        impact=0.8,
    ),
    references=(
        Reference("Hsieh 2015, Computed Tomography, 3rd edition, chapter 7"),
        Reference("Boas and Fleischmann 2012, CT artifacts: causes and reduction techniques, Imaging Med 4, 229"),
    ),
)
