"""Sparse views: where streaks begin, how many there are, and that few views are what a scan of few views gives."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc, gaussian_picture, gaussian_rays
from scipy.ndimage import map_coordinates

from physics.ct import CTScan
from physics.ct.fbp import reconstruct
from physics.ct.geometry import FAN, Fan, Grid, Parallel
from physics.ct.kernel import STANDARD, Kernel
from physics.ct.projector import project
from physics.ct.sparse import FewViews, comb, keep_views
from physics.ct.streak_measures import streak_free_radius_mm, streaks_hu, views_per_turn
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire

GRID = Grid((256, 257), (1.0, 1.0))
ABRUPT = Kernel("abrupt", cutoff_per_mm=0.5, power=0.0)  # all frequencies up to nu_max alike
PARALLEL = Parallel(n_views=960, n_channels=420, channel_mm=1.0)
TURN = Fan(n_views=960, n_channels=420, channel_mm=1.7)
COARSE = Fan(n_views=1440, n_channels=300, channel_mm=2.2)


def point_change(geometry, kept, at):
    """What few views add to the picture of a single pixel, the one nearest to a place (x, y) in mm, and that pixel's place."""
    y, x = GRID.centred_mm()
    row, column = int(np.argmin(np.abs(y - at[1]))), int(np.argmin(np.abs(x - at[0])))
    picture = torch.zeros(GRID.shape, dtype=torch.float64)
    picture[row, column] = 1.0
    weights = torch.from_numpy(comb(geometry.n_views, kept, 0) - 1)[:, None]
    return reconstruct(project(picture, geometry, grid=GRID) * weights, geometry, grid=GRID, kernel=ABRUPT).numpy(), (x[column], y[row])


def around(change, at, radius_mm, n=4096):
    """The change on a circle about a place."""
    angle = 2 * math.pi * np.arange(n) / n
    y, x = at[1] + radius_mm * np.sin(angle), at[0] + radius_mm * np.cos(angle)
    place = (y / GRID.spacing_mm[0] + (GRID.shape[0] - 1) / 2, x / GRID.spacing_mm[1] + (GRID.shape[1] - 1) / 2)
    return map_coordinates(change, place, order=3)


def streak_level(change, at, radii):
    return np.array([around(change, at, radius).std() for radius in radii])


@pytest.mark.parametrize(
    ("geometry", "kept", "half_turn", "at"),
    [
        (PARALLEL, 48, 48, (0.0, 0.0)),
        (PARALLEL, 60, 60, (14.0, -9.0)),
        (PARALLEL, 80, 80, (0.0, 0.0)),
        (TURN, 120, 60, (0.0, 0.0)),
        (TURN, 96, 48, (0.0, 0.0)),
    ],
)
def test_streaks_begin_at_the_views_in_half_a_turn_over_pi_nu_max(geometry, kept, half_turn, at, oracle):
    """About a point: half of the strongest level at n' / (pi nu_max) within 2 %, and nothing to speak of inside of it."""
    change, at = point_change(geometry, kept, at)
    onset = half_turn / (math.pi * ABRUPT.cutoff_per_mm)
    radii = np.arange(0.5 * onset, 1.6 * onset, 0.1)
    level = streak_level(change, at, radii)
    top = level.max()
    first = int(np.argmax(level > 0.5 * top))
    found = float(np.interp(0.5 * top, level[first - 1 : first + 1], radii[first - 1 : first + 1]))
    oracle("ct_sparse_view", "streak onset over n' / (pi nu_max)", found / onset - 1, below=0.02)
    quiet = level[radii < 0.85 * onset].max() / top
    if geometry is PARALLEL:
        oracle("ct_sparse_view", "streak level inside 0.85 of the onset, of the strongest", quiet, below=0.003)
    assert quiet < 0.1  # the rays of a fan meet a point at angles that are not quite even
    waves = np.abs(np.fft.rfft(around(change, at, 1.2 * onset)))
    assert int(np.argmax(waves[1:])) + 1 == 2 * half_turn


BODIES = ((-40.0, 30.0, 2.0, 1.0), (35.0, 42.0, 3.0, 0.7), (20.0, -55.0, 1.5, 1.3))


def directly(geometry, points):
    """A slow scanner of closed line integrals: each ray's filtered reading is added up at each point, without a turn of views or a transform."""
    end = min(STANDARD.cutoff_per_mm, 1 / (geometry.source_mm * geometry.step))
    nu, far = (np.arange(1200) + 0.5) * (end / 1200), np.arange(0.0, 400.0, 0.05)
    taken = 2 * np.cos(2 * math.pi * far[:, None] * nu) @ (nu * STANDARD(nu)) * (end / 1200)
    rays, s, width = gaussian_rays(geometry, BODIES), geometry.s_mm(), geometry.pitch_mm()
    total = np.zeros(len(points))
    for beta, view in zip(geometry.theta(), rays, strict=True):
        theta = beta + geometry.gamma()
        lit = view > 1e-12
        away = points[:, :1] * np.cos(theta[lit]) + points[:, 1:] * np.sin(theta[lit]) - s[lit]
        total += np.interp(np.abs(away), far, taken) @ (view * width)[lit]
    return total * math.pi / geometry.n_views


@pytest.mark.parametrize("kept", [90, 120, 101, 67])
def test_few_views_are_what_a_scan_of_few_views_gives(kept, oracle):
    """Against a slow scanner that has only so many views: also where they do not divide those of the source, also odd."""
    grid = Grid((201, 180), (1.0, 1.15))
    hu = torch.tensor(20 * gaussian_picture(grid, BODIES) - 1000)  # so faint that the change stays within what 12 bits store
    scan = replace(CTScan.of(hu, spacing_mm=grid.spacing_mm, kernel=STANDARD), geometry=COARSE, crosstalk=0.0)
    change = (acquire(keep_views(scan, kept)) - hu).numpy()
    rng, (y, x) = np.random.default_rng(3), grid.centred_mm()
    rows, columns = rng.integers(20, 181, 300), rng.integers(20, 160, 300)
    points = np.stack((x[columns], y[rows]), axis=1)
    expected = 20 * (directly(replace(COARSE, n_views=kept), points) - directly(COARSE, points))
    assert np.sqrt(np.mean(expected**2)) > 0.01
    off = np.sqrt(np.mean((change[rows, columns] - expected) ** 2) / np.mean(expected**2))
    oracle("ct_sparse_view", "against a slow scan of so many views", off, below=0.03)


@pytest.mark.parametrize(("n_views", "kept"), [(984, 492), (984, 246), (984, 41), (960, 96), (721, 103)])
def test_the_comb_of_a_divisor_keeps_every_kth_view(n_views, kept):
    """Weight k on every k-th view from the first on, nothing between."""
    weights, step = comb(n_views, kept, 7), n_views // kept
    expected = np.zeros(n_views)
    expected[np.arange(kept) * step + 7 % step] = step
    np.testing.assert_allclose(weights, expected, atol=1e-9)
    assert (weights[expected == 0] == 0).all()


@pytest.mark.parametrize("kept", [20, 77, 101, 333, 491, 700])
def test_every_comb_weighs_what_the_turn_weighs(kept):
    """The weights add up to all views, and start where they are told."""
    assert comb(984, kept, 0).sum() == pytest.approx(984)
    np.testing.assert_allclose(comb(984, kept, 30), np.roll(comb(984, kept, 0), 30), atol=1e-7)


def test_views_left_out_without_weight_lose_the_mean():
    """A uniform disc keeps its HU in the middle within 1 HU; decimation without weights would leave 1/8 of it."""
    hu = torch.tensor(1000 * disc(GRID, radius_mm=80.0) - 1000)
    scan = replace(CTScan.of(hu, spacing_mm=GRID.spacing_mm, kernel=STANDARD), geometry=TURN)
    middle = (slice(118, 138), slice(118, 138))
    assert float((acquire(keep_views(scan, 120)) - hu)[middle].mean()) == pytest.approx(0.0, abs=1.0)
    weights = torch.from_numpy(comb(960, 120, 0) / 8)[:, None]
    rays = project(scan.mu_water * (1 + hu / 1000), TURN, grid=GRID)
    bare = reconstruct(rays * weights, TURN, grid=GRID, kernel=STANDARD)[middle].mean() / scan.mu_water
    assert float(bare) == pytest.approx(1 / 8, abs=0.01)


def test_harm_rises_as_views_fall():
    """Of the source's 984 views: streaks in a section with bone grow at every step, divisors or not, odd or even, also in single precision."""
    grid = Grid((220, 200), (1.0, 1.1))
    hu = 1000 * disc(grid, radius_mm=95.0) + 900 * disc(grid, radius_mm=9.0, centre_mm=(40, 30)) + 900 * disc(grid, radius_mm=12.0, centre_mm=(-30, -50)) - 1000
    scan = CTScan.of(torch.tensor(hu, dtype=torch.float32), spacing_mm=grid.spacing_mm, kernel=STANDARD)
    view = View("ct", "abdomen", Display("abdomen 400/40", -160.0, 240.0), torch.tensor(disc(grid, radius_mm=94.0) > 0.5), grid.spacing_mm)
    found = []
    for kept in (400, 301, 246, 201, 150, 123, 100, 81, 60, 41, 24):
        edited = keep_views(scan, kept, first=5)
        pair = Pair(scan.hu, acquire(edited), view, scan, edited)
        found.append(streaks_hu(pair).value)
        assert views_per_turn(pair).value == kept
    assert found == sorted(found)
    assert streak_free_radius_mm(pair).value == pytest.approx(12 / (math.pi * 0.68), rel=0.03)


def test_all_views_are_the_scan_and_others_are_refused():
    """Bit for bit; fewer than 8, more than there are, or twice."""
    scan = CTScan.of(torch.tensor(1000 * disc(GRID, radius_mm=60.0) - 1000), spacing_mm=GRID.spacing_mm, kernel=STANDARD)
    assert keep_views(scan, FAN.n_views) is scan
    for kept in (7, 985):
        with pytest.raises(ValueError, match="views"):
            keep_views(scan, kept)
    with pytest.raises(EditConflict, match="already"):
        keep_views(keep_views(scan, 123), 123)
    ones = torch.ones((FAN.n_views, 3))
    FewViews(100, 0).apply(ones, scan)
    assert (ones == 1).all()
