"""The wrong window: codes of the source at another window, and nothing but the display."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from physics.ct import CTScan, lower_dose
from physics.ct.hu_shift import shift_hu
from physics.ct.kernel import STANDARD
from physics.ct.window import show_at, window_level, window_width
from physics.display import Display, to_codes
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire

OWN = (0.0, 80.0)


def scan_of(dtype=torch.float64, window=OWN):
    hu = torch.tensor(np.random.default_rng(1).uniform(-980, 1500, (60, 71)), dtype=dtype)
    hu[20:50, 10:60] = torch.tensor(np.random.default_rng(2).uniform(-60, 140, (30, 50)), dtype=dtype)
    return CTScan.of(hu, spacing_mm=(0.8, 0.6), n0=1e6, kernel=STANDARD, window_hu=window)


@pytest.mark.parametrize("own", [OWN, (-160.0, 240.0)])
@pytest.mark.parametrize(("width", "level"), [(240.0, 80.0), (40.0, 40.0), (80.0, 0.0), (2000.0, 500.0)])
def test_the_own_window_shows_the_codes_of_the_other(own, width, level, oracle):
    """Code by code, black and white included; their shares are those of the histogram."""
    scan = scan_of(window=own)
    found = to_codes(acquire(show_at(scan, width_hu=width, level_hu=level)), Display("own", *own))
    expected = to_codes(scan.hu, Display("other", level - width / 2, level + width / 2))
    oracle("ct_window", "codes at the own window less those of the source at the other", float((found - expected).abs().max()), below=1e-3)
    assert float((found > 254.9).double().mean()) == pytest.approx(float((scan.hu > level + width / 2).double().mean()), abs=0.01)


def test_numbers_before_the_display_are_what_they_were():
    """Display comes last: it commutes with low dose and a shift of numbers, and shows what they made."""
    scan = scan_of(torch.float32)

    def wrong(given):
        return show_at(given, width_hu=300.0, level_hu=60.0)

    def faulty(given):
        return shift_hu(lower_dose(given, 0.4, seed=1), 15.0)

    one, two = acquire(wrong(faulty(scan))), acquire(faulty(wrong(scan)))
    assert torch.equal(one, two)
    torch.testing.assert_close(to_codes(one, Display("own", *OWN)), to_codes(acquire(faulty(scan)), Display("other", -90.0, 210.0)), atol=1e-2, rtol=0)


def test_it_is_labelled_measured_and_refused_where_it_cannot_be():
    """The record says display only; the measures name the window; the own window is the scan; lung windows, no window and no width are refused."""
    scan = scan_of()
    edited = show_at(scan, width_hu=240.0, level_hu=80.0)
    assert "CT numbers unchanged" in edited.assumed[-1]
    view = View("ct", "head", Display("brain", *OWN), scan.hu > 0, (0.8, 0.6))
    pair = Pair(scan.hu, scan.hu, view, scan, edited)
    assert (window_width(pair).value, window_level(pair).value) == (240.0, 80.0)
    assert (window_width(replace(pair, scan=scan)).value, window_level(replace(pair, scan=scan)).value) == (80.0, 40.0)
    assert window_width(replace(pair, scan=None)).value is None
    assert show_at(scan, width_hu=80.0, level_hu=40.0) is scan
    with pytest.raises(EditConflict, match="window"):
        show_at(edited, width_hu=100.0, level_hu=40.0)
    for given, width in ((scan_of(window=None), 80.0), (scan_of(window=(-1350.0, 150.0)), 80.0), (scan, 0.0)):
        with pytest.raises(ValueError, match=r"window|width"):
            show_at(given, width_hu=width, level_hu=40.0)
