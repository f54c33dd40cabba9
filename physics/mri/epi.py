"""Single-shot echo-planar imaging in a field that air has bent: tissue slides along the phase-encode axis."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import isfinite
from typing import ClassVar

import torch
from torch import Tensor

from physics.measure.pair import Pair, Reading, measure
from physics.mri.bending import along_axis, bent, require_timing
from physics.mri.cavities import materials
from physics.mri.measures import NO_SCAN
from physics.mri.pockets import Pocket
from physics.mri.scan import MRIScan, Stage
from physics.mri.susceptibility import ASSUMED_T, field_hz
from physics.scan import EditConflict

QUANTILE = 0.95  # of |displacement| over tissue: what a displacement of the slice means


@dataclass(frozen=True, eq=False, slots=True)
class EchoPlanar:
    """All lines after one excitation. hz : (row, column) offset. line_s : time from each stored line to the next, negative for blips downwards.

    pockets : the balls of air that the offset was made with, so that a second, equal edit can be told from another.
    """

    hz: Tensor
    line_s: float
    pockets: tuple[Pocket, ...]
    stage: ClassVar[IntEnum] = Stage.ENCODING
    rank: ClassVar[int] = 12  # after what belongs to one part of the body
    timing: ClassVar[str] = "after one excitation"

    def shift_px(self, scan: MRIScan) -> Tensor:
        """(row, column) displacement along the phase-encode axis: df N t_line, faded out in the air about the body, where there is noise of the source only."""
        return self.hz * (self.line_s * scan.n_lines) * scan.body.tissue_share.double().cpu()

    def displacement_mm(self, scan: MRIScan) -> Tensor:
        """(2, row, column) along array axis 0 and 1; 0 where there is no tissue to be drawn, as in a sinus, whose field is the strongest."""
        drawn = torch.where(materials(scan.body).tissue.cpu(), self.shift_px(scan), 0.0)
        return along_axis(drawn, axis=scan.phase_axis, spacing_mm=scan.spacing_mm)

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column)."""
        return bent(data, self.shift_px(scan), axis=scan.phase_axis)


def distort(scan: MRIScan, *, shift_mm: float, pockets: tuple[Pocket, ...], blip: int) -> MRIScan:
    """Tissue near air slides along the phase-encode axis, piles up on one side and thins out on the other.

    Model
        s_n(x) = sum_y rho(y, x) exp(-2 pi i (n y / N + df(y, x) t_n)), t_n = n t_line from the echo: displacement d = df N t_line pixels along the phase-encode
        axis, density 1 / |1 + d d/dy|. df is the shimmed field of susceptibility.field_map at the field strength of the scan (3 T where it states none);
        t_line, the echo spacing over the acceleration, is what makes the 95th percentile of |d| over tissue the wanted shift.
    Parameters
        shift_mm : that percentile. pockets : air beside the slice. blip : +1 or -1, the direction in which lines are taken.
    Returns
        The scan with the event added; a shift of 0 leaves it as it was.
    Assumes
        One shot; a spin echo, or a gradient echo whose lost signal is mri_signal_dropout. Displacement along the read-out is neglected: a thousand times
        less. The field stays with the picture while the head moves.
    Not modelled
        Blur by decay, gaps between true k-space lines (matrix of the source is kept), eddy currents, N/2 ghosts.
    Raises
        ValueError: shift not finite or negative, blip neither +1 nor -1, a field without strength. EditConflict: the scan is echo-planar
        already, or holds metal in lines that have an excitation each.
    References
        Jezzard and Balaban 1995, 10.1002/mrm.1910340111; Munger et al. 2000, IEEE Trans. Med. Imaging 19, 681;
        Andersson et al. 2003, 10.1016/S1053-8119(03)00336-7.
    Oracle
        Constant offset is a pure shift, signal is kept, blips are opposite, local shift within 0.05 px, pile-up 1 / |1 + d'|
        (tests/physics/mri/test_epi.py).
    """
    if not isfinite(shift_mm) or shift_mm < 0 or blip not in (-1, 1):
        raise ValueError(f"shift_mm {shift_mm} must be >= 0 and finite, blip {blip} +1 or -1")
    if shift_mm == 0:
        return scan
    if any(isinstance(event, EchoPlanar) for event in scan.events):
        raise EditConflict("echo-planar: the scan has all its lines after one excitation already, with an echo spacing of its own")
    require_timing(scan.events, EchoPlanar.timing)
    hz = field_hz(scan, seed=0, pockets=pockets)
    typical = offset_percentile(scan, hz)
    if typical == 0:
        raise ValueError("the field is flat over tissue: nothing is displaced")
    line_s = shift_mm / (typical * scan.n_lines * scan.spacing_mm[scan.phase_axis])
    return scan.with_event(EchoPlanar(hz, blip * line_s, pockets))


def offset_percentile(scan: MRIScan, hz: Tensor) -> float:
    """The 95th percentile of the size of an offset over tissue, Hz."""
    tissue = materials(scan.body).tissue.cpu()
    return float(torch.quantile(hz[tissue].abs(), QUANTILE)) if bool(tissue.any()) else 0.0


def _event(pair: Pair) -> tuple[MRIScan, EchoPlanar | None] | None:
    if not isinstance(pair.scan, MRIScan):
        return None
    return pair.scan, next((event for event in pair.scan.events if isinstance(event, EchoPlanar)), None)


@measure("mm")
def phase_encode_displacement(pair: Pair) -> Reading:
    """95th percentile of the displacement of tissue along the phase-encode axis, from the field."""
    found = _event(pair)
    if found is None:
        return NO_SCAN
    scan, event = found
    return Reading(0.0 if event is None else offset_percentile(scan, event.shift_px(scan)) * scan.spacing_mm[scan.phase_axis])


@measure("ms")
def echo_spacing(pair: Pair) -> Reading:
    """Time between neighbouring lines of k-space, over any acceleration, that displaces tissue so far at the field strength of the scan."""
    found = _event(pair)
    if found is None:
        return NO_SCAN
    return Reading(None, "the lines are not taken after one excitation") if found[1] is None else Reading(1e3 * abs(found[1].line_s))


@measure("ppm")
def field_offset(pair: Pair) -> Reading:
    """95th percentile of the offset of the main field over tissue, after shimming."""
    found = _event(pair)
    if found is None:
        return NO_SCAN
    scan, event = found
    if event is None:
        return Reading(None, "the scan says nothing of its main field")
    return Reading(offset_percentile(scan, event.hz) / (42.577 * (scan.field_strength_t or ASSUMED_T)))


@measure("%")
def piled_up(pair: Pair) -> Reading:
    """Share of tissue that is pushed together to at least one and a half times its brightness, from the field."""
    found = _event(pair)
    if found is None:
        return NO_SCAN
    scan, event = found
    tissue = materials(scan.body).tissue.cpu()
    if event is None or not bool(tissue.any()):
        return Reading(0.0)
    (slope,) = torch.gradient(event.shift_px(scan), dim=scan.phase_axis)
    return Reading(100 * float(((1 + slope[tissue]).abs() < 1 / 1.5).double().mean()))
