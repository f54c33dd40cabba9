"""Rigid movement of the body: one pose per phase-encode line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physics.pose import Pose

HEAD_MM = 80.0  # radius of the sphere that stands for a head in Jenkinson's displacement

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Motion:
    """Where the body stands while each phase-encode line is taken.

    shift_mm : (line, 2) along array axis 0 and 1. angle_deg : (line,) about the centre pixel, from axis 1 towards axis 0 (turned first, then shifted).
    time : (line,) share of the scan, 0 to 1, at which the line is taken. Entry i belongs to stored line i (frequency `fourier.frequencies(n)[i]`).
    """

    shift_mm: Array
    angle_deg: Array
    time: Array

    def __post_init__(self) -> None:
        n = len(self.angle_deg)
        if self.shift_mm.shape != (n, 2) or self.angle_deg.shape != (n,) or self.time.shape != (n,):
            raise ValueError(f"shift_mm {self.shift_mm.shape}, angle_deg {self.angle_deg.shape}, time {self.time.shape}: (n, 2), (n,) and (n,) are needed")

    @staticmethod
    def constant(pose: Pose, *, n_lines: int) -> Motion:
        """The body stands still, but elsewhere."""
        return Motion(np.tile(np.asarray(pose.shift_mm, dtype=np.float64), (n_lines, 1)), np.full(n_lines, float(pose.angle_deg)), np.arange(n_lines) / n_lines)

    @property
    def n_lines(self) -> int:
        """Number of phase-encode lines."""
        return len(self.angle_deg)

    @property
    def still(self) -> NDArray[np.bool_]:
        """(line,) where the body stands as it lay at first."""
        neutral: NDArray[np.bool_] = (self.angle_deg == 0) & (self.shift_mm == 0).all(axis=1)
        return neutral

    def then(self, after: Motion) -> Motion:
        """This movement followed by another of the already moved body: R = R2 R1, shift = R2 shift1 + shift2, line by line; times stay."""
        return Motion(turned(self.shift_mm, after.angle_deg) + after.shift_mm, self.angle_deg + after.angle_deg, self.time)

    def mean(self, weight: Array) -> Pose:
        """The mean pose under a weight per line."""
        share = weight / weight.sum() if weight.sum() > 0 else np.full(self.n_lines, 1 / self.n_lines)
        down, right = share @ self.shift_mm
        return Pose((float(down), float(right)), float(share @ self.angle_deg))

    def displacement_mm(self, origin: int = 0) -> Array:
        """(line,) root-mean-square displacement over a head against the pose at a stored line, 0 being the centre of k-space.

        d^2 = |t|^2 + (R^2 / 5) |A|_F^2, A = R_line - R_origin (Jenkinson 1999, FMRIB report TR99MJ1), with R = 80 mm.
        """
        shift = self.shift_mm - self.shift_mm[origin]
        angle = np.radians(self.angle_deg - self.angle_deg[origin])
        displacement: Array = np.sqrt((shift**2).sum(axis=1) + HEAD_MM**2 / 5 * 4 * (1 - np.cos(angle)))
        return displacement


def turned(vectors: Array, angle_deg: Array | float) -> Array:
    """Vectors (..., 2) along axis 0 and 1 after a turn from axis 1 towards axis 0."""
    angle = np.radians(angle_deg)
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([c * vectors[..., 0] + s * vectors[..., 1], -s * vectors[..., 0] + c * vectors[..., 1]], axis=-1)


def about_pivot(shift_mm: Array, angle_deg: Array, *, pivot_mm: tuple[float, float]) -> Array:
    """A head that nods about its occiput and not about the middle of the picture.

    Model
        tau = t + (1 - R) c: the shift that goes with a turn R about the centre pixel so that c stays where it was.
    Parameters
        shift_mm : t, (line, 2). angle_deg : (line,). pivot_mm : c from the centre pixel, along axis 0 and 1.
    Returns
        (line, 2) millimetres.
    Assumes
        A rigid body.
    Not modelled
        Turns out of the plane (through_plane, volume).
    References
        Zaitsev, Maclaren and Herbst 2015, 10.1002/jmri.24850.
    Oracle
        The pivot stays in place (tests/physics/mri/test_motion.py).
    """
    pivot = np.broadcast_to(np.asarray(pivot_mm, dtype=np.float64), shift_mm.shape)
    moved: Array = shift_mm + pivot - turned(pivot, angle_deg)
    return moved
