"""How different two colours look: CIE Lab and CIEDE2000."""

from __future__ import annotations

import numpy as np

from physics.measure.pair import Array

MATRIX = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])  # linear sRGB to XYZ
WHITE = np.array([0.95047, 1.0, 1.08883])  # D65, two degrees
EPSILON, KAPPA = 216.0 / 24389.0, 24389.0 / 27.0  # where the cube root gives way to a line, and its slope


def lab_of_codes(codes: Array) -> Array:
    """sRGB codes as CIE Lab under D65.

    Model
        sRGB decoding, IEC matrix, white D65, CIE 1976 L*a*b*.
    Parameters
        codes : (..., 3), 0..255.
    Returns
        (..., 3) float32: L* 0..100, a*, b*.
    Assumes
        Two-degree observer.
    Not modelled
        Chromatic adaptation.
    References
        IEC 61966-2-1; CIE 15:2004.
    Oracle
        scikit-image's rgb2lab within 0.02.
    """
    value = np.asarray(codes, np.float32) / np.float32(255.0)
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    ratio = light @ (MATRIX / WHITE[:, None]).T.astype(np.float32)
    x, y, z = np.moveaxis(np.where(ratio > EPSILON, np.cbrt(ratio), ratio * KAPPA / 116.0 + 16.0 / 116.0), -1, 0)
    return np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def delta_e_2000(first: Array, second: Array) -> Array:
    """Colour difference CIEDE2000 with all weights one.

    Model
        sqrt((dL'/S_L)^2 + (dC'/S_C)^2 + (dH'/S_H)^2 + R_T dC'/S_C dH'/S_H).
    Parameters
        first, second : (..., 3) L*, a*, b*.
    Returns
        (...) differences.
    Assumes
        Reference viewing conditions.
    Not modelled
        Parametric factors other than one.
    References
        Sharma, Wu, Dalal 2005, 10.1002/col.20070, eq. 2-22.
    Oracle
        Their table of test pairs, to 1e-4.
    """
    (l1, a1, b1), (l2, a2, b2) = (np.moveaxis(lab, -1, 0) for lab in (first, second))
    mean_chroma7 = (0.5 * (np.hypot(a1, b1) + np.hypot(a2, b2))) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(mean_chroma7 / (mean_chroma7 + 25.0**7))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.arctan2(b1, a1), np.arctan2(b2, a2)
    turn = h2 - h1
    turn = turn - 2 * np.pi * np.round(turn / (2 * np.pi))  # the short way round
    grey = c1 * c2 == 0
    turn = np.where(grey, 0.0, turn)
    d_l, d_c, d_h = l2 - l1, c2 - c1, 2.0 * np.sqrt(c1 * c2) * np.sin(0.5 * turn)
    mean_l, mean_c, mean_h = 0.5 * (l1 + l2), 0.5 * (c1 + c2), np.where(grey, h1 + h2, h1 + 0.5 * turn)
    t = (
        1
        - 0.17 * np.cos(mean_h - np.pi / 6)
        + 0.24 * np.cos(2 * mean_h)
        + 0.32 * np.cos(3 * mean_h + np.pi / 30)
        - 0.20 * np.cos(4 * mean_h - 63 * np.pi / 180)
    )
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    degrees = np.mod(np.degrees(mean_h), 360.0)
    mean_c7 = mean_c**7
    r_t = -np.sin(np.radians(60.0 * np.exp(-(((degrees - 275.0) / 25.0) ** 2)))) * 2 * np.sqrt(mean_c7 / (mean_c7 + 25.0**7))
    chroma, hue = d_c / s_c, d_h / s_h
    return np.asarray(np.sqrt(np.maximum((d_l / s_l) ** 2 + chroma**2 + hue**2 + r_t * chroma * hue, 0.0)))
