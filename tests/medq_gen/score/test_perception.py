"""Figures of perception against what can be worked out by hand: confusions, biases, consistency, two models compared, and ten thousand items."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fake_store
import numpy as np
import openpyxl
import pytest

from medq_gen import tasks
from medq_gen.errors import ConfigError
from medq_gen.score import compare, score
from medq_gen.score.answer import LETTERS
from medq_gen.score.bias import position_bias, yes_bias
from medq_gen.score.confusion import confusions
from medq_gen.score.consistency import consistency
from medq_gen.score.interval import ratio_interval
from medq_gen.score.paired import compared, comparisons, holm
from medq_gen.score.perception import Item, Judged, judge
from medq_gen.score.predictions import Prediction
from medq_gen.store import Store

LEVELS = ("Absent", "Mild", "Moderate", "Severe")
ROOT = Path(__file__).resolve().parents[3]


def item(number: int, right: str, options: Sequence[str] = LEVELS, **more: str) -> Item:
    given = {"type": "how", "scope": "general", "modality": "mri", "level": "mild", "recipe": "mri_noise", "case": f"c{number}", "family": "artefact level"}
    given |= {"asked": "noise", "record": f"c{number}/mri_noise/0/mild", "group": f"g{number}", "template": ""} | more
    return Item(id=f"i{number}", split="test", question="?", options=tuple(options), answer=LETTERS[list(options).index(right)], **given)


def judged(rows: Sequence[tuple[Item, str | None]]) -> list[Judged]:
    """Items with what was said of them."""
    return judge([found for found, _ in rows], [Prediction(found.id, text, None, 0) for found, text in rows])[0]


def test_confusions_add_up() -> None:
    """Rows are the right options in the order of the scale, whatever that of an item's options; missing and unreadable answers have columns of their own."""
    turned = (*LEVELS[2:], *LEVELS[:2])
    said = [("Absent", "Absent"), ("Mild", "Absent"), ("Mild", "Mild"), ("Mild", None), ("Severe", "mild to moderate"), ("Severe", "Moderate")]
    rows = [(item(number, right, turned if number % 2 else LEVELS), text) for number, (right, text) in enumerate(said)]
    (table,) = confusions(judged(rows))
    assert table["columns"] == ["Absent", "Mild", "Moderate", "Severe", "missing", "unreadable"]
    assert table["rows"] == ["Absent", "Mild", "Severe"]
    assert table["counts"] == [[1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 1, 0], [0, 0, 1, 0, 0, 1]]
    assert (table["items"], table["missing"], table["unreadable"]) == (6, 1, 1)
    assert table["offered"] == [[1] * 4, [3] * 4, [2] * 4]


def test_confusions_of_names_are_told_by_family() -> None:
    """Artefact names stand in one table for each modality and family, over the options of all its items; how often each was offered is told."""
    what: dict[str, str] = {"type": "what", "family": "primary artefact"}
    rows = [
        (item(0, "Noise", ("Noise", "Motion"), **what), "Motion"),
        (item(1, "Ring", ("Ring", "Noise"), **what), "Ring"),
        (item(2, "Noise", ("Noise", "Ring"), **(what | {"modality": "ct"})), "B"),
    ]
    by_name = {table["options"]: table for table in confusions(judged(rows))}
    assert set(by_name) == {"what · mri · primary artefact", "what · ct · primary artefact"}
    mri = by_name["what · mri · primary artefact"]
    assert (mri["rows"], mri["columns"][:3]) == (["Noise", "Ring"], ["Motion", "Noise", "Ring"])
    assert mri["counts"] == [[1, 0, 0, 0, 0], [0, 0, 1, 0, 0]]
    assert mri["offered"] == [[1, 1, 0], [0, 1, 1]]


def test_a_model_that_says_yes_has_its_bias_told() -> None:
    """Always Yes with Yes right in 30 of 40: bias 25 points, all hits, all false alarms; its interval over cases holds the bias; No-sayers have -75 points."""
    polar = {"type": "yes_no", "family": "presence"}
    items = [item(number, "Yes" if number < 30 else "No", ("Yes", "No"), **polar) for number in range(40)]
    (whole, mild) = yes_bias(judged([(one, "Yes.") for one in items]))
    assert (whole["level"], mild["level"]) == ("all", "mild")
    assert (whole["yes_said"], whole["yes_right"], whole["bias"], whole["hits"], whole["false_alarms"]) == (1.0, 0.75, 0.25, 1.0, 1.0)
    assert whole["bias_95"][0] < 0.25 < whole["bias_95"][1]
    assert yes_bias(judged([(one, "No") for one in items]))[0]["bias"] == -0.75
    right = yes_bias(judged([(one, one.right if number else None) for number, one in enumerate(items)]))[0]
    assert (right["bias"], right["hits"], right["false_alarms"], right["missing"]) == (0.0, 1.0, 0.0, 1)
    assert yes_bias(judged([(item(1, "Mild"), "Mild")])) == []


def test_a_model_that_says_a_has_its_shift_told() -> None:
    """Always A with places dealt evenly: shift 3/4, accuracy 1 at A and 0 elsewhere, p near 0; a right model has shift 0 and p 1."""
    items = [item(number, LEVELS[number % 4]) for number in range(80)]
    (always,) = position_bias(judged([(one, "A") for one in items]))
    assert (always["shift"], always["accuracy_where_right"], always["chosen"]) == (0.75, [1, 0, 0, 0], [1, 0, 0, 0])
    assert always["p"] < 1e-9
    (right,) = position_bias(judged([(one, one.answer) for one in items]))
    assert (right["shift"], right["p"], right["right"]) == (0.0, 1.0, [0.25] * 4)
    assert position_bias(judged([(item(1, "Yes", ("Yes", "No")), "A")])) == []


def ladder(said: dict[str, str | None], *, case: int = 0, options: Sequence[str] = LEVELS, **more: str) -> list[tuple[Item, str | None]]:
    """One item a level of one ladder, with what was said."""
    names = dict(zip(("none", "mild", "moderate", "severe"), LEVELS, strict=True))
    return [
        (item(10 * case + number, names[level], options, level=level, case=f"c{case}", record=f"c{case}/mri_noise/0/{level}", **more), text)
        for number, (level, text) in enumerate(said.items())
    ]


def test_answers_over_the_levels_of_a_case_are_compared() -> None:
    """Absent, Severe, Moderate at none, mild, severe: two pairs rise, one falls; ties and unreadable answers have counts of their own, all are in the share."""
    found = consistency(judged(ladder({"none": "Absent", "mild": "Severe", "severe": "Moderate"})))
    assert {name: found[name] for name in ("pairs", "in_order", "tied", "reversed", "unreadable")} == {
        "pairs": 3, "in_order": 2, "tied": 0, "reversed": 1, "unreadable": 0
    }  # fmt: skip
    assert found["consistent"] == pytest.approx(2 / 3)
    assert (found["ladders"], found["all_right"]) == (1, 0.0)
    tied = consistency(judged(ladder({"none": "Mild", "mild": "Mild", "severe": None})))
    assert (tied["tied"], tied["unreadable"], tied["consistent"]) == (1, 2, 0.0)
    right = consistency(judged([row for case in range(9) for row in ladder({"none": "Absent", "severe": "Severe"}, case=case)]))
    assert (right["consistent"], right["consistent_95"], right["all_right"], right["ladders"]) == (1.0, [1.0, 1.0], 1.0, 9)


def test_presence_is_read_through_its_wording() -> None:
    """Yes to "free of noise" on the severe picture and Yes to "is there noise" on the mild one contradict each other; other cases are not compared."""
    polar = {"type": "yes_no", "family": "presence"}

    def asked(number: int, level: str, form: str, right: str, case: str = "c0") -> Item:
        record = f"{case}/mri_noise/0/{level}"
        return item(number, right, ("Yes", "No"), level=level, template=f"presence/{form}/0", case=case, record=record, **polar)

    mild, severe = asked(0, "mild", "plain", "Yes"), asked(1, "severe", "inverse", "No")
    assert consistency(judged([(mild, "Yes"), (severe, "Yes")]))["moved"] == 1
    assert consistency(judged([(mild, "Yes"), (severe, "No")]))["in_order"] == 1
    none = asked(2, "none", "plain", "No")
    assert consistency(judged([(none, "Yes"), (severe, "Yes")]))["reversed"] == 1
    assert consistency(judged([(none, "Yes"), (asked(3, "severe", "plain", "Yes", case="c1"), "No")]))["pairs"] == 0


def test_two_models_are_compared_by_hand() -> None:
    """10 items only the first has right, 2 only the second, 5 both, 3 neither: difference 0.4, exact McNemar p 2·(1+12+66)/4096."""
    items = [item(number, "Mild") for number in range(20)]
    first = judged([(one, "Mild" if number < 15 else "Severe") for number, one in enumerate(items)])
    second = judged([(one, "Mild" if 10 <= number < 17 else None if number > 18 else "Absent") for number, one in enumerate(items)])
    found = compared(list(zip(first, second, strict=True)))
    assert [found[name] for name in ("both_right", "only_first", "only_second", "neither")] == [5, 10, 2, 3]
    assert found["difference"] == pytest.approx(0.4)
    assert found["mcnemar_p"] == pytest.approx(2 * (1 + 12 + 66) / 4096)
    assert (found["missing_first"], found["missing_second"]) == (0, 1)
    low, high = found["difference_95"]
    spread = math.sqrt((12 / 20 - 0.4**2) / 20)
    assert low == pytest.approx(0.4 - 1.96 * spread, abs=0.06)
    assert high == pytest.approx(0.4 + 1.96 * spread, abs=0.06)


def test_comparisons_are_corrected_for_their_number() -> None:
    """Holm: p times the number of pairs left, never falling; a model equals itself with p 1; models on different items are not compared."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
    items = [item(number, "Mild", level=("none", "mild")[number % 2]) for number in range(20)]
    right, wrong = (judged([(one, text) for one in items]) for text in ("Mild", "Severe"))
    rows = comparisons({"a": right, "b": right, "c": wrong})
    assert [(row["first"], row["second"], row["overall"]["difference"]) for row in rows] == [("a", "b", 0), ("a", "c", 1), ("b", "c", 1)]
    assert rows[0]["overall"]["mcnemar_p"] == 1.0
    assert rows[1]["overall"]["mcnemar_p_holm"] == pytest.approx(3 * rows[1]["overall"]["mcnemar_p"])
    assert [cell["level"] for cell in rows[1]["by"]["level"]] == ["mild", "none"]
    with pytest.raises(ConfigError, match="same items"):
        comparisons({"a": right, "b": wrong[:-1]})


def test_cases_that_hang_together_widen_a_difference() -> None:
    """With items of a case all alike, 400 items of 20 cases say as much as 20: the interval is √20 times that of free items."""
    rng = np.random.default_rng(0)
    better = rng.integers(0, 2, 20)
    step = np.repeat(better, 20).astype(float)
    together = ratio_interval(step, np.ones(400), [f"c{number // 20}" for number in range(400)])
    apart = ratio_interval(step, np.ones(400), [f"c{number}" for number in range(400)])
    assert together is not None
    assert apart is not None
    assert (together[1] - together[0]) / (apart[1] - apart[0]) == pytest.approx(math.sqrt(20), rel=0.15)
    assert ratio_interval(np.ones(9), np.zeros(9), list("abcdefghi")) is None


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fake_store.make(tmp_path_factory.mktemp("run") / "run", fake_store.Options(cases=9))


def test_a_folder_of_predictions_is_scored_and_compared(run: Store, tmp_path: Path) -> None:
    """Each file is a model; every two are compared on all items, in JSON and in a table that says how many are missing."""
    rows = run.items("questions")
    folder = tmp_path / "models"
    folder.mkdir()
    for name, text in (("good", None), ("poor", "A")):
        lines = [json.dumps({"id": row["id"], "prediction": text or LETTERS[row["answer"]]}) for row in rows[: len(rows) if text is None else -4]]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
    scored = tasks.score(run.path, predictions=folder, out=tmp_path / "score")
    assert len(scored) == 2
    (pair,) = json.loads((tmp_path / "score" / "comparison.json").read_text())
    assert (pair["first"], pair["second"], pair["overall"]["items"], pair["overall"]["missing_second"]) == ("good", "poor", len(rows), 4)
    assert "| good | poor | all |" in (tmp_path / "score" / "comparison.md").read_text()
    with pytest.raises(ConfigError, match="two or more"):
        compare({"good": scored[0]}, tmp_path)
    page = scored[1].markdown_path.read_text()
    for heading in (
        "Accuracy by modality and level",
        "What is taken for what",
        "Yes for its own sake",
        "A place for its own sake",
        "over the levels of one case",
    ):
        assert heading in page
    header = scored[1].csv_path.read_text().splitlines()[0].split(",")
    assert {"missing", "unreadable", "refusals", "wilson_low", "case_bootstrap_low", "group_bootstrap_high"} <= set(header)


def test_hostile_cells_are_counted_and_nothing_is_lost(run: Store, tmp_path: Path) -> None:
    """Formulas, errors and numbers in a workbook, an answer of 10 MB, NaN, control characters: each item keeps its row, none is run, none stops the score."""
    rows = run.items("questions")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["id", "prediction"])
    for row, cell in zip(rows, ['=HYPERLINK("http://a")', "=1+1", "#N/A", 3, 0.5, True, "'=B", "B\n"], strict=False):
        sheet.append([row["id"], cell])
    book.save(tmp_path / "sheet.xlsx")
    figures = score(run, tmp_path / "sheet.xlsx", out=tmp_path).figures
    assert figures["overall"]["items"] == len(rows)
    assert sum(figures["overall"][name] for name in ("right", "wrong", "missing", "unreadable")) == len(rows)
    lines = [
        {"id": rows[0]["id"], "prediction": "x" * 10_000_000},
        {"id": rows[1]["id"], "prediction": math.nan},
        {"id": rows[2]["id"], "prediction": "\x00\x07B"},
    ]
    lines += [{"id": rows[3]["id"], "prediction": {"answer": "B"}}, {"id": rows[4]["id"], "prediction": ["A", "B"]}, {"id": None, "prediction": "A"}]
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, lines)))
    scored = score(run, tmp_path / "lines.jsonl", out=tmp_path)
    grounds = {found.item.id: found.ground for found in scored.judged}
    assert [grounds[rows[number]["id"]] for number in (0, 1)] == ["nothing", "missing"]
    assert scored.figures["overall"]["missing"] == len(rows) - 4
    assert scored.figures["strays"]["unknown"] == ["row 6"]


def many(store: Store, count: int) -> list[dict[str, Any]]:
    """Questions of 1,250 cases on four levels, written over the store's own."""
    rng = np.random.default_rng(1)
    names = ("none", "mild", "moderate", "severe")
    rows = []
    for number in range(count):
        level, case, recipe = names[number % 4], f"case-{number // 8}", f"recipe_{number // 8 % 40}"
        options = list(np.roll(LEVELS, number % 3)) if number % 2 else ["Yes", "No"]
        rows.append({
            "id": f"{number:024x}", "record": f"{case}/{recipe}/0/{level}", "case": case, "group": f"group-{number // 16}", "split": "test",
            "modality": ("mri", "ct", "fundus", "endoscopy", "histopathology")[number // 8 % 5], "recipe": recipe, "level": level,
            "type": "how" if number % 2 else "yes_no", "scope": ("general", "specific")[number // 2 % 2],
            "family": "artefact level" if number % 2 else "presence",
            "template": f"presence/{'inverse' if number % 3 else 'plain'}/0", "asked": "noise", "question": "How strong is noise?", "options": options,
            "answer": int(rng.integers(0, len(options))),
        })  # fmt: skip
    fake_store.write_items(store, "questions", rows)
    return rows


@pytest.mark.slow
def test_ten_thousand_items_take_a_minute_at_most(tmp_path: Path) -> None:
    """10,000 items with replies of up to 2,000 characters, all cuts and intervals: under 60 s of the processor and 1 GB; the figures add up."""
    store = fake_store.make(tmp_path / "run", fake_store.Options(cases=1))
    rows = many(store, 10_000)
    forms = (
        "{}",
        "The answer is ({}).",
        "<think>" + "The edges are sharp. " * 90 + "</think>\n**{}**",
        "Option {} is right because of the grain.",
        "I cannot tell.",
    )
    lines = [json.dumps({"id": row["id"], "prediction": forms[number % 5].format(LETTERS[number % len(row["options"])])}) for number, row in enumerate(rows)]
    (tmp_path / "model.jsonl").write_text("\n".join(lines))
    code = f"""
        import re, time
        from pathlib import Path
        from medq_gen.score import score
        scored = score({str(store.path)!r}, {str(tmp_path / "model.jsonl")!r}, out={str(tmp_path)!r})
        peak_kb = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]  # ru_maxrss would begin at that of the parent
        print(time.process_time(), int(peak_kb) / 1e6)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, cwd=ROOT, capture_output=True, text=True)
    seconds, gigabytes = map(float, done.stdout.split())
    assert seconds < 60
    assert gigabytes < 1
    figures = json.loads((tmp_path / "model.score.json").read_text())
    assert figures["overall"]["unreadable"] == figures["overall"]["refusals"] == 2000
    for cells in (*figures["by"].values(), *figures["by_two"].values(), figures["cells"]):
        assert sum(cell["items"] for cell in cells) == 10_000
    assert figures["overall"]["case_bootstrap_95"][0] < figures["overall"]["accuracy"] < figures["overall"]["case_bootstrap_95"][1]
