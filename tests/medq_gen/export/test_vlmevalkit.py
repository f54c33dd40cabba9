"""The tables of the public tool: every fault that its own classes showed on such files is a test."""

from __future__ import annotations

import ast
import base64
import io
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import fake_store
import numpy as np
import pandas as pd
import pytest
from fake_store import Options
from PIL import Image

from medq_gen import files
from medq_gen.errors import ConfigError, StoreError
from medq_gen.export import export
from medq_gen.export.folder import replaced
from medq_gen.export.pictures import MIN_EDGE, for_loaders
from medq_gen.export.tables import is_missing_word, require_text, stated, write_tsv

QA, DESCRIPTION, PAIRED, SIDES = "medqbench_QA", "medqbench_description", "medqbench_paired_description", "paired_columns"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three cases in three splits, exported once."""
    return export(fake_store.make(tmp_path_factory.mktemp("run") / "run"), "vlmevalkit").path


def table(folder: Path, stem: str, split: str = "test") -> pd.DataFrame:
    """A table as the public tool reads it."""
    (path,) = folder.glob(f"{stem}_{split}-*.tsv")
    return pd.read_csv(path, sep="\t")


def pictures_of(frame: pd.DataFrame) -> dict[str, list[str]]:
    """The picture cells after the tool's rules: empty cells are dropped; a cell of at most 64 characters is the index of a row of this table that holds a
    picture; a cell that looks
    like a Python list is one."""
    assert not frame["image"].isna().any()
    cells = dict(zip(frame["index"].astype(str), frame["image"].astype(str), strict=True))
    for index, cell in cells.items():
        if len(cell) <= 64:
            assert len(cells[cell]) > 64, f"{index} refers to {cell}, which holds no picture"
            cells[index] = cells[cell]
    return {index: ast.literal_eval(cell) if cell.startswith("[") else [cell] for index, cell in cells.items()}


def decoded(cell: str) -> Image.Image:
    """A picture of a cell."""
    return Image.open(io.BytesIO(base64.b64decode(cell, validate=True)))


def test_the_tables_have_the_columns_that_the_tool_reads_and_ours(exported: Path) -> None:
    """Each table is a superset of the loader's columns, for the benchmark and for its sister."""
    shared = {"question_type", "scope", "degradation_type", "degradation_severity", "source", "split", "record"}
    assert {"index", "image", "question", "A", "B", "C", "D", "E", "answer", "modality"} | shared <= set(table(exported, QA).columns)
    assert {"index", "image", "question", "description", "modality"} <= set(table(exported, DESCRIPTION).columns)
    assert {"index", "image", "question", "description", "modality"} <= set(table(exported, PAIRED).columns)


def test_the_loadable_paired_table_has_no_side_columns(exported: Path) -> None:
    """image_a or image_b makes the public loader raise: they stand in a file of their own, with the same pictures in the same order."""
    loadable, sides = table(exported, PAIRED), table(exported, SIDES)
    assert not {"image_a", "image_b"} & set(loadable.columns)
    both = pictures_of(loadable)[loadable["index"][0]]
    assert len(both) == 2
    assert both == [sides["image_a"][0], sides["image_b"][0]]
    assert loadable["better"][0] == "second"
    first, second = (np.asarray(decoded(cell), dtype=float) for cell in both)
    assert np.abs(np.diff(first, axis=0)).mean() < np.abs(np.diff(second, axis=0)).mean(), "the better picture is the sharper one"


def test_no_cell_comes_back_as_missing(exported: Path) -> None:
    """No text column holds a word that pandas takes for nothing; only options that a question does not have are empty."""
    for split in ("train", "dev", "test"):
        for stem in (QA, DESCRIPTION, PAIRED):
            for path in exported.glob(f"{stem}_{split}-*.tsv"):
                frame = pd.read_csv(path, sep="\t")
                empty = set(frame.columns[frame.isna().any()])
                assert empty <= {"C", "D", "E"}, path.name
                raw = pd.read_csv(path, sep="\t", keep_default_na=False, dtype=str)
                assert not any(is_missing_word(cell) for column in raw.columns if column not in {"C", "D", "E"} for cell in raw[column])
    assert set(table(exported, QA)["degradation_severity"]) == {"no degradation", "mild", "moderate", "severe"}


@pytest.mark.parametrize("word", ["None", "none", "NA", "N/A", "null", "NaN", "nan", "", " ", "<NA>", "n/a", "NULL"])
def test_an_option_that_would_vanish_stops_the_export(tmp_path: Path, word: str) -> None:
    """An option named "None" vanishes from the prompt while its letter stays the answer: refused, naming the item and the column."""
    store = fake_store.make(tmp_path / "run", Options(cases=1, options=(word, "Mild", "Moderate", "Severe")))
    with pytest.raises(StoreError, match=r"A: .*No artefact"):
        export(store, "vlmevalkit")
    assert not (tmp_path / "run" / "export" / "vlmevalkit").exists()
    assert [path for path in (tmp_path / "run").rglob(".*") if path.is_dir()] == []


@pytest.mark.parametrize("word", ["2", "2.5", "-1", "1e3", "True", "inf"])
def test_an_option_that_comes_back_as_a_number_stops_the_export(word: str) -> None:
    """ "2" in a column with empty cells comes back as 2.0."""
    with pytest.raises(StoreError, match="a number"):
        require_text(word, item="x", column="B")
    assert require_text("2 replicas", item="x", column="B") == "2 replicas"


def test_descriptive_cells_say_that_nothing_is_stated() -> None:
    """An unknown anatomy is written as words."""
    assert stated(None) == stated("") == stated("N/A") == "not stated"
    assert stated("abdomen") == "abdomen"


def test_indices_are_unique_and_carry_the_data_set(exported: Path, tmp_path: Path) -> None:
    """Dumped pictures are named by the index and reused: one changed picture changes the digest, every index and every file name."""
    frames = [table(exported, QA, split) for split in ("train", "dev", "test")]
    indices = [str(index) for frame in frames for index in frame["index"]]
    assert len(set(indices)) == len(indices)
    assert all(frame["index"].map(type).eq(str).all() for frame in frames)
    digest = next(exported.glob("*.tsv")).stem.rpartition("-")[2]
    assert {index.partition("-")[0] for index in indices} == {digest}
    assert all(len(index) <= 64 for index in indices)
    other = export(fake_store.make(tmp_path / "run", Options(edge_px=97)), "vlmevalkit").path
    assert digest not in next(other.glob("*.tsv")).name
    assert not set(indices) & set(table(other, QA)["index"])
    assert not set(table(exported, QA)["image_path"]) & set(table(other, QA)["image_path"])


def test_a_picture_stands_once_in_a_table(exported: Path) -> None:
    """The second question about a picture refers to the row of the first, within the same file."""
    frame = table(exported, QA)
    is_reference = frame["image"].str.len() <= 64
    assert is_reference.sum() == len(frame) / 2 == frame["record"].nunique()
    shown = pictures_of(frame)
    for _, rows in frame.groupby("record"):
        assert len({shown[index][0] for index in rows["index"]}) == 1
    assert len({cells[0] for cells in shown.values()}) == frame["record"].nunique()


def test_pictures_are_8_bit_png_of_at_least_224_px(exported: Path) -> None:
    """Grey stays grey, colour stays colour; short edges are enlarged by whole pixels, no grey value changes."""
    store = fake_store.Store(exported.parents[1])
    for split in ("train", "dev", "test"):
        frame = table(exported, QA, split)
        for index, (cell,) in pictures_of(frame).items():
            picture = decoded(cell)
            source = Image.open(io.BytesIO(store.image(frame.set_index("index")["record"][index])))
            assert (picture.format, picture.mode) == ("PNG", source.mode)
            assert picture.mode in {"L", "RGB"}
            assert min(picture.size) >= MIN_EDGE
            factor = picture.size[0] // source.size[0]
            assert picture.size == (factor * source.size[0], factor * source.size[1])
            np.testing.assert_array_equal(np.asarray(picture)[::factor, ::factor], np.asarray(source))
            np.testing.assert_array_equal(np.asarray(picture)[factor - 1 :: factor, factor - 1 :: factor], np.asarray(source))


def test_pictures_that_need_nothing_keep_their_bytes() -> None:
    """A picture of 224 px and more is passed on untouched; 16 bit keeps its range, transparency and palettes go."""
    ramp = np.tile(np.arange(224, dtype=np.uint8), (224, 1))
    png = fake_store.png_of(ramp)
    assert for_loaders(png) == png
    stream = io.BytesIO()
    Image.fromarray(ramp.astype(np.uint16) * 257).save(stream, format="PNG")
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(for_loaders(stream.getvalue())))), ramp)
    for mode, wanted in (("P", "RGB"), ("RGBA", "RGB"), ("LA", "L"), ("1", "L")):
        stream = io.BytesIO()
        Image.fromarray(ramp).convert(mode).save(stream, format="PNG")
        assert Image.open(io.BytesIO(for_loaders(stream.getvalue()))).mode == wanted


def test_texts_survive_tabs_quotes_and_line_breaks(tmp_path: Path) -> None:
    """What was asked is what is read, to the character."""
    hostile = "Is \"this\"\ta 'stripe'?\nSecond line: [1, 2], 5 µm, “quoted”, a,b;c \\n #"
    store = fake_store.make(tmp_path / "run", Options(cases=1, stem=hostile, description=f"{hostile} Overall, the quality of this image is good."))
    folder = export(store, "vlmevalkit").path
    assert table(folder, QA)["question"][0] == hostile
    assert table(folder, DESCRIPTION)["description"][0].startswith(hostile)
    write_tsv(tmp_path / "lone.tsv", ["a", "b"], [{"a": "one\rtwo", "b": "x"}])
    assert pd.read_csv(tmp_path / "lone.tsv", sep="\t")["a"].tolist() == ["one\ntwo"]


def test_answers_are_letters_of_options_that_exist(exported: Path) -> None:
    """The letter of the key names the option that the record decides."""
    frame = table(exported, QA)
    right = {"no degradation": "No degradation", "mild": "Mild", "moderate": "Moderate", "severe": "Severe"}
    for row in frame[frame["question_type"] == "how"].to_dict("records"):
        assert row[row["answer"]] == right[row["degradation_severity"]]
    yes = frame[frame["question_type"] == "yes_no"]
    assert (yes["answer"] == np.where(yes["degradation_severity"] == "no degradation", "B", "A")).all()
    assert yes[["C", "D", "E"]].isna().all(axis=None)


def test_splits_stand_in_files_of_their_own(exported: Path) -> None:
    """Development, test and training rows never share a table, nor a case."""
    cases = []
    for split in ("train", "dev", "test"):
        frame = table(exported, QA, split)
        assert set(frame["split"]) == {split}
        cases.append({key.split("/")[0] for key in frame["record"]})
    assert len(cases[0] | cases[1] | cases[2]) == sum(map(len, cases))


def test_an_export_is_the_same_bytes_again(exported: Path, tmp_path: Path) -> None:
    """Neither clock nor folder decides a byte."""
    again = export(fake_store.Store(exported.parents[1]), "vlmevalkit", tmp_path / "elsewhere").path
    digests = [
        {path.relative_to(folder): sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}
        for folder in (exported, again)
    ]
    assert digests[0] == digests[1]
    assert len(digests[0]) > 8


def test_without_pictures_the_records_stay(tmp_path: Path) -> None:
    """The image-free export has every row and record, and no picture anywhere."""
    store = fake_store.make(tmp_path / "run")
    folder = export(store, "vlmevalkit", image_free=True).path
    frame = table(folder, QA)
    assert not {"image", "image_path", "image_a"} & set(frame.columns)
    assert len((folder / "rebuild" / "records.jsonl").read_text().splitlines()) == sum(1 for _ in store.records())
    assert all(b"iVBORw0KGgo" not in path.read_bytes() and b"\x89PNG" not in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_formats_and_folders_are_checked_before_anything_is_written(tmp_path: Path) -> None:
    """A wrong format lists those that exist; a folder with other things is left alone."""
    store = fake_store.make(tmp_path / "run", Options(cases=1))
    with pytest.raises(ConfigError, match="format=tsv is not known; allowed: vlmevalkit, jsonl, imagefolder"):
        export(store, "tsv")
    (tmp_path / "out" / "jsonl").mkdir(parents=True)
    (tmp_path / "out" / "jsonl" / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds other files"):
        export(store, "jsonl", tmp_path / "out")
    assert (tmp_path / "out" / "jsonl" / "mine.txt").read_text() == "mine"


def test_a_second_export_replaces_the_first_whole(tmp_path: Path) -> None:
    """No table of an older data set stays beside the new ones."""
    old = export(fake_store.make(tmp_path / "run", Options(cases=1)), "vlmevalkit", tmp_path / "out")
    new = export(fake_store.make(tmp_path / "run2", Options(cases=1, edge_px=80)), "vlmevalkit", tmp_path / "out")
    assert old.path == new.path
    assert old.digest != new.digest
    assert {path.stem.rpartition("-")[2] for path in new.path.glob("*.tsv")} == {new.digest}
    assert list((tmp_path / "out").iterdir()) == [new.path]


def test_what_a_killed_export_left_is_swept(tmp_path: Path) -> None:
    """Leftovers neither stop nor enter the next export, a run that goes on does not stumble over them, and an export that was set aside comes back."""
    store = fake_store.make(tmp_path / "run", Options(cases=1))
    done = export(store, "jsonl")
    home = done.path.parent
    (home / ".unfinished-jsonl" / "images").mkdir(parents=True)
    (home / ".unfinished-jsonl" / "half.jsonl").write_text("{")
    done.path.rename(home / ".replaced-jsonl")
    assert files.sweep(store.path) == []
    with suppress(StoreError), replaced(done.path):
        assert (done.path / "export.json").is_file(), "the export that was set aside is back while the new one is made"
        raise StoreError("the new one failed")
    assert (done.path / "export.json").is_file()
    again = export(store, "jsonl")
    assert not (again.path / "half.jsonl").exists()
    assert list(home.iterdir()) == [again.path]
