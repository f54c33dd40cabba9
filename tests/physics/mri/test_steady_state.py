"""The balanced steady state is that of Bloch's equations, and its nulls lie where the field turns spins by half a turn."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, exp, pi, radians, sin

import numpy as np
import pytest
import torch
from disc_of_tissue import disc

from physics.display import Display
from physics.measure.pair import Pair, View
from physics.mri.acquire import acquire_complex
from physics.mri.shim import ShimError, tissue_mask
from physics.mri.steady_state import Balanced, Banding, balanced_signal, band, field_range, tissue_in_bands
from physics.mri.tissue import Relaxation, relaxation, tissue_shares
from physics.scan import acquire

Oracle = Callable[..., None]
SLOPE = ShimError((0.0, 1.0), (0.0, 0.0, 0.0), 0.0)


def iterated(offset_hz: float, tissue: Relaxation, sequence: Balanced, *, pulses: int) -> complex:
    """Bloch's equations pulse by pulse: rotation about x by +a and -a in turn, half a repetition, the echo, the other half; seen from the pulse's phase."""
    half, flip = sequence.tr_s / 2, radians(sequence.flip_deg)
    e1, e2 = exp(-half / tissue.t1_s), exp(-half / tissue.t2_s)
    angle = -2 * pi * offset_hz * half  # signal is received as exp(-2 pi i df t)
    turn = np.array([[cos(angle), -sin(angle), 0], [sin(angle), cos(angle), 0], [0, 0, 1]])
    decay, gain = np.diag([e2, e2, e1]), np.array([0, 0, tissue.density * (1 - e1)])
    m, echo = np.array([0.0, 0.0, tissue.density]), 0j
    for pulse in range(pulses):
        sign = 1 if pulse % 2 == 0 else -1
        tilt = np.array([[1, 0, 0], [0, cos(flip), -sign * sin(flip)], [0, sign * sin(flip), cos(flip)]])
        m = decay @ turn @ (tilt @ m) + gain
        echo = sign * complex(m[0], m[1])
        m = decay @ turn @ m + gain
    return echo * 1j  # the pulse about x leaves on-resonant spins along -y


@pytest.mark.parametrize("tissue", [relaxation(3.0)[1], relaxation(1.5)[3], Relaxation(0.9, 0.3, 0.8)])
@pytest.mark.parametrize("sequence", [Balanced(4e-3, 45.0), Balanced(7.3e-3, 70.0)])
def test_the_closed_form_is_the_state_that_pulses_lead_to(tissue: Relaxation, sequence: Balanced, oracle: Oracle) -> None:
    """Iterated to the steady state, modulus and phase of the echo are those of the formula, at any offset."""
    offsets = np.array([-190.0, -125.0, -40.0, 0.0, 13.0, 90.0, 125.0, 260.0])
    wanted = np.array([iterated(float(offset), tissue, sequence, pulses=6000) for offset in offsets])
    got = balanced_signal(torch.from_numpy(2 * pi * offsets * sequence.tr_s), tissue, sequence).numpy()
    oracle("mri_banding", "steady state of Bloch's equations, pulse by pulse", np.abs(got - wanted).max() / np.abs(wanted).max(), below=1e-5)


def test_nulls_lie_at_odd_half_turns(oracle: Oracle) -> None:
    """For TR 4 ms the signal is least at +-125 and +-375 Hz, and whole turns look like resonance."""
    sequence, tissue = Balanced(4e-3, 40.0), relaxation(3.0)[2]
    offsets = torch.arange(-500, 500.5, 0.5, dtype=torch.float64)
    signal = balanced_signal(2 * pi * offsets * sequence.tr_s, tissue, sequence).abs()
    least = [float(offsets[i]) for i in range(1, len(offsets) - 1) if signal[i] < signal[i - 1] and signal[i] < signal[i + 1]]
    wanted = [-375.0, -125.0, 125.0, 375.0]
    assert len(least) == 4
    oracle("mri_banding", "offset of the nulls, Hz off (2 m + 1) / (2 TR)", max(abs(a - b) for a, b in zip(least, wanted, strict=True)), below=1e-5)
    assert float(signal[offsets == 250.0][0]) == pytest.approx(float(signal[offsets == 0.0][0]), rel=1e-9)
    assert float(signal[offsets == 125.0][0]) < 0.1 * float(signal[offsets == 0.0][0])


def test_a_slope_puts_bands_where_the_field_says(oracle: Oracle) -> None:
    """Under a linear field along one axis every pixel has the closed form of its offset: bands across that axis, 1 / (TR G) apart."""
    scan, sequence = disc(), Balanced(5e-3, 50.0)
    degraded = band(scan, sequence, bands=3.0, error=SLOPE)
    event = next(event for event in degraded.events if isinstance(event, Banding))
    mask = tissue_mask(scan.body)
    at = torch.arange(120, dtype=torch.float64)
    columns = at[None, :].expand(91, 120)[mask]
    extent = float(np.subtract(*np.quantile(columns.numpy(), (0.98, 0.02))))
    offset_hz = 3.0 / sequence.tr_s * (at - columns.median()) / extent
    turns, rest = 2 * pi * offset_hz * sequence.tr_s, torch.zeros(1, dtype=torch.float64)
    ratios = torch.stack([balanced_signal(turns, each, sequence) / balanced_signal(rest, each, sequence) for each in relaxation(None)])
    expected = (tissue_shares(scan.body)[:, 40] * ratios).sum(dim=0)
    got = (acquire_complex(degraded) / acquire_complex(scan))[40]
    inside = mask[40]
    oracle("mri_banding", "ratio to the signal on resonance in every pixel", float((got - expected)[inside].abs().max()), below=1e-5)
    dark = torch.nonzero(got.abs() < 0.2).flatten()
    dark = dark[inside[dark]]
    assert float(event.turn_rad(scan)[40, int(dark[0])].abs() / pi) % 2 == pytest.approx(1.0, abs=0.1)


def test_the_field_is_measured() -> None:
    """Three bands at TR 5 ms are 600 Hz; some tissue, not all of it, lies in them; none does on resonance."""
    scan = disc()
    degraded = band(scan, Balanced(5e-3, 50.0), bands=3.0, error=SLOPE)
    reference = acquire(scan)
    view = View("mri", "head", Display("window", 0.0, 120.0), reference > 10, (2.0, 1.0))
    assert field_range(Pair(reference, acquire(degraded), view, scan, degraded)).value == pytest.approx(600.0)
    share = tissue_in_bands(Pair(reference, acquire(degraded), view, scan, degraded)).value
    assert share is not None
    assert 1.0 < share < 30.0
    assert tissue_in_bands(Pair(reference, reference, view, scan, scan)).value == 0.0


def test_impossible_sequences_are_refused() -> None:
    """No repetition time, no flip, or a negative range of the field is no sequence."""
    scan = disc()
    assert band(scan, Balanced(4e-3, 40.0), bands=0.0, error=SLOPE) is scan
    for sequence, bands in ((Balanced(0.0, 40.0), 1.0), (Balanced(4e-3, 180.0), 1.0), (Balanced(4e-3, 40.0), -1.0)):
        with pytest.raises(ValueError, match=r"TR|bands"):
            band(scan, sequence, bands=bands, error=SLOPE)
