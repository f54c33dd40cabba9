"""Balanced steady-state free precession: its signal vanishes wherever the field is off by half a turn a repetition."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from math import cos, exp, isfinite, pi, radians, sin
from typing import ClassVar

import torch
from torch import Tensor

from physics.measure.pair import Pair, Reading, measure
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage
from physics.mri.shim import ShimError, field_shape, spread, tissue_mask
from physics.mri.tissue import Relaxation, classes_note, relaxation, reweighted

NULL = 0.25  # of the signal on resonance: below it a pixel lies in a band
OWN_ASSUMED = "balanced steady state: repetition time and flip angle, and a field of imperfect shims"


@dataclass(frozen=True, slots=True)
class Balanced:
    """The sequence. tr_s : repetition time; the echo is in its middle. flip_deg : flip angle; successive pulses alternate in sign."""

    tr_s: float
    flip_deg: float


def balanced_signal(turn_rad: Tensor, tissue: Relaxation, sequence: Balanced) -> Tensor:
    """The transverse magnetisation at the echo of a balanced steady state.

    Model
        M = rho (1 - E1) sin a (1 - E2 exp(i th)) / (D (1 - b cos th)) exp(-i phi / 2) exp(-TR / 2 T2), th = phi + pi, phi = 2 pi df TR the turn in one
        repetition, E = exp(-TR / T), D = 1 - E1 cos a - (E1 - cos a) E2^2, b = E2 (1 - E1) (1 + cos a) / D. Relative to the phase of the pulse before it.
    Parameters
        turn_rad : phi. tissue : its relaxation. sequence : TR and flip angle a.
    Returns
        Complex128, of the shape of turn_rad; unit: that of full magnetisation.
    Assumes
        Pulses much shorter than TR; steady state reached; signal received as exp(-2 pi i df t).
    Not modelled
        The approach to the steady state, movement, a spread of fields within a pixel, fat's own offset (a whole number of turns a repetition).
    References
        Freeman and Hill 1971, 10.1016/0022-2364(71)90047-3; Scheffler and Lehnhardt 2003, 10.1007/s00330-003-1957-x.
    Oracle
        Bloch's equations iterated pulse by pulse to the steady state, modulus and phase; nulls at (2 m + 1) / (2 TR)
        (tests/physics/mri/test_steady_state.py).
    """
    e1, e2, flip = exp(-sequence.tr_s / tissue.t1_s), exp(-sequence.tr_s / tissue.t2_s), radians(sequence.flip_deg)
    denominator = 1 - e1 * cos(flip) - (e1 - cos(flip)) * e2**2
    b = e2 * (1 - e1) * (1 + cos(flip)) / denominator
    turn = turn_rad.double()
    one = torch.ones_like(turn)
    real = tissue.density * (1 - e1) * sin(flip) * exp(-sequence.tr_s / (2 * tissue.t2_s)) / (denominator * (1 + b * torch.cos(turn)))
    return real * (1 + e2 * torch.polar(one, turn)) * torch.polar(one, -turn / 2)


@dataclass(frozen=True, slots=True)
class Banding:
    """A balanced sequence in a field. bands : range of the field over tissue, in turns a repetition. error : its shape."""

    sequence: Balanced
    bands: float
    error: ShimError
    stage: ClassVar[IntEnum] = Stage.OBJECT
    rank: ClassVar[int] = 20

    def turn_rad(self, scan: MRIScan) -> Tensor:
        """(row, column) turn of the magnetisation in one repetition, 0 where the frequency is set."""
        return 2 * pi * self.bands * field_shape(scan, self.error)

    def ratio(self, scan: MRIScan) -> Tensor:
        """(row, column) complex128: signal over the signal on resonance, tissue by tissue."""
        turn = self.turn_rad(scan)
        rest = torch.zeros(1, dtype=torch.float64)
        table = relaxation(scan.field_strength_t)
        return reweighted(scan, torch.stack([balanced_signal(turn, each, self.sequence) / balanced_signal(rest, each, self.sequence) for each in table]))

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: density (row, column)."""
        return data * self.ratio(scan).to(data)


def band(scan: MRIScan, sequence: Balanced, *, bands: float, error: ShimError) -> MRIScan:
    """Dark bands along lines of equal field.

    Model
        rho <- rho sum_c w_c S_c(df) / S_c(0): the source shows each tissue on resonance, S is balanced_signal and w_c the share of a tissue
        (tissue.tissue_shares). df = bands / TR times a shape of range 1 (shim.field_shape), so that nulls lie at df = (2 m + 1) / (2 TR).
    Parameters
        sequence : TR and flip angle. bands : range of df over tissue times TR, the number of bands across it. error : shape of the field.
    Returns
        The scan with the event added; bands = 0 leaves it as it was.
    Assumes
        The contrast of the source stands for that of the sequence on resonance.
    Not modelled
        What balanced_signal leaves out; the displacement that the same field makes along the read-out (below a pixel at these bandwidths).
    Raises
        ValueError: TR or flip angle out of range, bands negative or not finite.
    References
        Scheffler and Lehnhardt 2003, 10.1007/s00330-003-1957-x; Bieri and Scheffler 2013, 10.1002/jmri.24163.
    Oracle
        The closed form at every pixel of a body of one tissue; a linear field puts bands 1 / (TR G) apart (tests/physics/mri/test_steady_state.py).
    """
    if not 0 < sequence.tr_s < 0.1 or not 0 < sequence.flip_deg < 180:
        raise ValueError(f"TR {sequence.tr_s} s must be within 0 to 0.1 s, flip angle {sequence.flip_deg} within 0 to 180 degrees")
    if bands < 0 or not isfinite(bands):
        raise ValueError(f"bands {bands} must be finite and >= 0")
    if bands == 0:
        return scan
    notes = tuple(note for note in (classes_note(scan), OWN_ASSUMED) if note not in scan.assumed)
    return replace(scan.with_event(Banding(sequence, bands, error)), assumed=(*scan.assumed, *notes))


def _banding(pair: Pair) -> Banding | None:
    if not isinstance(pair.scan, MRIScan):
        return None
    return next((event for event in pair.scan.events if isinstance(event, Banding)), None)


@measure("Hz")
def field_range(pair: Pair) -> Reading:
    """Range of the field offset over tissue."""
    found = _banding(pair)
    if pair.scan is None:
        return NO_SCAN
    if found is None:
        return Reading(0.0)
    return Reading(found.bands / found.sequence.tr_s * spread(field_shape(pair.scan, found.error), tissue_mask(pair.scan.body)))


@measure("% of tissue")
def tissue_in_bands(pair: Pair) -> Reading:
    """Share of tissue whose signal lies below a quarter of that on resonance."""
    found = _banding(pair)
    if pair.scan is None:
        return NO_SCAN
    if found is None:
        return Reading(0.0)
    return Reading(100 * float((found.ratio(pair.scan).abs()[tissue_mask(pair.scan.body)] < NULL).double().mean()))
