"""Partial volume: slices that are too thick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.scan import MRIScan
from physics.mri.slice_profile import SliceProfile, missing_slab
from physics.mri.thick_slice import slice_thickness, thicken

LIMIT_MM = 24.0
TRANSITION = (0.08, 0.24)  # slope of the profile over its thickness: from long optimised pulses to short ones
REACH_MM = SliceProfile(LIMIT_MM, TRANSITION[1]).half_extent_mm


def draw(rng: np.random.Generator, scan: MRIScan) -> dict[str, Any]:
    """How steep the slopes of the excited profile are."""
    return {"transition": round(float(rng.uniform(*TRANSITION)), 3)}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: full width at half maximum of the excited profile in millimetres, on top of the thickness of the source's slices."""
    return scan if strength == 0 else thicken(scan, SliceProfile(strength, pattern["transition"]))


def refuse(scan: MRIScan) -> str | None:
    """What lies above and below a single picture is not known."""
    return missing_slab(scan, REACH_MM)


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("slice thickness", "mm", neutral=0.0, limit=LIMIT_MM),
    effect=disturbance,
    measures=(slice_thickness, artefact_to_signal),
    attributes=("partial volume", "sharpness"),
    words=Words(
        artefact="partial volume artefact",
        synonyms=("partial volume effect", "partial volume averaging", "thick-slice averaging", "through-plane blurring"),
        cause="slices so thick that several tissues share a voxel",
        hides="small lesions, thin septa and the depth of sulci",
        looks={
            "none": ("no partial volume averaging", "tissue borders that are as crisp as a thin slice makes them"),
            "mild": (
                "sulci that are a little shallower and greyer than in a thin slice",
                "slightly blended borders where surfaces run oblique to the slice",
                "a faint veil along oblique tissue borders",
            ),
            "moderate": (
                "blended grey and white matter with indistinct sulci",
                "tissue borders that fade into broad transitions",
                "structures of neighbouring levels shining through as faint second outlines",
                "small vessels and thin septa averaged away",
            ),
            "severe": (
                "tissues of several levels averaged on top of each other",
                "outlines that vanish by averaging, with structures of other levels in their place",
                "sulci and folds melted into a flat grey average",
            ),
        },
        confusers=("mri_motion", "mri_noise"),
        impact=0.7,
    ),
    references=(
        Reference("Gonzalez Ballester, Zisserman and Brady 2002, Estimation of the partial volume effect in MRI, Med. Image Anal. 6, 389"),
        Reference("Pauly et al. 1991, Parameter relations for the Shinnar-Le Roux selective excitation pulse design algorithm", doi="10.1109/42.75611"),
    ),
    refuse=refuse,
)
