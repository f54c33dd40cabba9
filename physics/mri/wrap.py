"""Wrap-around: a field of view that is smaller than the body along the phase-encode direction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from math import ceil, pi
from typing import ClassVar

import torch
from torch import Tensor

from physics.fourier import positions, to_kspace, to_picture
from physics.measure.pair import Pair, Reading, measure
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage
from physics.scan import EditConflict


@lru_cache(maxsize=16)
def folding(n: int, share: float) -> Tensor:
    """(place, place) float64: what a scan with 1 / share of the line spacing shows at one place of what lies at another: the Dirichlet kernel of period
    share n over lines within the old k-space. The last pair of lines counts with a weight between 0 and 1."""
    period = share * n
    lines = torch.arange(0, ceil(period / 2) + 1, dtype=torch.float64)
    weight = (period / 2 + 0.5 - lines).clamp(0, 1) * torch.where(lines == 0, 1.0, 2.0)
    apart = torch.arange(n, dtype=torch.float64)
    kernel = torch.cos(2 * pi / period * apart[:, None] * lines[None, :]) @ weight / period
    index = (torch.arange(n)[:, None] - torch.arange(n)[None, :]).abs()
    return kernel[index]


@dataclass(frozen=True, slots=True)
class Folding:
    """Lines that are 1 / share times as far apart. share : of the field of view that they encode."""

    share: float
    stage: ClassVar[IntEnum] = Stage.ENCODING
    rank: ClassVar[int] = 80  # sampling: the last that happens before the receiver
    undersamples: ClassVar[bool] = True

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: noiseless k-space (coil, row, column)."""
        axis = 1 + scan.phase_axis
        return to_kspace(self.in_picture(to_picture(data, axes=(axis,)), scan), axes=(axis,))

    def in_picture(self, pictures: Tensor, scan: MRIScan) -> Tensor:
        """The same in pictures that are seen along the lines: the folding along them."""
        axis = 1 + scan.phase_axis
        matrix = folding(pictures.shape[axis], self.share).to(device=pictures.device, dtype=pictures.real.dtype)
        lines = torch.view_as_real(pictures.movedim(axis, 0).contiguous())
        return torch.view_as_complex((matrix @ lines.flatten(1)).reshape(lines.shape)).movedim(0, axis)


@dataclass(frozen=True, slots=True)
class FieldOfView:
    """What of the grid is reconstructed along the phase-encode direction. share : of the old field. offset : -1 at its first edge, 1 at its last."""

    share: float
    offset: float
    stage: ClassVar[IntEnum] = Stage.MAGNITUDE
    rank: ClassVar[int] = 90

    def inside(self, n: int) -> Tensor:
        """(place) 1 within the field, 0 outside, the share of a pixel that an edge of the field cuts."""
        middle = (n - 1) / 2 - n // 2 + self.offset * (1 - self.share) * n / 2
        return (self.share * n / 2 + 0.5 - (positions(n) - middle).abs()).clamp(0, 1)

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: magnitude picture (row, column)."""
        inside = self.inside(data.shape[scan.phase_axis]).to(data)
        return data * (inside[:, None] if scan.phase_axis == 0 else inside[None, :])


def fold(scan: MRIScan, *, share: float, offset: float = 0.0) -> MRIScan:
    """What lies outside the field of view comes back at its opposite edge.

    Model
        L' = f L: the line spacing in k-space is 1 / f times as large over the same extent, so that the coil pictures become sum_m (C_c rho)(y + m L')
        exactly, between the pixels by their band-limited interpolation; f N need not be whole. Of this periodic picture one period is reconstructed. It is
        shown on the grid of the source, pixel for pixel at the same spacing, with nothing beyond its edges: as a reader sees a rectangular field of view.
    Parameters
        scan : the acquisition. share : f, above 0.1, up to 1. offset : where the field lies within the old one, -1 to 1, 0 about its centre.
    Returns
        The scan with its events added; the scan itself for f = 1.
    Assumes
        Enough oversampling along the readout: nothing folds there. Poses of a moving body, where it moves, change slowly from line to line.
    Not modelled
        Signal from beyond the field of the source; the higher noise of a shorter scan; maps of a parallel reconstruction that were folded as well.
    Raises
        ValueError: share or offset out of range. EditConflict: a second field of view; a readout that has no lines.
    References
        Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, section 11.1; Zhuo and Gullapalli 2006, RadioGraphics 26, 275, "Aliasing".
    Oracle
        A sum of Gaussians moved by whole multiples of L' analytically; total signal; coil by coil (tests/physics/mri/test_wrap.py).
    """
    if not 0.1 < share <= 1 or not -1 <= offset <= 1:
        raise ValueError(f"share {share} of the field of view must be above 0.1, up to 1, offset {offset} within -1 and 1")
    if share == 1:
        return scan
    if any(isinstance(event, FieldOfView) for event in scan.events):
        raise EditConflict("field of view: the scan has a smaller one already")
    return scan.with_event(Folding(share)).with_event(FieldOfView(share, offset))


def _field(pair: Pair) -> tuple[MRIScan | None, FieldOfView | None]:
    scan = pair.scan if isinstance(pair.scan, MRIScan) else None
    return scan, next((event for event in scan.events if isinstance(event, FieldOfView)), None) if scan is not None else None


@measure("%")
def folded_share(pair: Pair) -> Reading:
    """Share of the body's signal that lies outside the field of view and is folded into it."""
    scan, field = _field(pair)
    if scan is None:
        return NO_SCAN
    signal = scan.body.density.abs().double().cpu() * scan.body.support.cpu()
    lines = signal.sum(dim=1 - scan.phase_axis)
    if float(lines.sum()) == 0:
        return Reading(None, "the object is empty")
    return Reading(0.0 if field is None else 100 * float((lines * (1 - field.inside(len(lines)))).sum() / lines.sum()))


@measure("%")
def field_of_view(pair: Pair) -> Reading:
    """Field of view along the phase-encode direction, of that of the source."""
    scan, field = _field(pair)
    if scan is None:
        return NO_SCAN
    return Reading(100.0 if field is None else 100 * field.share)
