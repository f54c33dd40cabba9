"""The slices about a picture: which, in what order, how far apart, and when there are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from medq_gen.records import Case
from medq_gen.sources import LoadedCase, Source, make
from medq_gen.sources.slabs import reach

Write = Callable[..., Path]


def loaded(source: Source, place: int) -> LoadedCase:
    """A case of a source by its place in the index."""
    return source.load([item for item in source.index() if isinstance(item, Case)][place])


def volume(side: int = 48) -> np.ndarray:
    """Values rise along the voxel axes by 1, 100 and 3."""
    x, y, z = np.mgrid[:side, : side + 4, : side + 8]
    return (1000 + x + 100 * y + 3 * z).astype(np.int16)


@pytest.mark.parametrize(("axis", "step", "rise", "n"), [("axial", 3.0, 3, 17), ("coronal", 2.0, 100, 17), ("sagittal", 1.0, 1, 31)])
def test_a_volume_gives_the_slices_about_each(tmp_path: Path, axis: str, step: float, rise: int, n: int) -> None:
    """Every neighbour is the slice that the source itself shows at that place, hung alike; 15 mm or 8 slices to either side, fewer at the ends."""
    nibabel.save(nibabel.Nifti1Image(volume(), np.diag([1.0, 2.0, 3.0, 1.0])), tmp_path / "v.nii.gz")
    source = make("nifti", {"path": tmp_path / "v.nii.gz", "modality": "mri", "axis": axis})
    cases = [item for item in source.index() if isinstance(item, Case)]
    for place in (0, 24, len(cases) - 1):
        found = source.load(cases[place])
        assert found.neighbours is not None
        slab = found.neighbours
        np.testing.assert_array_equal(slab.pixels[slab.index], found.pixels)
        assert slab.step_mm == pytest.approx(step)
        assert len(slab.pixels) == (n if place == 24 else n // 2 + 1)
        np.testing.assert_array_equal(np.diff(slab.pixels, axis=0), rise)
        first = place - slab.index
        np.testing.assert_array_equal(slab.pixels[-1], source.load(cases[first + len(slab.pixels) - 1]).pixels)


@pytest.mark.parametrize(("lean_mm", "has"), [(0.0, True), (0.03, True), (0.5, False)])
def test_a_sheared_volume_makes_no_slab(tmp_path: Path, lean_mm: float, has: bool) -> None:
    """Where slices lean, their pixels do not lie above each other; a turned stack that stands upright is a slab."""
    turn = np.eye(4)
    turn[:3, :3] = [[1, 0, 0], [0, np.cos(0.2), -np.sin(0.2)], [0, np.sin(0.2), np.cos(0.2)]]
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    affine[1, 2] = lean_mm
    nibabel.save(nibabel.Nifti1Image(volume(), turn @ affine), tmp_path / "v.nii.gz")
    found = loaded(make("nifti", {"path": tmp_path / "v.nii.gz", "modality": "mri"}), 10).neighbours
    assert (found is not None) == has
    assert found is None or found.step_mm == pytest.approx(3.0, rel=1e-3)


def test_a_leaning_series_makes_no_slab(tmp_path: Path, write_dicom: Write) -> None:
    """The same for positions of a series."""
    for number in range(3):
        picture = (np.arange(64 * 48).reshape(64, 48) % 700 + 100 * number + 1).astype(np.uint16)
        write_dicom(f"{number}.dcm", pixels=picture, ImagePositionPatient=[0, 0.5 * number, 2.0 * number])
    source = make("dicom", {"path": tmp_path})
    assert all(source.load(case).neighbours is None for case in source.index() if isinstance(case, Case))


def test_memory_is_bounded() -> None:
    """A thin-slice volume keeps 24 slices a side (CT: 32), a large matrix as many as 6 (CT: 9) million voxels allow, the ends what there is."""
    assert reach(100, 300, step_mm=0.2, pixels=256**2) == (76, 125)
    first, last = reach(100, 300, step_mm=1.0, pixels=1024**2)
    assert (last - first) * 1024**2 <= 6_000_000
    assert first < 100 < last - 1
    assert reach(100, 300, step_mm=0.5, pixels=256**2, modality="ct") == (68, 133)
    first, last = reach(100, 300, step_mm=0.625, pixels=512**2, modality="ct")
    assert (last - first) * 512**2 <= 9_000_000
    assert last - first == 33
    assert reach(2, 300, step_mm=1.0, pixels=256**2) == (0, 18)
    assert reach(299, 300, step_mm=5.0, pixels=256**2) == (291, 300)


def test_ct_slices_have_neighbours_in_hu(tmp_path: Path) -> None:
    """Negative values stay; a slab of CT reaches 20 mm."""
    nibabel.save(nibabel.Nifti1Image(volume() - 1500, np.eye(4)), tmp_path / "v.nii.gz")
    source = make("nifti", {"path": tmp_path / "v.nii.gz", "modality": "ct", "min_content": 0})
    found = loaded(source, 24)
    assert found.neighbours is not None
    assert found.neighbours.pixels.shape[0] == 41
    assert found.neighbours.pixels.min() < -400
    np.testing.assert_array_equal(found.neighbours.pixels[found.neighbours.index], found.pixels)
    np.testing.assert_array_equal(found.neighbours.pixels[0], loaded(source, 4).pixels)


def test_single_pictures_have_none() -> None:
    """A picture alone has no slab."""
    source = make("sample", {"modality": "mri"})
    has = {case.entry: source.load(case).neighbours is not None for case in source.index() if isinstance(case, Case)}
    assert has == {"matplotlib_s1045#0": False, "pydicom_examples_overlay#0": False, "nibabel_example4d#0": True}


def stack(write: Write, heights: list[float], **more: Any) -> None:
    """A series written in the wrong order of names; each slice holds its height."""
    for number, height in enumerate(heights):
        write(
            f"{'zyxwvutsrq'[number]}.dcm",
            pixels=(np.arange(64 * 48).reshape(64, 48) % 700 + 100 * height + 1).astype(np.uint16),
            ImagePositionPatient=[0, 0, height],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            **more,
        )


def test_a_series_gives_the_slices_about_each(tmp_path: Path, write_dicom: Write) -> None:
    """Neighbours come in the order of their positions, whatever the files are called, and are those that the source loads."""
    stack(write_dicom, [4.0, 0.0, 2.0, 6.0])
    source = make("dicom", {"path": tmp_path})
    cases = [item for item in source.index() if isinstance(item, Case)]
    for place, case in enumerate(cases):
        found = source.load(case)
        assert found.neighbours is not None
        assert (found.neighbours.index, found.neighbours.step_mm) == (place, pytest.approx(2.0))
        for other, pixels in zip(cases, found.neighbours.pixels, strict=True):
            np.testing.assert_array_equal(pixels, source.load(other).pixels)


def test_a_gap_ends_the_slab(tmp_path: Path, write_dicom: Write) -> None:
    """Beyond a missing slice nothing belongs to the slab."""
    stack(write_dicom, [0.0, 2.0, 4.0, 8.0, 10.0])
    source = make("dicom", {"path": tmp_path})
    sizes = [len(found.pixels) if (found := loaded(source, place).neighbours) else 0 for place in range(5)]
    assert sizes == [3, 3, 3, 2, 2]


def test_repeated_positions_make_no_slab(tmp_path: Path, write_dicom: Write) -> None:
    """Two pictures at each place are time points or echoes, not neighbours."""
    stack(write_dicom, [0.0, 0.0, 2.0, 2.0, 4.0, 4.0])
    source = make("dicom", {"path": tmp_path})
    cases = [item for item in source.index() if isinstance(item, Case)]
    assert all(source.load(case).neighbours is None for case in cases)


def test_another_echo_is_another_slab(tmp_path: Path, write_dicom: Write) -> None:
    """Slices of one series with another echo time are no neighbours."""
    for number, (height, echo) in enumerate([(0.0, 10.0), (0.0, 80.0), (2.0, 10.0), (2.0, 80.0)]):
        picture = (np.arange(64 * 48).reshape(64, 48) % 700 + 100 * number + 1).astype(np.uint16)
        write_dicom(f"{number}.dcm", pixels=picture, ImagePositionPatient=[0, 0, height], ImageOrientationPatient=[1, 0, 0, 0, 1, 0], EchoTime=echo)
    source = make("dicom", {"path": tmp_path})
    for case in [item for item in source.index() if isinstance(item, Case)]:
        found = source.load(case)
        assert found.neighbours is not None
        assert len(found.neighbours.pixels) == 2
        assert np.ptp(found.neighbours.pixels[1] - found.neighbours.pixels[0]) == 0
        assert float((found.neighbours.pixels[1] - found.neighbours.pixels[0])[0, 0]) == 200


def test_a_ct_series_gives_the_slices_about_each(tmp_path: Path, write_dicom: Write) -> None:
    """In HU, and a slice beyond the body, which holds one value everywhere, is air."""
    for number in range(4):
        picture = (np.arange(64 * 48).reshape(64, 48) % 700 + 100 * number + 1).astype(np.uint16)
        if number == 3:
            picture = np.full_like(picture, 24)
        write_dicom(
            f"{number}.dcm",
            pixels=picture,
            Modality="CT",
            RescaleSlope=1,
            RescaleIntercept=-1024,
            ImagePositionPatient=[0, 0, 2.5 * number],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        )
    found = loaded(make("dicom", {"path": tmp_path}), 0).neighbours
    assert found is not None
    assert (found.index, found.step_mm, len(found.pixels)) == (0, pytest.approx(2.5), 4)
    np.testing.assert_array_equal(np.diff(found.pixels[:3], axis=0)[:, 0, :8], 100)
    assert found.pixels[0, 0, 0] == -1023
    assert float(found.pixels[3].max()) == float(found.pixels[3].min()) == -1000
