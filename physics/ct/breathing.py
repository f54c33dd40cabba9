"""A patient who breathes while the gantry turns: every view sees the wall of the trunk where it stands then."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import pi
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics import trunk
from physics.ct.geometry import Array, Fan
from physics.ct.memory import Memory
from physics.ct.projector import project
from physics.ct.ray_blur import fan_of
from physics.ct.scan import CTScan, Stage
from physics.ct.spectrum import mu_of
from physics.ct.structure import structure_of
from physics.fourier import positions, to_kspace
from physics.nufft import at_frequencies
from physics.object_mask import object_mask
from physics.scan import EditConflict

STEP_MM = 0.75  # between states of the wall whose rays are computed; views take theirs from the four states about them
FLANKS = 1 / 3  # of the front
MOVES = 1e-3  # of the wall: tissue that moves less stays where it is
_SHARES: Memory[Tensor] = Memory(size=4)
_STATES: Memory[tuple[Tensor, Tensor]] = Memory(size=64)


@dataclass(frozen=True, slots=True)
class Breath:
    """A breathing patient and a turn of the gantry.

    period_s : of a breath. phase_rad : of the breath at the first view of the turn, 0 inspiration, pi expiration. dwell : n of cos^(2n), 1 a sine, 2 to 3 a
    pause at the end of expiration. turn_s : of the gantry. start_deg : where the tube is at the first view.
    """

    period_s: float
    phase_rad: float
    turn_s: float
    start_deg: float = 0.0
    dwell: int = 2

    def course(self, n_views: int) -> Array:
        """(view,) how far the breath is in when each stored view is taken: 0 expiration, 1 inspiration."""
        time_s = np.mod(np.arange(n_views) / n_views - self.start_deg / 360.0, 1.0) * self.turn_s
        return np.asarray(np.cos(pi * time_s / self.period_s + self.phase_rad / 2) ** (2 * self.dwell))


def between_states(wall_mm: Array) -> tuple[Array, Array]:
    """The states that each view is taken from, and their weights, both (view, 4): Lagrange's cubic through states that stand STEP_MM apart."""
    place = np.asarray(wall_mm, dtype=np.float64) / STEP_MM
    first = np.floor(place)
    t = place - first
    weights = np.stack([-t * (t - 1) * (t - 2) / 6, (t + 1) * (t - 1) * (t - 2) / 2, -(t + 1) * t * (t - 2) / 2, (t + 1) * t * (t - 1) / 6], axis=1)
    return first.astype(np.int64)[:, None] + np.arange(-1, 3), weights


@dataclass(frozen=True, slots=True, eq=False)
class Breathing:
    """Tissue displaced view by view. share : (2, row, column) along array axis 0 and 1, of the wall's displacement: 1 and 0 at the front, 0 where nothing
    moves. wall_mm : (view,) of the wall, downwards positive."""

    share: Tensor
    wall_mm: Array
    stage: ClassVar[IntEnum] = Stage.RAYS
    rank: ClassVar[int] = 40
    of_source: ClassVar[bool] = True
    moves: ClassVar[bool] = True

    def apply(self, rays: Tensor, scan: CTScan) -> Tensor:
        """rays : (view, ray) of the body where it stood."""
        state, weight = between_states(self.wall_mm)
        out = rays.clone()
        for one in np.unique(state).tolist():
            share = np.where(state == one, weight, 0.0).sum(axis=1)
            views = np.flatnonzero(share)
            if one != 0 and views.size:  # the body at rest is in the rays already
                out[views] += torch.from_numpy(share[views, None]).to(rays.dtype) * change_of_rays(scan, one * STEP_MM, self.share)[views]
        return out.clamp_min_(0.0)


def displaced(scan: CTScan, wall_mm: float, share: Tensor) -> Tensor:
    """(row, column) attenuation that the source gains, in 1/mm, where the wall stands elsewhere: mu(r - wall_mm share(r)) less mu(r).

    mu : of the source without its grain; between its pixels its own trigonometric polynomial. share : (2, row, column), taken where tissue arrives.
    """
    mu = mu_of(structure_of(scan), mu_water=scan.mu_water)
    at = torch.nonzero(share.abs().amax(dim=0) > MOVES, as_tuple=True)
    origin = torch.stack([positions(n)[index] - wall_mm / mm * along[at] for n, mm, index, along in zip(mu.shape, scan.spacing_mm, at, share, strict=True)])
    turn = torch.tensor([[-2 * pi / n] for n in scan.grid.shape], dtype=torch.float64)
    gain = torch.zeros_like(mu)
    gain[at] = at_frequencies(torch.fft.fftshift(to_kspace(mu)), origin * turn).real.to(mu.dtype) - mu[at]
    return gain


def change_of_rays(scan: CTScan, wall_mm: float, share: Tensor) -> Tensor:
    """(view, ray) what the line integrals of the source gain where its wall stands elsewhere; kept, since the levels of a case share their states."""

    def make() -> tuple[Tensor, Tensor]:
        return share, project(displaced(scan, wall_mm, share), scan.geometry, grid=scan.grid)

    return _STATES.get(scan.hu, (scan.grid, scan.geometry, scan.kvp, round(wall_mm / STEP_MM), id(share)), make=make)[1]


def body_of(scan: CTScan) -> Tensor:
    """(row, column) bool: the patient without the table."""
    return object_mask(scan.attenuating_hu(), modality="ct")


def wall_share(scan: CTScan) -> Tensor:
    """(2, row, column) how much of the wall's displacement tissue shares along array axis 0 and 1, the same tensor for the same picture.

    Along axis 0 `physics.trunk.wall_share`; along axis 1 the flanks go outwards by a third of what the front rises: x |x| sin^2(pi d) / 3, x the distance from
    the middle over half the width, d the depth over that of the body, both held within the body.
    """

    def make() -> Tensor:
        body = body_of(scan)
        rows, columns = (torch.nonzero(body.any(dim=axis)).flatten().double() for axis in (1, 0))
        place = [torch.arange(n, dtype=torch.float64) for n in body.shape]
        depth = ((place[0] - rows[0]) / (rows[-1] - rows[0]).clamp_min(1)).clamp(0, 1)
        across = ((2 * place[1] - columns[0] - columns[-1]) / (columns[-1] - columns[0]).clamp_min(1)).clamp(-1, 1)
        return torch.stack([trunk.wall_share(body), -FLANKS * torch.sin(pi * depth)[:, None] ** 2 * (across * across.abs())])

    return _SHARES.get(scan.hu, scan.grid, make=make)


def seen_by(fan: Fan) -> Array:
    """(view,) how much of a small displacement along the columns each view sees, as a share of all views: sin^2 of its angle."""
    seen = np.sin(fan.theta()) ** 2
    return np.asarray(seen / seen.sum())


def breathe(scan: CTScan, breath: Breath, *, wall_mm: float, share: Tensor | None = None) -> CTScan:
    """Double contours of the wall, ribs and organs behind it, and streaks off bone and gas where views contradict each other.

    Model
        View j sees x_j(r) = x(r - u_j(r)), u_j = A_j w(r); A_j = -a (s_j - s_0), s = cos^(2n)(pi t / T + phi / 2): inspiration lifts the front towards row 0
        and sends the flanks outwards. s_0 is the mean over views, weighted by sin^2 of the view's angle: a view along the displacement sees nothing
        of it. The rays of states of the wall 0.75 mm apart are computed, those of a view lie on the cubic through the four states about it. What moves bears
        the kernel of the source already, so that what it gains and leaves is reconstructed without one. The grain of the source is that of its quanta and
        stays (`physics.ct.structure`).
    Parameters
        breath : patient and gantry. wall_mm : a >= 0, travel of the wall from expiration to inspiration. share : w (2, row, column), `wall_share` where None.
    Returns
        The scan with the event added; the scan itself where a = 0.
    Assumes
        Tissue keeps its attenuation while it moves; w is taken where tissue arrives; a full turn at rest along the body.
    Not modelled
        Movement along the body (through the slice), sliding of organs, the diaphragm's own course, half-scan weights, which shorten the turn.
    References
        Lujan et al. 1999, Med. Phys. 26, 715 (cos^2n of respiration); Crawford, King, Ritchie and Godwin 1996, Med. Phys. 23, 983 (a displacement that
        grows with the distance from the spine, in projections).
    Oracle
        A breath held is the picture drawn there; closed line integrals of moving bodies; the first moments of a small body follow its displacement, its mass
        stays (tests/physics/ct/test_ct_breathing.py).
    Raises
        ValueError: a < 0, tissue that would fold (a dw/dr >= 1). EditConflict: parallel beam, a body that the field cuts, or that moves
        already.
    """
    if wall_mm < 0:
        raise ValueError(f"wall_mm {wall_mm}: 0 (a breath that is held) or more")
    fan = fan_of(scan)
    if wall_mm == 0:
        return scan
    if scan.truncated:
        raise EditConflict("field of view: it cuts the body, which cannot be moved without inventing what lies outside")
    if any(getattr(event, "moves", False) for event in scan.events):
        raise EditConflict("movement: the body moves already; it breathes, or moves as a whole")
    moving = wall_share(scan) if share is None else share
    course = breath.course(fan.n_views)
    displacement = -wall_mm * (course - float(seen_by(fan) @ course))
    steepest = max(float(torch.diff(along, dim=axis).abs().max()) / mm for axis, (along, mm) in enumerate(zip(moving, scan.spacing_mm, strict=True)))
    if steepest * float(np.abs(displacement).max()) >= 1:
        raise ValueError(f"wall_mm {wall_mm}: tissue would fold; the body is too shallow for it")
    return scan.with_events(Breathing(moving, displacement))
