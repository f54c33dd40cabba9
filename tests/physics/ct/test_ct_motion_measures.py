"""How far a body moved: shifts on both axes and turns together."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from physics.ct import CTScan
from physics.ct.kernel import STANDARD
from physics.ct.motion import Moved
from physics.ct.motion_measures import largest_displacement, step_between_views
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.pose import Pose


@pytest.mark.parametrize("spacing_mm", [(0.5, 1.5), (1.5, 0.5)])
def test_shifts_of_both_axes_and_turns_add_in_squares(spacing_mm):
    """A rectangle of 60 by 30 pixels that stands at (-1, 7) mm, (5, -1) mm and (2, 3) mm, turned by 4, -8 and -2 degrees, off the middle of the picture: the
    mean pose is (2, 3) mm at -2 degrees; a turn by a moves a point at r by 2 r sin(a / 2), the mean of r^2 is that of the rectangle's variances."""
    mask = torch.zeros((100, 80), dtype=torch.bool)
    mask[30:90, 40:70] = True
    hu = torch.where(mask, 0.0, -1000.0)
    poses = (Pose((-1.0, 7.0), 4.0), Pose((5.0, -1.0), -8.0), Pose((2.0, 3.0), -2.0))
    scan = CTScan.of(hu, spacing_mm=spacing_mm, n0=1e5, kernel=STANDARD).with_events(Moved(poses))
    pair = Pair(hu, hu, View("ct", "head", Display("brain 80/40", 0.0, 80.0), mask, spacing_mm), None, scan)
    square = ((60**2 - 1) * spacing_mm[0] ** 2 + (30**2 - 1) * spacing_mm[1] ** 2) / 12

    def apart(shift_mm, turn_deg):
        return math.sqrt(np.sum(np.square(shift_mm)) + square * (2 * math.sin(math.radians(turn_deg) / 2)) ** 2)

    assert largest_displacement(pair).value == pytest.approx(apart((3, -4), 6))
    assert step_between_views(pair).value == pytest.approx(apart((6, -8), 12))
