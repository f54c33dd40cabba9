"""Truncation: the bias of a cut disc by quadrature, and fills that go on as they should."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from physics.ct import CTScan
from physics.ct.acquire import rays_of
from physics.ct.geometry import FAN, Fan, Grid, Parallel
from physics.ct.kernel import STANDARD
from physics.ct.truncation import NarrowField, _water, narrow_field, reach_of_matter_mm
from physics.ct.truncation_measures import field_radius_mm, outside_share, rim_hu
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire

GRIDS = [Grid((240, 240), (1.0, 1.0)), Grid((201, 260), (1.2, 0.95))]
TURN = Fan(n_views=480, n_channels=500, channel_mm=1.0)
PARALLEL = Parallel(n_views=480, n_channels=500, channel_mm=0.6)
RADIUS = 90.0


def scan_of(grid=GRIDS[0], geometry=TURN, dtype=torch.float64, centre_mm=(0.0, 0.0)):
    hu = torch.tensor(1000 * disc(grid, radius_mm=RADIUS, centre_mm=centre_mm) - 1000, dtype=dtype)
    return replace(CTScan.of(hu, spacing_mm=grid.spacing_mm, kernel=STANDARD), geometry=geometry, crosstalk=0.0)


def bias(radius_mm, field_mm):
    """- pi times the mean over the views of the integral over |s| > field of p(s) h(r cos(theta) - s), in HU; h the kernel of ramp and apodisation."""
    nu = (np.arange(1500) + 0.5) * (STANDARD.cutoff_per_mm / 1500)
    far = np.arange(0.0, 200.0, 0.05)
    kernel = 2 * np.cos(2 * math.pi * far[:, None] * nu) @ (nu * STANDARD(nu)) * (STANDARD.cutoff_per_mm / 1500)
    s = np.arange(field_mm, RADIUS, 0.02) + 0.01
    chord = 2 * np.sqrt(RADIUS**2 - s**2) * 0.02
    across = radius_mm * np.cos((np.arange(720) + 0.5) * math.pi / 720)
    both = [np.interp(np.abs(across[:, None] - side * s), far, kernel) @ chord for side in (-1, 1)]
    return -1000 * math.pi * float(np.mean(both[0] + both[1]))


@pytest.mark.parametrize("grid", GRIDS, ids=["square", "oblong pixels"])
@pytest.mark.parametrize("geometry", [TURN, PARALLEL], ids=["fan", "parallel"])
@pytest.mark.parametrize("field", [60.0, 78.0])
def test_a_cut_disc_has_the_bias_of_the_quadrature(grid, geometry, field, oracle):
    """In the middle and up to 0.9 of the field's radius within 1 % of the largest: positive, smooth, and rising towards the edge."""
    scan = scan_of(grid, geometry)
    change = (acquire(narrow_field(scan, field, beyond="nothing")) - scan.hu).numpy()
    y, x = grid.centred_mm()
    distance = np.hypot(y[:, None], x[None])
    found, expected = [], []
    for radius in (2.0, 0.3 * field, 0.6 * field, 0.8 * field, 0.9 * field):
        on = np.abs(distance - radius) < 1.0
        found.append(change[on].mean())
        expected.append(bias(distance[on].mean(), field))
    worst = np.abs(np.array(found) - expected).max() / max(expected)
    oracle("ct_truncation", "bias of a cut disc", worst, below=0.01)
    assert found == sorted(found)
    assert found[0] > 0


def test_a_vignette_has_no_bias_inside():
    """Cutting the picture off outside of the field would change nothing inside; truncated rays raise the middle by more than 20 HU and the rim by hundreds."""
    scan = scan_of()
    change = (acquire(narrow_field(scan, 60.0, beyond="nothing")) - scan.hu).numpy()
    assert change[118:122, 118:122].mean() > 20
    assert change[119:121, 176:179].mean() > 300


@pytest.mark.parametrize("centre", [(0.0, 0.0), (8.0, -5.0)])
def test_water_goes_on_as_water(centre, oracle):
    """A cylinder of water that is cut is filled in as itself, centred or not: less than 3 HU well inside the field, where nothing leaves more than 100."""
    scan = scan_of(centre_mm=centre)
    y, x = scan.grid.centred_mm()
    inside = np.hypot(y[:, None], x[None]) < 60
    filled, bare = ((acquire(narrow_field(scan, 70.0, beyond=beyond)) - scan.hu).numpy()[inside] for beyond in ("water", "nothing"))
    assert np.abs(bare).max() > 100
    oracle("ct_truncation", "a cut cylinder of water filled in as water, HU", np.abs(filled).max(), below=3.0)


def test_what_is_filled_in():
    """Inside of the field nothing changes; beyond it nothing, or a cosine from the last reading to 0 over its length, alike on both sides."""
    s = FAN.s_mm()
    data = torch.from_numpy(np.repeat((4.0 - 0.01 * np.abs(s))[None], 3, axis=0))
    scan = replace(scan_of(), geometry=FAN)
    for beyond in ("nothing", "cosine", "water"):
        found = NarrowField(100.0, beyond, 40.0).apply(data, scan).numpy()
        inner, outer = np.abs(s) < 99.0, np.abs(s) > 101.0
        np.testing.assert_array_equal(found[:, inner], data[:, inner].numpy())
        if beyond == "nothing":
            assert not found[:, outer].any()
        elif beyond == "cosine":
            away = np.clip((np.abs(s[outer]) - 100) / 40, 0, 1)
            np.testing.assert_allclose(found[0, outer], 3.0 * (0.5 + 0.5 * np.cos(math.pi * away)), atol=1e-9)
        else:
            near = (np.abs(s) > 101) & (np.abs(s) < 103)
            np.testing.assert_allclose(found[0, near], 4.0 - 0.01 * np.abs(s[near]), atol=0.01)
            assert found[0, outer].min() == 0


def test_the_bias_grows_as_the_field_shrinks_and_single_precision_agrees():
    """From the reach of matter inwards; the measures say where the edge is, how bright its rim and what lies outside."""
    scan, single = scan_of(), scan_of(dtype=torch.float32)
    reach = reach_of_matter_mm(scan)
    assert reach == pytest.approx(RADIUS, abs=2.0)
    middle = []
    for field in (88.0, 80.0, 70.0, 55.0, 40.0):
        edited = narrow_field(scan, field, beyond="nothing")
        picture = acquire(edited)
        middle.append(float((picture - scan.hu)[118:122, 118:122].mean()))
        assert float((acquire(narrow_field(single, field, beyond="nothing"))[118:122, 118:122] - picture[118:122, 118:122]).abs().max()) < 0.5
    assert middle == sorted(middle)
    view = View("ct", "abdomen", Display("abdomen 400/40", -160.0, 240.0), torch.tensor(disc(scan.grid, radius_mm=RADIUS) > 0.5), scan.spacing_mm)
    pair = Pair(scan.hu, picture, view, scan, edited)
    assert field_radius_mm(pair).value == 40.0
    assert rim_hu(pair).value > 200
    assert outside_share(pair).value == pytest.approx(100 * (1 - (40 / 90) ** 2), abs=1.0)
    plain = Pair(scan.hu, scan.hu, view, scan, scan)
    assert [measure(plain).value for measure in (field_radius_mm, rim_hu, outside_share)] == [None] * 3


def test_fields_that_make_no_sense_are_refused():
    """A field that holds everything is the scan; too small, filled in by something else, a fall of nothing, or twice."""
    scan = scan_of()
    assert narrow_field(scan, 95.0, beyond="nothing") is scan
    for options in ({"field_mm": 10.0, "beyond": "nothing"}, {"field_mm": 60.0, "beyond": "bone"}, {"field_mm": 60.0, "beyond": "cosine", "fall_mm": 0.0}):
        with pytest.raises(ValueError, match="beyond"):
            narrow_field(scan, options.pop("field_mm"), **options)
    with pytest.raises(EditConflict, match="already"):
        narrow_field(narrow_field(scan, 60.0, beyond="nothing"), 50.0, beyond="nothing")


@pytest.mark.parametrize("geometry", [FAN, PARALLEL], ids=["fan", "parallel"])
def test_the_field_is_as_wide_as_told_and_what_lies_beyond_is_not_read(geometry):
    """Rays are measured over 200 mm in all, a part of the outermost channels too; whatever stood beyond them, the fill is the same."""
    s, pitch, scan = geometry.s_mm(), geometry.pitch_mm(), replace(scan_of(), geometry=geometry)
    kept = NarrowField(100.0, "nothing").apply(torch.ones((2, len(s)), dtype=torch.float64), scan)[0].numpy()
    assert (kept * pitch).sum() == pytest.approx(200.0, abs=0.05)
    data = torch.from_numpy(np.repeat((4.0 - 2e-4 * s**2)[None], 2, axis=0))
    junk = torch.where(torch.from_numpy(np.abs(s) > 100.0 + pitch), 50.0, data)
    for beyond in ("cosine", "water"):
        found, same = (NarrowField(100.0, beyond).apply(rays, scan)[0].numpy() for rays in (data, junk))
        np.testing.assert_allclose(found, same, atol=1e-9)


def test_the_cylinder_of_water_is_that_of_its_chord_and_slope():
    """Cylinders of 80 mm that are 30 mm, or 5 mm, off their middle where the field ends: their chords further out, nothing beyond them; a reading that rises
    outwards is taken for the middle of a cylinder."""
    t0, mu, away = torch.tensor([30.0, 5.0], dtype=torch.float64), 0.0193, torch.linspace(0, 100, 41, dtype=torch.float64)
    level = 2 * mu * (80.0**2 - t0**2).sqrt()
    slope = -2 * mu * t0 / (80.0**2 - t0**2).sqrt()
    expected = 2 * mu * (80.0**2 - (t0[:, None] + away) ** 2).clamp_min(0.0).sqrt()
    torch.testing.assert_close(_water(level, slope, away, mu), expected)
    torch.testing.assert_close(_water(level, -slope, away, mu), 2 * mu * ((level[:, None] / 2 / mu) ** 2 - away**2).clamp_min(0.0).sqrt())


def test_matter_reaches_to_the_outer_edge_of_the_last_channel_that_meets_it():
    """Channels of 6 mm at the isocentre, a body beside it: half a channel beyond the middle of the last one that sees a millimetre of water."""
    wide = Parallel(n_views=90, n_channels=50, channel_mm=6.0)
    scan = scan_of(geometry=wide, centre_mm=(12.0, 0.0))
    last = np.abs(wide.s_mm())[(rays_of(scan) > 0.02).any(dim=0).numpy()].max()
    assert reach_of_matter_mm(scan) == pytest.approx(last + 3.0)
