"""Scatter: radiation from everywhere in the patient, taken for thinner matter."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import shading
from medq_gen.errors import ConfigError
from physics.ct.band_measures import affected_share, cupping_hu, dark_band_axis, dark_band_hu, tissue_error_hu
from physics.ct.measures import hu_bias
from physics.ct.scan import CTScan
from physics.ct.scatter import add_scatter


def draw(rng: np.random.Generator, scan: CTScan, *, width_mm: float = 0.0) -> dict[str, Any]:
    """How far scatter spreads over the detector, as a sigma at the isocentre. width_mm = 0: drawn, 50 to 140."""
    if width_mm and not 30.0 <= width_mm <= 200.0:
        raise ConfigError(f"recipe.pattern: width_mm={width_mm}; allowed: 0 (drawn), 30 to 200")
    drawn = round(float(rng.uniform(50.0, 140.0)), 1)
    return {"width_mm": float(width_mm) or drawn}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength: scatter over primary behind the thickest part of the patient."""
    return add_scatter(scan, strength, width_mm=pattern["width_mm"])


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("scatter over primary", unit="1", neutral=0.0, limit=3.0, scale="log"),
    effect=shading.with_anchors((0.05, 0.13, 0.23)),  # scatter darkens as it shades: at 0.28 a brain is black between bones, where a coil at 0.28 only slopes
    measures=(cupping_hu, dark_band_hu, dark_band_axis, tissue_error_hu, affected_share, hu_bias),
    attributes=("scatter shading", "cupping", "contrast"),
    words=Words(
        artefact="scatter artefact",
        synonyms=("scatter shading", "scattered radiation", "scatter haze", "uncorrected scatter", "cone-beam scatter"),
        cause="scattered radiation reached the detector and was counted as signal",
        hides="soft-tissue contrast, most of all between dense parts",
        looks={
            "none": ("no haze or shading over soft tissue", "soft tissue of even brightness", "no darkening in the middle of the section"),
            "mild": (
                "a slight dark haze in the middle of the section",
                "soft tissue a little darker and flatter between dense parts",
                "faint broad shading with organ borders still clear",
            ),
            "moderate": (
                "clear broad shading that darkens the middle of the section",
                "soft tissue visibly darker between bones, with less contrast",
                "a distinct dark haze between dense parts",
            ),
            "severe": (
                "heavy shading that turns soft tissue dark and flat",
                "a dark haze in which soft-tissue borders are lost",
                "soft tissue almost black between dense parts",
            ),
        },
        confusers=("ct_beam_hardening", "ct_truncation", "ct_window"),
        impact=0.7,
    ),
    references=(
        Reference(
            "Siewerdsen and Jaffray 2001, Cone-beam computed tomography with a flat-panel imager: magnitude and effects of x-ray scatter, Med Phys 28, 220"
        ),
        Reference("Ohnesorge, Flohr and Klingenbeck-Regn 1999, Object scatter correction for third and fourth generation CT, Eur Radiol 9, 563"),
        Reference("Barrett and Keat 2004, Artifacts in CT: recognition and avoidance, RadioGraphics 24, 1679"),
    ),
)
