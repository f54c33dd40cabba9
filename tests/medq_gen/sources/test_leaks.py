"""Headers made to leak: nothing of them reaches a case, a message, standard output or a warning."""

from __future__ import annotations

import json
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image, PngImagePlugin
from pydicom.dataset import Dataset

from medq_gen.errors import SourceError
from medq_gen.records import Case
from medq_gen.sources import make

Write = Callable[..., Path]
SECRET = "ZQXJDOE"
NUMBERS = ("19470823", "7788990011")
UID = "1.2.826.0.7788990011.5"


def texture(rows: int = 64, columns: int = 64, channels: int = 0) -> np.ndarray:
    """Codes with content."""
    shape = (rows, columns, channels) if channels else (rows, columns)
    return np.random.default_rng(5).integers(0, 250, shape).astype(np.uint8)


def assert_silent(items: list[Any], capsys: pytest.CaptureFixture[str], caught: list[warnings.WarningMessage]) -> None:
    """No secret in cases, errors (text and chained causes), output, warnings."""
    texts = [item.model_dump_json() if isinstance(item, Case) else str(item) + repr(item.__cause__) for item in items]
    for item in items:
        if isinstance(item, SourceError):
            assert item.__cause__ is None
            assert item.__suppress_context__ or item.__context__ is None
    printed = capsys.readouterr()
    everything = "\n".join([*texts, printed.out, printed.err, *(str(one.message) for one in caught)]).upper()
    assert items
    for secret in (SECRET, *NUMBERS, UID):
        assert secret not in everything


def leaking(**more: Any) -> dict[str, Any]:
    """Elements that name a person wherever text fits."""
    nested = Dataset()
    nested.PatientName, nested.PatientID, nested.RequestedProcedureDescription = SECRET, NUMBERS[1], SECRET
    deeper = Dataset()
    deeper.RequestAttributesSequence = [nested]
    return {
        "PatientName": f"{SECRET}^ANNA",
        "PatientID": NUMBERS[1],
        "PatientBirthDate": NUMBERS[0],
        "StudyDate": NUMBERS[0],
        "AccessionNumber": NUMBERS[1],
        "StudyInstanceUID": UID,
        "SeriesInstanceUID": UID + ".1",
        "FrameOfReferenceUID": UID + ".2",
        "InstitutionName": SECRET,
        "ImageComments": f"MRS {SECRET}",
        "BodyPartExamined": SECRET,
        "SeriesDescription": SECRET,
        "ProtocolName": SECRET,
        "RequestAttributesSequence": [deeper],
        "ReferencedImageSequence": [nested],
        **more,
    }


def private_overlay_curve(path: Path) -> None:
    """Add what pydicom only writes element by element: private tags with names in their creator, overlay and curve data, an unknown public tag."""
    import pydicom

    dataset = pydicom.dcmread(path)
    block = dataset.private_block(0x0029, f"{SECRET} HEADER", create=True)
    block.add_new(1, "LO", SECRET)
    dataset.add_new(0x60003000, "OW", (SECRET * 20).encode())
    dataset.add_new(0x60004000, "LT", SECRET)
    dataset.add_new(0x50003000, "OW", (SECRET * 20).encode())
    dataset.add_new(0x00081199, "SQ", [])
    dataset.add_new(0x0010FFFE, "LO", SECRET)
    dataset.save_as(path)


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "deflated"])
def test_dicom(write_dicom: Write, capsys: pytest.CaptureFixture[str], syntax: str) -> None:
    """Names, numbers, dates, UIDs, comments, private, nested, overlay and curve data stay behind; only standard names and counts are told."""
    pixels = texture().astype(np.uint16)
    paths = [
        write_dicom("ct.dcm", pixels, syntax=syntax, Modality="CT", **leaking(ConvolutionKernel=SECRET, RescaleType="HU")),
        write_dicom("mr.dcm", pixels + 1, syntax=syntax, **leaking(ImageType=["ORIGINAL", "PRIMARY", SECRET])),
    ]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for path in paths:
            private_overlay_curve(path)
        caught.clear()
        items = [item for path in paths for item in make("dicom", {"path": path}).index()]
    assert all(isinstance(item, Case) for item in items), items
    withheld = set(items[0].withheld)
    assert {"PatientName", "PatientID", "ImageComments", "OverlayData", "CurveData", "RequestAttributesSequence", "unknown fields: 1"} <= withheld
    assert "private fields: 2" in withheld
    assert items[0].acquisition.get("kernel") is None
    assert_silent(items, capsys, caught)


@pytest.mark.parametrize(
    "wrong",
    [
        {"Modality": SECRET},
        {"PixelSpacing": None},
        {"PhotometricInterpretation": SECRET},
        {"RescaleType": SECRET, "Modality": "CT"},
        {"BitsStored": 40},
        {"BurnedInAnnotation": "YES"},
        {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"], "Modality": "CT", "DerivationDescription": SECRET},
    ],
)
def test_dicom_messages(write_dicom: Write, capsys: pytest.CaptureFixture[str], wrong: dict[str, Any]) -> None:
    """What is refused is refused without repeating a header's value."""
    path = write_dicom(pixels=texture().astype(np.uint16), **{**leaking(), **wrong})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        items = list(make("dicom", {"path": path}).index())
    assert [type(item) for item in items] == [SourceError], items
    assert_silent(items, capsys, caught)


def test_wrong_value_representations(write_dicom: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Text where numbers belong: the field counts as absent, and neither a warning nor an error repeats it."""
    import pydicom

    path = write_dicom(pixels=texture().astype(np.uint16), **leaking(EchoTime=1.0, MagneticFieldStrength=1.5, KVP=120))
    data = path.read_bytes()
    for keyword in ("EchoTime", "KVP"):
        tag = pydicom.datadict.tag_for_keyword(keyword)
        assert tag is not None
        at = data.index(struct.pack("<HH", tag >> 16, tag & 0xFFFF) + b"DS")
        length = struct.unpack("<H", data[at + 6 : at + 8])[0]
        data = data[: at + 6] + struct.pack("<H", 8) + (SECRET + " ").encode() + data[at + 8 + length :]
    path.write_bytes(data)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        items = list(make("dicom", {"path": path}).index())
    assert "echo_time_ms" not in items[0].acquisition  # type: ignore[union-attr]
    assert_silent(items, capsys, caught)


def test_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """PNG texts (their keys too), EXIF, JPEG comments and TIFF descriptions stay behind."""
    rgb = Image.fromarray(texture(channels=3))
    info = PngImagePlugin.PngInfo()
    info.add_text("Patient", SECRET)
    info.add_text(SECRET, "name in the key")
    info.add_itxt("Comment", SECRET)
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x9286] = SECRET, SECRET, SECRET
    rgb.save(tmp_path / "a.png", pnginfo=info, exif=exif)
    Image.fromarray(texture(60, channels=3)).save(tmp_path / "b.jpg", comment=SECRET, exif=exif)
    Image.fromarray(texture(61, channels=3)).save(tmp_path / "c.tif", tiffinfo={270: SECRET, 315: SECRET})
    bad = (tmp_path / "a.png").read_bytes()
    (tmp_path / "d.png").write_bytes(bad[: len(bad) // 2])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        items = list(make("images", {"path": tmp_path, "modality": "endoscopy"}).index())
    assert [type(item).__name__ for item in items] == ["Case", "Case", "Case", "SourceError"]
    assert {"exif", "texts: 3"} <= set(items[0].withheld)  # type: ignore[union-attr]
    assert_silent(items, capsys, caught)


def test_nifti(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """descrip, aux_file, db_name, intent_name, extensions and the sidecar's other fields stay behind."""
    import nibabel

    y, x, z = np.mgrid[:40, :40, :4]
    image = nibabel.Nifti1Image((texture(40, 40 * 4).reshape(40, 40, 4) + y + x + z).astype(np.int16), np.diag([1.0, 1.5, 2.0, 1.0]))
    for name in ("descrip", "aux_file", "intent_name"):
        image.header[name] = SECRET
    image.header["db_name"] = SECRET
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", SECRET.encode()))
    nibabel.save(image, tmp_path / "v.nii.gz")
    (tmp_path / "v.json").write_text(
        json.dumps({"PatientName": SECRET, "AcquisitionTime": NUMBERS[0], "MagneticFieldStrength": 3, "PhaseEncodingDirection": SECRET})
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        items = list(make("nifti", {"path": tmp_path, "modality": "mri"}).index())
    assert len(items) == 4
    assert items[0].acquisition == {"field_strength_t": 3.0}  # type: ignore[union-attr]
    assert {"descrip", "aux_file", "db_name", "extensions: 1"} <= set(items[0].withheld)  # type: ignore[union-attr]
    assert_silent(items, capsys, caught)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    """The subject groups and is not stored; extra columns are not read; a cell that is not on a list is not repeated."""
    rows = []
    for number, modality in enumerate(["endoscopy", "endoscopy", SECRET]):
        Image.fromarray(texture(64 + number, channels=3)).save(tmp_path / f"{number}.png")
        row = {
            "path": f"{number}.png",
            "modality": modality,
            "anatomy": "",
            "subject": SECRET,
            "licence": "CC0",
            "split": "",
            "name": SECRET,
            "born": NUMBERS[0],
        }
        rows.append(row)
    table = tmp_path / f"table.{kind}"
    if kind == "csv":
        table.write_text("\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)]))
    else:
        pq.write_table(pa.Table.from_pylist(rows), table)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        items = list(make("manifest", {"path": table}).index())
    assert sorted(type(item).__name__ for item in items) == ["Case", "Case", "SourceError"]
    assert len({item.group for item in items if isinstance(item, Case)}) == 1
    assert_silent(items, capsys, caught)
