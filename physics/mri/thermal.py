"""Thermal noise of the receiver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics.fourier import to_picture
from physics.mri.coils import CoilArray
from physics.mri.scan import MRIScan, Stage
from physics.noise import missing_sigma, unit_complex


@dataclass(frozen=True, slots=True)
class ThermalNoise:
    """White complex noise in every coil. sigma : deviation of real and of imaginary part, in the unit of the picture. seed : of the unit draw."""

    sigma: float
    seed: int
    stage: ClassVar[IntEnum] = Stage.RECEIVER
    rank: ClassVar[int] = 10
    any_path: ClassVar[bool] = True

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column), or (coil, shot, sample) of a readout."""
        return data + (self.sigma * _grain(tuple(data.shape), self.seed, scan.array)).to(data)

    def in_picture(self, pictures: Tensor, scan: MRIScan) -> Tensor:
        """The same in the coil pictures: the transform of the same draw, which the levels of a ladder share."""
        return torch.add(pictures, _seen_grain(tuple(pictures.shape), self.seed, scan.array, pictures.dtype, pictures.device), alpha=self.sigma)


def _grain(shape: tuple[int, ...], seed: int, array: CoilArray | None) -> Tensor:
    """Unit noise in k-space, complex128, correlated between the coils of an array."""
    noise = unit_complex(shape, seed=seed, dtype=torch.complex128)
    return noise if array is None else torch.einsum("ab,brc->arc", torch.from_numpy(np.linalg.cholesky(array.covariance())), noise)


@lru_cache(maxsize=2)
def _seen_grain(shape: tuple[int, ...], seed: int, array: CoilArray | None, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The same noise in the coil pictures."""
    return to_picture(_grain(shape, seed, array).to(device=device, dtype=dtype))


def add_noise(scan: MRIScan, *, sigma: float, seed: int) -> MRIScan:
    """Grain of a receiver that is too far above its signal.

    Model
        s_c(k) <- s_c(k) + n_c(k), n ~ complex normal with covariance 2 sigma_add^2 Psi, Psi the coils' noise correlation (unit diagonal),
        sigma_add = (sigma^2 - sigma_source^2)^(1/2): only what the source lacks is added. The unit draw depends on the seed alone, so noise of twice
        the size is the same grain, twice as strong.
    Parameters
        scan : the acquisition. sigma : wanted deviation of real and imaginary part, in the unit of the picture. seed : below 2^53.
    Returns
        The scan with the event added; the scan itself where the source is that noisy already.
    Assumes
        White noise, all samples alike; orthonormal transforms, so that the deviation is the same in k-space and in the picture.
    Not modelled
        Coloured noise, noise that depends on the gain.
    Raises
        ValueError: sigma is negative; air was masked, where Rician noise would tell the touched picture from the untouched.
    References
        Gudbjartsson and Patz 1995, 10.1002/mrm.1910340618; Constantinides et al. 1997, 10.1002/mrm.1910380524.
    Oracle
        Rayleigh and non-central chi moments of air, second moment in tissue, covariance between coils (tests/physics/mri/test_thermal.py).
    """
    if sigma < 0:
        raise ValueError(f"sigma {sigma}: a deviation is >= 0")
    missing = missing_sigma(sigma, present=scan.source_sigma)
    if missing == 0:
        return scan
    if scan.masked_air:
        raise ValueError("the air of the source was masked to zero: give it a noise floor first (physics.noise.with_noise_floor)")
    return scan.with_event(ThermalNoise(missing, seed))
