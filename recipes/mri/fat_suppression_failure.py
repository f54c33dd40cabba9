"""Fat saturation that fails where the field is off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import line
from physics.mri.fat_saturation import fat_spared, miss_fat, refuse_unsuppressed, water_suppressed
from physics.mri.scan import MRIScan
from physics.mri.shim import ShimError, draw_shim_error

LIMIT_PPM = 10.0  # +-5 ppm: beside metal or a magnet that was never shimmed


def draw(rng: np.random.Generator, scan: MRIScan) -> dict[str, Any]:
    """Where the shims failed."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(draw_shim_error(rng)).items()}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: range of the field over tissue, in ppm."""
    down, right = pattern["slopes"]
    first, second, third = pattern["curvatures"]
    return miss_fat(scan, range_ppm=strength, error=ShimError((down, right), (first, second, third), pattern["own"]))


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("range of the field", "ppm", neutral=0.0, limit=LIMIT_PPM),
    effect=line,
    refuse=refuse_unsuppressed,
    measures=(fat_spared, water_suppressed),
    attributes=("fat suppression failure", "intensity inhomogeneity"),
    words=Words(
        artefact="fat suppression failure",
        synonyms=("incomplete fat suppression", "failed fat saturation", "inhomogeneous fat suppression", "patchy fat saturation"),
        cause="an inhomogeneous main field, in which the fat saturation pulse misses fat and may hit water",
        hides="oedema and enhancement beside unsuppressed fat",
        looks={
            "none": ("evenly dark fat", "homogeneous fat suppression"),
            "mild": (
                "a small patch of unsuppressed fat under the skin",
                "fat that is slightly bright at one edge",
                "incomplete fat suppression confined to one corner",
            ),
            "moderate": (
                "patchy fat suppression with bright fat on one side",
                "a clearly bright segment of subcutaneous fat",
                "uneven fat suppression between opposite sides of the body",
            ),
            "severe": (
                "bright unsuppressed fat over a large part of the circumference",
                "failed fat suppression with water darkened in its place",
                "glaring fat on opposite sides and suppressed water between",
            ),
        },
        confusers=("mri_bias_field", "mri_chemical_shift", "mri_banding"),
        impact=0.7,
    ),
    references=(
        Reference("Delfaut et al. 1999, Fat suppression in MR imaging: techniques and pitfalls", doi="10.1148/radiographics.19.2.g99mr03373"),
        Reference("Haase et al. 1985, 1H NMR chemical shift selective (CHESS) imaging, Phys. Med. Biol. 30, 341"),
    ),
)
