"""What a source shows by itself: known noise, blocks, light and blur; the sample pictures."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pydicom
import pytest
import torch
from PIL import Image
from real_data import real_data

from physics.display import Display, display_of, object_mask
from physics.measure import source_shows
from physics.measure.pair import View
from physics.measure.source_shows import shows

ALL = np.ones((512, 512), bool)
RNG = np.random.default_rng(0)


def scene() -> np.ndarray:
    """A ramp on the left, fine texture on the right."""
    picture = np.tile(np.linspace(60, 180, 512), (512, 1))
    picture[:, 256:] += 25 * np.sin(np.arange(512)[:, None] * 1.9) * np.sin(np.arange(256)[None] * 2.3)
    return picture


@pytest.mark.parametrize("sigma", [3.0, 10.0])
def test_noise_is_read_beside_texture(sigma):
    """Noise of known sigma is read within 15 % where half of the picture is textured; on twice the matrix it shows half as strong."""
    assert source_shows.quiet_noise(scene() + sigma * RNG.standard_normal((512, 512)), ALL) == pytest.approx(sigma, rel=0.15)
    large = np.full((1024, 1024), 120.0) + sigma * RNG.standard_normal((1024, 1024))
    assert source_shows.quiet_noise(large, np.ones((1024, 1024), bool)) == pytest.approx(sigma / 2, rel=0.15)


def test_clean_texture_is_not_noise():
    """A textured picture without noise reads less than one code."""
    assert source_shows.quiet_noise(scene(), ALL) < 1.0


def test_levels_begin_at_their_bounds():
    """A value at a bound has the level that begins there; falling measures use negative bounds."""
    assert [source_shows.level(v, (1.0, 2.0, 3.0)) for v in (0.99, 1.0, 2.5, 3.0)] == ["none", "mild", "moderate", "severe"]


@pytest.mark.parametrize("axis", [0, 1])
def test_uneven_light_is_a_ratio_of_percentiles(axis):
    """A linear fall of light from 200 to 50: p5 / p95 of the smoothed picture, on either axis; even light reads one."""
    fall = np.linspace(200, 50, 512)
    picture = np.broadcast_to(fall[:, None] if axis == 0 else fall[None], (512, 512)).copy()
    assert source_shows.evenness(picture, ALL) == pytest.approx((50 + 7.5) / (200 - 7.5), rel=0.12)
    assert source_shows.evenness(np.full((512, 512), 90.0), ALL) == pytest.approx(1.0)


@pytest.mark.parametrize("offset", [0, 3])
@pytest.mark.parametrize("quality", [20, 60])
def test_jpeg_blocks_are_found_at_any_phase(offset, quality):
    """A compressed picture reads more than its source, the more so the worse, also when cropped off the grid."""
    picture = np.clip(128 + 40 * cv2.GaussianBlur(RNG.standard_normal((512, 512)), (0, 0), 6) * 8 + 4 * RNG.standard_normal((512, 512)), 0, 255)
    buffer = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    stored = np.asarray(Image.open(buffer)).astype(float)[offset:, offset:]
    assert source_shows.blockiness(picture, ALL) < 1.06
    assert source_shows.blockiness(stored, ALL[offset:, offset:]) > (1.3 if quality == 20 else 1.06)


@pytest.mark.parametrize("shape", [(64, 48), (32, 80), (80, 32), (31, 80), (80, 31)])
def test_a_staircase_reads_its_steps_over_a_twentieth_of_a_code(shape):
    """Steps of 4 codes every 8 px stand 4 codes over their flat neighbours, and most phases over nothing: 4.05 / 0.05 along either axis; fewer than four blocks
    tell nothing."""
    stairs = 4.0 * (np.arange(shape[0])[:, None] // 8 + np.arange(shape[1])[None] // 8)
    assert source_shows.blockiness(stairs, np.ones(shape, bool)) == pytest.approx(81.0 if min(shape) >= 32 else 1.0, rel=1e-5)


def test_blocks_outside_the_field_do_not_count():
    """A staircase of 8 px blocks outside the mask is not read; inside it is."""
    stairs = 100 + 8.0 * ((np.arange(512)[:, None] // 8 + np.arange(512)[None] // 8) % 2) + 0.5 * RNG.standard_normal((512, 512))
    picture = np.where(np.arange(512)[None] < 256, stairs, 100 + 0.5 * RNG.standard_normal((512, 512)))
    right = np.zeros((512, 512), bool)
    right[:, 256:] = True
    assert source_shows.blockiness(picture, right) < 1.1
    assert source_shows.blockiness(picture, ~right) > 4


@pytest.mark.parametrize("sigma", [1.5, 4.0])
def test_the_width_of_an_edge(sigma):
    """An edge blurred by sigma is sqrt(2 pi (sigma^2 + 1)) px wide."""
    edge = np.zeros((512, 512))
    edge[:, 256:] = 150
    width = source_shows.edge_width_px(cv2.GaussianBlur(edge, (0, 0), sigma), ALL)
    assert width == pytest.approx(np.sqrt(2 * np.pi * (sigma**2 + 1)), rel=0.12)
    assert source_shows.edge_width_px(np.full((512, 512), 80.0), ALL) is None


def test_highlights_are_a_share_of_the_field():
    """A hundredth of the field at white reads a hundredth."""
    codes = np.full((100, 100), 90.0)
    codes[:10, :10] = 250
    assert source_shows.clipped_share(codes, np.ones((100, 100), bool)) == pytest.approx(0.01)


def _of(native: np.ndarray, modality: str, anatomy: str) -> dict[str, str]:
    picture = torch.from_numpy(native.astype(np.float32))
    view = View(modality, anatomy, display_of(picture, modality=modality, anatomy=anatomy), object_mask(picture, modality=modality), None)
    return shows(picture, view)


def test_a_noisy_liver_slice_shows_noise():
    """The liver slices carry some 28 HU of noise of their own, the study head hardly any."""
    for name in ("000013.dcm", "000257.dcm"):
        file = pydicom.dcmread(real_data("ct", "lidc_idri_0314", name))
        found = _of(file.pixel_array * float(file.RescaleSlope) + float(file.RescaleIntercept), "ct", "abdomen")
        assert found["quantum noise"] in ("moderate", "severe")
    head = pydicom.dcmread(real_data("mri", "studyforrest_t1w", "N2D_0252.dcm")).pixel_array
    assert _of(head, "mri", "head")["noise"] in ("none", "mild")
    assert _of(head, "mri", "head")["sharpness"] == "none"


@pytest.mark.parametrize("name", ["hyperkvasir_banner_r2c3", "hyperkvasir_banner_r2c4", "kvasir_capsule_banner_r1c3"])
def test_endoscopy_tiles_show_uneven_light(name):
    """The light of an endoscope falls off: never keyed as even."""
    found = _of(np.asarray(Image.open(real_data("endoscopy", f"{name}.png")).convert("RGB")), "endoscopy", "colon")
    assert found["uneven illumination"] != "none"
    assert found["noise"] == "none"
    if name.startswith("hyper"):
        assert found["specular reflection"] != "none"
    else:
        assert found["compression"] != "none"


def test_a_clean_phantom_shows_nothing():
    """Flat tissue with sharp edges, no noise, no blocks, even light: every level is none."""
    picture = np.full((512, 512, 3), 120.0)
    picture[:, :504:9] = 80.0
    picture += 0.3 * RNG.standard_normal(picture.shape)
    view = View("fundus", "retina", Display("srgb", 0.0, 255.0), torch.ones(512, 512, dtype=torch.bool), None)
    found = shows(torch.from_numpy(picture.astype(np.float32)), view)
    assert set(found.values()) == {"none"}, found
