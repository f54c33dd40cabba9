"""A trunk that breathes in a turn, beside closed line integrals and bodies drawn where they stand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import ct_grain, gaussian_picture, gaussian_rays
from scipy.ndimage import map_coordinates
from scipy.special import ndtr

from physics import trunk
from physics.ct import CTScan
from physics.ct.acquire import rays_of
from physics.ct.breathing import STEP_MM, Breath, Breathing, between_states, breathe, change_of_rays, seen_by, wall_share
from physics.ct.breathing_measures import wall_step_between_views, wall_travel_in_turn
from physics.ct.geometry import PARALLEL, Fan, Grid
from physics.ct.kernel import STANDARD
from physics.ct.motion import held_at
from physics.ct.rebinning import turned
from physics.ct.structure import structure_of
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.pose import Pose
from physics.scan import EditConflict, acquire

COARSE = Fan(n_views=720, n_channels=281, channel_mm=1.9)
BLOBS = ((-50.0, 30.0, 8.0, 0.01), (35.0, -52.0, 7.0, 0.007), (20.0, 15.0, 10.0, 0.006))
EVEN, ODD = Grid((128, 140), (1.4, 1.2)), Grid((129, 141), (1.4, 1.2))
INHALING = Breath(period_s=4.0, phase_rad=-math.pi / 2, turn_s=0.8, dwell=1)


def scan_of(hu, grid, *, dtype=torch.float64, **changes):
    scan = CTScan.of(torch.tensor(hu, dtype=dtype), spacing_mm=grid.spacing_mm, n0=1e6, kernel=STANDARD)
    return replace(scan, **{"geometry": COARSE, "crosstalk": 0.0, "truncated": False, **changes})


def whole(grid, down=1.0, right=0.0):
    return torch.stack([torch.full(grid.shape, value, dtype=torch.float64) for value in (down, right)])


def body(grid, *, wall_mm=0.0, share=None):
    """A water body of smooth outline with a rib, a vessel and gas in it, where its wall stands elsewhere: the drawing read at r - u(r). A table below."""
    y, x = grid.centred_mm()
    y, x = y[:, None] + 0 * x[None], x[None] + 0 * y[:, None]
    table = 600.0 / (1 + np.exp((np.abs(y - 74.0) - 4.0) / 0.8)) / (1 + np.exp((np.abs(x) - 40.0) / 1.0))
    if share is not None:
        y, x = (axis - wall_mm * along for axis, along in zip((y, x), share.numpy(), strict=True))
    parts = [((0.0, -4.0), 54.0, 1000.0), ((-22.0, -34.0), 7.0, 400.0), ((18.0, 9.0), 7.0, 60.0), ((10.0, -30.0), 6.0, -700.0)]
    return sum(gain * ndtr((radius - np.hypot(x - cx, y - cy)) / 1.5) for (cx, cy), radius, gain in parts) - 1000.0 + table


@pytest.mark.parametrize("grid", [EVEN, ODD], ids=["even", "odd"])
@pytest.mark.parametrize("wall_mm", [-6.2, 4.5])
def test_a_breath_that_is_held_is_the_body_drawn_there(grid, wall_mm, oracle):
    """All views at one place of the wall, between two states or on one: front and flanks stand there, spine and table where they were."""
    scan = scan_of(body(grid), grid)
    share = wall_share(scan)
    held = scan.with_events(Breathing(share, np.full(720, wall_mm)))
    expected = body(grid, wall_mm=wall_mm, share=share)
    inner = (slice(6, -6), slice(6, -6))
    rms = float(np.sqrt(np.mean((acquire(held).numpy() - expected)[inner] ** 2)))
    oracle("ct_respiratory_motion", "a breath held beside the body drawn there, rms of 1000 HU", rms / 1000, below=2e-3)
    assert float(np.sqrt(np.mean((scan.hu.numpy() - expected)[inner] ** 2))) > 20 * rms


@pytest.mark.parametrize("grid", [EVEN, ODD], ids=["even", "odd"])
def test_each_view_sees_the_bodies_where_they_are_then(grid, oracle):
    """Bodies carried down and to the right by another way at each view: their closed line integrals."""
    scan = scan_of(1000 * gaussian_picture(grid, BLOBS) / 0.0195 - 1000, grid)
    unit = 0.0195 / scan.mu_water  # the picture is in units of water's attenuation
    wall = 7.0 * np.sin(2 * np.pi * np.arange(720) / 500 + 0.4)
    rays = torch.tensor(gaussian_rays(COARSE, BLOBS)) / unit
    found = Breathing(whole(grid, 1.0, -0.4), wall).apply(rays, scan).numpy() * unit
    theta, s, wall = COARSE.theta()[:, None] + COARSE.gamma(), COARSE.s_mm(), wall[:, None]
    expected = sum(
        a * math.sqrt(2 * math.pi) * w * np.exp(-((s - (x - 0.4 * wall) * np.cos(theta) - (y + wall) * np.sin(theta)) ** 2) / (2 * w * w))
        for x, y, w, a in BLOBS
    )
    oracle(
        "ct_respiratory_motion",
        "rays of moving bodies beside closed line integrals, of the largest",
        np.abs(found - expected).max() / expected.max(),
        below=1e-3,
    )


def test_moments_follow_the_centre_of_mass(oracle):
    """A small body that goes through the isocentre: parallel views keep its mass, and their first moment is where it is then (Helgason and Ludwig)."""
    scan = scan_of(1000 * gaussian_picture(EVEN, ((6.0, -3.0, 6.0, 0.02),)) / 0.0195 - 1000, EVEN)
    wall = 1.5 * np.cos(2 * np.pi * np.arange(720) / 720)  # slow beside the fan: a parallel view is taken over many fan views
    found = turned(Breathing(whole(EVEN), wall).apply(rays_of(scan), scan), COARSE, to_fan=False).numpy()
    pitch, s, theta = COARSE.pitch_mm(), COARSE.s_mm(), COARSE.theta()
    mass = found @ pitch
    oracle("ct_respiratory_motion", "mass of a moving body over the views, of its mean", float(np.ptp(mass) / mass.mean()), below=3e-3)
    centre = (found * s) @ pitch / mass
    told = 6.0 * np.cos(theta) + (-3.0 + wall) * np.sin(theta)
    oracle("ct_respiratory_motion", "first moments beside the centre of mass, mm", float(np.abs(centre - told).max()), below=0.1)


def test_inspiration_lifts_the_front_and_widens_the_flanks():
    """The course from its formula; the front goes to row 0 as the breath goes in, the flanks outwards; the mean over what the views see is 0."""
    scan = scan_of(body(EVEN), EVEN)
    breath = Breath(period_s=3.2, phase_rad=0.7, turn_s=0.9, start_deg=90.0, dwell=2)
    time = np.mod(np.arange(720) / 720 - 0.25, 1.0) * 0.9
    course = np.cos(math.pi * time / 3.2 + 0.35) ** 4
    np.testing.assert_allclose(breath.course(720), course)
    event = breathe(scan, breath, wall_mm=9.0).events[-1]
    weight = np.sin(2 * np.pi * np.arange(720) / 720) ** 2
    np.testing.assert_allclose(seen_by(COARSE), weight / 360)
    np.testing.assert_allclose(event.wall_mm, -9.0 * (course - (weight @ course) / 360))
    assert float(event.share[0].max()) == pytest.approx(1.0)
    assert float(event.share[1, 60, 20]) > 0.1 > -0.1 > float(event.share[1, 60, 120])  # times a negative displacement: left goes left, right goes right


def test_the_share_of_front_and_flanks_is_its_shape():
    """A block of 51 rows and 101 columns: cos^2 down to six tenths of the depth, a third of x |x| sin^2 at the flanks; nothing at the back."""
    hu = np.full((90, 130), -1000.0)
    hu[20:71, 15:116] = 40.0
    share = wall_share(scan_of(hu, Grid((90, 130), (2.0, 2.0)))).numpy()
    assert share[0, 20, 65] == share[0, 3, 65] == 1.0
    assert share[0, 35, 65] == pytest.approx(math.cos(math.pi / 4) ** 2)
    assert share[0, 35, 90] == pytest.approx(0.5 * (1 - 0.5**4))
    assert share[1, 45, 115] == pytest.approx(-1 / 3)
    assert share[1, 45, 15] == share[1, 45, 2] == pytest.approx(1 / 3)
    assert share[1, 33, 90] == pytest.approx(-0.25 / 3 * math.sin(math.pi * 0.26) ** 2)
    assert np.abs(share[0, 50:]).max() < 1e-12
    assert np.abs(share[1, 70:]).max() < 1e-12


def test_views_along_the_movement_see_nothing_of_it():
    """The central ray of the first view runs along the columns; of the view at 90 degrees across them."""
    scan = scan_of(body(EVEN), EVEN)
    change = change_of_rays(scan, 2 * STEP_MM, whole(EVEN)).abs()
    assert float(change[0, 138:143].max()) < 0.05 * float(change[180].max())


def test_states_are_joined_by_cubics():
    """Weights that sum to one, give back a state that is met, and a cubic of the place exactly, on either side of 0."""
    wall = np.array([-7.31, -0.4, 0.0, 0.75, 5.2])
    state, weight = between_states(wall)
    np.testing.assert_allclose(weight.sum(axis=1), 1.0)
    np.testing.assert_allclose(((state * STEP_MM) ** 3 * weight).sum(axis=1), wall**3, atol=1e-9)
    assert weight[3, state[3] == 1] == 1.0
    assert weight[2, state[2] == 0] == 1.0


def test_a_turn_draws_streaks_and_keeps_the_grain(oracle):
    """Beside the mean of displaced pictures, the toy: that has no streaks where nothing moves, and its grain fades in front; the scanner's does neither."""
    grid = Grid((160, 176), (1.2, 1.2))
    y, x = grid.centred_mm()
    inside = ndtr((1 - np.hypot(x[None] / 95, y[:, None] / 75)) * 40)
    rib = 900 * ndtr((5 - np.hypot(x[None] - 30, y[:, None] + 55)) / 1.2)
    hu = (1040 + 20 * ct_grain(grid.shape, grid.spacing_mm, seed=2)) * inside + rib - 1000
    scan = scan_of(hu, grid)
    breathing = breathe(scan, INHALING, wall_mm=16.0)
    event, share = breathing.events[-1], wall_share(scan).numpy()
    change = acquire(breathing).numpy() - hu
    structure = structure_of(scan).numpy()
    rows, columns = np.meshgrid(np.arange(160.0), np.arange(176.0), indexing="ij")
    toy = np.mean(
        [map_coordinates(hu, (rows - w * share[0] / 1.2, columns - w * share[1] / 1.2), order=3, mode="nearest") for w in event.wall_mm[::40]], axis=0
    )
    front = (slice(30, 60), slice(70, 90))

    def grainy(picture):
        return float((picture - structure)[front].std() / 20)

    kept = grainy(hu + change) / grainy(hu)
    oracle("ct_respiratory_motion", "grain of the front, kept in a turn, beside 1", abs(kept - 1), below=0.12)
    assert grainy(toy) / grainy(hu) < 0.8
    still = np.abs(share).max(axis=0) < 1e-3
    still &= inside > 0.99
    assert np.abs(change[still]).max() > 10 * np.abs((toy - hu)[still]).max()


def test_what_the_wall_did_is_read_off_the_scan():
    """Range and largest step, the closing of the turn included; nothing of a scan that lies still."""
    scan = scan_of(body(EVEN), EVEN)
    view = View("ct", "abdomen", Display("abdomen", -160.0, 240.0), torch.ones(EVEN.shape, dtype=torch.bool), EVEN.spacing_mm)
    moving = scan.with_events(Breathing(whole(EVEN), np.linspace(-2.0, 3.0, 720)))
    pair = Pair(scan.hu, scan.hu, view, scan, moving)
    assert wall_travel_in_turn(pair).value == pytest.approx(5.0)
    assert wall_step_between_views(pair).value == pytest.approx(5.0)
    ramp = replace(pair, scan=scan.with_events(Breathing(whole(EVEN), np.abs(np.linspace(-1.0, 1.0, 720)))))
    assert wall_step_between_views(ramp).value == pytest.approx(2 / 719)
    assert wall_travel_in_turn(replace(pair, scan=scan)).value is None
    assert wall_step_between_views(replace(pair, scan=scan)).value is None


def test_no_breath_conflicts_and_nonsense():
    """0 mm is the scan itself; negative ways, folds, parallel beam, cut bodies, and bodies that move already are refused in either order."""
    scan = scan_of(body(EVEN), EVEN)
    assert breathe(scan, INHALING, wall_mm=0.0) is scan
    with pytest.raises(ValueError, match="wall_mm"):
        breathe(scan, INHALING, wall_mm=-1.0)
    with pytest.raises(ValueError, match="fold"):
        breathe(scan, Breath(2.0, 0.0, 1.0), wall_mm=150.0)
    with pytest.raises(EditConflict, match="parallel"):
        breathe(replace(scan, geometry=PARALLEL), INHALING, wall_mm=2.0)
    with pytest.raises(EditConflict, match="cuts"):
        breathe(replace(scan, truncated=True), INHALING, wall_mm=2.0)
    with pytest.raises(EditConflict, match="already"):
        breathe(breathe(scan, INHALING, wall_mm=2.0), INHALING, wall_mm=2.0)
    with pytest.raises(EditConflict, match="already"):
        breathe(held_at(scan, Pose((1.0, 0.0))), INHALING, wall_mm=2.0)
    with pytest.raises(EditConflict, match="already"):
        held_at(breathe(scan, INHALING, wall_mm=2.0), Pose((1.0, 0.0)))
    with pytest.raises(ValueError, match="empty"):
        trunk.wall_share(torch.zeros(4, 4, dtype=torch.bool))
