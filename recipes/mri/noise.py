"""Thermal noise: too little signal for the receiver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.seeds import noise_seed
from physics.mri.local_change import local_noise
from physics.mri.measures import added_noise, tissue_snr
from physics.mri.scan import MRIScan
from physics.mri.thermal import add_noise


def draw(rng: np.random.Generator, scan: MRIScan) -> dict[str, Any]:
    """Which grain: the seed of the unit noise, the same at every level."""
    return {"noise_seed": noise_seed(rng)}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: noise deviation per channel over the mean tissue signal, the noise of the source included; 1 / signal-to-noise ratio."""
    if strength == 0:
        return scan
    return add_noise(scan, sigma=strength * scan.mean_tissue, seed=pattern["noise_seed"])


def refuse(scan: MRIScan) -> str | None:
    """Air that was set to zero cannot turn noisy in one picture and stay silent in its reference."""
    return "the air of the source was masked to zero and has no noise floor" if scan.masked_air else None


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("noise over tissue signal", "1", neutral=0.0, limit=1.0, scale="log"),
    effect=disturbance,
    measures=(added_noise, tissue_snr, local_noise),
    attributes=("noise", "contrast"),
    words=Words(
        artefact="thermal noise",
        synonyms=("image noise", "low signal-to-noise ratio", "graininess", "Rician noise", "random noise"),
        cause="too weak a signal at the receiver",
        hides="low-contrast lesions and fine texture",
        looks={
            "none": ("a smooth texture without visible grain", "homogeneous tissue and a dark, quiet background", "no perceptible noise"),
            "mild": (
                "a fine grain over tissue that leaves all structures readable",
                "slight graininess in homogeneous white matter",
                "a faint speckle that is easiest to see in the background",
            ),
            "moderate": (
                "a clear grain that blurs the border between grey and white matter",
                "noticeable speckle over the brain and a raised background",
                "noticeable speckle over all tissue",
                "a grainy texture that competes with low-contrast detail",
            ),
            "severe": (
                "a coarse grain over the whole picture in which fine structures drown",
                "heavy speckle with a bright, grainy background and washed-out contrast",
                "noise so strong that only high-contrast contours remain",
            ),
        },
        confusers=("mri_undersampling", "mri_motion"),
        impact=0.9,
    ),
    references=(
        Reference("Gudbjartsson and Patz 1995, The Rician distribution of noisy MRI data", doi="10.1002/mrm.1910340618"),
        Reference(
            "Constantinides, Atalar and McVeigh 1997, Signal-to-noise measurements in magnitude images from NMR phased arrays", doi="10.1002/mrm.1910380524"
        ),
    ),
    refuse=refuse,
)
