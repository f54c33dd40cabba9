"""The transfer curve and optical density."""

from __future__ import annotations

import numpy as np
import pytest

from physics.optics.light import DARKEST, codes_of, curve_of_linear, density_of, light_of, light_through, linear_of_curve


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_code_survives_the_way_to_light_and_back(dtype: str) -> None:
    """Decoding and encoding is exact on all 256 codes, channel by channel."""
    codes = np.stack([np.arange(256), np.arange(256)[::-1], np.roll(np.arange(256), 7)], axis=-1).astype(np.uint8)[None]
    light = light_of(codes, dtype=dtype)
    assert light.dtype == dtype
    np.testing.assert_array_equal(codes_of(light), codes)


def test_the_curve_has_the_values_of_the_standard() -> None:
    """Codes 0, 10, 11, 188 and 255 decode to the values computed by hand from IEC 61966-2-1."""
    codes = np.array([0, 10, 11, 188, 255], dtype=np.uint8)
    light = light_of(np.repeat(codes[None, :, None], 3, axis=2), dtype="float64")[0, :, 0]
    by_hand = [0, 10 / 255 / 12.92, ((11 / 255 + 0.055) / 1.055) ** 2.4, ((188 / 255 + 0.055) / 1.055) ** 2.4, 1]
    np.testing.assert_allclose(light, by_hand, rtol=1e-12)


def test_encoding_follows_the_exact_curve_everywhere() -> None:
    """Between codes the table rounds as the exact curve does, but for a sliver of 0.03 code; beyond white and below black it clips."""
    light = np.linspace(0, 1, 50_001)
    exact = 255 * curve_of_linear(light)
    assert np.abs(codes_of(light) - exact).max() <= 0.5 + 0.03
    np.testing.assert_array_equal(codes_of(np.array([-0.2, 1.0, 7.0])), [0, 255, 255])
    np.testing.assert_allclose(linear_of_curve(curve_of_linear(light)), light, atol=1e-12)


def test_the_middle_of_an_edge_is_brighter_in_light_than_in_codes() -> None:
    """Half the light of codes 60 and 235 is code 177; averaging codes would say 147.5."""
    low, high = light_of(np.array([[[60] * 3, [235] * 3]], dtype=np.uint8))[0]
    assert codes_of((low + high) / 2).tolist() == [177, 177, 177]


def test_density_is_the_negative_decimal_logarithm_of_transmission() -> None:
    """A hundredth of white has density 2 in each channel, black has that of half a code, and light comes back."""
    white = np.array([0.9, 0.8, 0.7])
    light = (white * np.array([[[0.01, 0.1, 1.0]]])).astype(np.float64)
    density = density_of(light, white)
    np.testing.assert_allclose(density, [[[2, 1, 0]]], atol=1e-12)
    np.testing.assert_allclose(light_through(density, white), light, rtol=1e-12)
    np.testing.assert_allclose(density_of(np.zeros((1, 1, 3)), white)[0, 0], np.log10(white / DARKEST), rtol=1e-9)
    assert pytest.approx(255 * 12.92 * 2) == 1 / DARKEST
