"""Over-smoothing by sparsity: optimal, monotone, and true to what it says of texture."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.display import Display
from physics.fourier import positions, to_kspace, to_picture
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_kspace
from physics.mri.calibration import estimated_maps
from physics.mri.compressed_sensing import over_smooth, texture_kept
from physics.mri.l1_wavelet import iterated, on_grid, sparsest
from physics.mri.sampling import keep_lines, line_priority
from physics.mri.wavelet import Wavelet
from physics.scan import EditConflict, acquire

DRAWN = {"share": 0.3, "n_centre": 13, "power": 2.0, "mask_seed": 3, "noise_seed": 4}


@pytest.mark.parametrize(("shape", "phase_axis"), [((64, 48), 0), ((50, 61), 1)])
@pytest.mark.parametrize("weight", [0.003, 0.05])
def test_the_picture_is_optimal_and_the_way_there_goes_down(shape, phase_axis, weight, oracle):
    """With estimated maps: |W A^H (A x - y)| <= lambda (1 + 1e-3) in the end, and the objective never rises by more than the momentum's ripple."""
    scan = over_smooth(MRIScan.of(phantoms.ellipses(shape, torch.float64), phase_axis=phase_axis), weight=weight, **DRAWN)
    kspace, axis = acquire_kspace(scan), (slice(None), None) if phase_axis == 0 else (None, slice(None))
    mask, maps = scan.lines[axis], estimated_maps(kspace, lines=scan.lines, phase_axis=phase_axis)
    wavelet = Wavelet.of(shape, levels=2, dtype=torch.float64)

    def adjoint(samples):
        return wavelet.padded((maps.conj() * to_picture(samples * mask)).sum(dim=0))

    threshold = weight * float(wavelet.analyse(adjoint(kspace)).abs().max())
    detail = torch.ones(wavelet.grid, dtype=torch.float64)
    detail[: wavelet.grid[0] // 4, : wavelet.grid[1] // 4] = 0.0

    def solution(n_steps: int) -> torch.Tensor:
        """On the wavelets' grid, beyond the picture where that is larger."""
        start, swap = wavelet.cut(adjoint(kspace)), phase_axis == 0
        start, coils = (start.T, maps.transpose(1, 2)) if swap else (start, maps)
        found = on_grid(start, coils, mask.reshape(-1).double(), weight=weight, n_steps=n_steps, coarse=False, levels=2)
        return found.T if swap else found

    def objective(picture):
        misfit = (to_kspace(maps * wavelet.cut(picture)) * mask - kspace).abs().square().sum() / 2
        return float(misfit + threshold * (detail * wavelet.analyse(picture)).abs().sum())

    found = solution(1500)
    picture = sparsest(kspace, maps, lines=scan.lines, phase_axis=phase_axis, weight=weight, n_steps=1500, coarse=False, levels=2)
    torch.testing.assert_close(picture, wavelet.cut(found), atol=1e-9, rtol=0)
    slope = wavelet.analyse(adjoint(to_kspace(maps * picture) * mask - kspace)).abs()
    oracle("mri_compressed_sensing", "optimality: |W A^H (Ax - y)| over lambda, above 1", max(float(slope.max()) / threshold - 1, 0.0), below=1e-3)
    assert float((slope * (1 - detail)).max()) < 1e-3 * threshold  # the approximation fits the data without a pull towards zero
    course = [objective(solution(n)) for n in range(1, 60, 3)]
    rise = max(max(np.diff(course)) / course[-1], 0.0)
    oracle("mri_compressed_sensing", "the objective falls along the iteration", rise, below=1e-6)
    assert objective(found) <= course[-1] * (1 + 1e-9)


def test_the_shifts_of_the_transforms_cancel():
    """The iteration on plain transforms is that of the centred ones: two steps by hand with centred transforms, odd and even sizes."""
    for n in (24, 25):
        generator = torch.Generator().manual_seed(n)
        maps = torch.randn((3, 16, n), dtype=torch.complex128, generator=generator) / 4
        start = torch.randn((16, n), dtype=torch.complex128, generator=generator)
        taken = (torch.rand(n, generator=generator) < 0.5).double()

        def seen(picture, maps=maps, taken=taken):
            return (maps.conj() * to_picture(to_kspace(maps * picture, axes=(-1,)) * taken, axes=(-1,))).sum(dim=0)

        expected = start + start - seen(start)  # weight 0: a plain gradient step from the zero-filled picture
        torch.testing.assert_close(iterated(start, maps, taken, weight=0.0, n_steps=1), expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("shape", [(320, 48), (96, 64), (80, 34), (33, 176)])
def test_tiles_of_a_level_are_the_matrix(shape):
    """Analysis and synthesis of one level by tiles equal the products with the whole matrices, real and imaginary parts apart."""
    wavelet = Wavelet.of(shape, levels=1, dtype=torch.float64)
    x = torch.randn(wavelet.grid, dtype=torch.complex128, generator=torch.Generator().manual_seed(1))
    down, right = (matrix.to(torch.complex128) for matrix in wavelet.matrices[0])
    torch.testing.assert_close(wavelet.analyse(x), down @ x @ right.T, atol=1e-10, rtol=0)
    torch.testing.assert_close(wavelet.synthesise(x), down.T @ x @ right, atol=1e-10, rtol=0)


def test_single_precision_follows_double():
    """Forty steps in single precision are within 1e-5 of double."""
    shape = (96, 80)
    scan = keep_lines(
        MRIScan.of(phantoms.ellipses(shape, torch.float64), n_coils=4), line_priority(96, n_centre=13, power=2, rng=np.random.default_rng(0)), share=0.3
    )
    kspace, maps = acquire_kspace(scan), scan.sensitivity.maps(shape)
    double = sparsest(kspace, maps, lines=scan.lines, phase_axis=0, weight=0.01, n_steps=40)
    single = sparsest(kspace.to(torch.complex64), maps.to(torch.complex64), lines=scan.lines, phase_axis=0, weight=0.01, n_steps=40)
    assert float((single - double).norm() / double.norm()) < 1e-5


def test_texture_goes_before_shape():
    """A fine wave halved reads 50 % and a coarse one does not matter; a heavier weight leaves less texture of a textured body."""
    y, x = torch.meshgrid(positions(96), positions(96), indexing="ij")
    body = ((y / 40) ** 2 + (x / 36) ** 2 < 1).double()
    fine, coarse = torch.cos(2 * torch.pi * 0.3125 * x), torch.cos(2 * torch.pi * 4 * y / 96)
    view = View("mri", "head", Display("window", 0.0, 200.0), body > 0, (1.0, 1.0))
    assert texture_kept(Pair(100 + 8 * fine + 20 * coarse, 100 + 4 * fine + 5 * coarse, view)).value == pytest.approx(50.0, rel=1e-6)
    generator = torch.Generator().manual_seed(0)
    source = 100 * body + 6 * body * torch.randn(96, 96, dtype=torch.float64, generator=generator)
    healthy = MRIScan.of(source.clamp(min=0))
    kept = [texture_kept(Pair(source, acquire(over_smooth(healthy, weight=w, **DRAWN)), view)).value for w in (0.002, 0.01, 0.05)]
    assert kept[0] > kept[1] > kept[2]
    assert kept[2] < 40


def test_what_is_refused_and_what_noise_enters():
    """A weight of 0 and a second weight are refused; the noise that the shorter scan lacks is that of the source times sqrt(1 - share)."""
    healthy = MRIScan.of(phantoms.ellipses((64, 48)), source_sigma=0.02)
    one = over_smooth(healthy, weight=0.01, **DRAWN)
    assert one.events[0].sigma == pytest.approx(0.02 * 0.7**0.5)
    assert one.n_coils == 8
    with pytest.raises(ValueError, match="above 0"):
        over_smooth(healthy, weight=0.0, **DRAWN)
    with pytest.raises(EditConflict):
        over_smooth(one, weight=0.02, **DRAWN)


@pytest.mark.parametrize("axis", [0, 1])
def test_texture_lies_beyond_a_fifth_of_a_cycle_on_either_axis(axis):
    """On an oblong picture a wave of 0.25 cycles a pixel counts and one of 0.15 does not, along either axis."""
    shape = (80, 120)
    at = torch.meshgrid(*(positions(n) for n in shape), indexing="ij")[axis]
    fine, coarse = torch.cos(2 * torch.pi * 0.25 * at), torch.cos(2 * torch.pi * 0.15 * at)
    view = View("mri", "head", Display("window", 0.0, 200.0), torch.ones(shape, dtype=torch.bool), (1.0, 1.0))
    assert texture_kept(Pair(100 + 8 * fine + 20 * coarse, 100 + 6 * fine + 5 * coarse, view)).value == pytest.approx(75.0, rel=1e-6)
