"""Pictures from samples on a path: each sample weighs as much of k-space as it stands for."""

from __future__ import annotations

from math import pi, prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.fourier import to_picture
from physics.mri.zero_filled import combined
from physics.nufft import at_frequencies, from_frequencies

Array = NDArray[np.float64]


def angular_share(angles_rad: Array, *, period_rad: float) -> Array:
    """The angle that each direction of a readout stands for.

    Model
        Half the way to the neighbours on either side; all shares together are one period.
    Parameters
        angles_rad : (shot), any order. period_rad : 2 pi for arms, pi for spokes, which look both ways.
    Returns
        (shot), radians. Directions that coincide share their place.
    Assumes
        Shots that differ in direction alone.
    Not modelled
        Cells along the shot.
    References
        Hoge, Kwan and Pike 1997, 10.1002/mrm.1910380117.
    Oracle
        Written out for three directions, one beyond the period (tests/physics/mri/test_radial.py).
    """
    order = np.argsort(angles_rad % period_rad, kind="stable")
    sorted_rad = (angles_rad % period_rad)[order]
    after = np.diff(sorted_rad, append=sorted_rad[0] + period_rad)
    share = np.empty_like(sorted_rad)
    share[order] = (after + np.roll(after, 1)) / 2
    return share


def read_along(kspace: Tensor, omega: Tensor, *, oversampling: float) -> Tensor:
    """The spectrum of the coil pictures at the points of a path.

    Model
        s_c(j) = m^(-1/2) N^(-1/2) sum_r x_c[r] exp(-i omega_j . (r - N//2)): m samples where the field of view asks for one, each taken in an m-th of the time,
        so that white noise of one deviation on the samples is white noise of the same dose.
    Parameters
        kspace : (coil, row, column), uncentred, orthonormal. omega : (2, shot, sample), radians per pixel. oversampling : m.
    Returns
        (coil, shot, sample) complex.
    Assumes
        The picture is what its pixels say: no signal beyond them.
    Not modelled
        Decay and off-resonance during the readout (off_resonance.py has the latter).
    References
        Fessler and Sutton 2003, 10.1109/TSP.2002.807005.
    Oracle
        The direct sum (tests/physics/mri/test_radial.py, test_spiral.py).
    """
    samples: Tensor = at_frequencies(to_picture(kspace), omega.flatten(1)).div_(oversampling**0.5)
    return samples.reshape(len(kspace), *omega.shape[1:])


def gridded(samples: Tensor, omega: Tensor, area: Tensor, *, matrix: tuple[int, int], oversampling: float) -> Tensor:
    """The picture of samples on a path.

    Model
        x_c[r] = m^(1/2) N^(1/2) / (2 pi)^2 sum_j a_j s_c(j) exp(+i omega_j . (r - N//2)): the inverse Fourier integral as a sum over samples, a_j being the
        piece of the frequency plane that sample j stands for. Then the root sum of squares over coils; one coil keeps its phase.
    Parameters
        samples : (coil, shot, sample). omega : (2, shot, sample), where the reconstruction believes them. area : (shot, sample), in (radians per pixel)^2.
        matrix : rows and columns. oversampling : as read.
    Returns
        (row, column) complex.
    Assumes
        Samples dense enough that a sum is the integral; where they are not, the sum streaks, as gridding does.
    Not modelled
        Iterative and parallel-imaging reconstruction.
    References
        Jackson et al. 1991, 10.1109/42.97598; Hoge, Kwan and Pike 1997, 10.1002/mrm.1910380117.
    Oracle
        Adjoint of read_along but for the areas; a disc of frequencies comes back (tests/physics/mri/test_radial.py, test_spiral.py).
    """
    weighted = samples.flatten(1) * area.flatten().to(samples.real)
    pictures = from_frequencies(weighted, omega.flatten(1), grid=matrix)
    return combined(pictures.mul_(oversampling**0.5 * prod(matrix) / (2 * pi) ** 2))


def as_tensors(omega: Array, area: Array) -> tuple[Tensor, Tensor]:
    """A path made by NumPy, in double precision."""
    return torch.from_numpy(np.ascontiguousarray(omega)), torch.from_numpy(np.ascontiguousarray(area))
