"""Noise of rays that lose quanta in matter which the source did not hold: metal, arms, a thicker patient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import ClassVar

import torch
from torch import Tensor

from physics.ct.acquire import beam_of, shared
from physics.ct.dose import poisson_of, unit_normals
from physics.ct.scan import CTScan, Stage


def _n0(scan: CTScan) -> float:
    assert scan.n0 is not None, "acquire asks for n0 before it counts quanta"
    return scan.n0


@dataclass(frozen=True, slots=True)
class LostQuanta:
    """Quantum noise of rays that keep a share of the source's quanta."""

    seed: int
    stage: ClassVar[IntEnum] = Stage.QUANTA
    rank: ClassVar[int] = 40  # before a lower dose thins what is left

    def apply(self, quanta: Tensor, scan: CTScan) -> Tensor:
        """quanta : (view, ray), expected. Of the variance a N of a ray that keeps the share a the source's own noise makes a^2 N."""
        share = (quanta / (beam_of(scan).expected * _n0(scan))).clamp(0.0, 1.0)
        drawn = poisson_of(quanta, torch.from_numpy(unit_normals(self.seed, 2, (quanta.shape[0], quanta.shape[1]))).to(quanta.dtype))
        noisy: Tensor = quanta + (drawn - quanta) * (1.0 - share).sqrt()
        return noisy


@dataclass(frozen=True, slots=True)
class LostSignal:
    """Electronic noise of rays that keep a share of the source's signal."""

    seed: int
    stage: ClassVar[IntEnum] = Stage.DETECTOR
    rank: ClassVar[int] = 40

    def apply(self, signal: Tensor, scan: CTScan) -> Tensor:
        """signal : (view, ray), quanta. Of the variance of the electronics the source's own, scaled with the signal, makes a^2."""
        source = shared(beam_of(scan).expected, crosstalk=scan.crosstalk) * (scan.dose * _n0(scan))
        share = (signal / source).clamp(0.0, 1.0)
        normals = torch.from_numpy(unit_normals(self.seed, 3, (signal.shape[0], signal.shape[1]))).to(signal.dtype)
        noisy: Tensor = signal + normals * (1.0 - share.square()).sqrt() * (scan.electronic_noise * scan.dose)
        return noisy


def noisier_behind(scan: CTScan, *, seed: int) -> CTScan:
    """The noise that rays gain where they lose quanta, once for all edits of a scan.

    Model
        A ray that keeps the share a = y / y_source of its quanta N: added variance a (1 - a) N of the quanta, (1 - a^2) sigma_e^2 of the electronics, both
        before a lower dose scales them. With the noise that the source brings, scaled by a, the sum is that of a scan through the new matter.
    Parameters
        scan : quanta known. seed : of the noise; seeds of several edits are added, so that their order does not show.
    Returns
        The scan with both events, or with the seeds of those it had.
    Assumes
        As `physics.ct.dose`.
    Not modelled
        Rays that gain quanta (scatter) keep the noise they had.
    References
        Yu et al. 2012; Zabic et al. 2013 (the same law for a uniform share).
    Oracle
        Moments of a uniform share; equal to a lower dose of that share (tests/physics/ct/test_ct_photon_starvation.py).
    """
    held = [event for event in scan.events if isinstance(event, LostQuanta)]
    if not held:
        return scan.with_events(LostQuanta(seed), LostSignal(seed))
    both = held[0].seed + seed
    return replace(scan, events=tuple(replace(event, seed=both) if isinstance(event, LostQuanta | LostSignal) else event for event in scan.events))
