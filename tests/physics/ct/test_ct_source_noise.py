"""The noise of a source: size, grain, and the quanta behind it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc
from scipy.ndimage import gaussian_filter, uniform_filter

from physics.ct import CTScan, lower_dose, quanta
from physics.ct.fbp import reconstruct
from physics.ct.geometry import FAN, Fan, Grid, Parallel
from physics.ct.kernel import BONE, SHARP, SMOOTH, STANDARD
from physics.ct.quanta import MOST_QUANTA, calibrated_n0, rays_through, typical_n0
from physics.ct.source_noise import commonest, fine_share, grain_frequency_per_mm, matched_kernel, measured_noise_hu, soft_windows, stretched, window_px
from physics.scan import acquire

GRID = Grid((320, 300), (0.7, 0.8))


def grain(kernel, seed=1):
    rays = torch.tensor(np.random.default_rng(seed).standard_normal((FAN.n_views, FAN.n_channels)).astype(np.float32))
    picture = reconstruct(rays, FAN, grid=GRID, kernel=kernel).numpy()
    return picture / picture[60:-60, 60:-60].std()


def organs():
    """A body of water with a liver at 60 HU, fat, and a spine: edges, and a gradient over the field."""
    y, x = GRID.centred_mm()
    body = 1000 * disc(GRID, radius_mm=105.0) - 1000 + 60 * disc(GRID, radius_mm=55.0, centre_mm=(-30, 5)) + 600 * disc(GRID, radius_mm=12.0, centre_mm=(0, 75))
    return body - 100 * disc(GRID, radius_mm=20.0, centre_mm=(60, -40)) + (x[None] + y[:, None]) * 0.05


@pytest.mark.parametrize("sigma", [4.0, 25.0])
@pytest.mark.parametrize("kernel", [SMOOTH, STANDARD, SHARP], ids=lambda k: k.name)
def test_noise_on_organs_is_found_with_its_size(sigma, kernel):
    """Grain of known size on organs with edges and a gradient, within 6 %."""
    picture = torch.tensor(organs() + sigma * grain(kernel), dtype=torch.float32)
    assert measured_noise_hu(picture, spacing_mm=GRID.spacing_mm, kernel=kernel) == pytest.approx(sigma, rel=0.06)


def test_what_the_high_pass_takes_is_put_back():
    """The share of a coarse grain that is left is less than that of a fine one; between 0.8 and 1."""
    assert 0.8 < fine_share(SMOOTH) < fine_share(STANDARD) < fine_share(BONE) < 1.0


def test_where_no_soft_tissue_is_nothing_is_measured():
    """Air and bone have no soft tissue."""
    assert measured_noise_hu(torch.full((100, 100), -1000.0), spacing_mm=(1.0, 1.0)) is None
    assert measured_noise_hu(torch.full((100, 100), 900.0), spacing_mm=(1.0, 1.0)) is None
    assert grain_frequency_per_mm(torch.full((100, 100), 900.0), spacing_mm=(1.0, 1.0)) is None


def test_the_window_is_ten_millimetres_whatever_the_pixels():
    """Odd, at least five."""
    assert window_px((1.0, 0.52)) == (9, 19)
    assert window_px((5.0, 0.7)) == (5, 15)


@pytest.mark.parametrize("kernel", [SMOOTH, STANDARD, stretched(STANDARD, 1.2)], ids=["smooth", "standard", "sharper"])
def test_the_kernel_is_found_by_its_grain(kernel):
    """The mean frequency of the matched kernel's grain is the source's within 6 %, whatever name the header had."""
    source = torch.tensor(organs() + 15 * grain(kernel), dtype=torch.float32)
    found = matched_kernel(source, spacing_mm=GRID.spacing_mm, otherwise=BONE)
    again = torch.tensor(organs() + 15 * grain(found, seed=2), dtype=torch.float32)
    wanted = grain_frequency_per_mm(source, spacing_mm=GRID.spacing_mm)
    assert grain_frequency_per_mm(again, spacing_mm=GRID.spacing_mm) == pytest.approx(wanted, rel=0.06)
    if kernel is not SMOOTH:  # its grain has another shape, only its mean is matched
        assert found.cutoff_per_mm == pytest.approx(kernel.cutoff_per_mm, rel=0.1)


def test_a_source_without_grain_keeps_the_kernel_of_its_header():
    """No homogeneous tissue, no match."""
    assert matched_kernel(torch.full((100, 100), -1000.0), spacing_mm=(1.0, 1.0), otherwise=SHARP) is SHARP


def test_stretching_scales_all_frequencies():
    """The stretched kernel at t f is the kernel at f."""
    f = np.linspace(0, 1.0, 50)
    np.testing.assert_allclose(stretched(BONE, 1.3)(1.3 * f), BONE(f), rtol=1e-12)


@pytest.mark.parametrize("geometry", [FAN, Fan(n_channels=301, channel_mm=3.0, offset=-0.3), Parallel(n_views=40, n_channels=301, channel_mm=1.1)])
def test_rays_through_a_point_pass_through_it(geometry):
    """The channel found is the one whose line x cos(theta) + y sin(theta) = s comes nearest to the point, at every view."""
    points = np.array([[40.0, -70.0], [-15.0, 22.0]])
    s, channel = rays_through(points, geometry)
    theta = geometry.theta()[:, None] + (geometry.gamma()[None] if geometry.beam == "fan" else 0 * geometry.s_mm()[None])
    for index, (x, y) in enumerate(points):
        distance = np.abs(x * np.cos(theta) + y * np.sin(theta) - geometry.s_mm()[None])
        at = np.arange(len(theta))
        assert (distance[at, channel[:, index]] <= geometry.pitch_mm().max() * 0.6).all()  # half a channel, magnified on the far side
        assert np.abs(s[:, index] - geometry.s_mm()[channel[:, index]]).max() <= geometry.pitch_mm().max() * 0.6


@pytest.mark.parametrize(("n0", "modulation"), [(3e4, 0.0), (4e5, 0.4)])
def test_the_quanta_of_a_simulated_scan_are_found_from_its_noise(n0, modulation):
    """N0 within 12 % (6 % in sigma), from the picture alone, with organs in it."""
    clean = CTScan.of(torch.tensor(organs(), dtype=torch.float32), spacing_mm=GRID.spacing_mm, n0=n0 / 0.001, kernel=STANDARD)
    clean = replace(clean, modulation=modulation, electronic_noise=5.0 / 1.0)
    source = acquire(lower_dose(clean, 0.001, seed=3))  # a thousandth of a thousand times the quanta: all noise of n0 is new
    scan = replace(CTScan.of(source, spacing_mm=GRID.spacing_mm, kernel=STANDARD), modulation=modulation)
    assert calibrated_n0(scan) == pytest.approx(n0, rel=0.12)
    given = replace(CTScan.of(torch.tensor(organs(), dtype=torch.float32), spacing_mm=GRID.spacing_mm, kernel=STANDARD), source_noise_hu=10.0)
    twice = replace(given, source_noise_hu=20.0, electronic_noise=0.0)
    assert calibrated_n0(replace(given, electronic_noise=0.0)) == pytest.approx(4 * calibrated_n0(twice), rel=1e-6)


def test_a_source_without_noise_has_at_most_five_million_quanta():
    """Phantoms and denoised pictures."""
    clean = CTScan.of(torch.tensor(organs(), dtype=torch.float32), spacing_mm=GRID.spacing_mm, kernel=STANDARD)
    assert calibrated_n0(clean) == MOST_QUANTA


def test_without_soft_tissue_the_scan_is_a_typical_one():
    """4.75e5 quanta at 200 mAs and 120 kVp, in proportion to mAs, rising with the voltage."""
    air = CTScan.of(torch.full((64, 64), -1000.0), spacing_mm=(3.0, 3.0), mas=100.0)
    assert calibrated_n0(air) == pytest.approx(4.75e5 / 2)
    assert typical_n0(mas=None, kvp=120.0) == pytest.approx(4.75e5)
    assert typical_n0(mas=200.0, kvp=140.0) == pytest.approx(4.75e5 * (140 / 120) ** 2.6)


def test_quantum_and_electronic_noise_add_in_the_calibration():
    """With A1 read off a scan without electronics and A2 off one that has little else, sigma^2 = A1 / N + A2 sigma_e^2 / N^2 holds between; the most quanta are
    reached from below."""
    plain = replace(CTScan.of(torch.tensor(organs(), dtype=torch.float32), spacing_mm=GRID.spacing_mm, kernel=STANDARD), electronic_noise=0.0)

    def n0_of(sigma, electronic):
        return calibrated_n0(replace(plain, source_noise_hu=sigma, electronic_noise=electronic))

    quantum = n0_of(100.0, 0.0) * 100.0**2
    assert n0_of(40.0, 0.0) == pytest.approx(quantum / 40.0**2, rel=1e-9)
    # far from it: 1e9 electrons of electronics beside a billion quanta; N^2 sigma^2 less the quantum part
    n = n0_of(1e6, 1e7)
    electronic = ((1e6) ** 2 - quantum / n) * n**2 / 1e7**2
    for sigma, noise in ((30.0, 100.0), (30.0, 400.0), (80.0, 50.0)):
        n = n0_of(sigma, noise)
        assert n < MOST_QUANTA
        assert quantum / n + electronic * noise**2 / n**2 == pytest.approx(sigma**2, rel=1e-5)
    assert electronic * 400.0**2 / n0_of(30.0, 400.0) ** 2 > 0.2 * 30.0**2
    for noise in (0.0, 2000.0):
        least = (quantum / MOST_QUANTA + electronic * noise**2 / MOST_QUANTA**2) ** 0.5
        assert n0_of(0.999 * least, noise) == MOST_QUANTA
        assert 0.99 * MOST_QUANTA < n0_of(1.001 * least, noise) < MOST_QUANTA


def test_quanta_are_asked_for_where_the_grain_is_the_commonest(monkeypatch):
    """Of a body whose upper third has half the grain and whose left third has 1.7 times the grain, 64 points lie in the rest, as (x, y) in mm."""
    y, x = GRID.centred_mm()
    weak, strong = np.broadcast_to(y[:, None] < -40, GRID.shape), np.broadcast_to((x[None] < -30) & (y[:, None] >= -40), GRID.shape)
    noise = 14 * grain(STANDARD) * np.where(weak, 0.5, np.where(strong, 1.7, 1.0))
    body = 1040 * disc(GRID, radius_mm=105.0) - 1000
    asked = []
    monkeypatch.setattr(quanta, "rays_through", lambda points, geometry: asked.append(points) or rays_through(points, geometry))
    calibrated_n0(CTScan.of(torch.tensor(body + noise, dtype=torch.float32), spacing_mm=GRID.spacing_mm, kernel=STANDARD))
    (points,) = asked
    assert points.shape == (64, 2)
    assert np.hypot(*points.T).max() < 103
    assert ((points[:, 1] > -46) & (points[:, 0] > -36)).mean() > 0.95
    assert points[:, 1].max() > 60
    assert points[:, 0].max() > 60
    assert np.ptp(points[:, 1]) > 100
    assert len(np.unique(points, axis=0)) == 64


def test_a_window_s_deviation_is_unbiased():
    """The variance of windows of n pixels is over n - 1: white noise of 10 HU reads what the high-pass leaves about the mean of 5 by 5 pixels, to
    0.5 %; within half a window of the border nothing is read."""
    noise = 10 * torch.randn((400, 420), dtype=torch.float64, generator=torch.Generator().manual_seed(1)).numpy()
    deviation, inside = soft_windows(noise, (3.0, 3.5))
    response = np.zeros((101, 101))
    response[50, 50] = 1.0
    fine = response - gaussian_filter(response, [2.5 / 3.0, 2.5 / 3.5])
    expected = 10 * np.sqrt(25 / 24 * ((fine**2).sum() - (uniform_filter(fine, 5) ** 2).sum()))
    assert window_px((3.0, 3.5)) == (5, 5)
    mean_window = np.sqrt((deviation[10:-10, 10:-10] ** 2).mean())
    assert mean_window == pytest.approx(expected, rel=0.005)
    assert not inside[:2].any()
    assert not inside[-2:].any()
    assert not inside[:, :2].any()
    assert not inside[:, -2:].any()
    assert inside[2:-2, 2:-2].mean() > 0.9


def test_the_share_that_the_high_pass_leaves_is_its_integral():
    """sqrt of the integral of nu^2 A^2 (1 - exp(-2 (pi 2.5 mm nu)^2))^2 over that without it."""
    nu = np.linspace(0, STANDARD.cutoff_per_mm, 40001)
    power = (nu * STANDARD(nu)) ** 2
    expected = np.sqrt((power * (1 - np.exp(-2 * (np.pi * 2.5 * nu) ** 2)) ** 2).sum() / power.sum())
    assert fine_share(STANDARD) == pytest.approx(expected, rel=1e-3)


def test_the_noise_that_is_calibrated_is_the_noise_that_is_measured():
    """Quanta from the picture are those of its measured noise, what the high-pass took included."""
    noisy = torch.tensor(organs() + 14 * grain(SMOOTH, seed=4), dtype=torch.float32)
    scan = CTScan.of(noisy, spacing_mm=GRID.spacing_mm, kernel=SMOOTH)
    told = replace(scan, source_noise_hu=measured_noise_hu(scan.attenuating_hu(), spacing_mm=GRID.spacing_mm, kernel=SMOOTH))
    assert calibrated_n0(scan) == pytest.approx(calibrated_n0(told), rel=1e-6)


def test_a_window_with_a_dark_or_bright_pixel_is_not_soft_tissue():
    """A pixel 140 HU below or above its surroundings shuts out the windows that hold it, and no others."""
    picture = 40 + 5 * np.random.default_rng(1).standard_normal((80, 90))
    picture[30, 25], picture[50, 60] = -100.0, 180.0
    _, inside = soft_windows(picture, (1.0, 1.0))
    expected = np.zeros((80, 90), dtype=bool)
    expected[4:-4, 4:-4] = True
    expected[26:35, 21:30] = expected[46:55, 56:65] = False
    assert np.mean(inside == expected) > 0.995
    assert not inside[26:35, 21:30].any()
    assert not inside[46:55, 56:65].any()


@pytest.mark.parametrize("axis", [0, 1])
def test_grain_is_read_in_homogeneous_patches_alone(axis):
    """A band of tissue 40 mm wide in air, along either axis: the frequency of its grain is that of a whole field of it within 4 %."""
    noise = 15 * grain(SMOOTH)
    y, x = GRID.centred_mm()
    band = np.abs(y[:, None] + 0 * x[None] - 12 if axis == 0 else x[None] + 0 * y[:, None] - 12) < 20
    whole, part = (torch.tensor(np.where(where, 40 + noise, -1000.0), dtype=torch.float32) for where in (np.ones_like(band), band))
    expected = grain_frequency_per_mm(whole, spacing_mm=GRID.spacing_mm)
    assert grain_frequency_per_mm(part, spacing_mm=GRID.spacing_mm) == pytest.approx(expected, rel=0.04)


def field(shape, spacing_mm, blur_mm=0.0, seed=3):
    """Homogeneous tissue of 50 HU that fills the picture, with Gaussian grain of 5 HU."""
    white = np.random.default_rng(seed).standard_normal(shape)
    noise = gaussian_filter(white, [blur_mm / mm for mm in spacing_mm], mode="wrap") if blur_mm else white
    return 50 + 5 * noise / noise.std()


@pytest.mark.parametrize(("rows", "columns", "read"), [(92, 42, True), (91, 42, False), (77, 49, False), (78, 49, True), (94, 38, True), (94, 37, False)])
@pytest.mark.parametrize("turned", [False, True])
def test_twelve_patches_of_fourteen_millimetres_show_the_grain(rows, columns, read, turned):
    """Rows of 0.5 mm, columns of 1 mm: patches of 28 by 14 pixels at half their size from each other count where nine tenths of their pixels are read, half a
    window of 10 mm from the border; the fourth row of three, or the third of four, is the twelfth patch and more."""
    picture = field((rows, columns), (0.5, 1.0))
    found = grain_frequency_per_mm(torch.tensor(picture.T.copy() if turned else picture), spacing_mm=(1.0, 0.5) if turned else (0.5, 1.0))
    assert (found is not None) == read


@pytest.mark.parametrize("spacing_mm", [(0.5, 0.8), (0.8, 0.5)])
@pytest.mark.parametrize("blur_mm", [0.0, 0.9])
def test_the_mean_frequency_of_known_grain_is_its_integral(blur_mm, spacing_mm):
    """White noise under a Gaussian: nu^2 P over nu P from 0.2 / mm to what the coarser pixels show, P with the high-pass of 2.5 mm, within 3 % (patches of
    14 mm)."""
    nu = np.linspace(0.2, 0.625, 4001)
    power = np.exp(-((2 * np.pi * blur_mm * nu) ** 2)) * (1 - np.exp(-2 * (np.pi * 2.5 * nu) ** 2)) ** 2
    found = grain_frequency_per_mm(torch.tensor(field((300, 300), spacing_mm, blur_mm)), spacing_mm=spacing_mm)
    assert found == pytest.approx((nu**2 * power).sum() / (nu * power).sum(), rel=0.03)


@pytest.mark.parametrize("axis", [0, 1])
def test_what_is_slower_than_grain_does_not_pass_for_it(axis):
    """A wave of 10 mm as strong as the grain, or a slope of 0.7 HU per mm, along either axis: the mean frequency of white grain stays within 2 %."""
    grain_alone, at = field((240, 170), (0.6, 0.8)), np.indices((240, 170))[axis] * (0.6, 0.8)[axis]
    frequency = grain_frequency_per_mm(torch.tensor(grain_alone), spacing_mm=(0.6, 0.8))
    for more in (7 * np.sin(2 * np.pi * at / 10), 0.7 * (at - at.mean())):
        assert grain_frequency_per_mm(torch.tensor(grain_alone + more), spacing_mm=(0.6, 0.8)) == pytest.approx(frequency, rel=0.02)


@pytest.mark.parametrize("geometry", [FAN, Parallel(n_views=40, n_channels=301, channel_mm=1.1)], ids=["fan", "parallel"])
def test_points_beside_the_field_are_seen_by_the_last_channels(geometry):
    """400 mm to the right, out of every channel's sight at view 0: the last one stands for it; to the left the first."""
    _, channel = rays_through(np.array([[400.0, 0.0], [-400.0, 0.0]]), geometry)
    assert channel[0].tolist() == [geometry.n_channels - 1, 0]
    assert channel.min() == 0
    assert channel.max() == geometry.n_channels - 1


def test_quanta_are_asked_for_on_both_sides_of_the_commonest_grain(monkeypatch):
    """White grain: of the windows about the 64 points a third and more are quieter than the commonest, as many are louder, none by more than a fifth."""
    asked = []
    monkeypatch.setattr(quanta, "rays_through", lambda points, geometry: asked.append(points) or rays_through(points, geometry))
    picture = field((160, 150), (0.9, 1.0))
    calibrated_n0(CTScan.of(torch.tensor(picture), spacing_mm=(0.9, 1.0), kernel=STANDARD))
    deviation, inside = soft_windows(picture, (0.9, 1.0))
    rows, columns = np.rint(asked[0][:, 1] / 0.9 + 79.5).astype(int), np.rint(asked[0][:, 0] + 74.5).astype(int)
    ratio = deviation[rows, columns] / commonest(deviation[inside])
    assert min((ratio < 1).mean(), (ratio > 1).mean()) > 1 / 3
    assert np.abs(ratio - 1).max() < 0.2
