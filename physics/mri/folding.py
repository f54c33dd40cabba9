"""Regular aliasing: a picture folded R times along the phase-encode direction, and told apart again."""

from __future__ import annotations

import torch
from torch import Tensor

from physics.fourier import inverse_transform, rolled, to_kspace, to_picture, unrolled
from physics.mri.sense import along_lines


def divisible(n_lines: int, *, step: int) -> int:
    """The least number of lines from n_lines on that the step divides."""
    return -(-n_lines // step) * step


def with_size(kspace: Tensor, *, n_lines: int, phase_axis: int) -> Tensor:
    """The same picture on another number of lines: the outermost are cut off or left empty; the picture keeps its level and its centre pixel N//2."""
    dim, before = phase_axis - 2, kspace.shape[phase_axis - 2]
    if before == n_lines:
        return kspace
    kept = min(before, n_lines)
    n_first, n_last = kept - kept // 2, kept // 2
    parts = [kspace.narrow(dim, 0, n_first), kspace.narrow(dim, before - n_last, n_last)]
    if n_lines > before:
        empty = list(kspace.shape)
        empty[dim] = n_lines - before
        parts.insert(1, kspace.new_zeros(empty))
    gain: float = (n_lines / before) ** 0.5
    return torch.cat(parts, dim=dim) * gain


def folded(kspace: Tensor, *, step: int, phase_axis: int) -> Tensor:
    """Aliased coil pictures of the lines whose frequency the step divides.

    Model
        a_c(u) = sum_m (C_c x)(u + m N / R), m = 0 .. R - 1, u counted from the centre pixel: the inverse transform of every R-th line, times R^(1/2).
    Parameters
        kspace : (coil, row, column), a number of lines that the step divides. step : R. phase_axis : array axis of the lines.
    Returns
        (place along the lines, place along the readout, coil), N / R places along the lines, beginning at the centre pixel.
    Assumes
        The lines at multiples of R are sampled; a missing one counts as zero.
    Not modelled
        Shifted patterns.
    References
        Pruessmann et al. 1999, 10.1002/(SICI)1522-2594(199911)42:5<952::AID-MRM16>3.0.CO;2-S.
    Oracle
        The sum of shifted coil pictures themselves (tests/physics/mri/test_folding.py).
    """
    taken = along_lines(kspace, phase_axis=phase_axis).movedim(phase_axis + 1, 1)[:, ::step]
    gain: float = step**0.5
    return (inverse_transform(taken, axes=(1,)) * gain).permute(1, 2, 0)


def stacked(pictures: Tensor, *, step: int, phase_axis: int) -> Tensor:
    """(coil, row, column) as (place along the lines, place along the readout, coil, alias): the pixels that fold onto one another side by side."""
    lined = rolled(pictures.movedim(phase_axis + 1, 1), axes=(1,))
    n_coils, n_lines, n_readout = lined.shape
    return lined.reshape(n_coils, step, n_lines // step, n_readout).permute(2, 3, 0, 1)


def unstacked(pixels: Tensor, *, phase_axis: int) -> Tensor:
    """The inverse of `stacked` for one picture: (place, readout, alias) to (row, column)."""
    n_places, n_readout, step = pixels.shape
    lined = unrolled(pixels.permute(2, 0, 1).reshape(step * n_places, n_readout), axes=(0,))
    return lined if phase_axis == 0 else lined.T


def resized(picture: Tensor, *, n_lines: int, phase_axis: int) -> Tensor:
    """A complex picture (row, column) on another number of lines, by its spatial frequencies."""
    if picture.shape[phase_axis] == n_lines:
        return picture
    axes = (phase_axis - 2,)
    return to_picture(with_size(to_kspace(picture, axes=axes), n_lines=n_lines, phase_axis=phase_axis), axes=axes)
