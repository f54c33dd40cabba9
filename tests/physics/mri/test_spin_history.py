"""What spins remember of the pulses that they met."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from physics.mri.spin_history import MultiSlice, remembered

SEQUENCE = MultiSlice(tr_s=0.5, flip_deg=90.0, thickness_mm=4.0, gap=0.25, t1_s=1.0)


def test_a_body_at_rest_remembers_nothing_else() -> None:
    """Wherever a piece lies, in our slice, in a neighbour, on a slope or between, nothing changes from pulse to pulse."""
    heights = np.linspace(-9, 9, 37)
    np.testing.assert_allclose(remembered(SEQUENCE, np.tile(heights, (50, 1))), 1.0, atol=1e-12)


def test_above_is_as_below() -> None:
    """Both neighbours pulse: a course and its mirror image remember the same, and so does a piece that comes from either side."""
    heights = np.array([[0.3, 4.1, -5.0], [5.2, 0.0, 0.5], [-2.2, 1.0, 5.0], [0.0, 4.8, -0.4]])
    np.testing.assert_allclose(remembered(SEQUENCE, -heights), remembered(SEQUENCE, heights), rtol=1e-12)
    for pitch in (5.0, -5.0):
        own, beside = SEQUENCE.turns(np.array(pitch))
        assert (float(own), float(beside)) == pytest.approx((1.0, 0.0), abs=1e-12)


def test_the_fixed_point_by_the_recursion() -> None:
    """Started far off, the recursion ends where `settled` says."""
    for height in (0.0, 1.9, 2.5, 5.0):
        own, beside = SEQUENCE.turns(np.array(height))
        m = 1.0
        for _ in range(200):
            m = 1 - (1 - m * float(own)) * SEQUENCE.half_decay
            m = 1 - (1 - m * float(beside)) * SEQUENCE.half_decay
        assert m == pytest.approx(float(SEQUENCE.settled(np.array(height))), rel=1e-12)


def test_one_jump_in_closed_form(oracle) -> None:
    """From far away to the middle of the slice: fresh spins are 1 / (1 - exp(-TR / T1)) as bright, once; from the neighbour they come darker."""
    n = 12
    fresh = np.concatenate([np.full((n, 1), 40.0), np.zeros((n, 1))])
    brighter = remembered(SEQUENCE, fresh)[:, 0]
    exact = 1 / (1 - exp(-0.5))
    oracle("mri_through_plane_motion", "fresh spins after a jump, in closed form", brighter[n] / exact - 1, below=1e-9)
    np.testing.assert_allclose(brighter[:n], 1.0)
    np.testing.assert_allclose(brighter[n + 1 :], 1.0, atol=1e-12)  # 90 degrees leave no memory beyond one pulse
    darker = remembered(SEQUENCE, np.concatenate([np.full((n, 1), 5.0), np.zeros((n, 1))]))[:, 0]
    oracle("mri_through_plane_motion", "spins from the neighbour had half a repetition", darker[n] / ((1 - exp(-0.25)) / (1 - exp(-0.5))) - 1, below=1e-9)


def test_small_angles_forget_slowly() -> None:
    """At 30 degrees the excess of fresh spins falls by cos a exp(-TR / T1) from pulse to pulse."""
    sequence = MultiSlice(tr_s=0.5, flip_deg=30.0, thickness_mm=4.0, t1_s=1.0)
    excess = remembered(sequence, np.concatenate([np.full((3, 1), 40.0), np.zeros((6, 1))]))[3:, 0] - 1
    np.testing.assert_allclose(excess[1:] / excess[:-1], np.cos(np.radians(30)) * exp(-0.5), rtol=1e-9)


def test_half_a_repetition_decays_by_its_share_of_the_relaxation_time() -> None:
    """0.6 s and T1 of 1.5 s: exp(-0.2) is left after half a repetition."""
    assert MultiSlice(tr_s=0.6, flip_deg=70.0, thickness_mm=5.0, t1_s=1.5).half_decay == pytest.approx(exp(-0.2))
