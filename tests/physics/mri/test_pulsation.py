"""Pulsating vessels write copies of themselves along the phase-encode direction."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import jv

from physics import phantoms
from physics.display import Display
from physics.fourier import centred_grid, frequencies, to_kspace, to_picture
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.ghosts import ghost_weights
from physics.mri.motion import Motion
from physics.mri.order import line_times
from physics.mri.pulsation import Pulsation, Pulse, band, band_ghost_to_signal, pulsate, pulsation_ghost_spacing
from physics.mri.vessel import Vessel, blood
from physics.pose import Pose
from physics.scan import EditConflict, acquire

SHAPES = [(64, 48), (63, 50)]
VESSEL = Vessel((6.0, -9.0), 4.0)


def scan_of(shape: tuple[int, int], *, phase_axis: int = 0, **options: object) -> MRIScan:
    down, right = centred_grid(shape)
    spot = torch.hypot(down * 1.5 - VESSEL.centre_mm[0], right - VESSEL.centre_mm[1]) < VESSEL.radius_mm
    picture = 100 * phantoms.ellipses(shape, torch.float64) + 150 * spot
    return MRIScan.of(picture, spacing_mm=(1.5, 1.0), phase_axis=phase_axis, seed=3, **options)  # type: ignore[arg-type]


def steady(scan: MRIScan, distance: int, **options: object) -> Pulse:
    """A pulse whose first copies lie a whole number of pixels away: f TR N = distance."""
    return Pulse(1.25, distance / scan.n_lines / 1.25, **options)  # type: ignore[arg-type]


def shifted(picture: torch.Tensor, distance: int, axis: int) -> torch.Tensor:
    return torch.roll(picture, distance, dims=axis)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("distance", [5, 11])
def test_inflow_gives_two_copies_of_half_the_modulation(shape, axis, distance, oracle):
    """The complex picture gains m/2 e^(+-i phi) times the blood at +-f TR N pixels along the phase-encode axis, wrapped at the edge, and nothing else."""
    scan = scan_of(shape, phase_axis=axis)
    phase = 0.7
    gain = acquire_complex(pulsate(scan, (VESSEL,), steady(scan, distance, phase_rad=phase), modulation=0.6)) - acquire_complex(scan)
    own = blood(scan, scan.body.density, VESSEL)
    # line n is taken at rank n + N//2: cos(2 pi d (n + N//2) / N + phi)
    start = 2 * math.pi * distance * (scan.n_lines // 2) / scan.n_lines + phase
    # exp(+2 pi i n d / N) K[n] is the picture moved by -d
    told = 0.3 * (
        complex(math.cos(start), math.sin(start)) * shifted(own, -distance, axis) + complex(math.cos(start), -math.sin(start)) * shifted(own, distance, axis)
    )
    oracle("mri_pulsation_ghosting", "inflow: two copies of m/2 at +-f TR N", float((gain - told).abs().max() / own.abs().max()), below=1e-10)


def test_the_copies_hold_in_single_precision(oracle):
    """The same identity as a scan of a stored picture meets it, in float32."""
    scan = scan_of((64, 48))
    single = MRIScan.of(scan.body.density.abs().float(), spacing_mm=(1.5, 1.0), seed=3)
    gain = acquire_complex(pulsate(single, (VESSEL,), steady(single, 9), modulation=1.5)) - acquire_complex(single)
    own = blood(single, single.body.density, VESSEL)
    start = 2 * math.pi * 9 * 32 / 64
    told = 0.75 * (shifted(own, -9, 0) * complex(math.cos(start), math.sin(start)) + shifted(own, 9, 0) * complex(math.cos(start), -math.sin(start)))
    oracle("mri_pulsation_ghosting", "the same in single precision", float((gain - told).abs().max() / own.abs().max()), below=1e-5)


def test_displacement_is_a_jacobi_anger_sum(oracle):
    """exp(-2 pi i k a sin(theta_l)) on each line is the sum over n of J_n(2 pi k a) exp(-i n theta_l): k-dependent copies at n f TR N."""
    scan = scan_of((64, 48))
    pulse, sway = steady(scan, 7, phase_rad=0.4), 1.8
    k = frequencies(64)[:, None] / (64 * 1.5)
    theta = torch.from_numpy(pulse.angle(64))[:, None]
    own = to_kspace(blood(scan, scan.body.density, VESSEL))
    told = sum((torch.from_numpy(jv(n, 2 * math.pi * sway * k.numpy())) * torch.exp(-1j * n * theta) * own for n in range(-20, 21)), torch.zeros_like(own))
    moved = acquire_kspace(pulsate(scan, (VESSEL,), pulse, modulation=0.0, sway_mm=(sway, 0.0)))[0] - acquire_kspace(scan)[0] + own
    oracle("mri_pulsation_ghosting", "displacement: Jacobi-Anger sum of copies", float((moved - told).norm() / own.norm()), below=1e-8)


def test_a_swing_of_phase_writes_bessel_copies():
    """exp(i phi cos theta): the copy at n f TR N weighs i^n J_n(phi), the vessel itself keeps J_0."""
    scan = scan_of((64, 48))
    pulse = steady(scan, 6)
    event = Pulsation((VESSEL,), pulse, 0.0, swing_rad=1.3)
    weights = ghost_weights(event.factor(scan)[:, 0] + 1)
    start = 2 * math.pi * 6 * 32 / 64
    for n in (0, 1, 2, 3):
        told = 1j**n * jv(n, 1.3) * complex(math.cos(n * start), math.sin(n * start))
        assert complex(weights[(-6 * n) % 64]) == pytest.approx(told, abs=2e-5)  # ten orders on, J wraps round the field of view


@pytest.mark.parametrize("lead", [0.0, 0.9])
def test_the_second_harmonic_writes_copies_twice_as_far(lead):
    """m h cos(2 theta + psi): copies of m h / 2 at 2 f TR N, psi ahead of twice the fundamental's phase; the sharper rise of systole is its sum with it."""
    scan = scan_of((64, 48))
    pulse = steady(scan, 6, phase_rad=0.3, harmonic=0.4, harmonic_rad=lead)
    weights = ghost_weights(Pulsation((VESSEL,), pulse, 0.5).factor(scan)[:, 0])
    start = 2 * math.pi * 6 * 32 / 64 + 0.3
    for order, told in ((1, 0.25), (2, 0.1 * complex(math.cos(lead), math.sin(lead)))):
        assert complex(weights[(-6 * order) % 64]) == pytest.approx(told * complex(math.cos(order * start), math.sin(order * start)), abs=1e-12)
    assert float(weights[(-18) % 64].abs()) < 1e-12


def test_displacement_alone_of_a_whole_pixel_moves_the_vessel():
    """At a quarter of a beat throughout (TR of one beat) the vessel is simply moved by the sway, along either axis and towards larger indices."""
    scan = scan_of((64, 48))
    held = Pulse(1.0, 1.0, phase_rad=math.pi / 2)
    own = blood(scan, scan.body.density, VESSEL)
    for sway, roll in (((3.0, 0.0), (2, 0)), ((0.0, 3.0), (0, 3))):
        gain = acquire_complex(pulsate(scan, (VESSEL,), held, modulation=0.0, sway_mm=sway)) - acquire_complex(scan)
        assert float((gain - (torch.roll(own, roll, dims=(0, 1)) - own)).abs().max()) < 1e-9 * float(own.abs().max())


@pytest.mark.parametrize("axis", [0, 1])
def test_each_line_sees_the_vessel_where_it_sways_to_across_the_lines(axis):
    """Four lines a beat: at rest, 3 mm to one side, at rest, 3 mm to the other, along the read-out, whose pixels are 1 mm or 1.5 mm."""
    scan = scan_of((64, 48), phase_axis=axis)
    sway_mm, roll = ((0.0, 3.0), 3) if axis == 0 else ((3.0, 0.0), 2)
    own = blood(scan, scan.body.density, VESSEL)
    seen = acquire_kspace(pulsate(scan, (VESSEL,), Pulse(1.0, 0.25), modulation=0.0, sway_mm=sway_mm)) - acquire_kspace(scan)
    away = [to_kspace(torch.roll(own, step * roll, dims=1 - axis)) - to_kspace(own) for step in (0, 1, 0, -1)]
    rank = (frequencies(scan.n_lines) + scan.n_lines // 2).long() % 4
    for line, quarter in enumerate(rank):
        torch.testing.assert_close(seen[0].select(axis, line), away[int(quarter)].select(axis, line), atol=1e-9 * float(own.abs().max()), rtol=0)


@pytest.mark.parametrize("axis", [0, 1])
def test_what_is_not_in_line_with_the_vessel_does_not_change(axis, oracle):
    """Columns (rows) without blood keep every digit but the rounding of the transform."""
    scan = scan_of((63, 50), phase_axis=axis)
    pulse = Pulse(1.3, 0.21, harmonic=0.3, harmonic_rad=1.0, sinus=0.05)
    gain = acquire_complex(pulsate(scan, (VESSEL,), pulse, modulation=1.0, swing_rad=1.0, sway_mm=(0.5, 0.0) if axis == 0 else (0.0, 0.5))) - acquire_complex(
        scan
    )
    empty = (blood(scan, scan.body.density, VESSEL) == 0).all(dim=axis)
    outside = gain.movedim(axis, 0)[:, empty]
    assert 0 < int(empty.sum()) < len(empty)
    oracle("mri_pulsation_ghosting", "static tissue outside the band is unchanged", float(outside.abs().max() / gain.abs().max()), below=1e-10)


@pytest.mark.parametrize("factor", [2, 3])
def test_twice_the_repetition_time_is_twice_the_distance(factor):
    """f TR N scales with TR, modulo the field of view; the measure names it in millimetres, the shorter way round."""
    scan = scan_of((64, 48))
    for tr_px in (6, 13):
        pulses = [steady(scan, tr_px), steady(scan, tr_px * factor)]
        assert pulses[1].tr_s == pytest.approx(factor * pulses[0].tr_s)
        told = tr_px * factor % 64
        found = [reading_of(scan, pulse).value for pulse in pulses]
        assert found == pytest.approx([1.5 * tr_px, 1.5 * min(told, 64 - told)])


def view_of(scan: MRIScan) -> View:
    return View("mri", "head", Display("window", 0.0, 250.0), scan.body.support, scan.spacing_mm)


def reading_of(scan: MRIScan, pulse: Pulse, **options: float):
    beating = pulsate(scan, (VESSEL,), pulse, modulation=options.get("modulation", 0.5))
    return pulsation_ghost_spacing(Pair(acquire(scan), acquire(beating), view_of(scan), scan, beating))


def test_a_centric_order_doubles_the_distance():
    """Neighbouring lines of one half are two repetitions apart: the copies lie at 2 f TR N."""
    scan = scan_of((64, 48))
    assert reading_of(scan, steady(scan, 6, order="centric")).value == pytest.approx(1.5 * 12)


def test_where_copies_smear_there_is_no_distance():
    """A rate that wanders widely leaves no strongest pair; a scan without pulsation has no copies."""
    scan = scan_of((64, 48))
    assert reading_of(scan, Pulse(1.25, 0.35, sinus=0.9)).value is None
    assert pulsation_ghost_spacing(Pair(acquire(scan), acquire(scan), view_of(scan), scan, scan)).value is None
    assert band_ghost_to_signal(Pair(acquire(scan), acquire(scan), view_of(scan), scan, scan)).value == 0.0


def test_the_ghost_of_the_band_is_measured():
    """Root mean square of the change over the band without the vessel, in percent of mean tissue, against the sum written out."""
    scan = scan_of((64, 48))
    beating = pulsate(scan, (VESSEL,), steady(scan, 9), modulation=0.5)
    pair = Pair(acquire(scan), acquire(beating), view_of(scan), scan, beating)
    where = band(scan, (VESSEL,)).numpy()
    columns = np.flatnonzero(where.any(axis=0))
    assert abs(columns.mean() - (24 + VESSEL.centre_mm[1])) < 0.6
    assert len(columns) == pytest.approx(2 * VESSEL.radius_mm, abs=1.1)
    own = np.flatnonzero(~where[:, columns].any(axis=1))
    assert abs(own.mean() - (32 + VESSEL.centre_mm[0] / 1.5)) < 0.6
    change = (pair.degraded - pair.reference).numpy()[where]
    told = 100 * math.sqrt((change**2).mean()) / float(pair.reference[scan.body.support].mean())
    assert band_ghost_to_signal(pair).value == pytest.approx(told)
    assert told > 3


def test_lines_beat_at_their_own_time():
    """The phase of line l is 2 pi f t_l with t_l its rank times TR; a waxing and waning rate adds the integral of its own."""
    for order in ("linear", "centric", "interleaved"):
        pulse = Pulse(1.1, 0.2, phase_rad=0.3, order=order)
        time = line_times(15, order, n_shots=8) * 15 * 0.2
        np.testing.assert_allclose(pulse.angle(15), 2 * np.pi * 1.1 * time + 0.3)
    waxing = Pulse(1.1, 1e-4, sinus=0.05)
    assert float(Pulse(1.1, 0.2, phase_rad=0.3, sinus=0.05).angle(15)[np.argmin(line_times(15, "linear"))]) == pytest.approx(0.3)  # as stated, at the first
    rate = np.diff(waxing.angle(4001)[np.argsort(line_times(4001, "linear"))]) / 1e-4 / (2 * np.pi)
    middle = (np.arange(4000) + 0.5) * 1e-4
    np.testing.assert_allclose(rate, 1.1 * (1 + 0.05 * np.sin(2 * np.pi * 0.25 * middle)), rtol=1e-6)


def test_a_drawn_vessel_holds_mean_tissue_and_pulsates_about_the_place():
    """Fresh blood of mean tissue in the middle, with the phase of the place and a blunt profile;
    the mean picture does not change where the wave has no mean over the lines."""
    scan = scan_of((64, 48))
    drawn = Vessel((0.0, 4.0), 5.0, found=False)
    own = blood(scan, scan.body.density, drawn)
    assert float(own.abs().max()) == pytest.approx(scan.mean_tissue)
    assert float(own[32, 28 + 4].abs()) == pytest.approx(scan.mean_tissue * (1 - 0.8**4))
    overlap = (scan.body.density.conj() * own).sum()
    assert float(overlap.real) > 0.9 * float(overlap.abs())
    gain = acquire_complex(pulsate(scan, (drawn,), steady(scan, 16), modulation=1.0)) - acquire_complex(scan)
    assert float(gain[32, 28].abs()) < 1e-9


def test_coils_and_movement_take_the_vessel_along():
    """A body held elsewhere shows its copies beside the moved vessel; with an array each coil hears them with its own sensitivity."""
    scan = scan_of((64, 48))
    moved = scan.with_motion(Motion.constant(Pose((3.0, -2.0), 0.0), n_lines=64))
    pulse = steady(scan, 8)
    still = acquire_complex(pulsate(scan, (VESSEL,), pulse, modulation=0.8))
    taken = acquire_complex(pulsate(moved, (VESSEL,), pulse, modulation=0.8))
    torch.testing.assert_close(taken, torch.roll(still, (2, -2), dims=(0, 1)), atol=1e-8, rtol=0)
    array = scan_of((64, 48), n_coils=4)
    heard = acquire_kspace(pulsate(array, (VESSEL,), pulse, modulation=0.8)) - acquire_kspace(array)
    maps = array.sensitivity.maps((64, 48))
    factor = torch.from_numpy(0.8 * np.cos(pulse.angle(64)))[:, None]
    told = factor * to_kspace(maps * blood(array, array.body.density, VESSEL))
    torch.testing.assert_close(heard, told, atol=1e-9, rtol=0)
    assert to_picture(heard).abs().sum() > 0


def test_what_makes_no_sense_is_refused():
    """A negative modulation, no vessel, no heart; a readout without lines is a conflict whenever it was chosen."""
    scan = scan_of((64, 48))
    assert pulsate(scan, (VESSEL,), Pulse(1.0, 0.1), modulation=0.0) is scan
    for vessels, pulse, modulation in (((VESSEL,), Pulse(1.0, 0.1), -0.1), ((), Pulse(1.0, 0.1), 0.5), ((VESSEL,), Pulse(0.0, 0.1), 0.5)):
        with pytest.raises(ValueError, match="modulation"):
            pulsate(scan, vessels, pulse, modulation=modulation)

    class Path:
        def sample(self, kspace: torch.Tensor) -> torch.Tensor:
            return kspace

        def picture(self, samples: torch.Tensor) -> torch.Tensor:
            return samples[0]

    with pytest.raises(EditConflict):
        pulsate(scan.with_readout(Path()), (VESSEL,), Pulse(1.0, 0.1), modulation=0.5)
    with pytest.raises(EditConflict):
        acquire(pulsate(scan, (VESSEL,), Pulse(1.0, 0.1), modulation=0.5).with_readout(Path()))
