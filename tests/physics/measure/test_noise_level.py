"""Contrast to noise in whatever native unit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics.display import Display
from physics.measure.noise_level import cnr
from physics.measure.pair import Pair, View


@pytest.mark.parametrize(("dark", "bright", "sigma"), [(-100.0, 60.0, 8.0), (-900.0, -740.0, 8.0), (0.2, 1.0, 0.04), (20000.0, 36000.0, 800.0)])
def test_contrast_to_noise_has_no_unit(dark, bright, sigma):
    """Two tissues 20 sigma apart have a ratio of 20 in HU below and about zero, in magnitudes of one and of thousands."""
    tissues = np.full((256, 256), dark)
    tissues[:, 128:] = bright
    rng = np.random.default_rng(0)
    reference, degraded = (tissues + sigma * rng.standard_normal(tissues.shape) * share for share in (0.2, 1.0))
    view = View("ct", "abdomen", Display("wide", dark - 20 * sigma, bright + 20 * sigma), torch.ones(256, 256, dtype=torch.bool), None)
    assert cnr(Pair(torch.from_numpy(reference), torch.from_numpy(degraded), view)).value == pytest.approx(20, rel=0.03)
