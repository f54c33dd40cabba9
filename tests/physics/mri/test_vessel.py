"""Vessels are found where they are bright, compact and round, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from physics.fourier import centred_grid
from physics.mri import MRIScan
from physics.mri.vessel import Vessel, bright_vessels, drawn_vessel, laplacian, lumen

SHAPE, SPACING = (121, 150), (1.5, 1.2)


def body(*, tissue: float = 100.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A trunk with a mild texture, and its grid in millimetres."""
    down, right = (grid * step for grid, step in zip(centred_grid(SHAPE), SPACING, strict=True))
    inside = (down / 80) ** 2 + (right / 82) ** 2 <= 1
    texture = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal(SHAPE), 3.0)
    return tissue * inside * (1 + 0.8 * torch.from_numpy(texture)), down, right


def disc(down: torch.Tensor, right: torch.Tensor, centre: tuple[float, float], radius: float) -> torch.Tensor:
    """A disc with soft rims, as a band-limited picture has."""
    return torch.sigmoid((radius - torch.hypot(down - centre[0], right - centre[1])) / 0.4)


@pytest.mark.parametrize("radius", [4.0, 7.0, 11.0])
@pytest.mark.parametrize("centre", [(10.3, -21.4), (-30.0, 33.3)])
def test_a_bright_disc_is_found(radius, centre):
    """Place within half a pixel along each axis, radius within a tenth or half a millimetre."""
    picture, down, right = body()
    found = bright_vessels(MRIScan.of(picture * (1 + 1.5 * disc(down, right, centre, radius)), spacing_mm=SPACING))
    assert len(found) == 1
    assert abs(found[0].centre_mm[0] - centre[0]) < SPACING[0] / 2
    assert abs(found[0].centre_mm[1] - centre[1]) < SPACING[1] / 2
    assert abs(found[0].radius_mm - radius) < max(0.5, 0.1 * radius)
    assert found[0].found


@pytest.mark.parametrize("spacing", [(0.8, 1.9), (1.9, 0.8)])
def test_oblong_pixels_hold_round_vessels(spacing):
    """On pixels more than twice as long as wide a disc in millimetres is found, its centre to a seventh of a pixel wherever it lies between pixels."""
    shape = (round(180 / spacing[0]), round(180 / spacing[1]))
    down, right = (grid * step for grid, step in zip(centred_grid(shape), spacing, strict=True))
    flat = 100 * ((down / 80) ** 2 + (right / 82) ** 2 <= 1)
    for part in (0.0, 0.25, 0.45, -0.3):
        centre = ((12 + part) * spacing[0], (-9 - part) * spacing[1])
        sharp = torch.sigmoid((9.0 - torch.hypot(down - centre[0], right - centre[1])) / 0.8)
        (found,) = bright_vessels(MRIScan.of(flat * (1 + 1.5 * sharp), spacing_mm=spacing))
        assert abs(found.centre_mm[0] - centre[0]) < spacing[0] / 7
        assert abs(found.centre_mm[1] - centre[1]) < spacing[1] / 7
        assert abs(found.radius_mm - 9.0) < 0.5


def test_a_single_pixel_is_no_vessel():
    """On pixels of 2.5 mm the least radius looked for is 3 mm, and one pixel is a disc of 1.4 mm."""
    down, right = (grid * 2.5 for grid in centred_grid((73, 72)))
    picture = 100.0 * ((down / 80) ** 2 + (right / 82) ** 2 <= 1).double()
    picture[40, 30] = 500.0
    assert bright_vessels(MRIScan.of(picture, spacing_mm=(2.5, 2.5))) == ()


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("length", [2, 3, 4])
def test_a_row_of_few_pixels_is_no_vessel(length, axis):
    """A bar one pixel thick is as thick as a pixel: its moments hold those of its pixels, and it is not round."""
    picture = 100 * (body()[0] > 0).double()
    at = [slice(68, 69), slice(60, 61)]
    at[axis] = slice(60, 60 + length)
    picture[tuple(at)] = 500.0
    assert bright_vessels(MRIScan.of(picture, spacing_mm=SPACING)) == ()


def test_a_vessel_need_not_be_brighter_than_it_stands_out():
    """1.65 times mean tissue among tissue of 0.85 of it: as faint as one is found."""
    flat, down, right = body()
    away = torch.hypot(down - 12, right + 9)
    vessel = torch.sigmoid((5.0 - away) / 0.8)
    picture = 100 * (flat > 0) * (1 - 0.15 * torch.sigmoid((13.0 - away) / 1.5)) * (1 - vessel) + 165 * vessel
    (found,) = bright_vessels(MRIScan.of(picture, spacing_mm=SPACING))
    assert found.radius_mm == pytest.approx(5.0, abs=0.1)


def test_fine_pixels_hide_no_vessel():
    """What makes a maximum is curvature per square millimetre: on pixels of 0.3 mm a vessel twice as bright as tissue is found as on coarse ones."""
    down, right = (grid * 0.3 for grid in centred_grid((300, 300)))
    flat = 100 * ((down / 40) ** 2 + (right / 41) ** 2 <= 1)
    (found,) = bright_vessels(MRIScan.of(flat * (1 + torch.sigmoid((6.0 - torch.hypot(down - 12, right + 9)) / 0.8)), spacing_mm=(0.3, 0.3)))
    assert found.centre_mm == pytest.approx((12.0, -9.0), abs=0.05)
    assert found.radius_mm == pytest.approx(6.0, abs=0.3)


@pytest.mark.parametrize("centre", [(-88.0, 0.0), (88.0, -86.0), (3.0, 87.0), (-89.0, -89.0), (0.0, 0.0)])
def test_a_lumen_may_be_cut_by_the_edge(centre):
    """Wherever a vessel lies, its lumen is the soft disc of its radius, as written out over the whole picture."""
    down, right = (grid * step for grid, step in zip(centred_grid(SHAPE), SPACING, strict=True))
    told = ((9.0 - torch.hypot(down - centre[0], right - centre[1])) / 1.2 + 0.5).clamp(0, 1)
    found = lumen(MRIScan.of(body()[0], spacing_mm=SPACING), Vessel(centre, 9.0))
    assert float(told.sum()) > 20
    torch.testing.assert_close(found.double(), told)


def test_a_lumen_of_many_pixels_is_whole():
    """On pixels of 0.5 mm the disc is as wide in millimetres."""
    down, right = (grid * 0.5 for grid in centred_grid((90, 80)))
    found = lumen(MRIScan.of(torch.ones(90, 80), spacing_mm=(0.5, 0.5)), Vessel((3.2, -4.1), 9.0))
    torch.testing.assert_close(found.double(), ((9.0 - torch.hypot(down - 3.2, right + 4.1)) / 0.5 + 0.5).clamp(0, 1))


def test_the_laplacian_is_that_of_a_wider_gaussian():
    """Of exp(-r^2 / (2 s^2)) under a Gaussian of deviation t, on oblong pixels: A (r^2 / v - 2) / v exp(-r^2 / (2 v)), v = s^2 + t^2, A = s^2 / v."""
    down, right = (grid * step for grid, step in zip(centred_grid((121, 91)), (0.8, 1.3), strict=True))
    square, v = (down**2 + right**2).numpy(), 5.0**2 + 4.0**2
    found = laplacian(np.exp(-square / (2 * 25.0)), sigma_px=4.0 / np.array([0.8, 1.3]), spacing=np.array([0.8, 1.3]))
    told = 25 / v * (square / v - 2) / v * np.exp(-square / (2 * v))
    np.testing.assert_allclose(found, told, atol=2e-3 * np.abs(told).max())


def test_what_stands_out_most_comes_first():
    """Two discs: the brighter against its surroundings is first, whatever its size."""
    picture, down, right = body()
    picture = picture * (1 + 1.2 * disc(down, right, (20.0, 20.0), 9.0) + 2.2 * disc(down, right, (-25.0, -20.0), 5.0))
    found = bright_vessels(MRIScan.of(picture, spacing_mm=SPACING))
    assert [round(vessel.centre_mm[0] / 5) for vessel in found] == [-5, 4]
    # The lower half of the trunk is three times as bright: its disc is the brighter one, and stands out less.
    tissue = torch.where(down > 0, 300.0, 100.0) * (picture > 0)
    picture = tissue * (1 + 1.1 * disc(down, right, (25.0, 20.0), 9.0) + 2.6 * disc(down, right, (-25.0, -20.0), 9.0))
    found = bright_vessels(MRIScan.of(picture, spacing_mm=SPACING))
    assert [round(vessel.centre_mm[0] / 5) for vessel in found] == [-5, 5]


def test_what_is_no_vessel_is_not_found():
    """Plain tissue, a bar, a bright rim of fat, a dark disc, a faint disc, a large organ, a bright disc in air."""
    picture, down, right = body()
    rim = ((down / 80) ** 2 + (right / 82) ** 2 > 0.88) & (picture > 0)
    bar = ((right - 0.3 * down).abs() < 3.0) & (down.abs() < 40)
    others = {
        "plain": picture,
        "bar": picture * (1 + 1.5 * bar),
        "rim": picture * (1 + 2.0 * rim),
        "dark": picture * (1 - 0.9 * disc(down, right, (0.0, 10.0), 7.0)),
        "faint": picture * (1 + 0.4 * disc(down, right, (0.0, 10.0), 7.0)),
        "organ": picture * (1 + 1.5 * disc(down, right, (0.0, 10.0), 35.0)),
        "air": picture + 250 * disc(down, right, (-85.0, -80.0), 4.0),
        "empty": torch.zeros_like(picture),
    }
    assert {name: bright_vessels(MRIScan.of(other, spacing_mm=SPACING)) for name, other in others.items()} == dict.fromkeys(others, ())


def test_a_drawn_vessel_lies_under_the_skin():
    """8 to 30 mm deep, all around the body, 3.5 to 8 mm in radius, and said to be drawn."""
    picture, _, _ = body()
    scan, rng = MRIScan.of(picture, spacing_mm=SPACING), np.random.default_rng(1)
    drawn = [drawn_vessel(scan, rng) for _ in range(60)]
    assert not any(vessel.found for vessel in drawn)
    assert all(3.5 <= vessel.radius_mm <= 7.8 for vessel in drawn)
    for vessel in drawn:
        assert 81 - 35 < np.hypot(*vessel.centre_mm) < 81 - 2.5  # the body counts its rim of three pixels, 4.5 mm
    assert np.ptp([vessel.centre_mm[1] for vessel in drawn]) > 80


def test_the_lumen_is_a_disc_in_millimetres():
    """Area pi r^2 and centre as stated, on unequal spacing."""
    scan = MRIScan.of(body()[0], spacing_mm=SPACING)
    inside = lumen(scan, Vessel((-12.0, 30.0), 8.0))
    down, right = (grid * step for grid, step in zip(centred_grid(SHAPE), SPACING, strict=True))
    assert float(inside.sum()) * SPACING[0] * SPACING[1] == pytest.approx(np.pi * 64, rel=0.02)
    assert float((inside * down).sum() / inside.sum()) == pytest.approx(-12.0, abs=0.1)
    assert float((inside * right).sum() / inside.sum()) == pytest.approx(30.0, abs=0.1)


def test_an_invented_vessel_lies_at_its_depth():
    """Whatever the draw, the centre is a pixel of the body 8 to 30 mm under the skin: on odd and even sides, oblong pixels, a body off the centre."""
    down, right = (grid * step for grid, step in zip(centred_grid(SHAPE), SPACING, strict=True))
    scan = MRIScan.of(100.0 * (((down + 12) / 60) ** 2 + ((right - 9) / 45) ** 2 <= 1), spacing_mm=SPACING)
    depth = ndimage.distance_transform_edt(scan.body.support.numpy(), sampling=SPACING)
    reached = []
    for seed in range(300):
        centre = drawn_vessel(scan, np.random.default_rng(seed)).centre_mm
        at = [place / step + n // 2 for place, step, n in zip(centre, SPACING, SHAPE, strict=True)]
        np.testing.assert_allclose(at, np.rint(at), atol=0.01)
        reached.append(depth[tuple(np.rint(at).astype(int))])
    assert min(reached) >= 8.0
    assert max(reached) <= 30.0
    assert min(reached) < 9.0
    assert max(reached) > 29.0


def test_a_vessel_needs_its_own_surroundings_only():
    """On pixels of 3 mm a disc of 6 mm radius is judged by what lies within 2.5 radii, six pixels: one that ends eight pixels from the edge is found."""
    down, right = (grid * 3.0 for grid in centred_grid((40, 46)))
    centre = ((8 - 20) * 3.0, (23 - 23) * 3.0)
    found = bright_vessels(MRIScan.of(100.0 + 150.0 * disc(down, right, centre, 6.0), spacing_mm=(3.0, 3.0)))
    assert [vessel.centre_mm for vessel in found] == [pytest.approx(centre, abs=1.5)]


@pytest.mark.parametrize(("row", "some"), [(6, False), (9, True), (-7, False), (-10, True)])
def test_a_vessel_whose_surroundings_are_cut_is_none(row, some):
    """On pixels of 3 mm a disc of 6 mm six pixels from the first or the last row is not judged, nine pixels from it it is."""
    down, right = (grid * 3.0 for grid in centred_grid((40, 46)))
    centre = ((row % 40 - 20) * 3.0, 0.0)
    found = bright_vessels(MRIScan.of(100.0 + 150.0 * disc(down, right, centre, 6.0), spacing_mm=(3.0, 3.0)))
    assert [vessel.centre_mm for vessel in found] == [pytest.approx(centre, abs=1.5)] * some


def _found_at(picture: torch.Tensor, centre: tuple[float, float], *, within_mm: float = 4.0) -> int:
    """How many vessels lie about a place."""
    vessels = bright_vessels(MRIScan.of(picture, spacing_mm=SPACING))
    return sum(np.hypot(*np.subtract(vessel.centre_mm, centre)) < within_mm for vessel in vessels)


@pytest.mark.parametrize(("depth_mm", "n"), [(7.5, 0), (16.0, 1)])
def test_a_spot_beside_the_skin_is_no_vessel(depth_mm, n):
    """The ring about it, up to two radii of 6 mm from its middle, must lie in the body, which counts its rim of three pixels."""
    _, down, right = body()
    centre = (0.0, 50.0 - depth_mm)
    flat = 100.0 * (torch.hypot(down, right) <= 50)
    assert _found_at(flat * (1 + 2.0 * disc(down, right, centre, 6.0)), centre) == n


@pytest.mark.parametrize(("brightness", "n"), [(140.0, 0), (190.0, 1)])
def test_a_vessel_is_brighter_than_tissue_elsewhere(brightness, n):
    """In a dark organ of 50 a disc of 140 stands out by 2.8, but is no 1.6 times as bright as the body's 95; one of 190 is."""
    _, down, right = body()
    dark = disc(down, right, (0.0, 0.0), 25.0)
    flat = 100.0 * ((down / 80) ** 2 + (right / 82) ** 2 <= 1) * (1 - 0.5 * dark)
    spot = disc(down, right, (0.0, 0.0), 7.0)
    assert _found_at(flat * (1 - spot) + brightness * spot, (0.0, 0.0)) == n


@pytest.mark.parametrize(("share", "n"), [(0.1, 1), (0.22, 0)])
def test_a_vessel_is_alone(share, n):
    """A bright arc beside a disc may take up a tenth of the turn about it, but not two ninths: 85 % of its ring is darker than half way."""
    picture, down, right = body()
    away, turn = torch.hypot(down, right), torch.atan2(down, right).abs() / torch.pi
    arc = torch.sigmoid((away - 10.0) / 0.4) * torch.sigmoid((16.0 - away) / 0.4) * (turn < share)
    assert _found_at(picture * (1 + 2.0 * torch.maximum(disc(down, right, (0.0, 0.0), 8.0), arc)), (0.0, 0.0)) == n


def test_a_cross_is_not_compact():
    """Bars of 4 by 16 mm fill 0.70 of the ellipse of their moments, a square of as much area 0.95: the cross is none, the square is found."""
    picture, down, right = body()

    def bar(tall: float, wide: float) -> torch.Tensor:
        return torch.sigmoid((tall / 2 - down.abs()) / 0.3) * torch.sigmoid((wide / 2 - right.abs()) / 0.3)

    assert _found_at(picture * (1 + 3.0 * torch.maximum(bar(4.0, 16.0), bar(16.0, 4.0))), (0.0, 0.0)) == 0
    assert _found_at(picture * (1 + 3.0 * bar(10.6, 10.6)), (0.0, 0.0)) == 1


def test_of_vessels_that_overlap_the_strongest_stays():
    """A spot of 3 mm at the rim of a disc of 11 mm, brighter than tissue by 3 where the disc is by 1.5: the spot alone; without it the disc is one."""
    picture, down, right = body()
    large, small = disc(down, right, (0.0, 0.0), 11.0), disc(down, right, (0.0, 10.0), 3.0)
    assert _found_at(picture * (1 + 1.5 * large), (0.0, 0.0)) == 1
    found = bright_vessels(MRIScan.of(picture * (1 + 1.5 * large * (1 - small) + 3.0 * small), spacing_mm=SPACING))
    assert [vessel.centre_mm for vessel in found] == [pytest.approx((0.0, 10.0), abs=1.0)]


@pytest.mark.parametrize("spacing", [(1.0, 4.0), (4.0, 1.0)])
def test_few_long_pixels_hold_a_round_vessel(spacing):
    """A disc of 5 mm is three pixels wide where they are 4 mm: the extent of a pixel itself counts into its moments."""
    down, right = (grid * step for grid, step in zip(centred_grid((round(120 / spacing[0]), round(120 / spacing[1]))), spacing, strict=True))
    found = bright_vessels(MRIScan.of(100.0 + 200.0 * (torch.hypot(down, right) <= 5.5), spacing_mm=spacing))
    assert [vessel.centre_mm for vessel in found] == [pytest.approx((0.0, 0.0), abs=1.0)]
