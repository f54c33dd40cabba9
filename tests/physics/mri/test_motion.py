"""Poses, orders and trajectories."""

from __future__ import annotations

import math

import numpy as np
import pytest

from physics.mri.motion import Motion, about_pivot, turned
from physics.mri.order import line_times
from physics.mri.trajectory import DEG_TO_MM, Drift, Nod, Nodding, Step, Wander, course, trajectory
from physics.pose import Pose


def test_a_turn_goes_from_axis_one_to_axis_zero():
    """Right turns into down by 90 degrees, down into left."""
    np.testing.assert_allclose(turned(np.array([0.0, 1.0]), 90.0), [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(turned(np.array([1.0, 0.0]), 90.0), [0.0, -1.0], atol=1e-12)


def test_the_pivot_stays_in_place():
    """A turn about a pivot leaves the pivot where it was and adds the shift."""
    pivot, angle = (30.0, -12.0), np.array([7.0, -20.0])
    shift = about_pivot(np.array([[0.0, 0.0], [1.0, 2.0]]), angle, pivot_mm=pivot)
    lies = turned(np.broadcast_to(np.asarray(pivot), (2, 2)), angle) + shift
    np.testing.assert_allclose(lies, [[30.0, -12.0], [31.0, -10.0]], atol=1e-12)


def test_movements_compose_the_second_after_the_first():
    """A point goes through both: x -> R2 (R1 x + t1) + t2, line by line."""
    time = np.array([0.0, 0.5])
    first = Motion(np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([10.0, -5.0]), time)
    second = Motion(np.array([[-3.0, 0.5], [2.0, 0.0]]), np.array([25.0, 90.0]), time + 0.1)
    both, point = first.then(second), np.array([[4.0, -7.0]] * 2)
    through = turned(turned(point, first.angle_deg) + first.shift_mm, second.angle_deg) + second.shift_mm
    np.testing.assert_allclose(turned(point, both.angle_deg) + both.shift_mm, through)
    np.testing.assert_array_equal(both.time, time)


def test_mean_and_displacement_are_hand_computed():
    """Weights 1 and 3; Jenkinson: 3 mm and 4 mm shift give 5 mm, a turn gives R sqrt(4 (1 - cos a) / 5)."""
    motion = Motion(np.array([[0.0, 0.0], [4.0, -8.0]]), np.array([0.0, 2.0]), np.zeros(2))
    assert motion.mean(np.array([1.0, 3.0])) == Pose((3.0, -6.0), 1.5)
    assert motion.mean(np.zeros(2)) == Pose((2.0, -4.0), 1.0)
    shifted = Motion(np.array([[1.0, 1.0], [4.0, 5.0]]), np.zeros(2), np.zeros(2))
    np.testing.assert_allclose(shifted.displacement_mm(), [0.0, 5.0])
    np.testing.assert_allclose(shifted.displacement_mm(1), [5.0, 0.0])
    rotated = Motion(np.zeros((2, 2)), np.array([1.0, 4.0]), np.zeros(2))
    assert rotated.displacement_mm()[1] == pytest.approx(80 * math.sqrt(0.8 * (1 - math.cos(math.radians(3)))))


def test_still_lines_and_wrong_shapes():
    """Only a pose that is exactly neutral is still; shapes that disagree are refused."""
    motion = Motion(np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), np.array([0.0, 0.0, 1.0]), np.zeros(3))
    assert motion.still.tolist() == [True, False, False]
    constant = Motion.constant(Pose((1.0, 2.0), 3.0), n_lines=4)
    assert constant.shift_mm.tolist() == [[1.0, 2.0]] * 4
    assert constant.angle_deg.tolist() == [3.0] * 4
    assert constant.time.tolist() == [0.0, 0.25, 0.5, 0.75]
    with pytest.raises(ValueError, match="needed"):
        Motion(np.zeros((3, 2)), np.zeros(2), np.zeros(3))


def ranks(n: int, order: str, **options: int) -> list[int]:
    """The frequencies in the order in which they are taken."""
    frequency = np.fft.ifftshift(np.arange(n) - n // 2)
    return frequency[np.argsort(line_times(n, order, **options))].tolist()


def test_orders_are_written_out():
    """Linear, centric and interleaved, for even and odd numbers of lines."""
    assert ranks(6, "linear") == [-3, -2, -1, 0, 1, 2]
    assert ranks(7, "linear") == [-3, -2, -1, 0, 1, 2, 3]
    assert ranks(6, "centric") == [0, -1, 1, -2, 2, -3]
    assert ranks(7, "centric") == [0, -1, 1, -2, 2, -3, 3]
    assert ranks(9, "interleaved", n_shots=3) == [-4, -1, 2, -3, 0, 3, -2, 1, 4]
    assert ranks(8, "interleaved", n_shots=3) == [-4, -1, 2, -3, 0, 3, -2, 1]
    assert sorted(line_times(8, "centric")) == pytest.approx(np.arange(8) / 8)
    with pytest.raises(ValueError, match="allowed: linear"):
        line_times(8, "random")  # type: ignore[arg-type]


def test_a_nod_starts_and_ends_at_rest():
    """There by x^2 (3 - 2 x) from 0.2 on in 0.2, held for 0.1, back by the same curve: 5/32 after a quarter of a ramp, half in its middle."""
    time = np.array([0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.9])
    expected = [0, 0, 5 / 32, 1 / 2, 27 / 32, 1, 1, 27 / 32, 1 / 2, 5 / 32, 0, 0]
    np.testing.assert_allclose(course(Nod(at=0.2, ramp=0.2, hold=0.1, shift_mm=(1.0, 0.0), angle_deg=0.0), time), expected, atol=1e-12)


def test_a_wandering_head_is_a_sum_of_half_waves():
    """Two coefficients at a quarter of the scan: a sin(pi / 4) + b sin(pi / 2)."""
    found = course(Wander((1.0, 0.0), 0.0, (0.3, -0.7)), np.array([0.25, 0.5]))
    np.testing.assert_allclose(found, [0.3 * np.sqrt(0.5) - 0.7, 0.3], atol=1e-12)


def test_courses_are_hand_computed():
    """A step with and without ramp, a drift with its power, a nodding with phase and waxing."""
    time = np.array([0.0, 0.25, 0.5, 1.0])
    np.testing.assert_allclose(course(Step(0.25, (1.0, 0.0), 0.0), time), [0, 1, 1, 1])
    np.testing.assert_allclose(course(Step(0.25, (1.0, 0.0), 0.0, ramp=0.5), time), [0, 0, 0.5, 1])
    np.testing.assert_allclose(course(Drift((1.0, 0.0), 0.0, power=2.0), time), [0, 0.0625, 0.25, 1])
    np.testing.assert_allclose(course(Nodding((1.0, 0.0), 0.0, cycles=1.0, phase_rad=0.3), time), np.sin(2 * np.pi * time + 0.3))
    waxed = course(Nodding((1.0, 0.0), 0.0, cycles=3.0, phase_rad=0.3, waxing=0.5), time)
    np.testing.assert_allclose(waxed, (1 + 0.5 * np.sin(3 * np.pi * time)) * np.sin(6 * np.pi * time + 0.3))


def test_the_peak_is_as_asked_and_the_head_starts_at_rest():
    """The largest displacement against the start is peak_mm, for shifts alone exactly, for turns within the small-angle error."""
    time = np.arange(200) / 200
    pieces = (Nodding((0.6, 0.8), 0.5, cycles=4.0, phase_rad=1.0), Step(0.4, (1.0, -1.0), 0.2))
    motion = trajectory(pieces, peak_mm=6.0, time=time)
    assert motion.displacement_mm(0).max() == pytest.approx(6.0, rel=2e-3)
    np.testing.assert_allclose(motion.shift_mm[0], 0, atol=1e-12)
    shifted = trajectory((Step(0.5, (3.0, 4.0), 0.0),), peak_mm=2.0, time=time)
    np.testing.assert_allclose(shifted.shift_mm[-1], [1.2, 1.6])
    np.testing.assert_allclose(shifted.shift_mm[99], 0.0)
    doubled = trajectory(pieces, peak_mm=12.0, time=time)
    np.testing.assert_allclose(doubled.angle_deg, 2 * motion.angle_deg)
    turn = trajectory((Step(0.5, (0.0, 0.0), 1.0),), peak_mm=DEG_TO_MM, time=time, pivot_mm=(40.0, 0.0))
    assert turn.angle_deg[-1] == pytest.approx(1.0)
    assert pytest.approx(0.8830, abs=1e-4) == DEG_TO_MM
    np.testing.assert_allclose(turn.shift_mm[-1], [40 * (1 - math.cos(math.radians(1))), 40 * math.sin(math.radians(1))])
    with pytest.raises(ValueError, match="nothing moves"):
        trajectory((Step(2.0, (1.0, 0.0), 0.0),), peak_mm=1.0, time=time)
