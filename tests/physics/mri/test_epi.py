"""Echo-planar imaging in a bent field: shifts, pile-up, and what stays as it is."""

from __future__ import annotations

from dataclasses import replace
from math import pi

import numpy as np
import pytest
import torch

from physics.display import Display
from physics.fourier import centred_grid, frequencies, positions, to_kspace, to_picture
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.bending import along_axis, bent
from physics.mri.cavities import materials
from physics.mri.epi import EchoPlanar, distort, echo_spacing, field_offset, offset_percentile, phase_encode_displacement, piled_up
from physics.mri.pockets import Pocket
from physics.mri.susceptibility import field_map
from physics.phantoms import ellipses
from physics.scan import EditConflict, acquire

POCKETS = (Pocket((-55.0, 6.0, -14.0), 11.0),)


def head(**options):
    return MRIScan.of(100 * ellipses((180, 161), torch.float64), **options)


def noise(shape, coils=2):
    return torch.randn((coils, *shape), generator=torch.Generator().manual_seed(3), dtype=torch.complex128)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(17, 20), (24, 15)])
def test_a_constant_offset_is_a_shift(shape, axis, oracle):
    """Off-resonance alike everywhere shifts the picture by d along the bent axis towards higher indices and nowhere else; single precision too."""
    kspace = to_kspace(noise(shape))
    k = frequencies(shape[axis])
    turn = torch.exp(-2j * pi * k * 2.3 / shape[axis])
    wanted = kspace * (turn[:, None] if axis == 0 else turn[None, :])
    for given in (kspace, kspace.to(torch.complex64)):
        found = bent(given, torch.full(shape, 2.3), axis=axis)
        assert found.dtype == given.dtype
        oracle("mri_epi_distortion", "a constant offset is a pure shift", float((found - wanted).abs().max() / wanted.abs().max()), below=1e-5)
    whole = bent(kspace, torch.full(shape, 3.0), axis=axis)
    torch.testing.assert_close(to_picture(whole), torch.roll(noise(shape), 3, dims=1 + axis), atol=2e-5, rtol=0)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(17, 20), (24, 15), (1, 12), (12, 1)])
def test_the_sum_is_the_encoding_matrix(shape, axis, oracle):
    """With one point a pixel it is exp(-2 pi i n (y + d) / N) summed over places, line by line, each row or column with its own displacements."""
    picture = noise(shape)
    shift = 3 * torch.randn(shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    found = bent(to_kspace(picture), shift, axis=axis, finer=1)
    x, d = (values.movedim(-2 + axis, -2) for values in (picture, shift))
    n = x.shape[-2]
    matrix = torch.exp(-2j * pi * frequencies(n)[:, None, None] * (positions(n)[:, None] + d)[None] / n) / n**0.5  # (line, place, column)
    wanted = to_kspace(torch.einsum("nyx,cyx->cnx", matrix, x), axes=(-1,)).movedim(-2, -2 + axis)
    oracle("mri_epi_distortion", "the encoding matrix of each column, summed directly", float((found - wanted).abs().max() / wanted.abs().max()), below=1e-5)


@pytest.mark.parametrize("n", [9, 12])
def test_places_between_pixels_are_those_of_the_stored_frequencies(n):
    """With three points a pixel: the trigonometric sum over n frequencies, -n/2 among them and n/2 not, moved by what lies straight between the pixels."""
    picture, shift = noise((n, 5))[0], torch.randn((n, 5), generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    at = torch.arange(3 * n, dtype=torch.float64) / 3 - (3 * n // 2) / 3
    k = frequencies(n)
    finer = torch.exp(2j * pi * at[:, None] * k / n) @ to_kspace(picture, axes=(0,)) / n**0.5  # (place, column)
    moved = torch.from_numpy(np.stack([np.interp(at.numpy(), positions(n).numpy(), column.numpy()) for column in shift.T], axis=1))
    lines = torch.exp(-2j * pi * k[:, None, None] * (at[:, None] + moved)[None] / n) / (3 * n**0.5)
    wanted = to_kspace(torch.einsum("nyx,yx->nx", lines, finer), axes=(1,))
    torch.testing.assert_close(bent(to_kspace(picture)[None], shift, axis=0, finer=3)[0], wanted, atol=1e-5, rtol=0)


def test_a_displacement_in_pixels_is_millimetres_of_its_own_axis():
    """Two pixels along axis 0 of 1.5 mm and along axis 1 of 0.8 mm, and none along the other."""
    shift = torch.full((3, 4), 2.0, dtype=torch.float64)
    for axis, step in ((0, 3.0), (1, 1.6)):
        moved = along_axis(shift, axis=axis, spacing_mm=(1.5, 0.8))
        torch.testing.assert_close(moved[axis], torch.full((3, 4), step, dtype=torch.float64))
        assert not bool(moved[1 - axis].any())


def test_signal_is_kept_and_blips_are_opposite(oracle):
    """The central line holds the same sum in every column, whatever the field; lines taken the other way shift the other way."""
    kspace = to_kspace(noise((40, 31)))
    down, right = centred_grid((40, 31))
    shift = 4 * torch.exp(-((down + 3) ** 2 + (right - 4) ** 2) / 60)
    up = bent(kspace, shift, axis=0)
    oracle("mri_epi_distortion", "signal of every column is kept", float((up[:, 0] - kspace[:, 0]).abs().max() / kspace.abs().max()), below=1e-5)
    odd = noise((41, 31))
    push = 4 * torch.exp(-((positions(41)[:, None] + 3) ** 2 + (positions(31) - 4) ** 2) / 60)
    upwards, downwards = (bent(to_kspace(part), sign * field, axis=0, finer=3) for part, sign, field in ((odd, 1, push), (odd.flip(1), -1, push.flip(0))))
    difference = to_picture(downwards).flip(1) - to_picture(upwards)
    oracle("mri_epi_distortion", "blips up and down are mirror images", float(difference.abs().max() / odd.abs().max()), below=1e-5)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_a_dot_moves_by_field_times_lines_times_spacing(phase_axis, oracle):
    """A dot in a smooth field appears df N t_line pixels away along the phase axis: R = 1 and 2, both blips, within 0.05 px."""
    shape = (96, 81)
    down, right = centred_grid(shape)
    hz = 60 * torch.exp(-((down + 5) ** 2 + (right - 6) ** 2) / 900)
    worst = 0.0
    for place in ((-12.0, 9.0), (7.0, -10.0)):
        dot = 100 * torch.exp(-((down - place[0]) ** 2 + (right - place[1]) ** 2) / (2 * 1.5**2))
        scan = MRIScan.of(dot, phase_axis=phase_axis, phase=False)
        local = 60 * torch.exp(torch.tensor(-((place[0] + 5) ** 2 + (place[1] - 6) ** 2) / 900))
        for line_s in (0.5e-3, -0.5e-3, 0.5e-3 / 2):
            bentscan = scan.with_event(EchoPlanar(hz, line_s, ()))
            picture = acquire(replace(bentscan, body=replace(scan.body)))
            expected = float(local) * line_s * shape[phase_axis]
            axis = (down, right)[phase_axis]
            found = float((axis * picture).sum() / picture.sum()) - place[phase_axis]
            other = (down, right)[1 - phase_axis]
            assert abs(float((other * picture).sum() / picture.sum()) - place[1 - phase_axis]) < 0.02
            # the mean over the dot of its own displacement: the field varies across it
            blurred = float((hz * dot).sum() / dot.sum()) * line_s * shape[phase_axis]
            assert abs(expected - blurred) < 0.05 * max(abs(expected), 1)
            worst = max(worst, abs(found - blurred))
    oracle("mri_epi_distortion", "local shift df N t_line, px", worst, below=0.05)


def test_density_is_the_inverse_jacobian(oracle):
    """A flat body in a linear field is stretched by 1 + d' and shows 1 / (1 + d'); pushed together it is brighter by as much."""
    flat = torch.ones(1, 120, 12, dtype=torch.complex128)
    down, _ = centred_grid((120, 12))
    for slope in (0.5, -0.4, 1.8):
        picture = to_picture(bent(to_kspace(flat * (down.abs() < 25)), slope * down, axis=0)).abs()
        middle = down.abs() < 8 * (1 + slope)
        oracle("mri_epi_distortion", "pile-up 1 / |1 + d'|", float(picture[0][middle].mean() * (1 + slope) - 1), below=0.01)
        assert float(picture[0][middle].std()) < 0.06 / (1 + slope)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_the_knob_is_the_displacement_of_tissue(phase_axis):
    """The 95th percentile of |df N t d| over tissue is the wanted millimetres on either axis and oblong pixels; coils do not change where tissue goes."""
    scan = head(spacing_mm=(1.0, 1.2), phase_axis=phase_axis)
    edited = distort(scan, shift_mm=4.0, pockets=POCKETS, blip=-1)
    (event,) = edited.events
    assert event.line_s < 0
    tissue = materials(scan.body).tissue
    moved = field_map(scan, seed=0, pockets=POCKETS).hz * event.line_s * scan.n_lines * scan.spacing_mm[phase_axis]
    assert float(torch.quantile(moved[tissue].abs(), 0.95)) == pytest.approx(4.0, rel=1e-6)
    assert float(event.shift_px(scan)[90 - 55, 80 + 5]) < -1  # protons over the pocket precess faster, and blips go down
    after = acquire(edited)
    eight = distort(head(spacing_mm=(1.0, 1.2), phase_axis=phase_axis, n_coils=4), shift_mm=4.0, pockets=POCKETS, blip=-1)
    torch.testing.assert_close(acquire(eight)[tissue].mean(), after[tissue].mean(), rtol=0.05, atol=0)


def test_twice_the_field_strength_halves_the_echo_spacing_needed():
    """At 1.5 T the same shift takes twice the echo spacing of 3 T, and the pictures agree."""
    weak, strong = (distort(head(field_strength_t=t), shift_mm=4.0, pockets=POCKETS, blip=1) for t in (1.5, 3.0))
    assert weak.events[0].line_s == pytest.approx(2 * strong.events[0].line_s, rel=1e-9)
    torch.testing.assert_close(acquire(weak), acquire(strong), atol=1e-3, rtol=0)


def test_what_is_not_possible_is_refused():
    """A second echo-planar reading, impossible shifts and blips; a shift of nothing changes nothing."""
    scan = head()
    assert distort(scan, shift_mm=0.0, pockets=POCKETS, blip=1) is scan
    for shift, blip in ((-1.0, 1), (float("nan"), 1), (3.0, 0)):
        with pytest.raises(ValueError, match="shift_mm"):
            distort(scan, shift_mm=shift, pockets=POCKETS, blip=blip)
    once = distort(scan, shift_mm=3.0, pockets=POCKETS, blip=1)
    with pytest.raises(EditConflict, match="echo-planar"):
        distort(once, shift_mm=2.0, pockets=POCKETS, blip=1)
    with pytest.raises(ValueError, match="matrix"):
        bent(acquire_kspace(scan), torch.zeros(3, 3), axis=0)
    assert acquire_complex(once).dtype == torch.complex128


def test_displacement_spacing_and_offset_are_measured():
    """The measures read the shift in mm, the echo spacing in ms, the offset in ppm and the share piled up; without the event they say so."""
    scan = head(spacing_mm=(1.3, 1.2))
    edited = distort(scan, shift_mm=4.0, pockets=POCKETS, blip=1)
    view = View("mri", "head", Display("window", 0.0, 100.0), materials(scan.body).body, scan.spacing_mm)
    reference = acquire(scan)
    pair = Pair(reference, acquire(edited), view, scan, edited)
    hz = offset_percentile(scan, field_map(scan, seed=0, pockets=POCKETS).hz)
    assert phase_encode_displacement(pair).value == pytest.approx(4.0, rel=0.02)
    assert echo_spacing(pair).value == pytest.approx(4000 / (hz * 180 * 1.3), rel=1e-6)
    assert field_offset(pair).value == pytest.approx(hz / 127.731, rel=1e-6)
    assert 0 < piled_up(pair).value < 30
    assert piled_up(pair).value > piled_up(Pair(reference, reference, view, scan, distort(scan, shift_mm=1.0, pockets=POCKETS, blip=1))).value
    still = Pair(reference, reference, view, scan, scan)
    assert phase_encode_displacement(still).value == 0
    assert echo_spacing(still).value is None
    assert phase_encode_displacement(Pair(reference, reference, view)).value is None


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_piled_up_tissue_is_that_of_three_halves(phase_axis):
    """Of six strips that are 2, 1.25, 0.67, 1.33, 0.5 and 1.67 times as dense, 1 / |1 + d'|, the two above 1.5 count, folded strips like others."""
    slopes = torch.tensor([-0.5, -0.2, 0.5, -1.75, -3.0, -0.4], dtype=torch.float64).repeat_interleave(20)
    shift = slopes[None, :] * positions(120)[:, None]
    shift = shift if phase_axis == 0 else shift.T.contiguous()
    scan = MRIScan.of(torch.full((120, 120), 100.0, dtype=torch.float64), phase_axis=phase_axis, phase=False)
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(120, 120, dtype=torch.bool), (1.0, 1.0))
    picture = acquire(scan)
    found = piled_up(Pair(picture, picture, view, scan, scan.with_event(EchoPlanar(shift, 1 / 120, ())))).value
    assert found == pytest.approx(100 * 2 / 6, abs=0.5)
