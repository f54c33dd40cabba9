"""Ghosts of pulsating blood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from math import pi
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import line
from medq_gen.errors import ConfigError
from physics.mri.artefact_to_signal import band_across_readout
from physics.mri.order import ORDERS
from physics.mri.pulsation import Pulse, band_ghost_to_signal, pulsate, pulsation_ghost_spacing
from physics.mri.scan import MRIScan
from physics.mri.vessel import Vessel, bright_vessels, drawn_vessel

HEART_HZ = (0.8, 1.7)
TR_S = (0.02, 0.7)  # between successive lines: gradient echo to spin echo
SWAY_MM = (0.0, 0.6)  # displacement of the wall that goes with a modulation of 1
SWING_RAD = (0.3, 1.5)  # phase of moving blood that goes with a modulation of 1
LIMIT = 4.0  # a thin slice of saturated tissue at a short repetition time: fresh blood outshines the mean several times
# The harm lies in one band a vessel wide, so the whole picture never reaches the disturbance of a zipper: marked on ladders of aortas and of drawn sinuses,
# copies that must be looked for, copies that cannot be overlooked, a band in which nothing can be read.
BAND = line.with_anchors((0.10, 0.26, 0.38))


def _vessels(rng: np.random.Generator, scan: MRIScan, n_vessels: int) -> list[Vessel]:
    """Bright vessels of the picture, wide ones more often; where none is bright, drawn ones (sinuses, carotids and vertebrals come in several)."""
    count = n_vessels or int(rng.choice((1, 2, 3, 4), p=(0.25, 0.35, 0.25, 0.15)))
    found = bright_vessels(scan)
    if not found:
        return [drawn_vessel(scan, rng) for _ in range(count)]
    area = np.array([vessel.radius_mm**2 for vessel in found])
    chosen = rng.choice(len(found), size=min(count, len(found)), replace=False, p=area / area.sum())
    return [found[index] for index in sorted(chosen)]


def draw(rng: np.random.Generator, scan: MRIScan, *, n_vessels: int = 0, order: str = "any") -> dict[str, Any]:
    """Which vessels pulsate (n_vessels = 0: drawn), the heart, the repetition time and the order of the lines."""
    if order not in ("any", *ORDERS):
        raise ConfigError(f"recipe.pattern.order={order!r} is not known; allowed: any, {', '.join(ORDERS)}")
    if not 0 <= n_vessels <= 4:
        raise ConfigError(f"recipe.pattern.n_vessels={n_vessels}; allowed: 0 (drawn) or 1 to 4")
    vessels = _vessels(rng, scan, int(n_vessels))
    lines = str(rng.choice(ORDERS, p=(0.7, 0.1, 0.2))) if order == "any" else order
    pulse = {
        "heart_hz": round(float(rng.uniform(*HEART_HZ)), 4),
        "tr_s": round(float(np.exp(rng.uniform(*np.log(TR_S)))), 5),
        "phase_rad": round(float(rng.uniform(0, 2 * pi)), 4),
        "harmonic": round(float(rng.uniform(0.0, 0.4)), 4),
        "harmonic_rad": round(float(rng.uniform(0, 2 * pi)), 4),
        "sinus": round(float(rng.uniform(0.0, 0.06)), 4),
        "order": lines,
        "n_shots": 8,
    }
    angle, sway = rng.uniform(0, 2 * pi), rng.uniform(*SWAY_MM)
    return {
        "vessels": [{**asdict(vessel), "centre_mm": list(vessel.centre_mm)} for vessel in vessels],
        "pulse": pulse,
        "sway_mm": [round(float(sway * np.sin(angle)), 4), round(float(sway * np.cos(angle)), 4)],
        "swing_rad": round(float(rng.uniform(*SWING_RAD)), 4),
        "vessel": "found" if vessels[0].found else "drawn",
    }


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: amplitude of the inflow over the mean signal of the blood; swing of phase and displacement go with it."""
    if strength == 0:
        return scan
    vessels = tuple(Vessel(**{**values, "centre_mm": tuple(values["centre_mm"])}) for values in pattern["vessels"])
    sway = (strength * pattern["sway_mm"][0], strength * pattern["sway_mm"][1])
    pulsating = pulsate(scan, vessels, Pulse(**pattern["pulse"]), modulation=strength, swing_rad=strength * pattern["swing_rad"], sway_mm=sway)
    if all(vessel.found for vessel in vessels):
        return pulsating
    return replace(pulsating, assumed=(*pulsating.assumed, f"{len(vessels)} pulsating vessel(s) where the picture shows none that is bright"))


def refuse(scan: MRIScan) -> str | None:
    """Blood needs a body."""
    return None if scan.mean_tissue > 0 else "the picture is empty"


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("inflow modulation", "mean signal of the blood", neutral=0.0, limit=LIMIT, scale="log"),
    effect=BAND,
    measures=(band_ghost_to_signal, pulsation_ghost_spacing, band_across_readout),
    attributes=("pulsation ghosting",),
    words=Words(
        artefact="pulsation artefact",
        synonyms=("flow artefact", "vascular pulsation ghosting", "pulsatile flow artefact", "phase-encode flow ghosts"),
        cause="pulsating blood flow during the acquisition",
        hides="small lesions in line with the vessel",
        looks={
            "none": ("no flow ghosts", "vessels without copies along the phase-encode direction", "no row of ghosts beside any vessel"),
            "mild": (
                "faint round copies of a vessel along the phase-encode direction",
                "a faint row of flow ghosts in line with a vessel",
                "a barely visible band of flow ghosts",
            ),
            "moderate": (
                "a clear row of round ghosts in line with a vessel",
                "distinct flow ghosts in a narrow band along the phase-encode direction",
                "alternating bright and dark copies of a vessel across the tissue",
            ),
            "severe": (
                "a bright chain of vessel copies from edge to edge",
                "a dense band of flow ghosts that covers everything in line with the vessel",
                "strong vessel ghosts that could pass for lesions, in tissue and background alike",
            ),
        },
        confusers=("mri_motion", "mri_noise"),
        impact=0.7,
    ),
    references=(
        Reference("Wood and Henkelman 1985, MR image artifacts from periodic motion, Med Phys 12:143"),
        Reference("Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, section 17"),
    ),
    refuse=refuse,
)
