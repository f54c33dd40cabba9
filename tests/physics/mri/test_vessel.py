"""Vessels are found where they are bright, compact and round, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from physics.fourier import centred_grid
from physics.mri import MRIScan
from physics.mri.vessel import Vessel, bright_vessels, drawn_vessel, lumen

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


@pytest.mark.parametrize("centre", [(-88.0, 0.0), (88.0, -86.0), (3.0, 87.0), (-89.0, -89.0), (0.0, 0.0)])
def test_a_lumen_may_be_cut_by_the_edge(centre):
    """Wherever a vessel lies, its lumen is the soft disc of its radius, as written out over the whole picture."""
    down, right = (grid * step for grid, step in zip(centred_grid(SHAPE), SPACING, strict=True))
    told = ((9.0 - torch.hypot(down - centre[0], right - centre[1])) / 1.2 + 0.5).clamp(0, 1)
    found = lumen(MRIScan.of(body()[0], spacing_mm=SPACING), Vessel(centre, 9.0))
    assert float(told.sum()) > 20
    torch.testing.assert_close(found.double(), told)


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
