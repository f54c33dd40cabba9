"""Receive bias: surface coils near the skin, not corrected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import shading
from medq_gen.errors import ConfigError
from physics.mri.local_change import bias_variation
from physics.mri.measures import receive_variation
from physics.mri.receive import approach, free_directions
from physics.mri.scan import MRIScan

LIMIT_PER_M = 100.0  # a loop 10 mm from the skin: its housing touches
LOOPS = (1, 3)


def draw(rng: np.random.Generator, scan: MRIScan, *, n_loops: int = 0) -> dict[str, Any]:
    """Where the loops lie: one alone, or two or three side by side (n_loops = 0: drawn), and how large they are."""
    if n_loops and not LOOPS[0] <= n_loops <= LOOPS[1]:
        raise ConfigError(f"recipe.pattern.n_loops={n_loops}; allowed: 0 (drawn) or {LOOPS[0]} to {LOOPS[1]}")
    count = int(n_loops) or int(rng.choice((1, 2, 3), p=(0.6, 0.25, 0.15)))
    fov_mm = min(n * d for n, d in zip(scan.matrix, scan.spacing_mm, strict=True))
    radius_mm, apart = round(float(rng.uniform(0.2, 0.3) * fov_mm), 2), float(rng.uniform(35, 60))
    first = float(rng.choice(free_directions(scan, radius_mm=radius_mm)))
    return {"directions_deg": [round((first + apart * loop) % 360, 2) for loop in range(count)], "radius_mm": radius_mm}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: one over the gap between skin and loops, in 1/m; 0 is a coil at infinity, which hears everything alike."""
    return approach(scan, nearness_per_m=strength, directions_deg=tuple(pattern["directions_deg"]), radius_mm=pattern["radius_mm"])


def refuse(scan: MRIScan) -> str | None:
    """Measured coils shade as they were measured."""
    return "the coils of this scan were measured, and their shading with them" if scan.coils is not None else None


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    refuse=refuse,
    strength=Strength("nearness of the receive loops", "1/m", neutral=0.0, limit=LIMIT_PER_M, scale="log"),
    effect=shading,
    measures=(receive_variation, bias_variation),
    attributes=("intensity inhomogeneity", "brightness"),
    words=Words(
        artefact="bias field",
        synonyms=("intensity inhomogeneity", "receive-coil shading", "signal inhomogeneity", "intensity non-uniformity", "coil sensitivity shading"),
        cause="the uneven sensitivity of the receive coil",
        hides="tissue far from the receive coil",
        looks={
            "none": ("even brightness from one side to the other", "uniform signal within each tissue", "no shading"),
            "mild": (
                "a slight brightness gradient across the head",
                "gentle shading that is darker on one side",
                "a soft fall of brightness away from one edge",
            ),
            "moderate": (
                "clear shading, with one side distinctly brighter than the other",
                "a visible brightness gradient that makes equal tissue look unequal",
                "a bright rim on one side and dim tissue on the other",
            ),
            "severe": (
                "strong shading, with glaring tissue near the coil and dark tissue far from it",
                "a steep brightness gradient in which the far side is hard to read",
                "near-coil tissue close to saturation while the opposite side sinks into darkness",
            ),
        },
        confusers=(),
        impact=0.9,
    ),
    references=(
        Reference("Roemer et al. 1990, The NMR phased array", doi="10.1002/mrm.1910160203"),
        Reference("Vovk, Pernus and Likar 2007, A review of methods for correction of intensity inhomogeneity in MRI, IEEE Trans. Med. Imaging 26, 405"),
    ),
)
