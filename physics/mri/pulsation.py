"""Pulsating flow: blood that is brighter in systole writes copies of its vessel along the phase-encode direction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import hypot, pi
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.fourier import frequencies
from physics.measure.pair import Pair, Reading, measure
from physics.mri.acquire import encoded
from physics.mri.ghosts import ghost_distance
from physics.mri.measures import NO_SCAN
from physics.mri.order import Order, line_times
from physics.mri.scan import MRIScan, Stage
from physics.mri.vessel import Vessel, blood, lumen
from physics.scan import run_stage

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pulse:
    """A heart and a sequence.

    heart_hz : beats per second. tr_s : time between successive lines. phase_rad : of the heart at the first line. harmonic : share of the second
    harmonic of the inflow, harmonic_rad its lead. sinus : depth of the waxing and waning of the heart rate with breathing, a quarter of a hertz. order,
    n_shots : of the lines.
    """

    heart_hz: float
    tr_s: float
    phase_rad: float = 0.0
    harmonic: float = 0.0
    harmonic_rad: float = 0.0
    sinus: float = 0.0
    order: Order = "linear"
    n_shots: int = 8

    def angle(self, n_lines: int) -> Array:
        """(line,) phase of the heart in radians when each stored line is taken."""
        time = line_times(n_lines, self.order, n_shots=self.n_shots) * n_lines * self.tr_s
        rate = 2 * pi * 0.25
        angle: Array = 2 * pi * self.heart_hz * (time - self.sinus / rate * (np.cos(rate * time) - 1)) + self.phase_rad
        return angle

    def wave(self, n_lines: int) -> Array:
        """(line,) the inflow about its mean, amplitude 1 in the fundamental."""
        angle = self.angle(n_lines)
        wave: Array = np.cos(angle) + self.harmonic * np.cos(2 * angle + self.harmonic_rad)
        return wave


@dataclass(frozen=True, slots=True)
class Pulsation:
    """Vessels that beat together.

    modulation : amplitude of the inflow over the vessel's mean signal. swing_rad : amplitude of the phase that blood gains by its velocity along gradients
    without flow compensation, in step with the inflow. sway_mm : amplitude of the displacement along array axis 0 and 1, a quarter of a beat behind (the
    wall moves fastest when the flow is highest).
    """

    vessels: tuple[Vessel, ...]
    pulse: Pulse
    modulation: float
    swing_rad: float = 0.0
    sway_mm: tuple[float, float] = (0.0, 0.0)
    stage: ClassVar[IntEnum] = Stage.ENCODING
    rank: ClassVar[int] = 0  # first: what bends or weights the lines later does so to the blood as well

    def factor(self, scan: MRIScan) -> Tensor:
        """(row, column) or broadcastable to it, complex: what the blood's k-space is multiplied by, less 1."""
        n, axis = scan.n_lines, scan.phase_axis
        wave = self.pulse.wave(n)
        lines = torch.from_numpy((1 + self.modulation * wave) * np.exp(1j * self.swing_rad * wave))
        lines = lines[:, None] if axis == 0 else lines[None, :]
        if not hypot(*self.sway_mm):
            return lines - 1
        lines = lines.flatten()
        sway = torch.from_numpy(np.sin(self.pulse.angle(n)))
        k = [frequencies(size) / (size * step) for size, step in zip(scan.matrix, scan.spacing_mm, strict=True)]
        lines = lines * torch.exp(-2j * pi * self.sway_mm[axis] * k[axis] * sway)
        across = self.sway_mm[1 - axis] * sway[:, None] * k[1 - axis][None]  # cycles
        moved = lines[:, None] * torch.exp(-2j * pi * across) if self.sway_mm[1 - axis] else lines[:, None]
        return moved.movedim(0, axis) - 1

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column)."""
        density = run_stage(scan.body.density, scan, Stage.OBJECT)
        vessels = sum((blood(scan, density, vessel) for vessel in self.vessels), torch.zeros_like(density))
        return data + self.factor(scan).to(data) * encoded(scan, vessels)


def pulsate(
    scan: MRIScan, vessels: tuple[Vessel, ...], pulse: Pulse, *, modulation: float, swing_rad: float = 0.0, sway_mm: tuple[float, float] = (0.0, 0.0)
) -> MRIScan:
    """A row of copies of a vessel across the picture.

    Model
        K_l = F rho_s + (1 + m w(t_l)) exp(i phi w(t_l)) exp(-2 pi i k . a sin theta(t_l)) F rho_v, w = cos theta + h cos(2 theta + psi), theta the phase of
        the heart when line l is taken. rho_v is the blood of the vessels, rho_s the rest. Linear order: ghosts at n f TR N pixels (mod N) along phase
        encoding, of m / 2 for n = +-1 by inflow alone, of i^n J_n(phi) by the swing of phase alone, of J_n(2 pi k a) by displacement alone.
    Parameters
        vessels : bright spots of the picture (their own signal pulsates), or drawn ones (fresh blood as bright as mean tissue pulsates about the signal
        of the place). pulse : heart and sequence. modulation : m >= 0; above 1 the peak of fresh blood is more than twice the mean (inflow into a saturated
        slice). swing_rad : phi. sway_mm : amplitude of the displacement along array axis 0 and 1.
    Returns
        The scan with the event added; the scan itself where nothing pulsates.
    Assumes
        All vessels beat in phase; the slice is taken at one phase of the heart per line (a few milliseconds).
    Not modelled
        Dephasing of fast flow, misregistration of oblique flow, arrhythmia beyond the respiratory one, gating.
    Raises
        ValueError: m < 0, no vessel, rate or repetition time not positive. EditConflict: a readout without lines.
    References
        Wood and Henkelman 1985, MR image artifacts from periodic motion, Med Phys 12:143; Bernstein, King and Zhou 2004, section 17.
    Oracle
        Two ghosts of m / 2 at +-f TR N; Jacobi-Anger; twice the TR, twice the distance; columns without blood do not change
        (tests/physics/mri/test_pulsation.py).
    """
    if modulation < 0 or not vessels or pulse.heart_hz <= 0 or pulse.tr_s <= 0:
        raise ValueError(f"modulation {modulation} must be >= 0, heart {pulse.heart_hz} Hz and TR {pulse.tr_s} s above 0, with one vessel or more")
    return scan.with_event(Pulsation(vessels, pulse, modulation, swing_rad, sway_mm)) if modulation or swing_rad or any(sway_mm) else scan


def _beats(pair: Pair) -> list[Pulsation]:
    return [event for event in getattr(pair.scan, "events", ()) if isinstance(event, Pulsation)]


def band(scan: MRIScan, vessels: tuple[Vessel, ...]) -> Tensor:
    """(row, column) bool: the lines of sight along phase encoding through the vessels, without the vessels themselves (2 pixels about them)."""
    at = torch.stack([lumen(scan, vessel) > 0 for vessel in vessels]).any(dim=0)
    along = at.any(dim=scan.phase_axis, keepdim=True).expand(scan.matrix)
    own = torch.nn.functional.max_pool2d(at[None].float(), 5, stride=1, padding=2)[0] > 0
    return along & ~own


@measure("% of tissue")
def band_ghost_to_signal(pair: Pair) -> Reading:
    """Root-mean-square change in the band of a pulsating vessel, the vessel left out, over the mean of tissue."""
    beats = _beats(pair)
    if pair.scan is None:
        return NO_SCAN
    if not beats:
        return Reading(0.0)
    where = band(pair.scan, tuple(vessel for beat in beats for vessel in beat.vessels)).to(pair.reference.device)
    tissue = float(pair.reference[pair.view.mask].double().mean()) if bool(pair.view.mask.any()) else 0.0
    if tissue <= 0 or not bool(where.any()):
        return Reading(None, "the object is empty")
    change = (pair.degraded - pair.reference)[where].double()
    return Reading(100 * float(change.square().mean().sqrt()) / tissue)


@measure("mm")
def pulsation_ghost_spacing(pair: Pair) -> Reading:
    """Distance between a vessel and its strongest copy."""
    beats = _beats(pair)
    if pair.scan is None:
        return NO_SCAN
    if not beats:
        return Reading(None, "no vessel pulsates")
    distance = ghost_distance(torch.from_numpy(beats[0].pulse.wave(pair.scan.n_lines)))
    if distance is None:
        return Reading(None, "the copies lie at no single distance")
    return Reading(distance * pair.scan.spacing_mm[pair.scan.phase_axis])
