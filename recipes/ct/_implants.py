"""Which implants patients have, and where: the pattern that both metal recipes share."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Pattern
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.ct.implant import Ellipse
from physics.ct.implant_sites import Sites, sites_of
from physics.ct.matter import METALS, nearest_voltage
from physics.ct.scan import CTScan

# kind -> how often it is taken where its place exists, and its metals
KINDS = {"joint": 5.0, "filling": 4.0, "screws": 3.0, "clip": 1.5}
LARGEST_MM = {"joint": 56.0, "filling": 14.0, "screws": 16.0, "clip": 22.0}  # a femoral head in its socket, a crown, a screw in its rod, a mass of coils
_METALS: dict[str, dict[str, float]] = {
    "joint": {"cobalt_chromium": 0.5, "titanium": 0.3, "steel": 0.2},
    "filling": {"amalgam": 0.6, "gold": 0.4},
    "screws": {"titanium": 0.6, "steel": 0.25, "cobalt_chromium": 0.15},
    "clip": {"titanium": 0.45, "cobalt_chromium": 0.35, "gold": 0.2},  # gold stands for coils of platinum
}
_PAIR_MM = (18.0, 45.0)
_CLIP_MM = 45.0  # clips of a head lie about its base, near the middle


def draw_implants(rng: np.random.Generator, scan: CTScan, *, kind: str, material: str) -> dict[str, Any]:
    """Kind, metal, shapes and places; how large the kind becomes. Raises ConfigError for a kind that the slice has no place for."""
    sites = sites_of(scan)
    possible = [name for name in KINDS if _has_place(sites, name)] or ["clip"]
    if kind not in ("any", *KINDS) or material not in ("any", *METALS):
        raise ConfigError(f"recipe.pattern: kind={kind!r}, material={material!r}; allowed: any, {', '.join(KINDS)}; any, {', '.join(METALS)}")
    if kind != "any" and kind not in possible:
        raise ConfigError(f"recipe.pattern: kind={kind!r}; this slice has places for {', '.join(possible)}")
    weight = np.array([KINDS[name] for name in possible])
    chosen = str(rng.choice(possible, p=weight / weight.sum()))
    chosen = chosen if kind == "any" else kind
    metals = _METALS[chosen]
    metal = str(rng.choice(list(metals), p=list(metals.values())))
    metal = metal if material == "any" else material
    return {
        "kind": chosen,
        "largest_mm": LARGEST_MM[chosen],
        "kvp": nearest_voltage(scan.kvp),
        "scatter": round(float(rng.uniform(0.01, 0.04)), 4),
        "noise_seed": noise_seed(rng),
        "implants": [{"material": metal, **one} for one in _shapes(rng, sites, chosen, head=scan.bowtie_mm < 300.0)],
    }


def _has_place(sites: Sites, kind: str) -> bool:
    return bool(len({"joint": sites.joints, "filling": sites.teeth, "screws": sites.screws, "clip": sites.soft}[kind]))


def _shapes(rng: np.random.Generator, sites: Sites, kind: str, *, head: bool) -> list[dict[str, float]]:
    if kind == "joint":
        both = len(sites.joints) > 1 and rng.random() < 0.4
        one = int(rng.integers(len(sites.joints)))
        hole = round(float(rng.choice((0.0, 0.6), p=(0.7, 0.3))), 2)
        return [_shape(x, y, ratio=1.0, angle_deg=0.0, hole=hole) for x, y, _ in (sites.joints[:2] if both else sites.joints[one : one + 1])]
    if kind == "filling":
        count = min(int(rng.choice((1, 2, 3), p=(0.4, 0.4, 0.2))), len(sites.teeth))
        return [_shape(*sites.teeth[k], ratio=rng.uniform(0.5, 1.0), angle_deg=rng.uniform(0, 180)) for k in rng.choice(len(sites.teeth), count, replace=False)]
    if kind == "screws":
        first = sites.screws[int(rng.integers(len(sites.screws)))]
        across = np.abs(sites.screws - first)
        partners = sites.screws[(across[:, 0] > _PAIR_MM[0]) & (across[:, 0] < _PAIR_MM[1]) & (across[:, 1] < 10.0)]
        places = [first] if not len(partners) or rng.random() < 0.25 else [first, partners[int(rng.integers(len(partners)))]]
        return [_shape(*place, ratio=rng.uniform(0.7, 1.0), angle_deg=rng.uniform(0, 180)) for place in places]
    soft = sites.soft if len(sites.soft) else np.array([sites.centre])
    near = soft[np.hypot(*(soft - np.array(sites.centre)).T) < _CLIP_MM] if head else soft
    near = near if len(near) else soft
    return [_shape(*near[int(rng.integers(len(near)))], ratio=rng.uniform(0.35, 0.9), angle_deg=rng.uniform(0, 180))]


def _shape(x_mm: float, y_mm: float, *, ratio: float, angle_deg: float, hole: float = 0.0) -> dict[str, float]:
    return {
        "x_mm": round(float(x_mm), 2),
        "y_mm": round(float(y_mm), 2),
        "ratio": round(float(ratio), 3),
        "angle_deg": round(float(angle_deg), 1),
        "hole": hole,
    }


def implants_of(pattern: Pattern, share: float) -> tuple[Ellipse, ...]:
    """The implants of a pattern, their longest diameter a share of the largest of the kind.

    Two that would meet are moved apart along the line of their centres, since metal does not lie within metal.
    """
    ones, diameter_mm = pattern["implants"], share * pattern["largest_mm"]
    centre = np.mean([[one["x_mm"], one["y_mm"]] for one in ones], axis=0)
    apart = min((np.hypot(a["x_mm"] - b["x_mm"], a["y_mm"] - b["y_mm"]) for k, a in enumerate(ones) for b in ones[:k]), default=np.inf)
    spread = max(1.0, 1.1 * diameter_mm / max(float(apart), 1e-6))
    return tuple(
        Ellipse(
            one["material"],
            x_mm=float(centre[0] + spread * (one["x_mm"] - centre[0])),
            y_mm=float(centre[1] + spread * (one["y_mm"] - centre[1])),
            a_mm=diameter_mm / 2,
            b_mm=one["ratio"] * diameter_mm / 2,
            angle_deg=one["angle_deg"],
            hole=one["hole"],
        )
        for one in ones
    )
