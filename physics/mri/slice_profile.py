"""What a selective pulse excites across the slice, and how slices of another place and thickness are made of a slab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import pi

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.mri.body import Body
from physics.mri.chain import Slab
from physics.mri.scan import MRIScan
from physics.scan import EditConflict

TRANSITION = 0.15  # of the thickness: slope of a Shinnar-Le Roux pulse of usual duration
COARSEST_MM = 3.5  # slices further apart say nothing of what lies between them
_TABLE = 256  # nodes per step of a slab
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SliceProfile:
    """A rectangle with raised-cosine slopes. thickness_mm : full width at half maximum. transition : width of one slope over the thickness."""

    thickness_mm: float
    transition: float = TRANSITION

    @property
    def half_extent_mm(self) -> float:
        """Where the excitation ends."""
        return self.thickness_mm * (1 + self.transition) / 2

    def at(self, z_mm: Array) -> Array:
        """Excitation at a distance from the middle of the slice: 1 inside, 1/2 at half the thickness, 0 outside."""
        slope = self.thickness_mm * self.transition
        beyond = np.clip((np.abs(z_mm) - (self.thickness_mm - slope) / 2) / max(slope, 1e-12), 0.0, 1.0)
        share: Array = 0.5 * (1 + np.cos(pi * beyond))
        return share

    @property
    def breaks_mm(self) -> tuple[float, ...]:
        """Where the profile changes its formula."""
        inner, outer = self.thickness_mm * (1 - self.transition) / 2, self.half_extent_mm
        return (-outer, -inner, inner, outer)


def between(steps: Array) -> Array:
    """Weight of a slice at a distance in steps, for what lies between slices: cubic convolution, exact for parabolas (Keys 1981)."""
    u = np.abs(steps)
    near, far = (1.5 * u - 2.5) * u**2 + 1, ((-0.5 * u + 2.5) * u - 4) * u + 2
    weight: Array = np.where(u <= 1, near, np.where(u < 2, far, 0.0))
    return weight


def slice_kernel(profile: SliceProfile | None, step_mm: float) -> Callable[[Array], Array]:
    """Weight of a slice of a slab as a function of its distance (mm) from the middle of the excited slice; None for one as thin as the source's.

    Model
        W(d) = integral of w(z) kappa((d - z) / step) dz over the integral of w: the profile w applied to what kappa (`between`) puts between the slices.
    Parameters
        profile : of the excitation. step_mm : of the slab.
    Returns
        A function of distances in mm. Its values at the slices add up to 1 wherever the excited slice lies.
    Assumes
        The source's own slices are thin against the profile, or their thickness is meant to come on top.
    Not modelled
        Phase across the profile (a rephased slice).
    References
        Pauly, Le Roux, Nishimura and Macovski 1991, 10.1109/42.75611 (slice profiles); Keys 1981, 10.1109/TASSP.1981.1163711.
    Oracle
        Ramps and parabolas; a Gaussian integrated exactly (tests/physics/mri/test_slice_profile.py).
    """
    if profile is None or profile.thickness_mm <= 0:
        return lambda distance_mm: between(distance_mm / step_mm)
    nodes, values = _tabulated(profile, step_mm)
    return lambda distance_mm: np.interp(np.abs(distance_mm), nodes, values, right=0.0)


@lru_cache(maxsize=16)
def _tabulated(profile: SliceProfile, step_mm: float) -> tuple[Array, Array]:
    nodes = np.arange(0.0, profile.half_extent_mm + 2 * step_mm + step_mm / _TABLE, step_mm / _TABLE)
    knots = step_mm * np.arange(-2, 3)  # where kappa changes its formula, about each node
    ends = np.sort(np.concatenate([np.broadcast_to(profile.breaks_mm, (len(nodes), 4)), nodes[:, None] - knots], axis=1), axis=1)
    half, middle = np.diff(ends, axis=1)[..., None] / 2, (ends[:, 1:] + ends[:, :-1])[..., None] / 2
    z = middle + half * _NODES
    values = (half * _WEIGHTS * profile.at(z) * between((nodes[:, None, None] - z) / step_mm)).sum(axis=(1, 2)) / profile.thickness_mm
    return nodes, values


def slab_weights(slab: Slab, offset_mm: Array, profile: SliceProfile | None) -> Array:
    """Which slices of a volume an excited slice is made of.

    Model
        The profile, or the kernel of cubic convolution for a thin slice, at the distance of each slice; the weights add up to 1.
    Parameters
        slab : the slices. offset_mm : (...) of the middle of the excited slice along the normal. profile : None for a thin slice.
    Returns
        (slice, ...).
    Assumes
        Slices that adjoin.
    Not modelled
        Slices beyond the slab.
    References
        Keys 1981, 10.1109/TASSP.1981.1163711.
    Oracle
        Ramps and parabolas are kept, a Gaussian integrates exactly (tests/physics/mri/test_slice_profile.py).
    """
    at = (np.arange(slab.density.shape[0]) - slab.index) * slab.spacing_mm[0]
    offset = np.asarray(offset_mm, dtype=np.float64)
    weights: Array = slice_kernel(profile, slab.spacing_mm[0])(at.reshape(-1, *(1,) * offset.ndim) - offset)
    normed: Array = weights / weights.sum(axis=0, keepdims=True)
    return normed


def excited_slice(scan: MRIScan, weights: Array) -> Tensor:
    """The body that a slice of some profile, offset and tilt sees.

    Model
        rho + a sum_z w_z (rho_z - rho), a 1 where any slice of the slab holds tissue, falling to 0 in air.
    Parameters
        scan : with its slab. weights : (slice, row or 1, column or 1).
    Returns
        (row, column) complex. Air beyond every slice keeps the noise of the body's own slice.
    Assumes
        Phases of neighbouring slices are those of the source.
    Not modelled
        Relaxation that differs from slice to slice.
    References
        Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, chapter 8.
    Oracle
        Weights that tilt from row to row (tests/physics/mri/test_slice_profile.py).
    """
    slab, body = _slab(scan), scan.body.density
    used = np.flatnonzero(np.abs(weights).reshape(len(weights), -1).max(axis=1))
    made = torch.zeros_like(body)
    for place in used:
        made += torch.from_numpy(weights[place]).to(body.real.dtype).to(body.device) * slab.density[place]
    return body + slab_share(slab) * (made - body)


@lru_cache(maxsize=4)
def slab_share(slab: Slab) -> Tensor:
    """(row, column) 1 where any slice of the slab holds tissue, falling to 0 in air."""
    share: Tensor = Body(slab.density.abs().amax(dim=0), (slab.spacing_mm[1], slab.spacing_mm[2])).tissue_share
    return share


def missing_slab(scan: MRIScan, reach_mm: float) -> str | None:
    """Why a scan has no slab that reaches so far to either side, or None."""
    slab = scan.slab
    if slab is None:
        return "the source is a single picture: there are no slices about it"
    step, n = slab.spacing_mm[0], slab.density.shape[0]
    if step > COARSEST_MM:
        return f"the slices of the source are {step:.1f} mm apart; more than {COARSEST_MM} mm says nothing of what lies between them"
    reached = step * min(slab.index, n - 1 - slab.index)
    return None if reached + step / 2 >= reach_mm else f"the slices of the source reach {reached:.1f} mm to the nearer side; {reach_mm:.1f} mm are needed"


def require_single_slice(scan: MRIScan) -> None:
    """Refuse to change a slice where the whole slab is encoded at once: its partitions have no excited profile and no time of their own."""
    if any(getattr(event, "encodes_slab", False) for event in scan.events):
        raise EditConflict("slice: the scan encodes the whole slab in three dimensions; a profile or a movement of one slice was asked for")


def _slab(scan: MRIScan) -> Slab:
    if scan.slab is None:
        raise ValueError("the scan has no slab: its source is a single picture")
    return scan.slab
