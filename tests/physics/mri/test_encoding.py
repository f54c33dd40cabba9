"""Rigid motion line by line: against moved phantoms and direct sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from physics import fourier, phantoms
from physics.mri.coils import ReceiveField, Sensitivity, surrounding_array
from physics.mri.encoding import encode, encode_moving
from physics.mri.loop import Loop
from physics.mri.motion import Motion
from physics.pose import Pose

BLOBS = (phantoms.Gaussian((9.0, -14.0), (5.0, 3.5), 20.0, 1.0 + 0.3j), phantoms.Gaussian((-12.0, 8.0), (3.0, 6.0), -35.0, 0.8 - 0.5j))
POSES = [Pose((1.7, -2.3), 0.0), Pose((0.0, 0.0), 6.0), Pose((-2.2, 3.1), -9.0)]
GRIDS = [((72, 64), (1.1, 1.3)), ((71, 63), (1.2, 1.2))]


def random_motion(n_lines: int, *, seed: int = 0, shift_mm: float = 3.0, angle_deg: float = 5.0) -> Motion:
    rng = np.random.default_rng(seed)
    return Motion(rng.uniform(-shift_mm, shift_mm, (n_lines, 2)), rng.uniform(-angle_deg, angle_deg, n_lines), np.arange(n_lines) / n_lines)


@pytest.mark.parametrize(("shape", "spacing"), GRIDS)
@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("phase_axis", [0, 1])
def test_one_pose_for_all_lines_is_the_moved_body(shape, spacing, pose, phase_axis, oracle):
    """A constant pose gives the picture of the analytically moved Gaussians: sign, centre, axis, millimetres, anisotropic pixels."""
    density = phantoms.gaussians(shape, BLOBS, spacing_mm=spacing)
    kspace = encode_moving(density, Motion.constant(pose, n_lines=shape[phase_axis]), spacing_mm=spacing, phase_axis=phase_axis)
    expected = phantoms.gaussians(shape, [phantoms.moved(blob, pose) for blob in BLOBS], spacing_mm=spacing)
    error = (fourier.to_picture(kspace)[0] - expected).abs().max() / expected.abs().max()
    oracle("mri_motion", "one pose for all lines is the Gaussian phantom moved analytically", error, below=1e-4)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_every_line_follows_its_own_pose(phase_axis):
    """Line j is line j of the analytic transform of the body at pose j; single precision within 1e-4."""
    shape, spacing = (72, 66), (1.1, 1.3)
    motion = random_motion(shape[phase_axis])
    density = phantoms.gaussians(shape, BLOBS, spacing_mm=spacing)
    exact = encode_moving(density, motion, spacing_mm=spacing, phase_axis=phase_axis)[0]
    single = encode_moving(density.to(torch.complex64), motion, spacing_mm=spacing, phase_axis=phase_axis)[0]
    for line in range(0, shape[phase_axis], 5):
        pose = Pose((motion.shift_mm[line, 0], motion.shift_mm[line, 1]), motion.angle_deg[line])
        moved = phantoms.gaussians_kspace(shape, [phantoms.moved(blob, pose) for blob in BLOBS], spacing_mm=spacing)
        torch.testing.assert_close(exact.select(phase_axis, line), moved.select(phase_axis, line), atol=2e-4, rtol=0)
    assert float((single - exact).norm() / exact.norm()) < 1e-4


@pytest.mark.parametrize("shape", [(32, 30), (31, 33)])
def test_whole_pixel_shifts_roll_the_picture(shape, oracle):
    """All lines shifted by (3, -5) pixels give torch.roll, exactly, of any picture; opposite shifts undo each other."""
    picture = torch.randn(shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(0))
    pose = Pose((3 * 0.5, -5 * 2.0), 0.0)
    kspace = encode_moving(picture, Motion.constant(pose, n_lines=shape[0]), spacing_mm=(0.5, 2.0), phase_axis=0)
    torch.testing.assert_close(fourier.to_picture(kspace)[0], torch.roll(picture, (3, -5), dims=(0, 1)), atol=1e-12, rtol=0)
    rolled = torch.roll(picture, (3, -5), dims=(0, 1))
    single = encode_moving(picture.to(torch.complex64), Motion.constant(pose, n_lines=shape[0]), spacing_mm=(0.5, 2.0), phase_axis=0)
    residual = (fourier.to_picture(single)[0] - rolled).abs().max() / rolled.abs().max()
    oracle("mri_motion", "whole-pixel shifts roll the picture, float32", residual, below=1e-5)
    assert float(kspace.abs().square().sum()) == pytest.approx(float(picture.abs().square().sum()))


def test_a_quarter_turn_is_rot90():
    """All lines at 90 degrees give the picture turned from axis 1 to axis 0, on an odd square exactly."""
    picture = torch.randn((33, 33), dtype=torch.complex128, generator=torch.Generator().manual_seed(1))
    kspace = encode_moving(picture, Motion.constant(Pose((0.0, 0.0), 90.0), n_lines=33), spacing_mm=(1.0, 1.0), phase_axis=0)
    torch.testing.assert_close(fourier.to_picture(kspace)[0], torch.rot90(picture, -1), atol=1e-9, rtol=0)


@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("coils", [False, True])
def test_lines_at_rest_do_not_change_by_one_bit(phase_axis, coils):
    """A pose at lines 3 and 7 changes these lines and no other."""
    head = phantoms.ellipses((40, 36), torch.float32).to(torch.complex64)
    sensitivity = Sensitivity.of(surrounding_array(3, fov_mm=(40.0, 36.0)), None, matrix=(40, 36), spacing_mm=(1.0, 1.0)) if coils else None
    n = head.shape[phase_axis]
    shift, angle = np.zeros((n, 2)), np.zeros(n)
    shift[3], angle[7] = (1.0, -2.0), 4.0
    moved = encode_moving(head, Motion(shift, angle, np.zeros(n)), spacing_mm=(1.0, 1.0), phase_axis=phase_axis, sensitivity=sensitivity)
    rest = encode(head, None if sensitivity is None else sensitivity.maps((40, 36)).to(head))
    changed = (moved != rest).movedim(1 + phase_axis, 1).any(dim=2).any(dim=0)
    assert torch.nonzero(changed).flatten().tolist() == [3, 7]
    assert torch.equal(encode_moving(head, Motion(0 * shift, 0 * angle, np.zeros(n)), spacing_mm=(1.0, 1.0), phase_axis=phase_axis), encode(head, None))


@pytest.mark.parametrize(("phase_axis", "shaded"), [(0, False), (1, False), (0, True)])
def test_coils_stay_while_the_body_moves(phase_axis, shaded):
    """Each channel of each line is the direct sum over the body under the map at its moved place, C(R u + tau), receive field included."""
    shape, spacing = (40, 36), (4.0, 4.5)
    density = phantoms.gaussians(shape, [phantoms.Gaussian((20.0, -25.0), (16.0, 12.0), 30.0, 1.0 + 0.5j)], spacing_mm=spacing)
    fov = (shape[0] * spacing[0], shape[1] * spacing[1])
    receive = ReceiveField((Loop((0.0, 110.0, 0.0), (0.0, -1.0, 0.0), 50.0),), 1.0) if shaded else None
    sensitivity = Sensitivity.of(surrounding_array(4, fov_mm=fov), receive, matrix=shape, spacing_mm=spacing)
    motion = random_motion(shape[phase_axis], seed=2, shift_mm=8.0, angle_deg=4.0)
    found = encode_moving(density, motion, spacing_mm=spacing, phase_axis=phase_axis, sensitivity=sensitivity)
    down, right = (g.flatten().numpy() for g in fourier.centred_grid(shape))
    at = np.stack([down * spacing[0], right * spacing[1]])
    frequency = [fourier.frequencies(n).numpy() / (n * d) for n, d in zip(shape, spacing, strict=True)]
    scale = float(found.abs().max())
    for line in (0, 1, 9, 35):
        angle = math.radians(motion.angle_deg[line])
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        lies = turn @ at + motion.shift_mm[line][:, None]
        maps = sensitivity.at(lies / np.array(spacing)[:, None] + np.array([[shape[0] // 2], [shape[1] // 2]]))
        for sample in (0, 1, 5, 30):
            k = (frequency[0][line], frequency[1][sample]) if phase_axis == 0 else (frequency[0][sample], frequency[1][line])
            wave = np.exp(-2j * math.pi * (k[0] * lies[0] + k[1] * lies[1]))
            expected = (maps * wave * density.numpy().flatten()).sum(axis=1) / math.sqrt(shape[0] * shape[1])
            got = found[:, line, sample] if phase_axis == 0 else found[:, sample, line]
            assert np.abs(got.numpy() - expected).max() < 1e-4 * scale


def _course(kind: str, n_lines: int) -> Motion:
    time = np.arange(n_lines) / n_lines
    if kind == "scattered":
        return random_motion(n_lines)
    if kind == "nod":
        return Motion(np.stack([10 * np.sin(9 * time), 4 * np.sin(9 * time)], axis=1), 4 * np.sin(9 * time + 0.3), time)
    return Motion(np.stack([3 * np.sin(11 * time), 2 * np.cos(7 * time)], axis=1), 4 * np.sin(5 * time + 1), time)


@pytest.mark.parametrize("kind", ["sway", "nod", "scattered"])
@pytest.mark.parametrize("air", [0.0, 0.01])
def test_eight_coils_in_single_precision_keep_a_ten_thousandth(kind, air):
    """The fields left out and the coarse transforms of faint ones cost less than 1e-4 of k-space, with and without signal in the air."""
    matrix, spacing = (128, 120), (1.8, 1.9)
    head = phantoms.ellipses(matrix) + air
    sensitivity = Sensitivity.of(surrounding_array(8, fov_mm=(230.4, 228.0)), None, matrix=matrix, spacing_mm=spacing)
    motion = _course(kind, 128)
    exact, single = (
        encode_moving(head.to(dtype), motion, spacing_mm=spacing, phase_axis=0, sensitivity=sensitivity) for dtype in (torch.complex128, torch.complex64)
    )
    assert float((single - exact).norm() / exact.norm()) < 1e-4


@pytest.mark.parametrize(
    ("rows", "columns"), [(slice(2, 9), slice(20, 30)), (slice(0, 1), slice(5, 6)), (slice(17, 18), slice(15, 16)), (slice(0, 0), slice(0, 0))]
)
def test_a_body_anywhere_in_an_empty_picture_is_summed_whole(rows, columns):
    """Leaving out empty rows and columns changes nothing: the lines are the direct sum over all pixels, wherever the body lies."""
    shape = (34, 31)
    picture = torch.zeros(shape, dtype=torch.complex128)
    part = picture[rows, columns]
    part[:] = torch.randn(part.shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(4))
    motion = random_motion(34, seed=5)
    found = encode_moving(picture, motion, spacing_mm=(1.0, 1.0), phase_axis=0)[0]
    down, right = fourier.centred_grid(shape)
    for line, sample in ((0, 0), (1, 3), (9, 7), (33, 30)):
        angle = math.radians(motion.angle_deg[line])
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        k = np.array([np.fft.fftfreq(34)[line], np.fft.fftfreq(31)[sample]])
        lies = np.einsum("ij,jyx->iyx", turn, np.stack([down.numpy(), right.numpy()])) + motion.shift_mm[line][:, None, None]
        expected = (np.exp(-2j * math.pi * np.einsum("i,iyx->yx", k, lies)) * picture.numpy()).sum() / math.sqrt(34 * 31)
        assert found[line, sample].numpy() == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_the_outermost_line_is_known_in_single_precision(phase_axis):
    """A line at -N/2 that is only shifted stays known when another line turns: rounding of pi does not wipe it out."""
    picture = torch.randn((32, 32), dtype=torch.complex64, generator=torch.Generator().manual_seed(2))
    shift, angle = np.zeros((32, 2)), np.zeros(32)
    shift[16], angle[3] = (2.0, -3.0), 1.0
    found = encode_moving(picture, Motion(shift, angle, np.zeros(32)), spacing_mm=(1.0, 1.0), phase_axis=phase_axis)[0].select(phase_axis, 16)
    expected = fourier.to_kspace(torch.roll(picture, (2, -3), dims=(0, 1))).select(phase_axis, 16)
    torch.testing.assert_close(found, expected, atol=2e-4, rtol=0)


def test_nothing_is_invented_beyond_nyquist():
    """A turn brings frequencies from beyond the grid into some samples: they are zero, not aliases."""
    picture = torch.zeros((32, 32), dtype=torch.complex128)
    picture[16, 16] = 1.0
    kspace = encode_moving(picture, Motion.constant(Pose((0.0, 0.0), 45.0), n_lines=32), spacing_mm=(1.0, 1.0), phase_axis=0)[0]
    assert float(kspace[15, 15].abs()) == 0.0
    assert float(kspace[15, 0].abs()) == pytest.approx(1 / 32, abs=1e-9)
