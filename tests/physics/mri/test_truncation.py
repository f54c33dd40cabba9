"""A matrix that ends early: Dirichlet and Tukey windows, and what they do to points, edges and waves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from physics.display import Display
from physics.fourier import centred_grid, frequencies
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.truncation import Truncation, faded_window, lower_resolution, matrix_kept, point_spread_mm, sharp_window, truncate_lines

Oracle = Callable[..., None]


def point(shape: tuple[int, int], at: tuple[int, int], *, phase_axis: int = 0, dtype: torch.dtype = torch.float64) -> MRIScan:
    image = torch.zeros(shape, dtype=dtype)
    image[at] = 1.0
    return MRIScan.of(image, phase_axis=phase_axis, phase=False)


@pytest.mark.parametrize("shape", [(64, 48), (63, 47)])
@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_point_becomes_a_dirichlet_kernel(shape: tuple[int, int], phase_axis: int, dtype: torch.dtype, oracle: Oracle) -> None:
    """sin(pi M y / N) / (N sin(pi y / N)) along the phase-encode axis about the point, nothing along the other."""
    at = (40, 11)
    n, m = shape[phase_axis], 21
    picture = acquire_complex(truncate_lines(point(shape, at, phase_axis=phase_axis, dtype=dtype), share=m / n))
    y = torch.arange(n, dtype=torch.float64) - at[phase_axis]
    kernel = torch.where(y == 0, m / n, torch.sin(math.pi * m * y / n) / (n * torch.sin(math.pi * y / n)))
    expected = torch.zeros(shape, dtype=torch.complex128)
    if phase_axis == 0:
        expected[:, at[1]] = kernel.to(expected)
    else:
        expected[at[0], :] = kernel.to(expected)
    worst = float((picture.to(torch.complex128) - expected).abs().max())
    oracle("mri_gibbs", "a point becomes a Dirichlet kernel", worst, below=1e-6 if dtype == torch.float32 else 1e-12)


def test_a_step_overshoots_by_nine_per_cent(oracle: Oracle) -> None:
    """Wilbraham and Gibbs: (Si(pi) / pi - 1/2) of the height on a fine grid, lobes N / M pixels apart, one over the distance."""
    n, m = 4096, 129
    image = torch.zeros((n, 8), dtype=torch.float64)
    image[n // 2 :] = 1.0
    profile = acquire_complex(truncate_lines(MRIScan.of(image, phase=False), share=m / n)).real[:, 3]
    near = profile[n // 2 : n // 2 + 400]
    oracle("mri_gibbs", "overshoot of a step is 8.949 % of its height", float(near.max()) - 1.0894899, below=1e-3)
    peaks = [i for i in range(1, 399) if near[i] > near[i - 1] and near[i] >= near[i + 1]]
    apart = [later - earlier for earlier, later in pairwise(peaks)]
    assert all(abs(gap - 2 * n / m) <= 2 for gap in apart)  # a full period is two lobes
    assert peaks[0] == pytest.approx(n / m, abs=1)


@pytest.mark.parametrize("n", [64, 63])
def test_the_window_is_nested_continuous_and_of_the_right_sum(n: int) -> None:
    """Fewer lines never weigh more; a small step of the share is a small step of the weights; whole M keep M whole lines; all lines give 1 everywhere."""
    assert torch.equal(sharp_window(n, 1.0), torch.ones(n, dtype=torch.float64))
    for m in (5, 21, 41):
        window = sharp_window(n, m / n)
        assert torch.allclose(window, (frequencies(n).abs() <= m // 2).double(), atol=1e-12)
    shares = torch.linspace(0.03, 1, 400, dtype=torch.float64).tolist()
    for offset in (0.0, 0.05, -0.2):
        windows = [sharp_window(n, share, offset=offset) for share in shares]
        for less, more in pairwise(windows):
            assert bool((less <= more + 1e-12).all())
            assert float((more - less).max()) < 0.1 * n / 63
    for share in (0.31, 0.5, 0.77):
        assert float(sharp_window(n, share).sum()) == pytest.approx(share * n, abs=1e-9)


@pytest.mark.parametrize("offset", [0.4, -0.4])
def test_the_offset_moves_the_lines_towards_its_sign(offset: float) -> None:
    """The mean frequency of what is kept is offset (1 - share) N / 2."""
    window = sharp_window(101, 0.35, offset=offset)
    assert float((window * frequencies(101)).sum() / window.sum()) == pytest.approx(offset * 0.65 * 101 / 2, abs=0.02)


@pytest.mark.parametrize("shape", [(64, 48), (63, 47)])
@pytest.mark.parametrize("wave", [(3, 0), (0, -5), (9, 4)])
def test_a_wave_passes_with_its_weight(shape: tuple[int, int], wave: tuple[int, int], oracle: Oracle) -> None:
    """Low resolution: exp(2 pi i k . r) keeps its phase and its axis and is multiplied by the half cosine of either axis."""
    y, x = centred_grid(shape)
    turns = 2 * math.pi * (wave[0] * y / shape[0] + wave[1] * x / shape[1])
    body = MRIScan.of(torch.ones(shape, dtype=torch.float64), phase=False)
    density = torch.polar(torch.ones_like(turns), turns)
    scan = replace(body, body=replace(body.body, density=density))
    shares, taper = (0.6, 0.4), 0.7
    picture = acquire_complex(lower_resolution(scan, shares=shares, taper=taper))
    weight = 1.0
    for k, n, share in zip(wave, shape, shares, strict=True):
        flat, end = (1 - taper) * share * n / 2, share * n / 2
        weight *= 1.0 if abs(k) <= flat else 0.0 if abs(k) >= end else 0.5 * (1 + math.cos(math.pi * (abs(k) - flat) / (end - flat)))
    oracle("mri_low_resolution", "a wave passes with the weight of the Tukey window", float((picture - weight * density).abs().max()), below=1e-12)


@pytest.mark.parametrize("taper", [0.9, 0.95, 1.0])
def test_a_tapered_edge_does_not_ring(taper: float, oracle: Oracle) -> None:
    """Overshoot of a step below 3.5 %, against 9 % without the filter; signal at k = 0 is kept."""
    image = torch.zeros((1024, 16), dtype=torch.float64)
    image[400:700] = 1.0
    scan = MRIScan.of(image, phase=False)
    picture = acquire_complex(lower_resolution(scan, shares=(0.1, 1.0), taper=taper)).real
    oracle("mri_low_resolution", "overshoot of a filtered step", float(picture.max()) - 1, below=0.035)
    assert float(picture.sum()) == pytest.approx(float(image.sum()), rel=1e-12)


def test_low_resolution_begins_where_the_matrix_ends() -> None:
    """A full matrix is the scan itself; a weak filter hardly changes anything; the window is 1 at rest, falls without rising again and ends at M / 2."""
    scan = point((32, 40), (16, 20))
    assert truncate_lines(scan, share=1.0) is scan
    assert float(faded_window(201, 1.0, 0.004).min()) > 0.99
    falling = faded_window(200, 0.25, 0.6)[:101]
    assert bool((falling[1:] <= falling[:-1]).all())
    assert float(falling[0]) == 1.0
    assert float(falling[25]) == 0.0
    assert float(falling[10]) == 1.0  # 0.4 of 25 passes in full
    assert float(falling[24]) > 0.0


@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("offset", [0.5, -0.5])
def test_lines_lie_off_the_centre_along_the_phase_axis_alone(phase_axis: int, offset: float) -> None:
    """31 of 63 lines and 31 of 63 samples of each: the mean frequency of the lines is 8 lines off the centre, that of the samples is nothing."""
    scan = point((63, 63), (31, 31), phase_axis=phase_axis)
    kept = acquire_kspace(truncate_lines(scan, share=31 / 63, readout_share=31 / 63, offset=offset))[0].abs().square()
    lines, samples = kept.sum(dim=1 - phase_axis), kept.sum(dim=phase_axis)
    assert float((lines * frequencies(63)).sum() / lines.sum()) == pytest.approx(16 * offset, abs=0.01)
    assert float((samples * frequencies(63)).sum() / samples.sum()) == pytest.approx(0.0, abs=0.01)


def test_shares_out_of_range_are_refused() -> None:
    """Nothing, more than all, a taper that is none."""
    scan = point((16, 16), (8, 8))
    for share in (0.0, -0.1, 1.1):
        with pytest.raises(ValueError, match="shares"):
            truncate_lines(scan, share=share)
    with pytest.raises(ValueError, match="taper"):
        lower_resolution(scan, shares=(0.5, 0.5), taper=0.0)
    with pytest.raises(ValueError, match="offset"):
        truncate_lines(scan, share=0.5, offset=1.5)


def test_the_measures_read_the_windows() -> None:
    """Matrix kept along the phase-encode axis; the point spread is the pixel over that share, and the wider axis counts."""
    image = torch.ones((50, 40))
    scan = MRIScan.of(image, spacing_mm=(0.8, 1.0), phase_axis=1)
    view = View("mri", "head", Display("window", 0.0, 2.0), torch.ones(50, 40, dtype=torch.bool), (0.8, 1.0))
    pair = Pair(image, image, view, None, truncate_lines(scan, share=0.3, readout_share=0.5))
    assert matrix_kept(pair).value == pytest.approx(30.0)
    assert point_spread_mm(pair).value == pytest.approx(1 / 0.3)
    assert float(Truncation((0.5, 0.3)).window(scan, 0).sum()) == pytest.approx(25.0)


def test_windows_multiply_along_their_own_axis() -> None:
    """Two truncations of the rows keep the smaller share of them, whatever the columns keep."""
    image = torch.ones((50, 40))
    scan = MRIScan.of(image, phase_axis=0).with_event(Truncation((0.6, 1.0))).with_event(Truncation((0.4, 0.8)))
    view = View("mri", "head", Display("window", 0.0, 2.0), torch.ones(50, 40, dtype=torch.bool), (1.0, 1.0))
    assert matrix_kept(Pair(image, image, view, None, scan)).value == pytest.approx(40.0)
