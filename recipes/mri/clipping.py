"""Clipping: the signal overflows the converter of the receiver."""

from __future__ import annotations

from math import tau
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import exposure
from physics.mri.clipping import clip, energy_clipped, samples_clipped
from physics.mri.measures import ghost_to_signal
from physics.mri.scan import MRIScan


def draw(rng: np.random.Generator, scan: MRIScan) -> dict[str, Any]:
    """The phase of the receiver's reference: how the strongest samples fall on the real and the imaginary part."""
    return {"phase_rad": round(float(rng.uniform(0, tau)), 4)}


def edit(scan: MRIScan, *, strength: float, pattern: Pattern) -> MRIScan:
    """strength: full scale of the converter over the peak of the signal."""
    return clip(scan, share=strength, phase_rad=pattern["phase_rad"])


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("full scale of the converter", "peak of the signal", neutral=1.0, limit=0.02, scale="log"),
    effect=exposure,  # low frequencies go, so tissue darkens: mild at 0.5 of the peak, moderate at 0.2, severe at 0.07 on every picture tried; P levels off
    measures=(energy_clipped, samples_clipped, ghost_to_signal),
    attributes=("brightness", "contrast"),
    words=Words(
        artefact="data clipping artefact",
        synonyms=("receiver overflow", "data overflow artefact", "ADC saturation", "over-ranging", "receiver gain error"),
        cause="a receiver gain so high that the strongest signal overflowed the converter",
        hides="contrast between large areas of tissue",
        looks={
            "none": ("a black background and natural tissue brightness", "no haze over the background", "natural contrast between large areas"),
            "mild": (
                "a faint grey haze over the background",
                "slightly darkened tissue in front of a raised background",
                "a little loss of brightness in large areas of tissue",
            ),
            "moderate": (
                "a clear haze around the body and darkened tissue within it",
                "washed-out tissue in which edges stand out more than the areas between them",
                "an evident halo over the background with a loss of overall contrast",
            ),
            "severe": (
                "dark tissue from which only edges remain",
                "an embossed look in which bright rims surround emptied areas",
                "a ghostly outline of the anatomy on a cloudy background",
            ),
        },
        confusers=("mri_bias_field",),
        impact=0.8,
    ),
    references=(Reference("Zhuo and Gullapalli 2006, MR artifacts, safety, and quality control, RadioGraphics 26, 275"),),
)
