"""The rim of a narrow field and what lies outside of it, pixel by pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from physics.ct import CTScan
from physics.ct.kernel import STANDARD
from physics.ct.truncation import NarrowField
from physics.ct.truncation_measures import outside_share, rim_hu
from physics.display import Display
from physics.measure.pair import Pair, View


@pytest.mark.parametrize(("shape", "spacing_mm"), [((121, 90), (0.8, 1.3)), ((90, 121), (1.3, 0.8))])
def test_the_rim_is_eight_millimetres_about_the_isocentre(shape, spacing_mm):
    """An object at the lower right: the mean of a change that leans, over its pixels 22 to 30 mm from the middle of the picture; the share beyond 30."""
    y, x = (np.arange(shape[0]) - (shape[0] - 1) / 2)[:, None] * spacing_mm[0], (np.arange(shape[1]) - (shape[1] - 1) / 2)[None] * spacing_mm[1]
    inside = (y > -20) & (x > -5) & (np.hypot(y, x) < 45)
    reference = torch.tensor(np.where(inside, 60.0, -1000.0))
    scan = replace(CTScan.of(reference, spacing_mm=spacing_mm, n0=1e5, kernel=STANDARD), events=(NarrowField(30.0, "nothing"),))
    change = 3 * y + x + np.hypot(y, x) ** 2 / 10
    view = View("ct", "head", Display("brain 80/40", 0.0, 80.0), torch.tensor(inside), spacing_mm)
    pair = Pair(reference, reference + torch.tensor(change), view, None, scan)
    rim = inside & (np.hypot(y, x) > 22) & (np.hypot(y, x) < 30)
    assert rim_hu(pair).value == pytest.approx(change[rim].mean(), abs=1e-6)
    assert outside_share(pair).value == pytest.approx(100 * (np.hypot(y, x)[inside] > 30).mean())
