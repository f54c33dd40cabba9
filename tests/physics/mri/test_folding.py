"""Regular aliasing against sums of shifted pictures, and its inverse against the body."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.fourier import frequencies, to_kspace, to_picture
from physics.mri import MRIScan
from physics.mri.accelerate import accelerated_lines, regular_sense
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.folding import divisible, folded, resized, stacked, unstacked, with_size
from physics.mri.regular_sense import AIR_PENALTY, air_penalty, unfold_regular
from physics.mri.sampling import every_rth
from physics.scan import acquire


def draw(shape, seed=0):
    return torch.randn(shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("shape", "phase_axis", "step"), [((12, 7), 0, 3), ((9, 8), 0, 3), ((7, 12), 1, 4), ((5, 15), 1, 5)])
def test_folding_is_the_sum_of_shifted_pictures(shape, phase_axis, step):
    """a(u) = sum of the picture at u + m N/R from the centre pixel, for every pixel; pixels are stacked in the same groups."""
    pictures = draw((2, *shape))
    found = folded(to_kspace(pictures), step=step, phase_axis=phase_axis)
    n = shape[phase_axis]
    for place in range(n // step):
        rows = [(place + m * n // step + n // 2) % n for m in range(step)]
        expected = pictures.index_select(phase_axis + 1, torch.tensor(rows)).sum(dim=phase_axis + 1)
        torch.testing.assert_close(found[place].T, expected, atol=1e-10, rtol=0)
        torch.testing.assert_close(stacked(pictures, step=step, phase_axis=phase_axis)[place].sum(dim=-1).T, expected, atol=1e-10, rtol=0)
    one = stacked(pictures[:1], step=step, phase_axis=phase_axis)[..., 0, :]
    assert torch.equal(unstacked(one, phase_axis=phase_axis), pictures[0])


@pytest.mark.parametrize(("n", "size"), [(10, 12), (9, 12), (10, 15), (9, 15)])
def test_a_finer_grid_shows_the_same_picture(n, size):
    """More lines leave a smooth picture its level and its place, and fewer give it back; sizes even and odd."""
    index = torch.arange(n, dtype=torch.float64)
    wave = torch.exp(2j * torch.pi * 2 * (index - n // 2) / n)[:, None] * torch.ones(1, 4)
    fine = torch.arange(size, dtype=torch.float64)
    expected = torch.exp(2j * torch.pi * 2 * (fine - size // 2) / size)[:, None] * torch.ones(1, 4)
    larger = to_picture(with_size(to_kspace(wave[None]), n_lines=size, phase_axis=0))[0]
    torch.testing.assert_close(larger, expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(resized(larger, n_lines=n, phase_axis=0), wave, atol=1e-12, rtol=0)
    assert divisible(10, step=4) == 12
    assert divisible(12, step=4) == 12


@pytest.mark.parametrize(("n", "size"), [(9, 12), (9, 15), (10, 13), (12, 9), (15, 10), (13, 11)])
@pytest.mark.parametrize("phase_axis", [0, 1])
def test_every_line_keeps_its_frequency(n, size, phase_axis):
    """On another number of lines, odd or even, each frequency that both hold has its own sample times (size / n)^(1/2), and the others are empty."""
    lined = draw((2, n, 3), 7)
    found = with_size(lined if phase_axis == 0 else lined.transpose(1, 2), n_lines=size, phase_axis=phase_axis)
    found = found if phase_axis == 0 else found.transpose(1, 2)
    stored = {int(f): index for index, f in enumerate(frequencies(n))}
    for index, f in enumerate(frequencies(size)):
        wanted = lined[:, stored[int(f)]] * (size / n) ** 0.5 if int(f) in stored else torch.zeros(2, 3, dtype=torch.complex128)
        torch.testing.assert_close(found[:, index], wanted)


@pytest.mark.parametrize(("shape", "phase_axis", "step"), [((64, 48), 0, 2), ((63, 49), 0, 3), ((50, 64), 1, 4)])
def test_exact_maps_without_noise_unfold_the_body(shape, phase_axis, step, oracle):
    """Every R-th line and the true maps give back the complex body, whatever the covariance."""
    scan = MRIScan.of(phantoms.ellipses(shape, torch.float64), n_coils=8, phase_axis=phase_axis)
    kspace = acquire_kspace(scan.with_lines(every_rth(scan.n_lines, step=step)))
    maps = scan.sensitivity.maps(shape)
    found = unfold_regular(kspace, maps, step=step, phase_axis=phase_axis, covariance=scan.array.covariance())
    oracle("mri_sense_noise", "exact maps unfold the body without noise", float((found - scan.body.density).norm() / scan.body.density.norm()), below=1e-5)


def test_the_covariance_and_the_penalty_enter_the_equations():
    """x = (S^H Psi^-1 S + p)^-1 S^H Psi^-1 a against a dense solution of one column of pixels."""
    maps, kspace = draw((3, 6, 2), 1), draw((3, 6, 2), 2)
    mixing = draw((3, 3), 3).numpy()
    covariance = mixing @ mixing.conj().T + np.eye(3)
    penalty = torch.rand(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    found = unfold_regular(kspace, maps, step=3, phase_axis=0, covariance=covariance, penalty=penalty)
    aliased = folded(kspace, step=3, phase_axis=0).numpy()
    weight = np.linalg.inv(covariance)
    for place in range(2):
        rows = [(place + 2 * m + 3) % 6 for m in range(3)]
        for column in range(2):
            s = maps[:, rows, column].numpy()
            system = s.conj().T @ weight @ s + np.diag(penalty[rows, column].numpy())
            np.testing.assert_allclose(found[rows, column], np.linalg.solve(system, s.conj().T @ weight @ aliased[place, column]), atol=1e-10)
    with pytest.raises(ValueError, match="not divisible"):
        unfold_regular(kspace, maps, step=4, phase_axis=0, covariance=covariance)


@pytest.mark.parametrize(("shape", "phase_axis", "step"), [((96, 80), 0, 3), ((80, 97), 1, 3)])
def test_estimated_maps_leave_little_aliasing(shape, phase_axis, step):
    """Maps from the calibration lines: the source to 6 %, on sizes that the step does not divide, well below zero filling."""
    source = 100 * phantoms.ellipses(shape)
    scan = MRIScan.of(source, n_coils=8, phase_axis=phase_axis)
    unfolding = regular_sense(scan, step=step, n_centre=24)
    found = acquire(unfolding)
    assert float((found - source).norm() / source.norm()) < 0.06
    plain = acquire(scan.with_lines(unfolding.lines))
    assert float((found - source).norm()) < 0.4 * float((plain - source).norm())


@pytest.mark.parametrize("width", [9, 13])
def test_air_is_told_from_the_picture_of_the_centre(width):
    """The penalty is 4 (1 - (p / level)^2), p the picture of width lines and samples under numpy's own Hann window, level a tenth of its 99th percentile."""
    kspace = acquire_kspace(MRIScan.of(100 * phantoms.ellipses((64, 49), torch.float64), n_coils=3))
    centred = np.fft.fftshift(kspace.numpy(), axes=(1, 2))
    for axis, n in ((1, 64), (2, 49)):
        window = np.zeros(n)
        window[n // 2 - width // 2 : n // 2 + width // 2 + 1] = np.hanning(width + 2)[1:-1]
        centred = centred * (window[:, None] if axis == 1 else window[None, :])
    shown = np.sqrt((np.abs(to_picture(torch.from_numpy(np.fft.ifftshift(centred, axes=(1, 2)))).numpy()) ** 2).sum(axis=0))
    told = 4 * (1 - (shown / (0.1 * np.quantile(shown, 0.99))) ** 2).clip(min=0)
    found = air_penalty(kspace, width=width, phase_axis=0)
    np.testing.assert_allclose(found, told, atol=1e-9)
    assert float(found[32, 24]) == 0.0
    assert float(found.max()) > 3.9


def test_calibration_lines_only_calibrate_and_air_is_damped():
    """Lines between the regular ones that lie outside the calibration do not matter; noise in air is shrunk to about a fifth."""
    scan = regular_sense(MRIScan.of(100 * phantoms.ellipses((96, 80)), n_coils=8), step=2, n_centre=16)
    assert torch.equal(scan.lines, accelerated_lines(96, step=2, n_centre=16))
    assert int((frequencies(96).abs() <= 7.5).sum()) == 15
    more = scan.lines.clone()
    more[21] = True
    kspace = acquire_kspace(scan)
    other = kspace.clone()
    other[:, 21] = 3.0
    one = scan.reconstruction(kspace, lines=scan.lines, phase_axis=0)
    torch.testing.assert_close(scan.reconstruction(other, lines=more, phase_axis=0), one)
    torch.testing.assert_close(acquire_complex(scan), one)
    assert AIR_PENALTY == 4.0
    with pytest.raises(ValueError, match="at least 2"):
        regular_sense(scan, step=1, n_centre=16)


@pytest.mark.parametrize("n_lines", [96, 97])
@pytest.mark.parametrize("n_centre", [9, 15])
def test_as_many_calibration_lines_as_asked(n_lines, n_centre):
    """Beside the multiples of the step, the n_centre lines about frequency 0 and no other."""
    taken = accelerated_lines(n_lines, step=7, n_centre=n_centre)
    found = {int(k) for k, kept in zip(frequencies(n_lines), taken, strict=True) if kept}
    regular = {k for k in range(-(n_lines // 2), (n_lines + 1) // 2) if k % 7 == 0}
    assert found == regular | set(range(-(n_centre // 2), n_centre // 2 + 1))


@pytest.mark.parametrize(("shape", "phase_axis", "step", "width"), [((48, 40), 0, 3, 9), ((40, 50), 1, 3, 9), ((45, 36), 0, 2, 13), ((36, 46), 1, 4, 11)])
def test_no_line_that_was_not_taken_enters(shape, phase_axis, step, width):
    """Whatever stands at lines that are neither multiples of the step nor within the calibration, beginning with the first one beside it, changes nothing;
    the outermost calibration lines do."""
    scan = MRIScan.of(100 * phantoms.ellipses(shape, torch.float64), n_coils=4, phase_axis=phase_axis)
    n = frequencies(scan.n_lines)
    lines = (n % step == 0) | (n.abs() <= width // 2)
    assert not bool(lines[width // 2 + 1])
    kspace, scan = acquire_kspace(scan), regular_sense(scan, step=step, n_centre=width)
    mask = lines[:, None] if phase_axis == 0 else lines[None]
    one = scan.reconstruction(kspace * mask, lines=lines, phase_axis=phase_axis)
    torch.testing.assert_close(scan.reconstruction(torch.where(mask, kspace, 300.0), lines=lines, phase_axis=phase_axis), one, atol=1e-9, rtol=0)
    inner = n.abs() < width // 2
    less = kspace * (inner | (n % step == 0) if phase_axis == 1 else (inner | (n % step == 0))[:, None])
    if (width // 2) % step:
        assert float((scan.reconstruction(less, lines=lines, phase_axis=phase_axis) - one).abs().max()) > 1e-3
