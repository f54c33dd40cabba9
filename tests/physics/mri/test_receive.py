"""Receive bias: real loops, placed at the skin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.mri import MRIScan
from physics.mri.coils import receive_sensitivity
from physics.mri.loop import Loop
from physics.mri.motion import Motion
from physics.mri.receive import approach, free_directions, loops_around, shade
from physics.pose import Pose
from physics.scan import acquire

SPACING = (2.0, 1.5)


def disc(shape: tuple[int, int] = (96, 96), centre: tuple[float, float] = (0.1, -0.15)) -> torch.Tensor:
    return 50 * phantoms.ellipses(shape, torch.float64, parts=(phantoms.Ellipse(centre, (0.5, 0.5), 0.0, 1.0),))


def test_a_loop_lies_at_its_gap_from_the_skin_and_faces_the_body():
    """0 degrees is right, 90 is down; gap and skin in millimetres on anisotropic pixels, off-centre bodies included."""
    scan = MRIScan.of(disc(), spacing_mm=SPACING)
    rows, columns = np.nonzero(scan.body.support.numpy())
    right, below = loops_around(scan, directions_deg=(0.0, 90.0), gap_mm=12.0, radius_mm=30.0)
    assert right.centre_mm[1] == pytest.approx((columns.max() - 48) * 1.5 + 12.0)
    assert right.centre_mm[0] == pytest.approx((rows.mean() - 48) * 2.0)
    assert below.centre_mm[0] == pytest.approx((rows.max() - 48) * 2.0 + 12.0)
    assert right.normal == pytest.approx((0.0, -1.0, 0.0))
    assert below.normal == pytest.approx((-1.0, 0.0, 0.0), abs=1e-12)


@pytest.mark.parametrize("direction", [25.0, 130.0, 200.0, 305.0])
def test_an_oblique_loop_lies_at_the_skin_under_it(direction):
    """The skin is the farthest support pixel whose distance from the loop's axis is within its radius, turned into the loop's frame in the complex plane."""
    parts = (phantoms.Ellipse((0.15, -0.1), (0.6, 0.15), 50.0, 1.0), phantoms.Ellipse((0.3, 0.2), (0.12, 0.3), 0.0, 1.0))
    scan = MRIScan.of(phantoms.ellipses((81, 96), torch.float64, parts=parts), spacing_mm=SPACING)
    rows, columns = np.nonzero(scan.body.support.numpy())
    places = (columns - 48) * 1.5 + 1j * (rows - 40) * 2.0
    turn = np.exp(1j * np.radians(direction))
    own = (places - places.mean()) / turn
    skin = own.real[np.abs(own.imag) <= 18.0].max()
    expected = places.mean() + turn * (skin + 7.0)
    (loop,) = loops_around(scan, directions_deg=(direction,), gap_mm=7.0, radius_mm=18.0)
    assert loop.centre_mm == pytest.approx((expected.imag, expected.real, 0.0))
    assert loop.normal == pytest.approx((-turn.imag, -turn.real, 0.0))
    assert loop.radius_mm == 18.0


@pytest.mark.parametrize(("n_coils", "shape"), [(1, (96, 96)), (4, (96, 96)), (1, (81, 97))])
def test_the_picture_is_shaded_by_the_fields_of_the_loops(n_coils, shape, oracle):
    """degraded / reference in the body is the root sum of squares of the loops' sensitivities over the receiver's level, whose weighted mean is 1."""
    picture = disc(shape)
    scan = MRIScan.of(picture, spacing_mm=SPACING, n_coils=n_coils)
    loops = (Loop((0.0, 110.0, 0.0), (0.0, -1.0, 0.0), 40.0), Loop((120.0, 20.0, 0.0), (-1.0, 0.0, 0.0), 30.0))
    reference, degraded = acquire(scan), acquire(shade(scan, loops))
    rows, columns = np.nonzero((picture > 0).numpy())
    places = np.stack([(rows - shape[0] // 2) * 2.0, (columns - shape[1] // 2) * 1.5])
    field = np.sqrt((np.abs(receive_sensitivity(loops, places)) ** 2).sum(axis=0))
    ratio = (degraded / reference)[picture > 0].numpy()
    residual = np.abs(ratio / (field / field.mean()) - 1).max()
    oracle("mri_bias_field", "shading is the root sum of squares of the loops' fields", residual, below=2e-3)
    assert float(degraded[picture > 0].mean()) == pytest.approx(50.0, rel=2e-3)


def test_the_nearer_the_coil_the_stronger_the_shading():
    """From infinity (the same scan) to 10 mm the variation over the body rises steadily, bright towards the coil."""
    scan = MRIScan.of(disc(), spacing_mm=SPACING)
    assert approach(scan, nearness_per_m=0.0, directions_deg=(0.0,), radius_mm=40.0) is scan
    variation = []
    for nearness in (0.1, 1.0, 5.0, 20.0, 100.0):
        shaded = acquire(approach(scan, nearness_per_m=nearness, directions_deg=(0.0,), radius_mm=40.0))
        inside = shaded[disc() > 0]
        variation.append(float(inside.std() / inside.mean()))
        assert float(shaded[53, 60]) > float(shaded[53, 22])
    assert variation == sorted(variation)
    assert variation[0] < 0.01
    assert variation[-1] > 0.5
    with pytest.raises(ValueError, match="nearness"):
        approach(scan, nearness_per_m=-1.0, directions_deg=(0.0,), radius_mm=40.0)
    assert "1 receive loop" in approach(scan, nearness_per_m=5.0, directions_deg=(0.0,), radius_mm=40.0).assumed[-1]


def test_air_keeps_the_noise_of_its_receiver():
    """Far from the body the source's floor is neither raised by the near coil nor lowered elsewhere, with one coil and with several."""
    source = disc()
    source[:6] = 1.0
    source[-6:] = 1.0
    for n_coils in (1, 3):
        scan = MRIScan.of(source, spacing_mm=SPACING, n_coils=n_coils)
        shaded = acquire(approach(scan, nearness_per_m=60.0, directions_deg=(90.0,), radius_mm=40.0))
        torch.testing.assert_close(shaded[:3], acquire(scan)[:3], atol=1e-6, rtol=0)
        torch.testing.assert_close(shaded[-3:], acquire(scan)[-3:], atol=1e-6, rtol=0)


def test_the_shading_stays_while_the_head_moves():
    """A shifted head is shaded by the field at its new place, not by a field that travels with it."""
    blob, pose = phantoms.Gaussian((5.0, -8.0), (10.0, 8.0), 0.0, 50.0), Pose((0.0, 12.0), 0.0)
    scan = MRIScan.of(phantoms.gaussians((96, 96), [blob], spacing_mm=SPACING).real, spacing_mm=SPACING)
    shaded = shade(scan, (Loop((0.0, 70.0, 0.0), (0.0, -1.0, 0.0), 40.0),))
    moved = acquire(shaded.with_motion(Motion.constant(pose, n_lines=96)))
    gain = shaded.sensitivity.maps((96, 96))[0].abs()
    expected = phantoms.gaussians((96, 96), [phantoms.moved(blob, pose)], spacing_mm=SPACING).real * gain
    assert float((moved - expected).abs().max() / expected.max()) < 5e-3
    assert float(moved.max()) > 1.05 * float(acquire(shaded).max())


def test_directions_where_the_body_leaves_the_picture_are_not_free():
    """A neck that runs out of the lower edge leaves no skin below; a body all inside leaves every direction."""
    head = disc(centre=(0.0, 0.0))
    every = free_directions(MRIScan.of(head, spacing_mm=SPACING), radius_mm=30.0)
    assert len(every) == 72
    neck = head.clone()
    neck[48:, 40:56] = 50.0
    free = free_directions(MRIScan.of(neck, spacing_mm=SPACING), radius_mm=30.0)
    assert 90.0 not in free
    assert {0.0, 180.0, 270.0} <= set(free)


@pytest.mark.parametrize(("edge", "side"), [("left", 180.0), ("right", 0.0), ("top", 270.0), ("bottom", 90.0)])
def test_every_edge_is_an_edge(edge, side):
    """An arm that leaves the picture obliquely takes the directions whose loop would cover the cut, in millimetres, and those only."""
    picture = disc((80, 97), centre=(0.1, -0.1))
    where = {"left": np.s_[20:34, :48], "right": np.s_[50:60, 48:], "top": np.s_[:40, 60:70], "bottom": np.s_[40:, 25:32]}[edge]
    picture[where] = 50.0
    scan = MRIScan.of(picture, spacing_mm=SPACING)
    support = scan.body.support.numpy()
    rows, columns = np.nonzero(support)
    places = (columns - columns.mean()) * 1.5 + 1j * (rows - rows.mean()) * 2.0
    outermost = {"left": columns == 0, "right": columns == 96, "top": rows == 0, "bottom": rows == 79}[edge]
    expected = []
    for direction in np.arange(0, 360, 5.0):
        own = places[outermost] / np.exp(1j * np.radians(direction))
        if not ((np.abs(own.imag) <= 22.0) & (own.real > 0)).any():
            expected.append(direction)
    found = free_directions(scan, radius_mm=22.0)
    assert list(found) == expected
    assert 36 < len(found) < 72
    assert min(abs((taken - side + 180) % 360 - 180) for taken in set(np.arange(0, 360, 5.0)) - set(found)) <= 30


def test_an_empty_picture_receives_nothing():
    """No support, no coil."""
    empty = MRIScan.of(torch.zeros(32, 32))
    with pytest.raises(ValueError, match="empty"):
        shade(replace(empty), (Loop((0.0, 50.0, 0.0), (0.0, -1.0, 0.0), 20.0),))
