"""The tier rule: T = max(impact u) + 1/4 of the sum of the others; good below 0.5 with nothing asserted, reject from 2.4 or with a structure lost."""

from __future__ import annotations

import itertools

import pytest

from medq_gen.ontology.levels import LEVELS
from medq_gen.tier import Finding, tier_of, tier_score, u_of_level

# impact, u of each finding; T by hand
SCORES = [
    ([], 0.0),
    ([(1.0, 2.0)], 2.0),
    ([(0.5, 3.0)], 1.5),
    ([(1.0, 2.0), (1.0, 1.0)], 2.25),  # 2 + 1/4
    ([(0.5, 3.0), (1.0, 1.2)], 1.8),  # 1.5 + 1.2 / 4: the largest is of impact times u, not of u
    ([(1.0, 1.0), (1.0, 1.0), (0.5, 2.0)], 1.5),  # 1 + (1 + 1) / 4
    ([(0.5, 1.0)], 0.5),
]


@pytest.mark.parametrize(("findings", "score"), SCORES)
def test_the_score_is_the_worst_and_a_quarter_of_the_rest(findings: list[tuple[float, float]], score: float) -> None:
    """Hand-computed scores, in whatever order the findings come."""
    for order in itertools.permutations(findings):
        assert tier_score(Finding(impact, u) for impact, u in order) == pytest.approx(score)


# findings, asserted, a structure lost -> tier
TIERS = [
    ([], False, False, "good"),
    ([(1.0, 0.49)], False, False, "good"),
    ([(1.0, 0.5)], False, False, "usable"),  # T < 0.5, not <=
    ([(1.0, 0.2)], True, False, "usable"),  # asserted, whatever T
    ([(1.0, 2.39)], True, False, "usable"),
    ([(1.0, 2.4)], True, False, "reject"),
    ([(0.5, 3.6)], True, False, "usable"),  # a zipper at its worst: T = 1.8
    ([(0.5, 3.6), (1.0, 2.4)], True, False, "reject"),  # 2.4 + 0.45
    ([(1.0, 2.2), (1.0, 0.8)], True, False, "reject"),  # 2.2 + 0.2
    ([(1.0, 2.2), (1.0, 0.7)], True, False, "usable"),  # 2.2 + 0.175
    ([(1.0, 0.1)], False, True, "reject"),  # a key structure cannot be seen
    ([], False, True, "reject"),
]


@pytest.mark.parametrize(("findings", "asserted", "lost", "tier"), TIERS)
def test_the_tier_follows_the_score_and_what_is_asserted(findings: list[tuple[float, float]], asserted: bool, lost: bool, tier: str) -> None:
    """Hand-computed cases on either side of every bound."""
    assert tier_of([Finding(impact, u) for impact, u in findings], asserted=asserted, structure_lost=lost) == tier


def test_a_level_stands_for_the_middle_of_its_band() -> None:
    """Levels rise by one unit of u each."""
    assert [u_of_level(level) for level in LEVELS] == [0.0, 1.0, 2.0, 3.0]
