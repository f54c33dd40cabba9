"""The geometry factor against pseudo-replicas of the reconstruction."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.display import Display
from physics.fourier import frequencies
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.accelerate import add_sense_noise, regular_sense
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.calibration import centre_width, estimated_maps
from physics.mri.g_factor import factor_in_body, g_max, g_mean, geometry_factor, grain_centre_over_rim
from physics.mri.regular_sense import air_penalty, unfold_regular
from physics.noise import with_noise_floor
from physics.scan import acquire

N_REPLICAS = 4000


def replicas(maps, step, phase_axis, covariance, penalty):
    """(row, column) deviation of the complex picture of pure noise with a covariance, over that of a full scan with one pixel's best combination."""
    generator = torch.Generator().manual_seed(0)
    mixing = torch.from_numpy(np.linalg.cholesky(covariance))
    total = torch.zeros(maps.shape[1:], dtype=torch.float64)
    for _ in range(N_REPLICAS):
        noise = torch.einsum("ab,brc->arc", mixing, torch.randn(maps.shape, dtype=torch.complex128, generator=generator))
        total += unfold_regular(noise, maps, step=step, phase_axis=phase_axis, covariance=covariance, penalty=penalty).abs().square()
    full = torch.einsum("arc,ab,brc->rc", maps.conj(), torch.from_numpy(np.linalg.inv(covariance)), maps).real
    return (total / N_REPLICAS * full / step).sqrt()


@pytest.mark.parametrize(("phase_axis", "step", "damped"), [(0, 2, False), (1, 3, False), (0, 3, True)])
def test_the_closed_form_is_that_of_replicas(phase_axis, step, damped, oracle):
    """sd of 4000 replicas / (sigma sqrt R) against g within 2 %, with correlated channels, along both axes, with and without a penalty."""
    shape = (12, 6) if phase_axis == 0 else (6, 12)
    scan = MRIScan.of(phantoms.ellipses(shape, torch.float64), n_coils=6, phase_axis=phase_axis)
    maps, covariance = scan.sensitivity.maps(shape), scan.array.covariance()
    penalty = (torch.arange(72).reshape(shape) % 5 == 0).double() * 2.0 if damped else None
    found = geometry_factor(maps, step=step, phase_axis=phase_axis, covariance=covariance, penalty=penalty)
    seen = replicas(maps, step, phase_axis, covariance, penalty)
    oracle("mri_sense_noise", "mean g is that of pseudo-replicas", float((seen / found).mean() - 1), below=0.02)
    assert float((seen / found - 1).abs().max()) < 0.06  # 1 / sqrt(8000) is 1.1 % a pixel: five deviations
    assert float(found.max()) > 1.05


def test_nothing_is_lost_without_acceleration():
    """g = 1 everywhere at R = 1; never below 1 without a penalty; larger steps cost more; a step that does not divide is refused."""
    scan = MRIScan.of(phantoms.ellipses((24, 16), torch.float64), n_coils=8)
    maps, covariance = scan.sensitivity.maps((24, 16)), scan.array.covariance()
    one, two, four = (geometry_factor(maps, step=step, phase_axis=0, covariance=covariance) for step in (1, 2, 4))
    torch.testing.assert_close(one, torch.ones_like(one), atol=1e-12, rtol=0)
    assert float(two.min()) >= 1 - 1e-12
    assert float(four.mean()) > 1.5 * float(two.mean())
    with pytest.raises(ValueError, match="not divisible"):
        geometry_factor(maps, step=5, phase_axis=0, covariance=covariance)


def test_the_grain_of_the_picture_is_that_of_a_full_scan_times_g_root_r(oracle):
    """Through the whole chain: the deviation is sqrt(R) g / sqrt(S^H Psi^-1 S) sigma with the estimated maps; the true coils' g is within 20 %."""
    healthy = MRIScan.of(with_noise_floor(100 * phantoms.ellipses((96, 80), torch.float64), sigma=1.0, seed=0), n_coils=8)
    sigma, step = 0.02, 3
    quiet = regular_sense(healthy, step=step, n_centre=24)
    clean, kspace = acquire_complex(quiet), acquire_kspace(quiet)
    noisy = [add_sense_noise(healthy, sigma=sigma, step=step, n_centre=24, seed=seed) for seed in range(60)]
    found = sum((acquire_complex(scan) - clean).abs().square() for scan in noisy) / 60
    width = centre_width(quiet.lines, n_lines=96)
    maps = estimated_maps(kspace, lines=frequencies(96).abs() <= (width - 1) / 2, phase_axis=0)
    covariance = healthy.array.covariance()
    full = torch.einsum("arc,ab,brc->rc", maps.conj(), torch.from_numpy(np.linalg.inv(covariance)), maps).real
    penalty = air_penalty(kspace, width=width, phase_axis=0)
    predicted = geometry_factor(maps, step=step, phase_axis=0, covariance=covariance, penalty=penalty)
    body = healthy.body.support
    ratio = (found * full / (2 * sigma**2 * step)).sqrt()[body] / predicted[body]
    oracle("mri_sense_noise", "grain of the picture is that of a full scan times g sqrt(R)", float(ratio.mean() - 1), below=0.02)
    assert float(factor_in_body(noisy[0]).mean() / predicted[body].mean()) == pytest.approx(1.0, abs=0.2)


def test_the_noise_of_the_source_is_counted():
    """The event brings (sigma^2 - sigma_source^2 / R)^(1/2); a source that is as noisy already stays as it was."""
    healthy = MRIScan.of(100 * phantoms.ellipses((96, 80)), source_sigma=2.0)
    assert add_sense_noise(healthy, sigma=3.0, step=4, n_centre=16, seed=1).events[0].sigma == pytest.approx(8**0.5)
    assert add_sense_noise(healthy, sigma=0.9, step=4, n_centre=16, seed=1) is healthy


def test_the_middle_is_grainier_than_the_rim():
    """Noise of 3 sigma inside and sigma outside reads 3; a disc under SENSE reads above 1.3; g is 1 where nothing was unfolded."""
    generator = torch.Generator().manual_seed(2)
    y, x = torch.meshgrid(*(torch.linspace(-1, 1, 200, dtype=torch.float64),) * 2, indexing="ij")
    mask = y**2 + x**2 < 0.95
    view = View("mri", "head", Display("window", 0.0, 200.0), mask, (1.0, 1.0))
    flat = torch.full((200, 200), 100.0, dtype=torch.float64)
    noise = torch.randn((200, 200), dtype=torch.float64, generator=generator) * torch.where(y**2 + x**2 < 0.3, 3.0, 1.0)
    assert grain_centre_over_rim(Pair(flat, flat + 4 * noise, view)).value == pytest.approx(3.0, rel=0.05)
    healthy = MRIScan.of(100 * mask.double(), n_coils=8)
    noisy = add_sense_noise(healthy, sigma=5.0, step=3, n_centre=24, seed=0)
    pair = Pair(acquire(healthy), acquire(noisy), view, healthy, noisy)
    assert grain_centre_over_rim(pair).value > 1.3
    assert 1.1 < g_mean(pair).value < g_max(pair).value
    assert g_mean(Pair(flat, flat, view, healthy, healthy)).value == 1.0
    assert g_mean(Pair(flat, flat, view)).value is None


@pytest.mark.parametrize("middle", [(60.0, 130.0), (140.0, 75.0)])
def test_the_middle_is_that_of_the_object_wherever_it_lies(middle):
    """An ellipse of 50 by 65 px off the centre of the picture, noisier by 3 within 0.5 of its half sides: 3."""
    y, x = torch.meshgrid(*(torch.arange(200, dtype=torch.float64),) * 2, indexing="ij")
    reach = torch.hypot((y - middle[0]) / 50, (x - middle[1]) / 65)
    view = View("mri", "head", Display("window", 0.0, 200.0), reach < 1, (1.0, 1.0))
    noise = torch.randn((200, 200), dtype=torch.float64, generator=torch.Generator().manual_seed(3)) * torch.where(reach < 0.5, 3.0, 1.0)
    flat = torch.full((200, 200), 100.0, dtype=torch.float64)
    assert grain_centre_over_rim(Pair(flat, flat + noise, view)).value == pytest.approx(3.0, rel=0.06)


@pytest.mark.parametrize(("n", "step", "n_fine"), [(16, 3, 18), (13, 3, 15), (14, 5, 15)])
def test_aliases_lie_a_share_of_the_field_of_view_apart(n, step, n_fine, oracle):
    """Lines that R does not divide: at a place r of the finer grid, even or odd, g^2 is [A^-1]_rr [A]_rr, A of the coils at r + m N / R lines."""
    scan = regular_sense(MRIScan.of(torch.full((n, 12), 100.0, dtype=torch.float64), n_coils=8, phase=False), step=step, n_centre=9)
    found = factor_in_body(scan).reshape(n_fine, 12)
    psi = np.linalg.inv(scan.array.covariance())
    worst = 0.0
    for place in (2, 9, 13):
        for column in (3, 8):
            lines = (place + n_fine // step * np.arange(step)) % n_fine
            at = np.stack([(lines - n_fine // 2) * n / n_fine + n // 2, np.full(step, float(column))])[:, :, None]
            coils = scan.sensitivity.at(at)[:, :, 0]
            alike = coils.conj().T @ psi @ coils
            wanted = np.sqrt(np.linalg.inv(alike)[0, 0].real * alike[0, 0].real)
            worst = max(worst, abs(float(found[place, column]) / wanted - 1))
    oracle("mri_sense_noise", "g where the step does not divide the lines", worst, below=1e-6)


def test_the_grain_is_that_of_the_difference() -> None:
    """What the object itself shows does not count as grain: a steep ramp under even noise reads 1."""
    reference = (40 * torch.linspace(-1, 1, 96, dtype=torch.float64) ** 3)[None, :].expand(96, 96)
    noise = torch.randn((96, 96), dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    view = View("mri", "head", Display("window", 0.0, 1.0), torch.ones(96, 96, dtype=torch.bool), (1.0, 1.0))
    assert grain_centre_over_rim(Pair(reference, reference + noise, view)).value == pytest.approx(1.0, abs=0.12)
