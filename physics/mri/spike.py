"""Spike: a few corrupted samples of the receiver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from math import pi
from typing import ClassVar

import torch
from torch import Tensor

from physics.fourier import positions
from physics.measure.pair import Pair, Reading, measure
from physics.mri.scan import MRIScan, Stage


@dataclass(frozen=True, slots=True)
class Spike:
    """Samples of one line, from (line, column) on along the readout, counted from the centre of k-space, gain a complex value.

    amplitude : of the stripes where they are strongest, in the unit of the picture. n_samples : how long the event lasts, in dwell times.
    """

    line: int
    column: int
    amplitude: complex
    n_samples: int = 1
    stage: ClassVar[IntEnum] = Stage.RECEIVER
    rank: ClassVar[int] = 20  # after thermal noise, before clipping

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column), uncentred, orthonormal."""
        n_rows, n_columns = data.shape[-2:]
        out = data.clone()
        for later in range(self.n_samples):
            row, column = (self.line, self.column + later) if scan.phase_axis == 0 else (self.line + later, self.column)
            out[..., row % n_rows, column % n_columns] += self.amplitude * (n_rows * n_columns) ** 0.5 / self.n_samples
        return out

    def in_picture(self, pictures: Tensor, scan: MRIScan) -> Tensor:
        """The same in the coil pictures: a wave along the lines times the mean of neighbouring waves along the readout."""
        counts = (self.n_samples if scan.phase_axis == 1 else 1, self.n_samples if scan.phase_axis == 0 else 1)
        down, along = (
            _waves(first, count, n, pictures.dtype, pictures.device)
            for first, count, n in zip((self.line, self.column), counts, pictures.shape[-2:], strict=True)
        )
        return torch.addcmul(pictures, self.amplitude * down[:, None], along)


@lru_cache(maxsize=32)
def _waves(first: int, n_waves: int, n_pixels: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(place) mean of neighbouring plane waves, from `first` cycles per field on; kept between the levels of a ladder."""
    turns = 2 * pi / n_pixels * positions(n_pixels) * (first + torch.arange(n_waves, dtype=torch.float64)[:, None])
    return torch.polar(torch.ones_like(turns), turns).mean(dim=0).to(device=device, dtype=dtype)


def add_spike(scan: MRIScan, spike: Spike) -> MRIScan:
    """Corduroy stripes over the whole picture, background included; several spikes cross to a herringbone.

    Model
        s(k0 + j) <- s(k0 + j) + sqrt(N) a / n, j = 0 ... n - 1 along the readout. With an orthonormal transform of N samples the complex picture gains the
        plane wave a exp(2 pi i k0 . r / N): stripes perpendicular to k0, N / |k0| pixels apart, of modulus |a|. A longer event (n > 1) gives waves that
        agree at the centre pixel and beat along the readout: there (a / n) sum_j exp(2 pi i j x / N_x) stands for a.
    Parameters
        spike : its samples lie inside the acquired matrix; |a| in the unit of the picture, the same in every coil. line and column count along array axis
        0 and 1, whichever of them is the phase-encode axis.
    Returns
        The scan with the event added; |a| = 0 leaves it as it was.
    Assumes
        The samples of a longer event gain the same value.
    Not modelled
        Coupling that differs between coils; what a digital filter makes of an event that is shorter than a dwell time.
    Raises
        ValueError: a sample outside the matrix, or no sample.
    References
        Zhuo and Gullapalli 2006, RadioGraphics 26, 275, "Spike noise".
    Oracle
        The complex pictures differ by a single plane wave of modulus |a|, or by the sum of neighbours (tests/physics/mri/test_spike.py).
    """
    if spike.n_samples < 1:
        raise ValueError(f"n_samples {spike.n_samples}: an event lasts for one sample at least")
    last = spike.n_samples - 1
    scan.require_inside_matrix(spike.line, spike.column)
    scan.require_inside_matrix(spike.line + last * scan.phase_axis, spike.column + last * (1 - scan.phase_axis))
    return scan if spike.amplitude == 0 else scan.with_event(spike)


@measure("% of tissue")
def stripe_amplitude(pair: Pair) -> Reading:
    """Amplitude of the stripes that the picture gained, over the mean of the object.

    Model
        (2 mean (degraded - reference)^2)^(1/2) over the mean reference, both within the mask: the amplitude of a cosine of that energy.
    Parameters
        pair : degraded beside reference, one grid.
    Returns
        Per cent of the mean signal; several patterns add in quadrature. Undefined where the object is empty.
    Assumes
        Stripes weaker than the signal: then the magnitude takes their part along the phase of the object, a cosine whatever that phase is.
    Not modelled
        Curvature of the magnitude where the signal is near zero.
    References
        The energy of a cosine.
    Oracle
        A cosine of known amplitude; a spike on an object of strong and turning phase (tests/physics/mri/test_spike.py).
    """
    mask = pair.view.mask
    tissue = float(pair.reference[mask].double().mean()) if bool(mask.any()) else 0.0
    if tissue <= 0:
        return Reading(None, "the object is empty")
    gain = (pair.degraded - pair.reference)[mask].double()
    return Reading(100 * float((2 * gain.square().mean()).sqrt()) / tissue)
