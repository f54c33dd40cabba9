"""A thick slice is the mean of what lies within its profile."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest
import torch
from scipy import integrate

from physics.display import Display
from physics.fourier import centred_grid
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex
from physics.mri.chain import Slab
from physics.mri.slice_profile import SliceProfile
from physics.mri.thick_slice import equivalent_mm, slice_thickness, thicken
from physics.scan import EditConflict, acquire


def volume_scan(volume: torch.Tensor, *, index: int, step_mm: float = 1.0, spacing_mm: tuple[float, float] = (1.0, 1.0)) -> MRIScan:
    """A scan of one slice of a real volume, with the synthetic phase of its body."""
    scan = MRIScan.of(volume[index], spacing_mm=spacing_mm, seed=3)
    body = scan.body.density
    density = volume * (body / body.abs().clamp(min=1e-300))
    return replace(scan, slab=Slab(density.to(body.dtype), index, (step_mm, *spacing_mm)))


def blob(sigma_z: float, *, n: int = 33, shape: tuple[int, int] = (48, 57)) -> torch.Tensor:
    """A Gaussian volume that leans: its centre moves along axis 0 from slice to slice."""
    y, x = centred_grid(shape)
    z = torch.arange(n, dtype=torch.float64)[:, None, None] - n // 2
    return 40 + 100 * torch.exp(-((y - 0.8 * z) ** 2 / 8**2 + x**2 / 11**2 + z**2 / sigma_z**2) / 2)


@pytest.mark.parametrize("index", [16, 14])
@pytest.mark.parametrize("thickness", [3.0, 8.0])
def test_a_gaussian_volume_integrates_exactly(oracle, index: int, thickness: float) -> None:
    """Every pixel is the integral of the closed form over the profile, in the direction of the slab."""
    scan, profile = volume_scan(blob(6.0), index=index), SliceProfile(thickness)
    made = acquire(thicken(scan, profile))
    z0, edge = index - 16, profile.half_extent_mm
    for row, column in ((24, 28), (20, 28), (30, 40), (17, 20)):
        y, x = row - 24, column - 28

        def value(d: float, y: int = y, x: int = x) -> float:
            z = z0 + d
            return float(profile.at(np.array(d))) * (40 + 100 * exp(-((y - 0.8 * z) ** 2 / 64 + x**2 / 121 + z**2 / 36) / 2))

        exact = integrate.quad(value, -edge, edge, points=list(profile.breaks_mm))[0] / thickness
        oracle("mri_thick_slice", "a Gaussian volume integrates exactly over the profile", float(made[row, column]) / exact - 1, below=1e-4)


def test_a_ramp_stays_a_ramp(oracle) -> None:
    """What rises linearly across the slice is not changed by averaging over any thickness, nor is its phase."""
    y, x = centred_grid((40, 44))
    inside = ((y / 15) ** 2 + (x / 17) ** 2 < 1).double()
    z = torch.arange(25, dtype=torch.float64)[:, None, None] - 11
    scan = volume_scan(inside * (100 + 3 * z + 0.5 * y * z / 10), index=11)
    still = acquire_complex(scan)
    for thickness in (1.0, 2.7, 9.0):
        moved = (acquire_complex(thicken(scan, SliceProfile(thickness))) - still).abs().max() / still.abs().max()
        oracle("mri_thick_slice", "a linear ramp across the slice stays as it is", float(moved), below=1e-5)


def test_the_signal_of_a_volume_is_kept(oracle) -> None:
    """Thick slices side by side at every place of a body that ends within the slab add up to what the thin ones do."""
    volume = blob(2.5, n=49) - 40
    profile = SliceProfile(6.0)
    total = torch.stack([acquire(thicken(volume_scan(volume, index=index), profile)).sum() for index in range(8, 41)]).sum()
    oracle("mri_thick_slice", "the signal of a body within the slab is kept", float(total / volume.sum()) - 1, below=1e-4)


def test_borders_that_lean_are_blurred_and_upright_ones_are_not() -> None:
    """An upright cylinder stays sharp; a cone of the same section gains a border as wide as slope times thickness."""
    y, x = centred_grid((64, 64))
    r = (y**2 + x**2).sqrt()
    z = torch.arange(25, dtype=torch.float64)[:, None, None] - 12
    upright = volume_scan(((r < 15).double() * 100 + 20).expand(25, -1, -1).contiguous(), index=12)
    leaning = volume_scan((r < 15 + z).double() * 100 + 20, index=12)
    profile = SliceProfile(10.0)
    torch.testing.assert_close(acquire(thicken(upright, profile)), acquire(upright), atol=1e-9, rtol=0)
    row = acquire(thicken(leaning, profile))[32, 32:]
    width = int(((row > 20 + 10) & (row < 20 + 90)).sum())
    assert 7 <= width <= 10
    assert float(row[15]) == pytest.approx(70, abs=8)


def test_neutral_refused_and_conflicting() -> None:
    """No thickness is the same scan; a single picture and a short slab are refused with the reason; two profiles of one slice conflict."""
    scan = volume_scan(blob(6.0), index=16)
    assert thicken(scan, SliceProfile(0.0)) is scan
    with pytest.raises(ValueError, match="single picture"):
        thicken(replace(scan, slab=None), SliceProfile(3.0))
    with pytest.raises(ValueError, match=r"reach 16\.0 mm"):
        thicken(scan, SliceProfile(40.0))
    once = thicken(scan, SliceProfile(4.0))
    assert thicken(once, SliceProfile(4.0)) is once
    with pytest.raises(EditConflict, match="slice profile"):
        thicken(once, SliceProfile(5.0))


def test_air_keeps_the_noise_of_the_source() -> None:
    """Where no slice holds tissue, not a bit changes but for rounding: a receiver does not become quieter."""
    rng = np.random.default_rng(5)
    floor = torch.from_numpy(rng.rayleigh(2.0, (33, 96, 96)))
    y, x = centred_grid((96, 96))
    body = ((y**2 + x**2) < 20**2).double() * 100
    scan = volume_scan(body + floor, index=16)
    before, after = acquire(scan), acquire(thicken(scan, SliceProfile(12.0)))
    far = (y**2 + x**2) > 40**2
    torch.testing.assert_close(after[far], before[far], rtol=1e-6, atol=1e-6)
    inside = (y**2 + x**2) < 12**2
    assert float(after[inside].std()) < 0.5 * float(before[inside].std())


def test_the_thickness_is_measured() -> None:
    """The rectangle with the variance of profile and source slice together; without a profile the step of the slab."""
    scan = volume_scan(blob(6.0), index=16, step_mm=1.5)
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(48, 57, dtype=torch.bool), (1.0, 1.0))
    reference = acquire(scan)
    assert slice_thickness(Pair(reference, reference, view, scan, scan)).value == pytest.approx(1.5)
    assert equivalent_mm(SliceProfile(6.0, transition=1e-6)) == pytest.approx(6.0, rel=1e-3)
    thick = slice_thickness(Pair(reference, reference, view, scan, thicken(scan, SliceProfile(6.0)))).value
    assert thick == pytest.approx((1.5**2 + equivalent_mm(SliceProfile(6.0)) ** 2) ** 0.5)
    assert 6.0 < equivalent_mm(SliceProfile(6.0)) < 6.3
    assert slice_thickness(Pair(reference, reference, view)).value is None
