"""The scan and the scanner."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.mri import MRIScan, Stage
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.body import smooth_phase
from physics.mri.coils import ReceiveField, surrounding_array
from physics.mri.loop import Loop
from physics.mri.motion import Motion
from physics.mri.receive import approach
from physics.mri.sense import Sense
from physics.mri.zero_filled import ZeroFilled
from physics.pose import Pose
from physics.scan import EditConflict, acquire


def note(at: Stage, add: float, order: int, seen: list[tuple[Stage, int, tuple[int, ...]]]) -> object:
    class Event:
        stage, rank = at, order

        def apply(self, data: torch.Tensor, scan: MRIScan) -> torch.Tensor:
            seen.append((at, order, tuple(data.shape)))
            return data + add

    return Event()


def head(dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return 100 * phantoms.ellipses((48, 40), dtype)


@pytest.mark.parametrize("n_coils", [1, 5])
@pytest.mark.parametrize("phase", [True, False])
@pytest.mark.parametrize("shape", [(48, 40), (47, 41)])
def test_a_scan_in_order_gives_back_the_source(n_coils, phase, shape):
    """The reference equals the source magnitude to 1e-6 of its maximum, with any number of coils; the precision of the source is kept."""
    source = 100 * phantoms.ellipses(shape)
    scan = MRIScan.of(source, n_coils=n_coils, phase=phase, spacing_mm=(2.0, 1.5))
    reference = acquire(scan)
    assert reference.dtype == torch.float32
    assert float((reference - source).abs().max()) < 1e-6 * 100 * 2
    exact = acquire(MRIScan.of(source.double(), n_coils=n_coils, phase=phase))
    assert exact.dtype == torch.float64
    assert float((exact - source.double()).abs().max()) < 1e-12 * 100 * 2


def test_what_was_invented_is_listed():
    """Phase and coils are in `assumed`, and only where they were invented."""
    assert MRIScan.of(head(), phase=False).assumed == ()
    assert "phase" in MRIScan.of(head()).assumed[0]
    assert "5 loops" in MRIScan.of(head(), n_coils=5).assumed[1]
    assert "8 loops" in MRIScan.of(head()).with_array(8).assumed[-1]
    assert MRIScan.of(head(), n_coils=5).with_array(8).n_coils == 5


def test_the_body_has_the_invented_phase_and_the_array_fits_its_field_of_view():
    """density = source exp(i phi), phi of the seed; loops stand around rows x spacing by columns x spacing, however the array comes to the scan."""
    scan = MRIScan.of(head(torch.float64), spacing_mm=(2.0, 1.5), n_coils=5, seed=3)
    torch.testing.assert_close(scan.body.density, torch.polar(head(torch.float64), smooth_phase((48, 40), seed=3)))
    assert torch.equal(MRIScan.of(head(), phase=False).body.density, head().to(torch.complex64))
    assert scan.array == MRIScan.of(head(), spacing_mm=(2.0, 1.5)).with_array(5).array == surrounding_array(5, fov_mm=(96.0, 60.0))


def test_events_run_in_physical_order_on_the_data_of_their_stage():
    """Stages first, then ranks, whatever the order of the edits; each stage sees its own kind of data."""
    seen: list[tuple[Stage, int, tuple[int, ...]]] = []
    scan = MRIScan.of(head(), n_coils=3)
    for at, order in (
        (Stage.MAGNITUDE, 1),
        (Stage.RECEIVER, 9),
        (Stage.OBJECT, 5),
        (Stage.RECEIVER, 2),
        (Stage.COILS, 0),
        (Stage.RECONSTRUCTION, 0),
        (Stage.ENCODING, 3),
    ):
        scan = scan.with_event(note(at, 0.0, order, seen))  # type: ignore[arg-type]
    torch.testing.assert_close(acquire(scan), acquire(MRIScan.of(head(), n_coils=3)), rtol=0, atol=2e-4)  # through k-space and back: rounding
    assert [(at, order) for at, order, _ in seen] == [(0, 5), (1, 0), (2, 3), (3, 2), (3, 9), (4, 0), (5, 1)]
    assert [shape for _, _, shape in seen] == [(48, 40), (3, 48, 40), (3, 48, 40), (3, 48, 40), (3, 48, 40), (48, 40), (48, 40)]


def test_events_change_the_data_of_their_stage():
    """Two added to the magnitude shows as two; one more to the object of a real picture as one more; coil maps of 1 + 1 double it."""
    plain = acquire(MRIScan.of(head(), phase=False))
    for stage, expected in ((Stage.MAGNITUDE, plain + 2), (Stage.OBJECT, plain + 2), (Stage.RECONSTRUCTION, plain + 2), (Stage.COILS, plain * 3)):
        scan = MRIScan.of(head(), phase=False).with_event(note(stage, 2.0, 0, []))  # type: ignore[arg-type]
        torch.testing.assert_close(acquire(scan), expected, atol=1e-3, rtol=0)
    with pytest.raises(ValueError, match="moves"):
        acquire(MRIScan.of(head()).with_event(note(Stage.COILS, 1.0, 0, [])).at(Pose((1.0, 0.0), 0.0)))  # type: ignore[arg-type]


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_lines_that_were_not_sampled_are_zero(phase_axis):
    """The mask lies along the phase axis and leaves sampled lines as they were."""
    scan = MRIScan.of(head(), phase_axis=phase_axis, n_coils=2)
    lines = torch.arange(scan.n_lines) % 3 == 0
    full, sampled = acquire_kspace(scan), acquire_kspace(scan.with_lines(lines))
    assert scan.n_lines == (48, 40)[phase_axis]
    moved, plain = sampled.movedim(1 + phase_axis, 0), full.movedim(1 + phase_axis, 0)
    assert torch.equal(moved[lines], plain[lines])
    assert float(moved[~lines].abs().max()) == 0
    twice = scan.with_lines(lines).with_lines(torch.arange(scan.n_lines) % 2 == 0)
    assert torch.equal(twice.lines, torch.arange(scan.n_lines) % 6 == 0)


def test_composition_rules():
    """Poses compose; a second reconstruction or receive field conflicts; the same one again does not."""
    scan = MRIScan.of(head())
    one = Motion.constant(Pose((1.0, 0.0), 90.0), n_lines=48)
    both = scan.with_motion(one).with_motion(one)
    np.testing.assert_allclose(both.motion.shift_mm[0], [1.0, -1.0], atol=1e-12)
    assert both.motion.angle_deg[0] == 180
    sense = scan.with_reconstruction(Sense())
    assert sense.with_reconstruction(Sense()).reconstruction == Sense()
    with pytest.raises(EditConflict, match="reconstruction"):
        sense.with_reconstruction(ZeroFilled())
    near, far = (ReceiveField((Loop((z, 0.0, 0.0), (1.0, 0.0, 0.0), 30.0),), 1.0) for z in (40.0, 80.0))
    assert scan.with_receive(near).with_receive(near).receive == near
    with pytest.raises(EditConflict, match="receive"):
        scan.with_receive(near).with_receive(far)


@pytest.mark.parametrize("n_coils", [1, 4])
def test_the_body_at_a_pose_is_the_moved_body(n_coils):
    """at(pose) renders the moved body through the same coils; at() replaces a movement; a neutral pose is the healthy scan."""
    spacing = (2.0, 2.5)
    blob = phantoms.Gaussian((10.0, -15.0), (9.0, 6.0), 20.0, 50.0)
    pose = Pose((3.0, -4.0), 7.0)
    source = phantoms.gaussians((48, 40), [blob], spacing_mm=spacing).real
    scan = MRIScan.of(source, spacing_mm=spacing, n_coils=n_coils)
    expected = phantoms.gaussians((48, 40), [phantoms.moved(blob, pose)], spacing_mm=spacing).real
    restless = scan.with_motion(Motion.constant(Pose((9.0, 9.0), -20.0), n_lines=48))
    for still in (scan.at(pose), restless.at(pose)):
        assert float((acquire(still) - expected).abs().max()) < 50 * 2e-4
        assert still.mean_pose().shift_mm == pytest.approx(pose.shift_mm)
    assert scan.at(Pose()).motion is None
    assert torch.equal(acquire(scan.at(Pose())), acquire(scan))


def test_the_mean_pose_weighs_lines_by_edge_energy():
    """Sum of w pose / sum of w with w = |k|^2 |K|^2 of the sampled lines, by the written-out sum."""
    scan = MRIScan.of(head(torch.float64), spacing_mm=(2.0, 1.0), phase_axis=1)
    rng = np.random.default_rng(0)
    motion = Motion(rng.normal(size=(40, 2)), rng.normal(size=40), np.zeros(40))
    lines = torch.arange(40) % 4 != 2
    kspace = acquire_kspace(scan)[0].abs().square().numpy()
    k0, k1 = np.fft.fftfreq(48, 2.0)[:, None], np.fft.fftfreq(40, 1.0)[None]
    for taken, moving in ((np.ones(40), scan.with_motion(motion)), (lines.numpy(), scan.with_motion(motion).with_lines(lines))):
        weight = ((k0**2 + k1**2) * kspace).sum(axis=0) * taken
        pose = moving.mean_pose()
        np.testing.assert_allclose(pose.shift_mm, weight @ motion.shift_mm / weight.sum())
        assert pose.angle_deg == pytest.approx(weight @ motion.angle_deg / weight.sum())
    assert scan.mean_pose() == Pose()


def test_samples_outside_the_matrix_are_refused():
    """Even sizes reach from -N/2 to N/2 - 1, odd ones to both sides alike."""
    scan = MRIScan.of(phantoms.ellipses((8, 7)))
    for inside in ((-4, 3), (3, -3)):
        scan.require_inside_matrix(*inside)
    for outside in ((4, 0), (-5, 0), (0, 4), (0, -4)):
        with pytest.raises(ValueError, match="outside"):
            scan.require_inside_matrix(*outside)


@pytest.mark.parametrize("bad", [torch.zeros(3), -torch.ones(4, 4), torch.full((4, 4), float("nan")), torch.zeros((4, 4), dtype=torch.int16)])
def test_impossible_pictures_are_refused(bad):
    """Only a finite, non-negative float picture makes a scan."""
    with pytest.raises(ValueError, match="image"):
        MRIScan.of(bad)


@pytest.mark.parametrize("bad", [{"spacing_mm": (0.0, 1.0)}, {"phase_axis": 2}, {"n_coils": 0}])
def test_impossible_geometry_is_refused(bad):
    """The message names the value."""
    with pytest.raises(ValueError, match=next(iter(bad))):
        MRIScan.of(head(), **bad)
    with pytest.raises(ValueError, match="central line"):
        MRIScan.of(head()).with_lines(torch.zeros(48, dtype=torch.bool))


def test_the_source_is_not_touched_and_the_scan_is_deterministic():
    """acquire twice gives the same bytes and leaves the source as it was; the complex picture has the magnitude that is shown."""
    source = head()
    before = source.clone()
    scan = MRIScan.of(source, n_coils=3).with_motion(Motion.constant(Pose((1.0, 2.0), 3.0), n_lines=48))
    assert torch.equal(acquire(scan), acquire(replace(scan)))
    assert torch.equal(source, before)
    torch.testing.assert_close(acquire_complex(scan).abs(), acquire(scan))


@pytest.mark.parametrize("n_coils", [1, 3])
def test_tissue_and_air_are_put_together_again(n_coils):
    """A receive field of 1 everywhere, here of a loop a kilometre away, changes nothing: not in tissue, not in air, not in the rim between."""
    source = 100 * phantoms.ellipses((47, 40), torch.float64, parts=(phantoms.Ellipse((0.05, -0.1), (0.5, 0.4), 0.0, 1.0),)) + 3.0
    scan = MRIScan.of(source, n_coils=n_coils, spacing_mm=(2.0, 1.5))
    share = scan.body.tissue_share
    assert int(((share > 0.2) & (share < 0.8)).sum()) > 20
    far = approach(scan, nearness_per_m=1e-3, directions_deg=(40.0,), radius_mm=30.0)
    torch.testing.assert_close(acquire(far), acquire(scan), rtol=2e-3, atol=0)
