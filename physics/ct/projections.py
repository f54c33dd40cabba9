"""Measured projections: the rays of a real scanner, the picture that they make, and the rays that this scanner would have measured."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from physics.ct.fbp import reconstruct
from physics.ct.geometry import FAN, Fan, Grid
from physics.ct.kernel import STANDARD, Kernel
from physics.ct.motion import sampled
from physics.ct.projector import require_rays
from physics.ct.scan import CTScan
from physics.ct.spectrum import effective_energy_kev, mu_water_per_mm

NOT_MEASURED_HU = -2000.0  # outside of the measured field: padding
_CUT = 0.15  # a line integral at the ends of the detector that the table does not make
_ENDS = 4  # channels


def turned_to_start(rays: Tensor, *, start_deg: float) -> Tensor:
    """Views that begin at start_deg, as views that begin at 0: each channel's turn is a periodic function of the angle, shifted by its own harmonics."""
    if start_deg % 360.0 == 0.0:
        return rays
    harmonics = torch.fft.rfft(rays, dim=0)
    m = torch.arange(harmonics.shape[0], dtype=rays.dtype)[:, None]
    shifted: Tensor = torch.fft.irfft(harmonics * torch.exp(-1j * m * math.radians(start_deg)), n=rays.shape[0], dim=0)
    return shifted.to(rays.dtype)


def on_fan(rays: Tensor, measured: Fan, wanted: Fan = FAN) -> Tensor:
    """The rays of one fan from those of another, which holds the same lines at other views and channels.

    Model
        The line (theta, s) of the wanted ray lies in the measured sinogram at gamma = asin(s / R), beta = theta - gamma; the sinogram between its samples
        is its own trigonometric polynomial (`physics.ct.motion.sampled`). Lines beside the measured fan met air.
    Parameters
        rays : (view, channel) of the measured fan, views from 0 degrees on.
    Returns
        (view, channel) of the wanted fan, dtype of the rays.
    Assumes
        A measured field that holds the body.
    Not modelled
        What the measured scanner's aperture took away.
    References
        Natterer 2001, The Mathematics of Computerized Tomography, fan-beam sampling.
    Oracle
        Closed line integrals on both fans (tests/physics/ct/test_ct_projections.py).
    Raises
        ValueError: the rays do not fit the measured fan.
    """
    require_rays(rays, measured)
    if measured == wanted:
        return rays
    theta = wanted.theta()[:, None] + wanted.gamma()[None]
    gamma = np.broadcast_to(np.arcsin(np.clip(wanted.s_mm() / measured.source_mm, -1.0, 1.0))[None], theta.shape)
    seen = (gamma >= measured.gamma()[0]) & (gamma <= measured.gamma()[-1])
    return torch.where(torch.from_numpy(seen), sampled(rays, measured, beta=theta - gamma, gamma=gamma), torch.zeros((), dtype=rays.dtype))


def measured_scan(
    rays: Tensor,
    *,
    geometry: Fan,
    grid: Grid,
    start_deg: float = 0.0,
    clockwise: bool = True,
    mirrored: bool = False,
    kvp: float = 120.0,
    mas: float | None = None,
    n0: float | None = None,
    kernel: Kernel = STANDARD,
    window_hu: tuple[float, float] | None = None,
) -> CTScan:
    """The healthy scan of measured line integrals.

    Model
        The picture is the filtered backprojection of the rays, in their own geometry and with a kernel that is known; outside of the measured field it is
        padding. The rays of the scan are the measured ones, noise and all, where this scanner's fan has them (`on_fan`); nothing is projected again.
    Parameters
        rays : (view, channel), -ln of the signal over that in air, float32 or float64, views equally spaced over a full turn. geometry : the scanner's fan,
        offset of its channels as stored. grid : the pixels wanted, about the isocentre. start_deg : where the tube is at the first view, 0 below the patient,
        growing as the tube goes round. clockwise : views follow each other as in `Fan`; False: the other way round. mirrored : channels are stored the other
        way round. kvp, mas, n0 : as in CTScan; n0 None is found from the noise of the picture.
    Returns
        The scan; acquire of it is the picture, bit for bit.
    Assumes
        Line integrals that were corrected for beam hardening and calibrated to water at the energy that stands for the voltage.
    Not modelled
        Flat detectors, part turns, cone angle; the bowtie filter and tube current of the scanner that measured.
    References
        Kak and Slaney 1988, chapter 3; Yu et al. 2012 (noise into measured projections).
    Oracle
        Closed line integrals of Gaussians in other geometries, starts and senses: the picture, and the rays of this scanner's fan
        (tests/physics/ct/test_ct_projections.py).
    Raises
        ValueError: rays that are not finite, not of the geometry, or no line integrals.
    """
    require_rays(rays, geometry)
    if not rays.is_floating_point() or not bool(torch.isfinite(rays).all()):
        raise ValueError(f"measured rays are finite floating line integrals, got {rays.dtype} with values that are not finite")
    if not clockwise:
        rays = torch.roll(rays.flip(0), 1, dims=0)  # the first view stays, the others follow in the other sense
    if mirrored:
        rays, geometry = rays.flip(1), replace(geometry, offset=-geometry.offset)
    rays = turned_to_start(rays, start_deg=start_deg)
    mu_water = mu_water_per_mm(effective_energy_kev(kvp))
    hu = (reconstruct(rays, geometry, grid=grid, kernel=kernel) / mu_water - 1.0) * 1000.0
    y, x = grid.centred_mm()
    outside = torch.from_numpy(np.hypot(y[:, None], x[None]) > geometry.reach_mm)
    hu = torch.where(outside, torch.full_like(hu, NOT_MEASURED_HU), hu.clamp(-1024.0, 3071.0))
    scan = CTScan.of(hu, spacing_mm=grid.spacing_mm, kvp=kvp, mas=mas, n0=n0, kernel=kernel, window_hu=window_hu)
    ends = torch.cat((rays[:, :_ENDS], rays[:, -_ENDS:]), dim=1).mean(dim=1)
    cut = float(ends.max()) > _CUT
    assumed = ("body cut by the measured field: rays pass tissue that is not shown",) * (cut and not scan.truncated)
    return replace(scan, measured_rays=on_fan(rays, geometry), truncated=scan.truncated or cut, assumed=(*scan.assumed, *assumed))
