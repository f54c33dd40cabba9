"""Partial Fourier: one side of k-space is not taken, and the phase must stand in for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import ceil, pi
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.fourier import frequencies, positions
from physics.measure.pair import Pair, Reading, measure
from physics.mri.chain import Reconstruction
from physics.mri.measures import NO_SCAN
from physics.mri.sampling import keep_lines
from physics.mri.scan import MRIScan, Stage
from physics.mri.thermal import ThermalNoise
from physics.mri.zero_filled import ZeroFilled


@dataclass(frozen=True, slots=True)
class FieldSpot:
    """A place where the main field is off, as beside an air cavity: place_mm from the centre pixel, width_mm the deviation of its Gaussian."""

    place_mm: tuple[float, float]
    width_mm: float
    phase_rad: float


@dataclass(frozen=True, slots=True)
class LocalPhase:
    """The phase that the field near air cavities leaves until the echo: exp(i sum of spots). A picture of all lines does not show it."""

    spots: tuple[FieldSpot, ...]
    stage: ClassVar[IntEnum] = Stage.OBJECT
    rank: ClassVar[int] = 28  # a phase of the body: before signal is lost in it

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: complex density (row, column)."""
        angle = local_phase(self.spots, matrix=(data.shape[0], data.shape[1]), spacing_mm=scan.spacing_mm)
        return data * torch.polar(torch.ones_like(angle), angle).to(data)


def local_phase(spots: tuple[FieldSpot, ...], *, matrix: tuple[int, int], spacing_mm: tuple[float, float]) -> Tensor:
    """(row, column) sum of the spots in radians, float64."""
    down, right = (positions(n) * d for n, d in zip(matrix, spacing_mm, strict=True))
    angle = torch.zeros(matrix, dtype=torch.float64)
    for spot in spots:
        across = [torch.exp(-((axis - at) ** 2) / (2 * spot.width_mm**2)) for axis, at in zip((down, right), spot.place_mm, strict=True)]
        angle = angle + spot.phase_rad * across[0][:, None] * across[1][None]
    return angle


def one_side_first(n_lines: int, *, side: int) -> NDArray[np.int64]:
    """Stored lines in the order in which partial Fourier gives them up last: the centre, the whole of one side (1 or -1), then the other from within."""
    n = frequencies(n_lines).numpy()
    return np.lexsort((np.abs(n), n * side < 0))


def least_share(n_lines: int, *, side: int) -> float:
    """The share of lines that are the centre and one whole side."""
    kept = ceil(n_lines / 2) if side > 0 else n_lines // 2 + 1
    return kept / n_lines


def take_one_side(scan: MRIScan, *, share: float, side: int, reconstruction: Reconstruction, spots: tuple[FieldSpot, ...], seed: int) -> MRIScan:
    """Blur along the phase-encode direction; signal lost and edges doubled where the phase is not smooth.

    Model
        Lines n = -m .. N/2 (side 1) or -N/2 .. m (side -1) are taken, share N of them. Zero-filled: a point becomes the sum of exp(2 pi i n y / N) / N over
        these lines, sharp in its real part and wide in its imaginary one. Homodyne and POCS take the missing side from the phase of the centre: where the
        phase turns by more than about m lines' worth in a field of view, the local echo lies in what is missing, and signal is lost.
    Parameters
        scan : the acquisition. share : of lines, from half (one side and the centre) to 1. side : 1 keeps positive frequencies. reconstruction : `ZeroFilled`
        or `Homodyne`. spots : local phase of the body, which a gradient echo has and a magnitude source has lost. seed : of the noise.
    Returns
        The scan with lines, phase and reconstruction; the scan itself where all lines are taken. A reconstruction that weights one side doubly raises
        noise: with one channel the variance (2 - 2 share) of the source's noise is missing and enters at the receiver, over 3 - 2 share by which it grows.
    Assumes
        Phase that does not depend on the line.
    Not modelled
        Fractional echoes along the readout; decay between echoes, dephasing within a pixel.
    Raises
        ValueError: share below one side, side neither 1 nor -1. EditConflict: another reconstruction or a readout.
    References
        Noll, Nishimura and Macovski 1991, 10.1109/42.79473; McGibney et al. 1993, Magn. Reson. Med. 30, 51.
    Oracle
        The closed form of the one-sided point spread; exact recovery of a real picture (tests/physics/mri/test_partial_fourier.py).
    """
    if side not in (1, -1) or not share >= least_share(scan.n_lines, side=side) - 1e-9:
        raise ValueError(f"share {share}, side {side}: at least {least_share(scan.n_lines, side=1 if side > 0 else -1):.4f}, and 1 or -1")
    kept = keep_lines(scan, one_side_first(scan.n_lines, side=side), share=min(share, 1.0))
    if kept is scan:
        return scan
    kept = kept.with_event(LocalPhase(spots)) if spots else kept
    if isinstance(reconstruction, ZeroFilled):
        return kept
    sigma = scan.source_sigma * ((2 - 2 * share) / (3 - 2 * share)) ** 0.5
    kept = kept.with_reconstruction(reconstruction)
    return kept.with_event(ThermalNoise(sigma, seed)) if sigma > 0 and not scan.masked_air else kept


@measure("lines")
def lines_beyond_centre(pair: Pair) -> Reading:
    """How many lines of the poorer side of k-space were taken, counted from the centre."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    n = frequencies(pair.scan.n_lines).numpy()
    taken = np.ones(len(n), dtype=bool) if pair.scan.lines is None else pair.scan.lines.cpu().numpy()
    return Reading(float(min((taken & (n > 0)).sum(), (taken & (n < 0)).sum())))


@measure("% of body")
def echo_lost(pair: Pair) -> Reading:
    """Share of the body whose local phase gradient puts its echo beyond the lines that were taken on the poorer side.

    Model
        |d phi / dy| N dy / (2 pi) is the line at which the signal of a place has its echo; lost where that lies past the last line on its side.
    Parameters
        pair : with its scan.
    Returns
        Percent of the pixels of the body.
    Assumes
        A phase that is linear over a few pixels.
    Not modelled
        Smooth phase of the coils.
    References
        Chen, Oshio and Panych 2008, Magn. Reson. Med. 59, 916 (echo shift and partial Fourier).
    Oracle
        A ramp whose echo lies a line inside and a line outside (tests/physics/mri/test_partial_fourier.py).
    """
    scan = pair.scan
    if not isinstance(scan, MRIScan):
        return NO_SCAN
    body = scan.body.support.cpu()
    if scan.lines is None or not bool(body.any()):
        return Reading(0.0)
    density = scan.body.density.cpu()
    for event in scan.events:
        if isinstance(event, LocalPhase):
            density = event.apply(density, scan)
    axis, n_lines = scan.phase_axis, scan.n_lines
    turned = torch.angle(torch.roll(density, -1, dims=axis) * torch.roll(density, 1, dims=axis).conj()) / 2
    echo = turned * n_lines / (2 * pi)
    n = frequencies(n_lines).numpy()[scan.lines.cpu().numpy()]
    lost = (echo > float(n.max()) + 0.5) | (echo < float(n.min()) - 0.5)
    return Reading(100 * float(lost[body].double().mean()))
