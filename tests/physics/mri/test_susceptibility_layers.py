"""The sheets that a slice alone is rounded off with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics.fourier import centred_grid
from physics.mri import MRIScan
from physics.mri.cavities import materials, rounded_height_mm
from physics.mri.susceptibility import AIR_PPM, TISSUE_PPM, layers_of


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (1.2, 0.9)])
def test_sheets_reach_from_the_slice_to_the_top_of_the_body(spacing: tuple[float, float]) -> None:
    """Twenty on either side without gaps, each 1.3 times as thick as the one nearer to the slice, the last one ending where the ball does; all that is
    stacked over a place is as much tissue as the body is high there."""
    down, right = (at * step for at, step in zip(centred_grid((91, 110)), spacing, strict=True))
    body = MRIScan.of(torch.where(torch.hypot(down, right) < 30, 100.0, 0.0).double(), spacing_mm=spacing, phase=False).body
    layers = layers_of(body, None)
    height = rounded_height_mm(materials(body).body, spacing)
    for sign in (1, -1):
        own = sorted((layer for layer in layers if sign * (layer.low_mm + layer.high_mm) > 0), key=lambda layer: abs(layer.low_mm + layer.high_mm))
        assert len(own) == 20
        ends = np.array([sorted((abs(layer.low_mm), abs(layer.high_mm))) for layer in own])
        assert ends[0, 0] == 0
        np.testing.assert_allclose(ends[1:, 0], ends[:-1, 1])
        np.testing.assert_allclose(np.diff(ends[:, 1] - ends[:, 0]) / (ends[:-1, 1] - ends[:-1, 0]), 0.3, rtol=1e-9)
        assert ends[-1, 1] == pytest.approx(float(height.max()))
        stacked = sum(layer.ppm.double() * (layer.high_mm - layer.low_mm) for layer in own)
        assert float(stacked.sum()) == pytest.approx((TISSUE_PPM - AIR_PPM) * float(height.sum()), rel=1e-3)
