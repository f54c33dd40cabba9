"""Odd and even echoes: cosine at home, i times sine half a field away."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from physics.display import Display
from physics.fourier import centred_grid, frequencies, to_kspace, to_picture
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex
from physics.mri.nyquist_ghost import EchoMismatch, half_field_ghost, mismatch_echoes

Oracle = Callable[..., None]


def body(shape: tuple[int, int], *, phase_axis: int = 0, n_coils: int = 1, dtype: torch.dtype = torch.float64, by: float = 0.0) -> MRIScan:
    """A Gaussian off the centre; `by` moves it along the phase-encode axis, periodically."""
    y, x = centred_grid(shape)
    n = shape[phase_axis]
    across = [y + 4, x - 6]
    across[phase_axis] = (across[phase_axis] - by + n / 2) % n - n / 2
    image = (100 * torch.exp(-((across[0] / 5) ** 2) - (across[1] / 4) ** 2)).to(dtype)
    return MRIScan.of(image, phase_axis=phase_axis, phase=False, n_coils=n_coils)


def phi_of(shape: tuple[int, int], phase_axis: int, constant: float, slope: float) -> torch.Tensor:
    x = centred_grid(shape)[1 - phase_axis]
    return math.radians(constant) + math.radians(slope) * x / (shape[1 - phase_axis] / 2)


@pytest.mark.parametrize("shape", [(64, 48), (63, 47), (64, 51)])
@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize(("constant", "slope"), [(10.0, 0.0), (0.0, 25.0), (-7.0, 40.0)])
def test_the_ghost_is_i_sine_half_a_field_away(shape: tuple[int, int], phase_axis: int, constant: float, slope: float, oracle: Oracle) -> None:
    """cos phi rho(y) + i sin phi rho(y - N/2), phi along the readout axis; on odd sizes half a field lies between two pixels and the identity still holds."""
    scan = body(shape, phase_axis=phase_axis)
    picture = acquire_complex(mismatch_echoes(scan, EchoMismatch(constant, slope)))
    phi, half = phi_of(shape, phase_axis, constant, slope), shape[phase_axis] / 2
    ghost = body(shape, phase_axis=phase_axis, by=half).body.density
    expected = phi.cos() * scan.body.density + 1j * phi.sin() * ghost
    worst = float((picture - expected).abs().max())
    oracle("mri_n2_ghost", "cos phi of the body and i sin phi half a field away", worst / 100, below=1e-8)


def test_single_precision_and_coils_keep_the_identity(oracle: Oracle) -> None:
    """Eight coils, float32: every coil picture has its own ghost, weighted by the coil at the parent's place."""
    shape = (64, 48)
    scan = body(shape, n_coils=8, dtype=torch.float32)
    picture = acquire_complex(mismatch_echoes(scan, EchoMismatch(12.0, -20.0))).real.double()
    phi = phi_of(shape, 0, 12.0, -20.0)
    maps = scan.sensitivity.maps(shape) if scan.sensitivity is not None else torch.ones(1, *shape)
    coils = maps * scan.body.density.to(torch.complex128)
    expected = (phi.cos() * coils + 1j * phi.sin() * torch.roll(coils, shape[0] // 2, dims=1)).abs().square().sum(dim=0).sqrt()
    oracle("mri_n2_ghost", "coil-weighted ghosts, float32", float((picture - expected).abs().max()) / 100, below=1e-5)


def test_the_first_echo_of_the_centre_gains() -> None:
    """Sign: the central line (even) gains phi, the next one loses it; nothing else happens to a line."""
    from physics.mri.acquire import acquire_kspace

    scan = body((32, 32))
    ratio = acquire_kspace(mismatch_echoes(scan, EchoMismatch(20.0, 0.0)))[0] / acquire_kspace(scan)[0]
    assert math.degrees(float(ratio[0, 0].angle())) == pytest.approx(20.0)
    assert math.degrees(float(ratio[1, 0].angle())) == pytest.approx(-20.0)
    assert math.degrees(float(ratio[-1, 0].angle())) == pytest.approx(-20.0)


def test_two_mismatches_add() -> None:
    """Phases of two events add, and an opposite one takes the ghost away."""
    scan = body((32, 40))
    both = mismatch_echoes(mismatch_echoes(scan, EchoMismatch(5.0, 3.0)), EchoMismatch(4.0, -9.0))
    torch.testing.assert_close(acquire_complex(both), acquire_complex(mismatch_echoes(scan, EchoMismatch(9.0, -6.0))), atol=1e-10, rtol=0)
    undone = mismatch_echoes(mismatch_echoes(scan, EchoMismatch(5.0, 3.0)), EchoMismatch(-5.0, -3.0))
    torch.testing.assert_close(acquire_complex(undone), acquire_complex(scan), atol=1e-10, rtol=0)
    assert mismatch_echoes(scan, EchoMismatch(0.0, 0.0)) is scan


def test_the_measure_is_the_tangent() -> None:
    """A constant phase reads 100 tan phi; a slope that crosses zero in the body reads little."""
    scan = body((48, 48))
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(48, 48, dtype=torch.bool), (1.0, 1.0))

    def read(*phases: EchoMismatch) -> float | None:
        edited = scan
        for phase in phases:
            edited = mismatch_echoes(edited, phase)
        return half_field_ghost(Pair(scan.body.density.abs(), scan.body.density.abs(), view, None, edited)).value

    assert read(EchoMismatch(20.0, 0.0)) == pytest.approx(100 * math.tan(math.radians(20.0)))
    assert read() == 0.0
    gap, crest = read(EchoMismatch(6.0, -24.0)), read(EchoMismatch(6.0, 24.0))  # the body lies 6 px right of the centre, where the first crosses zero
    assert gap is not None
    assert crest is not None
    assert gap < 0.5 * crest


@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("shape", [(48, 64), (47, 61)])
def test_the_ghost_is_read_along_the_readout(phase_axis: int, shape: tuple[int, int]) -> None:
    """tan of a phase that grows along the readout, the rms of its sine over that of its cosine where the body lies, whichever axis has the lines."""
    scan = body(shape, phase_axis=phase_axis)
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(shape, dtype=torch.bool), (1.0, 1.0))
    edited = mismatch_echoes(scan, EchoMismatch(10.0, 50.0))
    phi = phi_of(shape, phase_axis, 10.0, 50.0).expand(shape).movedim(phase_axis, 0)[0][scan.body.support.any(dim=phase_axis)]
    told = 100 * math.sqrt(float(phi.sin().square().mean() / phi.cos().square().mean()))
    picture = scan.body.density.abs()
    assert half_field_ghost(Pair(picture, picture, view, None, edited)).value == pytest.approx(told, rel=1e-9)


@pytest.mark.parametrize("shape", [(16, 13), (15, 20)])
@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize(("constant", "slope"), [(10.0, 0.0), (-7.0, 40.0)])
def test_lines_and_coil_pictures_agree(shape: tuple[int, int], phase_axis: int, constant: float, slope: float, oracle: Oracle) -> None:
    """Applied to k-space the echoes do what they do to the coil pictures: each line, along its readout, times exp(+-i phi)."""
    event, scan = EchoMismatch(constant, slope), MRIScan.of(torch.ones(shape, dtype=torch.float64), phase_axis=phase_axis)
    pictures = torch.randn((2, *shape), dtype=torch.complex128, generator=torch.Generator().manual_seed(1))
    by_line = event.apply(to_kspace(pictures), scan)
    oracle("mri_n2_ghost", "lines and coil pictures agree", (to_picture(by_line) - event.in_picture(pictures, scan)).abs().max(), below=1e-12)
    read, phi = to_kspace(pictures, axes=(phase_axis - 2,)), phi_of(shape, phase_axis, constant, slope)
    odd = (frequencies(shape[phase_axis]) % 2)[:, None] if phase_axis == 0 else (frequencies(shape[phase_axis]) % 2)[None]
    torch.testing.assert_close(to_picture(by_line, axes=(1 - phase_axis - 2,)), read * torch.exp(1j * (1 - 2 * odd) * phi), atol=1e-12, rtol=0)
