"""How far a scan says that it moves the picture, against spots that move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from fat_phantoms import HEAD, body_of
from torch import Tensor

from physics.display import Display
from physics.fourier import centred_grid, to_kspace, to_picture
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.body import Body
from physics.mri.cavities import materials
from physics.mri.chemical_shift import shift_fat, turn_fat
from physics.mri.coils import Sensitivity, surrounding_array
from physics.mri.displacement import displaced_area, displacement_p95
from physics.mri.epi import EchoPlanar
from physics.mri.fat import fat_share
from physics.mri.gradient_warp import GradientField, bend_gradients
from physics.mri.implant import Implant
from physics.mri.measured import Remainder, measured_scan
from physics.mri.metal import MetalShift, MetalSignal, add_metal
from physics.mri.motion import Motion
from physics.mri.nyquist_ghost import EchoMismatch, mismatch_echoes
from physics.mri.respiration import Breath, Breathing, breathe, wall_share
from physics.mri.thermal import add_noise
from physics.mri.wrap import fold
from physics.noise import unit_complex
from physics.phantoms import ellipses
from physics.pose import Pose
from physics.scan import acquire

Oracle = Callable[..., None]
SHAPE, SPACING = (120, 97), (1.0, 1.3)
FIELD = GradientField("slice", (3.0, -2.0, 0.0), (1.0, 0.3), (1.0, 0.3))
PLACES = ((-16.0, 9.0), (11.0, -14.0), (20.0, 13.0))
OWNERS = {EchoPlanar: "mri_epi_distortion", MetalShift: "mri_metal"}


def spot(place: tuple[float, float], width: float = 1.2) -> Tensor:
    down, right = centred_grid(SHAPE)
    return torch.exp(-((down - place[0]) ** 2 + (right - place[1]) ** 2) / (2 * width**2))


def steep(height: float) -> Tensor:
    """A field with slopes of up to a third of a pixel a pixel once scaled, so that a second one is met elsewhere."""
    down, right = centred_grid(SHAPE)
    return height * torch.sin((down + 0.7 * right) / 9.0)


def shown(scan: MRIScan, place: tuple[float, float]) -> Tensor:
    """Where a spot laid upon the body appears: pixels from the centre; all that does not depend on the spot cancels."""
    laid = replace(scan, body=Body(scan.body.density + 1e-6 * spot(place), scan.spacing_mm))
    gain = to_picture(acquire_kspace(laid) - acquire_kspace(scan)).abs().square().sum(dim=0).sqrt()
    near = spot(place, 14.0) > 0.25
    return torch.stack([(grid * gain * near).sum() / (gain * near).sum() for grid in centred_grid(SHAPE)])


def told(scan: MRIScan, place: tuple[float, float]) -> Tensor:
    """Where the field says that it appears: the mean over the spot."""
    pixels = scan.displacement_mm() / torch.tensor(scan.spacing_mm, dtype=torch.float64)[:, None, None]
    weight = spot(place)
    return torch.tensor(place, dtype=torch.float64) + (pixels * weight).sum(dim=(1, 2)) / weight.sum()


def head(phase_axis: int = 0) -> MRIScan:
    return MRIScan.of(ellipses(SHAPE, torch.float64), spacing_mm=SPACING, phase_axis=phase_axis, phase=False)


@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("event", [EchoPlanar(steep(30.0), 0.8e-3, ()), MetalShift(steep(400.0), -150.0, 3)])
def test_a_spot_appears_where_the_field_says(event: EchoPlanar | MetalShift, phase_axis: int, oracle: Oracle) -> None:
    """Alone, and then drawn on by gradients that are not straight, which meet the spot where the first field has put it."""
    alone = head(phase_axis).with_event(event)
    both = bend_gradients(alone, FIELD, largest_mm=8.0)
    for place in PLACES:
        for scan, claim in ((alone, "a spot appears where the scan says, px"), (both, "a spot under two fields appears where the scan says, px")):
            oracle(OWNERS[type(event)], claim, (shown(scan, place) - told(scan, place)).norm(), below=0.05)
    fields = both.displacement_mm() - alone.displacement_mm() - both.events[-1].displacement_mm(both)  # type: ignore[attr-defined]
    assert float(fields.norm(dim=0).max()) > 0.3  # a sum of fields at one place would miss it


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_a_measured_scan_says_it_too(phase_axis: int, oracle: Oracle) -> None:
    """Measured k-space, of which a remainder belongs to no body, displaces its spots as far as it says; untouched it displaces nothing."""
    coils = Sensitivity.of(surrounding_array(4, fov_mm=(120.0, 126.0)), None, matrix=SHAPE, spacing_mm=SPACING).maps(SHAPE)
    kspace = to_kspace(coils * ellipses(SHAPE, torch.float64)) + 0.01 * unit_complex((4, *SHAPE), seed=5, dtype=torch.complex128)
    scan = measured_scan(kspace, spacing_mm=SPACING, phase_axis=phase_axis)
    assert any(isinstance(event, Remainder) for event in scan.events)
    assert not bool(scan.displacement_mm().any())
    bent = scan.with_event(EchoPlanar(steep(30.0), 0.8e-3, ()))
    for place in PLACES:
        oracle("mri_epi_distortion", "a spot of measured k-space appears where the scan says, px", (shown(bent, place) - told(bent, place)).norm(), below=0.05)


def test_what_is_not_drawn_is_not_displaced() -> None:
    """Metal, air and bone hold no tissue, and tissue that is displaced out of the field of view is lost: all count as 0, all else by the whole field."""
    scan = head()
    metal = add_metal(scan, Implant("steel", (0.0, 0.0, 0.0), 4.0), sequence="se", bandwidth_hz=150.0)
    signal, shift = metal.events
    assert isinstance(signal, MetalSignal)
    assert isinstance(shift, MetalShift)
    moved = metal.displacement_mm()
    lost = ~shift.heard(metal)
    assert bool(signal.hollow.any())
    assert bool((lost & scan.body.support).any())
    nothing = signal.hollow | lost | ~materials(scan.body).tissue
    torch.testing.assert_close(moved[1], torch.where(nothing, 0.0, 1.3 * shift.shift_px(metal)))
    hz = steep(30.0)
    planar = EchoPlanar(hz, 0.8e-3, ())
    torch.testing.assert_close(scan.with_event(planar).displacement_mm()[0], torch.where(materials(scan.body).tissue, planar.shift_px(scan), 0.0))
    assert not bool(moved[0].any())  # along the read-out alone


def test_fat_takes_the_common_centre_of_its_pixel_with_it(oracle: Oracle) -> None:
    """The first moment of the picture changes by the sum of signal times displacement; pure fat goes all the way, water none, a phase moves nothing."""
    body, _ = body_of(HEAD)
    scan = MRIScan.of(body.density.real, spacing_mm=(1.4, 1.2), phase_axis=1, phase=False)
    shifted = shift_fat(scan, shift_px=-3.0)
    moved, share = shifted.displacement_mm(), fat_share(scan.body)
    torch.testing.assert_close(moved[0], -3.0 * 1.4 * share)
    assert not bool(moved[1].any())
    down = centred_grid(scan.matrix)[0] * 1.4
    change = (down * (acquire_complex(shifted) - acquire_complex(scan)).real).sum()
    expected = (moved[0] * scan.body.density.real).sum()
    oracle("mri_chemical_shift", "first moment of the picture, against the displacement told", float(change / expected) - 1, below=1e-6)
    assert not bool(turn_fat(scan, phase_rad=2.0).displacement_mm().any())


def test_a_held_breath_is_a_warp_and_a_breath_about_its_mean_is_none(oracle: Oracle) -> None:
    """Held, tissue stands where its own share of the wall's travel has put it; breathing freely, the mean state under the lines' weight is at rest."""
    scan = head()
    share = wall_share(scan)
    held = scan.with_event(Breathing(share, np.full(scan.n_lines, -6.0), 5))
    for place in ((-30.0, 4.0), (-16.0, -9.0), (0.0, 6.0)):
        oracle(
            "mri_respiratory_ghosting",
            "a spot under a held breath appears where the scan says, px",
            (shown(held, place) - told(held, place)).norm(),
            below=0.05,
        )
    free = breathe(scan, Breath(0.25, 0.4), wall_mm=6.0)
    assert float(free.displacement_mm().abs().max()) < 1e-9


def test_copies_folds_noise_and_poses_displace_nothing() -> None:
    """A ghost of half the field, a small field of view and noise leave the spot itself in its place; so do poses, of which the mean is told apart."""
    place = PLACES[1]
    for scan in (mismatch_echoes(head(), EchoMismatch(20.0, 30.0)), fold(head(), share=0.9), add_noise(head(), sigma=0.1, seed=3)):
        assert not bool(scan.displacement_mm().any())
        assert float((shown(scan, place) - torch.tensor(place)).norm()) < 0.05
    turned = head().with_motion(Motion.constant(Pose((2.0, 0.0), 3.0), n_lines=SHAPE[0]))
    assert not bool(turned.displacement_mm().any())
    assert turned.mean_pose().shift_mm == pytest.approx((2.0, 0.0))


def test_the_percentile_is_that_of_the_object_in_mm() -> None:
    """A field of 0 to 8 mm over the object has its 95th percentile at 7.6 mm, whatever it is outside; half of it goes farther than a pixel of 4 mm."""
    down, _ = centred_grid(SHAPE)
    inside = down >= 0
    ramp = torch.where(inside, 4.0 * down / 59.0, 50.0)  # pixels of 2 mm
    flat = torch.ones(SHAPE, dtype=torch.float64)
    scan = MRIScan.of(flat, spacing_mm=(2.0, 4.0), phase=False).with_event(EchoPlanar(ramp, 1 / SHAPE[0], ()))
    view = View("mri", "head", Display("window", 0.0, 1.0), inside, (2.0, 4.0))
    picture = acquire(MRIScan.of(flat, phase=False))
    pair = Pair(picture, picture, view, scan, scan)
    assert displacement_p95(pair).value == pytest.approx(7.6, abs=0.07)
    assert displaced_area(pair).value == pytest.approx(30 * 97 * 2 * 4 / 100, rel=0.02)
    assert displacement_p95(Pair(picture, picture, view)).value is None
    assert displacement_p95(replace(pair, view=replace(view, mask=inside[:50]))).value is None
    assert displacement_p95(Pair(picture, picture, view, scan, MRIScan.of(flat, phase=False))).value == 0.0
