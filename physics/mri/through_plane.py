"""A body that moves through the slice while its lines are taken: some lines belong to another slice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import linalg
from torch import Tensor

from physics.fourier import positions
from physics.measure.pair import Pair, Reading, measure
from physics.mri.acquire import encoded
from physics.mri.coils import Sensitivity
from physics.mri.encoding import encode
from physics.mri.measures import NO_SCAN
from physics.mri.motion import Motion
from physics.mri.scan import MRIScan, Stage
from physics.mri.slice_profile import excited_slice, missing_slab, require_single_slice, slab_weights
from physics.mri.spin_history import MultiSlice, remembered
from physics.mri.thick_slice import ThickSlice, profile_of
from physics.mri.trajectory import DEG_TO_MM
from physics.scan import EditConflict, of_stage

NODES = 17  # along a tilted axis, where the memory of spins is worked out
MOST_SLICES = 16  # that all lines are made of
TOLERANCE = 1e-4  # of the weights: lines that need no slice of their own

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OutOfPlane:
    """Where the body lies while each line is taken. shift_mm : (line,) towards higher slices. tilt_deg : (line,) lifts places beyond the pivot along `axis`.

    pivot_mm : where a tilt lifts nothing, from the centre pixel along the axis. time : (line,), share of the scan. Entry i belongs to stored line i.
    """

    shift_mm: Array
    tilt_deg: Array
    time: Array
    axis: int = 0
    pivot_mm: float = 0.0

    def lift_mm(self, along_mm: Array) -> Array:
        """(line, place) height that the body has gained at places along the axis."""
        return self.shift_mm[:, None] + np.tan(np.radians(self.tilt_deg))[:, None] * (along_mm - self.pivot_mm)

    @property
    def still(self) -> NDArray[np.bool_]:
        """(line,) where the body lies as it lay at first."""
        return np.asarray((self.shift_mm == 0) & (self.tilt_deg == 0), dtype=np.bool_)

    @property
    def peak_mm(self) -> float:
        """The largest displacement, shift and tilt together as root mean square over a sphere of 80 mm."""
        return float(np.hypot(self.shift_mm, DEG_TO_MM * self.tilt_deg).max())

    def times(self, factor: float) -> Self:
        """The same movement, so many times as large."""
        return replace(self, shift_mm=factor * self.shift_mm, tilt_deg=factor * self.tilt_deg)


@dataclass(frozen=True, slots=True, eq=False)
class ThroughPlane:
    """Lines of k-space that are taken of other slices of the slab."""

    motion: OutOfPlane
    sequence: MultiSlice
    stage: ClassVar[IntEnum] = Stage.ENCODING
    rank: ClassVar[int] = -100  # before anything weights or bends the lines

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column) of the body at rest across the slice."""
        slices, shares, moved = self.slices(scan)
        out = data.clone()
        lines = torch.zeros_like(out.movedim(1 + scan.phase_axis, 1)[:, moved])
        for weights, share in zip(slices, shares.T, strict=True):
            taken = encoded_slice(scan, excited_slice(scan, weights)).movedim(1 + scan.phase_axis, 1)[:, moved]
            lines += torch.from_numpy(share).to(data.real)[None, :, None] * taken
        out.movedim(1 + scan.phase_axis, 1)[:, moved] = lines
        return out

    def slices(self, scan: MRIScan) -> tuple[list[Array], Array, NDArray[np.int64]]:
        """Weights (slice, row or 1, column or 1) of a few slices of the slab, and how much of each makes each moved line: (line, few), index of the lines.

        Every line has its own weights, made of its pose and its memory; a pivoted QR finds few lines of which all are sums.
        """
        slab, motion = scan.slab, self.motion
        assert slab is not None
        along = positions(scan.matrix[motion.axis]).numpy() * scan.spacing_mm[motion.axis]
        nodes = np.linspace(along[0], along[-1], NODES) if motion.tilt_deg.any() else np.full(1, motion.pivot_mm)
        height = (np.arange(slab.density.shape[0]) - slab.index) * slab.spacing_mm[0]

        def lift(places: Array) -> Array:
            return -np.clip(-motion.lift_mm(places), height[0], height[-1])  # beyond the slab its last slice goes on

        order = np.argsort(motion.time, kind="stable")
        memory = np.empty((len(order), len(height), len(nodes)))
        memory[order] = remembered(self.sequence, height[None, :, None] + lift(nodes)[order][:, None, :])
        table = slab_weights(slab, -lift(nodes), profile_of(scan)).swapaxes(0, 1) * memory
        rest = slab_weights(slab, np.zeros(1), profile_of(scan))
        moved = np.flatnonzero(~motion.still | (np.abs(table - rest).max(axis=(1, 2)) > 1e-6))
        chosen, shares = few_of(table[moved].reshape(len(moved), -1))
        full, made = lift(along if len(nodes) > 1 else nodes), []
        for line in moved[chosen]:
            held = memory[line] if len(nodes) == 1 else np.stack([np.interp(along, nodes, row) for row in memory[line]])
            weights = slab_weights(slab, -full[line], profile_of(scan)) * held
            made.append(weights[:, :, None] if motion.axis == 0 else weights[:, None, :])
        return made, shares, moved


def few_of(table: Array) -> tuple[NDArray[np.int64], Array]:
    """Rows of a table of which all rows are sums, at most MOST_SLICES, and the factors (row, chosen). Factors add up to 1."""
    if len(table) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros((0, 0))
    whole = np.concatenate([table, np.full((len(table), 1), 10.0 * np.abs(table).max())], axis=1).T
    triangle, pivots = linalg.qr(whole, mode="r", pivoting=True, check_finite=False)
    diagonal = np.abs(np.diagonal(triangle))
    rank = min(int((diagonal > TOLERANCE * diagonal[0]).sum()), MOST_SLICES)
    factors = np.empty((len(table), rank))
    factors[pivots] = np.concatenate([np.eye(rank), linalg.solve_triangular(triangle[:rank, :rank], triangle[:rank, rank:])], axis=1).T
    return pivots[:rank].astype(np.int64), factors


def encoded_slice(scan: MRIScan, density: Tensor) -> Tensor:
    """k-space of another slice under everything that the scan does to its own one: events of the object, coils, movement in the plane."""
    for event in of_stage(scan, Stage.OBJECT):
        if not isinstance(event, ThickSlice):
            density = event.apply(density, scan)
    if scan.receive is None:
        return encoded(scan, density)
    air = density * (1 - scan.body.tissue_share)
    shapes = Sensitivity.of(scan.array, None, matrix=scan.matrix, spacing_mm=scan.spacing_mm).maps(scan.matrix, like=density) if scan.array else None
    return encoded(scan, density - air) + encode(air, shapes)


def move_through(scan: MRIScan, motion: OutOfPlane, sequence: MultiSlice) -> MRIScan:
    """Lines of neighbouring slices mixed into the picture, and spins that were excited too often or too rarely.

    Model
        s(k_j) = FT[sum over slices of W(z - o_j(r)) h_j(z, r) rho(r, z)](k_j): o_j = -(shift_j + tan(tilt_j) (r - pivot)) is where the slice cuts the body
        while line j is taken, W the kernel of the profile (slice_profile) and h the memory of spins (spin_history). Lines at rest are those of the body.
    Parameters
        motion : pose per stored line. sequence : the stack that the slice belongs to.
    Returns
        The scan with the event; a body at rest leaves it as it was.
    Assumes
        Small tilts (the foreshortening 1 - cos is below 0.3 mm at 4 degrees); events of the object are linear; beyond the slab its last slice goes on.
    Not modelled
        Movement within a line or an echo train, one T1 for all tissue, the main field that changes with the pose.
    Raises
        ValueError: no slab, or one that does not reach as far as the body moves; a pose for each line is missing. EditConflict: a second movement, a readout.
    References
        Zaitsev, Maclaren and Herbst 2015, 10.1002/jmri.24850; Ferrazzi et al. 2014, NeuroImage 101, 555 (slices of a moving head).
    Oracle
        A Gaussian volume moved across the slice in closed form; whole slices; only moved lines differ (tests/physics/mri/test_through_plane.py).
    """
    if len(motion.shift_mm) != scan.n_lines or len(motion.tilt_deg) != scan.n_lines or len(motion.time) != scan.n_lines:
        raise ValueError(f"shift_mm, tilt_deg and time must hold a value for each of the {scan.n_lines} lines")
    if bool(motion.still.all()):
        return scan
    if reason := missing_slab(scan, float(np.abs(motion.shift_mm).max())):
        raise ValueError(reason)
    if any(isinstance(event, ThroughPlane) for event in scan.events):
        raise EditConflict("through-plane movement: the body moves across the slice already")
    require_single_slice(scan)
    return scan.with_event(ThroughPlane(motion, sequence))


def out_of_plane(planned: Motion, *, weight: Array, axis: int, pivot_mm: float) -> OutOfPlane:
    """A planned movement (shift along array axis 0 and angle stand for shift across the slice and tilt), counted from the pose that most of the picture shows:
    the pose of the line with the least weighted displacement to all others."""
    poses = np.stack([planned.shift_mm[:, 0], DEG_TO_MM * planned.angle_deg], axis=1)
    shown = int((np.linalg.norm(poses[:, None] - poses[None], axis=2) @ weight).argmin())
    return OutOfPlane(planned.shift_mm[:, 0] - planned.shift_mm[shown, 0], planned.angle_deg - planned.angle_deg[shown], planned.time, axis, pivot_mm)


def _found(pair: Pair) -> Any:  # Any: ThroughPlane, or a Reading that says why not
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    return next((event for event in pair.scan.events if isinstance(event, ThroughPlane)), Reading(0.0))


@measure("mm")
def peak_lift(pair: Pair) -> Reading:
    """Largest displacement across the slice, against the pose that the picture shows, over places within 80 mm of the pivot."""
    found = _found(pair)
    return found if isinstance(found, Reading) else Reading(float(np.abs(found.motion.lift_mm(found.motion.pivot_mm + np.array([-80.0, 0.0, 80.0]))).max()))


@measure("%")
def lines_of_other_slices(pair: Pair) -> Reading:
    """Share of lines that were taken more than 0.5 mm above or below the slice that the picture shows."""
    found = _found(pair)
    return found if isinstance(found, Reading) else Reading(100 * float((np.abs(found.motion.shift_mm) > 0.5).mean()))
