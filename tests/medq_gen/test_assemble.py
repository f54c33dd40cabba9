"""Sets of many runs: balanced by construction, copied bit for bit, the same whatever the order of the runs; what cannot be joined is refused by name."""

from __future__ import annotations

import io
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import fake_store
import pytest
from engine_cases import overrides, pictures
from rich.console import Console

from medq_gen import files
from medq_gen.app import run_command
from medq_gen.assemble import Assembled, Picture, assemble, choose
from medq_gen.errors import ConfigError, StoreError
from medq_gen.replay import replay
from medq_gen.store import Finished, Store

TOUCHED = ("mild", "moderate", "severe")


def joined(runs: Sequence[Path | str], out: Path, *, per_level: int | None = None, seed: int = 0) -> Assembled:
    return assemble(runs, out, per_level=per_level, seed=seed, console=Console(file=io.StringIO()))


def run_of(folder: Path, recipe: str, **more: Any) -> Path:
    return fake_store.make(folder, fake_store.Options(recipe=recipe, own_groups=True, **more)).path


def drawn(seed: int) -> list[Picture]:
    """Ladders of five recipes in two splits, with rungs missing at random; the same untouched picture of a case shows in every recipe and repeat."""
    rng = random.Random(seed)
    found = []
    for recipe in ("a", "b", "c", "d", "e"):
        for case in range(rng.randint(2, 9)):
            for repeat in range(2):
                for level in ("none", *TOUCHED):
                    if rng.random() < 0.25:
                        continue
                    untouched = level == "none" and rng.random() < 0.6
                    key, split = f"case{case}/{recipe}/{repeat}/{level}", "test" if case % 3 else "train"
                    found.append(Picture(0, key, f"group{case}", split, recipe, level, untouched, f"still {case}" if untouched else key))
    return found


@pytest.mark.parametrize("per_level", [None, 1, 3])
@pytest.mark.parametrize("seed", range(12))
def test_levels_are_balanced_and_no_untouched_picture_is_there_twice(seed: int, per_level: int | None) -> None:
    """In each recipe and split every touched level is there as often as the scarcest, or as asked; none exceeds them; what is short is said."""
    found = drawn(seed)
    chosen, notes = choose(found, per_level=per_level, seed=seed)
    assert len({one.key for one in chosen}) == len(chosen)
    assert set(chosen) <= set(found)
    there = Counter((one.split, one.recipe, one.level) for one in found)
    taken = Counter((one.split, one.recipe, one.level) for one in chosen)
    for split, recipe in {(one.split, one.recipe) for one in found}:
        counts = [there[split, recipe, level] for level in TOUCHED if there[split, recipe, level]]
        wanted = min(counts, default=0) if per_level is None else min([per_level, *counts])
        assert [taken[split, recipe, level] for level in TOUCHED] == [wanted if there[split, recipe, level] else 0 for level in TOUCHED]
        assert taken[split, recipe, "none"] <= wanted
        short = [note for note in notes if note.startswith(f"{recipe} has {taken[split, recipe, 'none']} untouched") and note.endswith(f"in {split}")]
        assert len(short) == (taken[split, recipe, "none"] < wanted)
    stills = Counter((one.split, one.image_sha256) for one in chosen if one.untouched)
    assert max(stills.values(), default=0) <= 1


def test_the_choice_depends_on_the_seed_and_not_on_the_order() -> None:
    """The same pictures in any order give the same set; another seed another one of equal size."""
    found = drawn(1)
    chosen, notes = choose(found, per_level=2, seed=5)
    assert choose(random.Random(2).sample(found, len(found)), per_level=2, seed=5) == (chosen, notes)
    other, _ = choose(found, per_level=2, seed=6)
    assert other != chosen
    touched = [Counter((one.split, one.recipe, one.level) for one in some if one.level != "none") for some in (chosen, other)]
    assert touched[0] == touched[1]


def test_whole_ladders_come_first() -> None:
    """Where ladders are whole, a set has all rungs of those that it takes, so that pairs can be drawn; broken ladders fill up."""
    whole = [Picture(0, f"w{n}/a/0/{level}", f"g{n}", "test", "a", level, False, f"{n} {level}") for n in range(3) for level in ("none", *TOUCHED)]
    broken = [Picture(0, f"b{n}/a/0/mild", f"h{n}", "test", "a", "mild", False, f"b{n}") for n in range(20)]
    chosen, notes = choose([*broken, *whole], per_level=None, seed=3)
    assert sorted(one.key for one in chosen) == sorted(one.key for one in whole)
    assert notes == []


def test_pictures_and_records_are_copied_bit_for_bit(tmp_path: Path) -> None:
    """Every picture of the set has the bytes and the record of its run; references beside a solved `none` stay out; the digest is that of the content."""
    runs = [run_of(tmp_path / "a", "fundus_defocus", cases=9, touched_none=True), run_of(tmp_path / "b", "mri_noise", cases=9, repeats=2)]
    assembled = joined(runs, tmp_path / "set")
    store = Store.open(tmp_path / "set")
    sources = {item.record.key: item for run in runs for item in Store.open(run).finished()}
    found = list(store.finished())
    assert len(found) == sum(assembled.counts.values()) > 40
    for item in found:
        assert item == sources[item.record.key]
        assert not item.record.key.endswith("/reference")
        assert store.image(item.record.key) == item.png
    assert {record.recipe for record in store.records()} == {"fundus_defocus", "mri_noise"}
    content = store.plan["content"]
    assert content["index"]["cases"] == len({record.case for record in store.records()})
    assert [run["recipe"]["name"] for run in content["runs"]] == ["fundus_defocus", "mri_noise"]
    assert not list(tmp_path.glob(".assembling*"))


def test_the_order_of_the_runs_and_where_they_lie_change_no_byte(tmp_path: Path) -> None:
    """All but `where` is equal."""
    runs = [run_of(tmp_path / "a", "fundus_defocus", cases=6), run_of(tmp_path / "b", "mri_noise", cases=6)]
    moved = [run_of(tmp_path / "elsewhere" / "b", "mri_noise", cases=6), run_of(tmp_path / "elsewhere" / "a", "fundus_defocus", cases=6)]
    for name, given in (("one", runs), ("two", moved)):
        joined(given, tmp_path / name)
    for file in ("samples/shard-00000.parquet", "samples/shard-00000.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    plans = [Store.open(tmp_path / name).plan for name in ("one", "two")]
    assert plans[0]["digest"] == plans[1]["digest"]
    assert plans[0]["content"] == plans[1]["content"]


def test_a_copy_of_a_run_adds_nothing(tmp_path: Path) -> None:
    """The same keys with the same pictures are taken once and counted."""
    runs = [run_of(tmp_path / name, "fundus_defocus", cases=6) for name in ("a", "b")]
    assembled = joined(runs, tmp_path / "set")
    alone = joined(runs[:1], tmp_path / "alone")
    assert assembled.counts == alone.counts
    assert assembled.repeated == sum(1 for _ in Store.open(runs[0]).records())


def changed(run: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A run whose plan says something else."""
    plan = json.loads((run / "plan.json").read_text())
    change(plan["content"])
    files.write_text(run / "plan.json", json.dumps(plan))
    return run


def test_what_cannot_be_one_set_is_refused_by_name(tmp_path: Path) -> None:
    """Each refusal names the runs and what to do, and leaves no folder."""
    first = run_of(tmp_path / "a", "fundus_defocus", cases=6)
    out = tmp_path / "set"
    other_seed = fake_store.make(tmp_path / "seed", fake_store.Options(recipe="fundus_defocus", cases=6, own_groups=True, edge_px=80)).path
    other_split = fake_store.make(tmp_path / "split", fake_store.Options(recipe="mri_noise", cases=6)).path
    other_bands = changed(run_of(tmp_path / "bands", "mri_noise"), lambda content: content.update(bands_version=2))
    joined([first], tmp_path / "earlier")
    cases: list[tuple[Sequence[Path], type[Exception], str]] = [
        ([], ConfigError, r"needs runs="),
        ([first, tmp_path / "." / "a"], ConfigError, r"is named twice"),
        ([first, tmp_path / "absent"], StoreError, r"absent does not exist"),
        ([first, other_seed], ConfigError, r"different pictures under the key .*use repeats="),
        ([first, other_bands], ConfigError, r"bands_version is .*mean different things"),
        ([first, tmp_path / "earlier"], StoreError, r"is itself a set"),
    ]
    for runs, kind, message in cases:
        with pytest.raises(kind, match=message):
            joined(runs, out)
        assert not out.exists()
    with pytest.raises(ConfigError, match=r"group group-\d\) is in .*one split would know the other"):
        joined([run_of(tmp_path / "own", "mri_spike", cases=6), other_split], out)
    with pytest.raises(ConfigError, match=r"per_level=0: at least 1"):
        joined([first], out, per_level=0)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"is there already"):
        joined([first], tmp_path / "full")
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


def test_a_copy_that_breaks_off_leaves_no_set(tmp_path: Path) -> None:
    """A picture that is not what its record says ends the copying: no folder under the name of the set, and the next start begins anew."""
    run, out = run_of(tmp_path / "a", "fundus_defocus", cases=6), tmp_path / "set"
    store = Store(run)
    sound = list(store.finished())
    spoilt = [*sound[:-1], Finished(sound[-1].record, sound[-1].png[:-9] + bytes(9))]
    rest: dict[str, Any] = {"missing": [], "failures": [], "acquisitions": 0, "levels": 0, "died": False}
    store.commit(0, spoilt, summary=lambda: rest)
    with pytest.raises(StoreError, match=r"is not the one that its record names"):
        joined([run], out)
    assert not out.exists()
    store.commit(0, sound, summary=lambda: rest)
    joined([run], out)
    assert Store.open(out).done() == {0}
    assert not list(tmp_path.glob(".assembling*"))


def test_drafting_that_breaks_off_goes_on_with_the_same_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Words that do not fit the pictures fail the draft: the pictures stay, the command says how to go on, and does not copy them again."""
    run, out = run_of(tmp_path / "a", "fundus_defocus", cases=6), tmp_path / "set"
    words = ["task=assemble", f"runs=[{run}]", f"out={out}"]
    for _ in range(2):
        assert run_command(words) == 2
        said = " ".join(capsys.readouterr().err.split())
        assert "the same command goes on" in said
        assert "the draft fails" in said
        written = Store(out).shard_path(0).stat().st_mtime_ns
    joined([run], out)
    assert Store(out).shard_path(0).stat().st_mtime_ns == written
    with pytest.raises(ConfigError, match=r"is there already"):
        joined([run_of(tmp_path / "b", "mri_spike", cases=6)], out)
    (out / "leaks.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"is there already"):
        joined([run], out)


def test_the_command_line_asks_for_what_is_missing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """No runs, no folder, a wrong kind of value, a key without a use: exit 2 and what to give."""
    run = run_of(tmp_path / "a", "fundus_defocus")
    for words, message in [
        (["task=assemble", f"out={tmp_path / 'set'}"], "needs runs="),
        (["task=assemble", f"runs=[{run}]"], "needs out="),
        (["task=assemble", f"runs={run}", f"out={tmp_path / 'set'}"], "a list, as in"),
        (["task=assemble", f"runs=[{run}]", f"out={tmp_path / 'set'}", "task.per_level=few"], "task.per_level=few: a whole number"),
        (["task=assemble", f"runs=[{run}]", f"out={tmp_path / 'set'}", "task.perlevel=3"], "unknown key 'task.perlevel'"),
        (["recipe=mri_noise", f"runs=[{run}]"], "is for task=assemble"),
    ]:
        assert run_command(words) == 2, words
        assert message in " ".join(capsys.readouterr().err.split()), words
    assert not (tmp_path / "set").exists()


@pytest.mark.slow
def test_a_set_is_drafted_reported_exported_answered_scored_and_replayed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two real runs become one set, which every other task takes as it takes a run; a picture is replayed in the run that made it."""
    source = pictures(tmp_path / "pictures", 6)
    runs = [tmp_path / name for name in ("mri_spike", "mri_noise")]
    for run in runs:
        assert run_command(overrides(source, run, "executor=serial", "repeats=2", recipe=run.name)) == 0
    out = tmp_path / "set"
    words = ["task=assemble", f"runs=[{runs[0]},{runs[1]}]", f"out={out}"]

    def full(run: Store) -> Path:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("medq_gen.report.build", full)
        with pytest.raises(OSError, match="no space left"):
            run_command(words)
    assert run_command(words) == 0
    assert "pictures of 2 recipes" in capsys.readouterr().err
    store = Store.open(out)
    assert {row["recipe"] for row in store.items("questions")} == {"mri_spike", "mri_noise"}
    assert store.items("reasoning")
    assert store.items("pairs")
    assert "A set of 2 runs" in (out / "README.md").read_text()
    page = (out / "report.html").read_text()
    assert "<h3>mri_spike · " in page
    assert "<h3>mri_noise · " in page
    untouched = 'alt="clean"' in page
    assert ("<div>Clean</div>" in page) == untouched
    assert untouched or "the clean picture itself" not in page
    assert run_command(["task=export", f"run={out}", "format=jsonl"]) == 0
    assert run_command(["task=answer", f"run={out}", "model=chance"]) == 0
    assert run_command(["task=score", f"run={out}", f"predictions={out}/answer/perception/chance.jsonl"]) == 0
    key = next(record.key for record in store.records() if record.level == "mild")
    assert replay(out, key).same
    for run in runs:
        (run / "plan.json").unlink()
    with pytest.raises(ConfigError, match=r"is replayed in the run that made it: none of"):
        replay(out, key)
    with pytest.raises(StoreError, match=r"holds no record"):
        replay(out, "no/such/0/key")
