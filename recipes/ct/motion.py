"""A head that moves while the gantry turns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.ct.measures import streak_direction
from physics.ct.motion import move
from physics.ct.motion_measures import largest_displacement, step_between_views
from physics.ct.scan import CTScan
from physics.pose import Pose

KINDS = {"step": 0.4, "drift": 0.35, "jerk": 0.25}  # how often "any" takes each
_TRANSIT = 0.04  # of the turn: how long a step takes
HEAD_BOWTIE_MM = 200.0


def draw(rng: np.random.Generator, scan: CTScan, *, kind: str = "any") -> dict[str, Any]:
    """When and where to the head goes. Times are shares of the turn after its first view, which the tube takes at start_deg."""
    if kind not in ("any", *KINDS):
        raise ConfigError(f"recipe.pattern: kind={kind!r}; allowed: any, {', '.join(KINDS)}")
    chosen = str(rng.choice(list(KINDS), p=list(KINDS.values()))) if kind == "any" else kind
    direction, turn = rng.uniform(0, math.tau), rng.uniform(0.2, 0.8) * rng.choice((-1, 1))
    return {
        "kind": chosen,
        "start_deg": round(float(rng.uniform(0, 360)), 1),
        "at": round(float(rng.uniform(0.2, 0.8)), 3),
        "lasts": round(float(rng.uniform(0.15, 0.35)), 3),
        "down": round(math.sin(direction), 4),
        "right": round(math.cos(direction), 4),
        "deg_per_mm": round(float(turn), 3),
    }


def courses(pattern: Pattern, time: np.ndarray) -> np.ndarray:
    """How far the head has gone, 0 to 1, at times of the turn: a step stays there, a drift arrives at the end, a jerk comes back."""
    if pattern["kind"] == "drift":
        return time
    if pattern["kind"] == "step":
        share = np.clip((time - pattern["at"]) / _TRANSIT + 0.5, 0.0, 1.0)
        return np.asarray(share * share * (3 - 2 * share))
    away = np.clip((time - pattern["at"]) / pattern["lasts"], -0.5, 0.5)
    return np.asarray(np.cos(math.pi * away) ** 2)


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : farthest displacement, with which the head turns in proportion."""
    n_views = scan.geometry.n_views
    time = np.mod(np.arange(n_views) / n_views - pattern["start_deg"] / 360.0, 1.0)
    down, right, turn = strength * pattern["down"], strength * pattern["right"], strength * pattern["deg_per_mm"]
    return move(scan, [Pose((down * gone, right * gone), turn * gone) for gone in courses(pattern, time).tolist()])


def refuse(scan: CTScan) -> str | None:
    """Only a head moves as one body, and only where the field holds all of it."""
    if scan.truncated:
        return "the field of view cuts the body, and what lies outside cannot be moved into it"
    return None if scan.bowtie_mm == HEAD_BOWTIE_MM else "the section is wider than a head: a trunk does not move as one rigid body"


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("largest displacement", "mm", neutral=0.0, limit=20.0, scale="log"),
    # P counts the moved grain too. Seen in a head: a step of 0.4 mm does not show, 1 mm is faint, 2 mm crosses the brain, from 3.5 mm nothing can be read
    effect=disturbance.with_anchors((0.42, 0.66, 0.77)),
    measures=(largest_displacement, step_between_views, streak_direction),
    attributes=("double contours", "streaks", "sharpness"),
    words=Words(
        artefact="patient motion artefact",
        synonyms=("motion artefact", "head motion", "patient movement", "motion streaks"),
        cause="the patient moved while the gantry turned",
        hides="the posterior fossa, the brain surface and low-contrast lesions beside bone",
        looks={
            "none": ("contours drawn once and no streaks from movement", "a still head", "single sharp outlines of the skull"),
            "mild": (
                "faint streaks off the skull and slightly doubled bony edges",
                "slightly doubled borders with a few fine streaks",
                "thin dark and bright lines across the brain beside bone",
                "a hint of ghost edges along the skull",
            ),
            "moderate": (
                "doubled skull contours with clear streaks across the brain",
                "clear dark and bright streaks that leave the skull tangentially",
                "ghost edges of bone and streaks through the brain",
                "smeared bony edges with obvious directional streaks",
            ),
            "severe": (
                "displaced double outlines of the skull and dense streaks over the whole brain",
                "broad dark and bright bands that make the brain unreadable",
                "a distorted skull with long streaks from every bony edge",
                "bone drawn twice at a distance amid heavy streaks",
            ),
        },
        wordings={
            "kind=drift": Wording(
                cause="the head drifted during the turn, so that its first and last views do not fit together",
                looks={
                    "mild": (
                        "faint parallel streaks along one direction, off the skull",
                        "a few fine parallel lines across the brain where the turn closes",
                        "thin streaks that all run the same way",
                    ),
                    "moderate": (
                        "clear parallel streaks across the brain along the first rays of the turn",
                        "obvious dark and bright streaks in one direction with softened bony edges",
                        "streaks that run across the whole section the same way",
                    ),
                    "severe": (
                        "heavy parallel bands over the whole brain and smeared bone",
                        "broad streaks in one direction that hide what lies between them",
                        "a skull smeared along its drift amid dense parallel streaks",
                    ),
                },
            ),
            "kind=jerk": Wording(
                cause="the head jerked and came back while the gantry turned",
                looks={
                    "mild": (
                        "a faint sheaf of streaks off part of the skull",
                        "slight streaks beside the bone that was turned away",
                        "faint ghost edges along one side of the skull",
                    ),
                    "moderate": (
                        "a clear sheaf of dark and bright streaks from the skull's edges",
                        "ghost edges on one side and streaks through part of the brain",
                        "dark fans beside bone with doubled borders",
                    ),
                    "severe": (
                        "fans of heavy streaks from every bony edge",
                        "black and white fans over most of the section",
                        "broad sheaves of streaks that bury one side of the brain",
                    ),
                },
            ),
        },
        confusers=("ct_metal", "ct_beam_hardening", "ct_incomplete_projections", "ct_sparse_view"),
        impact=1.0,
    ),
    references=(
        Reference(
            "Crawford, King, Ritchie and Godwin 1996, Med Phys 23: respiratory compensation in projection imaging using a magnification and displacement model"
        ),
        Reference("Hsieh 2015, Computed Tomography: Principles, Design, Artifacts, and Recent Advances, chapter 7"),
        Reference("Barrett and Keat 2004, RadioGraphics 24: artifacts in CT, recognition and avoidance", doi="10.1148/rg.246045065"),
    ),
    refuse=refuse,
)
