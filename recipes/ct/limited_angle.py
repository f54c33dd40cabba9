"""Limited angle: the arc of the tube ended before half a turn and the fan."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.ct.arc import limit_arc
from physics.ct.measures import hu_bias
from physics.ct.scan import CTScan
from physics.ct.streak_measures import affected_share, missing_angle_deg, shades_hu, streaks_hu, unseen_direction_deg


def draw(rng: np.random.Generator, scan: CTScan, *, start_deg: float = -1.0) -> dict[str, Any]:
    """Where the arc begins and how softly it ends. start_deg : of the first parallel view, 0 to 360; -1 draws it."""
    if not -1.0 <= start_deg < 360.0 or -1.0 < start_deg < 0.0:
        raise ConfigError(f"recipe.pattern: start_deg={start_deg}; 0 to 360, or -1 to draw it")
    start, edge = round(float(rng.uniform(0.0, 360.0)), 1), round(float(rng.uniform(2.0, 5.0)), 2)
    return {"start_deg": start if start_deg < 0 else start_deg, "edge_deg": edge}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : degrees by which the arc is shorter than 180 degrees and the fan."""
    return limit_arc(scan, strength, start_deg=pattern["start_deg"], edge_deg=pattern["edge_deg"])


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("missing angle", "deg", neutral=0.0, limit=120.0, scale="log"),
    # seen: 1 / 2 / 4 degrees in a brain window and 8 / 25 / 80 in an abdomen window are faint, clear and heavy; broad shades count for little in P
    effect=disturbance.with_anchors((0.28, 0.46, 0.62)),
    measures=(missing_angle_deg, unseen_direction_deg, shades_hu, streaks_hu, affected_share, hu_bias),
    attributes=("directional smear", "streaks", "contrast"),
    words=Words(
        artefact="limited-angle artefact",
        synonyms=("limited-arc artefact", "missing-wedge artefact", "missing-angle artefact", "short-arc artefact"),
        cause="the arc of the tube was too short to see the section from all sides",
        hides="borders along the directions that were not seen",
        looks={
            "none": ("edges equally sharp in all directions", "no smear along any direction", "no shaded wings beside bone"),
            "mild": (
                "faint shading beside bone along one direction",
                "slightly drawn-out edges along one direction",
                "weak bright and dark wings at one pair of edges",
            ),
            "moderate": (
                "clear bright and dark bands along one direction",
                "edges clearly drawn out along one direction",
                "shaded wings that run from bone across soft tissue in one direction",
                "borders along one direction that lose their outline",
            ),
            "severe": (
                "broad bright and dark wings over most of the section",
                "outlines torn open along one direction",
                "a section smeared along one direction, with whole borders missing",
                "soft tissue sunk in black and white bands of one direction",
            ),
        },
        confusers=("ct_motion", "ct_incomplete_projections", "ct_beam_hardening", "ct_truncation"),
        impact=1.0,
    ),
    references=(
        Reference("Quinto 1993, SIAM J Math Anal 24: singularities of the X-ray transform and limited data tomography"),
        Reference("Frikel and Quinto 2013, Inverse Problems 29: characterization and reduction of artifacts in limited angle tomography"),
        Reference("Parker 1982, Med Phys 9: optimal short scan convolution reconstruction for fan beam CT"),
        Reference("Davison 1983, SIAM J Appl Math 43: the ill-conditioned nature of the limited angle tomography problem"),
    ),
)
