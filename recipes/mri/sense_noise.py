"""Noise of parallel imaging: a band of grain where the coils look alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.mri.accelerate import add_sense_noise
from physics.mri.g_factor import g_max, g_mean, grain_centre_over_rim
from physics.mri.local_change import local_noise, noise_peak_over_median
from physics.mri.measures import acceleration
from physics.mri.scan import MRIScan

STEPS = (2, 3, 4)


def draw(rng: np.random.Generator, scan: MRIScan, *, step: int = 0) -> dict[str, Any]:
    """How many lines are skipped (step = 0: every third or fourth is taken; every second costs even noise only), and the calibration lines."""
    if step and step not in STEPS:
        raise ConfigError(f"recipe.pattern.step={step}; allowed: 0 (drawn), {', '.join(map(str, STEPS))}")
    chosen = int(step) or int(rng.choice((3, 4)))
    return {"step": chosen, "n_centre": int(rng.integers(28, 37)), "noise_seed": noise_seed(rng)}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: noise of a full scan of the same receiver over the mean tissue signal, the noise of the source included."""
    if strength == 0:
        return scan
    return add_sense_noise(scan, sigma=strength * scan.mean_tissue, step=pattern["step"], n_centre=pattern["n_centre"], seed=pattern["noise_seed"])


def refuse(scan: MRIScan) -> str | None:
    """Air that was set to zero cannot turn noisy in one picture and stay silent in its reference; too few lines leave none to skip."""
    if scan.masked_air:
        return "the air of the source was masked to zero and has no noise floor"
    return "fewer than 64 phase-encode lines: calibration would take most of them" if scan.n_lines < 64 else None


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("noise of the full scan over tissue signal", "1", neutral=0.0, limit=0.4, scale="log"),
    effect=disturbance,
    measures=(g_mean, g_max, grain_centre_over_rim, acceleration, local_noise, noise_peak_over_median),
    attributes=("noise band", "noise", "contrast"),
    words=Words(
        artefact="parallel imaging noise",
        synonyms=("g-factor noise", "noise amplification of parallel imaging", "central noise band", "SENSE noise"),
        cause="a parallel imaging factor that is too high for the coil array",
        hides="low-contrast detail of the central anatomy",
        looks={
            "none": ("deep structures as clean as the periphery", "no band of grain in the middle", "even quality from the centre to the rim"),
            "mild": (
                "a slight patch of grain in the middle",
                "deep tissue that is a little grainier than the rim",
                "a faintly granular zone over the central anatomy",
            ),
            "moderate": (
                "a clear band of grain over the central anatomy with a cleaner rim",
                "noticeable noise amplification in deep structures",
                "a granular central zone with a visible border",
            ),
            "severe": (
                "a heavy band of grain in which the central anatomy drowns",
                "strong noise amplification that leaves only the outer contours readable",
                "a coarse granular centre with sharply bounded patches of noise",
            ),
        },
        confusers=("mri_noise", "mri_undersampling"),
        impact=0.9,
    ),
    references=(
        Reference("Pruessmann et al. 1999, SENSE: sensitivity encoding for fast MRI", doi="10.1002/(SICI)1522-2594(199911)42:5<952::AID-MRM16>3.0.CO;2-S"),
        Reference("Robson et al. 2008, Comprehensive quantification of signal-to-noise ratio and g-factor", doi="10.1002/mrm.21728"),
    ),
    refuse=refuse,
)
