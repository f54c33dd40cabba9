"""The field of a loop of wire."""

from __future__ import annotations

import math

import numpy as np
import pytest

from physics.mri.loop import MU0_UT_MM_PER_A, Loop, loop_field

LOOP = Loop((10.0, -20.0, 5.0), (1.0, 2.0, -0.5), 40.0)


def segments(loop: Loop, points: np.ndarray, n: int = 4000) -> np.ndarray:
    """Biot and Savart, piece of wire by piece of wire."""
    normal = np.asarray(loop.normal) / np.linalg.norm(loop.normal)
    first = np.cross(normal, [0.0, 0.0, 1.0])
    first /= np.linalg.norm(first)
    second = np.cross(normal, first)
    t = 2 * np.pi * (np.arange(n) + 0.5) / n
    wire = np.asarray(loop.centre_mm) + loop.radius_mm * (np.cos(t)[:, None] * first + np.sin(t)[:, None] * second)
    along = loop.radius_mm * 2 * np.pi / n * (-np.sin(t)[:, None] * first + np.cos(t)[:, None] * second)
    away = points[:, None] - wire
    return MU0_UT_MM_PER_A / (4 * np.pi) * (np.cross(along, away) / np.linalg.norm(away, axis=-1, keepdims=True) ** 3).sum(axis=1)


@pytest.mark.parametrize("z", [0.0, 15.0, -60.0])
def test_on_the_axis_the_closed_form_holds(z):
    """mu0 a^2 / (2 (a^2 + z^2)^(3/2)) along the normal, in microtesla per ampere."""
    normal = np.asarray(LOOP.normal) / np.linalg.norm(LOOP.normal)
    found = loop_field(LOOP, np.asarray(LOOP.centre_mm) + z * normal)
    expected = 4 * math.pi * 1e-7 * 1e6 * 0.04**2 / (2 * (0.04**2 + (z / 1e3) ** 2) ** 1.5)
    np.testing.assert_allclose(found, expected * normal, rtol=1e-9)


def test_everywhere_it_is_the_sum_over_the_wire():
    """All three components at thirty random places agree with 4000 segments."""
    points = np.random.default_rng(0).uniform(-80, 80, size=(30, 3))
    np.testing.assert_allclose(loop_field(LOOP, points), segments(LOOP, points), rtol=2e-5, atol=1e-7)


def test_the_field_has_no_sources_and_no_eddies():
    """Divergence and curl vanish in air, by central differences."""
    at, h = np.array([-12.0, 30.0, 22.0]), 0.01
    gradient = np.stack([(loop_field(LOOP, at + h * e) - loop_field(LOOP, at - h * e)) / (2 * h) for e in np.eye(3)])  # [i, j] = d_i B_j
    size = np.abs(gradient).max()
    assert abs(np.trace(gradient)) < 1e-6 * size
    assert np.abs(gradient - gradient.T).max() < 1e-6 * size


def test_near_the_wire_the_field_stays_finite():
    """On the wire itself the field is that of the conductor's surface, of the order mu0 / (2 pi 2 mm) = 100 microtesla."""
    normal = np.array([0.0, 0.0, 1.0])
    field = loop_field(Loop((0.0, 0.0, 0.0), tuple(normal), 40.0), np.array([40.0, 0.0, 0.0]))
    assert np.isfinite(field).all()
    assert np.linalg.norm(field) < 400


@pytest.mark.parametrize("distance", [5e2, 1e4, 1e6, 1e8])
def test_far_away_it_is_a_dipole(distance):
    """Half a metre to 100 km away, on the axis, beside it and across, the field is that of a dipole of moment pi a^2, to the order (a / r)^2."""
    loop = Loop((0.0, 0.0, 0.0), (0.0, 0.0, 2.0), 10.0)
    for polar in (0.0, 1e-9, 1e-4, 0.3, 1.2, math.pi / 2, 2.5):
        place = distance * np.array([math.sin(polar) * 0.6, math.sin(polar) * -0.8, math.cos(polar)])
        unit, moment = place / np.linalg.norm(place), np.array([0.0, 0.0, math.pi * 10.0**2])
        dipole = MU0_UT_MM_PER_A / (4 * math.pi * distance**3) * (3 * unit * (unit @ moment) - moment)
        found = loop_field(loop, place)
        assert np.linalg.norm(found - dipole) < (4 * (10.0 / distance) ** 2 + 1e-7) * np.linalg.norm(dipole)


@pytest.mark.parametrize("rho", [2e-4, 1.1e-3, 1.2e-3, 5e-3])
def test_close_to_the_axis_the_field_opens_as_the_wire_says(rho):
    """The radial part, a hundred thousandth of the axial one, agrees with the wire to 1e-6 on both sides of the change from series to integrals."""
    loop = Loop((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), 40.0)
    place = np.array([[15.0, 0.6 * rho, -0.8 * rho]])
    np.testing.assert_allclose(loop_field(loop, place)[0, 1:], segments(loop, place)[0, 1:], rtol=1e-6)
