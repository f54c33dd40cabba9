"""Spokes: where they sample, what they weigh, where their streaks begin."""

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
from physics.mri.gridding import angular_share
from physics.mri.motion import Motion
from physics.mri.radial import GOLDEN_RAD, OVERSAMPLING, Radial, nyquist_spokes, read_radially, read_share, spokes_of_nyquist, streak_free_diameter
from physics.mri.sampling import every_rth
from physics.mri.scan import Stage
from physics.mri.sense import Sense
from physics.mri.thermal import add_noise
from physics.nufft import at_frequencies
from physics.pose import Pose
from physics.scan import EditConflict, acquire

NAME = "mri_radial_streaks"


def head(shape: tuple[int, int], *, dtype: torch.dtype = torch.float64, n_coils: int = 1) -> MRIScan:
    return MRIScan.of(100 * phantoms.ellipses(shape, dtype), n_coils=n_coils, seed=3)


def point(shape: tuple[int, int]) -> MRIScan:
    picture = torch.zeros(shape, dtype=torch.float64)
    picture[shape[0] // 2, shape[1] // 2] = 1
    return MRIScan.of(picture, phase=False)


def frequencies_of(radial: Radial) -> torch.Tensor:
    """(2, spoke, sample) in radians per pixel, written out from the definition: angles from axis 1 towards axis 0, minus to plus Nyquist."""
    n = max(radial.matrix)
    turn = math.pi * (math.sqrt(5) - 1) / 2 if radial.angles == "golden" else math.pi / radial.n_spokes
    angle = math.radians(radial.first_deg) + turn * torch.arange(radial.n_spokes, dtype=torch.float64)[:, None]
    k = torch.linspace(-math.pi, math.pi, OVERSAMPLING * n + 1, dtype=torch.float64)[None]
    late = [2 * math.pi / n * delay for delay in radial.delay_samples]
    return torch.stack([(k - late[0]) * torch.sin(angle), (k - late[1]) * torch.cos(angle)])


def direct(pictures: torch.Tensor, omega: torch.Tensor) -> torch.Tensor:
    """The sum over all pixels at each frequency (2, n): (coil, n)."""
    rows, columns = fourier.centred_grid(pictures.shape[-2:])
    turns = omega[0][:, None] * rows.flatten() + omega[1][:, None] * columns.flatten()
    return pictures.to(torch.complex128).flatten(1) @ torch.exp(-1j * turns).T / math.sqrt(rows.numel())


@pytest.mark.parametrize(("shape", "n_coils"), [((40, 33), 1), ((33, 40), 3), ((36, 36), 1)])
@pytest.mark.parametrize(("dtype", "below"), [(torch.float64, 1e-9), (torch.float32, 1e-4)])
def test_samples_are_the_direct_sum(shape, n_coils, dtype, below, oracle):
    """Forty samples drawn from all spokes, delays included, are the sum over pixels of coil times density: sign, axis, centre, coils and unit."""
    scan = head(shape, dtype=dtype, n_coils=n_coils)
    radial = Radial(shape, 17, "golden", 20.0, (0.7, -0.4))
    found = acquire_kspace(read_radially(scan, radial))
    assert found.shape == (n_coils, 17, OVERSAMPLING * 40 + 1) if 40 in shape else True
    maps = torch.ones((1, *shape)) if scan.sensitivity is None else scan.sensitivity.maps(shape)
    chosen = torch.from_numpy(np.random.default_rng(0).choice(found[0].numel(), 40, replace=False))
    exact = direct(maps * scan.body.density, frequencies_of(radial).flatten(1)[:, chosen]) / math.sqrt(OVERSAMPLING)
    residual = (found.flatten(1)[:, chosen] - exact).abs().max() / exact.abs().max()
    oracle(NAME, f"samples are the direct sum over pixels, {str(dtype)[6:]}", residual, below=below)


def test_a_gaussian_has_its_own_transform(oracle):
    """Off the centre, on an oblong odd grid: N^(-1/2) 2 pi s^2 exp(-s^2 w^2 / 2 - i w.r0), on every sample."""
    y, x = fourier.centred_grid((60, 51))
    r0, s = (3.5, -6.0), 2.5
    scan = MRIScan.of(torch.exp(-((y - r0[0]) ** 2 + (x - r0[1]) ** 2) / (2 * s**2)), phase=False)
    radial = Radial((60, 51), 20, "even", 11.0)
    w = frequencies_of(radial)
    exact = 2 * math.pi * s**2 * torch.exp(-(s**2) * (w**2).sum(0) / 2 - 1j * (w[0] * r0[0] + w[1] * r0[1])) / math.sqrt(60 * 51 * OVERSAMPLING)
    oracle(NAME, "a Gaussian's samples are its transform", (acquire_kspace(read_radially(scan, radial))[0] - exact).abs().max() / exact.abs().max(), below=1e-8)


def test_a_disc_has_the_transform_of_a_disc(oracle):
    """A disc drawn 12 times finer than a pixel: 2 pi a J1(w a) / w along the spokes up to a quarter of Nyquist, the pixel's own sinc taken out."""
    n, a, fine = 64, 19.3, 12
    at = (torch.arange(n * fine, dtype=torch.float64) + 0.5) / fine - 0.5 - n // 2
    disc = ((at[:, None] ** 2 + at[None] ** 2) <= a**2).double().reshape(n, fine, n, fine).mean(dim=(1, 3))
    radial = Radial((n, n), 9, "even", 3.0)
    found, w = acquire_kspace(read_radially(MRIScan.of(disc, phase=False), radial))[0] * n * math.sqrt(OVERSAMPLING), frequencies_of(radial)
    q = w.norm(dim=0)
    low = (q < math.pi / 4) & (q > 0)
    exact = 2 * math.pi * a * torch.from_numpy(j1((q * a).numpy())) / q * torch.sinc(w[0] / (2 * math.pi)) * torch.sinc(w[1] / (2 * math.pi))
    oracle(NAME, "a disc's samples are 2 pi a J1(w a) / w", (found - exact)[low].abs().max() / (math.pi * a**2), below=1e-3)


@pytest.mark.parametrize("n_spokes", [64, 90])
def test_streaks_begin_at_the_streak_free_diameter(n_spokes, oracle):
    """About a point the picture varies with direction only beyond 2 N_s / pi pixels, within 3 % of it."""
    n = 192
    psf = acquire_complex(read_radially(point((n, n)), Radial((n, n), n_spokes, "even"))).real
    angle = torch.arange(720, dtype=torch.float64) * 2 * math.pi / 720
    radius = torch.arange(8, 90, 0.25, dtype=torch.float64)
    # The picture between pixels, by its own spectrum.
    spots = torch.stack([radius[:, None] * torch.sin(angle), radius[:, None] * torch.cos(angle)]).flatten(1)
    spectrum = torch.fft.fftshift(fourier.to_kspace(psf))
    ring = at_frequencies(spectrum, -2 * math.pi * spots / n).reshape(len(radius), len(angle)).real
    swing = ring.std(dim=1)
    onset = float(radius[torch.nonzero(swing > 0.5 * swing.max()).flatten()[0]])
    expected = 2 * n_spokes / math.pi
    oracle(NAME, "streaks of a point begin 2 N_s / pi pixels from it", onset / expected - 1, below=0.03)
    clean = swing[radius < 0.9 * expected].max()
    oracle(NAME, "inside, a point varies with direction by nothing", float(clean / swing.max()), below=0.02)


def test_streaks_run_along_the_spokes_that_are_there():
    """One spoke along axis 1 samples frequencies of axis 1 only: the picture of a point is constant along axis 0."""
    psf = acquire_complex(read_radially(point((48, 40)), Radial((48, 40), 1, "even", 0.0)))
    assert float((psf - psf[:1]).abs().max()) < 1e-9
    assert float((psf - psf[:, :1]).abs().max()) > 1e-3
    tilted = acquire_complex(read_radially(point((48, 48)), Radial((48, 48), 1, "even", 45.0)))  # frequencies along down-right: constant along up-right
    assert float((tilted[20, 30] - tilted[25, 25]).abs()) < 1e-9
    assert float((tilted[20, 20] - tilted[25, 25]).abs()) > 1e-3


@pytest.mark.parametrize("shape", [(64, 64), (63, 50)])
@pytest.mark.parametrize("angles", ["even", "golden"])
def test_enough_spokes_give_the_picture_back(shape, angles, oracle):
    """Nyquist spokes give the picture of the lines within the circle of k-space; also its level: the centre weighs what it should."""
    scan = head(shape)
    d = np.hypot(*np.meshgrid(*(np.arange(1 - n, n) for n in shape), indexing="ij"))
    circle = np.where(d == 0, math.pi / 4, j1(math.pi * d) / (2 * np.maximum(d, 1e-9)))  # what frequencies up to pi make of a point
    expected = torch.from_numpy(fftconvolve(scan.body.density.numpy(), circle, mode="same"))
    found = acquire_complex(read_radially(scan, Radial(shape, nyquist_spokes(shape), angles, 5.0)))
    claim = f"Nyquist spokes, {angles}, give the circle of k-space back"
    oracle(NAME, claim, (found - expected).norm() / expected.norm(), below={"even": 0.02, "golden": 0.06}[angles])
    oracle(NAME, "the level of the picture is kept", (torch.vdot(expected.flatten(), found.flatten()) / expected.norm() ** 2 - 1).abs(), below=5e-3)


def test_reading_and_gridding_are_adjoint(oracle):
    """<grid s, x> = (m N / (2 pi)^2) <area s, read x> for random s and x."""
    generator = torch.Generator().manual_seed(4)
    shape = (21, 26)
    radial = Radial(shape, 9, "golden")
    x = torch.randn((1, *shape), dtype=torch.complex128, generator=generator)
    read = radial.sample(fourier.to_kspace(x))
    s = torch.randn(read.shape, dtype=torch.complex128, generator=generator)
    n, step = 26, math.pi / 26
    radius = torch.arange(-n, n + 1, dtype=torch.float64).abs() * step
    area = radius * step
    area[n], area[0], area[-1] = step**2 / 4, step * (math.pi - step / 4) / 2, step * (math.pi - step / 4) / 2
    share = torch.from_numpy(angular_share(GOLDEN_RAD * np.arange(9), period_rad=math.pi))
    left = torch.vdot(radial.picture(s).flatten(), x.flatten())
    right = OVERSAMPLING * 21 * 26 / (2 * math.pi) ** 2 * torch.vdot((area * share[:, None] * s[0]).flatten(), read.flatten())
    oracle(NAME, "reading and gridding are adjoint", (left - right).abs() / right.abs(), below=1e-9)
    assert float((area.sum() * share.sum()) / math.pi**3) == pytest.approx(1, rel=1e-9)  # together the circle of radius pi


def test_angles_share_the_circle():
    """Each direction stands for half its gaps: written out for three directions, one beyond the period."""
    share = angular_share(np.radians([10.0, 190.0 + 90.0, 40.0]), period_rad=math.pi)  # 10, 100, 40 degrees of 180
    np.testing.assert_allclose(np.degrees(share), [(30 + 90) / 2, (60 + 90) / 2, (30 + 60) / 2])


def test_a_delay_shifts_samples_along_the_spoke(oracle):
    """Both late by half a sample: step i reads what stood at step i - 1 (two steps a sample). A late axis 0 leaves a spoke along axis 1 alone."""
    scan, shape = head((48, 48)), (48, 48)
    plain = acquire_kspace(read_radially(scan, Radial(shape, 5, "golden", 10.0)))
    late = acquire_kspace(read_radially(scan, Radial(shape, 5, "golden", 10.0, (0.5, 0.5))))
    oracle(NAME, "a delay shifts samples along the spoke", (late[..., 1:] - plain[..., :-1]).abs().max() / plain.abs().max(), below=1e-9)
    along = [acquire_kspace(read_radially(scan, Radial(shape, 1, "even", 0.0, (delay, 0.0)))) for delay in (0.0, 0.8)]
    assert torch.equal(*along)
    assert not torch.equal(acquire(read_radially(scan, Radial(shape, 60, "even", 0.0, (0.5, 0.5)))), acquire(read_radially(scan, Radial(shape, 60, "even"))))


def test_noise_has_the_deviation_of_its_dose(oracle):
    """White noise on the samples of N_s even spokes gives pi^2 N / (12 N_s) of its variance in the picture, however densely a spoke is read."""
    n, n_spokes, sigma = 64, 50, 0.7
    radial = Radial((n, n), n_spokes, "even")
    scan = add_noise(MRIScan.of(torch.zeros((n, n), dtype=torch.float64)), sigma=sigma, seed=5)
    picture = acquire_complex(read_radially(scan, radial))
    variance = float(torch.view_as_real(picture).square().mean())
    expected = sigma**2 * math.pi**2 * n / (12 * n_spokes)
    error = math.sqrt(2 / (0.5 * n * n))  # of about half as many free values as pixels
    oracle(NAME, "noise variance pi^2 N / (12 N_s), in three standard errors", (variance / expected - 1) / (3 * error), below=1.0)


def test_all_spokes_are_the_scan_itself():
    """A share of 1 is the scan object; others count spokes; what cannot be is refused."""
    scan = head((40, 48))
    assert read_share(scan, share=1.0, angles="golden", first_deg=0.0) is scan
    assert read_share(scan, share=0.5, angles="golden", first_deg=0.0).readout.n_spokes == round(0.5 * round(math.pi * 24))
    assert read_share(scan, share=1e-4, angles="golden", first_deg=0.0).readout.n_spokes == 1
    for share in (0.0, 1.1):
        with pytest.raises(ValueError, match="share"):
            read_share(scan, share=share, angles="golden", first_deg=0.0)
    with pytest.raises(ValueError, match="matrix"):
        read_radially(scan, Radial((48, 40), 5))


def test_spokes_and_lines_exclude_each_other():
    """Fewer lines, motion by lines, an unfolding reconstruction and events on lines conflict with spokes in either order; noise does not."""
    scan, radial = head((32, 32)), Radial((32, 32), 20)
    spokes = read_radially(scan, radial)
    moving = Motion.constant(Pose((1.0, 0.0), 2.0), n_lines=32)

    class Spike:
        stage, rank = Stage.RECEIVER, 20

    for edit in (
        lambda s: s.with_lines(every_rth(32, step=2)),
        lambda s: s.with_motion(moving),
        lambda s: s.with_reconstruction(Sense()),
        lambda s: s.with_event(Spike()),
    ):
        with pytest.raises(EditConflict):
            edit(spokes)
        with pytest.raises(EditConflict):
            read_radially(edit(scan), radial)
    with pytest.raises(EditConflict):
        read_radially(spokes, Radial((32, 32), 21))
    assert torch.equal(acquire(read_radially(add_noise(scan, sigma=3.0, seed=1), radial)), acquire(add_noise(spokes, sigma=3.0, seed=1)))


def test_spokes_are_measured():
    """Thirty spokes of 75; streaks begin 2 * 30 / pi pixels of the coarser spacing away; lines have all and the diagonal."""
    scan = MRIScan.of(phantoms.ellipses((48, 40)), spacing_mm=(1.0, 2.0))
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(48, 40, dtype=torch.bool), (1.0, 2.0))
    picture = acquire(scan)
    assert spokes_of_nyquist(Pair(picture, picture, view, scan, scan)).value == 100
    assert streak_free_diameter(Pair(picture, picture, view, scan, scan)).value == pytest.approx(math.hypot(48, 80))
    few = read_radially(scan, Radial((48, 40), 30))
    assert spokes_of_nyquist(Pair(picture, picture, view, scan, few)).value == pytest.approx(100 * 30 / 75)
    assert streak_free_diameter(Pair(picture, picture, view, scan, few)).value == pytest.approx(2 * 2 * 30 / math.pi)
