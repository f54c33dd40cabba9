"""Compressed sensing: the sparsest picture that agrees with the lines."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

from physics.fourier import inverse_transform, rolled, transform, unrolled
from physics.mri.calibration import estimated_maps
from physics.mri.sense import along_lines, line_mask
from physics.mri.wavelet import Wavelet


@dataclass(frozen=True, slots=True)
class L1Wavelet:
    """FISTA with db4 wavelets on three levels. weight : threshold as share of the largest coefficient of the zero-filled
    picture. n_steps : of the iteration.
    """

    weight: float = 0.004
    n_steps: int = 40

    def __call__(self, kspace: Tensor, *, lines: Tensor | None, phase_axis: int) -> Tensor:
        """kspace (coil, row, column) to a complex picture (row, column)."""
        maps = estimated_maps(kspace, lines=lines, phase_axis=phase_axis)
        return sparsest(kspace, maps, lines=lines, phase_axis=phase_axis, weight=self.weight, n_steps=self.n_steps)


def sparsest(kspace: Tensor, maps: Tensor, *, lines: Tensor | None, phase_axis: int, weight: float, n_steps: int) -> Tensor:
    """Plastic smoothness, lost fine texture, wavelet blocks where the weight is high.

    Model
        x = argmin 1/2 |M F S x - y|^2 + lambda |W x|_1, lambda = weight max|W S^H F^H y|, by FISTA with step 1 (|M F S| <= 1), restarted where
        the momentum points uphill.
    Parameters
        kspace : y, (coil, row, column), zero where not sampled. maps : S, sum of squares at most 1. lines : M. phase_axis : axis of the lines.
        weight : as above. n_steps : of the iteration.
    Returns
        (row, column) complex.
    Assumes
        White noise, alike in all coils.
    Not modelled
        Total variation, learned priors.
    References
        Lustig, Donoho and Pauly 2007, 10.1002/mrm.21391; Beck and Teboulle 2009, 10.1137/080716542; O'Donoghue and Candes 2015 (restart).
    Oracle
        Optimality |W A^H (A x - y)|_inf <= lambda (1 + 1e-3); full sampling: one soft threshold (tests/physics/mri/test_l1_wavelet.py).
    """
    axes = (phase_axis - 2,)
    mask = line_mask(lines, kspace, phase_axis=phase_axis)
    data = along_lines(kspace * mask, phase_axis=phase_axis)
    wavelet = Wavelet.of((kspace.shape[1], kspace.shape[2]), dtype=kspace.real.dtype)

    maps = rolled(maps, axes=axes)
    received = maps.conj().resolve_conj()

    def adjoint(samples: Tensor) -> Tensor:
        return unrolled((received * inverse_transform(samples, axes=axes)).sum(dim=0), axes=axes)

    zero_filled = adjoint(data)
    threshold = weight * wavelet.analyse(zero_filled).abs().max()
    picture = ahead = zero_filled
    momentum = 1.0
    for _ in range(n_steps):
        gradient = adjoint(mask * transform(maps * rolled(ahead, axes=axes), axes=axes) - data)
        following = wavelet.synthesise(shrunk(wavelet.analyse(ahead - gradient), threshold))
        change = following - picture
        uphill = float(((ahead - following).conj() * change).sum().real) > 0
        momentum, before = (1.0, 1.0) if uphill else ((1 + sqrt(1 + 4 * momentum**2)) / 2, momentum)
        ahead = following + ((before - 1) / momentum) * change
        picture = following
    return picture


def shrunk(coefficients: Tensor, threshold: Tensor) -> Tensor:
    """Complex soft threshold: the modulus less the threshold, not below 0, the phase kept."""
    modulus = coefficients.abs()
    return coefficients * ((modulus - threshold).clamp(min=0) / modulus.clamp(min=torch.finfo(modulus.dtype).tiny))
