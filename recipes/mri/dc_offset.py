"""DC offset: a bright dot or star at the centre of the picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import line
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.mri.dc_offset import Offset, central_spot, offset_receiver
from physics.mri.scan import MRIScan

KINDS = {"point": 0.1, "drift": 0.3, "star": 0.6}  # how often "any" takes each


def draw(rng: np.random.Generator, scan: MRIScan, *, kind: str = "any") -> dict[str, Any]:
    """Whether the baseline stands still (one pixel), drifts over the scan (a short line) or also settles in each readout (a star)."""
    if kind not in ("any", *KINDS):
        raise ConfigError(f"recipe.pattern.kind={kind!r} is not known; allowed: any, {', '.join(KINDS)}")
    chosen = str(rng.choice(list(KINDS), p=list(KINDS.values()))) if kind == "any" else kind
    drift, settle = float(rng.uniform(0.15, 0.85) * rng.choice((-1, 1))), float(rng.uniform(0.02, 0.15))
    return {
        "kind": chosen,
        "drift": 0.0 if chosen == "point" else round(drift, 4),
        "settle_share": round(settle, 4) if chosen == "star" else 0.0,
        "noise_seed": noise_seed(rng),
    }


def edit(scan: MRIScan, *, strength: float, pattern: Pattern) -> MRIScan:
    """strength: what a baseline that stands still would add to the centre pixel, over the mean tissue signal."""
    return offset_receiver(scan, Offset(strength * scan.mean_tissue, pattern["drift"], pattern["settle_share"], pattern["noise_seed"]))


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("central pixel of the baseline", "mean tissue signal", neutral=0.0, limit=500.0, scale="log"),
    effect=line.with_anchors((0.04, 0.15, 0.28)),  # a dot covers few of the blocks of P: a glaring star of 100 times tissue reads 0.3
    measures=(central_spot,),
    attributes=("central artefact",),
    words=Words(
        artefact="central point artefact",
        synonyms=("DC offset artefact", "zero-frequency artefact", "central dot artefact", "baseline offset artefact"),
        cause="a constant offset of the receiver's baseline",
        hides="midline structures at the centre of the picture",
        looks={
            "none": ("a centre free of dots", "no bright spot in the middle of the picture", "an undisturbed centre"),
            "mild": (
                "a small bright dot at the centre of the picture",
                "a faint point in the middle of the slice",
                "a tiny spot at the centre that belongs to no structure",
            ),
            "moderate": (
                "a clear bright spot at the centre with thin rays",
                "a distinct central point with a short line through it",
                "a small star in the middle of the slice",
            ),
            "severe": (
                "a glaring star at the centre of the picture",
                "a blazing central point whose rays cross the slice",
                "a dazzling cross through the middle of the slice",
            ),
        },
        wordings={
            "kind=drift": Wording(
                looks={
                    "mild": ("a small bright dash at the centre of the picture", "a short faint line in the middle of the slice"),
                    "moderate": ("a distinct central point with a line through it", "a clear short line through the centre along the phase-encode direction"),
                    "severe": ("a glaring line through the centre of the picture", "a blazing central point drawn out along the phase-encode direction"),
                }
            ),
        },
        confusers=("mri_zipper",),
        impact=0.3,
    ),
    references=(
        Reference("Zhuo and Gullapalli 2006, MR artifacts, safety, and quality control, RadioGraphics 26, 275"),
        Reference("Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, chapter 11"),
    ),
)
