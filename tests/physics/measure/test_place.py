"""Places: words of a closed list, boxes, directions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics.display import Display
from physics.measure.pair import Pair, View
from physics.measure.place import BOXES, REGIONS, direction_of, place_of, place_of_map

FULL = np.ones((300, 240), bool)


def patch(r0, c0, r1, c1):
    effect = np.zeros((300, 240))
    effect[round(r0 * 300) : round(r1 * 300), round(c0 * 240) : round(c1 * 240)] = 1.0
    return effect


@pytest.mark.parametrize(("box", "region"), [
    ((0.1, 0.1, 0.3, 0.3), "upper left"), ((0.1, 0.7, 0.3, 0.9), "upper right"), ((0.7, 0.1, 0.9, 0.3), "lower left"), ((0.7, 0.7, 0.9, 0.9), "lower right"),
    ((0.0, 0.1, 0.3, 0.9), "upper third"), ((0.7, 0.1, 1.0, 0.9), "lower third"), ((0.36, 0.0, 0.64, 1.0), "middle third"),
    ((0.1, 0.0, 0.9, 0.3), "left third"),
    ((0.1, 0.7, 0.9, 1.0), "right third"), ((0.0, 0.0, 0.5, 1.0), "upper half"), ((0.5, 0.0, 1.0, 1.0), "lower half"), ((0.0, 0.0, 1.0, 0.5), "left half"),
    ((0.0, 0.5, 1.0, 1.0), "right half"), ((0.4, 0.4, 0.6, 0.6), "centre"),
])  # fmt: skip
def test_a_patch_is_named_after_where_it_lies(box, region):
    """The smallest region that holds it, rows first, columns second; all of the effect lies there."""
    found = place_of_map(patch(*box), FULL)
    assert found.region == region
    assert found.share == pytest.approx(1.0)
    if region in BOXES:
        assert found.box == pytest.approx(BOXES[region], abs=0.01)


def test_regions_are_of_the_object_not_of_the_picture():
    """In an object that fills the lower right quarter, its own upper left is the upper left; the box is in shares of the picture."""
    mask = np.zeros((300, 240), bool)
    mask[150:, 120:] = True
    found = place_of_map(patch(0.55, 0.55, 0.65, 0.65), mask)
    assert found.region == "upper left"
    assert found.box == pytest.approx((0.5, 0.5, 0.75, 0.75), abs=0.01)


def test_a_rim_is_the_periphery():
    """An effect on the rim of the object alone lies in the periphery."""
    y, x = np.mgrid[:300, :240]
    radius = np.hypot((y - 149.5) / 150, (x - 119.5) / 120)
    assert place_of_map((radius > 0.8).astype(float), radius < 1).region == "periphery"


def test_a_global_effect_has_no_place():
    """What is everywhere, or 60 % here and 40 % there, has no place; neither has nothing."""
    assert place_of_map(np.ones((300, 240)), FULL) is None
    split = 0.6 * patch(0.1, 0.1, 0.2, 0.2) / patch(0.1, 0.1, 0.2, 0.2).sum() + 0.4 * patch(0.8, 0.8, 0.9, 0.9) / patch(0.8, 0.8, 0.9, 0.9).sum()
    assert place_of_map(split, FULL) is None
    assert place_of_map(np.zeros((300, 240)), FULL) is None


def pair_of(reference, degraded):
    view = View("mri", "head", Display("codes", 0.0, 255.0), torch.ones(reference.shape, dtype=torch.bool), None)
    return Pair(torch.from_numpy(reference.astype(np.float32)), torch.from_numpy(degraded.astype(np.float32)), view)


def disc():
    y, x = np.mgrid[:256, :256] - 128
    return 50.0 + 100.0 * (np.hypot(x, y) < 60)


@pytest.mark.parametrize(("axis", "region"), [(0, "along the columns"), (1, "along the rows")])
def test_copies_are_displaced_along_an_axis(axis, region):
    """A copy 3 px down leaves edges that vary down the columns; one to the right, along the rows."""
    found = direction_of(pair_of(disc(), 0.7 * disc() + 0.15 * np.roll(disc(), 3, axis) + 0.15 * np.roll(disc(), -3, axis)))
    assert found.region == region
    assert found.region in REGIONS


def test_noise_has_neither_place_nor_direction():
    """White noise is everywhere and alike along both axes."""
    noisy = disc() + 10 * np.random.default_rng(0).standard_normal((256, 256))
    assert direction_of(pair_of(disc(), noisy)) is None
    assert place_of(pair_of(disc(), noisy)) is None


def test_a_local_change_of_a_picture_is_placed():
    """A stain in the lower left of a picture lies in the lower left."""
    changed = disc()
    changed[180:210, 40:80] += 60
    assert place_of(pair_of(disc(), changed)).region == "lower left"


@pytest.mark.parametrize("swapped", [False, True])
def test_a_direction_tells_how_much_of_the_change_runs_along_it(swapped):
    """Waves of one length along both axes, of amplitude 20 each: a change of 15 down and 5 across holds nine parts of ten down."""
    down, across = (np.sin(2 * np.pi * np.arange(512) / 16)[index] for index in ((slice(None), None), (None, slice(None))))
    plain, change = 128 + 20 * (down + across), 15 * down + 5 * across
    found = direction_of(pair_of(plain, plain + (change.T if swapped else change)))
    assert found is not None
    assert found.share == pytest.approx(0.9, abs=0.005)
