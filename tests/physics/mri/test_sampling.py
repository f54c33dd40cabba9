"""Which lines are taken, and what a plain reconstruction makes of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex
from physics.mri.caipi import Lattice, SkippedLattice
from physics.mri.nyquist_ghost import EchoMismatch, mismatch_echoes
from physics.mri.radial import Radial, nyquist_spokes, read_radially
from physics.mri.sampling import every_rth, keep_lines, line_priority
from physics.mri.small_field import unfold_small_field
from physics.mri.spiral import Spiral
from physics.mri.wrap import fold
from physics.scan import acquire


def priority(n: int = 64, seed: int = 0, centre: int = 7, power: float = 2.0) -> np.ndarray:
    return line_priority(n, n_centre=centre, power=power, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("n", [64, 63])
def test_a_priority_names_every_line_once_the_centre_first(n):
    """The calibration lines come first, from zero frequency outwards."""
    order = priority(n)
    assert sorted(order.tolist()) == list(range(n))
    frequency = np.fft.ifftshift(np.arange(n) - n // 2)[order]
    assert frequency[:7].tolist() == [0, -1, 1, -2, 2, -3, 3]


def test_many_calibration_lines_still_come_first():
    """Fifty of sixty-four lines: zero frequency outwards, whatever the draw."""
    order = priority(64, centre=50)
    assert np.fft.ifftshift(np.arange(64) - 32)[order][:50].tolist() == [0, *(sign * n for n in range(1, 25) for sign in (-1, 1)), -25]


def test_every_rth_frequency_is_written_out():
    """Those n with n - offset divisible by the step, also where the matrix is no multiple of it: 0, 3, -3 of seven; 1, -3 of ten."""
    assert torch.nonzero(every_rth(7, step=3)).flatten().tolist() == [0, 3, 4]
    assert torch.nonzero(every_rth(10, step=4, offset=1)).flatten().tolist() == [1, 7]
    assert torch.nonzero(every_rth(9, step=4, offset=-1)).flatten().tolist() == [3, 4 + 4]


def test_masks_are_nested_and_counted():
    """Fewer lines are a subset of more lines; round(share N) lines are kept; a full scan stays the same object."""
    scan = MRIScan.of(phantoms.ellipses((64, 48)))
    masks = [keep_lines(scan, priority(), share=share).lines for share in (0.9, 0.5, 0.2, 0.02)]
    assert [int(mask.sum()) for mask in masks] == [58, 32, 13, 1]
    for more, fewer in pairwise(masks):
        assert not bool((fewer & ~more).any())
    assert bool(masks[-1][0])
    assert keep_lines(scan, priority(), share=1.0) is scan
    with pytest.raises(ValueError, match="share"):
        keep_lines(scan, priority(), share=0.0)
    with pytest.raises(ValueError, match="share"):
        keep_lines(scan, priority(), share=1.2)
    with pytest.raises(ValueError, match="once"):
        keep_lines(scan, priority(32), share=0.5)


def test_the_density_falls_with_frequency_as_declared():
    """The first line drawn beyond the centre has the chance (1 - |n| / (N/2 + 1))^power of the law, over 4000 draws."""
    rng = np.random.default_rng(1)
    first = [line_priority(32, n_centre=1, power=2.0, rng=rng)[1] for _ in range(4000)]
    frequency = np.abs(np.fft.ifftshift(np.arange(32) - 16))[first]
    n = np.abs(np.fft.ifftshift(np.arange(32) - 16))[1:]
    law = (1 - n / 17) ** 2
    assert frequency.mean() == pytest.approx((n * law).sum() / law.sum(), rel=0.04)
    assert np.mean(frequency <= 4) == pytest.approx(law[n <= 4].sum() / law.sum(), rel=0.05)
    flat = [line_priority(32, n_centre=1, power=0.0, rng=rng)[1] for _ in range(4000)]
    assert np.abs(np.fft.ifftshift(np.arange(32) - 16))[flat].mean() == pytest.approx(n.mean(), rel=0.03)


@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("offset", [0, 1])
def test_every_fourth_line_gives_four_equal_replicas(phase_axis, offset, oracle):
    """x_alias(y) = 1/R sum_m exp(2 pi i m l0 / R) x(y - m N / R): place, weight and phase, along the phase axis only."""
    scan = MRIScan.of(phantoms.ellipses((64, 48), torch.float64), phase_axis=phase_axis)
    n = scan.n_lines
    lines = every_rth(n, step=4, offset=offset)
    full = acquire_complex(scan)
    kspace_scan = scan.with_lines(lines) if offset == 0 else None
    expected = sum(np.exp(2j * np.pi * m * offset / 4) * torch.roll(full, m * n // 4, dims=phase_axis) for m in range(4)) / 4
    if kspace_scan is not None:
        torch.testing.assert_close(acquire_complex(kspace_scan), expected, atol=1e-12, rtol=0)
        single = MRIScan.of(phantoms.ellipses((64, 48), torch.float32), phase_axis=phase_axis).with_lines(lines)
        residual = float((acquire_complex(single) - expected).abs().max() / expected.abs().max())
        oracle("mri_undersampling", "every fourth line gives four replicas of weight 1/4, float32", residual, below=1e-5)
    else:
        from physics.fourier import to_kspace, to_picture

        mask = lines[:, None] if phase_axis == 0 else lines[None, :]
        torch.testing.assert_close(to_picture(to_kspace(full) * mask), expected, atol=1e-12, rtol=0)


def test_two_coils_combine_by_root_sum_of_squares():
    """Zero-filled with several coils: each coil's alias, squared, summed, rooted; no phase is left."""
    scan = MRIScan.of(phantoms.ellipses((48, 40), torch.float64), n_coils=3).with_lines(every_rth(48, step=3))
    maps = scan.sensitivity.maps((48, 40))
    coils = maps * scan.body.density
    aliased = sum(torch.roll(coils, m * 16, dims=1) for m in range(3)) / 3
    torch.testing.assert_close(acquire(scan), aliased.abs().square().sum(dim=0).sqrt(), atol=1e-10, rtol=0)
    assert float(acquire_complex(scan).imag.abs().max()) == 0


def test_a_scan_knows_whether_samples_are_missing():
    """Lines, spokes, interleaves, a lattice of a slab and a small field of view leave samples out; a ghost, a full set and a healthy scan do not."""
    scan = MRIScan.of(phantoms.ellipses((64, 48)))
    every = nyquist_spokes(scan.matrix)
    short = (
        keep_lines(scan, priority(), share=0.5),
        read_radially(scan, Radial(scan.matrix, every - 1)),
        scan.with_readout(Spiral(scan.matrix, 16, 15)),
        scan.with_event(SkippedLattice(Lattice(2, 2, 1), 0, 8)),
        fold(scan, share=0.8),
        unfold_small_field(scan, share=0.8, offset=0.0, step=2),
    )
    whole = (
        scan,
        scan.with_lines(torch.ones(64, dtype=torch.bool)),
        read_radially(scan, Radial(scan.matrix, every)),
        scan.with_readout(Spiral(scan.matrix, 16, 16)),
        mismatch_echoes(scan, EchoMismatch(10.0, 0.0)),
    )
    assert [one.undersampled for one in short] == [True] * len(short)
    assert [one.undersampled for one in whole] == [False] * len(whole)
