"""Metal: fields of balls and rods, voids, displaced signal and its rims."""

from __future__ import annotations

import math
from dataclasses import replace
from math import pi

import pytest
import torch

from physics.display import Display
from physics.fourier import centred_grid
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.dephasing import void_area
from physics.mri.epi import distort
from physics.mri.implant import METALS_PPM, Implant, implant_field
from physics.mri.metal import REFOCUSED_HZ, MetalShift, MetalSignal, add_metal, metal_area, rim_area
from physics.mri.pockets import Pocket
from physics.mri.susceptibility import TISSUE_PPM, FieldMap
from physics.phantoms import ellipses
from physics.scan import EditConflict, acquire

SHAPE = (160, 141)


def flat(**options):
    down, right = centred_grid(SHAPE)
    return MRIScan.of(torch.where((down / 72) ** 2 + (right / 64) ** 2 < 1, 100.0, 0.0).double(), phase=False, **options)


@pytest.mark.parametrize("along", ["slice", "rows", "columns"])
def test_a_ball_is_a_dipole_in_hz(along, oracle):
    """42.577 B0 (Dchi/3)(a/r)^3 (3 cos^2 - 1) at a place off both axes, metal against tissue; linear in B0."""
    body = flat(spacing_mm=(1.0, 1.3)).body
    made = implant_field(Implant("titanium", (4.0, -6.5, 2.0), 5.0), body, strength_t=1.5, along=along)
    row, column = 80 + 25, 70 + 9
    d = (25 - 4.0, 9 * 1.3 + 6.5, -2.0)
    r2 = sum(value**2 for value in d)
    cos2 = d[("rows", "columns", "slice").index(along)] ** 2 / r2
    wanted = 42.577 * 1.5 * (180 + 9.05) / 3 * 125 / r2**1.5 * (3 * cos2 - 1)
    oracle("mri_metal", "a ball of metal: its dipole in Hz", float(made.hz[row, column]) / wanted - 1, below=1e-9)
    double = implant_field(Implant("titanium", (4.0, -6.5, 2.0), 5.0), body, strength_t=3.0, along=along)
    torch.testing.assert_close(double.hz, 2 * made.hz)


def test_a_long_rod_is_a_cylinder_and_a_short_one_a_moment(oracle):
    """Across the field, beside its middle: (Dchi/2)(a/r)^2 cos 2 phi; far from a short rod the dipole of its volume; turned by 90 degrees with the angle."""
    body = flat().body
    contrast = METALS_PPM["titanium"] - TISSUE_PPM
    gain = 42.577 * 3.0
    long = implant_field(Implant("titanium", (0.0, 0.0, 0.0), 3.0, 900.0, 0.0), body, strength_t=3.0, along="rows")
    ratios = [float(long.hz[80 + r, 70]) / (gain * contrast / 2 * (3.0 / r) ** 2) for r in (6, 10, 16)]
    oracle("mri_metal", "a long rod across the field: the cylinder's field", max(abs(ratio - 1) for ratio in ratios), below=0.02)
    short = Implant("titanium", (0.0, 0.0, 0.0), 3.0, 12.0, 0.0)
    far = implant_field(short, body, strength_t=3.0, along="rows")
    moment = contrast / (4 * pi) * pi * 9 * 12
    assert float(far.hz[80 + 70, 70]) == pytest.approx(gain * moment * 2 / 70**3, rel=0.03)
    turned = implant_field(replace(short, angle_deg=90.0), body, strength_t=3.0, along="columns")
    torch.testing.assert_close(turned.hz[80 - 30 : 80 + 31, 70 - 30 : 70 + 31], far.hz[80 - 30 : 80 + 31, 70 - 30 : 70 + 31].T)


def test_the_slice_cuts_the_metal():
    """A ball off the slice is cut in a smaller disc, or missed; a rod is as long as it is and as wide, on oblong pixels."""
    body = flat(spacing_mm=(1.0, 1.3)).body
    area = 1.3
    ball = Implant("steel", (3.0, -4.0, 6.0), 10.0)
    assert float(ball.inside(body).sum()) * area == pytest.approx(pi * 64, rel=0.04)
    assert not bool(replace(ball, centre_mm=(3.0, -4.0, 11.0)).inside(body).any())
    rod = Implant("steel", (3.0, -4.0, 0.0), 3.0, 40.0, 30.0).inside(body)
    assert float(rod.sum()) * area == pytest.approx(240, rel=0.08)
    down, right = (place[rod] for place in centred_grid(SHAPE))
    slope = float(((down - down.mean()) * (right - right.mean()) * 1.3).mean() / ((right - right.mean()) * 1.3).square().mean())
    assert slope == pytest.approx(0.577, rel=0.05)  # tan 30: down along axis 0 as it goes right along axis 1
    for cut in (ball.inside(body), rod):
        middle = [float(place[cut].mean() * step) for place, step in zip(centred_grid(SHAPE), (1.0, 1.3), strict=True)]
        assert middle == pytest.approx([3.0, -4.0], abs=0.3)  # where the metal is


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_a_dot_moves_along_the_read_out_by_field_over_bandwidth(phase_axis, oracle):
    """Off resonance by df a dot appears df / BW pixels farther along the read-out, not the phase axis; the other polarity moves it back."""
    down, right = centred_grid((64, 81))
    dot = 100 * torch.exp(-((down - 6) ** 2 + (right + 9) ** 2) / (2 * 1.5**2))
    scan = MRIScan.of(dot, phase_axis=phase_axis, phase=False)
    hz = torch.full((64, 81), 830.0, dtype=torch.float64)
    worst = 0.0
    for bandwidth in (200.0, -200.0):
        moved = scan.with_event(MetalShift(hz, bandwidth, seed=1))
        picture = acquire(moved)
        axes = [float((axis * picture).sum() / picture.sum()) for axis in (down, right)]
        wanted = [6.0, -9.0]
        wanted[1 - phase_axis] += 830 / bandwidth
        worst = max(worst, *(abs(a - b) for a, b in zip(axes, wanted, strict=True)))
    oracle("mri_metal", "displacement df / BW along the read-out, px", worst, below=0.05)


def test_signal_beyond_the_field_of_view_is_lost():
    """What is displaced out of the picture does not come in again on the other side: the receiver's filter."""
    scan = flat()
    down, _ = centred_grid(SHAPE)
    hz = torch.where(down < 0, 0.0, 20000.0)
    kept = acquire(scan.with_event(MetalShift(hz.double(), 100.0, seed=1)))
    assert float(kept[90:].mean()) < 1.0
    assert float(kept[20:75, 60:80].mean()) == pytest.approx(100.0, rel=0.02)
    # Fifty pixels to the right of its place: what leaves the field of 141 columns does not come in again at the left, the rest is seen.
    near = acquire(scan.with_event(MetalShift(torch.where(down < 0, 0.0, 5000.0).double(), 100.0, seed=1)))
    assert float(near[95:115, :40].mean()) < 5.0
    assert float(near[95:115, 75:130].mean()) == pytest.approx(100.0, rel=0.05)


def test_a_gradient_echo_holds_the_phase_of_the_field(oracle):
    """What is left of tissue has turned by -2 pi TE df at the echo, in air it has not; a spin echo has brought it back."""
    scan = flat(field_strength_t=3.0)
    hz = 20.0 + 0.3 * centred_grid(SHAPE)[0] - 0.2 * centred_grid(SHAPE)[1]
    field = FieldMap(hz, torch.zeros(SHAPE, dtype=torch.float64))
    event = MetalSignal(field, torch.zeros(SHAPE, dtype=torch.bool), 0.006, 3.0)
    ones = torch.ones(SHAPE, dtype=torch.complex128)
    made, expected = event.apply(ones, scan), torch.polar(event.kept(scan), -2 * pi * 0.006 * hz * scan.body.tissue_share.double())
    oracle("mri_metal", "phase of a gradient echo: -2 pi TE df in tissue, none in air", float((made - expected).abs().max()), below=1e-12)
    assert float(made[80, 70].angle()) == pytest.approx(-2 * pi * 0.006 * float(hz[80, 70]), rel=1e-3)
    assert float(made[:2, :2].angle().abs().max()) < 1e-3 < float(hz[0, 0].abs()) * 0.006
    assert bool((replace(event, echo_s=None).apply(ones, scan).imag == 0).all())


def test_the_void_of_a_gradient_echo_follows_the_dipole(oracle):
    """Beside the metal across the field the first null of dephasing through the slice and in the plane lies where g D TE says; and the void blooms with TE."""
    scan = flat(field_strength_t=3.0)
    metal = Implant("titanium", (0.0, 0.0, 0.0), 4.0)
    voids = []
    for echo_ms in (4.0, 16.0):
        (signal, _) = add_metal(scan, metal, sequence="gre", bandwidth_hz=1e6, echo_ms=echo_ms, thickness_mm=1e-3).events
        assert isinstance(signal, MetalSignal)
        kept = signal.kept(scan)[80, 70:]
        first = float((kept < 0.5).nonzero().max())
        # along axis 1 across the field: f = -K / r^3, slope 3 K / r^4; sinc of slope times a millimetre times TE is 0.5 at 0.6034 turns
        k = 42.577 * 3 * (180 + 9.05) / 3 * 64
        voids.append((first, (3 * k * echo_ms / 1e3 / 0.6034) ** 0.25))
    oracle("mri_metal", "radius of half signal in a gradient echo, px", max(abs(found - wanted) for found, wanted in voids), below=1.0)
    assert voids[1][0] > voids[0][0]


def test_a_spin_echo_has_rims_and_a_gradient_echo_blooms():
    """The void of the gradient echo is the larger one; the spin echo piles signal up on one side of the read-out, the other side with the other polarity."""
    scan = flat(field_strength_t=1.5)
    metal = Implant("titanium", (0.0, 0.0, 0.0), 8.0)
    view = View("mri", "head", Display("window", 0.0, 110.0), scan.body.support, (1.0, 1.0))
    reference = acquire(scan)
    spin, other, gradient = (
        acquire(add_metal(scan, metal, sequence=name, bandwidth_hz=bandwidth, echo_ms=10.0, thickness_mm=4.0))
        for name, bandwidth in (("se", 150.0), ("se", -150.0), ("gre", 1e6))
    )
    pairs = [Pair(reference, picture, view, scan, scan) for picture in (spin, gradient)]
    assert rim_area(pairs[0]).value > 0.3
    assert rim_area(pairs[1]).value == 0
    assert void_area(pairs[1]).value > 1.2 * void_area(pairs[0]).value > 1.0
    right = centred_grid(SHAPE)[1]
    piled = [float((right * (picture - 150).clamp(min=0)).sum()) for picture in (spin, other)]
    assert piled[0] * piled[1] < 0
    assert float(spin.max()) > 200


def test_noise_stays_in_the_void(oracle):
    """The void holds the noise that the source has, not less: Rayleigh power within 10 %."""
    gen = torch.Generator().manual_seed(2)
    noisy = torch.complex(*(4 * torch.randn(SHAPE, generator=gen, dtype=torch.float64) for _ in range(2)))
    scan = replace(MRIScan.of((flat().body.density + noisy).abs(), phase=False, field_strength_t=3.0), source_sigma=4.0)
    made = add_metal(scan, Implant("steel", (0.0, 0.0, 0.0), 4.0), sequence="gre", bandwidth_hz=1e6, echo_ms=10.0, thickness_mm=4.0, seed=5)
    down, right = centred_grid(SHAPE)
    core = (down**2 + right**2) < 12**2
    oracle("mri_metal", "noise power of the void against the source", float(acquire(made)[core].square().mean()) / 32 - 1, below=0.12)


def test_what_is_not_possible_is_refused():
    """A second implant, an echo-planar scan in either order, and impossible numbers; no radius changes nothing."""
    scan = MRIScan.of(100 * ellipses((180, 161), torch.float64))
    metal = Implant("steel", (0.0, 0.0, 0.0), 2.0)
    assert add_metal(scan, replace(metal, radius_mm=0.0), sequence="se", bandwidth_hz=200.0) is scan
    for options in ({"bandwidth_hz": 0.0}, {"bandwidth_hz": 200.0, "echo_ms": 0.0}, {"bandwidth_hz": 200.0, "thickness_mm": -1.0}):
        with pytest.raises(ValueError, match="bandwidth"):
            add_metal(scan, metal, sequence="gre", **options)
    once = add_metal(scan, metal, sequence="se", bandwidth_hz=200.0)
    with pytest.raises(EditConflict, match="implant"):
        add_metal(once, metal, sequence="se", bandwidth_hz=200.0)
    pockets = (Pocket((-55.0, 6.0, -14.0), 11.0),)
    with pytest.raises(EditConflict, match="sequence"):
        distort(once, shift_mm=3.0, pockets=pockets, blip=1)
    with pytest.raises(EditConflict, match="sequence"):
        add_metal(distort(scan, shift_mm=3.0, pockets=pockets, blip=1), metal, sequence="se", bandwidth_hz=200.0)


def test_areas_are_measured():
    """Rim and metal in cm2 on pixels of 1.25 by 1.6 mm."""
    reference = torch.full((40, 31), 50.0)
    degraded = reference.clone()
    degraded[4:10, 7:12] = 90.0
    degraded[20:22, 20] = 60.0
    degraded[30:33, 20:23] = 70.0  # gained enough, but is less than half as bright again
    reference[15:18, 3:9], degraded[15:18, 3:9] = 4.0, 12.0  # three times as bright, and still dark: less than a quarter of the mean
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(40, 31, dtype=torch.bool), (1.25, 1.6))
    scan = MRIScan.of(reference, spacing_mm=(1.25, 1.6))
    pair = Pair(reference, degraded, view, scan, add_metal(scan, Implant("steel", (0.0, 0.0, 0.0), 5.0), sequence="se", bandwidth_hz=200.0))
    assert rim_area(pair).value == pytest.approx(30 * 1.25 * 1.6 / 100)
    assert metal_area(pair).value == pytest.approx(pi * 25 / 100, rel=0.1)
    assert metal_area(Pair(reference, degraded, view, scan, scan)).value == 0
    assert metal_area(Pair(reference, degraded, view)).value is None


@pytest.mark.parametrize(("angle_deg", "towards"), [(35.0, (1.0, 1.0)), (-35.0, (-1.0, 1.0))])
def test_an_oblique_rod_ends_where_its_angle_says(angle_deg, towards):
    """Just beyond the end of a rod the field is many times that of the mirrored place, from which the rod points away."""
    body = MRIScan.of(torch.ones(96, 96, dtype=torch.float64)).body
    field = implant_field(Implant("steel", (0.0, 0.0, 0.0), 2.0, 50.0, angle_deg), body, strength_t=3.0, along="slice").hz.abs()
    down, right = 48 + round(28 * 0.5736 * towards[0]), 48 + round(28 * 0.8192 * towards[1])
    assert float(field[down, right]) > 4 * float(field[96 - down, right])


def test_a_spin_echo_keeps_less_the_farther_the_field_is_off():
    """Of tissue whose field is off by half of what a refocusing pulse reaches half is kept, of more than all of it nothing."""
    scan = MRIScan.of(torch.full((24, 24), 100.0, dtype=torch.float64))
    for share, kept in ((0.0, 1.0), (0.5, 0.5), (-0.25, 0.75), (1.4, 0.0)):
        flat = torch.full((24, 24), share * REFOCUSED_HZ, dtype=torch.float64)
        signal = MetalSignal(FieldMap(flat, torch.zeros_like(flat)), torch.zeros(24, 24, dtype=torch.bool), None, 4.0)
        assert float(signal.kept(scan)[12, 12]) == pytest.approx(kept)


@pytest.mark.parametrize("angle_deg", [0.0, 30.0])
def test_a_rod_is_a_chain_of_balls_two_to_a_radius(angle_deg, oracle):
    """Ten millimetres of a rod of 4 mm are five balls with a fifth of its volume each; beside it the field and its slope are the sum of their dipoles."""
    body = flat().body
    made = implant_field(Implant("steel", (3.0, -5.0, 1.0), 4.0, 10.0, angle_deg), body, strength_t=1.5, along="rows")
    moment = (3500 + 9.05) / (4 * pi) * pi * 16 * 10 / 5 * 42.577 * 1.5
    direction = torch.tensor([math.sin(math.radians(angle_deg)), math.cos(math.radians(angle_deg)), 0.0], dtype=torch.float64)
    for row, column in ((80 + 9, 70 - 5), (80 + 3, 70 + 7), (80 - 4, 70 - 12)):
        away = [torch.tensor([row - 80 - 3.0, column - 70 + 5.0, -1.0], dtype=torch.float64) - 2.0 * step * direction for step in (-2, -1, 0, 1, 2)]
        assert min(float(d.norm()) for d in away) > 4.5
        told = sum(moment * (3 * d[0] ** 2 / d.norm() ** 2 - 1) / d.norm() ** 3 for d in away)
        slope = sum(moment * d[2] * (3 / d.norm() ** 5 - 15 * d[0] ** 2 / d.norm() ** 7) for d in away)
        oracle("mri_metal", "a rod is the sum of its balls", float(made.hz[row, column] / told) - 1, below=1e-9)
        oracle("mri_metal", "and so is the slope through the slice", float(made.through_hz_per_mm[row, column] / slope) - 1, below=1e-9)


def test_air_away_from_the_body_hears_nothing_of_the_metal():
    """Noise of the receiver in far air is not displaced by the field and not added to: it stays as the source holds it."""
    gen = torch.Generator().manual_seed(4)
    noisy = torch.complex(*(4 * torch.randn(SHAPE, generator=gen, dtype=torch.float64) for _ in range(2)))
    down, right = centred_grid(SHAPE)
    body = torch.where(torch.hypot(down, right) < 35, 100.0, 0.0)
    scan = replace(MRIScan.of((body + noisy).abs(), phase=False, field_strength_t=3.0), source_sigma=4.0)
    far = scan.body.tissue_share < 1e-9
    assert int(far.sum()) > 10000
    changed = acquire(scan.with_event(MetalShift(torch.full(SHAPE, 900.0, dtype=torch.float64), 300.0, seed=3)))
    near = torch.nn.functional.max_pool2d((~far)[None].float(), 25, stride=1, padding=12)[0] > 0  # where noise ends, it rings along the read-out
    assert float((changed - acquire(scan))[~near].abs().mean()) < 0.1
