"""Radial streaks: too few spokes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.measures import ghost_to_signal
from physics.mri.radial import ANGLES, read_share, spokes_of_nyquist, streak_free_diameter
from physics.mri.scan import MRIScan

MOST_DELAY = 2.0  # samples: beyond it a scanner is out of order, not out of tune


def draw(rng: np.random.Generator, scan: MRIScan, *, angles: str = "any", delay_samples: float = 0.0) -> dict[str, Any]:
    """How spokes follow each other, where the first one points, and how late each gradient is: up to delay_samples, drawn along either axis."""
    if angles not in ("any", *ANGLES):
        raise ConfigError(f"recipe.pattern.angles={angles!r} is not known; allowed: any, {', '.join(ANGLES)}")
    if not 0 <= delay_samples <= MOST_DELAY:
        raise ConfigError(f"recipe.pattern.delay_samples={delay_samples}; allowed: 0 to {MOST_DELAY:g}")
    chosen = str(rng.choice(ANGLES, p=(0.75, 0.25))) if angles == "any" else angles
    first_deg, late = round(float(rng.uniform(0, 180)), 2), rng.uniform(-1, 1, size=2)
    return {"angles": chosen, "first_deg": first_deg, "delay_samples": [round(float(delay_samples * axis), 4) for axis in late]}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: spokes as a share of pi N / 2, the number at which they are one line apart at the rim of k-space; 1 is the scan by lines."""
    late = pattern["delay_samples"]
    return read_share(scan, share=strength, angles=pattern["angles"], first_deg=pattern["first_deg"], delay_samples=(late[0], late[1]))


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("spokes of the Nyquist number", "share", neutral=1.0, limit=0.015, scale="log"),
    effect=disturbance,
    measures=(spokes_of_nyquist, streak_free_diameter, ghost_to_signal, artefact_to_signal),
    attributes=("radial streaks", "sharpness"),
    words=Words(
        artefact="radial streak artefact",
        synonyms=("radial undersampling artefact", "streak artefact of radial sampling", "radial streaking", "angular undersampling artefact"),
        cause="too few spokes in a radial acquisition",
        hides="fine low-contrast detail away from bright structures",
        looks={
            "none": ("no streaks over the tissue", "clean tissue between bright structures", "anatomy free of straight lines"),
            "mild": (
                "thin faint streaks that start some way off from bright structures",
                "a faint fan of straight lines at the rim of the field",
                "a slight texture of crossing straight lines",
            ),
            "moderate": (
                "clear straight streaks that radiate from bright structures and cross the tissue",
                "a visible mesh of crossing straight lines over the anatomy",
                "distinct streaks tangent to the bright rim of the head",
            ),
            "severe": (
                "dense straight streaks over the whole slice in which fine structures are lost",
                "a heavy web of radiating lines over anatomy and background",
                "coarse radiating streaks that break up the contours",
            ),
        },
        confusers=("mri_undersampling", "mri_motion", "mri_noise"),
        impact=0.9,
    ),
    references=(
        Reference("Glover and Pauly 1992, Projection reconstruction techniques for reduction of motion effects in MRI, Magn. Reson. Med. 28, 275"),
        Reference("Winkelmann et al. 2007, An optimal radial profile order based on the golden ratio", doi="10.1109/TMI.2006.885337"),
        Reference("Peters, Derbyshire and McVeigh 2003, Centering the projection reconstruction trajectory"),
    ),
)
