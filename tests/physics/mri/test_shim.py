"""A badly shimmed field has the shape that its terms say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from disc_of_tissue import disc

from physics.mri import MRIScan
from physics.mri.shim import ShimError, draw_shim_error, field_shape, spread, tissue_mask

Oracle = Callable[..., None]


@pytest.mark.parametrize(
    ("error", "term"),
    [
        (ShimError((1.0, 0.0), (0.0, 0.0, 0.0), 0.0), lambda d, r: d),
        (ShimError((0.0, -0.3), (0.0, 0.0, 0.0), 0.0), lambda d, r: -r),
        (ShimError((0.0, 0.0), (0.5, 0.0, 0.0), 0.0), lambda d, r: d**2 + r**2),
        (ShimError((0.0, 0.0), (0.0, 2.0, 0.0), 0.0), lambda d, r: d**2 - r**2),
        (ShimError((0.0, 0.0), (0.0, 0.0, 1.0), 0.0), lambda d, r: 2 * d * r),
    ],
    ids=["down", "left", "round", "cross", "diagonal"],
)
def test_one_weight_gives_its_own_harmonic(error: ShimError, term: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], oracle: Oracle) -> None:
    """Over tissue the shape is the harmonic about the middle of the body in millimetres, its range 1 and its median 0."""
    scan = disc()
    mask, shape = tissue_mask(scan.body), field_shape(scan, error)
    rows, columns = (place[mask].double() for place in torch.meshgrid(torch.arange(91), torch.arange(120), indexing="ij"))
    down, right = (rows - rows.mean()) * 2.0, (columns - columns.mean()) * 1.0
    wanted = term(down, right)
    wanted = (wanted - wanted.median()) / float(np.subtract(*np.quantile(wanted.numpy(), (0.98, 0.02))))
    oracle("mri_banding", "shape of a field with one harmonic", float((shape[mask] - wanted).abs().max()), below=1e-9)
    assert spread(shape, mask) == pytest.approx(1.0)
    assert float(shape[mask].median()) == pytest.approx(0.0, abs=1e-12)


def test_weights_are_of_unit_ranges() -> None:
    """Two terms weigh as their weights say, each over its own range over tissue, whatever their size in millimetres."""
    scan = disc()
    mask = tissue_mask(scan.body)
    one = [ShimError((1.0, 0.0), (0.0, 0.0, 0.0), 0.0), ShimError((0.0, 0.0), (0.0, 0.0, 1.0), 0.0)]
    wanted = 0.7 * field_shape(scan, one[0]) - 0.4 * field_shape(scan, one[1])
    wanted = (wanted - wanted[mask].median()) / spread(wanted, mask)
    found = field_shape(scan, ShimError((0.7, 0.0), (0.0, 0.0, -0.4), 0.0))
    torch.testing.assert_close(found, wanted, atol=1e-9, rtol=0)


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e4])
def test_tissue_is_told_from_air_in_any_unit(unit: float) -> None:
    """A hole of a hundredth of the signal is no tissue, one of a third is; nor is the air that the outline takes along."""
    picture = disc().body.density.abs().clone()
    whole = picture > 0.5 * picture.max()
    picture[40:44, 60:64] = 0.01 * float(picture.max())
    picture[50:54, 60:64] = 0.33 * float(picture.max())
    mask = tissue_mask(MRIScan.of(unit * picture, spacing_mm=(2.0, 1.0), phase=False).body)
    assert not bool(mask[40:44, 60:64].any())
    assert bool(mask[50:54, 60:64].all())
    assert int((mask & ~whole).sum()) == 0


def test_slopes_point_anywhere() -> None:
    """Directions of drawn slopes are even over the turn, their size 0.2 to 1: means within three standard errors of 0."""
    rng = np.random.Generator(np.random.PCG64(1))
    slopes = np.array([draw_shim_error(rng).slopes for _ in range(600)])
    size = np.hypot(*slopes.T)
    assert 0.2 - 1e-3 < size.min() < 0.25
    assert 0.95 < size.max() < 1 + 1e-3
    assert np.abs(slopes.mean(axis=0)).max() < 3 * np.sqrt(np.square(slopes).mean() / 600)
    assert np.square(slopes).mean(axis=0) == pytest.approx(np.square(size).mean() / 2, rel=0.15)


def test_no_error_is_a_flat_field_and_draws_differ() -> None:
    """Without weights the field is 0; draws of one generator differ, of equal generators agree."""
    assert float(field_shape(disc(), ShimError((0.0, 0.0), (0.0, 0.0, 0.0), 0.0)).abs().max()) == 0
    rng = np.random.Generator(np.random.PCG64(4))
    first, second = draw_shim_error(rng), draw_shim_error(rng)
    assert first != second
    assert first == draw_shim_error(np.random.Generator(np.random.PCG64(4)))
