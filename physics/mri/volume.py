"""Rigid movement in space: one pose per phase-encode line of a three-dimensional scan."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, prod

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor

from physics.fourier import frequencies, inverse_transform, unrolled
from physics.mri.encoding import NYQUIST
from physics.nufft import at_frequencies

EPS = 5e-4  # of the transform in single precision; measured on a Gaussian: below 1e-4 of the volume


@dataclass(frozen=True, eq=False)
class SpatialMotion:
    """Where the body stands while each line along the phase axis is taken (all partitions of that line at one pose).

    shift_mm : (line, 3) along array axes 0, 1, 2. rotation_deg : (line, 3), rotation vector about array axes 0, 1, 2 through the centre pixel, right-handed
    in the order of the axes. Entry i belongs to stored line i. The body is turned first, then shifted.
    """

    shift_mm: NDArray[np.float64]
    rotation_deg: NDArray[np.float64]


def move_volume(volume: Tensor, motion: SpatialMotion, *, spacing_mm: tuple[float, float, float], phase_axis: int = 1) -> Tensor:
    """A head that moves in all six ways during a three-dimensional scan.

    Model
        s(k_j) = exp(-2 pi i k_j . tau_j) FT[rho](R_j^T k_j), one non-uniform transform with the samples of all poses, then the inverse transform.
    Parameters
        volume : (axis 0, axis 1, axis 2), real magnitude or complex. motion : pose per stored line. spacing_mm : of the voxels.
        phase_axis : array axis whose lines follow one another in time.
    Returns
        Magnitude volume, same shape, real.
    Assumes
        One uniform coil; the partitions of a line are taken within the time of a pose (a magnetisation-prepared scan).
    Not modelled
        Receive arrays, spin history.
    References
        Atkinson et al. 1997, 10.1109/42.650886; Gallichan et al. 2016, 10.1002/mrm.25670.
    Oracle
        Gaussians moved analytically in space; whole-voxel shifts (tests/physics/mri/test_volume.py).
    """
    shape = volume.shape
    density = volume if volume.is_complex() else volume.to(torch.complex64 if volume.dtype == torch.float32 else torch.complex128)
    real = density.real.dtype
    turns = torch.from_numpy(Rotation.from_rotvec(np.radians(motion.rotation_deg)).as_matrix())  # (line, 3, 3)
    lines, lanes = _ahead(phase_axis), [axis for axis in range(3) if axis != phase_axis]
    k = [(frequencies(n) / (n * d)).reshape(_ahead(axis)) for axis, (n, d) in enumerate(zip(shape, spacing_mm, strict=True))]  # cycles per millimetre

    def planes(of_axis: list[Tensor]) -> tuple[Tensor, Tensor]:
        """sum over axes of k_axis times a factor per line, as two planes that add up to the volume: small, so that the volume is walked through once."""
        terms = [along * factor.reshape(lines) for along, factor in zip(k, of_axis, strict=True)]
        return terms[lanes[0]] + terms[phase_axis], terms[lanes[1]]

    omega = torch.empty((3, *shape), dtype=real)
    known = torch.ones(shape, dtype=torch.bool)
    for into in range(3):
        # (R^T k)_into = sum_axis R[axis, into] k_axis, in radians per voxel
        first, second = (2 * pi * spacing_mm[into] * plane for plane in planes([turns[:, axis, into] for axis in range(3)]))
        torch.add(first.to(real), second.to(real), out=omega[into])
        if float(first.abs().max() + second.abs().max()) > NYQUIST:
            known &= omega[into].abs() <= NYQUIST
    samples = at_frequencies(density, omega.reshape(3, prod(shape)), eps=EPS if real == torch.float32 else None).reshape(shape)
    for plane in planes([torch.from_numpy(motion.shift_mm[:, axis]) for axis in range(3)]):
        angle = -2 * pi * plane
        samples *= torch.polar(torch.ones_like(angle), angle).to(samples)
    samples.masked_fill_(~known, 0)
    return unrolled(inverse_transform(samples, axes=(0, 1, 2)).abs(), axes=(0, 1, 2))


def _ahead(axis: int) -> tuple[int, ...]:
    """The shape of a vector along one of three axes."""
    return tuple(-1 if place == axis else 1 for place in range(3))
