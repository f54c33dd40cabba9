"""The skin that over-range takes, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt

from physics.ct.over_range_measures import skin_hu
from physics.display import Display
from physics.measure.pair import Pair, View


@pytest.mark.parametrize(("shape", "spacing_mm"), [((140, 70), (0.5, 1.1)), ((70, 140), (1.1, 0.5))])
def test_the_skin_is_six_millimetres_in_every_direction(shape, spacing_mm):
    """Of a body without symmetry the mean of a change that leans, over all pixels at most 6 mm from what is not body; HU of the reference play no part."""
    y, x = (np.arange(shape[0]) - 0.45 * shape[0])[:, None] * spacing_mm[0], (np.arange(shape[1]) - 0.55 * shape[1])[None] * spacing_mm[1]
    inside = (y / 24 + x / 60) ** 2 + (x / 22) ** 2 < 1
    skin = inside & (distance_transform_edt(inside, sampling=spacing_mm) <= 6.0)
    change = 2 * y - 3 * x + 0.1 * x**2
    reference = torch.tensor(np.where(inside, 60.0, -1000.0))
    view = View("ct", "abdomen", Display("abdomen 400/40", -160.0, 240.0), torch.tensor(inside), spacing_mm)
    assert skin_hu(Pair(reference, reference + torch.tensor(change), view)).value == pytest.approx(change[skin].mean(), abs=1e-6)
