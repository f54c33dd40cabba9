"""Gradient warp: coils whose fields bend towards the edge of the bore."""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import geometry
from medq_gen.errors import ConfigError
from physics.mri.cavities import main_field_axis
from physics.mri.displacement import displacement_p95
from physics.mri.gradient_warp import BORES, GradientField, bend_gradients, density_change, largest_displacement
from physics.mri.scan import MRIScan

BARREL_OFTEN = 0.75  # fields fall short towards the ends of a coil more often than they overshoot
OFF_CENTRE, OFF_SLICE = 0.05, 0.1  # of the field of view, of its diagonal: how far the isocentre may lie from the centre of the picture


def draw(rng: np.random.Generator, scan: MRIScan, *, bore: str = "any", bend: str = "any") -> dict[str, Any]:
    """What the bore runs along (any: as the picture looks), where the isocentre lies, the weights of the orders, and whether contours bend in or out."""
    if bore not in ("any", *BORES) or bend not in ("any", "inwards", "outwards"):
        raise ConfigError(f"recipe.pattern: bore={bore!r}, bend={bend!r}; allowed: any, {', '.join(BORES)}; any, inwards, outwards")
    fov_mm = [n * d for n, d in zip(scan.matrix, scan.spacing_mm, strict=True)]
    inwards = bool(rng.random() < BARREL_OFTEN)
    centre = [*rng.uniform(-OFF_CENTRE, OFF_CENTRE, 2) * fov_mm, rng.uniform(-OFF_SLICE, OFF_SLICE) * hypot(*fov_mm)]
    third, fifth = rng.uniform(0.5, 1.5), rng.uniform(0.3, 0.7, 2)
    chosen = str(main_field_axis(scan.body)) if bore == "any" else bore
    # The fifth order takes back what the third does at the rim; along the bore it has the other sign in the coils across it.
    return {
        "bore": chosen,
        "bend": ("inwards" if inwards else "outwards") if bend == "any" else bend,
        "isocentre_mm": [round(float(value), 2) for value in centre],
        "transverse": [1.0, round(float(fifth[0] if chosen == "slice" else -0.3 * fifth[0]), 4)],
        "longitudinal": [round(float(third), 4), round(float(fifth[1]), 4)],
    }


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: the largest displacement of the body, at its rim, in mm."""
    if strength == 0:
        return scan
    sign = 1.0 if pattern["bend"] == "inwards" else -1.0
    (c3, c5), (z3, z5) = pattern["transverse"], pattern["longitudinal"]
    down, right, through = pattern["isocentre_mm"]
    field = GradientField(pattern["bore"], (down, right, through), (sign * c3, sign * c5), (sign * z3, sign * z5))
    return bend_gradients(scan, field, largest_mm=strength)


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("displacement at the rim of the body", "mm", neutral=0.0, limit=40.0, scale="log"),
    effect=geometry,
    measures=(displacement_p95, largest_displacement, density_change),
    attributes=("geometric warp", "geometric fidelity"),
    words=Words(
        artefact="gradient warp",
        synonyms=("gradient non-linearity distortion", "gradient distortion", "uncorrected gradient non-linearity", "gradwarp"),
        cause="gradient fields that are not linear away from the isocentre",
        hides="the true size and shape of structures far from the isocentre",
        looks={
            "none": ("an outline of natural shape up to the rim", "true proportions from centre to margin", "straight structures that run straight"),
            "mild": (
                "a slightly bent outline at the margin of the field",
                "slightly altered proportions far from the centre",
                "a hint of curvature in the outer contours",
            ),
            "moderate": (
                "a clearly bent outline with altered proportions at the margin",
                "visible warping of the outer anatomy while the centre keeps its shape",
                "outer structures clearly displaced against the centre",
            ),
            "severe": (
                "a grossly warped outline, with the outer anatomy squeezed or stretched",
                "anatomy far from the centre bent out of all proportion",
                "a shape that no longer resembles the body at its margin",
            ),
        },
        confusers=("mri_motion", "mri_bias_field"),
        impact=0.7,
    ),
    references=(
        Reference("Janke et al. 2004, Use of spherical harmonic deconvolution methods to compensate for nonlinear gradient effects", doi="10.1002/mrm.20122"),
        Reference("Doran et al. 2005, A complete distortion correction for MR images: I. Gradient warp correction, Phys. Med. Biol. 50, 1343"),
    ),
)
