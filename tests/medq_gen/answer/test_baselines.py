"""Baselines: chance guesses, blind learns what words tell and no more, classical sees pictures; none of them sees a key, a record or a reference."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import fake_store
import numpy as np
import pytest
from fake_store import Options, png_of
from rich.console import Console

from medq_gen.answer import answer, baselines, words
from medq_gen.answer.answerer import Setting
from medq_gen.answer.asked import asked_of
from medq_gen.answer.image_measures import NAMES, measures
from medq_gen.answer.models import model_of
from medq_gen.errors import ConfigError
from medq_gen.export.content import Content
from medq_gen.score import score
from medq_gen.store import Store


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """27 cases of their own groups: 9 to train on, 18 to be asked about."""
    return fake_store.make(tmp_path_factory.mktemp("run") / "run", Options(cases=27, own_groups=True, missing=False))


def answered(run: Store, out: Path, kind: str, **more: Any) -> tuple[Path, str]:
    said = io.StringIO()
    given = {"kind": kind, **({"seed": 0} if kind == "chance" else {}), **more}
    return answer(run, given, out=out, console=Console(file=said, width=500)).paths["perception"], said.getvalue()


def letters(path: Path) -> dict[str, str]:
    return {row["id"]: row["prediction"] for row in map(json.loads, path.read_text().splitlines())}


def accuracy(run: Store, path: Path, out: Path) -> dict[str, float]:
    figures = score(run, path, out=out).figures["by"]["type"]
    return {cell["type"]: cell["right"] / (cell["items"] - cell["missing"]) for cell in figures}


def test_chance_is_at_chance_and_fixed(run: Store, tmp_path: Path) -> None:
    """Every perception item gets one of its letters, the same on every start, others with another seed; the share of right ones is that of guessing."""
    first, _ = answered(run, tmp_path / "a", "chance")
    again, _ = answered(run, tmp_path / "b", "chance")
    other, _ = answered(run, tmp_path / "c", "chance", seed=1)
    assert first.read_bytes() == again.read_bytes() != other.read_bytes()
    assert len(letters(first)) == len(run.items("questions"))
    overall = score(run, first, out=tmp_path / "score").figures["overall"]
    assert overall["missing"] == overall["unreadable"] == 0
    assert overall["wilson_95"][0] < overall["chance"] < overall["wilson_95"][1]


def test_blind_learns_a_prior_and_cannot_learn_a_picture(run: Store, tmp_path: Path) -> None:
    """Three of four yes/no questions have the answer Yes: blind says so and gets 75 %; levels are even, and it stays at 25 %."""
    path, said = answered(run, tmp_path, "blind")
    found = accuracy(run, path, tmp_path / "score")
    assert found["yes_no"] == pytest.approx(0.75)
    assert found["how"] <= 0.30
    assert "learnt from 72 questions" in said
    train = {item["id"] for item in run.items("questions") if item["split"] == "train"}
    assert not train & set(letters(path))
    assert len(letters(path)) == len(run.items("questions")) - len(train)


def test_only_the_classical_model_needs_torch(run: Store, tmp_path: Path) -> None:
    """Tasks are imported, chance drawn and words learnt from without it."""
    code = (
        "import sys; from medq_gen import tasks; from rich.console import Console\n"
        "for kind, more in (('chance', {'seed': 0}), ('blind', {})):\n"
        f"    where = {{'out': {str(tmp_path)!r}, 'split': 'test', 'tasks': ['perception'], 'console': Console(quiet=True)}}\n"
        f"    tasks.answer({str(run.path)!r}, model={{'kind': kind, **more}}, **where)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[3])


@pytest.mark.slow
def test_classical_sees_how_blurred_a_picture_is(run: Store, tmp_path: Path) -> None:
    """On pictures that it was not trained on it grades the blur far above chance."""
    path, _ = answered(run, tmp_path, "classical")
    found = accuracy(run, path, tmp_path / "score")
    assert found["how"] > 0.6
    assert found["yes_no"] > 0.8


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fake_store.make(tmp_path_factory.mktemp("run") / "run", Options(cases=9, own_groups=True, missing=False))


@pytest.mark.parametrize("kind", ["blind", pytest.param("classical", marks=pytest.mark.slow)])
def test_nothing_of_a_record_or_a_key_reaches_the_answers(small: Store, kind: str) -> None:
    """With the keys of all asked items turned, and every record's level, effect, measures, attributes, tier, pattern and recipe exchanged, the answers are the
    same."""
    content = Content.of(small)
    other = next(record for record in content.records.values() if record.level == "severe")
    kept = ("key", "split", "group")
    scrambled = {key: other.model_copy(update={name: getattr(record, name) for name in kept}) for key, record in content.records.items()}

    def turned(item: Any) -> Any:
        return item if content.records[item.record].split == "train" else replace(item, answer="A" if item.answer != "A" else "B", family="", rule="", type="")

    hidden = replace(content, records=scrambled, questions=tuple(map(turned, content.questions)))
    found = []
    for one in (content, hidden):
        model = model_of({"kind": kind})
        replies: dict[str, Any] = {}
        model.reply_to(model.answers(asked_of(one)), Setting(one, Path("unused"), Console(file=io.StringIO())), replies)
        found.append({item: reply.text for item, reply in replies.items()})
    assert found[0] == found[1]


def test_blind_needs_no_picture(run: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers with all pictures out of reach."""
    monkeypatch.setattr(Content, "picture", lambda *_: pytest.fail("a picture was read"))
    answered(run, tmp_path, "blind")


def test_training_is_kept_apart(run: Store, tmp_path: Path) -> None:
    """Groups that are asked and learnt from, a split that is learnt from, runs without training questions: refused, with the way out."""
    with pytest.raises(ConfigError, match=r"learns from the split train and never answers it"):
        answer(run, {"kind": "blind"}, out=tmp_path, split="train", console=Console(quiet=True))
    shared = fake_store.make(tmp_path / "shared", Options(cases=6))
    with pytest.raises(ConfigError, match=r"groups \(patients, slides\) are in training and are asked"):
        answered(shared, tmp_path / "a", "blind")
    none = fake_store.make(tmp_path / "none", Options(cases=2, own_groups=True))
    with pytest.raises(ConfigError, match=r"finds no questions of the split train in .*model.train_runs"):
        answered(none, tmp_path / "b", "classical")
    path, said = answered(fake_store.make(tmp_path / "asked", Options(cases=2, own_groups=True)), tmp_path / "c", "blind", train_runs=[str(run.path)])
    assert "learnt from 72 questions" in said
    assert len(letters(path)) == 14
    with pytest.raises(ConfigError, match=r"answers perception alone"):
        answer(run, {"kind": "chance", "seed": 0}, out=tmp_path, tasks=("description",), console=Console(quiet=True))
    with pytest.raises(ConfigError, match=r"model.train_runs=outputs/a: a list of folders"):
        answered(run, tmp_path, "blind", train_runs="outputs/a")
    with pytest.raises(ConfigError, match=r"unknown key 'model.seed' of model=blind. Allowed: model.title, model.train_runs"):
        answered(run, tmp_path, "blind", seed=3)


@pytest.mark.parametrize(
    ("question", "yes"),
    [
        ("Does this image show ghosting?", "yes"), ("Is this image free of ghosting?", "no"), ("Is ghosting absent from this image?", "no"),
        ("Can ghosting be ruled out in this image?", "no"), ("Could a report on this image state that ghosting is absent?", "no"),
        ("On a scale from absent to severe, does blur in this image lie above mild?", "yes"),
        ("On a scale from absent to severe, does blur in this image lie no higher than mild?", "no"),
        ("Does the degree of blur in this image stay at mild or below?", "no"), ("Is the optic disc clearly visible in this image?", "yes"),
        ("Is the optic disc lost to view in this image?", "no"), ("Is mild blur the most that is to be seen in this image?", "no"),
    ],
)  # fmt: skip
def test_a_turned_question_turns_its_yes(question: str, yes: str) -> None:
    """What Yes says is told from the wording alone; other options say what they are."""
    assert words.meant(question, "Yes") == yes
    assert words.meant(question, "No.") == ("no" if yes == "yes" else "yes")
    assert words.meant(question, "Moderate") == "moderate"


def test_measures_follow_what_they_measure() -> None:
    """Blur widens edges and empties the fine band; noise fills it and is read as noise; a comb stands out along its own axis; light and casts move theirs."""
    name = {name: place for place, name in enumerate(NAMES)}
    head = np.pad(fake_store.head(), 20)
    plain = measures(png_of(head))
    blurred = measures(png_of(fake_store.degraded(head, 2.0)))
    noisy = measures(png_of(head + np.random.default_rng(0).normal(0, 12, head.shape)))
    comb = measures(png_of(head + 20 * (np.arange(head.shape[1]) % 8 == 0)))
    assert blurred[name["edge width"]] > plain[name["edge width"]] + 0.3
    assert blurred[name["band 1"]] < plain[name["band 1"]] - 0.3
    assert noisy[name["noise"]] > plain[name["noise"]] + 1
    assert noisy[name["outside, fine"]] > plain[name["outside, fine"]] + 1
    assert comb[name["comb along rows"]] > plain[name["comb along rows"]] + 0.7
    assert comb[name["comb along columns"]] < plain[name["comb along columns"]] + 0.3
    colour = fake_store.pictures(200)[0][2]
    warm = measures(png_of(colour * np.array([1.0, 0.8, 1.0])))
    assert warm[name["red-green"]] > measures(png_of(colour))[name["red-green"]] + 0.5
    assert np.all(plain[-3:] == 0)


@pytest.mark.parametrize("codes", [np.zeros((64, 64)), np.full((224, 300), 255.0), np.zeros((40, 900, 3)), np.full((24, 24), 7.0)])
def test_measures_of_empty_pictures_are_finite(codes: np.ndarray) -> None:
    """Black, white, oblong and tiny pictures measure something."""
    assert np.all(np.isfinite(measures(png_of(codes))))
    assert len(measures(png_of(codes))) == len(NAMES)


def test_baselines_are_versioned() -> None:
    """What decides their answers is in their settings, by name and not by path."""
    model = model_of({"kind": "blind", "train_runs": ["/somewhere/outputs/a"]})
    assert model.settings() == {"kind": "blind", "version": baselines.BASELINE_VERSION, "train_runs": ["a"]}
