"""Convolution by transfer function: axes, signs, borders."""

from __future__ import annotations

import numpy as np
import pytest

from physics.optics.convolution import CORNER, TABLE, convolved, frequencies, radial_frequencies, spread


@pytest.mark.parametrize("shape", [(33, 48), (40, 31)])
def test_a_linear_phase_shifts_down_and_right(shape: tuple[int, int]) -> None:
    """exp(-2 pi i f a) with a = (3, -2) moves a spot 3 rows down and 2 columns left, each channel by itself."""
    light = np.zeros((*shape, 3))
    for channel in range(3):
        light[15, 14 + channel, channel] = 1.0

    def transfers(padded: tuple[int, int]) -> list[np.ndarray]:
        rows, columns = frequencies(padded)
        return [np.exp(-2j * np.pi * (rows * 3 - columns * 2))] * 3

    out = convolved(light, transfers, reach_px=5)
    assert out.shape == light.shape
    for channel in range(3):
        assert np.unravel_index(out[:, :, channel].argmax(), shape) == (18, 12 + channel)
        assert out[18, 12 + channel, channel] == pytest.approx(1, abs=1e-5)


def test_each_channel_has_its_own_transfer() -> None:
    """Constant transfers 1, 0.5 and 0.25 scale the three channels in that order."""
    light = np.random.default_rng(0).random((20, 24, 3)).astype(np.float32)
    out = convolved(light, lambda s: [np.full((s[0], s[1] // 2 + 1), k, np.float32) for k in (1.0, 0.5, 0.25)], reach_px=2)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, light * np.array([1.0, 0.5, 0.25], np.float32), atol=1e-5)


def test_beyond_the_border_lies_the_mirror_image() -> None:
    """A shift by 2 from a ramp brings in its even reflection: rows 2, 1, 0, 1, ..."""
    light = np.repeat(np.arange(30.0)[:, None, None], 20, axis=1) * np.ones(3)
    out = convolved(light, lambda s: [np.exp(-2j * np.pi * frequencies(s)[0] * 2) * np.ones((1, s[1] // 2 + 1))] * 3, reach_px=4)
    np.testing.assert_allclose(out[:5, 7, 1], [2, 1, 0, 1, 2], atol=1e-5)


@pytest.mark.parametrize("shift", [(2, 0), (-2, 0), (0, 2), (0, -2), (13, 0), (0, -9)])
def test_a_kernel_as_long_as_its_reach_brings_nothing_from_the_far_side(shift: tuple[int, int]) -> None:
    """A shift by the whole reach shows the even reflection, however much longer than the picture it is; the padded grid does not wrap."""
    light = np.random.default_rng(1).random((6, 10, 3))
    reach = max(abs(shift[0]), abs(shift[1]))
    out = convolved(light, lambda s: [np.exp(-2j * np.pi * (frequencies(s)[0] * shift[0] + frequencies(s)[1] * shift[1]))] * 3, reach_px=reach)
    reflected = np.pad(light, ((20, 20), (20, 20), (0, 0)), mode="reflect")
    np.testing.assert_allclose(out, reflected[20 - shift[0] : 26 - shift[0], 20 - shift[1] : 30 - shift[1]], atol=1e-4)


def test_a_radial_table_is_read_at_the_distance_from_zero_frequency() -> None:
    """A table that holds its own frequency comes back as hypot(f_row, f_column) on oblong grids of odd size."""
    shape = (45, 60)
    rows, columns = frequencies(shape)
    found = spread(radial_frequencies(), shape)
    assert found.shape == (45, 31)
    np.testing.assert_allclose(found, np.hypot(rows, columns), atol=0.6 * CORNER / TABLE)
    assert radial_frequencies()[-1] == pytest.approx(np.hypot(0.5, 0.5))
