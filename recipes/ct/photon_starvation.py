"""Photon starvation: streaks along the widest diameter, where hardly a quantum arrives."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import grain
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.ct.band_measures import affected_share
from physics.ct.implant import Ellipse
from physics.ct.measures import added_noise_hu, hu_bias, noise_anisotropy, noise_hu, streak_direction
from physics.ct.photon_starvation import starve
from physics.ct.scan import CTScan

SIDES = ("both", "left", "right")


def draw(rng: np.random.Generator, scan: CTScan, *, side: str = "any") -> dict[str, Any]:
    """Arms or shoulders beside the section, beyond the picture: on which side of it, how high and how thick, and the noise.

    side : of the picture, "both" (most often), "left" or "right".
    """
    if side not in ("any", *SIDES):
        raise ConfigError(f"recipe.pattern: side={side!r}; allowed: any, {', '.join(SIDES)}")
    chosen = str(rng.choice(SIDES, p=(0.8, 0.1, 0.1)))
    chosen = chosen if side == "any" else side
    edge, height = _half_width_mm(scan), _middle_mm(scan)
    limbs = []
    for sign, name in ((-1.0, "left"), (1.0, "right")):
        half = (round(float(rng.uniform(32.0, 50.0)), 1), round(float(rng.uniform(38.0, 62.0)), 1))
        y = round(height + float(rng.uniform(-15.0, 15.0)), 1)
        if chosen in ("both", name):
            limbs.append({"x_mm": round(sign * (edge + half[0]), 1), "y_mm": y, "a_mm": half[0], "b_mm": half[1]})
    return {"side": chosen, "limbs": limbs, "electronic_noise": round(float(rng.uniform(5.0, 12.0)), 1), "noise_seed": noise_seed(rng)}


def _half_width_mm(scan: CTScan) -> float:
    """Half of the picture's width: the limbs lie beyond it."""
    return scan.grid.shape[1] * scan.grid.spacing_mm[1] / 2


def _middle_mm(scan: CTScan) -> float:
    """Height of the body's middle, y down from the isocentre."""
    rows = (scan.attenuating_hu() > -300.0).sum(dim=1).double().numpy()
    y, _ = scan.grid.centred_mm()
    return float((rows * y).sum() / rows.sum()) if rows.sum() > 0 else 0.0


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength: water on the ray that the limbs lengthen most."""
    limbs = tuple(Ellipse("water", one["x_mm"], one["y_mm"], one["a_mm"], one["b_mm"]) for one in pattern["limbs"])
    return starve(scan, strength, limbs=limbs, seed=pattern["noise_seed"], electronic_noise=pattern["electronic_noise"])


_ONE_SIDED = Wording(
    cause="almost no photons came through an arm or a shoulder at one side of the patient",
    hides="soft tissue along the rays through that side",
    looks={
        "mild": ("fine streaks that fan out from one side", "a faint streaky texture, clearest towards one side"),
        "moderate": ("clear streaks that fan out from one side over soft tissue", "dark and bright streaks from one side that roughen borders"),
        "severe": ("dense streaks that fan out from one side over the whole section", "heavy streaks from one side that bury soft tissue"),
    },
)

RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("added water path", unit="mm", neutral=0.0, limit=500.0),
    effect=grain.with_anchors((9.0, 21.0, 42.0)),  # streaks hide borders that grain of the same deviation leaves
    measures=(noise_hu, added_noise_hu, hu_bias, noise_anisotropy, streak_direction, affected_share),
    attributes=("starvation streaks", "quantum noise"),
    words=Words(
        artefact="photon starvation",
        synonyms=("photon-starvation streaks", "starvation artefact", "streaks from arms beside the body", "shoulder streaks", "low-signal streaks"),
        cause="almost no photons came through the widest diameter of the patient",
        hides="soft tissue along the widest diameter",
        looks={
            "none": ("no streaks along the widest diameter", "soft tissue free of horizontal streaks", "even texture from side to side"),
            "mild": (
                "fine streaks along the widest diameter",
                "a faint horizontal texture over soft tissue",
                "slight side-to-side streaking with organ borders still clear",
            ),
            "moderate": (
                "clear horizontal streaks over soft tissue",
                "dark and bright streaks from side to side that roughen borders",
                "distinct streaks along the widest diameter in which small structures fade",
            ),
            "severe": (
                "dense horizontal streaks that bury soft tissue",
                "dark and bright streaks from side to side over the whole section",
                "heavy streaks along the widest diameter, nothing readable between them",
            ),
        },
        wordings={"side=left": _ONE_SIDED, "side=right": _ONE_SIDED},
        confusers=("ct_low_dose", "ct_metal", "ct_sparse_view", "ct_beam_hardening"),
        impact=0.9,
    ),
    references=(
        Reference("Hsieh 1998, Adaptive streak artifact reduction in computed tomography resulting from excessive x-ray photon noise, Med Phys 25, 2139"),
        Reference("Kachelriess, Watzke and Kalender 2001, Generalized multi-dimensional adaptive filtering for conventional and spiral CT, Med Phys 28, 475"),
        Reference("Barrett and Keat 2004, Artifacts in CT: recognition and avoidance, RadioGraphics 24, 1679"),
    ),
)
