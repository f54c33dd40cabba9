"""The noise power spectrum of noise whose spectrum is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ct_phantoms import ct_grain, disc
from skimage.metrics import structural_similarity

from physics.ct import CTScan, lower_dose
from physics.ct.geometry import Grid
from physics.ct.kernel import STANDARD
from physics.ct.noise_power import NoisePower, cnr_hu, noise_power, nps_mean, nps_noise, nps_peak, peak_of
from physics.display import Display
from physics.measure.noise_level import cnr
from physics.measure.pair import Pair, View
from physics.measure.quality import ssim
from physics.scan import acquire


def told(nu, sigma, *, shape=(512, 512), spacing_mm=(0.8, 0.8)):
    """The spectrum of `ct_grain`: nu A^2, scaled to the variance over the plane of frequencies that the pixels hold."""
    held = np.hypot(np.fft.fftfreq(shape[0], spacing_mm[0])[:, None], np.fft.fftfreq(shape[1], spacing_mm[1]))
    area = 1 / (np.prod(shape) * np.prod(spacing_mm))
    return sigma**2 * nu * STANDARD(nu) ** 2 / (np.sum(held * STANDARD(held) ** 2) * area)


@pytest.mark.parametrize(("shape", "spacing_mm"), [((512, 512), (0.8, 0.8)), ((401, 560), (0.9, 0.7))])
def test_the_spectrum_of_known_noise(shape, spacing_mm, oracle):
    """Rings that hold three tenths of the peak and more within 5 %, on a gradient that no patch is to count."""
    y, x = np.indices(shape)
    slope = 0.05 * y - 0.0001 * (x - 200) ** 2
    found = [noise_power(20.0 * ct_grain(shape, spacing_mm, seed=seed) + slope, np.ones(shape, dtype=bool), spacing_mm=spacing_mm) for seed in range(3)]
    nu = found[0].frequency_per_mm
    expected = told(nu, 20.0, shape=shape, spacing_mm=spacing_mm)
    used = (expected > 0.3 * expected.max()) & (nu > 0.06)
    assert used.sum() > 8
    off = np.mean([one.power for one in found], axis=0)[used] / expected[used] - 1
    oracle("ct_low_dose", "noise power spectrum measured beside nu A^2, rings", float(np.abs(off).max()), below=0.05)


@pytest.mark.parametrize(("shape", "enough"), [((60, 48), True), ((59, 48), False), ((60, 47), False), ((48, 60), True)])
def test_patches_overlap_by_half(shape, enough):
    """Twelve patches of 24 mm on pixels of 1 mm need four by three, 12 mm apart: 60 by 48 mm and not a pixel less."""
    noise = np.random.default_rng(2).standard_normal(shape)
    assert (noise_power(noise, np.ones(shape, dtype=bool), spacing_mm=(1.0, 1.0)) is not None) is enough


@pytest.mark.parametrize("top", [0.123, 0.21, 0.245])
def test_the_peak_is_the_top_of_a_parabola(top):
    """Of a spectrum that is one, on uneven rings, between them; of a rising or a falling one its end."""
    nu = np.array([0.02, 0.07, 0.11, 0.16, 0.2, 0.25, 0.29])
    assert peak_of(NoisePower(nu, 5.0 - 80 * (nu - top) ** 2, np.ones(7))) == pytest.approx(top)
    assert peak_of(NoisePower(nu, nu**2, np.ones(7))) == pytest.approx(0.29)
    assert peak_of(NoisePower(nu, 1 - nu, np.ones(7))) == pytest.approx(0.02)


def test_a_quadratic_surface_is_no_noise():
    """Gradients, bowls and saddles of organs leave nothing; a third power does."""
    y, x = np.indices((120, 130)) - 60.0
    even = np.ones(y.shape, dtype=bool)
    surface = 3.0 + 0.2 * x - 0.3 * y + 0.01 * x * x - 0.02 * x * y + 0.03 * y * y
    assert noise_power(surface, even, spacing_mm=(1.0, 1.0)).power.max() < 1e-12
    assert noise_power(1e-3 * x**3, even, spacing_mm=(1.0, 1.0)).power.max() > 1e-3


def pair_of(hu, mask, spacing_mm):
    view = View("ct", "abdomen", Display("abdomen 400/40", -160.0, 240.0), torch.tensor(mask), spacing_mm)
    return Pair(torch.tensor(hu), torch.tensor(hu), view)


def test_peak_mean_and_size_are_read_off_soft_tissue(oracle):
    """A body with bone and gas in it: its grain alone counts, on oblong pixels; nothing is read where no tissue is even."""
    grid = Grid((420, 480), (0.8, 0.7))
    inside = disc(grid, radius_mm=150.0) > 0.5
    hu = np.where(inside, 45.0, -1000.0) + 900 * disc(grid, radius_mm=15.0, centre_mm=(40, 60)) - 700 * disc(grid, radius_mm=20.0, centre_mm=(-50, -30))
    hu = hu + 18.0 * ct_grain(grid.shape, grid.spacing_mm, seed=8) * inside
    pair = pair_of(hu, inside, grid.spacing_mm)
    nu = np.linspace(0.001, 0.7, 4000)
    expected = told(nu, 18.0)
    assert nps_noise(pair).value == pytest.approx(18.0, rel=0.03)
    assert nps_peak(pair).value == pytest.approx(10 * nu[np.argmax(expected)], abs=0.3)
    mean = 10 * float(np.sum(nu * expected) / np.sum(expected))
    oracle("ct_low_dose", "mean frequency of the noise power spectrum, of the known", nps_mean(pair).value / mean - 1, below=0.03)
    assert nps_mean(pair_of(np.where(inside, 900.0, -1000.0), inside, grid.spacing_mm)).value is None
    small = pair_of(hu[150:200, 150:200], inside[150:200, 150:200], grid.spacing_mm)
    assert nps_peak(small).value is None


def test_a_smoother_kernel_moves_the_spectrum_down():
    """Grain that low dose adds with the scan's kernel has the frequencies of that kernel."""
    grid = Grid((256, 256), (0.9, 0.9))
    hu = torch.tensor(1040 * disc(grid, radius_mm=105.0) - 1000, dtype=torch.float32)
    mask = disc(grid, radius_mm=103.0) > 0.5
    scan = CTScan.of(hu, spacing_mm=grid.spacing_mm, n0=2e4, kernel=STANDARD)
    noisy = acquire(lower_dose(scan, 0.2, seed=5))
    pair = Pair(hu, noisy, View("ct", "abdomen", Display("abdomen 400/40", -160.0, 240.0), torch.tensor(mask), grid.spacing_mm))
    nu = np.linspace(0.001, 0.55, 4000)
    expected = 10 * float(np.sum(nu * told(nu, 1.0)) / np.sum(told(nu, 1.0)))
    assert nps_mean(pair).value == pytest.approx(expected, rel=0.06)  # crosstalk makes it a little coarser


@pytest.mark.parametrize("contrast_hu", [-70.0, 90.0])
def test_contrast_to_noise_of_a_drawn_disc(contrast_hu, oracle):
    """Its contrast over the deviation of grain that is no white noise: within 5 %. An estimate that takes the grain for white is off by more than a quarter."""
    grid = Grid((400, 420), (0.8, 0.75))
    inside = disc(grid, radius_mm=140.0) > 0.5
    hu = np.where(inside, 40.0, -1000.0) + contrast_hu * disc(grid, radius_mm=70.0, centre_mm=(30.0, -20.0))
    pair = pair_of(hu + 9.0 * ct_grain(grid.shape, grid.spacing_mm, seed=6) * inside, inside, grid.spacing_mm)
    oracle("ct_low_dose", "contrast-to-noise ratio of a drawn disc, of the known", cnr_hu(pair).value / (abs(contrast_hu) / 9.0) - 1, below=0.05)
    assert cnr(pair).value > 1.25 * abs(contrast_hu) / 9.0
    assert cnr_hu(pair_of(hu, inside, grid.spacing_mm)).value is None


def test_similarity_is_that_of_the_window(oracle):
    """HU in an abdomen window beside scikit-image on the codes: what lies beyond the window does not count, nor does air."""
    grid = Grid((512, 512), (0.7, 0.7))
    inside = disc(grid, radius_mm=150.0) > 0.5
    hu = np.where(inside, 40.0, -1000.0) + 800 * disc(grid, radius_mm=30.0, centre_mm=(30.0, -20.0))
    noisy = hu + 25.0 * ct_grain(grid.shape, grid.spacing_mm, seed=6)
    view = View("ct", "abdomen", Display("abdomen 400/40", -160.0, 240.0), torch.tensor(inside), grid.spacing_mm)
    found = ssim(Pair(torch.tensor(hu), torch.tensor(noisy), view)).value
    codes = [np.clip((one + 160) / 400 * 255, 0, 255) for one in (hu, noisy)]
    _, plane = structural_similarity(*codes, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, full=True)
    oracle("ct_low_dose", "structural similarity at the window beside scikit-image", found - plane[inside].mean(), below=2e-3)
