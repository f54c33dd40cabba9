"""Physical units read off degraded colour pictures."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.data import immunohistochemistry

from physics.display import Display, object_mask
from physics.measure.pair import Pair, View
from physics.optics import Capture
from physics.optics.defocus import defocused
from physics.optics.measures import blur_disc, haematoxylin_ratio, mtf50_ratio, second_dye_ratio, smear_length
from physics.optics.motion import Spread, Sweep, arc, moved
from physics.optics.stain import stained
from physics.scan import acquire


def pair_of(healthy: Capture, scan: Capture, *, with_scan: bool = True) -> Pair:
    reference = acquire(healthy)
    view = View(healthy.kind, "", Display("srgb", 0.0, 255.0), object_mask(reference, modality=healthy.kind), None)
    return Pair(reference, acquire(scan), view, healthy if with_scan else None, scan if with_scan else None)


@pytest.fixture
def eye() -> Capture:
    codes = np.random.default_rng(0).integers(60, 200, (128, 128, 3))
    return Capture.of(codes, kind="fundus", field_mask=np.ones((128, 128), bool), field_deg=128 * 45 / 1024)


def test_blur_disc_is_dioptres_times_pupil(eye: Capture) -> None:
    """1.956 px per dioptre at 45 degrees over 1024 px; 0 in focus; not defined without the scan."""
    assert blur_disc(pair_of(eye, defocused(eye, -4.0))).value == pytest.approx(4 * 1.9562, rel=1e-3)
    assert blur_disc(pair_of(eye, eye)).value == 0
    assert blur_disc(pair_of(eye, eye, with_scan=False)).value is None


def test_smear_length_is_that_of_the_path(eye: Capture) -> None:
    """A straight sweep of 12 px reads 12, an arc a little more, a turn its arc at the edge of the field."""
    assert smear_length(pair_of(eye, moved(eye, Sweep(arc(12.0, direction_deg=40.0))))).value == pytest.approx(12)
    assert 12.5 < (smear_length(pair_of(eye, moved(eye, Sweep(arc(12.0, direction_deg=40.0, bend=0.2))))).value or 0) < 14
    assert smear_length(pair_of(eye, moved(eye, Spread("roll", -0.1)))).value == pytest.approx(6.4)
    assert smear_length(pair_of(eye, eye, with_scan=False)).value is None


def test_half_contrast_falls_with_the_length_of_the_smear(eye: Capture) -> None:
    """1 without blur; for a long sweep 1 / L along its direction, also obliquely; defocus lowers it; not defined for a turn."""
    assert mtf50_ratio(pair_of(eye, eye)).value == pytest.approx(1, abs=2e-3)
    for direction in (0.0, 65.0):
        assert mtf50_ratio(pair_of(eye, moved(eye, Sweep(arc(20.0, direction_deg=direction))))).value == pytest.approx(1 / 20, rel=0.02)
    # a disc of diameter d halves contrast at 0.705 / d
    assert mtf50_ratio(pair_of(eye, defocused(eye, 8.0))).value == pytest.approx(0.705 / 15.65 / 0.6034, rel=0.05)
    assert mtf50_ratio(pair_of(eye, moved(eye, Spread("roll", 0.1)))).value is None


@pytest.mark.parametrize(("first", "second"), [(1.6, 1.6), (0.5, 1.0), (1.0, 1.5)])
def test_dye_ratios_read_the_factors_off_the_pictures(first: float, second: float) -> None:
    """On the real haematoxylin and DAB picture each dye's ratio is its factor within 3 %, from 8-bit pictures."""
    healthy = Capture.of(immunohistochemistry()[:300, :300], kind="histopathology", stains="hdab")
    pair = pair_of(healthy, stained(healthy, first=first, second=second))
    assert haematoxylin_ratio(pair).value == pytest.approx(first, rel=0.03)
    assert second_dye_ratio(pair).value == pytest.approx(second, rel=0.03)


def test_a_blank_slide_has_no_dye_to_measure() -> None:
    """Glass alone gives no ratio, and says why."""
    blank = Capture.of(np.full((40, 40, 3), 240, np.uint8), kind="histopathology")
    assert haematoxylin_ratio(pair_of(blank, blank)).value is None
