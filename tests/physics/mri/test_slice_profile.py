"""Slices made of a slab: the weights are exact where theory says what they must be."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import erf, exp, pi, sqrt

import numpy as np
import pytest
import torch
from scipy import integrate

from physics.mri import MRIScan
from physics.mri.chain import Slab
from physics.mri.slice_profile import SliceProfile, between, excited_slice, missing_slab, slab_weights, slice_kernel


def slab_of(values: np.ndarray, *, index: int, step_mm: float = 1.0) -> Slab:
    """A slab whose slices are flat, at given values."""
    density = torch.from_numpy(values).to(torch.complex128)[:, None, None].expand(-1, 4, 6).clone()
    return Slab(density, index, (step_mm, 1.0, 1.0))


def test_the_profile_has_its_width_and_its_slopes() -> None:
    """Half height at half the thickness, 1 inside the slopes, 0 beyond them; its integral is the thickness."""
    profile = SliceProfile(5.0, transition=0.2)
    np.testing.assert_allclose(profile.at(np.array([0.0, 2.0, 2.5, -2.5, 3.0, 9.0])), [1, 1, 0.5, 0.5, 0, 0], atol=1e-12)
    assert integrate.quad(lambda z: float(profile.at(np.array(z))), -3, 3, points=[-3, -2, 2, 3])[0] == pytest.approx(5.0, rel=1e-10)


@pytest.mark.parametrize("thickness", [0.0, 0.3, 1.0, 4.7, 12.0])
@pytest.mark.parametrize("offset", [0.0, 0.37, -1.9])
@pytest.mark.parametrize("step", [0.7, 1.0, 2.2])
def test_ramps_stay_ramps(thickness: float, offset: float, step: float) -> None:
    """A linear ramp across the slices, averaged over any profile, is its value at the middle of the slice; for a thin slice a parabola is kept too."""
    index, n = 14, 31
    z = (np.arange(n) - index) * step
    weights = slab_weights(slab_of(z, index=index, step_mm=step), np.array(offset), SliceProfile(thickness) if thickness else None)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert weights @ (3.0 + 2.0 * z) == pytest.approx(3.0 + 2.0 * offset, abs=2e-5 * step)
    if not thickness:
        assert weights @ z**2 == pytest.approx(offset**2, abs=1e-9)


@pytest.mark.parametrize("step", [0.7, 2.0])
def test_the_kernel_is_the_mean_over_the_profile(step: float) -> None:
    """W(d) by adaptive quadrature of w(z) kappa((d - z) / step) over the integral of w, to its end; its values at the slices add up to 1 by themselves."""
    profile = SliceProfile(3.0, 0.4)
    kernel, area = slice_kernel(profile, step), 3.0
    for distance in (0.0, 0.41, -1.7, 2.0 + step, 2.0 + 1.7 * step, 2.2 + 2 * step):
        ends = sorted({*profile.breaks_mm, *(distance - step * np.arange(-2, 3))})

        def share(z: float, distance: float = distance) -> float:
            return float(profile.at(np.array(z)) * between(np.array((distance - z) / step)))

        pieces = [integrate.quad(share, low, high)[0] for low, high in pairwise(ends)]
        assert float(kernel(np.array(distance))) == pytest.approx(sum(pieces) / area, abs=2e-5)
    assert float(kernel(step * np.arange(-20, 21) - 0.3 * step).sum()) == pytest.approx(1.0, abs=1e-4)
    last = profile.half_extent_mm + 2 * step
    assert (
        float(kernel(np.array(last - 0.003 * step))) < 0 == float(kernel(np.array(last + 0.005 * step)))
    )  # the negative lobe of kappa reaches to the very end


def test_the_nearest_slice_alone_makes_a_thin_slice_at_its_place() -> None:
    """At whole steps cubic convolution takes one slice, in the direction of rising index."""
    weights = slab_weights(slab_of(np.zeros(9), index=3, step_mm=2.0), np.array([[0.0, 4.0, -2.0]]), None)
    np.testing.assert_allclose(weights[:, 0].argmax(axis=0), [3, 5, 2])
    np.testing.assert_allclose(weights.max(axis=0), 1.0)
    assert between(np.array([0.0, 1.0, 2.0])).tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("thickness", [4.0, 10.0])
@pytest.mark.parametrize("offset", [0.0, 2.6])
def test_a_gaussian_integrates_exactly(thickness: float, offset: float) -> None:
    """The mean of exp(-z^2 / 2 s^2) over the profile, by adaptive quadrature of the closed form."""
    sigma, index = 5.0, 20
    z = np.arange(41.0) - index
    profile = SliceProfile(thickness)
    low, high = offset - profile.half_extent_mm, offset + profile.half_extent_mm
    breaks = [offset + edge for edge in profile.breaks_mm]
    exact = integrate.quad(lambda at: float(profile.at(np.array(at - offset))) * exp(-((at / sigma) ** 2) / 2), low, high, points=breaks)[0] / thickness
    weights = slab_weights(slab_of(z, index=index), np.array(offset), profile)
    assert weights @ np.exp(-((z / sigma) ** 2) / 2) == pytest.approx(exact, abs=2e-4)
    if offset == 0:
        rect = sqrt(pi / 2) * sigma * 2 * erf(thickness / 2 / sigma / sqrt(2)) / thickness
        assert exact == pytest.approx(rect, rel=0.01)


def test_a_slice_may_tilt_from_row_to_row() -> None:
    """Weights per row: a volume that rises across the slices shows the offset of each row."""
    density = torch.arange(21.0, dtype=torch.float64)[:, None, None].expand(-1, 12, 10).to(torch.complex128) + 50
    scan = MRIScan.of(torch.full((12, 10), 60.0, dtype=torch.float64), phase=False)
    scan = replace(scan, slab=Slab(density, 10, (1.0, 1.0, 1.0)))
    offset = np.linspace(-3.0, 4.0, 12)[:, None]
    made = excited_slice(scan, slab_weights(scan.slab, offset, None)).real  # type: ignore[arg-type]
    torch.testing.assert_close(made, torch.from_numpy(60.0 + offset).expand(12, 10), atol=1e-9, rtol=0)


def test_why_there_is_no_slab() -> None:
    """A single picture, slices too far apart, and a slab that ends too near are told apart; one that reaches is accepted."""
    scan = MRIScan.of(torch.ones(16, 16))
    assert "single picture" in str(missing_slab(scan, 1.0))
    assert "5.0 mm apart" in str(missing_slab(replace(scan, slab=slab_of(np.ones(9), index=4, step_mm=5.0)), 1.0))
    assert "reach 3.0 mm" in str(missing_slab(replace(scan, slab=slab_of(np.ones(9), index=3)), 4.0))
    assert missing_slab(replace(scan, slab=slab_of(np.ones(9), index=3)), 3.5) is None


@pytest.mark.parametrize("index", [3, 5])
def test_the_nearer_end_of_a_slab_counts(index: int) -> None:
    """Nine slices of 2 mm: from the fourth from either end three slices, and the half of a slice about the last, reach 7 mm."""
    scan = replace(MRIScan.of(torch.ones(16, 16)), slab=slab_of(np.ones(9), index=index, step_mm=2.0))
    assert missing_slab(scan, 7.0) is None
    assert "reach 6.0 mm to the nearer side; 7.1 mm" in str(missing_slab(scan, 7.1))


@pytest.mark.parametrize("offset_mm", [0.0, 11.0, -13.5])
def test_what_lies_beyond_the_slab_leaves_no_hole(offset_mm: float) -> None:
    """A slice of 9 mm whose profile reaches out of nine slices of 3 mm: the slices that are there have weights that add up to 1, so that it gets no darker."""
    slab = Slab(torch.ones(9, 4, 4, dtype=torch.complex128), 4, (3.0, 1.0, 1.0))
    weights = slab_weights(slab, np.array([offset_mm, 0.0]), SliceProfile(9.0))
    np.testing.assert_allclose(weights.sum(axis=0), 1.0, rtol=1e-12)
    assert int(np.argmax(weights[:, 0])) == pytest.approx(4 + offset_mm / 3, abs=0.51)
