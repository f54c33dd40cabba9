"""Rigid head motion during the scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.measures import ghost_to_signal, jump_count, peak_displacement, share_of_lines_moved, weighted_displacement
from physics.mri.order import ORDERS, line_times
from physics.mri.pose_spread import pose_spread
from physics.mri.resolution_along import BOTH_AXES
from physics.mri.scan import MRIScan
from physics.mri.trajectory import trajectory
from recipes.mri import _movements as movements

# How often "any" takes each.
KINDS = {"sudden": 0.4, "continuous": 0.1, "periodic": 0.2, "nod_and_return": 0.1, "drift": 0.2}
ALLOWED = ("sudden", "periodic", "drift", "continuous", "nod_and_return")


def draw(rng: np.random.Generator, scan: MRIScan, *, kind: str = "any", order: str = "any", n_shots: int = 8) -> dict[str, Any]:
    """When and whither the head moves, the order of the lines, and the point of the head rest about which it turns."""
    for name, value, allowed in (("kind", kind, ALLOWED), ("order", order, ORDERS)):
        if value not in ("any", *allowed):
            raise ConfigError(f"recipe.pattern.{name}={value!r} is not known; allowed: any, {', '.join(allowed)}")
    chosen = str(rng.choice(list(KINDS), p=list(KINDS.values()))) if kind == "any" else kind
    lines = str(rng.choice(ORDERS, p=(0.6, 0.15, 0.25))) if order == "any" else order
    fov_mm = [n * d for n, d in zip(scan.matrix, scan.spacing_mm, strict=True)]
    pattern: dict[str, Any] = {"kind": chosen, "order": lines, "n_shots": int(n_shots)}
    pattern["pivot_mm"] = [round(float(rng.uniform(0.1, 0.35) * fov_mm[0]), 2), round(float(rng.uniform(-0.1, 0.1) * fov_mm[1]), 2)]
    times = line_times(scan.n_lines, ORDERS[ORDERS.index(lines)], n_shots=n_shots)
    return {**pattern, **movements.drawn(chosen, rng, scan, times)}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: peak displacement of the head in millimetres (root mean square over a sphere of 80 mm), against the start of the scan."""
    if strength == 0:
        return scan
    time = line_times(scan.n_lines, pattern["order"], n_shots=pattern["n_shots"])
    return scan.with_motion(trajectory(movements.pieces(pattern), peak_mm=strength, time=time, pivot_mm=tuple(pattern["pivot_mm"])))


RECIPE = Degradation(
    version=4,
    draw=draw,
    edit=edit,
    strength=Strength("peak displacement", "mm", neutral=0.0, limit=20.0, scale="log"),
    effect=disturbance,
    measures=(ghost_to_signal, artefact_to_signal, weighted_displacement, pose_spread, peak_displacement, jump_count, share_of_lines_moved, *BOTH_AXES),
    attributes=("motion ghosting", "sharpness"),
    words=Words(
        artefact="motion artefact",
        synonyms=("motion ghosting", "patient motion artefact", "ghosting from head movement", "movement artefact"),
        cause="movement of the patient's head during the acquisition",
        hides="small vessels and small lesions",
        looks={
            "none": ("no ghosting and no motion blur", "crisp contours without repeated edges", "a clean background without displaced copies of the head"),
            "mild": (
                "faint ripples parallel to the skull along the phase-encode direction",
                "slight ghosting along the phase-encode direction that leaves the anatomy readable",
                "barely doubled contours at the scalp",
                "subtle smearing of the cortical ribbon",
            ),
            "moderate": (
                "distinct ghosts of the skull along the phase-encode direction that cross the brain",
                "clear ringing inside the skull with a blurred border between grey and white matter",
                "doubled contours and ripples over a good part of the brain",
                "repeated edges along the phase-encode direction that cover fine detail",
            ),
            "severe": (
                "heavy ghosting along the phase-encode direction over the whole head and its background",
                "smeared anatomy with multiple displaced copies of the skull",
                "coarse ripples throughout the brain that obscure the border between grey and white matter",
                "contours doubled and redoubled, with sulci no longer separable",
                "displaced copies of the anatomy over the whole picture",
            ),
        },
        wordings={
            "kind=sudden": Wording(
                looks={
                    "mild": (
                        "faint ripples parallel to the skull",
                        "fine ripples beside bright edges",
                        "faint lines that repeat strong edges",
                        "slight ringing inside the skull",
                    ),
                    "moderate": (
                        "clear ringing inside the skull that crosses the brain",
                        "clear ripples that repeat the strong edges",
                        "distinct ripples over much of the picture",
                        "repeated edges along the phase-encode direction that cover fine detail",
                    ),
                    "severe": (
                        "coarse ripples throughout the brain that obscure the border between grey and white matter",
                        "coarse ripples throughout the picture",
                        "displaced copies of strong edges over the whole picture",
                        "contours doubled and redoubled",
                    ),
                }
            ),
            "kind=periodic": Wording(
                looks={
                    "mild": (
                        "faint ghosts of bright edges along the phase-encode direction",
                        "slight ghosting along the phase-encode direction that leaves the anatomy readable",
                        "faint displaced copies of the skull",
                    ),
                    "moderate": (
                        "distinct ghosts of the skull along the phase-encode direction that cross the brain",
                        "distinct ghosts along the phase-encode direction that cross the anatomy",
                        "displaced copies of bright structures",
                    ),
                    "severe": (
                        "heavy ghosting along the phase-encode direction over the whole picture",
                        "smeared anatomy with multiple displaced copies of the skull",
                        "strong ghosts that overlay the anatomy from edge to edge",
                    ),
                }
            ),
            "kind=drift": Wording(
                looks={
                    "mild": (
                        "barely doubled contours",
                        "barely doubled contours at the scalp",
                        "slightly smeared edges along the phase-encode direction",
                        "subtle smearing of the cortical ribbon",
                    ),
                    "moderate": (
                        "doubled contours over a good part of the brain",
                        "clearly doubled contours along the phase-encode direction",
                        "smeared edges along the phase-encode direction with loss of fine detail",
                    ),
                    "severe": (
                        "grossly smeared anatomy",
                        "contours smeared into broad bands",
                        "doubled and smeared contours, with sulci no longer separable",
                    ),
                }
            ),
            "kind=continuous": Wording(
                cause="restlessness of the patient throughout the acquisition",
                looks={
                    "mild": (
                        "faint irregular ripples along the phase-encode direction",
                        "slight unevenness of contours along the phase-encode direction",
                        "a slightly restless background along the phase-encode direction",
                    ),
                    "moderate": (
                        "irregular ghosts along the phase-encode direction that spread over the anatomy",
                        "unsettled contours with irregular ripples over much of the picture",
                        "irregular smearing along the phase-encode direction with loss of fine detail",
                    ),
                    "severe": (
                        "irregular ghosts that fill the picture along the phase-encode direction",
                        "contours dissolved into irregular ripples",
                        "grossly unsettled anatomy in which no contour is single",
                    ),
                },
            ),
            "kind=nod_and_return": Wording(
                cause="a brief movement of the patient's head that returned to rest",
                looks={
                    "mild": (
                        "a few faint ripples beside otherwise crisp contours",
                        "thin stripes parallel to strong edges on crisp anatomy",
                        "a faint set of stripes along the phase-encode direction",
                    ),
                    "moderate": (
                        "distinct stripes parallel to strong edges across the anatomy",
                        "clear stripes along the phase-encode direction over single contours",
                        "a clear band-like ripple that repeats strong edges",
                    ),
                    "severe": (
                        "broad stripes along the phase-encode direction across the whole picture",
                        "heavy stripes that hide the anatomy between strong edges",
                        "dense coarse stripes over tissue and background",
                    ),
                },
            ),
        },
        confusers=("mri_undersampling", "mri_noise"),
        impact=1.0,
    ),
    references=(
        Reference("Zaitsev, Maclaren and Herbst 2015, Motion artifacts in MRI", doi="10.1002/jmri.24850"),
        Reference("Godenschweger et al. 2016, Motion correction in MRI of the brain", doi="10.1088/0031-9155/61/5/R32"),
        Reference("Shaw et al. 2020, A k-space model of movement artefacts, IEEE Trans. Med. Imaging 39, 2881"),
    ),
)
