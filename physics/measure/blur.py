"""How a blur treats directions: the gain of the gradient along each."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from physics.measure.detail import FIELD_STOPS, detail_of
from physics.measure.pair import Array, Pair, array
from physics.measure.residual import smooth_gain

DIRECTIONS_DEG = tuple(range(0, 180, 5))
EDGES_PX = (1.5, 4.0, 10.0)  # the finest scale at which something is left to compare
ENOUGH_LEFT = 0.35
COARSE = 4
LEAST_GAIN = 0.02
TURNING_LEAST = 0.5  # a lumen has finer detail along its rays than across them, so an even blur reads up to 0.45 there
NOTICED = 0.04  # a smaller loss has no direction worth naming
BAND_PX = (8.0, 32.0)


@dataclass(frozen=True, slots=True)
class Blur:
    """What a blur leaves of gradients: along the direction where it leaves least, across it, and that direction (0 along the rows, 90 along the columns).

    about_centre : the direction is counted from the ray to the middle of the field instead: 0 for a zoom, 90 for a roll.
    """

    along: float
    across: float
    direction_deg: float
    about_centre: bool = False

    @property
    def anisotropy(self) -> float:
        """0: alike in all directions; 1: along one direction only. 1 - ln(across) / ln(along): a ratio of exponents, so that strong blurs compare."""
        along, across = (min(max(gain, LEAST_GAIN), 1.0) for gain in (self.along, self.across))
        return float(np.clip(1.0 - np.log(across) / np.log(along), 0.0, 1.0)) if along < 1.0 - NOTICED else 0.0


def blur_of(pair: Pair) -> Blur | None:
    """The directional gains of a blur; None where the reference has no edges.

    Model
        gain(t) = sum (u . grad D)(u . grad R) / sum (u . grad R)^2, u = (sin t, cos t), gradients at 1.5 px (4 or 10 where a
        strong blur left nothing finer to compare), D evened by the low-frequency ratio, over the steep pixels of the reference. Behind a field stop also
        with t counted from the ray to the middle of the field, as a camera smears that rolls or advances: that frame is taken where it has more anisotropy,
        and at least 0.5.
    Parameters
        pair : registered pictures.
    Returns
        Blur: the smallest gain, the gain at right angles to it, the direction of the smallest, turned from axis 1 towards axis 0.
    Assumes
        Edges of all directions.
    Not modelled
        Other blurs that turn over the field: their mean is read.
    References
        Kundur and Hatzinakos 1996, 10.1109/79.489268 (blur identification); the gradient form is the project's own.
    Oracle
        Line kernels at known angles; an isotropic Gaussian; pictures turned and zoomed about their middle.
    """
    side = detail_of(pair)
    if side is None:
        return None
    where = side[0]
    reference, degraded = array(pair.canonical_reference.luma), array(pair.canonical_degraded.luma)
    even = degraded / smooth_gain(reference, degraded, array(pair.canonical_reference.mask))
    straight = _blur(reference, even, where, None)
    if pair.view.modality not in FIELD_STOPS:
        return straight
    turning = _blur(reference, even, where, _rays(array(pair.canonical_reference.mask))[where])
    return turning if turning.anisotropy > max(straight.anisotropy, TURNING_LEAST) else straight


def _rays(mask: Array) -> Array:
    """Angle of the ray from the middle of the object to each pixel."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    down, right = (np.arange(n) - 0.5 * (ends[0] + ends[-1]) for n, ends in zip(mask.shape, (rows, columns), strict=True))
    return np.asarray(np.arctan2(down[:, None], right[None]))


def _blur(reference: Array, even: Array, where: Array, rays: Array | None) -> Blur:
    """The directional gains in one frame, at the finest scale that the blur left."""
    for sigma in EDGES_PX:
        found = _gains(reference, even, where, sigma, rays)
        if found.across >= ENOUGH_LEFT:
            break
    return found


def _gains(reference: Array, even: Array, where: Array, sigma: float, rays: Array | None) -> Blur:
    (ry, rx), (dy, dx) = (np.gradient(cv2.GaussianBlur(x, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)) for x in (reference, even))
    ry, rx, dy, dx = (np.asarray(g[where], np.float64) for g in (ry, rx, dy, dx))
    if rays is not None:
        sine, cosine = np.sin(rays), np.cos(rays)
        ry, rx = ry * cosine - rx * sine, ry * sine + rx * cosine
        dy, dx = dy * cosine - dx * sine, dy * sine + dx * cosine
    angle = np.radians(DIRECTIONS_DEG)
    down, right = np.sin(angle), np.cos(angle)
    cross = down**2 * (dy @ ry) + right**2 * (dx @ rx) + down * right * (dy @ rx + dx @ ry)
    own = down**2 * (ry @ ry) + right**2 * (rx @ rx) + 2 * down * right * (ry @ rx)
    gains = cross / np.maximum(own, 1e-9)
    least = int(np.argmin(gains))
    opposite = (least + len(gains) // 2) % len(gains)
    return Blur(float(gains[least]), float(gains[opposite]), float(DIRECTIONS_DEG[least]), rays is not None)


def coarse_gain(pair: Pair) -> float | None:
    """What is left of the contrast of coarse structures (8 to 32 px), which no usual blur touches; None where there are none.

    Model
        Slope of band(D) on band(R) over the object; band = Gauss8 - Gauss32, the outside filled with the object's mean.
    Parameters
        pair : registered pictures.
    Returns
        The slope.
    Assumes
        Codes.
    Not modelled
        Blurs wider than the band.
    References
        None.
    Oracle
        deg = c ref + d gives c.
    """
    mask = array(pair.canonical_reference.mask)
    rows, columns = mask.shape
    size = (max(columns // COARSE, 1), max(rows // COARSE, 1))
    inside = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.99
    first, second = (_band(_filled(array(side.luma), mask), size)[inside] for side in (pair.canonical_reference, pair.canonical_degraded))
    energy = float(np.dot(first, first))
    return float(np.dot(first, second)) / energy if energy > 0.5 * max(len(first), 1) else None


def _filled(picture: Array, mask: Array) -> Array:
    """The object before its own mean, so that its outline is no structure."""
    return np.where(mask, picture, picture[mask].mean() if mask.any() else 0.0).astype(picture.dtype)


def _band(picture: Array, size: tuple[int, int]) -> Array:
    coarse = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    fine, wide = (cv2.GaussianBlur(coarse, (0, 0), sigma / COARSE, borderType=cv2.BORDER_REFLECT) for sigma in BAND_PX)
    return np.asarray(fine - wide)
