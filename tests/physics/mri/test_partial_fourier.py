"""Partial Fourier against closed forms: the one-sided point spread, and pictures whose phase is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.display import Display
from physics.fourier import frequencies, positions, to_kspace, to_picture
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.homodyne import Homodyne, centre_rotor, detected, projected
from physics.mri.partial_fourier import (
    FieldSpot,
    LocalPhase,
    echo_lost,
    least_share,
    lines_beyond_centre,
    local_phase,
    one_side_first,
    take_one_side,
)
from physics.mri.zero_filled import ZeroFilled
from physics.scan import EditConflict, acquire

SPOTS = (FieldSpot((8.0, -5.0), 9.0, 6.0),)


def band_limited(shape, *, turn=0.7):
    """A positive picture without the line at -N/2, times one phase factor."""
    kspace = to_kspace(phantoms.ellipses(shape, torch.float64))
    for axis, n in enumerate(shape):
        if n % 2 == 0:
            kspace.select(axis, n // 2).zero_()
    return to_picture(kspace).real, complex(np.exp(1j * turn))


def kept(n_lines, share, side):
    lines = torch.zeros(n_lines, dtype=torch.bool)
    lines[torch.from_numpy(one_side_first(n_lines, side=side)[: round(share * n_lines)].copy())] = True
    return lines


@pytest.mark.parametrize("n", [32, 33])
@pytest.mark.parametrize("side", [1, -1])
def test_lines_are_given_up_from_one_end(n, side):
    """The lines that stay are consecutive frequencies from -m to the end of one side; one side and the centre is the least."""
    least = least_share(n, side=side)
    for share in (least, 0.7, 0.9):
        held = np.sort(frequencies(n)[kept(n, share, side)].numpy())
        assert (np.diff(held) == 1).all()
        assert side * held[-1 if side > 0 else 0] == ((n - 1) // 2 if side > 0 else n // 2)
    assert np.sort(frequencies(n)[kept(n, least, side)].abs().numpy())[0] == 0
    assert float((frequencies(n)[kept(n, least, side)] * side).min()) == 0


@pytest.mark.parametrize(("shape", "phase_axis"), [((32, 9), 0), ((9, 33), 1)])
@pytest.mark.parametrize("side", [1, -1])
def test_zero_filling_shows_the_one_sided_point_spread(shape, phase_axis, side, oracle):
    """A point off the centre becomes exp(i pi (a + b) y / N) sin(pi (b - a + 1) y / N) / (N sin(pi y / N)), y from the point; nothing spreads across."""
    n, at = shape[phase_axis], 11
    picture = torch.zeros(shape, dtype=torch.float64)
    picture.select(phase_axis, at).fill_(3.0)
    scan = MRIScan.of(picture, phase_axis=phase_axis, phase=False)
    taken = take_one_side(scan, share=0.625, side=side, reconstruction=ZeroFilled(), spots=(), seed=0)
    held = frequencies(n)[taken.lines]
    a, b = float(held.min()), float(held.max())
    y = torch.arange(n, dtype=torch.float64) - at
    spread = torch.where(y == 0, (b - a + 1) / n, torch.sin(torch.pi * (b - a + 1) * y / n) / (n * torch.sin(torch.pi * y / n)))
    expected = 3.0 * spread * torch.exp(1j * torch.pi * (a + b) * y / n)
    found = acquire_complex(taken).movedim(phase_axis, 0)
    oracle("mri_partial_fourier", "zero filling shows the one-sided point spread", float((found - expected[:, None]).abs().max()) / 3.0, below=1e-9)


@pytest.mark.parametrize(("shape", "phase_axis", "side"), [((64, 48), 0, 1), ((63, 40), 0, -1), ((40, 48), 1, -1), ((31, 49), 1, 1)])
def test_a_real_picture_with_one_phase_is_recovered(shape, phase_axis, side, oracle):
    """Homodyne gives back a real picture times a phase factor from 5/8 of its lines on either side; POCS does by 2^-n; the phase itself is kept."""
    real, factor = band_limited(shape)
    lines = kept(shape[phase_axis], 0.625, side)
    kspace = to_kspace(real * factor)[None] * (lines[:, None] if phase_axis == 0 else lines[None])
    for reconstruction in (Homodyne(), Homodyne(n_steps=40)):
        found = reconstruction(kspace, lines=lines, phase_axis=phase_axis)
        residual = float((found - real * factor).abs().max() / real.abs().max())
        oracle("mri_partial_fourier", "a real picture with one phase is recovered", residual, below=1e-9)
    plain = ZeroFilled()(kspace, lines=lines, phase_axis=phase_axis)
    assert float((plain.abs() - real.abs()).abs().max() / real.abs().max()) > 0.05
    rotor = torch.full_like(kspace, factor)
    for n_steps in (0, 1, 2, 3):
        error = (projected(kspace, rotor, lines=lines, phase_axis=phase_axis, n_steps=n_steps)[0] - real).norm()
        missing = to_kspace(real)[~lines] if phase_axis == 0 else to_kspace(real)[:, ~lines]
        assert float(error / missing.norm()) == pytest.approx(2.0 ** -(n_steps + 0.5), rel=1e-6)


def test_a_known_smooth_phase_is_taken_out():
    """A phase of one slow wave, known exactly: homodyne is within 5 % of the picture, the conjugate phase is not within 20 %."""
    real, _ = band_limited((96, 40))
    phase = 0.8 * torch.cos(2 * torch.pi * positions(96) / 96)[:, None] * torch.ones(1, 40)
    rotor = torch.polar(torch.ones_like(phase), phase)[None]
    lines = kept(96, 0.65, 1)
    kspace = to_kspace(real * rotor[0])[None] * lines[:, None]
    right, wrong = (detected(kspace, r, lines=lines, phase_axis=0)[0] for r in (rotor, rotor.conj()))
    assert float((right - real).norm() / real.norm()) < 0.05
    assert float((wrong - real).norm() / real.norm()) > 0.2
    found = centre_rotor(kspace, lines=lines, phase_axis=0)[0]
    body = real > 0.1 * real.max()
    assert float(((found / rotor[0]).angle().abs() * body).max()) < 0.25


def test_signal_is_lost_where_the_echo_was_not_taken():
    """A ramp whose echo lies at line q: kept where q is within the lines of the poorer side, lost and measured as lost beyond."""
    body = 50.0 * phantoms.ellipses((64, 48), torch.float64)
    view = View("mri", "head", Display("window", 0.0, 100.0), body > 5, (1.0, 1.0))
    for side, q, lost in ((1, -5.0, False), (1, -14.0, True), (-1, 14.0, True), (1, 14.0, False)):
        ramp = torch.polar(torch.ones(64, 1, dtype=torch.float64), 2 * torch.pi * q * positions(64)[:, None] / 64)
        healthy = MRIScan.of(body, phase=False)
        object.__setattr__(healthy.body, "density", body * ramp)
        scan = take_one_side(healthy, share=0.625, side=side, reconstruction=Homodyne(n_steps=10), spots=(), seed=0)
        assert int(lines_beyond_centre(Pair(body, body, view, healthy, scan)).value) in (7, 8)
        kept_signal = float(acquire(scan)[view.mask].mean() / body[view.mask].mean())
        share = echo_lost(Pair(body, body, view, healthy, scan)).value
        assert (share > 60) == lost, (side, q, share)
        assert (kept_signal < 0.6) == lost, (side, q, kept_signal)


def test_the_spots_are_gaussians_of_the_phase_and_do_not_show_in_a_full_scan():
    """phase_rad at place_mm, exp(-1/2) of it one width away along either axis; with all lines the magnitude is that of the source."""
    angle = local_phase(SPOTS, matrix=(33, 40), spacing_mm=(2.0, 1.0))
    assert float(angle[16 + 4, 20 - 5]) == pytest.approx(6.0)
    assert float(angle[16 + 4, 20 - 5 + 9]) == pytest.approx(6.0 * np.exp(-0.5))
    assert float(angle[16 - 5, 20 - 5]) == pytest.approx(6.0 * np.exp(-0.5 * 4))
    scan = MRIScan.of(phantoms.ellipses((33, 40), torch.float64), spacing_mm=(2.0, 1.0))
    phased = acquire_complex(scan.with_event(LocalPhase(SPOTS)))
    torch.testing.assert_close(phased, acquire_complex(scan) * torch.exp(1j * angle), atol=1e-10, rtol=0)
    torch.testing.assert_close(acquire(scan.with_event(LocalPhase(SPOTS))), acquire(scan), atol=1e-10, rtol=0)


def test_the_noise_that_doubling_adds_and_what_is_refused():
    """Re of weighted noise has 3 - 2 share times the variance of a sample; all lines leave the scan; half and a wrong side are refused."""
    lines, generator = kept(64, 0.625, 1), torch.Generator().manual_seed(0)
    noise = torch.randn((60, 64, 32), dtype=torch.complex128, generator=generator) * 2**0.5  # 1 per part
    step = detected(noise * lines[:, None], torch.ones_like(noise), lines=lines, phase_axis=0).square().mean()
    assert float(step) == pytest.approx(3 - 2 * 0.625, rel=0.1)  # the ramp within the centre costs a little more than a step
    healthy = MRIScan.of(phantoms.ellipses((64, 48)), source_sigma=0.02)
    one = take_one_side(healthy, share=0.75, side=1, reconstruction=Homodyne(), spots=SPOTS, seed=3)
    assert one.events[-1].sigma == pytest.approx(0.02 * (0.5 / 1.5) ** 0.5)
    assert take_one_side(healthy, share=1.0, side=1, reconstruction=Homodyne(), spots=SPOTS, seed=3) is healthy
    assert (
        take_one_side(healthy, share=least_share(64, side=-1), side=-1, reconstruction=Homodyne(), spots=SPOTS, seed=3) is not healthy
    )  # the least is allowed
    for share, side in ((0.45, 1), (0.7, 0)):
        with pytest.raises(ValueError, match="share"):
            take_one_side(healthy, share=share, side=side, reconstruction=Homodyne(), spots=(), seed=0)
    with pytest.raises(EditConflict):
        take_one_side(one, share=0.75, side=1, reconstruction=Homodyne(n_steps=3), spots=(), seed=0)
    coils = MRIScan.of(phantoms.ellipses((64, 48)), n_coils=4)
    found = acquire(take_one_side(coils, share=0.75, side=-1, reconstruction=Homodyne(), spots=(), seed=0))
    assert float((found - acquire(coils)).norm() / acquire(coils).norm()) < 0.15
    assert acquire_kspace(coils).shape == (4, 64, 48)


@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("n_steps", [0, 4])
def test_what_stands_at_lines_that_were_not_taken_does_not_matter(phase_axis, n_steps):
    """Values at lines that are not among the sampled ones change nothing: they are neither detected nor kept as data."""
    real, factor = band_limited((32, 40))
    lines = kept(real.shape[phase_axis], 0.65, 1)
    mask = lines[:, None] if phase_axis == 0 else lines[None]
    kspace = to_kspace(real * factor)[None]
    clean, other = (Homodyne(n_steps=n_steps)(kspace * mask + junk * ~mask, lines=lines, phase_axis=phase_axis) for junk in (0.0, 3.0))
    torch.testing.assert_close(other, clean, atol=1e-12, rtol=0)


@pytest.mark.parametrize(("shape", "phase_axis"), [((32, 7), 0), ((6, 33), 1)])
def test_the_phase_is_that_of_the_centre_under_a_cosine_squared(shape, phase_axis, oracle):
    """Of any k-space: the phase of the sum of the 2 m + 1 lines of the gapless centre, weighted by cos^2(pi k / (2 m + 2)), written out line by line."""
    n, reach = shape[phase_axis], 5
    order = frequencies(n)
    kspace = torch.randn((2, *shape), dtype=torch.complex128, generator=torch.Generator().manual_seed(4))
    lines = order >= -reach
    lined = to_picture(kspace, axes=(phase_axis - 2, 1 - phase_axis - 2)).movedim(1 + phase_axis, 1)
    spectrum = to_kspace(lined, axes=(1,))
    total = torch.zeros_like(lined)
    for k in range(-reach, reach + 1):
        wave = torch.exp(2j * torch.pi * k * positions(n) / n)[None, :, None]
        total += np.cos(np.pi * k / (2 * reach + 2)) ** 2 * spectrum[:, [int((order == k).nonzero())]] * wave
    found = centre_rotor(kspace, lines=lines, phase_axis=phase_axis).movedim(1 + phase_axis, 1)
    oracle("mri_partial_fourier", "phase of the centre, summed line by line", float((found - total / total.abs()).abs().max()), below=1e-9)


@pytest.mark.parametrize(("side", "q", "lost"), [(1, -8.25, False), (1, -8.75, True), (-1, 8.25, False), (-1, 8.75, True)])
@pytest.mark.parametrize("phase_axis", [0, 1])
def test_an_echo_is_lost_half_a_line_beyond_the_last_one(phase_axis, side, q, lost):
    """Forty lines of 64 end eight lines beyond the centre on the poorer side: an echo a quarter of a line farther is still nearer to the last line than to
    the first one that is missing, three quarters are not."""
    shape = (64, 48) if phase_axis == 0 else (48, 64)
    healthy = MRIScan.of(50.0 * phantoms.ellipses(shape, torch.float64), phase_axis=phase_axis, phase=False)
    along = positions(64)[:, None] if phase_axis == 0 else positions(64)[None]
    object.__setattr__(healthy.body, "density", torch.polar(torch.ones(shape, dtype=torch.float64), 2 * torch.pi * q * along / 64))
    scan = take_one_side(healthy, share=41 / 64 if side == -1 else 40 / 64, side=side, reconstruction=ZeroFilled(), spots=(), seed=0)
    held = frequencies(64)[scan.lines]
    assert float(held.min() if side == 1 else held.max()) == -8 * side
    view = View("mri", "head", Display("window", 0.0, 100.0), healthy.body.support, (1.0, 1.0))
    share = echo_lost(Pair(torch.ones(shape), torch.ones(shape), view, healthy, scan)).value
    assert share > 95 if lost else share < 5
