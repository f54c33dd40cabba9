"""Radial readout: spokes through the centre of k-space, and the streaks of too few of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import hypot, pi, sqrt
from typing import Literal, get_args

import numpy as np
from torch import Tensor

from physics.measure.pair import Pair, Reading, measure
from physics.mri.gridding import angular_share, as_tensors, gridded, read_along
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan

Angles = Literal["golden", "even"]
ANGLES: tuple[Angles, ...] = get_args(Angles)
GOLDEN_RAD = pi * (sqrt(5) - 1) / 2  # 111.246 degrees
OVERSAMPLING = 2  # along the spoke: the field of view of a spoke along the diagonal is 2^(1/2) times as long


@dataclass(frozen=True, slots=True)
class Radial:
    """Spokes from edge to edge of k-space.

    matrix : rows and columns of the picture. n_spokes : each a full diameter. angles : golden, every prefix nearly even; even, pi / n_spokes apart.
    first_deg : direction of the first spoke, from axis 1 towards axis 0. delay_samples : how late the gradient along axis 0 and axis 1 is, in samples
    of 1 / field of view; the reconstruction does not know of it.
    """

    matrix: tuple[int, int]
    n_spokes: int
    angles: Angles = "golden"
    first_deg: float = 0.0
    delay_samples: tuple[float, float] = (0.0, 0.0)

    @property
    def undersampled(self) -> bool:
        """Whether spokes lie more than a line apart at the rim of k-space."""
        return self.n_spokes < nyquist_spokes(self.matrix)

    def sample(self, kspace: Tensor) -> Tensor:
        """(coil, row, column) -> (coil, spoke, sample), where the gradients really were."""
        return read_along(kspace, _path(self)[0], oversampling=OVERSAMPLING)

    def picture(self, samples: Tensor) -> Tensor:
        """(coil, spoke, sample) -> (row, column), gridded where the gradients should have been."""
        _, nominal, area = _path(self)
        return gridded(samples, nominal, area, matrix=self.matrix, oversampling=OVERSAMPLING)


@lru_cache(maxsize=4)
def _path(radial: Radial) -> tuple[Tensor, Tensor, Tensor]:
    """True and nominal (2, spoke, sample) in radians per pixel, and the area (spoke, sample) of each sample."""
    n = max(radial.matrix)
    step = 2 * pi / (OVERSAMPLING * n)
    reach = OVERSAMPLING * n // 2
    radius = step * np.arange(-reach, reach + 1)
    turn = GOLDEN_RAD if radial.angles == "golden" else pi / radial.n_spokes
    angle = np.radians(radial.first_deg) + turn * np.arange(radial.n_spokes)
    nominal = np.stack([radius * np.sin(angle)[:, None], radius * np.cos(angle)[:, None]])
    # Late gradients: at the time of a sample the spoke has not come as far as it should.
    late = 2 * pi / n * np.stack([radial.delay_samples[0] * np.sin(angle), radial.delay_samples[1] * np.cos(angle)])
    area = np.abs(radius) * step
    area[radius == 0] = step**2 / 4  # the disc of radius step / 2, which all spokes share
    area[[0, -1]] = step * (pi - step / 4) / 2  # half cells at the rim
    omega, areas = as_tensors(nominal, area * angular_share(angle, period_rad=pi)[:, None])
    return as_tensors(nominal - late[:, :, None], area)[0], omega, areas


def nyquist_spokes(matrix: tuple[int, int]) -> int:
    """Spokes that are one line apart at the rim of k-space: pi N / 2, N the longer side."""
    return round(pi * max(matrix) / 2)


def read_radially(scan: MRIScan, radial: Radial) -> MRIScan:
    """Straight streaks that radiate from whatever is bright.

    Model
        Spoke l at angle phi_l samples the spectrum at k (sin phi_l, cos phi_l), |k| up to Nyquist of each axis, twice as densely as the field of view asks for.
        The picture is the sum over samples weighted by |k| dk and the angle between neighbouring spokes; the centre weighs a quarter of its first neighbour.
        The streaks of a point begin 2 N_s / pi pixels from it (N_s even spokes), so an object of that diameter is free of its own. A gradient that is d samples
        late along an axis reads k - d / FOV there, and the reconstruction does not know.
    Parameters
        scan : the acquisition, lines so far. radial : the spokes; its matrix is that of the scan.
    Returns
        The scan with its readout.
    Assumes
        One set of spokes in a plane; a body at rest. The circle of k-space is scaled with each axis where pixels are oblong. The noise of the source is read
        with the anatomy: beyond the radius at which spokes part it is as good as fresh noise of the same deviation in each sample; inside, where many spokes
        cross, real noise would average out and the source's does not.
    Not modelled
        Corners of k-space are not read (0.5 to 2.7 % of the signal of the pictures at hand). Decay along the spoke, off-resonance, motion from spoke to spoke.
    Raises
        EditConflict: the scan has lines, motion by lines, a reconstruction, another readout, or events on lines. ValueError: no spoke; another matrix.
    References
        Glover and Pauly 1992, Magn. Reson. Med. 28, 275; Winkelmann et al. 2007, 10.1109/TMI.2006.885337 (golden angle); Peters, Derbyshire and McVeigh 2003,
        Magn. Reson. Med. 50, 1 (gradient delays).
    Oracle
        The direct sum; onset of streaks of a point; a disc's J1(2 pi k a) / k; adjointness; the phase of a delay (tests/physics/mri/test_radial.py).
    """
    if radial.n_spokes < 1 or radial.angles not in ANGLES or radial.matrix != scan.matrix:
        raise ValueError(f"{radial}: at least one spoke, angles {' or '.join(ANGLES)} and the matrix {scan.matrix} are needed")
    return scan.with_readout(radial)


def read_share(scan: MRIScan, *, share: float, angles: Angles, first_deg: float, delay_samples: tuple[float, float] = (0.0, 0.0)) -> MRIScan:
    """Read with a share of the Nyquist spokes; a share of 1 leaves the lines as they are. ValueError: a share outside (0, 1]."""
    if not 0 < share <= 1:
        raise ValueError(f"share {share} of Nyquist spokes; allowed: above 0, up to 1")
    if share == 1:
        return scan
    n_spokes = max(round(share * nyquist_spokes(scan.matrix)), 1)
    return read_radially(scan, Radial(scan.matrix, n_spokes, angles, first_deg, delay_samples))


def _radial(pair: Pair) -> Radial | None:
    readout = getattr(pair.scan, "readout", None)
    return readout if isinstance(readout, Radial) else None


@measure("%")
def spokes_of_nyquist(pair: Pair) -> Reading:
    """Spokes read, as a share of pi N / 2; lines count as all."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    radial = _radial(pair)
    return Reading(100.0 if radial is None else 100 * radial.n_spokes / nyquist_spokes(radial.matrix))


@measure("mm")
def streak_free_diameter(pair: Pair) -> Reading:
    """How far from a bright point its streaks begin, and how wide an object is that is free of its own: 2 N_s / pi pixels of the coarser axis.

    Never more than the diagonal of the field. Golden angles, whose widest gap is 1.2 to 1.6 times the mean, streak sooner by as much.
    """
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    radial, spacing_mm = _radial(pair), pair.scan.spacing_mm
    whole = hypot(*(n * d for n, d in zip(pair.scan.matrix, spacing_mm, strict=True)))
    return Reading(whole if radial is None else min(2 * radial.n_spokes / pi * max(spacing_mm), whole))
