"""Spiral readout: interleaves that wind outwards from the centre of k-space, and the swirls of too few of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, pi
from typing import Literal, get_args

import numpy as np
from torch import Tensor

from physics.measure.pair import Pair, Reading, measure
from physics.mri.gridding import Array, angular_share, as_tensors, gridded, read_along
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan

Kept = Literal["even", "skipped"]
KEPT: tuple[Kept, ...] = get_args(Kept)
OVERSAMPLING = 2  # along the path, where it is fastest
FIELD = 1.2  # of the field of view is what all interleaves together are dense enough for: its corners reach beyond the circle
SOFT_START = 0.02  # of the time law: how gently the gradients set off


@dataclass(frozen=True, slots=True)
class Spiral:
    """Archimedean interleaves r = lambda theta, from the centre to the circle of k-space.

    matrix : rows and columns of the picture. n_designed : interleaves of the full set. n_kept : how many of them are read. kept : even, n_kept interleaves
    spread evenly over the turn; skipped, a subset of the full set, nested for equal seeds. first_deg : direction in which the first one starts, from axis 1
    towards axis 0. clockwise : the sense of turning, as seen on the picture's grid (axis 1 towards axis 0) or against it. seed : of the subset.
    """

    matrix: tuple[int, int]
    n_designed: int
    n_kept: int
    kept: Kept = "even"
    first_deg: float = 0.0
    clockwise: bool = True
    seed: int = 0

    @property
    def undersampled(self) -> bool:
        """Whether interleaves of the full set are missing."""
        return self.n_kept < self.n_designed

    def sample(self, kspace: Tensor) -> Tensor:
        """(coil, row, column) -> (coil, interleaf, sample)."""
        return read_along(kspace, spiral_path(self)[0], oversampling=OVERSAMPLING)

    def picture(self, samples: Tensor) -> Tensor:
        """(coil, interleaf, sample) -> (row, column), weighted by the piece of the plane between neighbouring turns."""
        omega, area, _ = spiral_path(self)
        return gridded(samples, omega, area, matrix=self.matrix, oversampling=OVERSAMPLING)


def winding(time_share: Array) -> tuple[Array, Array]:
    """How far a spiral has wound at a time: slow at first, then as fast as the gradients can turn.

    Model
        theta / theta_max = (1 + q) s^2 / (q + s^(4/3)): a soft start, then s^(2/3), the law of constant slew rate.
    Parameters
        time_share : s, 0 to 1.
    Returns
        The share of the angle, and its derivative by s.
    Assumes
        Slew rate limits, not amplitude.
    Not modelled
        Gradients that lag.
    References
        Glover 1999, 10.1002/(SICI)1522-2594(199908)42:2<412::AID-MRM25>3.0.CO;2-U.
    Oracle
        Rest at the start, 1 at the end, its own derivative, slew rate even within 15 % in the second half (tests/physics/mri/test_spiral.py).
    """
    s = np.asarray(time_share, np.float64)
    below = SOFT_START + s ** (4 / 3)
    wound = (1 + SOFT_START) * s**2 / below
    speed = (1 + SOFT_START) * (2 * s * below - 4 / 3 * s ** (7 / 3)) / below**2
    return wound, speed


@lru_cache(maxsize=4)
def spiral_path(spiral: Spiral) -> tuple[Tensor, Tensor, Array]:
    """Where a spiral reads k-space, and when.

    Model
        k = pi w(s) (sin, cos)(theta_0 + 2 pi n w(s)), w the winding, n turns such that all interleaves together are dense enough for 1.2 fields of view; the
        area of a sample is r dr times the angle of its interleaf.
    Parameters
        spiral : the interleaves.
    Returns
        (2, interleaf, sample) in radians per pixel; area (interleaf, sample); time as a share of the readout (sample).
    Assumes
        Gradients that do what they are told.
    Not modelled
        Delays, eddy currents.
    References
        Ahn, Kim and Cho 1986, 10.1109/TMI.1986.4307732; Hoge, Kwan and Pike 1997, 10.1002/mrm.1910380117 (areas).
    Oracle
        Areas tile the circle of radius pi; reading and gridding are adjoint (tests/physics/mri/test_spiral.py).
    """
    n = max(spiral.matrix)
    n_turns = FIELD * n / 2 / spiral.n_designed
    # Arc length pi n_turns n / 2 in lines; the end is 4/3 times as fast as the mean.
    n_steps = max(ceil(OVERSAMPLING * 4 / 3 * pi * n_turns * n / 2), 64)
    time = np.arange(n_steps + 1) / n_steps
    wound, speed = winding(time)
    start = np.radians(spiral.first_deg) + 2 * pi * _places(spiral)
    sense = 1 if spiral.clockwise else -1
    angle = start[:, None] + sense * 2 * pi * n_turns * wound
    omega = pi * wound * np.stack([np.sin(angle), np.cos(angle)])
    radial = pi**2 * wound * speed / n_steps  # r dr: with the angle between neighbours the Jacobian of (time, start) -> k
    radial[-1] /= 2
    return *as_tensors(omega, radial * angular_share(start, period_rad=2 * pi)[:, None]), time


def _places(spiral: Spiral) -> Array:
    """Where each interleaf starts, as a share of a turn."""
    if spiral.kept == "even":
        return np.arange(spiral.n_kept) / spiral.n_kept
    order = np.random.Generator(np.random.PCG64(spiral.seed)).permutation(spiral.n_designed)
    places: Array = np.sort(order[: spiral.n_kept]) / spiral.n_designed
    return places


def read_spirally(scan: MRIScan, spiral: Spiral) -> MRIScan:
    """Swirling streaks, or none where all interleaves are read.

    Model
        k(s) = k_max Theta(s) exp(i (2 pi n_turns Theta(s) + phi_l)), s the share of the readout, Theta the winding law, k_max Nyquist of each axis,
        n_turns = 1.2 N / (2 n_designed): all interleaves together are one line of 1.2 fields of view apart. The picture is the sum over samples weighted by
        r dr times the angle between neighbouring interleaves. Fewer interleaves leave gaps between the turns: each point gains arms at 1.2 N n_kept /
        n_designed pixels and beyond, wound like the path.
    Parameters
        scan : the acquisition, lines so far. spiral : its matrix is that of the scan.
    Returns
        The scan with its readout.
    Assumes
        The gradients obey; on resonance (off_resonance.py has the rest); a body at rest. Oblong pixels scale the circle of k-space with each axis. The noise
        of the source is read with the anatomy: where turns are a line apart or more it is as good as fresh noise of the same deviation in each sample; near
        the centre, where interleaves crowd, real noise would average out and the source's does not.
    Not modelled
        Corners of k-space are not read. Variable density, decay along the path, motion from interleaf to interleaf.
    Raises
        EditConflict: the scan has lines, motion by lines, a reconstruction, another readout, or events on lines. ValueError: no interleaf or more than all.
    References
        Ahn, Kim and Cho 1986, 10.1109/TMI.1986.4307732; Glover 1999, 10.1002/(SICI)1522-2594(199908)42:2<412::AID-MRM25>3.0.CO;2-U (time law); Hoge, Kwan
        and Pike 1997, 10.1002/mrm.1910380117 (weights).
    Oracle
        The direct sum; the circle of k-space comes back; a point's arms begin where the gap between turns says (tests/physics/mri/test_spiral.py).
    """
    if not 1 <= spiral.n_kept <= spiral.n_designed or spiral.kept not in KEPT or spiral.matrix != scan.matrix:
        raise ValueError(f"{spiral}: 1 to all interleaves, kept {' or '.join(KEPT)} and the matrix {scan.matrix} are needed")
    return scan.with_readout(spiral)


def keep_interleaves(scan: MRIScan, full: Spiral, *, share: float) -> MRIScan:
    """Read a share of the interleaves of a full set; a share of 1 leaves the lines as they are. ValueError: a share outside (0, 1]."""
    if not 0 < share <= 1:
        raise ValueError(f"share {share} of interleaves; allowed: above 0, up to 1")
    if share == 1:
        return scan
    n_kept = max(round(share * full.n_designed), 1)
    return read_spirally(scan, Spiral(full.matrix, full.n_designed, n_kept, full.kept, full.first_deg, full.clockwise, full.seed))


@measure("%")
def interleaves_kept(pair: Pair) -> Reading:
    """Interleaves read, as a share of the full set; lines count as all."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    readout = pair.scan.readout
    return Reading(100 * readout.n_kept / readout.n_designed if isinstance(readout, Spiral) else 100.0)


@measure("mm")
def clean_distance(pair: Pair) -> Reading:
    """How far from a bright point its swirls begin: 1.2 N n_kept / n_designed pixels of the coarser axis, where interleaves are spread evenly."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    readout, reach_mm = pair.scan.readout, FIELD * max(pair.scan.matrix) * max(pair.scan.spacing_mm)
    if not isinstance(readout, Spiral):
        return Reading(reach_mm)
    return Reading(reach_mm * readout.n_kept / readout.n_designed) if readout.kept == "even" else Reading(None, "the gaps between interleaves are not even")
