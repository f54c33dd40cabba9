"""From a body under coils to k-space, line by line, while the body moves and the coils stay."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import Any, Self

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
FAINT = (1e-2, 1e-3)  # fields that carry less than this share of the signal together need no better than this accuracy of their own


def encode(density: Tensor, maps: Tensor | None) -> Tensor:
    """k-space (coil, row, column) of a body at rest under coil maps, None for one uniform coil."""
    return to_kspace(density[None] if maps is None else maps * density)


def encode_moving(density: Tensor, motion: Motion, *, spacing_mm: tuple[float, float], phase_axis: int, sensitivity: Sensitivity | None = None) -> Tensor:
    """Ghosts and blur of a head that moves while its lines are taken.

    Model
        s_c(k_j) = exp(-2 pi i k_j . tau_j) FT[C_c(R_j u + tau_j) rho(u)](R_j^T k_j), with pose (R_j, tau_j) about the centre pixel at the time of line j
        (a pivot is part of tau_j). One coil: one non-uniform transform for the lines of all poses. Fixed coils: the moved maps of each coil are
        spanned by a few fields (coil_basis) and each field takes one transform, a coarser one where all such fields carry less than a hundredth of the
        signal. Lines without a turn need no non-uniform transform; lines at rest are those of the body at rest, bit for bit.
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
        Atkinson et al. 1997, 10.1109/42.650886; Shaw et al. 2020, IEEE Trans. Med. Imaging 39, 2881 (there the coils turn with the head; here they stay).
    Oracle
        A Gaussian phantom moved analytically; whole-pixel shifts; a direct sum with the moved maps; only moved lines differ; eight coils in single
        precision within 1e-4 of double (tests/physics/mri/test_encoding.py).
    """
    matrix = (density.shape[0], density.shape[1])
    maps = None if sensitivity is None else sensitivity.maps(matrix, like=density)
    kspace = encode(density, maps)
    moving = np.flatnonzero(~motion.still)
    if len(moving) == 0:
        return kspace
    seen = _Lines.of(density, motion, moving, spacing_mm=spacing_mm, phase_axis=phase_axis)
    if sensitivity is None:
        lines = seen.samples(density[seen.box][None])
    else:
        is_double = density.dtype == torch.complex128
        magnitude = density.abs().double().cpu().numpy()
        tolerance = TOLERANCE["double" if is_double else "single"]
        # (rank, row, column) of the box, (coil, rank, line)
        basis, weights = moved_basis(sensitivity, motion, moving, magnitude=magnitude, spacing_mm=spacing_mm, tolerance=tolerance, box=seen.box)
        fields, weight = torch.from_numpy(basis).to(density).mul_(density[seen.box]), torch.from_numpy(weights).to(density)
        n = len(fields) if is_double else _n_strong(weights)
        lines = torch.zeros_like(kspace.movedim(1 + phase_axis, 1)[:, moving])
        for part, eps in ((slice(n), None), (slice(n, None), FAINT[1])):
            if len(fields[part]):
                lines += torch.einsum("crl,rls->cls", weight[:, part], seen.samples(fields[part], eps=eps))
    out = kspace.clone()
    out.movedim(1 + phase_axis, 1)[:, moving] = lines * seen.ramp
    return out


def _n_strong(weights: NDArray[Any]) -> int:
    """How many fields come before those that together carry less than a faint share of the signal; weights (coil, field, line) of orthonormal fields."""
    energy = np.square(np.abs(weights)).sum(axis=(0, 2))
    return int((np.cumsum(energy[::-1])[::-1] > FAINT[0] ** 2 * energy.sum()).sum())


@dataclass(frozen=True, eq=False)
class _Lines:
    """Chosen lines of a body that moves as a whole.

    index : (line). omega : (2, line, readout), radians per pixel, in the frame of the body; None where no line is turned. ramp : (line, readout), what
    makes k-space of the samples: the phase of the shift, 0 beyond Nyquist, and the unit. box : rows and columns about the centre that are summed.
    """

    index: NDArray[np.int64]
    phase_axis: int
    omega: Tensor | None
    ramp: Tensor
    box: tuple[slice, slice]

    @classmethod
    def of(cls, density: Tensor, motion: Motion, chosen: NDArray[np.int64], *, spacing_mm: tuple[float, float], phase_axis: int) -> Self:
        n, real = density.shape, density.real.dtype
        readout_axis = 1 - phase_axis
        k_line = frequencies(n[phase_axis])[chosen] / (n[phase_axis] * spacing_mm[phase_axis])  # cycles per millimetre
        k_readout = frequencies(n[readout_axis]) / (n[readout_axis] * spacing_mm[readout_axis])
        shift, angle = torch.from_numpy(motion.shift_mm[chosen]), torch.from_numpy(np.radians(motion.angle_deg[chosen]))
        turns = (-2 * pi * (k_line * shift[:, phase_axis])[:, None] - 2 * pi * shift[:, readout_axis][:, None] * k_readout[None]).to(real)
        ramp, omega, box = torch.complex(torch.cos(turns), torch.sin(turns)), None, (slice(None), slice(None))
        if bool(angle.any()):
            # R^T k with R = [[c, s], [-s, c]] on (axis 0, axis 1): (c k0 - s k1, s k0 + c k1), in radians per pixel.
            c, s = torch.cos(angle)[:, None], torch.sin(angle)[:, None]
            k0, k1 = (k_line[:, None], k_readout[None]) if phase_axis == 0 else (k_readout[None], k_line[:, None])
            scale = (2 * pi * spacing_mm[0], 2 * pi * spacing_mm[1])
            omega = torch.stack([(c * scale[0]) * k0 - (s * scale[0]) * k1, (s * scale[1]) * k0 + (c * scale[1]) * k1]).to(real)
            box = _box(density)
            unit = sqrt(density[box].numel() / density.numel())
            ramp = unit * ramp * (omega.abs() <= NYQUIST).all(dim=0)
        return cls(chosen, phase_axis, omega, ramp.to(density.device), box)

    def samples(self, pictures: Tensor, *, eps: float | None = None) -> Tensor:
        """(picture, line, readout) of pictures (picture, *box) before the ramp."""
        if self.omega is None:
            return to_kspace(pictures).movedim(1 + self.phase_axis, 1)[:, self.index]
        return at_frequencies(pictures, self.omega.flatten(1), eps=eps).reshape(len(pictures), *self.omega.shape[1:])


def _box(density: Tensor) -> tuple[slice, slice]:
    """The smallest rows and columns about the centre pixel outside of which a picture is exactly 0: what a sum over pixels may leave out."""
    held = density != 0

    def about(inside: Tensor) -> slice:
        centre, at = len(inside) // 2, torch.nonzero(inside).flatten()
        reach = int((at - centre).abs().max()) if len(at) else 0
        return slice(max(centre - reach, 0), centre + reach + 1)

    return about(held.any(dim=1)), about(held.any(dim=0))
