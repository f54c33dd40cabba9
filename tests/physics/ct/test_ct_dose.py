"""Low dose: the statistics of quanta, the logarithm, and a picture that gains only what it lacks."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc
from scipy.stats import poisson

from physics.ct import CTScan, Stage, lower_dose
from physics.ct.acquire import beam_of, rays_of
from physics.ct.dose import ElectronicNoise, QuantumNoise, poisson_of
from physics.ct.fbp import noise_variance, reconstruct
from physics.ct.geometry import Fan, Grid
from physics.ct.kernel import STANDARD
from physics.ct.quanta import rays_through
from physics.scan import EditConflict, acquire

GRID = Grid((160, 160), (1.6, 1.6))
COARSE = Fan(n_views=360, n_channels=230, channel_mm=2.5)


def scan_of(radius_mm=100.0, n0=2e5, dtype=torch.float32, **changes):
    hu = torch.tensor(1000 * disc(GRID, radius_mm=radius_mm) - 1000, dtype=dtype)
    scan = CTScan.of(hu, spacing_mm=GRID.spacing_mm, n0=n0, kernel=STANDARD)
    return replace(scan, **{"bowtie_mm": 200.0, "geometry": COARSE, **changes})


def central_sigma(scan, half=25):
    change = (acquire(scan) - scan.hu).double().numpy()
    return change[80 - half : 80 + half, 80 - half : 80 + half].std()


@pytest.mark.parametrize("mean", [0.0, 0.2, 1.0, 3.0, 7.5, 11.9])
def test_few_quanta_are_poisson_quantiles(mean):
    """Below 12 quanta the counts are SciPy's quantiles of the same probabilities."""
    z = torch.tensor(np.linspace(-3.5, 4.5, 2001))
    expected = poisson.ppf(0.5 * (1 + np.vectorize(math.erf)(z.numpy() / math.sqrt(2))), mean) if mean else np.zeros(2001)
    found = poisson_of(torch.full((2001,), mean, dtype=torch.float64), z).numpy()
    assert np.mean(found == expected) > 0.999


@pytest.mark.parametrize("mean", [12.1, 30.0, 400.0])
def test_many_quanta_are_the_quantiles_before_rounding(mean):
    """From 12 quanta on the counts lie within three quarters of a quantum of SciPy's quantiles, far into both tails, so that both branches
    rise with the normal."""
    z = torch.tensor(np.linspace(-3.0, 3.5, 301))
    expected = poisson.ppf(0.5 * (1 + np.vectorize(math.erf)(z.numpy() / math.sqrt(2))), mean)
    assert np.abs(poisson_of(torch.full((301,), mean, dtype=torch.float64), z).numpy() - expected).max() < 0.75


def test_both_noises_are_drawn_by_numpy_from_the_seed_with_streams_of_their_own():
    """Quanta from stream 0, electronics from stream 1 of the seed, in single precision: what a replay on another machine draws."""
    normals = [np.random.Generator(np.random.PCG64(np.random.SeedSequence(77, spawn_key=(k,)))).standard_normal((4, 6), dtype=np.float32) for k in (0, 1)]
    quanta = torch.full((4, 6), 1e8, dtype=torch.float64)
    thinned = (QuantumNoise(0.5, 77).apply(quanta, scan_of()) - 5e7) / math.sqrt(0.25e8)
    np.testing.assert_allclose(thinned, normals[0], atol=1e-3)
    electronic = (ElectronicNoise(0.6, 77).apply(quanta, scan_of(electronic_noise=5.0)) - 1e8) / (5.0 * 0.8)
    np.testing.assert_allclose(electronic, normals[1], atol=1e-6)


@pytest.mark.parametrize("mean", [1.0, 5.0, 12.5, 40.0, 1000.0])
def test_counts_have_the_moments_of_poisson(mean):
    """Mean and variance lambda, skewness lambda^-1/2."""
    z = torch.tensor(np.random.default_rng(1).standard_normal(400_000))
    k = poisson_of(torch.full_like(z, mean), z).numpy()
    assert k.mean() == pytest.approx(mean, rel=0.006)
    assert k.var() == pytest.approx(mean, rel=0.012)
    assert ((k - k.mean()) ** 3).mean() / k.std() ** 3 == pytest.approx(mean**-0.5, abs=0.03)
    assert k.min() >= 0


def post_log(n, sigma_e, size=400_000):
    """p' - p of the scanner's own chain for a mean of n quanta at a vanishing share of the dose."""
    share, rng = 1e-5, 17
    quanta = torch.full((size // 400, 400), n / share, dtype=torch.float64)
    scan = scan_of(electronic_noise=sigma_e)
    signal = ElectronicNoise(share, rng).apply(QuantumNoise(share, rng).apply(quanta, scan), scan)
    assert signal.shape == quanta.shape
    return -torch.log(signal.clamp_min(0.5) / n).numpy(), signal.numpy()


@pytest.mark.parametrize(
    ("n", "bias", "variance"),
    [(3, 0.178, 0.437), (10, 0.055, 0.120), (30, 0.017, 0.0352), (100, 0.0049, 0.01015), (1000, 0.0005, 0.00100)],
)
def test_the_logarithm_of_few_quanta_is_biased_as_tabulated(n, bias, variance):
    """Post-log bias and variance without electronic noise, floor at half a quantum."""
    p, _ = post_log(n, 0.0)
    assert p.mean() == pytest.approx(bias, rel=0.04, abs=2e-4)
    assert p.var() == pytest.approx(variance, rel=0.02)


@pytest.mark.parametrize(
    ("n", "below", "bias", "variance"),
    [(3, 0.286, 0.294, 1.45), (10, 0.044, 0.255, 0.82), (30, 0.0, 0.034, 0.073), (100, 0.0, 0.0063, 0.0128), (1000, 0.0, 0.0005, 0.00103)],
)
def test_electronic_noise_adds_its_own(n, below, bias, variance):
    """The same with five quanta of electronic noise; the share of signals at or below zero too."""
    p, signal = post_log(n, 5.0)
    assert (signal <= 0).mean() == pytest.approx(below, abs=0.004)
    assert p.mean() == pytest.approx(bias, rel=0.03, abs=3e-4)
    assert p.var() == pytest.approx(variance, rel=0.02)


def test_thinning_adds_what_the_source_lacks(oracle):
    """At a share a: mean a N, variance a (1 - a) N; electronic noise (1 - a^2) sigma_e^2."""
    quanta = torch.full((600, 700), 800.0, dtype=torch.float64)
    scan = scan_of(electronic_noise=6.0)
    drawn = QuantumNoise(0.6, 5).apply(quanta, scan).numpy()
    assert drawn.mean() == pytest.approx(480, rel=1e-3)
    oracle("ct_low_dose", "variance of thinned quanta, of a (1 - a) N", drawn.var() / (0.6 * 0.4 * 800) - 1, below=0.01)
    electronic = ElectronicNoise(0.6, 5).apply(quanta, scan).numpy() - 800
    assert electronic.mean() == pytest.approx(0, abs=0.05)
    oracle("ct_low_dose", "added electronic noise, of its deviation", electronic.std() / (6 * 0.8) - 1, below=0.01)
    assert abs(np.corrcoef(drawn.ravel(), electronic.ravel())[0, 1]) < 0.01


def test_noise_of_a_ladder_is_one_noise_that_grows():
    """One seed: noises of neighbouring doses correlate above 0.97, sizes rise at each step; another seed is another noise."""
    scan = scan_of()
    changes = [(acquire(lower_dose(scan, a, seed=4)) - scan.hu).numpy()[40:120, 40:120].ravel() for a in (0.7, 0.5, 0.3, 0.15, 0.07)]
    sizes = [c.std() for c in changes]
    assert sizes == sorted(sizes)
    assert all(np.corrcoef(a, b)[0, 1] > 0.97 for a, b in itertools.pairwise(changes))
    other = (acquire(lower_dose(scan, 0.3, seed=5)) - scan.hu).numpy()[40:120, 40:120].ravel()
    assert abs(np.corrcoef(changes[2], other)[0, 1]) < 0.1


def test_noise_rises_as_dose_to_the_minus_half(oracle):
    """Total noise (source and added) ~ a^-1/2, slope -0.50 +- 0.02, as long as quanta rule."""
    scan = scan_of(n0=5e6, electronic_noise=0.0)
    doses = np.array([0.5, 0.2, 0.08, 0.03])
    added = np.array([central_sigma(lower_dose(scan, a, seed=6)) for a in doses])
    source = added[0] / math.sqrt((1 - 0.5) / 0.5)
    slope = np.polyfit(np.log(doses), np.log(np.hypot(added, source)), 1)[0]
    oracle("ct_low_dose", "exponent of noise over dose, plus 1/2", slope + 0.5, below=0.02)


def test_electronic_noise_rises_as_one_over_dose():
    """Where electronics rule, the slope is -1 +- 0.05."""
    scan = scan_of(n0=1e9, electronic_noise=5e4)
    doses = np.array([0.2, 0.1, 0.05])
    slope = np.polyfit(np.log(doses), np.log([central_sigma(lower_dose(scan, a, seed=6)) for a in doses]), 1)[0]
    assert slope == pytest.approx(-1.0, abs=0.05)


def predicted_hu(scan, a, points):
    """The closed formula at points: var = (1-a)/(a N) + (1-a^2) sigma_e^2/(a N)^2 in each ray, carried through the reconstruction."""
    s, channel = rays_through(points, scan.geometry)
    n = beam_of(scan).expected.double().numpy()[np.arange(s.shape[0])[:, None], channel] * scan.n0
    variance = noise_variance((1 - a) / (a * n), scan.geometry, s_mm=s, kernel=scan.kernel, crosstalk=scan.crosstalk)
    variance = variance + noise_variance((1 - a**2) * scan.electronic_noise**2 / (a * n) ** 2, scan.geometry, s_mm=s, kernel=scan.kernel)
    return np.sqrt(variance) * 1000 / scan.mu_water


def test_noise_of_the_picture_is_the_closed_formula_in_the_middle_and_at_the_rim(oracle):
    """Middle and rim of a water disc within 3 %: exp(p), bowtie, current, electronic noise and crosstalk all enter."""
    scan = scan_of(n0=3e5, electronic_noise=8.0, bowtie_mm=320.0, modulation=0.3)
    a, n_seeds = 0.15, 6
    y, x = GRID.centred_mm()
    radius = np.hypot(y[:, None], x[None])
    power = np.mean([((acquire(lower_dose(scan, a, seed=seed)) - scan.hu).numpy()) ** 2 for seed in range(n_seeds)], axis=0)
    ratios = []
    for low, high in ((0, 30), (80, 94)):
        ring = (radius >= low) & (radius < high)
        angle = np.linspace(0, 2 * math.pi, 24, endpoint=False)
        middle = math.sqrt(0.5 * (low**2 + high**2))
        expected = predicted_hu(scan, a, np.stack((middle * np.cos(angle), middle * np.sin(angle)), axis=1))
        found = math.sqrt(power[ring].mean())
        oracle("ct_low_dose", "noise of the picture beside the closed formula, middle and rim", found / math.sqrt(np.mean(expected**2)) - 1, below=0.03)
        ratios.append(found)
    assert ratios[0] > 1.1 * ratios[1]


def test_the_variance_of_a_ray_grows_with_the_exponent_of_its_path(oracle):
    """Without filter and electronics var(p) N0 a / (1 - a) = exp(p), within 5 % from thin to thick."""
    scan = scan_of(n0=2e6)
    p = rays_of(scan).numpy()
    quanta = scan.n0 * torch.exp(-rays_of(scan))
    noisy = -np.log(QuantumNoise(0.25, 3).apply(quanta, scan).numpy() / (0.25 * scan.n0)) - p
    for low in (0.5, 1.5, 2.5, 3.3):
        at = (p > low) & (p < low + 0.4)
        found = (noisy[at] ** 2 * np.exp(-p[at])).mean() * 0.25 * scan.n0 / 0.75
        oracle("ct_low_dose", "variance of rays over (1 - a) e^p / (a N0), from thin to thick", found - 1, below=0.05)


def simulated(scan, dose, seed, noisy_rays=None):
    """An independent scan at a dose: Poisson counts, electronic noise, logarithm, reconstruction of the whole; nothing of the insertion is used."""
    rng = np.random.default_rng(seed)
    expected = beam_of(scan).expected.double().numpy() * scan.n0 * dose
    counts = rng.poisson(expected).astype(np.float64)
    c = scan.crosstalk
    mixed = (1 - 2 * c) * counts
    mixed[:, 1:] += c * counts[:, :-1]
    mixed[:, :-1] += c * counts[:, 1:]
    mixed[:, 0] += c * counts[:, 0]
    mixed[:, -1] += c * counts[:, -1]
    signal = np.maximum(mixed + scan.electronic_noise * rng.standard_normal(counts.shape), 0.5)
    p = -np.log(signal / (scan.n0 * dose * beam_of(scan).air.double().numpy()))
    return reconstruct(torch.tensor(p, dtype=scan.hu.dtype), scan.geometry, grid=scan.grid, kernel=scan.kernel) * (1000 / scan.mu_water) - 1000


@pytest.mark.parametrize("a", [0.4, 0.08])
def test_insertion_equals_an_independent_scan_at_the_lower_dose(a, oracle):
    """Noise put into a noisy picture against a scan taken at that dose: sigma within 1.2 %, mean within a fiftieth of sigma, spectrum within 5 %."""
    truth = scan_of(n0=6e4, modulation=0.2)
    inserted, scanned = [], []
    for seed in range(24):
        noisy = replace(truth, hu=simulated(truth, 1.0, 100 + seed))
        inserted.append(acquire(lower_dose(noisy, a, seed=seed)).numpy()[40:120, 40:120])
        scanned.append(simulated(truth, a, 200 + seed).numpy()[40:120, 40:120])
    inserted, scanned = np.stack(inserted), np.stack(scanned)
    oracle("ct_low_dose", "inserted noise beside an independent scan at that dose, of its deviation", inserted.std() / scanned.std() - 1, below=0.012)
    assert inserted.mean() == pytest.approx(scanned.mean(), abs=0.02 * float(scanned.std()))
    f = np.hypot(np.fft.fftfreq(80)[:, None], np.fft.fftfreq(80)[None])
    power = [np.mean(np.abs(np.fft.fft2(x - x.mean(axis=(1, 2), keepdims=True))) ** 2, axis=0) for x in (inserted, scanned)]
    ratios = [float(power[0][ring].mean() / power[1][ring].mean()) for low in (0.1, 0.2, 0.3, 0.4) for ring in [(f >= low) & (f < low + 0.1)]]
    oracle("ct_low_dose", "inserted noise power beside that of an independent scan, rings", max(abs(ratio - 1) for ratio in ratios), below=0.05)


@pytest.mark.parametrize("n0", [1e-3, 1.0, 1e3])
def test_starved_rays_stay_finite(n0):
    """Next to no quanta, thick metal and strong electronic noise: finite everywhere, air outside still air to a reader of soft tissue."""
    hu = torch.tensor(1000 * disc(GRID, radius_mm=100.0) + 6000 * disc(GRID, radius_mm=20.0, centre_mm=(30, 10)) - 1000, dtype=torch.float32)
    scan = replace(CTScan.of(hu, spacing_mm=GRID.spacing_mm, n0=n0, kernel=STANDARD), electronic_noise=20.0)
    assert torch.isfinite(acquire(lower_dose(scan, 0.01, seed=1))).all()


def test_streaks_of_starvation_run_along_the_widest_diameter():
    """A wide body without tube-current modulation: the added noise varies slowly along the rows and fast across them; turned by 90 degrees it turns along;
    modulation evens it."""
    y, x = GRID.centred_mm()
    wide = torch.tensor(np.where((x[None] / 115) ** 2 + (y[:, None] / 55) ** 2 < 1, 0.0, -1000.0), dtype=torch.float32)

    def ratio(hu, modulation):
        scan = CTScan.of(hu, spacing_mm=GRID.spacing_mm, n0=2e4, kernel=STANDARD)
        noise = (acquire(lower_dose(scan, 0.1, seed=2, modulation=modulation)) - hu).numpy()[60:100, 60:100]
        return np.diff(noise, axis=0).var() / np.diff(noise, axis=1).var()

    assert ratio(wide, 0.0) > 1.5
    assert ratio(wide.T.contiguous(), 0.0) < 1 / 1.5
    assert ratio(wide, 0.9) < 0.75 * ratio(wide, 0.0)


def test_the_same_seed_is_the_same_picture_and_the_source_is_not_touched():
    """Byte for byte; the source keeps its bytes."""
    scan = scan_of()
    before = scan.hu.clone()
    assert torch.equal(acquire(lower_dose(scan, 0.1, seed=8)), acquire(lower_dose(scan, 0.1, seed=8)))
    assert torch.equal(scan.hu, before)


def test_doses_that_make_no_sense_are_refused():
    """Zero, more than the source's, or a dose lowered twice."""
    scan = scan_of()
    for fraction in (0.0, -0.1, 1.5):
        with pytest.raises(ValueError, match="fraction"):
            lower_dose(scan, fraction, seed=1)
    with pytest.raises(EditConflict, match="already"):
        lower_dose(lower_dose(scan, 0.5, seed=1), 0.5, seed=2)


def test_the_edit_is_two_events_of_their_own_stages():
    """Quanta before the crosstalk, electronics after it; dose and modulation are fields."""
    scan = lower_dose(scan_of(), 0.3, seed=7, modulation=0.25)
    assert [event.stage for event in scan.events] == [Stage.QUANTA, Stage.DETECTOR]
    assert (scan.dose, scan.modulation) == (0.3, 0.25)


def test_the_tails_of_many_quanta_are_no_further_off_than_their_middle():
    """Over unit stretches of the normal, rounding apart, the counts are SciPy's quantiles in the mean, in the tails as in the middle."""
    off = []
    for low in (-3.2, -0.5, 2.5):
        z = torch.linspace(low, low + 1, 4001, dtype=torch.float64)
        exact = poisson.ppf(0.5 * (1 + np.vectorize(math.erf)(z.numpy() / math.sqrt(2))), 16.0)
        off.append(float((exact - poisson_of(torch.full_like(z, 16.0), z).numpy()).mean()))
    assert off == pytest.approx([0.0] * 3, abs=0.06)
