"""The judge beside descriptions whose flaws are known, over every recipe."""

from __future__ import annotations

from collections import Counter

import pytest
from flawed_texts import FLAWS, STYLES, pairs, singles
from strategies import ladders

from medq_gen import registry
from medq_gen.judge import AXES, judge_text
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.score.agreement import agreement

VOCABULARY = Vocabulary.build({name: registry.get(name).recipe for name in registry.names()})


def check(cases: int, least: int) -> None:
    records = ladders(VOCABULARY, seed=5, cases=cases, recipes=tuple(VOCABULARY.artefacts))
    found = [*singles(records, VOCABULARY, seed=5, per_record=1), *pairs(records, VOCABULARY, seed=5)]
    assert len(found) >= least
    assert {flaw for one in found for flaw in one.flaws} == set(FLAWS)
    assert {one.style for one in found} == set(STYLES)
    judged = [judge_text(one.text, one.item, VOCABULARY) for one in found]
    assert Counter(one.status for one in judged)["judged"] >= 0.99 * len(found)
    both = [(one, judgement) for one, judgement in zip(found, judged, strict=True) if judgement.status == "judged"]
    for axis in AXES:
        known, given = [one.scores[axis] for one, _ in both], [judgement.scores[axis].score for _, judgement in both]
        assert set(known) == {0, 1, 2}, axis
        measured = agreement(known, given, [one.item.case for one, _ in both])
        assert measured.kappa is not None
        assert measured.kappa >= 0.95, axis
        assert abs(measured.bias) <= 0.02, axis
        if measured.kappa_95 is not None:
            assert measured.kappa_95[0] >= 0.9, axis


def test_known_flaws_are_scored_as_they_must_be() -> None:
    """600 texts of two cases: kappa of at least 0.95 and no bias beyond 0.02 on any axis."""
    check(2, 500)


@pytest.mark.slow
def test_known_flaws_are_scored_with_intervals() -> None:
    """More than 2,000 texts of ten cases: the lower bound of kappa over cases is at least 0.9 on every axis."""
    check(10, 2000)


def test_style_and_synonyms_change_nothing() -> None:
    """Texts without a flaw have no contradiction and the right verdict, whatever their words."""
    records = ladders(VOCABULARY, seed=9, cases=1, recipes=tuple(VOCABULARY.artefacts))
    plain = [one for one in singles(records, VOCABULARY, seed=9, per_record=2) if not one.flaws]
    assert len(plain) >= 60
    for one in plain:
        judgement = judge_text(one.text, one.item, VOCABULARY)
        assert (judgement.score("preciseness"), judgement.score("quality_accuracy")) == (2, 2), one.text
