"""Breathing: the abdominal wall rises and falls while the lines of k-space are taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from math import ceil, pi
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics import trunk
from physics.fourier import positions, to_kspace
from physics.measure.pair import Pair, Reading, measure
from physics.mri.acquire import encoded
from physics.mri.bending import along_axis
from physics.mri.chain import read_at
from physics.mri.ghosts import ghost_distance
from physics.mri.measures import NO_SCAN
from physics.mri.motion import Motion
from physics.mri.order import Order, line_times
from physics.mri.scan import MRIScan, Stage
from physics.nufft import at_frequencies
from physics.scan import run_stage

Array = NDArray[np.float64]
MOVES = 1e-3  # of the wall: tissue that moves less stays where it is
ARRIVED = 20  # steps from where tissue arrives back to where it left
FAINT = 1e-12  # of tissue: what air holds of it beyond the rim


@dataclass(frozen=True, slots=True)
class Breath:
    """A breathing patient and a sequence.

    rate_hz : breaths per second. tr_s : time between successive lines. phase_rad : of the breath at the first line. dwell : n of cos^(2n), 1 a sine, 2 to 3 a
    pause at the end of expiration. irregular : depth of slow changes of rate and of depth. order, n_shots : of the lines.
    """

    rate_hz: float
    tr_s: float
    phase_rad: float = 0.0
    dwell: int = 2
    irregular: float = 0.0
    order: Order = "linear"
    n_shots: int = 8

    def course(self, n_lines: int) -> Array:
        """(line,) how far the breath is in when each stored line is taken: 0 expiration, 1 inspiration of a regular breath."""
        time = line_times(n_lines, self.order, n_shots=self.n_shots) * n_lines * self.tr_s
        angle = 2 * pi * self.rate_hz * time
        angle = angle + self.phase_rad + 3 * self.irregular * np.sin(angle / 5.3)
        course: Array = (1 + self.irregular * np.sin(angle / 3.7)) * np.cos(angle / 2) ** (2 * self.dwell)
        return course


@dataclass(frozen=True, slots=True, eq=False)
class Breathing:
    """Tissue displaced along array axis 0, line by line. share : (row, column), 1 at the wall, 0 where nothing moves. wall_mm : (line,) travel of the wall,
    downwards positive. n_bins : states that the displacements are sorted into."""

    share: Tensor
    wall_mm: Array
    n_bins: int
    stage: ClassVar[IntEnum] = Stage.ENCODING
    rank: ClassVar[int] = 0  # with what else moves inside the body, before anything weights or bends the lines

    def displacement_mm(self, scan: MRIScan) -> Tensor:
        """(2, row, column) along array axis 0 and 1: of the mean state, each line weighted by |k|^2 and its energy; 0 for a breath about its mean."""
        weight = scan.body.line_energy(scan.phase_axis, power=2).numpy()
        mean = float(weight @ self.wall_mm / weight.sum()) if weight.sum() > 0 else float(self.wall_mm.mean())
        arriving = along_axis(mean / scan.spacing_mm[0] * self.share.double().cpu(), axis=0, spacing_mm=scan.spacing_mm)
        leaving = arriving
        for _ in range(ARRIVED):
            leaving = read_at(arriving, leaving, spacing_mm=scan.spacing_mm)
        return leaving

    def states(self) -> tuple[Array, NDArray[np.int64]]:
        """(bin,) displacement of each state in millimetres, and (line,) which state each line sees: equal steps from the least to the largest."""
        low, high = float(self.wall_mm.min()), float(self.wall_mm.max())
        step = (high - low) / self.n_bins
        if step == 0:
            return np.array([low]), np.zeros(len(self.wall_mm), dtype=np.int64)
        index = np.minimum((self.wall_mm - low) / step, self.n_bins - 1).astype(np.int64)
        return np.asarray(low + (np.arange(self.n_bins) + 0.5) * step, dtype=np.float64), index

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column)."""
        tissue = run_stage(scan.body.density, scan, Stage.OBJECT) * scan.body.tissue_share
        spectrum = torch.fft.fftshift(to_kspace(tissue), dim=(0, 1))
        reach = ceil(float(np.abs(self.wall_mm).max()) / scan.spacing_mm[0])
        near = torch.nn.functional.max_pool2d((scan.body.tissue_share > FAINT)[None].float(), (2 * reach + 1, 1), stride=1, padding=(reach, 0))[0] > 0
        moving = self.share.cpu()
        at = torch.nonzero((moving.abs() > MOVES) & near.cpu(), as_tuple=True)
        share = moving[at].double()
        place = torch.stack([positions(n)[index] for n, index in zip(scan.matrix, at, strict=True)])
        turn = torch.tensor([[-2 * pi / n] for n in scan.matrix], dtype=torch.float64)
        out = data.clone()
        levels, index = self.states()
        for level, displacement in enumerate(levels):
            lines = np.flatnonzero(index == level)
            if len(lines) == 0 or displacement == 0:
                continue
            origin = torch.stack([place[0] - displacement / scan.spacing_mm[0] * share, place[1]])
            change = torch.zeros_like(tissue)
            change[at] = at_frequencies(spectrum, origin * turn) - tissue[at]
            out.movedim(1 + scan.phase_axis, 1)[:, lines] += encoded(_moving_only(scan, lines), change).movedim(1 + scan.phase_axis, 1)[:, lines]
        return out


def _moving_only(scan: MRIScan, lines: NDArray[np.int64]) -> MRIScan:
    """The scan with its movement at some lines alone: the others need no transform of their own."""
    if scan.motion is None:
        return scan
    shift, angle = np.zeros_like(scan.motion.shift_mm), np.zeros_like(scan.motion.angle_deg)
    shift[lines], angle[lines] = scan.motion.shift_mm[lines], scan.motion.angle_deg[lines]
    return replace(scan, motion=Motion(shift, angle, scan.motion.time))


def wall_share(scan: MRIScan) -> Tensor:
    """(row, column) how much of the wall's displacement tissue shares; see `physics.trunk.wall_share`."""
    return trunk.wall_share(scan.body.support)


def breathe(scan: MRIScan, breath: Breath, *, wall_mm: float, share: Tensor | None = None, n_bins: int = 12) -> MRIScan:
    """Copies of the abdominal wall along the phase-encode direction, and smeared organs behind it.

    Model
        Line l sees rho_l(r) = rho(r - u_l(r)), u_l = A_l w(r) along array axis 0; A_l = -a (s(t_l) - s_0), s = cos^(2n)(pi f t) (inspiration lifts the wall,
        that is towards row 0). s_0 is the mean of s over lines, weighted by |k|^2 and spectral energy, so that the picture stands where the reference does.
        A is sorted into n_bins states of equal width; each state takes one warp, by the exact trigonometric sum, and fills its lines.
    Parameters
        breath : patient and sequence. wall_mm : a >= 0, from expiration to inspiration. share : w (row, column), `wall_share` where None. n_bins : >= 1.
    Returns
        The scan with the event added; the scan itself where a = 0.
    Assumes
        Tissue keeps its signal while it moves; w is taken where tissue arrives; the back lies on the table. Air holds noise of the receiver and stays.
    Not modelled
        Movement along the body (through the slice), sliding of organs, the field that changes with the lungs, gating and navigators.
    Raises
        ValueError: a < 0, no bins, a body that is folded (a dw/dr >= 1), an empty picture. EditConflict: a readout without lines.
    References
        Wood and Henkelman 1986, Med. Phys. 13, 794; Lujan et al. 1999, Med. Phys. 26, 715 (cos^2n of respiration).
    Oracle
        w = 1 is a translation line by line; small amplitudes give copies of the derivative at +-f TR N; where w = 0 nothing changes
        (tests/physics/mri/test_respiration.py).
    """
    if wall_mm < 0 or n_bins < 1:
        raise ValueError(f"wall_mm {wall_mm} must be >= 0, n_bins {n_bins} >= 1")
    if wall_mm == 0:
        return scan
    moving = wall_share(scan) if share is None else share
    course = breath.course(scan.n_lines)
    weight = scan.body.line_energy(scan.phase_axis, power=2).numpy()
    mean = float(weight @ course / weight.sum()) if weight.sum() > 0 else float(course.mean())
    displacement = -wall_mm * (course - mean)
    steepest = float(torch.diff(moving, dim=0).abs().max()) / scan.spacing_mm[0]
    if steepest * float(np.abs(displacement).max()) >= 1:
        raise ValueError(f"wall_mm {wall_mm}: tissue would fold; the body is too shallow for it")
    return scan.with_event(Breathing(moving, displacement, n_bins))


def _breaths(pair: Pair) -> list[Breathing]:
    return [event for event in getattr(pair.scan, "events", ()) if isinstance(event, Breathing)]


@measure("mm")
def wall_displacement(pair: Pair) -> Reading:
    """Distance that the abdominal wall travels during the scan."""
    if pair.scan is None:
        return NO_SCAN
    return Reading(float(sum(np.ptp(event.wall_mm) for event in _breaths(pair))))


@measure("mm")
def respiratory_ghost_spacing(pair: Pair) -> Reading:
    """Distance between the abdominal wall and its strongest copy."""
    breaths = _breaths(pair)
    if pair.scan is None:
        return NO_SCAN
    if not breaths:
        return Reading(None, "nothing breathes")
    distance = ghost_distance(torch.from_numpy(breaths[0].wall_mm))
    if distance is None:
        return Reading(None, "the copies lie at no single distance")
    return Reading(distance * pair.scan.spacing_mm[pair.scan.phase_axis])
