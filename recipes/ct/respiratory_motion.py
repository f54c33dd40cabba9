"""A trunk that breathes while the gantry turns."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Level, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.ct.breathing import Breath, body_of, breathe
from physics.ct.breathing_measures import wall_step_between_views, wall_travel_in_turn
from physics.ct.measures import streak_direction
from physics.ct.scan import CTScan
from physics.ct.streak_measures import affected_share, streaks_hu, worst_hour
from physics.trunk import no_outline_of_trunk

KINDS = {"quiet": (3.0, 5.0), "breathless": (1.6, 3.0)}  # how long a breath takes, in seconds: 12 to 20 a minute, and 20 to 37
TURN_S = (0.28, 1.0)
LIMIT_MM = 40.0  # a deep breath; quiet ones lift the wall by 5 to 10 mm


def draw(rng: np.random.Generator, scan: CTScan, *, kind: str = "any", turn_s: float = 0.0) -> dict[str, Any]:
    """The breath, and how fast and from where the gantry turns. The middle of the turn finds the breath at a depth drawn evenly, going in or out: a turn in
    the pause shows nothing.

    kind : "quiet" or "breathless". turn_s : how long a turn takes, 0.2 to 2 s; 0 draws it.
    """
    if kind not in ("any", *KINDS):
        raise ConfigError(f"recipe.pattern: kind={kind!r}; allowed: any, {', '.join(KINDS)}")
    if turn_s != 0.0 and not 0.2 <= turn_s <= 2.0:
        raise ConfigError(f"recipe.pattern: turn_s={turn_s}; 0.2 to 2 seconds, or 0 to draw it")
    chosen = str(rng.choice(list(KINDS)))
    chosen = chosen if kind == "any" else kind
    period, drawn, dwell = float(rng.uniform(*KINDS[chosen])), float(rng.uniform(*TURN_S)), int(rng.integers(1, 4))
    turn = turn_s or drawn
    middle = math.acos(float(rng.uniform(0, 1)) ** (1 / (2 * dwell))) * float(rng.choice((-1, 1)))
    phase = (2 * middle - math.pi * turn / period) % math.tau
    breath = {"period_s": round(period, 3), "phase_rad": round(phase, 4), "turn_s": round(turn, 3), "dwell": dwell}
    return {"kind": chosen, "breath": {**breath, "start_deg": round(float(rng.uniform(0, 360)), 1)}}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : travel of the wall between the end of expiration and that of inspiration; a turn sees a part of it."""
    if strength == 0:
        return scan
    breathing = breathe(scan, Breath(**pattern["breath"]), wall_mm=strength)
    return replace(breathing, assumed=(*breathing.assumed, "front of the body towards the first row, back at rest on the table"))


def refuse(scan: CTScan) -> str | None:
    """Nothing in a head breathes, and what the field of view cuts off cannot be moved into it."""
    if scan.truncated:
        return "the field of view cuts the body, and what lies outside cannot be moved into it"
    return no_outline_of_trunk(body_of(scan), spacing_mm=scan.spacing_mm)


LOOKS: dict[Level, tuple[str, ...]] = {
    "none": ("a wall and ribs drawn once", "no trace of breathing", "sharp outlines of the wall, the ribs and the organs"),
    "mild": (
        "slightly doubled edges of the wall and of the ribs in front",
        "faint streaks off the ribs in front",
        "a hint of a second outline along the wall",
    ),
    "moderate": (
        "clearly doubled ribs and a smeared wall in front",
        "double contours of the wall with streaks off ribs and gas",
        "a blurred front of the organs beneath a doubled wall",
    ),
    "severe": (
        "wall and ribs drawn twice at a distance, with heavy streaks across the front",
        "crescents of bone and broad dark and bright bands in front",
        "organs in front smeared beyond reading beneath a torn wall",
    ),
}

RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("travel of the wall in a breath", "mm", neutral=0.0, limit=LIMIT_MM, scale="log"),
    # Spine and back lie still, so P ends near 0.63. Seen in an upper abdomen: 2 mm within the turn show if looked for, 5 mm double the ribs in front, 9 mm blur
    # the front of the liver, from 20 mm on wall and ribs stand twice and streaks cross the front
    effect=disturbance.with_anchors((0.28, 0.46, 0.56)),
    measures=(wall_travel_in_turn, wall_step_between_views, streaks_hu, affected_share, worst_hour, streak_direction),
    attributes=("double contours", "streaks", "sharpness"),
    words=Words(
        artefact="respiratory motion artefact",
        synonyms=("breathing artefact", "breathing motion", "artefact of free breathing", "respiratory blur and double contours"),
        cause="the patient breathed while the gantry turned",
        hides="small lesions beneath the diaphragm and behind the wall of the trunk",
        looks=LOOKS,
        wordings={"kind=breathless": Wording(LOOKS, cause="a breathless patient could not hold the breath while the gantry turned")},
        confusers=("ct_motion", "ct_incomplete_projections", "ct_limited_angle", "ct_metal"),
        impact=1.0,
    ),
    references=(
        Reference("Lujan et al. 1999, A method for incorporating organ motion due to breathing into 3D dose calculations, Med. Phys. 26, 715"),
        Reference(
            "Crawford, King, Ritchie and Godwin 1996, Med Phys 23: respiratory compensation in projection imaging using a magnification and displacement model"
        ),
        Reference("Barrett and Keat 2004, RadioGraphics 24: artifacts in CT, recognition and avoidance", doi="10.1148/rg.246045065"),
    ),
    refuse=refuse,
)
