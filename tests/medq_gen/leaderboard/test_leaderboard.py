"""The page of models × tasks from results that are known: ranks, levels, worst items, costs; results that do not belong together are refused."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import fake_store
import pytest

from medq_gen.app import run_command
from medq_gen.errors import ConfigError
from medq_gen.export.content import Content
from medq_gen.judge.described import text_digest
from medq_gen.judge.items import items_of as described_of
from medq_gen.leaderboard import Board, leaderboard
from medq_gen.leaderboard.published import PUBLISHED
from medq_gen.score import score
from medq_gen.score.items import items_of
from medq_gen.score.perception import Item
from medq_gen.store import Store

Choice = Callable[[Item, int], str | None]


def answered(run: Store, model: str, choose: Choice) -> Path:
    """Predictions of a model; None is no row."""
    path = run.path / "answer" / "perception" / f"{model}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = ({"id": item.id, "prediction": text} for turn, item in enumerate(items_of(run)) if (text := choose(item, turn)) is not None)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def other(item: Item) -> str:
    """A wrong option's letter."""
    return next(letter for letter in "ABCD" if letter != item.answer)


@pytest.fixture
def run(tmp_path: Path) -> Store:
    return fake_store.make(tmp_path / "run", fake_store.Options(cases=12, missing=False, own_groups=True))


def scored(run: Store) -> Board:
    """Three models: one right but at mild, where it is right in a third; one right in every second; one that guesses, of which some answers are lost."""
    models: dict[str, Choice] = {
        "strong": lambda item, turn: item.answer if item.level != "mild" or turn % 3 == 0 else other(item),
        "half & <half>": lambda item, turn: item.answer if turn % 2 else other(item),
        "chance": lambda item, turn: None if turn < 3 else "I cannot tell." if turn < 5 else "A",
    }
    for name, choose in models.items():
        score(run, answered(run, name, choose))
    about = {"title": "chance", "model": {"kind": "chance"}, "data_set": Content.of(run).digest, "counts": {"perception": {"answered": 91, "failed": 5}}}
    more = {"tokens_in": 0, "tokens_out": 0, "seconds": 0.4}
    (run.path / "answer" / "about").mkdir(parents=True)
    (run.path / "answer" / "about" / "chance.json").write_text(json.dumps({**about, **more}))
    return leaderboard(run)


def test_models_stand_in_order_with_what_is_lost(run: Store) -> None:
    """Accuracy is right over all items; a model that is worse beyond doubt has a lower rank; missing and unreadable answers are told; a baseline is one."""
    found = scored(run)
    rows = {row["model"]: row for row in found.figures["perception"]}
    items = items_of(run)
    right = sum(item.level != "mild" or turn % 3 == 0 for turn, item in enumerate(items))
    assert rows["strong"]["all"]["accuracy"] == pytest.approx(right / len(items))
    assert rows["half & <half>"]["all"]["accuracy"] == pytest.approx(0.5)
    assert next(iter(rows)) == "strong"
    assert rows["strong"]["rank"] == 1
    assert rows["half & <half>"]["rank"] == 2
    assert (rows["chance"]["all"]["missing"], rows["chance"]["all"]["unreadable"], rows["chance"]["baseline"]) == (3, 2, True)
    assert any("chance: 5 of 96 answers are missing or cannot be read" in note for note in found.figures["notes"])
    assert found.figures["levels"] == ["none", "mild", "moderate", "severe"]
    assert rows["strong"]["level"]["severe"]["accuracy"] == 1
    assert rows["strong"]["level"]["mild"]["accuracy"] < 0.5
    low, high = rows["strong"]["all"]["interval"]
    assert low < right / len(items) < high
    assert rows["strong"]["all"]["over"] == "cases"
    mean = {(row["modality"], level): share for row in found.figures["mean_by_modality_and_level"] for level, share in row["levels"].items()}
    two = [rows[name]["modality_level"]["mri"]["mild"]["accuracy"] for name in ("strong", "half & <half>")]
    assert mean["mri", "mild"] == pytest.approx(sum(two) / 2)
    assert found.figures["spent"] == [
        {"model": "chance", "kind": "chance", "name": None, "items": 91, "status": {"failed": 5}, "tokens_in": 0, "tokens_out": 0, "seconds": 0.4}
    ]


def test_models_that_cannot_be_told_apart_share_a_rank(run: Store) -> None:
    """Two models that are right on different halves: both are first, and the page says that none is better beyond doubt."""
    for name, turn_of in (("even", 0), ("odd", 1)):
        score(run, answered(run, name, lambda item, turn, wanted=turn_of: item.answer if turn // 2 % 2 == wanted else other(item)))
    found = leaderboard(run)
    assert [row["rank"] for row in found.figures["perception"]] == [1, 1]
    assert "No model is better than another beyond doubt." in found.figures["notes"]


def test_the_worst_items_are_those_that_models_miss(run: Store) -> None:
    """Items that both models but no baseline decides; the right option is marked, each choice has its models, at most two of a recipe and family."""
    worst = scored(run).figures["worst"]
    assert worst
    assert worst[0]["missed"] == worst[0]["models"] == 2
    assert worst[0]["level"] == "mild"
    assert [item["missed"] for item in worst] == sorted((item["missed"] for item in worst), reverse=True)
    kinds = [item["type"] for item in worst]
    assert max(kinds.count(kind) for kind in kinds) <= 2
    for item in worst:
        (right,) = (option for option in item["options"] if option["right"])
        assert len(right["by"]) == 2 - item["missed"]
        assert sorted(model for option in item["options"] for model in option["by"]) == ["half & <half>", "strong"]


def test_the_page_is_whole_and_needs_no_network(run: Store) -> None:
    """Names are escaped, charts and pictures are inside, the published models stand apart with their source; the table has every figure."""
    found = scored(run)
    page = found.page_path.read_text()
    assert "half &amp; &lt;half&gt;" in page
    assert "<half>" not in page
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    assert page.count("<img ") == len(found.figures["worst"])
    assert page.count("data:image/webp") >= 1
    assert page.count('role="img"') == 4
    apart = page.partition("Published results, apart")[2]
    assert len(PUBLISHED) == 13
    assert all(one.model in apart for one in PUBLISHED)
    assert "arXiv 2510.01691" in apart
    assert "68.97" not in page.partition("Published results, apart")[0]
    with open(found.csv_path, newline="") as stream:
        rows = list(csv.DictReader(stream))
    (overall,) = (row for row in rows if row["model"] == "strong" and row["cut"] == "all")
    assert float(overall["mean"]) == found.figures["perception"][0]["all"]["accuracy"]
    assert {row["cut"] for row in rows} == {"all", "type", "scope", "modality", "level", "modality × level"}
    assert json.loads(found.json_path.read_text()) == json.loads(json.dumps(found.figures))


def test_descriptions_stand_by_judge(run: Store, tmp_path: Path) -> None:
    """Means of two judges over the same descriptions, apart; the deterministic one is grey where it may not rank; kappa beside people where it is known."""
    axes = {axis: {"mean": 1.5, "group_bootstrap_95": [1.2, 1.8]} for axis in ("completeness", "preciseness", "consistency", "quality_accuracy")}
    digest = Content.of(run).digest
    for folder, name, judge in (
        ("judge", "strong.judge.json", "deterministic"),
        ("judge_lm", "strong.by-llm.json", {"title": "llm", "prompts": {"source": "own"}}),
    ):
        part = {"task": "single", "items": 48, "unjudged": 4, "missing": 0, "axes": axes, "sum": 6.0, "share_read": 0.9}
        (run.path / folder).mkdir()
        asked = {"replies": 40, "unreadable": 2, "open": 0} if folder == "judge_lm" else None
        spent = {"asked": asked, "tokens_in": 900, "tokens_out": 80, "seconds": 3.5}
        page = {"version": 1, "judge": judge, "data_set": digest, "predictions": {"name": "strong"}, "by": {"task": [part]}, **spent}
        (run.path / folder / name).write_text(json.dumps(page))
    (run.path / "judge" / "strong.judge.csv").write_text("id,status,completeness,preciseness,consistency,quality_accuracy,text\n")
    texts = {item.id: f"Text <{turn}>" for turn, item in enumerate(described_of(run))}
    (run.path / "answer" / "description").mkdir(parents=True)
    (run.path / "answer" / "description" / "strong.jsonl").write_text(
        "".join(json.dumps({"id": name, "prediction": text}) + "\n" for name, text in texts.items())
    )
    rows = []
    for turn, (name, text) in enumerate(texts.items()):
        points = {axis: {"status": "judged", "score": 0 if turn == 7 else 1 if turn == 5 else 2} for axis in axes}
        rows.append({"item": name, "status": "judged", "text": text_digest("another" if turn == 5 else text), "scores": points})
    (run.path / "judge_lm" / "strong.by-llm.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    cells = {axis: {"kappa": 0.71, "holds": axis == "consistency"} for axis in axes}
    pair = {"first": "A", "second": "llm", "kinds": ["human", "judge"], "axes": {axis: {"overall": cell} for axis, cell in cells.items()}}
    (run.path / "align").mkdir()
    (run.path / "align" / "align.json").write_text(json.dumps({"data_set": digest, "pairs": [pair]}))
    found = leaderboard(run)
    assert found.figures["perception"] == []
    assert {judge: rows[0]["sum"] for judge, rows in found.figures["reasoning"].items()} == {"deterministic v1": 6.0, "llm": 6.0}
    assert found.figures["reasoning"]["llm"][0]["left_out"] == {"unjudged": 4}
    page = found.page_path.read_text()
    assert page.count('class="n grey"') == 4
    assert "Beside A (weighted kappa): completeness 0.71" in page
    assert page.count("Radar over completeness") == 1
    assert [item["share"] for item in found.figures["worst_described"]] == [0.0]
    assert found.figures["worst_described"][0]["text"] == "Text <7>"
    assert "Text &lt;7&gt;" in page
    assert found.figures["spent"][0]["model"] == "llm, judging strong"
    assert found.figures["spent"][0]["status"] == {"unreadable": 2}


def test_what_does_not_belong_together_is_refused(run: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing scored; models over different splits; scores of other questions; judgements of another data set: named, with what to do."""
    assert run_command(["task=leaderboard", f"run={run.path}"]) == 2
    assert "holds no scores: score answers with task=score" in " ".join(capsys.readouterr().err.split())
    score(run, answered(run, "all", lambda item, turn: item.answer))
    score(run, answered(run, "part", lambda item, turn: item.answer), split="test")
    with pytest.raises(ConfigError, match=r"all\.score\.json over all splits, part\.score\.json over test.*task\.split"):
        leaderboard(run)
    assert [row["model"] for row in leaderboard(run, split="test").figures["perception"]] == ["part"]
    assert run_command(["task=leaderboard", f"run={run.path}", "task.split=test"]) == 0
    (run.path / "score" / "part.score.json").unlink()
    table = run.path / "score" / "all.items.csv"
    table.write_text(table.read_text().replace(items_of(run)[0].id, "0" * 24))
    with pytest.raises(ConfigError, match="other questions than the run holds now"):
        leaderboard(run)
    (run.path / "score" / "all.score.json").unlink()
    (run.path / "judge").mkdir()
    (run.path / "judge" / "a.judge.json").write_text(json.dumps({"data_set": "0123456789"}))
    with pytest.raises(ConfigError, match="about the data set 0123456789"):
        leaderboard(run)
