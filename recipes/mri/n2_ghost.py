"""N/2 ghost: odd and even echoes of echo-planar imaging that disagree in phase."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import line
from medq_gen.errors import ConfigError
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.measures import ghost_to_signal
from physics.mri.nyquist_ghost import EchoMismatch, half_field_ghost, mismatch_echoes
from physics.mri.scan import MRIScan

KINDS = {"constant": 0.35, "delay": 0.25, "both": 0.4}  # how often "any" takes each


def draw(rng: np.random.Generator, scan: MRIScan, *, kind: str = "any") -> dict[str, Any]:
    """Which phase: the same everywhere, a delay of the echoes (linear along the readout), or both; 1 degree root mean square over the field."""
    if kind not in ("any", *KINDS):
        raise ConfigError(f"recipe.pattern.kind={kind!r} is not known; allowed: any, {', '.join(KINDS)}")
    chosen = str(rng.choice(list(KINDS), p=list(KINDS.values()))) if kind == "any" else kind
    mix = {"constant": 0.0, "delay": pi / 2, "both": float(rng.uniform(0.15, 0.85) * pi / 2)}[chosen]
    signs = rng.choice((-1.0, 1.0), size=2)
    return {"kind": chosen, "constant_deg": round(float(signs[0] * cos(mix)), 5), "slope_deg": round(float(signs[1] * sin(mix) * 3**0.5), 5)}


def edit(scan: MRIScan, *, strength: float, pattern: Pattern) -> MRIScan:
    """strength: phase of the even echoes against the mean of both, root mean square over the field, in degrees."""
    return mismatch_echoes(scan, EchoMismatch(strength * pattern["constant_deg"], strength * pattern["slope_deg"]))


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("phase between odd and even echoes", "degrees", neutral=0.0, limit=45.0, scale="log"),
    effect=line.with_anchors((0.03, 0.17, 0.42)),  # readers put ghosts of 3, 13 and 37 % here: they see them in air, which P does not judge
    measures=(half_field_ghost, ghost_to_signal, artefact_to_signal),
    attributes=("nyquist ghost",),
    words=Words(
        artefact="N/2 ghost artefact",
        synonyms=("Nyquist ghost artefact", "half-field ghost", "EPI ghost", "odd-even echo ghost"),
        cause="a phase difference between odd and even echoes of the echo-planar readout",
        hides="structures under the shifted copy",
        looks={
            "none": ("no second copy of the anatomy", "a background free of half-field copies", "no N/2 ghost"),
            "mild": (
                "a faint copy of the anatomy shifted by half the field of view",
                "a weak second outline half a field away along the phase-encode direction",
                "a barely visible half-field copy, best seen in the background",
            ),
            "moderate": (
                "a clear copy shifted by half the field of view",
                "a distinct second outline half a field away that crosses the anatomy",
                "an evident half-field copy that interferes with the tissue it overlies",
            ),
            "severe": (
                "a bright copy shifted by half the field of view that overlies the anatomy",
                "two superimposed outlines half a field apart, hard to tell from each other",
                "a half-field copy nearly as bright as the anatomy itself",
            ),
        },
        confusers=("mri_motion", "mri_undersampling", "mri_wrap_around"),
        impact=0.9,
    ),
    references=(
        Reference("Buonocore and Gao 1997, Ghost artifact reduction for echo planar imaging using image phase correction", doi="10.1002/mrm.1910380114"),
        Reference("Reeder et al. 1999, Referenceless interleaved echo-planar imaging, Magn Reson Med 41, 87-94"),
    ),
)
