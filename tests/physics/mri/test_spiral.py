"""Interleaves: where they sample, what they weigh, where their swirls begin."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.signal import fftconvolve
from scipy.special import j1

from physics import fourier, phantoms
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.radial import Radial, read_radially
from physics.mri.spiral import FIELD, OVERSAMPLING, SOFT_START, Spiral, clean_distance, interleaves_kept, keep_interleaves, read_spirally, spiral_path, winding
from physics.scan import EditConflict, acquire

NAME = "mri_spiral_undersampling"


def head(shape: tuple[int, int], *, dtype: torch.dtype = torch.float64, n_coils: int = 1) -> MRIScan:
    return MRIScan.of(100 * phantoms.ellipses(shape, dtype), n_coils=n_coils, seed=3)


def frequencies_of(spiral: Spiral, starts: np.ndarray, n_samples: int) -> torch.Tensor:
    """(2, interleaf, sample) in radians per pixel, written out: pi Theta(s) towards the angle start +- 2 pi n_turns Theta(s), axis 1 towards axis 0."""
    s = torch.linspace(0, 1, n_samples, dtype=torch.float64)
    wound = (1 + SOFT_START) * s**2 / (SOFT_START + s ** (4 / 3))
    turns = FIELD * max(spiral.matrix) / (2 * spiral.n_designed)
    angle = torch.from_numpy(np.radians(spiral.first_deg) + 2 * math.pi * starts)[:, None] + (1 if spiral.clockwise else -1) * 2 * math.pi * turns * wound
    return torch.stack([math.pi * wound * torch.sin(angle), math.pi * wound * torch.cos(angle)])


@pytest.mark.parametrize(("shape", "n_coils", "clockwise"), [((40, 33), 1, True), ((33, 40), 3, False), ((36, 36), 1, True)])
@pytest.mark.parametrize(("dtype", "below"), [(torch.float64, 1e-9), (torch.float32, 1e-4)])
def test_samples_are_the_direct_sum(shape, n_coils, clockwise, dtype, below, oracle):
    """Forty samples drawn from all interleaves are the sum over pixels of coil times density: sense of turning, axis, centre, coils and unit."""
    scan = head(shape, dtype=dtype, n_coils=n_coils)
    spiral = Spiral(shape, 8, 5, "even", 20.0, clockwise)
    found = acquire_kspace(read_spirally(scan, spiral))
    assert found.shape[:2] == (n_coils, 5)
    maps = torch.ones((1, *shape)) if scan.sensitivity is None else scan.sensitivity.maps(shape)
    chosen = torch.from_numpy(np.random.default_rng(0).choice(found[0].numel(), 40, replace=False))
    w = frequencies_of(spiral, np.arange(5) / 5, found.shape[2]).flatten(1)[:, chosen]
    rows, columns = fourier.centred_grid(shape)
    turns = w[0][:, None] * rows.flatten() + w[1][:, None] * columns.flatten()
    exact = (maps * scan.body.density).to(torch.complex128).flatten(1) @ torch.exp(-1j * turns).T / math.sqrt(OVERSAMPLING * rows.numel())
    residual = (found.flatten(1)[:, chosen] - exact).abs().max() / exact.abs().max()
    oracle(NAME, f"samples are the direct sum over pixels, {str(dtype)[6:]}", residual, below=below)


def test_a_gaussian_has_its_own_transform(oracle):
    """Off the centre, on an oblong odd grid, on every sample of a subset of interleaves."""
    y, x = fourier.centred_grid((60, 51))
    r0, s = (3.5, -6.0), 2.5
    scan = MRIScan.of(torch.exp(-((y - r0[0]) ** 2 + (x - r0[1]) ** 2) / (2 * s**2)), phase=False)
    spiral = Spiral((60, 51), 12, 7, "skipped", 11.0, False, 9)
    found = acquire_kspace(read_spirally(scan, spiral))[0]
    starts = np.sort(np.random.Generator(np.random.PCG64(9)).permutation(12)[:7]) / 12
    w = frequencies_of(spiral, starts, found.shape[1])
    exact = 2 * math.pi * s**2 * torch.exp(-(s**2) * (w**2).sum(0) / 2 - 1j * (w[0] * r0[0] + w[1] * r0[1])) / math.sqrt(60 * 51 * OVERSAMPLING)
    oracle(NAME, "a Gaussian's samples are its transform", (found - exact).abs().max() / exact.abs().max(), below=1e-8)


@pytest.mark.parametrize(("shape", "n_designed"), [((96, 96), 32), ((95, 70), 24), ((96, 96), 64)])
def test_all_interleaves_give_the_picture_back(shape, n_designed, oracle):
    """The full set gives the picture that frequencies up to pi make of the body, level included."""
    scan = head(shape)
    d = np.hypot(*np.meshgrid(*(np.arange(1 - n, n) for n in shape), indexing="ij"))
    circle = np.where(d == 0, math.pi / 4, j1(math.pi * d) / (2 * np.maximum(d, 1e-9)))
    expected = torch.from_numpy(fftconvolve(scan.body.density.numpy(), circle, mode="same"))
    found = acquire_complex(read_spirally(scan, Spiral(shape, n_designed, n_designed, first_deg=5.0)))
    oracle(NAME, "all interleaves give the circle of k-space back", (found - expected).norm() / expected.norm(), below=0.02)
    oracle(NAME, "the level of the picture is kept", (torch.vdot(expected.flatten(), found.flatten()) / expected.norm() ** 2 - 1).abs(), below=5e-3)


@pytest.mark.parametrize("kept", ["even", "skipped"])
def test_reading_and_gridding_are_adjoint(kept, oracle):
    """<grid s, x> = (m N / (2 pi)^2) <area s, read x> for random s and x; the areas tile the circle of radius pi."""
    generator = torch.Generator().manual_seed(4)
    shape = (21, 26)
    spiral = Spiral(shape, 9, 6, kept, 40.0, True, 3)
    _, area, _ = spiral_path(spiral)
    x = torch.randn((1, *shape), dtype=torch.complex128, generator=generator)
    read = spiral.sample(fourier.to_kspace(x))
    s = torch.randn(read.shape, dtype=torch.complex128, generator=generator)
    left = torch.vdot(spiral.picture(s).flatten(), x.flatten())
    right = OVERSAMPLING * 21 * 26 / (2 * math.pi) ** 2 * torch.vdot((area * s[0]).flatten(), read.flatten())
    oracle(NAME, "reading and gridding are adjoint", (left - right).abs() / right.abs(), below=1e-9)
    oracle(NAME, "areas of samples add up to the circle", area.sum() / math.pi**3 - 1, below=1e-3)


def test_arms_begin_where_the_gap_between_turns_says(oracle):
    """A point read with 8 of 32 interleaves stays what the circle makes of it up to 1.2 N / 4 pixels, within 3 %, and gains arms there."""
    n, n_designed, n_kept = 128, 32, 8
    picture = torch.zeros((n, n), dtype=torch.float64)
    picture[n // 2, n // 2] = 1
    psf = acquire_complex(read_spirally(MRIScan.of(picture, phase=False), Spiral((n, n), n_designed, n_kept)))
    rows, columns = fourier.centred_grid((n, n))
    radius = torch.hypot(rows, columns)
    circle = torch.from_numpy(np.where(radius == 0, math.pi / 4, j1(math.pi * radius.numpy()) / (2 * np.maximum(radius.numpy(), 1e-9))))
    extra, expected = (psf - circle).abs().square(), FIELD * n * n_kept / n_designed
    bins = torch.arange(10, 60)
    level = torch.stack([extra[(radius >= at - 0.5) & (radius < at + 0.5)].mean().sqrt() for at in bins])
    onset = float(bins[torch.nonzero(level > 0.5 * level.max()).flatten()[0]])
    oracle(NAME, "arms of a point begin at the field of view of the gaps", onset / expected - 1, below=0.03)
    inside, beyond = level[bins < 0.9 * expected].max(), level[bins >= expected].max()
    oracle(NAME, "nearer, a point gains nothing", inside / beyond, below=0.15)


@pytest.mark.parametrize(("shape", "n_designed"), [((96, 96), 32), ((61, 80), 7)])
def test_samples_follow_one_another_at_half_a_line(shape, n_designed):
    """Where the path is fastest, at its rim, samples are half a line of the larger side apart, times what the soft start takes from the rest: the winding ends
    with a speed of 2 - (4/3) / 1.02 in place of 2/3."""
    path = spiral_path(Spiral(shape, n_designed, 3))[0].numpy() * max(shape) / (2 * math.pi)
    steps = np.linalg.norm(np.diff(path, axis=2), axis=0)
    assert (OVERSAMPLING, SOFT_START) == (2, 0.02)
    assert steps.max() == pytest.approx(0.5 * (2 - 4 / 3 / 1.02) / (2 / 3), rel=0.01)


def test_the_winding_obeys_the_slew_rate():
    """It starts at rest, ends at 1, its derivative is its derivative, and in the second half the slew rate stays within 15 %."""
    s = np.linspace(0, 1, 20001)
    wound, speed = winding(s)
    assert (wound[0], wound[-1], speed[0]) == (0.0, 1.0, 0.0)
    np.testing.assert_allclose(np.gradient(wound, s)[2:-2], speed[2:-2], atol=2e-4)
    k = wound * np.exp(1j * 2 * math.pi * 10 * wound)
    slew = np.abs(np.gradient(np.gradient(k, s), s))[10000:-4]
    assert slew.std() / slew.mean() < 0.15
    assert np.abs(np.gradient(np.gradient(k, s), s))[2:10000].max() < 2.5 * slew.mean()


def test_the_sense_of_turning_shows():
    """Interleaves that turn the other way give another picture; of a picture mirrored along axis 0 they give the mirrored one."""
    shape = (41, 41)
    scan = MRIScan.of(phantoms.ellipses(shape, torch.float64), phase=False)
    mirrored = MRIScan.of(phantoms.ellipses(shape, torch.float64).flip(0), phase=False)
    one, other = (acquire(read_spirally(scan, Spiral(shape, 8, 3, first_deg=0.0, clockwise=sense))) for sense in (True, False))
    assert float((one - other).norm() / one.norm()) > 0.05
    torch.testing.assert_close(acquire(read_spirally(mirrored, Spiral(shape, 8, 3, first_deg=0.0, clockwise=False))).flip(0), one, rtol=0, atol=1e-9)


def test_all_interleaves_are_the_scan_itself():
    """A share of 1 is the scan object; subsets are nested and counted; what cannot be is refused; two readouts conflict in either order."""
    scan, full = head((40, 48)), Spiral((40, 48), 32, 32, "skipped", seed=4)
    assert keep_interleaves(scan, full, share=1.0) is scan
    few, fewer = (keep_interleaves(scan, full, share=share).readout for share in (0.5, 0.1))
    assert (few.n_kept, fewer.n_kept) == (16, 3)
    starts = [{tuple(np.round(row[:, 40].tolist(), 9)) for row in spiral_path(one)[0].transpose(0, 1)} for one in (few, fewer)]
    assert starts[1] < starts[0]
    for share in (0.0, 1.1):
        with pytest.raises(ValueError, match="share"):
            keep_interleaves(scan, full, share=share)
    with pytest.raises(ValueError, match="interleaves"):
        read_spirally(scan, Spiral((40, 48), 8, 9))
    spokes = Radial((40, 48), 9)
    with pytest.raises(EditConflict):
        read_radially(read_spirally(scan, full), spokes)
    with pytest.raises(EditConflict):
        read_spirally(read_radially(scan, spokes), full)


def test_interleaves_are_measured():
    """A quarter of the set; swirls begin a quarter of 1.2 fields away, on the coarser axis; lines keep all."""
    scan = MRIScan.of(phantoms.ellipses((48, 40)), spacing_mm=(1.0, 2.0))
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(48, 40, dtype=torch.bool), (1.0, 2.0))
    picture = acquire(scan)
    quarter = read_spirally(scan, Spiral((48, 40), 32, 8))
    assert interleaves_kept(Pair(picture, picture, view, scan, scan)).value == 100
    assert interleaves_kept(Pair(picture, picture, view, scan, quarter)).value == 25
    assert clean_distance(Pair(picture, picture, view, scan, quarter)).value == pytest.approx(1.2 * 48 * 2 / 4)
    assert clean_distance(Pair(picture, picture, view, scan, read_spirally(scan, Spiral((48, 40), 32, 8, "skipped")))).value is None
