"""Off-resonance along a spiral: spins that precess at another frequency gather phase while the path winds outwards, and blur."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, pi

import numpy as np
import torch
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from torch import Tensor

from physics.fourier import centred_grid, to_picture
from physics.measure.pair import Pair, Reading, measure
from physics.mri.cavities import materials
from physics.mri.gridding import Array
from physics.mri.measures import NO_SCAN
from physics.mri.pockets import Pocket
from physics.mri.scan import MRIScan
from physics.mri.spiral import OVERSAMPLING, Spiral, spiral_path
from physics.mri.susceptibility import FieldMap, field_map
from physics.nufft import at_frequencies

TOLERANCE = {"single": 1e-4, "double": 1e-9}  # singular values below this share of the first are left out
QUANTILE = 0.95


@dataclass(frozen=True, eq=False)
class OffResonantSpiral:
    """A spiral through a field that is not even. hz : (row, column) float64, offset of the precession. kept : (row, column) float64, share of the signal
    that stays in phase within its voxel. readout_ms : duration of an interleaf."""

    spiral: Spiral
    hz: Tensor
    kept: Tensor
    readout_ms: float

    def sample(self, kspace: Tensor) -> Tensor:
        """(coil, row, column) -> (coil, interleaf, sample), with the phase that each place has gathered by the time of each sample."""
        if not bool(self.hz.any()) and bool((self.kept == 1).all()):
            return self.spiral.sample(kspace)
        omega, _, _ = spiral_path(self.spiral)
        in_place, in_time = self._terms["double" if kspace.dtype == torch.complex128 else "single"]
        weights, courses = torch.from_numpy(in_place).to(kspace), torch.from_numpy(in_time).to(kspace)
        samples = []
        for picture in to_picture(kspace) * self.kept.to(kspace.real):
            parts = at_frequencies(weights * picture, omega.flatten(1)).reshape(len(weights), *omega.shape[1:])
            samples.append(torch.einsum("lis,ls->is", parts, courses))
        return torch.stack(samples).div_(OVERSAMPLING**0.5)

    def picture(self, samples: Tensor) -> Tensor:
        """(coil, interleaf, sample) -> (row, column), by a reconstruction that knows nothing of the field."""
        return self.spiral.picture(samples)

    @cached_property
    def _terms(self) -> dict[str, tuple[NDArray[np.complex128], NDArray[np.complex128]]]:
        time_s = spiral_path(self.spiral)[2] * self.readout_ms / 1e3
        return {name: separated(self.hz.numpy(), time_s, tolerance=tolerance) for name, tolerance in TOLERANCE.items()}


def separated(hz: Array, time_s: Array, *, tolerance: float) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """The phase of place and time as a short sum of products.

    Model
        exp(-2 pi i f t) = sum_l c_l(f) b_l(t): its values at P Chebyshev points of frequency and of time (P as many as make the polynomials exact), and
        the singular value decomposition of that small matrix; terms below the tolerance are left out. About 2 f_max T + 3 terms remain.
    Parameters
        hz : (...), any shape. time_s : (sample). tolerance : against the largest singular value.
    Returns
        (term, ...) and (term, sample).
    Assumes
        Frequencies fill their range more or less evenly; rare ones are as exact as common ones.
    Not modelled
        Decay.
    References
        Sutton, Noll and Fessler 2003, 10.1109/TMI.2002.808360; Fessler et al. 2005, 10.1109/TSP.2005.853152.
    Oracle
        The exponential itself at every pixel and time (tests/physics/mri/test_off_resonance.py).
    """
    low, high, end = float(hz.min()), float(hz.max()), float(time_s.max())
    middle, half = (low + high) / 2, max((high - low) / 2, 1e-12)
    n_points = ceil(2.2 * pi * half * end) + 22  # the phase runs over 2 pi half end; polynomials are exact from a little beyond that degree on
    x = np.cos(pi * (np.arange(n_points) + 0.5) / n_points)
    kernel = np.exp(-2j * pi * (middle + half * x)[:, None] * (end / 2 * (1 + x))[None])
    left, values, right = np.linalg.svd(kernel)
    n_terms = int((values > tolerance * values[0]).sum())
    to_series = np.linalg.inv(chebyshev.chebvander(x, n_points - 1))
    in_place = chebyshev.chebvander((hz.ravel() - middle) / half, n_points - 1) @ (to_series @ left[:, :n_terms])
    in_time = chebyshev.chebvander(2 * time_s / max(end, 1e-30) - 1, n_points - 1) @ (to_series @ (values[:n_terms, None] * right[:n_terms]).T)
    return np.ascontiguousarray(in_place.T.reshape(n_terms, *hz.shape)), np.ascontiguousarray(in_time.T)


def spiral_field(scan: MRIScan, *, pockets: tuple[Pocket, ...], offset_hz: float, bowl_hz: float, bowl_axis: int) -> FieldMap:
    """Offset of the precession that a spiral meets.

    Model
        The shimmed field of air, bone and tissue (susceptibility.field_map), a centre frequency that is off by a constant, and what a first-order shim
        leaves of a saddle: bowl_hz (3 u^2 - v^2) / 2 with u along bowl_axis, both in half fields of view. Held within the range that tissue has, and faded
        out in the air about the body, where there is noise of the source only.
    Parameters
        pockets : air beside the slice. offset_hz, bowl_hz : of either sign. bowl_axis : 0 or 1.
    Returns
        Hz, and Hz per mm through the slice.
    Assumes
        The field stays with the picture.
    Not modelled
        Higher terms of a shim that is out of tune.
    References
        Koch, Rothman and de Graaf 2009 (shimming).
    Oracle
        The terms add; nothing in air (tests/physics/mri/test_off_resonance.py).
    """
    rows, columns = (at / (n / 2) for at, n in zip(centred_grid(scan.matrix), scan.matrix, strict=True))
    u, v = (rows, columns) if bowl_axis == 0 else (columns, rows)
    own = field_map(scan, seed=0, pockets=pockets)
    hz, tissue = own.hz + offset_hz + bowl_hz * (3 * u**2 - v**2) / 2, materials(scan.body).tissue.cpu()
    if bool(tissue.any()):
        hz = hz.clamp(float(hz[tissue].min()), float(hz[tissue].max()))
    share = scan.body.tissue_share.double().cpu()
    return FieldMap(hz * share, own.through_hz_per_mm * share)


def kept_in_phase(field: FieldMap, *, spacing_mm: tuple[float, float], slice_mm: float, readout_ms: float) -> Tensor:
    """(row, column): exp(-(pi g D T / 2)^2 / 6) along each side of a voxel, g the slope of the field, D the side, T the readout: dephasing half-way."""
    sides = zip(field.slopes(spacing_mm), (*spacing_mm, slice_mm), strict=True)
    turns = torch.stack([slope * side * readout_ms / 2e3 for slope, side in sides])
    return torch.exp(-((pi * turns) ** 2).sum(dim=0) / 6)


def read_off_resonance(scan: MRIScan, spiral: Spiral, *, field: FieldMap, readout_ms: float, slice_mm: float) -> MRIScan:
    """Blur that differs from place to place, with halos about edges where the field is off, and lost signal where it is steep.

    Model
        s_c(t) = sum_r D(r) x_c(r) exp(-2 pi i df(r) t) exp(-i k(t) . r), t from the start of each interleaf, where k is 0: what the field does before is part
        of the phase of x. The reconstruction is that of a spiral on resonance. At a place of constant df the point becomes
        h(r) = (2 pi)^-1 int_0^pi k J0(k r) exp(-2 pi i df T s(k)) dk, s the share of the readout at which the path reaches k: a ring that widens with df T.
        D is the share of a voxel's signal that is still in phase half-way through the readout (kept_in_phase); a sum over pixel centres would not lose it.
    Parameters
        scan : the acquisition, lines so far. spiral : all its interleaves. field : on the matrix. readout_ms : T, >= 0. slice_mm : thickness, > 0.
    Returns
        The scan with its readout; the scan itself for T = 0.
    Assumes
        A spin echo at the start of the readout, or a gradient echo whose earlier loss is mri_signal_dropout. A field that stays as it is throughout the
        scan. The noise of the source blurs with the tissue that it lies on.
    Not modelled
        T2* decay, dephasing as it grows during the readout (it is taken half-way), concomitant fields, deblurring.
    Raises
        EditConflict: as spiral.read_spirally. ValueError: a negative duration, no thickness; a field of another matrix, or not finite; a subset of interleaves.
    References
        Noll et al. 1991, 10.1109/42.108599; Man, Pauly and Macovski 1997, 10.1002/mrm.1910370523; Sutton, Noll and Fessler 2003, 10.1109/TMI.2002.808360.
    Oracle
        The direct sum with the phase of every pixel; the ring of a constant offset; signs mirror each other (tests/physics/mri/test_off_resonance.py).
    """
    if not readout_ms >= 0 or not slice_mm > 0 or field.hz.shape != scan.matrix or not bool(torch.isfinite(field.hz).all()):
        raise ValueError(f"readout_ms {readout_ms} must be >= 0, slice_mm {slice_mm} > 0, and the field finite and of the matrix {scan.matrix}")
    if spiral.matrix != scan.matrix or spiral.n_kept != spiral.n_designed:
        raise ValueError(f"{spiral}: all interleaves of the matrix {scan.matrix} are needed")
    if readout_ms == 0:
        return scan
    kept = kept_in_phase(field, spacing_mm=scan.spacing_mm, slice_mm=slice_mm, readout_ms=readout_ms)
    return scan.with_readout(OffResonantSpiral(spiral, field.hz.double(), kept.double(), readout_ms))


def _readout(pair: Pair) -> OffResonantSpiral | None:
    readout = getattr(pair.scan, "readout", None)
    return readout if isinstance(readout, OffResonantSpiral) else None


def _typical_hz(scan: MRIScan, hz: Tensor) -> float:
    tissue = materials(scan.body).tissue.cpu()
    return float(torch.quantile(hz[tissue].abs(), QUANTILE)) if bool(tissue.any()) else 0.0


@measure("cycles")
def off_resonance_cycles(pair: Pair) -> Reading:
    """95th percentile over tissue of the turns of phase that off-resonance gathers in one readout, from the field."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    readout = _readout(pair)
    return Reading(0.0 if readout is None else _typical_hz(pair.scan, readout.hz) * readout.readout_ms / 1e3)


@measure("Hz")
def off_resonance(pair: Pair) -> Reading:
    """95th percentile over tissue of the size of the offset that the spiral meets, from the field."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    readout = _readout(pair)
    return Reading(None, "the scan says nothing of the field along a spiral") if readout is None else Reading(_typical_hz(pair.scan, readout.hz))
