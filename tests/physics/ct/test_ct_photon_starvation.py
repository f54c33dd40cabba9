"""Photon starvation: variance, bias and direction of the streaks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from physics.ct import CTScan, lower_dose
from physics.ct.acquire import beam_of
from physics.ct.geometry import Fan, Grid, Parallel
from physics.ct.implant import Ellipse
from physics.ct.kernel import STANDARD
from physics.ct.measures import noise_anisotropy, streak_direction
from physics.ct.metal import insert_metal
from physics.ct.photon_starvation import BeyondThePicture, Girth, Starving, starve
from physics.ct.quanta_lost import LostQuanta, LostSignal
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire

GRID = Grid((150, 120), (1.6, 2.0))
FAN = Fan(n_views=360, n_channels=444, channel_mm=2.0478)
PARALLEL = Parallel(n_views=360, n_channels=450, channel_mm=1.2)
SIDES = (Ellipse("water", -160.0, 0.0, 35.0, 45.0), Ellipse("water", 160.0, 0.0, 35.0, 45.0))

OBLIQUE = (Ellipse("water", -130.0, -75.0, 30.0, 30.0), Ellipse("water", 130.0, 75.0, 30.0, 30.0))


def water(*, n0=2e5, dtype=torch.float32, geometry=FAN, sigma_e=5.0):
    hu = torch.tensor(1000 * disc(GRID, radius_mm=95.0) - 1000, dtype=dtype)
    scan = CTScan.of(hu, spacing_mm=GRID.spacing_mm, n0=n0, kernel=STANDARD)
    return replace(scan, geometry=geometry, bowtie_mm=200.0, electronic_noise=sigma_e)


def pair_of(scan, picture):
    return Pair(scan.hu, picture, View("ct", "abdomen", Display("window", -160.0, 240.0), scan.hu > -500, scan.spacing_mm), scan, None)


def logarithms(scan, path_mm, seed=11):
    """p' - p along all rays after `path_mm` of water more, through the scanner's own events."""
    girth = Girth(SIDES, path_mm)
    quanta = beam_of(scan).air * torch.exp(-Starving(girth).apply(beam_of(scan).rays, scan)) * scan.n0
    signal = LostSignal(seed).apply(LostQuanta(seed).apply(quanta, scan), scan)
    measured = BeyondThePicture(girth).apply(-torch.log(signal.clamp_min(0.5) / (beam_of(scan).air * scan.n0)), scan)
    return (measured - beam_of(scan).rays).double(), quanta.double(), (beam_of(scan).expected * scan.n0).double()


def test_the_added_variance_is_what_the_source_lacks(oracle):
    """1 / N' - 1 / N + sigma_e^2 (1 / N'^2 - 1 / N^2) on rays of more than 200 quanta, and hardly a bias."""
    scan = replace(water(n0=1e6, dtype=torch.float64), crosstalk=0.0)
    error, after, before = logarithms(scan, 60.0)
    many = (after > 200) & (after < 0.7 * before)
    variance = 1 / after - 1 / before + 25.0 * (1 / after**2 - 1 / before**2)
    oracle("ct_photon_starvation", "variance of rays that lost quanta", float((error[many] ** 2 / variance[many]).mean()) - 1, below=0.03)
    untouched = after >= before * (1 - 1e-12)
    assert float(error[untouched].abs().max()) < 1e-5


def test_few_quanta_bias_the_logarithm_as_tabulated(oracle):
    """Rays of 10 quanta with five of electronic noise: bias 0.255, variance 0.82, 4.4 % at or below zero (table of the logarithm of few quanta)."""
    scan = replace(water(n0=1e9, dtype=torch.float64), crosstalk=0.0)
    quanta = torch.full_like(beam_of(scan).expected, 10.0)
    signal = LostSignal(4).apply(LostQuanta(4).apply(quanta, scan), scan)
    error = -torch.log(signal.clamp_min(0.5) / 10.0)
    oracle("ct_photon_starvation", "bias of ten quanta", float(error.mean()) / 0.255 - 1, below=0.04)
    oracle("ct_photon_starvation", "variance of ten quanta", float(error.var()) / 0.82 - 1, below=0.04)
    assert float((signal <= 0).double().mean()) == pytest.approx(0.044, abs=0.004)


@pytest.mark.parametrize("geometry", [FAN, PARALLEL])
@pytest.mark.parametrize(
    ("limbs", "direction_deg"), [(SIDES, 0.0), ((Ellipse("water", -130.0, -75.0, 30.0, 30.0), Ellipse("water", 130.0, 75.0, 30.0, 30.0)), 30.0)]
)
def test_streaks_run_along_the_line_of_the_limbs(geometry, limbs, direction_deg, oracle):
    """Within a sector of the measure (15 degrees); several times as strong as across, where low dose makes an even grain (the toy: isotropic noise)."""
    scan = water(geometry=geometry)
    pair = pair_of(scan, acquire(starve(scan, 180.0, limbs=limbs, seed=2)))
    off = (streak_direction(pair).value - direction_deg + 90) % 180 - 90
    oracle("ct_photon_starvation", "direction of the streaks, degrees", off, below=12.0)
    even = pair_of(scan, acquire(lower_dose(scan, 0.2, seed=2)))
    assert noise_anisotropy(pair).value > 4 * noise_anisotropy(even).value


def test_the_limbs_themselves_are_not_in_the_picture():
    """With quanta in plenty and no electronic noise nothing changes by more than a few HU, and the mean not at all."""
    scan = water(n0=5e9, sigma_e=0.0)
    change = (acquire(starve(scan, 100.0, limbs=SIDES, seed=2)) - scan.hu).numpy()
    inside = scan.hu.numpy() > -500
    assert abs(change[inside].mean()) < 0.2
    assert change[inside].std() < 5.0


def test_noise_of_a_ladder_only_grows():
    """Longer paths, more noise; the limit leaves a finite picture within what 12 bits store."""
    scan = water()
    inside = scan.hu > -500
    pictures = [acquire(starve(scan, path, limbs=SIDES, seed=7)) for path in (20.0, 60.0, 120.0, 200.0, 500.0)]
    sizes = [float((picture - scan.hu)[inside].std()) for picture in pictures]
    assert sizes == sorted(sizes)
    assert bool(torch.isfinite(pictures[-1]).all())
    assert float(pictures[-1].max()) <= 3071.0


def test_it_composes_with_metal_and_with_a_lower_dose_in_any_order():
    """The same picture whichever edit comes first."""
    scan = water()
    steel = (Ellipse("steel", 30.0, 10.0, 3.0, 3.0),)
    edits = (
        lambda s: starve(s, 80.0, limbs=SIDES, seed=2),
        lambda s: insert_metal(s, steel, seed=5),
        lambda s: lower_dose(s, 0.4, seed=9),
    )
    first = acquire(edits[2](edits[1](edits[0](scan))))
    last = acquire(edits[0](edits[1](edits[2](scan))))
    torch.testing.assert_close(first, last, rtol=1e-4, atol=0.05)


def test_two_losses_add_the_noise_of_one():
    """Half of the quanta in matter, then half of the dose: the variance of a quarter."""
    scan = replace(water(n0=1e7, dtype=torch.float64), electronic_noise=0.0, crosstalk=0.0)
    source = beam_of(scan).expected * scan.n0
    thinned = LostQuanta(3).apply(source * 0.5, scan)
    dosed = lower_dose(scan, 0.5, seed=8).events[0].apply(thinned, scan)
    z = (dosed - 0.25 * source) / (0.25 * 0.75 * source).sqrt()
    assert float(z.var()) == pytest.approx(1.0, abs=0.02)


def test_nothing_added_is_the_scan_itself_and_nonsense_is_refused():
    """The same object at 0; negative paths, no limb, negative noise; limbs asked for twice."""
    scan = water()
    assert starve(scan, 0.0, limbs=SIDES, seed=1) is scan
    for options in ({"longest_mm": -1.0, "limbs": SIDES}, {"longest_mm": 10.0, "limbs": ()}, {"longest_mm": math.inf, "limbs": SIDES}):
        with pytest.raises(ValueError, match="longest_mm"):
            starve(scan, seed=1, **options)
    with pytest.raises(EditConflict, match="limbs lengthen"):
        starve(starve(scan, 10.0, limbs=SIDES, seed=1), 10.0, limbs=SIDES, seed=1)
    assert np.isfinite(acquire(starve(scan, 10.0, limbs=SIDES, seed=1)).numpy()).all()


@pytest.mark.parametrize("geometry", [FAN, PARALLEL], ids=["fan", "parallel"])
def test_limbs_lengthen_each_ray_by_their_chords(geometry):
    """Two discs of 30 mm: the sum of 2 sqrt(r^2 - d^2) at each ray's own angle, scaled so that the longest is 80 mm of water."""
    gamma = (np.arange(444) - 221.5 + 0.25) * 2.0478 / 949.0
    theta, s = (2 * math.pi * np.arange(360)[:, None] / 360 + gamma, 541.0 * np.sin(gamma)) if geometry is FAN else (geometry.theta()[:, None], geometry.s_mm())
    chords = sum(2 * np.sqrt(np.maximum(900.0 - (s - x * np.cos(theta) - y * np.sin(theta)) ** 2, 0.0)) for x, y in ((-130.0, -75.0), (130.0, 75.0)))
    found = Girth(OBLIQUE, 80.0).added(water(geometry=geometry, dtype=torch.float64)).numpy()
    np.testing.assert_allclose(found, 80.0 * water().mu_water * chords / chords.max(), atol=1e-9)
