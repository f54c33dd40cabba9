"""Pupil-plane optics against closed forms and Hopkins's quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import j1

from physics.optics.defocus import w20_um
from physics.optics.psf import defocus_transfer, paraxial_defocus, point_spread, pupil_radius, pupil_samples, transfer_of_point_spread


def hopkins(s: float, w20_waves: float) -> float:
    """Hopkins 1955 by adaptive quadrature."""
    edge = 1 - s / 2
    value, _ = quad(lambda x: 2 * np.sqrt(max(1 - (abs(x) + s / 2) ** 2, 0)) * np.cos(4 * np.pi * w20_waves * s * x), -edge, edge, limit=400)
    return float(value / np.pi)


def test_in_focus_it_is_the_closed_form_of_a_round_pupil() -> None:
    """Without aberration the transfer is (2/pi)(acos v - v sqrt(1 - v^2)), v = s / 2, and nothing passes beyond v = 1."""
    s = np.linspace(0, 2, 101)
    v = s / 2
    np.testing.assert_allclose(defocus_transfer(s, 0.0), 2 / np.pi * (np.arccos(v) - v * np.sqrt(1 - v**2)), atol=5e-4)
    assert np.all(defocus_transfer(np.array([2.01, 5.0]), 0.0) == 0)


@pytest.mark.parametrize("w20", [0.26, -0.5, 1.0, 2.0, 7.5, 15.0])
def test_defocus_is_hopkins_integral(w20: float) -> None:
    """FFT of the pupil and one-dimensional quadrature agree within 5e-3 from a quarter wave to 15 waves."""
    s = np.concatenate([np.linspace(0.005, 0.2, 25), np.linspace(0.2, 1.95, 40)])
    found = defocus_transfer(s, w20)
    np.testing.assert_allclose(found, [hopkins(float(x), w20) for x in s], atol=5e-3 if abs(w20) > 3 else 1e-3)
    assert defocus_transfer(np.zeros(1), w20)[0] == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("n", [256, 512])
def test_a_point_spread_has_energy_one_and_stays_where_it_was(n: int) -> None:
    """Sum 1, centroid at n // 2 on both axes, with strong defocus."""
    h = point_spread(paraxial_defocus(pupil_radius(n), 3.0))
    axis = np.arange(n) - n // 2
    axis[0] = 0  # the one sample without a partner on the other side
    assert h.sum() == pytest.approx(1, abs=1e-12)
    assert (h.sum(axis=0) * axis).sum() == pytest.approx(0, abs=1e-6)
    assert (h.sum(axis=1) * axis).sum() == pytest.approx(0, abs=1e-6)


def test_in_focus_a_point_is_the_airy_pattern() -> None:
    """(2 J1(v) / v)^2 with v = 2 pi NA r / lambda: a sample is a quarter of lambda / NA, so v = pi / 2 per sample, on both axes."""
    h = point_spread(paraxial_defocus(pupil_radius(1024), 0.0))
    v = np.pi / 2 * np.arange(1, 9)
    for line in (h[512, 513:521], h[513:521, 512], h[512, 511:503:-1]):
        np.testing.assert_allclose(line / h[512, 512], (2 * j1(v) / v) ** 2, atol=2e-3)


def test_the_projection_slice_finds_an_off_axis_point_spread_of_known_transfer() -> None:
    """Two points 2 a apart along the columns have the transfer cos(2 pi f a); apart along the rows it is 1: axes are not swapped."""
    n, a = 256, 6
    across, down = np.zeros((n, n)), np.zeros((n, n))
    across[n // 2, [n // 2 - a, n // 2 + a]] = 0.5
    down[[n // 2 - a, n // 2 + a], n // 2] = 0.5
    s, values = transfer_of_point_spread(across)
    np.testing.assert_allclose(values, np.cos(2 * np.pi * a * s / 4), atol=1e-9)
    np.testing.assert_allclose(transfer_of_point_spread(down)[1], 1, atol=1e-9)
    assert s[-1] == pytest.approx(2)


def test_at_the_aperture_of_an_eye_defocus_is_paraxial() -> None:
    """A focus D f^2 away from the retina of an eye of f = 17 mm seen through 1.5 mm: the path of free travel, dz (1 - sqrt(1 - (rho NA)^2)), is W20 rho^2 with
    W20 = D p^2 / 8 within 0.1 %; at NA 0.75 it would be a fifth more."""
    rho, focal_mm, pupil_mm, dioptres = np.linspace(0, 1, 11), 17.0, 1.5, 3.0

    def travelled_um(na: float, away_um: float) -> np.ndarray:
        return away_um * (1 - np.sqrt(1 - (rho * na) ** 2))

    away_um = dioptres * focal_mm**2  # 1 / m x mm^2 = micrometres
    exact = travelled_um(pupil_mm / 2 / focal_mm, away_um)
    np.testing.assert_allclose(paraxial_defocus(rho, w20_um(dioptres, pupil_mm=pupil_mm)), exact, rtol=1e-3)
    wide = travelled_um(0.75, 1.0)[-1] / paraxial_defocus(np.ones(1), 0.75**2 / 2)[0]
    assert wide == pytest.approx(1.204, abs=1e-3)


def test_the_pupil_is_sampled_finely_enough_for_its_defocus() -> None:
    """The phase step at the rim, 8 W / n waves, stays at or below a quarter; the plane is four radii wide."""
    for w20 in (0.0, 5.0, 40.0, -40.0):
        assert 8 * abs(w20) / pupil_samples(w20) <= 0.25
    rho = pupil_radius(256)
    assert rho[128, 128] == 0
    assert rho[128, 192] == rho[64, 128] == 1


@pytest.mark.parametrize("n", [8, 9])
def test_the_axis_of_the_pupil_is_the_centre_sample(n: int) -> None:
    """At n // 2 along both axes, also of an odd plane; a quarter of the width further is the rim."""
    radius = pupil_radius(n)
    assert np.argwhere(radius == 0).tolist() == [[n // 2, n // 2]]
    assert radius[n // 2, n // 2 + 2] == pytest.approx(8 / n)
