"""Interference is a line on the right side of the centre, with the right energy and the right statistics."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from physics.display import Display
from physics.fourier import centred_grid, to_picture
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.free_induction import FreeInduction, add_free_induction
from physics.mri.zipper import Interference, Station, add_interference, line_modulus
from physics.noise import air_mean

Oracle = Callable[..., None]


def empty(shape: tuple[int, int], *, phase_axis: int = 0, dtype: torch.dtype = torch.float64, n_coils: int = 1) -> MRIScan:
    return MRIScan.of(torch.zeros(shape, dtype=dtype), phase_axis=phase_axis, phase=False, n_coils=n_coils)


def across(picture: torch.Tensor, phase_axis: int) -> np.ndarray:
    """(line, readout)."""
    found = picture.numpy()
    return found if phase_axis == 0 else found.T


@pytest.mark.parametrize("shape", [(64, 48), (47, 63)])
@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("offset", [9, -13])
def test_a_tone_is_one_column(shape: tuple[int, int], phase_axis: int, offset: int, oracle: Oracle) -> None:
    """A whole number of pixels from the centre: all energy lies in that column of the readout axis, N_pe N_ro a^2 of it in k-space, each pixel of modulus
    free to vary but the sum fixed."""
    scan = add_interference(empty(shape, phase_axis=phase_axis), Interference((Station(offset, 2.5),), seed=4))
    energy = across(acquire_complex(scan).abs().square(), phase_axis)
    column = energy.shape[1] // 2 + offset
    oracle("mri_zipper", "all energy lies in one column", 1 - energy[:, column].sum() / energy.sum(), below=1e-12)
    samples = acquire_kspace(scan).abs()
    a = 2.5 / math.sqrt(shape[1 - phase_axis])  # of one sample
    assert float((samples - a).abs().max()) < 1e-12
    oracle("mri_zipper", "the energy of the column is N_pe N_ro a^2", energy.sum() / (shape[0] * shape[1] * a**2) - 1, below=1e-12)


def test_single_precision_keeps_to_its_column(oracle: Oracle) -> None:
    """The share of energy beside the column in float32."""
    scan = add_interference(empty((256, 256), dtype=torch.float32), Interference((Station(-40, 3.0),), seed=1))
    energy = acquire_complex(scan).abs().square()
    oracle("mri_zipper", "all energy lies in one column, float32", 1 - float(energy[:, 128 - 40].double().sum() / energy.double().sum()), below=1e-5)


def test_along_the_line_the_modulus_is_rayleigh(oracle: Oracle) -> None:
    """Random phases: mean over rms is sqrt(pi) / 2, three standard errors decide."""
    picture = acquire_complex(add_interference(empty((4096, 16)), Interference((Station(3, 1.0),), seed=2))).abs()[:, 11]
    sigma = 1 / math.sqrt(2)
    error = sigma * 0.6551 / math.sqrt(len(picture))
    oracle("mri_zipper", "Rayleigh mean along the line, in 3 standard errors", (float(picture.mean()) - air_mean(sigma)) / (3 * error), below=1)
    assert float(picture.std()) == pytest.approx(0.6551 * sigma, rel=0.04)


def test_a_modulated_station_has_its_width(oracle: Oracle) -> None:
    """Energy across the line is a Gaussian about the offset with the stated deviation and peak a^2."""
    scan = add_interference(empty((8192, 64)), Interference((Station(-10.5, 1.5, width_px=2.0),), seed=3))
    profile = acquire_complex(scan).abs().square().mean(dim=0)
    x = torch.arange(64, dtype=torch.float64) - 32
    expected = 1.5**2 * torch.exp(-((x + 10.5) ** 2) / (2 * 2.0**2))
    assert float((profile * x).sum() / profile.sum()) == pytest.approx(-10.5, abs=0.05)
    near = expected > 0.05
    worst = float(((profile - expected)[near] / expected[near]).abs().max())  # exponential law: relative deviation 1 / sqrt(lines)
    oracle("mri_zipper", "profile of a modulated station, in 4 standard errors", worst * math.sqrt(8192) / 4, below=1)


def test_coils_share_the_station() -> None:
    """Root sum of squares over eight coils: the modulus on the line is that of one coil."""
    one = acquire_complex(add_interference(empty((32, 32)), Interference((Station(5, 2.0),), seed=6))).abs()
    eight = acquire_complex(add_interference(empty((32, 32), n_coils=8), Interference((Station(5, 2.0),), seed=6))).abs()
    torch.testing.assert_close(eight, one, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("shape", [(64, 48), (47, 63)])
@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("alternating", [False, True])
def test_free_induction_is_one_line_of_the_readout(shape: tuple[int, int], phase_axis: int, alternating: bool, oracle: Oracle) -> None:
    """What no phase encoding touched lies on the central row, or half a field away; without decay it is the projection of the body, of the stated modulus."""
    y, x = centred_grid(shape)
    scan = MRIScan.of(50 * torch.exp(-(((y - 3) / 7) ** 2) - ((x + 5) / 6) ** 2), phase_axis=phase_axis)
    signal = FreeInduction(4.0, decay_share=1e9, alternating=alternating)
    gain = across(acquire_complex(add_free_induction(scan, signal)) - acquire_complex(scan), phase_axis)
    n = gain.shape[0]
    if alternating and n % 2:
        assert np.argmax(np.abs(gain).sum(axis=1)) in (0, n - 1)  # half a pixel beyond either edge
        return
    row = 0 if alternating else n // 2
    oracle("mri_zipper", "free induction lies on one row", np.abs(np.delete(gain, row, axis=0)).max(), below=1e-10)
    projection = across(scan.body.density, phase_axis).sum(axis=0)
    expected = projection * 4.0 / np.sqrt(np.mean(np.abs(projection) ** 2))
    oracle("mri_zipper", "free induction is the projection of the body", np.abs(gain[row] - expected).max() / 4.0, below=1e-8)


def test_the_decay_runs_from_the_first_sample() -> None:
    """The k-space of the gain falls as exp(-t / T) in the order in which samples are taken, the most negative frequency first."""
    scan = MRIScan.of(torch.rand((32, 40), generator=torch.Generator().manual_seed(1), dtype=torch.float64) + 1)
    free = acquire_kspace(add_free_induction(scan, FreeInduction(1.0, decay_share=0.2)))[0] - acquire_kspace(scan)[0]
    ratio = torch.fft.fftshift((free[3] / acquire_kspace(scan)[0, 0]).abs())
    assert float((ratio[1:] / ratio[:-1] - math.exp(-1 / 8)).abs().max()) < 1e-8
    assert float((to_picture(free).abs()[16].square().mean()).sqrt()) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_every_line_and_every_coil_hears_it_at_any_phase(phase_axis: int) -> None:
    """Uniform on the whole circle: the mean of N unit phases, and of their squares, is within 3.5 / sqrt(N) of nothing, over the lines and over the coils."""
    scan = empty((12, 12), phase_axis=phase_axis)
    tone = Interference((Station(2, 1.0),), seed=8)
    for shape in ((1, 1, 2000), (2000, 1, 1)):  # coils, samples, lines
        heard = tone.apply(torch.zeros(shape if phase_axis == 1 else (shape[0], shape[2], shape[1]), dtype=torch.complex128), scan).flatten()
        phases = heard / heard.abs()
        assert len(phases) == 2000
        assert float(phases.mean().abs()) < 3.5 / math.sqrt(2000)
        assert float(phases.square().mean().abs()) < 3.5 / math.sqrt(2000)


def test_a_modulated_station_is_a_circular_normal() -> None:
    """Real and imaginary part vary alike and apart: the mean square is nothing where the squared modulus is 1.5^2, and the line is not its own mirror image,
    as that of a real modulation would be."""
    line = acquire_complex(add_interference(empty((8192, 16)), Interference((Station(0, 1.5, width_px=1.0),), seed=5)))[:, 8]
    mirrored = torch.roll(line.flip(0), 1, dims=0)
    bound = 4 * 1.5**2 / math.sqrt(8192)
    assert float(line.abs().square().mean()) == pytest.approx(1.5**2, abs=bound)
    assert float(line.square().mean().abs()) < bound
    assert float((line * mirrored).mean().abs()) < 1.5 * bound  # every product counts twice


@pytest.mark.parametrize("n_coils", [1, 8])
def test_free_induction_has_its_modulus_over_all_coils(n_coils: int) -> None:
    """The root of the sum of squares over the coils has the stated rms modulus along the row."""
    image = torch.rand((24, 30), generator=torch.Generator().manual_seed(2), dtype=torch.float64) + 1
    scan = MRIScan.of(image, n_coils=n_coils)
    free = acquire_kspace(add_free_induction(scan, FreeInduction(3.0, decay_share=0.5))) - acquire_kspace(scan)
    row = to_picture(free)[:, 12].abs().square().sum(dim=0)
    assert float(row.mean().sqrt()) == pytest.approx(3.0, rel=1e-9)


@pytest.mark.parametrize(("n", "allowed"), [(32, (-16, 15)), (31, (-15, 15))])
@pytest.mark.parametrize("phase_axis", [0, 1])
def test_a_station_lies_inside_the_readout(n: int, allowed: tuple[int, int], phase_axis: int) -> None:
    """Columns from -(n // 2) to n - n // 2 - 1 along the readout, not a quarter of a pixel beyond, whatever the number of lines."""
    scan = empty((20, n) if phase_axis == 0 else (n, 20), phase_axis=phase_axis)
    for offset in allowed:
        add_interference(scan, Interference((Station(offset, 1.0),), 0))
    for offset in (allowed[0] - 0.25, allowed[1] + 0.25):
        with pytest.raises(ValueError, match=rf"readout of {n} samples; allowed: {allowed[0]} to {allowed[1]}"):
            add_interference(scan, Interference((Station(offset, 1.0),), 0))


def test_what_makes_no_sense_is_refused() -> None:
    """Offsets outside the readout, negative sizes."""
    scan = MRIScan.of(torch.ones(16, 32))
    for station in (Station(16, 1.0), Station(-16.5, 1.0), Station(0, -1.0), Station(0, 1.0, -1.0)):
        with pytest.raises(ValueError, match=r"offset|amplitude"):
            add_interference(scan, Interference((station,), 0))
    with pytest.raises(ValueError, match="decay_share"):
        add_free_induction(scan, FreeInduction(1.0, 0.0))
    assert add_interference(scan, Interference((Station(3, 0.0),), 0)) is scan


def test_the_measure_reads_the_strongest_line() -> None:
    """Per cent of mean tissue, the strongest station."""
    image = torch.full((32, 32), 40.0)
    scan = add_interference(MRIScan.of(image), Interference((Station(2, 4.0), Station(-6, 10.0)), 0))
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(32, 32, dtype=torch.bool), (1.0, 1.0))
    assert line_modulus(Pair(image, image, view, None, scan)).value == pytest.approx(25.0, rel=1e-5)
