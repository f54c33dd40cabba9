"""Over- and under-staining: more or less dye in the section than was meant."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import stain
from medq_gen.errors import DeclarationError
from physics.optics import Capture
from physics.optics.measures import haematoxylin_ratio, second_dye_ratio
from physics.optics.slide import DYES
from physics.optics.stain import stained

DIRECTIONS = {"over": 1.0, "under": -1.0}
BOTH = 0.6  # how often both dyes are concerned; else one of them


def draw(rng: np.random.Generator, scan: Capture, *, direction: str | None = None, dye: str | None = None) -> dict[str, Any]:
    """Too much or too little, and of which dye."""
    if direction not in (None, *DIRECTIONS):
        raise DeclarationError(f"direction {direction!r} of staining is unknown; allowed: {', '.join(DIRECTIONS)} or null for either")
    dyes = DYES[scan.scene.stains]
    if dye not in (None, "both", *dyes):
        raise DeclarationError(f"dye {dye!r} is not on this slide; allowed: both, {', '.join(dyes)} or null for any")
    drawn_direction = str(rng.choice(list(DIRECTIONS)))
    drawn_dye = str(rng.choice(["both", *dyes], p=[BOTH, (1 - BOTH) / 2, (1 - BOTH) / 2]))
    return {"direction": direction or drawn_direction, "dye": dye or drawn_dye}


def edit(scan: Capture, *, strength: float, pattern: Pattern) -> Capture:
    """strength: how many doublings (over) or halvings (under) of the amount of dye."""
    factor = 2.0 ** (DIRECTIONS[pattern["direction"]] * strength)
    first, second = DYES[scan.scene.stains]
    return stained(scan, first=factor if pattern["dye"] in ("both", first) else 1.0, second=factor if pattern["dye"] in ("both", second) else 1.0)


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("change of the amount of dye", "log2", neutral=0.0, limit=3.5),
    effect=stain,
    measures=(haematoxylin_ratio, second_dye_ratio),
    attributes=("over-staining", "under-staining", "contrast", "stain shift"),
    words=Words(
        artefact="staining artefact",
        synonyms=("staining error", "abnormal staining", "improper staining"),
        cause="the section took up more or less dye than intended",
        hides="chromatin detail and the contrast of nuclei against their surroundings",
        looks={
            "mild": ("a stain slightly off its usual strength", "slightly unbalanced staining", "a slight change of staining intensity"),
            "moderate": ("a stain clearly off its usual strength", "clearly unbalanced staining", "a clear change of staining intensity"),
            "severe": ("a stain far off its usual strength", "grossly unbalanced staining", "a staining intensity that hides nuclear detail"),
        },
        wordings={
            "direction=over": Wording(
                primary="over-staining",
                cause="the section took up too much dye",
                hides="chromatin detail inside dark nuclei",
                looks={
                    "mild": ("a slightly dark stain", "staining slightly heavier than usual", "slightly too deep colours"),
                    "moderate": ("a clearly dark stain", "staining clearly heavier than usual", "clearly too deep colours"),
                    "severe": ("a stain so dark that nuclear detail drowns", "staining far heavier than usual", "tissue stained far too dark"),
                },
            ),
            "direction=under": Wording(
                primary="under-staining",
                cause="the section took up too little dye",
                hides="the outlines of nuclei against their pale surroundings",
                looks={
                    "mild": ("a slightly pale stain", "staining slightly weaker than usual", "slightly faded colours"),
                    "moderate": ("a clearly pale stain", "staining clearly weaker than usual", "clearly faded colours"),
                    "severe": ("a stain so pale that the tissue almost vanishes", "staining far weaker than usual", "colours faded almost to white"),
                },
            ),
        },
        confusers=("histopathology_stain_shift", "histopathology_section_thickness", "histopathology_over_exposure"),
        impact=1.0,
    ),
    references=(
        Reference("Ruifrok and Johnston 2001, quantification of histochemical staining by colour deconvolution"),
        Reference("Macenko et al. 2009, normalising histology slides", doi="10.1109/ISBI.2009.5193250"),
    ),
)
