"""Circles about the isocentre read off changes that are drawn, on pixels that are not square."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from physics.ct.geometry import Grid
from physics.ct.ring_measures import ring_amplitude_hu, ring_radius_mm, ringed_share
from physics.display import Display
from physics.measure.pair import Pair, View

GRIDS = [Grid((151, 180), (0.9, 0.7)), Grid((180, 151), (0.7, 0.9))]


def pair_of(grid, change, inside):
    reference = torch.full(grid.shape, 40.0, dtype=torch.float64)
    return Pair(reference, reference + torch.tensor(change), View("ct", "head", Display("brain 80/40", 0.0, 80.0), torch.tensor(inside), grid.spacing_mm))


@pytest.mark.parametrize("grid", GRIDS, ids=["high pixels", "wide pixels"])
@pytest.mark.parametrize("whole", [True, False], ids=["up to the corners", "in a disc"])
@pytest.mark.parametrize("sector", [2, 7, 11])
def test_an_arc_of_thirty_degrees_counts_in_full(grid, whole, sector):
    """12 HU on one sector of the circle 40 pixels out are read as 12 HU at 36 mm: centre, axes, sectors and widths are where they should be."""
    y, x = (axis[:, None] if k == 0 else axis[None] for k, axis in enumerate(grid.centred_mm()))
    radius, angle = np.hypot(y, x), np.mod(np.arctan2(y, x), 2 * math.pi)
    on = (np.abs(radius - 36.0) < 0.45) & (angle >= sector * math.pi / 6) & (angle < (sector + 1) * math.pi / 6)
    pair = pair_of(grid, -12.0 * on, np.ones(grid.shape, dtype=bool) if whole else radius < 60)
    assert ring_amplitude_hu(pair).value == pytest.approx(12.0)
    assert ring_radius_mm(pair).value == pytest.approx(36.0)


@pytest.mark.parametrize("grid", GRIDS, ids=["high pixels", "wide pixels"])
def test_the_share_of_radii_that_are_ringed(grid):
    """Twenty circles of 66 are raised by 8 HU, all others by 3; the innermost, five to ten, have no sector with six pixels and do not count."""
    y, x = grid.centred_mm()
    radius = np.hypot(y[:, None], x[None])
    change = np.where((radius > 29.5 * 0.9) & (radius < 49.5 * 0.9), 8.0, 3.0)
    assert ringed_share(pair_of(grid, change, radius < 60)).value == pytest.approx(100 * 20 / 58.5, abs=1.5)


def test_the_corners_of_the_picture_have_circles_of_their_own():
    """Flat pixels of 0.2 by 1 mm: what changed in the corners, beyond 27.5 of 28.6 mm, is a circle there and not one at the middle."""
    grid = Grid((201, 41), (0.2, 1.0))
    y, x = grid.centred_mm()
    change = 12.0 * (np.hypot(y[:, None], x[None]) > 26.5)
    assert ring_radius_mm(pair_of(grid, change, np.ones(grid.shape, dtype=bool))).value == pytest.approx(27.5, abs=0.6)
