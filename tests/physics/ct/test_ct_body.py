"""Where the patient lies in the gantry, with a table below."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics.ct import CTScan
from physics.ct.body import body_distance_mm, body_radius_mm
from physics.ct.kernel import STANDARD


def scan_of(hu, spacing_mm):
    return CTScan.of(torch.tensor(hu), spacing_mm=spacing_mm, n0=1e5, kernel=STANDARD)


@pytest.mark.parametrize(("plate", "counts"), [((8, 30), False), ((9, 30), True), ((60, 4), False), ((60, 5), True)])
def test_what_is_thinner_than_eight_millimetres_is_no_patient(plate, counts):
    """At 1 by 2.5 mm: a plate of 8 rows or 4 columns is a table, one of 9 rows or 5 columns is not; of the patient each pixel counts, from the middle of the
    picture."""
    hu = np.full((121, 50), -1000.0)
    hu[10:41, 22:40] = 50.0
    hu[50 : 50 + plate[0], 3 : 3 + plate[1]] = 100.0
    y, x = (np.arange(121) - 60.0)[:, None], (np.arange(50) - 24.5)[None] * 2.5
    patient = (hu == 50.0) | ((hu == 100.0) & counts)
    np.testing.assert_allclose(np.sort(body_distance_mm(scan_of(hu, (1.0, 2.5)))), np.sort(np.hypot(y, x)[patient]))


def test_the_radius_holds_the_share_that_was_asked_for():
    """A disc of 80 mm about the isocentre: a share f of its pixels lies within 80 sqrt(f); a slice of air has no radius."""
    y, x = (np.arange(160) - 79.5)[:, None] * 1.2, (np.arange(180) - 89.5)[None]
    scan = scan_of(np.where(np.hypot(y, x) < 80, 0.0, -1000.0), (1.2, 1.0))
    for share in (0.25, 0.81, 0.99):
        assert body_radius_mm(scan, share=share) == pytest.approx(80 * share**0.5, abs=0.4)
    assert body_radius_mm(scan) == body_radius_mm(scan, share=0.99)
    assert body_radius_mm(scan_of(np.full((40, 40), -1000.0), (1.0, 1.0))) == 0.0
