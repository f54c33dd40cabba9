"""Three-dimensional scans that skip samples along two axes on a sheared lattice (CAIPIRINHA)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.fourier import frequencies
from physics.measure.pair import Pair, Reading, measure
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage
from physics.mri.slice_profile import missing_slab, require_single_slice, slab_share
from physics.mri.thick_slice import ThickSlice
from physics.mri.through_plane import ThroughPlane, encoded_slice
from physics.scan import EditConflict

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lattice:
    """Which samples (line, partition) are taken: partitions that `across` divides, and of those every `along`-th line, moved by `shift` lines from one taken
    partition to the next. centre : share of the lines, about the middle of k-space, that are taken whole."""

    along: int
    across: int
    shift: int
    centre: float

    @property
    def step(self) -> int:
        """One sample in so many is taken outside the centre."""
        return self.along * self.across

    def taken(self, n_lines: int, n_partitions: int) -> NDArray[np.bool_]:
        """(line, partition), both stored uncentred, outside the centre too."""
        line, partition = (frequencies(n).numpy().astype(np.int64) for n in (n_lines, n_partitions))
        on: NDArray[np.bool_] = (partition[None] % self.across == 0) & ((line[:, None] + self.shift * (partition[None] // self.across)) % self.along == 0)
        return on | self.whole(n_lines)[:, None]

    def whole(self, n_lines: int) -> NDArray[np.bool_]:
        """(line,) of the centre."""
        inside: NDArray[np.bool_] = np.abs(frequencies(n_lines).numpy()) <= self.centre * n_lines / 2
        return inside

    def spread(self, n_lines: int, n_partitions: int) -> NDArray[np.complex128]:
        """(line, distance) how much of a slice `distance` partitions above (modulo the slab) enters each line of a slice, samples weighted by density."""
        weight = np.where(self.whole(n_lines)[:, None], 1.0, float(self.step)) * self.taken(n_lines, n_partitions)
        k, d = frequencies(n_partitions).numpy(), np.arange(n_partitions, dtype=np.float64)
        turn = np.exp(-2j * np.pi * np.outer(k, d) / n_partitions)
        return np.asarray(weight @ turn / n_partitions, dtype=np.complex128)


@dataclass(frozen=True, slots=True)
class SkippedLattice:
    """The slab is encoded in three dimensions, samples of a lattice alone; first, count : of its partitions within the slab of the scan."""

    lattice: Lattice
    first: int
    count: int
    stage: ClassVar[IntEnum] = Stage.ENCODING
    rank: ClassVar[int] = -100  # before anything weights or bends the lines
    encodes_slab: ClassVar[bool] = True
    undersamples: ClassVar[bool] = True

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column) of the slice alone."""
        slab = scan.slab
        assert slab is not None
        spread = self.lattice.spread(scan.n_lines, self.count)
        others = [place for place in range(self.first, self.first + self.count) if place != slab.index]
        share = slab_share(slab)
        lined = data.movedim(1 + scan.phase_axis, 1)
        out = lined * torch.from_numpy(spread[:, 0]).to(data)[None, :, None]
        kinds, which = np.unique(np.round(spread, 12), axis=0, return_inverse=True)
        for kind, weights in enumerate(kinds):
            held = [(place, weights[(place - slab.index) % self.count]) for place in others]
            held = [(place, weight) for place, weight in held if abs(weight) > 1e-9]
            if not held:
                continue
            mixed = torch.zeros_like(slab.density[0])
            for place, weight in held:
                mixed += complex(weight) * slab.density[place]
            lines = np.flatnonzero(which.ravel() == kind)
            out[:, lines] += encoded_slice(scan, share * mixed).movedim(1 + scan.phase_axis, 1)[:, lines]
        out[:, self.lattice.whole(scan.n_lines)] = lined[:, self.lattice.whole(scan.n_lines)]
        return out.movedim(1, 1 + scan.phase_axis)


def partitions(scan: MRIScan, lattice: Lattice) -> tuple[int, int]:
    """First slice and number of slices of the largest slab about the picture that the lattice divides; 0 slices where there is none."""
    assert scan.slab is not None
    n, unit = scan.slab.density.shape[0], lattice.step
    count = n // unit * unit
    return min(max(scan.slab.index - count // 2, 0), n - count), count


def skip(scan: MRIScan, lattice: Lattice) -> MRIScan:
    """Ghosts of other slices, each displaced along the lines by its own part of the field of view.

    Model
        s(ky, kz) is taken where kz mod Rz = 0 and (ky + D kz / Rz) mod Ry = 0, and in a centre of whole lines; the others are 0 and those taken outside the
        centre count R = Ry Rz times (density). A line of the slice z is then sum_d h(ky, d) s(ky; z + d) with h the transform of the samples along kz: in the
        picture R aliases of equal weight on a sheared lattice, made of what is finer than the centre.
    Parameters
        lattice : steps along lines and partitions, shift, centre.
    Returns
        The scan with the event; a centre of all lines leaves it as it was.
    Assumes
        The slab is periodic: a sharp slab profile around as many slices as the lattice divides. Coils alike for all of its slices.
    Not modelled
        Unfolding by coils (what is shown is what it leaves when it fails), noise; air of other slices does not fold in.
    Raises
        ValueError: no slab, steps or shift out of range, fewer slices than the lattice divides. EditConflict: a slice with a profile or a movement of its
        own, a readout.
    References
        Breuer et al. 2006, 10.1002/mrm.20787 (two-dimensional CAIPIRINHA).
    Oracle
        The whole three-dimensional transform with masked samples; aliases of a point (tests/physics/mri/test_caipi.py).
    """
    if min(lattice.along, lattice.across) < 1 or not 0 <= lattice.shift < max(lattice.along, 1) or not 0 < lattice.centre <= 1:
        raise ValueError(f"{lattice}: steps must be >= 1, the shift below the step along lines, the centre a share")
    if lattice.step == 1 or bool(lattice.whole(scan.n_lines).all()):
        return scan
    if reason := missing_slab(scan, 0.0):
        raise ValueError(reason)
    first, count = partitions(scan, lattice)
    if count == 0:
        raise ValueError(f"the slab has fewer slices than the {lattice.step} that the lattice divides")
    if any(isinstance(event, ThickSlice | ThroughPlane) for event in scan.events):
        raise EditConflict("slice: a profile or a movement of one slice; encoding of the whole slab in three dimensions was asked for")
    require_single_slice(scan)
    return scan.with_event(SkippedLattice(lattice, first, count))


@measure("%")
def samples_left_out(pair: Pair) -> Reading:
    """Share of the samples (line, partition) of a three-dimensional scan that were not taken."""
    scan = pair.scan
    if not isinstance(scan, MRIScan):
        return NO_SCAN
    found = next((event for event in scan.events if isinstance(event, SkippedLattice)), None)
    return Reading(0.0 if found is None else 100 * (1 - float(found.lattice.taken(scan.n_lines, found.count).mean())))
