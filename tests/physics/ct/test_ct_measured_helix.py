"""A slice of a measured helix, beside closed line integrals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from physics.ct.geometry import Fan
from physics.ct.measured_helix import Arc, Course, lines_of, on_regular_fan, rows_at

ARC = Arc(595.0, 1085.6, 2.2, 1.5, 300, 12, 148.75, 5.6)
FAN = Fan(595.0, 1085.6, 720, 300, 2.2, ARC.offset)
BODY = ((-50.0, 30.0, 9.0, 1.0), (35.0, -52.0, 8.0, 0.7), (20.0, 15.0, 12.0, 0.6))


def integral(theta, s):
    return sum(a * math.sqrt(2 * math.pi) * w * np.exp(-((s - x * np.cos(theta) - y * np.sin(theta)) ** 2) / (2 * w * w)) for x, y, w, a in BODY)


def course(n=720, *, feed_mm=0.0, **off):
    zero = np.zeros(n)
    phi = 0.3 + 2 * math.pi * np.arange(n) / 720
    return Course(phi, 40.0 + feed_mm * np.arange(n) / 720, **{key: off.get(key, zero) for key in ("off_angle_rad", "off_height_mm", "off_radius_mm")})


def test_a_spot_at_rest_sees_the_lines_of_the_fan():
    """theta = phi + gamma, s = R sin(gamma), with the offset of the central channel."""
    theta, s = lines_of(course(), ARC)
    np.testing.assert_allclose(s, np.broadcast_to(FAN.s_mm(), s.shape), atol=1e-9)
    turned = theta - (0.3 + FAN.theta()[:, None] + FAN.gamma())
    np.testing.assert_allclose(np.mod(turned + math.pi, 2 * math.pi) - math.pi, 0, atol=1e-9)
    assert not course().flies


def test_a_flying_spot_is_put_back(oracle):
    """A spot that jumps by 4 mm towards the isocentre and half a channel sideways, view by view: on the regular fan its rays are the closed integrals. Taken
    for those of a spot at rest they are off by many times as much."""
    jump = np.arange(1440) % 2
    zero = np.zeros(1440)
    flying = Course(0.3 + 2 * math.pi * np.arange(1440) / 1440, zero, 0.0019 * (jump - 0.5), zero, -4.0 * jump)
    assert flying.flies
    theta, s = lines_of(flying, ARC)
    found = on_regular_fan(integral(theta, s), theta, s, FAN)
    expected = integral(FAN.theta()[:, None] + FAN.gamma(), FAN.s_mm()[None])
    off = np.abs(found - expected).max() / expected.max()
    oracle("ct_low_dose", "rays of a flying focal spot on a regular fan, of the largest", off, below=0.01)
    ignored = integral(theta, s)[::2]
    rest = integral(0.3 + FAN.theta()[:, None] + FAN.gamma(), FAN.s_mm()[None])
    assert np.abs(ignored - rest).max() / rest.max() > 4 * off


@pytest.mark.parametrize("off_mm", [0.0, 0.6])
def test_the_row_that_passes_a_height(off_mm):
    """A central ray from the spot through the axis at the height hits the row found there; the spot's own height counts."""
    helix = course(720, feed_mm=6.0, off_height_mm=np.full(720, off_mm))
    for height in (41.0, 43.7):
        row = rows_at(helix, ARC, height)
        spot, detector = helix.height_mm + off_mm, helix.height_mm + (ARC.central_row - row) * ARC.row_mm
        np.testing.assert_allclose(spot + (detector - spot) * ARC.source_mm / ARC.detector_mm, height)
    assert np.all(np.diff(rows_at(course(720, feed_mm=6.0), ARC, 43.0)) > 0)  # the table moves on, the slice meets rows of less height
