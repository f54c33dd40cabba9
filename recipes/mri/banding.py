"""Dark bands of a balanced steady-state sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from physics.mri.scan import MRIScan
from physics.mri.shim import ShimError, draw_shim_error
from physics.mri.steady_state import Balanced, band, field_range, tissue_in_bands

TR_MS = (3.5, 8.0)
FLIP_DEG = (30.0, 70.0)
LIMIT = 6.0  # bands across the body: an unshimmed magnet at 3 T
# Tissue between bands is left as it was, which the measure of the family forgives too much: with its own anchors six bands through a brain would still be
# moderate. These put mild where the first null reaches the margin (0.8 bands), moderate near 1.5 and severe from 3.5 bands on.
EFFECT = disturbance.with_anchors((0.32, 0.47, 0.56))


def draw(rng: np.random.Generator, scan: MRIScan) -> dict[str, Any]:
    """Repetition time, flip angle, and where the shims failed."""
    tr_ms, flip_deg = round(float(rng.uniform(*TR_MS)), 3), round(float(rng.uniform(*FLIP_DEG)), 2)
    error = asdict(draw_shim_error(rng))
    return {"tr_ms": tr_ms, "flip_deg": flip_deg, **{name: list(value) if isinstance(value, tuple) else value for name, value in error.items()}}


def error_of(pattern: Mapping[str, Any]) -> ShimError:
    """The shape of the field of a pattern."""
    down, right = pattern["slopes"]
    first, second, third = pattern["curvatures"]
    return ShimError((down, right), (first, second, third), pattern["own"])


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: range of the field over tissue times the repetition time: how many bands cross the body."""
    return band(scan, Balanced(1e-3 * pattern["tr_ms"], pattern["flip_deg"]), bands=strength, error=error_of(pattern))


def refuse(scan: MRIScan) -> str | None:
    """A balanced steady state is a gradient echo that is not spoiled."""
    echo = scan.protocol.echo
    kind = {"spin": "a spin echo", "spoiled": "a spoiled gradient echo"}.get(echo or "")
    return f"dark bands need a balanced steady state; the source is {kind}" if kind else None


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("field range times repetition time", "bands", neutral=0.0, limit=LIMIT),
    effect=EFFECT,
    refuse=refuse,
    measures=(field_range, tissue_in_bands),
    attributes=("banding", "intensity inhomogeneity"),
    words=Words(
        artefact="banding artefact",
        synonyms=("off-resonance banding", "bSSFP banding", "dark band artefact", "steady-state banding"),
        cause="an inhomogeneous main field in a balanced steady-state sequence",
        hides="tissue under the dark bands",
        looks={
            "none": ("no dark bands", "an unbroken steady-state signal from edge to edge"),
            "mild": (
                "a dark margin on one side where a band begins",
                "a thin curved dark line at the margin",
                "a dark band that stays clear of the centre",
            ),
            "moderate": (
                "dark curved bands that cross part of the anatomy",
                "one or two black bands through the tissue",
                "well-defined dark bands with normal signal between them",
            ),
            "severe": (
                "several dark bands across the whole slice",
                "closely spaced black bands that cut the anatomy into strips",
                "dense dark bands like contour lines over the organ of interest",
            ),
        },
        confusers=("mri_spike", "mri_bias_field", "mri_transmit_field"),
        impact=0.8,
    ),
    references=(
        Reference("Scheffler and Lehnhardt 2003, Principles and applications of balanced SSFP techniques", doi="10.1007/s00330-003-1957-x"),
        Reference("Bieri and Scheffler 2013, Fundamentals of balanced steady state free precession MRI", doi="10.1002/jmri.24163"),
    ),
)
