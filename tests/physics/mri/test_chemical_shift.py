"""Fat is displaced whole, and cancels water where they share a pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import cos, pi

import numpy as np
import pytest
import torch
from fat_phantoms import HEAD, TRUNK, body_of

from physics.display import Display
from physics.fourier import to_picture
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.chemical_shift import FatWater, border_signal_lost, echo_time_error, fat_displacement, receiver_bandwidth, shift_fat, turn_fat
from physics.mri.coils import ReceiveField, receive_sensitivity
from physics.mri.fat import fat_share
from physics.mri.loop import Loop
from physics.mri.motion import Motion
from physics.pose import Pose
from physics.scan import acquire

Oracle = Callable[..., None]


def scan_of(parts: tuple[tuple[float, float], ...] = HEAD, *, dtype: torch.dtype = torch.float32, **options: object) -> MRIScan:
    body, _ = body_of(parts)
    return MRIScan.of(body.density.real.to(dtype), spacing_mm=(1.4, 1.4), seed=3, **options)  # type: ignore[arg-type]


def view_of(picture: torch.Tensor) -> View:
    return View("mri", "head", Display("window", 0.0, 200.0), picture > 10, (1.4, 1.4))


@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("shift", [3, -5])
def test_fat_is_rolled_along_the_read_out(phase_axis: int, shift: int, oracle: Oracle) -> None:
    """A shift by whole pixels is W + roll(F): its axis is the read-out, its sign as stated, on a side of odd and one of even length."""
    scan = scan_of(phase_axis=phase_axis)
    share = fat_share(scan.body)
    fat = scan.body.density * share
    wanted = scan.body.density - fat + torch.roll(fat, shift, dims=1 - phase_axis)
    got = acquire_complex(shift_fat(scan, shift_px=shift))
    residual = float((got - wanted).abs().max() / scan.body.density.abs().max())
    oracle("mri_chemical_shift", "W + roll(F) for whole pixels", residual, below=1e-5)


def test_a_shift_and_back_is_the_reference(oracle: Oracle) -> None:
    """Displacements add: 1.7 pixels and -1.7 pixels leave fat where it was, and half pixels twice are a whole one."""
    scan = scan_of()
    back = acquire(shift_fat(shift_fat(scan, shift_px=1.7), shift_px=-1.7))
    oracle("mri_chemical_shift", "a shift and its opposite", float((back - acquire(scan)).abs().max() / scan.mean_tissue), below=1e-5)
    twice, once = (acquire_complex(scanned) for scanned in (shift_fat(shift_fat(scan, shift_px=0.5), shift_px=0.5), shift_fat(scan, shift_px=1.0)))
    torch.testing.assert_close(twice, once)


def test_coils_hear_fat_where_it_is() -> None:
    """Each coil weights fat at its true place, and the displacement comes after."""
    scan = scan_of(dtype=torch.float64, n_coils=4)
    assert scan.sensitivity is not None
    maps = scan.sensitivity.maps(scan.matrix)
    fat = scan.body.density * fat_share(scan.body)
    wanted = maps * (scan.body.density - fat) + torch.roll(maps * fat, 4, dims=2)
    torch.testing.assert_close(to_picture(acquire_kspace(shift_fat(scan, shift_px=4))), wanted, rtol=0, atol=1e-8)


def test_fat_under_a_receive_field_is_tissue_and_no_air() -> None:
    """Fat is heard through the receive field wherever it lies: none of it in the air, whose noise the source's receiver has made."""
    loops = (Loop((0.0, 120.0, 0.0), (0.0, -1.0, 0.0), 60.0),)
    still = scan_of(dtype=torch.float64, n_coils=3)
    scan = replace(still, receive=ReceiveField(loops, level=float(np.abs(receive_sensitivity(loops, np.zeros(2))[0]))))
    fat = fat_share(scan.body)
    assert bool((scan.body.tissue_share[fat > 0] == 1).all())
    assert scan.sensitivity is not None
    maps = scan.sensitivity.maps(scan.matrix)
    for displaced, before in ((shift_fat(scan, shift_px=4), scan), (turn_fat(scan, phase_rad=0.8), scan)):
        gain = to_picture(acquire_kspace(displaced) - acquire_kspace(before))
        heard = maps * scan.body.density * fat
        wanted = torch.roll(heard, 4, dims=2) - heard if displaced.events[0].shift_px else (complex(np.exp(0.8j)) - 1) * heard
        torch.testing.assert_close(gain, wanted, rtol=0, atol=1e-8)


def test_the_displacement_belongs_to_the_scanner_and_fat_to_the_body() -> None:
    """A body that lies elsewhere for the whole scan has its fat displaced along the same read-out."""
    scan = scan_of(dtype=torch.float64).at(Pose((2 * 1.4, -3 * 1.4), 0.0))
    still = scan_of(dtype=torch.float64)
    moved, rolled = acquire_complex(shift_fat(scan, shift_px=6)), torch.roll(acquire_complex(shift_fat(still, shift_px=6)), (2, -3), dims=(0, 1))
    torch.testing.assert_close(moved, rolled, rtol=0, atol=1e-8)
    turned = still.with_motion(Motion.constant(Pose((0.0, 0.0), 90.0), n_lines=still.n_lines))
    assert float((acquire(shift_fat(turned, shift_px=6)) - acquire(turned)).abs().max()) > 50


@pytest.mark.parametrize("phase", [0.7, pi / 2, pi])
def test_mixed_pixels_cancel_by_the_closed_form(phase: float, oracle: Oracle) -> None:
    """A pixel whose signal is half fat shows |cos(phi / 2)|; every pixel |1 - f + f exp(i phi)|; a whole turn is the reference."""
    scan = scan_of(TRUNK, dtype=torch.float64)
    share, before = fat_share(scan.body), acquire(scan)
    after = acquire(turn_fat(scan, phase_rad=phase))
    inside = before > 1
    expected = torch.sqrt((1 - share) ** 2 + share**2 + 2 * share * (1 - share) * cos(phase))
    oracle("mri_india_ink", "|1 - f + f exp(i phi)| in every pixel", float(((after / before) - expected)[inside].abs().max()), below=1e-5)
    half = inside & ((share - 0.5).abs() < 0.02)
    assert bool(half.any())
    torch.testing.assert_close((after / before)[half], torch.full_like(after[half], abs(cos(phase / 2))), rtol=0, atol=0.041)
    turn = float((acquire(turn_fat(scan, phase_rad=2 * pi)) - before).abs().max() / scan.mean_tissue)
    oracle("mri_india_ink", "a whole turn is in phase again", turn, below=1e-5)


def test_the_phase_of_fat_has_its_sign() -> None:
    """Pure fat keeps its magnitude and gains the phase that was asked for, not its opposite."""
    scan = scan_of(dtype=torch.float64)
    pure = fat_share(scan.body) > 0.999
    turn = acquire_complex(turn_fat(scan, phase_rad=0.8))[pure] / scan.body.density[pure]
    torch.testing.assert_close(turn, torch.full_like(turn, complex(np.exp(0.8j))), rtol=0, atol=2e-3)


def test_phase_and_shift_act_on_the_same_fat() -> None:
    """Displaced and opposed fat is W + roll(-F), in either order of the edits."""
    scan = scan_of(dtype=torch.float64)
    fat = scan.body.density * fat_share(scan.body)
    wanted = scan.body.density - fat - torch.roll(fat, 2, dims=1)
    for edited in (turn_fat(shift_fat(scan, shift_px=2), phase_rad=pi), shift_fat(turn_fat(scan, phase_rad=pi), shift_px=2)):
        torch.testing.assert_close(acquire_complex(edited), wanted, rtol=0, atol=1e-9)
        assert sum(isinstance(event, FatWater) for event in edited.events) == 1


def test_the_bandwidth_is_measured_at_the_field() -> None:
    """Two pixels at 1.5 T are 108.6 Hz per pixel; opposed phase at 1.5 T is 2.30 ms from in phase."""
    scan = scan_of(field_strength_t=1.5)
    reference = acquire(scan)
    shifted, opposed = shift_fat(scan, shift_px=-2.0), turn_fat(scan, phase_rad=pi)
    assert fat_displacement(Pair(reference, acquire(shifted), view_of(reference), scan, shifted)).value == pytest.approx(2.0)
    assert receiver_bandwidth(Pair(reference, acquire(shifted), view_of(reference), scan, shifted)).value == pytest.approx(108.57, abs=0.1)
    pair = Pair(reference, acquire(opposed), view_of(reference), scan, opposed)
    assert echo_time_error(pair).value == pytest.approx(2.303, abs=0.005)
    share = fat_share(scan.body).float()
    lost = 100 * float((reference * (1 - (1 - 2 * share).abs()) * (share > 0)).sum() / (share * reference).sum())
    assert border_signal_lost(pair).value == pytest.approx(lost, rel=1e-3)
    elsewhere = Pair(reference, acquire(opposed) * torch.where(share > 0, 1.0, 0.5), view_of(reference), scan, opposed)
    assert border_signal_lost(elsewhere).value == pytest.approx(lost, rel=1e-3)  # what goes where no fat is was not lost to a border


def test_a_picture_without_bright_fat_is_refused() -> None:
    """There is nothing to displace where no bright layer is seen."""
    bare = MRIScan.of(body_of(((50.0, 100.0),))[0].density.real.float(), seed=3)
    with pytest.raises(ValueError, match="no bright layer of fat"):
        shift_fat(bare, shift_px=1.0)
    with pytest.raises(ValueError, match="no bright layer of fat"):
        turn_fat(bare, phase_rad=1.0)
    assert shift_fat(bare, shift_px=0.0) is bare
    with pytest.raises(ValueError, match="finite"):
        shift_fat(bare, shift_px=float("nan"))
