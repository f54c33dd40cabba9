"""Structures of grey pictures: how much of each must be there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from physics.measure.structures_grey import fat_planes, grey_white_boundary, skull_base, skull_line, ventricles


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


def _skull(scalp: float, bone: float, brain: float, *, inside_px: int = 29) -> np.ndarray | None:
    """A head of 460 px with scalp on its outer 12 px and brain from a depth on; rays are followed to a depth of 0.13 of 459 px, 59."""
    y, x = np.mgrid[:512, :440] - np.array([256, 220])[:, None, None]
    mask = np.hypot(y / 230, x / 190) < 1
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5).astype(int)
    return skull_line(np.where(mask, np.where(depth < 12, scalp, np.where(depth < inside_px, bone, brain)), 0.0).astype(np.float32), mask)


@pytest.mark.parametrize(
    ("scalp", "bone", "brain", "sure"), [(140, 80, 150, True), (140, 90, 150, False), (140, 60, 90, True), (140, 60, 80, False), (140, 15, 200, True)]
)
def test_bone_is_dark_between_scalp_and_brain(scalp, bone, brain, sure):
    """Below six tenths of the scalp, and brain above 1.4 times the bone; scalp is the brightest of the outer half of a ray, however bright the brain beyond."""
    assert (_skull(scalp, bone, brain) is not None) == sure


def _classes(grey: np.ndarray, white: np.ndarray, *, fluid_radius: float = 0.0) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """What is found of a head of 240 px radius in which bands of 50 columns are white and grey matter by turns, values drawn from samples; the distance from
    its middle, and that from the nearest border of two bands."""
    rng, away, column = np.random.default_rng(8), np.hypot(*(np.mgrid[:512, :512] - 256)), np.arange(512)
    picture = np.where(column // 50 % 2, rng.choice(white, away.shape), rng.choice(grey, away.shape))
    picture = np.where(away < fluid_radius, 12.0, picture) * (away < 240)
    return grey_white_boundary(picture.astype(np.float32), away < 240), away, np.abs((column + 25) % 50 - 25 + 0.5) + 0 * away


@pytest.mark.parametrize("fluid_radius", [0.0, 60.0])
def test_the_seam_of_two_matters_is_found_with_and_without_fluid(fluid_radius):
    """Grey of 75 to 125 and white of 115 to 165: a seam along the borders of the bands, a few pixels to either side, but not at the border of the fluid nor
    within 0.14 of the head's width of its outline."""
    even = np.linspace(-25, 25, 101)
    seam, away, border = _classes(100 + even, 140 + even, fluid_radius=fluid_radius)
    assert seam is not None
    inner = (away < 240 - 0.14 * 478 - 3) & (away > fluid_radius + 8)
    assert seam[inner & (border < 2)].mean() > 0.95
    assert seam[inner & (border > 5)].mean() < 0.01
    assert not seam[(away < fluid_radius - 2) | (away > 240 - 0.14 * 478 + 5)].any()


def test_two_classes_must_differ():
    """15 codes apart are not sure, however clean, 25 are; nor are halves 20.2 codes apart of which two in a hundred values stray by 85: a deviation of 11.9."""
    clean = np.linspace(-3, 3, 101)
    assert _classes(100 + clean, 115 + clean)[0] is None
    assert _classes(100 + clean, 125 + clean)[0] is not None
    stray = 8.4 + 85.0 * (np.arange(1000) < 20)
    assert 20 < 2 * stray.mean() < 1.8 * stray.std()
    assert _classes(160 - stray, 160 + stray)[0] is None


def _ventricles(*spots: tuple[float, float, float, float], brightness: float = 40.0, reach: tuple[float, float] = (190, 230)):
    """Ellipses of fluid (row, column, half axes) from the middle of a head of 100 codes; what is found, and the grid."""
    y, x = np.mgrid[:512, :512] - 256.0
    mask = np.hypot(y / reach[0], x / reach[1]) < 1
    picture = np.where(mask, 100.0, 0.0)
    for row, column, tall, wide in spots:
        picture[np.hypot((y - row) / tall, (x - column) / wide) < 1] = brightness
    return ventricles(picture.astype(np.float32), mask), y, x


HORNS = ((0.0, -25.0, 40.0, 12.0), (0.0, 25.0, 40.0, 12.0))  # 2.2 % of the head


def test_ventricles_are_marked_along_their_border():
    """Two horns: three pixels to either side of each border, nothing farther; a spot of a thousandth of the head and one far from the middle line are none."""
    found, y, x = _ventricles(*HORNS, (-40.0, 70.0, 6.0, 6.0), (0.0, 120.0, 16.0, 13.0))
    assert found is not None
    row = np.flatnonzero(found[256]) - 256
    borders = np.array([-35, -15, 15, 35])  # a blur of 2 px falls to half the brain's brightness 1.9 px within a spot of 0.4
    assert np.abs(row[:, None] - borders).min(axis=1).max() <= 3
    assert np.abs(row[:, None] - borders).min(axis=0).max() <= 1
    assert not found[np.hypot(y + 40, x - 70) < 12].any()
    assert not found[np.hypot(y, x - 120) < 20].any()


@pytest.mark.parametrize(
    ("spots", "brightness", "sure"),
    [
        (HORNS, 45.0, True),
        (HORNS, 60.0, False),  # more than half as bright as the brain
        ([(0.0, 0.0, 13.0, 13.0)], 20.0, False),  # 0.4 % of the head
        ([(0.0, 0.0, 20.0, 20.0)], 20.0, True),  # 0.9 %
        ([(0.0, 0.0, 60.0, 55.0)], 20.0, True),  # 7.5 %
        ([(0.0, 0.0, 65.0, 62.0)], 20.0, False),  # 9.2 %
        ([(0.0, -30.0, 40.0, 25.0)], 20.0, False),  # all on one side
    ],
)
def test_ventricles_have_a_size_and_two_sides(spots, brightness, sure):
    """0.6 to 8 % of the head, below half the brain's brightness, on both sides of the middle line."""
    assert (_ventricles(*spots, brightness=brightness)[0] is not None) == sure


@pytest.mark.parametrize(("row", "sure"), [(-135.0, False), (135.0, False), (100.0, True)])
def test_ventricles_lie_about_the_middle_of_the_height(row, sure):
    """A quarter of 460 px is 115: fluid farther above or below is another cistern."""
    assert (_ventricles((row, 0.0, 18.0, 18.0), brightness=10.0, reach=(230, 170))[0] is not None) == sure
