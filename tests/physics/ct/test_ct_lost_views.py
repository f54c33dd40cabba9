"""Lost views: along which rays the streaks run, where their energy lies, and what interpolation leaves."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc, gaussian_picture

from physics.ct import CTScan
from physics.ct.geometry import FAN, Fan, Grid, Parallel
from physics.ct.kernel import STANDARD
from physics.ct.lost_views import REPAIRS, LostViews, lose_views
from physics.ct.streak_measures import affected_share, lost_ray_direction_deg, lost_view_count, streaks_hu, worst_hour
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire

GRIDS = [Grid((240, 240), (1.0, 1.0)), Grid((201, 260), (1.2, 0.95))]
TURN = Fan(n_views=720, n_channels=420, channel_mm=1.5)


def scan_of(hu, grid, geometry=TURN, dtype=torch.float64):
    return replace(CTScan.of(torch.tensor(hu, dtype=dtype), spacing_mm=grid.spacing_mm, kernel=STANDARD), geometry=geometry, crosstalk=0.0)


def power_by_direction(change, grid):
    """Power by direction of the wave vector in degrees, as pixels of the spectrum."""
    power = np.abs(np.fft.fft2(change)) ** 2
    down, right = np.fft.fftfreq(grid.shape[0])[:, None] / grid.spacing_mm[0], np.fft.fftfreq(grid.shape[1]) / grid.spacing_mm[1]
    radius = np.hypot(down, right)
    band = (radius > 0.03) & (radius < 0.3)
    return power[band], np.degrees(np.arctan2(down, right + 0 * down))[band]


@pytest.mark.parametrize("grid", GRIDS, ids=["square", "oblong pixels"])
@pytest.mark.parametrize("repair", REPAIRS)
@pytest.mark.parametrize("view_deg", [0.0, 37.0, 90.0, 205.0, 331.0])
def test_streaks_run_along_the_rays_of_the_lost_views(grid, repair, view_deg, oracle):
    """An object near the isocentre: streaks within 2 degrees of the rays, and at least 95 % of their energy in the wedge across the lost views."""
    scan = scan_of(20 * gaussian_picture(grid, ((3.0, -2.0, 2.5, 1.0), (-4.0, 5.0, 2.0, 1.0))) - 1000, grid)
    lost = LostViews(view_deg / 360 * TURN.n_views, 12.0, repair)
    edited = lose_views(scan, lost)
    picture = acquire(edited)
    power, angle = power_by_direction((picture - scan.hu).numpy(), grid)
    normal = 0.5 * np.degrees(np.angle(np.sum(power * np.exp(2j * np.radians(angle)))))
    off = abs((normal - view_deg + 90) % 180 - 90)
    oracle("ct_incomplete_projections", "direction of the streaks, degrees", off, below=2.0)
    half_wedge = 360 * (lost.length / 2 + 1) / TURN.n_views + 1.5
    inside = np.abs(np.mod(angle - view_deg + 90, 180) - 90) < half_wedge
    oracle("ct_incomplete_projections", "energy outside of the wedge of the lost views", 1 - power[inside].sum() / power.sum(), below=0.05)
    view = View("ct", "head", Display("brain 80/40", 0.0, 80.0), torch.ones(grid.shape, dtype=torch.bool), grid.spacing_mm)
    pair = Pair(scan.hu, picture, view, scan, edited)
    assert (lost_ray_direction_deg(pair).value - view_deg - 90) % 180 == pytest.approx(0.0, abs=1e-6)
    assert lost_view_count(pair).value == 12.0
    assert streaks_hu(pair).value > 0


def test_views_that_change_evenly_are_interpolated_without_error(oracle):
    """Line integrals that are linear in the view come back to rounding, also across view 0; repeated and blank views do not."""
    views = torch.arange(TURN.n_views, dtype=torch.float64)
    for centre in (300.0, 300.37, 1.5, 719.0):
        ramp = (3.0 + 0.01 * ((views - centre + 360) % 720))[:, None] * torch.linspace(0.5, 1.5, 420, dtype=torch.float64)
        scan = scan_of(1000 * disc(GRIDS[0], radius_mm=20.0) - 1000, GRIDS[0])
        off = [float((LostViews(centre, 21.4, repair).apply(ramp, scan) - ramp).abs().max()) for repair in REPAIRS]
        oracle("ct_incomplete_projections", "interpolation of views that change evenly", off[0], below=1e-9)
        assert off[1] > 0.1
        assert off[2] > 3.0


@pytest.mark.parametrize("length", [0.3, 1.0, 2.5, 16.0, 100.25])
@pytest.mark.parametrize("centre", [0.0, 0.4, 411.7, 983.9])
def test_the_block_is_as_long_as_told(length, centre):
    """The shares of all views add up to the length, fractions too; the middle of the block is its centre, also around view 0."""
    lost = LostViews(centre, length, "blank").lost(984)
    assert lost.sum() == pytest.approx(length)
    assert lost.max() <= 1.0
    assert lost.min() == 0.0
    middle = np.angle(np.sum(lost * np.exp(2j * math.pi * np.arange(984) / 984))) / (2 * math.pi) * 984
    assert (middle - centre + 492) % 984 - 492 == pytest.approx(0.0, abs=0.31 if length < 1.5 else 0.05)


def test_what_stands_in():
    """Views beside the block stay; within it the last view before, nothing, or the way from the last to the first."""
    data = torch.arange(40.0)[:, None].repeat(1, 3) ** 2
    scan = scan_of(1000 * disc(GRIDS[0], radius_mm=20.0) - 1000, GRIDS[0])
    kept = data.clone()
    interpolated, repeated, blank = (LostViews(10.0, 3.0, repair).apply(data, scan)[:, 1] for repair in REPAIRS)
    assert torch.equal(data, kept)
    others = [view for view in range(40) if view not in (9, 10, 11)]
    for found in (interpolated, repeated, blank):
        assert torch.equal(found[others], data[others, 1])
    assert interpolated[9:12].tolist() == [84.0, 104.0, 124.0]
    assert repeated[9:12].tolist() == [64.0] * 3
    assert blank[9:12].tolist() == [0.0] * 3


def test_harm_rises_with_the_block_in_single_precision_too():
    """A section with bone: more lost views, more streaks, for each repair; the hour of the clock is read off the face of the picture."""
    grid = GRIDS[1]
    hu = 1000 * disc(grid, radius_mm=95.0) + 900 * disc(grid, radius_mm=9.0, centre_mm=(60, 0)) - 1000
    scan = scan_of(hu, grid, dtype=torch.float32, geometry=FAN)
    view = View("ct", "abdomen", Display("abdomen 400/40", -160.0, 240.0), torch.tensor(disc(grid, radius_mm=93.0) > 0.5), grid.spacing_mm)
    for repair in REPAIRS:
        pairs = [Pair(scan.hu, acquire(lose_views(scan, LostViews(3.0, length, repair))), view) for length in (0.5, 2.0, 8.0, 20.0, 45.0)]
        found = [streaks_hu(pair).value for pair in pairs]
        assert found == sorted(found)
        assert affected_share(pairs[0]).value <= affected_share(pairs[-1]).value
    y, x = grid.centred_mm()
    for hour in (12, 3, 5, 8):
        towards = math.radians(30 * hour)
        patch = np.hypot(y[:, None] + 60 * math.cos(towards), x[None] - 60 * math.sin(towards)) < 15
        found = worst_hour(Pair(scan.hu, scan.hu + 40 * torch.tensor(patch, dtype=torch.float32), view)).value
        assert found == pytest.approx(hour, abs=0.1)


def test_blocks_that_make_no_sense_are_refused():
    """Nothing lost is the scan; more than a quarter, another repair, half a turn, or twice."""
    scan = scan_of(1000 * disc(GRIDS[0], radius_mm=50.0) - 1000, GRIDS[0])
    assert lose_views(scan, LostViews(3.0, 0.0, "blank")) is scan
    for bad in (LostViews(3.0, 181.0, "blank"), LostViews(3.0, -1.0, "blank"), LostViews(3.0, 1.0, "guessed")):
        with pytest.raises(ValueError, match="repair"):
            lose_views(scan, bad)
    with pytest.raises(EditConflict, match="full turn"):
        lose_views(replace(scan, geometry=Parallel()), LostViews(3.0, 1.0, "blank"))
    with pytest.raises(EditConflict, match="already"):
        lose_views(lose_views(scan, LostViews(3.0, 1.0, "blank")), LostViews(9.0, 1.0, "blank"))
