"""Numbers of cases against simulated tables and against the square-root law."""

from __future__ import annotations

import numpy as np
import pytest

from medq_gen.errors import ConfigError
from medq_gen.score.agreement import by_case, kappa_of
from medq_gen.score.cases_needed import from_rated, kappa_deviation, mixture, planned
from medq_gen.score.interval import Z_95


@pytest.mark.parametrize("kappa", [0.0, 0.4, 0.8])
def test_the_mixture_has_the_kappa_that_it_is_asked_for(kappa: float) -> None:
    """Shares that sum to one, with equal margins and this weighted kappa."""
    shares = mixture(kappa)
    assert shares.sum() == pytest.approx(1)
    assert shares.sum(axis=0) == pytest.approx(shares.sum(axis=1))
    assert kappa_of(shares) == pytest.approx(kappa)


@pytest.mark.parametrize("kappa", [0.0, 0.4, 0.8])
def test_the_deviation_is_that_of_simulated_tables(kappa: float) -> None:
    """20,000 tables of 600 items: the spread of kappa times √600, within 3 standard errors of a spread and the 2 % that is left of large samples."""
    rng = np.random.default_rng(7)
    tables = rng.multinomial(600, mixture(kappa).ravel(), size=20_000).reshape(-1, 3, 3).astype(float)
    spread = float(kappa_of(tables).std()) * np.sqrt(600)
    assert kappa_deviation(mixture(kappa)) == pytest.approx(spread, rel=3 / np.sqrt(2 * 20_000) + 0.02)


def test_half_the_width_takes_four_times_the_cases() -> None:
    """The square-root law, to the rounding up; a plan at higher kappa takes fewer."""
    assert planned(0.1, 0.8) == pytest.approx(4 * planned(0.2, 0.8), abs=4)
    assert planned(0.2, 0.9) < planned(0.2, 0.6)
    with pytest.raises(ConfigError, match="a width between 0 and 1"):
        planned(0.0, 0.8)


def test_rated_cases_tell_how_many_more_are_needed() -> None:
    """400 independent items drawn from known shares: the number is that of the large-sample law for those shares, within a tenth."""
    rng = np.random.default_rng(3)
    drawn = rng.choice(9, size=400, p=mixture(0.7).ravel())
    stacked = by_case([int(cell) // 3 for cell in drawn], [int(cell) % 3 for cell in drawn], [str(number) for number in range(400)])
    law = (2 * Z_95 * kappa_deviation(stacked.sum(axis=0) / 400) / 0.15) ** 2
    assert from_rated(stacked, 0.15) == pytest.approx(law, rel=0.1)
    doubled = np.repeat(stacked, 1, axis=0) * 5  # five items a case that agree or differ together: as many cases, not a fifth
    assert from_rated(doubled, 0.15) == from_rated(stacked, 0.15)


def test_what_cannot_be_told_is_none() -> None:
    """Too few cases, one score throughout, or a width that no number of cases within reason gives."""
    few = by_case([0, 1], [0, 1], ["a", "b"])
    assert from_rated(few, 0.2) is None
    same = by_case([2] * 20, [2] * 20, [str(number) for number in range(20)])
    assert from_rated(same, 0.2) is None
    mixed = by_case([0, 1, 2] * 10, [1, 1, 0] * 10, [str(number) for number in range(30)])
    assert from_rated(mixed, 0.002) is None
