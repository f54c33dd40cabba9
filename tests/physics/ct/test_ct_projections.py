"""Measured rays in other scanners' geometries, beside closed line integrals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import gaussian_picture, gaussian_rays

from physics.ct import CTScan, lower_dose
from physics.ct.acquire import beam_of, rays_of
from physics.ct.geometry import FAN, PARALLEL, Fan, Grid
from physics.ct.hardening import contents_of, defect_of
from physics.ct.insert import insert_mtf50
from physics.ct.kernel import STANDARD
from physics.ct.projections import on_fan
from physics.ct.resolution import mtf50
from physics.ct.scatter import scatter_factor
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import acquire

OTHER = Fan(source_mm=595.0, detector_mm=1085.6, n_views=1152, n_channels=736, channel_mm=1.2858, offset=-0.25)
COARSE = Fan(source_mm=570.0, detector_mm=1040.0, n_views=1151, n_channels=420, channel_mm=2.0, offset=0.25)
GRID = Grid((150, 161), (1.5, 1.4))
MU = 0.01929  # of water at 70 keV
BODY = ((0.0, 0.0, 38.0, MU), (-40.0, 30.0, 9.0, 0.5 * MU), (35.0, -22.0, 7.0, 0.8 * MU))


def stored(fan, *, start_deg=0.0, clockwise=True, mirrored=False):
    """What a scanner stores: written out view by view, channel by channel."""
    sense = 1 if clockwise else -1
    beta = math.radians(start_deg) + sense * 2 * math.pi * np.arange(fan.n_views)[:, None] / fan.n_views
    gamma = (np.arange(fan.n_channels)[None] - (fan.n_channels - 1) / 2 + fan.offset) * fan.channel_mm / fan.detector_mm * (-1 if mirrored else 1)
    theta, s = beta + gamma, fan.source_mm * np.sin(gamma)
    return torch.tensor(sum(a * math.sqrt(2 * math.pi) * w * np.exp(-((s - x * np.cos(theta) - y * np.sin(theta)) ** 2) / (2 * w * w)) for x, y, w, a in BODY))


@pytest.mark.parametrize(
    ("fan", "start_deg", "clockwise", "mirrored"),
    [(OTHER, 0.0, True, False), (OTHER, 37.3, True, False), (COARSE, 201.0, False, False), (COARSE, 90.0, True, True)],
    ids=["start 0", "start between views", "the other way round", "mirrored"],
)
def test_the_picture_and_the_rays_are_those_of_the_body(fan, start_deg, clockwise, mirrored, oracle):
    """Whatever the start, the sense and the order of channels: HU of the drawn body but for what the kernel takes, and line integrals on this scanner's fan."""
    about = {"start_deg": start_deg, "clockwise": clockwise, "mirrored": mirrored}
    scan = CTScan.of_projections(stored(fan, **about), geometry=fan, grid=GRID, n0=2e5, **about)
    drawn = 1000 * gaussian_picture(GRID, BODY) / scan.mu_water - 1000
    inner = (slice(3, -3), slice(3, -3))
    oracle("ct_low_dose", "picture of measured rays beside the drawn body, HU", float(np.abs(scan.hu.numpy() - drawn)[inner].max()), below=4.0)
    off = (rays_of(scan) - torch.tensor(gaussian_rays(FAN, BODY))).abs()
    oracle("ct_low_dose", "measured rays on this scanner's fan beside closed line integrals", float(off.max()), below=1e-4)
    assert torch.equal(acquire(scan), scan.hu)
    assert (scan.kernel, scan.kernel_known, scan.n0, scan.truncated) == (STANDARD, True, 2e5, False)


def test_rays_are_measured_and_not_projected_again():
    """A defect in the rays that no picture holds is there; in parallel beam, which nobody measured, rays are those of the picture."""
    rays = stored(FAN)
    rays[100, 300] += 0.5
    scan = CTScan.of_projections(rays, geometry=FAN, grid=GRID, n0=2e5)
    assert torch.equal(rays_of(scan), rays)
    assert rays_of(replace(scan, geometry=PARALLEL)).shape == (PARALLEL.n_views, PARALLEL.n_channels)


def test_what_is_kept_for_measured_rays_is_not_that_of_the_picture():
    """A picture with a defect in its measured rays, and the same picture without: the beams, the bone and the scatter of each are its own, in either order."""
    rays = stored(FAN)
    rays[100:140, 300:340] += 0.7
    scan = CTScan.of_projections(rays, geometry=FAN, grid=GRID, n0=2e5)
    bare = replace(scan, measured_rays=None)
    for kept in (lambda one: beam_of(one).rays, lambda one: torch.from_numpy(contents_of(one).water_mm)):
        first, second = kept(scan), kept(bare)
        assert float((first - second)[100:140, 300:340].mean()) > 0.3
        assert torch.equal(kept(scan), first)
        assert torch.equal(kept(bare), second)
    dark = CTScan.of_projections(3 * stored(FAN), geometry=FAN, grid=GRID, n0=2e5)
    assert scatter_factor(replace(dark, hu=scan.hu), width_mm=80.0) < 0.5 * scatter_factor(bare, width_mm=80.0)
    defects = [defect_of(one, kvp=120, correction="none").abs().mean() for one in (replace(dark, hu=scan.hu), bare)]
    assert defects[0] > 1.3 * defects[1]


def test_a_lower_dose_follows_the_measured_quanta(oracle):
    """n0 given: what is added where the rays say so, as in a scan of the same picture, within 3 % of its deviation."""
    scan = CTScan.of_projections(stored(OTHER).float(), geometry=OTHER, grid=GRID, n0=4e4)
    projected = replace(scan, measured_rays=None)
    both = [float((acquire(lower_dose(one, 0.2, seed=3)) - one.hu)[50:100, 50:110].std()) for one in (scan, projected)]
    oracle("ct_low_dose", "noise into measured rays beside noise into the picture's", both[0] / both[1] - 1, below=0.03)
    assert both[0] > 10


def test_a_body_that_the_detector_cuts_is_said_so():
    """Rays that still meet a body at the ends of the detector; pixels beyond the field are padding."""
    narrow = replace(COARSE, n_channels=120)
    scan = CTScan.of_projections(stored(narrow), geometry=narrow, grid=GRID, n0=2e5)
    assert scan.truncated
    assert any("cut" in note for note in scan.assumed)
    y, x = GRID.centred_mm()
    outside = torch.tensor(np.hypot(y[:, None], x[None]) > narrow.reach_mm)
    assert bool((scan.hu[outside] == -2000).all())
    assert torch.equal(scan.padding, outside)


def test_an_insert_is_added_to_measured_rays():
    """The insert method on a scan of measured rays reads the kernel that they were reconstructed with."""
    grid = Grid((220, 220), (0.9, 0.9))
    scan = CTScan.of_projections(stored(OTHER).float(), geometry=OTHER, grid=grid, n0=2e5)
    view = View("ct", "abdomen", Display("abdomen 400/40", -160.0, 240.0), scan.hu > -400, grid.spacing_mm)
    pair = Pair(scan.hu, scan.hu, view, scan, scan)
    noisy = lower_dose(scan, 0.8, seed=1)
    assert insert_mtf50(replace(pair, degraded=acquire(noisy), scan=noisy)).value == pytest.approx(mtf50(pair).value, rel=0.05)


def test_rays_that_are_none_are_refused():
    """Another shape than the geometry's, whole numbers, and values that are not finite; equal fans change nothing."""
    rays = stored(COARSE)
    with pytest.raises(ValueError, match="1151 views"):
        CTScan.of_projections(rays[:-1], geometry=COARSE, grid=GRID)
    with pytest.raises(ValueError, match="finite"):
        CTScan.of_projections(torch.where(rays > 1.0, torch.nan, rays), geometry=COARSE, grid=GRID)
    with pytest.raises(ValueError, match="finite"):
        CTScan.of_projections((100 * rays).long(), geometry=COARSE, grid=GRID)
    assert on_fan(rays, COARSE, COARSE) is rays
