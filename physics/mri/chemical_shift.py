"""Fat precesses more slowly than water: it is drawn beside its place, and at some echo times it takes water's signal away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from math import inf, isfinite, pi
from typing import ClassVar

import torch
from torch import Tensor

from physics.fourier import frequencies
from physics.measure.pair import Pair, Reading, measure
from physics.mri.acquire import encoded
from physics.mri.bending import along_axis
from physics.mri.fat import fat_share, offset_hz, refuse_without_fat
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage
from physics.scan import run_stage

ASSUMED_T = 3.0  # field strength where the scan states none
FAT_ASSUMED = "fat: the bright layer under the skin, one resonance of 3.4 ppm"


@dataclass(frozen=True, slots=True)
class FatWater:
    """What fat does against water. shift_px : displacement along the read-out. phase_rad : of fat against water at the echo; 0 is in phase."""

    shift_px: float
    phase_rad: float
    stage: ClassVar[IntEnum] = Stage.ENCODING
    rank: ClassVar[int] = 2  # with the objects that come apart, before what bends all of them

    @property
    def any_path(self) -> bool:
        """A phase alone needs no lines; a displacement along the read-out needs them."""
        return self.shift_px == 0

    def factor(self, scan: MRIScan) -> Tensor:
        """What the k-space of fat is multiplied by: complex128, broadcastable to (row, column)."""
        axis = 1 - scan.phase_axis
        n = scan.matrix[axis]
        angle = self.phase_rad - 2 * pi * self.shift_px * frequencies(n) / n
        ramp = torch.polar(torch.ones_like(angle), angle)
        return ramp[:, None] if axis == 0 else ramp[None, :]

    def displacement_mm(self, scan: MRIScan) -> Tensor:
        """(2, row, column) along array axis 0 and 1: of the common centre of what a pixel holds, the share of its fat times the displacement of fat."""
        return along_axis(self.shift_px * fat_share(scan.body).double().cpu(), axis=1 - scan.phase_axis, spacing_mm=scan.spacing_mm)

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column)."""
        share = fat_share(scan.body).to(scan.body.density.real)  # 0 where air is encoded apart: fat lies within the rim of the body
        fat = run_stage(scan.body.density, scan, Stage.OBJECT) * share
        return data + (self.factor(scan).to(data) - 1) * encoded(scan, fat)


def _with_fat(scan: MRIScan, *, shift_px: float = 0.0, phase_rad: float = 0.0) -> MRIScan:
    """The scan with fat displaced and turned further: displacements add, phases add."""
    reason = refuse_without_fat(scan.body)
    if reason:
        raise ValueError(reason)
    held = next((event for event in scan.events if isinstance(event, FatWater)), FatWater(0.0, 0.0))
    others = tuple(event for event in scan.events if not isinstance(event, FatWater))
    assumed = scan.assumed if FAT_ASSUMED in scan.assumed else (*scan.assumed, FAT_ASSUMED)
    return replace(scan, events=others, assumed=assumed).with_event(FatWater(held.shift_px + shift_px, held.phase_rad + phase_rad))


def shift_fat(scan: MRIScan, *, shift_px: float) -> MRIScan:
    """A bright band on one side of fat and a dark one on the other, along the read-out.

    Model
        Along a line fat gains the phase exp(-2 pi i df t): K_fat(n) <- K_fat(n) exp(-2 pi i n d / N), n the frequency along the read-out, d = df / BW the
        displacement in pixels, BW the receiver bandwidth per pixel and df = 3.4 ppm of the Larmor frequency (217 Hz at 1.5 T, 434 Hz at 3 T). Water stays.
        Fat is displaced as it was received: coils weight it at its true place; the displacement is along the read-out of the scanner, whatever the pose.
    Parameters
        shift_px : d, in acquired pixels; positive towards higher indices of the read-out axis. Its sign is the polarity of the read-out gradient.
    Returns
        The scan with the event added; d = 0 leaves it as it was.
    Assumes
        The source shows fat where it lies (high bandwidth); one resonance; fat.fat_share tells fat from water.
    Not modelled
        The further resonances of fat (a tenth lies near water), displacement of the slice, decay along the read-out.
    Raises
        ValueError: no fat to be seen, or the displacement is not finite. EditConflict: a readout without lines.
    References
        Soila, Viamonte and Starewicz 1984, Radiology 153, 819; Hood et al. 1999, 10.1148/radiographics.19.2.g99mr07357.
    Oracle
        Whole pixels: W + roll(F), for either axis and odd sizes, under coils, and for a moved body (tests/physics/mri/test_chemical_shift.py).
    """
    if not isfinite(shift_px):
        raise ValueError(f"shift_px {shift_px} must be finite")
    return scan if shift_px == 0 else _with_fat(scan, shift_px=shift_px)


def turn_fat(scan: MRIScan, *, phase_rad: float) -> MRIScan:
    """A black line wherever fat meets water: both in one pixel, and they cancel.

    Model
        m = |W + F exp(i phi)|, phi = 2 pi df dTE: fat lags behind water by phi at the echo, dTE the distance of the echo time from an in-phase one. A pixel
        of equal parts shows |cos(phi / 2)|; period of the echo time 1 / df (4.6 ms at 1.5 T, 2.3 ms at 3 T).
    Parameters
        phase_rad : phi; pi is opposed phase.
    Returns
        The scan with the event added; phi = 0 leaves it as it was.
    Assumes
        The source is in phase; a gradient echo (a spin echo refocuses phi); mixed pixels as fat.fat_share unmixes them; one resonance of fat.
    Not modelled
        Fat within cells, the smaller resonances of fat, decay between the echoes.
    Raises
        ValueError: no fat to be seen.
    References
        Dixon 1984, 10.1148/radiology.153.1.6089263; Wehrli et al. 1987, Magn. Reson. Imaging 5, 157.
    Oracle
        Closed form at mixed pixels, period of 2 pi, sign of the phase in the complex picture (tests/physics/mri/test_chemical_shift.py).
    """
    return scan if phase_rad == 0 else _with_fat(scan, phase_rad=phase_rad)


def _fat_of(pair: Pair) -> tuple[MRIScan, FatWater] | None:
    if not isinstance(pair.scan, MRIScan):
        return None
    return pair.scan, next((event for event in pair.scan.events if isinstance(event, FatWater)), FatWater(0.0, 0.0))


@measure("px")
def fat_displacement(pair: Pair) -> Reading:
    """Displacement of fat against water along the read-out, in acquired pixels, either way."""
    found = _fat_of(pair)
    return NO_SCAN if found is None else Reading(abs(found[1].shift_px))


@measure("Hz/px")
def receiver_bandwidth(pair: Pair) -> Reading:
    """Receiver bandwidth per pixel that displaces fat by what the scan says, at its field strength (3 T where none is known)."""
    found = _fat_of(pair)
    if found is None:
        return NO_SCAN
    shift = abs(found[1].shift_px)
    bandwidth = offset_hz(found[0].field_strength_t or ASSUMED_T) / shift if shift else inf
    return Reading(bandwidth) if isfinite(bandwidth) else Reading(None, "fat lies in its place: the bandwidth is as wide as the source's")


@measure("ms")
def echo_time_error(pair: Pair) -> Reading:
    """Distance of the echo time from the in-phase one, at the field strength of the scan (3 T where none is known)."""
    found = _fat_of(pair)
    return NO_SCAN if found is None else Reading(1e3 * found[1].phase_rad / (2 * pi * offset_hz(found[0].field_strength_t or ASSUMED_T)))


@measure("% of the fat")
def border_signal_lost(pair: Pair) -> Reading:
    """Magnitude missing from pixels that hold fat, over the magnitude of all fat: what black borders took away."""
    if not isinstance(pair.healthy, MRIScan):
        return NO_SCAN
    share = fat_share(pair.healthy.body)
    if tuple(share.shape) != tuple(pair.reference.shape):
        return Reading(None, "the pictures are not on the grid of the scan")
    fat = float((share * pair.reference.double()).sum())
    lost = ((pair.reference - pair.degraded).double() * (share > 0)).clamp(min=0).sum()
    return Reading(100 * float(lost) / fat) if fat > 0 else Reading(None, "the picture shows no fat")
