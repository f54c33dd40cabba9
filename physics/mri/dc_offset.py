"""DC offset: a receiver whose zero is not zero."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from math import sqrt
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics.fourier import frequencies, to_picture
from physics.measure.pair import Pair, Reading, measure
from physics.mri.scan import MRIScan, Stage


@dataclass(frozen=True, slots=True)
class Offset:
    """A baseline on every sample. amplitude : of the centre pixel if it were constant, in the unit of the picture. drift : how many turns of its phase the
    baseline drifts through from the first line to the last. settle_share : of a readout after which it has fallen to 1/e, 0 where it does not fall.
    seed : of its phase in each channel."""

    amplitude: float
    drift: float = 0.0
    settle_share: float = 0.0
    seed: int = 0
    stage: ClassVar[IntEnum] = Stage.RECEIVER
    rank: ClassVar[int] = 30  # in the converter: after noise and interference, before it clips

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column), or (coil, shot, sample) of a readout."""
        by_lines = data if scan.readout is not None or scan.phase_axis == 0 else data.transpose(1, 2)
        n_coils, n_lines, n_samples = by_lines.shape
        line, sample = (torch.arange(n) if scan.readout is not None else frequencies(n) + n // 2 for n in (n_lines, n_samples))
        course = _drifting(self.drift, line / n_lines)[:, None] * _settling(self.settle_share, sample / n_samples)[None, :]
        added = (self.amplitude * _channels(self.seed, n_coils, n_lines * n_samples)[:, None, None] * course).to(data)
        return data + (added if by_lines is data else added.transpose(1, 2))

    def in_picture(self, pictures: Tensor, scan: MRIScan) -> Tensor:
        """The same in the coil pictures: the transform of its course along the lines times that of its course along the readout."""
        by_lines = pictures if scan.phase_axis == 0 else pictures.transpose(1, 2)
        lines, readout = _seen(self.drift, self.settle_share, self.seed, *by_lines.shape, pictures.dtype, pictures.device)
        found = torch.addcmul(by_lines, self.amplitude * lines[:, :, None], readout)
        return found if by_lines is pictures else found.transpose(1, 2)


def _drifting(drift: float, line_share: Tensor) -> Tensor:
    """The turn of the baseline's phase at a share of all lines, complex."""
    turns = 2 * torch.pi * drift * (line_share - 0.5)
    return torch.polar(torch.ones_like(turns), turns)


def _settling(settle_share: float, sample_share: Tensor) -> Tensor:
    """What is left of the baseline at a share of a readout, real."""
    return torch.exp(-sample_share / settle_share) if settle_share else torch.ones_like(sample_share)


def _channels(seed: int, n_coils: int, n_samples: int) -> Tensor:
    """(coil) complex, of one sample, for a unit amplitude in the picture."""
    phase = torch.from_numpy(np.random.Generator(np.random.PCG64(seed)).uniform(0, 2 * np.pi, n_coils))
    return torch.polar(torch.full_like(phase, 1 / sqrt(n_samples * n_coils)), phase)


@lru_cache(maxsize=8)
def _seen(
    drift: float, settle_share: float, seed: int, n_coils: int, n_lines: int, n_samples: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """A baseline of unit amplitude in the picture: (coil, line) and (place along the readout), whose product it is; kept between the levels of a ladder."""
    line, sample = ((frequencies(n) + n // 2) / n for n in (n_lines, n_samples))
    down = to_picture(_drifting(drift, line), axes=(0,))
    along = to_picture(_settling(settle_share, sample).to(torch.complex128), axes=(0,))
    return (_channels(seed, n_coils, n_lines * n_samples)[:, None] * down).to(device=device, dtype=dtype), along.to(device=device, dtype=dtype)


def offset_receiver(scan: MRIScan, offset: Offset) -> MRIScan:
    """A dot at the centre of the picture, or a small star where the baseline moves.

    Model
        s_c <- s_c + d_c for every sample: with an orthonormal transform of N samples the centre pixel gains d_c N^(1/2) and no other pixel anything. A
        baseline that drifts, exp(2 pi i q (l / L - 1/2)) over the lines l, puts the dot q pixels off along the phase-encode direction and, for a q
        that is not whole, smears it along it; one that settles within a readout, exp(-t / T), smears it along the readout.
    Parameters
        scan : the acquisition. offset : amplitude in the unit of the picture, shared among the channels in quadrature.
    Returns
        The scan with the event added; the scan itself for amplitude 0.
    Assumes
        No phase cycling, which would cancel the baseline, and no interpolation.
    Not modelled
        Removal of the baseline by the scanner before reconstruction.
    Raises
        ValueError: amplitude or settling time negative.
    References
        Zhuo and Gullapalli 2006, RadioGraphics 26, 275; Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, section 11.5 (phase cycling).
    Oracle
        d N^(1/2) at the centre pixel and 0 elsewhere, odd and even sizes; place, direction and energy of the smear (tests/physics/mri/test_dc_offset.py).
    """
    if offset.amplitude < 0 or offset.settle_share < 0:
        raise ValueError(f"amplitude {offset.amplitude} and settle_share {offset.settle_share} must be >= 0")
    return scan.with_event(offset) if offset.amplitude else scan


@measure("% of tissue")
def central_spot(pair: Pair) -> Reading:
    """What the central pixels gained: largest change within 2 pixels of the centre of the picture, over mean tissue."""
    mask = pair.view.mask
    tissue = float(pair.reference[mask].double().mean()) if bool(mask.any()) else 0.0
    if tissue <= 0:
        return Reading(None, "the object is empty")
    rows, columns = (slice(max(n // 2 - 2, 0), n // 2 + 3) for n in pair.reference.shape)
    return Reading(100 * float((pair.degraded - pair.reference)[rows, columns].abs().max()) / tissue)
