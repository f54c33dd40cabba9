"""A spike is a plane wave; a longer one is the sum of neighbours."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from physics.display import Display
from physics.fourier import centred_grid
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex
from physics.mri.spike import Spike, add_spike, stripe_amplitude
from physics.scan import acquire


def head(shape: tuple[int, int], *, phase_axis: int = 0) -> MRIScan:
    y, x = centred_grid(shape)
    return MRIScan.of(100 * torch.exp(-((y / 15) ** 2) - (x / 20) ** 2), phase_axis=phase_axis)


@pytest.mark.parametrize("shape", [(64, 64), (63, 80)])
@pytest.mark.parametrize("k0", [(5, 0), (0, -7), (-11, 4)])
def test_a_spike_is_one_plane_wave(shape: tuple[int, int], k0: tuple[int, int], oracle: Callable[..., None]) -> None:
    """The picture gains exp(2 pi i (ky y / ny + kx x / nx)) times the amplitude: direction, sign, period and size."""
    y, x = centred_grid(shape)
    scan = head(shape)
    gain = acquire_complex(add_spike(scan, Spike(*k0, amplitude=0.2 + 0.1j))) - acquire_complex(scan)
    wave = (0.2 + 0.1j) * torch.exp(2j * math.pi * (k0[0] * y / shape[0] + k0[1] * x / shape[1]))
    oracle("mri_spike", "the gain is one plane wave", float((gain - wave).abs().max()), below=1e-10)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_a_longer_event_beats_along_the_readout(phase_axis: int, oracle: Callable[..., None]) -> None:
    """Three neighbouring samples of a line: the sum of their waves, a third each, one after another along the readout and nowhere else."""
    shape = (63, 80)
    grid = centred_grid(shape)
    scan = head(shape, phase_axis=phase_axis)
    gain = acquire_complex(add_spike(scan, Spike(-9, 6, 0.3j, n_samples=3))) - acquire_complex(scan)
    turns = -9 * grid[0] / shape[0] + 6 * grid[1] / shape[1]
    along = grid[1 - phase_axis] / shape[1 - phase_axis]
    waves = sum(0.1j * torch.exp(2j * math.pi * (turns + later * along)) for later in range(3))
    oracle("mri_spike", "a longer event is the sum of its samples", float((gain - waves).abs().max()), below=1e-10)


@pytest.mark.parametrize("spike", [Spike(8, 0, 1.0), Spike(0, -9, 1.0), Spike(0, 6, 1.0, n_samples=3)])
def test_a_spike_outside_the_matrix_is_refused(spike: Spike) -> None:
    """Samples that were never acquired cannot be hit, not even by the end of a longer event."""
    with pytest.raises(ValueError, match="outside the acquired matrix"):
        add_spike(MRIScan.of(torch.ones(16, 16)), spike)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_an_event_may_last_to_the_edge_along_the_readout(phase_axis: int) -> None:
    """Samples follow along the readout only: two fit from -8 and from 6 on, not from 7 on; the other axis does not care how long it lasts."""
    scan = MRIScan.of(torch.ones(16, 16), phase_axis=phase_axis)

    def spike(along: int, line: int) -> Spike:
        return Spike(*((line, along) if phase_axis == 0 else (along, line)), amplitude=1.0, n_samples=2)

    for along, line in ((-8, 0), (6, 0), (0, -8), (0, 7)):
        assert len(add_spike(scan, spike(along, line)).events) == 1
    for along, line in ((7, 0), (-9, 0), (0, 8)):
        with pytest.raises(ValueError, match="outside the acquired matrix"):
            add_spike(scan, spike(along, line))


def test_the_stripe_is_measured(oracle: Callable[..., None]) -> None:
    """A cosine of 7 % of the mean reads 7 %; so does a spike of 7 % on an object whose phase turns."""
    _, x = centred_grid((64, 80))
    flat = torch.full((64, 80), 50.0, dtype=torch.float64)
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(64, 80, dtype=torch.bool), (1.0, 1.0))
    stripes = flat + 3.5 * torch.cos(2 * math.pi * 9 * x / 80)
    assert stripe_amplitude(Pair(flat, stripes, view)).value == pytest.approx(7.0, rel=1e-6)
    scan = MRIScan.of(flat, seed=3)
    read = stripe_amplitude(Pair(acquire(scan), acquire(add_spike(scan, Spike(9, -14, 3.5))), view)).value
    assert read is not None
    oracle("mri_spike", "the measure reads the amplitude of a spike", read / 7.0 - 1, below=0.03)
