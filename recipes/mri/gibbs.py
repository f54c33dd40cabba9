"""Gibbs ringing: a phase-encode matrix that ends early, without a filter."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.mri.edge_ringing import ringing_amplitude
from physics.mri.resolution_along import BOTH_AXES
from physics.mri.scan import MRIScan
from physics.mri.truncation import matrix_kept, point_spread_mm, truncate_lines

AXES = {"phase": 0.75, "both": 0.25}  # how often "any" takes each


def draw(rng: np.random.Generator, scan: MRIScan, *, axes: str = "any") -> dict[str, Any]:
    """Whether the readout ends early too, and how far the lines that are taken lie off the centre of k-space."""
    if axes not in ("any", *AXES):
        raise ConfigError(f"recipe.pattern.axes={axes!r} is not known; allowed: any, {', '.join(AXES)}")
    chosen = str(rng.choice(list(AXES), p=list(AXES.values()))) if axes == "any" else axes
    power = round(float(rng.uniform(0.4, 0.9)), 3) if chosen == "both" else 0.0
    return {"axes": chosen, "readout_power": power, "offset": round(float(rng.uniform(-0.05, 0.05)), 4)}


def edit(scan: MRIScan, *, strength: float, pattern: Pattern) -> MRIScan:
    """strength: share of the phase-encode lines that are taken; the readout keeps a power of it."""
    return truncate_lines(scan, share=strength, readout_share=strength ** pattern["readout_power"], offset=pattern["offset"])


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("phase-encode lines taken", "share of the matrix", neutral=1.0, limit=0.05, scale="log"),
    effect=disturbance,  # on heads its anchors lie at 0.39, 0.23 and 0.14 of the matrix, where readers put theirs
    measures=(matrix_kept, point_spread_mm, ringing_amplitude, *BOTH_AXES),
    attributes=("gibbs ringing", "sharpness"),
    words=Words(
        artefact="Gibbs ringing artefact",
        synonyms=("truncation artefact", "Gibbs artefact", "ringing from truncation", "spectral leakage artefact"),
        cause="too few phase-encoding lines were sampled at the edge of k-space",
        hides="thin structures beside sharp edges",
        looks={
            "none": ("clean tissue beside sharp edges", "edges without parallel lines", "no truncation lines"),
            "mild": (
                "faint parallel lines beside the sharpest edges",
                "fine ringing just inside the skull line",
                "a thin line that accompanies high-contrast borders",
            ),
            "moderate": (
                "several parallel lines beside sharp edges that fade into the tissue",
                "evident ringing beside the skull and other high-contrast borders",
                "alternating bright and dark lines that follow the edges along the phase-encode direction",
            ),
            "severe": (
                "broad parallel lines through large parts of the tissue",
                "coarse ringing from every edge that fuses with the anatomy",
                "wide alternating bands beside all borders, with fine structures lost",
            ),
        },
        confusers=("mri_motion", "mri_low_resolution"),
        impact=0.7,
    ),
    references=(
        Reference("Czervionke et al. 1988, Characteristic features of MR truncation artifacts"),
        Reference("Kellner et al. 2016, Gibbs-ringing artifact removal based on local subvoxel-shifts", doi="10.1002/mrm.26054"),
    ),
)
