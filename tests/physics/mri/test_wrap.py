"""A smaller field of view is a periodic sum, coil by coil, and one period of it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from physics.display import Display
from physics.fourier import centred_grid, positions, to_picture
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_kspace
from physics.mri.coils import Sensitivity
from physics.mri.wrap import FieldOfView, field_of_view, fold, folded_share, folding
from physics.scan import EditConflict, acquire

Oracle = Callable[..., None]
BLOBS = ((-17.0, 4.0, 3.0, 1.0), (11.5, -6.0, 4.0, 0.7), (19.0, 9.0, 2.5, 0.5))  # place along and across, width, height


def blobs(shape: tuple[int, int], phase_axis: int, *, by: float = 0.0) -> torch.Tensor:
    """Gaussians, complex, displaced along the phase-encode axis."""
    grid = centred_grid(shape)
    along, across = grid[phase_axis], grid[1 - phase_axis]
    parts = (
        height * torch.exp(-((along + by - y) ** 2 + (across - x) ** 2) / width**2) * torch.exp(torch.tensor(0.6j * n))
        for n, (y, x, width, height) in enumerate(BLOBS)
    )
    return sum(parts, torch.zeros(shape, dtype=torch.complex128))


def scan_of(shape: tuple[int, int], phase_axis: int, *, n_coils: int = 1) -> MRIScan:
    scan = MRIScan.of(torch.ones(shape, dtype=torch.float64), phase_axis=phase_axis, phase=False, n_coils=n_coils)
    return replace(scan, body=replace(scan.body, density=blobs(shape, phase_axis)))


@pytest.mark.parametrize("shape", [(72, 60), (71, 63)])
@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("share", [0.5, 0.7, 0.8371, 0.95])
def test_the_picture_is_the_periodic_sum(shape: tuple[int, int], phase_axis: int, share: float, oracle: Oracle) -> None:
    """sum over m of rho(y + m f N), analytically, whether f N is whole or not, within the field; nothing beyond it."""
    scan = scan_of(shape, phase_axis)
    picture = acquire(fold(scan, share=share))
    n = shape[phase_axis]
    expected = sum((blobs(shape, phase_axis, by=m * share * n) for m in range(-3, 4)), torch.zeros(shape, dtype=torch.complex128)).abs()
    inside = FieldOfView(share, 0.0).inside(n)
    weight = inside[:, None] if phase_axis == 0 else inside[None, :]
    oracle("mri_wrap_around", "the picture is the periodic sum", float((picture - expected * weight).abs().max()), below=2e-6)
    assert float(inside.sum()) == pytest.approx(share * n)


def test_every_coil_is_folded_with_its_own_weight(oracle: Oracle) -> None:
    """Whole f N: each coil picture is folded as it is, map times body, before they are combined."""
    shape, share = (64, 48), 0.75
    scan = scan_of(shape, 0, n_coils=4)
    pictures = to_picture(acquire_kspace(fold(scan, share=share)))
    assert scan.array is not None
    maps = Sensitivity.of(scan.array, None, matrix=shape, spacing_mm=(1.0, 1.0)).maps(shape)
    coils = maps * scan.body.density
    y = positions(64)
    expected = torch.zeros_like(coils)
    for m in (-1, 0, 1):
        source = (y + 48 * m + 32).long()
        known = (source >= 0) & (source < 64)
        expected[:, known] += coils[:, source[known]]
    oracle("mri_wrap_around", "coils are folded one by one", float((pictures - expected).abs().max()), below=1e-10)


def test_single_precision_folds_as_well(oracle: Oracle) -> None:
    """float32 against float64 on one noisy picture."""
    image = torch.rand((128, 96), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    exact = acquire(fold(MRIScan.of(image), share=0.7))
    oracle("mri_wrap_around", "float32 against float64", float((acquire(fold(MRIScan.of(image.float()), share=0.7)) - exact).abs().max()), below=1e-5)


@pytest.mark.parametrize("n", [48, 47])
def test_the_folding_matrix(n: int) -> None:
    """Identity for the full field; symmetric; one period apart is the same place; a step of the share is a small step of the matrix."""
    torch.testing.assert_close(folding(n, 1.0), torch.eye(n, dtype=torch.float64), atol=1e-12, rtol=0)
    half = folding(48, 0.5)
    torch.testing.assert_close(half[:24], half[24:], atol=1e-12, rtol=0)
    torch.testing.assert_close(half[:24, :24], torch.eye(24, dtype=torch.float64), atol=1e-12, rtol=0)
    assert torch.equal(folding(n, 0.83), folding(n, 0.83).T)
    assert float((folding(n, 0.8300001) - folding(n, 0.83)).abs().max()) < 1e-4


@pytest.mark.parametrize("n", [40, 41])
def test_the_field_lies_where_it_is_put(n: int) -> None:
    """-1 at the first edge, 1 at the last, 0 in the middle; the full field is the whole grid; the edge pixel counts by its part."""
    assert torch.equal(FieldOfView(1.0, 0.7).inside(n), torch.ones(n, dtype=torch.float64))
    first, last = FieldOfView(0.5, -1.0).inside(n), FieldOfView(0.5, 1.0).inside(n)
    assert float(first[: n // 2].min()) == pytest.approx(1.0)
    assert float(first[n // 2 + 1 :].max()) == pytest.approx(0.0, abs=1e-12)
    torch.testing.assert_close(last, first.flip(0), atol=1e-12, rtol=0)
    middle = FieldOfView(0.5, 0.0).inside(n)
    torch.testing.assert_close(middle, middle.flip(0), atol=1e-12, rtol=0)


def test_phase_encoding_alone_folds() -> None:
    """Along the readout nothing moves: a body that ends within the field along the lines is left as it is, whatever it does along the readout."""
    across = torch.rand(64, generator=torch.Generator().manual_seed(1), dtype=torch.float64) + 1
    image = torch.exp(-((positions(64) / 6) ** 2))[:, None] * across[None, :]
    picture = acquire(fold(MRIScan.of(image, phase_axis=0), share=0.6))
    torch.testing.assert_close(picture, image, atol=2e-4, rtol=0)
    assert float((acquire(fold(MRIScan.of(image, phase_axis=1), share=0.6)) - image).abs().max()) > 0.5


def test_one_field_of_view_a_scan() -> None:
    """A second field is a conflict; the full field and impossible ones are told apart."""
    scan = scan_of((32, 32), 0)
    assert fold(scan, share=1.0) is scan
    with pytest.raises(EditConflict, match="smaller one already"):
        fold(fold(scan, share=0.8), share=0.7)
    for share, offset in ((0.05, 0.0), (1.2, 0.0), (0.5, 1.5)):
        with pytest.raises(ValueError, match="field of view"):
            fold(scan, share=share, offset=offset)


def test_the_measures_read_the_field() -> None:
    """A uniform body over the whole grid loses the share of it that lies outside; a small one in the middle loses nothing."""
    full = MRIScan.of(torch.ones((50, 50), dtype=torch.float64))
    view = View("mri", "head", Display("window", 0.0, 2.0), torch.ones(50, 50, dtype=torch.bool), (1.0, 1.0))
    image = torch.ones((50, 50))
    pair = Pair(image, image, view, None, fold(full, share=0.7, offset=0.3))
    assert folded_share(pair).value == pytest.approx(30.0)
    assert field_of_view(pair).value == pytest.approx(70.0)
    assert folded_share(Pair(image, image, view, None, full)).value == 0.0
    # What the source holds in air is noise, no part of the body: a body that fits into the field folds nothing.
    noisy = torch.full((50, 50), 0.5, dtype=torch.float64)
    noisy[18:32, 18:32] = 100.0
    inside = MRIScan.of(noisy)
    assert bool(inside.body.support.any())
    assert int(inside.body.support.any(dim=1).sum()) < 30
    assert folded_share(Pair(image, image, view, None, fold(inside, share=0.7))).value == 0.0
