"""Over-range: a signal larger than the converter can write down."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics.ct.acquire import beam_of
from physics.ct.dose import counted
from physics.ct.scan import CTScan, Stage


@dataclass(frozen=True, slots=True)
class OverRange:
    """The converter's ceiling: the signal of the central ray behind a path of `least_path` (a line integral) at the scan's dose.

    spread : standard deviation of the channels' ceilings, as a share; their gains differ, and the air calibration cannot make that good. seed : of these.
    """

    least_path: float
    spread: float = 0.0
    seed: int = 0
    stage: ClassVar[IntEnum] = Stage.DETECTOR
    rank: ClassVar[int] = 90  # the converter comes last

    def apply(self, signal: Tensor, scan: CTScan) -> Tensor:
        """signal : (view, ray), quanta."""
        assert scan.n0 is not None, "acquire asks for n0 before it counts quanta"
        return torch.minimum(signal, self.ceilings(signal.shape[1]).to(signal.dtype) * (scan.n0 * scan.dose))

    def ceilings(self, n_channels: int) -> Tensor:
        """(ray,) the largest signal over that of the central ray in air."""
        normals = np.random.Generator(np.random.PCG64(self.seed)).standard_normal(n_channels)
        return torch.from_numpy(math.exp(-self.least_path) * np.exp(self.spread * np.clip(normals, -3.0, 3.0)))

    def least_readings(self, scan: CTScan) -> Tensor:
        """(view, ray) the least line integral that each ray can read: where the filter or the tube current send less quanta, the converter has more room."""
        return torch.log(beam_of(scan).air / self.ceilings(scan.geometry.n_channels))


def least_path_of(scan: CTScan) -> float:
    """Where clipping begins: the path behind which the central ray sends as much as the brightest ray of the turn does, at a constant tube current."""
    return -math.log(float(beam_of(replace(scan, modulation=0.0)).expected.max()))


def clip_signal(scan: CTScan, over: OverRange) -> CTScan:
    """The skin line lost, values that sink from the skin inwards, and a bright circle at the end of the field.

    Model
        y <- min(y, y_max), y_max = dose N0 exp(-p_min): no ray reads less than p_min + ln(air / air of the central ray); thicker rays are untouched. Air reads
        as matter, so the outline of the patient is where its chord reaches p_min, and the step at the end of the detector is reconstructed as a circle.
    Parameters
        over : p_min of the central ray, 0 or more; by how much channels differ, and their seed. The bowtie filter leaves the converter room at the skin.
    Returns
        The scan with the event added; at 0 it is left as it was.
    Assumes
        A gain that was set for a thicker patient and stays for the turn.
    Not modelled
        Converters that change their gain while a view is read; what is clipped when a picture is stored.
    References
        Hsieh 2015, Computed Tomography, chapter 7.
    Oracle
        No ray below its least reading, thicker ones untouched; a disc without a filter is cut where its chord is p_min
        (tests/physics/ct/test_ct_over_range.py).
    Raises
        ValueError: a least path or a spread below 0.
    """
    if over.least_path < 0 or over.spread < 0:
        raise ValueError(f"{over}: a line integral and a spread, 0 or more")
    return scan if over.least_path == 0 else counted(scan).with_events(over)
