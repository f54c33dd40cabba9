"""Photon starvation: rays so long that almost no quantum of theirs arrives."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics.ct.dose import counted
from physics.ct.geometry import Fan, Geometry
from physics.ct.implant import Ellipse
from physics.ct.quanta_lost import noisier_behind
from physics.ct.scan import CTScan, Stage
from physics.scan import EditConflict


@dataclass(frozen=True, slots=True)
class Girth:
    """Matter at both sides of the section, beyond what the picture shows: arms, shoulders, hips.

    limbs : ellipses from the isocentre in mm, their material is not asked. longest_mm : water on the ray that they lengthen most.
    """

    limbs: tuple[Ellipse, ...]
    longest_mm: float

    def added(self, scan: CTScan) -> Tensor:
        """(view, ray) line integrals of the limbs."""
        shape = _chords(self.limbs, scan.geometry)
        return (shape * (self.longest_mm * scan.mu_water)).to(scan.hu.dtype)


def _chords(limbs: tuple[Ellipse, ...], geometry: Geometry) -> Tensor:
    """The limbs' chords, summed, over the longest of all rays."""
    theta = geometry.theta()[:, None] + (geometry.gamma() if isinstance(geometry, Fan) else 0.0)
    chords = np.sum([limb.chord_mm(theta, np.broadcast_to(geometry.s_mm(), theta.shape) if theta.shape[1] > 1 else geometry.s_mm()) for limb in limbs], axis=0)
    return torch.from_numpy(chords / max(float(chords.max()), 1e-12))


@dataclass(frozen=True, slots=True)
class Starving:
    """Rays that the limbs lengthen."""

    girth: Girth
    hardens: ClassVar[bool] = False
    stage: ClassVar[IntEnum] = Stage.SPECTRUM
    rank: ClassVar[int] = 60

    def apply(self, rays: Tensor, scan: CTScan) -> Tensor:
        """rays : (view, ray) line integrals."""
        return rays + self.girth.added(scan)


@dataclass(frozen=True, slots=True)
class BeyondThePicture:
    """What the limbs add to the logarithm makes the limbs, outside of the picture; it is left out of it, their noise and their floor stay."""

    girth: Girth
    stage: ClassVar[IntEnum] = Stage.LOG
    rank: ClassVar[int] = 5

    def apply(self, measured: Tensor, scan: CTScan) -> Tensor:
        """measured : (view, ray) line integrals."""
        return measured - self.girth.added(scan)


def starve(scan: CTScan, longest_mm: float, *, limbs: tuple[Ellipse, ...], seed: int, electronic_noise: float | None = None) -> CTScan:
    """Streaks along the widest diameter, where the detector hardly sees anything.

    Model
        p gains mu_water T c / max c, c the chords of limbs that lie beside the picture, T the water on the ray they lengthen most. The quanta of those rays
        fade by exp(-p gained), their noise and that of the electronics stay (`physics.ct.quanta_lost`), the logarithm ends at half a quantum. What the limbs
        add to the mean of the logarithm is taken out again: it would show the limbs, which lie outside of the picture.
    Parameters
        longest_mm : T, 0 (the source) to 500. limbs : ellipses beside the body. seed : of the noise. electronic_noise : quanta; None keeps the scan's.
    Returns
        The scan with its events. T = 0 leaves it as it was.
    Assumes
        Limbs of water; within the fan, so that they are reconstructed where they lie.
    Not modelled
        Their hardening and scatter; adaptive filters against starvation.
    References
        Hsieh 1998 (adaptive streak reduction); Kachelriess, Watzke and Kalender 2001; Barrett and Keat 2004.
    Oracle
        Added variance of a ray 1/N' - 1/N + sigma_e^2 (1/N'^2 - 1/N^2) where quanta are many, bias and variance of the table of few quanta where not;
        streaks run along the line of the limbs (tests/physics/ct/test_ct_photon_starvation.py).
    Raises
        ValueError: a negative length, no limb, negative noise. EditConflict: limbs were added before.
    """
    if not 0.0 <= longest_mm < math.inf or not limbs or (electronic_noise is not None and electronic_noise < 0):
        raise ValueError(
            f"longest_mm {longest_mm}, {len(limbs)} limbs, electronic noise {electronic_noise}: a length from 0 on, at least one limb, noise from 0 on"
        )
    if longest_mm == 0.0:
        return scan
    if any(isinstance(event, Starving) for event in scan.events):
        raise EditConflict(f"girth: limbs lengthen the rays already, {longest_mm} mm were asked as well; add them once")
    scan = counted(scan)
    scan = scan if electronic_noise is None else replace(scan, electronic_noise=electronic_noise)
    girth = Girth(limbs, longest_mm)
    return noisier_behind(scan.with_events(Starving(girth), BeyondThePicture(girth)), seed=seed)
