"""Afterglow: the step response, the sum of the light, and which way the shades lean."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from physics.ct import CTScan, Stage
from physics.ct.afterglow import Afterglow, add_afterglow
from physics.ct.geometry import Fan, Grid, Parallel
from physics.ct.kernel import STANDARD
from physics.ct.streak_measures import late_light_share, shades_hu
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire

GRIDS = [Grid((200, 200), (1.1, 1.1)), Grid((181, 240), (1.2, 0.95))]
TURN = Fan(n_views=480, n_channels=400, channel_mm=1.4, offset=0.0)
PARTS = ((0.02, 5.0), (0.05, 40.0))


def scan_of(bodies, grid=GRIDS[0], dtype=torch.float64):
    hu = torch.tensor(1000 * sum(share * disc(grid, radius_mm=radius, centre_mm=centre) for radius, centre, share in bodies) - 1000, dtype=dtype)
    scan = CTScan.of(hu, spacing_mm=grid.spacing_mm, n0=1e6, kernel=STANDARD)
    return replace(scan, geometry=TURN, crosstalk=0.0)


WATER = ((80.0, (0.0, 0.0), 1.0),)
LOPSIDED = ((70.0, (0.0, 0.0), 1.0), (10.0, (0.0, -45.0), 1.2), (6.0, (30.0, 20.0), 0.8), (6.0, (-30.0, 20.0), 0.8))


def glow_of(signal, **changes):
    glow = Afterglow(**{"parts": PARTS, "view_ms": 0.8, "sense": 1, **changes})
    return glow.apply(torch.tensor(signal), scan_of(WATER)).numpy()


@pytest.mark.parametrize("sense", [1, -1])
def test_a_step_decays_as_the_closed_form(sense, oracle):
    """Light on for half of the turn: k views after it went out a (1 - q^M) q^(k+1) / (1 - q^N) of each part is left; reversed for the other sense."""
    n_views, on = 480, 240
    signal = np.zeros((n_views, 2))
    signal[:on] = 7.0
    found = glow_of(signal if sense == 1 else signal[::-1].copy(), sense=sense)
    found = found if sense == 1 else found[::-1]
    k = np.arange(n_views - on)
    expected = np.zeros(n_views - on)
    for share, tau in PARTS:
        q = math.exp(-0.8 / tau)
        expected += 7.0 * share * (1 - q**on) * q ** (k + 1) / (1 - q**n_views)
    oracle("ct_afterglow", "step response, of the step", np.abs(found[on:, 0] - expected).max() / 7.0, below=1e-10)
    np.testing.assert_allclose(found[:, 0], found[:, 1], atol=1e-12)


def test_the_turn_is_the_slow_recursion_after_many_turns(oracle):
    """Each part as a store that keeps q of its light from view to view, run for forty turns."""
    signal = np.random.default_rng(4).uniform(1, 100, (480, 3))
    stores = [np.zeros(3) for _ in PARTS]
    for _ in range(40):
        last = []
        for view in signal:
            stores = [math.exp(-0.8 / tau) * store + (1 - math.exp(-0.8 / tau)) * view for store, (_, tau) in zip(stores, PARTS, strict=True)]
            last.append((1 - sum(share for share, _ in PARTS)) * view + sum(share * store for store, (share, _) in zip(stores, PARTS, strict=True)))
    oracle("ct_afterglow", "against a slow recursion, of the signal", np.abs(glow_of(signal) - np.array(last)).max() / 100, below=1e-10)


def test_turns_of_an_odd_number_of_views_are_periodic_too():
    """One view's light of 481, as a sum over all turns: a (1 - q) q^m / (1 - q^N) of each part m views later, and the prompt rest at once."""
    signal = np.zeros((481, 1))
    signal[3] = 1.0
    m = np.mod(np.arange(481) - 3, 481)
    expected = np.where(m == 0, 1 - sum(share for share, _ in PARTS), 0.0)
    for share, tau in PARTS:
        q = math.exp(-0.8 / tau)
        expected += share * (1 - q) * q**m / (1 - q**481)
    np.testing.assert_allclose(glow_of(signal)[:, 0], expected, atol=1e-12)


def test_no_light_is_lost():
    """The sum over the turn stays, channel by channel, and channels do not mix."""
    signal = np.zeros((480, 3))
    signal[17, 1] = 1000.0
    found = glow_of(signal)
    np.testing.assert_allclose(found.sum(axis=0), [0.0, 1000.0, 0.0], atol=1e-9)
    assert found[17, 1] == pytest.approx(1000 * (0.93 + 0.02 * (1 - math.exp(-0.16)) + 0.05 * (1 - math.exp(-0.02))), rel=1e-3)
    assert found[18, 1] > found[25, 1] > found[16, 1]


def test_light_is_mixed_before_the_logarithm():
    """Behind a body of p = 5 that follows air: 2 % of the air's light is three times the ray's own, so the reading falls by more than 1; mixing readings
    would take a tenth."""
    signal = np.exp(-np.where(np.arange(480) < 240, 0.0, 5.0))[:, None]
    reading = -np.log(glow_of(signal, parts=((0.02, 5.0),)))[241, 0]
    assert 5.0 - reading > 1.0
    mixed = glow_of(-np.log(signal), parts=((0.02, 5.0),))[241, 0]
    assert 5.0 - mixed < 0.11


def test_a_centred_cylinder_does_not_change(oracle):
    """All its views are alike: less than 0.1 HU."""
    scan = scan_of(WATER)
    change = acquire(add_afterglow(scan, Afterglow(PARTS, 0.8, 1))) - scan.hu
    inside = torch.tensor(disc(GRIDS[0], radius_mm=70.0) > 0.5)
    oracle("ct_afterglow", "centred cylinder, HU", float(change[inside].abs().mean()), below=0.1)


@pytest.mark.parametrize("grid", GRIDS, ids=["square", "oblong pixels"])
def test_the_sense_of_the_turn_mirrors_the_shades(grid, oracle):
    """A section that is its own mirror image, left to right: turned the other way its shades are mirrored, and they are not symmetric themselves."""
    scan = scan_of(LOPSIDED, grid)
    changes = [(acquire(add_afterglow(scan, Afterglow(PARTS, 0.8, sense))) - scan.hu).numpy() for sense in (1, -1)]
    size = np.abs(changes[0]).max()
    assert np.abs(changes[0] - changes[0][:, ::-1]).max() > 0.3 * size
    oracle("ct_afterglow", "mirrored shades for the other sense", np.abs(changes[0] - changes[1][:, ::-1]).max() / size, below=0.01)


def test_shades_grow_with_the_share_and_single_precision_agrees():
    """More late light, deeper shades; the share is measured; float32 within 1 HU of float64."""
    scan, single = scan_of(LOPSIDED), scan_of(LOPSIDED, dtype=torch.float32)
    view = View("ct", "head", Display("brain 80/40", 0.0, 80.0), torch.tensor(disc(GRIDS[0], radius_mm=68.0) > 0.5), scan.spacing_mm)
    found = []
    for share in (0.002, 0.01, 0.05, 0.2):
        glow = Afterglow(((share, 30.0),), 0.8, 1)
        edited = add_afterglow(scan, glow)
        pair = Pair(scan.hu, acquire(edited), view, scan, edited)
        found.append(shades_hu(pair).value)
        assert late_light_share(pair).value == pytest.approx(100 * share)
        assert float((acquire(add_afterglow(single, glow)) - pair.degraded).abs().max()) < 1.0
    assert found == sorted(found)
    assert edited.events[0].stage == Stage.DETECTOR


def test_afterglow_that_makes_no_sense_is_refused():
    """No late light is the scan; shares of 1 and more, times of nothing, half a turn, or twice."""
    scan = scan_of(WATER)
    assert add_afterglow(scan, Afterglow(((0.0, 5.0),), 0.8, 1)) is scan
    for glow in (Afterglow(((0.6, 5.0), (0.5, 9.0)), 0.8, 1), Afterglow(((0.1, 0.0),), 0.8, 1), Afterglow(PARTS, 0.0, 1), Afterglow(((-0.1, 5.0),), 0.8, 1)):
        with pytest.raises(ValueError, match="shares"):
            add_afterglow(scan, glow)
    with pytest.raises(EditConflict, match="full turn"):
        add_afterglow(replace(scan, geometry=Parallel()), Afterglow(PARTS, 0.8, 1))
    with pytest.raises(EditConflict, match="already"):
        add_afterglow(add_afterglow(scan, Afterglow(PARTS, 0.8, 1)), Afterglow(PARTS, 0.8, 1))
