"""Clipping limits two parts of a signal and touches nothing that fits."""

from __future__ import annotations

import cmath
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from physics.display import Display
from physics.fourier import centred_grid
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.clipping import at_rest, clip, energy_clipped, samples_clipped
from physics.mri.spike import Spike, add_spike
from physics.scan import acquire

Oracle = Callable[..., None]


def head(shape: tuple[int, int] = (48, 40), *, n_coils: int = 1, dtype: torch.dtype = torch.float64, seed: int = 0) -> MRIScan:
    y, x = centred_grid(shape)
    image = torch.exp(-(((y + 3) / 12) ** 4) - ((x - 2) / 10) ** 4) * (2 + torch.cos(0.9 * x) * torch.cos(1.1 * y))
    return MRIScan.of(image.to(dtype), n_coils=n_coils, seed=seed)


@pytest.mark.parametrize("n_coils", [1, 4])
@pytest.mark.parametrize("share", [0.6, 0.2, 0.05])
@pytest.mark.parametrize("phase_rad", [0.0, 0.9])
def test_parts_are_limited_and_what_fits_is_untouched(n_coils: int, share: float, phase_rad: float, oracle: Oracle) -> None:
    """|Re|, |Im| of each turned channel stay below its own full scale, reach it, keep their sign; samples that fit are equal to the last bit."""
    scan = head(n_coils=n_coils)
    before, after = acquire_kspace(scan), acquire_kspace(clip(scan, share=share, phase_rad=phase_rad))
    turn = cmath.exp(1j * phase_rad)
    whole, cut = torch.view_as_real(before * turn), torch.view_as_real(after * turn)
    scale = share * whole.abs().amax(dim=(1, 2, 3), keepdim=True)
    oracle("mri_clipping", "no part above full scale", max(float((cut.abs() / scale).max()) - 1, 0.0), below=1e-12)
    expected = torch.minimum(torch.maximum(whole, -scale), scale)
    oracle("mri_clipping", "real and imaginary part are limited one by one", float((cut - expected).abs().max() / scale.max()), below=1e-12)
    fits = (whole.abs() <= scale).all(dim=-1)
    assert torch.equal(after[fits], before[fits])
    assert 0 < int((~fits).sum()) < before.numel() / 5


def test_each_channel_has_a_full_scale_of_its_own() -> None:
    """A channel that hears a tenth is clipped at a tenth."""
    scan = head(n_coils=2)
    limits = torch.view_as_real(acquire_kspace(clip(scan, share=0.3))).abs().amax(dim=(1, 2, 3))
    peaks = torch.view_as_real(at_rest(scan)).abs().amax(dim=(1, 2, 3))
    torch.testing.assert_close(limits, 0.3 * peaks, rtol=1e-10, atol=0)
    assert float(peaks[0]) != pytest.approx(float(peaks[1]), rel=1e-3)


def test_a_uniform_picture_by_hand() -> None:
    """All signal of a flat real picture lies in the central sample: clipped at f, the picture is f times as bright; a turned receiver sees the same."""
    scan = MRIScan.of(torch.full((20, 30), 4.0, dtype=torch.float64), phase=False)
    picture = acquire(clip(scan, share=0.25))
    torch.testing.assert_close(picture, torch.full((20, 30), 1.0, dtype=torch.float64), atol=1e-12, rtol=0)
    turned = acquire_complex(clip(scan, share=0.5, phase_rad=cmath.pi / 2))
    torch.testing.assert_close(turned, torch.full((20, 30), 2.0 + 0j, dtype=torch.complex128), atol=1e-12, rtol=0)


def test_the_gain_is_set_by_the_body_alone() -> None:
    """A spike above the peak is cut at the body's full scale: it does not move it."""
    scan = head()
    peak = float(torch.view_as_real(at_rest(scan)).abs().max())
    spiked = add_spike(scan, Spike(9, 7, 10 * peak))
    assert float(torch.view_as_real(acquire_kspace(clip(spiked, share=0.5))).abs().max()) == pytest.approx(0.5 * peak)


def test_single_precision_agrees() -> None:
    """float32 beside float64."""
    exact, single = (acquire(clip(head(dtype=dtype), share=0.2, phase_rad=0.4)).double() for dtype in (torch.float64, torch.float32))
    assert float((exact - single).abs().max()) < 1e-5


def test_shares_out_of_range_are_refused() -> None:
    """Nothing, and more than the peak; the peak itself changes nothing."""
    scan = head()
    for share in (0.0, -0.2, 1.5):
        with pytest.raises(ValueError, match="of the peak"):
            clip(scan, share=share)
    assert clip(scan, share=1.0, phase_rad=0.3) is scan


def test_the_measures_count_what_was_cut() -> None:
    """A flat picture at half of full scale: three quarters of its energy, one sample."""
    scan = MRIScan.of(torch.full((16, 16), 4.0, dtype=torch.float64), phase=False)
    view = View("mri", "head", Display("window", 0.0, 5.0), torch.ones(16, 16, dtype=torch.bool), (1.0, 1.0))
    image = torch.ones((16, 16))
    pair = Pair(image, image, view, None, clip(scan, share=0.5))
    assert energy_clipped(pair).value == pytest.approx(75.0)
    assert samples_clipped(pair).value == 1.0
    untouched = replace(pair, scan=scan)
    assert energy_clipped(untouched).value == 0.0
    assert samples_clipped(untouched).value == 0.0


def test_clipped_samples_are_counted_per_channel() -> None:
    """On average over four channels: all samples that differ before and after the converter, over four."""
    scan = head(n_coils=4)
    clipped = clip(scan, share=0.2)
    view = View("mri", "head", Display("window", 0.0, 5.0), torch.ones(48, 40, dtype=torch.bool), (1.0, 1.0))
    picture = acquire(scan)
    differ = int((acquire_kspace(scan) != acquire_kspace(clipped)).sum())
    assert differ > 8
    assert samples_clipped(Pair(picture, picture, view, scan, clipped)).value == differ / 4
