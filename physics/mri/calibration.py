"""Coil maps as a scanner finds them: from the fully sampled centre of k-space."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline
from torch import Tensor

from physics.fourier import frequencies, to_picture

POWER_STEPS = 12


def centre_width(lines: Tensor | None, *, n_lines: int) -> int:
    """How many frequencies around zero are sampled without a gap: the odd number 2 m + 1 with all |n| <= m sampled."""
    if lines is None:
        return n_lines
    sampled = {int(n) for n, taken in zip(frequencies(n_lines), lines, strict=True) if bool(taken)}
    reach = 0
    while reach + 1 in sampled and -(reach + 1) in sampled:
        reach += 1
    return 2 * reach + 1


def estimated_maps(kspace: Tensor, *, lines: Tensor | None, phase_axis: int) -> Tensor:
    """Relative coil sensitivities from calibration lines.

    Model
        Low-resolution coil pictures (Hann window over the gapless centre along the lines, over as many samples along the readout; on a grid of twice that
        width) are compared in patches of 3 x 3: C(r) is the leading eigenvector of sum over the patch of x x^H, by power iteration,
        with the phase of its projection on that of the whole picture, and norm 1; cubic interpolation onto the fine grid.
    Parameters
        kspace : (coil, row, column), zero where not sampled. lines : sampled lines, None for all. phase_axis : their array axis.
    Returns
        (coil, row, column) complex, sum of squares 1 everywhere.
    Assumes
        Maps smoother than the calibration region resolves.
    Not modelled
        More than one map per place (a field of view smaller than the body).
    References
        Walsh, Gmitro and Marcellin 2000, 10.1002/(SICI)1522-2594(200005)43:5<682::AID-MRM10>3.0.CO;2-G.
    Oracle
        The simulating maps of a phantom up to one phase per place, inside the body (tests/physics/mri/test_calibration.py).
    """
    n_coils, n = kspace.shape[0], kspace.shape[1:]
    if n_coils == 1:
        return torch.ones_like(kspace)
    width = min(centre_width(lines, n_lines=n[phase_axis]), 64)
    coarse = [min(size, max(2 * width, 32)) for size in n]
    data = kspace
    for axis in (0, 1):
        k = frequencies(n[axis], dtype=kspace.real.dtype, device=kspace.device)
        window = torch.where(k.abs() < (width + 1) / 2, 0.5 + 0.5 * torch.cos(2 * torch.pi * k / (width + 1)), torch.zeros_like(k))
        kept = frequencies(coarse[axis]).long() % n[axis]
        data = (data * (window[:, None] if axis == 0 else window[None, :])).index_select(axis + 1, kept.to(data.device))
    pictures = to_picture(data)
    products = (pictures[:, None] * pictures[None].conj()).flatten(0, 1)
    correlation = _patch_sum(_patch_sum(products, dim=1), dim=2).reshape(n_coils, n_coils, *coarse).permute(2, 3, 0, 1)
    overall = _leading(correlation.sum(dim=(0, 1)))
    vector = _leading(correlation)
    reference = (vector * overall.conj()).sum(dim=-1, keepdim=True)  # the plain sum vanishes at the centre of a ring of loops
    aligned = (vector * (reference / reference.abs().clamp(min=1e-12)).conj()).permute(2, 0, 1)
    down, right = (torch.from_numpy(_refinement(m, size)).to(kspace) for m, size in zip(coarse, n, strict=True))
    maps = down @ aligned @ right.T
    return maps / _norm(maps.movedim(0, -1)).movedim(-1, 0)


def _leading(correlation: Tensor) -> Tensor:
    """Leading eigenvector (..., coil) of Hermitian matrices (..., coil, coil), norm 1, from the strongest coil's column."""
    strongest = torch.diagonal(correlation, dim1=-2, dim2=-1).real.argmax(dim=-1)
    vector = torch.take_along_dim(correlation, strongest[..., None, None], dim=-1)[..., 0]
    for _ in range(POWER_STEPS):
        vector = (correlation @ (vector / _norm(vector))[..., None])[..., 0]
    return vector / _norm(vector)


def _norm(vector: Tensor) -> Tensor:
    tiny = torch.finfo(vector.real.dtype).tiny
    norm: Tensor = torch.view_as_real(vector.resolve_conj()).square().sum(dim=(-2, -1)).sqrt().clamp(min=tiny)[..., None]
    return norm


def _patch_sum(data: Tensor, *, dim: int) -> Tensor:
    """Sum over three periodic neighbours."""
    return data + torch.roll(data, 1, dims=dim) + torch.roll(data, -1, dims=dim)


@lru_cache(maxsize=16)
def _refinement(n_coarse: int, n_fine: int) -> NDArray[np.float64]:
    """Matrix (fine, coarse) of cubic interpolation from a coarse to a fine grid of one field of view, centre pixels N//2 on each other."""
    places = (np.arange(n_coarse) - n_coarse // 2) * (n_fine / n_coarse)
    spline = make_interp_spline(places, np.eye(n_coarse), k=3)
    matrix: NDArray[np.float64] = spline(np.clip(np.arange(n_fine) - n_fine // 2, places[0], places[-1]))
    return matrix
