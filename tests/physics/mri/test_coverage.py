"""What of k-space was measured: extents and gaps of known size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from physics.fourier import to_kspace
from physics.mri.coils import Sensitivity, surrounding_array
from physics.mri.coverage import coverage, cropped_kspace, filled, sampled_of
from physics.mri.encoding import encode
from physics.mri.l1_wavelet import sparsest
from physics.phantoms import ellipses


def stored(mask: np.ndarray) -> torch.Tensor:
    """A centred mask in stored order."""
    return torch.from_numpy(np.fft.ifftshift(mask))


@pytest.mark.parametrize("n", [64, 65])
@pytest.mark.parametrize("m", [32, 33, 48, 63])
def test_the_acquired_box_is_found(n: int, m: int) -> None:
    """A box of m x n rows in a padded matrix: its rows are found (odd or even), its columns stay; a margin of one line stays too."""
    mask = np.zeros((n, 50), bool)
    mask[n // 2 - m // 2 : n // 2 - m // 2 + m] = True
    found = coverage(stored(mask))
    assert found.matrix == (m if m < 0.97 * n else n, 50)
    assert not found.has_gaps
    assert found.one_sided == (False, False)
    assert found.centre == min(2 * (m // 2) - 1 + m % 2 * 2, 49)


def test_a_partial_fourier_and_an_ellipse_are_no_gaps() -> None:
    """Five eighths of the lines are one-sided; an ellipse leaves its corners out (1 - pi/4); neither has gaps."""
    mask = np.zeros((64, 60), bool)
    mask[24:] = True
    found = coverage(stored(mask))
    assert (found.matrix, found.one_sided, found.has_gaps) == ((64, 60), (True, False), False)
    y, x = np.mgrid[-50:50, -40:40]
    found = coverage(stored((y / 50) ** 2 + (x / 40) ** 2 <= 1))
    assert not found.has_gaps
    assert found.matrix == (100, 80)
    assert found.clipped == pytest.approx(1 - np.pi / 4, abs=0.02)


@pytest.mark.parametrize(("missing", "one_sided"), [(2, False), (4, True)])
def test_a_line_or_two_less_on_one_side_is_no_partial_fourier(missing: int, one_sided: bool) -> None:
    """Of 64 lines, -32 to 31, two left out at the end leave nine tenths of the other side, four do not."""
    mask = np.ones((50, 64), bool)
    mask[:, 64 - missing :] = False
    assert coverage(stored(mask)).one_sided == (False, one_sided)


@pytest.mark.parametrize("axis", [0, 1])
def test_skipped_lines_are_gaps(axis: int) -> None:
    """Every third line and a centre of 13: the acceleration is lines over sampled lines, the centre 13 wide, along either axis."""
    lines = np.arange(-45, 45) % 3 == 0
    lines[45 - 6 : 45 + 7] = True
    mask = np.broadcast_to(lines[:, None], (90, 80))
    found = coverage(stored(mask if axis == 0 else mask.T))
    covered = np.flatnonzero(lines)[-1] - np.flatnonzero(lines)[0] + 1
    assert found.acceleration == pytest.approx(covered / lines.sum())
    assert found.has_gaps
    assert found.centre == 13


def test_an_empty_centre_is_refused() -> None:
    """Data stored centred but declared uncentred have their centre at the edge: that is said."""
    mask = np.zeros((64, 64), bool)
    mask[20:44, 20:44] = True
    with pytest.raises(ValueError, match="centred or not"):
        coverage(torch.from_numpy(mask))


@pytest.mark.parametrize("n", [40, 41])
@pytest.mark.parametrize("m", [24, 25])
def test_cropping_keeps_frequencies(n: int, m: int) -> None:
    """A plane wave of three cycles keeps its three cycles on the smaller matrix, even or odd."""
    wave = torch.exp(2j * torch.pi * 3 * torch.arange(n, dtype=torch.float64) / n)[:, None] * torch.ones(1, 30)
    kept = cropped_kspace(to_kspace(wave), (m, 30))
    assert kept.shape == (m, 30)
    assert divmod(int(kept.abs().argmax()), 30) == (3, 0)


def test_gaps_in_the_plane_are_filled(oracle: Callable[..., None]) -> None:
    """One sample in four at random places, eight coils, no noise: the phantom comes back within 5 %, where the plain transform is off by more than 20 %."""
    shape = (96, 80)
    coils = Sensitivity.of(surrounding_array(8, fov_mm=shape), None, matrix=shape, spacing_mm=(1.0, 1.0)).maps(shape)
    head = ellipses(shape, torch.float64) * torch.exp(torch.tensor(0.4j, dtype=torch.complex128))
    mask = np.random.default_rng(3).random(shape) < 0.22
    mask[40:56, 32:48] = True
    sampled = stored(mask)
    kspace = encode(head, coils) * sampled
    found = filled(kspace, sampled, coils, weight=0.0003, n_steps=150)
    oracle("mri_kspace", "one in four samples filled in", float((found - head).norm() / head.norm()), below=0.05)
    torch.testing.assert_close(filled(kspace + 5.0 * ~sampled, sampled, coils, n_steps=3), filled(kspace, sampled, coils, n_steps=3))  # what was not sampled
    plain = filled(kspace, sampled, coils, n_steps=0)
    assert float((plain - head).norm() / head.norm()) > 0.2


@pytest.mark.parametrize("shape", [(8, 20), (20, 8), (9, 20), (20, 9), (8, 8), (9, 9)])
def test_the_whole_matrix_is_its_own_centre(shape: tuple[int, int]) -> None:
    """The widest odd square about zero frequency that the shorter side holds."""
    found = coverage(torch.ones(shape, dtype=torch.bool))
    assert found.centre == min(shape) - (min(shape) + 1) % 2
    assert (found.matrix, found.acceleration, found.clipped) == (shape, 1.0, 0.0)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("side", [-1, 1])
def test_the_centre_ends_at_the_nearer_gap(axis: int, side: int) -> None:
    """One line missing, the fifth on one side, along one axis: a square of nine."""
    mask = np.ones((40, 33), bool)
    mask.swapaxes(0, axis)[(40, 33)[axis] // 2 + side * 5] = False
    assert coverage(stored(mask)).centre == 9


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_gaps_between_lines_are_filled_as_compressed_sensing_fills_them(phase_axis: int) -> None:
    """Where whole lines are missing the problem is that of `sparsest`: ten steps lead to the same picture, the momentum included."""
    shape = (32, 40)
    coils = Sensitivity.of(surrounding_array(4, fov_mm=shape), None, matrix=shape, spacing_mm=(1.0, 1.0)).maps(shape)
    lines = torch.from_numpy(np.random.default_rng(5).random(shape[phase_axis]) < 0.5)
    lines[:4] = lines[-4:] = True
    sampled = lines[:, None].expand(shape) if phase_axis == 0 else lines[None].expand(shape)
    kspace = encode(ellipses(shape, torch.float64) * torch.exp(torch.tensor(0.4j, dtype=torch.complex128)), coils) * sampled
    wanted = sparsest(kspace, coils, lines=lines, phase_axis=phase_axis, weight=0.01, n_steps=10)
    torch.testing.assert_close(filled(kspace, sampled, coils, weight=0.01, n_steps=10), wanted, atol=1e-9, rtol=0)


def test_a_sample_of_any_coil_is_a_sample() -> None:
    """A place counts as sampled where at least one coil holds more than exact zero, real or imaginary."""
    kspace = torch.zeros((3, 5, 7), dtype=torch.complex64)
    kspace[0, 1, 2], kspace[2, 4, 6], kspace[1, 3, 0] = 1e-30, 2.0, -1e-3j
    assert torch.nonzero(sampled_of(kspace)).tolist() == [[1, 2], [3, 0], [4, 6]]
