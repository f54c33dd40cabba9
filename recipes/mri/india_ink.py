"""Chemical shift of the second kind: black borders between fat and water in opposed phase."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Effect, Reference, Strength, Words
from physics.mri.chemical_shift import border_signal_lost, echo_time_error, turn_fat
from physics.mri.fat import refuse_without_fat
from physics.mri.fat_borders import borders_darkened
from physics.mri.protocol import refuse_spin_echo
from physics.mri.scan import MRIScan

# P does not tell grey outlines from black ones: of what opposed phase gives it has nine tenths at 2.1 rad, where a border still shows half its signal. How
# dark the borders are does: .20 to .22 at 1.6 rad, .32 to .36 at 2.1 and .51 to .58 in opposed phase, in every head.
ANCHORS = (0.15, 0.285, 0.41)


def draw(rng: np.random.Generator, scan: MRIScan) -> dict[str, Any]:
    """On which side of the in-phase echo the echo falls, and in which cycle: fat lags behind by that many whole turns more, which do not show."""
    return {"early": bool(rng.random() < 0.5), "cycle": int(rng.integers(0, 1000))}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: angle between fat and water at the echo, in radians; 0 is in phase, pi opposed."""
    return turn_fat(scan, phase_rad=-strength if pattern["early"] else strength)


def refuse(scan: MRIScan) -> str | None:
    """Without bright fat there is nothing to cancel water, and a spin echo brings both in phase."""
    return refuse_spin_echo(scan.protocol) or refuse_without_fat(scan.body)


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("angle between fat and water", "rad", neutral=0.0, limit=pi),
    effect=Effect("fat outline", borders_darkened, ANCHORS),
    measures=(echo_time_error, border_signal_lost),
    attributes=("india ink boundary", "chemical shift", "contrast"),
    refuse=refuse,
    words=Words(
        artefact="India ink artefact",
        synonyms=("black boundary artefact", "opposed-phase boundary artefact", "chemical shift artefact of the second kind", "phase cancellation artefact"),
        cause="an echo time at which fat and water are out of phase and cancel where they share a pixel",
        hides="thin structures at borders between fat and water",
        looks={
            "none": ("fat borders without a black outline", "fat and water in phase"),
            "mild": (
                "faintly darkened rims between fat and water",
                "a slight dark outline around the subcutaneous fat",
                "thin greyish outlines at fat-water interfaces",
            ),
            "moderate": (
                "dark outlines around the fat in all directions",
                "clear dark rims between fat and muscle or skin",
                "a pencilled dark contour at fat-water interfaces",
            ),
            "severe": (
                "black outlines around all fat as if drawn in ink",
                "sharp black rims at every fat-water interface irrespective of direction",
                "etched black contours between fat and the tissue beside it",
            ),
        },
        confusers=("mri_chemical_shift", "mri_gibbs"),
        impact=0.4,
    ),
    references=(
        Reference("Dixon 1984, Simple proton spectroscopic imaging", doi="10.1148/radiology.153.1.6089263"),
        Reference("Hood et al. 1999, Chemical shift: the artifact and clinical tool revisited", doi="10.1148/radiographics.19.2.g99mr07357"),
    ),
)
