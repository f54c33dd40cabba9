"""Scatter: quanta that left their ray in the patient and reach the detector all the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics.ct.acquire import beam_of, origin_of
from physics.ct.dose import kernel_matched
from physics.ct.geometry import Geometry
from physics.ct.memory import Memory
from physics.ct.scan import CTScan, Stage
from physics.scan import EditConflict

_TINY = 1e-30
NARROW_SHARE, NARROWER = 0.5, 0.35  # half of the kernel is a third as wide


@lru_cache(maxsize=8)
def _spread(geometry: Geometry, width_mm: float, dtype: torch.dtype) -> Tensor:
    """(channel made, channel hit): the share of a channel's scatter that reaches another, two Gaussians of s; what passes the detector's end is lost."""
    apart = geometry.s_mm()[:, None] - geometry.s_mm()
    parts = ((NARROW_SHARE, NARROWER * width_mm), (1 - NARROW_SHARE, width_mm))
    density = sum(share / (math.sqrt(2 * math.pi) * sigma) * np.exp(-0.5 * (apart / sigma) ** 2) for share, sigma in parts)
    return torch.from_numpy(density * geometry.pitch_mm()[:, None]).to(dtype)


def scatter_shape(quanta: Tensor, air: Tensor, *, geometry: Geometry, width_mm: float) -> Tensor:
    """How scatter lies on the detector, up to its size.

    Model
        S = (I p) * G along the channels of each view: once-scattered quanta rise as the path p and fade as the primary I; G two Gaussians of sigma w and
        0.35 w at the isocentre, half of the area each.
    Parameters
        quanta : (view, ray) primary I. air : the same without a patient. width_mm : w.
    Returns
        (view, ray), >= 0, in the unit of quanta.
    Assumes
        A detector that is long beside the slice: only the direction along the channels is spread.
    Not modelled
        Scatter from neighbouring slices, its spectrum, the grid's septa.
    References
        Ohnesorge, Flohr and Klingenbeck-Regn 1999; Ning, Tang and Conover 2004.
    Oracle
        Never negative, smooth, none without a patient (tests/physics/ct/test_ct_scatter.py).
    """
    path = -torch.log((quanta / air).clamp(1e-30, 1.0))
    return (quanta * path) @ _spread(geometry, width_mm, quanta.dtype)


_FACTORS: Memory[float] = Memory(size=8)


def scatter_factor(scan: CTScan, *, width_mm: float) -> float:
    """The K that makes scatter as strong as the primary behind the patient: S = K shape has S / I = 1 on the thickest ray of the median view of the source."""

    def make() -> float:
        beam = beam_of(scan)
        shape = scatter_shape(beam.expected, beam.air, geometry=scan.geometry, width_mm=width_mm)
        ratio = torch.gather(shape / beam.expected, 1, beam.rays.argmax(dim=1, keepdim=True))
        return 1.0 / max(float(torch.median(ratio)), 1e-12)

    return _FACTORS.get(origin_of(scan), (scan.grid, scan.geometry, scan.kvp, scan.bowtie_mm, scan.modulation, width_mm), make=make)


@dataclass(frozen=True, slots=True)
class Scatter:
    """Scatter over primary `ratio` behind the thickest part of the source, spread over `width_mm`."""

    ratio: float
    width_mm: float
    hardens: ClassVar[bool] = False
    stage: ClassVar[IntEnum] = Stage.SPECTRUM
    rank: ClassVar[int] = 90  # what the matter of all other edits lets through is scattered

    def apply(self, rays: Tensor, scan: CTScan) -> Tensor:
        """rays : (view, ray), effective line integrals of the primary."""
        air = beam_of(scan).air
        primary = air * torch.exp(-rays)
        scattered = scatter_shape(primary, air, geometry=scan.geometry, width_mm=self.width_mm)
        return rays - torch.log1p(scattered * (self.ratio * scatter_factor(scan, width_mm=self.width_mm)) / primary.clamp_min(_TINY))


def add_scatter(scan: CTScan, ratio: float, *, width_mm: float = 80.0) -> CTScan:
    """Shading that the scanner takes for thinner matter: cupping, broad dark bands between dense parts, less contrast.

    Model
        y = I + S, S = SPR K (I p) * G (`scatter_shape`), K such that the ratio S / I on the thickest ray of the median view is SPR.
    Parameters
        ratio : SPR, scatter over primary that is left uncorrected; 0 the source, 0.05 a head behind a grid, 1 and more a cone beam without one.
        width_mm : sigma of the wider part at the isocentre, 30 to 200.
    Returns
        The scan with the event added. SPR = 0 leaves it as it was.
    Assumes
        A source whose own scatter was corrected. Quanta of the scatter add no noise beside what they take from the logarithm.
    Not modelled
        Noise of the scatter itself; scatter of neighbouring slices; beam hardening of the scatter.
    References
        Ohnesorge, Flohr and Klingenbeck-Regn 1999; Siewerdsen and Jaffray 2001.
    Oracle
        Behind a cylinder the central ray reads p - ln(1 + SPR); a small insert loses contrast as 1 / (1 + SPR); cupping rises with the
        diameter (tests/physics/ct/test_ct_scatter.py).
    Raises
        ValueError: a negative ratio or a width of none. EditConflict: scatter was added before.
    """
    if not 0.0 <= ratio < math.inf or not width_mm > 0:
        raise ValueError(f"scatter ratio {ratio}, width {width_mm} mm: a ratio from 0 on and a positive width")
    if ratio == 0.0:
        return scan
    if any(isinstance(event, Scatter) for event in scan.events):
        raise EditConflict(f"scatter: there is scatter already, {ratio} was asked as well; add it once")
    return kernel_matched(scan).with_events(Scatter(ratio, width_mm))
