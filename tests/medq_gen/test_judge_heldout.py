"""The held-out answers: well-formed, spread over the strata, and readable as records of a store."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks import judge_heldout
from medq_gen.judge import NOT_FOR_USE
from medq_gen.ontology.levels import LEVELS
from medq_gen.records import Record

PATH = Path(__file__).parents[1] / "data" / "judge_heldout.jsonl"
AXES = ("completeness", "preciseness", "consistency", "quality_accuracy")
SCORES = (0, 1, 2)
UNJUDGED = "unjudged"
TIERS = ("good", "usable", "reject")


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:  # Any: plain JSON
    """All lines of the file."""
    return [json.loads(line) for line in PATH.read_text(encoding="utf-8").splitlines()]


def test_there_are_enough_answers_and_each_is_its_own(answers: list[dict[str, Any]]) -> None:
    """At least 220 texts; no id and no text twice; every one has a reason and a question."""
    assert len(answers) >= 220
    for field in ("id", "text"):
        assert max(Counter(answer[field] for answer in answers).values()) == 1, field
    assert all(answer[field].strip() for answer in answers for field in ("text", "reason", "question", "reference", "style"))


def test_scores_are_on_the_scale(answers: list[dict[str, Any]]) -> None:
    """0, 1, 2 or unjudged; a pair's verdict is right or wrong; without a verdict only consistency stays open, otherwise all is judged or nothing."""
    for answer in answers:
        scores = answer["scores"]
        assert tuple(scores) == AXES, answer["id"]
        assert all(score in (*SCORES, UNJUDGED) for score in scores.values()), answer["id"]
        assert answer["kind"] == "single" or scores["quality_accuracy"] != 1, answer["id"]
        opened = {axis for axis, score in scores.items() if score == UNJUDGED}
        assert opened in (set(), {"consistency"}, set(AXES)), answer["id"]
        assert opened != {"consistency"} or scores["quality_accuracy"] == 0, answer["id"]


@pytest.mark.parametrize("axis", AXES)
def test_every_score_is_common_on_every_axis(answers: list[dict[str, Any]], axis: str) -> None:
    """Each of 0, 1, 2 makes at least 15 % of the judged texts, so that kappa rests on all three."""
    judged = [answer["scores"][axis] for answer in answers if answer["scores"][axis] != UNJUDGED]
    assert min(judged.count(score) for score in SCORES) >= 0.15 * len(judged)


def test_the_strata_are_covered(answers: list[dict[str, Any]]) -> None:
    """Five modalities, both kinds, all levels and tiers, at least 40 recipes and 15 styles."""
    assert {answer["modality"] for answer in answers} == {"mri", "ct", "endoscopy", "histopathology", "fundus"}
    assert {answer["kind"] for answer in answers} == {"single", "pair"}
    assert {level for answer in answers for level in answer["levels"]} == set(LEVELS)
    assert {tier for answer in answers for tier in answer["tiers"]} == set(TIERS)
    assert len({recipe for answer in answers for recipe in answer["recipes"]}) >= 40
    assert len({answer["style"] for answer in answers}) >= 15


def test_records_are_those_of_a_store(answers: list[dict[str, Any]]) -> None:
    """Each picture's record is read as one, and the short fields beside the text are its own; a pair's better picture is the one with less harm."""
    for answer in answers:
        records = [Record.model_validate(record) for record in answer["records"]]
        assert len(records) == {"single": 1, "pair": 2}[answer["kind"]], answer["id"]
        assert [record.level for record in records] == answer["levels"], answer["id"]
        assert [record.tier for record in records] == answer["tiers"], answer["id"]
        assert {record.modality for record in records} == {answer["modality"]}, answer["id"]
        assert sorted({record.recipe for record in records}) == answer["recipes"], answer["id"]
        if answer["kind"] == "pair":
            harms = [record.effect or 0.0 for record in records]
            assert answer["better"] == ("first" if harms[0] < harms[1] else "second"), answer["id"]


def test_a_second_reading_is_kept(answers: list[dict[str, Any]]) -> None:
    """At least 60 texts were scored again, on the same scale."""
    again = [answer["rescored"] for answer in answers if answer["rescored"] is not None]
    assert len(again) >= 60
    assert all(tuple(scores) == AXES and set(scores.values()) <= {*SCORES, UNJUDGED} for scores in again)


def test_the_judge_names_the_axes_that_it_may_not_be_used_for() -> None:
    """Those whose agreement with the hand scores misses the bounds, and no others."""
    found = judge_heldout.judged()
    assert len(found) == 366
    assert tuple(axis for axis in AXES if not judge_heldout.may_be_used(judge_heldout.agreement_on(axis, found))) == NOT_FOR_USE
