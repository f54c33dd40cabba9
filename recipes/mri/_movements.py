"""How a head moves, as plain JSON, and what the physics makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, pi, sin
from typing import Any

import numpy as np

from physics.mri.scan import MRIScan
from physics.mri.trajectory import Drift, Nod, Nodding, Piece, Step, Wander

Times = np.ndarray[Any, np.dtype[np.float64]]
N_COEFFICIENTS = 24  # of a wandering head: half-waves during the scan
NEAR_CENTRE = 0.1  # of half k-space: where a jump does most harm
NEAR_CENTRE_OFTEN = 0.6
DEGREES_PER_MM = (0.1, 0.9)  # turn that goes with a millimetre of shift: a head nods and rolls on its rest more than it slides


def direction(rng: np.random.Generator) -> dict[str, Any]:
    """A unit of pose change: one millimetre in some direction and the turn that goes with it."""
    angle = rng.uniform(0, 2 * pi)
    turn = float(rng.uniform(*DEGREES_PER_MM) * rng.choice((-1.0, 1.0)))
    return {"shift_mm": [round(sin(angle), 4), round(cos(angle), 4)], "angle_deg": round(turn, 4)}


def jumps(rng: np.random.Generator, scan: MRIScan, times: Times) -> list[dict[str, Any]]:
    """One to five jumps; in six of ten draws at least one while a line within a tenth of the centre is taken."""
    n = scan.n_lines
    starts = [float(rng.uniform(0.04, 0.96)) for _ in range(int(rng.integers(1, 6)))]
    if rng.random() < NEAR_CENTRE_OFTEN:
        reach = max(round(NEAR_CENTRE * n / 2), 1)
        starts[0] = float(times[int(rng.integers(-reach, reach + 1))])
    return [{"at": round(at, 5), "ramp": round(float(rng.uniform(0.0, 0.01)), 5), **direction(rng)} for at in sorted(starts)]


def nods(rng: np.random.Generator, scan: MRIScan, times: Times) -> list[dict[str, Any]]:
    """One to three times there and back, each for 2 to 15 % of the scan, after which the head lies as it lay; in six of ten draws one about the centre."""
    found = []
    for number in range(int(rng.integers(1, 4))):
        ramp, hold = float(rng.uniform(0.003, 0.03)), float(rng.uniform(0.01, 0.12))
        last = 0.94 - 2 * ramp - hold
        at = float(rng.uniform(0.04, last))
        if number == 0 and rng.random() < NEAR_CENTRE_OFTEN:
            at = min(max(float(times[0]) - ramp - hold * float(rng.random()), 0.0), last)
        found.append({"at": round(at, 5), "ramp": round(ramp, 5), "hold": round(hold, 5), **direction(rng)})
    return sorted(found, key=lambda nod: nod["at"])


def nodding(rng: np.random.Generator) -> dict[str, Any]:
    """To and fro with the breath or from habit, waxing and waning."""
    cycles, phase, waxing = rng.uniform(6, 60), rng.uniform(0, 2 * pi), rng.uniform(0, 0.4)
    return {"cycles": round(float(cycles), 3), "phase_rad": round(float(phase), 4), "waxing": round(float(waxing), 4), **direction(rng)}


def wander(rng: np.random.Generator) -> dict[str, Any]:
    """A path for each way in which the head can move in the plane: from rough, a Brownian bridge, to smooth."""
    power = float(rng.uniform(1.0, 2.0))
    fall = np.arange(1, N_COEFFICIENTS + 1) ** -power
    paths = {way: [round(float(value), 5) for value in rng.standard_normal(N_COEFFICIENTS) * fall] for way in ("down", "right", "turn")}
    return {"power": round(power, 4), "degrees_per_mm": round(float(rng.uniform(*DEGREES_PER_MM)), 4), **paths}


def drawn(kind: str, rng: np.random.Generator, scan: MRIScan, times: Times) -> dict[str, Any]:
    """The movement of a kind; times: of the stored lines."""
    if kind == "sudden":
        return {"steps": jumps(rng, scan, times)}
    if kind == "drift":
        return {"drift": {"power": round(float(rng.uniform(0.5, 1.5)), 4), **direction(rng)}}
    if kind == "nod_and_return":
        return {"nods": nods(rng, scan, times)}
    return {"wander": wander(rng)} if kind == "continuous" else {"nodding": nodding(rng)}


def pieces(pattern: Mapping[str, Any]) -> tuple[Piece, ...]:
    """What the physics makes of a pattern."""

    def pose(values: Mapping[str, Any]) -> dict[str, Any]:
        return {**values, "shift_mm": tuple(values["shift_mm"])}

    if pattern["kind"] == "sudden":
        return tuple(Step(**pose(values)) for values in pattern["steps"])
    if pattern["kind"] == "nod_and_return":
        return tuple(Nod(**pose(values)) for values in pattern["nods"])
    if pattern["kind"] == "continuous":
        paths = pattern["wander"]
        ways = {"down": ((1.0, 0.0), 0.0), "right": ((0.0, 1.0), 0.0), "turn": ((0.0, 0.0), paths["degrees_per_mm"])}
        return tuple(Wander(shift, turn, tuple(paths[way])) for way, (shift, turn) in ways.items())
    return (Drift(**pose(pattern["drift"])),) if pattern["kind"] == "drift" else (Nodding(**pose(pattern["nodding"])),)
