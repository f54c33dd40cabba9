"""Sheets, ratings and their comparison on a run made by hand: every figure from scores that are known."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import fake_store
import pytest
from openpyxl import Workbook

from medq_gen.align import align, draw_sheet
from medq_gen.align.ratings import Key, read_ratings
from medq_gen.align.sample import draw
from medq_gen.app import run_command
from medq_gen.errors import ConfigError
from medq_gen.export.content import Content
from medq_gen.judge import AXES, TASKS
from medq_gen.judge.items import Item, items_of
from medq_gen.store import Store

HOSTILE = '</script><img src=x onerror="alert(1)"> =1+1 & "quotes"\nA second line. Overall, the quality of this image is usable.'


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fake_store.make(tmp_path_factory.mktemp("run") / "run", fake_store.Options(cases=12, missing=False, own_groups=True))


@pytest.fixture(scope="module")
def answers(run: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models as task=answer writes them; one leaves an item without a text."""
    folder = tmp_path_factory.mktemp("answer")
    digest = Content.of(run).digest
    for model in ("eye", "lens"):
        for kind, name in (("description", "reasoning"), ("comparison", "pairs")):
            rows = run.items(name)
            texts = {row["id"]: f"{model} sees {row['id'][:4]}. {HOSTILE}" for row in rows}
            if model == "lens" and name == "reasoning":
                texts[rows[0]["id"]] = ""
            (folder / kind).mkdir(exist_ok=True)
            lines = (json.dumps({"id": item, "index": f"{digest}-{item}", "prediction": text}) for item, text in texts.items())
            (folder / kind / f"{model}.jsonl").write_text("\n".join(lines))
    return folder


def item(number: int, modality: str, level: str, case: str) -> Item:
    return Item(f"{number:04d}", "single", (), None, case, case, "test", modality, "r", level)


def test_strata_get_their_share_and_no_case_twice_before_others() -> None:
    """60 texts of four strata (30, 15, 10, 5): 12 are drawn as 6, 3, 2, 1, 4 as one of each; no case repeats early."""
    sizes = {("mri", "mild"): 30, ("mri", "severe"): 15, ("ct", "mild"): 10, ("ct", "severe"): 5}
    texts = [
        ("eye", item(number * 100 + turn, *stratum, case=f"{stratum}{turn // 3}"), "text")
        for number, (stratum, size) in enumerate(sizes.items())
        for turn in range(size)
    ]
    drawn = draw(texts, number=12, seed=0, data_set="d")
    assert Counter((one.item.modality, one.item.level) for one in drawn) == {("mri", "mild"): 6, ("mri", "severe"): 3, ("ct", "mild"): 2, ("ct", "severe"): 1}
    assert len({one.item.case for one in drawn}) == 12
    assert draw(texts[::-1], number=12, seed=0, data_set="d") == drawn
    assert draw(texts, number=12, seed=1, data_set="d") != drawn
    assert len(draw(texts, number=4, seed=0, data_set="d")) == len({one.stratum for one in draw(texts, number=4, seed=0, data_set="d")}) == 4
    assert len(draw(texts, number=1000, seed=0, data_set="d")) == 60
    with pytest.raises(ConfigError, match="at least 1"):
        draw(texts, number=0, seed=0, data_set="d")


def data_of(page: str) -> dict[str, Any]:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, flags=re.DOTALL)
    return dict(json.loads(found))


def test_the_page_is_whole_and_blind(run: Store, answers: Path, tmp_path: Path) -> None:
    """Every text with its pictures in one file; no model, item, case, level or tier in it; texts that look like markup stay texts; nothing from elsewhere."""
    made = draw_sheet(run, answers, number=20, out=tmp_path)
    page = made.sheet.page.read_text()
    data = data_of(page)
    assert len(data["cases"]) == made.texts == 20
    assert any("</script><img" in one["description"] for one in data["cases"])
    outside = page.replace(json.dumps(data["cases"]), "")
    assert "<img src=x" not in outside
    for name in ("eye.jsonl", "fundus_defocus", *(record.key for record in run.records()), *(row["id"] for row in run.items("reasoning"))):
        assert name not in page
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    images = re.findall(r'"(p[0-9a-f]{12}\.png)": ?"data:image/webp;base64,', page)
    assert set(images) == {name for one in data["cases"] for name in one["pictures"]}
    assert {len(one["pictures"]) for one in data["cases"]} == {1, 2}
    with open(made.sheet.table, encoding="utf-8-sig", newline="") as stream:
        table = list(csv.DictReader(stream))
    assert [row["code"] for row in table] == [one["code"] for one in data["cases"]]
    assert all((made.sheet.hand_out / name).is_file() for row in table for name in row["pictures"].split())
    assert all(one["reference"] for one in data["cases"])
    key = Key.read(made.sheet.key)
    assert {model for model, _ in key.units.values()} == {"eye", "lens"}
    assert len("\n".join(made.lines())) > 100
    hidden = draw_sheet(run, answers, number=5, reference=False, out=tmp_path / "hidden")
    assert not any(one["reference"] for one in data_of(hidden.sheet.page.read_text())["cases"])


def test_a_sheet_is_never_drawn_over_another(run: Store, answers: Path, tmp_path: Path) -> None:
    """The same draw gives the same sheet; another one in that folder is refused, since ratings would lose their key."""
    first = draw_sheet(run, answers, number=10, out=tmp_path)
    before = first.sheet.page.read_bytes()
    draw_sheet(run, answers, number=10, out=tmp_path)
    assert first.sheet.page.read_bytes() == before
    with pytest.raises(ConfigError, match="key of another sheet"):
        draw_sheet(run, answers, number=10, seed=3, out=tmp_path)
    assert first.sheet.page.read_bytes() == before


Points = Callable[[str, int], int | None]


def rated(path: Path, sheet: Path, rater: str, points: Points) -> Path:
    """Ratings as the page exports them. points : of (axis, number of the text)."""
    key = json.loads((sheet / "sheet.key.json").read_text())
    ratings: list[dict[str, Any]] = [
        {"code": row["code"], **{axis: points(axis, turn) for axis in AXES}, "comment": "", "seconds": 3} for turn, row in enumerate(key["units"])
    ]
    for row, unit in zip(ratings, key["units"], strict=True):
        if unit["task"] == "pair" and row["quality_accuracy"] == 1:
            row["quality_accuracy"] = 0
    path.write_text(json.dumps({"sheet": key["sheet"], "data_set": key["data_set"], "rater": rater, "ratings": ratings}))
    return path


def as_table(path: Path, exported: Path, delimiter: str = ",", **changed: str) -> Path:
    """The same as a table."""
    found = json.loads(exported.read_text())
    with open(path, "w", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(["sheet", "data_set", "rater", "code", *AXES])
        for row in found["ratings"]:
            shared = {**found, **changed}
            writer.writerow([shared["sheet"], shared["data_set"], shared["rater"], row["code"], *("" if row[axis] is None else row[axis] for axis in AXES)])
    return path


def test_every_form_of_ratings_is_read_alike(run: Store, answers: Path, tmp_path: Path) -> None:
    """The page's JSON, tables with commas and semicolons, Excel: the same scores; a blank line is none; scores left open are counted."""
    draw_sheet(run, answers, number=12, out=tmp_path)
    exported = rated(tmp_path / "a.json", tmp_path, "Dr. A", lambda axis, turn: None if turn == 0 or (turn == 1 and axis == "consistency") else turn % 3)
    key = Key.read(tmp_path / "sheet.key.json")
    (first,) = read_ratings([exported], key)
    assert (first.name, first.kind, first.left_out, len(first.scores)) == ("Dr. A", "human", {"open": 1}, 11)
    assert len(first.on("consistency")) == 10
    comma, semicolon = as_table(tmp_path / "a.csv", exported), as_table(tmp_path / "b.csv", exported, ";")
    semicolon.write_text("\ufeff" + semicolon.read_text() + ";;;;;;;\n")
    book = Workbook()
    for row in csv.reader(comma.open()):
        book.active.append([float(cell) if cell in ("0", "1", "2") else cell or None for cell in row])
    book.save(tmp_path / "a.xlsx")
    for path in (comma, semicolon, tmp_path / "a.xlsx"):
        (again,) = read_ratings([path], key)
        assert again == first, path


def test_the_sheets_own_table_comes_back_filled_in(run: Store, answers: Path, tmp_path: Path) -> None:
    """A description of 200,000 characters in it, which the raters' file repeats: read as any other; the name of the file is the rater's."""
    rows = [{"id": row["id"], "prediction": "Blurred. " * 22_000 if turn == 0 else "Sharp."} for turn, row in enumerate(run.items("reasoning"))]
    (tmp_path / "eye.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = draw_sheet(run, tmp_path / "eye.jsonl", number=1000, out=tmp_path)
    text = made.sheet.table.read_text(encoding="utf-8-sig")
    (tmp_path / "Dr. C.csv").write_text(text.replace(",,,,,,pictures/", ",2,1,0,2,,pictures/"))
    (found,) = read_ratings([tmp_path / "Dr. C.csv"], Key.read(made.sheet.key))
    assert (found.name, len(found.scores), found.left_out) == ("Dr. C", len(rows), {})
    assert set(found.on("preciseness").values()) == {1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[3].update(code="t000000000"), "row 5: the code t000000000 is not on the sheet"),
        (lambda rows: rows.append(dict(rows[0])), "row 14: Dr. A has rated t[0-9a-f]{9} already .a.json, row 2.: keep one"),
        (lambda rows: rows[2].update(preciseness=3), "preciseness is '3'; allowed: 0, 1, 2"),
        (lambda rows: [row.update(quality_accuracy=1) for row in rows], "quality_accuracy is '1'; allowed: 0, 2"),
        (lambda rows: rows[2].update(preciseness=1.5), "preciseness is '1.5'"),
        (lambda rows: rows[2].update(preciseness="two"), "preciseness is 'two'"),
        (lambda rows: rows[2].update(sheet="abc"), "is about sheet abc, the key about"),
        (lambda rows: rows[2].update(data_set="0123456789"), "is about data set 0123456789"),
        (lambda rows: [row.pop("completeness") for row in rows], "has no column completeness"),
        (lambda rows: [row.update(dict.fromkeys(AXES)) for row in rows], "has rated nothing"),
        (lambda rows: rows[1].update(code=None), "row 3: has no code"),
    ],
    ids=["unknown", "doubled", "beyond", "half a pair", "between", "word", "sheet", "data set", "column", "empty", "no code"],
)
def test_bad_ratings_are_named_and_none_is_taken(
    run: Store, answers: Path, tmp_path: Path, change: Callable[[list[dict[str, Any]]], object], message: str
) -> None:
    """Each fault is told with file, row and what is allowed; the files are as they were and nothing is written."""
    draw_sheet(run, answers, number=12, out=tmp_path)
    exported = rated(tmp_path / "a.json", tmp_path, "Dr. A", lambda axis, turn: turn % 3)
    found = json.loads(exported.read_text())
    change(found["ratings"])
    exported.write_text(json.dumps(found))
    before = exported.read_bytes()
    with pytest.raises(ConfigError, match=message):
        align(run, ratings=[exported], out=tmp_path)
    assert exported.read_bytes() == before
    assert not (tmp_path / "align.json").exists()


def test_every_problem_of_every_file_is_told_at_once(run: Store, answers: Path, tmp_path: Path) -> None:
    """Twenty faults: their number and the first dozen; a file that is none beside them."""
    draw_sheet(run, answers, number=24, out=tmp_path)
    exported = rated(tmp_path / "a.json", tmp_path, "A", lambda axis, turn: 7 if turn < 19 else 1)
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(ConfigError, match=r"no rating was taken, 20 problems: .*; and 8 more"):
        read_ratings([exported, tmp_path / "b.json"], Key.read(tmp_path / "sheet.key.json"))
    with pytest.raises(ConfigError, match=r"b\.json cannot be read as \.json"):
        read_ratings([tmp_path / "b.json"], Key.read(tmp_path / "sheet.key.json"))
    with pytest.raises(ConfigError, match=r"sheet\.key\.json: no such file.*task=sheet"):
        Key.read(tmp_path / "else" / "sheet.key.json")


def judge_files(run: Store, answers: Path, out: Path, points: Points, **about: Any) -> Path:
    """Results as the deterministic judge writes them, with scores that are given. points : None for an unjudged text."""
    from medq_gen.judge.described import text_digest

    out.mkdir(parents=True, exist_ok=True)
    for model in ("eye", "lens"):
        texts = {}
        for kind in ("description", "comparison"):
            texts |= {row["id"]: row["prediction"] for line in (answers / kind / f"{model}.jsonl").read_text().splitlines() for row in [json.loads(line)]}
        with open(out / f"{model}.judge.csv", "w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["id", "status", *AXES, "text"])
            for turn, one in enumerate(items_of(run)):
                scores = [points(axis, turn) for axis in AXES]
                status = "missing" if not texts[one.id] else "unjudged" if None in scores else "judged"
                shown = [0] * 4 if status == "missing" else ["" if score is None else score for score in scores]
                writer.writerow([one.id, status, *shown, text_digest(texts[one.id])])
        page = {"version": 1, "judge": "deterministic", "predictions": {"name": model}, "data_set": Content.of(run).digest, **about}
        (out / f"{model}.judge.json").write_text(json.dumps(page))
    return out


def scores_of(run: Store, sheet: Path, points: Points) -> Points:
    """The same points by text on the sheet as judge_files gives by item."""
    key = json.loads((sheet / "sheet.key.json").read_text())
    place = {one.id: turn for turn, one in enumerate(items_of(run))}
    return lambda axis, turn: points(axis, place[key["units"][turn]["item"]])


def test_people_and_judge_are_compared_text_by_text(run: Store, answers: Path, tmp_path: Path) -> None:
    """A person who gives the judge's scores but one point less on preciseness: kappa 1 and bias 0 elsewhere, bias there, by modality and kind; texts that the
    judge could not read are left out and told; missing ones are in no figure."""
    folder = judge_files(run, answers, tmp_path / "judge", lambda axis, turn: None if turn == 5 else turn % 3)
    draw_sheet(run, answers, number=1000, out=tmp_path)
    mine = scores_of(run, tmp_path, lambda axis, turn: max(turn % 3 - 1, 0) if axis == "preciseness" else turn % 3)
    found = align(run, ratings=[rated(tmp_path / "a.json", tmp_path, "A", mine)], judges=[folder], out=tmp_path)
    (pair,) = found.figures["pairs"]
    assert (pair["first"], pair["second"], pair["kinds"]) == ("A", "deterministic v1", ["human", "judge"])
    texts = 2 * len(items_of(run)) - 1 - 2
    same, moved = (pair["axes"][axis]["overall"] for axis in ("completeness", "preciseness"))
    assert (same["texts"], same["cases"], same["kappa"], same["exact"], same["bias"], same["holds"]) == (texts, 12, 1.0, 1.0, 0.0, True)
    assert moved["bias"] == pytest.approx(moved["confusion"][0][1] / texts + moved["confusion"][1][2] / texts)
    assert not moved["holds"]
    assert moved["kappa_95"][0] <= moved["kappa"] <= moved["kappa_95"][1]
    assert {cell["modality"] for cell in pair["axes"]["completeness"]["by"]["modality"]} == {"fundus", "mri", "histopathology"}
    assert {cell["task"]: cell["texts"] for cell in pair["axes"]["completeness"]["by"]["task"]}.keys() == set(TASKS)
    assert sum(cell["texts"] for cell in pair["axes"]["completeness"]["by"]["modality"]) == texts
    assert any("deterministic v1: 2 texts are unjudged" in note for note in found.figures["notes"])
    assert found.figures["alphas"][0]["axes"]["completeness"]["alpha"] == 1.0
    with open(found.csv_path, newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sum(int(row["n_01"]) for row in rows if row["axis"] == "preciseness" and row["cut"] == "all") == moved["confusion"][0][1]
    page = found.page_path.read_text()
    assert page.count("<svg") == 2 + len(AXES)
    assert "https://" not in page
    assert "| A | deterministic v1 | completeness | all |" in found.markdown_path.read_text()


def test_several_people_stand_together_and_by_their_median(run: Store, answers: Path, tmp_path: Path) -> None:
    """Three people of whom one always differs: the median of the three is that of the other two, and the judge is held against it."""
    folder = judge_files(run, answers, tmp_path / "judge", lambda axis, turn: turn % 3)
    draw_sheet(run, answers, number=30, out=tmp_path)
    right = scores_of(run, tmp_path, lambda axis, turn: turn % 3)
    (tmp_path / "ratings").mkdir()
    for name in ("A", "B"):
        rated(tmp_path / "ratings" / f"{name}.json", tmp_path, name, right)
    rated(tmp_path / "ratings" / "C.json", tmp_path, "C", lambda axis, turn: 2 - (right(axis, turn) or 0))
    found = align(run, judges=[folder], out=tmp_path)
    pairs = {(pair["first"], pair["second"]): pair["axes"]["consistency"]["overall"] for pair in found.figures["pairs"]}
    assert len(pairs) == 6 + 1
    assert pairs["A", "B"]["kappa"] == pairs["median of 3 people", "deterministic v1"]["kappa"] == 1
    assert pairs["A", "C"]["kappa"] < 0
    groups = {row["group"]: row["axes"]["consistency"]["alpha"] for row in found.figures["alphas"]}
    assert groups.keys() == {"people", "people and deterministic v1"}
    assert groups["people"] < groups["people and deterministic v1"] < 1


def test_what_cannot_be_compared_is_refused(run: Store, answers: Path, tmp_path: Path) -> None:
    """One rater; another data set; changed answers; a folder that is none; answers of another data set on a sheet."""
    folder = judge_files(run, answers, tmp_path / "judge", lambda axis, turn: 1)
    with pytest.raises(ConfigError, match="deterministic v1 has scored this run: two raters are needed"):
        align(run, judges=[folder], out=tmp_path)
    other = judge_files(run, answers, tmp_path / "other", lambda axis, turn: 1, data_set="0123456789")
    with pytest.raises(ConfigError, match=r"about the data set 0123456789, the run holds .*Judge again"):
        align(run, judges=[other], out=tmp_path)
    with pytest.raises(ConfigError, match="is no folder"):
        align(run, judges=[tmp_path / "absent"], out=tmp_path)
    newer = judge_files(run, answers, tmp_path / "newer", lambda axis, turn: 1, version=2)
    table = newer / "eye.judge.csv"
    rows = list(csv.reader(table.open()))
    rows[3][-1] = "0" * 16
    with open(table, "w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    with pytest.raises(ConfigError, match="rated different texts of eye"):
        align(run, judges=[folder, newer], out=tmp_path)
    with pytest.raises(ConfigError, match="twice"):
        align(run, judges=[folder, judge_files(run, answers, tmp_path / "again", lambda axis, turn: 1)], out=tmp_path)
    strange = tmp_path / "strange.jsonl"
    strange.write_text(json.dumps({"index": f"abc-{run.items('reasoning')[0]['id']}", "prediction": "Text."}))
    with pytest.raises(ConfigError, match="is of another data set"):
        draw_sheet(run, strange, out=tmp_path / "sheet")


def test_the_commands_say_what_they_need(run: Store, answers: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exit 2 and what to give; a sheet and a comparison of two judges from the command line."""

    def said(*words: str) -> tuple[int, str]:
        code = run_command([words[0], f"run={run.path}", *words[1:]])
        return code, " ".join(capsys.readouterr().err.split())

    cases: Mapping[tuple[str, ...], str] = {
        ("task=sheet",): "task=sheet needs predictions=",
        ("task=sheet", f"predictions={answers}", "task.cases=many"): "task.cases=many: a whole number",
        ("task=sheet", f"predictions={answers}", "task.reference=maybe"): "true or false",
        ("task=sheet", f"predictions={answers}", "task.tasks=single"): "a list, as in",
        ("task=align", "task.ratings=a.csv"): "task.ratings=a.csv: a list",
        ("task=align", "task.width=2"): "task.width=2.0: a number between 0 and 1",
        ("task=align",): "nobody has scored this run: two raters are needed",
    }
    for words, message in cases.items():
        code, text = said(*words)
        assert code == 2, words
        assert message in text, words
    assert said("task=sheet", f"predictions={answers}", "task.cases=6", f"out={tmp_path}")[0] == 0
    folders = [judge_files(run, answers, tmp_path / f"v{version}", lambda axis, turn: turn % 3, version=version) for version in (1, 2)]
    code, text = said("task=align", f"task.judges=[{folders[0]},{folders[1]}]", f"out={tmp_path / 'compared'}")
    assert code == 0
    assert "No person has rated" in text
    assert (tmp_path / "compared" / "align.html").is_file()
