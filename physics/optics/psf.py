"""Point spread and optical transfer of a round pupil with a rotationally symmetric wavefront error."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Array = NDArray[np.float64]
FINER = 16  # how much finer the transfer function is sampled than the pupil allows by itself


def paraxial_defocus(rho: Array, w20_waves: float) -> Array:
    """Wavefront error W20 rho^2 in waves, rho = 0 at the axis and 1 at the rim."""
    return np.asarray(w20_waves * rho**2)


def pupil_samples(w20_waves: float) -> int:
    """Width of the pupil plane (four pupil radii) that keeps the phase step at the rim below a quarter wave."""
    return int(2 ** math.ceil(math.log2(max(512.0, 32 * abs(w20_waves)))))


def pupil_radius(n_samples: int) -> Array:
    """rho on the pupil plane: centre at n_samples // 2, rim at a quarter of the width."""
    axis = (np.arange(n_samples) - n_samples // 2) / (n_samples / 4)
    return np.hypot(axis[:, None], axis[None, :])


def point_spread(wavefront_waves: Array) -> Array:
    """The image of a point.

    Model
        h = |F{A exp(2 pi i W)}|^2, A = 1 inside the pupil (a sharp edge: weighted edge
        pixels would count squared in the energy and cost 0.5 % of contrast); sum h = 1.
    Parameters
        wavefront_waves : (n, n) W in waves on the plane of `pupil_radius(n)`.
    Returns
        (n, n) intensity, axis at n // 2; a sample is lambda / (4 NA) wide.
    Assumes
        Incoherent light of one wavelength, no vignetting.
    Not modelled
        Polarisation, apodisation at high aperture.
    References
        Goodman, Introduction to Fourier Optics, section 6.
    Oracle
        In focus its transfer is (2/pi)(acos v - v sqrt(1 - v^2)); with defocus Hopkins's quadrature; sum 1; centroid 0.
    """
    n = wavefront_waves.shape[0]
    covered = (pupil_radius(n) < 1).astype(np.float64)
    amplitude = covered * np.exp(2j * np.pi * wavefront_waves)
    intensity = np.abs(scipy.fft.fftshift(scipy.fft.fft2(scipy.fft.ifftshift(amplitude), workers=1))) ** 2
    return np.asarray(intensity / intensity.sum())


def transfer_of_point_spread(spread: Array) -> tuple[Array, Array]:
    """The radial transfer function of a point spread by the projection-slice theorem: s = f lambda / NA from 0 to 2, and its values."""
    n = spread.shape[0]
    line = np.zeros(n * FINER)
    line[: n - n // 2], line[-(n // 2) :] = spread.sum(axis=0)[n // 2 :], spread.sum(axis=0)[: n // 2]
    values = scipy.fft.rfft(line).real
    s = np.arange(values.size) * (4 / (n * FINER))
    return s, values


def focused_transfer(s: Array) -> Array:
    """Closed form in focus: (2/pi)(acos v - v sqrt(1 - v^2)), v = s / 2."""
    v = np.clip(s / 2, 0, 1)
    return np.asarray(2 / np.pi * (np.arccos(v) - v * np.sqrt(1 - v**2)))


@lru_cache(maxsize=4)
def _focused_spread(n_samples: int) -> Array:
    return point_spread(np.zeros((n_samples, n_samples)))


@lru_cache(maxsize=64)
def _defocus_table(w20_waves: float) -> tuple[Array, Array]:
    # The cusp at s = 0 comes from far wings that no window holds. They are the same in focus: only the difference goes through the window.
    rho = pupil_radius(pupil_samples(w20_waves))
    s, difference = transfer_of_point_spread(point_spread(paraxial_defocus(rho, w20_waves)) - _focused_spread(len(rho)))
    return s, difference + focused_transfer(s)


def defocus_transfer(s: NDArray[Any], w20_waves: float) -> Array:
    """How much contrast of a grating survives defocus (negative: reversed).

    Model
        Transfer function of a round pupil with W = W20 rho^2 at s = f lambda / NA; zero from the cutoff s = 2 on.
    Parameters
        s : reduced frequency, any shape, >= 0. w20_waves : defocus at the rim in waves; its sign does not matter.
    Returns
        Real values, 1 at s = 0.
    Assumes
        Paraxial defocus, incoherent light.
    Not modelled
        Astigmatism, higher aberrations.
    References
        Hopkins 1955, Proc. R. Soc. A 231, 91, 10.1098/rspa.1955.0158.
    Oracle
        Hopkins's integral by quadrature within 5e-3 (tests/physics/optics/test_psf.py).
    """
    at, values = _defocus_table(abs(float(w20_waves)))
    return np.asarray(np.interp(s, at, values, right=0.0))
