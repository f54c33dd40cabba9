"""Uneven transmit field: dielectric shading at 3 T."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import shading
from medq_gen.errors import ConfigError
from physics.mri.local_change import bias_variation
from physics.mri.scan import MRIScan
from physics.mri.transmit import Excitation, Kind, Wave, flip_angle_variation, tip_unevenly

KINDS: dict[str, Kind] = {"spin_echo": "spin_echo", "spoiled": "spoiled"}
# A T1-weighted spoiled gradient echo tips beyond the angle of Ernst: a fifth of 20 degrees gives the same signal, and tissues lose their contrast instead. It
# is seldom more than mildly shaded, at any field.
OFTEN = (0.85, 0.15)
PERMITTIVITY, CONDUCTIVITY = (50.0, 70.0), (0.4, 0.7)  # brain and muscle at 64 to 128 MHz
OFF_CENTRE = 0.2  # of the radius of the body
CALIBRATED_AT = (0.8, 0.98)  # quantile of the field: most of the slice is tipped too little, the best of it rightly or a little too much
TR_MS, LONG_TR_MS = (400.0, 800.0), (2500.0, 6000.0)  # of spin echoes weighted by T1, and by T2 or density
SPOILED, SPOILED_LATE = ((8.0, 20.0), (15.0, 30.0)), ((400.0, 800.0), (15.0, 25.0))  # ms and degrees, weighted by T1, and by T2*: tips in proportion
LEAST_T = 2.0  # dielectric shading is an artefact of high fields
LIMIT = 0.9  # of the flip angle: near a null of the wave, as in a large abdomen at 3 T or a head at 7 T
# Where signal is only lost, the variation is bounded: a head whose outer half is black reads .5. Half a brain in shadow is severe.
ANCHORS = (0.075, 0.185, 0.33)


def draw(rng: np.random.Generator, scan: MRIScan, *, sequence: str = "any") -> dict[str, Any]:
    """The sequence with its angle, and the material and place of the standing wave."""
    if sequence not in ("any", *KINDS):
        raise ConfigError(f"recipe.pattern.sequence={sequence!r} is not known; allowed: any, {', '.join(KINDS)}")
    known = scan.protocol
    drawn = str(rng.choice(list(KINDS), p=OFTEN)) if known.echo is None else "spin_echo" if known.echo == "spin" else "spoiled"
    kind = drawn if sequence == "any" else sequence
    if kind == "spin_echo":
        tr_ms, flip_deg = rng.uniform(*(LONG_TR_MS if known.fluid_is_bright else TR_MS)), 90.0
    else:
        tr_ms, flip_deg = (rng.uniform(*each) for each in (SPOILED_LATE if known.weighting == "T2*" else SPOILED))
    return {
        "sequence": kind,
        "tr_ms": round(float(tr_ms), 2),
        "flip_deg": round(float(flip_deg), 2),
        "permittivity": round(float(rng.uniform(*PERMITTIVITY)), 2),
        "conductivity_s_m": round(float(rng.uniform(*CONDUCTIVITY)), 3),
        "centre": [round(float(rng.uniform(-OFF_CENTRE, OFF_CENTRE)), 3) for _ in range(2)],
        "calibrated_at": round(float(rng.uniform(*CALIBRATED_AT)), 3),
    }


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: largest deviation of the flip angle over tissue, as a share of the angle asked for."""
    sequence = Excitation(KINDS[pattern["sequence"]], 1e-3 * pattern["tr_ms"], pattern["flip_deg"])
    down, right = pattern["centre"]
    wave = Wave(pattern["permittivity"], pattern["conductivity_s_m"], (down, right), pattern["calibrated_at"])
    return tip_unevenly(scan, sequence, deviation=strength, wave=wave)


def refuse(scan: MRIScan) -> str | None:
    """At 1.5 T the wave is longer than a body is wide."""
    low = scan.field_strength_t is not None and scan.field_strength_t < LEAST_T
    return f"at {scan.field_strength_t:.2f} T the wave of the transmit field is too long to shade a body so" if low else None


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("largest deviation of the flip angle", "share of the angle", neutral=0.0, limit=LIMIT),
    effect=shading.with_anchors(ANCHORS),
    refuse=refuse,
    measures=(flip_angle_variation, bias_variation),
    attributes=("intensity inhomogeneity", "contrast"),
    words=Words(
        artefact="transmit field inhomogeneity",
        synonyms=("B1 inhomogeneity", "dielectric shading", "dielectric effect", "standing wave artefact"),
        cause="an uneven transmit field, which tips spins by different angles in different places",
        hides="contrast between tissues where the flip angle is wrong",
        looks={
            "none": ("the same tissue contrast in the centre and at the rim", "no dielectric shading"),
            "mild": (
                "slight central brightening or darkening of the body",
                "tissue contrast that changes a little from the centre to the rim",
                "a faint broad cloud of altered signal",
            ),
            "moderate": (
                "clear dielectric shading between the centre and the rim",
                "a broad cloud of lost signal with altered tissue contrast",
                "visibly different contrast of the same tissue in the centre and at the rim",
            ),
            "severe": (
                "a large cloud of dark tissue with little contrast left",
                "heavy dielectric shading that blacks out part of the body",
                "broad regions where tissues can no longer be told apart by their signal",
            ),
        },
        confusers=("mri_bias_field", "mri_banding"),
        impact=0.8,
    ),
    references=(
        Reference(
            "Collins et al. 2005, Central brightening due to constructive interference, J. Magn. Reson. Imaging 21, 192",
        ),
        Reference("Dietrich, Reiser and Schoenberg 2008, Artifacts in 3-T MRI, Eur. J. Radiol. 65, 29"),
    ),
)
