"""The picture on polar lines through the origin of its spectrum: the two non-uniform transforms behind projection and reconstruction."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from physics.ct.geometry import Array, Grid
from physics.nufft import planned


@dataclass(frozen=True, slots=True)
class Lines:
    """Polar samples: n_views lines at theta = turn j / n_views, frequencies m step_per_mm, m = 0 .. n_frequencies - 1 (a real picture needs no others).

    inside : keep only samples within the square band of the pixels (the spectrum of the band-limited picture is zero outside of it).
    """

    n_views: int
    turn: float
    n_frequencies: int
    step_per_mm: float
    inside: bool = False

    def frequency_per_mm(self) -> Array:
        """Frequency of each sample of a line."""
        return np.arange(self.n_frequencies) * self.step_per_mm


@dataclass(frozen=True, eq=False)
class _Samples:
    """Frequencies in radians per pixel, the phase of the centre of even grids, and where kept samples sit in the dense (view, frequency) array."""

    omega: Tensor
    phase: Array
    kept: Array | None


@lru_cache(maxsize=6)
def _samples(grid: Grid, lines: Lines, dtype: torch.dtype) -> _Samples:
    theta, frequency = np.arange(lines.n_views) * (lines.turn / lines.n_views), lines.frequency_per_mm()
    down = np.sin(theta)[:, None] * frequency * grid.spacing_mm[0]  # cycles per pixel
    right = np.cos(theta)[:, None] * frequency * grid.spacing_mm[1]
    kept = np.flatnonzero((np.abs(down) < 0.5) & (np.abs(right) < 0.5)) if lines.inside else None
    down, right = (down.ravel(), right.ravel()) if kept is None else (down.ravel()[kept], right.ravel()[kept])
    # mode N//2 of an even grid lies half a pixel beyond the centre (N - 1) / 2
    half = 0.5 * (1 - grid.shape[0] % 2) * down + 0.5 * (1 - grid.shape[1] % 2) * right
    real, complex_ = (np.float32, np.complex64) if dtype == torch.float32 else (np.float64, np.complex128)
    cycles = np.stack((down, right))
    omega = torch.from_numpy((2 * math.pi * (cycles - np.rint(cycles))).astype(real))
    return _Samples(omega, np.exp(-2j * math.pi * half).astype(complex_), kept)


@lru_cache(maxsize=6)
def _sums(grid: Grid, lines: Lines, dtype: torch.dtype, adjoint: bool) -> Callable[[Array], Array]:
    return planned(_samples(grid, lines, dtype).omega, grid=grid.shape, adjoint=adjoint)


def spectrum_of(picture: Tensor, grid: Grid, *, lines: Lines) -> Tensor:
    """The spectrum of a picture on polar lines.

    Model
        P(theta, nu) = dy dx sum over pixels of f exp(-2 pi i nu (x cos theta + y sin theta)): pixels are samples of a band-limited function.
    Parameters
        picture : (row, column), float32 or float64. grid : its pixels. lines : where to sample.
    Returns
        (n_views, n_frequencies), complex; zero outside the band where lines.inside.
    Assumes
        The origin is the middle of the picture, (N - 1) / 2.
    Not modelled
        Box pixels, apertures: factors on the result.
    References
        Barnett, Magland and af Klinteberg 2019 (FINUFFT), type 2.
    Oracle
        The explicit sum on odd, even and anisotropic grids (tests/physics/ct/test_ct_polar.py).
    Raises
        ValueError: the picture does not fit the grid.
    """
    if tuple(picture.shape) != grid.shape:
        raise ValueError(f"picture of shape {tuple(picture.shape)} on a grid of {grid.shape}")
    samples = _samples(grid, lines, picture.dtype)
    values = _sums(grid, lines, picture.dtype, False)(picture.numpy().astype(samples.phase.dtype, order="C"))
    values *= samples.phase * values.dtype.type(grid.spacing_mm[0] * grid.spacing_mm[1])
    if samples.kept is not None:
        dense = np.zeros(lines.n_views * lines.n_frequencies, dtype=values.dtype)
        dense[samples.kept] = values
        values = dense
    return torch.from_numpy(values.reshape(lines.n_views, lines.n_frequencies))


def picture_of(spectrum: Tensor, grid: Grid, *, lines: Lines) -> Tensor:
    """The sum of the plane waves of polar lines: the adjoint of `spectrum_of` up to the area of a pixel.

    Model
        f(x, y) = Re sum of P(theta, nu) exp(+2 pi i nu (x cos theta + y sin theta)) over all samples, unweighted.
    Parameters
        spectrum : (n_views, n_frequencies), complex64 or complex128. grid : the pixels wanted. lines : where the samples sit.
    Returns
        (row, column), real.
    Assumes
        The caller has put quadrature weights, filters and the factor 2 of the missing half-line into the spectrum.
    Not modelled
        Anti-aliasing: waves beyond the pixel band fold, as on any pixel grid.
    References
        FINUFFT, type 1.
    Oracle
        The explicit sum; adjointness to `spectrum_of` (tests/physics/ct/test_ct_polar.py).
    Raises
        ValueError: the spectrum does not fit the lines.
    """
    if tuple(spectrum.shape) != (lines.n_views, lines.n_frequencies):
        raise ValueError(f"spectrum of shape {tuple(spectrum.shape)} on lines of {(lines.n_views, lines.n_frequencies)}")
    dtype = torch.float32 if spectrum.dtype == torch.complex64 else torch.float64
    samples = _samples(grid, lines, dtype)
    values = spectrum.numpy().ravel()
    values = (values if samples.kept is None else values[samples.kept]) * np.conj(samples.phase)
    return torch.from_numpy(np.ascontiguousarray(_sums(grid, lines, dtype, True)(values).real))
