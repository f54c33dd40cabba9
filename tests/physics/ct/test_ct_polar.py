"""The two non-uniform transforms against the explicit sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from physics.ct.geometry import Grid
from physics.ct.polar import Lines, picture_of, spectrum_of

GRIDS = [Grid((24, 24), (1.0, 1.0)), Grid((23, 30), (1.3, 0.7)), Grid((16, 21), (0.5, 2.0))]


def waves(grid, lines):
    theta = np.arange(lines.n_views) * lines.turn / lines.n_views
    nu = np.arange(lines.n_frequencies) * lines.step_per_mm
    y = (np.arange(grid.shape[0]) - (grid.shape[0] - 1) / 2) * grid.spacing_mm[0]
    x = (np.arange(grid.shape[1]) - (grid.shape[1] - 1) / 2) * grid.spacing_mm[1]
    phase = np.einsum("t,n,x->tnx", np.cos(theta), nu, x)[:, :, None, :] + np.einsum("t,n,y->tny", np.sin(theta), nu, y)[:, :, :, None]
    return np.exp(-2j * math.pi * phase)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_spectrum_is_the_explicit_sum(grid, dtype):
    """Sign, axis, centre of odd and even grids, pixel area and anisotropic spacing, beyond the pixel band too."""
    lines = Lines(13, math.pi, 20, 0.05)
    picture = np.random.default_rng(1).standard_normal(grid.shape)
    expected = np.einsum("tnyx,yx->tn", waves(grid, lines), picture) * grid.spacing_mm[0] * grid.spacing_mm[1]
    found = spectrum_of(torch.tensor(picture, dtype=dtype), grid, lines=lines).numpy()
    assert np.abs(found - expected).max() < (3e-4 if dtype == torch.float32 else 1e-9) * np.abs(expected).max()


@pytest.mark.parametrize("grid", GRIDS)
def test_the_picture_is_the_explicit_sum(grid):
    """The sum of plane waves, real part."""
    lines = Lines(11, 2 * math.pi, 17, 0.04)
    rng = np.random.default_rng(2)
    spectrum = rng.standard_normal((11, 17)) + 1j * rng.standard_normal((11, 17))
    expected = np.einsum("tnyx,tn->yx", waves(grid, lines).conj(), spectrum).real
    found = picture_of(torch.tensor(spectrum), grid, lines=lines).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-8 * np.abs(expected).max())


def test_lines_inside_the_band_of_the_pixels_keep_only_these():
    """Outside |nu cos| < 1 / 2 dx, |nu sin| < 1 / 2 dy the band-limited picture has no spectrum; inside nothing changes; the picture sum drops the same."""
    grid = Grid((20, 25), (1.5, 0.8))
    whole, inside = Lines(16, math.pi, 30, 0.03), Lines(16, math.pi, 30, 0.03, inside=True)
    picture = torch.tensor(np.random.default_rng(3).standard_normal(grid.shape))
    theta, nu = np.arange(16)[:, None] * math.pi / 16, np.arange(30)[None] * 0.03
    kept = (np.abs(nu * np.sin(theta)) < 0.5 / 1.5) & (np.abs(nu * np.cos(theta)) < 0.5 / 0.8)
    all_, some = spectrum_of(picture, grid, lines=whole).numpy(), spectrum_of(picture, grid, lines=inside).numpy()
    assert 0.3 < kept.mean() < 0.95
    np.testing.assert_allclose(some, all_ * kept, atol=1e-9)
    np.testing.assert_allclose(picture_of(torch.tensor(all_), grid, lines=inside), picture_of(torch.tensor(all_ * kept), grid, lines=whole), atol=1e-9)


def test_shapes_are_checked():
    """A picture off the grid or a spectrum off the lines is an error."""
    grid, lines = Grid((8, 8), (1.0, 1.0)), Lines(4, math.pi, 5, 0.1)
    with pytest.raises(ValueError, match="grid"):
        spectrum_of(torch.zeros(8, 9), grid, lines=lines)
    with pytest.raises(ValueError, match="lines"):
        picture_of(torch.zeros(5, 4, dtype=torch.complex64), grid, lines=lines)
