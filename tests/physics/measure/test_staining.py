"""A change of stain beside a change of light: shares of known energies."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from physics.display import Display
from physics.measure.colour_change import _as_bad_as, stain_change
from physics.measure.pair import Pair, View
from physics.measure.staining import STAIN_GATE, colour_shift, dye_change, over_staining, stain_ratio, under_staining


def _densities() -> np.ndarray:
    amounts = np.stack([0.3 + 0.4 * (cv2.GaussianBlur(np.random.default_rng(k).standard_normal((512, 512)), (0, 0), 6) > 0) for k in (1, 2)], axis=-1)
    return cv2.GaussianBlur(amounts, (0, 0), 1.0) @ np.array([[0.65, 0.70, 0.29], [0.15, 0.95, 0.25]])


def _codes(density: np.ndarray) -> torch.Tensor:
    light = 10.0**-density
    return torch.from_numpy((255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)).astype(np.float32))


@pytest.mark.parametrize(("factor", "offset", "grain"), [(1.3, 0.15, 0.0), (1.35, 0.0, 0.18), (0.75, 0.1, 0.06)])
def test_stain_counts_as_far_as_it_is_of_the_change_of_density(factor, offset, grain):
    """d' = f d + b + n: the stain's share is mean (f - 1)^2 d^2 over itself plus b^2 plus the variance of n, and the gate rises from 0.40 to 0.75."""
    first = _densities()
    noise = grain * np.random.default_rng(9).standard_normal(first.shape)
    pair = Pair(
        _codes(first),
        _codes(factor * first + offset + noise),
        View("histopathology", "tissue", Display("srgb", 0.0, 255.0), torch.ones(512, 512, dtype=torch.bool), None),
    )
    stained = float(np.mean(((factor - 1) * first) ** 2))
    share = stained / (stained + offset**2 + grain**2)
    assert STAIN_GATE[0] < share < STAIN_GATE[1]
    gate = (share - 0.40) / 0.35
    assert dye_change(pair).value == pytest.approx(gate * stain_change(pair).value, rel=0.04)


def test_paling_beyond_the_last_anchor_goes_on_as_before():
    """Contrast that is all gone but a twentieth (0.95) is 28.5 + 0.27 (28.5 - 16) / (0.68 - 0.41) = 41 of colour; at the anchors it is theirs."""
    assert [_as_bad_as(lost) for lost in (0.0, 0.18, 0.41, 0.68)] == pytest.approx([0.0, 5.5, 16.0, 28.5])
    assert _as_bad_as(0.95) == pytest.approx(41.0)


def test_dye_that_is_gone_is_under_staining():
    """A tenth less of every density: ratio 0.9, harm of a weaker stain and none of a stronger one."""
    view = View("histopathology", "tissue", Display("srgb", 0.0, 255.0), torch.ones(512, 512, dtype=torch.bool), None)
    pair = Pair(_codes(_densities()), _codes(0.9 * _densities()), view)
    assert stain_ratio(pair).value == pytest.approx(0.9, abs=0.005)
    assert under_staining(pair).value > 0
    assert over_staining(pair).value == 0.0


@pytest.mark.parametrize("upright", [False, True])
def test_colours_are_compared_in_whole_blocks(upright):
    """A strip of 12 px is one block of colour: red on one side of it and green on the other cancel, and red on both does not."""
    grey = np.full((512, 12, 3), 150.0, np.float32)
    red, other = np.float32([20.0, -10.0, 0.0]), np.float32([-20.0, 10.0, 0.0])
    sides = [np.concatenate([grey[:, :6] + red, grey[:, 6:] + side], axis=1) for side in (other, red)]
    view = View("histopathology", "tissue", Display("srgb", 0.0, 255.0), torch.ones((12, 512) if upright else (512, 12), dtype=torch.bool), None)
    cancelled, shifted = (
        colour_shift(Pair(*(torch.from_numpy(np.ascontiguousarray(p.transpose(1, 0, 2) if upright else p)) for p in (grey, side)), view)).value
        for side in sides
    )
    assert cancelled < 0.1
    assert shifted > 5
