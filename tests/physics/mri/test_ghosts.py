"""Where the copies lie that a course from line to line makes."""

from __future__ import annotations

import math

import pytest
import torch

from physics.fourier import frequencies
from physics.mri.ghosts import ghost_distance, ghost_weights


@pytest.mark.parametrize("n", [64, 81])
@pytest.mark.parametrize("distance", [7, -7, 30, -30])
def test_a_turning_phase_is_one_copy(n: int, distance: int) -> None:
    """exp(-2 pi i n d / N) moves all of the object by d pixels, and the distance is the shorter way round, whichever side it went."""
    course = torch.exp(-2j * math.pi * frequencies(n) * distance / n)
    weights = ghost_weights(course)
    assert int(weights.abs().argmax()) == distance % n
    assert float(weights.abs().max()) == pytest.approx(1.0)
    assert ghost_distance(course) == min(distance % n, n - distance % n)


@pytest.mark.parametrize("share", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("distance", [5, 5.4, 21])
def test_a_wave_names_its_distance_whatever_its_size(share: float, distance: float) -> None:
    """1 + m cos(2 pi n d / N), of any m: copies at d to either side, at the nearest pixel where d is not whole."""
    course = 1 + share * torch.cos(2 * math.pi * frequencies(80) * distance / 80)
    assert ghost_distance(course) == round(distance)


@pytest.mark.parametrize("share", [1e-3, 1.0, 1e3])
def test_copies_all_over_the_picture_have_no_distance(share: float) -> None:
    """A random course spreads its copies: no pair and its neighbours hold a quarter of them; a course that does not change makes none."""
    course = 1 + share * torch.randn(256, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert ghost_distance(course) is None
    assert ghost_distance(torch.full((64,), share)) is None


@pytest.mark.parametrize(("pairs", "named"), [(3, True), (5, False)])
def test_a_quarter_of_the_copies_makes_a_distance(pairs: int, named: bool) -> None:
    """Equal waves far apart: one of three holds a third, one of five a fifth."""
    course = sum(torch.cos(2 * math.pi * frequencies(120) * d / 120) for d in range(8, 8 + 10 * pairs, 10))
    assert (ghost_distance(course) is not None) == named
