"""Our score and the public scorer's arithmetic on the same predictions: what differs is named, and the changes add up."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import fake_store
import pytest
from replies import REPLIES

from medq_gen.score import score
from medq_gen.score.items import items_of
from medq_gen.score.public import is_right, judge_score, option_of
from medq_gen.store import Store

READ = [
    ("B", "B"),
    (" c ", "C"),
    ("B. Moderate", "B"),
    ("b) moderate", "B"),
    ("A moderate degree of blur is seen.", "A"),
    ("The answer is C, not B.", "C"),
    ("B and D fit; the answer is C.", "B"),
    ("Option D", "D"),
    ("It is not A. The answer is D.", "A"),
    ("C: severe", "C"),
    ("Of (A) and (B), the second.", "A"),
    ("**C**", "C"),
    (r"\boxed{D}", "D"),
    ("Moderate", "MODERATE"),
    ("E", "E"),
    ("I'd say the noise is mild.", "D"),
    ("", ""),
    (None, None),
]


@pytest.mark.parametrize(("text", "taken"), READ)
def test_the_public_rules_are_these(text: str | None, taken: str | None) -> None:
    """A letter alone, at the beginning, before a colon, or the first that stands alone; the article A is option A; else the text itself."""
    assert option_of(text).text == taken
    assert is_right(text, "A") == (taken == "A")


@pytest.mark.parametrize(
    ("reply", "taken"),
    [
        ("Score: 2", 2.0), ("Score：1", 1.0), ("Score: 2.9", 2.9), ("Score: 10", 1.0), ("Score: 0 or Score: 2", 0.0), ("2", 2.0), (" 1.5 ", 1.5),
        ('{"score": 2}', 2.0), ('{"Score": "1"}', 1.0), ('{"score": 3}', None), ("2.9", 2.9), ("two", None), ("score: 2", None), ("The score is 2.", None),
        ('{"score": null}', None), ("[2]", None), ("true", 1.0),
    ],
)  # fmt: skip
def test_the_public_rules_for_judges_are_these(reply: str, taken: float | None) -> None:
    """2.9 passes, 10 is read as 1, the first of two scores counts, what cannot be read is left out."""
    assert judge_score(reply) == taken


def test_every_difference_is_named_and_the_changes_add_up(tmp_path: Path) -> None:
    """One item of each kind: ours and the public figure, what each kind changes, the rows of the table."""
    run = fake_store.make(tmp_path / "run", fake_store.Options(cases=3, missing=False))
    items = items_of(run)
    how = [item for item in items if item.type == "how" and item.answer not in "A"]
    rows: list[dict[str, str | None]] = [{"id": item.id, "prediction": item.answer} for item in items[:10] if item not in how[:6]]
    article, opened, differs, twice, key, lost = how[:6]
    rows += [
        {"id": article.id, "prediction": f"A closer look: it is {article.right.lower()}."},
        {"id": opened.id, "prediction": f"Either {opened.answer} or A."},
        {"id": differs.id, "prediction": f"It is not A. The final answer: {differs.answer}"},
        {"id": twice.id, "prediction": twice.answer},
        {"id": twice.id, "prediction": twice.answer},
        {"id": key.id, "prediction": "A", "answer": "A"},
        {"id": lost.id, "prediction": "N/A"},
        {"id": "nobody", "prediction": "C", "answer": "C"},
    ]
    path = tmp_path / "model.jsonl"
    path.write_text("".join(json.dumps({"answer": None, **row}) + "\n" for row in rows))
    found = score(run, path, out=tmp_path / "out")
    told = found.figures["public_scorer"]
    overall = found.figures["overall"]
    assert (told["ours"]["right"], told["ours"]["total"]) == (overall["right"], overall["items"])
    public = [(row["prediction"], row.get("answer") or next((item.answer for item in items if item.id == row["id"]), None)) for row in rows]
    assert told["public"]["total"] == len(rows)
    assert told["public"]["right"] == sum(is_right(text, key) for text, key in public if key)
    assert told["ours"]["right"] + sum(kind["right"] for kind in told["kinds"]) == told["public"]["right"]
    assert told["ours"]["total"] + sum(kind["total"] for kind in told["kinds"]) == told["public"]["total"]
    kinds = {kind["kind"]: kind["items"] for kind in told["kinds"]}
    answered = {row["id"] for row in rows}
    expected = {"answered twice": 1, "another key": 1, "about no item": 1, "the article A": 1, "open to us": 1, "read differently": 1}
    assert kinds == {"no prediction": sum(item.id not in answered for item in items), **expected}
    with open(tmp_path / "out" / "model.parity.csv", newline="") as stream:
        table = {row["item"]: row["kind"] for row in csv.DictReader(stream)}
    assert table[article.id] == "the article A"
    assert table[opened.id] == "open to us"
    assert len(table) == sum(kinds.values())
    assert f"| the public scorer's arithmetic | {told['public']['right']} | {len(rows)} |" in found.parity_path.read_text()
    assert any("The public scorer's arithmetic gives" in note for note in found.figures["notes"])


def test_where_both_read_alike_nothing_is_told(tmp_path: Path) -> None:
    """Plain letters for every item: the same figure, no difference, no note."""
    run = fake_store.make(tmp_path / "run", fake_store.Options(cases=2))
    path = tmp_path / "model.jsonl"
    path.write_text("".join(json.dumps({"id": item.id, "prediction": "A"}) + "\n" for item in items_of(run)))
    found = score(run, path, out=tmp_path / "out")
    assert found.figures["public_scorer"]["kinds"] == []
    assert found.figures["public_scorer"]["public"] == found.figures["public_scorer"]["ours"]
    assert not any("public scorer" in note for note in found.figures["notes"])


def test_a_split_is_compared_alone(tmp_path: Path) -> None:
    """Answers to other splits are in neither figure."""
    run: Store = fake_store.make(tmp_path / "run", fake_store.Options(cases=3))
    path = tmp_path / "model.jsonl"
    path.write_text("".join(json.dumps({"id": item.id, "prediction": item.answer}) + "\n" for item in items_of(run)))
    found = score(run, path, out=tmp_path / "out", split="test").figures["public_scorer"]
    assert found["ours"] == found["public"]
    assert found["public"]["total"] == sum(item.split == "test" for item in items_of(run))


def test_plain_letters_are_read_alike_and_articles_are_not() -> None:
    """Of the replies that our own reading is tested on: a letter alone, in brackets or before a dot is the same to both; "A moderate ..." is not."""
    for _, reply, letter in REPLIES["a letter"]:
        assert option_of(reply).text == letter, reply
    assert option_of("A mild blur is all that I see.").text == "A"
