"""Krippendorff's alpha against the reliability data that he published, and against laws that hold without any table."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from medq_gen.errors import MedqError
from medq_gen.score.krippendorff import alpha_of, coincidences, krippendorff

NO = None
PUBLISHED = (  # Krippendorff (2011), section C: four observers, twelve units, values 1 to 5
    (1, 2, 3, 3, 2, 1, 4, 1, 2, NO, NO, NO),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NO, 3),
    (NO, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NO),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NO),
)
SCALE = (1, 2, 3, 4, 5)


def raters(table: tuple[tuple[int | None, ...], ...]) -> list[dict[str, int]]:
    return [{str(unit): score for unit, score in enumerate(row) if score is not None} for row in table]


def test_the_published_data_have_the_published_alpha() -> None:
    """Ordinal alpha 0.815 for the data of section C, whose coincidences sum to the 40 pairable values; a single score of a unit counts nothing."""
    cases = {str(unit): str(unit) for unit in range(12)}
    found = krippendorff(raters(PUBLISHED), cases, scale=SCALE)
    assert found.alpha == pytest.approx(0.815, abs=5e-4)
    assert found.units == 11
    pairs = sum(coincidences([row[unit] for row in PUBLISHED if row[unit] is not None], SCALE) for unit in range(12))  # type: ignore[misc]
    assert np.sum(pairs) == pytest.approx(40)
    assert np.diag(pairs) == pytest.approx([7, 10, 8, 4, 3])
    assert found.alpha_95 is not None
    assert found.alpha_95[0] < found.alpha < found.alpha_95[1]


def test_it_is_the_definition_summed_over_pairs() -> None:
    """1 - D_o / D_e, worked out pair by pair over all values, with the ordinal distance from the counts of every rank between."""
    rng = np.random.default_rng(4)
    table = [[int(score) for score in rng.integers(0, 3, size=30)] for _ in range(3)]
    every = [score for row in table for score in row]

    def distance(one: int, other: int) -> float:
        low, high = sorted((one, other))
        return (sum(every.count(rank) for rank in range(low, high + 1)) - (every.count(low) + every.count(high)) / 2) ** 2 if low != high else 0.0

    observed = sum(distance(*pair) for unit in zip(*table, strict=True) for pair in combinations(unit, 2)) / (30 * 3)
    expected = sum(distance(*pair) for pair in combinations(every, 2)) / math.comb(len(every), 2)
    found = krippendorff([{str(unit): score for unit, score in enumerate(row)} for row in table], {str(unit): str(unit) for unit in range(30)})
    assert found.alpha == pytest.approx(1 - observed / expected, abs=1e-12)


def test_whole_agreement_is_one_and_one_score_throughout_is_undefined() -> None:
    """Equal raters: 1, whatever is missing. One score throughout: None. Nobody beside another: None."""
    cases = {str(unit): str(unit) for unit in range(12)}
    same = [{name: int(name) % 3 for name in cases if (int(name) + turn) % 4} for turn in range(3)]
    assert krippendorff(same, cases).alpha == 1
    assert krippendorff([dict.fromkeys(cases, 2)] * 2, cases).alpha is None
    assert krippendorff([{"0": 1}, {"1": 1}], cases).alpha is None
    with pytest.raises(MedqError, match="3 is not on the scale"):
        krippendorff([{"0": 3}, {"0": 1}], cases)


def test_it_sees_order_where_equal_disagreements_do_not() -> None:
    """Half of the units two steps apart is worse than half of them one step apart."""
    near = alpha_of(np.array([[4.0, 2, 0], [2, 4, 2], [0, 2, 4]]))
    far = alpha_of(np.array([[4.0, 0, 4], [0, 4, 0], [4, 0, 4]]))
    assert near > far


def test_the_interval_draws_cases() -> None:
    """Ten times the same units in the same cases: the same interval; as cases of their own: a narrower one."""
    rng = np.random.default_rng(1)
    first = {str(unit): int(rng.integers(0, 3)) for unit in range(12)}
    second = {unit: score if int(unit) % 3 else 2 - score for unit, score in first.items()}
    many = [{f"{unit}.{turn}": score for unit, score in row.items() for turn in range(10)} for row in (first, second)]
    together = krippendorff(many, {unit: unit.partition(".")[0] for unit in many[0]})
    alone = krippendorff(many, {unit: unit for unit in many[0]})
    assert together.cases == 12
    assert together.alpha_95 is not None
    assert alone.alpha_95 is not None
    assert together.alpha_95[1] - together.alpha_95[0] > 2 * (alone.alpha_95[1] - alone.alpha_95[0])
