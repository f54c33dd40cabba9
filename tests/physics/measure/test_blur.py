"""What a blur leaves along each direction: gratings of which each is blurred in one direction only."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics.display import Display
from physics.measure.blur import Blur, blur_of, coarse_gain
from physics.measure.pair import Pair, View

CODES = Display("codes", 0.0, 255.0)


def _pair(reference, degraded, *, modality="mri"):
    reference, degraded = (torch.from_numpy(np.asarray(x, np.float32)) for x in (reference, degraded))
    return Pair(reference, degraded, View(modality, "head", CODES, torch.ones(reference.shape, dtype=torch.bool), None))


def _grating(angle_deg: float, *, period_px: float = 16.0, shape=(512, 512)) -> np.ndarray:
    """A wave whose crests follow each other along an angle, from axis 1 towards axis 0."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.sin(2 * np.pi * (y * np.sin(np.radians(angle_deg)) + x * np.cos(np.radians(angle_deg))) / period_px)


@pytest.mark.parametrize("angle_deg", [0, 30, 75, 90, 120, 165])
def test_what_is_left_along_and_across(angle_deg):
    """Of two crossed gratings, one keeps 0.6 of its contrast, the other all: 0.6 along its direction, 1 at right angles to it. A degree of error beside either
    is seen: five degrees off, 0.997 are left."""
    first, second = _grating(angle_deg), _grating(angle_deg + 90)
    found = blur_of(_pair(128 + 40 * (first + second), 128 + 40 * (0.6 * first + second)))
    assert found.direction_deg == angle_deg
    assert not found.about_centre
    assert found.along == pytest.approx(0.6, abs=2e-3)
    assert found.across == pytest.approx(1.0, abs=1.2e-3)


@pytest.mark.parametrize("modality", ["mri", "endoscopy"])
@pytest.mark.parametrize("angle_deg", [30, 120])
def test_a_loss_alike_in_all_directions_is_read_alike_whatever_the_edges(modality, angle_deg):
    """Edges mostly of one oblique direction: deg = 0.7 ref + d has the gain 0.7 along and across, though few edges tell of either."""
    reference = 128 + 60 * _grating(angle_deg) + 12 * _grating(angle_deg + 70, period_px=23)
    found = blur_of(_pair(reference, 38.4 + 0.7 * reference, modality=modality))
    assert (found.along, found.across) == pytest.approx((0.7, 0.7), abs=3e-3)
    assert found.anisotropy < 0.02


@pytest.mark.parametrize("gain", [0.6, 1.5])
def test_brightness_and_shading_are_no_blur(gain):
    """The same crossed gratings under another light, even or falling off to one side: the gains are read as before."""
    first, second = _grating(30), _grating(120)
    light = gain * (1 + 0.2 * np.linspace(-1, 1, 512))[:, None]
    found = blur_of(_pair(100 + 25 * (first + second), light * (100 + 25 * (0.5 * first + second))))
    assert found.along == pytest.approx(0.5, abs=0.03)
    assert found.across == pytest.approx(1.0, abs=0.05)
    assert found.direction_deg == 30


@pytest.mark.parametrize(("along", "power"), [(0.3, 0.25), (0.6, 0.0), (0.5, 1.0)])
def test_anisotropy_is_a_ratio_of_exponents(along, power):
    """across = along^p: 1 - p; a loss of less than 4 % has no direction."""
    assert Blur(along, along**power, 0.0).anisotropy == pytest.approx(1 - power, abs=1e-12)
    assert Blur(0.95, 1.0, 0.0).anisotropy == pytest.approx(1.0)
    assert Blur(0.97, 1.0, 0.0).anisotropy == 0.0


@pytest.mark.parametrize("along", [0, 1])
@pytest.mark.parametrize("shape", [(512, 512), (512, 384), (384, 512)])
@pytest.mark.parametrize(("energy", "enough"), [(0.7, True), (0.35, False)])
def test_coarse_structures_have_half_a_code_squared_in_the_band(shape, along, energy, enough):
    """A wave of period 64 px and amplitude A has A^2 T^2 / 2 in the band, T = exp(-2 pi^2 8^2 f^2) - exp(-2 pi^2 32^2 f^2), whichever way it runs."""
    frequency = 1 / 64
    band = np.exp(-2 * np.pi**2 * 64 * frequency**2) - np.exp(-2 * np.pi**2 * 1024 * frequency**2)
    wave = np.sqrt(2 * energy) / band * np.cos(2 * np.pi * frequency * (np.arange(shape[along]) + 0.5))
    reference = 120 + (wave[:, None] if along == 0 else wave[None]) * np.ones(shape)
    found = coarse_gain(_pair(reference, 60 + 0.5 * reference))
    assert (found is not None) == enough
    if found is not None:
        assert found == pytest.approx(0.5, abs=1e-3)


def test_blurred_coarse_structures_keep_what_gauss_leaves():
    """Waves of period 64 px of which 0.8 is left have a gain of 0.8; what is finer than 8 px or broader than 32 hardly counts."""
    x = np.arange(512) + 0.5
    coarse, fine, broad = (np.cos(2 * np.pi * x / period)[None] * np.ones((512, 1)) for period in (64, 1024 / 85, 1024))
    reference, degraded = 120 + 20 * (coarse + fine + broad), 100 + 20 * (0.8 * coarse + 0.1 * fine + 0.1 * broad)
    assert coarse_gain(_pair(reference, degraded)) == pytest.approx(0.8, abs=0.03)
