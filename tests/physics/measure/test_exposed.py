"""Blocks of a codec: closed forms on staircases."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics.display import Display
from physics.measure.exposed import blockiness, clipped_share, over_exposure, under_exposure
from physics.measure.pair import Pair, View


def _stairs(step: float, *, phase: int = 0) -> np.ndarray:
    stair = step * ((np.arange(96) + phase) // 8)
    return (40 + stair[:, None] + stair[None]).astype(np.float32)


def _pair(reference: np.ndarray, degraded: np.ndarray) -> Pair:
    view = View("endoscopy", "colon", Display("srgb", 0.0, 255.0), torch.ones(reference.shape, dtype=torch.bool), None)
    return Pair(torch.from_numpy(reference), torch.from_numpy(degraded), view)


@pytest.mark.parametrize("phase", [0, 3])
def test_blocks_stand_out_by_the_ratio_of_their_steps(phase):
    """Steps of s every 8 px stand out by (s + 0.05) / 0.05: from 2 to 6 codes is 121 / 41 - 1 more, from a flat picture 120 more; fewer blocks read 0."""
    low, high = _stairs(2, phase=phase), _stairs(6, phase=phase)
    assert blockiness(_pair(low, high)).value == pytest.approx(121 / 41 - 1, rel=1e-3)
    assert blockiness(_pair(np.full_like(low, 90.0), high)).value == pytest.approx(120, rel=1e-3)
    assert blockiness(_pair(high, low)).value == 0.0


def test_over_and_under_exposure_are_two_sides_of_one_reading():
    """Linear light of 0.2 taken to 0.4 and 0.1: one stop over, none under, and the other way round."""
    codes = {light: np.full((96, 96), 255 * (1.055 * light ** (1 / 2.4) - 0.055), np.float32) for light in (0.1, 0.2, 0.4)}
    brighter, darker = _pair(codes[0.2], codes[0.4]), _pair(codes[0.2], codes[0.1])
    assert (over_exposure(brighter).value, under_exposure(brighter).value) == (pytest.approx(1.0, abs=1e-4), 0.0)
    assert (over_exposure(darker).value, under_exposure(darker).value) == (0.0, pytest.approx(1.0, abs=1e-4))
    assert clipped_share(brighter).value == 0.0


def test_what_was_burnt_out_already_is_not_counted():
    """From a quarter of the object at full code to a half: a quarter more; back again: none."""
    quarter, half = (np.where(np.arange(96)[:, None] < n, 255.0, 100.0) * np.ones((1, 96)) for n in (24, 48))
    assert clipped_share(_pair(quarter.astype(np.float32), half.astype(np.float32))).value == pytest.approx(0.25)
    assert clipped_share(_pair(half.astype(np.float32), quarter.astype(np.float32))).value == 0.0
