"""Where the noise of a receive array is read when none was measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from physics.fourier import frequencies, to_kspace
from physics.mri.whitening import covariance_of, estimated_covariance
from physics.noise import unit_complex

Oracle = Callable[..., None]


def noise(shape: tuple[int, ...], *, seed: int) -> Tensor:
    """Deviation 1 in each part."""
    return unit_complex(shape, seed=seed, dtype=torch.complex128)


def test_the_covariance_is_that_of_one_part() -> None:
    """Entry (a, b) is the mean of n_a conj(n_b) over two: of a known mixing of unit noise C = A A^H."""
    mixing = torch.tensor([[1.0, 0.0], [0.6 - 0.3j, 0.5]], dtype=torch.complex128)
    found = covariance_of(mixing @ noise((2, 200000), seed=1))
    torch.testing.assert_close(found, mixing @ mixing.mH, atol=0.02, rtol=0)


def test_the_outer_samples_are_a_share_of_all(oracle: Oracle) -> None:
    """Four in a hundred samples: estimates of the power of white noise scatter by one over the root of twice as many parts, no more."""
    shape, seeds = (120, 96), range(40)
    sampled = torch.ones(shape, dtype=torch.bool)
    powers = np.array([float(estimated_covariance(noise((1, *shape), seed=seed), sampled, folded=True)[0].real) for seed in seeds])
    told = (0.04 * 120 * 96) ** -0.5
    rms = float(np.sqrt(np.mean((powers - 1) ** 2)))
    oracle(
        "mri_kspace", "scatter of the power read from the outermost k-space, over that of 4 % of the samples", rms / told - 1, below=0.34
    )  # 3 / sqrt(2 * 40)


def test_only_the_farthest_samples_are_heard() -> None:
    """Signal within seven eighths of either axis, and of the corners' radius, does not reach the estimate."""
    shape = (120, 96)
    radius = ((frequencies(120) / 60).square()[:, None] + (frequencies(96) / 48).square()[None]).sqrt()
    limit = float(torch.quantile(radius.flatten(), 0.955))
    data = noise((2, *shape), seed=5)
    clean, where = estimated_covariance(data, torch.ones(shape, dtype=torch.bool), folded=True)
    loud, _ = estimated_covariance(data + 1e3 * (radius < limit), torch.ones(shape, dtype=torch.bool), folded=True)
    assert where == "the outermost k-space"
    torch.testing.assert_close(loud, clean)


@pytest.mark.parametrize("shape", [(64, 160), (160, 64)])
def test_corners_are_an_eighth_of_each_side(shape: tuple[int, int]) -> None:
    """A body of sharp grain that leaves just an eighth of the height by an eighth of the width free in two corners: they alone say what the noise is."""
    body = torch.ones(shape)
    body[: shape[0] // 8, : shape[1] // 8] = 0
    body[-(shape[0] // 8) :, -(shape[1] // 8) :] = 0
    grain = 50 * noise((1, *shape), seed=9) * body
    data = to_kspace(grain.expand(2, -1, -1)) + noise((2, *shape), seed=3)
    found, where = estimated_covariance(data, torch.ones(shape, dtype=torch.bool))
    assert where == "the corners of the coil pictures"
    torch.testing.assert_close(found, torch.eye(2, dtype=torch.complex128), atol=3 * 320**-0.5, rtol=0)


@pytest.mark.parametrize(("n_coils", "told"), [(2, "the corners of the coil pictures"), (3, "the outermost k-space")])
def test_small_corners_are_asked_for_few_coils_only(n_coils: int, told: str) -> None:
    """Corners of three by three pixels hold four samples a coil for two coils, not for three."""
    body = torch.ones(24, 24)
    body[:3, :3] = body[-3:, -3:] = 0
    data = to_kspace(50 * noise((1, 24, 24), seed=2) * body).expand(n_coils, -1, -1) + noise((n_coils, 24, 24), seed=3)
    assert estimated_covariance(data, torch.ones(24, 24, dtype=torch.bool))[1] == told


@pytest.mark.parametrize(("n_samples", "enough"), [(15, False), (16, True)])
def test_a_quarter_of_the_samples_must_be_enough(n_samples: int, enough: bool) -> None:
    """One coil wants four samples: a quarter of fifteen is three whole ones."""
    data, sampled = noise((1, n_samples, 1), seed=4), torch.ones((n_samples, 1), dtype=torch.bool)
    if enough:
        assert estimated_covariance(data, sampled, folded=True)[1] == "the outermost k-space"
    else:
        with pytest.raises(ValueError, match="too few"):
            estimated_covariance(data, sampled, folded=True)


@pytest.mark.parametrize(("shape", "enough"), [((16, 16), True), ((15, 17), False)])
def test_each_entry_of_a_covariance_wants_four_samples(shape: tuple[int, int], enough: bool) -> None:
    """Four coils have sixteen entries: 64 samples, a quarter of 256 but more than a quarter of 255."""
    kspace = unit_complex((4, *shape), seed=3, dtype=torch.complex128)
    whole = torch.ones(shape, dtype=torch.bool)
    if enough:
        found, _ = estimated_covariance(kspace, whole, folded=True)
        assert float(torch.linalg.eigvalsh(found).min()) > 0.5  # of so few as 16 samples it would be near 0
    else:
        with pytest.raises(ValueError, match="255 samples of 4 coils are too few"):
            estimated_covariance(kspace, whole, folded=True)
