"""Structures of colour pictures: lines of any direction, rims of known width."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.filters import threshold_otsu

from physics.measure.structures_colour import lumen, nuclear_borders, optic_disc, retinal_vessels

ALL = np.ones((512, 512), bool)


def _retina(*, sign: float, across: bool) -> tuple[np.ndarray, np.ndarray]:
    lines = np.zeros((512, 512), bool)
    for at in range(60, 460, 80):
        lines[at - 2 : at + 3, 60:450] = True
    lines = lines.T if across else lines
    green = 120.0 + sign * 40.0 * lines
    return np.repeat(green[..., None], 3, axis=2).astype(np.float32), lines


@pytest.mark.parametrize("across", [False, True])
def test_vessels_are_dark_lines_along_the_rows_and_along_the_columns(across):
    """Five dark lines of 5 px are found whole and nothing far from them is; bright lines are no vessels."""
    codes, lines = _retina(sign=-1, across=across)
    found = retinal_vessels(codes, ALL)
    assert found is not None
    assert found[lines].mean() > 0.9
    assert np.count_nonzero(found & ~lines) < 0.8 * np.count_nonzero(lines)
    bright = retinal_vessels(_retina(sign=1, across=across)[0], ALL)
    middle = (slice(200, 300), 220) if across else (220, slice(200, 300))
    assert found[middle].all()
    assert bright is None or not bright[middle].any()


@pytest.mark.parametrize("upright", [False, True])
def test_the_rim_of_a_lumen_is_eight_outside_and_five_inside(upright):
    """A black hole on rows 200..259, smoothed by 3 px, is darker than 0.4 of the mucosa on 201..258: its rim is 193..205 and 254..266."""
    codes = np.full((512, 512, 3), 180.0, np.float32)
    codes[200:260, 180:290] = 0.0
    found = lumen(codes.swapaxes(0, 1).copy() if upright else codes, ALL)
    assert found is not None
    found = found.T if upright else found
    assert np.flatnonzero(found[:, 230]).tolist() == [*range(193, 206), *range(254, 267)]
    assert np.flatnonzero(found[230]).tolist() == [*range(173, 186), *range(284, 297)]


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize(("depth", "sure"), [(10.0, False), (13.0, True)])
def test_vessels_stand_out_by_their_curvature(depth, sure, across):
    """A dark line of Gaussian profile, sigma 2 px and depth A, answers 2.5^2 2 A / (2^2 + 2.5^2)^1.5 = 0.381 A: 0.035 of a retina of 120 is A = 11."""
    rows = np.arange(512)[:, None]
    line = sum(np.exp(-0.5 * ((rows - at) / 2.0) ** 2) for at in range(56, 470, 50))
    green = 120.0 - depth * line * np.ones((1, 512))
    codes = np.repeat((green.T if across else green)[..., None], 3, axis=2).astype(np.float32)
    assert (retinal_vessels(codes, ALL) is not None) == sure


def test_a_broad_dark_spot_is_no_vessel():
    """Haemorrhages curve along both axes: a line answers with its larger curvature less the smaller one, so that spots of 16 by 28 px answer with less than
    0.035 of the retina around them, though their larger curvature passes it."""
    y, x = np.mgrid[:512, :512]
    spots = [np.exp(-0.5 * (((y - r) / 16) ** 2 + ((x - c) / 28) ** 2)) for r in (110, 255, 400) for c in (130, 380)]
    green = (120 - 115 * np.max(spots, axis=0)).astype(np.float32)
    for codes in (green, green.T.copy()):
        assert retinal_vessels(np.repeat(codes[..., None], 3, axis=2), ALL) is None


@pytest.mark.parametrize("angle_deg", [20, 45, 70, 110, 135, 160])
def test_vessels_run_in_any_direction(angle_deg):
    """Parallel dark lines at an angle are found along their length."""
    y, x = np.mgrid[:512, :512] - 256.0
    across = y * np.cos(np.radians(angle_deg)) - x * np.sin(np.radians(angle_deg))
    lines = (np.abs((across + 40) % 80 - 40) < 2.5) & (np.hypot(y, x) < 220)
    found = retinal_vessels(np.repeat((120.0 - 40 * lines).astype(np.float32)[..., None], 3, axis=2), ALL)
    assert found is not None
    assert found[lines].mean() > 0.9
    assert np.count_nonzero(found & ~lines) < 0.9 * np.count_nonzero(lines)


def _fundus(share: float, *, missing_deg: float = 0.0, depth: float = 140.0) -> tuple[np.ndarray, np.ndarray, float]:
    """A field 480 px wide with a bright disc, `share` of it wide, less a wedge; the distance from its middle."""
    y, x = np.mgrid[:512, :512]
    field = np.hypot(y - 256, x - 256) <= 240
    distance, angle = np.hypot(y - 250, x - 180), np.degrees(np.arctan2(y - 250, x - 180))
    disc = (distance < 0.5 * share * 480) & (np.abs(angle) >= 0.5 * missing_deg)
    green = np.where(field, 80.0 + depth * disc, 0.0).astype(np.float32)
    return np.repeat(green[..., None], 3, axis=2), field, distance


@pytest.mark.parametrize(("share", "sure"), [(0.03, False), (0.07, True), (0.19, True), (0.28, False)])
def test_an_optic_disc_is_a_twentieth_to_a_fifth_of_the_field(share, sure):
    """Smaller and larger bright spots are no disc; its border runs from 4 px inside the half height to 8 px outside."""
    codes, field, distance = _fundus(share)
    found = optic_disc(codes, field)
    assert (found is not None) == sure
    if found is not None:
        radius = 0.5 * share * 480
        assert distance[found].min() == pytest.approx(radius - 4, abs=3)
        assert distance[found].max() == pytest.approx(radius + 8, abs=3)


def test_a_disc_may_lack_a_wedge_but_is_clearly_bright():
    """A sixth of the disc in shadow leaves seven eighths of its hull; 25 codes over the retina around are the least."""
    assert optic_disc(*_fundus(0.17, missing_deg=60)[:2]) is not None
    assert optic_disc(*_fundus(0.1, depth=60)[:2]) is not None
    assert optic_disc(*_fundus(0.1, depth=22)[:2]) is None


@pytest.mark.parametrize(("share", "sure"), [(0.002, False), (0.005, True), (0.17, True), (0.24, False)])
def test_a_lumen_takes_up_to_a_fifth_of_the_field(share, sure):
    """Less than 0.3 % or more than 20 % of the field is no lumen."""
    y, x = np.mgrid[:512, :512]
    codes = np.where(np.hypot(y - 256, x - 256) < 512 * np.sqrt(share / np.pi), 0.0, 180.0)
    found = lumen(np.repeat(codes[..., None], 3, axis=2).astype(np.float32), ALL)
    assert (found is not None) == sure


@pytest.mark.parametrize(("rim", "sure"), [(0.6, True), (0.42, False)])
def test_the_rim_of_a_lumen_is_lit(rim, sure):
    """Mucosa dimmer than the median, but brighter than 0.45 of it, bounds a lumen; at 0.42 the hole has no rim."""
    y, x = np.mgrid[:512, :512]
    distance = np.hypot(y - 256, x - 256)
    codes = np.where(distance < 40, 0.0, np.where(distance < 90, rim * 180.0, 180.0))
    assert (lumen(np.repeat(codes[..., None], 3, axis=2).astype(np.float32), ALL) is not None) == sure


DYES = {"haematoxylin": (0.650, 0.704, 0.286), "eosin": (0.072, 0.990, 0.105), "DAB": (0.268, 0.570, 0.776)}


def _stained(amount: np.ndarray, dye: str) -> np.ndarray:
    """Codes of a picture where a dye has this density, over pale eosin."""
    density = amount[..., None] * np.array(DYES[dye]) + 0.15 * np.array(DYES["eosin"])
    return (255 * 10.0 ** (-density / 2.2)).astype(np.float32)


def _six_by_six(shape) -> np.ndarray:
    y, x = np.mgrid[:512, :512]
    return np.max([shape(y - r, x - c) for r in range(60, 460, 76) for c in range(60, 460, 76)], axis=0)


def test_only_haematoxylin_makes_nuclei():
    """Thirty-six discs: blue ones are nuclei, pink and brown ones are not."""
    discs = _six_by_six(lambda y, x: 0.9 * (np.hypot(y, x) < 8))
    assert nuclear_borders(_stained(discs, "haematoxylin"), ALL) is not None
    assert nuclear_borders(_stained(discs, "eosin"), ALL) is None
    assert nuclear_borders(_stained(discs, "DAB"), ALL) is None


def test_nuclei_are_compact():
    """Sickles of haematoxylin fill less than 0.8 of their hulls and are no nuclei."""
    sickles = _six_by_six(lambda y, x: 0.9 * ((np.hypot(y, x) < 14) & (np.hypot(y, x - 8) > 13)))
    assert nuclear_borders(_stained(sickles, "haematoxylin"), ALL) is None


def test_a_nucleus_ends_at_115_percent_of_otsu_s_threshold():
    """Nuclei of Gaussian density, sigma 12 px: the border is that of the level 1.15 T, T by another implementation of Otsu's method; it reaches 1 px inwards
    and 2 px outwards."""
    amount = 0.9 * _six_by_six(lambda y, x: np.exp(-(y**2 + x**2) / (2 * 12.0**2)))
    found = nuclear_borders(_stained(amount, "haematoxylin"), ALL)
    assert found is not None
    level = 1.15 * threshold_otsu(cv2.GaussianBlur(amount, (0, 0), 1.0))
    radius = 12.0 * np.sqrt(2 * np.log(0.9 / level))
    row = np.flatnonzero(found[60 + 2 * 76, 60 + 2 * 76 : 60 + 2 * 76 + 38])
    assert row.min() == pytest.approx(radius, abs=1.0)
    assert row.max() == pytest.approx(radius + 2, abs=1.0)
