"""Compressed sensing: the sparsest picture that agrees with the lines."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

from physics.fourier import to_picture
from physics.mri.calibration import estimated_maps
from physics.mri.sense import along_lines, line_mask
from physics.mri.wavelet import Wavelet

ROWS = 40  # of the picture that are transformed together


@dataclass(frozen=True, slots=True)
class L1Wavelet:
    """FISTA with db4 wavelets on three levels. weight : threshold as share of the largest coefficient of the zero-filled
    picture. n_steps : of the iteration. coarse : whether the approximation is thresholded too.
    levels : of the wavelets.
    """

    weight: float = 0.004
    n_steps: int = 40
    coarse: bool = True
    levels: int = 3

    def __call__(self, kspace: Tensor, *, lines: Tensor | None, phase_axis: int) -> Tensor:
        """kspace (coil, row, column) to a complex picture (row, column)."""
        maps = estimated_maps(kspace, lines=lines, phase_axis=phase_axis)
        return sparsest(kspace, maps, lines=lines, phase_axis=phase_axis, weight=self.weight, n_steps=self.n_steps, coarse=self.coarse, levels=self.levels)


def sparsest(
    kspace: Tensor, maps: Tensor, *, lines: Tensor | None, phase_axis: int, weight: float, n_steps: int, coarse: bool = True, levels: int = 3
) -> Tensor:
    """Plastic smoothness, lost fine texture, wavelet blocks where the weight is high.

    Model
        x = argmin 1/2 |M F S C x - y|^2 + lambda |W x|_1, lambda = weight max|W C^H S^H F^H y|, by FISTA with step 1 (|M F S| <= 1), restarted where
        the momentum points uphill. The wavelets' grid is the next multiple of 2^levels; C cuts the picture out of it, and what lies beyond is unknown.
    Parameters
        kspace : y, (coil, row, column), zero where not sampled. maps : S, sum of squares at most 1. lines : M. phase_axis : axis of the lines.
        weight : as above. n_steps : of the iteration. coarse : whether the approximation, which is not sparse, has the threshold too (by its share
        of the picture), or none. levels : of the wavelets.
    Returns
        C x, (row, column) complex.
    Assumes
        White noise, alike in all coils.
    Not modelled
        Total variation, learned priors.
    References
        Lustig, Donoho and Pauly 2007, 10.1002/mrm.21391; Beck and Teboulle 2009, 10.1137/080716542; O'Donoghue and Candes 2015 (restart).
    Oracle
        Optimality |W A^H (A x - y)|_inf <= lambda (1 + 1e-3); full sampling: one soft threshold; borders lose what the middle loses, on any size
        (tests/physics/mri/test_l1_wavelet.py).
    """
    axes = (phase_axis - 2,)
    mask = line_mask(lines, kspace, phase_axis=phase_axis)
    data = along_lines(kspace * mask, phase_axis=phase_axis)
    zero_filled = (maps.conj() * to_picture(data, axes=axes)).sum(dim=0)
    if phase_axis == 0:  # lines last, where transforms run along the memory; wavelets do not tell the axes apart
        return iterated(zero_filled.T, maps.transpose(1, 2), mask[:, 0], weight=weight, n_steps=n_steps, coarse=coarse, levels=levels).T
    return iterated(zero_filled, maps, mask.reshape(-1), weight=weight, n_steps=n_steps, coarse=coarse, levels=levels)


def iterated(zero_filled: Tensor, maps: Tensor, taken: Tensor, *, weight: float, n_steps: int, coarse: bool = True, levels: int = 3) -> Tensor:
    """The iteration of `sparsest` on pictures whose lines run along the last axis; taken : (line,) 1 where a line was sampled.

    In S^H F^H M F S the shifts of the centred transforms cancel, M being diagonal, so the plain ones do.
    """
    found = on_grid(zero_filled, maps, taken, weight=weight, n_steps=n_steps, coarse=coarse, levels=levels)
    return found[: zero_filled.shape[0], : zero_filled.shape[1]]


def on_grid(zero_filled: Tensor, maps: Tensor, taken: Tensor, *, weight: float, n_steps: int, coarse: bool, levels: int) -> Tensor:
    """The same with what lies beyond the picture on the wavelets' grid."""
    start, maps = zero_filled.contiguous(), maps.contiguous()
    received, taken = maps.conj().resolve_conj(), taken.to(start)
    n_rows, n_columns = start.shape
    wavelet = Wavelet.of((n_rows, n_columns), levels=levels, dtype=start.real.dtype, device=start.device)
    parts = [slice(row, min(row + ROWS, n_rows)) for row in range(0, n_rows, ROWS)]
    seen = start.new_zeros(wavelet.grid)

    def descent(picture: Tensor) -> Tensor:
        """picture + C^H (start - S^H F^H M F S C picture), a few rows at a time, which stay near the processor."""
        for part in parts:
            samples = torch.fft.fft(maps[:, part] * picture[part, :n_columns], dim=-1).mul_(taken)
            torch.sum(torch.fft.ifft(samples, dim=-1).mul_(received[:, part]), dim=0, out=seen[part, :n_columns])
        return picture + adjoint - seen

    adjoint = wavelet.padded(start)
    threshold = thresholds(wavelet, weight * wavelet.analyse(adjoint).abs().max(), coarse=coarse)
    picture = ahead = wavelet.extended(start)
    momentum = 1.0
    for _ in range(n_steps):
        following = wavelet.synthesise(shrunk(wavelet.analyse(descent(ahead)), threshold))
        change = following - picture
        uphill = _aligned(ahead - following, change) > 0
        momentum, before = (1.0, 1.0) if uphill else ((1 + sqrt(1 + 4 * momentum**2)) / 2, momentum)
        ahead = following + ((before - 1) / momentum) * change
        picture = following
    return picture


def thresholds(wavelet: Wavelet, threshold: Tensor, *, coarse: bool) -> Tensor:
    """A threshold for each coefficient: that of the approximation is 0 (not coarse), or goes with its share of the picture, so that a flat one stays flat."""
    if coarse and wavelet.grid == wavelet.shape:
        return threshold
    each = threshold.expand(wavelet.grid).clone()
    inside = wavelet.analyse(wavelet.padded(torch.ones(wavelet.shape, dtype=threshold.dtype.to_complex(), device=threshold.device))).real
    each[wavelet.approximation] *= (inside[wavelet.approximation] / 2 ** len(wavelet.matrices)).clamp(min=0) if coarse else 0.0
    return each


def shrunk(coefficients: Tensor, threshold: Tensor) -> Tensor:
    """Complex soft threshold: the modulus less the threshold, not below 0, the phase kept."""
    modulus = coefficients.abs()
    return coefficients * (1 - threshold / modulus.clamp(min=torch.finfo(modulus.dtype).tiny)).clamp(min=0)


def _aligned(one: Tensor, other: Tensor) -> float:
    """Re <one, other>."""
    return float(torch.dot(torch.view_as_real(one).flatten(), torch.view_as_real(other).flatten()))
