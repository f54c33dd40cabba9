"""A word that tells the answer is found and named; a set whose words tell nothing passes; a small set fails nothing."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from medq_gen.answer.leaks import ENOUGH, LEVEL, leaks

LEVELS = ("No degradation", "Mild", "Moderate", "Severe")
STEMS = ("How strong is the blur?", "How much noise is there?", "How marked is the ghosting?", "How far does the shading go?")


def made(count: int, *, telling: float, seed: int = 0, groups: int = 40) -> list[dict[str, Any]]:
    """Questions of four options in any order; of the share `telling` the wording fixes the answer, the others are answered by lot."""
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        options = rng.sample(LEVELS, 4)
        stem = rng.choice(STEMS)
        right = LEVELS[STEMS.index(stem)] if rng.random() < telling else rng.choice(LEVELS)
        group = f"group {number % groups}"
        rows.append({"id": f"{seed}-{number}", "type": "how", "question": stem, "options": options, "answer": options.index(right), "group": group})
    return rows


def test_a_wording_that_tells_the_answer_is_found_and_named() -> None:
    """A fifth of the answers hang on the wording: the solver gets their share more than chance, the gate fails and says where."""
    (found,) = leaks(made(1600, telling=0.2))
    assert (found.type, found.n_options, found.questions) == ("how", 4, 1600)
    assert found.right / found.questions == pytest.approx(0.25 + 0.2 * 0.75, abs=0.04)
    assert found.p == pytest.approx(binomtest(found.right, 1600, 0.25, alternative="greater").pvalue, rel=1e-6)
    assert found.adjusted == found.p < 1e-6
    assert not found.holds
    assert {wording for wording, _, _ in found.wordings} == set(STEMS)
    assert sum(count for _, count, _ in found.wordings) == 1600
    assert "the words give answers away); most in 'How " in str(found)


def test_words_that_tell_nothing_pass() -> None:
    """Over twelve sets of answers by lot the solver is at chance: no more sets fail than the level allows for, and the mean share is a quarter."""
    found = [leaks(made(1200, telling=0.0, seed=seed))[0] for seed in range(1, 13)]
    assert sum(not stratum.holds for stratum in found) <= 2
    assert np.mean([stratum.right / stratum.questions for stratum in found]) == pytest.approx(0.25, abs=3 * (0.1875 / 14400) ** 0.5)


def test_a_small_stratum_is_told_and_fails_nothing() -> None:
    """All answers hang on the wording, but there are too few: no verdict, the figures are there."""
    (found,) = leaks(made(ENOUGH - 1, telling=1.0))
    assert found.adjusted is None
    assert found.holds
    assert found.right > 0.95 * found.questions
    assert "too few to test" in str(found)


def test_the_position_of_the_answer_is_a_word_too() -> None:
    """Answers that are always the first option are found although no word tells them."""
    rows = [{**row, "options": (order := [LEVELS[number % 4], *(name for name in LEVELS if name != LEVELS[number % 4])]), "answer": order.index(order[0])}
            for number, row in enumerate(made(1000, telling=0.0))]  # fmt: skip
    (found,) = leaks(rows)
    assert found.right == 1000


def test_strata_are_tested_together() -> None:
    """Two types of questions: each p is multiplied by the number of strata that are tested and not below it; the order of the rows does not matter."""
    some = made(1000, telling=0.04, seed=3)
    other = [
        {**row, "id": f"yes {row['id']}", "type": "yes_no", "options": ["Yes", "No"], "answer": number % 2}
        for number, row in enumerate(made(1000, telling=0, seed=4))
    ]
    few = [{**row, "id": f"what {row['id']}", "type": "what"} for row in made(50, telling=1.0, seed=5)]
    found = leaks([*some, *other, *few])
    assert found == leaks(random.Random(1).sample([*some, *other, *few], 2050))
    assert [(stratum.type, stratum.n_options) for stratum in found] == [("how", 4), ("what", 4), ("yes_no", 2)]
    tested = sorted((stratum.p, stratum.adjusted) for stratum in found if stratum.adjusted is not None)
    assert len(tested) == 2
    assert tested[0][1] == pytest.approx(min(1.0, 2 * tested[0][0]))
    assert tested[1][1] == pytest.approx(max(tested[1][0], tested[0][1]))
    assert found[1].adjusted is None
    assert all(stratum.holds == (stratum.adjusted is None or stratum.adjusted >= LEVEL) for stratum in found)


def test_one_group_leaves_nothing_to_learn_from() -> None:
    """A solver that may not see a patient's other questions has none: no stratum, rather than a verdict."""
    assert leaks(made(1200, telling=1.0, groups=1)) == ()
    assert leaks([]) == ()
