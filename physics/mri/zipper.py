"""Zipper: what the receiver hears besides the body."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from math import pi, sqrt
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.fourier import frequencies, positions, to_kspace, to_picture
from physics.measure.pair import Pair, Reading, measure
from physics.mri.free_induction import FreeInduction
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
        across = data if scan.phase_axis == 0 else data.transpose(1, 2)
        stations, gain = _heard(self._tones, self.seed, *across.shape)
        heard = to_kspace(torch.tensordot(self._amplitudes, stations, dims=1), axes=(1,))
        added = (gain[:, None, None] * heard).to(data)
        return data + (added if across is data else added.transpose(1, 2))

    def in_picture(self, pictures: Tensor, scan: MRIScan) -> Tensor:
        """The same in the coil pictures: each station of unit amplitude is kept between the levels of a ladder."""
        across = pictures if scan.phase_axis == 0 else pictures.transpose(1, 2)
        stations, gain = _seen(self._tones, self.seed, *across.shape, pictures.dtype, pictures.device)
        heard = torch.tensordot(self._amplitudes.to(pictures), stations, dims=1)
        return torch.addcmul(pictures, gain.to(pictures)[:, None, None], heard if across is pictures else heard.T)

    @property
    def _tones(self) -> tuple[tuple[float, float], ...]:
        return tuple((station.offset_px, station.width_px) for station in self.stations)

    @property
    def _amplitudes(self) -> Tensor:
        return torch.tensor([station.amplitude for station in self.stations], dtype=torch.complex128)


def _heard(tones: tuple[tuple[float, float], ...], seed: int, n_coils: int, n_lines: int, n_samples: int) -> tuple[Tensor, Tensor]:
    """Stations (offset and width, in pixels) of unit amplitude, (station, line, place along the readout), and what each coil receives of them; complex128."""
    rng = np.random.Generator(np.random.PCG64(seed))
    heard = np.stack([_tone(offset, n_lines, n_samples, rng) if width == 0 else _modulated(offset, width, n_lines, n_samples, rng) for offset, width in tones])
    return torch.from_numpy(heard), torch.from_numpy(np.exp(1j * rng.uniform(0, 2 * pi, n_coils)) / sqrt(n_coils))


@lru_cache(maxsize=2)
def _seen(
    tones: tuple[tuple[float, float], ...], seed: int, n_coils: int, n_lines: int, n_samples: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """The same in a picture of these lines."""
    heard, gain = _heard(tones, seed, n_coils, n_lines, n_samples)
    return to_picture(heard, axes=(1,)).to(device=device, dtype=dtype), gain


def _tone(offset_px: float, n_lines: int, n_samples: int, rng: np.random.Generator) -> NDArray[np.complex128]:
    time = frequencies(n_samples)  # the dwell of each stored sample, from the echo
    place = to_picture(torch.exp(-2j * pi * time * offset_px / n_samples) / sqrt(n_samples), axes=(0,)).numpy()
    wave: NDArray[np.complex128] = np.exp(1j * rng.uniform(0, 2 * pi, n_lines))[:, None] * place
    return wave


def _modulated(offset_px: float, width_px: float, n_lines: int, n_samples: int, rng: np.random.Generator) -> NDArray[np.complex128]:
    across = positions(n_samples).numpy() - offset_px
    profile = np.exp(-(across**2) / (4 * width_px**2))  # of the modulus: its square has the width
    parts = rng.standard_normal((n_lines, n_samples, 2)) / sqrt(2)
    heard: NDArray[np.complex128] = (parts[..., 0] + 1j * parts[..., 1]) * profile
    return heard


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


@measure("% of tissue")
def line_modulus(pair: Pair) -> Reading:
    """Root-mean-square modulus on the strongest line of interference, over mean tissue."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    heard = [station.amplitude for event in pair.scan.events if isinstance(event, Interference) for station in event.stations]
    heard += [event.amplitude for event in pair.scan.events if isinstance(event, FreeInduction)]
    tissue = pair.scan.mean_tissue
    return Reading(100 * max(heard, default=0.0) / tissue) if tissue > 0 else Reading(None, "the object is empty")
