"""Over-range: the least reading, untouched thick rays, and an outline that is cut where its chord is short."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from physics.ct import CTScan, Stage, lower_dose
from physics.ct.acquire import beam_of
from physics.ct.geometry import Fan, Grid, Parallel
from physics.ct.kernel import STANDARD
from physics.ct.over_range import OverRange, clip_signal, least_path_of
from physics.ct.over_range_measures import clipped_ray_share, skin_hu
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import acquire

GRIDS = [Grid((220, 220), (1.0, 1.0)), Grid((181, 240), (1.2, 0.95))]
TURN = Fan(n_views=480, n_channels=420, channel_mm=1.2)
PARALLEL = Parallel(n_views=480, n_channels=440, channel_mm=0.6)
RADIUS = 80.0


def scan_of(grid=GRIDS[0], geometry=TURN, dtype=torch.float64, bowtie_mm=1e-6, **changes):
    hu = torch.tensor(1000 * disc(grid, radius_mm=RADIUS) - 1000, dtype=dtype)
    scan = CTScan.of(hu, spacing_mm=grid.spacing_mm, n0=2e5, kernel=STANDARD)
    return replace(scan, **{"geometry": geometry, "crosstalk": 0.0, "bowtie_mm": bowtie_mm, **changes})


@pytest.mark.parametrize("bowtie_mm", [1e-6, 200.0])
def test_no_ray_reads_less_than_its_least_and_thicker_ones_are_untouched(bowtie_mm, oracle):
    """With a filter and without: the reading is the larger of p and p_min + ln(air), ray by ray."""
    scan = scan_of(bowtie_mm=bowtie_mm, modulation=0.3)
    beam, over = beam_of(scan), OverRange(1.2)
    signal = over.apply(beam.expected * scan.n0, scan)
    reading = -torch.log(signal / (beam.air * scan.n0))
    expected = torch.maximum(beam.rays, 1.2 + torch.log(beam.air))
    oracle("ct_over_range", "readings against the larger of path and floor", float((reading - expected).abs().max()), below=1e-9)
    thick = beam.rays > 1.2
    torch.testing.assert_close(reading[thick], beam.rays[thick], atol=1e-9, rtol=0)
    torch.testing.assert_close(over.least_readings(scan), 1.2 + torch.log(beam.air))


@pytest.mark.parametrize("grid", GRIDS, ids=["square", "oblong pixels"])
@pytest.mark.parametrize("geometry", [TURN, PARALLEL], ids=["fan", "parallel"])
@pytest.mark.parametrize("least", [0.8, 1.6])
def test_an_outline_is_cut_where_its_chord_is_the_least_path(grid, geometry, least, oracle):
    """The picture of a disc changes as that of the clipped chords: its change is the reconstruction of max(p_min - 2 mu sqrt(R^2 - s^2), 0), by quadrature at
    some radii; the kink lies at s = sqrt(R^2 - (p_min / 2 mu)^2)."""
    scan = scan_of(grid, geometry)
    change = (acquire(clip_signal(scan, OverRange(least))) - scan.hu).numpy()
    y, x = grid.centred_mm()
    distance, mu, end = np.hypot(y[:, None], x[None]), scan.mu_water, geometry.reach_mm
    nu, far = (np.arange(1500) + 0.5) * (STANDARD.cutoff_per_mm / 1500), np.arange(0.0, 400.0, 0.05)
    kernel = 2 * np.cos(2 * math.pi * far[:, None] * nu) @ (nu * STANDARD(nu)) * (STANDARD.cutoff_per_mm / 1500)
    s = np.arange(0.0, end, 0.05) + 0.025
    added = np.maximum(least - 2 * mu * np.sqrt(np.maximum(RADIUS**2 - s**2, 0)), 0) * 0.05
    cut = math.sqrt(RADIUS**2 - (least / 2 / mu) ** 2)
    assert s[added > 0].min() == pytest.approx(cut, abs=0.06)
    cosine, found, expected = np.cos((np.arange(180) + 0.5) * math.pi / 180), [], []
    for radius in (3.0, 0.5 * cut, 0.9 * cut, cut + 0.3 * (RADIUS - cut)):
        on = np.abs(distance - radius) < 0.8
        across = distance[on].mean() * cosine
        found.append(change[on].mean())
        both = [np.mean([np.interp(np.abs(a - side * s), far, kernel) @ added for a in across]) for side in (-1, 1)]
        expected.append(1000 / mu * math.pi * float(sum(both)))
    oracle("ct_over_range", "change of a clipped disc", np.abs(np.array(found) - expected).max() / np.abs(expected).max(), below=0.03)


def test_harm_rises_and_single_precision_agrees():
    """A higher floor takes more from the skin and clips more rays; float32 within 1 HU."""
    scan, single = scan_of(), scan_of(dtype=torch.float32)
    view = View("ct", "abdomen", Display("abdomen 400/40", -160.0, 240.0), torch.tensor(disc(scan.grid, radius_mm=RADIUS) > 0.5), scan.spacing_mm)
    clipped, skin = [], []
    for least in (0.3, 0.8, 1.4, 2.2):
        edited = clip_signal(scan, OverRange(least))
        pair = Pair(scan.hu, acquire(edited), view, scan, edited)
        clipped.append(clipped_ray_share(pair).value)
        skin.append(skin_hu(pair).value)
        assert float((acquire(clip_signal(single, OverRange(least))) - pair.degraded)[100:120, 100:120].abs().max()) < 1.0
    assert clipped == sorted(clipped)
    assert skin[1] < skin[0] < -100
    chord = math.sqrt(RADIUS**2 - (2.2 / 2 / scan.mu_water) ** 2)
    assert clipped[-1] == pytest.approx(100 * (1 - chord / RADIUS), rel=0.06)
    assert clipped_ray_share(Pair(scan.hu, scan.hu, view, scan, scan)).value is None


def test_channels_have_ceilings_of_their_own():
    """Their spread is the one told, the same for a seed; the ceiling follows the dose; the converter comes after the noise."""
    ceilings = OverRange(1.0, 0.02, 5).ceilings(4000)
    assert float(torch.log(ceilings).mean()) == pytest.approx(-1.0, abs=2e-3)
    assert float(torch.log(ceilings).std()) == pytest.approx(0.02, rel=0.05)
    assert torch.equal(ceilings, OverRange(1.0, 0.02, 5).ceilings(4000))
    assert not torch.equal(ceilings, OverRange(1.0, 0.02, 6).ceilings(4000))
    scan = lower_dose(scan_of(dtype=torch.float32), 0.5, seed=1)
    assert float(OverRange(1.0).apply(torch.full((2, 420), 1e9), scan).max()) == pytest.approx(0.5 * 2e5 * math.exp(-1), rel=1e-5)
    edited = clip_signal(scan, OverRange(1.0))
    assert [event.stage for event in edited.events] == [Stage.QUANTA, Stage.DETECTOR, Stage.DETECTOR]
    assert edited.events[-1].rank > max(event.rank for event in edited.events[:-1])


def test_clipping_begins_at_the_brightest_ray():
    """A ceiling just above it touches nothing, one a little lower some; the tube current of the scan does not matter."""
    scan = scan_of(bowtie_mm=200.0, dtype=torch.float32)
    onset = least_path_of(scan)
    assert onset == least_path_of(replace(scan, modulation=0.4))
    signal = beam_of(scan).expected * scan.n0
    assert torch.equal(OverRange(onset - 1e-3).apply(signal, scan), signal)
    assert (OverRange(onset + 0.1).apply(signal, scan) < signal).any()


def test_ceilings_that_make_no_sense_are_refused():
    """A least path of 0 is the scan; below, or a negative spread, is refused."""
    scan = scan_of()
    assert clip_signal(scan, OverRange(0.0)) is scan
    for over in (OverRange(-0.1), OverRange(1.0, -0.1)):
        with pytest.raises(ValueError, match="line integral"):
            clip_signal(scan, over)
