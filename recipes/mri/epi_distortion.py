"""Echo-planar imaging near air: tissue slides along the phase-encode axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.mri.displacement import displacement_p95
from physics.mri.epi import distort, echo_spacing, field_offset, phase_encode_displacement, piled_up
from physics.mri.pockets import draw_pockets, pockets_of
from physics.mri.scan import MRIScan
from physics.mri.susceptibility import field_note, makes_a_field

LIMIT_MM = 20.0


def draw(rng: np.random.Generator, scan: MRIScan, *, blip: int = 0) -> dict[str, Any]:
    """Air beside the slice where the slice shows none, the direction of the blips (0: drawn)."""
    if blip not in (-1, 0, 1):
        raise ConfigError(f"recipe.pattern.blip={blip}; allowed: 0 (drawn), 1 or -1")
    seed, drawn = noise_seed(rng), int(rng.choice((-1, 1)))
    return {"blip": blip or drawn, "pockets_mm": [pocket.values for pocket in draw_pockets(scan, seed=seed)], "seed": seed}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: 95th percentile of the displacement of tissue along the phase-encode axis, in mm: echo spacing times field."""
    if strength == 0:
        return scan
    distorted = distort(scan, shift_mm=strength, pockets=pockets_of(pattern["pockets_mm"]), blip=pattern["blip"])
    return replace(distorted, assumed=(*scan.assumed, *field_note(scan, pattern["pockets_mm"])))


def refuse(scan: MRIScan) -> str | None:
    """Without air in or beside the slice the field is flat."""
    return None if makes_a_field(scan) else "there is no air in the body, and none may be drawn beside this body: nothing bends the field"


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("displacement of tissue, 95th percentile", "mm", neutral=0.0, limit=LIMIT_MM, scale="log"),
    effect=disturbance,
    measures=(phase_encode_displacement, displacement_p95, echo_spacing, field_offset, piled_up),
    attributes=("susceptibility distortion", "geometric fidelity", "signal pile-up", "signal void"),
    words=Words(
        artefact="echo-planar distortion",
        synonyms=("EPI distortion", "susceptibility distortion", "B0 distortion", "geometric distortion from field inhomogeneity"),
        cause="an inhomogeneous main field near air during a slow echo-planar readout",
        hides="the true position and shape of tissue next to air-filled spaces",
        looks={
            "none": ("contours in their true place", "undistorted anatomy next to the sinuses", "a natural outline without stretching or compression"),
            "mild": (
                "slightly pulled contours next to an air-filled space",
                "a slight bulge of the outline along the phase-encode direction",
                "subtle compression of tissue next to air",
            ),
            "moderate": (
                "clearly stretched tissue next to air, with a bright line where signal piles up",
                "a visibly bent outline along the phase-encode direction",
                "clear compression on one side and stretching on the other along the phase-encode direction",
            ),
            "severe": (
                "gross distortion of the anatomy along the phase-encode direction",
                "tissue dragged far out of place, with bright bands of piled-up signal",
                "an outline that is torn and folded along the phase-encode direction",
            ),
        },
        confusers=("mri_metal", "mri_signal_dropout"),
        impact=0.9,
    ),
    references=(
        Reference("Jezzard and Balaban 1995, Correction for geometric distortion in echo planar images from B0 field variations", doi="10.1002/mrm.1910340111"),
        Reference("Schenck 1996, The role of magnetic susceptibility in magnetic resonance imaging", doi="10.1118/1.597854"),
        Reference("Marques and Bowtell 2005, Application of a Fourier-based method for rapid calculation of field inhomogeneity", doi="10.1002/cmr.b.20034"),
    ),
    refuse=refuse,
)
