"""Defocus of a fundus camera."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import j1

from physics.optics import Capture, defocus
from physics.optics.acquire import expose
from physics.optics.convolution import radial_frequencies
from physics.optics.defocus import WAVELENGTHS_UM, Defocus, defocused, disc_px, eye_refraction, relative_transfer, w20_um
from physics.optics.psf import defocus_transfer
from physics.scan import EditConflict, acquire


def disc_picture(n: int = 256, *, level: int = 120, seed: int = 0) -> np.ndarray:
    """A textured round field on black."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:n, :n] - (n - 1) / 2
    codes = np.clip(level + rng.normal(0, 12, (n, n, 3)), 60, 200)
    return np.where((np.hypot(x, y) < 0.48 * n)[:, :, None], codes, 2).astype(np.uint8)


def test_wavefront_error_is_dioptres_times_pupil_squared_over_eight() -> None:
    """One dioptre over 1.5 mm is 0.28125 micrometres at the rim, with its sign; 1.96 px of blur at 45 degrees over 1024 px."""
    assert w20_um(1.0, pupil_mm=1.5) == pytest.approx(0.28125)
    assert w20_um(-2.0, pupil_mm=3.0) == pytest.approx(-2.25)
    assert disc_px(-1.0, pupil_mm=1.5, px_per_deg=1024 / 45) == pytest.approx(1.956, abs=1e-3)


def test_short_waves_focus_in_front_of_the_retina() -> None:
    """Chromatic eye: 0 D at 540 nm, about -0.63 D at 460 nm, +0.34 D at 610 nm."""
    assert eye_refraction(0.540) == 0
    assert eye_refraction(0.460) == pytest.approx(-0.632, abs=2e-3)
    assert eye_refraction(0.610) == pytest.approx(0.344, abs=2e-3)


def test_the_relative_transfer_is_one_in_focus_and_the_ratio_of_both_otherwise() -> None:
    """At 0 D it is exactly 1; in green it is H(W20 / lambda) / H(0) with frequencies in cycles per radian times lambda over half the pupil."""
    px_per_deg = 1024 / 45
    np.testing.assert_array_equal(relative_transfer(0.0, wavelength_um=0.460, pupil_mm=1.5, px_per_deg=px_per_deg), 1)
    f = radial_frequencies()
    s = f * px_per_deg * 180 / np.pi * 0.54e-6 / 0.75e-3
    expected = defocus_transfer(s, 4 * 1.5**2 / 8 / 0.54) / defocus_transfer(s, 0.0)
    np.testing.assert_allclose(relative_transfer(4.0, wavelength_um=0.540, pupil_mm=1.5, px_per_deg=px_per_deg), expected, atol=1e-5)


def test_far_from_focus_it_is_a_disc_of_diameter_d_times_p() -> None:
    """At 10 D the transfer follows 2 J1(x) / x, x = pi f D p, within 0.03 up to its first zero."""
    px_per_deg = 1024 / 45
    diameter = disc_px(10.0, pupil_mm=1.5, px_per_deg=px_per_deg)
    f = radial_frequencies()
    f = f[(f > 0) & (f < 1.22 / diameter)]
    x = np.pi * f * diameter
    found = relative_transfer(10.0, wavelength_um=0.540, pupil_mm=1.5, px_per_deg=px_per_deg)[1 : 1 + f.size]
    np.testing.assert_allclose(found, 2 * j1(x) / x, atol=0.03)


def test_a_point_becomes_a_disc_of_the_right_size_in_place() -> None:
    """Second moment of a disc: D^2 / 16 per axis in linear light, centroid unmoved, energy kept: size, axes and light in one."""
    codes = np.zeros((240, 201, 3), np.uint8)
    codes[120, 90] = 200
    scan = Capture.of(codes, kind="fundus", field_mask=np.ones((240, 201), bool), field_deg=240 / 20)
    before = expose(scan)
    after = expose(defocused(scan, -20.0))
    diameter = disc_px(-20.0, pupil_mm=1.5, px_per_deg=20)
    assert 30 < diameter < 40
    y, x = np.mgrid[:240, :201]
    spot = after[:, :, 1].astype(float)
    assert spot.sum() == pytest.approx(before[:, :, 1].sum(), rel=5e-3)
    spot[np.hypot(y - 120, x - 90) > 0.75 * diameter] = 0
    spot /= spot.sum()
    assert (spot * y).sum() == pytest.approx(120, abs=0.02)
    assert (spot * x).sum() == pytest.approx(90, abs=0.02)
    assert (spot * (y - 120) ** 2).sum() == pytest.approx(diameter**2 / 16, rel=0.06)
    assert (spot * (x - 90) ** 2).sum() == pytest.approx(diameter**2 / 16, rel=0.06)


@pytest.mark.parametrize(("dioptres", "worse", "better"), [(-3.0, 2, 0), (3.0, 0, 2)])
def test_the_side_of_the_focus_decides_which_colour_blurs_more(dioptres: float, worse: int, better: int) -> None:
    """Focus in front of the retina (myopic): blue is further from focus than red; behind it: red."""
    transfer = [relative_transfer(dioptres, wavelength_um=w, pupil_mm=1.5, px_per_deg=20.0) for w in WAVELENGTHS_UM]
    own = [w20_um(dioptres + eye_refraction(w), pupil_mm=1.5) for w in WAVELENGTHS_UM]
    assert abs(own[worse]) > abs(own[better])
    low = slice(200, 1500)  # frequencies below the first zero
    assert transfer[worse][low].mean() < transfer[better][low].mean()


def test_light_is_kept_the_mask_stays_sharp_and_the_rim_bright() -> None:
    """After 8 D the mean linear light of the field changes by less than 0.1 %, the surround not at all, and the rim is as bright as the middle."""
    codes = disc_picture()
    scan = Capture.of(codes, kind="fundus")
    mask = scan.field_mask.numpy()
    blurred = defocused(scan, 8.0)
    picture = acquire(blurred).numpy()
    np.testing.assert_array_equal(picture[~mask], codes[~mask])
    light = expose(scan), expose(blurred)
    assert light[1][mask].mean() == pytest.approx(light[0][mask].mean(), rel=1e-3)
    y, x = np.mgrid[:256, :256] - 127.5
    radius = np.hypot(x, y)
    rim, middle = (radius > 110) & (radius < 121), radius < 60
    assert picture[rim].mean() == pytest.approx(picture[middle].mean(), abs=2)
    assert picture[middle].std() < 0.4 * codes[middle].std()  # a disc of 12 pixels leaves 1 / sqrt(12) of white noise


def test_an_edge_is_blurred_in_light_not_in_codes() -> None:
    """The middle of a blurred edge between codes 60 and 235 shows 177, not 147.5."""
    codes = np.full((120, 160, 3), 60, np.uint8)
    codes[:, 80:] = 235
    scan = defocused(Capture.of(codes, kind="fundus", field_mask=np.ones((120, 160), bool), field_deg=10.0), 10.0)
    picture = acquire(scan).numpy()
    middle = (picture[60, 79] + picture[60, 80]) / 2
    np.testing.assert_allclose(middle, 177, atol=1.5)


def test_dioptres_add_and_cancel() -> None:
    """3 D and 2 D are 5 D in either order; -5 D takes them back; 0 D is the scan itself; another pupil is a conflict."""
    scan = Capture.of(disc_picture(96), kind="fundus")
    assert defocused(scan, 0.0) is scan
    assert defocused(defocused(scan, 3.0), 2.0).events == defocused(defocused(scan, 2.0), 3.0).events == (Defocus(5.0, 1.5),)
    assert defocused(defocused(scan, 5.0), -5.0).events == ()
    with pytest.raises(EditConflict, match=r"1\.5"):
        defocused(defocused(scan, 3.0), 2.0, pupil_mm=2.0)
    with pytest.raises(ValueError, match="pupil_mm"):
        defocused(scan, 2.0, pupil_mm=0.0)


def test_the_border_is_continued_as_far_as_the_widest_disc_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reach is the radius of the disc of the colour that is furthest from focus, 0.632 D beyond the green, and 8 px for diffraction."""
    asked: list[float] = []

    def noted(light: np.ndarray, transfer_of: object, *, reach_px: float) -> np.ndarray:
        asked.append(reach_px)
        return light

    monkeypatch.setattr(defocus, "convolved", noted)
    scan = Capture.of(disc_picture(96), kind="fundus", field_mask=np.ones((96, 96), bool), field_deg=96 / 40)
    expose(defocused(scan, -6.0))
    assert asked == [pytest.approx(6.632 * 1.5e-3 * 180 / np.pi * 40 / 2 + 8, abs=0.01)]
