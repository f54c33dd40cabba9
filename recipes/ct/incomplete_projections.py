"""Incomplete projections: a block of views was lost."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.ct.geometry import FAN
from physics.ct.lost_views import REPAIRS, LostViews, lose_views
from physics.ct.measures import hu_bias, streak_direction
from physics.ct.scan import CTScan
from physics.ct.streak_measures import affected_share, lost_ray_direction_deg, lost_view_count, shades_hu, streaks_hu, worst_hour


def draw(rng: np.random.Generator, scan: CTScan, *, repair: str = "any") -> dict[str, Any]:
    """Where in the turn the block lies, and what stands in for it: "interpolated", "repeated" or "blank" views."""
    if repair not in ("any", *REPAIRS):
        raise ConfigError(f"recipe.pattern: repair={repair!r}; any, {', '.join(REPAIRS)}")
    drawn = str(rng.choice(REPAIRS, p=(0.5, 0.25, 0.25)))
    return {"centre_view": round(float(rng.uniform(0, FAN.n_views)), 2), "repair": drawn if repair == "any" else repair}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : views that were lost, fractions included."""
    return lose_views(scan, LostViews(pattern["centre_view"], strength, pattern["repair"]))


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("lost views", "views", neutral=0.0, limit=100.0, scale="log"),
    effect=disturbance,  # its anchors: 6, 10, 20 interpolated views in a brain window; in an abdomen 100, where streaks begin to bend, are moderate
    measures=(lost_view_count, lost_ray_direction_deg, streak_direction, streaks_hu, shades_hu, affected_share, worst_hour, hu_bias),
    attributes=("projections", "streaks", "contrast"),
    words=Words(
        artefact="incomplete-projection artefact",
        synonyms=("lost-view artefact", "tube-arc artefact", "missing-view streaks", "dropped-view artefact", "tube-spit artefact"),
        cause="a block of views was lost while the tube arced",
        hides="soft tissue beneath the streaks",
        looks={
            "none": ("no straight streaks across the section", "soft tissue without streaks of one direction", "no sign of lost views"),
            "mild": (
                "a few faint parallel streaks across soft tissue",
                "thin straight lines of one direction beside bone",
                "slight striping along one direction",
            ),
            "moderate": (
                "clear straight streaks of one direction across the section",
                "distinct parallel bright and dark lines from bone",
                "a sheaf of straight streaks that crosses organ borders",
            ),
            "severe": (
                "broad bright and dark streaks of one direction across the whole section",
                "heavy parallel streaks that bury soft tissue",
                "bold straight bands that run through bone and soft tissue alike",
            ),
        },
        wordings={
            "repair=blank": Wording(
                looks={
                    "mild": ("a faint dark shading along one direction", "weak dark bands beside bone along one direction"),
                    "moderate": ("clear dark bands along one direction", "soft tissue darkened in stripes of one direction"),
                    "severe": ("soft tissue sunk in dark bands of one direction", "broad dark and bright bands of one direction over the whole section"),
                },
                cause="a block of views was lost and left empty",
            ),
            "repair=repeated": Wording(
                looks={
                    "mild": ("faint doubled lines along one direction beside bone", "a few faint straight streaks on one side of the turn"),
                    "moderate": (
                        "clear straight streaks and doubled bone edges along one direction",
                        "distinct lines of one direction from every edge of bone",
                    ),
                    "severe": ("heavy streaks and displaced bone edges along one direction", "broad bands of one direction with torn outlines"),
                },
                cause="the readout stalled and one view stood in for a block of them",
            ),
        },
        confusers=("ct_motion", "ct_limited_angle", "ct_metal", "ct_sparse_view", "ct_photon_starvation"),
        impact=0.8,
    ),
    references=(
        Reference("Barrett and Keat 2004, Artifacts in CT: recognition and avoidance, RadioGraphics 24, 1679"),
        Reference("Boas and Fleischmann 2012, CT artifacts: causes and reduction techniques, Imaging Med 4, 229"),
        Reference("Hsieh 2015, Computed Tomography, 3rd edition, chapter 7"),
    ),
)
