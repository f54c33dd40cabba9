"""Noise of a three-dimensional scan that is accelerated along two axes: grain where the coils look alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.seeds import noise_seed
from physics.mri.g_factor import grain_centre_over_rim
from physics.mri.lattice import Lattice
from physics.mri.lattice_noise import add_lattice_noise, lattice_acceleration, lattice_g_max, lattice_g_mean
from physics.mri.scan import MRIScan
from recipes.mri.caipi import STEPS
from recipes.mri.caipi import refuse as refuse_slab


def draw(rng: np.random.Generator, scan: MRIScan) -> dict[str, Any]:
    """Which lattice is taken, and the grain."""
    along, across, shift = STEPS[int(rng.integers(len(STEPS)))]
    return {"along": along, "across": across, "shift": shift, "noise_seed": noise_seed(rng)}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: noise of a full scan of the same receiver over the mean tissue signal, the noise of the source included."""
    if strength == 0:
        return scan
    lattice = Lattice(pattern["along"], pattern["across"], pattern["shift"])
    return add_lattice_noise(scan, lattice, sigma=strength * scan.mean_tissue, seed=pattern["noise_seed"])


def refuse(scan: MRIScan) -> str | None:
    """As `mri_caipi`; and air that was set to zero cannot turn noisy in one picture and stay silent in its reference."""
    return "the air of the source was masked to zero and has no noise floor" if scan.masked_air else refuse_slab(scan)


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("noise of the full scan over tissue signal", "1", neutral=0.0, limit=0.4, scale="log"),
    effect=disturbance,
    measures=(lattice_g_mean, lattice_g_max, grain_centre_over_rim, lattice_acceleration),
    attributes=("noise band", "noise", "contrast"),
    words=Words(
        artefact="noise of two-axis parallel imaging",
        synonyms=("CAIPIRINHA noise", "g-factor noise of a three-dimensional scan", "noise amplification along two axes", "2D SENSE noise"),
        cause="a three-dimensional scan accelerated along two axes beyond what its signal allows",
        hides="low-contrast detail of the central anatomy",
        looks={
            "none": ("deep structures as clean as the periphery", "no patch of grain over the interior", "even quality from the centre to the rim"),
            "mild": (
                "a slight uneven grain over the interior",
                "deep tissue that is a little grainier than the rim",
                "a faintly granular patch over the central anatomy",
            ),
            "moderate": (
                "clear patches of grain over the interior with a cleaner rim",
                "noticeable noise amplification in deep structures",
                "a granular interior in which grey and white matter are hard to part",
            ),
            "severe": (
                "heavy grain in which the interior drowns",
                "strong noise amplification that leaves only the outer contours readable",
                "a coarse granular interior with bounded patches of noise",
            ),
        },
        confusers=("mri_noise", "mri_sense_noise"),
        impact=0.9,
    ),
    references=(
        Reference("Breuer et al. 2006, Controlled aliasing in volumetric parallel imaging (2D CAIPIRINHA)", doi="10.1002/mrm.20787"),
        Reference("Robson et al. 2008, Comprehensive quantification of signal-to-noise ratio and g-factor", doi="10.1002/mrm.21728"),
    ),
    refuse=refuse,
)
