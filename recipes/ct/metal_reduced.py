"""Metal artefact reduction: what is left of a metal artefact, and what the reduction itself has made."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.ct.band_measures import affected_share, dark_band_axis, dark_band_hu, metal_area, streak_hu, tissue_error_hu
from physics.ct.implant_sites import why_no_metal
from physics.ct.metal import insert_metal
from physics.ct.metal_reduction import METHODS, reduce_metal
from physics.ct.scan import CTScan
from recipes.ct._implants import draw_implants, implants_of


def draw(rng: np.random.Generator, scan: CTScan, *, method: str = "any", kind: str = "any", material: str = "any") -> dict[str, Any]:
    """The implant of `ct_metal`, and how its rays are bridged: "linear" or "normalised"."""
    if method not in ("any", *METHODS):
        raise ConfigError(f"recipe.pattern: method={method!r}; allowed: any, {', '.join(METHODS)}")
    chosen = str(rng.choice(METHODS))
    return {"method": chosen if method == "any" else method, **draw_implants(rng, scan, kind=kind, material=material)}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength: longest diameter of the implant over that of the largest of its kind (pattern: largest_mm)."""
    if strength == 0.0:
        return scan
    scan = insert_metal(scan, implants_of(pattern, strength), kvp=pattern["kvp"], scatter=pattern["scatter"], seed=pattern["noise_seed"])
    return reduce_metal(scan, pattern["method"])


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("implant diameter", unit="largest of its kind", neutral=0.0, limit=1.0, scale="log"),
    effect=disturbance,
    measures=(streak_hu, dark_band_hu, dark_band_axis, tissue_error_hu, affected_share, metal_area),
    attributes=("metal streaks", "streaks", "contrast"),
    words=Words(
        artefact="residual metal artefact",
        synonyms=("metal artefact after reduction", "artefact of metal artefact reduction", "MAR residue", "interpolation streaks", "remaining metal artefact"),
        cause="metal artefact reduction replaced the rays behind the metal by a guess from their neighbours",
        hides="tissue and bone borders beside the metal",
        looks={
            "none": ("no streaks from metal or from its reduction", "tissue about the metal as sharp as elsewhere", "no residue of a metal artefact"),
            "mild": (
                "faint soft streaks about a cleanly outlined implant",
                "slightly smeared tissue beside the metal",
                "a trace of broad streaks between the metal and other dense parts",
            ),
            "moderate": (
                "clear soft streaks between the metal and other dense parts",
                "smeared tissue beside the metal with broad grey streaks",
                "distinct streaks tangent to bone that the reduction left",
            ),
            "severe": (
                "broad grey and dark streaks over most of the section",
                "tissue and bone about the metal smeared beyond reading",
                "heavy streaks from the metal to every dense part around",
            ),
        },
        wordings={
            "method=normalised": Wording(
                cause="metal artefact reduction bridged the rays behind the metal with the help of a segmented picture",
                looks={
                    "mild": ("faint soft streaks about a cleanly outlined implant", "a slight grey smear beside the metal"),
                    "moderate": ("clear soft streaks from the metal towards bone", "a distinct smear of tissue beside the metal"),
                    "severe": ("broad smears and streaks over most of the section", "tissue about the metal smeared beyond reading"),
                },
            ),
        },
        confusers=("ct_metal", "ct_beam_hardening", "ct_limited_angle"),
        impact=0.9,
    ),
    refuse=why_no_metal,
    references=(
        Reference("Kalender, Hebel and Ebersberger 1987, Reduction of CT artifacts caused by metallic implants, Radiology 164, 576"),
        Reference("Meyer, Raupach, Lell, Schmidt and Kachelriess 2010, Normalized metal artifact reduction (NMAR) in computed tomography, Med Phys 37, 5482"),
        Reference("Gjesteby et al. 2016, Metal artifact reduction in CT: where are we after four decades?, IEEE Access 4, 5826"),
    ),
)
