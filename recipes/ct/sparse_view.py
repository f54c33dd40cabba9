"""Sparse views: too few projections in the turn."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import grain
from physics.ct.geometry import FAN
from physics.ct.measures import noise_anisotropy
from physics.ct.scan import CTScan
from physics.ct.sparse import keep_views
from physics.ct.streak_measures import affected_share, streak_free_radius_mm, streaks_hu, views_per_turn


def draw(rng: np.random.Generator, scan: CTScan) -> dict[str, Any]:
    """At which view of the turn the tube's pulses begin."""
    return {"first_view": int(rng.integers(FAN.n_views))}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : views that are recorded in the turn, to the nearest whole one."""
    return keep_views(scan, round(strength), first=pattern["first_view"])


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("recorded views", "views per turn", neutral=float(FAN.n_views), limit=20.0, scale="log"),
    # seen: regular streaks are found sooner than grain of one deviation; 246 / 180 / 150 views in a brain window, 200 / 110 / 60 in an abdomen window
    effect=grain.with_anchors((10.0, 26.0, 50.0)),
    measures=(views_per_turn, streaks_hu, affected_share, streak_free_radius_mm, noise_anisotropy),
    attributes=("sparse-view streaks", "streaks", "contrast"),
    words=Words(
        artefact="sparse-view artefact",
        synonyms=("view aliasing artefact", "few-view artefact", "undersampling streaks", "streaks from too few projections"),
        cause="too few projections were recorded in the turn",
        hides="soft-tissue contrast away from the centre",
        looks={
            "none": ("no fine lines between dense parts", "soft tissue free of radiating streaks", "no view aliasing"),
            "mild": (
                "fine radiating lines near the margin of the section",
                "a faint weave of thin streaks away from the centre",
                "slight striping that fades towards the middle",
                "thin regular lines beside bone that leave organs readable",
            ),
            "moderate": (
                "clear fine streaks that fan out from dense parts",
                "a distinct criss-cross of thin lines over soft tissue",
                "star-shaped streaks from bone across the section",
                "regular bright and dark lines that compete with organ borders",
            ),
            "severe": (
                "dense streaks over the whole section",
                "a coarse criss-cross of bright and dark lines in which organs drown",
                "heavy star-shaped streaks from every edge",
                "streaks so dense that soft tissue cannot be told apart",
            ),
        },
        confusers=("ct_low_dose", "ct_metal", "ct_motion", "ct_photon_starvation", "ct_aliasing", "ct_limited_angle"),
        impact=0.9,
    ),
    references=(
        Reference("Brooks, Glover, Talbert, Eisner and DiBianca 1979, J Comput Assist Tomogr 3: aliasing, a source of streaks in computed tomograms"),
        Reference("Joseph and Schulz 1980, Med Phys 7: view sampling requirements in fan beam computed tomography"),
        Reference("Natterer 2001, The Mathematics of Computerized Tomography, chapter 3"),
    ),
)
