"""Windows, codes, the canonical picture, the object."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from real_data import real_data

from physics.display import Display, canonical, display_of, luma, object_mask, resampled, to_codes, to_png8
from physics.object_mask import aerated_share


def test_a_window_maps_low_centre_and_high():
    """Codes rise linearly from 0 at low to 255 at high and stay there beyond."""
    native = torch.tensor([-100.0, -10.0, 30.0, 70.0, 500.0], dtype=torch.float64)
    assert to_codes(native, Display("w", -10.0, 70.0)).tolist() == [0.0, 0.0, 127.5, 255.0, 255.0]


def test_stored_codes_round_half_to_even():
    """0.5 and 1.5 and 2.5 become 0, 2, 2, as bytes; clipping happens before."""
    stored = to_png8(torch.tensor([[-3.0, 0.5, 1.5], [2.5, 254.6, 300.0]]), Display("srgb", 0.0, 255.0))
    assert stored.dtype == np.uint8
    assert stored.tolist() == [[0, 0, 2], [2, 255, 255]]


def test_luma_weighs_red_green_blue():
    """Pure primaries show 76.245, 149.685 and 29.07; grey is its own luma."""
    primaries = 255 * torch.eye(3, dtype=torch.float64)[None]
    torch.testing.assert_close(luma(primaries), torch.tensor([[76.245, 149.685, 29.07]], dtype=torch.float64))
    grey = torch.rand(4, 5)
    assert luma(grey) is grey


@pytest.mark.parametrize(("shape", "expected"), [((512, 300), (512, 300)), ((255, 131), (512, 263)), ((300, 1411), (109, 512)), ((1, 700), (1, 512))])
def test_the_long_edge_is_512(shape, expected):
    """Odd, oblong, small and large pictures all get a long edge of 512 and keep their aspect."""
    picture = canonical(torch.rand(shape), Display("x", 0.0, 1.0), torch.ones(shape, dtype=torch.bool))
    assert tuple(picture.luma.shape) == expected == tuple(picture.mask.shape)


@pytest.mark.parametrize("shape", [(255, 131), (800, 1001)])
def test_resampling_agrees_with_pillow(shape):
    """Another implementation of the same stretched cubic kernel agrees to hundredths of a code, up and down."""
    picture = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    ours = resampled(torch.from_numpy(picture)).numpy()
    theirs = np.asarray(Image.fromarray(picture).resize(ours.shape[::-1], Image.Resampling.BICUBIC))
    assert np.abs(ours - theirs).max() < 5e-3


@pytest.mark.parametrize("size", [200, 900])
def test_a_ramp_stays_where_it_is(size):
    """Pixel centres map to (i + 1/2)/n of the field: a ramp is the same ramp, not shifted, flipped or transposed."""
    ramp = ((torch.arange(size, dtype=torch.float64) + 0.5) / size)[:, None].expand(size, size // 2)
    shown = resampled(ramp.contiguous())
    expected = ((torch.arange(512, dtype=torch.float64) + 0.5) / 512)[:, None].expand_as(shown)
    torch.testing.assert_close(shown[20:-20], expected[20:-20], atol=1e-4, rtol=0)


def test_a_grating_above_the_limit_leaves_no_alias():
    """Downscaling by four removes stripes of two pixels instead of folding them to coarse ones."""
    stripes = (torch.arange(2048) % 2).float()[:, None].expand(2048, 2048) * 255
    assert float(resampled(stripes.contiguous())[8:-8, 8:-8].std()) < 0.5


def test_colour_and_luma_commute_with_resampling():
    """Luma of the resampled colours is the resampled luma."""
    codes = 255 * torch.rand(100, 70, 3, dtype=torch.float64)
    torch.testing.assert_close(luma(resampled(codes)), resampled(luma(codes)))


@pytest.mark.parametrize(
    ("anatomy", "low", "high"), [("head", 0, 80), ("abdomen", -160, 240), ("lung", -1350, 150), ("bone", -500, 1500), ("other", -160, 240)]
)
def test_ct_windows_follow_anatomy(anatomy, low, high):
    """Brain 80/40, abdomen 400/40, lung 1500/-600, bone 2000/500; abdomen where nothing else is known."""
    shown = display_of(torch.zeros(8, 8), modality="ct", anatomy=anatomy)
    assert (shown.low, shown.high) == (low, high)


def _chest(lung_radius: float) -> torch.Tensor:
    y, x = np.mgrid[:256, :256] - 128
    hu = np.where(np.hypot(y / 90, x / 115) < 1, 40.0, -1000.0)
    for side in (-55, 55):
        hu[np.hypot(y, x - side) < lung_radius] = -820.0
    return torch.from_numpy(hu.astype(np.float32))


@pytest.mark.parametrize(("radius", "name"), [(0.0, "mediastinum 400/40"), (18.0, "mediastinum 400/40"), (30.0, "lung 1500/-600")])
def test_a_chest_is_shown_for_what_it_holds(radius, name):
    """Lungs of 2 x pi r^2 in a body of pi 90 115: 6 % is a section through the liver's dome, 17 % is lung; `lung` itself is never overruled."""
    share = 2 * radius**2 / (90 * 115)
    assert aerated_share(_chest(radius)) == pytest.approx(share, abs=0.005)
    assert display_of(_chest(radius), modality="ct", anatomy="chest").name == name
    assert display_of(_chest(radius), modality="ct", anatomy="lung").name == "lung 1500/-600"


def test_sections_through_the_liver_of_a_chest_scan_show_soft_tissue():
    """A real series that its header calls a chest: every section holds less than 7 % of lung."""
    import pydicom

    for path in sorted(real_data("ct", "lidc_idri_0314").glob("*.dcm"))[::4]:
        read = pydicom.dcmread(path)
        hu = torch.from_numpy(read.pixel_array * np.float32(read.RescaleSlope) + np.float32(read.RescaleIntercept))
        assert 0.02 < aerated_share(hu) < 0.07
        assert display_of(hu, modality="ct", anatomy="chest").name == "mediastinum 400/40"


def test_a_declared_window_is_width_and_level():
    """(80, 40) is 0..80, not 40 wide about 80; colour stays as it is."""
    shown = display_of(torch.zeros(8, 8), modality="ct", anatomy="abdomen", window=(80.0, 40.0))
    assert (shown.low, shown.high) == (0.0, 80.0)
    colour = display_of(torch.zeros(8, 8, 3), modality="fundus", anatomy="retina", window=(80.0, 40.0))
    assert (colour.name, colour.low, colour.high) == ("srgb", 0.0, 255.0)


def _head(scale: float = 1.0) -> torch.Tensor:
    y, x = np.mgrid[:200, :160] - np.array([100, 80])[:, None, None]
    head = 100.0 * (np.hypot(y / 80, x / 60) < 1) + 60 * (np.hypot(y / 70, x / 50) < 1) - 120.0 * (np.hypot((y + 5) / 14, x / 10) < 1)
    return torch.from_numpy((scale * head).astype(np.float32))


def test_the_mri_window_scales_with_the_picture():
    """The bright bound is 1.1 times the 99.5th percentile of the head: 176 for tissue of 160, ten times that for ten times the picture."""
    assert display_of(_head(), modality="mri", anatomy="head").high == pytest.approx(176.0, rel=1e-3)
    assert display_of(_head(10.0), modality="mri", anatomy="head").high == pytest.approx(1760.0, rel=1e-3)
    assert display_of(torch.zeros(32, 32), modality="mri", anatomy="head").high == 1.0


@pytest.mark.parametrize("sigma", [0.0, 4.0])
def test_the_head_is_found_against_masked_and_noisy_air(sigma):
    """Ellipse of 80 by 60 px with dark ventricles inside: found whole within two percent."""
    rng = np.random.default_rng(1)
    noisy = np.hypot(_head().numpy() + sigma * rng.standard_normal((200, 160)), sigma * rng.standard_normal((200, 160)))
    found = object_mask(torch.from_numpy(noisy.astype(np.float32)), modality="mri").numpy()
    y, x = np.mgrid[:200, :160] - np.array([100, 80])[:, None, None]
    truth = np.hypot(y / 80, x / 60) < 1
    assert np.count_nonzero(found ^ truth) < 0.03 * np.count_nonzero(truth)


def test_the_ct_table_is_left_out_and_the_lung_is_kept():
    """Body above -500 HU with holes filled; a table below it does not belong, even where it touches."""
    y, x = np.mgrid[:256, :256]
    body = np.hypot((y - 120) / 70, (x - 128) / 100) < 1
    hu = np.full((256, 256), -1000.0, np.float32)
    hu[body] = 40.0
    hu[np.hypot(y - 110, x - 90) < 25] = -800.0
    hu[(y >= 189) & (y < 192)] = 100.0
    found = object_mask(torch.from_numpy(hu), modality="ct").numpy()
    assert np.count_nonzero(found ^ body) < 0.01 * np.count_nonzero(body)


def test_a_lit_field_keeps_its_dark_lumen_and_its_corners():
    """An octagon with a black lumen at its middle is one field; a field that fills the picture is the whole picture."""
    y, x = np.mgrid[:240, :240] - 120
    octagon = (np.abs(x) < 100) & (np.abs(y) < 100) & (np.abs(x) + np.abs(y) < 150)
    codes = np.where(octagon, 150.0, 0.0)
    codes[np.hypot(x, y) < 30] = 2.0
    picture = torch.from_numpy(np.repeat(codes[..., None], 3, 2).astype(np.float32))
    found = object_mask(picture, modality="endoscopy").numpy()
    assert np.count_nonzero(found ^ octagon) < 0.02 * np.count_nonzero(octagon)
    assert object_mask(torch.full((64, 80, 3), 90.0), modality="fundus").all()


def test_tissue_is_what_takes_up_light():
    """Pale glass is not tissue; a stained disc is, within the smoothing of 2 px; an empty slide counts whole."""
    y, x = np.mgrid[:300, :300] - 150
    disc = np.hypot(x, y) < 90
    codes = np.where(disc[..., None], np.array([170.0, 90.0, 150.0]), np.array([242.0, 241.0, 243.0])).astype(np.float32)
    found = object_mask(torch.from_numpy(codes), modality="histopathology").numpy()
    assert np.count_nonzero(found ^ disc) < 0.06 * np.count_nonzero(disc)
    assert object_mask(torch.full((40, 40, 3), 245.0), modality="histopathology").all()
