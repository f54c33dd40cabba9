"""Free induction: signal that escaped phase encoding."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import sqrt
from typing import ClassVar

import torch
from torch import Tensor

from physics.fourier import frequencies, to_kspace, to_picture
from physics.mri.scan import MRIScan, Stage


@dataclass(frozen=True, slots=True)
class FreeInduction:
    """Signal that no phase encoding has touched, in every line alike. amplitude : rms modulus on its line over the readout, in the unit of the picture.
    decay_share : of the readout after which a 1/e of it is left. alternating : the pulse that makes it changes its sign from line to line."""

    amplitude: float
    decay_share: float
    alternating: bool = False
    stage: ClassVar[IntEnum] = Stage.ENCODING
    rank: ClassVar[int] = 70

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: noiseless k-space (coil, row, column)."""
        lines = data if scan.phase_axis == 0 else data.transpose(1, 2)
        n_lines, n_samples = lines.shape[1:]
        free = lines[:, :1] * self._decay(n_samples).to(data)
        size = _rms(to_picture(free, axes=(-1,)))
        if size == 0:
            return data
        added = self.amplitude / (size * sqrt(n_lines)) * self._signs(n_lines).to(data)[:, None] * free
        return data + (added if lines is data else added.transpose(1, 2))

    def in_picture(self, pictures: Tensor, scan: MRIScan) -> Tensor:
        """The same in the coil pictures: the projection of the body along the lines, decayed, on the one or two rows where the signs of the lines put it."""
        lines = pictures if scan.phase_axis == 0 else pictures.transpose(1, 2)
        n_lines, n_samples = lines.shape[1:]
        central = to_kspace(lines.sum(dim=1) / sqrt(n_lines), axes=(-1,))
        free = to_picture(central * self._decay(n_samples).to(pictures), axes=(-1,))
        size = _rms(free)
        if size == 0:
            return pictures
        row = to_picture(self._signs(n_lines).to(torch.complex128), axes=(0,)) * (self.amplitude / (size * sqrt(n_lines)))
        found = torch.addcmul(lines, row.to(pictures)[:, None], free[:, None, :])
        return found if lines is pictures else found.transpose(1, 2)

    def _decay(self, n_samples: int) -> Tensor:
        time = frequencies(n_samples)
        return torch.exp(-(time - time.min()) / (self.decay_share * n_samples))

    def _signs(self, n_lines: int) -> Tensor:
        return 1 - 2 * (frequencies(n_lines) % 2) if self.alternating else torch.ones(n_lines, dtype=torch.float64)


def _rms(free: Tensor) -> float:
    """Root mean square along the readout of the modulus over all coils."""
    return float(free.abs().square().sum(dim=0).mean().sqrt())


def add_free_induction(scan: MRIScan, signal: FreeInduction) -> MRIScan:
    """A line along the readout, through the centre or at the edge of the phase-encode direction.

    Model
        s(l, n) <- s(l, n) + b (+-1)^l s(0, n) exp(-t_n / T): the free induction decay of an imperfect refocusing pulse, or a stimulated echo, has the
        same phase in every line. Its picture is the projection of the body on the central row, or half a field away where the sign alternates.
    Parameters
        scan : the acquisition. signal : amplitude >= 0, decay > 0.
    Returns
        The scan with the event added; the scan itself for amplitude 0.
    Assumes
        The decay starts with the readout; the whole slice takes part.
    Not modelled
        Signal from outside the slice.
    Raises
        ValueError: amplitude or decay out of range. EditConflict: a readout that has no lines.
    References
        Zhuo and Gullapalli 2006, 10.1148/rg.261055134, "Zipper artifact".
    Oracle
        One row holds all of it; its shape is the projection of the body (tests/physics/mri/test_zipper.py).
    """
    if signal.amplitude < 0 or signal.decay_share <= 0:
        raise ValueError(f"amplitude {signal.amplitude} must be >= 0, decay_share {signal.decay_share} > 0")
    return scan.with_event(signal) if signal.amplitude else scan
