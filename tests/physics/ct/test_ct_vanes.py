"""Vanes: what comes and goes as rows change, apart from the blur of high rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d

from physics.ct import CTScan
from physics.ct.fbp import reconstruct
from physics.ct.geometry import Fan, Grid
from physics.ct.helical import Helix, ray_change, scan_helically, vane_rays
from physics.ct.kernel import STANDARD
from physics.ct.slab import Slab
from physics.ct.vanes import row_changes, row_height_mm, table_feed_mm, vanes
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import acquire

GRID = Grid((100, 90), (2.0, 2.2))
TURN = Fan(n_views=240, n_channels=260, channel_mm=2.0)
HELIX = Helix(2.5, 4, 1.0, 20.0)


def scan_of(change, *, shape=np.cos):
    """A round body of 40 HU about the axis, with a rim that swells and shrinks along z; change : how strongly, in HU."""
    y, x = GRID.centred_mm()
    distance = np.hypot(y[:, None], x[None])
    body = 1040 / (1 + np.exp((distance - 70) / 2)) - 1000
    slices = [body + change * np.exp(-((distance - 45) ** 2) / 150) * (shape(0.7 * (k - 12)) - shape(0.0)) for k in range(25)]
    hu = torch.tensor(np.stack(slices), dtype=torch.float64)
    scan = CTScan.of(hu[12], spacing_mm=GRID.spacing_mm, n0=3e5, kernel=STANDARD)
    return replace(scan, geometry=TURN, slab=Slab(hu, 12, 0.75))


def pair_of(scan, helix=HELIX, *, window=(0.0, 80.0)):
    edited = scan_helically(scan, helix) if helix else scan
    distance = np.hypot(GRID.centred_mm()[0][:, None], GRID.centred_mm()[1][None])
    view = View("ct", "head", Display("window", *window), torch.tensor(distance < 66), GRID.spacing_mm)
    return Pair(scan.hu, acquire(edited), view, scan, edited)


def test_a_round_body_has_a_blur_that_stays_and_vanes_that_cancel(oracle):
    """Of a round body every view sees the same: the vanes of its rays add up to nothing over the turn, and what is left of the change is one profile."""
    scan = scan_of(60.0)
    change, turning = ray_change(scan, HELIX), vane_rays(scan, HELIX)
    scale = float(turning.abs().max())
    oracle("ct_windmill", "vanes of a round body, mean over the turn", float(turning.mean(dim=0).abs().max()) / scale, below=0.02)
    blur = change - turning
    assert float((blur - blur.mean(dim=0)).abs().max()) < 0.03 * scale
    assert float(blur.abs().max()) > 0.5 * scale


def test_the_measure_is_linear_in_the_change_along_z():
    """Twice the change, twice the vanes; a window twice as wide shows half; none without a helix or with a body linear in z."""
    one, two = vanes(pair_of(scan_of(20.0))).value, vanes(pair_of(scan_of(40.0))).value
    assert one > 0.5
    assert two == pytest.approx(2 * one, rel=0.01)
    assert vanes(pair_of(scan_of(20.0), window=(-40.0, 120.0))).value == pytest.approx(one / 2, rel=0.05)  # and lets more be judged
    pair = pair_of(replace(scan_of(20.0), window_hu=(0.0, 80.0)))
    stored = replace(pair, reference=pair.reference.clamp(0, 80) * (255 / 80), view=replace(pair.view, display=Display("stored", 0.0, 255.0)))
    assert vanes(stored).value == pytest.approx(one, rel=0.05)
    assert vanes(pair_of(scan_of(20.0), None)).value == 0.0
    assert vanes(pair_of(scan_of(2.0, shape=lambda z: z))).value < 0.02 * one


def test_the_measure_is_smoothed_and_pooled_as_it_says():
    """1.2 mm along each axis of oblong pixels; fourth powers of all judged pixels, over the window."""
    scan = scan_of(20.0)
    edited = pair_of(scan)
    made = reconstruct(vane_rays(scan, HELIX), TURN, grid=GRID).numpy() * 1000 / scan.mu_water
    smooth = gaussian_filter1d(gaussian_filter1d(made, 1.2 / 2.0, axis=0), 1.2 / 2.2, axis=1)
    distance = np.hypot(GRID.centred_mm()[0][:, None], GRID.centred_mm()[1][None])
    inside = np.mean(smooth[distance < 62] ** 4) ** 0.25 / 80 * 100
    assert vanes(edited).value == pytest.approx(inside, rel=0.03)


def test_higher_rows_make_stronger_vanes():
    """From 1 to 5 mm, rising."""
    found = [vanes(pair_of(scan_of(20.0), Helix(row, 4, 1.0, 20.0))).value for row in (1.0, 2.0, 3.0)]
    assert found == sorted(found)
    assert found[2] > 3 * found[0]


def test_too_little_tissue_in_the_window_has_no_value():
    """And a scan that is not known has none either."""
    pair = pair_of(scan_of(20.0), window=(400.0, 500.0))
    assert "too little tissue" in vanes(pair).reason
    assert vanes(replace(pair, scan=None)).value is None


def test_the_helix_is_read_off():
    """Feed, row and row changes; none where the table stands still."""
    scan = scan_of(0.0)
    view = View("ct", "head", Display("brain 80/40", 0.0, 80.0), torch.ones(GRID.shape, dtype=torch.bool), GRID.spacing_mm)
    pair = Pair(scan.hu, scan.hu, view, scan, scan_helically(scan, Helix(2.0, 4, 0.75)))
    assert [measure(pair).value for measure in (table_feed_mm, row_height_mm, row_changes)] == pytest.approx([6.0, 2.0, 3.0])
    assert all(measure(Pair(scan.hu, scan.hu, view, scan, scan)).value is None for measure in (table_feed_mm, row_height_mm, row_changes))
