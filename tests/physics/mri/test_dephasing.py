"""Signal lost within a voxel: sinc of the turns across it, for each axis."""

from __future__ import annotations

from math import pi

import pytest
import torch

from physics.display import Display
from physics.fourier import centred_grid
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex
from physics.mri.cavities import Materials
from physics.mri.dephasing import Dephasing, continued_pockets, dephase, dephasing_across_slice, kept_share, signal_lost, void_area
from physics.mri.pockets import Pocket
from physics.mri.susceptibility import FieldMap
from physics.noise import air_mean
from physics.phantoms import ellipses
from physics.scan import acquire

SHAPE, SPACING = (40, 31), (1.2, 1.6)


def linear(down, right, through):
    """A field with slopes in Hz per mm along axis 0, axis 1 and through the slice."""
    d0, d1 = centred_grid(SHAPE)
    return FieldMap(12.0 + down * d0 * SPACING[0] + right * d1 * SPACING[1], torch.full(SHAPE, float(through), dtype=torch.float64))


def summed(slopes, sizes, echo_s, transition):
    """The integral over a voxel by the middles of many cells; the slice is a box smeared by a shorter box."""
    total = 1.0 + 0j
    for axis, (slope, size) in enumerate(zip(slopes, sizes, strict=True)):
        cells = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000 - 0.5
        total *= complex(torch.exp(-2j * pi * slope * size * cells * echo_s).mean())
        if axis == 2:
            total *= complex(torch.exp(-2j * pi * slope * size * transition * cells * echo_s).mean())
    return total


@pytest.mark.parametrize("slopes", [(30.0, 0.0, 0.0), (0.0, 30.0, 0.0), (0.0, 0.0, 30.0), (9.0, -14.0, 21.0)])
@pytest.mark.parametrize("transition", [0.0, 0.4])
def test_linear_slopes_give_a_product_of_sinc(slopes, transition, oracle):
    """The share left is the integral over the voxel, axis by axis: its own spacing in the plane, the thickness across."""
    made = kept_share(linear(*slopes), echo_s=0.025, spacing_mm=SPACING, thickness_mm=4.0, transition=transition)
    wanted = summed(slopes, (*SPACING, 4.0), 0.025, transition)
    oracle("mri_signal_dropout", "linear slopes: product of sinc, integral summed directly", float((made - wanted.real).abs().max()), below=1e-6)
    assert abs(wanted.imag) < 1e-12


def test_the_first_null_is_one_turn_across_the_voxel():
    """1 / (g D) of echo time empties a box: 10 Hz/mm across 5 mm at 20 ms; at half of it 2 / pi is left, and before it all."""
    field = linear(0.0, 0.0, 10.0)
    for echo_s, left in ((0.02, 0.0), (0.01, 2 / pi), (0.0, 1.0), (0.03, -2 / (3 * pi))):
        share = kept_share(field, echo_s=echo_s, spacing_mm=SPACING, thickness_mm=5.0, transition=0.0)
        torch.testing.assert_close(share, torch.full(SHAPE, left, dtype=torch.float64), atol=1e-12, rtol=0)


def test_the_picture_turns_and_fades(oracle):
    """The complex picture of the body is multiplied by exp(-2 pi i df TE) K; the air about it keeps its level."""
    scan = MRIScan.of(100 * ellipses((60, 51), torch.float64))
    d0, d1 = centred_grid((60, 51))
    field = FieldMap(5 + 2 * d0 - 3 * d1, torch.full_like(d0, 8.0))
    dark = scan.with_event(Dephasing(field, 0.03, 4.0, seed=1))
    before, after = acquire_complex(scan), acquire_complex(dark)
    inside = scan.body.support
    share = (
        torch.sinc(torch.tensor(0.06))
        * torch.sinc(torch.tensor(0.09))
        * torch.sinc(field.through_hz_per_mm * 0.12)
        * torch.sinc(field.through_hz_per_mm * 0.048)
    )
    wanted = before * share * torch.exp(-2j * pi * 0.03 * field.hz)
    oracle("mri_signal_dropout", "exp(-2 pi i df TE) K multiplies the body", float((after - wanted)[inside].abs().max() / before.abs().max()), below=1e-5)


def test_air_neither_turns_nor_fades():
    """Far from the body, where a source holds the noise of its receiver, the picture stays as it was, phase and all."""
    down, right = centred_grid((70, 60))
    scan = MRIScan.of(torch.where(torch.hypot(down, right) < 15, 100.0, 3.0).double())
    far = scan.body.tissue_share < 1e-12
    assert int(far.sum()) > 500
    dark = scan.with_event(Dephasing(FieldMap(5 + 2 * down - 3 * right, torch.full_like(down, 8.0)), 0.03, 4.0, seed=1))
    torch.testing.assert_close(acquire_complex(dark)[far], acquire_complex(scan)[far], atol=1e-8, rtol=0)


def test_noise_is_as_strong_in_the_hole_as_elsewhere(oracle):
    """Where all signal is gone the magnitude is Rayleigh with the deviation of the source; another seed gives another grain."""
    scan = MRIScan.of(torch.full((120, 110), 100.0, dtype=torch.float64), source_sigma=2.0)
    empty = FieldMap(torch.zeros(120, 110, dtype=torch.float64), torch.full((120, 110), 12.5, dtype=torch.float64))
    dark = acquire(scan.with_event(Dephasing(empty, 0.02, 4.0, seed=4)))
    count = dark.numel()
    error = 0.655 * 2.0 / count**0.5
    oracle("mri_signal_dropout", "noise floor of the hole, in three standard errors", (float(dark.mean()) - air_mean(2.0)) / (3 * error), below=1.0)
    assert not torch.equal(dark, acquire(scan.with_event(Dephasing(empty, 0.02, 4.0, seed=5))))


def test_holes_lie_over_the_pocket_and_grow_with_echo_time():
    """The darkest place is over a ball of air below the slice; a later echo and a thicker slice lose more; none at 0 ms."""
    scan = MRIScan.of(100 * ellipses((180, 161), torch.float64))
    pockets = (Pocket((-50.0, 12.0, -16.0), 9.0),)
    plain = acquire(scan)

    def lost(echo_ms, thickness_mm):
        return plain - acquire(dephase(scan, echo_ms=echo_ms, thickness_mm=thickness_mm, pockets=pockets, seed=1))

    dark = lost(15.0, 5.0)
    down, right = centred_grid((180, 161))
    without = plain - acquire(dephase(scan, echo_ms=15.0, thickness_mm=5.0, pockets=(), seed=1))
    dark = dark - without
    middle = [float((axis * dark.clamp(min=0)).sum() / dark.clamp(min=0).sum()) for axis in (down, right)]
    assert middle == pytest.approx([-50, 12], abs=8)
    assert float(lost(8.0, 5.0).sum()) < float(lost(15.0, 5.0).sum()) < float(lost(15.0, 8.0).sum())
    assert dephase(scan, echo_ms=0.0, thickness_mm=5.0, pockets=pockets, seed=1) is scan
    assert dephase(scan, echo_ms=8.0, thickness_mm=5.0, pockets=pockets, seed=1).events[0].echo_s == pytest.approx(0.008)
    for echo, thick in ((-1.0, 5.0), (float("inf"), 5.0), (10.0, 0.0)):
        with pytest.raises(ValueError, match="echo_ms"):
            dephase(scan, echo_ms=echo, thickness_mm=thick, pockets=pockets, seed=1)


def test_the_field_strength_counts():
    """Twice the field at half the echo time leaves the same signal."""
    image, pockets = 100 * ellipses((180, 161), torch.float64), (Pocket((-50.0, 12.0, -16.0), 9.0),)
    weak = dephase(MRIScan.of(image, field_strength_t=1.5), echo_ms=20.0, thickness_mm=5.0, pockets=pockets, seed=1)
    strong = dephase(MRIScan.of(image, field_strength_t=3.0), echo_ms=10.0, thickness_mm=5.0, pockets=pockets, seed=1)
    torch.testing.assert_close(acquire(weak), acquire(strong), atol=1e-9, rtol=0)


def test_a_cavity_of_the_picture_goes_on_below_it():
    """A drawn hole of 8 mm radius gets a ball under it that does not reach far into the slice; a body without holes none."""
    down, right = centred_grid((160, 150))
    image = torch.where(torch.sqrt(down**2 + right**2) < 66, 100.0, 0.5)
    assert continued_pockets(MRIScan.of(image.double()), seed=3) == ()
    image = torch.where((down + 20) ** 2 + (right - 10) ** 2 < 64, 0.5, image).double()
    (ball,) = continued_pockets(MRIScan.of(image), seed=3)
    assert abs(ball.centre_mm[0] + 20) < 4
    assert abs(ball.centre_mm[1] - 10) < 4
    assert 5 <= ball.radius_mm <= 11
    assert ball.centre_mm[2] < -ball.radius_mm


def test_void_and_loss_are_measured():
    """A square of 6 x 5 pixels of 1.2 by 1.6 mm that lost four fifths is a void of 0.576 cm2; the loss is its share of all signal."""
    reference = torch.full(SHAPE, 50.0)
    degraded = reference.clone()
    degraded[4:10, 7:12] = 10.0
    degraded[20:22, 20] = 30.0
    reference[30:34, 3], degraded[30:34, 3] = 11.0, 0.0  # under a quarter of the mean: too dark for a void, but signal
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(SHAPE, dtype=torch.bool), SPACING)
    pair = Pair(reference, degraded, view)
    assert void_area(pair).value == pytest.approx(30 * 1.2 * 1.6 / 100)
    assert signal_lost(pair).value == pytest.approx(100 * (30 * 40 + 2 * 20 + 4 * 11) / (50 * (40 * 31 - 4) + 4 * 11), rel=1e-6)
    assert dephasing_across_slice(pair).value is None
    scan = MRIScan.of(torch.full(SHAPE, 50.0))
    event = Dephasing(linear(0.0, 0.0, 10.0), 0.02, 5.0, seed=1)
    assert dephasing_across_slice(Pair(reference, degraded, view, scan, scan.with_event(event))).value == pytest.approx(1.0)
    assert dephasing_across_slice(Pair(reference, degraded, view, scan, scan)).value == 0


def test_small_pieces_of_air_do_not_go_on(monkeypatch):
    """A piece of an eighth of a square centimetre or more gets a ball beneath its middle, on oblong pixels; a smaller one none."""
    scan = MRIScan.of(torch.full((60, 50), 100.0, dtype=torch.float64), spacing_mm=(1.0, 1.6))
    for height, width, balls in ((5, 2, 1), (3, 2, 0)):  # 16 and 9.6 mm2
        air = torch.zeros(60, 50, dtype=torch.bool)
        air[10 : 10 + height, 30 : 30 + width] = True
        whole = torch.ones_like(air)
        monkeypatch.setattr("physics.mri.dephasing.materials", lambda body, air=air, whole=whole: Materials(whole, air, ~whole))
        found = continued_pockets(scan, seed=2)
        assert len(found) == balls
        for ball in found:
            assert ball.centre_mm[0] == pytest.approx(10 + (height - 1) / 2 - 30, abs=3.01)
            assert ball.centre_mm[1] == pytest.approx((30 + (width - 1) / 2 - 25) * 1.6, abs=3.01)


@pytest.mark.parametrize("shape", [(60, 50), (61, 51)])
def test_a_ball_lies_within_three_millimetres_of_the_middle_of_its_piece(monkeypatch, shape):
    """Along either axis, counted from the centre pixel in millimetres, every draw within 3 mm and the draws together on either side."""
    scan = MRIScan.of(torch.full(shape, 100.0, dtype=torch.float64), spacing_mm=(1.0, 1.6))
    air = torch.zeros(shape, dtype=torch.bool)
    air[10:25, 20:32] = True
    monkeypatch.setattr("physics.mri.dephasing.materials", lambda body: Materials(torch.ones_like(air), air, torch.zeros_like(air)))
    balls = [continued_pockets(scan, seed=seed)[0] for seed in range(60)]
    for axis, middle in ((0, (17 - 30) * 1.0), (1, (25.5 - 25) * 1.6)):
        off = [ball.centre_mm[axis] - middle for ball in balls]
        assert -3.01 < min(off) < -2
        assert 2 < max(off) < 3.01


def test_the_four_largest_pieces_go_on(monkeypatch):
    """Of six pieces, in whatever order they lie in the picture, the two smallest get no ball; each of the others gets its own, the largest first."""
    scan = MRIScan.of(torch.full((120, 60), 100.0, dtype=torch.float64), spacing_mm=(1.0, 1.0))
    air, sides = torch.zeros(120, 60, dtype=torch.bool), (8, 4, 12, 10, 5, 14)
    for number, side in enumerate(sides):
        air[20 * number : 20 * number + side, 20 : 20 + side] = True
    monkeypatch.setattr("physics.mri.dephasing.materials", lambda body: Materials(torch.ones_like(air), air, torch.zeros_like(air)))
    balls = continued_pockets(scan, seed=6)
    assert len(balls) == 4
    for ball, number in zip(balls, (5, 2, 3, 0), strict=True):
        assert ball.centre_mm[0] == pytest.approx(20 * number + (sides[number] - 1) / 2 - 60, abs=3.01)


def test_a_ball_is_about_as_wide_as_its_piece(monkeypatch):
    """Its radius is 0.8 to 1.3 times that of a disc of the piece's area, anything between, and it lies 1.2 to 1.7 radii below the slice."""
    scan = MRIScan.of(torch.full((60, 50), 100.0, dtype=torch.float64), spacing_mm=(1.0, 1.6))
    air = torch.zeros(60, 50, dtype=torch.bool)
    air[10:25, 20:32] = True
    monkeypatch.setattr("physics.mri.dephasing.materials", lambda body: Materials(torch.ones_like(air), air, torch.zeros_like(air)))
    balls = [continued_pockets(scan, seed=seed)[0] for seed in range(60)]
    widths = [ball.radius_mm / (15 * 12 * 1.6 / pi) ** 0.5 for ball in balls]
    assert 0.799 < min(widths) < 0.85
    assert 1.25 < max(widths) < 1.301
    assert all(1.19 < -ball.centre_mm[2] / ball.radius_mm < 1.71 for ball in balls)


def test_the_ball_lies_under_its_cavity_in_millimetres() -> None:
    """Pixels of 2 mm by 1.5 mm: a hole 20 rows up and 16 columns to the right of the centre has its ball 40 mm up and 24 mm to the right of it."""
    down, right = centred_grid((80, 100))
    image = torch.where(torch.hypot(2.0 * down, 1.5 * right) < 66, 100.0, 0.5)
    image = torch.where(torch.hypot(2.0 * (down + 20), 1.5 * (right - 16)) < 9, 0.5, image).double()
    (ball,) = continued_pockets(MRIScan.of(image, spacing_mm=(2.0, 1.5)), seed=4)
    assert abs(ball.centre_mm[0] + 40) < 4
    assert abs(ball.centre_mm[1] - 24) < 4
