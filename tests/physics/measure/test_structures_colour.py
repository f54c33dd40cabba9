"""Structures of colour pictures: lines of any direction, rims of known width."""

from __future__ import annotations

import numpy as np
import pytest

from physics.measure.structures_colour import lumen, retinal_vessels

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
