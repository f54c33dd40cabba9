"""A badly shimmed field has the shape that its terms say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from disc_of_tissue import disc

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


def test_no_error_is_a_flat_field_and_draws_differ() -> None:
    """Without weights the field is 0; draws of one generator differ, of equal generators agree."""
    assert float(field_shape(disc(), ShimError((0.0, 0.0), (0.0, 0.0, 0.0), 0.0)).abs().max()) == 0
    rng = np.random.Generator(np.random.PCG64(4))
    first, second = draw_shim_error(rng), draw_shim_error(rng)
    assert first != second
    assert first == draw_shim_error(np.random.Generator(np.random.PCG64(4)))
