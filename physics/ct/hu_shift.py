"""CT numbers that are off: a calibration in which water, or air too, has drifted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from torch import Tensor

from physics.ct.scan import CTScan, Stage
from physics.measure.pair import Pair, Reading, measure
from physics.scan import EditConflict


@dataclass(frozen=True, slots=True)
class HUShift:
    """HU' = HU + gain (HU + 1000) + offset_hu."""

    gain: float
    offset_hu: float
    stage: ClassVar[IntEnum] = Stage.RECONSTRUCTION
    rank: ClassVar[int] = 70  # what a reconstruction gave is scaled to HU last

    def apply(self, change: Tensor, scan: CTScan) -> Tensor:
        """change : (row, column) HU."""
        return change + self.gain * (scan.attenuating_hu() + change + 1000.0) + self.offset_hu


def shift_hu(scan: CTScan, water_hu: float, *, gain_share: float = 1.0) -> CTScan:
    """A scanner out of calibration.

    Model
        Gain, air fixed: HU' = (1 + d)(HU + 1000) - 1000, d = shift of water / 1000: bone is off by more than water. Offset: air has drifted too, and all
        numbers move alike. The two add.
    Parameters
        water_hu : by how much water is off. gain_share : 1 all of it by gain, 0 all by offset.
    Returns
        The scan; 0 leaves it as it was. Noise stays (times 1 + d).
    Assumes
        One error for the whole slice.
    Not modelled
        Errors that depend on the size of the body (beam hardening, scatter); numbers beyond the 12 bits that are stored are clipped.
    References
        IEC 61223-3-5 (constancy of CT numbers); Hsieh 2015, Computed Tomography, chapter 5.
    Oracle
        The affine fit of both pictures gives gain and offset (tests/physics/ct/test_ct_hu_shift.py).
    Raises
        ValueError: beyond 500 HU, or a share outside 0 to 1. EditConflict: shifted already.
    """
    if not abs(water_hu) <= 500.0 or not 0.0 <= gain_share <= 1.0:
        raise ValueError(f"shift of water by {water_hu} HU, {gain_share} of it by gain: up to 500 HU, 0 to 1")
    if water_hu == 0:
        return scan
    if any(isinstance(event, HUShift) for event in scan.events):
        raise EditConflict(f"CT numbers: shifted already, {water_hu} HU was asked; shift them once")
    return scan.with_events(HUShift(gain_share * water_hu / 1000.0, (1 - gain_share) * water_hu))


@measure("HU")
def water_shift(pair: Pair) -> float | Reading:
    """By how much water is off in the degraded scan."""
    if pair.scan is None:
        return Reading(None, "the scan is not known")
    return sum(1000.0 * event.gain + event.offset_hu for event in pair.scan.events if isinstance(event, HUShift))


@measure("HU")
def mean_error(pair: Pair) -> float | Reading:
    """Mean of degraded less reference over the object: how far CT numbers of tissue are off."""
    mask = pair.view.mask
    return float((pair.degraded - pair.reference)[mask].double().mean()) if bool(mask.any()) else Reading(None, "the object is empty")
