"""The laws of magnitude noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from physics import noise


def test_the_unit_draw_is_white_and_reproducible():
    """Real and imaginary part have deviation 1 and no correlation; the seed alone decides, in any precision."""
    draw = noise.unit_complex((400, 400), seed=3, dtype=torch.complex128)
    parts = torch.view_as_real(draw)
    assert float(parts.std()) == pytest.approx(1.0, abs=0.005)
    assert float(parts.mean()) == pytest.approx(0.0, abs=0.006)
    assert abs(float((parts[..., 0] * parts[..., 1]).mean())) < 0.01
    assert torch.equal(noise.unit_complex((400, 400), seed=3), draw.to(torch.complex64))
    assert not torch.equal(noise.unit_complex((400, 400), seed=4), draw.to(torch.complex64))


@pytest.mark.parametrize("n_coils", [1, 2, 8])
def test_air_moments_are_those_of_the_chi_law(n_coils):
    """Mean and deviation in air agree with a Monte-Carlo draw of the root sum of squares."""
    parts = np.random.default_rng(0).normal(scale=2.0, size=(200_000, 2 * n_coils))
    air = np.sqrt((parts**2).sum(axis=1))
    assert noise.air_mean(2.0, n_coils=n_coils) == pytest.approx(air.mean(), rel=5e-3)
    assert noise.air_deviation(2.0, n_coils=n_coils) == pytest.approx(air.std(), rel=1e-2)


def test_one_coil_gives_the_rayleigh_constants():
    """1.2533 sigma and 0.6551 sigma."""
    assert noise.air_mean(1.0) == pytest.approx(math.sqrt(math.pi / 2))
    assert noise.air_deviation(1.0) == pytest.approx(math.sqrt(2 - math.pi / 2))


def test_only_what_is_missing_is_added():
    """3-4-5: noise of 3 needs 4 to become 5; noise of 5 needs nothing to become 3."""
    assert noise.missing_sigma(5.0, present=3.0) == pytest.approx(4.0)
    assert noise.missing_sigma(3.0, present=5.0) == 0.0


def test_a_noise_floor_is_rayleigh_in_air_and_rician_in_tissue():
    """Air has the Rayleigh mean and deviation; tissue has second moment m^2 + 2 sigma^2; the source stays as it was."""
    image = torch.zeros(500, 400)
    image[:, 200:] = 20.0
    floored = noise.with_noise_floor(image, sigma=3.0, seed=1)
    assert floored.dtype == image.dtype
    assert float(floored[:, :200].mean()) == pytest.approx(noise.air_mean(3.0), rel=0.01)
    assert float(floored[:, :200].std()) == pytest.approx(noise.air_deviation(3.0), rel=0.01)
    assert float(floored[:, 200:].square().mean()) == pytest.approx(400 + 18, rel=0.005)
    assert float(image[:, :200].abs().max()) == 0
    assert noise.with_noise_floor(image, sigma=0.0, seed=1) is image
    with pytest.raises(ValueError, match="sigma"):
        noise.with_noise_floor(image, sigma=-1.0, seed=1)


def test_the_floor_is_the_unit_draw_of_its_seed():
    """Pixel for pixel |m + sigma w| with the unit draw w, so that a stored seed replays the same floor."""
    image = torch.linspace(0, 40, 35, dtype=torch.float64).reshape(7, 5)
    draw = noise.unit_complex((7, 5), seed=6, dtype=torch.complex128)
    torch.testing.assert_close(noise.with_noise_floor(image, sigma=3.0, seed=6), ((image + 3 * draw.real) ** 2 + (3 * draw.imag) ** 2).sqrt())


def test_the_second_moment_takes_the_bias_away():
    """sqrt(m^2 - 2 sigma^2), never below 0."""
    found = noise.without_rician_bias(torch.tensor([5.0, 1.0, 3.0]), sigma=2.0)
    torch.testing.assert_close(found, torch.tensor([math.sqrt(17.0), 0.0, 1.0]))
