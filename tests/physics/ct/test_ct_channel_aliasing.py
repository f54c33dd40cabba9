"""Channel aliasing: where frequencies fold to, what stays, and what a quarter offset cancels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc, gaussian_picture

from physics.ct import CTScan
from physics.ct.channel_aliasing import CoarseChannels, coarse_rows, space_channels
from physics.ct.geometry import FAN, Fan, Grid, Parallel
from physics.ct.kernel import STANDARD
from physics.ct.streak_measures import channel_nyquist_per_mm, streaks_hu
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire

GRIDS = [Grid((220, 220), (0.8, 0.8)), Grid((181, 240), (1.0, 0.75))]
TURN = Fan(n_views=720, n_channels=360, channel_mm=1.1)
PARALLEL = Parallel(n_views=720, n_channels=401, channel_mm=0.6)


def scan_of(hu, grid=GRIDS[0], geometry=TURN, dtype=torch.float64):
    return replace(CTScan.of(torch.tensor(hu, dtype=dtype), spacing_mm=grid.spacing_mm, kernel=STANDARD), geometry=geometry, crosstalk=0.0)


@pytest.mark.parametrize(("pitch", "frequency"), [(2.0, 0.3), (2.0, 0.34), (3.0, 0.21), (2.5, 0.28)])
def test_waves_fold_about_half_the_coarse_sampling_frequency(pitch, frequency, oracle):
    """A wave of nu cycles a channel above 1 / (2 pitch) comes back at 1 / pitch - nu as its strongest part; one below stays where it is."""
    n = 1200
    at = np.arange(n) - (n - 1) / 2
    window = np.hanning(n)

    def strongest(nu):
        found = coarse_rows(n, (n - 1) / 2, pitch, 0.1) @ np.cos(2 * np.pi * nu * at)
        power = np.abs(np.fft.rfft(found * window, 16 * n))
        return np.argmax(power) / (16 * n)

    assert frequency > 0.5 / pitch
    oracle("ct_aliasing", "folded frequency, in cycles over the detector", (strongest(frequency) - (1 / pitch - frequency)) * n, below=0.1)
    below = 0.5 / pitch - 0.08
    assert strongest(below) == pytest.approx(below, abs=0.1 / n)


@pytest.mark.parametrize("pitch", [1.3, 2.0, 3.7])
@pytest.mark.parametrize("offset", [0.0, 0.25, 0.5])
def test_a_view_is_read_at_the_coarse_places_and_joined_by_straight_lines(pitch, offset, oracle):
    """A quadratic, which cubic reading takes exactly, against the definition: read at centre + (j + offset) pitch, NumPy's straight lines between."""
    n, centre = 300, 149.25
    k = np.arange(n)
    quadratic = lambda u: 3.0 + 0.02 * (u - 120) - 1e-4 * (u - 120) ** 2  # noqa: E731
    places = centre + (np.arange(-400, 400) + offset) * pitch
    inner = (k > 2 * pitch + 3) & (k < n - 2 * pitch - 4)
    expected = np.interp(k, places, quadratic(places))
    found = coarse_rows(n, centre, pitch, offset) @ quadratic(k)
    oracle("ct_aliasing", "reading and joining against the definition", np.abs(found - expected)[inner].max(), below=1e-10)


@pytest.mark.parametrize(("pitch", "offset"), [(2.0, 0.5), (3.0, 0.25), (3.7, 0.5), (1.3, 0.9)])
def test_views_are_joined_up_to_their_ends(pitch, offset):
    """Any row between air, at every channel from the first to the last: read by cubic convolution at places that reach beyond both ends."""
    n, centre = 40, 19.75
    row = np.random.default_rng(2).standard_normal(n)
    padded = np.pad(row, 300)
    places = centre + (np.arange(-60, 60) + offset) * pitch
    whole = np.floor(places).astype(int)
    t = places - whole
    four = [padded[whole + 300 + step] for step in (-1, 0, 1, 2)]
    keys = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)
    read = sum(weight * value for weight, value in zip(keys, four, strict=True)) / 2
    np.testing.assert_allclose(coarse_rows(n, centre, pitch, offset) @ row, np.interp(np.arange(n), places, read), atol=1e-12)


def test_channels_where_they_were_change_nothing():
    """A pitch of 1 on the same places is the identity, channel by channel."""
    np.testing.assert_allclose(coarse_rows(50, 24.5, 1.0, 0.5), np.eye(50), atol=1e-12)
    np.testing.assert_allclose(coarse_rows(51, 25.0, 1.0, 0.0), np.eye(51), atol=1e-12)


@pytest.mark.parametrize("grid", GRIDS, ids=["square", "oblong pixels"])
@pytest.mark.parametrize("geometry", [TURN, PARALLEL], ids=["fan", "parallel"])
def test_smooth_objects_stay_and_sharp_ones_alias(grid, geometry, oracle):
    """Gaussians of one height: of 6 mm nearly nothing changes at three times the pitch; of 1 mm the air far off is streaked, as in no coarser picture."""
    y, x = grid.centred_mm()
    far = np.hypot(y[:, None] - 10, x[None] + 15) > 25
    changes = {}
    for width in (6.0, 1.0):
        scan = scan_of(20 * gaussian_picture(grid, ((-15.0, 10.0, width, 1.0),)) - 1000, grid, geometry)
        changes[width] = (acquire(space_channels(scan, 3.0, offset=0.0)) - scan.hu).numpy()
    oracle("ct_aliasing", "change of a smooth object, of its height", np.abs(changes[6.0]).max() / 20, below=0.05)
    streaks = [np.sqrt(np.mean(changes[width][far] ** 2)) for width in (6.0, 1.0)]
    assert streaks[1] > 5 * streaks[0]
    assert streaks[1] > 0.01


def test_a_quarter_offset_takes_the_first_alias_out(oracle):
    """Beside a sharp body about the isocentre the streaks at an offset of a quarter are less than a third of those at 0 and at a half."""
    scan = scan_of(1000 * disc(GRIDS[0], radius_mm=40.0) + 600 * disc(GRIDS[0], radius_mm=4.0, centre_mm=(15, 8)) - 1000)
    inside = torch.tensor((disc(GRIDS[0], radius_mm=28.0) > 0.5) & (disc(GRIDS[0], radius_mm=12.0, centre_mm=(15, 8)) < 0.5))
    view = View("ct", "head", Display("brain 80/40", 0.0, 80.0), inside, GRIDS[0].spacing_mm)
    level = {offset: streaks_hu(Pair(scan.hu, acquire(space_channels(scan, 3.0, offset=offset)), view)).value for offset in (0.0, 0.25, 0.5)}
    oracle("ct_aliasing", "streaks at a quarter offset, of those without", level[0.25] / min(level[0.0], level[0.5]), below=0.5)


def test_streaks_rise_with_the_pitch_and_single_precision_agrees():
    """In the scanner's own fan; the measure says what the channels can tell."""
    hu = 1000 * disc(GRIDS[0], radius_mm=75.0) + 900 * disc(GRIDS[0], radius_mm=7.0, centre_mm=(30, -20)) - 1000
    scan, single = scan_of(hu, geometry=FAN), scan_of(hu, geometry=FAN, dtype=torch.float32)
    view = View("ct", "head", Display("brain 80/40", 0.0, 80.0), torch.tensor(disc(GRIDS[0], radius_mm=70.0) > 0.5), GRIDS[0].spacing_mm)
    found = []
    for pitch in (1.5, 2.2, 3.0, 4.0, 6.0):
        edited = space_channels(scan, pitch, offset=0.02)
        pair = Pair(scan.hu, acquire(edited), view, scan, edited)
        found.append(streaks_hu(pair).value)
        assert float((acquire(space_channels(single, pitch, offset=0.02)) - pair.degraded).abs().max()) < 0.5
        assert channel_nyquist_per_mm(pair).value == pytest.approx(0.857 / pitch, rel=0.01)
    assert found == sorted(found)


def test_pitches_that_make_no_sense_are_refused():
    """The scanner's own is the scan; finer, far too coarse, or twice."""
    scan = scan_of(1000 * disc(GRIDS[0], radius_mm=40.0) - 1000)
    assert space_channels(scan, 1.0, offset=0.0) is scan
    for pitch in (0.5, 11.0):
        with pytest.raises(ValueError, match="pitch"):
            space_channels(scan, pitch, offset=0.0)
    with pytest.raises(EditConflict, match="already"):
        space_channels(space_channels(scan, 2.0, offset=0.0), 2.0, offset=0.0)
    data = torch.ones((2, TURN.n_channels), dtype=torch.float64)
    assert float(CoarseChannels(3.0, 0.0).apply(data, scan)[:, 8:-8].std()) < 1e-12
