"""Analytic phantoms."""

from __future__ import annotations

import math

import pytest
import torch

from physics import phantoms
from physics.fourier import centred_grid
from physics.pose import Pose


def test_a_moved_blob_turns_from_right_to_down_and_then_shifts():
    """A blob to the right, turned by 90 degrees, lies below; the shift comes after the turn."""
    blob = phantoms.moved(phantoms.Gaussian((0.0, 10.0), (2.0, 4.0)), Pose((1.0, 2.0), 90.0))
    assert blob.centre_mm == pytest.approx((11.0, 2.0))
    picture = phantoms.gaussians((64, 64), (blob,)).real
    assert divmod(int(picture.argmax()), 64) == (32 + 11, 32 + 2)
    down, right = centred_grid((64, 64))
    weight = picture / picture.sum()
    spread_down = float((weight * (down - 11) ** 2).sum())
    spread_right = float((weight * (right - 2) ** 2).sum())
    assert (spread_down, spread_right) == (pytest.approx(16.0, rel=1e-3), pytest.approx(4.0, rel=1e-3))  # the long axis now points down


@pytest.mark.parametrize("angle_deg", [30.0, -75.0, 200.0])
def test_a_moved_blob_follows_the_complex_plane(angle_deg):
    """With right + i down a turn from axis 1 to axis 0 is multiplication by exp(i angle); tilt, widths and amplitude travel along."""
    blob = phantoms.Gaussian((4.0, 10.0), (2.0, 4.0), 12.0, 2.0 - 1.0j)
    found = phantoms.moved(blob, Pose((1.5, -2.5), angle_deg))
    place = complex(10.0, 4.0) * complex(math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))) + complex(-2.5, 1.5)
    assert found.centre_mm == pytest.approx((place.imag, place.real))
    assert found.angle_deg == pytest.approx(12.0 + angle_deg)
    assert (found.sigma_mm, found.amplitude) == (blob.sigma_mm, blob.amplitude)


def test_gaussian_tilt_is_from_axis_one_towards_axis_zero():
    """A blob long along axis 1, turned by 30 degrees, correlates down with right positively."""
    down, right = centred_grid((65, 65))
    weight = phantoms.gaussians((65, 65), (phantoms.Gaussian((0.0, 0.0), (2.0, 6.0), 30.0),)).real
    covariance = float((weight * down * right).sum() / weight.sum())
    assert covariance == pytest.approx((36 - 4) * math.sin(math.radians(30)) * math.cos(math.radians(30)), rel=1e-3)


@pytest.mark.parametrize("shape", [(96, 80), (95, 81)])
def test_an_ellipse_has_the_mass_and_the_phase_of_its_transform(shape):
    """Sampled ellipses agree with J1(2 pi q)/q at low frequencies within the sampling error."""
    part = phantoms.Ellipse((0.2, -0.3), (0.5, 0.25), 35.0, 2.0)
    picture = phantoms.ellipses(shape, torch.float64, parts=(part,))
    down, right = centred_grid(shape)
    down, right = down / (shape[0] / 2), right / (shape[1] / 2)
    for k0, k1 in ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, -0.5), (1.0, 1.0)):
        sampled = (picture * torch.exp(-2j * math.pi * (k0 * down + k1 * right))).sum() * 4 / (shape[0] * shape[1])
        exact = phantoms.ellipse_transform(part, torch.tensor([k0, k1], dtype=torch.float64))
        assert abs(complex(sampled - exact)) < 0.012 * 2 * math.pi * 0.125


def test_the_head_has_no_mirror_symmetry():
    """Flipping either axis changes the head phantom, so that swapped or flipped axes cannot hide in a test."""
    head = phantoms.ellipses((64, 64))
    assert (head - head.flip(0)).abs().max() > 0.3
    assert (head - head.flip(1)).abs().max() > 0.3
    assert (head - head.T).abs().max() > 0.3
