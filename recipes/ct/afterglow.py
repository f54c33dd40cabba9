"""Afterglow: the scintillator still shines when the next views are read."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from physics.ct.afterglow import Afterglow, add_afterglow
from physics.ct.geometry import FAN
from physics.ct.measures import hu_bias
from physics.ct.scan import CTScan
from physics.ct.streak_measures import affected_share, late_light_share, shades_hu, streaks_hu, worst_hour


def draw(rng: np.random.Generator, scan: CTScan) -> dict[str, Any]:
    """How late the light comes in its two parts, how fast the gantry turns, and which way."""
    return {
        "fast_ms": round(float(np.exp(rng.uniform(np.log(3.0), np.log(15.0)))), 2),
        "slow_ms": round(float(np.exp(rng.uniform(np.log(20.0), np.log(90.0)))), 2),
        "slow_share": round(float(rng.uniform(0.4, 0.9)), 3),
        "turn_s": float(rng.choice((0.35, 0.5, 0.75, 1.0))),
        "sense": int(rng.choice((-1, 1))),
    }


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : share of the light that comes late."""
    parts = ((strength * (1 - pattern["slow_share"]), pattern["fast_ms"]), (strength * pattern["slow_share"], pattern["slow_ms"]))
    return add_afterglow(scan, Afterglow(parts, 1000 * pattern["turn_s"] / FAN.n_views, 1 if pattern["sense"] > 0 else -1))


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("late light", "share of the light", neutral=0.0, limit=0.5, scale="log"),
    # seen: 5 to 8 % late light is a slight lean, 15 % clear shades in both windows, 30 % and more heavy ones; broad shades count for little in P
    effect=disturbance.with_anchors((0.24, 0.42, 0.56)),
    measures=(late_light_share, shades_hu, streaks_hu, affected_share, worst_hour, hu_bias),
    attributes=("uniformity", "streaks", "sharpness", "contrast"),
    words=Words(
        artefact="detector afterglow",
        synonyms=("detector lag", "scintillator afterglow", "image lag artefact", "persistence of the detector"),
        cause="light of earlier views was still in the scintillator when later views were read",
        hides="soft tissue beside the skin and dense bone",
        looks={
            "none": ("no leaning shades beside bone or skin", "even tissue from the centre to the skin", "no trace of detector lag"),
            "mild": (
                "a faint shade on one side of dense bone",
                "slightly uneven tissue beneath the skin",
                "a weak bright or dark crescent at the margin",
            ),
            "moderate": (
                "clear leaning shades beside bone and skin",
                "a distinct crescent along one side of the section",
                "soft bright and dark sweeps that start at high contrast",
            ),
            "severe": (
                "broad sweeps of light and dark across the section",
                "heavy crescents along the skin with dulled edges",
                "smeared contrast that leans with the turn of the gantry",
            ),
        },
        confusers=("ct_motion", "ct_scatter", "ct_beam_hardening", "ct_truncation"),
        impact=0.7,
    ),
    references=(
        Reference("Hsieh, Gurmen and King 2000, IEEE Trans Med Imaging 19: a recursive correction algorithm for detector decay characteristics in CT"),
        Reference(
            "Siewerdsen and Jaffray 1999, Med Phys 26: a ghost story, spatio-temporal response characteristics of an indirect-detection flat-panel imager"
        ),
        Reference("Hsieh 2015, Computed Tomography, 3rd edition, chapter 7"),
    ),
)
