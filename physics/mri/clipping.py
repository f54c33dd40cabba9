"""Clipping: a signal that is too strong for the converter."""

from __future__ import annotations

import cmath
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

import torch
from torch import Tensor

from physics.measure.pair import Pair, Reading, measure
from physics.mri.encoding import encode
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage


def at_rest(scan: MRIScan) -> Tensor:
    """K-space (coil, row, column) of the body at rest: what the prescan should have set the gain by."""
    sensitivity = scan.sensitivity
    return encode(scan.body.density, None if sensitivity is None else sensitivity.maps(scan.matrix, like=scan.body.density))


@dataclass(frozen=True, slots=True)
class Clipping:
    """share : full scale of the converter over the peak of the body's signal, per channel. phase_rad : of the receiver's reference, by which the signal is
    turned before it is split into its two parts."""

    share: float
    phase_rad: float = 0.0
    stage: ClassVar[IntEnum] = Stage.RECEIVER
    rank: ClassVar[int] = 40  # the converter is the last part of the receiver

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column), or (coil, shot, sample) of a readout."""
        turn = cmath.exp(1j * self.phase_rad)
        scale = self.share * torch.view_as_real(at_rest(scan) * turn).abs().amax(dim=(1, 2, 3)).reshape(-1, 1, 1, 1)
        parts = torch.view_as_real(data * turn)
        over = (parts.abs() > scale).any(dim=-1)
        cut = torch.view_as_complex(torch.minimum(torch.maximum(parts, -scale), scale)) / turn
        return torch.where(over, cut, data)  # what fits stays as it is, to the last bit


def clip(scan: MRIScan, *, share: float, phase_rad: float = 0.0) -> MRIScan:
    """Low frequencies are lost: flat tissue, dark or bright halos, edges that stand out.

    Model
        Re and Im of s_c exp(i phase) are limited to +-f p_c, each by itself; p_c is the largest of them in channel c for the body at rest. Only samples
        near the centre of k-space reach it: the picture loses what they hold, so that tissue darkens, edges stay and a broad haze lies over air.
    Parameters
        scan : the acquisition. share : f, above 0, up to 1. phase_rad : of the receiver's reference.
    Returns
        The scan with the event added; the scan itself for f = 1.
    Assumes
        A converter that saturates without memory; the receiver's gain is the same for all lines.
    Not modelled
        Rounding to the steps of the converter; recovery after an overload.
    Raises
        ValueError: the share is not in (0, 1].
    References
        Zhuo and Gullapalli 2006, RadioGraphics 26, 275, "Data clipping" (overflow).
    Oracle
        |Re|, |Im| <= f p in every channel, all samples below it untouched; a real picture by hand (tests/physics/mri/test_clipping.py).
    """
    if not 0 < share <= 1:
        raise ValueError(f"share {share} of the peak; allowed: above 0, up to 1")
    return scan if share == 1 else scan.with_event(Clipping(share, phase_rad))


def _clipped(pair: Pair) -> tuple[Tensor, Tensor] | None:
    """K-space of the body at rest before and after the converter; None where nothing clips."""
    scan = pair.scan
    events = [event for event in scan.events if isinstance(event, Clipping)] if isinstance(scan, MRIScan) else []
    if not events:
        return None
    after = before = at_rest(scan)
    for event in events:
        after = event.apply(after, scan)
    return before, after


@measure("%")
def energy_clipped(pair: Pair) -> Reading:
    """Share of the signal's energy that the converter cut off: of the body at rest, all channels."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    found = _clipped(pair)
    if found is None:
        return Reading(0.0)
    before, after = (part.abs().double().square().sum() for part in found)
    return Reading(100 * float((before - after) / before)) if float(before) > 0 else Reading(None, "the object is empty")


@measure("samples")
def samples_clipped(pair: Pair) -> Reading:
    """How many samples of a channel the converter cut off on average: of the body at rest."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    found = _clipped(pair)
    return Reading(0.0 if found is None else float((found[0] != found[1]).sum()) / len(found[0]))
