"""The phantom of the skull base: what lies where."""

from __future__ import annotations

import numpy as np
import pytest

from physics.ct.head import SPACING_MM, head

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
