"""Where a picture is lit, and what lies beyond."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from optics_shapes import disc, octagon

from physics.optics.field_of_view import RIM_PX, lit_field, reflected_beyond, trusted_core


@pytest.mark.parametrize("field", [disc(200, 240, radius=95), octagon(240, 200)])
def test_the_field_is_found_with_letters_outside_and_a_lumen_inside(field: np.ndarray) -> None:
    """Discs and octagons on a slightly noisy surround come back within 1 %, whatever is written beside them and however dark the lumen."""
    rng = np.random.default_rng(1)
    codes = np.where(field[:, :, None], rng.integers(90, 180, (*field.shape, 3)), rng.integers(0, 6, (*field.shape, 3))).astype(np.uint8)
    y, x = np.mgrid[: field.shape[0], : field.shape[1]]
    codes[np.hypot(y - 110, x - 90) < 20] = 1
    cv2.putText(codes, "12", (2, 10), cv2.FONT_HERSHEY_PLAIN, 0.7, (255, 255, 255))
    found = lit_field(codes)
    assert np.count_nonzero(found != field) < 0.01 * field.sum()
    assert found[110, 90]


def test_a_picture_without_dark_corners_is_all_field() -> None:
    """No surround, no mask."""
    assert lit_field(np.full((40, 60, 3), 80, np.uint8)).all()


def test_the_core_leaves_the_rim_out_but_not_the_border_of_the_picture() -> None:
    """The core is 3 px within the mask; where the mask meets the border it goes up to it."""
    mask = np.zeros((40, 50), bool)
    mask[:, :30] = True
    core = trusted_core(mask)
    np.testing.assert_array_equal(core, np.broadcast_to(np.arange(50) < 30 - RIM_PX, mask.shape))


def test_tissue_beyond_a_straight_edge_is_its_mirror_image() -> None:
    """Beyond the last trusted column c the light of column 2 c - x appears, in each channel, and the core keeps its own."""
    core = np.zeros((30, 40), bool)
    core[:, :25] = True
    light = np.random.default_rng(0).random((30, 40, 3))
    out = reflected_beyond(light, core)
    np.testing.assert_array_equal(out[:, :25], light[:, :25])
    np.testing.assert_array_equal(out[5:25, 25:40], light[5:25, 24 - np.arange(1, 16)])


def test_beyond_a_circle_the_mirror_lies_on_the_same_radius() -> None:
    """A picture that depends on the radius alone is continued by its value at 2 R - r within a pixel's change."""
    field = disc(161, 161, radius=60)
    y, x = np.mgrid[:161, :161] - 80.0
    radius = np.hypot(y, x)
    out = reflected_beyond(np.repeat((radius / 100)[:, :, None], 3, axis=2), field)
    beyond = (radius > 61) & (radius < 78)
    np.testing.assert_allclose(out[beyond][:, 0], (2 * 60 - radius[beyond]) / 100, atol=0.02)
    angled = reflected_beyond(np.repeat(np.arctan2(y, x)[:, :, None], 3, axis=2), field)[:, :, 2]
    right = beyond & (x > 10)
    off = angled[right] - np.arctan2(y, x)[right]  # the edge is a staircase: single pixels look aside, none systematically
    assert np.abs(off).max() < 0.25
    assert abs(off.mean()) < 0.005
    assert off.std() < 0.07


def test_what_is_thinner_than_a_sixtieth_of_the_picture_is_no_field() -> None:
    """In a picture of 240 px a bridge 3 px wide that leaves the field is cut off, a tongue of 11 px stays."""
    codes = np.zeros((240, 300, 3), np.uint8)
    codes[60:180, 80:220] = 130
    codes[100:103, 220:270] = 130
    codes[140:151, 220:250] = 130
    found = lit_field(codes)
    assert not found[100:103, 225:].any()
    assert found[141:150, 220:245].all()


def test_where_the_mirror_image_is_beyond_too_the_nearest_light_stands_in() -> None:
    """Far from a small core each pixel takes the light of the core's nearest pixel, by row and by column."""
    core = np.zeros((30, 40), bool)
    core[10:15, 20:25] = True
    light = np.random.default_rng(0).random((30, 40, 3))
    out = reflected_beyond(light, core)
    for place, nearest in (((12, 39), (12, 24)), ((29, 22), (14, 22)), ((0, 0), (10, 20)), ((29, 39), (14, 24)), ((11, 2), (11, 20))):
        np.testing.assert_array_equal(out[place], light[nearest])
