"""Incomplete projections: a block of views that never reached the computer, or for which the tube arced."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from physics.ct.dose import kernel_matched
from physics.ct.geometry import Array, Parallel
from physics.ct.scan import CTScan, Stage
from physics.scan import EditConflict

Repair = Literal["interpolated", "repeated", "blank"]
REPAIRS: tuple[Repair, ...] = ("interpolated", "repeated", "blank")


@dataclass(frozen=True, slots=True)
class LostViews:
    """A block of views about `centre`, `length` views long (fractions of the views at its ends), and what stands in for them.

    repair : "interpolated": views between the last one before and the first one after; "repeated": the last one before; "blank": air.
    """

    centre: float
    length: float
    repair: Repair
    stage: ClassVar[IntEnum] = Stage.LOG
    rank: ClassVar[int] = 30  # after what every channel reads, before the weights of views

    def apply(self, measured: Tensor, scan: CTScan) -> Tensor:
        """measured : (view, ray) line integrals."""
        n_views = measured.shape[0]
        before, after = math.floor(self.centre - self.length / 2 - 0.5), math.ceil(self.centre + self.length / 2 + 0.5)
        views = np.arange(before + 1, after)
        share = torch.from_numpy(self.lost(n_views)[views % n_views]).to(measured.dtype)[:, None]
        along = torch.from_numpy((views - before) / (after - before)).to(measured.dtype)[:, None]
        last, first = measured[before % n_views], measured[after % n_views]
        stand_in = {"interpolated": (1 - along) * last + along * first, "repeated": last, "blank": torch.zeros_like(last)}[self.repair]
        out = measured.clone()
        out[views % n_views] = measured[views % n_views] * (1 - share) + share * stand_in
        return out

    def lost(self, n_views: int) -> Array:
        """The share of each view's time that lies within the block."""
        distance = np.abs(np.mod(np.arange(n_views) - self.centre + n_views / 2, n_views) - n_views / 2)
        return np.asarray(np.clip(self.length / 2 + 0.5 - distance, 0.0, min(self.length, 1.0)))


def lose_views(scan: CTScan, lost: LostViews) -> CTScan:
    """A few straight streaks along one direction across the whole section.

    Model
        The views of a block are replaced: by linear interpolation over the angle between the views beside it, channel by channel, by the last view before
        it, or by nothing (p = 0). The error lies in the lines of these views alone: streaks along their rays, and a wedge of the spectrum across them.
    Parameters
        lost : centre in views from view 0, length in views, what stands in.
    Returns
        The scan with the event added; a length of 0 leaves it as it was.
    Assumes
        A full turn, in which the opposite views are kept: they halve the error.
    Not modelled
        Weights that hand the gap to the opposite views; more noise while a tube recovers from an arc (what its reference channel writes down is made good).
    References
        Hsieh 2015, Computed Tomography, chapter 7 (tube spits); Barrett and Keat 2004, RadioGraphics 24, 1679.
    Oracle
        Streaks along the rays of the lost view within 2 degrees; energy in their wedge only; views that change evenly are interpolated without error
        (tests/physics/ct/test_ct_lost_views.py).
    Raises
        ValueError: more than a quarter of the views, or an unknown repair. EditConflict: a parallel beam; or a block is lost already, and one gap could
        then be filled from the other.
    """
    n_views = scan.geometry.n_views
    if isinstance(scan.geometry, Parallel):
        raise EditConflict("geometry: views are lost from a full turn, half a turn of a parallel beam has no view before its first")
    if not 0.0 <= lost.length <= n_views / 4 or lost.repair not in REPAIRS:
        raise ValueError(f"{lost}: length 0 to {n_views // 4} views, repair {', '.join(REPAIRS)}")
    if lost.length == 0:
        return scan
    if any(isinstance(event, LostViews) for event in scan.events):
        raise EditConflict(f"lost views: a block is lost already, {lost} was asked; one gap could be filled from the other")
    return kernel_matched(scan).with_events(lost)
