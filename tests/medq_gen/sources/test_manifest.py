"""The table: rows, subjects, splits, readers by file type."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from medq_gen.errors import ConfigError, SourceError
from medq_gen.records import Case
from medq_gen.sources import Source, make

Write = Callable[..., Path]
Index = Callable[[Source], tuple[list[Case], list[SourceError]]]
NEEDED = ("path", "modality", "anatomy", "subject", "licence", "split")


def picture(path: Path, seed: int) -> str:
    """A colour picture; its name."""
    Image.fromarray(np.random.default_rng(seed).integers(0, 250, (40, 40, 3)).astype(np.uint8)).save(path)
    return path.name


def table(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A CSV of rows, absent cells empty."""
    columns = list(dict.fromkeys([*NEEDED, *(key for row in rows for key in row)]))
    path.write_text("\n".join([",".join(columns), *(",".join(str(row.get(key, "")) for key in columns) for row in rows)]))
    return path


def row(path: str, **more: Any) -> dict[str, Any]:
    """A row of endoscopy."""
    return {"path": path, "modality": "endoscopy", "licence": "CC0", **more}


def test_each_row_has_its_reader_and_its_facts(tmp_path: Path, write_dicom: Write, sorted_out: Index) -> None:
    """DICOM, NIfTI and PNG in one table; licence, origin, spacing and window are those of the row."""
    import nibabel

    write_dicom("s.dcm")
    volume = np.random.default_rng(1).integers(100, 900, (40, 44, 3)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), tmp_path / "v.nii.gz")
    codes = np.zeros((40, 40), np.uint8)
    codes[5:30, 5:30] = np.random.default_rng(2).integers(50, 200, (25, 25))
    Image.fromarray(codes).save(tmp_path / "c.png")
    rows = [
        {"path": "s.dcm", "modality": "mri", "anatomy": "head", "licence": "A"},
        {"path": "v.nii.gz", "modality": "mri", "licence": "B"},
        {"path": "c.png", "modality": "ct", "anatomy": "abdomen", "licence": "C", "spacing_mm": "0.7;0.8", "window": "-160;240", "origin": "phantom"},
    ]
    source = make("manifest", {"path": table(tmp_path / "t.csv", rows)})
    cases, errors = sorted_out(source)
    assert not errors
    assert [case.licence for case in cases] == ["A", "B", "B", "B", "C"]
    assert cases[0].anatomy == "head"
    assert cases[-1].spacing_mm == (0.7, 0.8)
    assert cases[-1].origin == "phantom"
    assert cases[-1].acquisition["window"] == [-160.0, 240.0]
    for case in cases:
        assert source.load(case).case == case


def test_subjects_share_a_group_and_the_column_wins(tmp_path: Path, sorted_out: Index) -> None:
    """Rows of a subject share group and split wherever they stand; one stated split counts for all of them."""
    names = [picture(tmp_path / f"{n}.png", n) for n in range(4)]
    rows = [row(names[0], subject="a"), row(names[1], subject="b"), row(names[2], subject="a", split="test"), row(names[3])]
    cases, errors = sorted_out(make("manifest", {"path": table(tmp_path / "t.csv", rows), "shares": {"train": 1, "dev": 0, "test": 0}}))
    assert not errors
    by_name = {case.entry: case for case in cases}
    assert by_name["0.png#0"].group == by_name["2.png#0"].group == min(by_name["0.png#0"].id, by_name["2.png#0"].id)
    assert [by_name[f"{n}.png#0"].split for n in range(4)] == ["test", "train", "test", "train"]
    assert len({case.group for case in cases}) == 3


def test_a_subject_in_two_splits_is_refused(tmp_path: Path, sorted_out: Index) -> None:
    """A conflict within a group is an error for each of its rows; other subjects go on."""
    names = [picture(tmp_path / f"{n}.png", n) for n in range(3)]
    rows = [row(names[0], subject="a", split="train"), row(names[1], subject="a", split="test"), row(names[2], subject="b")]
    cases, errors = sorted_out(make("manifest", {"path": table(tmp_path / "t.csv", rows)}))
    assert [case.entry for case in cases] == ["2.png#0"]
    assert [error.field for error in errors] == ["split", "split"]


def test_one_patient_under_two_subjects_is_refused(tmp_path: Path, write_dicom: Write, sorted_out: Index) -> None:
    """A table that gives one DICOM patient two names would leak from split to split."""
    rng = np.random.default_rng(4)
    for name in ("a.dcm", "b.dcm"):
        write_dicom(name, rng.integers(0, 900, (40, 40)).astype(np.uint16))
    rows = [{"path": f"{name}.dcm", "modality": "mri", "licence": "x", "subject": name} for name in "ab"]
    cases, errors = sorted_out(make("manifest", {"path": table(tmp_path / "t.csv", rows)}))
    assert len(cases) == 1
    assert [error.field for error in errors] == ["subject"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"path": ""}, "path"),
        ({"path": "../x.png"}, "path"),
        ({"path": "/etc/passwd"}, "path"),
        ({"path": "none.png"}, "path"),
        ({"modality": "xray"}, "modality"),
        ({"modality": ""}, "modality"),
        ({"anatomy": "hed"}, "anatomy"),
        ({"split": "validation"}, "split"),
        ({"licence": ""}, "licence"),
        ({"spacing_mm": "wide"}, "spacing_mm"),
        ({"window": "40;-40"}, "window"),
        ({"origin": "found"}, "origin"),
    ],
)
def test_wrong_cells(tmp_path: Path, sorted_out: Index, wrong: dict[str, str], field: str) -> None:
    """A wrong cell is an error that names the row and the column; the next row goes on."""
    rows = [row(picture(tmp_path / "0.png", 0)) | wrong, row(picture(tmp_path / "1.png", 1))]
    cases, errors = sorted_out(make("manifest", {"path": table(tmp_path / "t.csv", rows)}))
    assert [case.entry for case in cases] == ["1.png#0"]
    assert [error.field for error in errors] == [field]


def test_parquet_equals_csv(tmp_path: Path) -> None:
    """The same table in either format gives the same cases."""
    rows = [dict.fromkeys(NEEDED, "") | row(picture(tmp_path / f"{n}.png", n), subject=f"s{n % 2}") for n in range(3)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    found = [
        [item.model_dump_json() for item in make("manifest", {"path": path}).index() if isinstance(item, Case)]
        for path in (table(tmp_path / "t.csv", rows), tmp_path / "t.parquet")
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 3


def test_modality_of_file_and_table_must_agree(tmp_path: Path, write_dicom: Write, sorted_out: Index) -> None:
    """The table says CT, the file is MR: refused."""
    write_dicom("s.dcm")
    cases, errors = sorted_out(make("manifest", {"path": table(tmp_path / "t.csv", [{"path": "s.dcm", "modality": "ct", "licence": "x"}])}))
    assert not cases
    assert [error.field for error in errors] == ["modality"]


def test_missing_columns_stop_before_work(tmp_path: Path) -> None:
    """A table without the needed columns is a wrong configuration, which names them."""
    (tmp_path / "t.csv").write_text("path,modality\n")
    with pytest.raises(ConfigError, match="anatomy, subject, licence, split"):
        make("manifest", {"path": tmp_path / "t.csv"})


def test_rows_of_one_modality(tmp_path: Path, sorted_out: Index) -> None:
    """source.modality passes over the rows of others, without an error."""
    codes = np.random.default_rng(2).integers(0, 200, (40, 40)).astype(np.uint8)
    Image.fromarray(codes).save(tmp_path / "m.png")
    rows = [row(picture(tmp_path / "e.png", 1)), {"path": "m.png", "modality": "mri", "licence": "x", "spacing_mm": "1"}]
    cases, errors = sorted_out(make("manifest", {"path": table(tmp_path / "t.csv", rows), "modality": "mri"}))
    assert [case.entry for case in cases] == ["m.png#0"]
    assert not errors


def test_a_row_states_echo_and_weighting(tmp_path: Path, write_dicom: Write, sorted_out: Index) -> None:
    """Both are words of closed lists and win over the header; another word is an error that does not repeat the cell."""
    write_dicom("s.dcm", ScanningSequence="SE", EchoTime=120.0, RepetitionTime=4000.0)
    rows = [{"path": "s.dcm", "modality": "mri", "anatomy": "head", "licence": "A", "echo": "gradient", "weighting": "T2*"}]
    source = make("manifest", {"path": table(tmp_path / "t.csv", rows)})
    cases, errors = sorted_out(source)
    assert not errors
    assert (cases[0].acquisition["echo"], cases[0].acquisition["weighting"]) == ("gradient", "T2*")
    assert source.load(cases[0]).case.acquisition["echo"] == "gradient"
    cases, errors = sorted_out(make("manifest", {"path": table(tmp_path / "t.csv", [{**rows[0], "weighting": "DOE"}])}))
    assert not cases
    assert "weighting" in str(errors[0])
    assert "DOE" not in str(errors[0])
    rows[0] |= {"echo": "", "weighting": ""}
    cases, _ = sorted_out(make("manifest", {"path": table(tmp_path / "t.csv", rows)}))
    assert (cases[0].acquisition["echo"], cases[0].acquisition["weighting"]) == ("spin", "T2")
