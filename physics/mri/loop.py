"""The magnetic field of one circular loop of wire."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray
from scipy.special import ellipe, ellipkm1

MU0_UT_MM_PER_A = 4e2 * pi  # vacuum permeability, microtesla millimetre per ampere
WIRE_MM = 2.0  # radius of the conductor: nearer than this the field is that of its surface
SMALL_M = 1e-4  # parameter of the elliptic integrals below which two terms of a series are better than their difference (both to 1e-8)


@dataclass(frozen=True, slots=True)
class Loop:
    """A circular loop, in scanner coordinates along array axis 0, array axis 1 and through the slice; the origin is the centre of the field of view.

    centre_mm : of the loop. normal : direction of its axis (any length). radius_mm : of the loop.
    """

    centre_mm: tuple[float, float, float]
    normal: tuple[float, float, float]
    radius_mm: float


def loop_field(loop: Loop, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Magnetic field of a loop that carries one ampere.

    Model
        Biot and Savart's law in closed form: with z along the axis, rho across it, a the radius, alpha^2 = (a - rho)^2 + z^2,
        beta^2 = (a + rho)^2 + z^2, m = 1 - alpha^2 / beta^2,
        B_z = mu0 / (2 pi alpha^2 beta) ((a^2 - rho^2 - z^2) E(m) + alpha^2 K(m)),
        B_rho = mu0 z / (2 pi alpha^2 beta rho) ((a^2 + rho^2 + z^2) E(m) - alpha^2 K(m)).
    Parameters
        loop : the loop. points_mm : (..., 3), where to look.
    Returns
        (..., 3), microtesla per ampere, along the same axes.
    Assumes
        Quasi-static field (wavelength long against the body), thin wire; closer to the wire than 2 mm the field of the conductor's surface is given.
    Not modelled
        Wave effects at 7 T, loading by the body.
    References
        Simpson et al. 2001, NASA/TM-2013-217919, equations 1-6.
    Oracle
        On the axis mu0 a^2 / (2 (a^2 + z^2)^(3/2)); a sum over 4000 wire segments; no divergence, no curl (tests/physics/mri/test_loop.py).
    """
    normal = np.asarray(loop.normal, dtype=np.float64)
    normal = normal / np.linalg.norm(normal)
    offset = np.asarray(points_mm, dtype=np.float64) - np.asarray(loop.centre_mm)
    z = offset @ normal
    across = offset - z[..., None] * normal
    rho = np.linalg.norm(across, axis=-1)
    a = loop.radius_mm
    beta2 = (a + rho) ** 2 + z**2
    near = np.minimum(np.maximum((a - rho) ** 2 + z**2, WIRE_MM**2) / beta2, 1.0)  # alpha^2 / beta^2 = 1 - m
    m = 1 - near
    k, e = ellipkm1(near), ellipe(m)
    # Both brackets hold q = (E - 2 (1 - m) (K - E) / m) / m. Far away and near the axis its terms cancel: there its power series.
    small = m < SMALL_M
    safe = np.where(small, 1.0, m)
    q = np.where(small, 3 * pi / 16 * (1 + m / 4), (e - 2 * near * (k - e) / safe) / safe)
    scale = MU0_UT_MM_PER_A / (2 * pi * near * beta2 * np.sqrt(beta2))
    along = scale * (2 * a**2 * e - 2 * a * rho * m * q)
    outwards = scale * z * 8 * a**2 * q / beta2  # per millimetre off the axis
    field: NDArray[np.float64] = along[..., None] * normal + outwards[..., None] * across
    return field
