"""A gradient echo near air: tissue whose voxels hold different fields falls dark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.mri.dephasing import continued_pockets, dephase, dephasing_across_slice, signal_lost, void_area
from physics.mri.pockets import draw_pockets, pockets_of
from physics.mri.protocol import refuse_spin_echo
from physics.mri.scan import MRIScan
from physics.mri.susceptibility import field_note, makes_a_field

LIMIT_MS = 100.0
THICKNESS_MM = (3.0, 7.0)


def draw(rng: np.random.Generator, scan: MRIScan, *, thickness_mm: float = 0.0) -> dict[str, Any]:
    """Air beside the slice where none is shown or where it goes on, and the slice's thickness (0: drawn)."""
    if not 0 <= thickness_mm <= 20:
        raise ConfigError(f"recipe.pattern.thickness_mm={thickness_mm}; allowed: 0 (drawn) to 20")
    seed, drawn = noise_seed(rng), round(float(rng.uniform(*THICKNESS_MM)), 2)
    pockets = (*draw_pockets(scan, seed=seed), *continued_pockets(scan, seed=seed))
    return {"thickness_mm": float(thickness_mm) or drawn, "pockets_mm": [pocket.values for pocket in pockets], "noise_seed": noise_seed(rng)}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: time by which the gradient echo is later than in the source, in ms."""
    if strength == 0:
        return scan
    pockets = pockets_of(pattern["pockets_mm"])
    dark = dephase(scan, echo_ms=strength, thickness_mm=pattern["thickness_mm"], pockets=pockets, seed=pattern["noise_seed"])
    return replace(dark, assumed=(*scan.assumed, *field_note(scan, pattern["pockets_mm"])))


def refuse(scan: MRIScan) -> str | None:
    """A spin echo loses nothing to a bent field; without air in or beside the slice the field is flat."""
    flat = None if makes_a_field(scan) else "there is no air in the body, and none may be drawn beside this body: nothing bends the field"
    return refuse_spin_echo(scan.protocol) or flat


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("echo time of the gradient echo, beyond that of the source", "ms", neutral=0.0, limit=LIMIT_MS, scale="log"),
    effect=disturbance,
    measures=(void_area, signal_lost, dephasing_across_slice),
    attributes=("signal void", "susceptibility distortion", "brightness"),
    words=Words(
        artefact="susceptibility signal dropout",
        synonyms=("signal dropout", "signal loss near air", "susceptibility-induced signal loss", "intravoxel dephasing"),
        cause="dephasing of the gradient echo in the uneven field next to air",
        hides="tissue next to air-filled spaces",
        looks={
            "none": ("full signal next to the air-filled spaces", "no dark holes in the tissue", "even signal down to the border of air"),
            "mild": (
                "a small dark spot in tissue next to air",
                "slight darkening of tissue over an air-filled space",
                "a narrow dark fringe about an air-filled space",
            ),
            "moderate": (
                "a clear dark hole in tissue next to air",
                "a patch without signal over an air-filled space, with soft borders",
                "an air-filled space that looks distinctly larger than it is",
            ),
            "severe": (
                "a large area without signal in place of tissue",
                "extensive loss of signal that swallows the tissue around air-filled spaces",
                "broad black holes with only remnants of tissue between them",
            ),
        },
        confusers=("mri_metal", "mri_epi_distortion"),
        impact=0.9,
    ),
    references=(
        Reference("Reichenbach et al. 1997, Theory and application of static field inhomogeneity effects in gradient-echo imaging"),
        Reference("Deichmann et al. 2003, Optimized EPI for fMRI studies of the orbitofrontal cortex", doi="10.1016/S1053-8119(03)00073-9"),
        Reference("Schenck 1996, The role of magnetic susceptibility in magnetic resonance imaging", doi="10.1118/1.597854"),
    ),
    refuse=refuse,
)
