"""Filtered backprojection by a non-uniform transform: ramp, kernel, view weights and backprojection in one sum of plane waves."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from scipy.fft import next_fast_len
from torch import Tensor

from physics.ct.geometry import Array, Fan, Geometry, Grid, Parallel
from physics.ct.kernel import Kernel, noise_gain, ramp_per_mm
from physics.ct.polar import Lines, picture_of
from physics.ct.projector import require_rays
from physics.ct.rebinning import to_lines, turned


def _end_per_mm(geometry: Geometry, kernel: Kernel | None) -> float:
    """The highest frequency used. A fan's quarter offset interleaves opposite views: its kernels may reach twice the Nyquist frequency of one view."""
    pitch_mm = geometry.channel_mm if isinstance(geometry, Parallel) else geometry.source_mm * geometry.step
    if kernel is None:
        return 0.5 / pitch_mm
    return min(kernel.cutoff_per_mm, (0.5 if isinstance(geometry, Parallel) else 1.0) / pitch_mm)


@lru_cache(maxsize=8)
def _lines(geometry: Geometry, grid: Grid, kernel: Kernel | None) -> tuple[Lines, float, int]:
    """The lines of a reconstruction, the sample width and the length of its ramp: long enough that no filtered ray wraps into the picture."""
    period_mm = 2 * (geometry.reach_mm + min(grid.radius_mm, geometry.reach_mm))
    sample_mm = geometry.channel_mm if isinstance(geometry, Parallel) else geometry.source_mm * geometry.step / 2
    length = 2 * next_fast_len(math.ceil(period_mm / sample_mm / 2), real=True)
    step = 1.0 / (length * sample_mm)
    n_frequencies = min(math.floor(_end_per_mm(geometry, kernel) / step) + 1, length // 2)
    full_turn = isinstance(geometry, Fan) and geometry.n_views % 2 == 1
    n_lines = geometry.n_views // 2 if isinstance(geometry, Fan) and not full_turn else geometry.n_views
    return Lines(n_lines, 2 * math.pi if full_turn else math.pi, n_frequencies, step), sample_mm, length


@lru_cache(maxsize=8)
def _weights(geometry: Geometry, grid: Grid, kernel: Kernel | None, dtype: torch.dtype) -> Tensor:
    """Ramp, kernel, both half-lines, frequency step and angle step."""
    lines, sample_mm, length = _lines(geometry, grid, kernel)
    weights = ramp_per_mm(length, sample_mm)[: lines.n_frequencies] * (2 * lines.step_per_mm)
    weights[0] *= 0.5
    if kernel:
        weights = weights * kernel(lines.frequency_per_mm())
    return torch.from_numpy(weights * (math.pi / geometry.n_views)).to(dtype)


def reconstruct(rays: Tensor, geometry: Geometry, *, grid: Grid, kernel: Kernel | None = None) -> Tensor:
    """The slice that a scanner computes from its rays.

    Model
        mu(x, y) = (pi / n_views) sum over views of the integral of |nu| A(nu) P(theta, nu) exp(2 pi i nu (x cos theta + y sin theta)); |nu| is the transform
        of the band-limited kernel in space, so the mean is kept. Fan rays are turned to parallel views of the same channels, weighted by ds = R
        cos(gamma) d gamma;
        each line is then measured twice in a turn, which the angle step of pi / n_views accounts for.
    Parameters
        rays : (view, ray), line integrals. geometry : how they were measured. grid : the pixels wanted. kernel : apodisation A; None is an abrupt end at the
        Nyquist frequency of the channels.
    Returns
        (row, column), 1/mm.
    Assumes
        Rays reach past the object; views fill 180 degrees (parallel) or 360 degrees (fan).
    Not modelled
        Short-scan weights, truncation, cone angle, iterative reconstruction.
    References
        Kak and Slaney 1988, chapter 3; Natterer 2001.
    Oracle
        Gaussians and discs from their closed line integrals; white noise gives pi sigma / (ds sqrt(12 n_views)) and the known noise spectrum
        (tests/physics/ct/test_ct_fbp.py).
    Raises
        ValueError: the rays do not fit the geometry.
    """
    require_rays(rays, geometry)
    lines, _, _ = _lines(geometry, grid, kernel)
    if isinstance(geometry, Fan):
        rays = turned(rays, geometry, to_fan=False)
    weighted = rays * torch.from_numpy(geometry.pitch_mm()).to(rays.dtype)
    return picture_of(to_lines(weighted, geometry, lines=lines) * _weights(geometry, grid, kernel, rays.dtype), grid, lines=lines)


def noise_variance(ray_variance: Array, geometry: Geometry, *, s_mm: Array, kernel: Kernel | None = None, crosstalk: float = 0.0) -> Array:
    """The variance of a pixel from the variance of the rays that cross it.

    Model
        var(mu) = (pi^2 / n_views) mean over views of [var(p) ds(s)] times the integral of nu^2 A^2 C^2; ds is the width of the ray at s.
        White noise and A = 1 give (pi sigma_p / ds)^2 / (12 n_views).
    Parameters
        ray_variance : variance of p of the rays through a pixel, axis 0 = views. s_mm : distance of these rays from the isocentre, the same shape.
        kernel : apodisation. crosstalk : share of quanta that each neighbour receives.
    Returns
        Variance in 1/mm^2, mean over axis 0.
    Assumes
        Rays are independent before the crosstalk; the variance changes little over the width of the filter.
    Not modelled
        Interpolation losses: there are none in this reconstruction.
    References
        Riederer, Pelc and Chesler 1978; Kijewski and Judy 1987.
    Oracle
        Closed form and Monte Carlo within 1 % (tests/physics/ct/test_ct_fbp.py).
    """
    if isinstance(geometry, Parallel):
        pitch_mm, typical = np.asarray(geometry.channel_mm), geometry.channel_mm
    else:
        typical = geometry.source_mm * geometry.step
        pitch_mm = geometry.step * np.sqrt(np.maximum(geometry.source_mm**2 - s_mm**2, 0.0))
    gain = noise_gain(kernel, typical, end_per_mm=_end_per_mm(geometry, kernel), crosstalk=crosstalk)
    return np.asarray((ray_variance * pitch_mm).mean(axis=0) * (math.pi**2 / geometry.n_views) * gain)
