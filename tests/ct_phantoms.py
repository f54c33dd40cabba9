"""Objects with closed line integrals, and a slow projector, for the tests of CT only."""

from __future__ import annotations

import math

import numpy as np

# x, y (mm, y down), standard deviation, peak: off-centre, no symmetry
GAUSSIANS = ((-70.0, 30.0, 12.0, 1.0), (55.0, 62.0, 8.0, 0.7), (20.0, -85.0, 6.0, 1.3), (0.0, 10.0, 25.0, 0.4))


def gaussian_picture(grid, gaussians=GAUSSIANS):
    y, x = grid.centred_mm()
    return sum(a * np.exp(-((x[None] - cx) ** 2 + (y[:, None] - cy) ** 2) / (2 * s * s)) for cx, cy, s, a in gaussians)


def gaussian_rays(geometry, gaussians=GAUSSIANS):
    """Line integrals along the rays as the definition of the geometry says, written out here on its own."""
    if geometry.beam == "fan":
        beta = 2 * math.pi * np.arange(geometry.n_views)[:, None] / geometry.n_views
        gamma = (np.arange(geometry.n_channels)[None] - (geometry.n_channels - 1) / 2 + geometry.offset) * geometry.channel_mm / geometry.detector_mm
        theta, s = beta + gamma, geometry.source_mm * np.sin(gamma)
    else:
        theta = math.pi * np.arange(geometry.n_views)[:, None] / geometry.n_views
        s = (np.arange(geometry.n_channels)[None] - (geometry.n_channels - 1) / 2) * geometry.channel_mm
    return sum(a * math.sqrt(2 * math.pi) * w * np.exp(-((s - cx * np.cos(theta) - cy * np.sin(theta)) ** 2) / (2 * w * w)) for cx, cy, w, a in gaussians)


def fan_rays_as_points(geometry):
    """Source and direction of each ray of a fan from the drawing of the scanner: the source stands at angle beta of the +y side, turned by beta."""
    beta = 2 * math.pi * np.arange(geometry.n_views)[:, None] / geometry.n_views
    gamma = (np.arange(geometry.n_channels)[None] - (geometry.n_channels - 1) / 2 + geometry.offset) * geometry.channel_mm / geometry.detector_mm
    source = (-geometry.source_mm * np.sin(beta) + 0 * gamma, geometry.source_mm * np.cos(beta) + 0 * gamma)
    direction = (np.sin(beta + gamma), -np.cos(beta + gamma))
    return source, direction


def joseph(picture, grid, points, directions, step_mm=0.25):
    """Line integrals by many samples of the bilinear picture along each ray: slow, and independent of any transform."""
    from scipy.ndimage import map_coordinates

    reach = grid.radius_mm + 5
    px, py = (np.ravel(p) for p in points)
    dx, dy = (np.ravel(d) for d in directions)
    nearest = -(px * dx + py * dy)
    t = np.arange(-reach, reach, step_mm)
    x = px[:, None] + (nearest[:, None] + t) * dx[:, None]
    y = py[:, None] + (nearest[:, None] + t) * dy[:, None]
    rows = y / grid.spacing_mm[0] + (grid.shape[0] - 1) / 2
    columns = x / grid.spacing_mm[1] + (grid.shape[1] - 1) / 2
    return (map_coordinates(picture, (rows, columns), order=1, mode="constant", cval=0.0).sum(axis=1) * step_mm).reshape(np.shape(points[0]))


def disc(grid, *, radius_mm, centre_mm=(0.0, 0.0), oversampling=5):
    """Coverage of each pixel by a disc; centre (x, y)."""
    fine = np.zeros(grid.shape)
    y, x = grid.centred_mm()
    offsets = (np.arange(oversampling) - (oversampling - 1) / 2) / oversampling
    for oy in offsets * grid.spacing_mm[0]:
        for ox in offsets * grid.spacing_mm[1]:
            fine += (x[None] + ox - centre_mm[0]) ** 2 + (y[:, None] + oy - centre_mm[1]) ** 2 <= radius_mm**2
    return fine / oversampling**2


def ct_grain(shape, spacing_mm, *, seed):
    """Noise as filtered backprojection leaves it: power nu A^2 of the standard kernel; deviation 1."""
    from physics.ct.kernel import STANDARD

    nu = np.hypot(np.fft.fftfreq(shape[0], spacing_mm[0])[:, None], np.fft.fftfreq(shape[1], spacing_mm[1]))
    grain = np.fft.ifft2(np.fft.fft2(np.random.default_rng(seed).standard_normal(shape)) * np.sqrt(nu) * STANDARD(nu)).real
    return grain / grain.std()
