"""Rigid movement in space: one pose per phase-encode line of a three-dimensional scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor

from physics.fourier import frequencies, inverse_transform
from physics.mri.encoding import NYQUIST
from physics.mri.zero_filled import magnitude
from physics.nufft import kept

EPS = 5e-4  # of the transform in single precision; measured on a Gaussian: below 1e-4 of the volume


@dataclass(frozen=True, eq=False)
class SpatialMotion:
    """Where the body stands while each line along the phase axis is taken (all partitions of that line at one pose).

    shift_mm : (line, 3) along array axes 0, 1, 2. rotation_deg : (line, 3), rotation vector about array axes 0, 1, 2 through the centre pixel, right-handed
    in the order of the axes. Entry i belongs to stored line i. The body is turned first, then shifted.
    """

    shift_mm: NDArray[np.float64]
    rotation_deg: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class KeptVolume:
    """A volume that is moved again and again, as the levels of a ladder do: its oversampled spectrum is made once.

    shape : of the volume. dtype : of the moved magnitude. spectrum : its samples at frequencies (3, samples) in radians per voxel.
    """

    shape: tuple[int, int, int]
    dtype: torch.dtype
    spectrum: Callable[[Tensor], Tensor]

    @staticmethod
    def of(volume: Tensor) -> KeptVolume:
        """The spectrum of a volume, real or complex; 1.25 times as fine along each axis in single precision: twice the memory of the volume as complex."""
        dtype = volume.real.dtype if volume.is_complex() else volume.dtype
        first, second, third = volume.shape
        return KeptVolume((first, second, third), dtype, kept(volume, n_axes=3, eps=EPS if dtype == torch.float32 else None))


def move_volume(volume: Tensor | KeptVolume, motion: SpatialMotion, *, spacing_mm: tuple[float, float, float], phase_axis: int = 1) -> Tensor:
    """A head that moves in all six ways during a three-dimensional scan.

    Model
        s(k_j) = exp(-2 pi i k_j . tau_j) FT[rho](R_j^T k_j), one non-uniform transform with the samples of all poses, then the inverse transform.
    Parameters
        volume : (axis 0, axis 1, axis 2), real magnitude or complex, or kept between calls. motion : pose per stored line. spacing_mm : of the voxels.
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
    known = KeptVolume.of(volume) if isinstance(volume, Tensor) else volume
    shape, real = known.shape, known.dtype
    turns = torch.from_numpy(Rotation.from_rotvec(np.radians(motion.rotation_deg)).as_matrix())  # (line, 3, 3)
    lanes = [axis for axis in range(3) if axis != phase_axis]
    k = [frequencies(n) / (n * d) for n, d in zip(shape, spacing_mm, strict=True)]  # cycles per millimetre

    def parts(factor: Tensor) -> tuple[Tensor, Tensor]:
        """sum over axes of k_axis times a factor (line, axis), as (line, lane, 1) and (line, 1, lane) that add up to the volume."""
        along = [factor[:, lane, None] * k[lane] for lane in lanes]
        return (along[0] + (factor[:, phase_axis] * k[phase_axis])[:, None])[:, :, None], along[1][:, None, :]

    omega = torch.empty((3, shape[phase_axis], *(shape[lane] for lane in lanes)), dtype=real)  # line by line
    leaves = torch.empty((3, shape[phase_axis]), dtype=torch.bool)
    for into in range(3):
        # (R^T k)_into = sum_axis R[axis, into] k_axis, in radians per voxel
        first, second = (2 * pi * spacing_mm[into] * part for part in parts(turns[:, :, into]))
        torch.add(first.to(real), second.to(real), out=omega[into])
        leaves[into] = first.abs().amax(dim=(1, 2)) + second.abs().amax(dim=(1, 2)) > NYQUIST
    samples = known.spectrum(omega.flatten(1)).reshape(omega.shape[1:])
    # Half a field on top of the movement brings the centre pixel where the transform would put it only after a shift of the whole volume.
    half_mm = torch.tensor([n // 2 * d for n, d in zip(shape, spacing_mm, strict=True)], dtype=torch.float64)
    first, second = (torch.polar(torch.ones_like(part), -2 * pi * part).to(samples) for part in parts(torch.from_numpy(motion.shift_mm) + half_mm))
    for line, plane in enumerate(samples):  # small enough to stay in the cache
        plane.mul_(first[line]).mul_(second[line])
        for into in torch.nonzero(leaves[:, line]).flatten().tolist():
            plane.masked_fill_(omega[into, line].abs() > NYQUIST, 0)
    return magnitude(inverse_transform(samples, axes=(0, 1, 2))).movedim(0, phase_axis).contiguous()
