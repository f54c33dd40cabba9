"""Line integrals of a picture along the rays of a scanner, and the adjoint."""

from __future__ import annotations

import math

import torch
from scipy.fft import next_fast_len
from torch import Tensor

from physics.ct.geometry import Fan, Geometry, Grid, Parallel
from physics.ct.polar import Lines, picture_of, spectrum_of
from physics.ct.rebinning import to_lines, to_rays, turned


def projection_lines(grid: Grid, geometry: Geometry) -> Lines:
    """The polar lines that carry the line integrals of a grid without wrap-around and without loss of band."""
    band = 0.5 * math.hypot(1 / grid.spacing_mm[0], 1 / grid.spacing_mm[1])
    period_mm = 1.05 * (grid.radius_mm + max(geometry.reach_mm, grid.radius_mm))
    if isinstance(geometry, Parallel):
        length = 2 * next_fast_len(math.ceil(max(period_mm / geometry.channel_mm, geometry.n_channels) / 2), real=True)
        step, n_views = 1.0 / (length * geometry.channel_mm), geometry.n_views
        # one short of the Nyquist frequency, which has no sign and would break the adjoint
        return Lines(n_views, math.pi, min(math.ceil(band / step) + 1, length // 2), step, inside=True)
    return Lines(_half_turn_views(grid, geometry), math.pi, math.ceil(band * period_mm) + 1, 1.0 / period_mm, inside=True)


def _half_turn_views(grid: Grid, fan: Fan) -> int:
    """Lines over 180 degrees: a multiple of half the fan's views that resolves the outermost object (pi R nu views)."""
    needed = math.pi * min(grid.radius_mm, fan.reach_mm) * 0.5 / min(grid.spacing_mm)
    times = max(1, math.ceil(2 * needed / fan.n_views))
    if (times * fan.n_views) % 2:
        times += 1
    return times * fan.n_views // 2


def project(picture: Tensor, geometry: Geometry, *, grid: Grid) -> Tensor:
    """What each ray of a scan passes through.

    Model
        p(ray) = integral of mu along the ray. By the slice theorem the transform of a parallel view is the picture's spectrum on the line through the origin:
        p(theta, s) = sum over nu of P(theta, nu) exp(2 pi i nu s) dnu, P by a non-uniform transform. A fan is turned out of parallel views of its own channels.
    Parameters
        picture : (row, column), 1/mm. geometry : parallel (180 degrees) or fan (360 degrees). grid : the pixels, in mm.
    Returns
        (view, ray), without unit: the exponent of Beer and Lambert. dtype of the picture.
    Assumes
        Pixels sample a band-limited object; thin rays; the isocentre is the middle of the picture.
    Not modelled
        Apertures, focal spot, gantry motion within a view (factors sinc(w nu) on the lines), cone angle.
    References
        Barnett, Magland and af Klinteberg 2019; Natterer 2001.
    Oracle
        Closed line integrals of off-centre Gaussians within 2e-5, chords of a disc, a Siddon sum (tests/physics/ct/test_ct_projector.py).
    Raises
        ValueError: picture and grid differ in shape.
    """
    lines = projection_lines(grid, geometry)
    spectrum = spectrum_of(picture, grid, lines=lines) * (2 * lines.step_per_mm)
    spectrum[:, 0] *= 0.5  # frequency 0 has no mirror image
    rays = to_rays(spectrum, geometry, lines=lines)
    if isinstance(geometry, Parallel):
        return rays
    return turned(rays, geometry, to_fan=True)[:: rays.shape[0] // geometry.n_views].contiguous()


def backproject(rays: Tensor, geometry: Geometry, *, grid: Grid) -> Tensor:
    """The adjoint of `project`: sum over all rays of p times the weight of each pixel on the ray.

    Model
        <project(f), p> = <f, backproject(p)> for all f and p.
    Parameters
        rays : (view, ray). geometry, grid : as in `project`.
    Returns
        (row, column), in mm.
    Assumes
        As `project`.
    Not modelled
        Filters and view weights: see `physics.ct.fbp`.
    References
        As `project`.
    Oracle
        Dot test within 1e-6 in single precision (tests/physics/ct/test_ct_projector.py).
    Raises
        ValueError: the rays do not fit the geometry.
    """
    require_rays(rays, geometry)
    lines = projection_lines(grid, geometry)
    if isinstance(geometry, Fan):
        sparse = torch.zeros((2 * lines.n_views, geometry.n_channels), dtype=rays.dtype)
        sparse[:: 2 * lines.n_views // geometry.n_views] = rays
        rays = turned(sparse, geometry, to_fan=False)
    spectrum = to_lines(rays, geometry, lines=lines) * (2 * lines.step_per_mm * grid.spacing_mm[0] * grid.spacing_mm[1])
    spectrum[:, 0] *= 0.5
    return picture_of(spectrum, grid, lines=lines)


def require_rays(rays: Tensor, geometry: Geometry) -> None:
    """Raise ValueError where a sinogram does not belong to a geometry."""
    if tuple(rays.shape) != (geometry.n_views, geometry.n_channels):
        raise ValueError(f"rays of shape {tuple(rays.shape)}: this {geometry.beam} scan has {geometry.n_views} views of {geometry.n_channels} rays")
