"""The transmit field: a wave that is as short as the body is wide tips spins more here and less there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from math import exp, isfinite, pi, radians, sqrt
from typing import ClassVar, Literal

import numpy as np
import torch
from scipy import special
from torch import Tensor

from physics.measure.pair import Pair, Reading, measure
from physics.mri.body import Body
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage
from physics.mri.shim import tissue_mask
from physics.mri.susceptibility import centred_mm
from physics.mri.tissue import ASSUMED_T, Relaxation, classes_note, relaxation, reweighted

Kind = Literal["spoiled", "spin_echo"]
MU0, EPSILON0 = 4e-7 * pi, 8.854e-12
LARMOR_HZ_PER_T = 42.577e6
LARGEST = 0.98  # quantile of the deviation over tissue that is called the largest: not the tip of a nose
OWN_ASSUMED = "transmit field: a standing wave in a cylinder of tissue; flip angle and repetition time of the sequence"


@dataclass(frozen=True, slots=True)
class Excitation:
    """A sequence. kind : spoiled gradient echo, or spin echo whose two pulses scale alike. flip_deg : of excitation; refocusing takes twice that."""

    kind: Kind
    tr_s: float
    flip_deg: float


@dataclass(frozen=True, slots=True)
class Wave:
    """The material that the wave goes through. permittivity : relative to vacuum. conductivity_s_m : S/m. centre : of the pattern, as a share of the radius of
    the body, from its middle along array axis 0 and 1. calibrated_at : quantile of the field over tissue at which the prescan has set the angle.
    """

    permittivity: float
    conductivity_s_m: float
    centre: tuple[float, float]
    calibrated_at: float = 0.5


def sequence_signal(scale: Tensor, tissue: Relaxation, sequence: Excitation) -> Tensor:
    """Signal where the pulses tip by scale times what was asked for.

    Model
        Spoiled gradient echo: rho sin(e a) (1 - E1) / (1 - E1 cos(e a)). Spin echo with pulses a and 2 a: rho sin(e a) sin^2(e a) (1 - E1) / (1 - E1 cos(e a)).
        E1 = exp(-TR / T1), e the scale. Decay until the echo is the same for every scale and left out.
    Parameters
        scale : e >= 0. tissue : its relaxation. sequence : kind, TR, a.
    Returns
        float64, of the shape of scale; unit: full magnetisation.
    Assumes
        Perfect spoiling; steady state; an echo time far below TR. Pulses short against relaxation.
    Not modelled
        The inversion of longitudinal magnetisation by the refocusing pulse, profiles of the pulses across the slice, adiabatic pulses.
    References
        Ernst and Anderson 1966, 10.1063/1.1719961; Collins, Li and Smith 1998, Magn. Reson. Med. 40, 847.
    Oracle
        Longitudinal magnetisation iterated pulse by pulse; the maximum at the Ernst angle (tests/physics/mri/test_transmit.py).
    """
    e1, angle = exp(-sequence.tr_s / tissue.t1_s), radians(sequence.flip_deg) * scale.double()
    steady = tissue.density * torch.sin(angle) * (1 - e1) / (1 - e1 * torch.cos(angle))
    return steady if sequence.kind == "spoiled" else steady * torch.sin(angle) ** 2


def wave_number(wave: Wave, *, frequency_hz: float) -> complex:
    """Wave number in tissue, per metre: omega sqrt(mu_0 (eps_0 eps_r - i sigma / omega))."""
    omega = 2 * pi * frequency_hz
    number: complex = omega * complex(np.sqrt(MU0 * (EPSILON0 * wave.permittivity - 1j * wave.conductivity_s_m / omega)))
    return number


def transmit_shape(scan: MRIScan, wave: Wave, *, field_strength_t: float | None = None) -> Tensor:
    """Where pulses tip too much (positive) and where too little.

    Model
        |J_0(k R q)|: the field of a circularly polarised coil in a long cylinder, k the complex wave number of tissue, R the radius of a disc as large as
        the body's tissue, q = 1 on the ellipse that has the second moments of the body (its outline, roughly). Its value where the prescan has set the
        angle is taken away, and the largest deviation over tissue (98th percentile) is 1. A head at 3 T is tipped most in its centre, a wide trunk
        least: the wave is damped on its way in.
    Parameters
        wave : the material and the centre. field_strength_t : in place of the scan's own, 3 T where it states none.
    Returns
        (row, column) float64.
    Assumes
        A cylinder stretched to the body's two axes; one material.
    Not modelled
        Boundaries between tissues, the rungs of the coil, parallel transmission.
    References
        Hoult 2000, J. Magn. Reson. Imaging 12, 46; Gabriel, Lau and Gabriel 1996, 10.1088/0031-9155/41/11/003.
    Oracle
        Square of the wave number; strongest in the centre of a head and weakest in that of a trunk; 0 at the quantile, largest 1
        (tests/physics/mri/test_transmit.py).
    """
    return _shape(scan.body, wave, field_strength_t or scan.field_strength_t or ASSUMED_T)


@lru_cache(maxsize=16)
def _shape(body: Body, wave: Wave, strength_t: float) -> Tensor:
    mask, places = tissue_mask(body), centred_mm(body)
    inside = torch.stack([place[mask] for place in places])
    middle, radius_mm = inside.mean(dim=1, keepdim=True), sqrt(int(mask.sum()) * body.spacing_mm[0] * body.spacing_mm[1] / pi)
    moments = torch.cov(inside) if inside.shape[1] > 2 else torch.eye(2, dtype=torch.float64)
    outline = 4 * moments + 1e-9 * torch.eye(2, dtype=torch.float64)  # a disc of radius a has moments a^2 / 4
    away = torch.stack([place.flatten() for place in places]) - middle
    root = torch.linalg.inv(torch.linalg.cholesky(outline))
    q = torch.linalg.vector_norm(root @ away - torch.tensor(wave.centre, dtype=torch.float64)[:, None], dim=0)
    argument = wave_number(wave, frequency_hz=LARMOR_HZ_PER_T * strength_t) * radius_mm * 1e-3 * q.reshape(mask.shape).numpy()
    field = torch.from_numpy(np.abs(special.jv(0, argument)))
    field = field - torch.quantile(field[mask], wave.calibrated_at)
    largest = float(torch.quantile(field[mask].abs(), LARGEST))
    return field / largest if largest > 0 else field


@dataclass(frozen=True, slots=True)
class TransmitField:
    """A sequence under an uneven transmit field. deviation : largest over tissue, as a share of the angle asked for. wave : its shape."""

    sequence: Excitation
    deviation: float
    wave: Wave
    stage: ClassVar[IntEnum] = Stage.OBJECT
    rank: ClassVar[int] = 20

    def scale(self, scan: MRIScan) -> Tensor:
        """(row, column) angle over the angle asked for."""
        return (1 + self.deviation * transmit_shape(scan, self.wave)).clamp(min=0.0)

    def ratio(self, scan: MRIScan) -> Tensor:
        """(row, column) float64: signal over that of the angle asked for, tissue by tissue."""
        scale, asked = self.scale(scan), torch.ones(1, dtype=torch.float64)
        table = relaxation(scan.field_strength_t)
        return reweighted(scan, torch.stack([sequence_signal(scale, each, self.sequence) / sequence_signal(asked, each, self.sequence) for each in table]))

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: density (row, column)."""
        return data * self.ratio(scan).to(data)


def tip_unevenly(scan: MRIScan, sequence: Excitation, *, deviation: float, wave: Wave) -> MRIScan:
    """Shading that differs from tissue to tissue: the flip angle varies over the slice.

    Model
        rho <- rho sum_c w_c S_c(e a) / S_c(a), e = 1 + deviation times transmit_shape, S the signal of the sequence and w_c the share of a tissue
        (tissue.tissue_shares): brightness and contrast change together, and the change is no single field that multiplies all tissue.
    Parameters
        sequence : kind, TR, flip angle. deviation : largest |e - 1| over tissue. wave : shape of the field.
    Returns
        The scan with the event added; a deviation of 0 leaves it as it was.
    Assumes
        The source shows what the sequence gives at the angle asked for.
    Not modelled
        Preparation pulses (inversion, saturation), the receive field, which by reciprocity has a wave of its own.
    Raises
        ValueError: deviation outside 0 to 1, TR or flip angle out of range.
    References
        Collins et al. 2005, J. Magn. Reson. Imaging 21, 192 (centre brightening); Dietrich et al. 2008, Eur. J. Radiol. 65, 29 (artefacts at 3 T).
    Oracle
        Closed forms of both sequences in every pixel of a body of known tissues (tests/physics/mri/test_transmit.py).
    """
    if not 0 <= deviation <= 1 or not isfinite(deviation):
        raise ValueError(f"deviation {deviation} must be within 0 to 1")
    if not 0 < sequence.tr_s < 20 or not 0 < sequence.flip_deg <= 90:
        raise ValueError(f"TR {sequence.tr_s} s must be within 0 to 20 s, flip angle {sequence.flip_deg} within 0 to 90 degrees")
    if deviation == 0:
        return scan
    notes = tuple(note for note in (classes_note(scan), OWN_ASSUMED) if note not in scan.assumed)
    return replace(scan.with_event(TransmitField(sequence, deviation, wave)), assumed=(*scan.assumed, *notes))


@measure("%")
def flip_angle_variation(pair: Pair) -> Reading:
    """Coefficient of variation of the flip angle over tissue."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    found = next((event for event in pair.scan.events if isinstance(event, TransmitField)), None)
    if found is None:
        return Reading(0.0)
    scale = found.scale(pair.scan)[tissue_mask(pair.scan.body)]
    return Reading(100 * float(scale.std(correction=0) / scale.mean()))
