"""Scores: nothing lost, whatever the predictions look like."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import fake_store
import numpy as np
import pandas as pd
import pytest
from fake_store import Options

from medq_gen.errors import ConfigError, StoreError
from medq_gen.export import export
from medq_gen.score import score
from medq_gen.score.interval import clustered, wilson
from medq_gen.store import Store

LETTERS = "ABCD"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fake_store.make(tmp_path_factory.mktemp("run") / "run")


def keys(store: Store) -> dict[str, str]:
    return {row["id"]: LETTERS[row["answer"]] for row in store.items("questions")}


def jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def items_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as stream:
        return list(csv.DictReader(stream))


def test_each_item_appears_once_with_what_became_of_it(run: Store, tmp_path: Path) -> None:
    """Right, wrong, missing, unreadable, repeated, contradictory, unknown: every item of the run has a row, every stray is told, and the counts add up."""
    answers = keys(run)
    ids = list(answers)
    other = {item: next(letter for letter in "AB" if letter != key) for item, key in answers.items()}
    rows = [{"id": item, "prediction": answers[item]} for item in ids[:8]]
    rows += [{"id": item, "prediction": f"The answer is ({other[item]})."} for item in ids[8:12]]
    rows += [
        {"id": ids[12], "prediction": ""},
        {"id": ids[13], "prediction": "A noisy image"},
        {"id": ids[14], "prediction": None},
        {"id": ids[15], "prediction": "A or B"},
    ]
    rows += [
        {"id": ids[0], "prediction": f" {answers[ids[0]]}. "},
        {"id": ids[1], "prediction": other[ids[1]]},
        {"id": "nobody", "prediction": "A"},
        {"prediction": "A"},
    ]
    scored = score(run, jsonl(tmp_path / "model.jsonl", rows), out=tmp_path / "score")
    overall = scored.figures["overall"]
    assert {name: overall[name] for name in ("items", "right", "wrong", "missing", "unreadable")} == {
        "items": len(ids), "right": 7, "wrong": 4, "missing": len(ids) - 14, "unreadable": 3
    }  # fmt: skip
    assert overall["accuracy"] == pytest.approx(7 / len(ids))
    assert scored.figures["strays"] == {"unknown": ["nobody", "row 20"], "repeated": ids[:2], "contradictory": [ids[1]], "other_key": [], "data_sets": []}
    status = {row["id"]: row["status"] for row in items_of(scored.items_path)}
    assert list(status) == ids
    assert [status[item] for item in (ids[0], ids[1], ids[8], ids[12], ids[13], ids[14], ids[15], ids[-1])] == [
        "right", "unreadable", "wrong", "missing", "unreadable", "missing", "unreadable", "missing"
    ]  # fmt: skip
    for cut, cells in scored.figures["by"].items():
        assert sum(cell["items"] for cell in cells) == len(ids), cut
        assert sum(cell["right"] for cell in cells) == 7, cut
    assert sum(cell["items"] for cell in scored.figures["cells"]) == len(ids)
    notes = " ".join(scored.figures["notes"])
    assert "3 answers leave open" in notes
    assert "'nobody'" in notes
    assert f"{100 * 7 / len(ids):.1f}" in scored.markdown_path.read_text()


def test_cuts_tell_what_a_model_cannot_see(run: Store, tmp_path: Path) -> None:
    """A model that is right on everything but mild pictures scores 0 there and 1 elsewhere, on exactly the right records."""
    mild = {row["id"] for row in run.items("questions") if row["level"] == "mild"}
    rows = [{"id": item, "prediction": key if item not in mild else ("B" if key == "A" else "A")} for item, key in keys(run).items()]
    scored = score(run, jsonl(tmp_path / "blind.jsonl", rows), out=tmp_path)
    assert {cell["level"]: cell["accuracy"] for cell in scored.figures["by"]["level"]} == {"none": 1, "mild": 0, "moderate": 1, "severe": 1}
    assert {(cell["level"], cell["accuracy"]) for cell in scored.figures["cells"]} == {("none", 1), ("mild", 0), ("moderate", 1), ("severe", 1)}
    chance = {cell["type"]: cell["chance"] for cell in scored.figures["by"]["type"]}
    assert chance == {"how": pytest.approx(0.25), "yes_no": pytest.approx(0.5)}


def as_the_tool_writes(folder: Path, split: str, predict: dict[str, str]) -> pd.DataFrame:
    """What the public tool hands back: the columns of the table without the picture, and the prediction."""
    (path,) = folder.glob(f"medqbench_QA_{split}-*.tsv")
    frame = pd.read_csv(path, sep="\t").drop(columns=["image"])
    return frame.assign(prediction=[predict[row] for row in frame["id"]])


@pytest.mark.parametrize("suffix", ["xlsx", "csv", "tsv", "json"])
@pytest.mark.parametrize("with_id", [True, False])
def test_files_of_the_public_tool_are_read(run: Store, tmp_path: Path, suffix: str, with_id: bool) -> None:
    """Excel, CSV, TSV and JSON give the same score; the index alone names the item; the other splits are told as not predicted, or left out by split=."""
    answers = keys(run)
    frame = as_the_tool_writes(export(run, "vlmevalkit", tmp_path / "export").path, "test", {item: f"{key}." for item, key in answers.items()})
    frame = frame if with_id else frame.drop(columns=["id"])
    path = tmp_path / f"model.{suffix}"
    write = {
        "xlsx": lambda: frame.to_excel(path, index=False),
        "csv": lambda: frame.to_csv(path, index=False),
        "tsv": lambda: frame.to_csv(path, sep="\t", index=False),
        "json": lambda: frame.to_json(path, orient="records"),
    }
    write[suffix]()
    whole = score(run, path, out=tmp_path / "whole")
    assert (whole.figures["overall"]["right"], whole.figures["overall"]["missing"]) == (len(frame), len(answers) - len(frame))
    assert {cell["split"]: cell["accuracy"] for cell in whole.figures["by"]["split"]} == {"test": 1, "dev": 0, "train": 0}
    assert "No item of the split dev was predicted" in " ".join(whole.figures["notes"])
    part = score(run, path, out=tmp_path / "part", split="test")
    assert part.accuracy == 1
    assert part.figures["notes"] == []
    with pytest.raises(ConfigError, match=r"split=validation.*dev, test, train"):
        score(run, path, out=tmp_path / "none", split="validation")


def test_a_foreign_key_and_mixed_data_sets_are_told(run: Store, tmp_path: Path) -> None:
    """Predictions made on another version of the data set are found by their own key and by the digest in their index."""
    (first, key), (second, _) = list(keys(run).items())[:2]
    rows = [{"index": f"aaaa-{first}", "prediction": key, "answer": "B" if key == "A" else "A"}, {"index": f"bbbb-{second}", "prediction": "A"}]
    strays = score(run, jsonl(tmp_path / "old.jsonl", rows), out=tmp_path).figures["strays"]
    assert strays["other_key"] == [first]
    assert strays["data_sets"] == ["aaaa", "bbbb"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.jsonl", None, "no such file"),
        ("model.pkl", b"x", "allowed: .jsonl"),
        ("model.tsv", b"\x80\x04x", "pickle"),
        ("model.xlsx", b"no workbook", "no Excel workbook"),
        ("model.jsonl", b'{"id": "a"', "cannot be read"),
        ("model.jsonl", b'["a", "b"]\n', "no object"),
        ("model.csv", b"index,answer\n1,A\n", "has the columns answer, index; needs one of id"),
    ],
)
def test_predictions_that_cannot_be_read_are_refused(run: Store, tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    """The error says what the file is, what is allowed and what it has; nothing is written."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        score(run, path, out=tmp_path / "score")
    assert not (tmp_path / "score").exists()


def test_a_run_without_questions_is_refused(tmp_path: Path) -> None:
    """The error names the command that drafts them."""
    store = fake_store.make(tmp_path / "run", Options(cases=1, items=False))
    with pytest.raises(StoreError, match="task=draft"):
        score(store, jsonl(tmp_path / "p.jsonl", []))


def test_wilson_is_the_closed_form() -> None:
    """Published values of the score interval: 0 of 10 ends at 27.8 %, 81 of 263 spans 25.5 to 36.6 %; it mirrors and never leaves [0, 1]."""
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    low, high = wilson(3, 20)
    assert wilson(17, 20) == pytest.approx((1 - high, 1 - low))
    assert wilson(0, 0) == (0.0, 1.0)


def test_groups_that_agree_widen_the_interval() -> None:
    """Ten slides whose 20 items are all right or all wrong say as much as ten items: the bootstrap's half-width is near 1.96 √(p(1-p)/10), √20 times that
    of free items."""
    groups = [f"g{number // 20}" for number in range(200)]
    together = clustered([number // 20 % 2 == 0 for number in range(200)], groups)
    apart = clustered([number % 2 == 0 for number in range(200)], groups)
    assert together is not None
    assert apart is not None
    assert together[1] - together[0] == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 10), abs=0.05)
    assert apart[1] - apart[0] < 1e-12, "every group alike: drawing groups again changes nothing"
    assert clustered([True] * 10, ["one"] * 10) is None
    assert clustered([number // 20 % 2 == 0 for number in range(200)], groups) == together


def test_scoring_needs_no_torch(run: Store, tmp_path: Path) -> None:
    """A machine that only scores has no torch: importing and scoring never load it."""
    path = jsonl(tmp_path / "model.jsonl", [{"id": item, "prediction": key} for item, key in keys(run).items()])
    call = f"score({str(run.path)!r}, {str(path)!r}, out={str(tmp_path)!r})"
    code = f"import sys; from medq_gen.score import score; assert {call}.accuracy == 1; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[3])
