"""Other slices of an examination: beside ours, or across it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, hypot, radians, sin

import numpy as np
from numpy.typing import NDArray

from physics.fourier import centred_grid
from physics.mri.body import Body
from physics.mri.slice_profile import SliceProfile

PITCH = 1.05  # distance of crossing slices over what each excites: a stack with small gaps

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OtherSlice:
    """A slice that is excited at `delay` (share of the repetition time) after ours, under the same kind of profile.

    angle_deg : between the two planes; 0 is a parallel slice. offset_mm : of its mid-plane from ours along the common normal where it is parallel, else of
    the line in which the mid-planes cross, along a direction in the picture.
    """

    thickness_mm: float
    offset_mm: float
    angle_deg: float
    delay: float

    def distance_mm(self, x_mm: Array, z_mm: Array) -> Array:
        """From its mid-plane, of points at x along the picture and z across it."""
        if self.angle_deg == 0:
            return z_mm - self.offset_mm + 0 * x_mm
        angle = radians(self.angle_deg)
        distance: Array = (x_mm - self.offset_mm) * sin(angle) + z_mm * cos(angle)
        return distance


def touches(own: SliceProfile, other: OtherSlice) -> bool:
    """Whether another slice excites anything that the own one does; a crossing slice always does, unless it has no thickness."""
    if other.thickness_mm <= 0:
        return False
    return other.angle_deg != 0 or abs(other.offset_mm) < own.half_extent_mm + SliceProfile(other.thickness_mm, own.transition).half_extent_mm


def neighbours(own: SliceProfile, *, shared: float, delays: Sequence[float]) -> tuple[OtherSlice, ...]:
    """One parallel slice to either side (delays[0] below, delays[1] above), so close that they excite a share of the own slice's extent together."""
    apart = 2 * own.half_extent_mm * (1 - shared / 2)
    return OtherSlice(own.thickness_mm, -apart, 0.0, delays[0]), OtherSlice(own.thickness_mm, apart, 0.0, delays[1])


def crossing(body: Body, *, shared: float, direction_deg: float, centre: float, angle_deg: float, delays: Sequence[float]) -> tuple[OtherSlice, ...]:
    """A stack of slices of another direction that crosses the body.

    Model
        Strips side by side, PITCH times apart what each excites, together over a share of the body's length along the direction; their thickness is their width
        in the picture times sin of the angle.
    Parameters
        body : crossed. shared : of its length. direction_deg : across the strips, 0 is right, 90 down. centre : of the group, 0 to 1 along the body. angle_deg
        : between the stacks. delays : one a slice, of a repetition.
    Returns
        The slices.
    Assumes
        Strips straight through the body.
    Not modelled
        Stacks of unequal slices.
    References
        Kneeland, Shimakawa and Wehrli 1986, 10.1148/radiology.158.3.3945757.
    Oracle
        Share, place, distance and thickness (tests/physics/mri/test_cross_talk.py).
    """
    low, high = body_ends_mm(body, direction_deg)
    extent = shared * (high - low) / len(delays)  # of each strip
    middle = low + centre * (high - low)
    thickness = extent * sin(radians(angle_deg)) / (2 * SliceProfile(1.0).half_extent_mm)
    return tuple(OtherSlice(thickness, middle + PITCH * extent * (place - (len(delays) - 1) / 2), angle_deg, delay) for place, delay in enumerate(delays))


def body_ends_mm(body: Body, direction_deg: float) -> tuple[float, float]:
    """Where the body begins and ends along a direction, in millimetres from the centre pixel."""
    down, right = centred_grid(tuple(body.density.shape))
    angle = radians(direction_deg)
    along = (right * (body.spacing_mm[1] * cos(angle)) + down * (body.spacing_mm[0] * sin(angle)))[body.support.cpu()]
    if along.numel() == 0:
        half = hypot(*(n * d / 2 for n, d in zip(body.density.shape, body.spacing_mm, strict=True)))
        return -half, half
    return float(along.min()), float(along.max())
