"""Partial volume: a slice so thick that one ray averages the quanta of several tissues."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics.ct.geometry import Array
from physics.ct.scan import CTScan, Stage
from physics.ct.slab import layer_weights, missing_slab, require_own_slice, slab_of, slice_rays
from physics.measure.pair import Pair, Reading, measure

_SUB_SLICES_A_STEP = 2
_LEAST_SUB_SLICES = 12


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The slice sensitivity profile: a rectangle with straight slopes, a box of thickness_mm convolved with one of slope * thickness_mm.

    thickness_mm : full width at half maximum. slope : width of one slope over the thickness, 0 to 1; 1 is the triangle of a helical scan.
    """

    thickness_mm: float
    slope: float = 0.0

    def __post_init__(self) -> None:
        if not (0.0 <= self.thickness_mm <= 50.0 and 0.0 <= self.slope <= 1.0):
            raise ValueError(f"{self}: a thickness of 0 to 50 mm, slopes of 0 to 1 of it")

    @property
    def half_extent_mm(self) -> float:
        """Where the profile ends."""
        return self.thickness_mm * (1 + self.slope) / 2

    def at(self, z_mm: Array) -> Array:
        """Sensitivity at a height above the slice: 1 in the middle, 1/2 at half the thickness, 0 outside."""
        width = max(self.slope * self.thickness_mm, 1e-9)
        return np.asarray(np.clip((self.half_extent_mm - np.abs(z_mm)) / width, 0.0, 1.0))

    def sub_slices(self, step_mm: float) -> tuple[Array, Array]:
        """Heights of equally thick sub-slices in mm, two or more to a step of the slab, and their shares of the quanta."""
        n = max(_LEAST_SUB_SLICES, math.ceil(2 * _SUB_SLICES_A_STEP * self.half_extent_mm / step_mm))
        z = ((np.arange(n) + 0.5) / n * 2 - 1) * self.half_extent_mm
        share = self.at(z)
        return z, share / share.sum()

    @property
    def equivalent_mm(self) -> float:
        """Thickness of the rectangle with the same variance."""
        return self.thickness_mm * math.sqrt(1 + self.slope**2)


@dataclass(frozen=True, slots=True)
class ThickSlice:
    """The quanta of a layer are counted together instead of those of the source's slice."""

    profile: Sensitivity
    stage: ClassVar[IntEnum] = Stage.RAYS
    makes_slice: ClassVar[bool] = True
    rank: ClassVar[int] = 10  # what the rays pass comes before how they are aimed and what moves in them
    of_source: ClassVar[bool] = True

    def apply(self, rays: Tensor, scan: CTScan) -> Tensor:
        """rays : (view, ray)."""
        return (rays + ray_change(scan, self.profile)).clamp_min(0.0)


def ray_change(scan: CTScan, profile: Sensitivity) -> Tensor:
    """(view, ray) how the line integrals of a thick slice differ from those of the scan's own: -ln sum_j w_j exp(-(p_j - p)), p_j of each sub-slice."""
    slab = slab_of(scan)
    z, share = profile.sub_slices(slab.step_mm)
    weights = layer_weights(slab, z)
    used = np.flatnonzero(np.abs(weights).max(axis=1))
    own = slice_rays(scan, slab.index)
    others = {int(place): slice_rays(scan, int(place)) - own for place in used if place != slab.index}
    passed = torch.zeros_like(own)
    for j, part in enumerate(share.tolist()):
        longer = torch.zeros_like(own)
        for place, difference in others.items():
            if weights[place, j]:
                longer.add_(difference, alpha=float(weights[place, j]))
        passed.add_(torch.exp_(longer.neg_()), alpha=part)
    return -torch.log(passed)


def thicken(scan: CTScan, profile: Sensitivity) -> CTScan:
    """Blurred oblique borders, lost small lesions, and dark streaks between bones that fill only part of the slice.

    Model
        The detector counts the quanta of the whole layer and takes the logarithm of their mean:
        p = -ln sum_j w_j exp(-p_j), p_j the line integrals of sub-slice j, w the slice sensitivity profile. To first order p = sum w_j p_j, the mean of the
        slices; the rest, -1/2 of the variance of p_j, is never positive and is largest along rays through bone that ends within the slice. Sub-slices
        lie between the slices of the slab by cubic convolution.
    Parameters
        profile : of the slice; it comes on top of the thickness that the source's slices have themselves. At most as thick as the slab.
    Returns
        The scan with the event; a thickness of 0 leaves it as it was. What changes bears the kernel of the source already and is reconstructed without one.
    Assumes
        Rays in the plane of each sub-slice; one energy. Beyond the slab, where only slopes reach, the body goes on as its outermost slices are.
    Not modelled
        Cone angle; the profile's change from the middle of the field to its rim.
    References
        Glover and Pelc 1980, Med Phys 7, 238 (non-linear partial volume); Hsieh 2015, Computed Tomography, chapter 7.
    Oracle
        Two sub-slices in closed form; p below the mean of the sub-slices everywhere; an upright body is left as it was; the width of the response to a thin
        plate and to an edge (tests/physics/ct/test_ct_partial_volume.py).
    Raises
        ValueError: the scan has no slab, or a thinner one. EditConflict: the slice is made otherwise already.
    """
    if profile.thickness_mm == 0:
        return scan
    if reason := missing_slab(scan, profile.thickness_mm / 2):
        raise ValueError(reason)
    require_own_slice(scan, profile)
    return scan.with_events(ThickSlice(profile))


def profile_of(scan: CTScan) -> Sensitivity | None:
    """The profile of a scan's slice, None for that of its source."""
    return next((event.profile for event in scan.events if isinstance(event, ThickSlice)), None)


@measure("mm")
def slice_thickness_mm(pair: Pair) -> float | Reading:
    """Thickness of the rectangle with the variance of the slice sensitivity profile; the distance of the source's slices counts as their own thickness."""
    scan = pair.scan
    if scan is None:
        return Reading(None, "the scan is not known")
    if scan.slab is None:
        return Reading(None, "the source is a single picture: its thickness is not known")
    own, profile = scan.slab.step_mm, profile_of(scan)
    return float(own if profile is None else math.hypot(own, profile.equivalent_mm))
