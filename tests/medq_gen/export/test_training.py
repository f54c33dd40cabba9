"""Training rows and browsable folders."""

from __future__ import annotations

import json
from pathlib import Path

import fake_store
import numpy as np
import pytest
from fake_store import Options
from PIL import Image

from medq_gen.export import export


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> fake_store.Store:
    """A run of three cases in three splits, whose texts try to smuggle in a picture."""
    return fake_store.make(tmp_path_factory.mktemp("run") / "run", Options(stem="How blurred is <image>?"))


def rows_of(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for split in ("train", "dev", "test") for line in (folder / f"{split}.jsonl").read_text().splitlines()]


def test_each_tag_has_a_picture_and_each_picture_a_tag(run: fake_store.Store) -> None:
    """The count of tags over all messages equals the count of images, also where a text contains the tag; every file exists, once."""
    folder = export(run, "jsonl").path
    rows = rows_of(folder)
    for row in rows:
        assert sum(message["content"].count("<image>") for message in row["messages"]) == len(row["images"])
        assert all((folder / image).is_file() for image in row["images"])
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
    assert {len(row["images"]) for row in rows} == {1, 2}
    files_there = [path for path in (folder / "images").rglob("*") if path.is_file()]
    assert len(files_there) == len({image for row in rows for image in row["images"]}) == sum(1 for _ in run.records())


def test_labels_can_be_verified(run: fake_store.Store) -> None:
    """The solution is the letter whose line in the prompt holds the option, the verdict of the text, or the better side; class, level and tier stand beside
    it."""
    records = {record.key: record for record in run.records()}
    tasks = set()
    for row in rows_of(export(run, "jsonl").path):
        tasks.add(row["task"])
        mine = [records[key] for key in row["records"]]
        assert row["tiers"] == [record.tier for record in mine]
        assert row["levels"] == [record.level.replace("none", "no degradation") for record in mine]
        assert row["recipes"] == [record.recipe for record in mine]
        reply = row["messages"][1]["content"]
        if row["task"] == "perception":
            assert f"\n{row['solution']}. {row['option']}\n" in row["messages"][0]["content"]
            assert reply == row["solution"]
        elif row["task"] == "comparison":
            assert f"the {row['solution']} image is of higher quality" in reply
            better, worse = mine if row["solution"] == "first" else mine[::-1]
            assert better.effect < worse.effect
        else:
            assert row["solution"] == mine[0].tier
    assert tasks == {"perception", "description", "comparison"}


def test_rows_have_one_schema(run: fake_store.Store) -> None:
    """Every row has the same keys with values of the same types, none of them null."""
    shapes = {tuple((key, type(value).__name__) for key, value in sorted(row.items())) for row in rows_of(export(run, "jsonl").path)}
    assert len(shapes) == 1
    assert "NoneType" not in str(shapes)


def test_the_index_of_a_training_tool_names_every_file(run: fake_store.Store) -> None:
    """dataset_info.json lists the three splits with the tags of the messages."""
    folder = export(run, "jsonl").path
    info = json.loads((folder / "dataset_info.json").read_text())
    assert {entry["file_name"] for entry in info.values()} == {"train.jsonl", "dev.jsonl", "test.jsonl"}
    assert all(entry["columns"] == {"messages": "messages", "images": "images"} for entry in info.values())


def test_without_pictures_there_are_no_picture_files(run: fake_store.Store, tmp_path: Path) -> None:
    """The image-free forms keep all rows."""
    for name in ("jsonl", "imagefolder"):
        folder = export(run, name, tmp_path, image_free=True).path
        assert not list(folder.rglob("*.png"))
    assert len(rows_of(tmp_path / "jsonl")) == sum(map(len, map(run.items, ("questions", "reasoning", "pairs"))))


@pytest.mark.slow
def test_datasets_opens_the_image_folders(run: fake_store.Store, tmp_path: Path) -> None:
    """load_dataset("imagefolder") finds the splits, the pictures and their labels, and both pictures of a pair."""
    datasets = pytest.importorskip("datasets")
    folder = export(run, "imagefolder").path
    opened = datasets.load_dataset("imagefolder", data_dir=str(folder / "pictures"), cache_dir=str(tmp_path))
    assert set(opened) == {"train", "validation", "test"}
    records = {record.key: record for record in run.records()}
    for row in (row for split in opened.values() for row in split):
        record = records[row["record"]]
        assert row["level"] == record.level.replace("none", "no degradation")
        pixels = np.asarray(Image.open(fake_store.io.BytesIO(run.image(record.key))))
        factor = row["image"].size[0] // pixels.shape[1]
        np.testing.assert_array_equal(np.asarray(row["image"])[::factor, ::factor], pixels)
    assert sum(map(len, opened.values())) == len(records)
    pairs = datasets.load_dataset("imagefolder", data_dir=str(folder / "pairs"), cache_dir=str(tmp_path))["test"]
    assert {"image_a", "image_b", "better"} <= set(pairs.column_names)
    blur = [np.abs(np.diff(np.asarray(pairs[0][name], dtype=float), axis=0)).mean() for name in ("image_a", "image_b")]
    assert blur[0] < blur[1]
    assert pairs[0]["better"] == "second"


@pytest.mark.slow
def test_datasets_opens_the_training_rows(run: fake_store.Store, tmp_path: Path) -> None:
    """Every *.jsonl of the folder, taken together, has one schema; the solutions arrive as they were written."""
    datasets = pytest.importorskip("datasets")
    folder = export(run, "jsonl", tmp_path / "out").path
    opened = datasets.load_dataset("json", data_files=str(folder / "*.jsonl"), cache_dir=str(tmp_path / "cache"))["train"]
    wanted = {row["id"]: row for row in rows_of(folder)}
    assert len(opened) == len(wanted)
    for row in opened:
        assert (row["solution"], row["images"], row["levels"]) == tuple(wanted[row["id"]][name] for name in ("solution", "images", "levels"))
