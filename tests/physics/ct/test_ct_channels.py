"""Rings: where they lie, how high they are, and when a channel is wrong for a part of the turn only."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc
from scipy.special import j0

from physics.ct import CTScan, Stage
from physics.ct.acquire import rays_of
from physics.ct.channels import ChannelErrors, ChannelGain, ChannelResponse, misread_channels
from physics.ct.fbp import reconstruct
from physics.ct.geometry import FAN, Grid, Parallel
from physics.ct.kernel import STANDARD
from physics.ct.ring_measures import ring_amplitude_hu, ring_radius_mm, ringed_share, wrong_channels
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire

GRIDS = [Grid((280, 280), (0.8, 0.8)), Grid((235, 301), (1.0, 0.75))]
MIDDLE = FAN.n_channels // 2


def scan_of(grid=GRIDS[0], dtype=torch.float64):
    hu = torch.tensor(1000 * disc(grid, radius_mm=95.0, centre_mm=(6.0, -4.0)) - 1000, dtype=dtype)
    return CTScan.of(hu, spacing_mm=grid.spacing_mm, n0=3e5, kernel=STANDARD)


def errors_of(faults, **course):
    values = np.zeros(FAN.n_channels)
    for channel, error in faults.items():
        values[channel] = error
    return ChannelErrors(tuple(values.tolist()), **course)


def change_of(scan, faults, **course):
    return (acquire(misread_channels(scan, errors_of(faults, **course))) - scan.hu).numpy()


def radius_of(grid):
    y, x = grid.centred_mm()
    return np.hypot(y[:, None], x[None])


def closed_ring(radius, channel, error):
    """2 pi d w times the integral of nu A(nu) cos(2 pi nu s) J0(2 pi nu r): the reading d of a ray of width w at the distance s, from all sides, in HU."""
    s, width = FAN.s_mm()[channel], FAN.pitch_mm()[channel]
    nu = (np.arange(4000) + 0.5) * (STANDARD.cutoff_per_mm / 4000)
    weight = nu * STANDARD(nu) * np.cos(2 * math.pi * nu * s) * (STANDARD.cutoff_per_mm / 4000)
    found = 2 * math.pi * -math.log1p(error) * width * (j0(2 * math.pi * radius[:, None] * nu) @ weight)
    return found * 1000 / scan_of().mu_water


@pytest.mark.parametrize("grid", GRIDS, ids=["square", "oblong pixels"])
@pytest.mark.parametrize("channel", [MIDDLE + 3, MIDDLE - 40, MIDDLE + 100])
def test_a_steady_error_is_the_closed_ring_everywhere(grid, channel, oracle):
    """The whole picture, halo and azimuth too, is the closed integral of a circle about the isocentre: within 1 % of its height."""
    change = change_of(scan_of(grid), {channel: 0.01})
    radius = radius_of(grid)
    expected = np.interp(radius, np.linspace(0, 160, 1601), closed_ring(np.linspace(0, 160, 1601), channel, 0.01))
    inside = radius < 100
    oracle("ct_ring", "the change is the closed ring", np.abs(change - expected)[inside].max() / np.abs(expected).max(), below=0.01)


@pytest.mark.parametrize("channel", [MIDDLE - 25, MIDDLE + 70, MIDDLE - 130])
def test_the_ring_lies_where_the_channel_looks(channel, oracle):
    """Radius R |sin(gamma)| about the isocentre within half a pixel; so does the measure's."""
    scan = scan_of()
    edited = misread_channels(scan, errors_of({channel: -0.02}))
    picture = acquire(edited)
    radius, expected = radius_of(scan.grid), FAN.source_mm * abs(math.sin(FAN.gamma()[channel]))
    circle = np.rint(radius / 0.2).astype(int)
    profile = np.bincount(circle.ravel(), weights=(picture - scan.hu).numpy().ravel()) / np.maximum(np.bincount(circle.ravel()), 1)
    found = 0.2 * np.argmax(np.abs(profile[: round(110 / 0.2)]))
    oracle("ct_ring", "radius beside R sin gamma, in pixels", (found - expected) / 0.8, below=0.5)
    view = View("ct", "head", Display("brain 80/40", 0.0, 80.0), torch.tensor(radius < 93), scan.spacing_mm)
    pair = Pair(scan.hu, picture, view, scan, edited)
    oracle("ct_ring", "measured radius, in pixels", (ring_radius_mm(pair).value - expected) / 0.8, below=1.0)
    assert 0.6 < ring_amplitude_hu(pair).value / np.abs(profile[: round(93 / 0.2)]).max() <= 1.05
    assert 0 < ringed_share(pair).value < 25
    assert wrong_channels(pair).value == 1


def test_the_height_follows_the_logarithm_of_the_gain(oracle):
    """Errors of 0.1 % to 90 %: the change is -ln(1 + eps) times one picture; a channel that reads too little attenuates."""
    scan = scan_of()
    unit = change_of(scan, {MIDDLE + 60: 0.001}) / -math.log1p(0.001)
    for error in (0.003, 0.01, 0.3, -0.01, -0.9):
        change = change_of(scan, {MIDDLE + 60: error})
        oracle("ct_ring", "height over -ln(1 + eps)", np.abs(change / -math.log1p(error) - unit).max() / np.abs(unit).max(), below=1e-4)
    radius = radius_of(scan.grid)
    at = np.abs(radius - abs(FAN.s_mm()[MIDDLE + 60])) < 0.4
    assert change_of(scan, {MIDDLE + 60: -0.01})[at].mean() > 1


def test_painted_circles_are_no_rings():
    """A ring near the centre is much higher than one further out, and its halo changes sign: a circle of one height and width has neither. 66, 18, 7.5 HU for
    1 % of one channel with an abrupt kernel at 1.6, 19 and 93 mm; the standard kernel keeps the order."""
    heights = []
    for channel in (MIDDLE + 2, MIDDLE + 32, MIDDLE + 158):
        ring = closed_ring(np.linspace(0, 120, 2401), channel, 0.01)
        heights.append(np.abs(ring).max())
        assert ring.max() > 0.15 * heights[-1]
        assert ring.min() == -heights[-1]
    assert heights[0] > 2.5 * heights[1] > 4 * heights[2]


def test_half_a_turn_makes_half_circles():
    """A constant channel of a parallel beam over 180 degrees lights one half of its circle only: such scans are refused."""
    beam = Parallel(n_views=400, n_channels=300, channel_mm=0.8)
    rays = torch.zeros((beam.n_views, beam.n_channels), dtype=torch.float64)
    rays[:, 230] = 1.0
    picture, y = reconstruct(rays, beam, grid=GRIDS[0], kernel=STANDARD).numpy(), GRIDS[0].centred_mm()[0]
    on = np.abs(radius_of(GRIDS[0]) - abs(beam.s_mm()[230])) < 0.5
    halves = [picture[on & side].mean() for side in (y[:, None] + 0 * picture > 20, y[:, None] + 0 * picture < -20)]
    assert abs(halves[1]) < 0.1 * abs(halves[0])
    with pytest.raises(EditConflict, match="half circles"):
        misread_channels(replace(scan_of(), geometry=beam), ChannelErrors((0.1,) * beam.n_channels))


@pytest.mark.parametrize(("channel", "turn"), [(MIDDLE + 90, 0.2), (MIDDLE - 90, 0.2), (MIDDLE + 60, 0.85)])
def test_an_intermittent_fault_lights_the_arc_that_its_rays_touch(channel, turn, oracle):
    """Wrong for 15 % of the turn about a view: the arc lies at the angle beta + gamma of these views, opposite for negative s."""
    scan = scan_of()
    change = change_of(scan, {channel: -0.02}, course="intermittent", start_turn=turn - 0.075, length_turn=0.15)
    y, x = scan.grid.centred_mm()
    s, theta = FAN.s_mm()[channel], 2 * math.pi * turn + FAN.gamma()[channel]
    on = np.abs(radius_of(scan.grid) - abs(s)) < 0.6
    middle = np.angle(np.sum((change * (np.cos(0 * y[:, None]) * (x[None] + 1j * y[:, None])))[on & (change > 0.3 * change.max())]))
    expected = theta + (math.pi if s < 0 else 0.0)
    off = math.degrees(abs(np.angle(np.exp(1j * (middle - expected)))))
    oracle("ct_ring", "arc of an intermittent fault, degrees", off, below=2.0)


def test_the_course_of_an_error_over_the_turn():
    """Steady: the same at all views. Drifting: from nothing at the start, evenly, to just below the whole. Intermittent: soft ends, nothing elsewhere."""
    faults, start = {5: 0.4}, 0.25
    steady = errors_of(faults).over_turn(FAN)
    assert steady.shape == (FAN.n_views, FAN.n_channels)
    assert (steady[:, 5] == 0.4).all()
    assert float(steady.abs().sum()) == pytest.approx(0.4 * FAN.n_views)
    drifting = errors_of(faults, course="drifting", start_turn=start).over_turn(FAN)[:, 5].numpy()
    assert drifting[246] == 0
    np.testing.assert_allclose(np.diff(np.roll(drifting, -246)), 0.4 / FAN.n_views, atol=1e-12)
    passing = errors_of(faults, course="intermittent", start_turn=0.9, length_turn=0.2).over_turn(FAN)[:, 5].numpy()
    assert passing[0] == pytest.approx(0.4)
    assert passing[round(0.5 * FAN.n_views)] == 0
    assert np.mean(passing > 0) == pytest.approx(0.2, abs=0.004)


def test_a_spectral_error_is_nothing_in_air():
    """It reads p (1 + eps): proportional to the path, unlike a gain."""
    scan, rays = scan_of(), rays_of(scan_of())
    wrong = errors_of({MIDDLE: 0.01, 3: 0.01})
    off = (ChannelResponse(wrong).apply(rays, scan) - rays).numpy()
    np.testing.assert_allclose(off[:, MIDDLE], 0.01 * rays[:, MIDDLE].numpy(), atol=1e-12)
    assert np.abs(off[:, 3]).max() < 1e-4
    gained = (ChannelGain(wrong).apply(rays, scan) - rays).numpy()
    np.testing.assert_allclose(gained[:, [3, MIDDLE]], -math.log1p(0.01), atol=1e-12)
    assert np.abs(gained).sum() == pytest.approx(2 * FAN.n_views * math.log1p(0.01))


def test_single_precision_and_no_error():
    """float32 agrees with float64 to a thousandth; errors of 0 leave the scan; the kind of error picks the event."""
    wide, scan = change_of(scan_of(), {MIDDLE + 50: 0.05}), scan_of(dtype=torch.float32)
    edited = misread_channels(scan, errors_of({MIDDLE + 50: 0.05}))
    single = (acquire(edited) - scan.hu).numpy()
    assert single.dtype == np.float32
    assert np.abs(single - wide).max() < 0.01 * np.abs(wide).max()
    assert misread_channels(scan, errors_of({})) is scan
    assert [event.stage for event in edited.events] == [Stage.LOG]
    assert isinstance(misread_channels(scan, errors_of({4: 0.1}), spectral=True).events[0], ChannelResponse)


def test_errors_that_make_no_sense_are_refused():
    """Another detector's, or a gain below nothing."""
    with pytest.raises(ValueError, match="channels"):
        misread_channels(scan_of(), ChannelErrors((0.1, 0.2)))
    with pytest.raises(ValueError, match="without any signal"):
        misread_channels(scan_of(), errors_of({4: -1.0}))


def test_measures_without_object_or_scan():
    """Said why, not a number."""
    scan = scan_of()
    view = View("ct", "head", Display("brain 80/40", 0.0, 80.0), torch.zeros(scan.hu.shape, dtype=torch.bool), scan.spacing_mm)
    pair = Pair(scan.hu, scan.hu, view)
    assert [measure(pair).value for measure in (ring_amplitude_hu, ring_radius_mm, ringed_share, wrong_channels)] == [None] * 4
