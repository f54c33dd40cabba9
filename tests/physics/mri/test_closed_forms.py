"""What is known in closed form between coils and picture is what k-space says it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from physics import phantoms
from physics.fourier import to_kspace, to_picture
from physics.mri import MRIScan, Stage
from physics.mri.acquire import acquire_complex, acquire_kspace, closed_forms
from physics.mri.clipping import clip
from physics.mri.dc_offset import Offset
from physics.mri.free_induction import FreeInduction
from physics.mri.nyquist_ghost import EchoMismatch
from physics.mri.radial import Radial, read_radially
from physics.mri.sense import Sense
from physics.mri.spike import Spike
from physics.mri.thermal import ThermalNoise
from physics.mri.wrap import Folding
from physics.mri.zero_filled import combined, magnitude, root_sum_of_squares
from physics.mri.zipper import Interference, Station
from physics.pose import Pose
from physics.scan import acquire, of_stage

Oracle = Callable[..., None]
SHAPES = [(48, 40), (47, 40), (48, 41), (47, 41)]
EVENTS = {
    "mri_spike": (Spike(-11, 4, 3 + 2j), Spike(5, -9, 4j, n_samples=3)),
    "mri_n2_ghost": (EchoMismatch(12.0, 0.0), EchoMismatch(-7.0, 25.0)),
    "mri_zipper": (
        Interference((Station(9.3, 40.0), Station(-4.0, 10.0)), seed=3),
        Interference((Station(-6.2, 30.0, 1.5), Station(7.0, 20.0)), seed=4),
        FreeInduction(20.0, 0.2),
        FreeInduction(20.0, 0.1, alternating=True),
    ),
    "mri_dc_offset": (Offset(30.0, seed=1), Offset(30.0, drift=1.3, settle_share=0.2, seed=2)),
    "mri_wrap_around": (Folding(0.73), Folding(0.5)),
    "mri_noise": (ThermalNoise(4.0, seed=5),),
}


def head(shape: tuple[int, int], *, dtype: torch.dtype = torch.float64, phase_axis: int = 0, n_coils: int = 1) -> MRIScan:
    return MRIScan.of(100 * phantoms.ellipses(shape, dtype), phase_axis=phase_axis, n_coils=n_coils, spacing_mm=(2.0, 1.5))


def residual(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).abs().max() / wanted.abs().max())


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_closed_form_is_the_event_between_two_transforms(name: str, dtype: torch.dtype, oracle: Oracle) -> None:
    """F^H E F x by the event's own k-space: odd and even sizes, both phase axes, one coil and three of unlike pictures. Worst of all over the maximum."""
    worst = 0.0
    for event in EVENTS[name]:
        for shape in SHAPES:
            for phase_axis in (0, 1):
                for n_coils in (1, 3):
                    scan = head(shape, dtype=dtype, phase_axis=phase_axis, n_coils=n_coils)
                    maps = torch.ones((1, *shape)) if n_coils == 1 else scan.sensitivity.maps(shape)
                    pictures = maps.to(scan.body.density) * scan.body.density
                    before = pictures.clone()
                    found, wanted = event.in_picture(pictures, scan), to_picture(event.apply(to_kspace(pictures), scan))
                    assert found.dtype == pictures.dtype
                    assert found.shape == pictures.shape
                    assert torch.equal(pictures, before)
                    assert residual(wanted, before) > 1e-3  # the event is seen at all
                    worst = max(worst, residual(found, wanted))
    if dtype == torch.float64:
        oracle(name, "the closed form is the event between two transforms", worst, below=1e-12)
    else:
        oracle(name, "the closed form is the event between two transforms, float32", worst, below=1e-6)


@pytest.mark.parametrize("shape", [(48, 40), (47, 41)])
@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("n_coils", [1, 3])
def test_a_whole_chain_in_closed_form_is_the_chain_in_k_space(shape: tuple[int, int], phase_axis: int, n_coils: int) -> None:
    """All of them in one scan, edited in an order that is not the physical one: ranks decide, and the picture is that of the k-space."""
    scan = head(shape, phase_axis=phase_axis, n_coils=n_coils)
    for events in reversed(EVENTS.values()):
        for event in events[::-1]:
            # Signal that no encoding touched is made of the central line as it is, and folding is done once: neither meets its own kind.
            if type(event) not in (FreeInduction, Folding) or not any(isinstance(other, type(event)) for other in scan.events):
                scan = scan.with_event(event)
    known = closed_forms(scan)
    assert known is not None
    assert [(event.stage, event.rank) for event in known] == [(e.stage, e.rank) for at in (Stage.ENCODING, Stage.RECEIVER) for e in of_stage(scan, at)]
    assert set(known) == set(scan.events)
    assert torch.equal(acquire(replace(scan, events=scan.events[::-1])), acquire(scan))
    through = to_picture(acquire_kspace(scan))
    assert residual(acquire_complex(scan), combined(through)) < 1e-12


def test_k_space_is_taken_wherever_a_closed_form_does_not_hold() -> None:
    """Lines left out, a moving body, another path or reconstruction, an event that knows k-space only."""
    scan = head((48, 40), n_coils=3).with_event(EVENTS["mri_spike"][0])
    assert closed_forms(head((48, 40))) == []
    assert closed_forms(scan) == [EVENTS["mri_spike"][0]]
    half = torch.arange(48) % 2 == 0
    for other in (
        scan.with_lines(half),
        scan.at(Pose((2.0, 0.0), 1.0)),
        scan.with_reconstruction(Sense()),
        clip(scan, share=0.5),
        read_radially(head((48, 48)), Radial((48, 48), 9, "golden")),
    ):
        assert closed_forms(other) is None
    spiked = to_picture(acquire_kspace(scan.with_lines(half)))
    assert residual(acquire_complex(scan.with_lines(half)), combined(spiked)) < 1e-12


@pytest.mark.parametrize("n_coils", [1, 3])
def test_noise_is_one_grain_in_both_precisions_and_on_both_ways(n_coils: int, oracle: Oracle) -> None:
    """The draw is made in double precision in k-space: single precision, and a scan that needs k-space, see the same noise. A kept draw gives equal bytes."""
    noise = ThermalNoise(4.0, seed=5)
    fine, coarse = (head((48, 41), dtype=dtype, n_coils=n_coils).with_event(noise) for dtype in (torch.float64, torch.float32))
    first = acquire(coarse)
    oracle("mri_noise", "the same grain in single and double precision", residual(first.double(), acquire(fine)), below=1e-6)
    for seed in range(5):
        acquire(head((48, 41), dtype=torch.float32, n_coils=n_coils).with_event(ThermalNoise(4.0, seed)))  # other draws take its place
    assert torch.equal(acquire(coarse), first)
    through = combined(to_picture(acquire_kspace(fine)))
    assert residual(acquire_complex(fine), through) < 1e-12


@pytest.mark.parametrize("n_coils", [1, 2, 5])
def test_root_sum_of_squares_and_modulus(n_coils: int) -> None:
    """(sum_c |x_c|^2)^(1/2) and |x| by the definition, also of a conjugate that was not carried out."""
    pictures = torch.randn((n_coils, 7, 6), dtype=torch.complex128, generator=torch.Generator().manual_seed(1))
    wanted = sum((picture.real**2 + picture.imag**2 for picture in pictures), start=torch.zeros(7, 6, dtype=torch.float64)).sqrt()
    torch.testing.assert_close(root_sum_of_squares(pictures), wanted)
    torch.testing.assert_close(root_sum_of_squares(pictures.movedim(0, 2).contiguous().movedim(2, 0)), wanted)
    torch.testing.assert_close(magnitude(pictures[0].conj()), (pictures[0].real ** 2 + pictures[0].imag ** 2).sqrt())
