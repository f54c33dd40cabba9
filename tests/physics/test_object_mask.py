"""The object of a picture at full size, where every kernel is wider than its smallest."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics.object_mask import object_mask


def _of(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture, np.float32))


@pytest.mark.parametrize("upright", [False, True])
def test_a_board_thinner_than_the_opening_lets_go_whichever_way_it_lies(upright):
    """On 512 px the opening is 9 px wide: a board of 7 px that touches the body is left out, along the rows and along the columns."""
    y, x = np.mgrid[:512, :512] - 256
    body = np.hypot(y, x) < 150
    hu = np.where(body | ((y >= 147) & (y < 154)), 40.0, -1000.0)
    found = object_mask(_of(hu.T if upright else hu), modality="ct").numpy()
    found = found.T if upright else found
    assert not found[:, :100].any()
    assert not found[:, -100:].any()
    assert np.count_nonzero(found ^ body) < 0.01 * np.count_nonzero(body)


@pytest.mark.parametrize("upright", [False, True])
def test_a_bridge_wider_than_the_opening_holds(upright):
    """Two halves of a body of 200 px joined by 12 px stay one body, along the rows and along the columns."""
    y, x = np.mgrid[:512, :512] - 256
    body = ((np.abs(np.abs(x) - 110) < 100) & (np.abs(y) < 100)) | ((np.abs(x) < 20) & (y >= -6) & (y < 6))
    hu = np.where(body, 40.0, -1000.0)
    found = object_mask(_of(hu.T if upright else hu), modality="ct").numpy()
    found = found.T if upright else found
    assert np.count_nonzero(found ^ body) < 0.01 * np.count_nonzero(body)


@pytest.mark.parametrize("upright", [False, True])
def test_the_opening_grows_by_whole_steps_of_128_px(upright):
    """On 700 px it is 11 px wide, five to either side: a bridge of 12 px holds two parts of a body together and one of 10 px leaves the larger."""
    y, x = np.mgrid[:700, :700] - 350
    for width, holds in ((12, True), (10, False)):
        halves = (np.abs(np.abs(x) - 150) < 130) & (np.abs(y) < np.where(x < 0, 110, 100))
        hu = np.where(halves | ((np.abs(x) < 30) & (y >= 0) & (y < width)), 40.0, -1000.0)
        found = object_mask(_of(hu.T if upright else hu), modality="ct").numpy()
        found = found.T if upright else found
        assert (bool(found[300, 200]), bool(found[300, 500])) == (True, holds)


@pytest.mark.parametrize("upright", [False, True])
def test_a_limb_is_as_wide_as_the_opening_of_its_picture(upright):
    """Of 700 px a strip of 6 px in air shows 12 px wide after the blur of 2.8 px and the threshold of a seventh: an opening of 11 px leaves it."""
    y, x = np.mgrid[:700, :700] - 350
    magnitude = np.where((np.hypot(y, x) < 200) | ((x > 0) & (x < 320) & (y >= -3) & (y < 3)), 1000.0, 0.0)
    found = object_mask(_of(magnitude.T if upright else magnitude), modality="mri").numpy()
    found = found.T if upright else found
    assert np.count_nonzero(found[:, 350 + 260]) == 12


def test_dim_tissue_below_the_threshold_of_two_classes_is_body():
    """Half air, two fifths tissue of 1 and a tenth of 0.2 about it: the two classes of roots 0, 0.45 and 1 are best split above 0.45 (0.24 (1 - 0.07)^2 is more
    than 0.25 (0.89)^2), and three quarters of that threshold are below it."""
    y, x = np.mgrid[:256, :256] - 128
    away = np.hypot(y, x)
    magnitude = np.where(away < 256 * (0.4 / np.pi) ** 0.5, 1000.0, np.where(away < 256 * (0.5 / np.pi) ** 0.5, 200.0, 0.0))
    found = object_mask(_of(magnitude), modality="mri").numpy()
    assert np.count_nonzero(found ^ (magnitude > 0)) < 0.03 * np.count_nonzero(magnitude)


def test_dark_tissue_is_no_air_where_there_is_hardly_any():
    """Tissues of 1, 0.75 and 0.36 and 0.3 % of air: the two classes are fat and muscle, yet all three tissues, and not the air, are the object."""
    magnitude = np.full((256, 256), 1000.0)
    magnitude[:, 128:] = 750.0
    magnitude[:13] = 360.0
    air = np.zeros((256, 256), bool)
    air[-15:, -15:] = True
    magnitude[air] = 0.0
    found = object_mask(_of(magnitude), modality="mri").numpy()
    assert found[:13].all()
    assert np.count_nonzero(found ^ ~air) < 50
    assert not found[-8:, -8:].any()


@pytest.mark.parametrize(("size", "dark"), [(240, 0.34), (600, 0.42)])
def test_a_dim_noisy_field_is_one_field(size, dark):
    """A third and more of the field's pixels fall below the threshold by noise: the median of (2 r + 1)^2 pixels sees one disc, to 3 %."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:size, :size] - size / 2
    disc = np.hypot(y, x) < 0.4 * size
    shown = np.where(disc & (rng.uniform(size=disc.shape) >= dark), 30.0, 5.0)
    found = object_mask(_of(np.repeat(shown[..., None], 3, 2)), modality="endoscopy").numpy()
    assert np.count_nonzero(found ^ disc) < 0.03 * np.count_nonzero(disc)


@pytest.mark.parametrize("side", range(4))
def test_a_field_cut_by_the_frame_ends_where_it_ends(side):
    """The frame cuts the bevel of an octagon: on each side of the picture, the mask's last line is as long as the octagon there."""
    y, x = np.mgrid[:1024, :1024] - np.array([704, 512])[:, None, None]
    octagon = (np.abs(x) < 400) & (np.abs(y) < 400) & (np.abs(x) + np.abs(y) < 600)
    assert octagon[-1].sum() < octagon[-100].sum() < 799
    found = object_mask(_of(np.rot90(np.where(octagon, 150.0, 0.0), side)), modality="fundus").numpy()
    wrong = np.rot90(found, -side) ^ octagon
    assert np.count_nonzero(wrong[-1]) <= 4
    assert np.count_nonzero(wrong) < 0.001 * np.count_nonzero(octagon)


def test_a_speck_on_the_glass_is_no_tissue():
    """Tissue islands of more than a fiftieth of the largest count, smaller ones do not; closing bridges gaps of 2 r on 512 px."""
    y, x = np.mgrid[:512, :512] - 200
    large, small, speck = np.hypot(y, x) < 120, np.hypot(y - 220, x - 220) < 40, np.hypot(y + 150, x - 250) < 12
    codes = np.where((large | small | speck)[..., None], np.array([150.0, 70.0, 140.0]), 243.0)
    found = object_mask(_of(codes), modality="histopathology").numpy()
    assert found[small].all()
    assert not found[speck].any()
    assert np.count_nonzero(found ^ (large | small)) < 0.08 * np.count_nonzero(large | small)
