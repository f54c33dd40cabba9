"""The slices about a slice: what lies above and below it, and the rays of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from physics.ct.geometry import Array
from physics.ct.memory import Memory
from physics.scan import EditConflict

if TYPE_CHECKING:
    from physics.ct.scan import CTScan

COARSEST_MM = 3.5  # slices further apart say nothing of what lies between them
NO_SLAB = "the source is a single picture: there are no slices about it"
_AIR_HU, _PADDING_BELOW_HU = -1000.0, -1024.0
_TABLE = 256  # nodes per step of a slab
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_RAYS: Memory[Tensor] = Memory(size=32)  # 3.5 MB each; what a layer of 10 mm needs of slices half a millimetre apart


@dataclass(frozen=True, eq=False)
class Slab:
    """Slices of one series, evenly spaced. hu : (slice, row, column); entry `index` is the scan's own picture. step_mm : from slice to slice along z."""

    hu: Tensor
    index: int
    step_mm: float

    @property
    def z_mm(self) -> Array:
        """Height of each slice above the picture."""
        return (np.arange(self.hu.shape[0]) - self.index) * self.step_mm

    @property
    def reach_mm(self) -> float:
        """How far it reaches to the nearer side, half a step beyond its last slice."""
        return (min(self.index, self.hu.shape[0] - 1 - self.index) + 0.5) * self.step_mm


def slab_of(scan: CTScan) -> Slab:
    """The slab of a scan.

    Raises
        ValueError: it has none.
    """
    if scan.slab is None:
        raise ValueError(NO_SLAB)
    return scan.slab


def missing_slab(scan: CTScan, reach_mm: float) -> str | None:
    """Why a scan has no slab that reaches so far to either side, or None."""
    slab = scan.slab
    if slab is None:
        return NO_SLAB
    if slab.step_mm > COARSEST_MM:
        return f"the slices of the source are {slab.step_mm:.1f} mm apart; more than {COARSEST_MM} mm says nothing of what lies between them"
    if slab.reach_mm + 1e-6 >= reach_mm:
        return None
    return f"the slices of the source reach {slab.reach_mm:.1f} mm to the nearer side; {reach_mm:.1f} mm are needed"


def require_own_slice(scan: CTScan, asked: object) -> None:
    """Refuse a second edit of which layers the slice is made of: a thick slice, a helix and a circle far off its plane each say all of it.

    Raises
        EditConflict: an event of the scan says so already (`makes_slice`).
    """
    for event in scan.events:
        if getattr(event, "makes_slice", False):
            raise EditConflict(f"slice: it is made by {event} already; {asked} was asked for")


def attenuating_slice(scan: CTScan, place: int) -> Tensor:
    """One slice of the slab in HU, as the rays meet it: padding is air."""
    hu = slab_of(scan).hu[place]
    marked = hu < _PADDING_BELOW_HU if scan.padding is None else scan.padding | (hu < _PADDING_BELOW_HU)
    return torch.where(marked, torch.full_like(hu, _AIR_HU), hu)


def slice_rays(scan: CTScan, place: int) -> Tensor:
    """The noiseless line integrals of one slice of the slab, in its own plane; those of the picture itself are the very ones that the scanner starts from."""
    from physics.ct.acquire import rays_of, through  # the scanner is described without what may happen in it
    from physics.ct.spectrum import mu_of

    slab = slab_of(scan)
    if place == slab.index:
        return rays_of(scan)
    key = (place, scan.grid, scan.geometry, scan.kvp)
    return _RAYS.get(slab.hu, key, make=lambda: through(mu_of(attenuating_slice(scan, place), mu_water=scan.mu_water), scan))


def between(steps: Array) -> Array:
    """Weight of a slice at a distance in steps, for what lies between slices: cubic convolution, exact for parabolas (Keys 1981)."""
    u = np.abs(steps)
    near, far = (1.5 * u - 2.5) * u**2 + 1, ((-0.5 * u + 2.5) * u - 4) * u + 2
    return np.asarray(np.where(u <= 1, near, np.where(u < 2, far, 0.0)))


def slice_kernel(width_mm: float, step_mm: float) -> Callable[[Array], Array]:
    """Weight of a slice of a slab as a function of its distance from the middle of a layer of some thickness.

    Model
        W(d) = (1 / c) integral of kappa((d - z) / step) dz over |z| < c / 2: the mean over the layer of what kappa (`between`) puts between the slices.
    Parameters
        width_mm : c, 0 for a thin layer. step_mm : of the slab.
    Returns
        A function of distances in mm; its values at the slices of an endless slab add up to 1 wherever the layer lies, and their first moment is its place.
    Assumes
        The thickness of the source's own slices is meant to come on top.
    Not modelled
        Slices that overlap by more than half.
    References
        Keys 1981, 10.1109/TASSP.1981.1163711.
    Oracle
        Constants, ramps and parabolas of z; the mean of a Gaussian over the layer (tests/physics/ct/test_ct_slab.py).
    """
    if width_mm <= 0:
        return lambda distance_mm: between(distance_mm / step_mm)
    nodes, values = _tabulated(width_mm, step_mm)
    return lambda distance_mm: np.interp(np.abs(distance_mm), nodes, values, right=0.0)


@lru_cache(maxsize=32)
def _tabulated(width_mm: float, step_mm: float) -> tuple[Array, Array]:
    nodes = np.arange(0.0, width_mm / 2 + 2 * step_mm + step_mm / _TABLE, step_mm / _TABLE)
    knots = nodes[:, None] - step_mm * np.arange(-2, 3)  # where kappa changes its formula
    ends = np.sort(np.concatenate([np.clip(knots, -width_mm / 2, width_mm / 2), np.full((len(nodes), 2), (-width_mm / 2, width_mm / 2))], axis=1), axis=1)
    half, middle = np.diff(ends, axis=1)[..., None] / 2, (ends[:, 1:] + ends[:, :-1])[..., None] / 2
    z = middle + half * _NODES
    return nodes, (half * _WEIGHTS * between((nodes[:, None, None] - z) / step_mm)).sum(axis=(1, 2)) / width_mm


def layer_weights(slab: Slab, height_mm: Array, *, width_mm: float = 0.0) -> Array:
    """Which slices a layer is made of.

    Model
        W(z_k - h) of `slice_kernel`; slices that would lie beyond the slab are replaced by its outermost ones.
    Parameters
        slab : the slices. height_mm : (...) of the middle of the layer, h. width_mm : its thickness.
    Returns
        (slice, ...), adding up to 1.
    Assumes
        The body goes on beyond the slab as its outermost slices are.
    Not modelled
        What really lies there.
    References
        Keys 1981.
    Oracle
        As `slice_kernel`; a layer beyond the slab is its outermost slice (tests/physics/ct/test_ct_slab.py).
    """
    height, n_slices = np.asarray(height_mm, dtype=np.float64), slab.hu.shape[0]
    kernel, weights = slice_kernel(width_mm, slab.step_mm), np.zeros((n_slices, *height.shape))
    extent = width_mm / 2 + 2 * slab.step_mm
    first = int(np.floor((height.min() - extent) / slab.step_mm)) + slab.index
    last = int(np.ceil((height.max() + extent) / slab.step_mm)) + slab.index
    for place in range(min(first, 0), max(last, n_slices - 1) + 1):
        weights[min(max(place, 0), n_slices - 1)] += kernel((place - slab.index) * slab.step_mm - height)
    return weights
