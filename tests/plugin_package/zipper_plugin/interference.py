"""Radio interference: a station that leaks into the scanner room."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics.mri import MRIScan, Stage


@dataclass(frozen=True)
class Interference:
    """Tones of constant frequency and of a phase that is new on every line.

    offsets_px : where their frequencies fall, in pixels from the centre along the frequency-encoding axis. modulus : of the picture there (rms). seed : of the
    phases.
    """

    offsets_px: tuple[int, ...]
    modulus: float
    seed: int
    stage: ClassVar[Stage] = Stage.RECEIVER
    rank: ClassVar[int] = 10

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column), uncentred, orthonormal."""
        kspace = data.movedim(1 + scan.phase_axis, 1)  # (coil, line, sample)
        n_lines, n_samples = kspace.shape[1:]
        rng = np.random.Generator(np.random.PCG64(self.seed))
        line = torch.from_numpy(np.exp(2j * math.pi * rng.random((n_lines, len(self.offsets_px))))).to(kspace)
        sample = torch.arange(n_samples, dtype=torch.float64)
        offset = torch.tensor(self.offsets_px, dtype=torch.float64)[:, None]
        tone = torch.exp(-2j * math.pi * offset * sample / n_samples).to(kspace)
        return (kspace + self.modulus / math.sqrt(n_samples) * line @ tone).movedim(1, 1 + scan.phase_axis)


def add_interference(scan: MRIScan, interference: Interference) -> MRIScan:
    """Dotted bright lines across the picture, along the phase-encoding axis.

    Model
        s(line, j) <- s(line, j) + a / sqrt(N) exp(i phi_line) exp(-2 pi i j x0 / N) for every tone, N samples a line: in the orthonormal picture everything
        falls on the column x0, with rms modulus a.
    Parameters
        interference : |x0| below half the matrix; a in the unit of the picture.
    Returns
        The scan with the event; a = 0 leaves it as it was.
    Assumes
        Stations of constant frequency, not synchronous with the sequence.
    Not modelled
        Bandwidth of a station, several coils that hear it with different phase.
    References
        Stadler et al. 2007, Eur Radiol 17, 10.1007/s00330-006-0470-4.
    Oracle
        All added energy lies on the columns x0 and its rms there is a (tests/medq_gen/test_plugin.py).
    Raises
        ValueError: x0 outside the matrix.
    """
    n_samples = scan.matrix[1 - scan.phase_axis]
    if any(abs(offset) * 2 >= n_samples for offset in interference.offsets_px):
        raise ValueError(f"offsets_px {interference.offsets_px}: outside a matrix of {n_samples} samples")
    return scan if interference.modulus == 0 else replace(scan, events=(*scan.events, interference))
