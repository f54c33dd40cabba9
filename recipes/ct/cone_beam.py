"""Cone beam: a slice near the end of a wide detector, crossed by oblique rays."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.ct.band_measures import dark_band_hu
from physics.ct.off_plane import LEAST_REACH_MM, MOST_MM, cone_angle_deg, off_plane_mm, scan_off_plane
from physics.ct.scan import CTScan
from physics.ct.slab import missing_slab
from physics.ct.streak_measures import affected_share, shades_hu, worst_hour

SIDES = ("above", "below")


def draw(rng: np.random.Generator, scan: CTScan, *, side: str = "any") -> dict[str, Any]:
    """On which side of the mid-plane the slice lies: above it (towards the later slices of the slab) or below."""
    if side not in ("any", *SIDES):
        raise ConfigError(f"recipe.pattern: side={side!r}; allowed: any, {', '.join(SIDES)}")
    drawn = str(rng.choice(SIDES))
    return {"side": drawn if side == "any" else side}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : distance of the slice from the mid-plane."""
    return scan_off_plane(scan, strength if pattern["side"] == "above" else -strength)


def refuse(scan: CTScan) -> str | None:
    """What oblique rays meet above and below a single picture is not known."""
    return missing_slab(scan, LEAST_REACH_MM)


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("distance from the mid-plane", "mm", neutral=0.0, limit=MOST_MM),
    # P counts the grain of the levels that oblique rays mix. Seen in a skull base: 12 mm off (P .28) show next to nothing, 20 mm a dusky posterior
    # fossa (.36), 33 mm a dark one beside bright frontal lobes (.5), 45 mm hide both (.66)
    effect=disturbance.with_anchors((0.26, 0.43, 0.57)),
    measures=(off_plane_mm, cone_angle_deg, shades_hu, dark_band_hu, affected_share, worst_hour),
    attributes=("uniformity", "dark bands", "streaks"),
    words=Words(
        artefact="cone-beam artefact",
        synonyms=("cone beam artefact", "Feldkamp artefact", "cone-angle artefact", "wide-cone shading"),
        cause="oblique rays of a wide detector, far from the middle of the scan",
        hides="soft tissue beside bone that changes from slice to slice",
        looks={
            "none": ("even soft tissue beside sloping bone", "no shading from oblique rays", "soft tissue as even as in the middle of the detector"),
            "mild": (
                "slight dark and bright shades beside sloping bone",
                "soft tissue a little too dark between dense bones, with smooth edges to the shade",
                "faint broad shading around the base of bone",
            ),
            "moderate": (
                "clear smooth dark shades beside bone and bright ones where it ends",
                "broad dark areas around dense bone with brighter tissue opposite",
                "obvious uneven shading of soft tissue that follows sloping bone",
            ),
            "severe": (
                "deep dark shades that swallow the soft tissue around bone",
                "black areas beside dense bone and glaring ones opposite",
                "soft tissue hidden by broad black and white shading about bone",
            ),
        },
        confusers=("ct_beam_hardening", "ct_scatter", "ct_windmill", "ct_partial_volume"),
        impact=0.9,
    ),
    references=(
        Reference("Feldkamp, Davis and Kress 1984, J Opt Soc Am A 1: practical cone-beam algorithm"),
        Reference("Grass, Koehler and Proksa 2000, Phys Med Biol 45: 3D cone-beam CT reconstruction for circular trajectories"),
        Reference("Barrett and Keat 2004, RadioGraphics 24: artifacts in CT, recognition and avoidance", doi="10.1148/rg.246045065"),
    ),
    refuse=refuse,
)
