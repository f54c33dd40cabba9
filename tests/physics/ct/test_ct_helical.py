"""Helical scans: which readings a slice is made of, what they leave alone, and how the vanes turn."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc
from scipy.special import erf

from physics.ct import CTScan
from physics.ct.geometry import Fan, Grid
from physics.ct.helical import HelicalSlice, Helix, ray_change, scan_helically
from physics.ct.kernel import STANDARD
from physics.ct.slab import Slab
from physics.scan import EditConflict, acquire

GRID = Grid((100, 100), (2.0, 2.0))
TURN = Fan(n_views=240, n_channels=260, channel_mm=2.0)


def scan_of(slices, index, *, step_mm=1.0, grid=GRID, dtype=torch.float64):
    hu = torch.tensor(np.stack(slices), dtype=dtype)
    scan = CTScan.of(hu[index], spacing_mm=grid.spacing_mm, n0=3e5, kernel=STANDARD)
    return replace(scan, geometry=TURN, slab=Slab(hu, index, step_mm))


@pytest.mark.parametrize(
    "helix",
    [Helix(2.0, 4, 1.0, 30.0), Helix(1.5, 3, 0.73, 200.0), Helix(2.5, 4, 1.5, 77.0, "180"), Helix(3.0, 1, 1.0, 10.0, "180"), Helix(2.0, 16, 0.9, 0.0, "180")],
    ids=str,
)
def test_the_nearest_readings_are_those_of_a_list_of_all(helix):
    """Every row in nine turns, and every opposite ray where they count, sorted by height: the same two neighbours and the same shares."""
    below, above, share = helix.joined(TURN, TURN.gamma())
    rng = np.random.default_rng(1)
    for _ in range(25):
        view, channel = int(rng.integers(TURN.n_views)), int(rng.integers(TURN.n_channels))
        beta, gamma = 2 * math.pi * view / TURN.n_views, float(TURN.gamma()[channel])
        angles = [beta] if helix.interpolation == "360" else [beta, beta + math.pi + 2 * gamma]
        read = sorted(
            helix.feed_mm * (angle / (2 * math.pi) + turn - helix.start_deg / 360) + (row - (helix.n_rows - 1) / 2) * helix.row_mm
            for angle in angles
            for turn in range(-4, 5)
            for row in range(helix.n_rows)
        )
        low, high = max(z for z in read if z < 0), min(z for z in read if z >= 0)
        at = view, channel if below.shape[1] > 1 else 0
        assert (below[at], above[at], share[at]) == pytest.approx((low, high, -low / (high - low)), abs=1e-9)


def test_opposite_rays_are_the_same_line():
    """(beta + pi + 2 gamma, -gamma) has theta turned by half a turn and s of the other sign."""
    beta, gamma = 0.7, 0.21
    other = beta + math.pi + 2 * gamma
    assert other - gamma == pytest.approx(beta + gamma + math.pi)
    assert TURN.source_mm * math.sin(-gamma) == -TURN.source_mm * math.sin(gamma)


@pytest.mark.parametrize("helix", [Helix(2.4, 4, 0.9, 130.0), Helix(2.4, 4, 1.4, 40.0, "180")], ids=str)
def test_gaussian_balls_are_read_row_by_row(helix, oracle):
    """The change of every ray against closed line integrals: balls of 9 and 7 mm, the mean over the height of a row by the error function."""
    balls = ((-30.0, 20.0, 3.0, 9.0, 600.0), (25.0, 5.0, -4.0, 7.0, 900.0))  # x, y, z, standard deviation, HU
    y, x = (v[:, None] if axis == 0 else v[None] for axis, v in enumerate(GRID.centred_mm()))
    heights = np.arange(-12, 13) * 0.75

    def level(z):
        return -1000 + sum(a * np.exp(-((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) / (2 * w * w)) for cx, cy, cz, w, a in balls)

    scan = scan_of([level(z) for z in heights], 12, step_mm=0.75)
    beta, gamma = TURN.theta()[:, None], TURN.gamma()[None]
    theta, s = beta + gamma, TURN.source_mm * np.sin(gamma)

    def read(z, width):
        total = 0.0
        for cx, cy, cz, w, a in balls:
            flat = a / 1000 * math.sqrt(2 * math.pi) * w * np.exp(-((s - cx * np.cos(theta) - cy * np.sin(theta)) ** 2) / (2 * w * w))
            ends = [erf((z + side * width / 2 - cz) / (math.sqrt(2) * w)) for side in (-1, 1)]
            total = total + flat * (w * math.sqrt(math.pi / 2) * (ends[1] - ends[0]) / width)
        return scan.mu_water * total

    below, above, share = helix.joined(TURN, TURN.gamma())
    expected = (1 - share) * read(below, helix.row_mm) + share * read(above, helix.row_mm) - read(0.0, 1e-6)
    found = ray_change(scan, helix).numpy()
    oracle("ct_windmill", "interpolated rays of Gaussian balls", np.abs(found - expected).max() / np.abs(expected).max(), below=0.02)


@pytest.mark.parametrize("helix", [Helix(3.0, 4, 1.0, 20.0), Helix(3.0, 4, 1.5, 20.0, "180")], ids=str)
def test_upright_and_linear_bodies_have_no_vanes(helix, oracle):
    """The same on every level, or linear in z with any factor from pixel to pixel: less than half a HU."""
    upright = 1000 * disc(GRID, radius_mm=60.0) - 1000 + 900 * disc(GRID, radius_mm=8.0, centre_mm=(30, -20))
    slope = 20 * disc(GRID, radius_mm=50.0) + 25 * disc(GRID, radius_mm=11.0, centre_mm=(-25, 12))
    for name, slices in (("upright", [upright] * 15), ("linear along z", [upright + (k - 7) * slope for k in range(15)])):
        scan = scan_of(slices, 7)
        change = acquire(scan_helically(scan, helix)) - scan.hu
        oracle("ct_windmill", f"a body that is {name}, HU", float(change.abs().max()), below=0.5)


def cone_slices(n=25, *, index=12, step_mm=0.5):
    """A round body about the axis that swells with height, not in proportion."""
    y, x = GRID.centred_mm()
    square = x[None] ** 2 + y[:, None] ** 2
    return [1000 * np.exp(-square / (2 * (24 + 5 * math.cos((k - index) * step_mm / 2.2)) ** 2)) - 1000 for k in range(n)]


def ring_spectrum(change, radius_mm):
    """Power of the angular harmonics of a picture on a ring."""
    from scipy.ndimage import map_coordinates

    angle = 2 * math.pi * np.arange(720) / 720
    at = [(radius_mm * f(angle)) / 2.0 + 49.5 for f in (np.sin, np.cos)]
    return np.abs(np.fft.rfft(map_coordinates(change, at, order=1))) ** 2


@pytest.mark.parametrize(("n_rows", "pitch", "kind"), [(3, 1.0, "360"), (5, 1.0, "360"), (6, 0.5, "360")])
def test_there_are_as_many_vanes_as_rows_change(n_rows, pitch, kind, oracle):
    """A round body: the strongest angular harmonic of the change on circles is the number of row changes counted from the readings."""
    scan = scan_of(cone_slices(), 12, step_mm=0.5)
    helix = Helix(2.5, n_rows, pitch, 15.0, kind)
    change = (acquire(scan_helically(scan, helix)) - scan.hu).numpy()
    found = [int(np.argmax(ring_spectrum(change, radius)[1:])) + 1 for radius in (38.0, 42.0)]
    counted = helix.changes_of_rows(TURN)
    assert counted == n_rows * pitch
    assert Helix(2.5, 7, 1.0, 15.0, "180").changes_of_rows(TURN) == 14
    oracle("ct_windmill", "vanes less row changes", max(abs(one - counted) for one in found), below=0)


def test_the_pattern_turns_with_the_start_and_so_with_height(oracle):
    """A quarter of a turn later the same picture lies a quarter further: where the table has moved by a quarter of its feed."""
    scan = scan_of(cone_slices(), 12, step_mm=0.5)
    one, other = (acquire(scan_helically(scan, Helix(2.5, 3, 1.0, start))) - scan.hu for start in (10.0, 100.0))
    turned = torch.rot90(one, k=1, dims=(1, 0))
    scale = float((one - other).abs().max())
    assert scale > 1.0
    oracle("ct_windmill", "a start 90 degrees later against the turned picture", float((turned - other).abs().max()) / scale, below=0.02)
    early, late = Helix(2.5, 3, 1.0, 10.2), Helix(2.5, 3, 1.0, 100.2)
    for before, after in zip(early.readings_mm(TURN, TURN.gamma()), late.readings_mm(TURN, TURN.gamma()), strict=True):
        np.testing.assert_allclose(np.mod(before - early.feed_mm / 4, early.feed_mm), after, atol=1e-9)


def test_single_precision_and_the_source():
    """float32 within 1 HU; the slab is not written to; rows of 0 mm are the scan."""
    slices = cone_slices()
    scan, single = scan_of(slices, 12, step_mm=0.5), scan_of(slices, 12, step_mm=0.5, dtype=torch.float32)
    before, helix = scan.slab.hu.clone(), Helix(2.0, 4, 0.8, 40.0)
    assert float((acquire(scan_helically(scan, helix)) - scan.hu)[50, 60:66].mean()) < -5  # the slice is where the body is widest
    assert float((acquire(scan_helically(scan, helix)) - acquire(scan_helically(single, helix))).abs().max()) < 1.0
    assert torch.equal(scan.slab.hu, before)
    assert scan_helically(scan, Helix(0.0)) is scan
    assert isinstance(scan_helically(scan, helix).events[0], HelicalSlice)


def test_what_makes_no_sense_is_refused():
    """Pitches with gaps, no rows, another interpolation, a short slab, none, and a second helix."""
    for given in ((2.0, 4, 1.1), (2.0, 4, 1.8, 0.0, "180"), (2.0, 0), (-1.0, 4), (21.0, 4), (2.0, 4, 0.1)):
        with pytest.raises(ValueError, match="a pitch of"):
            Helix(*given)
    with pytest.raises(ValueError, match="allowed"):
        Helix(2.0, 4, 1.0, 0.0, "90")
    scan = scan_of([np.full(GRID.shape, -1000.0)] * 5, 2)
    with pytest.raises(ValueError, match="nearer side"):
        scan_helically(scan, Helix(2.6))
    with pytest.raises(ValueError, match="single picture"):
        scan_helically(replace(scan, slab=None), Helix(1.0))
    with pytest.raises(EditConflict, match="made by HelicalSlice"):
        scan_helically(scan_helically(scan, Helix(2.0)), Helix(1.0))
