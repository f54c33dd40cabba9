"""Soft classes of tissue."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from fat_phantoms import HEAD, body_of

from physics.mri.body import Body
from physics.mri.scan import MRIScan
from physics.mri.tissue import NAMES, _smooth_field, relaxation, reweighted, tissue_shares

Oracle = Callable[..., None]


def phantom(*, noise: float, seed: int = 5, steepness: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """A picture of three tissues under a field of +-25 % (or so many times as steep), and which tissue is where (-1: air)."""
    y, x = np.meshgrid(np.linspace(-1, 1, 150), np.linspace(-1, 1, 171), indexing="ij")
    label = np.where(np.hypot(y, x) < 0.85, 1, -1)
    label[(np.hypot(y + 0.2, x - 0.25) < 0.42) & (label >= 0)] = 2
    label[(np.hypot((y - 0.35) / 2, x + 0.2) < 0.2) & (label >= 0)] = 0
    bright = np.array([25.0, 70.0, 100.0])[label.clip(0)] * (label >= 0) * np.exp(steepness * (0.2 * y - 0.15 * x + 0.1 * x**2))
    rng = np.random.Generator(np.random.PCG64(seed))
    return np.abs(bright + noise * rng.standard_normal(bright.shape)), label


def test_known_tissues_are_told_apart_under_a_field(oracle: Oracle) -> None:
    """Nearly every pixel goes to its own tissue, dark to bright, although the field makes one tissue as bright as the next."""
    picture, label = phantom(noise=2.0)
    shares = tissue_shares(Body(torch.from_numpy(picture).to(torch.complex128), (1.0, 1.0))).numpy()
    np.testing.assert_allclose(shares.sum(axis=0), 1.0, atol=1e-12)
    assert shares.min() >= 0
    own = np.take_along_axis(shares[:3], label.clip(0)[None], axis=0)[0]
    oracle("mri_transmit_field", "share of a phantom's tissue given to another class", 1 - own[label >= 0].mean(), below=0.05)
    for tissue in range(3):
        assert own[label == tissue].mean() > 0.9, NAMES[tissue]


@pytest.mark.parametrize("steepness", [1.5, 2.0])
def test_a_steep_field_is_taken_out_whole(steepness: float) -> None:
    """From one side to the other the field changes tissue by more than the tissues differ; half of it left would mix them."""
    picture, label = phantom(noise=1.0, steepness=steepness)
    shares = tissue_shares(Body(torch.from_numpy(picture).to(torch.complex128), (1.0, 1.0))).numpy()
    own = np.take_along_axis(shares[:3], label.clip(0)[None], axis=0)[0]
    for tissue in range(3):
        assert own[label == tissue].mean() > 0.95, NAMES[tissue]


def test_what_is_far_from_every_class_goes_to_the_nearest() -> None:
    """A vessel ten times as bright as the brightest tissue is given to it whole, not lost in an exponential that is 0 for all."""
    picture, _ = phantom(noise=2.0)
    picture[70:74, 100:104] = 1000.0
    shares = tissue_shares(Body(torch.from_numpy(picture).to(torch.complex128), (1.0, 1.0)))
    assert bool(torch.isfinite(shares).all())
    torch.testing.assert_close(shares.sum(dim=0), torch.ones_like(shares[0]))
    water = shares[:3, 71:73, 101:103]
    assert float((water[:2].sum(dim=0) - 0).abs().max()) < 1e-9


def test_a_neutral_ratio_changes_nothing_and_air_is_left_alone() -> None:
    """Ratios of 1 give factors of 1; a ratio of one class changes that class by its share and nothing in air."""
    picture, label = phantom(noise=0.5)
    scan = MRIScan.of(torch.from_numpy(picture))
    torch.testing.assert_close(reweighted(scan, torch.ones(4, dtype=torch.float64)), torch.ones(picture.shape, dtype=torch.float64), rtol=0, atol=1e-12)
    factor = reweighted(scan, torch.tensor([1.0, 1.0, 0.5, 1.0], dtype=torch.float64)).numpy()
    assert factor[label == 2].mean() == pytest.approx(0.5, abs=0.05)
    assert factor[label == 0].mean() == pytest.approx(1.0, abs=0.02)
    assert factor[0, 0] == pytest.approx(1.0, abs=1e-9)


def test_relaxation_is_slower_at_higher_field() -> None:
    """T1 grows with the field, T2 does not; the nearer table is taken, 3 T where the field is unknown."""
    assert relaxation(1.494) == relaxation(1.5)
    assert relaxation(None) == relaxation(3.0) == relaxation(2.5) == relaxation(7.0)
    assert relaxation(1.5) == relaxation(2.0) == relaxation(0.55)
    assert relaxation(1.5)[2].t1_s < 0.8 * relaxation(3.0)[2].t1_s  # white matter: 0.65 s and 0.85 s
    for low, high in zip(relaxation(1.5), relaxation(3.0), strict=True):
        assert low.t1_s <= high.t1_s
        assert low.t2_s >= high.t2_s
    assert [part.t1_s for part in relaxation(3.0)] == sorted((part.t1_s for part in relaxation(3.0)), reverse=True)


@pytest.mark.parametrize("unit", [1e-4, 1e4])
def test_the_unit_of_the_picture_does_not_matter(unit: float) -> None:
    """A picture in units of ten thousand or of a ten-thousandth has the same shares, air included."""
    picture, _ = phantom(noise=0.02)
    one, other = (tissue_shares(Body(torch.from_numpy(scale * picture).to(torch.complex128), (1.0, 1.0))) for scale in (1.0, unit))
    torch.testing.assert_close(other, one, atol=1e-3, rtol=0)


def test_shares_add_up_where_there_is_fat() -> None:
    """A head with a bright layer under its skin: the four shares of every pixel sum to 1."""
    head, _ = body_of(HEAD)
    shares = tissue_shares(head)
    assert float(shares[3].max()) > 0.9
    torch.testing.assert_close(shares.sum(dim=0), torch.ones_like(shares[0]))


@pytest.mark.parametrize("shape", [(90, 121), (121, 90)])
def test_a_quadratic_field_is_found_whole(shape: tuple[int, int], oracle: Oracle) -> None:
    """Five terms of unlike size, of either sign, under a flat body: the logarithm of the field less its mean over the body, in every pixel."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    log = 0.3 * y - 0.2 * x + 0.25 * y**2 - 0.4 * x * y + 0.15 * x**2
    inside = np.hypot(y, x) < 0.9
    found = _smooth_field(50.0 * np.exp(log), inside)
    oracle("mri_transmit_field", "a quadratic field under a flat body", float(np.abs(found - (log - log[inside].mean())).max()), below=1e-3)


def test_air_without_noise_has_a_logarithm_in_any_unit() -> None:
    """A picture whose air is 0, in a unit in which tissue is a ten-billionth: shares are those of the picture itself."""
    picture, label = phantom(noise=0.0)
    one, other = (tissue_shares(Body(torch.from_numpy(unit * picture).to(torch.complex128), (1.0, 1.0))) for unit in (1.0, 1e-12))
    assert picture[0, 0] == 0
    assert bool(torch.isfinite(other).all())
    torch.testing.assert_close(other[:, label >= 0], one[:, label >= 0], atol=0.02, rtol=0)
