"""Metal: an implant that hardens the beam, starves the detector and shines over its surroundings."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from physics.ct.band_measures import affected_share, dark_band_axis, dark_band_hu, metal_area, streak_hu, tissue_error_hu
from physics.ct.implant_sites import why_no_metal
from physics.ct.metal import insert_metal
from physics.ct.scan import CTScan
from recipes.ct._implants import draw_implants, implants_of


def draw(rng: np.random.Generator, scan: CTScan, *, kind: str = "any", material: str = "any") -> dict[str, Any]:
    """An implant where patients have it: kind joint, filling, screws or clip, as the slice allows; its metal, place and shape."""
    return draw_implants(rng, scan, kind=kind, material=material)


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength: longest diameter of the implant over that of the largest of its kind (pattern: largest_mm)."""
    if strength == 0.0:
        return scan
    return insert_metal(scan, implants_of(pattern, strength), kvp=pattern["kvp"], scatter=pattern["scatter"], seed=pattern["noise_seed"])


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("implant diameter", unit="largest of its kind", neutral=0.0, limit=1.0, scale="log"),
    effect=disturbance,
    measures=(streak_hu, dark_band_hu, dark_band_axis, tissue_error_hu, affected_share, metal_area),
    attributes=("metal streaks", "streaks", "contrast"),
    words=Words(
        artefact="metal artefact",
        synonyms=("metallic artefact", "metal streak artefact", "starburst artefact", "streaks from an implant", "blooming and streaks from metal"),
        cause="metal inside the section absorbed most of the beam",
        hides="tissue around the metal and along its streaks",
        looks={
            "none": ("no streaks from metal", "no metal artefact in the section", "soft tissue free of bright and dark streaks"),
            "mild": (
                "thin bright and dark streaks beside a small dense body",
                "a small bright body with faint streaks around it",
                "fine streaks that fan out from a bright spot",
            ),
            "moderate": (
                "clear bright and dark streaks from a dense body",
                "a starburst of streaks that crosses the tissue around the metal",
                "distinct streaks with dark gaps beside the metal",
            ),
            "severe": (
                "broad bright and dark streaks across the whole section",
                "a glaring starburst that buries the anatomy",
                "white-out and black voids around the metal, streaks to the skin",
            ),
        },
        wordings={
            "kind=filling": Wording(
                cause="dental metal absorbed most of the beam",
                hides="the mouth and the tissue beside the teeth",
                looks={
                    "mild": ("thin streaks from a filling", "a bright tooth with faint streaks around it"),
                    "moderate": ("clear bright and dark streaks from dental metal", "a fan of streaks from the teeth across the mouth"),
                    "severe": ("broad streaks from dental metal that blot out the mouth", "white-out and black bands between metal teeth"),
                },
            ),
            "kind=joint": Wording(
                cause="a joint prosthesis absorbed most of the beam",
                hides="the tissue about the prosthesis",
                looks={
                    "mild": ("faint streaks beside the prosthesis", "a dense prosthesis with thin streaks at its border"),
                    "moderate": ("clear dark and bright streaks from the prosthesis", "dark gaps beside the prosthesis with streaks across the pelvis"),
                    "severe": ("broad black bands from the prosthesis across the section", "white-out about the prosthesis, streaks to the skin"),
                },
            ),
            "kind=screws": Wording(
                cause="metal screws in bone absorbed most of the beam",
                hides="the bone and the tissue about the screws",
                looks={
                    "mild": ("thin streaks beside a screw", "a bright screw in bone with faint streaks around it"),
                    "moderate": ("clear bright and dark streaks from screws in bone", "a dark band along the line of the screws, streaks around it"),
                    "severe": ("a black band along the screws and broad streaks across the section", "glaring streaks from the screws that bury the anatomy"),
                },
            ),
            "kind=clip": Wording(
                cause="a metal clip or coil absorbed most of the beam",
                hides="soft tissue around the metal",
                looks={
                    "mild": ("thin streaks that fan out from a clip", "a tiny bright clip with faint streaks around it"),
                    "moderate": ("a clear starburst about a clip", "bright and dark streaks from a clip through soft tissue"),
                    "severe": ("a glaring starburst from a metal body over the whole section", "dense streaks from a coil that bury soft tissue"),
                },
            ),
        },
        confusers=("ct_metal_reduced", "ct_photon_starvation", "ct_beam_hardening", "ct_sparse_view"),
        impact=1.0,
    ),
    refuse=why_no_metal,
    references=(
        Reference("De Man, Nuyts, Dupont, Marchal and Suetens 1999, Metal streak artifacts in x-ray CT: a simulation study, IEEE Trans Nucl Sci 46, 691"),
        Reference("Joseph and Spital 1981, The exponential edge-gradient effect in x-ray computed tomography, Phys Med Biol 26, 473"),
        Reference("Barrett and Keat 2004, Artifacts in CT: recognition and avoidance, RadioGraphics 24, 1679"),
    ),
)
