"""DICOM: values, order, spacing, axes, groups."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from real_data import real_data

from medq_gen.errors import SourceError
from medq_gen.records import Case
from medq_gen.sources import Source, make

Write = Callable[..., Path]
Index = Callable[[Source], tuple[list[Case], list[SourceError]]]


def head(rows: int = 64, columns: int = 48, *, seed: int = 1) -> np.ndarray:
    """An ellipse without symmetry in textured air."""
    y, x = np.mgrid[:rows, :columns]
    inside = ((y - 0.45 * rows) / (0.36 * rows)) ** 2 + ((x - 0.55 * columns) / (0.36 * columns)) ** 2 < 1
    texture = np.random.default_rng(seed).integers(0, 60, (rows, columns))
    return np.where(inside, 700 + 6 * y + 3 * x + texture, texture // 4).astype(np.uint16)


def only(source: Source) -> tuple[Case, np.ndarray]:
    """The one case of a source and its pixels."""
    found = list(source.index())
    assert len(found) == 1, found
    assert isinstance(found[0], Case), found
    return found[0], source.load(found[0]).pixels


@pytest.mark.parametrize(("stated", "axis"), [("COL", 0), ("ROW", 1), ("OTHER", None), (None, None)])
def test_phase_encode_axis(write_dicom: Write, stated: str | None, axis: int | None) -> None:
    """COL encodes phase along a column, so lines count rows (axis 0); ROW is axis 1; anything else is not known."""
    elements = {} if stated is None else {"InPlanePhaseEncodingDirection": stated}
    case, _ = only(make("dicom", {"path": write_dicom(**elements)}))
    assert case.acquisition.get("phase_encode_axis") == axis


def test_phase_encode_axis_agrees_with_a_real_spectrum() -> None:
    """The abdomen says COL, and its k-space is narrow along axis 0: fewer phase-encode lines were measured than it has rows."""
    import pydicom
    from pydicom.data import get_testdata_file

    dataset = pydicom.dcmread(get_testdata_file("examples_overlay.dcm", download=False))
    assert dataset.InPlanePhaseEncodingDirection == "COL"
    power = np.abs(np.fft.fft2(dataset.pixel_array.astype(float))) ** 2
    half = [side // 2 for side in power.shape]
    along_rows = power[int(0.4 * half[0]) : int(0.6 * half[0]), :20].mean() / power[int(0.2 * half[0]) : int(0.3 * half[0]), :20].mean()
    along_columns = power[:20, int(0.4 * half[1]) : int(0.6 * half[1])].mean() / power[:20, int(0.2 * half[1]) : int(0.3 * half[1])].mean()
    assert along_rows < 0.02 < along_columns


def test_rescale_and_spacing(write_dicom: Write) -> None:
    """HU = slope x stored + intercept; the first spacing lies between rows (axis 0)."""
    pixels = head()
    case, hu = only(make("dicom", {"path": write_dicom(pixels=pixels, Modality="CT", RescaleSlope=2, RescaleIntercept=-1000, KVP=100, Exposure=250)}))
    np.testing.assert_allclose(hu, 2.0 * pixels - 1000.0)
    assert hu.dtype == np.float32
    assert case.spacing_mm == (0.8, 1.25)
    assert case.acquisition["kvp"] == 100.0
    assert case.acquisition["mas"] == 250.0


def test_series_is_sorted_along_its_normal(write_dicom: Write) -> None:
    """Slices come by position along the slice normal, whatever their file names and instance numbers; a coronal normal points along -y."""
    coronal = [1, 0, 0, 0, 0, -1]  # normal = row x column = (0, 1, 0)
    for name, y in (("a.dcm", 30.0), ("b.dcm", -10.0), ("c.dcm", 10.0)):
        path = write_dicom(name, head(seed=int(y) + 50), ImageOrientationPatient=coronal, ImagePositionPatient=[0, y, 0], InstanceNumber=1)
    found = list(make("dicom", {"path": path.parent}).index())
    assert [item.entry for item in found] == ["b.dcm#0", "c.dcm#0", "a.dcm#0"]  # type: ignore[union-attr]
    assert {item.view for item in found} == {"coronal"}  # type: ignore[union-attr]


def test_order_does_not_hang_on_the_file_system(write_dicom: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same index when the folder is listed backwards."""
    import os

    for place in range(5):
        write_dicom(f"sub{place % 2}/{place}.dcm", head(seed=place), PatientID=f"P{place}", StudyInstanceUID=f"1.2.{place}", SeriesInstanceUID=f"1.3.{place}")
    source = make("dicom", {"path": tmp_path})
    forwards = [item.model_dump_json() for item in source.index() if isinstance(item, Case)]
    true_scandir = os.scandir

    class Backwards:
        def __init__(self, path: Any) -> None:
            with true_scandir(path) as found:
                self.entries = sorted(found, key=lambda entry: entry.name, reverse=True)

        def __enter__(self) -> list[Any]:
            return self.entries

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(os, "scandir", Backwards)
    assert [item.model_dump_json() for item in source.index() if isinstance(item, Case)] == forwards
    assert len(forwards) == 5


def test_monochrome1_of_mri_is_turned_and_of_ct_is_not(write_dicom: Write) -> None:
    """In MRI more signal must be brighter; HU mean what they mean however they are shown."""
    pixels = head()
    _, mri = only(make("dicom", {"path": write_dicom("m.dcm", pixels, PhotometricInterpretation="MONOCHROME1", BitsStored=12, HighBit=11)}))
    np.testing.assert_allclose(mri, 4095.0 - pixels)
    _, hu = only(make("dicom", {"path": write_dicom("c.dcm", pixels, PhotometricInterpretation="MONOCHROME1", Modality="CT")}))
    np.testing.assert_allclose(hu, pixels - 1024.0)


@pytest.mark.parametrize("value", [-2000, 63536])
def test_padding_of_ct_is_one_value_over_its_range(write_dicom: Write, value: int) -> None:
    """Pixels from the padding value to its limit become the padding's HU and are named; a value in the wrong signedness means the same."""
    pixels = head().astype(np.int16) - 900
    pixels[:4], pixels[4:6] = -2000, -1990
    elements: dict[str, Any] = {"PixelPaddingValue": value, "PixelPaddingRangeLimit": -1990 if value < 0 else 63546}
    path = write_dicom(pixels=pixels, Modality="CT", RescaleIntercept=0, **{k: v for k, v in elements.items() if v < 0})
    if value > 0:
        import pydicom

        dataset = pydicom.dcmread(path)
        for keyword, number in elements.items():
            dataset.add_new(keyword, "US", number)
        dataset.save_as(path)
    case, hu = only(make("dicom", {"path": path}))
    assert case.acquisition["padding_hu"] == -2000.0
    assert (hu[:6] == -2000.0).all()
    np.testing.assert_allclose(hu[6:], pixels[6:])


def test_undeclared_padding_is_found() -> None:
    """The head CT of the samples fills its corners with -2000 and says so nowhere."""
    case = next(item for item in make("sample", {"modality": "ct"}).index() if isinstance(item, Case))
    assert case.acquisition["padding_hu"] == -2000.0


def test_bits_above_those_stored_are_dropped(write_dicom: Write) -> None:
    """Old files keep an overlay in bit 15 of 12-bit pixels; it is no signal."""
    pixels = head() % 4096
    _, values = only(make("dicom", {"path": write_dicom(pixels=pixels | 0x8000, BitsStored=12, HighBit=11)}))
    np.testing.assert_allclose(values, pixels)


def test_signed_13_bit(write_dicom: Write) -> None:
    """Thirteen stored bits, signed, without the sign carried into the unused bits: 0x1FFF is -1."""
    pixels = head().astype(np.int16) - 700
    stored = (pixels.astype(np.uint16) & 0x1FFF).astype(np.uint16)
    path = write_dicom(pixels=stored, Modality="CT", BitsStored=13, HighBit=12, PixelRepresentation=1, RescaleIntercept=0)
    _, hu = only(make("dicom", {"path": path}))
    np.testing.assert_allclose(hu, pixels)


def test_eight_bit_and_implicit(write_dicom: Write) -> None:
    """8-bit pixels and implicit value representations read the same."""
    pixels = (head() // 8).astype(np.uint8)
    for syntax in ("explicit", "implicit", "deflated"):
        _, values = only(make("dicom", {"path": write_dicom(pixels=pixels, syntax=syntax)}))
        np.testing.assert_allclose(values, pixels)


def test_colour_conversions(write_dicom: Write) -> None:
    """RGB stays; YBR_FULL becomes RGB; a 16-bit palette is looked up and shown with 8 bit."""
    rgb = np.stack([(head() // 8).astype(np.uint8), (head(seed=2) // 16).astype(np.uint8), (head(seed=3) // 32).astype(np.uint8)], axis=-1)
    colour = {"Modality": "ES", "SamplesPerPixel": 3, "PlanarConfiguration": 0}
    case, pixels = only(make("dicom", {"path": write_dicom("rgb.dcm", rgb, PhotometricInterpretation="RGB", **colour)}))
    assert case.modality == "endoscopy"
    np.testing.assert_array_equal(pixels, rgb)
    y = np.full((64, 48), 120, np.uint8)
    y[10:] = 140
    red = np.stack([y, np.full_like(y, 128), np.full_like(y, 228)], axis=-1)  # Cr = 228: strongly red
    _, pixels = only(make("dicom", {"path": write_dicom("ybr.dcm", red, PhotometricInterpretation="YBR_FULL", **colour)}))
    assert abs(int(pixels[0, 0, 0]) - 255) <= 1
    assert abs(int(pixels[0, 0, 1]) - (120 - 0.714136 * 100)) <= 1
    assert abs(int(pixels[0, 0, 2]) - 120) <= 1
    index = (head() % 256).astype(np.uint8)
    tables = {}
    for name, gain in (("Red", 257), ("Green", 128), ("Blue", 64)):
        tables[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tables[f"{name}PaletteColorLookupTableData"] = (np.arange(256) * gain).astype("<u2").tobytes()
    _, pixels = only(make("dicom", {"path": write_dicom("p.dcm", index, Modality="OP", PhotometricInterpretation="PALETTE COLOR", **tables)}))
    np.testing.assert_array_equal(pixels[:, :, 0], index)
    np.testing.assert_allclose(pixels[:, :, 1], index.astype(int) * 128 / 257, atol=0.51)


def test_multi_frame_with_per_frame_facts(write_dicom: Write) -> None:
    """Frames of an enhanced file have slopes, spacing and positions of their own, and come by position."""
    frames = np.stack([head(seed=1), head(seed=2), head(seed=3)])
    per_frame = []
    for z, slope in ((20.0, 1), (-5.0, 2), (7.0, 3)):
        place, value, item = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient, value.RescaleSlope, value.RescaleIntercept, value.RescaleType = [0, 0, z], slope, -1024, "HU"
        item.PlanePositionSequence, item.PixelValueTransformationSequence = [place], [value]
        per_frame.append(item)
    measures, plane, shared = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, plane.ImageOrientationPatient = [0.5, 0.6], [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [plane]
    path = write_dicom(
        pixels=frames,
        Modality="CT",
        Rows=64,
        Columns=48,
        NumberOfFrames=3,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=per_frame,
        drop=("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient", "RescaleSlope", "RescaleIntercept"),
    )
    source = make("dicom", {"path": path})
    cases = [item for item in source.index() if isinstance(item, Case)]
    assert [case.entry.rpartition("#")[2] for case in cases] == ["1", "2", "0"]
    assert cases[0].spacing_mm == (0.5, 0.6)
    np.testing.assert_allclose(source.load(cases[0]).pixels, 2.0 * frames[1] - 1024.0)
    assert len({case.group for case in cases}) == 1


def test_people_are_grouped_by_case_hashes(write_dicom: Write, tmp_path: Path) -> None:
    """Series of one patient share a group and a split; the group is one of the patient's case ids, whatever the patient is called."""
    import pydicom

    for number, patient in enumerate(["A", "B", "A", "B"]):
        write_dicom(f"{number}.dcm", head(seed=number), PatientID=patient, StudyInstanceUID=f"1.{number}", SeriesInstanceUID=f"2.{number}")
    source = make("dicom", {"path": tmp_path})
    cases = {case.entry: case for case in source.index() if isinstance(case, Case)}
    assert cases["0.dcm#0"].group == cases["2.dcm#0"].group == min(cases["0.dcm#0"].id, cases["2.dcm#0"].id)
    assert cases["1.dcm#0"].group == cases["3.dcm#0"].group != cases["0.dcm#0"].group
    for path in tmp_path.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.PatientID = "X" + dataset.PatientID
        dataset.save_as(path)
    assert {case.entry: case.group for case in source.index() if isinstance(case, Case)} == {entry: case.group for entry, case in cases.items()}


def test_one_study_is_one_person(write_dicom: Write, tmp_path: Path) -> None:
    """Files of one study belong together even where one of them lost its patient id."""
    write_dicom("a.dcm", head(seed=1))
    write_dicom("b.dcm", head(seed=2), drop=("PatientID",), SeriesInstanceUID="1.9")
    cases = [case for case in make("dicom", {"path": tmp_path}).index() if isinstance(case, Case)]
    assert len(cases) == 2
    assert len({case.group for case in cases}) == 1


def test_odd_sized_slice_of_a_series_is_refused(write_dicom: Write, tmp_path: Path, sorted_out: Index) -> None:
    """Two slices of one size, one of another: the odd one is an error, the others go on."""
    write_dicom("a.dcm", head(seed=1))
    write_dicom("b.dcm", head(seed=2))
    write_dicom("c.dcm", head(60, 40))
    cases, errors = sorted_out(make("dicom", {"path": tmp_path}))
    assert len(cases) == 2
    assert [(Path(error.file).name, error.field) for error in errors] == [("c.dcm", "Rows, Columns")]


def test_body_part_passes_only_by_the_list(write_dicom: Write) -> None:
    """A known body part gives our word, any other text gives none."""
    assert only(make("dicom", {"path": write_dicom(BodyPartExamined="BRAIN")}))[0].anatomy == "head"
    assert only(make("dicom", {"path": write_dicom(BodyPartExamined="MR SMITH")}))[0].anatomy == "unstated"


def test_real_ct_series_is_in_anatomical_order() -> None:
    """The LIDC files are named against their order: the index follows z, in steps of 1 mm, and values are HU with a liver near 100."""
    import pydicom

    folder = real_data("ct", "lidc_idri_0314")
    source = make("dicom", {"path": folder, "anatomy": "abdomen"})
    cases = [case for case in source.index() if isinstance(case, Case)]
    z = [float(pydicom.dcmread(folder / case.entry.partition("#")[0], stop_before_pixels=True).ImagePositionPatient[2]) for case in cases]
    np.testing.assert_allclose(np.diff(z), 1.0)
    assert [case.entry for case in cases] != sorted(case.entry for case in cases)
    assert len({case.group for case in cases}) == 1
    hu = source.load(cases[5]).pixels
    assert -1100 < np.percentile(hu, 1) < -900
    assert 40 < np.median(hu[(hu > 0) & (hu < 200)]) < 130
