"""Wrap-around: the field of view is smaller than the body along the phase-encode direction."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import cover
from medq_gen.errors import ConfigError
from physics.mri.scan import MRIScan
from physics.mri.wrap import field_of_view, fold, folded_share


def draw(rng: np.random.Generator, scan: MRIScan, *, reach: float = 0.8) -> dict[str, Any]:
    """Where the smaller field lies within the old one: about its centre, or towards an edge by up to `reach` of the way, so that one side folds more."""
    if not 0 <= reach <= 1:
        raise ConfigError(f"recipe.pattern.reach={reach}; allowed: 0 (always about the centre) to 1")
    return {"offset": round(float(rng.uniform(-reach, reach)), 4)}


def edit(scan: MRIScan, *, strength: float, pattern: Pattern) -> MRIScan:
    """strength: field of view along the phase-encode direction over that of the source."""
    return fold(scan, share=strength, offset=pattern["offset"])


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("field of view along the phase-encode direction", "share of the source's", neutral=1.0, limit=0.4),
    # What is folded over counts, and so does what is missing at its own place: twice what a cover hides, hence anchors of its own (on heads, fields of 0.95,
    # 0.84 and 0.70). The black beyond a smaller field would give away any edit: "none" is untouched.
    effect=cover.with_anchors((0.012, 0.10, 0.30)),
    measures=(folded_share, field_of_view),
    attributes=("wrap-around", "coverage"),
    words=Words(
        artefact="wrap-around artefact",
        synonyms=("fold-over artefact", "phase wrap artefact", "aliasing from a small field of view", "fold-over"),
        cause="the field of view was smaller than the body along the phase-encoding direction",
        hides="anatomy under the folded part",
        looks={
            "none": ("the whole body within the field of view", "edges of the picture free of folded anatomy", "no fold-over"),
            "mild": (
                "a thin rim of folded anatomy at the edge of the field of view",
                "a sliver of the opposite side superimposed at the margin",
                "slight fold-over that stays clear of the region of interest",
            ),
            "moderate": (
                "folded anatomy over the opposite margin",
                "a broad rim of the opposite side superimposed on the periphery",
                "fold-over that covers the outer parts of the anatomy",
            ),
            "severe": (
                "folded anatomy over large parts of the picture",
                "the opposite side of the body superimposed on the region of interest",
                "gross fold-over in which two parts of the body overlap",
            ),
        },
        confusers=("mri_sense_small_fov", "mri_n2_ghost", "mri_undersampling", "mri_motion"),
        impact=0.9,
    ),
    references=(
        Reference("Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, chapter 11"),
        Reference("Zhuo and Gullapalli 2006, MR artifacts, safety, and quality control, RadioGraphics 26, 275"),
    ),
)
