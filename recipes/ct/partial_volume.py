"""Partial volume: slices so thick that bone and soft tissue share a ray."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import detail
from physics.ct.band_measures import dark_band_hu
from physics.ct.measures import noise_hu
from physics.ct.partial_volume import Sensitivity, slice_thickness_mm, thicken
from physics.ct.scan import CTScan
from physics.ct.slab import missing_slab
from physics.ct.streak_measures import affected_share, worst_hour

LIMIT_MM = 10.0
SLOPES = (0.05, 0.3)  # of the thickness: from joined detector rows to a helical scan of low pitch


def draw(rng: np.random.Generator, scan: CTScan) -> dict[str, Any]:
    """How steep the slopes of the profile are."""
    return {"slope": round(float(rng.uniform(*SLOPES)), 3)}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : full width at half maximum of the profile, on top of the thickness of the source's slices."""
    return scan if strength == 0 else thicken(scan, Sensitivity(strength, pattern["slope"]))


def refuse(scan: CTScan) -> str | None:
    """What lies above and below a single picture is not known."""
    return missing_slab(scan, LIMIT_MM / 2)


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("slice thickness", "mm", neutral=0.0, limit=LIMIT_MM),
    # P would count the grain that a thick slice averages away as harm: 3 mm of a liver were moderate. Seen: bone of the next level shines through at 5 mm of a
    # skull base (contrast lost .28), its floor covers the frontal lobes at 10 mm (.52); a liver at 10 mm (.23) has blunt ribs and loses small vessels
    effect=detail.with_anchors((0.12, 0.27, 0.43)),
    measures=(slice_thickness_mm, dark_band_hu, affected_share, noise_hu, worst_hour),
    attributes=("partial volume", "partial-volume streaks", "sharpness", "dark bands"),
    words=Words(
        artefact="partial volume artefact",
        synonyms=("partial volume effect", "partial volume averaging", "thick-slice averaging", "non-linear partial volume effect"),
        cause="slices so thick that several tissues share a voxel",
        hides="small lesions, thin bone and tissue between bones that end within the slice",
        looks={
            "none": ("borders as crisp as a thin slice draws them", "no averaging across the slice", "nothing of the next levels shining through"),
            "mild": (
                "slightly blurred borders where surfaces run oblique to the slice",
                "oblique borders that are a little soft under a quieter grain",
                "faint grey fringes along sloping bone and air",
                "small vessels and thin septa a little paler than they are",
            ),
            "moderate": (
                "clearly blurred oblique borders, with structures of the next level shining through",
                "sloping borders that fade into broad fringes",
                "small vessels and thin septa averaged away",
                "dense parts of neighbouring levels shown as grey smears",
            ),
            "severe": (
                "structures of several levels averaged on top of each other",
                "bone of neighbouring levels shown as broad grey or white patches",
                "sloping borders that dissolve and small structures that are gone",
                "outlines of other levels in place of the section's own",
            ),
        },
        confusers=("ct_smooth_kernel", "ct_beam_hardening", "ct_focal_spot_blur"),
        impact=0.7,
    ),
    references=(
        Reference("Glover and Pelc 1980, Med Phys 7: nonlinear partial volume artifacts in x-ray computed tomography"),
        Reference("Hsieh 2015, Computed Tomography: Principles, Design, Artifacts, and Recent Advances, chapter 7"),
        Reference("Barrett and Keat 2004, RadioGraphics 24: artifacts in CT, recognition and avoidance", doi="10.1148/rg.246045065"),
    ),
    refuse=refuse,
)
