"""Reconstruction, kernels, and what they do to noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from ct_phantoms import gaussian_picture, gaussian_rays

from physics.ct.fbp import _lines, noise_variance, reconstruct
from physics.ct.geometry import Fan, Grid, Parallel
from physics.ct.kernel import BONE, KERNELS, SHARP, SMOOTH, STANDARD, kernel_of, noise_gain, ramp_per_mm

FAN = Fan(n_views=720, n_channels=420, channel_mm=1.6)
ODD = Fan(n_views=721, n_channels=420, channel_mm=1.6)
PARALLEL = Parallel(n_views=600, n_channels=501, channel_mm=0.7)
GRIDS = [Grid((200, 200), (1.0, 1.0)), Grid((171, 220), (1.2, 0.9))]
SMALL = ((-40.0, 30.0, 9.0, 1.0), (35.0, 42.0, 8.0, 0.7), (20.0, -55.0, 7.0, 1.3))


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("geometry", [FAN, ODD, PARALLEL], ids=["fan", "odd fan", "parallel"])
def test_closed_line_integrals_give_the_picture_back(grid, geometry):
    """Off-centre Gaussians from their closed integrals, size and orientation: within 5e-4 in single precision, 1e-5 in double."""
    expected = gaussian_picture(grid, SMALL)
    for dtype, bound in ((torch.float32, 5e-4), (torch.float64, 1e-5)):
        found = reconstruct(torch.tensor(gaussian_rays(geometry, SMALL), dtype=dtype), geometry, grid=grid).numpy()
        assert found.shape == grid.shape
        assert np.sqrt(np.mean((found - expected) ** 2) / np.mean(expected**2)) < bound


@pytest.mark.parametrize("geometry", [FAN, PARALLEL], ids=["fan", "parallel"])
def test_water_keeps_its_value(geometry):
    """A water cylinder from its chords is water in the middle within 0.5 HU: the ramp keeps the mean."""
    s = geometry.s_mm()
    rays = np.broadcast_to(2 * np.sqrt(np.maximum(90.0**2 - s**2, 0)), (geometry.n_views, geometry.n_channels))
    found = reconstruct(torch.tensor(rays.copy()), geometry, grid=GRIDS[0], kernel=SMOOTH).numpy()
    assert abs(found[80:120, 80:120].mean() - 1) < 5e-4
    y, x = GRIDS[0].centred_mm()
    outside = np.hypot(y[:, None], x[None]) > 96
    assert abs(found[outside].mean()) < 5e-3


def test_the_ramp_is_the_transform_of_its_kernel_in_space():
    """|nu| but for the mean, which is small and positive: (1/d) (1/4 - 2 sum of 1 / (pi n)^2 over odd n within the length)."""
    ramp = ramp_per_mm(64, 0.5)
    nu = np.arange(33) / (64 * 0.5)
    odd = np.arange(1, 32, 2)
    np.testing.assert_allclose(ramp[0], (0.25 - 2 * np.sum(1 / (math.pi * odd) ** 2)) / 0.5, rtol=1e-10)
    np.testing.assert_allclose(ramp[4:-4], nu[4:-4], rtol=0.01)
    assert 0 < ramp[0] < nu[1]


@pytest.mark.parametrize("geometry", [FAN, PARALLEL], ids=["fan", "parallel"])
@pytest.mark.parametrize("kernel", [None, STANDARD], ids=["ramp", "standard"])
def test_white_noise_obeys_the_closed_formula(geometry, kernel):
    """sigma = pi sigma_p / (ds sqrt(12 n_views)) for the bare ramp, and the integral of nu^2 A^2 for a kernel, within 1 %."""
    grid = Grid((240, 240), (0.37, 0.41))
    rng = np.random.default_rng(5)
    power = []
    for _ in range(6):
        rays = torch.tensor(rng.standard_normal((geometry.n_views, geometry.n_channels)) * 0.02)
        power.append(float((reconstruct(rays, geometry, grid=grid, kernel=kernel) ** 2).mean()))
    pitch = geometry.channel_mm if geometry is PARALLEL else 541.0 * 1.6 / 949
    if kernel is None:
        expected = math.pi * 0.02 / (pitch * math.sqrt(12 * geometry.n_views))
    else:
        nu = np.linspace(0, kernel.cutoff_per_mm, 20001)
        nu = nu[nu <= (1.0 / pitch if geometry is FAN else 0.5 / pitch)]
        expected = 0.02 * math.pi * math.sqrt(pitch / geometry.n_views * 2 * np.trapezoid((nu * kernel(nu)) ** 2, nu))
    assert math.sqrt(np.mean(power)) == pytest.approx(expected, rel=0.01)
    s = np.zeros(geometry.n_views)
    assert math.sqrt(noise_variance(np.full(geometry.n_views, 4e-4), geometry, s_mm=s, kernel=kernel)) == pytest.approx(expected, rel=1e-3)


def test_a_fan_s_rays_are_narrower_at_its_rim():
    """ds = sqrt(R^2 - s^2) d gamma enters the variance of a pixel off the centre."""
    middle = noise_variance(np.ones(720), FAN, s_mm=np.zeros(720))
    rim = noise_variance(np.ones(720), FAN, s_mm=np.full(720, 270.5))
    assert float(rim / middle) == pytest.approx(math.sqrt(0.75), rel=1e-6)


@pytest.mark.parametrize("geometry", [FAN, PARALLEL], ids=["fan", "parallel"])
def test_crosstalk_takes_noise_by_its_own_factor(geometry):
    """With a share c to each neighbour the integrand gains (1 - 2 c + 2 c cos(2 pi nu ds))^2, ds the channel's width at the isocentre."""
    ones, s = np.ones(geometry.n_views), np.zeros(geometry.n_views)
    pitch = geometry.channel_mm if geometry is PARALLEL else 541.0 * 1.6 / 949
    nu = np.linspace(0, min(STANDARD.cutoff_per_mm, 1.0 / pitch if geometry is FAN else 0.5 / pitch), 20001)
    gain = [np.trapezoid((nu * STANDARD(nu) * (1 - 2 * c + 2 * c * np.cos(2 * math.pi * nu * pitch))) ** 2, nu) for c in (0.0, 0.15)]
    found = [float(noise_variance(ones, geometry, s_mm=s, kernel=STANDARD, crosstalk=c)) for c in (0.0, 0.15)]
    assert found[1] / found[0] == pytest.approx(gain[1] / gain[0], rel=1e-3)
    assert found[1] / found[0] < 0.8


def test_the_noise_spectrum_is_ramp_times_kernel_squared():
    """NPS(f) = pi ds sigma_p^2 f A^2 / n_views, radial bins within 5 %."""
    geometry, grid, kernel = PARALLEL, Grid((256, 256), (0.6, 0.6)), STANDARD
    rng = np.random.default_rng(6)
    power = np.zeros(grid.shape)
    for _ in range(24):
        noise = reconstruct(torch.tensor(rng.standard_normal((600, 501)).astype(np.float32)), geometry, grid=grid, kernel=kernel).numpy()
        power += np.abs(np.fft.fft2(noise)) ** 2 * 0.6**2 / noise.size / 24
    f = np.hypot(np.fft.fftfreq(256, 0.6)[:, None], np.fft.fftfreq(256, 0.6)[None])
    for low in np.arange(0.05, 0.55, 0.1):
        ring = (f >= low) & (f < low + 0.1)
        expected = (math.pi * 0.7 / 600 * f * kernel(f) ** 2)[ring].mean()
        assert power[ring].mean() == pytest.approx(expected, rel=0.05)
    assert power[f < 0.01].mean() < 0.05 * power.max()


@pytest.mark.parametrize(("kernel", "half", "tenth"), [(SMOOTH, 0.30, 0.52), (STANDARD, 0.39, 0.68), (SHARP, 0.60, 0.95), (BONE, 0.80, 1.20)])
def test_kernels_pass_half_and_a_tenth_where_they_say(kernel, half, tenth):
    """50 % and 10 % at the stated line pairs; 1 at zero; nothing beyond the cutoff; only the sharp ones overshoot."""
    a = kernel(np.array([0.0, half, tenth, kernel.cutoff_per_mm, kernel.cutoff_per_mm * 1.5]))
    np.testing.assert_allclose(a[:3], [1.0, 0.5, 0.1], atol=2e-3)
    assert (a[3:] == 0).all()
    peak = kernel(np.linspace(0, kernel.cutoff_per_mm, 500)).max()
    assert peak == pytest.approx({"smooth": 1, "standard": 1, "sharp": 1.018, "bone": 1.248}[kernel.name], abs=2e-3)


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        *(("STANDARD", "standard"), ("B20f", "smooth"), ("B31f", "standard"), ("B50f", "sharp"), ("B70f", "bone"), ("H30s", "standard")),
        *(("I70f\\3", "bone"), ("LUNG", "bone"), ("FC51", "bone"), ("FC13", "standard"), ("D", "bone"), ("B", "standard"), ("A", "smooth")),
        *((None, "standard"), ("whatever", "standard"), ("bone", "bone"), ("SOFT", "smooth")),
    ],
)
def test_header_names_find_their_kernel(name, kernel):
    """The makers' names."""
    assert kernel_of(name) is KERNELS[kernel]


def test_noise_gain_has_its_closed_form():
    """Integral of nu^2 to W is 2 W^3 / 3; crosstalk multiplies by (1 - 2 c + 2 c cos)^2, smaller for all c."""
    assert noise_gain(None, 0.7, end_per_mm=0.5) == pytest.approx(2 * 0.5**3 / 3, rel=1e-4)
    nu = np.linspace(0, 0.5, 40001)
    shared = (0.9 + 0.1 * np.cos(2 * math.pi * nu * 0.7)) ** 2
    assert noise_gain(None, 0.7, end_per_mm=0.5, crosstalk=0.05) == pytest.approx(2 * np.trapezoid(nu**2 * shared, nu), rel=1e-4)


def test_sinograms_that_do_not_fit_are_refused():
    """Swapped axes are an error."""
    with pytest.raises(ValueError, match="views"):
        reconstruct(torch.zeros(420, 720), FAN, grid=GRIDS[0])


@pytest.mark.parametrize("kernel", [None, STANDARD, SHARP], ids=["ramp", "standard", "sharp"])
@pytest.mark.parametrize("geometry", [FAN, ODD, PARALLEL], ids=["fan", "odd fan", "parallel"])
def test_lines_end_below_the_frequency_that_samples_cannot_tell(geometry, kernel):
    """Half a cycle a sample has no phase and stays out; without a kernel parallel rays keep all below it, and no line goes beyond its kernel."""
    lines, sample_mm, _ = _lines(geometry, GRIDS[0], kernel)
    last = float(lines.frequency_per_mm().max())
    assert last < 0.5 / sample_mm * (1 - 1e-9)
    if kernel is None and geometry is PARALLEL:
        assert last == pytest.approx(0.5 / sample_mm - lines.step_per_mm)
    if kernel is not None:
        assert last <= kernel.cutoff_per_mm + 1e-9
