"""The transform convention: centre, sign, size."""

from __future__ import annotations

import math

import pytest
import torch

from physics import fourier, phantoms

SHAPES = [(8, 6), (7, 9), (8, 5)]


def noise(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_transform_is_the_centred_double_sum(shape):
    """K[n] = N^(-1/2) sum x[r] exp(-2 pi i n.(r - N//2) / N) with n = 0, 1, ..., -1."""
    x = noise(shape)
    expected = torch.zeros(shape, dtype=torch.complex128)
    for i in range(shape[0]):
        for j in range(shape[1]):
            n0 = i if i < shape[0] - shape[0] // 2 else i - shape[0]
            n1 = j if j < shape[1] - shape[1] // 2 else j - shape[1]
            for r in range(shape[0]):
                for c in range(shape[1]):
                    turns = n0 * (r - shape[0] // 2) / shape[0] + n1 * (c - shape[1] // 2) / shape[1]
                    expected[i, j] += x[r, c] * complex(math.cos(2 * math.pi * turns), -math.sin(2 * math.pi * turns))
    torch.testing.assert_close(fourier.to_kspace(x), expected / math.sqrt(shape[0] * shape[1]), atol=1e-12, rtol=0)


@pytest.mark.parametrize("shape", SHAPES)
def test_back_and_forth_is_the_identity_and_the_inverse_is_the_adjoint(shape):
    """to_picture inverts to_kspace, and <F x, y> = <x, F^H y>."""
    x, y = noise(shape, 1), noise(shape, 2)
    torch.testing.assert_close(fourier.to_picture(fourier.to_kspace(x)), x, atol=1e-13, rtol=0)
    torch.testing.assert_close((fourier.to_kspace(x).conj() * y).sum(), (x.conj() * fourier.to_picture(y)).sum())


def test_frequencies_and_positions_are_written_out():
    """Even and odd lengths, zero frequency first, centre pixel N//2."""
    assert fourier.frequencies(6).tolist() == [0, 1, 2, -3, -2, -1]
    assert fourier.frequencies(5).tolist() == [0, 1, 2, -2, -1]
    assert fourier.positions(6).tolist() == [-3, -2, -1, 0, 1, 2]
    assert fourier.positions(5).tolist() == [-2, -1, 0, 1, 2]
    down, right = fourier.centred_grid((3, 2))
    assert down.tolist() == [[-1, -1], [0, 0], [1, 1]]
    assert right.tolist() == [[-1, 0], [-1, 0], [-1, 0]]


def test_one_axis_alone():
    """Transforming both axes one after the other is transforming the plane; the other axis is not touched."""
    x = noise((3, 8, 7))
    along_rows = fourier.to_kspace(x, axes=(-2,))
    torch.testing.assert_close(fourier.to_kspace(along_rows, axes=(-1,)), fourier.to_kspace(x))
    torch.testing.assert_close(along_rows[1, :, 4], fourier.to_kspace(x[1, :, 4], axes=(0,)))
    torch.testing.assert_close(fourier.to_picture(along_rows, axes=(-2,)), x)


@pytest.mark.parametrize("shape", [(64, 48), (63, 49)])
def test_gaussians_have_their_analytic_transform(shape):
    """An off-centre, turned, anisotropic Gaussian on anisotropic pixels agrees with the continuous transform up to its cut tails (1e-5)."""
    blobs = (phantoms.Gaussian((5.0, -7.0), (6.0, 3.5), 25.0, 1.0 + 0.5j), phantoms.Gaussian((-12.0, 9.0), (3.0, 5.0), -40.0, 0.7))
    spacing = (1.0, 1.4)
    found = fourier.to_kspace(phantoms.gaussians(shape, blobs, spacing_mm=spacing))
    torch.testing.assert_close(found, phantoms.gaussians_kspace(shape, blobs, spacing_mm=spacing), atol=1e-5, rtol=0)


def test_an_iteration_may_stay_rolled():
    """rolled, transform, inverse_transform and unrolled compose to the centred pair, odd sizes included."""
    x = noise((7, 6))
    torch.testing.assert_close(fourier.transform(fourier.rolled(x)), fourier.to_kspace(x))
    torch.testing.assert_close(fourier.unrolled(fourier.inverse_transform(fourier.to_kspace(x))), x)
    assert complex(fourier.rolled(x)[0, 0]) == complex(x[3, 3])
