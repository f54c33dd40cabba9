"""Contrast left at each spatial frequency: exact gains, places that do not count, oblong pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics.display import Display
from physics.measure.pair import Pair, View
from physics.measure.transfer import sharpness, transfer


def _pair(reference, degraded, *, mask=None):
    mask = np.ones(reference.shape, bool) if mask is None else mask
    view = View("mri", "head", Display("codes", 0.0, 255.0), torch.from_numpy(mask), None)
    return Pair(torch.from_numpy(reference), torch.from_numpy(degraded), view)


def _grain(shape):
    return 128 + 15 * np.random.default_rng(0).standard_normal(shape)


@pytest.mark.parametrize("shape", [(512, 512), (512, 320), (288, 512)])
def test_a_gain_is_the_same_at_every_frequency_whatever_lies_outside(shape):
    """deg = 60 + 0.5 ref in a disc and noise beyond it: the gain is 0.5 in every ring, so that nothing of the sharpness is lost."""
    radius = np.hypot(*(np.mgrid[: shape[0], : shape[1]] - np.array(shape)[:, None, None] / 2))
    reference = _grain(shape)
    elsewhere = np.random.default_rng(1).uniform(0, 250, shape)
    pair = _pair(reference, np.where(radius < 120, 60 + 0.5 * reference, elsewhere), mask=radius < 100)
    np.testing.assert_allclose(transfer(pair)[1], 0.5, rtol=1e-3)
    assert sharpness(pair).value == 0.5


@pytest.mark.parametrize("bins", [12.6, 20.4])
@pytest.mark.parametrize("shape", [(512, 512), (512, 320)])
def test_the_crossing_is_found_between_two_rings(bins, shape):
    """A gain that falls linearly, to a half at a tenth or at nine tenths of the way from one ring's centre to the next, is read to a fifth of a ring."""
    half = bins * 0.5 / 64
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None])
    reference = _grain(shape)
    degraded = np.fft.ifft2(np.fft.fft2(reference) * np.maximum(1 - 0.5 * frequency / half, 0)).real
    first_two = 1 - 0.5 * 2 * 0.5 / 64 / half  # the mean gain of rings 1 and 2, to which the others are relative
    crossing = half * 2 * (1 - 0.5 * first_two)
    assert sharpness(_pair(reference, degraded)).value == pytest.approx(crossing, abs=0.2 * 0.5 / 64)
