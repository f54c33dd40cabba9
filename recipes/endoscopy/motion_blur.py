"""Motion blur: the tip of the endoscope moves while a frame is exposed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import detail
from medq_gen.errors import DeclarationError
from physics.optics import Capture
from physics.optics.measures import mtf50_ratio, smear_length
from physics.optics.motion import Spread, Sweep, arc, focal_px, moved, smear_px
from physics.optics.source_noise import too_noisy_to_blur

KINDS = {"straight": 0.5, "curved": 0.3, "roll": 0.1, "advance": 0.1}  # sideways swing, swing along an arc, turn about the axis, move along it; how often
EXPOSURES_S = (1 / 100, 1 / 25)
DISTANCES_MM = (8.0, 25.0)
BENDS = (0.08, 0.25)  # rise of an arc over its chord


def draw(rng: np.random.Generator, scan: Capture, *, kind: str | None = None) -> dict[str, Any]:
    """How the tip moves, how far the wall is and how long a frame is exposed."""
    if kind not in (None, *KINDS):
        raise DeclarationError(f"kind {kind!r} of motion is unknown; allowed: {', '.join(KINDS)} or null for any")
    drawn = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    direction, side = float(rng.uniform(0, 360)), float(rng.choice([-1, 1]))
    exposure, distance = (math.exp(rng.uniform(math.log(low), math.log(high))) for low, high in (EXPOSURES_S, DISTANCES_MM))
    bend = side * float(rng.uniform(*BENDS))
    return {"kind": kind or drawn, "direction_deg": direction, "sense": side, "bend": bend, "exposure_s": exposure, "distance_mm": distance}


def edit(scan: Capture, *, strength: float, pattern: Pattern) -> Capture:
    """strength: speed of the tip in mm/s."""
    if strength == 0:
        return scan
    kind, timing = pattern["kind"], {"exposure_s": pattern["exposure_s"], "distance_mm": pattern["distance_mm"]}
    if kind in ("roll", "advance"):
        return moved(scan, Spread(kind, pattern["sense"] * smear_px(strength, **timing, focal=1.0)))
    length = smear_px(strength, **timing, focal=focal_px(scan))
    return moved(scan, Sweep(arc(length, direction_deg=pattern["direction_deg"], bend=pattern["bend"] if kind == "curved" else 0.0)))


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("speed of the tip", "mm/s", neutral=0.0, limit=600.0, scale="log"),
    effect=detail,
    measures=(smear_length, mtf50_ratio),
    attributes=("motion blur", "sharpness"),
    refuse=too_noisy_to_blur,
    words=Words(
        artefact="motion blur artefact",
        synonyms=("motion smear", "camera-motion blur", "movement blur"),
        cause="the tip of the endoscope moved while the frame was exposed",
        hides="mucosal vessels and the surface pattern",
        looks={
            "mild": (
                "slightly smeared mucosal vessels",
                "highlights drawn out into short dashes",
                "a slight smear along the motion",
                "a surface pattern that is slightly washed out",
            ),
            "moderate": (
                "clearly smeared mucosa",
                "highlights drawn out into streaks",
                "vessels lost across the direction of motion",
                "folds with smeared edges",
            ),
            "severe": (
                "mucosa smeared beyond recognition",
                "long bright streaks in place of highlights",
                "a coarse outline of folds and lumen without detail",
                "a frame smeared all over by motion",
            ),
        },
        confusers=("endoscopy_defocus", "endoscopy_ghosting", "endoscopy_lens_fog"),
        impact=1.0,
    ),
    references=(Reference("Ali et al. 2021, artefacts in endoscopy (EAD challenge)", doi="10.1016/j.media.2021.102002"),),
)
