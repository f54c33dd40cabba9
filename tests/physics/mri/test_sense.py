"""SENSE against exact maps, closed forms and its own noise law."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.sampling import every_rth, keep_lines, line_priority
from physics.mri.sense import Sense, along_lines, unfold
from physics.scan import acquire


@pytest.mark.parametrize(("shape", "phase_axis"), [((64, 48), 0), ((63, 49), 1)])
def test_exact_maps_without_noise_give_back_the_body(shape, phase_axis):
    """Half of the lines and the true maps: the complex body to 1e-5."""
    scan = MRIScan.of(phantoms.ellipses(shape, torch.float64), n_coils=8, phase_axis=phase_axis)
    lines = every_rth(scan.n_lines, step=2)
    kspace = acquire_kspace(scan.with_lines(lines))
    found = unfold(kspace, scan.sensitivity.maps(shape), lines=lines, phase_axis=phase_axis, n_steps=80, ridge=0.0)
    assert float((found - scan.body.density).norm() / scan.body.density.norm()) < 1e-5


def test_the_ridge_solves_the_damped_normal_equations():
    """Against the dense solution of (A^H A + ridge) x = A^H y, column by column."""
    shape = (16, 6)
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn((3, *shape), dtype=torch.complex128, generator=generator)
    lines = every_rth(16, step=2)
    kspace = torch.randn((3, *shape), dtype=torch.complex128, generator=generator) * lines[:, None]
    found = unfold(kspace, maps, lines=lines, phase_axis=0, n_steps=200, ridge=0.3)
    columns = along_lines(kspace, phase_axis=0)
    n = np.fft.ifftshift(np.arange(16) - 8)
    fourier = np.exp(-2j * np.pi * np.outer(n, np.arange(16) - 8) / 16) / 4
    for column in range(6):
        system = np.concatenate([(fourier * lines.numpy()[:, None]) * maps[coil, :, column].numpy() for coil in range(3)])
        data = np.concatenate([columns[coil, :, column].numpy() for coil in range(3)])
        exact = np.linalg.solve(system.conj().T @ system + 0.3 * np.eye(16), system.conj().T @ data)
        np.testing.assert_allclose(found[:, column].numpy(), exact, atol=1e-6)


def test_noise_grows_by_g_root_r():
    """Pseudo-replicas at R = 2 against the closed form g: sigma g sqrt(R) within Monte-Carlo error; at R = 1 nothing grows."""
    shape, steps = (32, 8), {2: 60, 1: 5}
    scan = MRIScan.of(phantoms.ellipses(shape, torch.float64), n_coils=4)
    maps = scan.sensitivity.maps(shape)
    generator = torch.Generator().manual_seed(1)
    for step in (1, 2):
        lines = every_rth(32, step=step)
        replicas = [
            unfold(
                torch.randn((4, *shape), dtype=torch.complex128, generator=generator) * lines[:, None],
                maps,
                lines=lines,
                phase_axis=0,
                n_steps=steps[step],
                ridge=0.0,
            )
            for _ in range(300)
        ]
        found = torch.stack(replicas).abs().square().mean(dim=0).sqrt()  # complex deviation; the samples have 1
        folded = torch.stack([torch.roll(maps, m * 32 // step, dims=1) for m in range(step)]).permute(2, 3, 1, 0)  # (row, column, coil, alias)
        inverse = torch.linalg.inv(folded.conj().transpose(-1, -2) @ folded)[..., 0, 0].real
        torch.testing.assert_close(found.mean(), (inverse * step).sqrt().mean(), rtol=0.02, atol=0)


def test_the_whole_chain_with_estimated_maps():
    """Full sampling gives back the source; 60 % of lines leave less than 6 %, far below zero filling; scale is kept."""
    source = 100 * phantoms.ellipses((96, 80))
    scan = MRIScan.of(source, n_coils=8)
    full = acquire(scan.with_reconstruction(Sense()))
    assert float((full - source).norm() / source.norm()) < 5e-3
    priority = line_priority(96, n_centre=15, power=1.0, rng=np.random.default_rng(0))
    fewer = keep_lines(scan, priority, share=0.6)
    plain = float((acquire(fewer) - source).norm() / source.norm())
    unfolded = float((acquire(fewer.with_reconstruction(Sense())) - source).norm() / source.norm())
    assert unfolded < 0.06
    assert unfolded < plain / 2.5


def test_an_empty_scan_stays_empty():
    """No signal, no division by zero."""
    scan = MRIScan.of(torch.zeros(16, 16), n_coils=2).with_reconstruction(Sense())
    assert float(acquire_complex(scan).abs().max()) == 0


def test_the_unit_of_the_signal_does_not_matter_and_lines_not_taken_are_not_heard():
    """A billionth of the signal gives a billionth of the picture; whatever stands in lines that were not sampled is ignored."""
    scan = MRIScan.of(phantoms.ellipses((32, 24), torch.float64), n_coils=4)
    lines, maps = every_rth(32, step=2), scan.sensitivity.maps((32, 24))
    kspace = acquire_kspace(scan)
    full = unfold(kspace * lines[:, None], maps, lines=lines, phase_axis=0)
    torch.testing.assert_close(unfold(kspace, maps, lines=lines, phase_axis=0), full, atol=1e-12, rtol=0)
    torch.testing.assert_close(1e9 * unfold(1e-9 * kspace, maps, lines=lines, phase_axis=0), full, atol=1e-10, rtol=0)
