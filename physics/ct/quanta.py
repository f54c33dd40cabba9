"""How many quanta must have made a source."""

from __future__ import annotations

import math

import numpy as np

from physics.ct.acquire import beam_of
from physics.ct.fbp import noise_variance
from physics.ct.geometry import Array, Geometry, Grid, Parallel
from physics.ct.memory import Memory
from physics.ct.scan import CTScan
from physics.ct.source_noise import LEAST_WINDOWS, SOFT_HU, Mask, commonest, fine_share, soft_windows

MOST_QUANTA = 5e6  # a source with less noise than so many quanta would leave was denoised, or never measured
_N_POINTS = 64


def typical_n0(*, mas: float | None, kvp: float) -> float:
    """Quanta per ray and view of a clinical scan: 4.75e5 in a channel of 1 mm at 200 mAs and 120 kVp, as mAs and as the 2.6th power of the voltage."""
    return float(4.75e5 * (200.0 if mas is None else max(mas, 1.0)) / 200.0 * (kvp / 120.0) ** 2.6)


def rays_through(points_mm: Array, geometry: Geometry) -> tuple[Array, Array]:
    """The rays through points (x, y): their distance s from the isocentre and their channel, both (view, point)."""
    x, y = points_mm[:, 0][None], points_mm[:, 1][None]
    theta = geometry.theta()[:, None]
    across, along = x * np.cos(theta) + y * np.sin(theta), y * np.cos(theta) - x * np.sin(theta)
    if isinstance(geometry, Parallel):
        s, channel = across, across / geometry.channel_mm + (geometry.n_channels - 1) / 2
    else:
        gamma = np.arctan2(across, geometry.source_mm - along)
        s, channel = geometry.source_mm * np.sin(gamma), gamma / geometry.step + (geometry.n_channels - 1) / 2 - geometry.offset
    return s, np.clip(np.rint(channel), 0, geometry.n_channels - 1).astype(np.intp)


_KNOWN: Memory[float] = Memory(size=16)


def calibrated_n0(scan: CTScan) -> float:
    """How many quanta the source was made with.

    Model
        At points of homogeneous soft tissue sigma^2 = A1 / N0 + A2 sigma_e^2 / N0^2, where A1 and A2 are the pixel's variance
        (`physics.ct.fbp.noise_variance`) for
        rays of variance exp(p) / (m b) and its square. Solved for N0 with the measured noise and the medians over the points.
    Parameters
        scan : source_noise_hu is used where given, else measured; kernel, geometry, bowtie, modulation decide A1 and A2.
    Returns
        N0 per ray and view on the central ray, at most 5e6 (a source cleaner than that was denoised). Without soft tissue: the typical value for mAs and kVp.
    Assumes
        The source's kernel is the scan's.
    Not modelled
        Slice thickness and pitch: they are part of N0.
    References
        Yu et al. 2012; Christianson et al. 2015.
    Oracle
        A simulated scan of known N0 (tests/physics/ct/test_ct_source_noise.py).
    """
    key = (
        scan.grid,
        scan.geometry,
        scan.kernel,
        scan.kvp,
        scan.bowtie_mm,
        scan.modulation,
        scan.crosstalk,
        scan.electronic_noise,
        scan.mas,
        scan.source_noise_hu,
    )
    return _KNOWN.get(scan.hu, key, make=lambda: _calibrate(scan))


def _calibrate(scan: CTScan) -> float:
    hu = scan.attenuating_hu().double().numpy()
    deviation, inside = soft_windows(hu, scan.spacing_mm)
    enough = inside.sum() >= LEAST_WINDOWS
    fine = commonest(deviation[inside]) if enough else 0.0
    noise = scan.source_noise_hu if scan.source_noise_hu is not None else fine / fine_share(scan.kernel) if enough else None
    if noise is None:
        return typical_n0(mas=scan.mas, kvp=scan.kvp)
    near = inside & (deviation < 1.2 * fine) & (deviation > 0.8 * fine)
    points = _spread(near if near.any() else inside if inside.any() else hu > SOFT_HU[0], scan.grid)
    if not len(points):
        return typical_n0(mas=scan.mas, kvp=scan.kvp)
    s, channel = rays_through(points, scan.geometry)
    beam = beam_of(scan)
    inverse = 1.0 / beam.expected.double().numpy()[np.arange(s.shape[0])[:, None], channel]
    quantum = float(np.median(noise_variance(inverse, scan.geometry, s_mm=s, kernel=scan.kernel, crosstalk=scan.crosstalk)))
    electronic = float(np.median(noise_variance(inverse**2, scan.geometry, s_mm=s, kernel=scan.kernel))) * scan.electronic_noise**2
    variance = (noise * scan.mu_water / 1000.0) ** 2
    least = quantum / MOST_QUANTA + electronic / MOST_QUANTA**2
    if variance <= least:
        return MOST_QUANTA
    return (quantum + math.sqrt(quantum**2 + 4 * variance * electronic)) / (2 * variance)


def _spread(mask: Mask, grid: Grid) -> Array:
    """At most 64 pixels of a mask, evenly spread over its list, as (x, y) in mm."""
    rows, columns = np.nonzero(mask)
    chosen = np.linspace(0, rows.size - 1, min(_N_POINTS, rows.size)).astype(np.intp) if rows.size else np.zeros(0, dtype=np.intp)
    y, x = grid.centred_mm()
    return np.stack((x[columns[chosen]], y[rows[chosen]]), axis=1)
