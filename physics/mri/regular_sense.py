"""SENSE as scanners do it: every R-th line, pixel groups told apart by small systems of equations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.fourier import frequencies, to_picture
from physics.mri.calibration import centre_width, estimated_maps
from physics.mri.folding import divisible, folded, resized, stacked, unstacked, with_size

AIR_PENALTY = 4.0  # of a pixel of air against noise: it is shrunk to a fifth, as it stands for almost no signal
AIR_SHARE = 0.1  # of the 99th percentile of the calibration picture: below it lies air

Rows = tuple[tuple[complex, ...], ...]


@dataclass(frozen=True, slots=True)
class RegularSense:
    """SENSE from every step-th line with maps from the calibration lines, which do nothing else.

    step : R. covariance : of the channels' noise, as a scan without a pulse measures it.
    """

    step: int
    covariance: Rows

    def __call__(self, kspace: Tensor, *, lines: Tensor | None, phase_axis: int) -> Tensor:
        """kspace (coil, row, column) to a complex picture (row, column)."""
        n_lines = kspace.shape[phase_axis + 1]
        size = divisible(n_lines, step=self.step)
        width = min(centre_width(lines, n_lines=n_lines), size)
        sampled = frequencies(size).abs() <= (width - 1) / 2
        whole = with_size(kspace, n_lines=size, phase_axis=phase_axis)
        maps = estimated_maps(whole, lines=sampled, phase_axis=phase_axis)
        penalty = air_penalty(whole, width=width, phase_axis=phase_axis)
        picture = unfold_regular(whole, maps, step=self.step, phase_axis=phase_axis, covariance=np.asarray(self.covariance), penalty=penalty)
        return resized(picture, n_lines=n_lines, phase_axis=phase_axis)


def rows_of(covariance: NDArray[np.complex128]) -> Rows:
    """A covariance as a value that can be compared and kept."""
    return tuple(tuple(complex(value) for value in row) for row in covariance)


def air_penalty(kspace: Tensor, *, width: int, phase_axis: int) -> Tensor:
    """(row, column) penalty of `unfold_regular`: 0 where the picture of the calibration lines shows a body, rising softly into air."""
    picture = kspace
    for axis in (0, 1):
        k = frequencies(kspace.shape[axis + 1], dtype=kspace.real.dtype, device=kspace.device)
        window = torch.where(k.abs() < (width + 1) / 2, 0.5 + 0.5 * torch.cos(2 * torch.pi * k / (width + 1)), torch.zeros_like(k))
        picture = picture * (window[:, None] if axis == 0 else window[None, :])
    shown = torch.view_as_real(to_picture(picture)).square().sum(dim=(0, -1)).sqrt()
    level = (AIR_SHARE * torch.quantile(shown.flatten(), 0.99)).clamp(min=torch.finfo(shown.dtype).tiny)
    return AIR_PENALTY * (1 - (shown / level).square()).clamp(min=0)


def unfold_regular(kspace: Tensor, maps: Tensor, *, step: int, phase_axis: int, covariance: NDArray[np.complex128], penalty: Tensor | None = None) -> Tensor:
    """A band of grain where many parts of the body fold onto one another and the coils look alike.

    Model
        For each group of R pixels that fold onto one another: x = (S^H Psi^-1 S + diag p)^-1 S^H Psi^-1 a, a the aliased coil pictures (`folded`).
    Parameters
        kspace : (coil, row, column), lines divisible by the step. maps : S, of the same shape. step : R. phase_axis : axis of the lines.
        covariance : Psi. penalty : p per pixel (row, column), in units of the signal's weight; 0 leaves a pixel free, a high one leaves it out.
    Returns
        (row, column) complex.
    Assumes
        A picture that fits into the field of view; maps that are right.
    Not modelled
        Shifted patterns; acceleration along two axes.
    Raises
        ValueError: the step does not divide the lines.
    References
        Pruessmann et al. 1999, 10.1002/(SICI)1522-2594(199911)42:5<952::AID-MRM16>3.0.CO;2-S.
    Oracle
        Exact maps and no noise give back the body to 1e-5, at every R, odd sizes and both axes; the noise is that of the geometry factor
        (tests/physics/mri/test_folding.py, test_g_factor.py).
    """
    if kspace.shape[phase_axis + 1] % step:
        raise ValueError(f"{kspace.shape[phase_axis + 1]} lines are not divisible by {step}")
    root = torch.linalg.cholesky(torch.from_numpy(covariance)).to(kspace)
    whitening = torch.linalg.inv(root)
    seen = whitening @ stacked(maps, step=step, phase_axis=phase_axis)
    aliased = (whitening @ folded(kspace, step=step, phase_axis=phase_axis)[..., None])[..., 0]
    system = seen.mH @ seen
    if penalty is not None:
        system = system + torch.diag_embed(stacked(penalty[None], step=step, phase_axis=phase_axis)[..., 0, :]).to(system)
    right = (seen.mH @ aliased[..., None])[..., 0]
    return unstacked(torch.linalg.solve(system, right), phase_axis=phase_axis)
