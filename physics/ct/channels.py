"""Rings: channels of the detector that read too much or too little at every view."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from physics.ct.dose import kernel_matched
from physics.ct.geometry import Array, Geometry, Parallel
from physics.ct.scan import CTScan, Stage
from physics.scan import EditConflict

Course = Literal["steady", "drifting", "intermittent"]
COURSES: tuple[Course, ...] = ("steady", "drifting", "intermittent")
EDGE = 0.02  # of a turn: how long an intermittent fault takes to come and to go


@dataclass(frozen=True, slots=True)
class ChannelErrors:
    """The relative error of each channel, and when in the turn it is there.

    errors : one for each channel, above -1 (dead). course : "steady"; "drifting": from 0 at the scan's start to the full error at its end; "intermittent":
    only for a part of the turn. start_turn : where in the turn the scan starts, or the intermittent fault; length_turn : how long that lasts; shares of a turn.
    """

    errors: tuple[float, ...]
    course: Course = "steady"
    start_turn: float = 0.0
    length_turn: float = 1.0

    def over_turn(self, geometry: Geometry) -> Tensor:
        """(view, channel) error."""
        since = np.mod(np.arange(geometry.n_views) / geometry.n_views - self.start_turn, 1.0)
        return torch.from_numpy(np.outer(self._course(since), np.asarray(self.errors)))

    def _course(self, since: Array) -> Array:
        """Share of the error at a time since the start, both in turns."""
        if self.course == "steady":
            return np.ones_like(since)
        if self.course == "drifting":
            return since
        inside = np.minimum(since, self.length_turn - since)
        return np.asarray(0.5 - 0.5 * np.cos(math.pi * np.clip(inside / EDGE, 0.0, 1.0)))


@dataclass(frozen=True, slots=True)
class ChannelGain:
    """Channels whose gain is no longer the one of the last air calibration: the logarithm makes a constant of it."""

    wrong: ChannelErrors
    stage: ClassVar[IntEnum] = Stage.LOG
    rank: ClassVar[int] = 12

    def apply(self, measured: Tensor, scan: CTScan) -> Tensor:
        """measured : (view, ray) line integrals."""
        return measured - torch.log1p(self.wrong.over_turn(scan.geometry)).to(measured.dtype)


@dataclass(frozen=True, slots=True)
class ChannelResponse:
    """Channels that answer to a hardened beam otherwise than their neighbours: right in air, wrong behind the patient."""

    wrong: ChannelErrors
    stage: ClassVar[IntEnum] = Stage.LOG
    rank: ClassVar[int] = 10

    def apply(self, measured: Tensor, scan: CTScan) -> Tensor:
        """measured : (view, ray) line integrals."""
        return measured * (1.0 + self.wrong.over_turn(scan.geometry).to(measured.dtype))


def misread_channels(scan: CTScan, wrong: ChannelErrors, *, spectral: bool = False) -> CTScan:
    """Bright and dark circles about the isocentre.

    Model
        A channel k of gain 1 + eps_k c(view) reads p + d with d = -ln(1 + eps_k c). It sees the lines at the distance r = R |sin(gamma_k)| from the isocentre
        at all angles, so the steady error d of a channel of width w is the picture of a circular ridge, d w / (2 pi) times the filtered kernel averaged over
        the circle: at the centre d w h(r), far from it a ring of height ~ r^-1/2. A spectral error reads p (1 + eps_k c): nothing in air, most behind the
        thickest tissue.
    Parameters
        wrong : errors of the channels and their course. spectral : the error is of the response to a hardened beam, not of the gain.
    Returns
        The scan with the event added; errors of 0 leave it as it was.
    Assumes
        A full turn of a third-generation scanner, whose channels keep their distance from the isocentre.
    Not modelled
        Ring filters of the scanner; gains that depend on temperature or on the history of the dose.
    References
        Shepp and Stein 1977; Hsieh 2015, Computed Tomography, chapter 7 (detector errors).
    Oracle
        Radius R |sin(gamma)| within half a pixel; the height follows d; the closed value at the isocentre; a steady error has no azimuth
        (tests/physics/ct/test_ct_channels.py).
    Raises
        EditConflict: a parallel beam, whose half turn would make half circles. ValueError: a number of errors that is not the detector's, or an error of -1
        and less.
    """
    if isinstance(scan.geometry, Parallel):
        raise EditConflict("geometry: rings need a full turn, a parallel beam over 180 degrees makes half circles")
    if len(wrong.errors) != scan.geometry.n_channels:
        raise ValueError(f"{len(wrong.errors)} errors for {scan.geometry.n_channels} channels")
    if min(wrong.errors) <= -1.0:
        raise ValueError(f"error {min(wrong.errors)}: a channel without any signal is -1, errors lie above")
    if not any(wrong.errors):
        return scan
    return kernel_matched(scan).with_events(ChannelResponse(wrong) if spectral else ChannelGain(wrong))
