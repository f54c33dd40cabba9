"""A stained slide read off its picture: the light of clear glass, where tissue lies, and the colours of its two dyes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from physics.optics.light import Light, density_of, light_of

Array = NDArray[np.float64]
DYES: dict[str, tuple[str, str]] = {"he": ("haematoxylin", "eosin"), "hdab": ("haematoxylin", "DAB")}
# Unit densities in R, G, B of the single dyes (Ruifrok and Johnston 2001).
KNOWN: dict[str, tuple[tuple[float, float, float], ...]] = {
    "he": ((0.650, 0.704, 0.286), (0.072, 0.990, 0.105)),
    "hdab": ((0.650, 0.704, 0.286), (0.268, 0.570, 0.776)),
}
STAINED = 0.15  # density from which a pixel counts as stained when dyes are fitted
MOST_ANGLE_DEG = 40.0  # a fitted dye further than this from the published one is not that dye; eosin varies most between laboratories
LEAST_ANGLE_DEG = 12.0  # two fitted dyes closer than this cannot be told apart
SAMPLES = 60_000


@dataclass(frozen=True, eq=False)
class Slide:
    """What a stained slide is made of.

    white : linear light of clear glass, 3. glass_seen : whether glass was found, or white taken as 1. dyes : (3, 3), columns = unit densities of the two
    dyes and of the residual. fitted : whether the dyes are this slide's own. tissue : (row, column) 0..1, 0 on glass. share : (row, column) 0..1, share of
    the first dye in a pixel's density.
    """

    white: Array
    glass_seen: bool
    dyes: Array
    fitted: bool
    tissue: NDArray[np.float32]
    share: NDArray[np.float32]

    @classmethod
    def of(cls, codes: NDArray[np.uint8], *, stains: Literal["he", "hdab"]) -> Slide:
        """Read a slide off its picture."""
        white, noise = glass(codes)
        density = density_of(light_of(codes), white if white is not None else np.ones(3))
        mean = cv2.GaussianBlur(density.mean(axis=2), (0, 0), 1.5)
        if white is None:
            tissue = np.ones(mean.shape, dtype=np.float32)
        else:
            ramp = np.clip((mean - 3 * noise) / 0.03, 0, 1)
            tissue = (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)
        dyes, fitted = dye_matrix(density.reshape(-1, 3), stains=stains)
        held = np.maximum(cv2.transform(density, np.linalg.inv(dyes).astype(np.float32)), 0)
        share = (held[:, :, 0] + 1e-3) / (held[:, :, 0] + held[:, :, 1] + 2e-3)
        return cls(white if white is not None else np.ones(3), white is not None, dyes, fitted, tissue, share.astype(np.float32))

    def amounts(self, density: Light) -> Light:
        """How much of the two dyes and of the residual lies in each pixel: the density in the basis of the dyes."""
        found: Light = cv2.transform(density, np.linalg.inv(self.dyes).astype(density.dtype))
        return found


def glass(codes: NDArray[np.uint8]) -> tuple[Array | None, float]:
    """The light of clear glass and the noise of its density.

    Model
        Glass is bright and colourless: luma within 6 % of the picture's 99.5th percentile, channels within 24 codes. White is the median of
        its linear light, noise the robust deviation of its mean density.
    Parameters
        codes : (row, column, 3) uint8.
    Returns
        White of three channels and noise; (None, 0) where less than 0.3 % of the picture is glass or where the brightest luma is below 180.
    Assumes
        One lamp and exposure over the tile.
    Not modelled
        Shading across the tile.
    References
        design, physics of histopathology: I0 comes from glass, never from a constant.
    Oracle
        A synthetic slide gives its I0 back within half a code; a slide without glass gives none.
    """
    luma = codes.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    brightest = float(np.percentile(luma[::2, ::2], 99.5))
    spread = codes.max(axis=2).astype(np.int16) - codes.min(axis=2)
    found = (luma >= 0.94 * brightest) & (spread <= 24)
    if brightest < 180 or found.mean() < 0.003:
        return None, 0.0
    pixels = light_of(codes)[found].astype(np.float64)
    white = np.median(pixels, axis=0)
    densities = -np.log10(np.maximum(pixels, 1e-4)).mean(axis=1)  # their level does not matter, only their spread
    return white, float(1.4826 * np.median(np.abs(densities - np.median(densities))))


def dye_matrix(density: Light, *, stains: Literal["he", "hdab"]) -> tuple[Array, bool]:
    """The colours of the two dyes and of what is left.

    Model
        Macenko 2009: stained pixels span a plane (two largest eigenvectors of their density's covariance); the dyes are the directions at the
        1st and 99th percentile of the angle in it. Each is named after the published dye that it is nearest to. The residual is
        perpendicular to both.
    Parameters
        density : (pixel, 3) optical density. stains : "he" or "hdab".
    Returns
        (3, 3), columns of unit length; and whether the fit was taken. The published dyes stand in where fewer than 500 pixels are stained,
        where a fitted dye lies more than 40 degrees from the published one, or where the two are closer than 12 degrees.
    Assumes
        Two dyes, Beer-Lambert.
    Not modelled
        A third dye, pigment, red cells.
    References
        Macenko et al. 2009, 10.1109/ISBI.2009.5193250; Ruifrok and Johnston 2001.
    Oracle
        Mixtures of two known dyes give them back within 2 degrees, in the right order.
    """
    known = np.array(KNOWN[stains], dtype=np.float64)
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    stained = density[np.linalg.norm(density, axis=1) > STAINED]
    stained = stained[:: max(1, len(stained) // SAMPLES)].astype(np.float64)
    found = _macenko(stained) if len(stained) >= 500 else None
    if found is not None:
        if (found[0] @ known[0]) + (found[1] @ known[1]) < (found[0] @ known[1]) + (found[1] @ known[0]):
            found = found[::-1]
        off = np.degrees(np.arccos(np.clip((found * known).sum(axis=1), -1, 1)))
        apart = np.degrees(np.arccos(np.clip(found[0] @ found[1], -1, 1)))
        if off.max() > MOST_ANGLE_DEG or apart < LEAST_ANGLE_DEG:
            found = None
    first, second = known if found is None else found
    rest = np.cross(first, second)
    return np.stack([first, second, rest / np.linalg.norm(rest)], axis=1), found is not None


def _macenko(stained: Array) -> Array:
    _, vectors = np.linalg.eigh(np.cov(stained.T))
    plane = vectors[:, [2, 1]]
    plane = plane * np.where(plane.sum(axis=0) < 0, -1, 1)
    on_plane = stained @ plane
    angles = np.arctan2(on_plane[:, 1], on_plane[:, 0])
    ends = np.percentile(angles, [1, 99])
    dyes = np.stack([plane @ np.array([np.cos(angle), np.sin(angle)]) for angle in ends])
    dyes = np.maximum(dyes, 0)
    return np.asarray(dyes / np.linalg.norm(dyes, axis=1, keepdims=True))
