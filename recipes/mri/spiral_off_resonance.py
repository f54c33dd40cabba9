"""Off-resonance blur of a spiral."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import detail
from medq_gen.seeds import noise_seed
from physics.mri.off_resonance import off_resonance, off_resonance_cycles, read_off_resonance, spiral_field
from physics.mri.pockets import draw_pockets, pockets_of
from physics.mri.scan import MRIScan
from physics.mri.spiral import Spiral
from physics.mri.susceptibility import field_note

N_INTERLEAVES = 32  # the blur depends on how long the path takes to a radius, not on how many interleaves share the work
OFFSET_HZ, BOWL_HZ, SLICE_MM = (40.0, 100.0), (0.0, 60.0), (3.0, 5.0)


def draw(rng: np.random.Generator, scan: MRIScan) -> dict[str, Any]:
    """How far the centre frequency is off, what the shim leaves, air beside the slice where the slice shows none, and how the path turns."""
    offset, bowl = rng.uniform(*OFFSET_HZ) * rng.choice((-1.0, 1.0)), rng.uniform(*BOWL_HZ) * rng.choice((-1.0, 1.0))
    seed, first_deg = noise_seed(rng), rng.uniform(0, 360)
    return {
        "offset_hz": round(float(offset), 2),
        "bowl_hz": round(float(bowl), 2),
        "bowl_axis": int(rng.integers(2)),
        "first_deg": round(float(first_deg), 2),
        "clockwise": bool(rng.random() < 0.5),
        "slice_mm": round(float(rng.uniform(*SLICE_MM)), 2),
        "pockets_mm": [pocket.values for pocket in draw_pockets(scan, seed=seed)],
    }


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: duration of each interleaf in ms; 0 is the scan by lines."""
    if strength == 0:
        return scan
    spiral = Spiral(scan.matrix, N_INTERLEAVES, N_INTERLEAVES, "even", pattern["first_deg"], pattern["clockwise"])
    pockets = pockets_of(pattern["pockets_mm"])
    field = spiral_field(scan, pockets=pockets, offset_hz=pattern["offset_hz"], bowl_hz=pattern["bowl_hz"], bowl_axis=pattern["bowl_axis"])
    blurred = read_off_resonance(scan, spiral, field=field, readout_ms=strength, slice_mm=pattern["slice_mm"])
    return replace(blurred, assumed=(*scan.assumed, *field_note(scan, pockets), "centre frequency, second-order shim and slice thickness of the spiral"))


RECIPE = Degradation(
    version=3,
    draw=draw,
    edit=edit,
    strength=Strength("duration of an interleaf", "ms", neutral=0.0, limit=40.0, scale="log"),
    effect=detail,
    measures=(off_resonance_cycles, off_resonance),
    attributes=("off-resonance blur", "contrast", "signal void"),
    words=Words(
        artefact="off-resonance blur",
        synonyms=("spiral blurring", "off-resonance blurring of the spiral", "spiral off-resonance artefact", "B0 blurring"),
        cause="spins that were off resonance during a long spiral readout",
        hides="fine structures and sharp borders where the main field is off",
        looks={
            "none": ("sharp borders next to air-filled spaces", "contours of equal sharpness throughout the slice", "no halo about bright edges"),
            "mild": (
                "a slight softening of contours that is uneven over the slice",
                "slightly unsharp borders with a thin halo",
                "small structures a little smeared in all directions",
            ),
            "moderate": (
                "clear blurring in all directions with soft halos about bright structures",
                "cortex and sulci clearly blurred, more so in some regions than in others",
                "distinctly unsharp contours surrounded by faint rings",
            ),
            "severe": (
                "heavy blurring with broad halos in which fine structures are lost",
                "edges dissolved into wide rings",
                "tissue smeared so far in all directions that small structures merge",
            ),
        },
        confusers=("mri_motion", "mri_undersampling"),
        impact=0.9,
    ),
    references=(
        Reference("Noll et al. 1991, A homogeneity correction method for MRI with time-varying gradients", doi="10.1109/42.108599"),
        Reference("Man, Pauly and Macovski 1997, Multifrequency interpolation for fast off-resonance correction", doi="10.1002/mrm.1910370523"),
        Reference(
            "Sutton, Noll and Fessler 2003, Fast, iterative image reconstruction for MRI in the presence of field inhomogeneities",
            doi="10.1109/TMI.2002.808360",
        ),
    ),
)
