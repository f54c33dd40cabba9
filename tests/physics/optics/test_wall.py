"""The wall of the rendered colon: its shape, and rays that meet it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from physics.optics.tube import lens_rays
from physics.optics.wall import FAR_MM, FOLDS, RADIUS_MM, Wall, depth_along


class Straight(Wall):
    """A straight round tube around the axis of the lens."""

    def clearance(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return RADIUS_MM - np.hypot(x, y) + 0 * z, np.arctan2(y, x)


def bare_radius(angle: float, z: float, taenia: float = 0.0) -> float:
    """Three taeniae make the tube triangular by 7 %, a twist of 0.07 / mm makes it oval by 2 %."""
    return RADIUS_MM * (1 + 0.07 * math.cos(3 * (angle - taenia)) + 0.02 * math.sin(2 * angle + 0.07 * z))


def test_rays_stop_at_the_wall() -> None:
    """In a straight tube of radius R the depth along a ray at angle theta is R / sin(theta), within 0.05 mm, and never beyond 170 mm."""
    rays = lens_rays(101)
    depth = depth_along(Straight((0.0, 0.0), (0.0, 0.0), 0.0, np.zeros((0, 6))), rays)
    theta = np.arccos(np.clip(rays[:, :, 2], -1, 1))
    near = (theta > 0.15) & (theta < 1.4)
    np.testing.assert_allclose(depth[near], RADIUS_MM / np.sin(theta[near]), atol=0.05)
    assert depth[50, 50] == depth.max() == FAR_MM


@pytest.mark.parametrize("seed", [0, 2])
def test_a_ray_ends_where_it_meets_the_wall_first(seed: int) -> None:
    """In a bent tube with folds the free space is nil at the end of each ray that has one, and positive all the way to it."""
    rng = np.random.Generator(np.random.PCG64(seed))
    wall, rays = Wall.drawn(rng), lens_rays(64)
    depth = depth_along(wall, rays)
    met = depth < FAR_MM
    assert met.mean() > 0.9
    at = rays * depth[:, :, None]
    assert np.abs(wall.clearance(at[:, :, 0], at[:, :, 1], at[:, :, 2])[0][met]).max() < 0.05
    for part in (0.2, 0.5, 0.8, 0.95):
        before = part * at
        assert np.mean(wall.clearance(before[:, :, 0], before[:, :, 1], before[:, :, 2])[0][met] > 0) > 0.99


def test_the_bare_tube_is_triangular_oval_and_follows_its_centre_line() -> None:
    """The centre line is a parabola from the offset, x and y each by its own bend; about it the radius is that of three taeniae and a slow twist."""
    wall = Wall((3.0, -2.0), (0.004, -0.006), 0.4, np.zeros((0, 6)))
    for z in (0.0, 12.0, 30.0):
        for direction in (0.3, 1.9, -2.5):
            x, y = 3.0 + 0.002 * z**2 + 4 * math.cos(direction), -2.0 - 0.003 * z**2 + 4 * math.sin(direction)
            free, angle = wall.clearance(np.array([x]), np.array([y]), np.array([z]))
            assert angle[0] == pytest.approx(direction, abs=1e-9)
            assert free[0] == pytest.approx(bare_radius(direction, z, 0.4) - 4, abs=1e-9)
    behind, _ = wall.clearance(np.array([3.0]), np.array([-2.0 + 4.0]), np.array([-9.0]))
    assert behind[0] == pytest.approx(bare_radius(math.pi / 2, -9.0, 0.4) - 4, abs=1e-9)  # straight behind the lens


@pytest.mark.parametrize("at", [0.6, 3.0])
def test_a_fold_is_a_crescent_of_the_height_width_tilt_and_span_it_was_given(at: float) -> None:
    """At an angle t from its middle the crest stands at position + tilt cos t + 1.2 t^2, height exp(-(t / span)^4) high; one half width along the tube a
    quarter of that is left; the angle closes at pi."""
    position, height, width, tilt, span = 40.0, 6.0, 2.0, 2.5, 1.2
    wall = Wall((0.0, 0.0), (0.0, 0.0), 0.0, np.array([[position, height, width, at, tilt, span]]))
    for t in (0.0, 0.5, -0.5, 0.9, -1.3, 2.5):
        angle = math.remainder(at + t, math.tau)
        crest = position + tilt * math.cos(t) + 1.2 * t**2
        top = height * math.exp(-((t / span) ** 4))
        for off, left in ((0.0, 1.0), (width, 1 / 4), (-width, 1 / 4), (-2 * width, 1 / 25)):
            z = crest + off
            if abs(z - position) < 4 * width + 4:
                free, _ = wall.clearance(np.array([5 * math.cos(angle)]), np.array([5 * math.sin(angle)]), np.array([z]))
                assert bare_radius(angle, z) - 5 - free[0] == pytest.approx(top * left, abs=2e-4)
    far = wall.clearance(np.array([5 * math.cos(at)]), np.array([5 * math.sin(at)]), np.array([position - 9.5]))[0][0]
    assert bare_radius(at, position - 9.5) - 5 - far == pytest.approx(height / (1 + (12.0 / width) ** 2) ** 2, abs=1e-4)


def test_of_two_folds_the_higher_counts_and_a_quarter_of_the_lower() -> None:
    """Crossing ridges neither add up nor leave a crease."""
    folds = np.array([[40.0, 6.0, 2.0, 0.0, 0.0, 1.0], [41.0, 4.0, 3.0, 0.0, 0.0, 1.0]])
    for order in (folds, folds[::-1]):
        free, _ = Wall((0.0, 0.0), (0.0, 0.0), 0.0, order).clearance(np.array([5.0]), np.array([0.0]), np.array([40.0]))
        lower = 4.0 / (1 + (1 / 3) ** 2) ** 2
        assert bare_radius(0.0, 40.0) - 5 - free[0] == pytest.approx(6.0 + 0.25 * lower, abs=1e-4)


def test_walls_by_chance_stay_within_their_ranges() -> None:
    """Over 200 walls: the lumen lies 3 to 8 mm aside and bends by 0.003 to 0.0065 / mm in every direction; folds follow each other at 6 to 13 mm and stand
    within half a radian of one of three taeniae; each draw decides its own column."""
    walls = [Wall.drawn(np.random.Generator(np.random.PCG64(seed))) for seed in range(200)]
    for vectors, low, high in ((np.array([w.offset_mm for w in walls]), 3, 8), (np.array([w.bend_per_mm for w in walls]), 0.003, 0.0065)):
        size = np.hypot(*vectors.T)
        assert low <= size.min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < size.max() <= high
        quarter = np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])) // 90
        assert all(30 < np.count_nonzero(quarter == q) < 70 for q in (-2, -1, 0, 1))
    folds = np.stack([w.folds for w in walls])
    assert folds.shape == (200, FOLDS, 6)
    steps = np.diff(folds[:, :, 0], axis=1)
    assert 6 <= steps.min() < 6.5 < 12.5 < steps.max() <= 13
    assert 14 <= folds[:, 0, 0].min() <= folds[:, 0, 0].max() <= 21
    for column, low, high in ((1, 4.5, 10.5), (2, 1.8, 3.6), (4, -3, 3), (5, 0.9, 1.7)):
        assert low <= folds[:, :, column].min() < folds[:, :, column].max() <= high
        assert np.ptp(folds[:, :, column]) > 0.95 * (high - low)
    off = folds[:, :, 3] - np.array([w.taenia_rad for w in walls])[:, None]
    which = np.rint(off / (math.tau / 3))
    assert set(np.unique(which)) == {0, 1, 2}
    assert 0.45 < np.abs(off - which * math.tau / 3).max() <= 0.5 + 1e-9
