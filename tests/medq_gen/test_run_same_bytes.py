"""A whole run gives the same bytes whatever the number of workers and the order of the shards, and tells what it did."""

from __future__ import annotations

import hashlib
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_cases import RECIPE, command, content_of, install_plugin, overrides, pictures, plugin_importable
from PIL import Image

from medq_gen import app, run
from medq_gen.app import run_command
from medq_gen.declare import level_of
from medq_gen.store import Store, ladder_of


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = install_plugin(tmp_path_factory.mktemp("site"))
    with plugin_importable(folder):
        yield folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pictures(tmp_path_factory.mktemp("pictures"), 3)


@pytest.fixture(scope="module")
def serial(site: Path, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of 3 cases, 2 repeats, in this process."""
    out = tmp_path_factory.mktemp("run") / "serial"
    assert run_command(overrides(source, out, "repeats=2", "executor=serial")) == 0
    return out


def test_a_finished_run_is_whole(serial: Path) -> None:
    """Every ladder has one untouched reference and every level once, or a reason; keys, hashes and pictures agree."""
    store = Store.open(serial)
    records = {record.key: record for record in store.records()}
    assert [shard.number for shard in store.shards()] == list(range(6))
    ladders = {ladder_of(key) for key in records}
    assert len(ladders) == 6
    missing = {row.key for row in store.missing()}
    for ladder in ladders:
        assert sum(records[key].is_untouched for key in records if ladder_of(key) == ladder) == 1
        for level in ("none", "mild", "moderate", "severe"):
            assert (f"{ladder}/{level}" in records) != (f"{ladder}/{level}" in missing)
    for finished in store.finished():
        assert hashlib.sha256(finished.png).hexdigest() == finished.record.image_sha256
        assert np.asarray(Image.open(io.BytesIO(finished.png))).shape == (64, 64)


def test_labels_lie_in_their_bands(serial: Path) -> None:
    """Achieved effects lie in the band that the record states; half of the `none` are touched, below the threshold."""
    records = list(Store.open(serial).records())
    for record in records:
        if record.effect is not None:
            assert record.band_low <= record.effect <= record.band_high
            assert level_of(record.effect) == record.level
            assert record.target is not None
            assert abs(record.effect - record.target) < 0.8 * (record.band_high - record.band_low)
    nones = [record for record in records if record.key.endswith("/none")]
    assert sum(record.is_untouched for record in nones) == len(nones) / 2
    assert all(0.05 <= record.effect <= 0.25 for record in nones if record.effect is not None)


def test_levels_of_a_ladder_share_their_pattern(serial: Path) -> None:
    """The pattern is drawn once a ladder: equal within, different between repeats."""
    patterns: dict[str, set[str]] = {}
    for record in Store.open(serial).records():
        if not record.is_untouched:
            patterns.setdefault(ladder_of(record.key), set()).add(record.pattern)
    assert all(len(found) == 1 for found in patterns.values())
    assert len(set().union(*patterns.values())) == len(patterns)


def test_few_acquisitions_a_level(serial: Path) -> None:
    """References included, at most 3 acquisitions a finished level."""
    shards = Store.open(serial).shards()
    assert sum(shard.acquisitions for shard in shards) / sum(shard.levels for shard in shards) <= 3.0


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_do_not_change_a_byte(workers: int, serial: Path, site: Path, source: Path, tmp_path: Path) -> None:
    """Shards, markers, index, items, vocabulary and card of 1, 2 and 4 processes equal those of the serial run."""
    done = command(overrides(source, tmp_path / "out", "repeats=2", "executor=process", f"executor.workers={workers}"), site=site)
    assert done.returncode == 0, done.stderr
    assert content_of(tmp_path / "out") == content_of(serial)
    assert f"report: {tmp_path / 'out' / 'report.html'}" in done.stderr


def test_the_order_of_shards_does_not_change_a_byte(serial: Path, site: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards made in a shuffled order equal those made in order."""
    original = run._shards

    def shuffled(folder: Path, plan: Any, todo: Any, executor: Any, device: str) -> Any:
        order = list(todo)
        random.Random(5).shuffle(order)
        assert order != sorted(order)
        return original(folder, plan, order, executor, device)

    monkeypatch.setattr(run, "_shards", shuffled)
    assert run_command(overrides(source, tmp_path / "out", "repeats=2", "executor=serial")) == 0
    assert content_of(tmp_path / "out") == content_of(serial)


def test_asking_for_less_changes_nothing_of_the_rest(serial: Path, site: Path, source: Path, tmp_path: Path) -> None:
    """One level and one repeat give the same target and pattern for that level: keys do not count levels or repeats."""
    assert run_command(overrides(source, tmp_path / "out", "levels=[mild]", "executor=serial")) == 0
    full = {record.key: record for record in Store.open(serial).records()}
    records = list(Store.open(tmp_path / "out").records())
    assert {record.key.rpartition("/")[2] for record in records} == {"mild", "reference"}
    for record in records:
        if record.level == "mild":
            assert (record.target, record.pattern) == (full[record.key].target, full[record.key].pattern)


def test_the_path_of_the_source_is_no_content(serial: Path, site: Path, source: Path, tmp_path: Path) -> None:
    """The same pictures in another folder, degraded into another folder, give the same shards."""
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in source.iterdir():
        (moved / path.name).write_bytes(path.read_bytes())
    assert run_command(overrides(moved, tmp_path / "out", "repeats=2", "executor=serial")) == 0
    assert content_of(tmp_path / "out") == content_of(serial)


def test_another_seed_is_another_set(serial: Path, site: Path, source: Path, tmp_path: Path) -> None:
    """With seed=1 no touched picture equals one of seed=0."""
    assert run_command(overrides(source, tmp_path / "out", "repeats=2", "executor=serial", "seed=1")) == 0
    first, second = ({r.image_sha256 for r in Store.open(path).records() if not r.is_untouched} for path in (serial, tmp_path / "out"))
    assert first
    assert second
    assert not first & second


def test_one_bad_sample_stops_no_other(site: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture whose scan cannot be made becomes a failure row with its error and the command that repeats it; the others are made; exit 1."""
    from medq_gen import scan_of

    original = scan_of.healthy_scan

    def breaking(loaded: Any, *, seed: int) -> Any:
        if loaded.case.entry.startswith("slice-01"):
            raise FloatingPointError("the detector was asleep")
        return original(loaded, seed=seed)

    monkeypatch.setattr(scan_of, "healthy_scan", breaking)
    out = tmp_path / "out"
    assert run_command(overrides(source, out, "levels=[mild]", "executor=serial")) == 1
    store = Store.open(out)
    (failure,) = store.failures()
    assert failure.error == "FloatingPointError: the detector was asleep"
    assert failure.where.startswith("test_run_same_bytes.py:")
    assert failure.command(out) == f"python -m medq_gen task=replay run={out} key={failure.key}"
    assert len({record.case for record in store.records()}) == 2
    assert str(tmp_path) not in "".join(path.read_text() for path in out.glob("samples/*.json"))


def test_the_log_is_not_part_of_the_content(serial: Path) -> None:
    """run.jsonl holds times, host and versions; no shard, marker, index or plan does."""
    log = [json.loads(line) for line in (serial / "run.jsonl").read_text().splitlines()]
    assert [line["event"] for line in log] == ["start", *["shard"] * 6, "end"]
    assert log[0]["versions"]["torch"]
    host = log[0]["host"].encode()
    assert len(host) < 4 or all(host not in data for data in content_of(serial).values())


def test_the_summary_is_printed(serial: Path, capsys: pytest.CaptureFixture[str], source: Path) -> None:
    """A second start finds everything made, says so, and makes nothing."""
    before = content_of(serial)
    assert run_command(overrides(source, serial, "repeats=2", "executor=serial")) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "going on: 6 of 6 ladders" in said
    assert "acquisitions a level" in said
    assert content_of(serial) == before


def test_datasets_opens_the_store(serial: Path) -> None:
    """load_dataset(folder) gives pictures, and the columns of a record with their types."""
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(serial), split="data", cache_dir=str(serial.parent / "cache"))
    assert isinstance(loaded.features["image"], datasets.Image)
    row = next(row for row in loaded if row["level"] == "mild")
    assert row["image"].size == (64, 64)
    assert row["recipe"] == RECIPE
    assert isinstance(row["strength"], float)
    assert {"name", "value", "unit", "reason"} <= set(row["measures"][0])
    assert loaded.num_rows == sum(shard.rows for shard in Store.open(serial).shards())


def test_exit_codes_have_names() -> None:
    """0, 1, 2 and 130 mean what the documentation says."""
    assert (app.WITH_FAILURES, app.NOTHING_STARTED, app.INTERRUPTED) == (1, 2, 130)
