"""Zipper: a radio station in the receiver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import line
from medq_gen.seeds import noise_seed
from physics.mri import MRIScan
from zipper_plugin.interference import Interference, add_interference


def draw(rng: np.random.Generator, scan: MRIScan, *, every_px: float = 20.0, reach: float = 0.6) -> dict[str, Any]:
    """Where the stations fall: one for every so many columns on average; reach: share of the half matrix."""
    columns = scan.matrix[1 - scan.phase_axis]
    shares = rng.uniform(-reach, reach, max(round(columns / every_px), 1))
    return {"offsets_px": [round(float(share) * (columns // 2)) for share in shares], "noise_seed": noise_seed(rng)}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: rms modulus on the line over the mean tissue signal."""
    return add_interference(scan, Interference(tuple(pattern["offsets_px"]), strength * float(scan.mean_tissue), pattern["noise_seed"]))


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("modulus on the line", "mean tissue signal", neutral=0.0, limit=2.0, scale="log"),
    effect=line,
    attributes=("zipper",),
    words=Words(
        artefact="radio station artefact",
        synonyms=("row of dots",),
        cause="radio interference in the scanner room",
        hides="detail on and beside the line",
        looks={
            "mild": ("one faint row of dots",),
            "moderate": ("a clear row of dots",),
            "severe": ("a glaring row of dots",),
        },
        confusers=("mri_noise",),
        impact=0.5,
    ),
    references=(Reference("Stadler et al. 2007, Eur Radiol 17", doi="10.1007/s00330-006-0470-4"),),
)
