"""CAIPIRINHA aliasing: a three-dimensional scan that skipped too much along two axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.caipi import Lattice, samples_left_out, skip
from physics.mri.measures import ghost_to_signal
from physics.mri.scan import MRIScan
from physics.mri.slice_profile import missing_slab

STEPS = ((2, 2, 1), (3, 2, 1), (3, 2, 2), (2, 3, 1))  # along the lines, across the partitions, shift
LIMIT_PERCENT = 74.0  # of the samples: little more than the central lines is left whole of one in four
FEWEST = 12  # slices: two periods of the sparsest lattice


def draw(rng: np.random.Generator, scan: MRIScan) -> dict[str, Any]:
    """Which lattice is taken."""
    along, across, shift = STEPS[int(rng.integers(len(STEPS)))]
    return {"along": along, "across": across, "shift": shift}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: share of the samples (lines and partitions) that were left out, in percent; the central lines that are taken whole grow fewer with it."""
    if strength == 0:
        return scan
    most = 1 - 1 / (pattern["along"] * pattern["across"])
    return skip(scan, Lattice(pattern["along"], pattern["across"], pattern["shift"], max(1 - strength / 100 / most, 1e-3)))


def refuse(scan: MRIScan) -> str | None:
    """Nothing can fold in from slices that are not there."""
    if reason := missing_slab(scan, 0.0):
        return reason
    n = 0 if scan.slab is None else scan.slab.density.shape[0]
    return f"the source has {n} slices about the picture; {FEWEST} are needed" if n < FEWEST else None


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("share of samples left out", "%", neutral=0.0, limit=LIMIT_PERCENT),
    effect=disturbance,
    measures=(samples_left_out, ghost_to_signal, artefact_to_signal),
    attributes=("slice leakage", "contrast"),
    words=Words(
        artefact="CAIPIRINHA aliasing",
        synonyms=("slice leakage", "inter-slice aliasing", "residual aliasing of a three-dimensional scan", "slab aliasing"),
        cause="too few samples along two axes of a three-dimensional scan",
        hides="low-contrast detail under the folded slices",
        looks={
            "none": ("no leakage from other slices", "a picture free of folded slices"),
            "mild": (
                "faint fine edges of other slices across the anatomy",
                "a faint outline of another slice displaced along the phase-encode direction",
                "a delicate pattern of foreign edges",
            ),
            "moderate": (
                "displaced outlines of other slices across the brain or body",
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
