"""A body that moves while the gantry turns, beside closed line integrals of bodies at their poses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import gaussian_picture, gaussian_rays
from sample_benches import bench_of
from scipy.ndimage import gaussian_filter, maximum_filter
from scipy.special import ndtr

from physics.ct import CTScan
from physics.ct import motion as motion_module
from physics.ct.geometry import PARALLEL, Fan, Grid
from physics.ct.kernel import STANDARD
from physics.ct.motion import Moved, body_of, held_at, move, sampled
from physics.ct.motion_measures import largest_displacement, step_between_views
from physics.display import Display
from physics.measure.disturbance import disturbance
from physics.measure.pair import Pair, View
from physics.measure.registration import register
from physics.object_mask import object_mask
from physics.pose import Pose
from physics.scan import EditConflict, acquire

COARSE = Fan(n_views=720, n_channels=281, channel_mm=1.9)
BLOBS = ((-50.0, 30.0, 8.0, 1.0), (35.0, -52.0, 7.0, 0.7), (20.0, 15.0, 10.0, 0.6))
EVEN, ODD = Grid((128, 140), (1.4, 1.2)), Grid((129, 141), (1.4, 1.2))


def scan_of(hu, grid, *, fan=COARSE, dtype=torch.float64, **changes):
    scan = CTScan.of(torch.tensor(hu, dtype=dtype), spacing_mm=grid.spacing_mm, n0=1e6, kernel=STANDARD)
    return replace(scan, **{"geometry": fan, "crosstalk": 0.0, "truncated": False, **changes})


def turned(point, pose, grid):
    """Where a point (x, y) from the middle of the picture comes to: turned about the pixel N // 2, then shifted; written out on its own."""
    cx = (grid.shape[1] // 2 - (grid.shape[1] - 1) / 2) * grid.spacing_mm[1]
    cy = (grid.shape[0] // 2 - (grid.shape[0] - 1) / 2) * grid.spacing_mm[0]
    phi = math.radians(pose.angle_deg)
    dx, dy = point[0] - cx, point[1] - cy
    return cx + math.cos(phi) * dx - math.sin(phi) * dy + pose.shift_mm[1], cy + math.sin(phi) * dx + math.cos(phi) * dy + pose.shift_mm[0]


def test_a_sinogram_between_its_samples_is_the_closed_integral(oracle):
    """Views and channels anywhere, beyond one turn and beside the fan too."""
    rng = np.random.default_rng(3)
    beta, gamma = rng.uniform(-4, 9, 4000), rng.uniform(-0.27, 0.27, 4000)
    theta, s = beta + gamma, COARSE.source_mm * np.sin(gamma)
    expected = sum(a * math.sqrt(2 * math.pi) * w * np.exp(-((s - x * np.cos(theta) - y * np.sin(theta)) ** 2) / (2 * w * w)) for x, y, w, a in BLOBS)
    for dtype, bound in ((torch.float64, 1e-6), (torch.float32, 2e-3)):
        found = sampled(torch.tensor(gaussian_rays(COARSE, BLOBS), dtype=dtype), COARSE, beta=beta, gamma=gamma)
        assert np.abs(found.numpy() - expected).max() < bound
    oracle("ct_motion", "sinogram between its samples beside closed line integrals, of the largest", np.abs(found.numpy() - expected).max() / 25, below=1e-4)


@pytest.mark.parametrize("grid", [EVEN, ODD], ids=["even", "odd"])
def test_each_view_sees_the_body_at_its_pose(grid, oracle, monkeypatch):
    """Random poses of every view, shifts to 12 mm and turns to 15 degrees: rays are the closed line integrals of the bodies there."""
    monkeypatch.setattr(motion_module, "resting_rays", lambda scan: torch.zeros((COARSE.n_views, COARSE.n_channels), dtype=torch.float64))
    rng = np.random.default_rng(1)
    poses = tuple(Pose((down, right), turn) for down, right, turn in rng.uniform((-12, -12, -15), (12, 12, 15), (720, 3)).tolist())
    rays = torch.tensor(gaussian_rays(COARSE, BLOBS))
    found = Moved(poses).apply(rays, scan_of(np.zeros(grid.shape), grid)).numpy()
    gamma = (np.arange(281) - 140 + 0.25) * 1.9 / 949.0
    expected = np.zeros_like(found)
    for j, pose in enumerate(poses):
        theta = 2 * math.pi * j / 720 + gamma
        for x, y, w, a in BLOBS:
            cx, cy = turned((x, y), pose, grid)
            expected[j] += a * math.sqrt(2 * math.pi) * w * np.exp(-((541.0 * np.sin(gamma) - cx * np.cos(theta) - cy * np.sin(theta)) ** 2) / (2 * w * w))
    oracle("ct_motion", "rays of a moving body beside closed line integrals, of the largest", np.abs(found - expected).max() / expected.max(), below=1e-5)


def body(grid, pose=None):
    """A water body of smooth outline with structures of 60 to 300 HU in it, at a pose, in HU; a table below."""
    pose = pose or Pose()
    parts = [((0.0, -8.0), 48.0, 1000.0), ((-22.0, -20.0), 9.0, 300.0), ((18.0, 9.0), 7.0, 60.0), ((2.0, -30.0), 5.0, 200.0), ((25.0, -22.0), 6.0, -100.0)]
    y, x = grid.centred_mm()
    out = np.zeros(grid.shape)
    for centre, radius, gain in parts:
        cx, cy = turned(centre, pose, grid)
        out += gain * ndtr((radius - np.hypot(x[None] - cx, y[:, None] - cy)) / 1.5)
    table = 600.0 / (1 + np.exp((np.abs(y - 72.0) - 4.0) / 0.8))[:, None] * (1 / (1 + np.exp((np.abs(x) - 40.0) / 1.0)))[None]
    return out - 1000.0 + table


@pytest.mark.parametrize("grid", [EVEN, ODD], ids=["even", "odd"])
@pytest.mark.parametrize("pose", [Pose((7.3, -4.1), 0.0), Pose((0.0, 0.0), 12.0), Pose((-5.0, 3.0), -8.0)])
def test_a_body_that_is_held_elsewhere_is_the_picture_of_the_moved_body(grid, pose, oracle):
    """For the whole turn at one pose: the same body drawn there, its table where it was; single precision as double."""
    expected = body(grid, pose)
    for dtype in (torch.float64, torch.float32):
        found = acquire(held_at(scan_of(body(grid), grid, dtype=dtype), pose)).double().numpy()
        inner = (slice(6, -6), slice(6, -6))
        rms = float(np.sqrt(np.mean((found - expected)[inner] ** 2)))
        oracle("ct_motion", "a held body beside the body drawn at its pose, rms of 1000 HU", rms / 1000, below=1e-3)
        tabletop = abs(np.arange(grid.shape[0]) - (grid.shape[0] - 1) / 2 - 72.0 / grid.spacing_mm[0]) < 2
        assert float(np.abs(found - expected)[tabletop].max()) < 12.0, "the table moved"


def test_fine_detail_does_not_stay_behind():
    """A body with lines of 0.3 / mm: at another pose hardly anything of them is left at the old place. With the kernel counted twice a fifth stays."""
    grid = Grid((160, 160), (0.6, 0.6))
    y, x = grid.centred_mm()
    radius = np.hypot(y[:, None], x[None])
    inside = 1 / (1 + np.exp((radius - 30.0) / 1.0))
    fan = Fan()
    lines = 100 * np.cos(2 * math.pi * 0.3 * x)[None] * inside
    scan = scan_of(1000 * inside - 1000 + lines, grid, fan=fan)
    found = acquire(held_at(scan, Pose((0.0, 1 / 0.6), 0.0))).numpy()  # half a period: the lines turn their sign
    middle = radius < 20
    left = float((found * lines)[middle].sum() / (lines**2)[middle].sum())
    assert left == pytest.approx(-1.0, abs=0.03)


def test_a_drift_draws_streaks_along_the_first_rays(oracle):
    """A dense body at the isocentre that drifts: far from it the change is largest along the ray of the view where the turn closes, whichever that is.
    The mean of shifted pictures, the toy, changes nothing there."""
    grid = Grid((128, 128), (1.4, 1.4))
    y, x = grid.centred_mm()
    radius, angle = np.hypot(y[:, None], x[None]), np.arctan2(y[:, None], x[None])
    hu = 1500 * np.exp(-(radius**2) / (2 * 6.0**2)) - 1000
    for first in (0, 100, 430):
        time = np.mod(np.arange(720) - first, 720) / 720
        beta = 2 * math.pi * first / 720
        across = (math.sin(beta), math.cos(beta))  # down, right: perpendicular to the ray, where a shift is seen most
        poses = [Pose((8.0 * t * across[0], 8.0 * t * across[1]), 0.0) for t in time]
        scan = scan_of(hu, grid)
        change = acquire(move(scan, poses)).numpy() - hu
        ring = (radius > 45) & (radius < 70)
        bins = np.mod(angle[ring] - math.atan2(-math.cos(beta), math.sin(beta)), math.pi)
        size = np.histogram(bins, bins=60, range=(0, math.pi), weights=change[ring] ** 2)[0] / np.maximum(np.histogram(bins, bins=60, range=(0, math.pi))[0], 1)
        off = (np.argmax(size) + 0.5) * 3.0
        oracle("ct_motion", "direction of the streak where the turn closes, degrees", min(off, 180 - off), below=4.6)
        toy = np.mean([1500 * np.exp(-((x[None] - p.shift_mm[1]) ** 2 + (y[:, None] - p.shift_mm[0]) ** 2) / 72.0) for p in poses[::20]], axis=0) - 1000 - hu
        assert np.abs(toy[ring]).max() < 0.05 * np.abs(change[ring]).max()


def test_a_constant_pose_does_no_harm_after_registration():
    """The head of the samples at 4 mm and 5 degrees: registered, P is at most a tenth of what mild begins with; the pose is found."""
    bench = bench_of("ct")
    pose = Pose((3.0, -2.5), 5.0)
    scan = bench.healthy.at(pose)
    picture = acquire(scan)
    found = register(bench.healthy, scan, picture, bench.view)
    assert disturbance(Pair(found.reference, picture, bench.view)).value < 0.02
    assert (*found.pose.shift_mm, found.pose.angle_deg) == pytest.approx((3.0, -2.5, 5.0), abs=0.02)
    assert disturbance(Pair(bench.reference, picture, bench.view)).value > 0.6


def test_the_mean_pose_and_the_measures_follow_the_views():
    """A fifth of the views at (10, 0) mm and 5 degrees: mean of a fifth, largest distance of four fifths, step of the whole; none at rest."""
    grid = EVEN
    scan = scan_of(body(grid), grid)
    poses = [Pose((10.0, 0.0), 0.0) if j < 144 else Pose() for j in range(720)]
    moved = move(scan, poses)
    assert moved.mean_pose().shift_mm[0] == pytest.approx(2.0)
    view = View("ct", "head", Display("brain", 0.0, 80.0), body_of(scan), grid.spacing_mm)
    pair = Pair(scan.hu, scan.hu, view, scan, moved)
    assert largest_displacement(pair).value == pytest.approx(8.0)
    assert step_between_views(pair).value == pytest.approx(10.0)
    assert largest_displacement(replace(pair, scan=scan)).value is None
    turn = move(scan, [Pose((0.0, 0.0), 2.0)] * 720)
    assert step_between_views(replace(pair, scan=turn)).value == 0.0
    lever = move(scan, [Pose((0.0, 0.0), 4.0 * (j >= 360)) for j in range(720)])
    assert step_between_views(replace(pair, scan=lever)).value == pytest.approx(
        math.radians(4.0) * 52.0 / math.sqrt(2), rel=0.06
    )  # rms radius of a disc and its skin


def test_neutral_conflicts_and_nonsense():
    """Neutral poses are the scan itself; one pose a view; no second movement, no parallel beam, no body that the field cuts."""
    scan = scan_of(gaussian_filter(body(EVEN), 0.5), EVEN)
    assert move(scan, [Pose()] * 720) is scan
    with pytest.raises(ValueError, match="one a view"):
        move(scan, [Pose((1.0, 0.0))] * 719)
    with pytest.raises(EditConflict, match="already"):
        held_at(held_at(scan, Pose((1.0, 0.0))), Pose((1.0, 0.0)))
    with pytest.raises(EditConflict, match="parallel"):
        held_at(replace(scan, geometry=PARALLEL), Pose((1.0, 0.0)))
    with pytest.raises(EditConflict, match="cuts"):
        held_at(replace(scan, truncated=True), Pose((1.0, 0.0)))
    assert gaussian_picture(EVEN).shape == EVEN.shape


def test_the_body_moves_with_three_pixels_of_skin():
    """Around what passes for the object, in each direction and at the corners."""
    scan = scan_of(body(ODD), ODD)
    found, inner = body_of(scan).numpy(), object_mask(scan.hu, modality="ct").numpy()
    np.testing.assert_array_equal(found, maximum_filter(inner, 7, mode="constant"))
    assert found.sum() > inner.sum()


def test_beside_the_fan_is_air_and_not_its_other_end():
    """A body under the last channels: what lies before the first channel, up to an eighth of the fan, is air."""
    channel = np.arange(281)
    rays = torch.tensor(np.repeat(np.exp(-((channel - 276.0) ** 2) / 18)[None], 720, axis=0))
    before = (np.arange(-10.0, 0.0) - 140 + 0.25) * 1.9 / 949.0
    assert np.abs(sampled(rays, COARSE, beta=np.zeros(10), gamma=before).numpy()).max() < 0.06
