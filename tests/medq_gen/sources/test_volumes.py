"""Volumes: planes, hanging, spacing, scale and time points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from real_data import real_data

from medq_gen.errors import SourceError
from medq_gen.records import Case
from medq_gen.sources import Source, make

Index = Callable[[Source], tuple[list[Case], list[SourceError]]]


def patient(side: int = 48) -> np.ndarray:
    """A body in patient axes (right, front, head): values rise to the right by 1, to the front by 100 and to the head by 3, no two axes alike."""
    x, y, z = np.mgrid[:side, : side + 4, : side + 8]
    return (1000 + x + 100 * y + 3 * z).astype(np.int16)


def written(path: Path, data: np.ndarray, affine: np.ndarray) -> Path:
    """A NIfTI file."""
    nibabel.save(nibabel.Nifti1Image(data, affine), path)
    return path


def first(source: Source) -> tuple[Case, np.ndarray]:
    """The first case and its pixels."""
    case = next(item for item in source.index() if isinstance(item, Case))
    return case, source.load(case).pixels


# (values fall or rise by how much down the rows, and along the columns): back is down, right is left on the screen, head is up.
@pytest.mark.parametrize(
    ("axis", "down", "along", "spacing"),
    [("axial", -100, -1, (2.0, 1.5)), ("coronal", -3, -1, (3.0, 1.5)), ("sagittal", -3, -100, (3.0, 2.0))],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, -1), (-1, -1, 1)])
def test_hanging(
    tmp_path: Path, axis: str, down: int, along: int, spacing: tuple[float, float], order: tuple[int, int, int], flips: tuple[int, int, int]
) -> None:
    """However the voxels are stored, a slice hangs as radiologists hang it, and its spacing is that of its own rows and columns."""
    data = patient()
    affine = np.diag([1.5, 2.0, 3.0, 1.0])
    image = nibabel.Nifti1Image(data, affine)
    turn = np.array([[order[voxel], flips[voxel]] for voxel in range(3)], dtype=float)
    inverse = nibabel.orientations.ornt_transform(np.array([[0, 1], [1, 1], [2, 1]], dtype=float), turn)
    nibabel.save(image.as_reoriented(inverse), tmp_path / "v.nii.gz")
    case, pixels = first(make("nifti", {"path": tmp_path / "v.nii.gz", "modality": "mri", "axis": axis}))
    np.testing.assert_allclose(np.diff(pixels, axis=0), down)
    np.testing.assert_allclose(np.diff(pixels, axis=1), along)
    assert case.spacing_mm == pytest.approx(spacing)
    assert case.view == axis


def test_oblique_keeps_spacing_and_says_the_angle(tmp_path: Path) -> None:
    """A volume tilted by 12 degrees: spacing from the columns of the affine, not from its diagonal, and the angle is told."""
    angle = np.radians(12)
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([1.5, 2.0, 3.0])
    case, _ = first(make("nifti", {"path": written(tmp_path / "v.nii", patient(), affine), "modality": "mri"}))
    assert case.spacing_mm == pytest.approx((2.0, 1.5), rel=1e-5)
    assert case.acquisition["oblique_deg"] == pytest.approx(12.0, abs=0.01)


def test_scale_and_hu(tmp_path: Path) -> None:
    """Slope and intercept of the header make HU; a scaled volume is read by its scaled values."""
    stored = patient()
    image = nibabel.Nifti1Image(stored, np.eye(4))
    image.header.set_slope_inter(0.25, -1100)
    nibabel.save(image, tmp_path / "v.nii.gz")
    raw = nibabel.load(tmp_path / "v.nii.gz")
    case, pixels = first(make("nifti", {"path": tmp_path / "v.nii.gz", "modality": "ct", "min_content": 0}))
    expected = np.asarray(raw.get_fdata()[:, :, 0]).T[::-1, ::-1]
    np.testing.assert_allclose(pixels, expected, rtol=1e-6)
    assert case.acquisition["hu_exact"] is True
    assert pixels.min() < 0


def test_time_points(tmp_path: Path, sorted_out: Index) -> None:
    """A file of several volumes is refused until one is named; then that one is read."""
    data = np.stack([patient(), patient() * 2], axis=-1)
    path = written(tmp_path / "v.nii.gz", data, np.eye(4))
    _, errors = sorted_out(make("nifti", {"path": path, "modality": "mri"}))
    assert [error.field for error in errors] == ["dim"]
    assert "source.volume" in errors[0].remedy
    _, second = first(make("nifti", {"path": path, "modality": "mri", "volume": 1}))
    _, single = first(make("nifti", {"path": written(tmp_path / "w.nii.gz", data[..., 1], np.eye(4)), "modality": "mri"}))
    np.testing.assert_array_equal(second, single)
    _, errors = sorted_out(make("nifti", {"path": path, "modality": "mri", "volume": 2}))
    assert [error.field for error in errors] == ["dim"]


def test_nan_is_an_error_of_its_slice(tmp_path: Path, sorted_out: Index) -> None:
    """One NaN spoils one slice, the others are cases."""
    data = patient().astype(np.float32)
    data[10, 10, 7] = np.nan
    cases, errors = sorted_out(make("nifti", {"path": written(tmp_path / "v.nii.gz", data, np.eye(4)), "modality": "mri"}))
    assert len(cases) == data.shape[2] - 1
    assert [error.field for error in errors] == ["pixels"]
    assert "slice 7" in errors[0].file
    assert len({case.group for case in cases}) == 1


def test_phase_encoding_of_a_sidecar(tmp_path: Path) -> None:
    """BIDS names a voxel axis; the case names the array axis of the slice as hung. Voxel axis i runs right to left: columns of an axial slice."""
    written(tmp_path / "v.nii.gz", patient(), np.eye(4))
    for said, axis in (("i", 1), ("j-", 0)):
        (tmp_path / "v.json").write_text(f'{{"PhaseEncodingDirection": "{said}"}}')
        assert first(make("nifti", {"path": tmp_path, "modality": "mri"}))[0].acquisition["phase_encode_axis"] == axis
    (tmp_path / "v.json").write_text('{"PhaseEncodingDirection": "k"}')
    assert "phase_encode_axis" not in first(make("nifti", {"path": tmp_path, "modality": "mri"}))[0].acquisition


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_other_volumes_hang_the_same(tmp_path: Path, suffix: str) -> None:
    """NRRD and MetaImage of the same volume give the same slices and spacing as NIfTI."""
    import SimpleITK

    nifti = written(tmp_path / "v.nii", patient(), np.diag([1.5, 2.0, 3.0, 1.0]))
    other = tmp_path / f"v{suffix}"
    SimpleITK.WriteImage(SimpleITK.ReadImage(str(nifti)), str(other))
    case, pixels = first(make("nifti", {"path": nifti, "modality": "mri"}))
    same, theirs = first(make("nifti", {"path": other, "modality": "mri"}))
    np.testing.assert_array_equal(theirs, pixels)
    assert same.spacing_mm == pytest.approx(case.spacing_mm)
    assert same.id == case.id


def test_real_head_hangs_upright() -> None:
    """Colin 27, sagittal: the chin is below the crown and the face looks to the left of the screen."""
    source = make("nifti", {"path": real_data("mri", "colin27_t1_1mm.nii.gz"), "modality": "mri", "anatomy": "head", "axis": "sagittal", "every": 30})
    cases = [item for item in source.index() if isinstance(item, Case)]
    assert cases
    middle = source.load(cases[len(cases) // 2]).pixels
    rows = np.flatnonzero((middle > 40).mean(axis=1) > 0.1)
    assert middle.shape == (181, 217)
    assert rows[0] > middle.shape[0] - 1 - rows[-1]  # air above the crown, neck cut at the bottom
