"""Slice cross-talk: other slices saturate part of this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Wording, Words
from medq_gen.declare.families import line
from medq_gen.errors import ConfigError
from physics.mri.cross_talk import SaturatedSlice, saturate, saturated_signal
from physics.mri.scan import MRIScan
from physics.mri.slice_group import crossing, neighbours
from physics.mri.slice_profile import SliceProfile

KINDS = {"strip": 0.7, "margin": 0.3}  # how often "any" takes each
ALONE = "neighbour"  # parallel slices darken the whole picture, which no single picture shows: only where it is asked for
THICKNESS_MM = 5.0  # of our own slice
LIMIT_PERCENT = 90.0


def draw(rng: np.random.Generator, scan: MRIScan, *, kind: str = "any") -> dict[str, Any]:
    """How other slices lie and when they are excited: slices of another stack across the picture or its margin, or parallel neighbours."""
    if kind not in ("any", *KINDS, ALONE):
        raise ConfigError(f"recipe.pattern.kind={kind!r} is not known; allowed: any, {', '.join(KINDS)}, {ALONE}")
    chosen = str(rng.choice(list(KINDS), p=list(KINDS.values()))) if kind == "any" else kind
    pattern: dict[str, Any] = {"kind": chosen, "tr_s": round(float(rng.uniform(0.4, 0.8)), 3), "flip_deg": round(float(rng.uniform(70, 90)), 1)}
    if chosen == ALONE:
        interleaved = bool(rng.random() < 0.5)  # odd slices first: neighbours follow half a repetition later
        after = float(rng.uniform(0.4, 0.5) if interleaved else rng.uniform(0.04, 0.12))
        return {**pattern, "order": "interleaved" if interleaved else "sequential", "delays": [round(after, 4), round(1 - after, 4)]}
    upright = rng.random() < 0.75  # stacks are angled about the left-right axis of the patient, whose picture hangs upright
    direction = (90.0 if upright else 0.0) + float(rng.normal(0, 8))
    before = float(rng.uniform(0.02, 0.08))  # of a repetition, from the last crossing pulse to ours
    n_slices = int(rng.choice((1, 2), p=(0.6, 0.4)))
    delays = [round(1 - before - 0.04 * place, 4) for place in range(n_slices)]
    centre = float(rng.uniform(0.25, 0.75) if chosen == "strip" else rng.choice((0.0, 1.0)))
    angle = float(rng.uniform(15, 45) if chosen == "strip" else rng.uniform(6, 15))
    return {**pattern, "direction_deg": round(direction, 2), "centre": round(centre, 3), "angle_deg": round(angle, 2), "delays": delays}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: share of the slice that other slices excite too, in percent: of its thickness for parallel neighbours, of the body's length for others."""
    if strength == 0:
        return scan
    own, shared, delays = SliceProfile(THICKNESS_MM), strength / 100, pattern["delays"]
    if pattern["kind"] == ALONE:
        return saturate(scan, SaturatedSlice(own, neighbours(own, shared=shared, delays=delays), pattern["tr_s"], pattern["flip_deg"]))
    direction = pattern["direction_deg"]
    others = crossing(scan.body, shared=shared, direction_deg=direction, centre=pattern["centre"], angle_deg=pattern["angle_deg"], delays=delays)
    return saturate(scan, SaturatedSlice(own, others, pattern["tr_s"], pattern["flip_deg"], direction))


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("share of the slice that other slices excite too", "%", neutral=0.0, limit=LIMIT_PERCENT, scale="log"),
    effect=line,
    measures=(saturated_signal,),
    attributes=("cross-talk", "intensity inhomogeneity", "contrast"),
    words=Words(
        artefact="slice cross-talk",
        synonyms=("cross-talk artefact", "slice cross-excitation", "saturation from crossing slices", "slice overlap artefact"),
        cause="pulses of other slices that saturated part of this slice",
        hides="tissue under the saturated strip",
        looks={
            "none": ("an even signal without saturated strips", "no dark strip from crossing slices"),
            "mild": (
                "a narrow straight strip of lower signal",
                "a slim grey strip with straight parallel edges across the body",
                "a slightly darker strip through which the anatomy stays visible",
            ),
            "moderate": (
                "a well-defined dark strip with straight edges across the body",
                "a straight dark strip in which the tissue has lost most of its signal",
                "a dark straight-edged zone where slices of another stack crossed",
            ),
            "severe": (
                "a broad almost black strip that replaces the anatomy",
                "a wide straight-edged zone without useful signal across the body",
                "a large part of the slice saturated to near black",
            ),
        },
        wordings={
            "kind=margin": Wording(
                looks={
                    "mild": (
                        "a slim darker zone with a straight border at one margin",
                        "slightly lower signal along one side of the body, ending at a straight line",
                    ),
                    "moderate": ("a dark zone with a straight border over one side of the body", "one side of the picture dimmed up to a straight line"),
                    "severe": ("one side of the body saturated to near black", "a broad saturated zone over one side of the picture with loss of all detail"),
                }
            ),
            f"kind={ALONE}": Wording(
                looks={
                    "mild": ("a slice somewhat darker than its neighbours", "slightly lower signal of the whole slice, most so of fluid"),
                    "moderate": ("a slice much darker than its neighbours", "clearly lower signal of the whole slice with altered tissue contrast"),
                    "severe": ("a slice with little signal left between brighter neighbours", "an almost dark slice with most of its tissue contrast lost"),
                }
            ),
        },
        confusers=("mri_bias_field", "mri_banding"),
        impact=0.6,
    ),
    references=(
        Reference(
            "Kneeland, Shimakawa and Wehrli 1986, Effect of intersection spacing on MR image contrast and study time", doi="10.1148/radiology.158.3.3945757"
        ),
        Reference("Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, section 11.5.2"),
    ),
)
