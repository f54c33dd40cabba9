"""From a body under coils to k-space, line by line, while the body moves and the coils stay."""

from __future__ import annotations

from math import pi

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.fourier import frequencies, to_kspace
from physics.mri.coil_basis import TOLERANCE, moved_basis
from physics.mri.coils import Sensitivity
from physics.mri.motion import Motion
from physics.nufft import at_frequencies

NYQUIST = pi * (1 + 1e-6)  # beyond it a pixel grid knows nothing of the body


def encode(density: Tensor, maps: Tensor | None) -> Tensor:
    """k-space (coil, row, column) of a body at rest under coil maps, None for one uniform coil."""
    return to_kspace(density[None] if maps is None else maps * density)


def encode_moving(density: Tensor, motion: Motion, *, spacing_mm: tuple[float, float], phase_axis: int, sensitivity: Sensitivity | None = None) -> Tensor:
    """Ghosts and blur of a head that moves while its lines are taken.

    Model
        s_c(k_j) = exp(-2 pi i k_j . tau_j) FT[C_c(R_j u + tau_j) rho(u)](R_j^T k_j), with pose (R_j, tau_j) about the centre pixel at the time of line j
        (a pivot is part of tau_j). One coil: one non-uniform transform for the lines of all poses. Fixed coils: the moved maps of each coil are
        spanned by a few fields (coil_basis) and each field takes one transform. Lines without a turn need no non-uniform transform;
        lines at rest are those of the body at rest, bit for bit.
    Parameters
        density : (row, column) complex. motion : pose per stored line. spacing_mm : pixel spacing. phase_axis : array axis of the lines.
        sensitivity : coils as functions of place, None for one uniform coil.
    Returns
        (coil, row, column) complex k-space, uncentred, orthonormal.
    Assumes
        A rigid body in the plane, at rest within a line (less than 100 ms), band-limited by its pixels: what a turn brings in from beyond Nyquist is 0.
    Not modelled
        Through-plane movement, spin history, main-field changes with pose.
    References
        Atkinson et al. 1997, 10.1109/42.650886; Shaw et al. 2020, 10.1109/TMI.2020.2972547 (there the coils turn with the head; here they stay).
    Oracle
        A Gaussian phantom moved analytically; whole-pixel shifts; a direct sum with the moved maps; only moved lines differ
        (tests/physics/mri/test_encoding.py).
    """
    matrix = (density.shape[0], density.shape[1])
    maps = None if sensitivity is None else sensitivity.maps(matrix).to(density)
    kspace = encode(density, maps)
    moving = np.flatnonzero(~motion.still)
    if len(moving) == 0:
        return kspace
    if sensitivity is None:
        lines = _moved_lines(density[None], motion, moving, spacing_mm=spacing_mm, phase_axis=phase_axis)
    else:
        magnitude = density.abs().double().cpu().numpy()
        tolerance = TOLERANCE["double" if density.dtype == torch.complex128 else "single"]
        # (rank, row, column), (coil, rank, line)
        basis, weights = moved_basis(sensitivity, motion, moving, magnitude=magnitude, spacing_mm=spacing_mm, tolerance=tolerance)
        fields = torch.from_numpy(basis).to(density).mul_(density)
        samples = _moved_lines(fields, motion, moving, spacing_mm=spacing_mm, phase_axis=phase_axis)
        lines = torch.einsum("crl,rls->cls", torch.from_numpy(weights).to(density), samples)
    out = kspace.clone()
    out.movedim(1 + phase_axis, 1)[:, moving] = lines
    return out


def _moved_lines(pictures: Tensor, motion: Motion, chosen: NDArray[np.int64], *, spacing_mm: tuple[float, float], phase_axis: int) -> Tensor:
    """Samples (picture, line, readout) of chosen lines of pictures (picture, row, column) that move as a whole."""
    n = pictures.shape[1:]
    readout_axis = 1 - phase_axis
    real = pictures.real.dtype
    k_line = frequencies(n[phase_axis])[chosen] / (n[phase_axis] * spacing_mm[phase_axis])  # cycles per millimetre
    k_readout = frequencies(n[readout_axis]) / (n[readout_axis] * spacing_mm[readout_axis])
    known = None
    shift, angle = torch.from_numpy(motion.shift_mm[chosen]), torch.from_numpy(np.radians(motion.angle_deg[chosen]))
    if not bool(angle.any()):
        out = to_kspace(pictures).movedim(1 + phase_axis, 1)[:, chosen]
    else:
        # R^T k with R = [[c, s], [-s, c]] on (axis 0, axis 1): (c k0 - s k1, s k0 + c k1), in radians per pixel.
        c, s = torch.cos(angle)[:, None], torch.sin(angle)[:, None]
        k0, k1 = (k_line[:, None], k_readout[None]) if phase_axis == 0 else (k_readout[None], k_line[:, None])
        scale = (2 * pi * spacing_mm[0], 2 * pi * spacing_mm[1])
        omega = torch.stack([(c * scale[0]) * k0 - (s * scale[0]) * k1, (s * scale[1]) * k0 + (c * scale[1]) * k1]).to(real)
        known = (omega.abs() <= NYQUIST).all(dim=0)
        out = at_frequencies(pictures, omega.flatten(1)).reshape(len(pictures), len(chosen), -1)
    turns = -2 * pi * (k_line * shift[:, phase_axis])[:, None] - 2 * pi * shift[:, readout_axis][:, None] * k_readout[None]
    turns = turns.to(real)
    ramp = torch.complex(torch.cos(turns), torch.sin(turns))
    lines: Tensor = out.mul_((ramp if known is None else ramp * known).to(out.device))
    return lines
