"""Herringbone: spikes of noise in the receiver."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.mri.scan import MRIScan
from physics.mri.spike import Spike, add_spike, stripe_amplitude

MOST = 3  # spikes of one picture
LONGEST = 3  # dwell times


def draw(rng: np.random.Generator, scan: MRIScan, *, n_spikes: int = 0, nearest: float = 0.08, farthest: float = 0.6) -> dict[str, Any]:
    """Where the spikes fall: off the centre, where one would only shade, between two shares of the half matrix. n_spikes = 0: drawn, mostly one."""
    if not 0 <= n_spikes <= MOST or not 0 < nearest < farthest <= 0.9:
        raise ConfigError(
            f"recipe.pattern: n_spikes={n_spikes}, nearest={nearest}, farthest={farthest}; allowed: 0 (drawn) to {MOST}, 0 < nearest < farthest <= 0.9"
        )
    spikes = []
    for number in range(int(n_spikes) or int(rng.choice((1, 2, 3), p=(0.6, 0.25, 0.15)))):
        radius, angle = rng.uniform(nearest, farthest) * min(scan.matrix) / 2, rng.uniform(0, math.tau)
        spikes.append(
            {
                "line": round(radius * math.sin(angle)),
                "column": round(radius * math.cos(angle)),
                "n_samples": int(rng.choice(range(1, LONGEST + 1), p=(0.7, 0.2, 0.1))),
                "share": 1.0 if number == 0 else round(float(rng.uniform(0.4, 1.0)), 3),
                "phase_rad": round(float(rng.uniform(0, math.tau)), 4),
            }
        )
    return {"spikes": spikes}


def edit(scan: MRIScan, *, strength: float, pattern: Pattern) -> MRIScan:
    """strength: modulus of the strongest stripes over the mean tissue signal."""
    for spike in pattern["spikes"]:
        amplitude = cmath.rect(strength * spike["share"] * scan.mean_tissue, spike["phase_rad"])
        scan = add_spike(scan, Spike(spike["line"], spike["column"], amplitude, spike["n_samples"]))
    return scan


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("stripe amplitude", "mean tissue signal", neutral=0.0, limit=1.0, scale="log"),
    effect=disturbance,  # on heads its anchors lie at stripes of 5, 11 and 22 % of tissue; readers put theirs at 5, 12 and 24 %
    measures=(stripe_amplitude,),
    attributes=("herringbone", "contrast"),
    words=Words(
        artefact="herringbone artefact",
        synonyms=("corduroy artefact", "spike artefact", "spike noise", "criss-cross artefact"),
        cause="a spike of electrical noise in the receiver",
        hides="fine low-contrast detail",
        looks={
            "none": ("no stripes over tissue or background", "a background without a regular pattern", "tissue free of oblique lines"),
            "mild": (
                "faint regular stripes across the whole field",
                "a faint corduroy texture that is best seen in the background",
                "thin evenly spaced lines that leave the anatomy readable",
            ),
            "moderate": (
                "clear regular stripes over tissue and background",
                "a distinct corduroy pattern from edge to edge",
                "evenly spaced lines that compete with fine structures",
            ),
            "severe": (
                "dense stripes that cover the anatomy",
                "a coarse weave of stripes in which low-contrast structures drown",
                "glaring evenly spaced lines over head and background alike",
            ),
        },
        confusers=("mri_zipper", "mri_gibbs"),
        impact=0.8,
    ),
    references=(Reference("Zhuo and Gullapalli 2006, MR artifacts, safety, and quality control, RadioGraphics 26, 275"),),
)
