"""Calibration of CT numbers: affine, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from physics.ct import CTScan, lower_dose
from physics.ct.hu_shift import mean_error, shift_hu, water_shift
from physics.ct.kernel import STANDARD
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire


def scan_of(dtype=torch.float64):
    hu = torch.tensor(np.random.default_rng(1).uniform(-980, 1500, (60, 71)), dtype=dtype)
    return CTScan.of(hu, spacing_mm=(0.8, 0.6), n0=1e6, kernel=STANDARD)


@pytest.mark.parametrize("water", [-35.0, 12.0, 90.0])
@pytest.mark.parametrize("share", [1.0, 0.0, 0.4])
def test_the_affine_fit_gives_gain_and_offset(water, share, oracle):
    """Slope 1 + d of the gain's part; air moves by the offset's part."""
    scan = scan_of()
    found = acquire(shift_hu(scan, water, gain_share=share)).numpy().ravel()
    slope, offset = np.polyfit(scan.hu.numpy().ravel(), found, 1)
    oracle("ct_hu_shift", "gain of the affine fit", slope - (1 + share * water / 1000), below=1e-6)
    oracle("ct_hu_shift", "number of water in the affine fit, HU", offset - water, below=1e-4)
    assert slope * -1000 + offset == pytest.approx(-1000.0 + (1 - share) * water, abs=1e-3)
    assert np.abs(found - slope * scan.hu.numpy().ravel() - offset).max() < 1e-3


def test_noise_that_was_added_is_scaled_with_the_rest_in_either_order():
    """Low dose and shift commute; the whole picture is scaled."""
    scan = scan_of(torch.float32)
    one, two = shift_hu(lower_dose(scan, 0.3, seed=2), 50.0), lower_dose(shift_hu(scan, 50.0), 0.3, seed=2)
    assert torch.equal(acquire(one), acquire(two))
    noisy = acquire(lower_dose(scan, 0.3, seed=2))
    inner = (noisy > -900) & (noisy < 2000)
    torch.testing.assert_close(acquire(one)[inner], (1.05 * (noisy + 1000) - 1000)[inner], atol=1e-2, rtol=0)


def test_measures_neutral_conflicts_and_nonsense():
    """The shift of water is read off the scan, the error of tissue off the pictures; 0 is the scan; once; within 500 HU."""
    scan = scan_of()
    edited = shift_hu(scan, 20.0)
    view = View("ct", "head", Display("brain", 0.0, 80.0), scan.hu > 0, (0.8, 0.6))
    pair = Pair(scan.hu, acquire(edited), view, scan, edited)
    assert water_shift(pair).value == pytest.approx(20.0)
    assert mean_error(pair).value == pytest.approx(float(0.02 * (scan.hu[scan.hu > 0] + 1000).mean()), rel=1e-4)
    assert water_shift(replace(pair, scan=None)).value is None
    assert shift_hu(scan, 0.0) is scan
    with pytest.raises(EditConflict, match="already"):
        shift_hu(edited, 5.0)
    with pytest.raises(ValueError, match="500"):
        shift_hu(scan, float("nan"))
    with pytest.raises(ValueError, match="0 to 1"):
        shift_hu(scan, 5.0, gain_share=1.5)


@pytest.mark.parametrize("gain_share", [0.0, 0.3, 1.0])
def test_the_shift_of_water_is_what_was_asked_however_it_comes_about(gain_share):
    """By gain, by offset, or by both: -40 HU of water; a scan that was not shifted has none."""
    hu = torch.zeros((20, 20))
    view = View("ct", "head", Display("brain 80/40", 0.0, 80.0), torch.ones((20, 20), dtype=torch.bool), (1.0, 1.0))
    scan = CTScan.of(hu, spacing_mm=(1.0, 1.0), n0=1e5, kernel=STANDARD)
    assert water_shift(Pair(hu, hu, view, scan, shift_hu(scan, -40.0, gain_share=gain_share))).value == pytest.approx(-40.0)
    assert water_shift(Pair(hu, hu, view, scan, scan)).value == 0.0
