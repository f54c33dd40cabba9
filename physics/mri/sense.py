"""SENSE: aliases told apart by the coils."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from physics.fourier import inverse_transform, rolled, to_picture, transform, unrolled
from physics.mri.calibration import estimated_maps

SLAB = 32  # places along the readout that are worked on at a time: eight coils of 256 lines stay in the cache


@dataclass(frozen=True, slots=True)
class Sense:
    """SENSE by conjugate gradients with maps from the calibration lines. n_steps : of the iteration. ridge : weight of |x|^2 against loss of stability."""

    n_steps: int = 20
    ridge: float = 1e-4

    def __call__(self, kspace: Tensor, *, lines: Tensor | None, phase_axis: int) -> Tensor:
        """kspace (coil, row, column) to a complex picture (row, column)."""
        maps = estimated_maps(kspace, lines=lines, phase_axis=phase_axis)
        return unfold(kspace, maps, lines=lines, phase_axis=phase_axis, n_steps=self.n_steps, ridge=self.ridge)


def along_lines(kspace: Tensor, *, phase_axis: int) -> Tensor:
    """Undo the readout transform: lines are skipped along one axis only, so the rest of the work is one-dimensional."""
    return to_picture(kspace, axes=(1 - phase_axis - 2,))


def line_mask(lines: Tensor | None, like: Tensor, *, phase_axis: int) -> Tensor:
    """The sampled lines as a real factor that broadcasts over (coil, row, column)."""
    if lines is None:
        return torch.ones(1, 1, dtype=like.real.dtype, device=like.device)
    factor = lines.to(like.real)
    return factor[:, None] if phase_axis == 0 else factor[None, :]


def unfold(kspace: Tensor, maps: Tensor, *, lines: Tensor | None, phase_axis: int, n_steps: int = 20, ridge: float = 1e-4) -> Tensor:
    """Residual aliasing and a noise band in the middle, where the coils look alike.

    Model
        x = argmin |M F S x - y|^2 + ridge |x|^2, by n_steps of conjugate gradients on (S^H F^H M F S + ridge) x = S^H F^H y, starting from 0.
    Parameters
        kspace : y, (coil, row, column), zero where not sampled. maps : S, (coil, row, column). lines : M. phase_axis : axis of the lines.
    Returns
        (row, column) complex.
    Assumes
        White noise, alike in all coils (correlation between coils is not used).
    Not modelled
        A field of view smaller than the body.
    References
        Pruessmann et al. 1999, 10.1002/(SICI)1522-2594(199911)42:5<952::AID-MRM16>3.0.CO;2-S; Pruessmann et al. 2001, 10.1002/mrm.1241.
    Oracle
        Exact maps and no noise give back the body to 1e-5; regular masks: the closed form of R x R systems; noise grows by g sqrt(R)
        (tests/physics/mri/test_sense.py).
    """
    data = along_lines(kspace * line_mask(lines, kspace, phase_axis=phase_axis), phase_axis=phase_axis)
    data, maps = (_by_readout(part, phase_axis) for part in (data, rolled(maps, axes=(phase_axis - 2,))))
    received = maps.conj().resolve_conj()
    mask = line_mask(lines, kspace, phase_axis=1)

    def normal(picture: Tensor) -> Tensor:
        out = torch.empty_like(picture)
        for first in range(0, len(picture), SLAB):
            part = slice(first, first + SLAB)
            samples = transform(maps[part] * picture[part, None], axes=(-1,)).mul_(mask)
            torch.sum(inverse_transform(samples, axes=(-1,)).mul_(received[part]), dim=1, out=out[part])
        return out.add_(picture, alpha=ridge)

    residual = inverse_transform(data, axes=(-1,)).mul_(received).sum(dim=1)
    picture = torch.zeros_like(residual)
    direction, energy = residual, _energy(residual)
    start = energy
    for _ in range(n_steps):
        if float(energy) <= 1e-14 * float(start):
            break
        image = normal(direction)
        step = energy / (direction.conj() * image).sum().real
        picture, residual = picture + step * direction, residual - step * image
        before, energy = energy, _energy(residual)
        direction = residual + (energy / before) * direction
    return unrolled(picture, axes=(-1,)).movedim(0, 1 - phase_axis).contiguous()


def _by_readout(pictures: Tensor, phase_axis: int) -> Tensor:
    """(coil, row, column) as (place along the readout, coil, line), each of which is worked on apart."""
    return pictures.movedim(2 - phase_axis, 0).contiguous()


def _energy(picture: Tensor) -> Tensor:
    return torch.view_as_real(picture).square().sum()
