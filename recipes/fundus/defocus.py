"""Defocus: the fundus camera is focused before or behind the retina."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import detail
from medq_gen.errors import DeclarationError
from physics.optics import Capture
from physics.optics.defocus import PUPIL_MM, defocused
from physics.optics.measures import blur_disc, mtf50_ratio
from physics.optics.source_noise import too_noisy_to_blur

SIDES = {"myopic": -1.0, "hyperopic": 1.0}  # focus in front of the retina, behind it


def draw(rng: np.random.Generator, scan: Capture, *, side: str | None = None) -> dict[str, Any]:
    """On which side of the retina the focus lies; it decides which colour blurs most."""
    if side not in (None, *SIDES):
        raise DeclarationError(f"side {side!r} of a defocus is unknown; allowed: {', '.join(SIDES)} or null for either")
    drawn = str(rng.choice(list(SIDES)))
    return {"side": side or drawn, "pupil_mm": PUPIL_MM}


def edit(scan: Capture, *, strength: float, pattern: Pattern) -> Capture:
    """strength: dioptres between focus and retina."""
    return defocused(scan, SIDES[pattern["side"]] * strength, pupil_mm=pattern["pupil_mm"])


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("defocus", "D", neutral=0.0, limit=30.0, scale="log"),
    effect=detail,
    measures=(blur_disc, mtf50_ratio),
    attributes=("defocus", "sharpness"),
    refuse=too_noisy_to_blur,
    words=Words(
        artefact="defocus artefact",
        synonyms=("out-of-focus blur", "focus error", "defocus blur"),
        cause="the camera was not focused on the retina",
        hides="small vessels and the edge of the optic disc",
        looks={
            "mild": (
                "slightly soft vessel edges",
                "the finest vessels slightly blurred",
                "a disc margin that is a little soft",
                "a slight loss of crispness all over",
            ),
            "moderate": (
                "clearly soft vessel edges",
                "small vessels that can hardly be followed",
                "a blurred disc margin and blurred vessel crossings",
                "an evenly out-of-focus retina",
            ),
            "severe": (
                "vessels without any edge",
                "main vessels reduced to broad soft bands",
                "a disc without a margin and no small vessels",
                "a retina so far out of focus that hardly any vessel remains",
            ),
        },
        confusers=("fundus_haze", "fundus_motion_blur", "fundus_compression"),
        impact=1.0,
    ),
    references=(
        Reference("Hopkins 1955, frequency response of a defocused optical system", doi="10.1098/rspa.1955.0158"),
        Reference("Thibos et al. 1992, the chromatic eye", doi="10.1364/AO.31.003594"),
    ),
)
