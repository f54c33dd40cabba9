"""Thermal noise: the laws of magnitude pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics import noise, phantoms
from physics.mri import MRIScan
from physics.mri.acquire import acquire_kspace
from physics.mri.sampling import every_rth
from physics.mri.thermal import ThermalNoise, add_noise
from physics.scan import acquire


def half(level: float = 30.0) -> torch.Tensor:
    image = torch.zeros((256, 256))
    image[:, 128:] = level
    return image


def test_one_coil_is_rayleigh_in_air_and_rician_in_tissue(oracle):
    """Mean and deviation in air, second moment in tissue; sigma is that of real and imaginary part in the picture."""
    picture = acquire(add_noise(MRIScan.of(half()), sigma=2.0, seed=1))
    assert float(picture[:, :128].mean()) == pytest.approx(noise.air_mean(2.0), rel=0.01)
    assert float(picture[:, :128].std()) == pytest.approx(noise.air_deviation(2.0), rel=0.02)
    assert float(picture[:, 128:].square().mean()) == pytest.approx(900 + 8, rel=2e-3)
    assert float(picture[:, 128:].std()) == pytest.approx(2.0, rel=0.02)
    n, air = 256 * 128, picture[:, :128].double()
    error = float(air.mean()) - noise.air_mean(2.0)
    oracle("mri_noise", "Rayleigh mean of air, in 3 standard errors", error / (3 * noise.air_deviation(2.0) / n**0.5), below=1)
    second = float(picture[:, 128:].double().square().mean()) - 908  # E M^2 = A^2 + 2 sigma^2, Var M^2 = 4 A^2 sigma^2 + 4 sigma^4
    oracle("mri_noise", "Rician second moment of tissue, in 3 standard errors", second / (3 * (4 * 900 * 4 + 4 * 16) ** 0.5 / n**0.5), below=1)


def test_eight_coils_are_non_central_chi(oracle):
    """Uncorrelated coils: the mean in air is that of 2 L degrees of freedom, the second moment in tissue A^2 + 2 L sigma^2."""
    from dataclasses import replace

    scan = MRIScan.of(half(), n_coils=8)
    scan = replace(scan, array=replace(scan.array, coupling=0.0))
    picture = acquire(add_noise(scan, sigma=2.0, seed=2))
    assert float(picture[:, :128].mean()) == pytest.approx(noise.air_mean(2.0, n_coils=8), rel=0.005)
    assert float(picture[:, :128].std()) == pytest.approx(noise.air_deviation(2.0, n_coils=8), rel=0.02)
    assert float(picture[:, 128:].square().mean()) == pytest.approx(900 + 2 * 8 * 4, rel=5e-3)
    error = float(picture[:, :128].double().mean()) - noise.air_mean(2.0, n_coils=8)
    oracle("mri_noise", "chi mean of air, 8 coils, in 3 standard errors", error / (3 * noise.air_deviation(2.0, n_coils=8) / (256 * 128) ** 0.5), below=1)


def test_coils_share_noise_as_the_array_says():
    """The sample covariance of k-space is 2 sigma^2 times the covariance of the array, phase of the coupling included."""
    scan = MRIScan.of(torch.zeros((200, 200), dtype=torch.float64), n_coils=4)
    samples = acquire_kspace(add_noise(scan, sigma=3.0, seed=3)).flatten(1).numpy()
    covariance = samples @ samples.conj().T / samples.shape[1]
    assert np.abs(covariance - 18 * scan.array.covariance()).max() < 18 * 0.03


def test_only_what_the_source_lacks_is_added():
    """A source with 3 and a wish of 5 gain 4; a source that is noisier than the wish stays the same object."""
    scan = MRIScan.of(torch.zeros((200, 200)), source_sigma=3.0)
    assert float(acquire(add_noise(scan, sigma=5.0, seed=4)).square().mean()) == pytest.approx(2 * 16, rel=0.02)
    assert add_noise(scan, sigma=3.0, seed=4) is scan
    with pytest.raises(ValueError, match="sigma"):
        add_noise(scan, sigma=-1.0, seed=4)


def test_twice_the_noise_is_the_same_grain_twice_as_strong():
    """The noise in k-space scales with sigma exactly, and other seeds give other grain."""
    scan = MRIScan.of(100 * phantoms.ellipses((48, 40), torch.float64))
    clean = acquire_kspace(scan)
    one, two, other = (acquire_kspace(add_noise(scan, sigma=s, seed=k)) - clean for s, k in ((1.0, 5), (2.0, 5), (1.0, 6)))
    torch.testing.assert_close(two, 2 * one, atol=1e-11, rtol=0)
    assert float((one - other).abs().max()) > 1
    assert float(clean.abs().max()) == float(acquire_kspace(scan).abs().max())


@pytest.mark.parametrize("n_coils", [1, 3])
def test_the_grain_is_the_unit_draw_of_its_seed(n_coils):
    """Sample for sample: k-space gains + sigma L w, w the unit draw, L the Cholesky factor of the coils' covariance; a stored seed replays the same grain."""
    scan = MRIScan.of(100 * phantoms.ellipses((24, 20), torch.float64), n_coils=n_coils)
    gained = (acquire_kspace(add_noise(scan, sigma=2.5, seed=9)) - acquire_kspace(scan)).numpy()
    factor = np.linalg.cholesky(scan.array.covariance()) if scan.array is not None else np.ones((1, 1))
    unit = noise.unit_complex((n_coils, 24, 20), seed=9, dtype=torch.complex128).numpy()
    np.testing.assert_allclose(gained, 2.5 * np.tensordot(factor, unit, axes=1), atol=1e-10)


def test_masked_air_is_refused_until_it_has_a_floor():
    """Rician noise on a background of zeros would tell the touched picture from the untouched."""
    with pytest.raises(ValueError, match="floor"):
        add_noise(MRIScan.of(half(), masked_air=True), sigma=1.0, seed=0)


def test_noise_is_only_in_the_lines_that_are_taken():
    """Skipped lines bring no noise: half of the lines, half of the variance in air."""
    scan = add_noise(MRIScan.of(torch.zeros((256, 128))), sigma=2.0, seed=7)
    assert float(acquire(scan.with_lines(every_rth(256, step=2))).square().mean()) == pytest.approx(4.0, rel=0.02)


def test_two_noises_commute_up_to_rounding():
    """Equal ranks: the order of two edits does not show."""
    scan = MRIScan.of(half())
    ab, ba = (acquire(scan.with_event(ThermalNoise(*p)).with_event(ThermalNoise(*q))) for p, q in (((1.0, 1), (2.0, 2)), ((2.0, 2), (1.0, 1))))
    torch.testing.assert_close(ab, ba, atol=1e-4, rtol=0)
