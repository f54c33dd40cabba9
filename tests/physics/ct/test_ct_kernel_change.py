"""Kernels: sharper and smoother pictures from the same rays."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc
from scipy.ndimage import gaussian_filter

from physics.ct import CTScan, lower_dose
from physics.ct.acquire import beam_of
from physics.ct.fbp import reconstruct
from physics.ct.geometry import Grid, Parallel
from physics.ct.kernel import BONE, SHARP, SMOOTH, STANDARD
from physics.ct.kernel_change import FLOOR, KernelChange, change_kernel, frequency_at_per_mm, kernel_shown, ratio_of, with_resolution
from physics.ct.spectrum import hu_change
from physics.scan import EditConflict, acquire

OBLONG = Grid((151, 128), (0.8, 1.1))
GRID = Grid((160, 160), (0.7, 0.7))


def scan_of(hu, grid=OBLONG, kernel=STANDARD, dtype=torch.float64, **changes):
    return replace(CTScan.of(torch.tensor(hu, dtype=dtype), spacing_mm=grid.spacing_mm, n0=1e6, kernel=kernel), **changes)


def wave(grid, nu_down, nu_right):
    y, x = grid.centred_mm()
    return np.cos(2 * math.pi * (nu_down * y[:, None] + nu_right * x[None]))


@pytest.mark.parametrize("kernel", [SMOOTH, STANDARD, SHARP, BONE])
@pytest.mark.parametrize(("ratio", "options"), [(0.12, {}), (0.3, {"roll_off": 1.5}), (0.8, {}), (1.3, {"overshoot": 0.3}), (2.2, {}), (3.9, {})])
def test_the_resolution_is_the_ratio_asked_for(kernel, ratio, options, oracle):
    """f50 of the made kernel over f50 of the given one; water keeps its number."""
    made = with_resolution(kernel, ratio, **options)
    found = frequency_at_per_mm(made, 0.5) / frequency_at_per_mm(kernel, 0.5)
    recipe = "ct_smooth_kernel" if ratio < 1 else "ct_sharp_kernel"
    oracle(recipe, "f50 of the kernel over the ratio asked for", found / ratio - 1, below=1e-4)
    assert float(made(np.asarray(0.0))) == 1.0


def test_f50_and_f10_are_those_of_the_published_kernels():
    """Line pairs per cm of the four kernels; an overshoot does not shadow the crossing."""
    found = [[10 * frequency_at_per_mm(kernel, share) for share in (0.5, 0.1)] for kernel in (SMOOTH, STANDARD, SHARP, BONE)]
    np.testing.assert_allclose(found, [[3.0, 5.2], [3.9, 6.8], [6.0, 9.5], [8.0, 12.0]], atol=0.03)


@pytest.mark.parametrize("share", [0.03, 0.1, 0.5, 0.9])
def test_a_kernel_passes_its_share_at_the_frequency_found(share):
    """Not at a node of a table beside it."""
    for kernel in (SMOOTH, STANDARD, BONE):
        assert float(kernel(np.asarray(frequency_at_per_mm(kernel, share)))) == pytest.approx(share, abs=1e-9)


def test_twice_as_sharp_as_standard_is_a_bone_kernel():
    """Overshoot of a half near 4.5 line pairs per cm, as listed."""
    nu = np.linspace(0, 0.9, 200)
    made = with_resolution(STANDARD, 8.0 / 3.9)
    assert made(nu).max() == pytest.approx(BONE(nu).max(), rel=0.08)
    assert nu[made(nu).argmax()] == pytest.approx(nu[BONE(nu).argmax()], abs=0.06)


@pytest.mark.parametrize(("nu_down", "nu_right"), [(0.0, 0.1), (0.125, 0.0), (0.15, 0.2), (-0.12, 0.09)])
@pytest.mark.parametrize("ratio", [0.4, 1.8])
def test_a_plane_wave_scales_by_the_ratio_of_the_kernels(nu_down, nu_right, ratio, oracle):
    """Oblong pixels and an odd number of rows: only the frequency in 1 / mm counts, in whichever direction. A filter in pixels fails."""
    scan = scan_of(4 * wave(OBLONG, nu_down, nu_right))
    changed = acquire(change_kernel(scan, ratio)).numpy()
    nu = np.asarray(math.hypot(nu_down, nu_right))
    expected = float(with_resolution(STANDARD, ratio)(nu) / STANDARD(nu))
    inner = (slice(40, -40), slice(30, -30))
    found = float(np.sum((changed * scan.hu.numpy())[inner]) / np.sum(scan.hu.numpy()[inner] ** 2))
    oracle("ct_smooth_kernel" if ratio < 1 else "ct_sharp_kernel", "gain of a plane wave over A_target / A_source", found / expected - 1, below=0.01)
    in_pixels = float(with_resolution(STANDARD, ratio)(nu / 0.8) / STANDARD(nu / 0.8))  # the toy: frequencies in pixels
    assert abs(in_pixels / expected - 1) > 0.04


def test_water_keeps_its_number_up_to_the_rim(oracle):
    """A flat picture is left as it is, mirrored margins included, in double and single precision."""
    for dtype, bound in ((torch.float64, 1e-9), (torch.float32, 2e-3)):
        scan = scan_of(np.full(OBLONG.shape, 17.0), dtype=dtype)
        for ratio in (0.3, 2.0):
            assert float((acquire(change_kernel(scan, ratio)) - 17.0).abs().max()) < bound
    oracle(
        "ct_sharp_kernel", "HU of water that the kernel shifts", float((acquire(change_kernel(scan_of(np.zeros(OBLONG.shape)), 2.0))).abs().max()), below=1e-6
    )


@pytest.mark.parametrize("ratio", [0.5, 1.3])
def test_grain_is_that_of_rays_reconstructed_with_the_other_kernel(ratio, oracle):
    """White noise of the rays: reconstructed with the source's kernel and filtered, it has the size and the spectrum of a reconstruction with the target."""
    parallel, grid = Parallel(n_views=400, n_channels=320, channel_mm=0.5), Grid((180, 180), (0.5, 0.5))
    rays = torch.tensor(np.random.default_rng(3).standard_normal((400, 320)))
    source = reconstruct(rays, parallel, grid=grid, kernel=STANDARD)
    target_kernel = with_resolution(STANDARD, ratio)
    direct = reconstruct(rays, parallel, grid=grid, kernel=target_kernel).numpy()
    event = KernelChange(STANDARD, target_kernel)
    scan = scan_of(np.zeros(grid.shape), grid=grid)
    scale = 100 / float(source.std())
    filtered = event.apply(source * scale, scan).numpy() / scale
    middle = (slice(40, 140), slice(40, 140))
    oracle(
        "ct_smooth_kernel" if ratio < 1 else "ct_sharp_kernel",
        "grain beside that of rays reconstructed with the kernel, standard deviation",
        filtered[middle].std() / direct[middle].std() - 1,
        below=0.03,
    )
    assert np.corrcoef(filtered[middle].ravel(), direct[middle].ravel())[0, 1] > 0.98


def test_noise_of_a_lower_dose_gets_the_new_kernel_in_either_order():
    """Low dose and kernel commute, and the added noise grows with the square root of the ratio of the integrals of nu^2 A^2 over the rays."""
    hu = 1000 * disc(GRID, radius_mm=45.0) - 1000
    scan = scan_of(hu, GRID, dtype=torch.float32)
    one, two = lower_dose(change_kernel(scan, 1.4), 0.2, seed=3), change_kernel(lower_dose(scan, 0.2, seed=3), 1.4)
    assert torch.equal(acquire(one), acquire(two))
    middle = (slice(55, 105), slice(55, 105))
    plain = (acquire(lower_dose(scan, 0.2, seed=3)) - scan.hu)[middle].std()
    sharp = (acquire(one) - acquire(change_kernel(scan, 1.4)))[middle].std()
    nu = np.linspace(0, 0.71, 3000)
    ratio = ratio_of(STANDARD, with_resolution(STANDARD, 1.4), nu)
    expected = math.sqrt(np.sum((nu * STANDARD(nu) * ratio) ** 2) / np.sum((nu * STANDARD(nu)) ** 2))
    assert float(sharp / plain) == pytest.approx(expected, rel=0.06)


def test_what_the_source_has_lost_is_not_brought_back():
    """Below 5 % of the source's kernel the ratio falls with it, without a step; above it is the plain ratio."""
    event = KernelChange(STANDARD, with_resolution(STANDARD, 2.0))
    nu = np.linspace(0.01, 1.3, 4000)
    ratio, plain = ratio_of(event.source, event.target, nu), event.target(nu) / np.maximum(STANDARD(nu), 1e-12)
    kept = STANDARD(nu) >= FLOOR
    np.testing.assert_allclose(ratio[kept], plain[kept])
    assert np.all(ratio[~kept] <= event.target(nu[~kept]) / FLOOR + 1e-12)
    assert np.abs(np.diff(ratio)).max() < 0.3
    assert ratio[-1] < 1e-3


def test_an_edge_rings_when_sharp_and_spreads_when_smooth():
    """A disc of 300 HU: a sharp kernel overshoots on both sides of its rim, a smooth one spreads it without."""
    body = gaussian_filter(300 * disc(GRID, radius_mm=30.0) - 50, 1.0)
    sharp, smooth = (acquire(change_kernel(scan_of(body, GRID), ratio)).numpy() for ratio in (2.0, 0.4))
    assert sharp.max() > 250 + 8
    assert sharp.min() < -50 - 8
    assert smooth.max() < 250 + 3
    assert smooth.min() > -50 - 3


def test_neutral_is_the_scan_itself_and_a_second_kernel_is_refused():
    """Identity at 1; a kernel is chosen once; nonsense is refused; the shown kernel is known."""
    scan = scan_of(np.zeros(OBLONG.shape))
    assert change_kernel(scan, 1.0) is scan
    assert kernel_shown(scan) == STANDARD
    assert kernel_shown(change_kernel(scan, 0.5)).name == "smoother"
    with pytest.raises(EditConflict, match="kernel"):
        change_kernel(change_kernel(scan, 0.5), 2.0)
    for ratio in (0.05, 5.0):
        with pytest.raises(ValueError, match=r"0\.1 to 4"):
            change_kernel(scan, ratio)


def test_padding_is_air_to_the_filter_and_comes_back():
    """Pixels that were never reconstructed keep their value and darken nothing beside them."""
    hu = np.full(GRID.shape, -1000.0)
    hu[40:120, 40:120] = 0.0
    padded = hu.copy()
    padded[:10] = -3024.0
    plain, found = (acquire(change_kernel(scan_of(values, GRID), 0.5)) for values in (hu, padded))
    assert bool((found[:10] == -3024.0).all())
    torch.testing.assert_close(found[10:], plain[10:], atol=1e-6, rtol=0)


@pytest.mark.parametrize("ratio", [1.6, 2.2])
def test_grain_that_the_source_had_lost_is_made_anew(ratio, oracle):
    """A source with the grain of its quanta, filtered and completed, has the size and mean frequency of grain that was made with the target at once.
    Filtering alone, the toy, falls short."""
    grid = Grid((200, 200), (0.4, 0.4))
    water = scan_of(np.zeros(grid.shape), grid=grid, n0=3e4, crosstalk=0.0, electronic_noise=0.0)
    quanta = beam_of(water).expected * 3e4
    noise = torch.tensor(np.random.default_rng(4).standard_normal(tuple(quanta.shape))) / quanta.sqrt()

    def grain(kernel):
        return hu_change(reconstruct(noise, water.geometry, grid=grid, kernel=kernel), mu_water=water.mu_water)

    middle = (slice(30, 170), slice(30, 170))
    source = replace(water, hu=grain(STANDARD))
    direct = grain(with_resolution(STANDARD, ratio))[middle].numpy()
    made = acquire(change_kernel(source, ratio, seed=9))[middle].numpy()
    toy = acquire(change_kernel(source, ratio))[middle].numpy()
    oracle("ct_sharp_kernel", "grain beside that of quanta reconstructed with the sharp kernel, standard deviation", made.std() / direct.std() - 1, below=0.03)
    assert toy.std() / direct.std() < 0.95
    spectrum = [np.abs(np.fft.fft2(values)) ** 2 for values in (direct, made)]
    nu = np.hypot(np.fft.fftfreq(140, 0.4)[:, None], np.fft.fftfreq(140, 0.4))
    means = [float((power * nu).sum() / power.sum()) for power in spectrum]
    oracle("ct_sharp_kernel", "mean frequency of the grain beside that of the sharp kernel", means[1] / means[0] - 1, below=0.03)


def test_grain_of_a_sharp_kernel_follows_the_dose_and_its_seed():
    """A quarter of the dose doubles what is brought back; another seed is another grain; low dose and kernel commute with it."""
    hu = 1000 * disc(GRID, radius_mm=45.0) - 1000
    scan = scan_of(hu, GRID, dtype=torch.float32)
    event = change_kernel(scan, 2.0, seed=1).events[0]
    full, quarter = (event._lost_grain(replace(scan, dose=dose, electronic_noise=0.0), 1) for dose in (1.0, 0.25))
    torch.testing.assert_close(quarter, 2 * full, rtol=1e-3, atol=1e-2)
    quanta = 1e6 * float(beam_of(scan).expected.min())  # along the rays that make most of the grain
    noisy = event._lost_grain(replace(scan, electronic_noise=math.sqrt(3 * quanta)), 1)
    assert float(noisy[70:90, 70:90].std() / full[70:90, 70:90].std()) == pytest.approx(2.0, rel=0.15)
    other = event._lost_grain(scan, 2)
    assert abs(np.corrcoef(full.numpy().ravel(), other.numpy().ravel())[0, 1]) < 0.05
    one, two = (
        lower_dose(change_kernel(scan, 2.0, seed=1), 0.3, seed=3, modulation=0.4),
        change_kernel(lower_dose(scan, 0.3, seed=3, modulation=0.4), 2.0, seed=1),
    )
    assert torch.equal(acquire(one), acquire(two))
