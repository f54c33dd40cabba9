"""Ghosts of the breathing abdominal wall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import pi
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.measure.attributes import ATTRIBUTE_ANCHORS
from physics.mri.artefact_to_signal import artefact_to_signal, phase_encode_share
from physics.mri.measures import ghost_to_signal
from physics.mri.order import ORDERS
from physics.mri.respiration import Breath, breathe, respiratory_ghost_spacing, wall_displacement
from physics.mri.scan import MRIScan
from physics.mri.trunk import no_trunk

RATE_HZ = (0.2, 0.33)
TR_S = (0.06, 0.8)  # between successive lines of one slice
LIMIT_MM = 30.0  # a deep breath; quiet ones lift the wall by 5 to 10 mm
FRONT_HALF = disturbance.with_anchors(ATTRIBUTE_ANCHORS["respiratory ghosting"])


def draw(rng: np.random.Generator, scan: MRIScan, *, order: str = "any") -> dict[str, Any]:
    """The breath, the repetition time, the order of the lines, and how many states of breathing are told apart."""
    if order not in ("any", *ORDERS):
        raise ConfigError(f"recipe.pattern.order={order!r} is not known; allowed: any, {', '.join(ORDERS)}")
    lines = str(rng.choice(ORDERS, p=(0.7, 0.15, 0.15))) if order == "any" else order
    breath = {
        "rate_hz": round(float(rng.uniform(*RATE_HZ)), 4),
        "tr_s": round(float(np.exp(rng.uniform(*np.log(TR_S)))), 4),
        "phase_rad": round(float(rng.uniform(0, 2 * pi)), 4),
        "dwell": int(rng.integers(1, 4)),
        "irregular": round(float(rng.uniform(0.02, 0.2)), 4),
        "order": lines,
        "n_shots": 8,
    }
    return {"breath": breath, "n_bins": int(rng.integers(8, 17)), "order": lines}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: distance in millimetres between the abdominal wall at inspiration and at expiration."""
    if strength == 0:
        return scan
    breathing = breathe(scan, Breath(**pattern["breath"]), wall_mm=strength, n_bins=pattern["n_bins"])
    return replace(breathing, assumed=(*breathing.assumed, "front of the body towards the first row, back at rest on the table"))


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("travel of the abdominal wall", "mm", neutral=0.0, limit=LIMIT_MM, scale="log"),
    effect=FRONT_HALF,
    measures=(wall_displacement, respiratory_ghost_spacing, ghost_to_signal, artefact_to_signal, phase_encode_share),
    attributes=("respiratory ghosting", "sharpness"),
    words=Words(
        artefact="respiratory ghosting",
        synonyms=("breathing artefact", "respiratory motion artefact", "ghosting from breathing", "free-breathing artefact"),
        cause="breathing during the acquisition",
        hides="small lesions of the upper abdomen",
        looks={
            "none": ("an abdominal wall without copies", "no respiratory ghosts", "sharp organ margins from front to back"),
            "mild": (
                "faint copies of the abdominal wall along the phase-encode direction",
                "slight respiratory ghosts near the front of the abdomen",
                "a faint second outline of the abdominal wall",
            ),
            "moderate": (
                "clear equally spaced copies of the abdominal wall",
                "respiratory ghosts that cross the anterior abdomen",
                "several curved copies of the anterior wall with softened margins behind it",
            ),
            "severe": (
                "dense copies of the abdominal wall from front to back",
                "respiratory ghosts that bury the anterior abdomen",
                "an abdominal wall smeared into many curved bands, in tissue and background alike",
            ),
        },
        confusers=("mri_motion", "mri_undersampling"),
        impact=1.0,
    ),
    references=(
        Reference("Wood and Henkelman 1985, MR image artifacts from periodic motion, Med Phys 12:143"),
        Reference("Wood and Henkelman 1986, Suppression of respiratory motion artifacts in magnetic resonance imaging, Med. Phys. 13, 794"),
        Reference("Lujan et al. 1999, A method for incorporating organ motion due to breathing into 3D dose calculations, Med. Phys. 26, 715"),
    ),
    refuse=no_trunk,
)
