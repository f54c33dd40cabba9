"""Shading and exposure: what the low-pass leaves, where a ratio is judged, dark pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics.display import Display
from physics.measure import families
from physics.measure.brightness import SHADING_COARSE, exposure_stops, linear_light, low_frequency_ratio
from physics.measure.pair import Pair, View

CODES = Display("codes", 0.0, 255.0)
SIGMA_PX = 26.0


def _pair(reference, degraded, *, mask=None):
    mask = torch.ones(reference.shape, dtype=torch.bool) if mask is None else torch.as_tensor(mask)
    return Pair(torch.from_numpy(reference.astype(np.float32)), torch.from_numpy(degraded.astype(np.float32)), View("mri", "head", CODES, mask, None))


@pytest.mark.parametrize("half_waves", [2, 5, 8])
@pytest.mark.parametrize("along", [0, 1])
@pytest.mark.parametrize("shape", [(512, 512), (512, 312), (312, 512)])
def test_a_wave_of_gain_keeps_what_a_gaussian_leaves_of_it(half_waves, along, shape):
    """Gain 1 + 0.3 cos(2 pi f x), mirrored at the frame, has the value 0.3 exp(-2 pi^2 26^2 f^2) / sqrt(2)."""
    frequency = half_waves / (2 * shape[along])
    wave = np.cos(2 * np.pi * frequency * (np.arange(shape[along]) + 0.5))
    gain = 1 + 0.3 * (wave[:, None] if along == 0 else wave[None]) * np.ones(shape)
    left = np.exp(-2 * np.pi**2 * SIGMA_PX**2 * frequency**2)
    value = families.shading(_pair(np.full(shape, 100.0), 100 * gain)).value
    assert value == pytest.approx(0.3 * left / np.sqrt(2), rel=0.02, abs=4e-4)


@pytest.mark.parametrize(("width", "judged"), [(20, True), (12, False)])
def test_a_small_object_is_judged_from_sixteen_coarse_pixels_on(width, judged):
    """16 by 20 px are twenty of 4 by 4, 16 by 12 are twelve."""
    mask = np.zeros((512, 512), bool)
    mask[200:216, 200 : 200 + width] = True
    assert (low_frequency_ratio(_pair(np.where(mask, 90.0, 0.0), np.where(mask, 99.0, 0.0), mask=mask)) is not None) == judged


def test_a_narrow_dim_object_is_judged_to_its_rim():
    """A strip of 40 px at 6 codes is bright enough everywhere, though its low-pass within the dark leaves no more than 3.4: every coarse pixel counts."""
    mask = np.zeros((512, 512), bool)
    mask[200:240] = True
    strip = np.where(mask, 6.0, 0.0)
    ratio = low_frequency_ratio(_pair(strip, 1.2 * strip, mask=mask))
    assert ratio is not None
    assert ratio.size == mask.sum() / SHADING_COARSE**2
    np.testing.assert_allclose(ratio, 1.2, rtol=1e-4)


@pytest.mark.parametrize(("codes", "judged"), [(3.6, False), (4.4, True)])
@pytest.mark.parametrize("height", [40, 512])
def test_four_codes_are_enough_whatever_the_object_s_width(codes, judged, height):
    """Narrow or filling the field, an object is too dark for a ratio below 4 codes and not above."""
    mask = np.zeros((512, 512), bool)
    mask[(512 - height) // 2 : (512 + height) // 2] = True
    flat = np.where(mask, codes, 0.0)
    assert (families.shading(_pair(flat, 1.5 * flat, mask=mask)).value is not None) == judged


def test_the_toe_of_srgb_is_linear_and_joins_the_power():
    """Codes below 10.3 are 12.92 * 255 times linear light, and the two branches meet there."""
    np.testing.assert_allclose(linear_light(12.92 * 255 * np.array([0.0, 1e-3, 3e-3])), [0.0, 1e-3, 3e-3], rtol=1e-12)
    low, high = linear_light(255 * np.array([0.04045 - 1e-9, 0.04045 + 1e-9]))
    assert high == pytest.approx(low, rel=1e-4)


def test_three_stops_into_the_toe_are_three_stops():
    """Linear light of 0.008 shows by the power, an eighth of it by the linear toe: the picture reads 3 EV darker."""
    bright, dark = 255 * (1.055 * 0.008 ** (1 / 2.4) - 0.055), 255 * 12.92 * 0.001
    assert dark > 2
    pair = _pair(np.full((512, 512), bright), np.full((512, 512), dark))
    assert exposure_stops(pair) == pytest.approx(-3.0, abs=1e-4)
    assert families.exposure(pair).value == pytest.approx(3.0, abs=1e-4)


@pytest.mark.parametrize("gain", [0.5, 1.0, 1.9])
def test_shading_is_relative_to_the_mean_gain(gain):
    """A ramp of 30 % under any constant gain varies by 0.3 / sqrt(3): deviation over mean."""
    ramp = gain * (1 + 0.3 * np.linspace(-1, 1, 512))[None] * np.ones((512, 512))
    assert families.shading(_pair(np.full((512, 512), 100.0), 100 * ramp)).value == pytest.approx(0.3 / np.sqrt(3), rel=0.03)


@pytest.mark.parametrize(("share", "stops"), [(0.01, 2.0), (0.04, 1.0)])
def test_clipped_pixels_tell_stops_only_where_hardly_any_other_is_left(share, stops):
    """Of a picture of black (two stops darker) with few grey pixels (one stop darker), grey decides from a fiftieth of the object on."""
    linear = np.full((512, 512), float(linear_light(np.array([1.8]))[0]))
    linear[: round(512 * share)] = 0.2
    darker = linear * 0.25
    darker[: round(512 * share)] = 0.1
    table = np.linspace(0, 255, 200001)
    reference, degraded = (np.interp(light, linear_light(table), table) for light in (linear, darker))
    degraded = np.where(degraded < 0.6, 0.6, degraded)
    expected = stops if stops == 1.0 else float(np.log2(linear_light(np.array([1.8]))[0] / linear_light(np.array([0.6]))[0]))
    assert families.exposure(_pair(reference, degraded)).value == pytest.approx(expected, abs=0.02)
