"""GRAPPA: missing lines as sums of their neighbours in all coils, with weights learnt from calibration lines."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from physics.fourier import frequencies, inverse_transform, to_picture
from physics.mri.calibration import estimated_maps

SIDE = 2  # points of the kernel to either side along the readout
READOUT = 2 * SIDE + 1  # points of the kernel along the readout
NEIGHBOURS = 4  # lines of the kernel, the nearest that were taken: two to either side where there are
RIDGE = 1e-4  # of the mean diagonal of the normal equations


@dataclass(frozen=True, eq=False)
class Grappa:
    """GRAPPA with calibration lines of a scan of their own.

    step : R. calibration : (coil, line, readout sample), consecutive lines and centred samples about the centre of k-space, noise and all.
    """

    step: int
    calibration: Tensor

    def __call__(self, kspace: Tensor, *, lines: Tensor | None, phase_axis: int) -> Tensor:
        """kspace (coil, row, column) to a complex picture (row, column)."""
        lined = kspace if phase_axis == 0 else kspace.transpose(1, 2)
        filled = lined if lines is None else with_missing_lines(lined, self.calibration.to(lined), lines=lines, reach=2 * self.step)
        maps = estimated_maps(filled, lines=None, phase_axis=0)
        picture = (maps.conj() * to_picture(filled)).sum(dim=0)
        return picture if phase_axis == 0 else picture.T


def neighbours(missing: int, taken: list[int], *, reach: int) -> tuple[int, ...]:
    """Distances from a missing frequency to the lines that it is made of: those within reach, the two nearest on either side, or more of one side."""
    below = sorted((n - missing for n in taken if 0 < missing - n <= reach), reverse=True)
    above = sorted(n - missing for n in taken if 0 < n - missing <= reach)
    half = NEIGHBOURS // 2
    n_below = min(len(below), max(half, NEIGHBOURS - len(above)))
    return tuple(sorted(below[:n_below] + above[: NEIGHBOURS - n_below]))


def with_missing_lines(kspace: Tensor, calibration: Tensor, *, lines: Tensor, reach: int) -> Tensor:
    """Copies of the body at field of view over R, and grain, where the weights were learnt from noisy or few calibration lines.

    Model
        s_c(n, k) = sum over coils c', neighbouring taken lines d and readout offsets j = -2 .. 2 of w_c(c', d, j) s_c'(n + d, k + j), the same weights for
        every k and every line with the same neighbours. The weights solve the calibration lines in the least-squares sense, with a ridge of 1e-4 of the mean
        diagonal. Noise in the calibration lines sits on both sides of these equations: it draws the weights towards zero, and what they miss is aliased.
    Parameters
        kspace : (coil, line, readout), uncentred, zero where not taken. calibration : (coil, line, readout), consecutive lines. lines : bool per stored
        line. reach : how far a neighbour may be.
    Returns
        k-space with the missing lines filled; a line whose neighbours span more than the calibration lines stays zero.
    Assumes
        Coils that are smooth enough for a kernel of four lines and five points.
    Not modelled
        Lines beyond the edge of k-space (the missing ones there are made of one side), acceleration along two axes.
    References
        Griswold et al. 2002, 10.1002/mrm.10171; Chang, Liang and Ying 2012, Magn. Reson. Med. 68, 730 (bias by noisy calibration).
    Oracle
        The dense least-squares solution of the same equations; smooth coils fill the lines to 1e-3 (tests/physics/mri/test_grappa.py).
    """
    n_lines = kspace.shape[1]
    order = frequencies(n_lines).to(torch.int64).tolist()
    stored = {n: index for index, n in enumerate(order)}
    taken = [n for n, kept in zip(order, lines.tolist(), strict=True) if kept]
    groups: dict[tuple[int, ...], list[int]] = {}
    for n in order:
        if not bool(lines[stored[n]]):
            groups.setdefault(neighbours(n, taken, reach=reach), []).append(n)
    hybrid = inverse_transform(kspace, axes=(2,)) * kspace.shape[2] ** 0.5  # a kernel along the readout is a factor there
    filled = hybrid.clone()
    for offsets, missing in groups.items():
        kernel = weights(calibration, offsets=offsets)
        if kernel is None:
            continue
        factor = along_readout(kernel, n_samples=kspace.shape[2])  # (target, source, place)
        sources = torch.stack([hybrid[:, [stored[n + d] for n in missing]] for d in offsets], dim=1).flatten(0, 1)  # (coil x offset, line, place)
        found = torch.einsum("tsx,slx->tlx", factor, sources)
        filled[:, [stored[n] for n in missing]] = found
    transformed: Tensor = torch.fft.fft(filled, dim=2) / kspace.shape[2]
    return transformed


def weights(calibration: Tensor, *, offsets: tuple[int, ...]) -> Tensor | None:
    """(target coil, source coil x offset, readout offset) of a geometry; None where no calibration line has all of these neighbours."""
    n_coils, n_lines, n_readout = calibration.shape
    first, last = max(0, -min(offsets, default=0)), n_lines - max(0, max(offsets, default=0))
    if not offsets or last <= first or n_readout < READOUT:
        return None
    windows = calibration.unfold(2, READOUT, 1)  # (coil, line, place, readout offset)
    sources = torch.stack([windows[:, first + d : last + d] for d in offsets], dim=1)  # (coil, offset, line, place, readout offset)
    matrix = sources.permute(2, 3, 0, 1, 4).flatten(0, 1).flatten(1)
    wanted = calibration[:, first:last, SIDE : n_readout - SIDE].flatten(1).T
    square = matrix.mH @ matrix
    ridge = RIDGE * torch.diagonal(square).real.mean().clamp(min=torch.finfo(square.real.dtype).tiny)
    solved: Tensor = torch.linalg.solve(square + ridge * torch.eye(len(square), dtype=square.dtype, device=square.device), matrix.mH @ wanted)
    return solved.T.reshape(n_coils, n_coils * len(offsets), READOUT)


def along_readout(kernel: Tensor, *, n_samples: int) -> Tensor:
    """The kernel's factor at each place along the readout, in the order of `inverse_transform`."""
    place = torch.arange(n_samples, dtype=kernel.real.dtype, device=kernel.device)
    offset = torch.arange(READOUT, dtype=kernel.real.dtype, device=kernel.device) - SIDE
    # sum_j w_j s(k + j) is the transform of exp(-2 pi i j x / N) x(x).
    wave = torch.polar(torch.ones(READOUT, n_samples, dtype=place.dtype, device=place.device), -2 * torch.pi * offset[:, None] * place[None] / n_samples)
    return kernel @ wave.to(kernel)
