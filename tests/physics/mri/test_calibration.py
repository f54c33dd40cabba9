"""Coil maps from calibration lines."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.fourier import to_kspace
from physics.mri import MRIScan
from physics.mri.acquire import acquire_kspace
from physics.mri.calibration import centre_width, estimated_maps


def test_the_gapless_centre_is_counted():
    """2 m + 1 frequencies with all |n| <= m sampled; a missing -3 ends it at m = 2; everything sampled counts in full."""
    lines = torch.zeros(16, dtype=torch.bool)
    lines[[0, 1, 2, 3, -1, -2, 8]] = True
    assert centre_width(lines, n_lines=16) == 5
    lines[-3], lines[3] = True, False
    assert centre_width(lines, n_lines=16) == 5  # whichever side ends first
    lines[:] = False
    lines[0] = True
    assert centre_width(lines, n_lines=16) == 1
    assert centre_width(None, n_lines=16) == 16


@pytest.mark.parametrize(("shape", "phase_axis"), [((96, 80), 0), ((95, 81), 1)])
def test_estimated_maps_are_the_simulating_ones_up_to_a_phase(shape, phase_axis):
    """Inside the body |<estimated, true>| is 1 within 1 %, from a tenth of the lines around the centre."""
    scan = MRIScan.of(phantoms.ellipses(shape, torch.float64), n_coils=6, phase_axis=phase_axis)
    lines = torch.zeros(scan.n_lines, dtype=torch.bool)
    lines[:11] = lines[-10:] = True
    estimated = estimated_maps(acquire_kspace(scan.with_lines(lines)), lines=lines, phase_axis=phase_axis)
    true = scan.sensitivity.maps(shape)
    assert estimated.shape == (6, *shape)
    torch.testing.assert_close(estimated.abs().square().sum(dim=0), torch.ones(shape, dtype=torch.float64))
    agreement = (estimated.conj() * true).sum(dim=0).abs()[scan.body.density.abs() > 0.1]
    assert float(agreement.min()) > 0.985
    assert float(agreement.mean()) > 0.998


def test_neighbouring_places_have_neighbouring_phases():
    """The estimated maps are smooth inside the body: no jump of phase between neighbours beyond 0.2."""
    scan = MRIScan.of(phantoms.ellipses((96, 80), torch.float64), n_coils=6)
    maps = estimated_maps(acquire_kspace(scan), lines=None, phase_axis=0)
    inside = scan.body.support
    for axis in (0, 1):
        steps = maps.diff(dim=axis + 1).abs().amax(dim=0)
        both = inside.narrow(axis, 1, inside.shape[axis] - 1) & inside.narrow(axis, 0, inside.shape[axis] - 1)
        assert float(steps[both].max()) < 0.2


def test_one_coil_needs_no_map():
    """A single channel gets ones."""
    kspace = torch.randn((1, 8, 8), dtype=torch.complex64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(estimated_maps(kspace, lines=None, phase_axis=0), torch.ones_like(kspace))


def plane_waves(shape: tuple[int, int], waves: tuple[tuple[int, int], ...]) -> torch.Tensor:
    """k-space of coils that hear one plane wave each: frequencies along axis 0 and 1."""
    kspace = torch.zeros((len(waves), *shape), dtype=torch.complex128)
    for coil, (n0, n1) in enumerate(waves):
        kspace[coil, n0, n1] = 1.0
    return kspace


@pytest.mark.parametrize(("phase_axis", "wave_axis"), [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("n", [0, 2, 4, -3, 6])
def test_the_window_is_the_hann_window_of_the_calibration_width(phase_axis, wave_axis, n):
    """A coil that hears exp(2 pi i n r / N) is weighed by cos^2(pi n / (w + 1)) within w = 9 lines and by 0 beyond, along lines and readout alike.

    Patches of three see the off-diagonal product through (1 + 2 cos(2 pi n / 32)) / 3, so the map is the leading vector of a two-by-two matrix.
    """
    shape = (64, 96)
    lines = torch.zeros(shape[phase_axis], dtype=torch.bool)
    lines[:5] = lines[-4:] = True
    wave = (n, 0) if wave_axis == 0 else (0, n)
    maps = estimated_maps(2.0 * plane_waves(shape, ((0, 0), wave)), lines=lines, phase_axis=phase_axis)[:, :: shape[0] // 32, :: shape[1] // 32]
    heard = math.cos(math.pi * n / 10) ** 2 if abs(n) < 5 else 0.0
    shared = heard * (1 + 2 * math.cos(2 * math.pi * n / 32)) / 3
    vector = np.linalg.eigh(np.array([[1.0, shared], [shared, heard**2]]))[1][:, -1]
    turn = np.exp(2j * math.pi * n * (np.arange(32) - 16) / 32)
    expected = vector[1] / vector[0] * (turn[:, None] if wave_axis == 0 else turn[None, :])
    np.testing.assert_allclose((maps[1] / maps[0]).numpy(), np.broadcast_to(expected, (32, 32)), atol=1e-6)


def test_maps_are_as_fine_as_the_calibration_resolves():
    """With every line at hand a second channel that turns six times against the first is followed all over the body, on a grid that is fine enough."""
    for shape in ((128, 120), (97, 121)):
        body = phantoms.ellipses(shape, torch.float64)
        down, right = torch.meshgrid(*((torch.arange(n, dtype=torch.float64) - n // 2) / n for n in shape), indexing="ij")
        turns = torch.exp(2j * math.pi * (6 * down - 4 * right))
        maps = estimated_maps(to_kspace(torch.stack([0.8 * body, 0.6 * turns * body])), lines=None, phase_axis=0)
        ratio = (maps[1] / maps[0] / turns)[body > 0.1]
        assert float(ratio.abs().median()) == pytest.approx(0.75, abs=0.12)
        assert float(ratio.angle().abs().quantile(0.98)) < 0.4


def test_a_common_phase_of_the_body_is_not_taken_for_a_map():
    """The maps do not change when the body is given a constant phase or another scale."""
    scan = MRIScan.of(phantoms.ellipses((48, 40), torch.float64), n_coils=4)
    kspace = acquire_kspace(scan)
    torch.testing.assert_close(estimated_maps(kspace * complex(0.06, 0.08), lines=None, phase_axis=0), estimated_maps(kspace, lines=None, phase_axis=0))


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_unit_of_the_signal_does_not_matter_in_single_precision(unit):
    """The power iteration neither overflows nor dies: a million times more or less signal gives the same maps."""
    kspace = acquire_kspace(MRIScan.of(phantoms.ellipses((48, 40)), n_coils=4))
    maps, scaled = (estimated_maps(k, lines=None, phase_axis=0) for k in (kspace, unit * kspace))
    assert bool(torch.isfinite(torch.view_as_real(scaled)).all())
    inside = phantoms.ellipses((48, 40)) > 0.1
    torch.testing.assert_close(scaled[:, inside], maps[:, inside], atol=1e-4, rtol=0)
