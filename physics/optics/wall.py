"""The wall of a rendered colon: where a bent tube with haustral folds stands, and how far it is along a ray."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

RADIUS_MM = 21.0
FAR_MM = 170.0
FOLDS = 13


@dataclass(frozen=True, eq=False)
class Wall:
    """The inner wall: radius over angle and length, around a bent centre line. All in mm and radians; the camera sits at the origin and looks along +z."""

    offset_mm: tuple[float, float]
    bend_per_mm: tuple[float, float]
    taenia_rad: float
    folds: NDArray[np.float64]  # (fold, 6): position, height, half width, angle, tilt, span

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Wall:
        """A wall by chance: where the lumen lies, how the colon bends, where its folds stand."""
        aside, way = rng.uniform(3, 8), rng.uniform(0, math.tau)
        bend, bend_way = rng.uniform(0.003, 0.0065), rng.uniform(0, math.tau)
        position = 8 + np.cumsum(rng.uniform(6.0, 13.0, FOLDS))
        angle = rng.choice([0, 1, 2], FOLDS) * math.tau / 3 + rng.uniform(-0.5, 0.5, FOLDS)
        taenia = rng.uniform(0, math.tau)
        folds = np.stack(
            [position, rng.uniform(4.5, 10.5, FOLDS), rng.uniform(1.8, 3.6, FOLDS), angle + taenia, rng.uniform(-3, 3, FOLDS), rng.uniform(0.9, 1.7, FOLDS)],
            axis=1,
        )
        return cls((aside * math.cos(way), aside * math.sin(way)), (bend * math.cos(bend_way), bend * math.sin(bend_way)), taenia, folds)

    def clearance(self, x: Array, y: Array, z: Array) -> tuple[Array, Array]:
        """Free space between a point and the wall (negative beyond it), and the angle of the point around the centre line."""
        along = np.maximum(z, 0)
        dx = x - self.offset_mm[0] - self.bend_per_mm[0] / 2 * along**2
        dy = y - self.offset_mm[1] - self.bend_per_mm[1] / 2 * along**2
        angle = np.arctan2(dy, dx)
        radius = RADIUS_MM * (1 + 0.07 * np.cos(3 * (angle - self.taenia_rad)) + 0.02 * np.sin(2 * angle + 0.07 * z))
        inward = np.zeros_like(radius)
        for position, height, width, at, tilt, span in self.folds.astype(np.float32):
            from_angle = angle - at
            where = np.abs(z - position) < 4 * width + 4
            if not where.any():
                continue
            turned = from_angle[where]
            turned = np.abs(turned - np.float32(math.tau) * np.rint(turned / np.float32(math.tau)))
            crest = (z[where] - position - tilt * np.cos(turned) - 1.2 * turned**2) / width
            ridge = height * np.exp(-((turned / span) ** 4)) / (1 + crest**2) ** 2
            inward[where] = np.maximum(inward[where], ridge) + 0.25 * np.minimum(inward[where], ridge)
        return radius - inward - np.hypot(dx, dy), angle


def depth_along(wall: Wall, rays: Array) -> NDArray[np.float32]:
    """Distance of the wall along each ray: steps of a third of the free space up to the first point beyond it, then halves of the last step."""
    flat = rays.reshape(-1, 3)
    depth = np.full(len(flat), 1.0, dtype=np.float32)
    before, beyond = np.zeros_like(depth), np.full_like(depth, np.inf)
    active = np.arange(len(flat))
    while active.size:
        here = depth[active]
        points = flat[active] * here[:, None]
        free = np.asarray(wall.clearance(points[:, 0], points[:, 1], points[:, 2])[0], dtype=np.float32)
        before[active] = np.where(free > 0, here, before[active])
        beyond[active] = np.where(free > 0, beyond[active], here)
        crossed = np.isfinite(beyond[active])
        depth[active] = np.where(crossed, (before[active] + beyond[active]) / 2, here + np.clip(0.35 * free, 0.12, 5.0))
        active = active[(beyond[active] - before[active] > 0.01) & (depth[active] < FAR_MM)]
    return np.minimum(depth, FAR_MM).reshape(rays.shape[:2])
