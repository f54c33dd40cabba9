"""Residual aliasing of GRAPPA: weights learnt from poor calibration lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.local_change import local_noise
from physics.mri.measures import acceleration, ghost_to_signal
from physics.mri.noisy_calibration import fill_from_noisy_lines, kernel_equations
from physics.mri.residual_aliasing import residual_copies
from physics.mri.scan import MRIScan

STEPS = (2, 3, 4)


def draw(rng: np.random.Generator, scan: MRIScan, *, step: int = 0) -> dict[str, Any]:
    """How many lines are skipped (step = 0: every third is taken), how many calibration lines there are, and their noise."""
    if step and step not in STEPS:
        raise ConfigError(f"recipe.pattern.step={step}; allowed: 0 (drawn), {', '.join(map(str, STEPS))}")
    # Every second line leaves copies that hardly meet the body where the field is wide: harm then ends at moderate. A kernel spans 3 R + 1 lines: with twice
    # that many and no more, few equations average the noise out.
    chosen = int(step) or 3
    return {"step": chosen, "n_calibration": int(rng.integers(5 * chosen + 2, 6 * chosen + 3)), "noise_seed": noise_seed(rng)}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: noise of a calibration sample over the mean tissue signal."""
    return fill_from_noisy_lines(
        scan, sigma=strength * scan.mean_tissue, step=pattern["step"], n_calibration=pattern["n_calibration"], seed=pattern["noise_seed"]
    )


def refuse(scan: MRIScan) -> str | None:
    """Too few lines leave none to skip."""
    return "fewer than 64 phase-encode lines: calibration would take most of them" if scan.n_lines < 64 else None


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("noise of the calibration lines over tissue signal", "1", neutral=0.0, limit=20.0, scale="log"),
    effect=disturbance,
    measures=(residual_copies, kernel_equations, acceleration, ghost_to_signal, artefact_to_signal, local_noise),
    attributes=("undersampling aliasing", "noise"),
    words=Words(
        artefact="residual GRAPPA aliasing",
        synonyms=("GRAPPA ghost", "GRAPPA calibration artefact", "parallel imaging ghost", "incomplete line filling"),
        cause="GRAPPA weights that were learnt from noisy or too few calibration lines",
        hides="anatomy under the ghost copies",
        looks={
            "none": ("no regular copies of the anatomy", "lines filled without a trace", "an even background at fixed fractions of the field of view"),
            "mild": (
                "faint copies of bright edges at a fixed fraction of the field of view",
                "a pale regular ghost along the phase-encode direction",
                "a slight double contour some distance from the scalp or skin",
            ),
            "moderate": (
                "clear regular copies of the anatomy along the phase-encode direction",
                "evenly spaced ghosts that cross the interior",
                "visible displaced contours at equal distances",
            ),
            "severe": (
                "several copies of the anatomy about as bright as the anatomy itself",
                "evenly spaced overlapping copies over the whole field",
                "anatomy that can hardly be told from its copies",
            ),
        },
        confusers=("mri_sense_residual", "mri_n2_ghost", "mri_wrap_around"),
        impact=0.9,
    ),
    references=(
        Reference("Griswold et al. 2002, Generalized autocalibrating partially parallel acquisitions (GRAPPA)", doi="10.1002/mrm.10171"),
        Reference("Chang, Liang and Ying 2012, Nonlinear GRAPPA: a kernel approach to parallel MRI reconstruction, Magn. Reson. Med. 68, 730"),
    ),
    refuse=refuse,
)
