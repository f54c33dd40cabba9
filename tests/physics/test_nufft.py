"""Non-uniform transforms against the sum itself."""

from __future__ import annotations

import math

import pytest
import torch

from physics import fourier, nufft


def draw(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.complex128) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(seed)).to(dtype)


def direct(picture: torch.Tensor, omega: torch.Tensor) -> torch.Tensor:
    """The sum over all pixels, one frequency after the other."""
    grid = fourier.centred_grid(picture.shape)
    angle = sum(w[:, None] * g.flatten()[None] for w, g in zip(omega, grid, strict=True))
    return (torch.exp(-1j * angle) @ picture.to(torch.complex128).flatten()) / math.sqrt(picture.numel())


@pytest.mark.parametrize("shape", [(24, 18), (23, 17), (10, 9, 8), (15,)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.complex128, 1e-10), (torch.complex64, 1e-4)])
def test_samples_are_the_direct_sum(shape, dtype, tolerance):
    """Forty random frequencies agree with the direct sum, in both precisions, on odd and even sizes."""
    x = draw(shape, 0, dtype)
    omega = (torch.rand((len(shape), 40), dtype=torch.float64, generator=torch.Generator().manual_seed(1)) - 0.5) * 2 * math.pi
    found, exact = nufft.at_frequencies(x, omega), direct(x, omega)
    assert found.dtype == dtype
    assert float((found - exact).abs().max() / exact.abs().max()) < tolerance


@pytest.mark.parametrize("shape", [(24, 18), (23, 17), (10, 9, 8), (41, 36, 38), (15,)])
@pytest.mark.parametrize(
    ("dtype", "eps", "tolerance"),
    [(torch.complex128, None, 1e-10), (torch.float64, 1e-6, 1e-5), (torch.complex64, None, 1e-4), (torch.float32, 5e-4, 2e-3)],
)
def test_a_kept_spectrum_gives_the_direct_sum(shape, dtype, eps, tolerance):
    """Real and complex pictures, asked twice at frequencies in and beyond the first period: every kernel width is deconvolved by its own transform."""
    x = draw(shape, 0).real.to(dtype) if dtype in (torch.float64, torch.float32) else draw(shape, 0, dtype)
    samples = nufft.kept(x, n_axes=len(shape), eps=eps)
    for seed in (1, 2):
        omega = (torch.rand((len(shape), 40), dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) - 0.5) * 4 * math.pi
        found, exact = samples(omega), direct(x, omega)
        assert found.dtype == (torch.complex128 if dtype in (torch.complex128, torch.float64) else torch.complex64)
        assert float((found - exact).abs().max() / exact.abs().max()) < tolerance
    assert torch.equal(samples(omega), found)
    with pytest.raises(ValueError, match="axes"):
        nufft.kept(x, n_axes=len(shape) + 1)


def test_on_the_grid_it_is_the_fft():
    """omega = 2 pi n / N gives to_kspace, entry by entry."""
    x = draw((12, 9), 2)
    w0, w1 = torch.meshgrid(*(2 * math.pi * fourier.frequencies(n) / n for n in x.shape), indexing="ij")
    torch.testing.assert_close(nufft.at_frequencies(x, torch.stack([w0.flatten(), w1.flatten()])).reshape(12, 9), fourier.to_kspace(x), atol=1e-9, rtol=0)


@pytest.mark.parametrize("shape", [(14, 11), (13, 12)])
def test_the_adjoint_is_the_adjoint(shape):
    """<A x, y> = <x, A^H y> for stacks of pictures, shapes checked first."""
    x, y = draw((3, *shape), 3), draw((3, 25), 4)
    omega = (torch.rand((2, 25), dtype=torch.float64, generator=torch.Generator().manual_seed(5)) - 0.5) * 2 * math.pi
    forward, back = nufft.at_frequencies(x, omega), nufft.from_frequencies(y, omega, grid=shape)
    assert forward.shape == (3, 25)
    assert back.shape == (3, *shape)
    torch.testing.assert_close((forward.conj() * y).sum(), (x.conj() * back).sum(), atol=1e-9, rtol=1e-9)


def test_stacks_keep_their_order():
    """Each picture of a stack gives its own samples."""
    x = draw((2, 10, 8), 6)
    omega = torch.tensor([[0.3, -1.2], [0.5, 2.0]], dtype=torch.float64)
    torch.testing.assert_close(nufft.at_frequencies(x, omega)[1], nufft.at_frequencies(x[1], omega))
    torch.testing.assert_close(nufft.at_frequencies(x[1], omega), direct(x[1], omega), atol=1e-9, rtol=0)


def test_single_precision_refuses_what_it_cannot_reach():
    """eps below 1e-5 in single precision is an error that names the limit."""
    with pytest.raises(ValueError, match="single precision"):
        nufft.at_frequencies(draw((8, 8), 7, torch.complex64), torch.zeros(2, 3), eps=1e-7)
    with pytest.raises(ValueError, match="single precision"):
        nufft.from_frequencies(draw((3,), 7, torch.complex64), torch.zeros(2, 3), grid=(8, 8), eps=1e-7)


def test_a_looser_eps_is_honoured_and_equal_input_gives_equal_bytes():
    """eps 1e-3 is less accurate than 1e-10; two runs agree bit for bit."""
    x = draw((32, 32), 8)
    omega = (torch.rand((2, 200), dtype=torch.float64, generator=torch.Generator().manual_seed(9)) - 0.5) * 2 * math.pi
    exact = direct(x, omega)
    loose, tight = (float((nufft.at_frequencies(x, omega, eps=eps) - exact).abs().max()) for eps in (1e-3, 1e-10))
    assert tight < 1e-8 < 1e-6 < loose < 2e-2
    y = draw((200,), 10)
    assert torch.equal(nufft.from_frequencies(y, omega, grid=(32, 32)), nufft.from_frequencies(y, omega, grid=(32, 32)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_planned_transform_is_the_same_sum_without_its_factor(dtype):
    """Both directions, bit for bit sqrt(N) times the others, in the precision of the frequencies, call after call."""
    shape, complex_ = (13, 10), torch.complex64 if dtype == torch.float32 else torch.complex128
    omega = ((torch.rand((2, 60), dtype=torch.float64, generator=torch.Generator().manual_seed(11)) - 0.5) * 2 * math.pi).to(dtype)
    forward, back = nufft.planned(omega, grid=shape), nufft.planned(omega, grid=shape, adjoint=True)
    for seed in (12, 13):
        x, y = draw(shape, seed, complex_), draw((60,), seed + 5, complex_)
        samples, picture = torch.from_numpy(forward(x.numpy())), torch.from_numpy(back(y.numpy()))
        assert samples.dtype == picture.dtype == complex_
        torch.testing.assert_close(samples / math.sqrt(130), nufft.at_frequencies(x, omega), rtol=1e-6, atol=0)
        torch.testing.assert_close(picture / math.sqrt(130), nufft.from_frequencies(y, omega, grid=shape), rtol=1e-6, atol=0)
