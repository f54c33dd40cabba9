"""CT folders as archives hold them: out of order, gapped, mixed, half broken. A file is a case with the right values, or an error that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import MPEG2MPML, JPEGLosslessSV1

from medq_gen.errors import SourceError
from medq_gen.records import Case
from medq_gen.sources import Source, make

Write = Callable[..., Path]
Index = Callable[[Source], tuple[list[Case], list[SourceError]]]
CT = {"Modality": "CT", "KVP": 120, "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}


def slice_of(rows: int = 96, columns: int = 96, *, seed: int = 1, hu: float = 40.0) -> np.ndarray:
    """Codes (HU + 1024) of a body of soft tissue with some bone in air, with the grain of a scanner."""
    y, x = np.mgrid[:rows, :columns]
    inside = ((y - 0.48 * rows) / (0.38 * rows)) ** 2 + ((x - 0.52 * columns) / (0.42 * columns)) ** 2 < 1
    bone = (y - 0.7 * rows) ** 2 + (x - 0.5 * columns) ** 2 < (0.08 * rows) ** 2
    values = np.where(bone, 700.0, np.where(inside, hu, -1000.0)) + 12.0 * np.random.default_rng(seed).standard_normal((rows, columns))
    return np.clip(np.rint(values) + 1024, 0, 4095).astype(np.uint16)


def test_a_series_out_of_order_with_a_gap(write_dicom: Write, tmp_path: Path, sorted_out: Index) -> None:
    """Names, instance numbers and positions all disagree: positions decide. A slice that is missing costs no other."""
    places = [20.0, 0.0, 7.5, 2.5, 5.0]  # between 7.5 and 20 four slices are gone
    for number, place in enumerate(places):
        write_dicom(f"{'dbeac'[number]}.dcm", slice_of(seed=number), ImagePositionPatient=[0, 0, place], InstanceNumber=9 - number, **CT)
    cases, errors = sorted_out(make("dicom", {"path": tmp_path, "anatomy": "abdomen"}))
    assert not errors
    order = [places["dbeac".index(case.entry[0])] for case in cases]
    assert order == sorted(order, reverse=order[0] > order[-1])
    assert len({case.group for case in cases}) == 1


def test_mixed_series_in_one_folder(write_dicom: Write, tmp_path: Path, sorted_out: Index) -> None:
    """Two series with kernels, sizes and zero points of their own, and one MRI slice: each is read by its own header; the odd one of a series is told."""
    for place in range(3):
        write_dicom(f"soft{place}.dcm", slice_of(seed=place), SeriesInstanceUID="1.1", ConvolutionKernel="B31f", ImagePositionPatient=[0, 0, place], **CT)
        write_dicom(
            f"sharp{place}.dcm",
            slice_of(100, 90, seed=10 + place) // 2,
            SeriesInstanceUID="1.2",
            ConvolutionKernel="B70f",
            RescaleSlope=2,
            ImagePositionPatient=[0, 0, place],
            **CT,
        )
    write_dicom("odd.dcm", slice_of(80, 80, seed=77), SeriesInstanceUID="1.1", ImagePositionPatient=[0, 0, 9], **CT)
    write_dicom("head.dcm", SeriesInstanceUID="1.3")
    source = make("dicom", {"path": tmp_path, "anatomy": "abdomen", "modality": "ct"})
    cases, errors = sorted_out(source)
    assert [Path(error.file).name for error in errors] == ["odd.dcm"]
    assert errors[0].field == "Rows, Columns"
    kernels = {case.entry.rstrip("0123456789#").rstrip("012.dcm"): case.acquisition["kernel"] for case in cases}
    assert len(cases) == 6
    assert sorted(set(kernels.values())) == ["B31f", "B70f"]
    for case in cases:
        hu = source.load(case).pixels
        assert abs(float(np.median(hu[hu.shape[0] // 2 - 8 : hu.shape[0] // 2 + 8, 35:60])) - 40.0) < 6.0, case.entry


@pytest.mark.parametrize(
    ("elements", "field", "words"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "ImageType", "localizer"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "SOPClassUID", "secondary capture"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.2"}, "SOPClassUID", "secondary capture"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "SOPClassUID", "secondary capture"),
        ({"BurnedInAnnotation": "YES"}, "BurnedInAnnotation", "burnt"),
        ({"drop": ("RescaleIntercept",)}, "RescaleIntercept", "absent"),
        ({"drop": ("RescaleSlope",)}, "RescaleIntercept", "absent"),
        ({"drop": ("PixelSpacing",)}, "PixelSpacing", "absent"),
        ({"PixelSpacing": [0.8, -0.8]}, "PixelSpacing", "negative"),
        ({"RescaleType": "MGML"}, "RescaleType", "not HU"),
        ({"RescaleSlope": 100}, "pixels", "cannot be HU"),
        ({"RescaleIntercept": 1024}, "pixels", "cannot be HU"),
    ],
)
def test_what_is_no_slice_in_hu_is_told(write_dicom: Write, sorted_out: Index, elements: dict[str, Any], field: str, words: str) -> None:
    """Each names the element and a remedy, and no case comes of it."""
    path = write_dicom("x.dcm", slice_of(), **{**CT, **elements})
    cases, errors = sorted_out(make("dicom", {"path": path, "anatomy": "abdomen"}))
    assert not cases
    assert [error.field for error in errors] == [field]
    assert words in errors[0].problem
    assert errors[0].remedy


def test_a_reformat_is_no_secondary_capture(write_dicom: Write, sorted_out: Index) -> None:
    """DERIVED\\SECONDARY alone says that slices were computed, as most thin reformats are."""
    path = write_dicom("x.dcm", slice_of(), **{**CT, "ImageType": ["DERIVED", "SECONDARY", "REFORMATTED"]})
    cases, errors = sorted_out(make("dicom", {"path": path, "anatomy": "abdomen"}))
    assert len(cases) == 1
    assert not errors


def test_colours_under_the_name_of_ct(write_dicom: Write, sorted_out: Index) -> None:
    """A fused or annotated colour picture holds no HU."""
    colours = np.repeat(slice_of()[..., None] // 16, 3, axis=2).astype(np.uint8)
    path = write_dicom("x.dcm", colours, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0, **CT)
    cases, errors = sorted_out(make("dicom", {"path": path, "anatomy": "abdomen"}))
    assert not cases
    assert [error.field for error in errors] == ["PhotometricInterpretation"]


def test_a_form_that_no_codec_reads(write_dicom: Write, sorted_out: Index) -> None:
    """The error says in which form the picture is stored and what to install."""
    path = write_dicom("x.dcm", slice_of(), **CT)
    dataset = pydicom.dcmread(path)
    dataset.PixelData = encapsulate([b"\0" * 64])
    dataset["PixelData"].is_undefined_length = True
    for syntax, name in ((MPEG2MPML, "MPEG2"), ("1.2.840.113619.5.2.7", "private or unknown")):
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.save_as(path, implicit_vr=False, little_endian=True)
        cases, errors = sorted_out(make("dicom", {"path": path, "anatomy": "abdomen"}))
        assert not cases
        assert [error.field for error in errors] == ["TransferSyntaxUID"]
        assert name in errors[0].problem
        assert "medq-gen[codecs]" in errors[0].remedy


def test_jpeg_ls_is_read_with_its_codec() -> None:
    """The compressed twin of a file holds the same values."""
    pytest.importorskip("jpeg_ls")
    both = []
    for name in ("MR_small.dcm", "MR_small_jpeg_ls_lossless.dcm"):
        source = make("dicom", {"path": get_testdata_file(name)})
        both.append(source.load(next(case for case in source.index() if isinstance(case, Case))).pixels)
    np.testing.assert_array_equal(*both)


def test_lossless_jpeg_is_read_with_its_codec(write_dicom: Write, tmp_path: Path) -> None:
    """The form that most archives choose: written by another library, read as it was."""
    gdcm = pytest.importorskip("gdcm")
    path, packed = write_dicom("plain.dcm", slice_of(), **CT), tmp_path / "packed" / "x.dcm"
    packed.parent.mkdir()
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(path))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(packed))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    assert pydicom.dcmread(packed, stop_before_pixels=True).file_meta.TransferSyntaxUID == JPEGLosslessSV1
    pixels = []
    for file in (path, packed):
        source = make("dicom", {"path": file, "anatomy": "abdomen"})
        pixels.append(source.load(next(case for case in source.index() if isinstance(case, Case))).pixels)
    np.testing.assert_array_equal(*pixels)
