"""Line integrals and the adjoint."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from ct_phantoms import disc, fan_rays_as_points, gaussian_picture, gaussian_rays, joseph

from physics.ct.geometry import Fan, Grid, Parallel
from physics.ct.projector import backproject, project, projection_lines

FAN = Fan(n_views=360, n_channels=300, channel_mm=2.2)
ODD = Fan(n_views=361, n_channels=301, channel_mm=2.2, offset=-0.25)
PARALLEL = Parallel(n_views=200, n_channels=301, channel_mm=1.1)
GRIDS = [Grid((256, 256), (1.25, 1.25)), Grid((211, 300), (1.5, 1.0))]


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("geometry", [FAN, ODD, PARALLEL], ids=["fan", "odd fan", "parallel"])
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 2e-5), (torch.float64, 1e-8)])
def test_gaussians_have_their_closed_line_integrals(grid, geometry, dtype, bound):
    """Off-centre Gaussians without symmetry, anisotropic and odd grids: error below 2e-5 of the sinogram's size in single precision."""
    found = project(torch.tensor(gaussian_picture(grid), dtype=dtype), geometry, grid=grid).numpy()
    expected = gaussian_rays(geometry)
    assert found.shape == expected.shape == (geometry.n_views, geometry.n_channels)
    assert np.sqrt(np.mean((found - expected) ** 2) / np.mean(expected**2)) < bound


def test_a_disc_is_as_long_as_its_chords():
    """2 sqrt(R^2 - s^2), off the centre, away from the rim by three pixels."""
    grid, radius, centre = Grid((256, 256), (1.0, 1.0)), 60.0, (25.0, -15.0)
    found = project(torch.tensor(disc(grid, radius_mm=radius, centre_mm=centre)), PARALLEL, grid=grid).numpy()
    theta = np.arange(200)[:, None] * math.pi / 200
    s = (np.arange(301)[None] - 150) * 1.1 - centre[0] * np.cos(theta) - centre[1] * np.sin(theta)
    inside = np.abs(s) < radius - 3
    chord = 2 * np.sqrt(np.maximum(radius**2 - s**2, 0))
    assert np.abs(found - chord)[inside].max() < 0.9  # ringing of the rim
    assert np.abs((found - chord)[inside].mean()) < 0.03
    assert np.abs(found[np.abs(s) > radius + 3]).max() < 0.6


def test_a_fan_sees_the_lines_from_its_source_through_the_object():
    """Rays drawn from the source as points and directions, summed slowly at 64 x 64, agree with the projector: no angle enters but the drawing's."""
    grid = Grid((64, 64), (4.0, 4.0))
    fan = Fan(n_views=24, n_channels=60, channel_mm=9.0)
    picture = gaussian_picture(grid, ((-40.0, 20.0, 18.0, 1.0), (30.0, 55.0, 14.0, 0.8)))
    expected = joseph(picture, grid, *fan_rays_as_points(fan))
    found = project(torch.tensor(picture), fan, grid=grid).numpy()
    assert np.abs(found - expected).max() < 0.012 * expected.max()
    for wrong in (found[:, ::-1], found[::-1], np.roll(found, 12, axis=0)):
        assert np.abs(wrong - expected).max() > 0.2 * expected.max()


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("geometry", [FAN, ODD, PARALLEL, Parallel(n_views=33, n_channels=128, channel_mm=2.0)], ids=["fan", "odd fan", "parallel", "coarse"])
def test_backprojection_is_the_adjoint(grid, geometry):
    """<A f, p> = <f, A* p> to 1e-6 of |A f| |p|, and to 1e-10 in double precision."""
    rng = np.random.default_rng(4)
    for dtype, bound in ((torch.float32, 1e-6), (torch.float64, 1e-10)):
        f = torch.tensor(rng.standard_normal(grid.shape), dtype=dtype)
        p = torch.tensor(rng.standard_normal((geometry.n_views, geometry.n_channels)), dtype=dtype)
        af, ap = project(f, geometry, grid=grid).double(), backproject(p, geometry, grid=grid).double()
        assert af.shape == p.shape
        assert ap.shape == f.shape
        assert abs(float((af * p.double()).sum() - (f.double() * ap).sum())) < bound * float(af.norm() * p.double().norm())
        assert float(af.norm()) > 1.0


@pytest.mark.parametrize("geometry", [Parallel(n_views=30, n_channels=501, channel_mm=1.0), Fan(n_views=40)], ids=["parallel", "fan"])
def test_a_detector_far_wider_than_the_object_sees_nothing_outside(geometry):
    """A small grid before a wide detector: every channel is there, and nothing wraps round."""
    grid, small = Grid((64, 70), (1.0, 1.0)), ((-8.0, 5.0, 3.0, 1.0), (4.0, 9.0, 4.0, 0.5))
    found = project(torch.tensor(gaussian_picture(grid, small)), geometry, grid=grid).numpy()
    np.testing.assert_allclose(found, gaussian_rays(geometry, small), atol=2e-6)


def test_the_mass_of_each_view_is_the_mass_of_the_picture():
    """Sum over s of p ds is the same in all parallel views: the integral of the picture."""
    grid = GRIDS[1]
    picture = gaussian_picture(grid)
    mass = project(torch.tensor(picture), PARALLEL, grid=grid).numpy().sum(axis=1) * 1.1
    np.testing.assert_allclose(mass, picture.sum() * 1.5 * 1.0, rtol=1e-8)


def test_rays_that_do_not_fit_are_refused():
    """A sinogram with its axes swapped is an error."""
    with pytest.raises(ValueError, match="views"):
        backproject(torch.zeros(300, 360), FAN, grid=GRIDS[0])
    with pytest.raises(ValueError, match="grid"):
        project(torch.zeros(3, 4), FAN, grid=GRIDS[0])


@pytest.mark.parametrize("grid", [Grid((211, 300), (0.6, 0.8)), Grid((128, 90), (2.0, 1.3))])
@pytest.mark.parametrize("geometry", [Fan(n_views=36), Fan(n_views=35, n_channels=200), Parallel(n_views=20, n_channels=301, channel_mm=0.3)])
def test_the_lines_carry_the_band_of_the_pixels_and_no_more(grid, geometry):
    """Frequencies end within two steps beyond the corner of the pixels' band, 0.5 hypot(1/dy, 1/dx); their step keeps object and detector, and a twentieth,
    apart from their repeats; half a turn has pi R nu lines at least, the fewest that are a multiple of the fan's views."""
    lines = projection_lines(grid, geometry)
    band = 0.5 * math.hypot(1 / grid.spacing_mm[0], 1 / grid.spacing_mm[1])
    assert band <= (lines.n_frequencies - 1) * lines.step_per_mm <= band + 2 * lines.step_per_mm
    period_mm, radius_mm = 1 / lines.step_per_mm, math.hypot(*(n * d / 2 for n, d in zip(grid.shape, grid.spacing_mm, strict=True)))
    assert period_mm >= 1.05 * (radius_mm + max(geometry.reach_mm, radius_mm)) * (1 - 1e-9)
    assert period_mm < 1.25 * (radius_mm + max(geometry.reach_mm, radius_mm))
    if isinstance(geometry, Parallel):
        assert lines.n_views == geometry.n_views
    else:
        needed = math.pi * min(radius_mm, geometry.reach_mm) * 0.5 / min(grid.spacing_mm)
        allowed = [views // 2 for views in range(geometry.n_views, 40 * geometry.n_views, geometry.n_views) if views % 2 == 0 and views / 2 >= needed]
        assert lines.n_views == allowed[0]
