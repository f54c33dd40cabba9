"""Low resolution: a coarse matrix, filtered and interpolated."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import detail
from medq_gen.errors import ConfigError
from physics.mri.resolution_along import BOTH_AXES
from physics.mri.scan import MRIScan
from physics.mri.truncation import lower_resolution, matrix_kept, point_spread_mm

TAPERS = (0.9, 1.0)  # less would ring
FULL_FILTER = 0.7  # of the matrix: from there on the filter is complete; a full matrix needs none


def draw(rng: np.random.Generator, scan: MRIScan, *, taper: float = 0.0) -> dict[str, Any]:
    """The scanner's filter (taper = 0: drawn), and how much coarser than the readout the phase-encode direction is."""
    if taper and not 0.5 <= taper <= 1:
        raise ConfigError(f"recipe.pattern.taper={taper}; allowed: 0 (drawn) or 0.5 (less would ring) to 1")
    return {"taper": round(float(taper) or float(rng.uniform(*TAPERS)), 3), "phase_power": round(float(rng.uniform(1.0, 1.25)), 3)}


def edit(scan: MRIScan, *, strength: float, pattern: Pattern) -> MRIScan:
    """strength: share of the readout's matrix that is taken; the phase-encode direction keeps a power of it. The filter comes with the loss of matrix."""
    if strength == 1:
        return scan
    shares = (strength ** pattern["phase_power"], strength)
    taper = pattern["taper"] * min((1 - strength) / (1 - FULL_FILTER), 1.0)
    return lower_resolution(scan, shares=shares if scan.phase_axis == 0 else shares[::-1], taper=taper)


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("acquisition matrix", "share of the matrix", neutral=1.0, limit=0.06, scale="log"),
    effect=detail,
    measures=(matrix_kept, point_spread_mm, *BOTH_AXES),
    attributes=("sharpness", "resolution"),
    words=Words(
        artefact="low resolution",
        synonyms=("low spatial resolution", "coarse acquisition matrix", "insufficient spatial resolution", "large in-plane voxels"),
        cause="too coarse an acquisition matrix",
        hides="small structures and thin borders",
        looks={
            "none": ("crisp fine structures", "full in-plane resolution", "thin borders drawn sharply"),
            "mild": (
                "slightly softened fine structures",
                "a slight loss of definition in thin cortical folds",
                "small structures that are a little indistinct",
            ),
            "moderate": (
                "clearly softened borders and indistinct small structures",
                "sulci and small vessels that merge with their surroundings",
                "a distinctly coarse rendering in which fine anatomy is lost",
            ),
            "severe": (
                "only large structures, without any fine anatomy",
                "anatomy dissolved into broad soft shapes",
                "borders so soft that neighbouring tissues cannot be told apart",
            ),
        },
        confusers=("mri_gibbs", "mri_motion"),
        impact=0.9,
    ),
    references=(
        Reference("Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, chapter 13"),
        Reference("Harris 1978, On the use of windows for harmonic analysis", doi="10.1109/PROC.1978.10837"),
    ),
)
