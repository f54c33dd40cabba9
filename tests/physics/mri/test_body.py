"""The body: support, mean tissue, invented phase, spectral energy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from physics import fourier, phantoms
from physics.mri.body import Body, hermitian_index, smooth_phase


def blobs() -> torch.Tensor:
    image = torch.zeros(60, 50, dtype=torch.complex128)
    image[20:40, 10:40] = 8.0
    image[28:32, 20:24] = 0.0  # a hole
    image[2:4, 2:4] = 8.0  # a stray spot
    return image


def test_support_is_the_largest_piece_filled_and_grown():
    """The stray spot goes, the hole is filled, the rim is three pixels wide, and mean tissue skips what is dark."""
    body = Body(blobs(), (1.0, 1.0))
    assert bool(body.support[30, 22])
    assert not bool(body.support[3, 3])
    assert bool(body.support[17, 25])
    assert not bool(body.support[16, 25])
    assert body.mean_tissue == pytest.approx(8.0)
    assert Body(torch.zeros(8, 8, dtype=torch.complex64), (1.0, 1.0)).mean_tissue == 0.0


def test_tissue_share_is_one_on_the_body_and_falls_in_air():
    """1 over the support and its rim of four pixels, exp(-(d/2)^2) beyond."""
    share = Body(blobs(), (1.0, 1.0)).tissue_share
    assert float(share[30, 25]) == 1.0
    assert float(share[13, 25]) == 1.0
    assert float(share[12, 25]) == pytest.approx(math.exp(-0.25))
    assert float(share[10, 25]) == pytest.approx(math.exp(-2.25))


@pytest.mark.parametrize("seed", range(12))
def test_the_invented_phase_breaks_the_hermitian_symmetry(seed):
    """h >= 0.1 for every seed, however a global phase is turned away."""
    head = phantoms.ellipses((96, 80), torch.float64)
    phase = smooth_phase((96, 80), seed=seed)
    assert hermitian_index(fourier.to_kspace(torch.polar(head, phase))) >= 0.1
    assert phase.shape == (96, 80)


def test_the_hermitian_index_sees_through_a_global_phase():
    """0 for a real picture under any one phase, on odd and even sizes; sqrt(2) for a single sample."""
    for shape in ((32, 30), (31, 33)):
        head = phantoms.ellipses(shape, torch.float64)
        assert hermitian_index(fourier.to_kspace(head * complex(0.6, 0.8))) < 1e-6
    spike = torch.zeros(8, 8, dtype=torch.complex128)
    spike[1, 2] = 1.0
    assert hermitian_index(spike) == pytest.approx(math.sqrt(2))


def test_the_invented_phase_is_smooth_and_of_the_drawn_size():
    """Neighbours differ by less than a quarter radian on 128 pixels; seeds differ; the same seed repeats."""
    phase = smooth_phase((128, 128), seed=5)
    assert float(phase.diff(dim=0).abs().max()) < 0.25
    assert float(phase.diff(dim=1).abs().max()) < 0.25
    assert 0.4 < float((phase - phase.mean()).std()) < 5.0
    assert torch.equal(phase, smooth_phase((128, 128), seed=5))
    assert not torch.equal(phase, smooth_phase((128, 128), seed=6))


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_line_energy_is_weighted_in_cycles_per_millimetre(phase_axis):
    """Sum over the readout of |k|^p |K|^2, by the written-out sum, anisotropic spacing included."""
    body = Body(torch.randn((6, 5), dtype=torch.complex128, generator=torch.Generator().manual_seed(0)), (2.0, 0.5))
    kspace = fourier.to_kspace(body.density).numpy()
    for power in (0, 2):
        expected = np.zeros((6, 5)[phase_axis])
        for i, n0 in enumerate([0, 1, 2, -3, -2, -1]):
            for j, n1 in enumerate([0, 1, 2, -2, -1]):
                k2 = (n0 / 12.0) ** 2 + (n1 / 2.5) ** 2
                expected[(i, j)[phase_axis]] += k2 ** (power / 2) * abs(kspace[i, j]) ** 2
        np.testing.assert_allclose(body.line_energy(phase_axis, power=power).numpy(), expected)


def test_what_is_dark_is_measured_against_the_tissue_itself():
    """A pixel of 7 % of the 99th percentile is air, one of 9 % is tissue, in any unit of the picture."""
    for unit in (1e-3, 1.0, 1e4):
        image = torch.zeros((40, 44), dtype=torch.complex128)
        image[10:30, 10:34] = 10.0 * unit
        image[12:14, 12:20] = 0.7 * unit
        image[20:22, 12:20] = 0.9 * unit
        assert Body(image, (1.0, 1.0)).mean_tissue == pytest.approx((448 * 10.0 + 16 * 0.9) / 464 * unit)


@pytest.mark.parametrize(("shape", "seed"), [((33, 28), 3), ((40, 45), 8)])
def test_the_invented_phase_is_made_of_what_was_drawn(shape, seed):
    """Less its constant and its echo ramp, the phase is a field of the drawn deviation whose spectrum falls by exp(-pi^2 c^2 n^2 / 2)."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 0x9A5E])))
    constant, echo = rng.uniform(-np.pi, np.pi), rng.uniform(-2, 2, size=2)
    correlation, deviation = rng.uniform(1 / 6, 1 / 2), rng.uniform(0.5, 1.5)
    white = np.fft.fft2(rng.standard_normal(shape))
    down, right = ((np.arange(n) - n // 2) / n for n in shape)
    field = smooth_phase(shape, seed=seed).numpy() - constant - 2 * np.pi * (echo[0] * down[:, None] + echo[1] * right)
    assert field.mean() == pytest.approx(0, abs=1e-9)
    assert field.std(ddof=1) == pytest.approx(deviation)
    gain = (np.fft.fft2(field) / white).real
    for n0, n1 in ((2, 0), (0, 2), (1, -1), (-1, 2)):
        expected = math.exp(-((math.pi * correlation) ** 2) * (n0**2 + n1**2 - 1) / 2)
        assert gain[n0, n1] / gain[0, 1] == pytest.approx(expected, rel=1e-6)
        assert gain[0, 1] == pytest.approx(gain[1, 0])


def test_constant_phases_lie_all_around_the_circle():
    """On an odd matrix the mean phase is the drawn constant: over many seeds it covers -pi to pi evenly."""
    constants = np.array([float(smooth_phase((15, 13), seed=seed).mean()) for seed in range(200)])
    assert np.abs(constants).max() <= math.pi
    assert abs(np.exp(1j * constants).mean()) < 0.2
    assert constants.std() == pytest.approx(math.pi / math.sqrt(3), rel=0.1)
