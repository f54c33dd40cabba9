"""The wrong window: a slice as a reader sees it who chose another window than the one for its tissue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import ClassVar

from torch import Tensor

from physics.ct.scan import STORED_LOW_HU, CTScan, Stage
from physics.measure.pair import Pair, Reading, measure
from physics.scan import EditConflict


@dataclass(frozen=True, slots=True)
class ShownAt:
    """Grey values of another window, written as the numbers that have them at the slice's own window."""

    right_hu: tuple[float, float]
    wrong_hu: tuple[float, float]
    stage: ClassVar[IntEnum] = Stage.RECONSTRUCTION
    rank: ClassVar[int] = 90  # display: after everything that makes numbers

    def apply(self, change: Tensor, scan: CTScan) -> Tensor:
        """change : (row, column) HU."""
        shown = scan.attenuating_hu()
        (low, high), (first, last) = self.right_hu, self.wrong_hu
        return low + (shown + change - first) * ((high - low) / (last - first)) - shown


def show_at(scan: CTScan, *, width_hu: float, level_hu: float) -> CTScan:
    """A slice that is shown at the wrong window. Only the display is degraded: its CT numbers are what they were.

    Model
        A window shows y = (x - l') / w' between 0 and 1, l' its lower end. The picture holds l + w y, which the slice's own window (l, w) shows just so,
        black and white included.
    Parameters
        width_hu, level_hu : of the wrong window.
    Returns
        The scan; its own window leaves it as it was. What was done is said in `assumed`.
    Assumes
        A linear window, as DICOM's LINEAR_EXACT; the slice's own window within what is stored.
    Not modelled
        Sigmoid windows, inversion; the half code by which DICOM's LINEAR differs.
    References
        DICOM PS3.3, C.11.2.1.2 (VOI LUT).
    Oracle
        Codes at the slice's own window are those of the source at the other window; the share of black and white is that of the histogram
        (tests/physics/ct/test_ct_window.py).
    Raises
        ValueError: a window without width, or a scan whose own window is not known or reaches below what is stored. EditConflict: another window already.
    """
    if scan.window_hu is None or scan.window_hu[0] < STORED_LOW_HU:
        raise ValueError(f"own window {scan.window_hu} HU: it must be known, and start at {STORED_LOW_HU} HU or above")
    if not width_hu > 0:
        raise ValueError(f"width {width_hu} HU: above 0")
    wrong = (level_hu - width_hu / 2, level_hu + width_hu / 2)
    if wrong == scan.window_hu:
        return scan
    if any(isinstance(event, ShownAt) for event in scan.events):
        raise EditConflict(f"window: another one is set already, {width_hu} / {level_hu} HU was asked; choose one")
    said = f"display only: window {width_hu:.0f} / {level_hu:.0f} HU, CT numbers unchanged"
    return replace(scan.with_events(ShownAt(scan.window_hu, wrong)), assumed=(*scan.assumed, said))


def _wrong(pair: Pair) -> tuple[float, float] | None:
    return next((event.wrong_hu for event in getattr(pair.scan, "events", ()) if isinstance(event, ShownAt)), getattr(pair.scan, "window_hu", None))


@measure("HU")
def window_width(pair: Pair) -> float | Reading:
    """Width of the window that the slice is shown at."""
    found = _wrong(pair)
    return Reading(None, "the window is not known") if found is None else found[1] - found[0]


@measure("HU")
def window_level(pair: Pair) -> float | Reading:
    """Level of the window that the slice is shown at."""
    found = _wrong(pair)
    return Reading(None, "the window is not known") if found is None else (found[0] + found[1]) / 2
