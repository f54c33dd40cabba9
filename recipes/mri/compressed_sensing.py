"""Compressed sensing, over-smoothed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import detail
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.compressed_sensing import over_smooth, texture_kept
from physics.mri.measures import acceleration
from physics.mri.resolution_along import BOTH_AXES
from physics.mri.scan import MRIScan

# A bright scalp outweighs the folds of the brain, which go first: where a blur takes 41 % of all detail, sparsity has taken every sulcus. Marked on ladders of
# heads and an abdomen beside those of motion: waxy (15 %), folds that merge (27 %), large shapes only (49 %).
FLATTENED = detail.with_anchors((0.15, 0.27, 0.49))
ACCELERATIONS = (2.0, 8.0)  # that may be asked for


def draw(rng: np.random.Generator, scan: MRIScan, *, acceleration: float = 0.0) -> dict[str, Any]:
    """How many lines are left out (acceleration = 0: 2.5 to 4 times fewer), which ones, and the calibration lines."""
    if acceleration and not ACCELERATIONS[0] <= acceleration <= ACCELERATIONS[1]:
        raise ConfigError(f"recipe.pattern.acceleration={acceleration}; allowed: 0 (drawn), {ACCELERATIONS[0]:g} to {ACCELERATIONS[1]:g}")
    factor = float(acceleration) or float(rng.uniform(2.5, 4.0))
    share = round(1 / factor, 4)
    centre = max(round(float(rng.uniform(0.08, 0.1)) * scan.n_lines), 12)
    return {
        "share": share,
        "n_centre": min(centre, scan.n_lines),
        "power": round(float(rng.uniform(1.5, 2.5)), 3),
        "mask_seed": noise_seed(rng),
        "noise_seed": noise_seed(rng),
    }


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: weight of sparsity, the threshold as share of the largest wavelet coefficient of the zero-filled picture."""
    if strength == 0:
        return scan
    drawn = {name: pattern[name] for name in ("share", "n_centre", "power", "mask_seed", "noise_seed")}
    return over_smooth(scan, weight=strength, **drawn)


def refuse(scan: MRIScan) -> str | None:
    """Too few lines leave none to skip."""
    return "fewer than 64 phase-encode lines: calibration would take most of them" if scan.n_lines < 64 else None


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("weight of sparsity", "largest coefficient", neutral=0.0, limit=0.4, scale="log"),
    effect=FLATTENED,
    measures=(texture_kept, acceleration, artefact_to_signal, *BOTH_AXES),
    attributes=("over-smoothing", "sharpness", "contrast"),
    words=Words(
        artefact="compressed sensing over-smoothing",
        synonyms=("over-regularisation", "oil-paint look", "plastic look of compressed sensing", "wavelet blotchiness"),
        cause="too strong a sparsity weight in the compressed sensing reconstruction",
        hides="fine texture, small vessels and low-contrast lesions",
        looks={
            "none": ("a natural fine texture", "small vessels and folds as crisp as in a full scan", "no waxy surface"),
            "mild": (
                "a slightly waxy texture",
                "fine texture that is a little washed out",
                "small vessels that begin to fade into smooth tissue",
            ),
            "moderate": (
                "a clearly plastic look with fine texture gone",
                "smooth patches where subtle detail should be",
                "oil-paint tissue in which small folds merge",
            ),
            "severe": (
                "blocky, waxy patches in place of the anatomy",
                "featureless plastic tissue with stair-stepped contours",
                "coarse painted blotches in which only large shapes remain",
            ),
        },
        confusers=("mri_undersampling", "mri_low_resolution"),
        impact=0.9,
    ),
    references=(
        Reference("Lustig, Donoho and Pauly 2007, Sparse MRI", doi="10.1002/mrm.21391"),
        Reference("Jaspan, Fleysher and Lipton 2015, Compressed sensing MRI: a review of the clinical literature, Br. J. Radiol. 88, 20150487"),
    ),
    refuse=refuse,
)
