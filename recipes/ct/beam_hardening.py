"""Beam hardening: cupping without a water correction, dark bands between bones with a water correction alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.ct.band_measures import affected_share, cupping_hu, dark_band_axis, dark_band_hu, tissue_error_hu
from physics.ct.hardening import CORRECTIONS, harden_beam
from physics.ct.matter import VOLTAGES
from physics.ct.measures import hu_bias
from physics.ct.scan import CTScan

_VOLTAGES_DRAWN = (0.5, 0.25, 0.2, 0.05)  # soft beams harden most


def draw(rng: np.random.Generator, scan: CTScan, *, correction: str = "any", kvp: int = 0) -> dict[str, Any]:
    """Which correction is left ("water": bands between bones, "none": cupping as well) and the voltage of the beam. kvp = 0: drawn, mostly 80 or 100."""
    if correction not in ("any", *CORRECTIONS) or kvp not in (0, *VOLTAGES):
        raise ConfigError(f"recipe.pattern: correction={correction!r}, kvp={kvp}; allowed: any, {', '.join(CORRECTIONS)}; 0 (drawn), {VOLTAGES}")
    chosen, voltage = str(rng.choice(("water", "none"), p=(0.55, 0.45))), int(rng.choice(VOLTAGES, p=_VOLTAGES_DRAWN))
    return {"correction": chosen if correction == "any" else correction, "kvp": int(kvp) or voltage}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength: share of the correction that is left out."""
    return harden_beam(scan, strength, kvp=pattern["kvp"], correction=pattern["correction"])


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("missing share of the correction", unit="1", neutral=0.0, limit=1.0),
    # broad bands hide more of a brain than lines of the same P: seen at 0.2 if looked for, at 0.38 across the pons, at 0.5 soft tissue beside bone is lost
    effect=disturbance.with_anchors((0.17, 0.34, 0.44)),
    measures=(cupping_hu, dark_band_hu, dark_band_axis, tissue_error_hu, affected_share, hu_bias),
    attributes=("dark bands", "cupping", "contrast"),
    words=Words(
        artefact="beam-hardening artefact",
        synonyms=("beam hardening", "interpetrous dark bands", "hardening bands", "Hounsfield bar", "beam-hardening streaks"),
        cause="the beam lost its soft quanta in dense bone and grew harder on its way",
        hides="soft tissue between dense bones",
        looks={
            "none": ("no dark band between dense bones", "soft tissue between bones as bright as elsewhere", "brain between the petrous bones without bands"),
            "mild": (
                "a faint dark band between dense bones",
                "slightly darkened soft tissue between dense parts",
                "a hint of a dark bar that leaves borders readable",
            ),
            "moderate": (
                "clear dark bands between dense bones",
                "a distinct dark bar across the soft tissue between two bones",
                "soft tissue between bones visibly darker, brighter beside the bone",
            ),
            "severe": (
                "broad dark bands that blot out the tissue between bones",
                "black bars between dense bones beside overbright rims",
                "soft tissue between dense bones too dark to be judged",
            ),
        },
        wordings={
            "correction=none": Wording(
                cause="the scanner left out the correction for a beam that hardens in the patient",
                hides="differences of soft tissue between the middle and the rim",
                looks={
                    "mild": ("a middle slightly darker than the rim", "faint cupping of soft tissue", "soft tissue a little brighter along the bone"),
                    "moderate": (
                        "a middle clearly darker than the rim",
                        "clear cupping with dark tissue between dense bones",
                        "soft tissue that brightens towards the bone around it",
                    ),
                    "severe": (
                        "heavy cupping that turns the middle dark",
                        "a dark middle within an overbright rim",
                        "deep cupping with black tissue between dense bones",
                    ),
                },
            ),
        },
        confusers=("ct_scatter", "ct_metal", "ct_partial_volume"),
        impact=0.7,
    ),
    references=(
        Reference("Brooks and Di Chiro 1976, Beam hardening in x-ray reconstructive tomography, Phys Med Biol 21, 390"),
        Reference("Joseph and Spital 1978, A method for correcting bone induced artifacts in computed tomography scanners, J Comput Assist Tomogr 2, 100"),
        Reference("Barrett and Keat 2004, Artifacts in CT: recognition and avoidance, RadioGraphics 24, 1679"),
    ),
)
