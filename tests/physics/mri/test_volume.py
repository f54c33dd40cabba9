"""Movement in space against an analytic phantom."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from physics.fourier import centred_grid
from physics.mri.volume import KeptVolume, SpatialMotion, move_volume

SHAPE, SPACING = (28, 32, 30), (1.5, 1.2, 1.3)
CENTRE, WIDTH = np.array([3.0, -5.0, 4.0]), np.array([3.5, 2.8, 4.0])


def blob(rotation: np.ndarray, shift: np.ndarray) -> torch.Tensor:
    """A Gaussian turned about the origin by a rotation vector in radians, then shifted, sampled in millimetres."""
    turn = Rotation.from_rotvec(rotation).as_matrix()
    at = np.stack([g.numpy() * d for g, d in zip(centred_grid(SHAPE), SPACING, strict=True)], axis=-1)
    before = (at - shift) @ turn - CENTRE  # R^T (x - t)
    return torch.from_numpy(np.exp(-((before / WIDTH) ** 2).sum(axis=-1) / 2))


@pytest.mark.parametrize("phase_axis", [0, 1, 2])
@pytest.mark.parametrize("rotation", [(8.0, 0.0, 0.0), (0.0, -6.0, 0.0), (0.0, 0.0, 7.0), (4.0, -3.0, 5.0)])
def test_a_constant_pose_is_the_moved_body(phase_axis, rotation):
    """Each axis of turn and of shift, in degrees and millimetres, on anisotropic voxels; single and double precision agree to 1e-4."""
    shift = np.array([1.1, -2.3, 0.7])
    n = SHAPE[phase_axis]
    motion = SpatialMotion(np.tile(shift, (n, 1)), np.tile(rotation, (n, 1)))
    found = move_volume(blob(np.zeros(3), np.zeros(3)), motion, spacing_mm=SPACING, phase_axis=phase_axis)
    expected = blob(np.radians(rotation), shift)
    assert float((found - expected).abs().max()) < 2e-3
    single = move_volume(blob(np.zeros(3), np.zeros(3)).float(), motion, spacing_mm=SPACING, phase_axis=phase_axis)
    assert single.dtype == torch.float32
    assert float((single - found).norm() / found.norm()) < 1e-4


def test_each_line_follows_its_own_pose():
    """Half of the lines shifted by whole voxels: k-space is that of the shifted volume there and of the resting one elsewhere."""
    volume = torch.rand(SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    shift = np.zeros((32, 3))
    shift[5:20] = (3 * 1.5, -2 * 1.2, 4 * 1.3)
    found = move_volume(volume, SpatialMotion(shift, np.zeros((32, 3))), spacing_mm=SPACING, phase_axis=1)
    there, here = torch.fft.fftn(torch.roll(volume, (3, -2, 4), dims=(0, 1, 2))), torch.fft.fftn(volume)
    there[:, :5], there[:, 20:] = here[:, :5], here[:, 20:]
    torch.testing.assert_close(found, torch.fft.ifftn(there).abs(), atol=1e-9, rtol=0)


@pytest.mark.parametrize("phase_axis", [0, 1, 2])
def test_a_kept_volume_moves_like_the_volume(phase_axis):
    """Two movements of one kept volume, byte for byte; a volume that is complex, by the magnitude of the real one times a phase."""
    volume = blob(np.zeros(3), np.zeros(3)).float()
    keep, rng = KeptVolume.of(volume), np.random.default_rng(1)
    for _ in range(2):
        motion = SpatialMotion(rng.normal(size=(SHAPE[phase_axis], 3)), 3 * rng.normal(size=(SHAPE[phase_axis], 3)))
        found = move_volume(volume, motion, spacing_mm=SPACING, phase_axis=phase_axis)
        assert torch.equal(move_volume(keep, motion, spacing_mm=SPACING, phase_axis=phase_axis), found)
        turned = move_volume(volume * np.exp(0.7j), motion, spacing_mm=SPACING, phase_axis=phase_axis)
        torch.testing.assert_close(turned, found, atol=1e-5, rtol=0)


@pytest.mark.parametrize("rotation", [(40.0, 0.0, 0.0), (10.0, -25.0, 30.0)])
def test_nothing_is_invented_beyond_nyquist(rotation):
    """The spectrum of a point is flat: after a turn its energy is the share of samples that still come from inside the grid."""
    volume = torch.zeros((15, 13, 17), dtype=torch.float64)
    volume[7, 6, 8] = 1.0
    found = move_volume(volume, SpatialMotion(np.zeros((13, 3)), np.tile(rotation, (13, 1))), spacing_mm=(1.0, 1.2, 0.9))
    turn = Rotation.from_rotvec(np.radians(rotation)).as_matrix()
    k = np.stack(np.meshgrid(*(np.fft.fftfreq(n, d) for n, d in zip((15, 13, 17), (1.0, 1.2, 0.9), strict=True)), indexing="ij"), axis=-1)
    inside = (np.abs(k @ turn * np.array([1.0, 1.2, 0.9])) <= 0.5).all(axis=-1)
    assert 0.5 < inside.mean() < 0.99
    assert float(found.square().sum()) == pytest.approx(inside.mean(), abs=1e-9)


@pytest.mark.parametrize("shape", [(21, 24, 22), (20, 23, 25), (19, 21, 23)])
def test_odd_sizes_keep_their_place(shape):
    """A volume that hardly turns stays where it is, to the thousandth of a voxel, along odd and even axes alike."""
    at = np.stack([g.numpy() for g in centred_grid(shape)], axis=-1)
    volume = torch.from_numpy(np.exp(-(((at - (2.0, -1.0, 1.5)) / (2.5, 3.0, 2.6)) ** 2).sum(axis=-1) / 2))
    for phase_axis in (0, 1, 2):
        n = shape[phase_axis]
        motion = SpatialMotion(np.zeros((n, 3)), np.full((n, 3), 1e-5))
        found = move_volume(volume, motion, spacing_mm=(1.0, 1.5, 2.0), phase_axis=phase_axis)
        assert float((found - volume).abs().max()) < 1e-3
