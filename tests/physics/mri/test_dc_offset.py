"""A baseline that stands still is one pixel; one that moves is a short line or a star, in the right direction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from physics.display import Display
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.dc_offset import Offset, central_spot, offset_receiver
from physics.scan import acquire

Oracle = Callable[..., None]


def empty(shape: tuple[int, int], *, phase_axis: int = 0, n_coils: int = 1, dtype: torch.dtype = torch.float64) -> MRIScan:
    return MRIScan.of(torch.zeros(shape, dtype=dtype), phase_axis=phase_axis, phase=False, n_coils=n_coils)


@pytest.mark.parametrize("shape", [(64, 48), (63, 47), (256, 256)])
@pytest.mark.parametrize("n_coils", [1, 8])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_constant_baseline_is_the_centre_pixel(shape: tuple[int, int], n_coils: int, dtype: torch.dtype, oracle: Oracle) -> None:
    """The amplitude at pixel (N // 2, N // 2), 0 elsewhere; every sample of every channel has the same modulus, which squared sums to it."""
    scan = offset_receiver(empty(shape, n_coils=n_coils, dtype=dtype), Offset(7.0, seed=3))
    picture = acquire(scan).double()
    expected = torch.zeros(shape, dtype=torch.float64)
    expected[shape[0] // 2, shape[1] // 2] = 7.0
    bound = 1e-5 if dtype == torch.float32 else 1e-12
    oracle("mri_dc_offset", f"one pixel at the centre, {str(dtype)[6:]}", float((picture - expected).abs().max()), below=bound)
    samples = acquire_kspace(scan).abs().double()
    assert float((samples - 7.0 / np.sqrt(shape[0] * shape[1] * n_coils)).abs().max()) < bound


@pytest.mark.parametrize("shape", [(64, 48), (63, 47)])
@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("turns", [3, -5])
def test_a_drift_of_whole_turns_moves_the_dot(shape: tuple[int, int], phase_axis: int, turns: int, oracle: Oracle) -> None:
    """q turns of phase from the first line to the last are q pixels along the phase-encode axis, against the direction in which k grows."""
    picture = acquire_complex(offset_receiver(empty(shape, phase_axis=phase_axis), Offset(2.0, drift=turns))).abs()
    at = [shape[0] // 2, shape[1] // 2]
    at[phase_axis] -= turns
    expected = torch.zeros(shape, dtype=torch.float64)
    expected[tuple(at)] = 2.0
    oracle("mri_dc_offset", "a drift of whole turns moves the dot along the lines", float((picture - expected).abs().max()), below=1e-11)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_a_fraction_of_a_turn_smears_along_the_lines(phase_axis: int) -> None:
    """Half a turn: a Dirichlet kernel half a pixel off, on the central column of the readout and nowhere else; the energy stays."""
    shape = (64, 48)
    picture = acquire_complex(offset_receiver(empty(shape, phase_axis=phase_axis), Offset(2.0, drift=0.5))).abs()
    profile = picture[:, 24] if phase_axis == 0 else picture[32, :]
    n = shape[phase_axis]
    y = torch.arange(n, dtype=torch.float64) - n // 2 + 0.5
    kernel = 2.0 * (torch.sin(torch.pi * y) / (n * torch.sin(torch.pi * y / n))).abs()
    torch.testing.assert_close(profile, kernel, atol=1e-11, rtol=0)
    assert float(picture.square().sum()) == pytest.approx(4.0)
    assert float(profile.square().sum()) == pytest.approx(4.0)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_a_settling_baseline_smears_along_the_readout(phase_axis: int, oracle: Oracle) -> None:
    """exp(-t / T) from the first sample on: on the central line, the geometric sum of the decay."""
    shape = (40, 56)
    picture = acquire_complex(offset_receiver(empty(shape, phase_axis=phase_axis), Offset(3.0, settle_share=0.1))).abs()
    n = shape[1 - phase_axis]
    profile = picture[20, :] if phase_axis == 0 else picture[:, 28]
    x, ratio = np.arange(n) - n // 2, np.exp(-1 / (0.1 * n))
    z = ratio * np.exp(2j * np.pi * x / n)
    expected = 3.0 / n * np.abs((1 - z**n) / (1 - z))
    oracle("mri_dc_offset", "a settling baseline smears along the readout", float(np.abs(profile.numpy() - expected).max()), below=1e-11)
    assert float(picture.square().sum()) == pytest.approx(float(profile.square().sum()))


def test_nothing_is_nothing_and_negative_is_refused() -> None:
    """Amplitude 0 is the scan itself; sizes are not negative; another seed is another phase of the channels only."""
    scan = empty((16, 16))
    assert offset_receiver(scan, Offset(0.0, drift=1.0)) is scan
    for offset in (Offset(-1.0), Offset(1.0, settle_share=-0.1)):
        with pytest.raises(ValueError, match="must be >= 0"):
            offset_receiver(scan, offset)
    first, second = (acquire_complex(offset_receiver(scan, Offset(1.0, seed=seed))) for seed in (1, 2))
    torch.testing.assert_close(first.abs(), second.abs(), atol=1e-12, rtol=0)
    assert float((first - second).abs().max()) > 0.1


def test_every_channel_has_a_phase_of_its_own_on_the_whole_circle() -> None:
    """Uniform: the mean of N unit phases, and of their squares, is within 3.5 / sqrt(N) of nothing over the channels."""
    heard = Offset(1.0, seed=5).apply(torch.zeros((2000, 2, 3), dtype=torch.complex128), empty((2, 3)))[:, 0, 0]
    phases = heard / heard.abs()
    assert float(phases.mean().abs()) < 3.5 / np.sqrt(2000)
    assert float(phases.square().mean().abs()) < 3.5 / np.sqrt(2000)


def test_the_measure_reads_the_centre() -> None:
    """A dot of 12 on tissue of 40 is 30 %; a dot elsewhere is none of its business."""
    image = torch.full((33, 32), 40.0)
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(33, 32, dtype=torch.bool), (1.0, 1.0))
    dotted = image.clone()
    dotted[16, 16] += 12.0
    assert central_spot(Pair(image, dotted, view)).value == pytest.approx(30.0)
    elsewhere = image.clone()
    elsewhere[3, 3] += 12.0
    assert central_spot(Pair(image, elsewhere, view)).value == 0.0


@pytest.mark.parametrize("shape", [(32, 41), (33, 40)])
def test_the_spot_reaches_two_pixels_from_the_centre(shape: tuple[int, int]) -> None:
    """A change 2 px off the centre pixel (N // 2, N // 2) along either axis counts, 3 px off it does not; the largest decides, darker or brighter."""
    image = torch.full(shape, 40.0)
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(shape, dtype=torch.bool), (1.0, 1.0))
    for axis in (0, 1):
        for distance in (-3, -2, 2, 3):
            dotted = image.clone()
            at = [shape[0] // 2, shape[1] // 2]
            at[axis] += distance
            dotted[tuple(at)] -= 12.0
            assert central_spot(Pair(image, dotted, view)).value == pytest.approx(30.0 if abs(distance) == 2 else 0.0)
