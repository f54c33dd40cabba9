"""Wavelets against PyWavelets; sparse reconstruction against its optimality conditions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import pywt
import torch

from physics import phantoms
from physics.fourier import to_kspace, to_picture
from physics.mri import MRIScan
from physics.mri.acquire import acquire_kspace
from physics.mri.l1_wavelet import L1Wavelet, iterated, on_grid, shrunk, sparsest, thresholds
from physics.mri.sampling import keep_lines, line_priority
from physics.mri.wavelet import Wavelet, level_matrix
from physics.scan import acquire


def draw(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(seed))


def test_the_filter_is_daubechies_four():
    """The low-pass is PyWavelets' reconstruction filter; the level is orthogonal; the high-pass kills cubic polynomials."""
    matrix = level_matrix(32)
    np.testing.assert_allclose(matrix[0, :8], pywt.Wavelet("db4").rec_lo, atol=1e-10)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(32), atol=1e-10)
    for power in range(4):
        assert np.abs(matrix[16:28] @ (np.arange(32) / 32.0) ** power).max() < 1e-8
    with pytest.raises(ValueError, match="even"):
        level_matrix(7)


def test_a_level_is_that_of_pywavelets():
    """Approximation and details of each axis equal pywt's periodic transform of the picture rolled by 3, which is its choice of origin."""
    x = draw((64, 48)).real
    ours = Wavelet.of((64, 48), levels=1, dtype=torch.float64).analyse(x.to(torch.complex128)).real.numpy()
    approximation, (down, right, both) = pywt.dwt2(np.roll(x.numpy(), (-3, -3), axis=(0, 1)), pywt.Wavelet("db4"), mode="periodization")
    np.testing.assert_allclose(ours, np.block([[approximation, right], [down, both]]), atol=1e-8)


def test_levels_are_taken_of_the_approximation():
    """The second level is the first level's transform of its own upper left quarter; the bands of the first level stay."""
    x = draw((64, 48))
    one, two = (Wavelet.of((64, 48), levels=levels, dtype=torch.float64).analyse(x) for levels in (1, 2))
    torch.testing.assert_close(two[:32, :24], Wavelet.of((32, 24), levels=1, dtype=torch.float64).analyse(one[:32, :24]))
    assert torch.equal(two[32:], one[32:])
    assert torch.equal(two[:32, 24:], one[:32, 24:])


@pytest.mark.parametrize(("shape", "grid"), [((64, 48), (64, 48)), ((104, 163), (104, 168)), ((61, 50), (64, 56)), ((12, 70), (12, 70)), ((5, 9), (5, 9))])
def test_the_transform_is_orthonormal_on_any_size(shape, grid):
    """Synthesis inverts analysis on the grid and is its adjoint; energy is kept; the input is not touched; cutting undoes padding and is its adjoint."""
    wavelet, small = Wavelet.of(shape, dtype=torch.float64), draw(shape, 3)
    assert wavelet.grid == grid
    x, y = draw(grid, 1), draw(grid, 2)
    before = x.clone()
    coefficients = wavelet.analyse(x)
    torch.testing.assert_close(wavelet.synthesise(coefficients), x, atol=1e-9, rtol=0)
    torch.testing.assert_close((coefficients.conj() * y).sum(), (x.conj() * wavelet.synthesise(y)).sum(), atol=1e-8, rtol=0)
    assert torch.equal(x, before)
    assert torch.equal(wavelet.cut(wavelet.padded(small)), small)
    assert torch.equal(wavelet.cut(wavelet.extended(small)), small)
    torch.testing.assert_close((wavelet.cut(x).conj() * small).sum(), (x.conj() * wavelet.padded(small)).sum(), atol=1e-9, rtol=0)
    assert len(Wavelet.of((64, 64)).matrices) == 3
    assert Wavelet.of((64, 48)).matrices[1][1].shape == (24, 24)


def test_an_extension_leads_to_the_other_side():
    """A row that ends at 4 and begins at 1 goes on 3.25, 2.5, 1.75; columns likewise; their corner is the mean of both where they are products."""
    down, right = torch.linspace(1, 4, 13, dtype=torch.float64), torch.linspace(2, 5, 29, dtype=torch.float64)
    found = Wavelet.of((13, 29), levels=2, dtype=torch.float64).extended((down[:, None] * right).to(torch.complex128)).real
    longer = torch.cat([down, torch.tensor([3.25, 2.5, 1.75])]), torch.cat([right, torch.tensor([4.25, 3.5, 2.75])])
    torch.testing.assert_close(found, longer[0][:, None] * longer[1])


@pytest.mark.parametrize("shape", [(104, 168), (47, 41), (181, 217)])
@pytest.mark.parametrize(("coarse", "levels"), [(True, 3), (True, 4), (False, 4)])
def test_borders_are_thresholded_as_the_middle_is(shape, coarse, levels, oracle):
    """A flat picture stays flat to the last pixel, on any size; of noise on it no more is left beside a border than in the middle."""
    flat, maps, taken = torch.full(shape, 100.0, dtype=torch.complex128), torch.ones((1, *shape), dtype=torch.complex128), torch.ones(shape[1])
    found = iterated(flat, maps, taken, weight=0.05, n_steps=15, coarse=coarse, levels=levels).real
    oracle("mri_compressed_sensing", "a flat picture of any size stays flat at its borders", float(found.std()) / 100, below=1e-5)
    assert float(100 - found.mean()) == pytest.approx(5.8 if coarse else 0.0, abs=0.9 if coarse else 1e-9)
    noisy = flat + 5 * draw(shape).real
    left = (iterated(noisy, maps, taken, weight=0.01, n_steps=15, coarse=coarse, levels=levels).real - noisy.real).square()
    middle = torch.zeros(shape, dtype=torch.bool)
    middle[12:-12, 12:-12] = True
    taken_off = [float(part.mean().sqrt()) for part in (left[middle], left[-8:], left[:, -8:], left[:8], left[:, :8])]
    assert max(abs(beside / taken_off[0] - 1) for beside in taken_off[1:]) < 0.15


def test_a_smooth_picture_is_sparse():
    """Of a smooth blob all but the approximation is small: 99 % of the energy lies in the upper left eighth."""
    blob = phantoms.gaussians((64, 64), [phantoms.Gaussian((2.0, -3.0), (9.0, 8.0))])
    coefficients = Wavelet.of((64, 64), dtype=torch.float64).analyse(blob).abs().square()
    assert float(coefficients[:8, :8].sum() / coefficients.sum()) > 0.99


def test_the_soft_threshold_keeps_the_phase():
    """3 + 4i less 1 is 4/5 of it; what is below the threshold is 0."""
    found = shrunk(torch.tensor([3 + 4j, 0.3 - 0.4j, 0j], dtype=torch.complex128), torch.tensor(1.0, dtype=torch.float64))
    torch.testing.assert_close(found, torch.tensor([0.8 * (3 + 4j), 0j, 0j], dtype=torch.complex128))


@pytest.mark.parametrize(("n_coils", "phase_axis", "shape"), [(1, 0, (48, 40)), (4, 1, (48, 40)), (1, 1, (47, 41)), (4, 1, (52, 42))])
def test_the_solution_is_optimal(n_coils, phase_axis, shape):
    """|W A^H (A x - y)| <= lambda (1 + 1e-3) everywhere, and = lambda against the phase where a coefficient lives."""
    scan = MRIScan.of(phantoms.ellipses(shape, torch.float64), n_coils=n_coils, phase_axis=phase_axis)
    priority = line_priority(scan.n_lines, n_centre=9, power=1.0, rng=np.random.default_rng(0))
    scan = keep_lines(scan, priority, share=0.5)
    kspace, mask = acquire_kspace(scan), scan.lines[:, None] if phase_axis == 0 else scan.lines[None]
    maps = torch.ones((1, *shape), dtype=torch.complex128) if n_coils == 1 else scan.sensitivity.maps(shape)
    found = sparsest(kspace, maps, lines=scan.lines, phase_axis=phase_axis, weight=0.02, n_steps=2000)
    wavelet = Wavelet.of(shape, dtype=torch.float64)

    def adjoint(samples: torch.Tensor) -> torch.Tensor:
        return wavelet.padded((maps.conj() * to_picture(samples * mask)).sum(dim=0))

    whole = found
    if wavelet.grid != shape:  # of a larger grid the part beyond the picture too is such that the whole is sparsest
        taken = mask[0].double()
        whole = on_grid(wavelet.cut(adjoint(kspace)), maps, taken, weight=0.02, n_steps=2000, coarse=True, levels=3)
        torch.testing.assert_close(wavelet.cut(whole), found, atol=1e-9, rtol=0)
    threshold = 0.02 * wavelet.analyse(adjoint(kspace)).abs().max()
    gradient = wavelet.analyse(adjoint(to_kspace(maps * found) * mask - kspace))
    allowed = thresholds(wavelet, threshold, coarse=True).expand(wavelet.grid)
    assert float((gradient.abs() - allowed).max()) <= 1e-3 * float(threshold)
    coefficients = wavelet.analyse(whole)
    alive = coefficients.abs() > 1e-2 * float(coefficients.abs().max())
    expected = -allowed[alive] * coefficients[alive] / coefficients[alive].abs()
    torch.testing.assert_close(gradient[alive], expected, atol=2e-2 * float(threshold), rtol=0)


def test_lines_that_were_not_taken_are_not_heard():
    """Whatever stands in lines that were not sampled is ignored; ten times the signal is ten times the picture."""
    scan = MRIScan.of(phantoms.ellipses((32, 24), torch.float64))
    lines = torch.arange(32) % 3 != 1
    kspace, maps = acquire_kspace(scan), torch.ones((1, 32, 24), dtype=torch.complex128)
    one, other, tenfold = (sparsest(k, maps, lines=lines, phase_axis=0, weight=0.02, n_steps=5) for k in (kspace, kspace * lines[:, None], 10 * kspace))
    torch.testing.assert_close(one, other, atol=1e-12, rtol=0)
    torch.testing.assert_close(tenfold, 10 * one, atol=1e-11, rtol=0)


def test_full_sampling_is_one_soft_threshold():
    """With all lines and one coil the answer is W^H shrink(W x)."""
    scan = MRIScan.of(phantoms.ellipses((64, 48), torch.float64))
    found = sparsest(acquire_kspace(scan), torch.ones((1, 64, 48), dtype=torch.complex128), lines=None, phase_axis=0, weight=0.01, n_steps=3)
    wavelet = Wavelet.of((64, 48), dtype=torch.float64)
    coefficients = wavelet.analyse(scan.body.density)
    torch.testing.assert_close(found, wavelet.synthesise(shrunk(coefficients, 0.01 * coefficients.abs().max())), atol=1e-9, rtol=0)


@pytest.mark.parametrize("gain", [0.15, 0.45])
def test_the_steps_are_those_of_fista_with_restart(gain):
    """With maps of |s|^2 = gain, all lines and no threshold every pixel follows the scalar recursion of Beck and Teboulle, by hand, restarts included."""
    body = phantoms.ellipses((24, 16), torch.float64).to(torch.complex128) * complex(0.6, 0.8)
    maps = torch.full((1, 24, 16), gain**0.5 * complex(0.8, -0.6), dtype=torch.complex128)
    picture = ahead = gain  # share of the body; the zero-filled picture is the start
    momentum, restarts = 1.0, 0
    for n_steps in range(1, 31):
        following = ahead + gain * (1 - ahead)
        if (ahead - following) * (following - picture) > 0:
            share, momentum, restarts = 0.0, 1.0, restarts + 1
        else:
            larger = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
            share, momentum = (momentum - 1) / larger, larger
        ahead, picture = following + share * (following - picture), following
        if n_steps in (1, 2, 3, 5, 8, 30):
            found = sparsest(to_kspace(maps * body), maps, lines=None, phase_axis=0, weight=0.0, n_steps=n_steps)
            torch.testing.assert_close(found, picture * body, atol=1e-9, rtol=0)
    assert restarts > 0


def test_the_usual_number_of_steps_is_nearly_converged_and_beats_zero_filling():
    """40 steps are within 1 % of 400, and nearer to the source than zero filling."""
    source = 100 * phantoms.ellipses((96, 80))
    priority = line_priority(96, n_centre=9, power=1.5, rng=np.random.default_rng(0))
    scan = keep_lines(MRIScan.of(source), priority, share=0.5)
    usual, long = (acquire(scan.with_reconstruction(L1Wavelet(n_steps=steps))) for steps in (40, 400))
    assert float((usual - long).norm() / long.norm()) < 0.01
    assert float((usual - source).norm()) < 0.75 * float((acquire(scan) - source).norm())
