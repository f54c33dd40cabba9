"""The phantom of the skull base: what lies where."""

from __future__ import annotations

import numpy as np
import pytest

from physics.ct.head import CAVITY, HEAD, SPACING_MM, Ellipsoid, box_of, head
from physics.ct.kernel import STANDARD
from physics.ct.noise_power import noise_power

HU, MIDDLE = head()


def at(x_mm, y_mm, z_mm, radius_mm=1.5):
    """Mean HU about a place."""
    across = (np.arange(HU.shape[1]) - (HU.shape[1] - 1) / 2) * SPACING_MM
    near = np.hypot(across[:, None] - y_mm, across[None] - x_mm) <= radius_mm
    return float(HU[MIDDLE + round(z_mm)][near].mean())


def test_tissues_lie_where_they_were_drawn():
    """Brain, fluid, labyrinth, an air sinus, fat of the orbit and air beside the head, within the grain."""
    assert at(50, -8, 14, 4) == pytest.approx(36, abs=3)
    assert at(0, 33, 3, 3) == pytest.approx(7, abs=3)
    assert at(40, 13, -8) > 1200
    assert at(7.5, -25, -8, 3) == pytest.approx(-900, abs=5)
    assert at(36, -50, -20, 2) == pytest.approx(-95, abs=5)
    assert at(100, 0, 0, 4) == pytest.approx(-1000, abs=3)


def painted(place):
    """A slice of the phantom without grain, whole: each ellipsoid as a quadratic form, turned by a matrix."""
    across = (np.arange(HU.shape[1]) - (HU.shape[1] - 1) / 2) * SPACING_MM
    y, x = np.meshgrid(across, across, indexing="ij")
    where = np.stack((x, y, np.full_like(x, place - MIDDLE)), axis=-1)
    hu = np.full(x.shape, -1000.0)

    def share(part, side):
        turn = np.radians(side * part.angle_deg)
        axes = np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
        form = axes.T @ np.diag(1 / np.square(part.axes)) @ axes
        away = where - np.array([side * part.centre[0], *part.centre[1:]])
        steep = away @ form
        radius = np.sqrt(np.maximum(np.sum(away * steep, axis=-1), 1e-12))
        t = np.clip(0.5 + (1 - radius) / (np.linalg.norm(steep, axis=-1) / radius).clip(1e-6) / 1.4, 0, 1)
        near = np.all(np.abs(away) <= np.sqrt(np.diag(np.linalg.inv(form))) + 1.4, axis=-1)  # a thin sheet's first order reaches too far beyond its tip
        return near * t**2 * (3 - 2 * t)

    for part in HEAD:
        for side in (1, -1) if part.mirrored else (1,):
            hu = hu + share(part, side) * (share(CAVITY, 1) if part.inner else 1) * (part.hu - hu)
    return hu


@pytest.mark.parametrize("away", [-20, -12, -7, -3, 0, 5, 13, 19])
def test_every_part_is_the_ellipsoid_that_it_says(away):
    """Voxel by voxel within six deviations of the grain."""
    assert float(np.abs(HU[MIDDLE + away] - painted(MIDDLE + away)).max()) < 6 * 4.5


@pytest.mark.parametrize("side", [1, -1])
def test_a_box_holds_its_part_and_no_more(side):
    """Half-axes of 17 and 3 mm at 30 degrees reach (17^2 3/4 + 3^2 / 4)^(1/2) = 14.80 mm across, (17^2 / 4 + 3^2 3/4)^(1/2) = 8.89 down and 5 up, and the
    edge 1.4 mm more."""
    axes = tuple(np.arange(-40.0, 40.05, 0.1) for _ in range(3))
    box = box_of(Ellipsoid((4.0, -7.0, 11.0), (17.0, 3.0, 5.0), 0.0, 30.0), side, axes)
    found = [(float(at[part.start]), float(at[part.stop - 1])) for at, part in zip(axes, box[::-1], strict=True)]
    told = [(middle - half - 1.4, middle + half + 1.4) for middle, half in ((side * 4.0, 14.797), (-7.0, 8.888), (11.0, 5.0))]
    np.testing.assert_allclose(found, told, atol=0.11)


def test_the_grain_is_that_of_a_standard_kernel():
    """Read in the brain, less the drawing: the mean frequency of f A(f)^2 within 5 %; white noise under the kernel alone is 15 % coarser and more."""
    nu = np.linspace(0.0, 0.5 / SPACING_MM, 2000)
    told, white = (float(np.sum(nu * weight) / np.sum(weight)) for weight in (nu**2 * STANDARD(nu) ** 2, nu * STANDARD(nu) ** 2))
    found = []
    for away in (13, 16, 19):
        even = np.zeros(HU.shape[1:], dtype=bool)
        even[60:180, 70:170] = True
        power = noise_power((HU[MIDDLE + away] - painted(MIDDLE + away)).astype(float), even, spacing_mm=(SPACING_MM, SPACING_MM), patch_mm=22.0)
        found.append(float(np.sum(power.frequency_per_mm * power.power * power.area_per_mm2) / np.sum(power.power * power.area_per_mm2)))
    assert np.mean(found) == pytest.approx(told, rel=0.05)
    assert white < 0.87 * told


def test_air_cells_stand_upright():
    """Those of the mastoids are 1.15 times as deep and 1.3 times as tall as wide."""
    cells = [part.axes for part in HEAD if part.hu == -820]
    assert len(cells) == 9
    np.testing.assert_allclose([(b / a, c / a) for a, b, c in cells], [(1.15, 1.3)] * 9)


def test_petrous_bones_end_within_a_few_millimetres():
    """What partial volume and windmills need: dense at -6 mm, brain at +6 mm."""
    for side in (-1, 1):
        assert at(side * 36, 9, -6) > 1200
        assert at(side * 36, 9, 6) < 100


def test_left_and_right_are_alike_but_for_the_grain():
    """The phantom is mirrored; its noise is not, and every slice has its own."""
    smooth = HU[:, 60:180, 60:180].reshape(len(HU), 40, 3, 40, 3).mean(axis=(2, 4))
    difference = smooth - smooth[:, :, ::-1]
    assert 0.1 < np.abs(difference).mean() < 6
    brain = HU[:, 150:165, 112:128]
    assert 3.0 < float(np.std(brain[MIDDLE + 20] - brain[MIDDLE + 20].mean())) < 6.5
    assert abs(np.corrcoef(brain[MIDDLE + 20].ravel(), brain[MIDDLE + 21].ravel())[0, 1]) < 0.3


def test_it_is_stored_as_a_scanner_stores_it():
    """Whole HU that 12 bits hold, the same on every call."""
    assert HU.dtype == np.float32
    np.testing.assert_array_equal(HU, np.rint(HU))
    assert HU.min() >= -1024
    assert HU.max() <= 3071
    np.testing.assert_array_equal(HU, head()[0])
