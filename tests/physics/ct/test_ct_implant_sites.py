"""Where metal may lie in drawn slices, on pixels that are not square: sizes in millimetres decide, whatever the pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import ndtr

from physics.ct import CTScan
from physics.ct.geometry import Grid
from physics.ct.implant_sites import sites_of, why_no_metal
from physics.ct.kernel import STANDARD

FINE = Grid((300, 170), (0.4, 0.8))
Y, X = (axis + np.zeros(FINE.shape) for axis in np.meshgrid(*FINE.centred_mm(), indexing="ij"))
PIXEL_MM2 = 0.4 * 0.8


def sites(hu, grid=FINE):
    return sites_of(scan_of(hu, grid))


def scan_of(hu, grid=FINE):
    return CTScan.of(torch.tensor(hu), spacing_mm=grid.spacing_mm, n0=1e5, kernel=STANDARD)


def head(*parts):
    """Soft tissue of 40 HU in a disc of 55 mm, and (where, HU) in it."""
    hu = np.where(np.hypot(Y, X) < 55, 40.0, -1000.0)
    for where, value in parts:
        hu[where] = value
    return hu


def box(height_mm, width_mm):
    """A rectangle about (x, y) = (-10.4, 14) mm, and its closed form after a Gaussian of so many mm."""

    def blurred(sigma_mm):
        sides = [
            ndtr((size / 2 - np.abs(at)) / sigma_mm) - ndtr((-size / 2 - np.abs(at)) / sigma_mm) for at, size in ((Y - 14, height_mm), (X + 10.4, width_mm))
        ]
        return sides[0] * sides[1]

    return (np.abs(Y - 14) < height_mm / 2) & (np.abs(X + 10.4) < width_mm / 2), blurred


@pytest.mark.parametrize(("height", "width", "found"), [(4.0, 6.4, True), (4.0, 4.8, False)])
def test_teeth_are_ten_square_millimetres_of_enamel(height, width, found):
    """Enamel of 2200 HU: where the closed form of its Gaussian of 0.7 mm is above 1800 HU, if that is more than 10 mm2; 11.5 mm2 are, 7.7 are not."""
    where, blurred = box(height, width)
    expected = 40 + 2160 * blurred(0.7) > 1800
    assert expected.sum() * PIXEL_MM2 == pytest.approx(11.5 if found else 7.7, abs=0.5)
    teeth = sites(head((where, 2200.0))).teeth
    assert len(teeth) == pytest.approx(expected.sum() * found, abs=3)
    if found:
        assert teeth.mean(axis=0) == pytest.approx((-10.4, 14.0), abs=0.2)


def test_a_screw_has_five_millimetres_of_bone_around_it():
    """A disc of 12 mm and 700 HU: the Gaussian of 1.5 mm passes 130 HU 1.6 mm beyond its edge, so screws reach to 8.6 mm from its middle on either axis."""
    screws = sites(head((np.hypot(Y - 10, X + 6) < 12, 700.0))).screws - (-6.0, 10.0)
    assert np.abs(screws).max(axis=0) == pytest.approx((8.6, 8.6), abs=0.7)  # columns of 0.8 mm
    assert len(screws) * PIXEL_MM2 == pytest.approx(np.pi * 8.6**2, rel=0.08)


@pytest.mark.parametrize(("height", "width", "is_bone"), [(1.6, 8.0, True), (3.2, 3.2, False)])
def test_bone_has_twenty_square_millimetres_of_cortex(height, width, is_bone):
    """Marrow of 200 HU with a piece of 900 HU in it: bone, where the closed form of a Gaussian of 1 mm is above 350 HU on 24 mm2 but not where on 18."""
    where, blurred = box(height, width)
    cortex = 200 + 700 * blurred(1.0) > 350
    assert cortex.sum() * PIXEL_MM2 == pytest.approx(24.3 if is_bone else 17.9, abs=0.5)
    marrow = np.hypot(Y - 14, X + 10.4) < 12
    assert (len(sites(head((marrow, 200.0), (where, 900.0))).screws) > 0) == is_bone


@pytest.mark.parametrize(("pixels", "refused"), [(34, False), (40, True)])
def test_twelve_square_millimetres_of_metal_are_too_much(pixels, refused):
    """34 pixels of 0.32 mm2 are let pass, 40 are not."""
    hu = head()
    hu[150:152, 80 : 80 + pixels // 2] = 3000.0
    scan = scan_of(hu)
    assert sites_of(scan).metal_mm2 == pytest.approx(pixels * PIXEL_MM2)
    assert (why_no_metal(scan) is not None) == refused


@pytest.mark.parametrize(("radius_x", "radius_y", "trunk"), [(165.0, 95.0, True), (140.0, 95.0, False)])
def test_joints_lie_beside_the_middle_of_a_trunk(radius_x, radius_y, trunk):
    """A body of 4.9e4 mm2 at the right of the picture, an arm above it: of two bones of 32 mm the one 90 mm beside its middle is a joint, the one 40 mm beside
    is not; a body of 4.2e4 mm2 is no trunk."""
    grid = Grid((150, 160), (1.6, 2.5))
    y, x = grid.centred_mm()
    y, x = y[:, None], x[None]
    hu = np.full(grid.shape, -1000.0)
    hu[((x - 30) / radius_x) ** 2 + ((y - 15) / radius_y) ** 2 < 1] = 40.0
    hu[np.hypot(x + 140, y + 105) < 12] = 40.0
    for centre in (-60.0, 70.0):
        hu[np.hypot(x - centre, y - 20) < 16] = 700.0
    found = sites(hu, grid)
    assert found.centre == pytest.approx((30.0, 15.0), abs=0.6)
    assert [joint[:2] for joint in found.joints] == ([pytest.approx((-60.0, 20.0), abs=1.0)] if trunk else [])
    assert all(width == pytest.approx(35.0, abs=3.0) for *_, width in found.joints)
