"""Acceptance: the public scorer's arithmetic as we state it is that of the tool itself. MEDQ_GEN_VLMEVALKIT names a checkout of VLMEvalKit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fake_store
from openpyxl import Workbook
from replies import REPLIES

from medq_gen.score import score
from medq_gen.score.items import items_of
from medq_gen.score.public import judge_score, option_of

EVERY = [reply for replies in REPLIES.values() for _, reply, _ in replies]
JUDGES = (
    "Score: 2",
    "Score：1",
    "Score: 2.9",
    "Score: 10",
    "Score: 3",
    "Score: 0 or Score: 2",
    "2",
    " 1.5 ",
    "2.9",
    '{"score": 2}',
    '{"Score": "1"}',
    '{"score": 3}',
)
JUDGES += (
    '{"score": null}',
    '{"score": "x"}',
    "[2]",
    "true",
    "false",
    "two",
    "score: 2",
    "The score is 2.",
    "",
    "NaN",
    '"2"',
    "Score:2\nBecause it is complete.",
)


def test_every_reply_of_our_table_is_taken_as_the_tool_takes_it(tool: Any) -> None:
    """Hundreds of replies: the same letter, or no letter in both."""
    dataset = object.__new__(tool("medqbench_mcq").MedqbenchMCQDataset)
    for reply in EVERY:
        theirs = dataset._extract_option_letter(reply)
        assert option_of(reply).text == str(theirs).upper(), reply
    assert len(EVERY) >= 300


def test_a_judges_reply_is_read_as_the_tool_reads_it(tool: Any) -> None:
    """Whole scores, 2.9, 10, two scores, objects, bare numbers and none."""
    parse = tool("medqbench_caption").MedQBench_Caption_Scorer.parse_score_from_response
    for reply in JUDGES:
        assert judge_score(reply) == parse(reply), reply


def test_a_whole_file_has_the_accuracy_that_the_tool_writes(tool: Any, tmp_path: Path) -> None:
    """The tool's own evaluation of a workbook with all sorts of replies, empty cells, a doubled and an unknown row: ours to the last answer."""
    run = fake_store.make(tmp_path / "run", fake_store.Options(cases=12, missing=False))
    book = Workbook()
    book.active.append(["index", "answer", "modality", "prediction"])
    items = items_of(run)[3:]
    for turn, item in enumerate(items):
        book.active.append([item.id, item.answer, item.modality, EVERY[(7 * turn) % len(EVERY)].replace("\x00", "") or None])
    book.active.append([items[0].id, items[0].answer, items[0].modality, items[0].answer])
    book.active.append(["nobody", "B", "mri", "B"])
    path = tmp_path / "model.xlsx"
    book.save(path)
    ours = score(run, path, out=tmp_path / "out").figures["public_scorer"]["public"]
    dataset = object.__new__(tool("medqbench_mcq").MedqbenchMCQDataset)
    theirs = dataset.evaluate(str(path))
    assert (ours["right"], ours["total"]) == (theirs["correct"], theirs["total"])
    assert json.loads((tmp_path / "model_score.json").read_text())["overall_accuracy"] == ours["accuracy"]
