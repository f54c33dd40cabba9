"""Residual aliasing of SENSE: coil maps that no longer fit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.measures import acceleration, ghost_to_signal
from physics.mri.residual_aliasing import calibration_shift, residual_copies
from physics.mri.scan import MRIScan
from physics.mri.sense_maps import KINDS, unfold_with_old_maps

LIMIT_MM = 60.0


def draw(rng: np.random.Generator, scan: MRIScan, *, kind: str = "any", step: int = 0) -> dict[str, Any]:
    """What had moved since the calibration (kind: body or array), where to, and how many lines are skipped (step = 0: every third is taken)."""
    if kind not in ("any", *KINDS):
        raise ConfigError(f"recipe.pattern.kind={kind!r} is not known; allowed: any, {', '.join(KINDS)}")
    if step not in (0, 2, 3, 4):
        raise ConfigError(f"recipe.pattern.step={step}; allowed: 0 (drawn), 2, 3, 4")
    usual = "body" if rng.random() < 0.5 else "array"
    chosen = usual if kind == "any" else kind
    # Parts that fold onto one another lie along the lines: a shift across them hardly matters to the maps, and cuts the body's rim without a copy.
    spread = 45.0 if chosen == "body" else 25.0
    angle = float(rng.choice((0.0, 180.0))) + float(rng.uniform(-spread, spread))
    # Every second line folds a head onto little but air: a body that moved then loses its rim without a copy, and harm ends at moderate.
    return {"kind": chosen, "step": int(step) or 3, "direction_deg": round(angle % 360, 2)}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: shift in mm between the calibration and the scan, at direction_deg from the phase-encode direction."""
    if strength == 0:
        return scan
    angle = math.radians(pattern["direction_deg"])
    along, across = strength * math.cos(angle), strength * math.sin(angle)
    shift_mm = (along, across) if scan.phase_axis == 0 else (across, along)
    return unfold_with_old_maps(scan, shift_mm=shift_mm, step=pattern["step"], kind=pattern["kind"])


def refuse(scan: MRIScan) -> str | None:
    """Too few lines leave none to skip."""
    return "fewer than 64 phase-encode lines: calibration would take most of them" if scan.n_lines < 64 else None


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("shift since the calibration", "mm", neutral=0.0, limit=LIMIT_MM),
    effect=disturbance,
    measures=(calibration_shift, residual_copies, acceleration, ghost_to_signal, artefact_to_signal),
    attributes=("undersampling aliasing", "signal void"),
    words=Words(
        artefact="residual SENSE aliasing",
        synonyms=("SENSE ghost", "unfolding artefact", "parallel imaging fold-over", "coil sensitivity mismatch"),
        cause="coil sensitivity maps that were measured before the patient or the coil moved",
        hides="anatomy under the copies of the rim",
        looks={
            "none": ("no folded contour inside the body", "a clean centre without copies of the scalp or skin", "a fully unfolded picture"),
            "mild": (
                "a thin folded contour through the interior",
                "a faint arc of the rim at a fixed distance from it",
                "one pale copy of the skin line inside the body",
            ),
            "moderate": (
                "clear folded arcs through the interior at a fixed distance from the rim",
                "a distinct bright arc over deep structures and a darkened rim",
                "a visible copy of the rim over the middle of the picture",
            ),
            "severe": (
                "broad folded anatomy over the middle with the rim dark",
                "bright overlapping copies of the rim and dark parts where the signal is missing",
                "a large part of the anatomy folded onto another",
            ),
        },
        confusers=("mri_sense_small_fov", "mri_wrap_around", "mri_undersampling", "mri_motion"),
        impact=0.9,
    ),
    references=(
        Reference("Pruessmann et al. 1999, SENSE: sensitivity encoding for fast MRI", doi="10.1002/(SICI)1522-2594(199911)42:5<952::AID-MRM16>3.0.CO;2-S"),
        Reference("Blaimer et al. 2004, SMASH, SENSE, PILS, GRAPPA: how to choose the optimal method, Top. Magn. Reson. Imaging 15, 223"),
    ),
    refuse=refuse,
)
