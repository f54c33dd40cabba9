"""Three-dimensional scans that skip samples along two axes on a sheared lattice and are unfolded by their coils (CAIPIRINHA)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar

import torch
from torch import Tensor

from physics.mri.body import Body
from physics.mri.chain import Slab
from physics.mri.coils import two_rows
from physics.mri.folding import divisible, with_size
from physics.mri.lattice import Lattice
from physics.mri.lattice_sense import LatticeSense
from physics.mri.regular_sense import rows_of
from physics.mri.scan import MRIScan, Stage
from physics.mri.sense_maps import KINDS, calibration_scan, coarse_maps, noise_covariance
from physics.mri.slice_profile import missing_slab, require_single_slice
from physics.mri.thick_slice import ThickSlice
from physics.mri.through_plane import ThroughPlane, encoded_slice
from physics.scan import EditConflict

N_LOOPS = 16  # of the array: two rows of eight, since aliases lie along two axes


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

    def place(self, index: int, away: int) -> int:
        """The slice of the slab that lies so many partitions above another one, the slab being periodic."""
        return self.first + (index - self.first + away) % self.count

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column) of the slice alone. What comes out is the slice of the transform along the partitions of the samples that were
        taken, in units of white noise: its lines hold the noise of the receiver whatever their share."""
        slab = scan.slab
        assert slab is not None
        spread = torch.from_numpy(self.lattice.spread(scan.n_lines, self.count))
        weight = (spread / spread[:, :1].abs().sqrt().clamp(min=1e-9)).to(data)
        out = data.movedim(1 + scan.phase_axis, 1) * weight[:, 0, None]
        for away in sorted({away for _, away in self.lattice.aliases(self.count)} - {0}):
            place = self.place(slab.index, away)
            other = encoded_slice(at_slice(scan, place), slab.density[place])
            out = out + other.movedim(1 + scan.phase_axis, 1) * weight[:, away, None]
        return out.movedim(1, 1 + scan.phase_axis)


def at_slice(scan: MRIScan, place: int) -> MRIScan:
    """The scan with another slice of its slab in the place of its own, under the coils as they look from there."""
    slab = scan.slab
    assert slab is not None
    height_mm = (place - slab.index) * slab.spacing_mm[0]
    array = None if scan.array is None else scan.array.seen_from(height_mm)
    return replace(scan, body=_body(slab, place), array=array)


@lru_cache(maxsize=16)
def _body(slab: Slab, place: int) -> Body:
    """One body for each slice: what is worked out for it (fat, tissue) is kept with it."""
    return Body(slab.density[place], (slab.spacing_mm[1], slab.spacing_mm[2]))


def partitions(scan: MRIScan, lattice: Lattice) -> tuple[int, int]:
    """First slice and number of slices of the largest slab about the picture that the lattice divides; 0 slices where there is none."""
    assert scan.slab is not None
    n, unit = scan.slab.density.shape[0], lattice.step
    count = n // unit * unit
    return min(max(scan.slab.index - count // 2, 0), n - count), count


def received_slab(scan: MRIScan, *, first: int, count: int) -> MRIScan:
    """The scan under two rows of loops about the middle of the slab, where it has one uniform coil."""
    if scan.array is not None or scan.coils is not None:
        return scan
    assert scan.slab is not None
    fov_mm = (scan.matrix[0] * scan.spacing_mm[0], scan.matrix[1] * scan.spacing_mm[1])
    middle_mm = (first + (count - 1) / 2 - scan.slab.index) * scan.slab.spacing_mm[0]
    note = f"receive array of {N_LOOPS} loops in two rows, prescan-normalised"
    return replace(scan, array=two_rows(N_LOOPS, fov_mm=fov_mm).seen_from(-middle_mm), assumed=(*scan.assumed, note))


def unfold_lattice(scan: MRIScan, lattice: Lattice, *, shift_mm: tuple[float, float] = (0.0, 0.0), kind: str = "body") -> MRIScan:
    """Edges of other slices left in the picture, each displaced by its own part of the field of view, and a patch of grain where coils look alike.

    Model
        s(ky, kz) is taken where kz mod Rz = 0 and (ky + D kz / Rz) mod Ry = 0, of a slab around the picture. R = Ry Rz voxels, on a sheared lattice over lines
        and slices (`Lattice.aliases`), fold onto each of the slice: a_c = sum_m C_c(r_m) rho(r_m). They are told apart by
        x = (S^H Psi^-1 S + diag p)^-1 S^H Psi^-1 a with maps and outline (penalty p in air) of a calibration scan of every slice, coarse in its plane
        (`sense_maps.coarse_maps`), which body or array lay shift_mm away from.
    Parameters
        scan : the acquisition, with its slab; one channel becomes sixteen. lattice : steps along lines and partitions, shift. shift_mm : along array axis 0
        and 1. kind : body or array, which of them moved.
    Returns
        The scan with lines, event and reconstruction.
    Assumes
        The slab is periodic: a sharp slab profile around as many slices as the lattice divides. As many averages as samples left out, so that noise stays that
        of the source. Maps normalised slice by slice.
    Not modelled
        Calibration that is coarse across the slices; movement across them; the noise that unfolding amplifies (`thermal.ThermalNoise` on top brings it).
    Raises
        ValueError: no slab, steps, shift or kind out of range, fewer slices than the lattice divides. EditConflict: a slice with a profile or a movement of
        its own, skipped lines, another reconstruction, a readout.
    References
        Breuer et al. 2006, 10.1002/mrm.20787 (two-dimensional CAIPIRINHA); Weiger, Pruessmann and Boesiger 2002 (2D SENSE).
    Oracle
        The three-dimensional transform with masked samples; exact maps give back any volume; the geometry factor is that of replicas
        (tests/physics/mri/test_caipi.py).
    """
    if min(lattice.along, lattice.across) < 1 or lattice.step < 2 or not 0 <= lattice.shift < lattice.along or kind not in KINDS:
        raise ValueError(f"{lattice}, kind {kind!r}: steps must be >= 1 and not both 1, the shift below the step along lines; kind one of {', '.join(KINDS)}")
    if reason := missing_slab(scan, 0.0):
        raise ValueError(reason)
    first, count = partitions(scan, lattice)
    if count == 0:
        raise ValueError(f"the slab has fewer slices than the {lattice.step} that the lattice divides")
    if any(isinstance(event, ThickSlice | ThroughPlane) for event in scan.events):
        raise EditConflict("slice: a profile or a movement of one slice; encoding of the whole slab in three dimensions was asked for")
    require_single_slice(scan)
    received = received_slab(scan, first=first, count=count)
    skipped = SkippedLattice(lattice, first, count)
    maps, penalty = folded_maps(received, skipped, shift_mm=shift_mm, kind=kind)
    unfolding = LatticeSense(lattice, count, rows_of(noise_covariance(received)), maps, penalty, shift_mm)
    lines = torch.from_numpy(lattice.share(scan.n_lines, count) > 0)
    return received.with_lines(lines).with_reconstruction(unfolding).with_event(skipped)


def folded_maps(received: MRIScan, skipped: SkippedLattice, *, shift_mm: tuple[float, float], kind: str) -> tuple[Tensor, Tensor]:
    """Maps (alias, coil, row, column) and penalty (alias, row, column) of what folds onto each place, from a calibration scan of every slice that does."""
    axis, size, slab = received.phase_axis, divisible(received.n_lines, step=skipped.lattice.along), received.slab
    assert slab is not None
    spacing_mm = [d * n / (size if side == axis else n) for side, (d, n) in enumerate(zip(received.spacing_mm, received.matrix, strict=True))]
    known: dict[int, tuple[Tensor, Tensor]] = {}
    folded = []
    for turn, away in skipped.lattice.aliases(skipped.count):
        place = skipped.place(slab.index, away)
        if place not in known:
            seen = with_size(calibration_scan(at_slice(received, place), shift_mm=shift_mm, kind=kind), n_lines=size, phase_axis=axis)
            known[place] = coarse_maps(seen, phase_axis=axis, spacing_mm=(spacing_mm[0], spacing_mm[1]))
        by = -turn * (size // skipped.lattice.along)
        folded.append([torch.roll(values, by, dims=axis - 2) for values in known[place]])
    maps, penalty = (torch.stack(list(values)) for values in zip(*folded, strict=True))
    return maps, penalty
