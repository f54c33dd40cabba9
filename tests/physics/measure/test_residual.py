"""What a change is made of: noise, stripes, blur and shading each alone, in the energies that were put in."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from physics.display import Display
from physics.measure.pair import Pair, View
from physics.measure.residual import MAD_TO_SIGMA, Split, _diagonal, split_of

CODES = Display("codes", 0.0, 255.0)


def _texture(shape=(512, 512), sigma=5.0):
    made = cv2.GaussianBlur(np.random.default_rng(3).standard_normal(shape), (0, 0), sigma)
    return 120 + 25 * np.tanh(made / made.std())


def _split(reference, degraded, *, modality="mri"):
    reference, degraded = (torch.from_numpy(np.asarray(x, np.float32)) for x in (reference, degraded))
    return split_of(Pair(reference, degraded, View(modality, "head", CODES, torch.ones(reference.shape, dtype=torch.bool), None)))


def test_shares_are_of_what_they_say():
    """Noise over the change and over the detail; structure is what is foreign and no noise."""
    split = Split(change=10.0, detail=8.0, foreign=5.0, noise=4.0)
    assert (split.noise_share, split.noise_of_detail, split.structure_share) == pytest.approx((0.4, 0.5, 0.1))
    assert Split(10.0, 8.0, 3.0, 4.0).structure_share == 0.0
    assert Split(0.0, 0.0, 0.0, 0.0).noise_share == 0.0


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(512, 512), (512, 384), (384, 512)])
def test_stripes_are_structure(axis, shape):
    """Every row (column) brighter or darker by its own 8 codes: foreign, 64 codes squared of it, and no noise, since f(y) + g(x) has no diagonal difference."""
    offsets = 8 * np.random.default_rng(1).standard_normal(shape[axis])
    split = _split(_texture(shape), _texture(shape) + (offsets[:, None] if axis == 0 else offsets[None]))
    assert split.change == pytest.approx(np.mean(offsets**2), rel=1e-3)
    assert split.foreign == pytest.approx(split.change, rel=0.03)
    assert split.noise < 0.01 * split.foreign
    assert split.structure_share > 0.95


@pytest.mark.parametrize("shape", [(512, 512), (512, 300), (512, 301)])
def test_noise_is_sought_in_the_whole_picture(shape):
    """Noise on all but the upper left quarter has more than a third of its energy in its median; on that quarter alone its median is nothing."""
    noise = 10 * np.random.default_rng(2).standard_normal(shape)
    quarter = np.zeros(shape, bool)
    quarter[: shape[0] // 2, : shape[1] // 2] = True
    most = _split(_texture(shape), _texture(shape) + np.where(quarter, 0, noise))
    assert most.noise_share > 0.4
    assert _split(_texture(shape), _texture(shape) + np.where(quarter, noise, 0)).noise_share < 0.05


@pytest.mark.parametrize("shape", [(64, 96), (65, 97)])
def test_a_board_of_two_by_two_squares_has_four_times_its_amplitude(shape):
    """Diagonal differences of a chequerboard of 2 px squares of +-3 are +-12; an odd row or column more changes nothing."""
    y, x = np.indices(shape)
    board = 3.0 * (1 - 2 * ((y // 2 + x // 2) % 2))
    assert _diagonal(board, np.ones(shape, bool)) == pytest.approx(12 * MAD_TO_SIGMA, rel=1e-9)


def test_the_spread_of_white_noise():
    """2 x 2 means of noise of deviation s have s / 2, four of them in quadrature s."""
    noise = 7 * np.random.default_rng(5).standard_normal((512, 512))
    assert _diagonal(noise, np.ones(noise.shape, bool)) == pytest.approx(7.0, rel=0.02)


def test_a_blur_is_explained():
    """Every Gaussian up to 1.5 px, a smear along either diagonal: less than 3 % of the change is foreign."""
    reference = _texture(sigma=4.0)
    smear = np.eye(7, dtype=np.float32) / 7
    for kernel in (cv2.getGaussianKernel(13, 1.5) @ cv2.getGaussianKernel(13, 1.5).T, smear, smear[::-1].copy()):
        split = _split(reference, cv2.filter2D(reference, -1, kernel, borderType=cv2.BORDER_REFLECT))
        assert split.change > 1.0
        assert split.foreign < 0.03 * split.change


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(512, 512), (512, 384), (384, 512)])
def test_a_shading_is_explained(axis, shape):
    """A wave of gain of +-25 % over 512 px: less than 5 % of the change is foreign."""
    gain = 1 + 0.25 * np.cos(2 * np.pi * (np.arange(shape[axis]) + 0.5) / 512)
    split = _split(_texture(shape), _texture(shape) * (gain[:, None] if axis == 0 else gain[None]))
    assert split.change > 100
    assert split.foreign < 0.05 * split.change


def test_what_did_not_change_is_explained_in_the_dark_too():
    """A reference that runs from 8 to 200 codes: a gain that is taken from its low-pass is 1 everywhere."""
    ramp = np.linspace(8, 200, 512)[None] * _texture() / 120
    split = _split(ramp, 0.999 * ramp)
    assert split.foreign < 0.01
    assert split.noise < 0.01


def test_bone_that_the_window_clips_bleeds_into_tissue():
    """Discs three times as bright as white, blurred before the window: CT knows of them, an MRI does not, whose white is the brightest there is."""
    y, x = np.mgrid[:512, :512]
    native = _texture()
    for r in range(60, 500, 98):
        for c in range(60, 500, 98):
            native[np.hypot(y - r, x - c) < 14] = 700.0
    blurred = cv2.GaussianBlur(native, (0, 0), 3.0)
    ct, mri = (_split(native, blurred, modality=modality) for modality in ("ct", "mri"))
    assert ct.foreign / ct.change < 0.6 * mri.foreign / mri.change
