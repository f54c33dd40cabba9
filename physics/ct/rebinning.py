"""Between measured rays and polar lines of the spectrum: one Fourier transform along each view, and the exact turn from fan to parallel beam."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from physics.ct.geometry import Fan, Geometry, Parallel
from physics.ct.polar import Lines

_COMPLEX = {torch.float32: torch.complex64, torch.float64: torch.complex128}


@lru_cache(maxsize=8)
def _waves(geometry: Geometry, lines: Lines, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """cos and sin of 2 pi nu s, (channel, frequency)."""
    angle = 2 * math.pi * np.outer(geometry.s_mm(), lines.frequency_per_mm())
    return torch.from_numpy(np.cos(angle)).to(dtype), torch.from_numpy(np.sin(angle)).to(dtype)


@lru_cache(maxsize=8)
def _centre(geometry: Parallel, lines: Lines, dtype: torch.dtype) -> Tensor:
    """The phase that carries ray 0 of a uniform detector to its place s_0."""
    phase = np.exp(-2j * math.pi * lines.frequency_per_mm() * geometry.s_mm()[0])
    return torch.from_numpy(phase).to(_COMPLEX[dtype])


@lru_cache(maxsize=8)
def _turns(geometry: Fan, n_views: int, dtype: torch.dtype) -> Tensor:
    """exp(i m gamma) by angular harmonic m and channel."""
    return torch.from_numpy(np.exp(1j * np.outer(np.arange(n_views // 2 + 1), geometry.gamma()))).to(_COMPLEX[dtype])


def turned(rays: Tensor, geometry: Fan, *, to_fan: bool) -> Tensor:
    """Views of a fan from views of parallel rays on the same channels, or back: each channel turned by its fan angle.

    Model
        p_fan(beta, gamma) = p_parallel(theta = beta + gamma, gamma). Each channel is periodic in the angle, so a turn by gamma is a factor exp(i m gamma) on
        its angular harmonics m: exact for rays that the views sample well, and it keeps the variance of white noise.
    Parameters
        rays : (view, channel), views equally spaced over 360 degrees. to_fan : parallel to fan, else fan to parallel.
    Returns
        (view, channel), the same shape.
    Assumes
        A full turn.
    Not modelled
        Helical advance, gantry motion within a view.
    References
        Natterer 2001, The Mathematics of Computerized Tomography, fan-beam sampling.
    Oracle
        Line integrals of Gaussians along the fan's own rays (tests/physics/ct/test_ct_projector.py).
    """
    harmonics = torch.fft.rfft(rays, dim=0)
    turns = _turns(geometry, rays.shape[0], rays.dtype)
    out: Tensor = torch.fft.irfft(harmonics * (turns if to_fan else turns.conj()), n=rays.shape[0], dim=0)
    return out


def to_lines(rays: Tensor, geometry: Geometry, *, lines: Lines) -> Tensor:
    """The spectrum along each parallel view: sum over rays of p exp(-2 pi i nu s), unweighted; opposite views of a full turn are summed into one line.

    rays : (view, ray). A fan's rays are already turned to parallel views. A full turn may fold onto lines over 180 degrees.
    """
    if isinstance(geometry, Parallel):
        spectrum: Tensor = torch.fft.rfft(rays, n=_length(geometry, lines), dim=1)[:, : lines.n_frequencies]
        return spectrum * _centre(geometry, lines, rays.dtype)
    cosine, sine = _waves(geometry, lines, rays.dtype)
    if rays.shape[0] == lines.n_views:
        return torch.complex(rays @ cosine, -(rays @ sine))
    here, opposite = rays[: lines.n_views], rays[lines.n_views :]  # the opposite view sees the same lines with s turned round
    return torch.complex((here + opposite) @ cosine, (opposite - here) @ sine)


def to_rays(spectrum: Tensor, geometry: Geometry, *, lines: Lines) -> Tensor:
    """Parallel rays from their spectrum, the transpose of `to_lines` on real rays: sum over frequencies of Re(P exp(2 pi i nu s)), unweighted.

    Returns (view, ray); for a fan the views run over a full turn, twice the lines.
    """
    if isinstance(geometry, Parallel):
        length = _length(geometry, lines)
        half = spectrum * _centre(geometry, lines, spectrum.real.dtype).conj()
        half = torch.cat((2 * half[:, :1], half[:, 1:]), dim=1)  # the inverse transform counts every frequency but the first twice
        rays: Tensor = torch.fft.irfft(half, n=length, dim=1)[:, : geometry.n_channels] * (length / 2)
        return rays
    cosine, sine = _waves(geometry, lines, spectrum.real.dtype)
    even, odd = spectrum.real @ cosine.T, spectrum.imag @ sine.T
    return torch.cat((even - odd, even + odd))


def _length(geometry: Parallel, lines: Lines) -> int:
    """Padded length of a uniform view: what the frequency step says."""
    return round(1.0 / (lines.step_per_mm * geometry.channel_mm))
