"""Rigid movement in space: one pose per phase-encode line of a three-dimensional scan."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, prod

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor

from physics.fourier import frequencies, to_picture
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
    k = [frequencies(n) / (n * d) for n, d in zip(shape, spacing_mm, strict=True)]  # cycles per millimetre
    omega = torch.empty((3, *shape), dtype=real)
    ramps = []
    for axis in range(3):
        broadcast = [1, 1, 1]
        broadcast[axis] = shape[axis]
        along = k[axis].reshape(broadcast)
        per_line = [1, 1, 1]
        per_line[phase_axis] = shape[phase_axis]
        for into in range(3):
            # (R^T k)_into = sum_axis R[axis, into] k_axis, in radians per voxel
            term = (2 * pi * spacing_mm[into] * along * turns[:, axis, into].reshape(per_line)).to(real)
            omega[into] = term if axis == 0 else omega[into] + term
        angle = (-2 * pi * along * torch.from_numpy(motion.shift_mm[:, axis]).reshape(per_line)).to(real)
        ramps.append(torch.polar(torch.ones_like(angle), angle))
    known = (omega.abs() <= NYQUIST).all(dim=0)
    samples = at_frequencies(density, omega.reshape(3, prod(shape)), eps=EPS if real == torch.float32 else None).reshape(shape)
    samples = samples * known
    for ramp in ramps:
        samples = samples * ramp
    return to_picture(samples, axes=(0, 1, 2)).abs()
