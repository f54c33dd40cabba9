"""The surface of mucosa: clouds of redness, vessels that fork, and how the wall reads them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from physics.optics import mucosa as module
from physics.optics.mucosa import TEXEL_MM, Mucosa, clouds, texture_at, vessel_tree


class Scripted:
    """A source of chance that gives the same part of every range, no wander, and one width of stem; it counts what was asked."""

    def __init__(self, part: float, *, width: float) -> None:
        self.part, self.width, self.stems, self.pieces = part, width, 0, 0

    def uniform(self, low: float, high: float) -> float:
        return low + self.part * (high - low)

    def normal(self, mean: float, deviation: float) -> float:
        self.pieces += 1
        return mean

    def choice(self, values: list[float], p: list[float]) -> float:
        self.stems += 1
        return self.width


def law(frequency: np.ndarray, exponent: float, longest_mm: float) -> np.ndarray:
    return (frequency**2 + 1 / longest_mm**2) ** -exponent


def test_clouds_have_the_spectrum_they_were_asked_for() -> None:
    """Power (f^2 + 1 / L^2)^-e in cycles per millimetre along both axes of an oblong map, mean 0, deviation 1, periodic."""
    exponent, longest = 1.3, 9.0
    cloud = clouds(np.random.default_rng(2), (500, 331), exponent=exponent, longest_mm=longest)
    assert cloud.shape == (500, 331)
    assert cloud.mean() == pytest.approx(0, abs=1e-4)
    assert cloud.std() == pytest.approx(1, abs=1e-4)
    power = np.abs(np.fft.fft2(cloud)) ** 2
    down, across = np.fft.fftfreq(500, 0.12)[:, None], np.fft.fftfreq(331, 0.12)[None]
    frequency = np.hypot(down, across)
    ratio = power / law(frequency, exponent, longest)
    whole = ratio[frequency > 0].mean()
    for low, high in ((0.05, 0.2), (0.2, 0.6), (0.6, 1.5), (1.5, 3.5)):
        ring = (frequency >= low) & (frequency < high)
        for cone in (np.abs(down) > np.abs(across), np.abs(down) <= np.abs(across)):
            assert ratio[ring & cone].mean() == pytest.approx(whole, rel=4 / math.sqrt(np.count_nonzero(ring & cone) / 2))


def test_a_surface_is_long_and_wide_as_asked_and_its_slopes_are_those_of_one_relief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Length down, circumference across, in texels; redness mixes coarse (0.6) and fine (0.5) clouds; both slopes belong to one height map (their curl is
    nil), to the right axes, with a deviation of 0.2 together."""
    monkeypatch.setattr(module, "vessel_tree", lambda rng, shape: np.full(shape, 0.5, np.float32))
    surface = Mucosa.drawn(np.random.default_rng(4), circumference_mm=96.0, length_mm=120.0)
    assert surface.redness.shape == surface.vessels.shape == surface.slope_angle.shape == surface.slope_length.shape == (1000, 800)
    curl = np.gradient(surface.slope_length, axis=1) - np.gradient(surface.slope_angle, axis=0)
    assert np.abs(curl[2:-2, 2:-2]).max() < 1e-3 * np.abs(np.gradient(surface.slope_angle, axis=0)).max()
    assert np.hypot(surface.slope_angle, surface.slope_length).std() == pytest.approx(0.2, rel=1e-3)
    assert surface.redness.mean() == pytest.approx(0, abs=1e-3)
    assert surface.redness.std() == pytest.approx(math.hypot(0.6, 0.5), rel=0.02)
    frequency = np.hypot(np.fft.fftfreq(1000, TEXEL_MM)[:, None], np.fft.fftfreq(800, TEXEL_MM)[None])
    power = np.abs(np.fft.fft2(surface.redness)) ** 2
    low = frequency < 0.15
    expected = sum(
        weight**2 * law(frequency, e, longest)[low].sum() / law(frequency, e, longest).sum() for weight, e, longest in ((0.6, 1.7, 14), (0.5, 0.8, 1.2))
    )
    assert power[low].sum() / power.sum() == pytest.approx(expected / (0.6**2 + 0.5**2), rel=0.12)


def test_a_vessel_runs_straight_closes_around_the_tube_and_forks_to_both_sides() -> None:
    """Without wander a stem of 23 pieces of 6 texels heads left along its row, comes in again at the right, and forks: 0.575 rad to one side, 0.7 of that to
    the other; branches of 0.74 and 0.80 of the width are too thin to fork again."""
    chance = Scripted(0.5, width=1.6)
    drawn = vessel_tree(chance, (60, 200))  # type: ignore[arg-type]
    assert drawn.shape == (60, 200)
    assert (chance.stems, chance.pieces) == (1, 3 * 23)
    stem = drawn[30]
    assert stem[2:98].min() > 0.15
    assert stem[165:198].min() > 0.15
    assert stem[104:154].max() < 0.05
    end = 200 + 100 - 23 * 6
    left = (30 + 6 * 8 * math.sin(math.pi + 0.575), end + 6 * 8 * math.cos(math.pi + 0.575))
    right = (30 + 6 * 9 * math.sin(math.pi - 0.7 * 0.575), end + 6 * 9 * math.cos(math.pi - 0.7 * 0.575))
    for row, column in (left, right):
        assert drawn[round(row), round(column)] > 0.08
        assert drawn[round(60 - row), round(column)] < 0.05


def test_a_vessel_that_leaves_to_the_right_comes_in_from_the_left() -> None:
    """At 0.98 of each range a stem heads right and a little up, 0.126 rad, from the last columns."""
    drawn = vessel_tree(Scripted(0.98, width=1.6), (300, 100))  # type: ignore[arg-type]
    way = 0.98 * math.tau
    for piece in (3, 8, 14):
        assert drawn[round(294 + 6 * piece * math.sin(way)), round(98 + 6 * piece * math.cos(way)) - 100] > 0.1


def test_a_vessel_down_the_tube_and_the_light_a_wide_one_takes() -> None:
    """A quarter of each range: a stem from a quarter of the rows and columns heads down, 18 pieces long; a line of width w is 0.28 + 0.17 w dark before a
    blur of 1.2 texels."""
    drawn = vessel_tree(Scripted(0.25, width=3.6), (280, 44))  # type: ignore[arg-type]
    column = drawn[:, 11]
    assert column[72:174].min() > 0.5
    assert column[:66].max() < 0.02
    assert drawn[100, 11] == pytest.approx((0.28 + 0.17 * 3.6) * math.erf(2 / (1.2 * math.sqrt(2))), rel=0.08)
    assert drawn[100, 19:].max() < 0.02


def test_there_is_a_stem_every_130_square_millimetres() -> None:
    """The number of stems grows with the area in millimetres, rows and columns alike."""
    for shape, stems in (((60, 200), 1), ((400, 200), 9), ((200, 800), 18)):
        chance = Scripted(0.5, width=0.5)
        vessel_tree(chance, shape)  # type: ignore[arg-type]
        assert chance.stems == stems


def flat(**maps: Any) -> Mucosa:
    shape = (150, 200)
    return Mucosa(*(np.asarray(maps.get(name, np.zeros(shape)), np.float32) for name in ("redness", "vessels", "slope_angle", "slope_length")))


def test_the_wall_reads_its_maps_at_angle_and_length() -> None:
    """Rows are 0.12 mm of length and repeat, columns are the 200th part of the turn; redness and vessels are not exchanged."""
    down, across = np.mgrid[:150, :200].astype(np.float32)
    redness, vessels, _ = texture_at(flat(redness=down, vessels=across), np.array([[0.3, 2.0, -0.5]]), np.array([[1.2, 6.0, 6.0 + 18.0]]))
    np.testing.assert_allclose(redness, [[10, 50, 50]], atol=0.02)
    np.testing.assert_allclose(vessels, np.array([[0.3, 2.0, math.tau - 0.5]]) / math.tau * 200, atol=0.02)


def test_the_surface_closes_around_the_tube() -> None:
    """Texture just below and above the angle pi and the angle 0 is the same."""
    rough = clouds(np.random.default_rng(0), (150, 200), exponent=1.5, longest_mm=4.0)
    for seam in (math.pi, 0.0):
        redness, _, _ = texture_at(flat(redness=rough), np.array([[seam - 1e-4, seam + 1e-4]]), np.full((1, 2), 6.0))
        assert redness[0, 0] == pytest.approx(redness[0, 1], abs=1e-2)


@pytest.mark.parametrize("angle", [0.7, 2.4, -1.1])
def test_the_film_tilts_around_and_along_the_tube(angle: float) -> None:
    """A slope around the wall tilts along the tangent (-sin, cos, 0) at that angle, a slope along the tube along its axis."""
    _, _, tilt = texture_at(flat(slope_angle=np.full((150, 200), 0.3), slope_length=np.full((150, 200), -0.2)), np.full((1, 1), angle), np.full((1, 1), 7.0))
    np.testing.assert_allclose(tilt[0, 0], [-0.3 * math.sin(angle), 0.3 * math.cos(angle), -0.2], atol=1e-6)
