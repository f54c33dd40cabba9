"""The rendered colon."""

from __future__ import annotations

import math

import numpy as np
import pytest

from physics.optics.field_of_view import lit_field
from physics.optics.light import light_of
from physics.optics.mucosa import Mucosa, clouds, texture_at
from physics.optics.scan import Capture
from physics.optics.tube import FILM_FRESNEL, RADIUS_MM, Wall, depth_along, field_shape, film_reflection, lens_rays, shaded, tube

SMOOTH = Mucosa(*(np.zeros((200, 150), np.float32) for _ in range(4)))


class Straight(Wall):
    """A straight round tube around the axis of the lens."""

    def clearance(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return RADIUS_MM - np.hypot(x, y) + 0 * z, np.arctan2(y, x)


def straight() -> Wall:
    return Straight((0.0, 0.0), (0.0, 0.0), 0.0, np.zeros((0, 6)))


def test_rays_are_those_of_an_equidistant_lens() -> None:
    """The angle to the axis is r / f, f = size over 140 degrees; x points right, y down; rays have length one."""
    rays = lens_rays(141)
    np.testing.assert_allclose(np.linalg.norm(rays, axis=2), 1, atol=1e-6)
    np.testing.assert_allclose(rays[70, 70], [0, 0, 1], atol=1e-6)
    angle = math.radians(140) / 141 * 35
    np.testing.assert_allclose(rays[70, 105], [math.sin(angle), 0, math.cos(angle)], atol=1e-5)
    np.testing.assert_allclose(rays[105, 70], [0, math.sin(angle), math.cos(angle)], atol=1e-5)


def test_rays_stop_at_the_wall() -> None:
    """In a straight tube of radius R the depth along a ray at angle theta is R / sin(theta), within 0.15 mm."""
    rays = lens_rays(101)
    depth = depth_along(straight(), rays)
    theta = np.arccos(np.clip(rays[:, :, 2], -1, 1))
    near = (theta > 0.2) & (theta < 1.4)
    np.testing.assert_allclose(depth[near], RADIUS_MM / np.sin(theta[near]), atol=0.15)


def test_light_on_the_wall_of_a_straight_tube_falls_as_the_third_power_of_the_sine() -> None:
    """With the lamp at the lens E ~ cos / d^2 = sin^3(theta) / R^2: between 50 and 80 degrees the log-log slope of matt light is 3 within 5 %."""
    rays = lens_rays(161)
    depth = depth_along(straight(), rays)
    light = shaded(straight(), SMOOTH, rays, depth)
    theta = np.arccos(np.clip(rays[:, :, 2], -1, 1))
    matt = light[:, :, 0] - light[:, :, 2]  # the white of the film cancels
    ring = (theta > math.radians(30)) & (theta < math.radians(66))
    slope = np.polyfit(np.log(np.sin(theta[ring])), np.log(matt[ring]), 1)[0]
    assert slope == pytest.approx(3, abs=0.2)


def test_the_film_mirrors_where_the_normal_halves_lamp_and_eye() -> None:
    """At n = h the lobe is 1 / (pi a^4), times Fresnel over 4: the closed form; 30 degrees off it is a hundred times weaker."""
    up, aside = np.array([[[0.0, 0.0, 1.0]]]), np.array([[[math.sin(0.5), 0.0, math.cos(0.5)]]])
    peak = film_reflection(up, up, up)[0, 0]
    assert peak == pytest.approx(FILM_FRESNEL / (4 * 0.13**4), rel=1e-6)
    assert film_reflection(aside, up, up)[0, 0] < 0.01 * peak


def test_a_fold_stands_where_it_was_put() -> None:
    """A fold of 6 mm at 40 mm leaves 6 mm less space on its own side at its crest, and none less on the other side or 30 mm on."""
    fold = np.array([[40.0, 6.0, 2.0, 0.0, 0.0, 1.0]])
    wall, bare = (Wall((0.0, 0.0), (0.0, 0.0), 0.0, f) for f in (fold, np.zeros((0, 6))))
    x, y = np.array([5.0, -5.0, 5.0, 0.0]), np.array([0.0, 0.0, 0.0, 5.0])
    z = np.array([40.0, 40.0, 70.0, 40.0])
    lost = bare.clearance(x, y, z)[0] - wall.clearance(x, y, z)[0]
    np.testing.assert_allclose(lost[:3], [6, 0, 0], atol=0.02)
    assert lost[3] < 0.1
    moved = Wall((3.0, -2.0), (0.004, 0.0), 0.0, np.zeros((0, 6)))
    free, angle = moved.clearance(np.array([3.0 + 0.004 / 2 * 900]), np.array([-2.0 + 4.0]), np.array([30.0]))
    assert angle[0] == pytest.approx(math.pi / 2)
    assert free[0] == pytest.approx(RADIUS_MM * (1 + 0.07 * math.cos(1.5 * math.pi) + 0.02 * math.sin(math.pi + 2.1)) - 4, abs=1e-6)


def test_the_surface_closes_around_the_tube() -> None:
    """Texture just below and above the angle pi is the same; a map that rises along the tube is read along the tube."""
    rng = np.random.default_rng(0)
    rough = clouds(rng, (150, 200), exponent=1.5, longest_mm=4.0)
    assert rough.std() == pytest.approx(1, abs=1e-3)
    surface = Mucosa(rough, rough * 0, rough, rough * 0)
    length = np.full((1, 2), 6.0)
    red, _, tilt = texture_at(surface, np.array([[math.pi - 1e-4, -math.pi + 1e-4]]), length)
    assert red[0, 0] == pytest.approx(red[0, 1], abs=1e-2)
    np.testing.assert_allclose(tilt[0, 0], [0, -red[0, 0], 0], atol=2e-3)
    ramp = np.repeat(np.arange(150.0)[:, None], 200, axis=1).astype(np.float32)
    read, _, _ = texture_at(Mucosa(ramp, ramp * 0, ramp * 0, ramp * 0), np.array([[0.3, 2.0]]), np.array([[1.2, 6.0]]))
    np.testing.assert_allclose(read, [[10, 50]], atol=0.01)


@pytest.mark.parametrize("seed", [0, 3])
def test_a_frame_is_like_a_frame(seed: int) -> None:
    """Same seed same bytes; mucosa is red over green over blue; a dark lumen lies off the axis; highlights are few; the mask is found again."""
    first, second = tube(seed=seed, size=256), tube(seed=seed, size=256)
    np.testing.assert_array_equal(first.codes, second.codes)
    assert not np.array_equal(first.codes, tube(seed=seed + 1, size=256).codes)
    light = light_of(first.codes)[first.mask].mean(axis=0)
    assert light[0] > 1.5 * light[1] > 1.5 * light[2] > 0.01
    assert np.all(first.codes[~first.mask] == 0)
    assert np.count_nonzero(lit_field(first.codes) != first.mask) < 0.01 * first.mask.size
    row, column = np.unravel_index(first.depth_mm.argmax(), first.depth_mm.shape)
    assert np.hypot(row - 127.5, column - 127.5) > 3
    lumen = first.codes[first.depth_mm > 0.8 * first.depth_mm.max()].mean()
    assert lumen < 0.6 * first.codes[first.mask].mean()
    bright = (first.codes.min(axis=2) >= 250).mean()
    assert 0 < bright < 0.01
    assert Capture.of(first.codes, kind="endoscopy", field_mask=first.mask).scene.noise_codes < 6


def test_masks_have_the_shapes_of_video_processors() -> None:
    """Octagon and cut circle leave the corners out and reach the middles of the sides."""
    for octagonal in (True, False):
        field = field_shape(100, octagonal=octagonal)
        assert not field[0, 0]
        assert not field[99, 0]
        assert field[0, 50]
        assert field[50, 0]
        np.testing.assert_array_equal(field, field.T)
    with pytest.raises(ValueError, match="64"):
        tube(seed=0, size=10)
