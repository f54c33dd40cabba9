"""Structures of grey pictures: how much of each must be there."""

from __future__ import annotations

import numpy as np
import pytest

from physics.measure.structures_grey import fat_planes, skull_base, skull_line


@pytest.mark.parametrize("toward_deg", [0, 90, 180, 270])
@pytest.mark.parametrize(("gap_deg", "sure"), [(40, True), (110, False)])
def test_the_skull_runs_almost_all_around(toward_deg, gap_deg, sure):
    """A dark ring that is open over 40 degrees is a skull line, one that is open over 110 is not, on whichever side it is open."""
    y, x = np.mgrid[:512, :440] - np.array([256, 220])[:, None, None]
    radius, angle = np.hypot(y / 230, x / 190), np.degrees(np.arctan2(y, x))
    head = np.where(radius < 1, 140.0, 0.0)
    gap = np.abs((angle - toward_deg + 180) % 360 - 180) < gap_deg / 2
    head[(radius < 0.95) & (radius > 0.88) & ~gap] = 15.0
    ring = skull_line(head.astype(np.float32), radius < 1)
    assert (ring is not None) == sure
    if ring is not None:
        assert not ring[radius < 0.6].any()
        assert ring[(radius > 0.88) & (radius < 0.95)].all()


@pytest.mark.parametrize("upright", [False, True])
def test_the_skull_base_is_marked_two_pixels_to_either_side_of_its_edge(upright):
    """Clipped bone on rows 200 to 299 and columns 180 to 339: its border is 198..201 and 298..301, 178..181 and 338..341; the vault alone has none."""
    mask = np.hypot(*(np.mgrid[:512, :512] - 256)) < 230
    picture = np.where(mask, 120.0, 0.0)
    picture[200:300, 180:340] = 255.0
    found = skull_base((picture.T if upright else picture).astype(np.float32), mask)
    assert found is not None
    found = found.T if upright else found
    assert np.flatnonzero(found[:, 256]).tolist() == [*range(198, 202), *range(298, 302)]
    assert np.flatnonzero(found[250]).tolist() == [*range(178, 182), *range(338, 342)]
    assert skull_base(np.where(mask, 120.0, 255.0).astype(np.float32), mask) is None


@pytest.mark.parametrize(("side", "sure"), [(48, False), (90, True)])
def test_a_skull_base_is_a_large_part_of_the_middle(side, sure):
    """Of an inner half of 130 px radius, 48 px squared of bone are 4 % and a calcification or a vault, 90 px squared are 15 %."""
    mask = np.hypot(*(np.mgrid[:512, :512] - 256)) < 230
    picture = np.where(mask, 120.0, 0.0).astype(np.float32)
    picture[256 : 256 + side, 256 : 256 + side] = 255.0
    assert (skull_base(picture, mask) is not None) == sure


@pytest.mark.parametrize(("soft_rows", "sure"), [(30, False), (200, True)])
def test_fat_planes_need_enough_soft_tissue(soft_rows, sure):
    """An abdomen of 400 px with 30 rows of soft tissue is not sure, with 200 rows it is; the seam lies along the border, within 4 px of it."""
    mask = np.zeros((512, 512), bool)
    mask[50:450, 50:450] = True
    picture = np.where(mask, 50.0, 0.0)
    top = 250 - soft_rows // 2
    picture[top : top + soft_rows, 50:450] = 160.0
    seam = fat_planes(picture.astype(np.float32), mask)
    assert (seam is not None) == sure
    if seam is not None:
        rows = np.flatnonzero(seam[:, 256])
        assert np.all(np.minimum(np.abs(rows - top), np.abs(rows - top - soft_rows)) <= 6)


@pytest.mark.parametrize(("side", "sure"), [(60, False), (110, True)])
def test_fat_planes_need_enough_fat(side, sure):
    """One lump of fat in an abdomen of 400 px: 60 px wide it is 2 % and not sure, 110 px wide it is 7 %."""
    mask = np.zeros((512, 512), bool)
    mask[50:450, 50:450] = True
    picture = np.where(mask, 160.0, 0.0)
    picture[200 : 200 + side, 200 : 200 + side] = 50.0
    assert (fat_planes(picture.astype(np.float32), mask) is not None) == sure


def test_a_skull_is_followed_around_its_own_middle():
    """A head in the lower left of the picture has its skull line as one in the middle has."""
    y, x = np.mgrid[:512, :440] - np.array([380, 115])[:, None, None]
    radius = np.hypot(y / 120, x / 105)
    head = np.where(radius < 1, 140.0, 0.0)
    head[(radius < 0.93) & (radius > 0.82)] = 15.0
    assert skull_line(head.astype(np.float32), radius < 1) is not None
