"""A slice that is too thick: everything within it is averaged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import sqrt
from typing import ClassVar

import numpy as np
from torch import Tensor

from physics.measure.pair import Pair, Reading, measure
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage
from physics.mri.slice_profile import SliceProfile, excited_slice, missing_slab, require_single_slice, slab_weights
from physics.scan import EditConflict


@dataclass(frozen=True, slots=True)
class ThickSlice:
    """The body is excited over a profile instead of where the source's slice lies."""

    profile: SliceProfile
    stage: ClassVar[IntEnum] = Stage.OBJECT
    rank: ClassVar[int] = -100  # what is excited comes before what becomes of it

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: density (row, column), still that of the body."""
        slab = scan.slab
        assert slab is not None
        return data + (excited_slice(scan, slab_weights(slab, np.zeros((1, 1)), self.profile)) - scan.body.density)


def thicken(scan: MRIScan, profile: SliceProfile) -> MRIScan:
    """Partial volume: borders that are not upright in the slice turn into gradients, sulci and small lesions fade.

    Model
        rho(r) <- integral of w(z) rho(r, z) dz over the integral of w, a complex sum over the slices of the slab, with w the excited profile and cubic
        convolution between the slices (slice_profile.slice_kernel). Linear, so a ramp across the slice stays what it is.
    Parameters
        profile : of the excitation; it comes on top of the thickness that the source's slices have themselves.
    Returns
        The scan with the event; a thickness of 0 leaves it as it was.
    Assumes
        One phase through the slab (a spin echo, or a field that is even across the slice). Signal is shown per volume, as after prescan.
    Not modelled
        Dephasing across the slice, the gain in signal over noise (noise of the source in air stays as it is).
    Raises
        ValueError: the scan has no slab, or it does not reach as far as the profile. EditConflict: the slice has another profile already.
    References
        Pauly et al. 1991, 10.1109/42.75611; Gonzalez Ballester, Zisserman and Brady 2002, Med. Image Anal. 6, 389 (partial volume).
    Oracle
        A ramp stays a ramp; a Gaussian volume integrates exactly; total signal is kept (tests/physics/mri/test_thick_slice.py).
    """
    if profile.thickness_mm <= 0:
        return scan
    if reason := missing_slab(scan, profile.half_extent_mm):
        raise ValueError(reason)
    require_single_slice(scan)
    present = profile_of(scan)
    if present is not None and present != profile:
        raise EditConflict(f"slice profile: the slice has {present} already; {profile} was asked for")
    return scan if present == profile else scan.with_event(ThickSlice(profile))


def profile_of(scan: MRIScan) -> SliceProfile | None:
    """The profile that a scan excites, None for that of its source."""
    return next((event.profile for event in scan.events if isinstance(event, ThickSlice)), None)


@measure("mm")
def slice_thickness(pair: Pair) -> Reading:
    """Thickness of the rectangle with the variance of the excited profile, that of the source's own slices included."""
    scan = pair.scan
    if not isinstance(scan, MRIScan):
        return NO_SCAN
    if scan.slab is None:
        return Reading(None, "the source is a single picture: its thickness is not known")
    own, profile = scan.slab.spacing_mm[0], profile_of(scan)
    return Reading(own if profile is None else sqrt(own**2 + equivalent_mm(profile) ** 2))


def equivalent_mm(profile: SliceProfile) -> float:
    """Thickness of the rectangle with the variance of a profile: twelve times the variance is the thickness squared."""
    z = (np.arange(4001) - 2000) / 2000 * profile.half_extent_mm
    share = profile.at(z)
    return sqrt(12 * float((share * z**2).sum() / share.sum()))
