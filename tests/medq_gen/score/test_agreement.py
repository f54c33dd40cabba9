"""Agreement of two raters: kappa against hand-worked tables, intervals against their definition."""

from __future__ import annotations

import numpy as np
import pytest

from medq_gen.errors import MedqError
from medq_gen.score.agreement import agreement, confusion, kappa_of, mean_over_groups


def test_kappa_of_a_table_worked_by_hand() -> None:
    """O = [[2,1,0],[0,2,0],[0,1,2]] has Σ w O = 2; margins (3,2,3) and (2,4,2) give Σ w E = (12 + 24 + 4 + 4 + 24 + 12) / 8 = 10, so κ = 1 - 2/10."""
    counts = np.array([[2.0, 1, 0], [0, 2, 0], [0, 1, 2]])
    assert kappa_of(counts) == pytest.approx(0.8, abs=1e-12)


def test_weights_go_by_the_full_scale_not_by_the_scores_that_occur() -> None:
    """Raters that use 0 and 2 only are two steps apart where they differ; on a scale of the seen scores they would be one."""
    found = agreement([0, 0, 2, 2], [0, 2, 2, 2], list("abcd"))
    # w = 4 for the one disagreement; E: margins (2,2) and (1,3) -> 4 * (2*3 + 2*1) / 4 = 8
    assert found.kappa == pytest.approx(1 - 4 / 8)
    assert found.confusion == ((1, 0, 1), (0, 0, 0), (0, 0, 2))


def test_perfect_chance_and_opposite() -> None:
    """1 for equal scores, 0 for independent ones, -1 for mirrored ones."""
    scores = [0, 1, 2] * 10
    assert agreement(scores, scores, list(map(str, range(30)))).kappa == 1
    independent = np.outer([3, 3, 3], [3, 3, 3]).astype(float)
    assert kappa_of(independent) == pytest.approx(0)
    assert agreement(scores, [2 - score for score in scores], list(map(str, range(30)))).kappa == pytest.approx(-1)


def test_one_score_throughout_has_no_kappa() -> None:
    """Where both raters give 2 only, chance explains everything: None, not 1 and not 0."""
    found = agreement([2] * 12, [2] * 12, list(map(str, range(12))))
    assert found.kappa is None
    assert found.exact == 1


def test_bias_is_second_minus_first() -> None:
    """A second rater one point stricter on half of the items has a bias of -0.5."""
    found = agreement([2, 2, 1, 1], [1, 2, 0, 1], list("abcd"))
    assert found.bias == pytest.approx(-0.5)
    assert found.exact == 0.5
    assert found.kappa_95 is None  # four cases are too few to draw again


def test_the_interval_draws_cases_not_items() -> None:
    """100 items of 10 cases that agree or disagree as a whole: the interval is as wide as that of 10 items, not of 100."""
    rng = np.random.default_rng(0)
    firsts = [int(score) for score in rng.integers(0, 3, size=10)]
    seconds = [first if number % 2 else 2 - first for number, first in enumerate(firsts)]
    cases = [str(number) for number in range(10)]
    few = agreement(firsts, seconds, cases)
    many = agreement(firsts * 10, seconds * 10, cases * 10)
    alone = agreement(firsts * 10, seconds * 10, [str(number) for number in range(100)])
    assert few.kappa_95 == pytest.approx(many.kappa_95)
    assert many.kappa_95 is not None
    assert alone.kappa_95 is not None
    assert many.kappa_95[1] - many.kappa_95[0] > 2 * (alone.kappa_95[1] - alone.kappa_95[0])
    assert many.kappa_95[0] <= (many.kappa or 0) <= many.kappa_95[1]


def test_the_same_scores_give_the_same_interval() -> None:
    """The drawing is seeded."""
    scores = [0, 1, 2, 2, 1, 0, 1, 2, 0]
    other = [0, 1, 1, 2, 1, 0, 2, 2, 0]
    cases = [str(number) for number in range(9)]
    assert agreement(scores, other, cases) == agreement(scores, other, cases)
    assert mean_over_groups([1.0] * 9, cases) == (1.0, 1.0)
    assert mean_over_groups([1.0, 2.0], ["a", "b"]) is None


@pytest.mark.parametrize(
    ("first", "second", "cases", "message"),
    [
        ([0, 1], [0], ["a", "b"], "same items"),
        ([0, 3], [0, 1], ["a", "b"], "3 is not on the scale 0, 1, 2"),
        ([], [], [], "at least one item"),
        ([0], [1], [], "0 cases"),
    ],
)
def test_what_cannot_be_compared_is_refused(first: list[int], second: list[int], cases: list[str], message: str) -> None:
    """Different lengths, scores outside of the scale, nothing at all."""
    with pytest.raises(MedqError, match=message):
        agreement(first, second, cases)


def test_confusion_keeps_the_order_of_the_scale() -> None:
    """Rows are the first rater, columns the second."""
    assert confusion([0, 2], [1, 1]).tolist() == [[0, 1, 0], [0, 0, 0], [0, 1, 0]]
