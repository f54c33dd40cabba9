"""Zipper: what the receiver hears besides the body."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import pi, sqrt
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.fourier import frequencies, positions, to_kspace, to_picture
from physics.measure.pair import Pair, Reading, measure
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage


@dataclass(frozen=True, slots=True)
class Station:
    """A transmitter. offset_px : its frequency over the bandwidth of a pixel, from the centre. amplitude : rms modulus on its line, in the unit of the
    picture. width_px : standard deviation of the spectrum of its modulation, 0 for a pure tone."""

    offset_px: float
    amplitude: float
    width_px: float = 0.0


@dataclass(frozen=True, slots=True)
class Interference:
    """Stations that every line of the scan hears, each time at another phase. seed : of those phases and of the modulation."""

    stations: tuple[Station, ...]
    seed: int
    stage: ClassVar[IntEnum] = Stage.RECEIVER
    rank: ClassVar[int] = 20

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column)."""
        n_coils, n_lines, n_samples = len(data), data.shape[1 + scan.phase_axis], data.shape[2 - scan.phase_axis]
        rng = np.random.Generator(np.random.PCG64(self.seed))
        heard = np.zeros((n_lines, n_samples), np.complex128)
        for station in self.stations:
            heard += _tone(station, n_lines, n_samples, rng) if station.width_px == 0 else _modulated(station, n_lines, n_samples, rng)
        gain = np.exp(1j * rng.uniform(0, 2 * pi, n_coils)) / sqrt(n_coils)
        added = torch.from_numpy(gain[:, None, None] * heard).to(data)
        return data + (added if scan.phase_axis == 0 else added.transpose(1, 2))


def _tone(station: Station, n_lines: int, n_samples: int, rng: np.random.Generator) -> NDArray[np.complex128]:
    time = frequencies(n_samples).numpy()  # the dwell of each stored sample, from the echo
    phase = rng.uniform(0, 2 * pi, n_lines)
    wave: NDArray[np.complex128] = station.amplitude / sqrt(n_samples) * np.exp(1j * (phase[:, None] - 2 * pi * time * station.offset_px / n_samples))
    return wave


def _modulated(station: Station, n_lines: int, n_samples: int, rng: np.random.Generator) -> NDArray[np.complex128]:
    across = positions(n_samples).numpy() - station.offset_px
    profile = station.amplitude * np.exp(-(across**2) / (4 * station.width_px**2))  # of the modulus: its square has the width
    parts = rng.standard_normal((n_lines, n_samples, 2)) / sqrt(2)
    spectrum = torch.from_numpy((parts[..., 0] + 1j * parts[..., 1]) * profile)
    heard: NDArray[np.complex128] = to_kspace(spectrum, axes=(-1,)).numpy()
    return heard


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
        time = frequencies(n_samples, device=data.device)
        free = lines[:, :1] * torch.exp(-(time - time.min()) / (self.decay_share * n_samples)).to(data)
        size = float(to_picture(free, axes=(-1,)).abs().square().sum(dim=0).mean().sqrt())
        if size == 0:
            return data
        sign = 1 - 2 * (frequencies(n_lines, device=data.device)[:, None] % 2) if self.alternating else torch.ones((n_lines, 1), device=data.device)
        added = self.amplitude / (size * sqrt(n_lines)) * sign.to(data) * free
        return data + (added if scan.phase_axis == 0 else added.transpose(1, 2))


def add_interference(scan: MRIScan, interference: Interference) -> MRIScan:
    """A dotted line along the phase-encode direction for each station.

    Model
        s_c(l, n) <- s_c(l, n) + g_c sum_q a_q exp(i (phi_ql - 2 pi n x_q / N)), n the sample from the echo, phi_ql uniform and new in every line, since the
        repetition time is no multiple of the period. In the picture: the column x_q from the centre, whose values are complex normal with rms modulus
        a_q N^(1/2). A station that is modulated spreads over columns with a Gaussian of its bandwidth, every pixel on its own. |g_c|^2 sums to 1.
    Parameters
        scan : the acquisition. interference : offsets inside the matrix; amplitudes are those in the picture, a_q N^(1/2).
    Returns
        The scan with the event added; the scan itself where no station is heard.
    Assumes
        The station sends throughout the scan; a fraction of a pixel leaks into its neighbours as the transform has it.
    Not modelled
        Stations that come and go; the filter of an oversampled readout.
    Raises
        ValueError: an offset outside the matrix, a negative amplitude or width. EditConflict: a readout that has no lines.
    References
        Stadler et al. 2007, 10.1007/s00330-006-0470-4, "Zipper artefacts".
    Oracle
        All energy in one column, N_pe N_ro a^2 of it, on the right side of the centre; Rayleigh statistics along it (tests/physics/mri/test_zipper.py).
    """
    n = scan.matrix[1 - scan.phase_axis]
    for station in interference.stations:
        if not -(n // 2) <= station.offset_px <= n - n // 2 - 1:
            raise ValueError(f"offset {station.offset_px} px is outside a readout of {n} samples; allowed: {-(n // 2)} to {n - n // 2 - 1}")
        if station.amplitude < 0 or station.width_px < 0:
            raise ValueError(f"amplitude {station.amplitude} and width {station.width_px} px must be >= 0")
    return scan.with_event(interference) if any(station.amplitude for station in interference.stations) else scan


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
        Zhuo and Gullapalli 2006, RadioGraphics 26, 275, "Zipper artifact".
    Oracle
        One row holds all of it; its shape is the projection of the body (tests/physics/mri/test_zipper.py).
    """
    if signal.amplitude < 0 or signal.decay_share <= 0:
        raise ValueError(f"amplitude {signal.amplitude} must be >= 0, decay_share {signal.decay_share} > 0")
    return scan.with_event(signal) if signal.amplitude else scan


@measure("% of tissue")
def line_modulus(pair: Pair) -> Reading:
    """Root-mean-square modulus on the strongest line of interference, over mean tissue."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    heard = [station.amplitude for event in pair.scan.events if isinstance(event, Interference) for station in event.stations]
    heard += [event.amplitude for event in pair.scan.events if isinstance(event, FreeInduction)]
    tissue = pair.scan.mean_tissue
    return Reading(100 * max(heard, default=0.0) / tissue) if tissue > 0 else Reading(None, "the object is empty")
