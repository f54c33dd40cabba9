"""Spiral undersampling: too few interleaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.measures import ghost_to_signal
from physics.mri.scan import MRIScan
from physics.mri.spiral import KEPT, Spiral, clean_distance, interleaves_kept, keep_interleaves

DESIGNED = (32, 48, 64)  # interleaves of a full set: fewer would make the steps between numbers of interleaves coarse


def draw(rng: np.random.Generator, scan: MRIScan, *, kept: str = "any") -> dict[str, Any]:
    """How many interleaves make a full set, which of them are read (even: fewer from the start; skipped: a subset), where they start and how they turn."""
    if kept not in ("any", *KEPT):
        raise ConfigError(f"recipe.pattern.kept={kept!r} is not known; allowed: any, {', '.join(KEPT)}")
    chosen = str(rng.choice(KEPT, p=(0.6, 0.4))) if kept == "any" else kept
    first_deg = round(float(rng.uniform(0, 360)), 2)
    return {
        "kept": chosen,
        "n_designed": int(rng.choice(DESIGNED)),
        "first_deg": first_deg,
        "clockwise": bool(rng.random() < 0.5),
        "subset_seed": noise_seed(rng),
    }


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: share of the interleaves that are read; 1 is the scan by lines."""
    n = pattern["n_designed"]
    full = Spiral(scan.matrix, n, n, pattern["kept"], pattern["first_deg"], pattern["clockwise"], pattern["subset_seed"])
    return keep_interleaves(scan, full, share=strength)


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("interleaves read", "share", neutral=1.0, limit=0.12, scale="log"),
    effect=disturbance,
    measures=(interleaves_kept, clean_distance, ghost_to_signal, artefact_to_signal),
    attributes=("spiral swirls", "sharpness"),
    words=Words(
        artefact="spiral undersampling artefact",
        synonyms=("spiral aliasing", "swirl artefact", "aliasing of an undersampled spiral", "swirling aliasing"),
        cause="too few interleaves in a spiral acquisition",
        hides="low-contrast structures under the swirls",
        looks={
            "none": ("no swirling bands over the tissue", "tissue without arcs or whorls", "undisturbed anatomy from rim to centre"),
            "mild": (
                "faint curved bands that wind through the background",
                "a slight swirling texture over part of the anatomy",
                "thin arcs that are best seen outside the object",
            ),
            "moderate": (
                "clear swirling bands that cross the tissue",
                "distinct arcs wound about the centre of the picture",
                "a visible whorl of bright and dark bands over the anatomy",
            ),
            "severe": (
                "dense swirls over the whole slice that cover the anatomy",
                "broad winding bands in which contours break up",
                "a heavy whorl that leaves little of the tissue readable",
            ),
        },
        wordings={
            "kept=skipped": Wording(
                looks={
                    "mild": (
                        "a slight swirling texture over tissue and background",
                        "a faint curved grain over the field",
                    ),
                    "moderate": (
                        "a clear swirling texture over tissue and background",
                        "a visible curved grain that crosses the anatomy",
                    ),
                    "severe": (
                        "dense swirls over the whole slice that cover the anatomy",
                        "a coarse whorl in which fine structures are lost",
                    ),
                }
            )
        },
        confusers=("mri_undersampling", "mri_radial_streaks", "mri_motion"),
        impact=0.9,
    ),
    references=(
        Reference("Ahn, Kim and Cho 1986, High-speed spiral-scan echo planar NMR imaging", doi="10.1109/TMI.1986.4307732"),
        Reference("Glover 1999, Simple analytic spiral k-space algorithm", doi="10.1002/(SICI)1522-2594(199908)42:2<412::AID-MRM25>3.0.CO;2-U"),
        Reference("Hoge, Kwan and Pike 1997, Density compensation functions for spiral MRI", doi="10.1002/mrm.1910380117"),
    ),
)
