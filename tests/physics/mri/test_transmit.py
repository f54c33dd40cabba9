"""An uneven transmit field changes each tissue by its own sequence equation."""

from __future__ import annotations

from collections.abc import Callable
from math import acos, cos, degrees, exp, pi, radians, sin

import numpy as np
import pytest
import torch
from scipy import special

from physics.display import Display
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.shim import tissue_mask
from physics.mri.tissue import Relaxation, relaxation, tissue_shares
from physics.mri.transmit import (
    LARMOR_HZ_PER_T,
    Excitation,
    TransmitField,
    Wave,
    flip_angle_variation,
    sequence_signal,
    tip_unevenly,
    transmit_shape,
    wave_number,
)
from physics.scan import acquire

Oracle = Callable[..., None]
BRAIN = Wave(60.0, 0.45, (0.0, 0.0))
MUSCLE = Wave(60.0, 0.7, (0.0, 0.0))


def three_tissues(dtype: torch.dtype = torch.float64) -> MRIScan:
    """Three discs in one another, with the noise-free brightness of T1 weighting."""
    down = (torch.arange(90) - 44)[:, None].double()
    right = (torch.arange(101) - 52)[None, :].double()
    r = torch.sqrt(down**2 + right**2)
    return MRIScan.of((40.0 * (r < 38) + 40.0 * (r < 28) + 30.0 * (r < 16)).to(dtype), spacing_mm=(2.2, 2.2), seed=1)


@pytest.mark.parametrize("scale", [0.3, 1.0, 1.4])
@pytest.mark.parametrize("tissue", relaxation(3.0)[1:])
def test_both_sequences_reach_their_closed_forms(scale: float, tissue: Relaxation, oracle: Oracle) -> None:
    """Longitudinal magnetisation iterated pulse by pulse gives the signal of the formula, for the spoiled and for the spin echo."""
    for sequence in (Excitation("spoiled", 0.012, 20.0), Excitation("spin_echo", 0.5, 90.0)):
        angle, e1, m = radians(sequence.flip_deg) * scale, exp(-sequence.tr_s / tissue.t1_s), tissue.density
        for _ in range(3000):
            tipped = m * sin(angle)
            m = tissue.density * (1 - e1) + e1 * m * cos(angle)
        wanted = tipped * (sin(angle) ** 2 if sequence.kind == "spin_echo" else 1.0)  # what two pulses of twice the angle refocus: sin^2 of half of it
        got = float(sequence_signal(torch.tensor([scale]), tissue, sequence)[0])
        oracle("mri_transmit_field", "signal of pulse after pulse, both sequences", got / wanted - 1, below=1e-5)


def test_at_the_ernst_angle_a_small_error_does_nothing(oracle: Oracle) -> None:
    """The first derivative by the scale vanishes there, and the signal falls on either side."""
    tissue, tr_s = relaxation(3.0)[2], 0.015
    sequence = Excitation("spoiled", tr_s, degrees(acos(exp(-tr_s / tissue.t1_s))))
    below, at, above = sequence_signal(torch.tensor([0.999, 1.0, 1.001], dtype=torch.float64), tissue, sequence).tolist()
    oracle("mri_transmit_field", "relative slope of the signal at the Ernst angle", (above - below) / (2e-3 * at), below=1e-5)
    assert below < at > above


@pytest.mark.parametrize("kind", ["spoiled", "spin_echo"])
def test_every_tissue_has_its_own_ratio(kind: str, oracle: Oracle) -> None:
    """In each pixel the picture changes by the ratio of its tissue at its angle, so that contrast changes with brightness."""
    scan = three_tissues()
    sequence = Excitation("spoiled", 0.015, 25.0) if kind == "spoiled" else Excitation("spin_echo", 0.6, 90.0)
    degraded = tip_unevenly(scan, sequence, deviation=0.5, wave=BRAIN)
    ratio = acquire(degraded) / acquire(scan)
    mask, shares = tissue_mask(scan.body), tissue_shares(scan.body)
    scale = 1 + 0.5 * transmit_shape(scan, BRAIN)
    residual, means = 0.0, []
    for index in range(3):
        own = mask & (shares[index] > 0.999999)
        assert int(own.sum()) > 100
        expected = sequence_signal(scale, relaxation(None)[index], sequence) / sequence_signal(torch.ones(1), relaxation(None)[index], sequence)
        residual = max(residual, float((ratio - expected)[own].abs().max()))
        means.append(float(expected[mask][scale[mask].argmin()]))
    oracle("mri_transmit_field", "ratio of each tissue's closed forms in every pixel", residual, below=1e-5)
    assert max(means) / min(means) > 1.01
    assert tip_unevenly(scan, sequence, deviation=0.0, wave=BRAIN) is scan


def test_the_wave_number_is_that_of_the_material(oracle: Oracle) -> None:
    """k^2 = mu (eps w^2 - i sigma w); without conduction c / f / sqrt(eps_r) is the wavelength: 0.30 m in brain at 3 T."""
    loss_free = wave_number(Wave(60.0, 0.0, (0.0, 0.0)), frequency_hz=127.7e6)
    assert 2 * pi / loss_free.real == pytest.approx(0.3031, abs=1e-3)
    k, omega = wave_number(BRAIN, frequency_hz=127.7e6), 2 * pi * 127.7e6
    wanted = complex(4e-7 * pi * (8.854e-12 * 60.0 * omega**2), -4e-7 * pi * 0.45 * omega)
    oracle("mri_transmit_field", "square of the wave number", abs(k * k / wanted - 1), below=1e-5)
    assert k.imag < 0 < k.real


def test_a_head_is_tipped_most_in_its_centre_and_a_trunk_least() -> None:
    """The same wave interferes in a small body and is damped on its way into a wide one; the pattern follows its centre."""
    y, x = (torch.arange(120) - 60)[:, None].double(), (torch.arange(160) - 80)[None, :].double()
    head = MRIScan.of(torch.where((y / 50) ** 2 + (x / 42) ** 2 < 1, 100.0, 0.0), spacing_mm=(1.8, 1.8), seed=1)
    trunk = MRIScan.of(torch.where((y / 42) ** 2 + (x / 66) ** 2 < 1, 100.0, 0.0), spacing_mm=(2.8, 2.8), seed=1)
    for scan, wave, sign, rim in ((head, BRAIN, 1, 40), (trunk, MUSCLE, -1, 62)):
        shape, mask = transmit_shape(scan, wave), tissue_mask(scan.body)
        assert sign * float(shape[60, 80] - shape[60, 80 - rim]) > 0.5
        assert float(torch.quantile(shape[mask], wave.calibrated_at)) == pytest.approx(0.0, abs=1e-6)
        assert float(torch.quantile(shape[mask].abs(), 0.98)) == pytest.approx(1.0)
        torch.testing.assert_close(shape[60 - 20, 80], shape[60 + 20, 80], rtol=0, atol=0.05)
    off = transmit_shape(head, Wave(60.0, 0.45, (0.3, -0.2)))
    peak = np.unravel_index(int(torch.where(tissue_mask(head.body), off, -9.0).argmax()), off.shape)
    assert peak[0] == pytest.approx(60 + 0.3 * 50, abs=2)
    assert peak[1] == pytest.approx(80 - 0.2 * 42, abs=2)


@pytest.mark.parametrize("by", [(14, -19), (-11, 23)])
def test_the_pattern_goes_where_the_body_lies(by: tuple[int, int], oracle: Oracle) -> None:
    """A body elsewhere in the picture has the same pattern about its own middle."""
    y, x = (torch.arange(120) - 60)[:, None].double(), (torch.arange(141) - 70)[None, :].double()

    def head(down: int, right: int) -> MRIScan:
        return MRIScan.of(torch.where(((y - down) / 40) ** 2 + ((x - right) / 33) ** 2 < 1, 100.0, 0.0), spacing_mm=(2.0, 2.4), seed=1)

    wave = Wave(60.0, 0.45, (0.2, -0.1))
    told, mask = torch.roll(transmit_shape(head(0, 0), wave), by, dims=(0, 1)), tissue_mask(head(*by).body)
    found = transmit_shape(head(*by), wave)
    oracle("mri_transmit_field", "the pattern of a body that lies elsewhere", float((found - told)[mask].abs().max()), below=1e-9)


def test_twice_the_body_at_half_the_field_has_the_same_pattern(oracle: Oracle) -> None:
    """Lengths and wavelengths together: a body of twice the millimetres at half the field strength, in tissue that conducts half as well, down to a doll's."""
    y, x = (torch.arange(90) - 45)[:, None].double(), (torch.arange(100) - 50)[None, :].double()
    image = torch.where((y / 32) ** 2 + (x / 25) ** 2 < 1, 100.0, 0.0)
    for spacing, field in (((1.0, 1.2), 7.0), ((4.0, 4.8), 1.75)):
        small, large = (MRIScan.of(image, spacing_mm=(size * spacing[0], size * spacing[1]), seed=1) for size in (1.0, 2.0))
        wide = transmit_shape(large, Wave(60.0, 0.225, (0.2, 0.1)), field_strength_t=field / 2)
        found = transmit_shape(small, Wave(60.0, 0.45, (0.2, 0.1)), field_strength_t=field)
        oracle("mri_transmit_field", "twice the body at half the field", float((found - wide).abs().max()), below=1e-6)
    elsewhere = transmit_shape(small, Wave(60.0, 0.45, (0.2, 0.1)), field_strength_t=3.0)
    assert float((found - elsewhere).abs().max()) > 0.05


def test_a_disc_has_the_bessel_function_of_its_radius(oracle: Oracle) -> None:
    """|J_0(k r)| about the middle of a disc, r in metres, against its median and over its 98th percentile: in every pixel, to what a disc of pixels allows."""
    y, x = (torch.arange(101) - 50)[:, None].double(), (torch.arange(121) - 60)[None, :].double()
    away = torch.hypot(2.0 * y, 1.6 * x)
    scan = MRIScan.of(torch.where(away < 85.0, 100.0, 0.0), spacing_mm=(2.0, 1.6), phase=False)
    field = torch.from_numpy(np.abs(special.jv(0, wave_number(BRAIN, frequency_hz=LARMOR_HZ_PER_T * 3.0) * 1e-3 * away.numpy())))
    mask = tissue_mask(scan.body)
    told = field - field[mask].quantile(0.5)
    told = told / told[mask].abs().quantile(0.98)
    oracle("mri_transmit_field", "pattern of a disc", float((transmit_shape(scan, BRAIN) - told)[mask].abs().max()), below=0.01)


def test_a_body_of_one_row_has_a_pattern_along_it() -> None:
    """Without an extent across the row there is still a middle that is tipped most."""
    line = torch.zeros((40, 50), dtype=torch.float64)
    line[20, 8:43] = 100.0
    shape = transmit_shape(MRIScan.of(line, spacing_mm=(4.0, 4.0), phase=False), BRAIN)[20, 8:43]
    assert int(shape.argmax()) == 17
    torch.testing.assert_close(shape, shape.flip(0), atol=1e-9, rtol=0)


def test_the_flip_angle_is_measured_and_nonsense_refused() -> None:
    """The coefficient of variation of the angle grows with the deviation; impossible ones are refused."""
    scan, sequence = three_tissues(torch.float32), Excitation("spin_echo", 0.6, 90.0)
    reference = acquire(scan)
    view = View("mri", "head", Display("window", 0.0, 120.0), reference > 10, (2.2, 2.2))
    values = []
    for deviation in (0.2, 0.4):
        degraded = tip_unevenly(scan, sequence, deviation=deviation, wave=BRAIN)
        event = next(event for event in degraded.events if isinstance(event, TransmitField))
        scale = event.scale(scan)[tissue_mask(scan.body)]
        values.append(flip_angle_variation(Pair(reference, acquire(degraded), view, scan, degraded)).value)
        assert values[-1] == pytest.approx(100 * float(scale.std(correction=0) / scale.mean()))
    assert values[1] is not None
    assert values[0] is not None
    assert values[1] > 1.8 * values[0]
    for bad in (1.5, -0.1):
        with pytest.raises(ValueError, match="deviation"):
            tip_unevenly(scan, sequence, deviation=bad, wave=BRAIN)
    with pytest.raises(ValueError, match="TR"):
        tip_unevenly(scan, Excitation("spoiled", 0.0, 10.0), deviation=0.1, wave=BRAIN)
