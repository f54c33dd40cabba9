"""Light and codes: the sRGB transfer curve both ways, and optical density."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Light = NDArray[Any]  # (row, column, 3) floating linear light, 1 = code 255; may exceed 1 before the sensor clips it
Codes = NDArray[np.uint8]

LN10 = float(np.log(10.0))
DARKEST = 0.5 / 255 / 12.92  # linear light of half a code: what a pixel of code 0 is taken to hold, so that its density is finite
_STEPS = 65535


def linear_of_curve(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sRGB curve (IEC 61966-2-1), display value 0..1 to linear light 0..1."""
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def curve_of_linear(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse sRGB curve, linear light 0..1 to display value 0..1."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)


@lru_cache(maxsize=2)
def _decoding(dtype: str) -> NDArray[Any]:
    return linear_of_curve(np.arange(256) / 255).astype(dtype)


@lru_cache(maxsize=1)
def _encoding() -> Codes:
    return np.rint(255 * curve_of_linear(np.arange(_STEPS + 1) / _STEPS)).astype(np.uint8)


def light_of(codes: Codes, *, dtype: str = "float32") -> Light:
    """Linear light of display codes.

    Model
        The piecewise sRGB curve, as a table of 256 entries.
    Parameters
        codes : (row, column, 3) uint8. dtype : of the light, float32 or float64.
    Returns
        Linear light, 0..1.
    Assumes
        The source was encoded with sRGB; the record says that this was assumed.
    Not modelled
        The tone curve of the camera behind the codes.
    References
        IEC 61966-2-1:1999.
    Oracle
        Codes 0, 10, 11, 188 and 255 by hand; codes_of(light_of(c)) == c for all 256 codes.
    """
    return cv2.LUT(codes, _decoding(dtype))


def codes_of(light: Light) -> Codes:
    """Display codes of linear light, clipped to 0..255 and rounded.

    Model
        The inverse sRGB curve, as a table of 65,536 equal steps of light: at most 0.03 code from the exact curve, at the dark end.
    Parameters
        light : any shape, linear light; beyond 1 it clips.
    Returns
        uint8 codes of the same shape.
    Assumes
        A display with the sRGB curve.
    Not modelled
        Tone mapping, gamut mapping: each channel clips by itself.
    References
        IEC 61966-2-1:1999.
    Oracle
        The middle of an edge between codes 60 and 235 is 177 in linear light (147.5 if codes are averaged).
    """
    steps = np.multiply(light, _STEPS, dtype=light.dtype)
    steps += 0.5
    np.clip(steps, 0, _STEPS, out=steps)
    return _encoding()[steps.astype(np.uint16)]


def density_of(light: Light, white: NDArray[Any]) -> Light:
    """Optical density of light that passed a slide: -log10(light / white).

    Model
        OD = -log10(I / I0), channel by channel; light below half a code counts as half a code.
    Parameters
        light : linear light. white : I0 of the three channels, linear.
    Returns
        Density of the same shape; negative where a pixel is brighter than glass.
    Assumes
        Linear light: density of display codes is another quantity.
    Not modelled
        Broad spectral bands, for which density grows less than in proportion to the dye.
    References
        Ruifrok and Johnston 2001.
    Oracle
        I0 / 100 has density 2; light_through is its inverse.
    """
    ratio = np.maximum(light, DARKEST) / white.astype(light.dtype)
    density: Light = cv2.log(ratio)
    density *= -1 / LN10
    return density


def light_through(density: Light, white: NDArray[Any]) -> Light:
    """Light behind a slide of a given density: white 10^-OD, the inverse of `density_of`."""
    light: Light = cv2.exp(density * -LN10)
    light *= white.astype(density.dtype)
    return light
