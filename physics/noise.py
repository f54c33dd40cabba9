"""Laws of magnitude noise, and the one way to draw it."""

from __future__ import annotations

from math import exp, lgamma, sqrt

import numpy as np
import torch
from torch import Tensor


def unit_complex(shape: tuple[int, ...], *, seed: int, dtype: torch.dtype = torch.complex64) -> Tensor:
    """White complex noise: real and imaginary part independent, each of deviation 1; drawn by NumPy in double precision, so the same on every device."""
    draws = np.random.Generator(np.random.PCG64(seed)).standard_normal((*shape, 2))
    return torch.view_as_complex(torch.from_numpy(draws)).to(dtype)


def missing_sigma(target: float, *, present: float) -> float:
    """What must be added so that independent noise of deviation `present` becomes `target`; 0 where there is enough already."""
    return sqrt(max(target**2 - present**2, 0.0))


def air_mean(sigma: float, *, n_coils: int = 1) -> float:
    """Mean of air in a root-sum-of-squares picture of `n_coils` equal coils: sqrt(2) Gamma(L + 1/2) / Gamma(L) sigma; 1.2533 sigma for one."""
    return sqrt(2.0) * exp(lgamma(n_coils + 0.5) - lgamma(n_coils)) * sigma


def air_deviation(sigma: float, *, n_coils: int = 1) -> float:
    """Standard deviation of air in a root-sum-of-squares picture: sqrt(2 L sigma^2 - mean^2); 0.6551 sigma for one coil."""
    return sqrt(2 * n_coils * sigma**2 - air_mean(sigma, n_coils=n_coils) ** 2)


def without_rician_bias(magnitude: Tensor, *, sigma: float) -> Tensor:
    """Signal under Rician noise by its second moment: sqrt(max(m^2 - 2 sigma^2, 0))."""
    return torch.sqrt(torch.clamp(magnitude.square() - 2 * sigma**2, min=0))


def with_noise_floor(image: Tensor, *, sigma: float, seed: int) -> Tensor:
    """Give masked air the floor of a real receiver.

    Model
        M = |m + sigma (n1 + i n2)| with independent standard normal n1, n2: Rayleigh in air (mean 1.2533 sigma), Rician in tissue.
    Parameters
        image : (row, column) magnitude, >= 0, without noise of its own in air. sigma : deviation per part, in the unit of the image. seed : of the draw.
    Returns
        Magnitude with a floor, same dtype; the image itself where sigma is 0.
    Assumes
        One channel; white noise.
    Not modelled
        Correlation by vendor filters or interpolation.
    Raises
        ValueError: sigma is negative.
    References
        Gudbjartsson and Patz 1995, 10.1002/mrm.1910340618.
    Oracle
        Mean and deviation in air; second moment m^2 + 2 sigma^2 everywhere (tests/physics/test_noise.py).
    """
    if sigma < 0:
        raise ValueError(f"sigma {sigma}: a deviation is >= 0")
    if sigma == 0:
        return image
    noise = unit_complex(tuple(image.shape), seed=seed, dtype=torch.complex128)
    return (image.to(torch.complex128) + sigma * noise).abs().to(image.dtype)
