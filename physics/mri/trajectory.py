"""How a patient moves: unit trajectories in time, to be scaled by a displacement in millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from physics.mri.motion import HEAD_MM, Motion, about_pivot

Array = NDArray[np.float64]
DEG_TO_MM = sqrt(2 / 5) * HEAD_MM * pi / 180  # Jenkinson displacement of one degree in the plane, small angles: 0.883 mm


@dataclass(frozen=True, slots=True)
class Step:
    """A jump to another direction of pose. at : share of the scan. ramp : its duration as share of the scan. shift_mm, angle_deg : what it adds."""

    at: float
    shift_mm: tuple[float, float]
    angle_deg: float
    ramp: float = 0.0


@dataclass(frozen=True, slots=True)
class Drift:
    """A slow one-way movement: shift and angle reached at the end, and its course t^power (1 = steady, below 1 = settling early)."""

    shift_mm: tuple[float, float]
    angle_deg: float
    power: float = 1.0


@dataclass(frozen=True, slots=True)
class Nodding:
    """A periodic movement: amplitude, cycles per scan, phase, and the slow waxing and waning (share of the amplitude, one and a half cycles per scan)."""

    shift_mm: tuple[float, float]
    angle_deg: float
    cycles: float
    phase_rad: float
    waxing: float = 0.0


@dataclass(frozen=True, slots=True)
class Nod:
    """There and back again: a nod, a yawn, a look aside. at, ramp, hold : start, duration of each way and rest between them, as shares of the scan."""

    at: float
    shift_mm: tuple[float, float]
    angle_deg: float
    ramp: float
    hold: float


@dataclass(frozen=True, slots=True)
class Wander:
    """A head that is never quite still: sum over j of c_j sin(pi j t), at rest at both ends; c_j falling as 1/j is a Brownian bridge, faster is smoother."""

    shift_mm: tuple[float, float]
    angle_deg: float
    coefficients: tuple[float, ...]


Piece = Step | Drift | Nodding | Nod | Wander


def course(piece: Piece, time: Array) -> Array:
    """How far a movement has come at a time of the scan.

    Model
        A ramp for a step, t^p for a drift, smooth steps there and back for a nod, a sine series for wandering, a waxing sine for nodding with the breath.
    Parameters
        piece : the movement. time : 0 to 1.
    Returns
        The share of its pose, of the shape of time.
    Assumes
        Movement within a line is too short to matter.
    Not modelled
        Swallowing, which moves the neck alone.
    References
        Godenschweger et al. 2016, 10.1088/0031-9155/61/5/R32.
    Oracle
        Hand-computed courses of each kind (tests/physics/mri/test_motion.py).
    """
    if isinstance(piece, Step):
        return np.clip((time - piece.at) / piece.ramp, 0.0, 1.0) if piece.ramp > 0 else (time >= piece.at).astype(np.float64)
    if isinstance(piece, Drift):
        return np.asarray(time**piece.power, dtype=np.float64)
    if isinstance(piece, Nod):
        there, back = (_smooth_step((time - start) / piece.ramp) for start in (piece.at, piece.at + piece.ramp + piece.hold))
        return there - back
    if isinstance(piece, Wander):
        order = np.arange(1, len(piece.coefficients) + 1)
        return np.asarray(np.sin(pi * order * time[:, None]) @ np.asarray(piece.coefficients), dtype=np.float64)
    waxing = 1 + piece.waxing * np.sin(3 * pi * time)
    return np.asarray(waxing * np.sin(2 * pi * piece.cycles * time + piece.phase_rad), dtype=np.float64)


def _smooth_step(x: Array) -> Array:
    """0 before 0, 1 after 1, x^2 (3 - 2 x) between: starts and ends at rest."""
    inside = np.clip(x, 0.0, 1.0)
    return np.asarray(inside**2 * (3 - 2 * inside), dtype=np.float64)


def trajectory(pieces: tuple[Piece, ...], *, peak_mm: float, time: Array, pivot_mm: tuple[float, float] = (0.0, 0.0)) -> Motion:
    """A movement of the head with a given peak displacement.

    Model
        pose(t) = s sum_i course_i(t) (shift_i, angle_i), the turn being about the pivot; s is such that the largest small-angle displacement
        sqrt(|t|^2 + (2 R^2 / 5) angle^2), R = 80 mm, against the pose at the start of the scan is peak_mm.
    Parameters
        pieces : what the patient does, in units of their own. peak_mm : in millimetres. time : (line,), share of the scan. pivot_mm : the point that
        a turn leaves in place, from the centre pixel along array axis 0 and 1 (the occiput on the head rest, say).
    Returns
        The movement, line by line.
    Assumes
        Rigid, in the plane of the slice.
    Not modelled
        Movement through the slice, spin history, changes of the main field.
    Raises
        ValueError: no piece moves during the scan.
    References
        Jenkinson 1999, FMRIB report TR99MJ1; Zaitsev et al. 2015, 10.1002/jmri.24850; Karhunen-Loeve series of the Brownian bridge (Wander).
    Oracle
        Hand-computed poses; peak displacement as asked; the pivot stays (tests/physics/mri/test_motion.py).
    """
    unit = np.zeros((len(time), 3))
    start = np.zeros(3)
    for piece in pieces:
        pose = np.array([*piece.shift_mm, piece.angle_deg])
        unit += course(piece, time)[:, None] * pose
        start += course(piece, np.zeros(1))[0] * pose
    unit -= start  # the body lies at rest when the scan starts
    peak = float(np.sqrt((unit[:, :2] ** 2).sum(axis=1) + (DEG_TO_MM * unit[:, 2]) ** 2).max())
    if peak == 0:
        raise ValueError("nothing moves during the scan: every piece has zero amplitude or starts after the last line")
    unit *= peak_mm / peak
    return Motion(about_pivot(unit[:, :2], unit[:, 2], pivot_mm=pivot_mm), unit[:, 2], time)
