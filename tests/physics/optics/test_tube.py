"""The rendered colon: lens, light, camera."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from physics.optics import tube as module
from physics.optics.field_of_view import lit_field
from physics.optics.light import light_of
from physics.optics.mucosa import Mucosa
from physics.optics.scan import Capture
from physics.optics.tube import Tube, field_shape, film_reflection, lens_rays, photographed, shaded, tube
from physics.optics.wall import RADIUS_MM, Wall

Vector = np.ndarray
SMOOTH = Mucosa(*(np.zeros((200, 150), np.float32) for _ in range(4)))


class Round(Wall):
    """A straight round tube around the axis of the lens."""

    def clearance(self, x: Vector, y: Vector, z: Vector) -> tuple[Vector, Vector]:
        return RADIUS_MM - np.hypot(x, y) + 0 * z, np.arctan2(y, x)


class Slope(Wall):
    """A plane wall that leans to the right and up: 0.3 x - 0.2 y + 0.933 z = 18 mm."""

    normal = np.array([0.3, -0.2, math.sqrt(1 - 0.13)])

    def clearance(self, x: Vector, y: Vector, z: Vector) -> tuple[Vector, Vector]:
        return 18.0 - self.normal[0] * x - self.normal[1] * y - self.normal[2] * z, np.arctan2(y, x)


def wall_of(kind: type[Wall]) -> Wall:
    return kind((0.0, 0.0), (0.0, 0.0), 0.0, np.zeros((0, 6)))


@pytest.mark.parametrize("size", [141, 140])
def test_rays_are_those_of_an_equidistant_lens(size: int) -> None:
    """The angle to the axis is r / f, f = size over 140 degrees, 85 degrees at most; x points right, y down; rays have length one."""
    rays = lens_rays(size)
    np.testing.assert_allclose(np.linalg.norm(rays, axis=2), 1, atol=1e-6)
    middle = (size - 1) / 2
    for row, column in ((70, 105), (105, 70), (40, 20), (0, 70)):
        y, x = row - middle, column - middle
        angle = math.radians(140) / size * math.hypot(x, y)
        expected = [math.sin(angle) * x / math.hypot(x, y), math.sin(angle) * y / math.hypot(x, y), math.cos(angle)]
        np.testing.assert_allclose(rays[row, column], expected, atol=1e-5)
    assert rays[0, 0, 2] == pytest.approx(math.cos(math.radians(85)), abs=1e-5)


def test_light_on_the_wall_of_a_straight_tube_falls_as_the_third_power_of_the_sine() -> None:
    """With the lamp at the lens E ~ cos / d^2 = sin^3(theta) / R^2: between 30 and 66 degrees the log-log slope of matt light is 3 within 5 %, and the two
    sides of the tube are as bright as each other."""
    rays = lens_rays(161)
    theta = np.arccos(np.clip(rays[:, :, 2], -1, 1))
    light = shaded(wall_of(Round), SMOOTH, rays, np.minimum(RADIUS_MM / np.maximum(np.sin(theta), 1e-3), 170).astype(np.float32))
    matt = light[:, :, 0] - light[:, :, 2]  # the white of the film cancels
    ring = (theta > math.radians(30)) & (theta < math.radians(66))
    assert np.polyfit(np.log(np.sin(theta[ring])), np.log(matt[ring]), 1)[0] == pytest.approx(3, abs=0.15)
    np.testing.assert_allclose(matt[ring], matt[:, ::-1][ring], rtol=2e-3)


def film(normal: Vector, to_lamp: Vector, to_eye: Vector) -> float:
    """Cook and Torrance for single vectors, the GGX lobe by the tangent of the half angle (Walter et al. 2007, equation 33), no shadowing, times pi."""
    half = (to_lamp + to_eye) / np.linalg.norm(to_lamp + to_eye)
    cosine = max(float(normal @ half), 1e-9)
    alpha2, tangent2 = (0.13**2) ** 2, 1 / cosine**2 - 1
    lobe = alpha2 / (math.pi * cosine**4 * (alpha2 + tangent2) ** 2)
    fresnel = 0.02 + 0.98 * (1 - float(half @ to_eye)) ** 5
    return math.pi * lobe * fresnel / (4 * max(float(normal @ to_eye), 0.05))


def unit(*vector: float) -> Vector:
    return np.array(vector) / np.linalg.norm(vector)


@pytest.mark.parametrize(
    ("normal", "to_lamp", "to_eye"),
    [
        (unit(0, 0, 1), unit(0, 0, 1), unit(0, 0, 1)),
        (unit(0, 0.1, 1), unit(0.8, 0.1, 1), unit(-0.7, 0, 1)),
        (unit(0.5, 0, 1), unit(0, 0, 1), unit(0, 0.2, 1)),
        (unit(0, 0, 1), unit(3, 0.2, 1), unit(-3, 0, 1)),
        (unit(0, 1, 0.02), unit(0.3, 1, 0), unit(-0.3, 0, 1)),
    ],
    ids=["along", "mirror", "beside", "grazing", "rim"],
)
def test_the_film_mirrors_by_the_law_of_rough_water(normal: Vector, to_lamp: Vector, to_eye: Vector) -> None:
    """Lobe of the half vector, Fresnel of the angle to it, over four cosines: the closed form in another algebra; along the normal it is F0 / (4 a^4)."""
    found = film_reflection(normal[None, None], to_lamp[None, None], to_eye[None, None])[0, 0]
    assert found == pytest.approx(film(normal, to_lamp, to_eye), rel=1e-6)
    if np.ptp([normal, to_lamp, to_eye], axis=0).max() == 0:
        assert found == pytest.approx(0.02 / (4 * 0.13**4), rel=1e-6)


def test_a_plane_wall_sends_back_what_dyes_lamps_film_and_scatter_make_of_it() -> None:
    """On a leaning plane of even redness, vessels and tilt each pixel is the sum, in closed form, of scatter 1 / (30 + d)^2, of two lamps 2.2 mm beside the
    lens with cos / d^2 on an albedo that red and vessels lower in green and blue, and of their mirror images in the film; far texture fades with
    1 + (d / 55)^2."""
    redness, vessels, around, along = 0.8, 0.35, 0.25, -0.15
    mucosa = Mucosa(*(np.full((200, 150), value, np.float32) for value in (redness, vessels, around, along)))
    rays = lens_rays(24)[:, 2:]
    depth = 18.0 / (rays @ Slope.normal)
    light = shaded(wall_of(Slope), mucosa, rays, depth.astype(np.float32))
    assert light.shape == (24, 22, 3)
    brightest = 0.0
    for row, column in np.ndindex(24, 22):
        ray, far = rays[row, column].astype(float), float(depth[row, column])
        if far > 60 or far < 0:
            continue
        point, fade = far * ray, 1 / (1 + (far / 55) ** 2)
        angle = math.atan2(point[1], point[0])
        tilt = fade * np.array([-math.sin(angle) * around, math.cos(angle) * around, along])
        tissue, wet = unit(*(-Slope.normal + 0.3 * tilt)), unit(*(-Slope.normal + tilt))
        density = np.array([0.12, 0.62, 0.50]) * fade * (0.22 * redness + 1.1 * vessels)
        albedo = np.array([0.60, 0.235, 0.165]) * np.exp(-density) * math.exp(0.10 * fade * redness)
        expected = 1000 * np.array([0.050, 0.019, 0.011]) / (30 + far) ** 2
        for lamp in (np.array([-2.2, 0.6, 0.0]), np.array([2.2, 0.6, 0.0])):
            way = lamp - point
            arriving = 500 / (way @ way)
            mirrored = arriving * film(wet, unit(*way), -ray)
            brightest = max(brightest, mirrored / (arriving * albedo[0]))
            expected = expected + albedo * arriving * max(float(tissue @ unit(*way)), 0.0) + mirrored
        np.testing.assert_allclose(light[row, column], expected, rtol=2e-3)
    assert brightest > 1  # a highlight lies in the field


def test_a_wall_in_shadow_shows_scattered_light_alone() -> None:
    """A plane that turns away from both lamps: no light of theirs, direct or mirrored."""

    class Away(Slope):
        def clearance(self, x: Vector, y: Vector, z: Vector) -> tuple[Vector, Vector]:
            free, angle = super().clearance(x, y, z)
            return -free, angle

    rays = lens_rays(24)
    depth = np.full((24, 24), 25.0, np.float32)
    light = shaded(wall_of(Away), SMOOTH, rays, depth)[9:15, 9:15]
    np.testing.assert_allclose(light, np.broadcast_to(1000 * np.array([0.050, 0.019, 0.011]) / 55**2, light.shape), rtol=0.02)


def test_the_camera_meters_bends_and_is_noisy_as_a_sensor() -> None:
    """The 55th percentile of red in the field becomes 0.36 / (1 + 0.18 x 0.36) of white, other channels follow the same shoulder; noise is that of
    6,000 electrons at white beside 0.0012 of reading, which alone is left in the dark."""
    light = np.zeros((240, 300, 3), np.float32)
    light[:, :, :2] = 5.0, 2.5
    light[:, 200:] = 400.0  # outside the mask: not metered
    mask = np.zeros((240, 300), bool)
    mask[:, :200] = True
    codes = photographed(light, mask, np.random.default_rng(3))
    assert codes.dtype == np.uint8
    taken = light_of(codes[:, :195], dtype="float64")
    for channel, exposed in ((0, 0.36), (1, 0.18)):
        level = exposed / (1 + 0.18 * exposed)
        assert taken[:, :, channel].mean() == pytest.approx(level, rel=4e-3)
        code = codes[0, 0, channel]
        step = np.ptp(light_of(np.array([[[code, code, code], [code + 1] * 3]], np.uint8), dtype="float64"))
        assert taken[:, :, channel].var() == pytest.approx(level / 6000 + 0.0012**2 + step**2 / 12, rel=0.05)
    assert taken[:, :, 2].mean() == pytest.approx(0.0012 / math.sqrt(math.tau), rel=0.05)  # half of a normal law, the other half cut at black


def test_a_texel_is_as_long_around_the_wall_as_along_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The map of the mucosa is as wide as the wall is around, 2 pi 21 mm, and as long as the tube is seen, 170 mm."""
    asked: dict[str, Any] = {}

    def drawn(rng: np.random.Generator, **sizes: float) -> Mucosa:
        asked.update(sizes)
        return SMOOTH

    monkeypatch.setattr(module.Mucosa, "drawn", drawn)
    frame = tube(seed=0, size=64)
    assert asked == {"circumference_mm": pytest.approx(2 * math.pi * 21.0), "length_mm": 170.0}
    assert frame.codes[frame.mask].mean() > 40


@lru_cache
def frame_of(seed: int) -> Tube:
    return tube(seed=seed, size=256)


def test_the_same_seed_is_the_same_frame() -> None:
    """Byte for byte; another seed is another frame."""
    np.testing.assert_array_equal(frame_of(0).codes, tube(seed=0, size=256).codes)
    assert not np.array_equal(frame_of(0).codes, frame_of(3).codes)


@pytest.mark.parametrize("seed", [0, 3])
def test_a_frame_is_like_a_frame(seed: int) -> None:
    """Mucosa is red over green over blue; a dark lumen lies off the axis; highlights are few; the mask is found again."""
    frame = frame_of(seed)
    light = light_of(frame.codes)[frame.mask].mean(axis=0)
    assert light[0] > 1.5 * light[1] > 1.5 * light[2] > 0.01
    assert np.all(frame.codes[~frame.mask] == 0)
    assert np.count_nonzero(lit_field(frame.codes) != frame.mask) < 0.01 * frame.mask.size
    row, column = np.unravel_index(frame.depth_mm.argmax(), frame.depth_mm.shape)
    assert np.hypot(row - 127.5, column - 127.5) > 3
    lumen = frame.codes[frame.depth_mm > 0.8 * frame.depth_mm.max()].mean()
    assert lumen < 0.6 * frame.codes[frame.mask].mean()
    bright = (frame.codes.min(axis=2) >= 250).mean()
    assert 0 < bright < 0.01
    assert Capture.of(frame.codes, kind="endoscopy", field_mask=frame.mask).scene.noise_codes < 6


@pytest.mark.parametrize("size", [200, 201])
def test_masks_have_the_shapes_of_video_processors(size: int) -> None:
    """A square of side 2 without corners of 0.48, or a circle of radius 1.06 cut by the picture: their areas and symmetries, for even and odd sizes."""
    corner = 1 - 2 * 0.48**2 / 4
    half = math.acos(1 / 1.06)
    segment = 1.06**2 * half - 1.06 * math.sin(half)
    for octagonal, share in ((True, corner), (False, (math.pi * 1.06**2 - 4 * segment) / 4)):
        field = field_shape(size, octagonal=octagonal)
        assert field.mean() == pytest.approx(share, abs=0.005)
        np.testing.assert_array_equal(field, field.T)
        np.testing.assert_array_equal(field, field[::-1])
        assert field[0, size // 2]
    with pytest.raises(ValueError, match="64"):
        tube(seed=0, size=10)
