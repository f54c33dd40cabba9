"""The shipped pictures: all modalities, no network, honest about what they are."""

from __future__ import annotations

import socket

import numpy as np
import pytest

from medq_gen.errors import ConfigError
from medq_gen.records import Case
from medq_gen.sources import dicom_pixels, make
from medq_gen.sources.sample import SAMPLES, _pydicom, crop_kspace
from medq_gen.sources.source import Declared

SOURCE = make("sample", {})


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    """The index by name."""
    found = list(SOURCE.index())
    assert all(isinstance(item, Case) for item in found), found
    return {case.entry.partition("#")[0]: case for case in found if isinstance(case, Case)}


def test_every_modality_is_there(cases: dict[str, Case]) -> None:
    """Three MRI, two CT and one of each other modality; only what is rendered is a phantom; each states its licence."""
    assert sorted(case.modality for case in cases.values()) == ["ct", "ct", "endoscopy", "fundus", "histopathology", "mri", "mri", "mri"]
    assert {name for name, case in cases.items() if case.origin == "phantom"} == {"skull_base", "tube"}
    assert all(len(case.licence) > 2 and case.licence != "unstated" for case in cases.values())


def test_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is read from installed packages."""

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refused)
    assert len(list(SOURCE.index())) == len(SAMPLES)


def test_loading_gives_what_was_indexed(cases: dict[str, Case]) -> None:
    """Types and shapes of the native values; the same pixels each time."""
    for case in cases.values():
        pixels = SOURCE.load(case).pixels
        assert pixels.dtype == (np.float32 if case.modality in ("mri", "ct") else np.uint8)
        assert pixels.ndim == (2 if case.modality in ("mri", "ct") else 3)
        np.testing.assert_array_equal(pixels, SOURCE.load(case).pixels)


def test_head_ct_is_in_hu(cases: dict[str, Case]) -> None:
    """Signed after correction: brain at 20..45 HU, skull above 800, air near -1000."""
    hu = SOURCE.load(cases["pydicom_j2k_pixelrep_mismatch"]).pixels
    brain = hu[250:400, 180:330]
    assert 20 < np.median(brain) < 45
    assert hu.max() > 800
    assert -1060 < np.median(hu[(hu < -800) & (hu > -1900)]) < -950


def test_abdomen_is_cropped_to_its_matrix(cases: dict[str, Case]) -> None:
    """Signal reaches the border of k-space, beyond which the stored picture has none; pixels are square within 1 %; the field of view stays."""
    case = cases["pydicom_examples_overlay"]
    pixels = SOURCE.load(case).pixels
    assert pixels.shape == (104, 168)
    assert case.spacing_mm is not None
    assert case.spacing_mm[0] == pytest.approx(300 * 0.72314049586777 / 104)
    assert case.spacing_mm[1] == pytest.approx(case.spacing_mm[0], rel=0.01)
    power = np.abs(np.fft.fft2(pixels)) ** 2
    assert power[46:52, :20].mean() / power[40:46, :20].mean() > 0.3
    stored = dicom_pixels.picture(_pydicom("examples_overlay.dcm"), Declared(), 0).pixels
    power = np.abs(np.fft.fft2(stored)) ** 2
    assert power[58:70, :20].mean() / power[40:52, :20].mean() < 0.05
    assert case.acquisition["phase_encode_axis"] == 0


def test_crop_of_kspace_keeps_a_band_limited_picture() -> None:
    """A cosine inside the kept band is sampled more coarsely at equal brightness: mean, amplitude and phase at the first pixel stay."""
    y, x = np.mgrid[:60, :80]
    fine = 500 + 100 * np.cos(2 * np.pi * 3 * y / 60) + 50 * np.cos(2 * np.pi * 5 * x / 80 + 0.4)
    v, u = np.mgrid[:30, :40]
    coarse = 500 + 100 * np.cos(2 * np.pi * 3 * v / 30) + 50 * np.cos(2 * np.pi * 5 * u / 40 + 0.4)
    np.testing.assert_allclose(crop_kspace(fine, 30, 40), coarse, rtol=1e-5)


def test_masked_air_is_known(cases: dict[str, Case]) -> None:
    """The sagittal head has air of exactly 0, all around and above; the neck reaches the bottom."""
    pixels = SOURCE.load(cases["matplotlib_s1045"]).pixels
    assert (pixels == 0).mean() > 0.5
    assert pixels[:, :20].max() == 0
    assert pixels[:20].max() == 0 < pixels[-6:].max()


def test_filter_by_modality() -> None:
    """source.modality=mri leaves the three MRI pictures, without an error for the others."""
    found = list(make("sample", {"modality": "mri"}).index())
    assert [item.modality for item in found if isinstance(item, Case)] == ["mri", "mri", "mri"]
    assert len(found) == 3


def test_echo_planar_head_lies_in_a_slab(cases: dict[str, Case]) -> None:
    """A slice through bright ventricles, eight neighbours to either side 2.2 mm apart; the picture itself is among them."""
    case = cases["nibabel_example4d"]
    assert (case.view, case.anatomy) == ("axial", "head")
    assert case.spacing_mm == pytest.approx((2.0, 2.0))
    found = SOURCE.load(case)
    assert found.neighbours is not None
    assert found.neighbours.pixels.shape == (17, 96, 128)
    assert found.neighbours.step_mm == pytest.approx(2.2, rel=1e-4)
    np.testing.assert_array_equal(found.neighbours.pixels[8], found.pixels)
    means = found.neighbours.pixels.mean(axis=(1, 2))
    assert np.abs(np.diff(means)).max() < 0.15 * means.max()


def test_skull_base_is_a_phantom_in_a_slab(cases: dict[str, Case]) -> None:
    """45 slices of whole HU, 1 mm apart, brain between petrous bones; never called a patient."""
    case = cases["skull_base"]
    assert (case.view, case.anatomy, case.origin) == ("axial", "head", "phantom")
    found = SOURCE.load(case)
    assert found.neighbours is not None
    assert found.neighbours.pixels.shape == (45, 240, 240)
    assert found.neighbours.step_mm == 1.0
    np.testing.assert_array_equal(found.neighbours.pixels[found.neighbours.index], found.pixels)
    np.testing.assert_array_equal(found.pixels, np.rint(found.pixels))


def test_samples_are_chosen_by_name() -> None:
    """Those that are named, in the order of the list; an unknown name says which there are."""
    chosen = [case for case in make("sample", {"names": ["skull_base", "matplotlib_s1045"]}).index() if isinstance(case, Case)]
    assert [case.entry for case in chosen] == ["matplotlib_s1045#0", "skull_base#0"]
    assert not list(make("sample", {"names": ["skull_base"], "modality": "mri"}).index())
    with pytest.raises(ConfigError, match=r"source\.names='skull': no such sample; allowed: matplotlib_s1045"):
        make("sample", {"names": ["skull"]})
