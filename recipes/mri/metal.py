"""An implant: a void with rims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import ndimage

from medq_gen.declare import Degradation, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.mri.cavities import materials
from physics.mri.dephasing import void_area
from physics.mri.displacement import displaced_area, displacement_p95
from physics.mri.implant import METALS_PPM, Implant
from physics.mri.metal import add_metal, metal_area, rim_area
from physics.mri.scan import MRIScan
from physics.mri.susceptibility import ASSUMED_T

LIMIT_MM = 40.0  # the head of a hip
LONGEST_MM = 60.0
SEQUENCES = ("gre", "se")
# The harm lies about one place, so the whole picture reaches the disturbance of ghosts late. Marked on ladders of heads and an abdomen: a spot that a clip
# leaves (1 to 3 cm2), a void that hides its surroundings (6 to 15 cm2), a void that takes the region (30 cm2 and more).
FOCAL = disturbance.with_anchors((0.22, 0.42, 0.56))
DEPTH_MM = 7.0  # of tissue on all sides of the middle of an implant


def draw(rng: np.random.Generator, scan: MRIScan, *, metal: str = "any", sequence: str = "any") -> dict[str, Any]:
    """Metal, shape and place within tissue; sequence, bandwidth and echo time."""
    for name, value, allowed in (("metal", metal, tuple(METALS_PPM)), ("sequence", sequence, SEQUENCES)):
        if value not in ("any", *allowed):
            raise ConfigError(f"recipe.pattern.{name}={value!r} is not known; allowed: any, {', '.join(allowed)}")
    drawn_metal, drawn_sequence = str(rng.choice(list(METALS_PPM), p=(0.5, 0.25, 0.25))), str(rng.choice(SEQUENCES))
    tissue = materials(scan.body).tissue.cpu().numpy()
    deep = ndimage.distance_transform_edt(np.pad(tissue, 1), sampling=scan.spacing_mm)[1:-1, 1:-1] > DEPTH_MM
    rows = np.argwhere(deep if deep.any() else tissue)
    at = (rows[int(rng.integers(len(rows)))] - np.array([n // 2 for n in scan.matrix]) + rng.uniform(-0.5, 0.5, size=2)) * np.asarray(scan.spacing_mm)
    return {
        "metal": drawn_metal if metal == "any" else metal,
        "sequence": drawn_sequence if sequence == "any" else sequence,
        "place_mm": [round(float(value), 3) for value in at],
        "aspect": round(float(rng.choice((0.0, rng.uniform(2, 5)))), 3),
        "angle_deg": round(float(rng.uniform(0, 180)), 2),
        "off_slice": round(float(rng.uniform(-0.6, 0.6)), 4),
        "bandwidth_hz": round(float(rng.uniform(120, 450) * rng.choice((-1, 1))), 2),
        "echo_ms": round(float(rng.uniform(3, 12)), 3),
        "thickness_mm": round(float(rng.uniform(2, 5)), 3),
        "noise_seed": noise_seed(rng),
    }


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: diameter of the implant in mm; its length grows with it, up to 6 cm."""
    if strength == 0:
        return scan
    down, right = pattern["place_mm"]
    centre = (down, right, pattern["off_slice"] * strength / 2)
    implant = Implant(pattern["metal"], centre, strength / 2, min(pattern["aspect"] * strength, LONGEST_MM), pattern["angle_deg"])
    keys = ("sequence", "bandwidth_hz", "echo_ms", "thickness_mm")
    bent = add_metal(scan, implant, **{key: pattern[key] for key in keys}, seed=pattern["noise_seed"])
    notes = () if scan.field_strength_t is not None else (f"field strength of {ASSUMED_T:g} T",)
    return replace(bent, assumed=(*scan.assumed, *(note for note in notes if note not in scan.assumed)))


def refuse(scan: MRIScan) -> str | None:
    """Metal lies in tissue."""
    return None if bool(materials(scan.body).tissue.any()) else "the picture shows no tissue in which metal could lie"


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("diameter of the implant", "mm", neutral=0.0, limit=LIMIT_MM, scale="log"),
    effect=FOCAL,
    measures=(void_area, rim_area, metal_area, displacement_p95, displaced_area),
    attributes=("susceptibility distortion", "signal void", "signal pile-up"),
    words=Words(
        artefact="metal artefact",
        synonyms=("metallic susceptibility artefact", "susceptibility artefact from metal", "implant artefact", "blooming artefact"),
        cause="a metallic implant in the main field",
        hides="tissue around the implant",
        looks={
            "none": ("no sign of metal", "tissue without voids or bright rims", "undisturbed signal throughout"),
            "mild": (
                "a small black spot with a thin bright edge",
                "a small focal void, such as a clip leaves",
                "a tiny void with slight distortion of the tissue beside it",
            ),
            "moderate": (
                "a black void with a bright rim that hides the tissue around the implant",
                "a distinct focal void with a curved bright border",
                "a void that blooms well beyond the implant",
            ),
            "severe": (
                "a large black void with glaring rims and grossly bent surroundings",
                "a void that takes up a good part of the slice",
                "extensive blooming of metal that leaves the region unreadable",
            ),
        },
        wordings={
            "sequence=gre": Wording(
                primary="signal void",
                looks={
                    "mild": ("a small focal black spot", "a small focal void, such as a clip leaves", "a tiny round void larger than the metal itself"),
                    "moderate": ("a black void that blooms well beyond the implant", "a distinct focal void with lobes along the main field"),
                    "severe": ("a huge black void that takes up a good part of the slice", "extensive blooming of metal that leaves the region unreadable"),
                },
            ),
            "sequence=se": Wording(
                looks={
                    "mild": ("a small black spot with a thin bright edge", "a tiny void with a bright streak on one side"),
                    "moderate": (
                        "a black void with a curved bright rim along the frequency-encode direction",
                        "a distinct void with piled-up signal at its border",
                    ),
                    "severe": (
                        "a large black void with glaring rims and grossly bent surroundings",
                        "tissue dragged far along the frequency-encode direction about a large black void",
                    ),
                }
            ),
        },
        confusers=("mri_signal_dropout", "mri_epi_distortion"),
        impact=0.9,
    ),
    references=(
        Reference("Hargreaves et al. 2011, Metal-induced artifacts in MRI", doi="10.2214/AJR.11.7364"),
        Reference("Koch et al. 2010, Magnetic resonance imaging near metal implants", doi="10.1002/jmri.22313"),
        Reference("Schenck 1996, The role of magnetic susceptibility in magnetic resonance imaging", doi="10.1118/1.597854"),
    ),
    refuse=refuse,
)
