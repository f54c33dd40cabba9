"""The SENSE ghost: parallel imaging of a field of view that is smaller than the body."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.scan import MRIScan
from physics.mri.small_field import field_acceleration, unfold_small_field
from physics.mri.wrap import field_of_view, folded_share

STEPS = (2, 3, 4)


def draw(rng: np.random.Generator, scan: MRIScan, *, reach: float = 0.8, step: int = 0) -> dict[str, Any]:
    """Where the smaller field lies (as of `mri_wrap_around`), and how many lines are skipped (step = 0: every second or third is taken)."""
    if not 0 <= reach <= 1:
        raise ConfigError(f"recipe.pattern.reach={reach}; allowed: 0 (always about the centre) to 1")
    if step and step not in STEPS:
        raise ConfigError(f"recipe.pattern.step={step}; allowed: 0 (drawn), {', '.join(map(str, STEPS))}")
    return {"offset": round(float(rng.uniform(-reach, reach)), 4), "step": int(step) or int(rng.choice((2, 3)))}


def edit(scan: MRIScan, *, strength: float, pattern: Pattern) -> MRIScan:
    """strength: field of view along the phase-encode direction over that of the source."""
    return unfold_small_field(scan, share=strength, offset=pattern["offset"], step=pattern["step"])


def refuse(scan: MRIScan) -> str | None:
    """Too few lines leave none to skip."""
    return "fewer than 64 phase-encode lines: calibration would take most of them" if scan.n_lines < 64 else None


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("field of view along the phase-encode direction", "share of the source's", neutral=1.0, limit=0.4),
    effect=replace(disturbance, none_untouched=True),  # the black beyond a smaller field would give away any edit
    measures=(folded_share, field_of_view, field_acceleration, artefact_to_signal),
    attributes=("undersampling aliasing", "wrap-around", "coverage"),
    words=Words(
        artefact="SENSE ghost of a small field of view",
        synonyms=(
            "central fold-over of parallel imaging",
            "SENSE wrap artefact",
            "infolding in parallel imaging",
            "ghost from tissue outside the field of view",
        ),
        cause="a field of view smaller than the body in a scan with parallel imaging",
        hides="deep structures under the folded arc",
        looks={
            "none": ("no folded arc through the middle", "deep structures free of folded skin or scalp", "no tissue from outside the field of view"),
            "mild": (
                "a thin bright arc of the rim across deep structures",
                "a faint curved line inside the body, far from the edge it belongs to",
                "a pale fold-over well inside the body",
            ),
            "moderate": (
                "a clear arc of outside tissue across the middle of the field",
                "a distinct band of folded tissue over deep structures",
                "folded tissue inside the body and at the edge of the field of view",
            ),
            "severe": (
                "broad folded anatomy over the middle of a narrow field of view",
                "strong fold-over of outside tissue that hides deep structures",
                "foreign tissue across the interior, with the rim cut off",
            ),
        },
        confusers=("mri_wrap_around", "mri_sense_residual"),
        impact=0.9,
    ),
    references=(
        Reference("Griswold et al. 2004, Field-of-view limitations in parallel imaging", doi="10.1002/mrm.20249"),
        Reference("Goldfarb 2004, The SENSE ghost: field-of-view restrictions for SENSE imaging"),
    ),
    refuse=refuse,
)
