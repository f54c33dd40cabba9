"""The store: whole files or none, markers that count, one row found among many."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_store import Options, make

from medq_gen import files
from medq_gen.errors import StoreError
from medq_gen.store import Finished, Store

NOTHING = {"missing": [], "failures": [], "acquisitions": 0, "levels": 0, "died": False}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make(tmp_path / "run", Options(cases=2, edge_px=24))


def test_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    """A write that fails leaves the file that was there, and no temporary name."""
    path = tmp_path / "page.json"
    files.write_text(path, "first")

    def half() -> None:
        with files.whole(path) as temporary:
            temporary.write_text("sec")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        half()
    assert path.read_text() == "first"
    assert os.listdir(tmp_path) == ["page.json"]


def test_sweeping_takes_only_temporary_files(tmp_path: Path) -> None:
    """Files under temporary names go, at any depth, a link itself and not its target; folders of such a name and all other files stay."""
    (tmp_path / "samples").mkdir()
    (tmp_path / ".tmp-folder").mkdir()
    target = tmp_path / "kept.txt"
    for path in (tmp_path / "samples" / ".tmp-shard-00001.parquet-7", tmp_path / ".tmp-plan.json-7", target, tmp_path / ".tmp-folder" / "mine.txt"):
        path.write_text("x")
    (tmp_path / ".tmp-link").symlink_to(target)
    assert sorted(files.sweep(tmp_path)) == [".tmp-link", ".tmp-plan.json-7", ".tmp-shard-00001.parquet-7"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".tmp-folder", "kept.txt", "mine.txt", "samples"]
    assert files.sweep(tmp_path / "absent") == []


def test_one_shard_is_swept_alone(store: Store) -> None:
    """What a dead worker left of its shard goes; what another worker is writing stays."""
    folder = store.path / "samples"
    for name in (".tmp-shard-00001.parquet-5", ".tmp-shard-00001.json-5", ".tmp-shard-00002.parquet-6"):
        (folder / name).write_bytes(b"PAR1")
    store.sweep_shard(1)
    assert [path.name for path in folder.glob(".tmp-*")] == [".tmp-shard-00002.parquet-6"]


def test_a_shard_counts_once_its_marker_is_there(store: Store) -> None:
    """A table without a marker is no shard; one that died, or whose table is gone, is no shard that is done."""
    rows = list(store.finished())
    fresh = Store(store.path.parent / "fresh")
    shard = fresh.commit(0, rows[:3], summary=lambda: NOTHING)
    assert shard.keys == tuple(row.record.key for row in rows[:3])
    assert shard.sha256 == hashlib.sha256(fresh.shard_path(0).read_bytes()).hexdigest()
    fresh.commit(1, (), summary=lambda: {**NOTHING, "died": True})
    fresh.commit(2, rows[3:], summary=lambda: NOTHING)
    assert fresh.done() == {0, 2}
    fresh.marker_path(0).unlink()
    assert [found.number for found in fresh.shards()] == [1, 2]
    fresh.shard_path(2).unlink()
    assert fresh.done() == set()


def test_rows_are_streamed(tmp_path: Path, store: Store) -> None:
    """A shard of 400 pictures of 100 kB is committed in less than a quarter of the memory that it would fill."""
    record = next(store.records())

    def rows() -> Iterator[Finished]:
        for number in range(400):
            yield Finished(record.model_copy(update={"key": f"{record.case}/{record.recipe}/{number}/none"}), os.urandom(100_000))

    fresh = Store(tmp_path / "large")
    tracemalloc.start()
    shard = fresh.commit(0, rows(), summary=lambda: NOTHING)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert shard.rows == 400
    assert peak < 10_000_000


def test_a_row_is_found_by_its_key(store: Store) -> None:
    """Record and picture of a key belong together; an unknown key names what there is."""
    for found in store.finished():
        assert store.record(found.record.key) == found.record
        assert hashlib.sha256(store.image(found.record.key)).hexdigest() == found.record.image_sha256
    with pytest.raises(StoreError, match="holds no record 'x/y/0/mild'; it holds"):
        store.image("x/y/0/mild")


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    """Absent and empty folders say so, and what run=... takes."""
    with pytest.raises(StoreError, match="does not exist: run="):
        Store.open(tmp_path / "absent")
    with pytest.raises(StoreError, match=r"holds no plan\.json: run="):
        Store.open(tmp_path)
