"""Limited angle: what is left empty, what is seen, and what keeps its value."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc, gaussian_picture
from scipy.ndimage import map_coordinates

from physics.ct import CTScan
from physics.ct.arc import arc_weights, limit_arc
from physics.ct.geometry import FAN, Fan, Grid, Parallel
from physics.ct.kernel import STANDARD
from physics.ct.streak_measures import missing_angle_deg, shades_hu, unseen_direction_deg
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire

PARALLEL = Parallel(n_views=720, n_channels=440, channel_mm=0.8)
TURN = Fan(n_views=720, n_channels=420, channel_mm=1.5)
GRIDS = [Grid((240, 240), (1.0, 1.0)), Grid((201, 260), (1.2, 0.95))]
SMOOTH = ((-30.0, 20.0, 4.0, 1.0), (25.0, 32.0, 5.0, 0.7), (10.0, -35.0, 3.5, 1.3))


def scan_of(hu, grid, geometry=TURN, dtype=torch.float64):
    return replace(CTScan.of(torch.tensor(hu, dtype=dtype), spacing_mm=grid.spacing_mm, kernel=STANDARD), geometry=geometry, crosstalk=0.0)


def wedge_share(picture, grid, *, middle_deg, width_deg):
    """Energy between 0.02 and 0.15 / mm at directions (cos, sin) about an angle: the share that lies there."""
    power = np.abs(np.fft.fft2(picture)) ** 2
    down, right = np.fft.fftfreq(grid.shape[0])[:, None] / grid.spacing_mm[0], np.fft.fftfreq(grid.shape[1]) / grid.spacing_mm[1]
    radius, angle = np.hypot(down, right), np.degrees(np.arctan2(down, right + 0 * down))
    off = np.abs(np.mod(angle - middle_deg + 90, 180) - 90)
    band = (radius > 0.02) & (radius < 0.15)
    return float(power[band & (off < width_deg / 2)].sum()), float(power[band].sum())


@pytest.mark.parametrize("grid", GRIDS, ids=["square", "oblong pixels"])
@pytest.mark.parametrize("geometry", [TURN, PARALLEL], ids=["fan", "parallel"])
@pytest.mark.parametrize(("start", "missing"), [(20.0, 60.0), (140.0, 40.0), (305.0, 100.0)])
def test_the_missing_wedge_is_empty(grid, geometry, start, missing, oracle):
    """Of the object's energy in the missing double wedge less than 1 % is left, and mirrored wedges are full: sign, axis and place of the arc."""
    hu = 15 * gaussian_picture(grid, SMOOTH) - 1000  # so faint that the change stays within what 12 bits store
    scan = scan_of(hu, grid, geometry)
    found = (acquire(limit_arc(scan, missing, start_deg=start, edge_deg=3.0)) + 1000).numpy()
    middle = start - missing / 2
    left, _ = wedge_share(found, grid, middle_deg=middle, width_deg=missing - 8)
    whole, _ = wedge_share(hu + 1000, grid, middle_deg=middle, width_deg=missing - 8)
    oracle("ct_limited_angle", "energy left in the missing wedge", left / whole, below=0.01)
    for other in (middle + 90, -middle if abs(math.sin(math.radians(2 * middle))) > 0.9 else middle + 90):
        seen, before = (wedge_share(picture, grid, middle_deg=other, width_deg=20)[0] for picture in (found, hu + 1000))
        assert seen / before == pytest.approx((180 / (180 - missing)) ** 2, rel=0.05)


def test_rims_are_seen_by_their_normals(oracle):
    """The step across the rim of a disc: raised by 180 / (180 - missing) where its normal was measured, gone where it was not."""
    grid, start, missing = GRIDS[0], 30.0, 60.0
    scan = scan_of(20 * disc(grid, radius_mm=50.0) - 1000, grid)
    found = acquire(limit_arc(scan, missing, start_deg=start, edge_deg=3.0)).numpy()

    def step(angle_deg):
        levels = []
        for radius in (47.0, 53.0):
            place = [radius * math.sin(math.radians(angle_deg)), radius * math.cos(math.radians(angle_deg))]
            levels.append(float(map_coordinates(found, [[p + 119.5] for p in place], order=1)[0]))
        return (levels[0] - levels[1]) / 20

    for seen in (start + 60, start + 60 + 180, start + 40, start + 80):
        oracle("ct_limited_angle", "step of a rim that was seen", step(seen) / (180 / (180 - missing)) - 1, below=0.05)
    for unseen in (start - missing / 2, start - missing / 2 + 180):
        oracle("ct_limited_angle", "step of a rim that was not seen", step(unseen), below=0.12)


@pytest.mark.parametrize("geometry", [TURN, PARALLEL], ids=["fan", "parallel"])
def test_the_middle_of_a_disc_keeps_its_value(geometry, oracle):
    """15 missing degrees: 0 HU in the middle of a disc about the isocentre; without the raised weights it would be -83 HU."""
    grid = GRIDS[0]
    scan = scan_of(1000 * disc(grid, radius_mm=80.0) - 1000, grid, geometry)
    change = (acquire(limit_arc(scan, 15.0, start_deg=77.0)) - scan.hu).numpy()
    oracle("ct_limited_angle", "HU in the middle of a disc", change[118:122, 118:122].mean(), below=2.0)
    weights = arc_weights(geometry, start_deg=77.0, missing_deg=15.0, edge_deg=4.0) * (165 / 180)
    assert 1000 * (weights.mean() - 1) == pytest.approx(-83.3, abs=0.5)


@pytest.mark.parametrize("geometry", [FAN, TURN, PARALLEL], ids=["fan", "coarse fan", "parallel"])
def test_weights_are_complete_where_nothing_is_missing(geometry):
    """Their mean is 1 in every channel; without a missing angle the two readings of each line, half a turn apart, weigh 2 together."""
    for missing in (0.0, 12.0, 90.0):
        weights = arc_weights(geometry, start_deg=33.0, missing_deg=missing, edge_deg=4.0)
        np.testing.assert_allclose(weights.mean(axis=0), 1.0, rtol=2e-3)
    whole = arc_weights(geometry, start_deg=33.0, missing_deg=0.0, edge_deg=4.0)
    if isinstance(geometry, Fan):
        np.testing.assert_allclose(whole + np.roll(whole, geometry.n_views // 2, axis=0), 2.0, atol=1e-9)
        beta, gamma = geometry.theta()[:, None], geometry.gamma()[None]
        lit = whole > 1
        assert np.all(np.mod(np.degrees(beta + gamma) - 33.0 + 1e-9, 360.0)[lit] < 180.0 + 1e-6)


def test_the_change_comes_in_gently():
    """A thousandth of a degree changes a section by less than 3 HU, and harm rises from there on; single precision agrees with double."""
    grid = GRIDS[1]
    hu = 1000 * disc(grid, radius_mm=90.0) + 800 * disc(grid, radius_mm=10.0, centre_mm=(40, -20)) - 1000
    scan = scan_of(hu, grid)
    changes = [np.sqrt(np.mean((acquire(limit_arc(scan, missing, start_deg=200.0)) - scan.hu).numpy() ** 2)) for missing in (1e-3, 0.3, 1, 3, 8, 20, 50)]
    assert changes[0] < 3.0
    assert changes == sorted(changes)
    single = scan_of(hu, grid, dtype=torch.float32)
    wide, found = (acquire(limit_arc(s, 20.0, start_deg=200.0)) for s in (scan, single))
    assert found.dtype == torch.float32
    assert float((found - wide).abs().max()) < 1.0


def test_what_was_missing_is_measured():
    """Degrees, depth of the shades, and the direction of the edges that are gone: parallel to the rays that were not taken."""
    grid = GRIDS[0]
    scan = scan_of(1000 * disc(grid, radius_mm=80.0) - 1000, grid)
    edited = limit_arc(scan, 40.0, start_deg=110.0)
    view = View("ct", "head", Display("brain 80/40", 0.0, 80.0), torch.tensor(disc(grid, radius_mm=78.0) > 0.5), grid.spacing_mm)
    pair = Pair(scan.hu, acquire(edited), view, scan, edited)
    assert missing_angle_deg(pair).value == 40.0
    assert unseen_direction_deg(pair).value == pytest.approx(0.0)
    assert shades_hu(pair).value > 100
    assert unseen_direction_deg(Pair(scan.hu, scan.hu, view, scan, scan)).value is None


def test_angles_that_make_no_sense_are_refused():
    """Nothing missing is the scan itself; too much, a negative angle, an edge of nothing, or twice."""
    scan = scan_of(1000 * disc(GRIDS[0], radius_mm=50.0) - 1000, GRIDS[0])
    assert limit_arc(scan, 0.0, start_deg=10.0) is scan
    for missing, edge in ((151.0, 4.0), (-1.0, 4.0), (10.0, 0.0)):
        with pytest.raises(ValueError, match="missing_deg"):
            limit_arc(scan, missing, start_deg=0.0, edge_deg=edge)
    with pytest.raises(EditConflict, match="already"):
        limit_arc(limit_arc(scan, 5.0, start_deg=0.0), 5.0, start_deg=90.0)
