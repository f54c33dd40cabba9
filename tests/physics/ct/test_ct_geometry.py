"""Pixels and rays in millimetres and radians."""

from __future__ import annotations

import math

import numpy as np
import pytest

from physics.ct.geometry import FAN, Fan, Grid, Parallel


def test_pixels_lie_about_the_middle_of_the_picture():
    """Rows are y, columns are x, each with its own spacing; odd sizes have a pixel at 0, even ones a pair at half a spacing; the radius is
    that of the outer corner."""
    grid = Grid((5, 4), (2.0, 0.5))
    y, x = grid.centred_mm()
    np.testing.assert_allclose(y, [-4, -2, 0, 2, 4])
    np.testing.assert_allclose(x, [-0.75, -0.25, 0.25, 0.75])
    assert grid.radius_mm == pytest.approx(math.hypot(5.0, 1.0))
    for shape, spacing_mm in (((1, 5), (1.0, 1.0)), ((5, 5), (0.0, 1.0)), ((5, 5), (1.0, -1.0))):
        with pytest.raises(ValueError, match="at least 2 x 2"):
            Grid(shape, spacing_mm)


def test_parallel_rays_fill_half_a_turn_and_the_detector():
    """Views at pi j / n from 0, rays about the middle, each as wide as a channel; the reach is the detector's edge."""
    parallel = Parallel(n_views=6, n_channels=5, channel_mm=1.5)
    np.testing.assert_allclose(parallel.theta(), np.array([0, 30, 60, 90, 120, 150]) * math.pi / 180)
    np.testing.assert_allclose(parallel.s_mm(), [-3, -1.5, 0, 1.5, 3])
    np.testing.assert_allclose(parallel.pitch_mm(), [1.5] * 5)
    assert parallel.reach_mm == pytest.approx(3.75)


def test_fan_rays_are_those_of_an_equidistant_arc_about_the_source():
    """Views at 2 pi j / n; channel k at (k - middle + offset) times pitch over detector distance; s = R sin gamma; ds is its derivative by the channel."""
    fan = Fan(source_mm=500.0, detector_mm=1000.0, n_views=8, n_channels=6, channel_mm=40.0, offset=0.25)
    np.testing.assert_allclose(fan.theta(), np.arange(8) * math.pi / 4)
    np.testing.assert_allclose(fan.gamma(), np.array([-2.25, -1.25, -0.25, 0.75, 1.75, 2.75]) * 0.04)
    np.testing.assert_allclose(fan.s_mm(), 500 * np.sin(fan.gamma()))
    small = [500 * (math.sin(g + 0.02) - math.sin(g - 0.02)) for g in fan.gamma()]
    np.testing.assert_allclose(fan.pitch_mm(), small, rtol=1e-4)
    assert fan.reach_mm == pytest.approx(500 * math.sin(3.25 * 0.04), rel=1e-3)


def test_opposite_views_of_the_scanner_interleave():
    """The quarter offset puts the ray of the opposite view half-way between two rays of this view; the fan covers 500 mm."""
    s, turned = FAN.s_mm(), -FAN.s_mm()[::-1]
    between = (turned[1:-1] - s[:-2]) / np.diff(s)[:-1]
    np.testing.assert_allclose(between, 0.5, atol=0.01)
    assert 2 * FAN.reach_mm == pytest.approx(500, abs=5)
    assert FAN.step * FAN.source_mm == pytest.approx(0.5837, abs=1e-4)


def test_a_fan_beyond_160_degrees_is_refused():
    """A pitch given at the wrong place makes the fan too wide; the message says how wide and where the pitch belongs."""
    assert Fan(n_channels=700, channel_mm=949.0 * 0.9 * math.pi / 701).n_channels == 700
    with pytest.raises(ValueError, match=r"162 degrees.*at the detector"):
        Fan(n_channels=700, channel_mm=949.0 * 0.9 * math.pi / 699)
