"""The look of iterative reconstruction: closed forms of total variation, and what becomes of grain and edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from ct_phantoms import disc
from scipy.ndimage import gaussian_filter

from physics.ct import CTScan, lower_dose
from physics.ct.fbp import reconstruct
from physics.ct.geometry import Grid, Parallel
from physics.ct.iterative_look import USUAL_NOISE_HU, IterativeLook, look_iterative, total_variation_prox
from physics.ct.kernel import STANDARD
from physics.ct.source_noise import measured_noise_hu
from physics.scan import EditConflict, acquire

SQUARE, OBLONG = Grid((200, 200), (0.6, 0.6)), Grid((161, 200), (0.8, 0.6))


def objective(u, x, weight, spacing_mm):
    down, right = np.zeros_like(u), np.zeros_like(u)
    down[:-1], right[:, :-1] = np.diff(u, axis=0) / spacing_mm[0], np.diff(u, axis=1) / spacing_mm[1]
    return float(0.5 * np.sum((u - x) ** 2) + weight * np.hypot(down, right).sum())


@pytest.mark.parametrize("grid", [SQUARE, OBLONG], ids=["square", "oblong"])
@pytest.mark.parametrize("radius_mm", [8.0, 20.0])
def test_a_disc_loses_two_weights_over_its_radius(grid, radius_mm, oracle):
    """Height h of a disc of radius r in a wide field: h - 2 w / r inside, the outside rises by the perimeter w over its own area; the edge stays in place.
    A Gaussian blur, the toy, would leave the height and move the edge."""
    height, weight = 100.0, 60.0
    shape = disc(grid, radius_mm=radius_mm, centre_mm=(3.0, -5.0))
    u = total_variation_prox(torch.tensor(height * shape), weight=weight, spacing_mm=grid.spacing_mm, iterations=1500).numpy()
    y, x = grid.centred_mm()
    away = np.hypot(x[None] - 3.0, y[:, None] + 5.0)
    area = grid.shape[0] * grid.shape[1] * grid.spacing_mm[0] * grid.spacing_mm[1] - math.pi * radius_mm**2
    lost = height - float(np.median(u[away < radius_mm - 2]))
    oracle("ct_iterative_look", "height that a disc loses beside 2 w / r", lost / (2 * weight / radius_mm) - 1, below=0.06)
    assert float(np.median(u[away > radius_mm + 2])) == pytest.approx(weight * 2 * math.pi * radius_mm / area, rel=0.1)
    profile = u[:, np.abs(x - 3.0).argmin()]
    half = (profile.max() + profile.min()) / 2
    width = float((profile > half).sum()) * grid.spacing_mm[0]
    assert width == pytest.approx(2 * radius_mm, abs=1.2 * grid.spacing_mm[0])


def test_the_objective_falls_with_every_step_and_nearly_to_its_minimum():
    """On grain and an edge: from 5 steps to 1500; 200 steps are within a hundredth of what can be gained."""
    rng = np.random.default_rng(2)
    x = gaussian_filter(rng.normal(0, 40, (160, 150)), 1.0) + 200 * disc(Grid((160, 150), (0.7, 0.5)), radius_mm=20.0)
    spacing = (0.7, 0.5)
    found = [
        objective(total_variation_prox(torch.tensor(x), weight=15.0, spacing_mm=spacing, iterations=n).numpy(), x, 15.0, spacing)
        for n in (5, 20, 80, 200, 1500)
    ]
    assert found == sorted(found, reverse=True)
    start = objective(x, x, 15.0, spacing)
    assert (found[3] - found[4]) < 0.01 * (start - found[4])


def test_means_and_flat_pictures_stay():
    """The mean is kept to rounding, a constant is kept as it is, weight 0 is the picture; a step from wall to wall keeps its place."""
    x = torch.tensor(np.random.default_rng(1).normal(30, 10, (90, 80)))
    u = total_variation_prox(x, weight=8.0, spacing_mm=(0.5, 0.8))
    assert float(u.mean()) == pytest.approx(float(x.mean()), abs=1e-9)
    flat = torch.full((50, 60), 17.0)
    torch.testing.assert_close(total_variation_prox(flat, weight=5.0, spacing_mm=(1.0, 1.0)), flat)
    assert total_variation_prox(x, weight=0.0, spacing_mm=(1.0, 1.0)) is x
    wall = torch.zeros((60, 60), dtype=torch.float64)
    wall[:, 25:] = 100.0
    u = total_variation_prox(wall, weight=50.0, spacing_mm=(1.0, 1.0), iterations=800)
    torch.testing.assert_close(u[:, 24], torch.full((60,), 50.0 / 25, dtype=torch.float64), atol=0.1, rtol=0)
    torch.testing.assert_close(u[:, 25], torch.full((60,), 100 - 50.0 / 35, dtype=torch.float64), atol=0.1, rtol=0)


@pytest.mark.parametrize("spacing_mm", [(0.7, 1.3), (1.3, 0.7)])
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_each_step_is_that_of_the_published_algorithm(spacing_mm, steps):
    """Chambolle and Pock's algorithm 2 with gamma = 1 and tau = sigma = 1 / L, L^2 = 4 (1 / dy^2 + 1 / dx^2), written out with a matrix of differences."""
    shape, weight = (6, 9), 5.0
    x = np.random.default_rng(4).normal(0, 20, shape)
    one = [np.diff(np.eye(n), axis=0, append=np.eye(n)[-1:]) / mm for n, mm in zip(shape, spacing_mm, strict=True)]  # forward, nothing across the rim
    down, right = np.kron(one[0], np.eye(shape[1])), np.kron(np.eye(shape[0]), one[1])
    tau = sigma = 1 / (2 * math.hypot(1 / spacing_mm[0], 1 / spacing_mm[1]))
    u, leading, p, q = x.ravel(), x.ravel(), np.zeros(x.size), np.zeros(x.size)
    for _ in range(steps):
        p, q = p + sigma * down @ leading, q + sigma * right @ leading
        outside = np.maximum(np.hypot(p, q) / weight, 1.0)
        p, q = p / outside, q / outside
        moved = (u - tau * (down.T @ p + right.T @ q) + tau * x.ravel()) / (1 + tau)
        theta = 1 / math.sqrt(1 + 2 * tau)
        leading, u = moved + theta * (moved - u), moved
        tau, sigma = theta * tau, sigma / theta
    found = total_variation_prox(torch.tensor(x), weight=weight, spacing_mm=spacing_mm, iterations=steps).numpy()
    np.testing.assert_allclose(found.ravel(), u, atol=1e-9)


@pytest.mark.parametrize(("level", "noise"), [(40.0, None), (-700.0, USUAL_NOISE_HU)])
def test_the_picture_with_its_change_is_smoothed_by_its_own_noise(level, noise):
    """x = source and change, u = the least total variation beside x at strength times the noise of x, that of 12 HU where no soft tissue shows it; the change
    becomes x + share (u - x) less the source."""
    source = torch.full((90, 80), level, dtype=torch.float64)
    scan = CTScan.of(source, spacing_mm=(0.8, 0.9), n0=1e5, kernel=STANDARD)
    change = torch.tensor(gaussian_filter(np.random.default_rng(6).normal(0, 40, (90, 80)), 0.8)) + 5.0
    noise = noise or measured_noise_hu(source + change, spacing_mm=(0.8, 0.9))
    u = total_variation_prox(source + change, weight=0.5 * noise, spacing_mm=(0.8, 0.9))
    found = IterativeLook(0.5, 0.3).apply(change, scan)
    torch.testing.assert_close(found, 0.7 * (source + change) + 0.3 * u - source)
    assert float(found.std()) < 0.9 * float(change.std())


def grainy(sigma_hu=15.0, seed=3):
    """Water with the grain of a standard kernel, and beside it a bone of 800 HU."""
    grid, parallel = SQUARE, Parallel(n_views=400, n_channels=320, channel_mm=0.5)
    noise = reconstruct(torch.tensor(np.random.default_rng(seed).standard_normal((400, 320))), parallel, grid=grid, kernel=STANDARD).numpy()
    edge = gaussian_filter(800 * disc(grid, radius_mm=14.0, centre_mm=(28.0, 0.0)), 0.7)
    hu = 30 + sigma_hu * noise / noise.std() + edge
    return CTScan.of(torch.tensor(hu, dtype=torch.float64), spacing_mm=grid.spacing_mm, n0=1e6, kernel=STANDARD), edge


def mean_frequency(values):
    power = np.abs(np.fft.fft2((values - values.mean()) * np.hanning(values.shape[0])[:, None] * np.hanning(values.shape[1]))) ** 2
    nu = np.hypot(np.fft.fftfreq(values.shape[0], 0.6)[:, None], np.fft.fftfreq(values.shape[1], 0.6))
    return float((power * nu).sum() / power.sum())


def edge_width(values, edge):
    """10 to 90 % of the rise of the bone's edge along columns, averaged over the rim that looks along the rows."""
    rows = slice(95, 106)
    profile = values[rows, 100:147].mean(axis=0)
    low, high = np.median(profile[:8]), np.median(profile[-8:])
    at = [float(np.interp(low + share * (high - low), profile[10:35], np.arange(25))) for share in (0.1, 0.9)]
    return (at[1] - at[0]) * 0.6


def test_grain_gets_coarser_while_the_edge_stays(oracle):
    """At noise down by 30, 50 and 70 % the mean frequency of what is left is at most 0.9, 0.8 and 0.7 of that before; the bone's edge is as steep within a
    tenth. A Gaussian blur that takes as much noise makes the edge wider by a third and more."""
    scan, edge = grainy()
    soft = (slice(20, 180), slice(10, 90))
    before, before_width = scan.hu.numpy()[soft], edge_width(scan.hu.numpy(), edge)
    strengths = np.geomspace(0.03, 1.0, 20)
    pictures = [acquire(look_iterative(scan, float(strength))).numpy() for strength in strengths]
    left = np.array([picture[soft].std() for picture in pictures]) / before.std()
    assert np.all(np.diff(left) < 0)
    for share, most in ((0.7, 0.9), (0.5, 0.8), (0.3, 0.7)):
        picture = pictures[int(np.argmin(np.abs(left - share)))]
        ratio = mean_frequency(picture[soft]) / mean_frequency(before)
        assert ratio <= most, (share, ratio)
        oracle("ct_iterative_look", "width of a bone's edge beside that before", edge_width(picture, edge) / before_width - 1, below=0.1)
    blurred = gaussian_filter(scan.hu.numpy(), 1.3)
    assert blurred[soft].std() / before.std() == pytest.approx(0.4, abs=0.15)
    assert edge_width(blurred, edge) > 1.3 * before_width


def test_noise_falls_in_proportion_to_the_share(oracle):
    """Between the picture and the one without noise the change is linear in the share."""
    scan, _ = grainy()
    whole = acquire(look_iterative(scan, 0.5)) - scan.hu
    half = acquire(look_iterative(scan, 0.5, share=0.4)) - scan.hu
    oracle("ct_iterative_look", "change at a share of 0.4 beside 0.4 of the whole, HU", float((half - 0.4 * whole).abs().max()), below=1e-6)


def test_it_works_on_the_noise_that_there_is():
    """Low dose and look commute; at a tenth of the dose the weight grows with the noise, and takes most of what was added."""
    scan, _ = grainy(sigma_hu=6.0)
    scan = CTScan.of(scan.hu.float(), spacing_mm=scan.spacing_mm, n0=3e5, kernel=STANDARD)
    one, two = look_iterative(lower_dose(scan, 0.1, seed=2), 0.5), lower_dose(look_iterative(scan, 0.5), 0.1, seed=2)
    assert torch.equal(acquire(one), acquire(two))
    soft = (slice(20, 180), slice(10, 90))
    assert float(acquire(one)[soft].std()) < 0.6 * float(acquire(lower_dose(scan, 0.1, seed=2))[soft].std())


def test_neutral_conflicts_and_nonsense():
    """Strength 0 is the scan; once only; shares and strengths are checked."""
    scan, _ = grainy()
    assert look_iterative(scan, 0.0) is scan
    assert isinstance(look_iterative(scan, 1.0).events[0], IterativeLook)
    with pytest.raises(EditConflict, match="iterative"):
        look_iterative(look_iterative(scan, 1.0), 1.0)
    for strength, share in ((-1.0, 1.0), (1.0, 0.0), (1.0, 1.1)):
        with pytest.raises(ValueError, match="share"):
            look_iterative(scan, strength, share=share)
