"""Head motion across the slice: swallowing, nodding and breathing that no movement in the plane stands for."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.measures import ghost_to_signal
from physics.mri.order import ORDERS, line_times
from physics.mri.scan import MRIScan
from physics.mri.slice_profile import missing_slab
from physics.mri.spin_history import MultiSlice
from physics.mri.through_plane import lines_of_other_slices, move_through, out_of_plane, peak_lift
from physics.mri.trajectory import Drift, Nod, Nodding, Piece, Step, trajectory

KINDS = {"swallow": 0.35, "sudden": 0.25, "periodic": 0.25, "drift": 0.15}  # how often "any" takes each
DEGREES_PER_MM = (0.0, 0.3)  # tilt that goes with a millimetre across the slice
NEAR_CENTRE, NEAR_CENTRE_OFTEN = 0.1, 0.7  # of half k-space, where it does most harm; of draws
TR_S = (0.7, 3.0)  # from T1 to T2 weighting: spins that come fresh are brighter by 2 to 1.05
LIMIT_MM = 14.0


def draw(rng: np.random.Generator, scan: MRIScan, *, kind: str = "any", order: str = "any") -> dict[str, Any]:
    """When the head moves across the slice, how much it tilts with it and about what, the order of the lines and the stack of slices."""
    for name, value, allowed in (("kind", kind, tuple(KINDS)), ("order", order, ORDERS)):
        if value not in ("any", *allowed):
            raise ConfigError(f"recipe.pattern.{name}={value!r} is not known; allowed: any, {', '.join(allowed)}")
    chosen = str(rng.choice(list(KINDS), p=list(KINDS.values()))) if kind == "any" else kind
    lines = str(rng.choice(ORDERS, p=(0.6, 0.15, 0.25))) if order == "any" else order
    sequence = {"tr_s": round(float(np.exp(rng.uniform(*np.log(TR_S)))), 3), "flip_deg": round(float(rng.uniform(70, 90)), 1), "thickness_mm": 4.0}
    half_mm = scan.matrix[0] * scan.spacing_mm[0] / 2
    pattern: dict[str, Any] = {"kind": chosen, "order": lines, "pivot_mm": round(float(rng.uniform(0.0, 0.5) * half_mm), 2), "sequence": sequence}
    if chosen == "swallow":
        pattern["pieces"] = [
            {"at": round(start - 0.02, 4), "ramp": 0.015, "hold": round(float(rng.uniform(0.01, 0.06)), 4), **_direction(rng)}
            for start in _starts(rng, scan, lines, count=int(rng.integers(2, 7)))
        ]
    elif chosen == "sudden":
        pattern["pieces"] = [{"at": round(start, 4), **_direction(rng)} for start in _starts(rng, scan, lines, count=int(rng.integers(2, 7)))]
    elif chosen == "drift":
        pattern["pieces"] = [{"power": round(float(rng.uniform(0.5, 1.5)), 4), **_direction(rng)}]
    else:
        cycles, phase = round(float(rng.uniform(8, 60)), 3), round(float(rng.uniform(0, 2 * pi)), 4)
        pattern["pieces"] = [{"cycles": cycles, "phase_rad": phase, "waxing": round(float(rng.uniform(0, 0.4)), 4), **_direction(rng)}]
    return pattern


def _starts(rng: np.random.Generator, scan: MRIScan, lines: str, *, count: int) -> list[float]:
    """When the head starts to move; in most draws once while a line within a tenth of the centre of k-space is taken."""
    starts = [float(rng.uniform(0.04, 0.96)) for _ in range(count)]
    if rng.random() < NEAR_CENTRE_OFTEN:
        reach = max(round(NEAR_CENTRE * scan.n_lines / 2), 1)
        starts[0] = max(float(line_times(scan.n_lines, ORDERS[ORDERS.index(lines)])[int(rng.integers(-reach, reach + 1))]), 0.02)
    return sorted(starts)


def _direction(rng: np.random.Generator) -> dict[str, Any]:
    """A millimetre across the slice and the tilt that goes with it."""
    turn = float(rng.uniform(*DEGREES_PER_MM) * rng.choice((-1.0, 1.0)))
    return {"shift_mm": [float(rng.choice((-1.0, 1.0))), 0.0], "angle_deg": round(turn, 4)}


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: peak displacement of the head in millimetres from the pose that most of the picture shows, shift across the slice and tilt together, as root
    mean square over a sphere of 80 mm."""
    if strength == 0:
        return scan
    kinds: dict[str, type[Piece]] = {"swallow": Nod, "sudden": Step, "drift": Drift, "periodic": Nodding}
    pieces = tuple(kinds[pattern["kind"]](**{**piece, "shift_mm": tuple(piece["shift_mm"])}) for piece in pattern["pieces"])
    planned = trajectory(pieces, peak_mm=1.0, time=line_times(scan.n_lines, pattern["order"]))
    weight = scan.body.line_energy(scan.phase_axis, power=2).numpy()
    unit = out_of_plane(planned, weight=weight, axis=0, pivot_mm=pattern["pivot_mm"])
    return move_through(scan, unit.times(strength / unit.peak_mm), MultiSlice(**pattern["sequence"]))


def refuse(scan: MRIScan) -> str | None:
    """What lies above and below a single picture is not known."""
    return missing_slab(scan, LIMIT_MM)


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("peak displacement across the slice", "mm", neutral=0.0, limit=LIMIT_MM, scale="log"),
    effect=disturbance,
    measures=(peak_lift, lines_of_other_slices, ghost_to_signal, artefact_to_signal),
    attributes=("motion ghosting", "partial volume", "sharpness"),
    words=Words(
        artefact="through-plane motion artefact",
        synonyms=("through-slice motion", "swallowing artefact", "out-of-plane head motion", "spin history artefact"),
        cause="movement of the head across the slice during the acquisition",
        hides="sulci, small vessels and small lesions",
        looks={
            "none": ("no ghosting from movement across the slice", "every line of the picture taken of the same slice"),
            "mild": (
                "slight ripples of structures that lie just above or below the slice",
                "faint ghosts beside edges that are steep across the slice",
                "faint banding of the signal along the phase-encode direction",
            ),
            "moderate": (
                "ghosts of neighbouring slices along the phase-encode direction",
                "doubled outlines where the anatomy changes from slice to slice",
                "uneven bands and ripples from lines taken of other slices",
            ),
            "severe": (
                "anatomy of several slices mixed into one picture",
                "heavy ghosts in which structures of other slices overlay the anatomy",
                "smeared and rippled tissue whose outlines belong to no single slice",
            ),
        },
        wordings={
            "kind=drift": Wording(
                looks={
                    "mild": ("slightly softened outlines that change from slice to slice", "faint second outlines of slowly passing levels"),
                    "moderate": ("blurred outlines with the neighbouring level shining through", "smeared sulci from a slice that slid through the head"),
                    "severe": ("broadly smeared anatomy of several levels", "outlines of several levels run into one another"),
                }
            ),
        },
        confusers=("mri_motion", "mri_thick_slice"),
        impact=0.9,
    ),
    references=(
        Reference("Zaitsev, Maclaren and Herbst 2015, Motion artifacts in MRI", doi="10.1002/jmri.24850"),
        Reference("Friston et al. 1996, Movement-related effects in fMRI time-series", doi="10.1002/mrm.1910350312"),
    ),
    refuse=refuse,
)
