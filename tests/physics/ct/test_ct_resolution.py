"""Resolution and texture read off pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from physics.ct import CTScan
from physics.ct.kernel import STANDARD
from physics.ct.kernel_change import change_kernel, frequency_at_per_mm, with_resolution
from physics.ct.resolution import falls_to, mtf10, mtf50, transfer_of
from physics.ct.texture import noise_frequency, noise_kept
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import acquire


def scene(shape, rng):
    """Discs and bars with edges in all directions."""
    out = np.zeros(shape)
    y, x = np.mgrid[: shape[0], : shape[1]]
    for _ in range(25):
        r, c, s = rng.uniform(0, shape[0]), rng.uniform(0, shape[1]), rng.uniform(2, 18)
        out += rng.uniform(-300, 600) * ((y - r) ** 2 + (x - c) ** 2 < s * s)
    return out


def pair_of(reference, degraded, spacing_mm, healthy=None, scan=None):
    mask = torch.ones(reference.shape, dtype=torch.bool)
    return Pair(reference, degraded, View("ct", "head", Display("brain", 0.0, 80.0), mask, spacing_mm), healthy, scan)


@pytest.mark.parametrize(("shape", "spacing_mm"), [((160, 160), (0.6, 0.6)), ((151, 190), (0.7, 0.5))])
def test_a_known_blur_is_found_under_noise(shape, spacing_mm):
    """Gaussian of 0.9 mm: H = exp(-2 pi^2 s^2 nu^2) within 2 % up to 0.5 / mm, though 10 HU of noise were added."""
    rng = np.random.default_rng(5)
    reference = gaussian_filter(scene(shape, rng), 0.5) + rng.normal(0, 2, shape)
    degraded = gaussian_filter(reference, [0.9 / mm for mm in spacing_mm]) + rng.normal(0, 2, shape)
    found = transfer_of(reference, degraded, spacing_mm)
    used = found.frequency_per_mm < 0.5
    np.testing.assert_allclose(found.kept[used], np.exp(-2 * (math.pi * 0.9 * found.frequency_per_mm[used]) ** 2), atol=0.02)


def test_a_shift_of_all_numbers_is_no_matter_of_sharpness():
    """Constants added to either picture leave the transfer as it was, from the lowest ring on."""
    rng = np.random.default_rng(9)
    reference = scene((90, 110), rng)
    degraded = gaussian_filter(reference, 1.5)
    expected = transfer_of(reference, degraded, (0.7, 0.5)).kept
    np.testing.assert_allclose(transfer_of(reference + 300.0, degraded - 200.0, (0.7, 0.5)).kept, expected, atol=1e-9)


@pytest.mark.parametrize("ratio", [0.4, 0.7, 1.4])
def test_mtf_of_a_changed_kernel_is_that_of_the_kernel(ratio, oracle):
    """f50 and f10 read off the pictures within 3 % of the kernel's own."""
    rng = np.random.default_rng(2)
    hu = torch.tensor(gaussian_filter(scene((200, 200), rng), 0.7) + gaussian_filter(rng.normal(0, 10, (200, 200)), 0.8), dtype=torch.float32)
    healthy = CTScan.of(hu, spacing_mm=(0.5, 0.5), n0=1e6, kernel=STANDARD)
    scan = change_kernel(healthy, ratio)
    pair = pair_of(hu, acquire(scan), (0.5, 0.5), healthy, scan)
    target = with_resolution(STANDARD, ratio)
    recipe = "ct_smooth_kernel" if ratio < 1 else "ct_sharp_kernel"
    oracle(recipe, "f50 measured in the picture over the kernel's", mtf50(pair).value / (10 * frequency_at_per_mm(target, 0.5)) - 1, below=0.03)
    if ratio < 1:  # beyond, the source's own kernel ends first
        oracle(recipe, "f10 measured in the picture over the kernel's", mtf10(pair).value / (10 * frequency_at_per_mm(target, 0.1)) - 1, below=0.04)


def test_an_unchanged_slice_has_the_mtf_of_its_kernel_and_unknown_scans_have_none():
    """3.9 and 6.8 line pairs per cm of a standard kernel; without a scan there is no absolute MTF; past the pixels there is none either."""
    hu = torch.tensor(scene((160, 160), np.random.default_rng(1)), dtype=torch.float32)
    healthy = CTScan.of(hu, spacing_mm=(0.5, 0.5), n0=1e6, kernel=STANDARD)
    assert mtf50(pair_of(hu, hu, (0.5, 0.5), healthy)).value == pytest.approx(3.9, abs=0.05)
    assert mtf10(pair_of(hu, hu, (0.5, 0.5), healthy)).value == pytest.approx(6.8, abs=0.1)
    assert mtf50(pair_of(hu, hu, (0.5, 0.5))).value is None
    coarse = CTScan.of(hu, spacing_mm=(1.6, 1.6), n0=1e6, kernel=STANDARD)
    assert "pixels" in mtf10(pair_of(hu, hu, (1.6, 1.6), coarse)).reason
    assert falls_to(transfer_of(hu.double().numpy(), 0 * hu.double().numpy(), (0.5, 0.5)), STANDARD, 0.5) == 0.0


def test_coarse_grain_has_a_lower_mean_frequency():
    """White noise under Gaussians of 0.6 and 0.9 mm on 20 HU: the ratio of frequencies falls towards 0.67, the finer is that of its integral; flat
    pictures have no texture."""
    rng = np.random.default_rng(8)
    white = rng.normal(0, 60, (200, 200))
    fine, coarse = (torch.tensor(20 + gaussian_filter(white, sigma / 0.6), dtype=torch.float32) for sigma in (0.6, 0.9))
    found = [noise_frequency(pair_of(fine, picture, (0.6, 0.6))).value for picture in (fine, coarse)]
    assert 0.6 < found[1] / found[0] < 0.85
    nu = np.linspace(0.2, 0.5 / 0.6, 4001)
    power = np.exp(-((2 * math.pi * 0.6 * nu) ** 2)) * (1 - np.exp(-2 * (math.pi * 2.5 * nu) ** 2)) ** 2
    assert found[0] == pytest.approx(10 * (nu**2 * power).sum() / (nu * power).sum(), rel=0.03)  # line pairs per cm
    assert noise_frequency(pair_of(fine, torch.full_like(fine, -800.0), (0.6, 0.6))).value is None
    deviations = [gaussian_filter(white, sigma / 0.6).std() for sigma in (0.6, 0.9)]
    assert noise_kept(pair_of(fine, coarse, (0.6, 0.6))).value == pytest.approx(deviations[1] / deviations[0], rel=0.15)
