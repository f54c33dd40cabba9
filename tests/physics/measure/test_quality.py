"""Quality measures: closed forms and scikit-image."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from physics.display import Display
from physics.measure import quality
from physics.measure.pair import Pair, View

RNG = np.random.default_rng(0)


def pair_of(reference, degraded, *, mask=None, modality="mri", display=None):
    mask = np.ones(reference.shape[:2], bool) if mask is None else mask
    display = display or Display("codes", 0.0, 255.0)
    view = View(modality, "head", display, torch.from_numpy(mask), None)
    return Pair(torch.from_numpy(np.asarray(reference, np.float32)), torch.from_numpy(np.asarray(degraded, np.float32)), view)


def texture(size: int = 512) -> np.ndarray:
    picture = cv2.GaussianBlur(np.random.default_rng(3).standard_normal((size, size)), (0, 0), 2)
    return 128 + 30 * picture / picture.std()


def test_psnr_of_a_constant_offset():
    """2.55 codes off is 40 dB, counted inside the object only; equal pictures have no PSNR."""
    mask = np.zeros((512, 512), bool)
    mask[100:200] = True
    flat = np.full((512, 512), 100.0)
    assert quality.psnr(pair_of(flat, np.where(mask, flat + 2.55, 0.0), mask=mask)).value == pytest.approx(40.0, abs=1e-3)
    assert quality.psnr(pair_of(flat, flat)).value is None


def test_ssim_agrees_with_scikit_image():
    """Gaussian windows, population covariance: equal to 2e-3 (the borders differ)."""
    noisy = texture() + 15 * RNG.standard_normal((512, 512))
    noisy = np.clip(noisy, 0, 255)
    theirs = structural_similarity(np.clip(texture(), 0, 255), noisy, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)
    assert quality.ssim(pair_of(np.clip(texture(), 0, 255), noisy)).value == pytest.approx(theirs, abs=2e-3)


def test_ssim_in_the_dark_and_of_a_faint_pattern():
    """Flat pictures of a and b codes: (2ab + 2.55^2) / (a^2 + b^2 + 2.55^2); a faint checkerboard and its negative: (-2s^2 + 7.65^2) / (2s^2 + 7.65^2)."""
    flat, board = np.ones((512, 512)), 2.0 * (np.indices((512, 512)).sum(axis=0) % 2) - 1
    assert quality.ssim(pair_of(2 * flat, 5 * flat)).value == pytest.approx((20 + 2.55**2) / (29 + 2.55**2), rel=1e-5)
    assert quality.ssim(pair_of(100 + 3 * board, 100 - 3 * board)).value == pytest.approx((7.65**2 - 18) / (7.65**2 + 18), rel=1e-3)


@pytest.mark.parametrize("sigma", [2.0, 10.0])
def test_noise_is_read_on_a_ramp(sigma):
    """White noise of known sigma on a steep ramp with a step: within 3 %; nothing outside the mask counts."""
    ramp = np.linspace(0, 200, 300)[:, None] + np.linspace(0, 100, 200)[None]
    ramp[:, 120:] += 60
    mask = np.zeros((300, 200), bool)
    mask[:, 20:] = True
    noisy = ramp + np.where(mask, sigma, 90.0) * RNG.standard_normal(ramp.shape)
    assert quality.noise_sigma(noisy, mask) == pytest.approx(sigma, rel=0.03)
    assert quality.noise_level(pair_of(ramp, noisy, mask=mask)).value == pytest.approx(sigma, rel=0.03)


def test_snr_is_mean_over_noise():
    """Signal 120 with sigma 6 has SNR 20; HU have none."""
    flat = np.full((256, 256), 120.0)
    noisy = flat + 6 * RNG.standard_normal(flat.shape)
    assert quality.snr(pair_of(flat, noisy)).value == pytest.approx(20, rel=0.04)
    assert quality.snr(pair_of(flat, noisy, modality="ct")).value is None


def test_cnr_is_step_over_noise():
    """Two halves 40 apart with sigma 5 have CNR 8; half the step, half the CNR."""
    halves = np.full((256, 256), 80.0)
    halves[:, 128:] = 120.0
    noisy = halves + 5 * RNG.standard_normal(halves.shape)
    assert quality.cnr(pair_of(halves, noisy)).value == pytest.approx(8, rel=0.05)
    assert quality.cnr(pair_of(halves, 100 + 0.5 * (halves - 100) + 5 * RNG.standard_normal(halves.shape))).value == pytest.approx(4, rel=0.05)


def test_ct_noise_is_read_in_tissue_of_the_window():
    """In a brain window 8 HU in the brain count, 50 HU in bone do not."""
    hu = np.full((256, 256), 35.0)
    hu[:, 100:] = 900.0
    noisy = hu + np.where(hu > 500, 50.0, 8.0) * RNG.standard_normal(hu.shape)
    pair = pair_of(hu, noisy, modality="ct", display=Display("brain 80/40", 0.0, 80.0))
    assert quality.noise_level(pair).value == pytest.approx(8, rel=0.05)


@pytest.mark.parametrize("sigma", [1.2, 2.0, 3.5])
def test_half_the_contrast_is_left_where_gauss_says(sigma):
    """A Gaussian of sigma keeps half at sqrt(2 ln 2) / (2 pi sigma) = 0.1874 / sigma cycles per pixel, with noise or without."""
    blurred = cv2.GaussianBlur(texture(), (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    assert quality.sharpness(pair_of(texture(), blurred)).value == pytest.approx(0.1874 / sigma, rel=0.06)
    assert quality.sharpness(pair_of(texture(), blurred + 3 * RNG.standard_normal((512, 512)))).value == pytest.approx(0.1874 / sigma, rel=0.07)


def test_nothing_lost_reads_nyquist():
    """Equal pictures, and a dimmer picture, keep all their contrast up to 0.5 cycles per pixel."""
    assert quality.sharpness(pair_of(texture(), texture())).value == 0.5
    assert quality.sharpness(pair_of(texture(), 60 + 0.5 * texture())).value == 0.5
