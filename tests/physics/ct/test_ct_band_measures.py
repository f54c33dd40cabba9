"""Cupping, bands and metal read off changes that are drawn, on pixels that are not square."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from physics.ct.band_measures import affected_share, cupping_hu, dark_band_axis, dark_band_hu, metal_area, tissue_error_hu
from physics.ct.geometry import Grid
from physics.display import Display
from physics.measure.pair import Pair, View

GRID = Grid((250, 140), (0.5, 0.9))
Y, X = (axis + np.zeros(GRID.shape) for axis in np.meshgrid(*GRID.centred_mm(), indexing="ij"))


def pair_of(change, radius_mm=None):
    """A change of tissue of 40 HU: the whole field, or a disc in air."""
    inside = np.ones(GRID.shape, dtype=bool) if radius_mm is None else np.hypot(Y, X) < radius_mm
    reference = torch.tensor(np.where(inside, 40.0, -1000.0))
    view = View("ct", "head", Display("brain 80/40", 0.0, 80.0), torch.tensor(inside), GRID.spacing_mm)
    return Pair(reference, reference + torch.tensor(change + 0 * X), view)


@pytest.mark.parametrize(("radius", "rim"), [(50.0, (37.5, 46.0)), (24.0, (16.0, 20.0))])
def test_cupping_is_read_between_the_rim_and_the_middle(radius, rim):
    """A change of 1 HU per mm from the middle: means of the distance over 4 mm to a quarter of the radius below the skin, to 8 mm at least, less that over the
    inner 0.3."""
    expected = 2 / 3 * (rim[1] ** 3 - rim[0] ** 3) / (rim[1] ** 2 - rim[0] ** 2) - 2 / 3 * 0.3 * radius
    assert cupping_hu(pair_of(np.hypot(Y, X), radius)).value == pytest.approx(expected, abs=0.7)


@pytest.mark.parametrize("along", [Y, X], ids=["down", "across"])
def test_changes_are_smoothed_by_two_millimetres(along):
    """A wave of 30 HU and a period of 10 mm about -40 HU keeps exp(-2 (pi 2 / 10)^2) of itself on either axis: the darkest lie that far below the median, its
    mean modulus is 2 / pi of it; one that reaches 20 HU 36 degrees on is beyond it over 0.6
    of the disc."""
    kept = math.exp(-2 * (math.pi * 2 / 10) ** 2)
    wave = np.sin(2 * math.pi * along / 10)  # as much above as below in the disc
    assert dark_band_hu(pair_of(30 * wave - 40, 50.0)).value == pytest.approx(30 * kept, rel=0.02)
    assert tissue_error_hu(pair_of(30 * wave, 50.0)).value == pytest.approx(30 * kept * 2 / math.pi, rel=0.03)
    assert affected_share(pair_of(20 / (kept * math.sin(math.radians(36))) * wave, 50.0)).value == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize("direction_deg", [20.0, 110.0, 155.0])
def test_the_axis_is_that_of_all_that_darkened_by_half(direction_deg):
    """A long band of 30 HU about a point beside the middle, with a spot across its middle that is 18 HU darker: both are more than half as dark as the darkest,
    and the long band decides; the spot alone runs across. All lies on a shift of -40 HU."""
    along = (X - 8) * math.cos(math.radians(direction_deg)) + (Y + 5) * math.sin(math.radians(direction_deg))
    across = (Y + 5) * math.cos(math.radians(direction_deg)) - (X - 8) * math.sin(math.radians(direction_deg))
    change = -40.0 - 30 * ((np.abs(along) < 38) & (np.abs(across) < 6)) - 18 * ((np.abs(along) < 5) & (np.abs(across) < 20))
    found = dark_band_axis(pair_of(change)).value
    assert abs((found - direction_deg + 90) % 180 - 90) < 2


def test_the_area_of_metal_is_that_of_its_new_pixels():
    """Five by seven pixels above 2500 HU, of which two by three were so before."""
    change = np.zeros(GRID.shape)
    change[100:105, 60:67] = 2600.0
    pair = pair_of(change)
    pair.reference[100:102, 60:63] = 2600.0
    assert metal_area(pair).value == pytest.approx((35 - 6) * 0.5 * 0.9)


def test_the_middle_is_no_rim():
    """A disc whose middle darkened by 30 HU: 30 HU of cupping; one whose skin did: as much less."""
    assert cupping_hu(pair_of(-30 * disc(GRID, radius_mm=30.0), 50.0)).value == pytest.approx(30.0)
    assert cupping_hu(pair_of(-30 * (1 - disc(GRID, radius_mm=30.0)), 50.0)).value == pytest.approx(-30.0)
