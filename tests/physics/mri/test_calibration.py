"""Coil maps from calibration lines."""

from __future__ import annotations

import pytest
import torch

from physics import phantoms
from physics.mri import MRIScan
from physics.mri.acquire import acquire_kspace
from physics.mri.calibration import centre_width, estimated_maps


def test_the_gapless_centre_is_counted():
    """2 m + 1 frequencies with all |n| <= m sampled; a missing -3 ends it at m = 2; everything sampled counts in full."""
    lines = torch.zeros(16, dtype=torch.bool)
    lines[[0, 1, 2, 3, -1, -2, 8]] = True
    assert centre_width(lines, n_lines=16) == 5
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
