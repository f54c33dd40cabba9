"""The field of air, bone and tissue: balls, cylinders, superposition, the shim."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import inf, sqrt

import numpy as np
import pytest
import torch
from scipy import ndimage

from physics import phantoms
from physics.fourier import centred_grid
from physics.mri import MRIScan
from physics.mri.cavities import Materials, main_field_axis, materials, rounded_height_mm
from physics.mri.chain import Slab
from physics.mri.dipole import Layer, ball_field_ppm, dipole_field_ppm
from physics.mri.pockets import Pocket, draw_pockets
from physics.mri.susceptibility import AIR_PPM, TISSUE_PPM, FieldMap, field_hz, field_map, layers_of, makes_a_field, shim, slice_ppm

AXES = ("slice", "rows", "columns")


def places(shape, spacing=(1.0, 1.0)):
    down, right = centred_grid(shape)
    return down * spacing[0], right * spacing[1]


def ball_layers(shape, spacing, *, centre, radius, ppm, step=0.25):
    """A ball cut into sheets with soft rims; its centre lies centre[2] over the slice."""
    d0, d1 = places(shape, spacing)
    r = torch.sqrt((d0 - centre[0]) ** 2 + (d1 - centre[1]) ** 2)
    edges = np.arange(-radius, radius + step / 2, step) + centre[2]
    soft = sqrt(spacing[0] * spacing[1])
    out = []
    for low, high in pairwise(edges):
        reach = sqrt(max(radius**2 - ((low + high) / 2 - centre[2]) ** 2, 0.0))
        out.append(Layer(ppm * ((reach - r) / soft + 0.5).clamp(0, 1), float(low), float(high)))
    return out


def closed_ball(shape, spacing, *, centre, radius, ppm, along):
    return ball_field_ppm(places(shape, spacing), centre_mm=centre, radius_mm=radius, contrast_ppm=ppm, along=along)


@pytest.mark.parametrize("along", AXES)
def test_the_closed_ball_is_the_textbook(along):
    """(Dchi/3)(a/r)^3 (3 cos^2 - 1) at hand-worked places for each direction of the field, 0 inside, and its slope is the difference of two heights."""
    at = (torch.tensor([[20.0, 0.0, 3.0]], dtype=torch.float64), torch.tensor([[0.0, 20.0, 0.0]], dtype=torch.float64))
    field, _ = ball_field_ppm(at, centre_mm=(0.0, 0.0, 0.0), radius_mm=10.0, contrast_ppm=9.0, along=along)
    pole, equator = 3.0 * 0.125 * 2, -3.0 * 0.125
    wanted = {"slice": (equator, equator, 0.0), "rows": (pole, equator, 0.0), "columns": (equator, pole, 0.0)}[along]
    torch.testing.assert_close(field[0], torch.tensor(wanted, dtype=torch.float64))
    heights = [ball_field_ppm(at, centre_mm=(2.0, -3.0, z), radius_mm=8.0, contrast_ppm=9.0, along=along)[0] for z in (-12.001, -11.999)]
    slope = ball_field_ppm(at, centre_mm=(2.0, -3.0, -12.0), radius_mm=8.0, contrast_ppm=9.0, along=along)[1]
    torch.testing.assert_close(slope, (heights[0] - heights[1]) / 0.002, rtol=1e-5, atol=1e-9)  # a ball farther below is a plane farther above


@pytest.mark.parametrize("along", AXES)
@pytest.mark.parametrize(("height", "shape", "spacing"), [(0.0, (96, 81), (1.0, 1.0)), (-14.0, (81, 64), (1.0, 1.5)), (13.0, (64, 96), (1.2, 1.0))])
def test_sheets_of_a_ball_make_the_field_of_a_ball(along, height, shape, spacing, oracle):
    """Cut into sheets, above, below or through the slice, a ball has the closed field and slope; odd sizes, oblong pixels, off the centre."""
    centre, radius = (6.0, -9.0, height), 9.0
    field, slope = dipole_field_ppm(ball_layers(shape, spacing, centre=centre, radius=radius, ppm=9.41), spacing_mm=spacing, along=along)
    wanted, rate = closed_ball(shape, spacing, centre=centre, radius=radius, ppm=9.41, along=along)
    d0, d1 = places(shape, spacing)
    distance = torch.sqrt((d0 - centre[0]) ** 2 + (d1 - centre[1]) ** 2 + height**2)
    judged = (distance - radius).abs() > 2.0 if height == 0 else torch.ones_like(distance, dtype=torch.bool)
    scale = 9.41 / 3
    oracle(
        "mri_epi_distortion",
        "sheets of a ball: the dipole's field, rms over Dchi/3",
        float((field - wanted)[judged].square().mean().sqrt()) / scale,
        below=0.013,
    )
    if height != 0:
        oracle(
            "mri_signal_dropout",
            "sheets of a ball: slope of the dipole's field, rms over its largest",
            float((slope - rate).square().mean().sqrt() / rate.abs().max()),
            below=0.01,
        )
    outside = judged & (distance > radius)
    assert float((field * wanted)[outside].sum() / (wanted[outside] ** 2).sum()) == pytest.approx(1.0, abs=0.02)


def test_an_endless_cylinder_across_the_field():
    """(Dchi/2)(a/r)^2 cos 2 phi outside, -Dchi/6 inside for a field in the plane; along the cylinder 0 outside and Dchi/3 inside."""
    d0, d1 = places((128, 120))
    r2, a = d0**2 + d1**2, 10.0
    sheet = [Layer(6.0 * ((a - r2.sqrt()) + 0.5).clamp(0, 1), -inf, inf)]
    across, slope = dipole_field_ppm(sheet, spacing_mm=(1.0, 1.0), along="columns")
    outside, inside = (r2 > 14**2) & (r2 < 45**2), r2 < 7**2
    wanted = 3.0 * a**2 / r2.clamp(min=1) * (d1**2 - d0**2) / r2.clamp(min=1)
    assert float((across - wanted)[outside].abs().max()) < 0.04
    assert float((across + 1.0)[inside].abs().max()) < 0.04
    assert float(slope.abs().max()) < 1e-9
    along, _ = dipole_field_ppm(sheet, spacing_mm=(1.0, 1.0), along="slice")
    assert float(along[outside].abs().max()) < 1e-9
    assert float((along - 2.0)[inside].abs().max()) < 1e-9


def head(shape=(160, 150), hole=None):
    """A bright disc with a dark ring of 4 mm, and perhaps a dark hole of 8 mm radius."""
    d0, d1 = places(shape)
    r = torch.sqrt(d0**2 + d1**2)
    image = torch.where(r < 66, 100.0, 0.5) * torch.where((r > 56) & (r < 60), 0.01, 1.0)
    if hole is not None:
        image = torch.where((d0 - hole[0]) ** 2 + (d1 - hole[1]) ** 2 < 64, 0.5, image)
    return image.double()


def test_dark_pieces_are_told_apart_by_width():
    """A hole of 8 mm radius is air, a ring of 4 mm is bone, and the body ends where the picture does."""
    found = materials(MRIScan.of(head(hole=(-20.0, 10.0))).body)
    d0, d1 = places((160, 150))
    r = torch.sqrt(d0**2 + d1**2)
    assert float(found.air.double().sum()) == pytest.approx(np.pi * 64, rel=0.15)
    assert bool(found.air[80 - 20, 75 + 10])
    assert bool(found.bone[80, 75 + 58])
    assert not bool(found.air[80, 75 + 58])
    assert float(found.body.double().sum()) == pytest.approx(np.pi * 66**2, rel=0.05)
    assert not bool((found.bone & (r < 50) & (((d0 + 20) ** 2 + (d1 - 10) ** 2) > 100)).any())


def test_a_slice_is_counted_against_air():
    """Water -9.05, bone -11.4 and air 0.36 ppm: tissue lies 9.41 below air, bone 11.76, and air inside and outside at nought."""
    body = MRIScan.of(head(hole=(-20.0, 10.0))).body
    ppm, found = slice_ppm(body), materials(body)
    for where, told in ((found.bone, -11.76), (found.tissue, -9.41), (found.air, 0.0), (~found.body, 0.0)):
        assert int(where.sum()) > 100
        torch.testing.assert_close(ppm[where].double(), torch.full_like(ppm[where].double(), told), atol=1e-4, rtol=0)


def test_a_disc_is_rounded_to_a_ball():
    """The half depth of a disc of radius 20 mm is (400 - r^2)^(1/2) to a pixel, and the sheets of a homogeneous disc have the field of a ball."""
    d0, d1 = places((101, 120), (1.0, 1.0))
    r = torch.sqrt(d0**2 + d1**2)
    height = rounded_height_mm(r < 20, (1.0, 1.0))
    wanted = torch.sqrt((400 - r**2).clamp(min=0))
    assert float((height - wanted)[r < 15].abs().max()) < 1.0
    assert float(height[r > 20].max()) == 0
    image = torch.where(r < 30, 100.0, 0.0).double()
    body = MRIScan.of(image, phase=False).body
    made, slope = dipole_field_ppm(layers_of(body, None), spacing_mm=(1.0, 1.0), along="rows")
    radius = float(torch.sqrt(materials(body).body.double().sum() / np.pi))
    ball, _ = closed_ball((101, 120), (1.0, 1.0), centre=(0.0, 0.0, 0.0), radius=radius, ppm=TISSUE_PPM - AIR_PPM, along="rows")
    judged = (r > radius + 3) | (r < radius - 4)
    assert float((made - ball)[judged].square().mean().sqrt()) < 0.04 * abs(TISSUE_PPM - AIR_PPM) / 3
    assert float(slope.abs().max()) < 1e-9


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (2.5, 0.8)])
def test_sheets_hold_what_the_rounded_body_holds(spacing, oracle):
    """Twenty sheets above and twenty below, each 1.3 times as thick as the one before it, from the slice to the highest place: together they are as thick at
    every pixel as the body is high less its hollow, under a blur of 1.5 mm or a pixel."""
    down, right = places((90, 120), spacing)
    image = torch.where(torch.hypot(down, right) < 42, 100.0, 0.0).double()
    body = MRIScan.of(torch.where(torch.hypot(down - 8, right + 5) < 11, 0.5, image), spacing_mm=spacing, phase=False).body
    found = materials(body)
    height, hollow = (rounded_height_mm(mask, spacing) for mask in (found.body, found.air))
    assert float(hollow.max()) > 5
    ppm = torch.where(found.bone, -11.76, -9.41).double() * (height - hollow).clamp(min=0)
    told = torch.from_numpy(ndimage.gaussian_filter(ppm.numpy(), [max(1.5 / step, 1.0) for step in spacing], mode="nearest"))
    sheets = layers_of(body, None)
    for side, sign in ((sheets[:20], 1), (sheets[20:], -1)):
        edges = np.array([0.0, *(layer.high_mm if sign > 0 else -layer.low_mm for layer in side)])
        np.testing.assert_allclose([layer.low_mm if sign > 0 else -layer.high_mm for layer in side], edges[:-1], atol=1e-12)
        np.testing.assert_allclose(np.diff(edges)[1:] / np.diff(edges)[:-1], 1.3)
        assert edges[-1] == pytest.approx(float(height.max()))
        whole = sum((layer.ppm * (layer.high_mm - layer.low_mm) for layer in side), torch.zeros_like(told))
        oracle("mri_epi_distortion", "sheets are as thick together as the rounded body", float((whole - told).abs().max() / told.abs().max()), below=1e-6)


def test_pockets_superpose_and_scale_with_the_field_strength(oracle):
    """The field is linear in the pockets and in B0: 1.5 T is half of 3 T, and a pocket of air below the slice makes its own dipole in Hz."""
    scan = MRIScan.of(head(), phase=False)
    one, two = Pocket((-40.0, 5.0, -15.0), 10.0), Pocket((10.0, -45.0, -12.0), 7.0)

    def made(pockets, strength=3.0):
        return field_map(scan, seed=1, pockets=pockets, field_strength_t=strength, shimmed=False)

    plain = made(())
    both = made((one, two)).hz - plain.hz
    torch.testing.assert_close(both, (made((one,)).hz - plain.hz) + (made((two,)).hz - plain.hz))
    torch.testing.assert_close(made((one,), 1.5).hz, made((one,)).hz / 2)
    closed, _ = closed_ball((160, 150), (1.0, 1.0), centre=one.centre_mm, radius=10.0, ppm=9.41, along="slice")
    residual = float(((made((one,)).hz - plain.hz) - 127.731 * closed).abs().max() / (127.731 * closed).abs().max())
    oracle("mri_epi_distortion", "a pocket of air in Hz: 42.577 MHz/T times its dipole", residual, below=1e-5)
    assert 100 < float((made((one,)).hz - plain.hz)[80 - 40, 75 + 5]) < 400  # straight over it protons are faster


def test_the_shim_leaves_no_linear_term():
    """Weighted by signal over tissue, constant, both slopes and the mean slope through the slice are 0."""
    scan = MRIScan.of(head(hole=(-20.0, 10.0)), spacing_mm=(1.0, 1.2), phase=False)
    made = field_map(scan, seed=3, pockets=(Pocket((-40.0, 5.0, -15.0), 10.0),))
    weight = scan.body.density.abs() * materials(scan.body).tissue
    d0, d1 = places((160, 150), (1.0, 1.2))
    size = float((weight * made.hz.abs()).sum())
    assert size > 0
    for term in (torch.ones_like(d0), d0 / 80, d1 / 90):
        assert abs(float((weight * term * made.hz).sum())) < 1e-6 * size
    assert abs(float((weight * made.through_hz_per_mm).sum())) < 1e-9 * float((weight * made.through_hz_per_mm.abs()).sum())


def test_protons_at_a_vertical_border_feel_tissue():
    """With the field along the border of a tall body the offset does not jump at its skin: the sphere of Lorentz holds tissue there as inside."""
    density = head().to(torch.complex128).expand(9, -1, -1)
    scan = replace(MRIScan.of(head(), phase=False), slab=Slab(density, 4, (30.0, 1.0, 1.0)))
    hz = field_map(scan, seed=1, pockets=(), shimmed=False).hz
    rim, inner = float(hz[80, 75 + 65]), float(hz[80, 75 + 62])
    assert abs(rim - inner) < 0.05 * 127.731 * 9.41 / 3


def test_fluid_deep_inside_is_no_bone():
    """A dark line of 4 mm in the middle of a body is fluid; the same line 8 mm under the skin is bone."""
    image = head()
    down, right = places((160, 150))
    image = torch.where((right.abs() < 2) & (down.abs() < 15), 0.01, image)
    found = materials(MRIScan.of(image).body)
    assert not bool(found.bone[80, 75])
    assert bool(found.tissue[80, 75])
    assert bool(found.bone[80, 75 + 58])


def test_pockets_lie_beside_the_slice_and_follow_the_seed():
    """Equal seeds, equal balls; none reaches the slice; none where the picture shows air, nor in a body too small for a head."""
    scan = MRIScan.of(head())
    balls = draw_pockets(scan, seed=5)
    assert balls
    assert balls == draw_pockets(scan, seed=5)
    assert balls != draw_pockets(scan, seed=6)
    assert all(abs(ball.centre_mm[2]) > ball.radius_mm + 1.9 for ball in balls)
    assert draw_pockets(MRIScan.of(head(hole=(-20.0, 10.0))), seed=5) == ()
    small = MRIScan.of(head(), spacing_mm=(0.5, 0.5))
    assert draw_pockets(small, seed=5) == ()
    assert not makes_a_field(small)
    assert makes_a_field(scan)
    torch.testing.assert_close(field_hz(scan, seed=5), field_map(scan, seed=5).hz)


def test_the_main_field_follows_the_outline():
    """A body that is its own mirror image is seen from above; one with a face on one side is seen from the side, and the field runs along axis 0."""
    image = head()
    assert main_field_axis(MRIScan.of(image).body) == "slice"
    image[80:, 75:100] = 100.0
    image[40:120, :75] = 0.0
    assert main_field_axis(MRIScan.of(image).body) == "rows"


def test_the_slices_of_a_slab_count():
    """A hole two slices below the one that is shown bends the field over it, which it does not without the slab."""
    shown, below = head(), head(hole=(-30.0, 12.0))
    scan = MRIScan.of(shown, phase=False)
    density = torch.stack([below, below, below, shown, shown, shown, shown]).to(torch.complex128)
    slabbed = replace(scan, slab=Slab(density, 4, (4.0, 1.0, 1.0)))
    over = (
        field_map(slabbed, seed=1, pockets=(), shimmed=False).hz
        - field_map(replace(scan, slab=Slab(shown.to(torch.complex128).expand(7, -1, -1), 4, (4.0, 1.0, 1.0))), seed=1, pockets=(), shimmed=False).hz
    )
    peak = np.unravel_index(int((over * (over > 0)).argmax()), over.shape)
    assert abs(peak[0] - 50) <= 2
    assert abs(peak[1] - 87) <= 2
    assert 50 < float(over.max()) < 800


def oval(shape, spacing, *, middle, reach):
    """A flat oval body, middle and half axes in mm."""
    d0, d1 = places(shape, spacing)
    return MRIScan.of(100.0 * (((d0 - middle[0]) / reach[0]) ** 2 + ((d1 - middle[1]) / reach[1]) ** 2 < 1), spacing_mm=spacing, phase=False)


def test_sinuses_lie_in_front_and_ears_on_either_side():
    """Off the centre and on oblong pixels: three to five balls 9 to 37 mm behind the front about the middle line, and in seven of ten draws ears."""
    scan, with_ears, sideways = oval((190, 170), (1.0, 1.2), middle=(8.0, -12.0), reach=(80.0, 62.0)), 0, []
    n_draws = 150
    for seed in range(n_draws):
        balls = draw_pockets(scan, seed=seed)
        front = [ball for ball in balls if ball.centre_mm[0] < -20]
        ears = [ball for ball in balls if ball not in front]
        assert 3 <= len(front) <= 5
        for ball in front:
            assert 7 < ball.centre_mm[0] - (8.0 - 80.0) < 39
            assert abs(ball.centre_mm[1] + 12.0) < 18
            assert 5 <= ball.radius_mm <= 12
            assert 1.9 < -ball.centre_mm[2] - ball.radius_mm < 13.1
            sideways.append(ball.centre_mm[1] + 12.0)
        with_ears += bool(ears)
        for side in (-1, 1) if ears else ():
            group = [ball for ball in ears if side * (ball.centre_mm[1] + 12.0) > 0]
            assert 2 <= len(group) <= 4
            for ball in group:
                assert 5 < 62.0 - side * (ball.centre_mm[1] + 12.0) < 33
                assert 0.5 * 160 - 9 < ball.centre_mm[0] + 72.0 < 0.62 * 160 + 9
                assert 2.5 <= ball.radius_mm <= 6
                assert 2.9 < -ball.centre_mm[2] - ball.radius_mm < 12.1
    assert abs(np.mean(sideways)) < 3 * 32 / sqrt(12 * n_draws) + 0.6  # draws share their middle; the outline is a pixel of 1.2 mm fine
    assert abs(with_ears / n_draws - 0.7) < 3 * sqrt(0.7 * 0.3 / n_draws)


def test_seen_from_the_side_the_front_is_on_one_of_two_sides():
    """A body that is not its own mirror image has its sinuses behind the first or the last column, both in some draws, about its middle height."""
    scan = oval((190, 170), (1.0, 1.2), middle=(8.0, -12.0), reach=(80.0, 62.0))
    down, right = places((190, 170), (1.0, 1.2))
    lame = MRIScan.of(torch.where((down > 20) & (right > -10), 0.0, scan.body.density.abs().double()), spacing_mm=(1.0, 1.2), phase=False)
    assert main_field_axis(lame.body) == "rows"
    ends = set()
    for seed in range(12):
        for ball in draw_pockets(lame, seed=seed):
            left, right_hand = ball.centre_mm[1] - (-12.0 - 62.0), (-12.0 + 62.0) - ball.centre_mm[1]
            assert 7 < min(left, right_hand) < 39
            assert abs(ball.centre_mm[0] - 8.0) < 18
            ends.add(left < right_hand)
    assert ends == {True, False}


def test_bowel_gas_lies_in_the_front_of_a_trunk():
    """Two to five balls of 10 to 25 mm, 2 to 12 mm below the slice, 20 mm and more under the skin of the front 55 % of a trunk, out to its sides; anywhere
    under a body that is cut lengthwise."""
    scan, sideways, counts = oval((120, 150), (2.0, 2.4), middle=(-6.0, 10.0), reach=(100.0, 160.0)), [], set()
    for seed in range(60):
        balls = draw_pockets(scan, seed=seed)
        counts.add(len(balls))
        for ball in balls:
            down, right = ball.centre_mm[0] + 6.0, ball.centre_mm[1] - 10.0
            assert -100 + 17 < down < -100 + 0.55 * 200 + 3
            assert (down / 83) ** 2 + (right / 143) ** 2 < 1.05
            assert 10 <= ball.radius_mm <= 25
            assert 1.9 < -ball.centre_mm[2] - ball.radius_mm < 12.1
            sideways.append(right)
    assert counts == {2, 3, 4, 5}
    assert min(sideways) < -110
    assert max(sideways) > 110


def test_dark_fat_in_the_back_of_a_trunk_is_no_gas():
    """The same dark disc of 12 mm is air in the front of a trunk and in a head, and none in the back of a trunk, where only a lung is."""

    def with_hole(reach: tuple[float, float], middle_mm: float, radius_mm: float) -> float:
        scan = oval((150, 180), (2.0, 2.0), middle=(0.0, 0.0), reach=reach)
        y, x = torch.meshgrid(*(torch.arange(n) - n // 2 for n in (150, 180)), indexing="ij")
        hole = (2.0 * y - middle_mm) ** 2 + (2.0 * x - 50.0) ** 2 < radius_mm**2
        body = MRIScan.of(torch.where(hole, 1.0, scan.body.density.abs()), spacing_mm=(2.0, 2.0)).body
        return float(materials(body).air.sum()) * 4.0

    disc = np.pi * 12**2
    assert with_hole((110.0, 165.0), -50.0, 12.0) == pytest.approx(disc, rel=0.2)
    assert with_hole((110.0, 165.0), 0.0, 12.0) == pytest.approx(disc, rel=0.2)  # 110 of 220 mm: the front 55 % end at 121
    assert with_hole((110.0, 165.0), 24.0, 12.0) == 0.0
    assert with_hole((110.0, 165.0), 50.0, 12.0) == 0.0
    assert with_hole((110.0, 140.0), 50.0, 12.0) == pytest.approx(disc, rel=0.2)
    assert with_hole((110.0, 165.0), 50.0, 42.0) == pytest.approx(np.pi * 42**2, rel=0.2)  # 55 cm2


def test_each_piece_of_gas_is_judged_by_itself():
    """Two discs in the front of a trunk and one in its back: the two are air, each with its own area, and the third is not."""
    body = oval((150, 180), (2.0, 2.0), middle=(0.0, 0.0), reach=(110.0, 165.0)).body.density.abs()
    down, right = places((150, 180), (2.0, 2.0))
    discs = [torch.hypot(down - at[0], right - at[1]) < 12 for at in ((-60.0, -50.0), (-20.0, 60.0), (60.0, -20.0))]
    found = materials(MRIScan.of(torch.where(discs[0] | discs[1] | discs[2], 1.0, body), spacing_mm=(2.0, 2.0)).body)
    areas = [float(found.air[disc].sum()) * 4.0 / (np.pi * 144) for disc in discs]
    assert areas == pytest.approx([1.0, 1.0, 0.0], abs=0.2)
    assert float(found.air.sum()) * 4.0 / (np.pi * 144) == pytest.approx(2.0, abs=0.4)


def test_a_bright_speck_beside_the_body_is_not_of_it():
    """Pieces of less than a twentieth of the largest lie outside of the outline, larger ones within."""
    down, right = places((160, 150))
    image = torch.where(torch.hypot(down, right + 20) < 40, 100.0, 0.5)
    for side, held in ((6, False), (24, True)):
        marked = torch.where((down.abs() < side / 2) & ((right - 55).abs() < side / 2), 100.0, image)
        assert bool(materials(MRIScan.of(marked.double()).body).body[80, 75 + 55]) is held


def test_a_strip_is_rounded_to_a_cylinder():
    """Nine pixels of 1 mm wide on pixels 3 mm high: (4.5^2 - x^2)^(1/2) to the border between pixels, whatever its length; a picture without a border is as
    deep as half of its longer side."""
    strip = torch.zeros((12, 30), dtype=torch.bool)
    strip[:, 8:17] = True
    x = (torch.arange(30, dtype=torch.float64) - 12).abs()
    wanted = torch.where(x < 4.5, (4.5**2 - x**2).clamp(min=0).sqrt(), 0.0).expand(12, 30)
    torch.testing.assert_close(rounded_height_mm(strip, (3.0, 1.0)), wanted, atol=1e-12, rtol=0)
    two = strip | (torch.arange(30) > 24)
    torch.testing.assert_close(rounded_height_mm(two, (3.0, 1.0))[:, :20], wanted[:, :20], atol=1e-12, rtol=0)  # each piece has a radius of its own
    everywhere = rounded_height_mm(torch.ones((10, 6), dtype=torch.bool), (3.0, 2.0))
    torch.testing.assert_close(everywhere, torch.full((10, 6), 15.0, dtype=torch.float64))


@pytest.mark.parametrize("middle", [(-10.0, -25.0), (12.0, -10.0)])
def test_the_outline_is_mirrored_about_its_own_middle(middle):
    """A disc is its own mirror image wherever it lies, and so are two upright bars that a thin bridge joins, of which two pixels more or less would be none."""
    down, right = places((160, 150))
    disc = torch.where(torch.hypot(down - middle[0], right - middle[1]) < 30, 100.0, 0.0)
    y, x = (down - middle[0]).abs(), (right - middle[1]).abs()
    bars = torch.where(((x > 8) & (x < 12) & (y < 30)) | ((x <= 8) & (y < 2)), 100.0, 0.0)
    for image in (disc, bars):
        assert main_field_axis(MRIScan.of(image.double()).body) == "slice"


@pytest.mark.parametrize(("area_mm2", "drawn"), [(40, True), (60, False)])
def test_half_a_square_centimetre_of_air_is_shown_already(monkeypatch, area_mm2, drawn):
    """Air in the slice counts by its area in mm2, whatever the pixels: below 50 mm2 balls are drawn, above it none."""
    scan = oval((300, 280), (0.7, 0.5), middle=(0.0, 0.0), reach=(80.0, 62.0))
    air = torch.zeros(scan.matrix, dtype=torch.bool)
    air.flatten()[28_000 : 28_000 + round(area_mm2 / 0.35)] = True
    outline = scan.body.density.abs() > 0
    monkeypatch.setattr("physics.mri.pockets.materials", lambda body: Materials(outline, air, torch.zeros_like(air)))
    assert bool(draw_pockets(scan, seed=1)) is drawn


@pytest.mark.parametrize("along", AXES)
def test_a_ball_is_at_rest_inside_itself(along):
    """Inside a ball that the slice cuts, off its middle, field and slope are 0; just outside neither is."""
    at = (torch.tensor([2.0, 9.5], dtype=torch.float64), torch.tensor([-3.0, 7.0], dtype=torch.float64))
    field, slope = ball_field_ppm(at, centre_mm=(0.0, 0.0, -4.0), radius_mm=9.0, contrast_ppm=9.0, along=along)
    assert (float(field[0]), float(slope[0])) == (0.0, 0.0)
    assert min(abs(float(field[1])), abs(float(slope[1]))) > 1e-3


def test_the_slope_of_a_pocket_is_that_of_its_field_across_the_slice():
    """A ball of air under the slice: the stated slope is the difference of the fields of a ball a little farther and a little nearer."""
    scan = MRIScan.of(torch.full((40, 40), 100.0, dtype=torch.float64), spacing_mm=(2.0, 2.0))
    low, middle, high = (
        field_map(scan, seed=0, pockets=(Pocket((6.0, -4.0, -25.0 + step), 10.0),), field_strength_t=3.0, along="slice", shimmed=False)
        for step in (-0.05, 0, 0.05)
    )
    own = field_map(scan, seed=0, pockets=(), field_strength_t=3.0, along="slice", shimmed=False).through_hz_per_mm
    torch.testing.assert_close(middle.through_hz_per_mm - own, (low.hz - high.hz) / 0.1, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (4.0, 0.5), (0.5, 4.0)])
def test_a_speck_of_air_makes_no_field(spacing):
    """A fifth of a square centimetre of air in a body beside which none may be drawn; what counts are square millimetres."""
    down, right = places((round(120 / spacing[0]), round(120 / spacing[1])), spacing)
    body = torch.where(torch.hypot(down, right) < 45, 100.0, 0.0)
    for radius, makes in ((2.5, False), (7.0, True)):
        held = torch.where(torch.hypot(down, right) < radius, 0.0, body).double()
        air = Materials(body > 0, torch.hypot(down, right) < radius, torch.zeros_like(body, dtype=torch.bool))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("physics.mri.susceptibility.materials", lambda _, air=air: air)
            patch.setattr("physics.mri.susceptibility.draw_pockets", lambda *_, **__: ())
            assert makes_a_field(MRIScan.of(held, spacing_mm=spacing)) is makes


@pytest.mark.parametrize("shape", [(31, 44), (32, 45)])
def test_gas_lies_under_any_pixel_of_the_front_and_no_other(shape):
    """On pixels of 10 by 12 mm the balls of many draws lie under every row and column, and under no other place, of what is 20 mm under the skin in the
    front 55 % of the outline, counted from the centre pixel."""
    spacing = (10.0, 12.0)
    scan = oval(shape, spacing, middle=(-20.0, 36.0), reach=(100.0, 190.0))
    body = materials(scan.body).body.numpy()
    rows = np.flatnonzero(body.any(axis=1))
    depth = np.stack([np.hypot((at[0] - r) * 10.0, (at[1] - c) * 12.0) for r, c in np.argwhere(~body) for at in [np.indices(shape)]]).min(axis=0)
    front = (np.arange(shape[0]) - rows[0]) * 10.0 <= 0.55 * 10.0 * len(rows)
    allowed = np.argwhere(body & (depth >= 20.0) & front[:, None])
    found = np.array([ball.centre_mm[:2] for seed in range(150) for ball in draw_pockets(scan, seed=seed)]) / spacing
    found = np.rint(found).astype(int) + [n // 2 for n in shape]
    assert {tuple(place) for place in found} <= {tuple(place) for place in allowed}
    for axis in (0, 1):
        assert set(found[:, axis]) == set(allowed[:, axis])


@pytest.mark.parametrize(("rows", "columns", "drawn"), [(23, 30, True), (22, 30, False), (30, 23, True), (30, 22, False)])
def test_a_head_begins_at_a_hundred_millimetres(rows, columns, drawn):
    """A block on pixels of 4 mm, whose outline is a pixel wider on each side: 25 pixels are 100 mm and may be a head, 24 are not."""
    picture = torch.zeros(60, 61, dtype=torch.float64)
    picture[15 : 15 + rows, 12 : 12 + columns] = 100.0
    scan = MRIScan.of(picture, spacing_mm=(4.0, 4.0), phase=False)
    outline = materials(scan.body).body
    assert (int(outline.any(dim=1).sum()), int(outline.any(dim=0).sum())) == (rows + 2, columns + 2)
    assert bool(draw_pockets(scan, seed=3)) == drawn


def test_a_lung_ends_gas_beside_a_trunk_and_a_bowel_does_not():
    """Shown air counts in cm2: of 28 cm2 in a trunk more gas is drawn beside it, of 55 cm2 none, on pixels of 2 by 2.4 mm."""
    for radius, drawn in ((30.0, True), (42.0, False)):
        scan = oval((120, 150), (2.0, 2.4), middle=(0.0, 0.0), reach=(100.0, 160.0))
        down, right = places((120, 150), (2.0, 2.4))
        hole = (down + 30) ** 2 + (right - 50) ** 2 < radius**2
        holed = MRIScan.of(torch.where(hole, 0.0, scan.body.density.abs()), spacing_mm=(2.0, 2.4), phase=False)
        assert float(materials(holed.body).air.sum()) * 0.048 == pytest.approx(np.pi * radius**2 / 100, rel=0.2)
        assert bool(draw_pockets(holed, seed=2)) == drawn


def test_the_shim_does_not_hang_on_where_arrays_lie_in_memory() -> None:
    """The same body and field, again and again among other arrays: the same bits, or a picture could not be made again byte for byte."""
    scan = MRIScan.of(100 * phantoms.ellipses((96, 80)), spacing_mm=(2.0, 2.0))
    grid = torch.arange(96.0, dtype=torch.float64)[:, None] * 0.3 + torch.arange(80.0, dtype=torch.float64).sin() * 5
    first, kept = shim(FieldMap(grid, grid / 7), scan.body), []
    for number in range(1, 40):
        kept.append(np.empty(1000 * number + 8 * number))  # so that what follows lies elsewhere
        again = shim(FieldMap(grid.clone(), grid / 7), scan.body)
        assert torch.equal(again.hz, first.hz)
        assert torch.equal(again.through_hz_per_mm, first.through_hz_per_mm)
