"""Partial Fourier reconstructions: the missing side of k-space from the other one and a phase."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from physics.fourier import frequencies, to_kspace, to_picture
from physics.mri.calibration import centre_width
from physics.mri.sense import along_lines, line_mask
from physics.mri.zero_filled import ZeroFilled


@dataclass(frozen=True, slots=True)
class Homodyne:
    """Homodyne detection, or with n_steps > 0 that many projections onto the data and the phase (POCS)."""

    n_steps: int = 0

    def __call__(self, kspace: Tensor, *, lines: Tensor | None, phase_axis: int) -> Tensor:
        """kspace (coil, row, column) to a complex picture (row, column); several coils end in a root sum of squares."""
        if lines is None or bool(lines.all()):
            return ZeroFilled()(kspace, lines=lines, phase_axis=phase_axis)
        rotor = centre_rotor(kspace, lines=lines, phase_axis=phase_axis)
        if self.n_steps:
            real = projected(kspace, rotor, lines=lines, phase_axis=phase_axis, n_steps=self.n_steps)
        else:
            real = detected(kspace, rotor, lines=lines, phase_axis=phase_axis)
        if len(kspace) == 1:
            return real[0] * rotor[0]
        return real.square().sum(dim=0).sqrt().to(kspace.dtype)


def _axes(phase_axis: int) -> tuple[int]:
    return (phase_axis - 2,)


def centre_rotor(kspace: Tensor, *, lines: Tensor, phase_axis: int) -> Tensor:
    """exp(i phi) per coil (coil, row, column), phi the phase of the picture of the gapless centre of k-space under a Hann window along the lines."""
    n_lines = kspace.shape[phase_axis + 1]
    width = centre_width(lines, n_lines=n_lines)
    k = frequencies(n_lines, dtype=kspace.real.dtype, device=kspace.device)
    window = torch.where(k.abs() < (width + 1) / 2, 0.5 + 0.5 * torch.cos(2 * torch.pi * k / (width + 1)), torch.zeros_like(k))
    blurred = to_picture(along_lines(kspace, phase_axis=phase_axis) * (window[:, None] if phase_axis == 0 else window[None]), axes=_axes(phase_axis))
    modulus = blurred.abs()
    return torch.where(modulus > 0, blurred / modulus.clamp(min=torch.finfo(modulus.dtype).tiny), torch.ones_like(blurred))


def detected(kspace: Tensor, rotor: Tensor, *, lines: Tensor, phase_axis: int) -> Tensor:
    """Sharp where the phase is smooth; signal is lost and edges ring where it is not.

    Model
        Re(exp(-i phi) F^H W s): lines beyond the gapless centre (2 m + 1 lines) count twice, within it W(n) = 1 + n / (m + 1), rising towards the side that was
        sampled, so that W(n) + W(-n) = 2 for every line and its mirror image.
    Parameters
        kspace : s, (coil, row, column), zero where not sampled. rotor : exp(i phi), of the same shape. lines : bool per stored line. phase_axis : their axis.
    Returns
        (coil, row, column) real, signed.
    Assumes
        A phase that the gapless centre resolves.
    Not modelled
        The line at -N/2 of an even matrix, which is its own mirror image: it is lost where it was not sampled.
    References
        Noll, Nishimura and Macovski 1991, 10.1109/42.79473; Cuppen and van Est 1987, Magn. Reson. Imaging 5, 526.
    Oracle
        A real picture times one phase factor is recovered to rounding, on either side (tests/physics/mri/test_partial_fourier.py).
    """
    n_lines = kspace.shape[phase_axis + 1]
    k = frequencies(n_lines, dtype=kspace.real.dtype, device=kspace.device)
    reach = (centre_width(lines, n_lines=n_lines) - 1) // 2
    side = 1.0 if float((k.sign() * lines.to(k)).sum()) >= 0 else -1.0
    weight = torch.where(k.abs() <= reach, 1 + side * k / (reach + 1), torch.full_like(k, 2.0))
    if n_lines % 2 == 0:
        weight[n_lines // 2] = 1.0
    weight = weight * lines.to(weight)
    weighted = along_lines(kspace, phase_axis=phase_axis) * (weight[:, None] if phase_axis == 0 else weight[None])
    found: Tensor = (to_picture(weighted, axes=_axes(phase_axis)) * rotor.conj()).real
    return found


def projected(kspace: Tensor, rotor: Tensor, *, lines: Tensor, phase_axis: int, n_steps: int) -> Tensor:
    """As `detected`, true to every sampled line.

    Model
        Alternating projections: x <- exp(i phi) Re(exp(-i phi) x); then the sampled lines take their measured values again; n_steps times from the
        zero-filled picture. What is missing converges by 2^-n where the phase is right.
    Parameters
        As `detected`. n_steps : of the iteration.
    Returns
        (coil, row, column) real, signed.
    Assumes
        A phase that the gapless centre resolves.
    Not modelled
        Regularisation.
    References
        Haacke, Lindskog and Lin 1991, 10.1016/0022-2364(91)90253-P.
    Oracle
        A real picture times one phase factor is recovered to 2^-n (tests/physics/mri/test_partial_fourier.py).
    """
    axes, mask = _axes(phase_axis), line_mask(lines, kspace, phase_axis=phase_axis)
    data = along_lines(kspace * mask, phase_axis=phase_axis)
    real: Tensor = (to_picture(data, axes=axes) * rotor.conj()).real
    for _ in range(n_steps):
        filled = data + (1 - mask) * to_kspace(real * rotor, axes=axes)
        real = (to_picture(filled, axes=axes) * rotor.conj()).real
    return real
