"""What is read off streaks and shades, on changes of known size."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from physics.ct import CTScan
from physics.ct.afterglow import Afterglow
from physics.ct.arc import LimitedArc
from physics.ct.channel_aliasing import CoarseChannels
from physics.ct.geometry import Grid
from physics.ct.kernel import STANDARD
from physics.ct.lost_views import LostViews
from physics.ct.sparse import FewViews
from physics.ct.streak_measures import (
    affected_share,
    channel_nyquist_per_mm,
    late_light_share,
    lost_ray_direction_deg,
    lost_view_count,
    missing_angle_deg,
    shades_hu,
    streak_free_radius_mm,
    streaks_hu,
    unseen_direction_deg,
    views_per_turn,
    worst_hour,
)
from physics.display import Display
from physics.measure.pair import Pair, View

GRID = Grid((200, 260), (1.1, 0.8))
Y, X = GRID.centred_mm()


def pair_of(change, mask=None):
    inside = disc(GRID, radius_mm=90.0) > 0.5 if mask is None else mask
    view = View("ct", "abdomen", Display("abdomen 400/40", -160.0, 240.0), torch.tensor(inside), GRID.spacing_mm)
    reference = torch.tensor(1040 * disc(GRID, radius_mm=90.0) - 1000)
    return Pair(reference, reference + torch.tensor(change + np.zeros(GRID.shape)), view)


@pytest.mark.parametrize("direction_deg", [0.0, 35.0, 90.0])
def test_a_fine_wave_is_streaks_and_a_broad_one_is_shades(direction_deg):
    """Waves of 20 HU: with a period of 5 mm their rms of 14.1 HU, and no shade; with 120 mm a shade from -20 to 20 HU, hardly a streak."""
    along = X[None] * math.cos(math.radians(direction_deg)) + Y[:, None] * math.sin(math.radians(direction_deg))
    fine, broad = (pair_of(20 * np.sin(2 * math.pi * along / period)) for period in (5.0, 120.0))
    assert streaks_hu(fine).value == pytest.approx(20 / math.sqrt(2), rel=0.02)
    assert shades_hu(fine).value < 1.0
    assert shades_hu(broad).value == pytest.approx(40.0, rel=0.08)
    assert streaks_hu(broad).value < 1.0


@pytest.mark.parametrize("along", [X[None], Y[:, None]], ids=["across", "down"])
def test_the_mean_is_taken_over_six_millimetres(along):
    """Of a wave of 25 mm a Gaussian of 6 mm keeps exp(-2 (pi 6 / 25)^2): shades are that much of it, streaks the rest, on either axis."""
    kept = math.exp(-2 * (math.pi * 6 / 25) ** 2)
    pair = pair_of(20 * np.sin(2 * math.pi * along / 25))
    assert shades_hu(pair).value == pytest.approx(40 * kept, rel=0.03)
    assert streaks_hu(pair).value == pytest.approx(20 / math.sqrt(2) * (1 - kept), rel=0.03)


def test_the_affected_share_is_that_of_the_area():
    """30 HU over half of the object; the mean over 3 mm carries a ninth of their square 3.66 mm beyond. 5 HU everywhere count for nothing."""
    expected = 100 * (0.5 + 3.66 * 180 / (math.pi * 90**2))
    assert affected_share(pair_of(30.0 * (X[None] > 0))).value == pytest.approx(expected, abs=0.6)
    assert affected_share(pair_of(5.0)).value == 0.0
    assert affected_share(pair_of(-30.0)).value == pytest.approx(100.0)


def test_the_hour_is_that_of_the_object_and_not_of_the_picture():
    """An object at the right of the picture whose upper end changed: 12 o'clock."""
    mask = disc(GRID, radius_mm=40.0, centre_mm=(55.0, 10.0)) > 0.5
    change = 30.0 * (np.hypot(X[None] - 55.0, Y[:, None] + 22.0) < 6)
    assert worst_hour(pair_of(change, mask)).value == pytest.approx(12.0, abs=0.1)
    assert worst_hour(pair_of(0.0, mask)).value is None


def test_measures_say_why_they_are_undefined():
    """No object, or no scan: a reason each."""
    empty = pair_of(3.0, np.zeros(GRID.shape, dtype=bool))
    for measure in (streaks_hu, shades_hu, affected_share, worst_hour):
        assert measure(empty).value is None
        assert measure(empty).reason
    for measure in (
        views_per_turn,
        streak_free_radius_mm,
        missing_angle_deg,
        lost_view_count,
        late_light_share,
        channel_nyquist_per_mm,
        unseen_direction_deg,
        lost_ray_direction_deg,
    ):
        assert measure(pair_of(3.0)).value is None
        assert measure(pair_of(3.0)).reason


@pytest.mark.parametrize("hour", [0.8, 3.0, 4.5, 7.2, 10.0, 11.8, 12.3])
def test_the_clock_is_read_in_millimetres_about_the_middle_of_the_object(hour):
    """Pixels of 1.1 by 0.8 mm, an object below the middle of the picture, a spot of change 30 mm from its middle: the hour's angle, from 0.5 to 12.5."""
    right, up = math.sin(math.radians(30 * hour)), math.cos(math.radians(30 * hour))
    mask = disc(GRID, radius_mm=45.0, centre_mm=(-20.0, 35.0)) > 0.5
    change = 30.0 * (np.hypot(X[None] + 20.0 - 30 * right, Y[:, None] - 35.0 + 30 * up) < 6)
    assert worst_hour(pair_of(change, mask)).value == pytest.approx(hour, abs=0.05)


def test_what_the_events_of_a_scan_tell():
    """The numbers of each event: 123 views with a kernel that ends at 0.68 / mm; channels of 1.0239 / 949 rad, 541 mm away, spaced twice as far; light that
    comes late in two parts; an arc from 50 degrees on without 30; 7.5 lost views about the hundredth of 984."""
    events = (
        FewViews(123, 4),
        CoarseChannels(2.0, 0.1),
        Afterglow(((0.02, 5.0), (0.03, 30.0)), 0.8, 1),
        LimitedArc(50.0, 30.0, 4.0),
        LostViews(100.0, 7.5, "blank"),
    )
    plain = pair_of(3.0)
    scan = CTScan.of(plain.reference, spacing_mm=GRID.spacing_mm, n0=1e5, kernel=STANDARD).with_events(*events)
    pair = Pair(plain.reference, plain.degraded, plain.view, None, scan)
    assert views_per_turn(pair).value == 123
    assert streak_free_radius_mm(pair).value == pytest.approx(123 / 2 / (math.pi * 0.68), rel=0.01)
    assert channel_nyquist_per_mm(pair).value == pytest.approx(0.5 / (2 * 541 * 1.0239 / 949), rel=1e-4)
    assert late_light_share(pair).value == pytest.approx(5.0)
    assert missing_angle_deg(pair).value == 30.0
    assert unseen_direction_deg(pair).value == pytest.approx(50 - 15 + 90)
    assert lost_view_count(pair).value == 7.5
    assert lost_ray_direction_deg(pair).value == pytest.approx(360 * 100 / 984 + 90)
