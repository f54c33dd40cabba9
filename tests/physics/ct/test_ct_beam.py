"""Bowtie filter and tube current."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics.ct.beam import bowtie, tube_current
from physics.ct.geometry import FAN, Parallel


@pytest.mark.parametrize("geometry", [FAN, Parallel(n_views=4, n_channels=600, channel_mm=0.8)], ids=["fan", "parallel"])
def test_the_bowtie_makes_the_signal_behind_its_cylinder_even(geometry):
    """b exp(-p) is the same for all channels behind the cylinder, until the thick end of the filter at 10 %."""
    b = bowtie(geometry, diameter_mm=320.0, mu_water=0.0193).numpy()
    chord = 2 * np.sqrt(np.maximum(160.0**2 - geometry.s_mm() ** 2, 0.0))
    even = b > 0.1001
    np.testing.assert_allclose((b * np.exp(-0.0193 * chord))[even], np.exp(-0.0193 * 320), rtol=1e-9)
    assert b.max() == pytest.approx(1.0, abs=1e-3)
    assert b[~even] == pytest.approx(0.1)
    assert 0.2 < even.mean() < 0.8
    assert b[0] == b[-1] == b.min()


def test_the_head_filter_is_narrower():
    """At 90 mm from the middle the head filter takes more away than the body filter."""
    at = np.abs(FAN.s_mm() - 90).argmin()
    assert bowtie(FAN, diameter_mm=200.0, mu_water=0.0193)[at] < bowtie(FAN, diameter_mm=320.0, mu_water=0.0193)[at]


def test_the_tube_current_follows_the_thickest_ray():
    """Two views with p_max 2 and 6: m = exp(alpha (2 - 4)), exp(alpha (6 - 4)), over their mean; the load is kept; alpha 0 is constant."""
    rays = torch.tensor([[0.0, 2.0, 1.0], [3.0, 1.0, 6.0]], dtype=torch.float64)
    m = tube_current(rays, modulation=0.5)
    assert m.shape == (2, 1)
    raw = np.exp([-1.0, 1.0])
    np.testing.assert_allclose(m[:, 0], raw / raw.mean(), rtol=1e-12)
    np.testing.assert_allclose(tube_current(rays, modulation=0.0), 1.0)
