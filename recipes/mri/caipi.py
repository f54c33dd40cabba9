"""CAIPIRINHA aliasing: a three-dimensional scan unfolded over two axes with coil maps that no longer fit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.caipi import unfold_lattice
from physics.mri.lattice import Lattice
from physics.mri.lattice_noise import lattice_acceleration, lattice_g_max, lattice_g_mean
from physics.mri.residual_aliasing import calibration_shift
from physics.mri.scan import MRIScan
from physics.mri.sense_maps import KINDS
from physics.mri.slice_profile import missing_slab

# One sample in four, as clinics take it: 2 x 2 with the partitions moved from line to line, or the lines from partition to partition.
STEPS = ((4, 1, 2), (2, 2, 1))  # along the lines, across the partitions, shift
LIMIT_MM = 60.0
FEWEST = 12  # slices: what folds onto one another lies three or more apart


def draw(rng: np.random.Generator, scan: MRIScan, *, kind: str = "array") -> dict[str, Any]:
    """Which lattice is taken, what had moved since the calibration (a flexible array; kind=body: harm then ends near 30 mm, at moderate), and where to."""
    if kind not in KINDS:
        raise ConfigError(f"recipe.pattern.kind={kind!r} is not known; allowed: {', '.join(KINDS)}")
    along, across, shift = STEPS[int(rng.integers(len(STEPS)))]
    angle = float(rng.choice((0.0, 180.0))) + float(rng.uniform(-25.0, 25.0))
    return {"along": along, "across": across, "shift": shift, "kind": kind, "direction_deg": round(angle % 360, 2)}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: shift in mm between the calibration and the scan, at direction_deg from the phase-encode direction."""
    if strength == 0:
        return scan
    angle = math.radians(pattern["direction_deg"])
    along, across = strength * math.cos(angle), strength * math.sin(angle)
    shift_mm = (along, across) if scan.phase_axis == 0 else (across, along)
    return unfold_lattice(scan, Lattice(pattern["along"], pattern["across"], pattern["shift"]), shift_mm=shift_mm, kind=pattern["kind"])


def refuse(scan: MRIScan) -> str | None:
    """Nothing can fold in from slices that are not there; too few lines leave none to skip."""
    if reason := missing_slab(scan, 0.0):
        return reason
    if scan.n_lines < 64:
        return "fewer than 64 phase-encode lines: calibration would take most of them"
    n = 0 if scan.slab is None else scan.slab.density.shape[0]
    return f"the source has {n} slices about the picture; {FEWEST} are needed" if n < FEWEST else None


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("shift since the calibration", "mm", neutral=0.0, limit=LIMIT_MM),
    effect=disturbance,
    measures=(calibration_shift, lattice_acceleration, lattice_g_mean, lattice_g_max, artefact_to_signal),
    attributes=("slice leakage", "intensity inhomogeneity", "contrast"),
    words=Words(
        artefact="CAIPIRINHA aliasing",
        synonyms=("slice leakage", "inter-slice aliasing", "residual aliasing of a three-dimensional scan", "slab aliasing"),
        cause="coil maps that no longer fit, in a three-dimensional scan accelerated along two axes",
        hides="low-contrast detail under the folded slices",
        looks={
            "none": ("no leakage from other slices", "a picture free of folded slices"),
            "mild": (
                "faint fine edges of other slices across the anatomy",
                "a faint outline of another slice displaced along the phase-encode direction",
                "a delicate pattern of foreign edges",
            ),
            "moderate": (
                "displaced outlines of other slices across anatomy that is brighter at one end",
                "clear edges that belong to slices above or below",
                "leaked contours of several slices, each displaced by a part of the field of view",
            ),
            "severe": (
                "several slices folded onto one another",
                "strong leakage of displaced slices that hides the anatomy",
                "foreign anatomy of other slices throughout the picture",
            ),
        },
        confusers=("mri_undersampling", "mri_motion"),
        impact=0.8,
    ),
    references=(
        Reference("Breuer et al. 2006, Controlled aliasing in volumetric parallel imaging (2D CAIPIRINHA)", doi="10.1002/mrm.20787"),
        Reference("Cauley et al. 2014, Interslice leakage artifact reduction technique for simultaneous multislice acquisitions", doi="10.1002/mrm.24898"),
    ),
    refuse=refuse,
)
