"""A body that moves while the gantry turns: every view sees it where it stands then."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar

import cv2
import numpy as np
import torch
from scipy.fft import next_fast_len
from torch import Tensor

from physics.ct.geometry import Array, Fan
from physics.ct.memory import Memory
from physics.ct.projector import project
from physics.ct.ray_blur import fan_of
from physics.ct.scan import CTScan, Stage
from physics.ct.spectrum import mu_of
from physics.nufft import at_frequencies
from physics.object_mask import object_mask
from physics.pose import Pose
from physics.scan import EditConflict

_SKIN_PX = 3  # the body's outline in the picture is as wide
_RESTS: Memory[Tensor] = Memory(size=2)


def body_of(scan: CTScan) -> Tensor:
    """(row, column) bool: what moves, the largest body with its skin; the table and what lies beside the patient stay."""
    found = object_mask(scan.attenuating_hu(), modality="ct").numpy().astype(np.uint8)
    return torch.from_numpy(cv2.dilate(found, np.ones((2 * _SKIN_PX + 1, 2 * _SKIN_PX + 1), np.uint8)) > 0)


def resting_rays(scan: CTScan) -> Tensor:
    """(view, ray) line integrals of what does not move with the body."""

    def make() -> Tensor:
        mu = mu_of(scan.attenuating_hu(), mu_water=scan.mu_water)
        return project(torch.where(body_of(scan), torch.zeros_like(mu), mu), scan.geometry, grid=scan.grid)

    return _RESTS.get(scan.hu, (scan.grid, scan.geometry, scan.kvp), make=make)


@lru_cache(maxsize=2)
def _padded(fan: Fan) -> int:
    """Channels with the air beside the fan that a moved body may be seen through."""
    return int(next_fast_len(math.ceil(1.25 * fan.n_channels), real=True))


def sampled(rays: Tensor, fan: Fan, *, beta: Array, gamma: Array) -> Tensor:
    """A fan's sinogram between its views and channels.

    Model
        The trigonometric polynomial through the samples, periodic in beta, air beside the fan; evaluated by a non-uniform transform.
    Parameters
        rays : (view, channel). beta, gamma : where, of one shape, in radians.
    Returns
        Values of that shape, dtype of the rays.
    Assumes
        Views and channels sample the object's band.
    Not modelled
        Aliasing of what they do not.
    References
        Natterer 2001 (fan-beam sampling); FINUFFT, type 2.
    Oracle
        Closed line integrals between samples (tests/physics/ct/test_ct_motion.py).
    """
    length = _padded(fan)
    spectrum = torch.fft.fftshift(torch.fft.fft2(rays, s=(fan.n_views, length))) * (1 / math.sqrt(fan.n_views * length))
    channel = gamma / fan.step + (fan.n_channels - 1) / 2 - fan.offset
    omega = -np.stack((beta.ravel(), 2 * math.pi / length * channel.ravel()))
    omega -= 2 * math.pi * np.rint(omega / (2 * math.pi))
    found = at_frequencies(spectrum, torch.from_numpy(omega)).real
    return found.reshape(beta.shape).to(rays.dtype)


@dataclass(frozen=True, slots=True)
class Moved:
    """The pose of the body at each view."""

    poses: tuple[Pose, ...]
    stage: ClassVar[IntEnum] = Stage.RAYS
    rank: ClassVar[int] = 40
    of_source: ClassVar[bool] = True
    moves: ClassVar[bool] = True

    def mean_pose(self) -> Pose:
        """Every view weighs alike in a full turn."""
        down, right, angle = (math.fsum(values) / len(self.poses) for values in self._columns())
        return Pose((down, right), angle)

    def _columns(self) -> tuple[list[float], list[float], list[float]]:
        return [pose.shift_mm[0] for pose in self.poses], [pose.shift_mm[1] for pose in self.poses], [pose.angle_deg for pose in self.poses]

    def apply(self, rays: Tensor, scan: CTScan) -> Tensor:
        """rays : (view, ray) of the body where it stood, and of what rests."""
        fan, resting = fan_of(scan), resting_rays(scan)
        views = np.array([j for j, pose in enumerate(self.poses) if not pose.is_neutral], dtype=np.intp)
        if not views.size:
            return rays
        beta, gamma = self._seen_at(fan, scan, views)
        out = rays.clone()
        out[views] = resting[views] + sampled(rays - resting, fan, beta=beta, gamma=gamma)
        return out.clamp_min_(0.0)

    def _seen_at(self, fan: Fan, scan: CTScan, views: Array) -> tuple[Array, Array]:
        """Where each ray of some views lies in the sinogram of the body at rest."""
        down, right, angle = (np.asarray(values)[views, None] for values in self._columns())
        turn = np.radians(angle)
        (rows, columns), (row_mm, column_mm) = scan.grid.shape, scan.grid.spacing_mm
        # poses turn about the pixel N // 2, the gantry about the middle of the picture
        about = ((columns // 2 - (columns - 1) / 2) * column_mm, (rows // 2 - (rows - 1) / 2) * row_mm)
        x = right + about[0] - (np.cos(turn) * about[0] - np.sin(turn) * about[1])
        y = down + about[1] - (np.sin(turn) * about[0] + np.cos(turn) * about[1])
        theta = fan.theta()[views, None] + fan.gamma()[None]
        gamma = np.arcsin(np.clip((fan.s_mm()[None] - x * np.cos(theta) - y * np.sin(theta)) / fan.source_mm, -1.0, 1.0))
        return theta - turn - gamma, gamma


def move(scan: CTScan, poses: Sequence[Pose]) -> CTScan:
    """A head that moves within the plane while the gantry turns.

    Model
        View j sees the body at its pose (phi, t): p'(theta, s) = p(theta - phi, s - t . n), n = (cos theta, sin theta), exact in Radon space; each fan ray is
        a point of the sinogram of the body at rest, which is interpolated by its own trigonometric polynomial. The table, and whatever else is not the
        largest body, stays. The views contradict each other, most where the turn closes: double contours, and streaks along the first and last rays. What
        moves bears the kernel of the source already, so that what it gains and leaves is reconstructed without one.
    Parameters
        poses : of each view of the scan's fan, one a view, see `physics.pose.Pose`.
    Returns
        The scan; poses that are all neutral leave it as it was. Its mean pose is the mean over the views.
    Assumes
        A rigid body within the field; the movement within a view is small.
    Not modelled
        Movement through the plane; overscan and short-scan weights, which soften the closing of the turn. The grain of the source moves with the body.
    References
        Crawford, King, Ritchie and Godwin 1996 (motion in projections); Helgason and Ludwig (moments of projections).
    Oracle
        Closed line integrals of bodies at the poses; a body held at any pose is the picture of the moved body; first moments follow the centre of
        mass, mass stays (tests/physics/ct/test_ct_motion.py).
    Raises
        ValueError: not one pose a view. EditConflict: parallel beam, a body that the field cuts, or a body that moves already.
    """
    fan = fan_of(scan)
    if len(poses) != fan.n_views:
        raise ValueError(f"{len(poses)} poses for {fan.n_views} views: give one a view")
    if all(pose.is_neutral for pose in poses):
        return scan
    if scan.truncated:
        raise EditConflict("field of view: it cuts the body, which cannot be moved without inventing what lies outside")
    if any(getattr(event, "moves", False) for event in scan.events):
        raise EditConflict("movement: the body moves already; give all poses at once")
    return scan.with_events(Moved(tuple(poses)))


def held_at(scan: CTScan, pose: Pose) -> CTScan:
    """The scan of a body that is held at one pose for the whole turn. See `move` for what is raised."""
    return move(scan, (pose,) * fan_of(scan).n_views)
