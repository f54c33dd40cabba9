"""Truncation: a patient wider than the measured field."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.ct.body import body_radius_mm
from physics.ct.measures import hu_bias
from physics.ct.scan import CTScan
from physics.ct.streak_measures import affected_share, shades_hu
from physics.ct.truncation import BEYOND, LEAST_FIELD_MM, narrow_field
from physics.ct.truncation_measures import field_radius_mm, outside_share, rim_hu


def draw(rng: np.random.Generator, scan: CTScan, *, beyond: str = "any", fall_mm: float = 0.0) -> dict[str, Any]:
    """What the computer takes for rays that were not measured, and how fast that falls.

    beyond : "nothing", "cosine" or "water" (the best fill; its rim may be dark as well as bright, so it is never drawn).
    fall_mm : of the cosine; 0 draws 3 to 8.
    """
    if beyond not in ("any", *BEYOND) or not 0.0 <= fall_mm <= 200.0:
        raise ConfigError(f"recipe.pattern: beyond={beyond!r}, fall_mm={fall_mm}; any, {', '.join(BEYOND)}; 0 (drawn) to 200")
    chosen, fall = str(rng.choice(BEYOND[:2], p=(0.6, 0.4))), round(float(rng.uniform(3.0, 8.0)), 2)
    return {"beyond": chosen if beyond == "any" else beyond, "fall_mm": fall_mm or fall}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : by how much the field is narrower than the patient, as a share of how far the patient reaches from the isocentre."""
    if strength == 0:
        return scan
    field_mm = max((1.0 - strength) * body_radius_mm(scan, share=1.0), LEAST_FIELD_MM)
    return narrow_field(scan, field_mm, beyond=pattern["beyond"], fall_mm=pattern["fall_mm"])


def refuse(scan: CTScan) -> str | None:
    """A body that the picture cuts off already has rays that nobody knows."""
    return "the body is cut by the field of view already, and what lies outside is not known" if scan.truncated else None


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("patient cut off", "share of the patient's reach", neutral=0.0, limit=0.36),
    effect=disturbance,
    measures=(field_radius_mm, outside_share, rim_hu, shades_hu, affected_share, hu_bias),
    attributes=("truncation rim", "uniformity", "coverage"),
    words=Words(
        artefact="truncation artefact",
        synonyms=("field-of-view truncation", "cut-off artefact", "bright-rim artefact", "incomplete-field artefact", "out-of-field artefact"),
        cause="the patient reached beyond the measured field",
        hides="tissue near and outside the edge of the field",
        looks={
            "none": ("no bright rim at the edge of the field", "the whole outline of the patient within the field", "even values up to the skin"),
            "mild": (
                "a thin bright rim where the field cuts the skin",
                "slight brightening at one edge of the patient",
                "a narrow bright crescent at the margin of the section",
            ),
            "moderate": (
                "a clear bright rim where the field ends",
                "values that rise towards the edge of the field, with the outline cut off",
                "a distinct bright crescent with the skin missing beyond it",
            ),
            "severe": (
                "a broad glaring rim, and no tissue outside it",
                "a white disc in place of the periphery, with only the middle readable",
                "cut-off anatomy under a glare that reaches far inside",
                "tissue near the edge washed out to white",
            ),
        },
        wordings={
            "beyond=water": Wording(
                looks={
                    "mild": ("a slight shading at the edge of the field", "faintly smeared tissue beyond the edge of the field"),
                    "moderate": ("a clear shading at the edge of the field, with smeared tissue beyond", "an outline that is bent where the field ends"),
                    "severe": ("broad shading from the edge of the field inwards", "smeared, invented tissue all around the field"),
                }
            ),
        },
        confusers=("ct_limited_angle", "ct_over_range", "ct_beam_hardening", "ct_scatter"),
        impact=0.8,
    ),
    references=(
        Reference("Ohnesorge, Flohr, Schwarz, Heiken and Bae 2000, Med Phys 27: correction of artifacts caused by objects outside the scan field of view"),
        Reference(
            "Hsieh, Chao, Thibault, Grekowicz, Horst, McOlash and Myers 2004, Med Phys 31: a novel reconstruction algorithm to extend the CT scan field-of-view"
        ),
        Reference("Barrett and Keat 2004, Artifacts in CT: recognition and avoidance, RadioGraphics 24, 1679"),
    ),
    refuse=refuse,
)
