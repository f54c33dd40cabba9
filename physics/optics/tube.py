"""A rendered colon: a bent tube with haustral folds, vessels and wet highlights, lit from the tip of the endoscope. A phantom, and named one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from physics.optics.light import codes_of
from physics.optics.mucosa import Mucosa, texture_at
from physics.optics.wall import FAR_MM, RADIUS_MM, Wall, depth_along

Array = NDArray[Any]

FIELD_DEG = 140.0
LAMP_OFFSETS_MM = ((-2.2, 0.6), (2.2, 0.6))  # two light guides beside the lens, in (x, y)
ALBEDO = (0.60, 0.235, 0.165)  # linear light, of mucosa without visible vessels
SCATTERED = (0.050, 0.019, 0.011)  # light that reaches a wall by way of other walls, a share of the direct light near the tip
FILM_FRESNEL = 0.020  # of a film of water at normal incidence
FILM_ROUGHNESS = 0.13
READ_NOISE = 0.0012
FULL_WELL = 6000.0  # electrons at white


@dataclass(frozen=True, eq=False)
class Tube:
    """codes : (row, column, 3) uint8. mask : (row, column) bool, lit. depth_mm : distance of the wall along each ray. field_deg : across the field."""

    codes: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    depth_mm: NDArray[np.float32]
    field_deg: float = FIELD_DEG


def tube(*, seed: int, size: int = 640) -> Tube:
    """A colonoscopy frame without a patient.

    Model
        An equidistant lens of 140 degrees looks into a bent tube of 21 mm radius with crescent folds; rays march to the wall. Light of two guides: albedo
        cos(theta) / d^2 each; scattered light; a rough film of water (GGX, F0 = 0.02) on bumpy mucosa gives the highlights; submucosal vessels absorb. Then
        automatic gain, a lens blur of 0.6 px, shot and read noise, sRGB codes and an octagonal or round mask.
    Parameters
        seed : decides everything. size : rows and columns, >= 64.
    Returns
        Codes, mask and depth.
    Assumes
        A clean, inflated colon.
    Not modelled
        Subsurface scattering, true interreflection, peristalsis, stool, polyps.
    Raises
        ValueError: a size below 64.
    References
        Walter et al. 2007 (GGX); design, physics of endoscopy: light 1 / d^2 cos(theta).
    Oracle
        A straight smooth tube seen along its axis: E proportional to sin^3(theta) (tests/physics/optics/test_tube.py); same seed, same bytes.
    """
    if size < 64:
        raise ValueError(f"a frame of {size} px is too small; at least 64")
    rng = np.random.Generator(np.random.PCG64(seed))
    wall, mucosa = Wall.drawn(rng), Mucosa.drawn(rng, circumference_mm=math.tau * RADIUS_MM, length_mm=FAR_MM)
    mask = field_shape(size, octagonal=bool(rng.integers(2)))
    rays = lens_rays(size)
    depth = depth_along(wall, rays)
    light = shaded(wall, mucosa, rays, depth)
    codes = np.where(mask[:, :, None], photographed(light, mask, rng), 0).astype(np.uint8)
    return Tube(codes, mask, depth)


def photographed(light: Array, mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Codes of light: automatic gain on the red of the middle tones, a soft shoulder, the blur of the lens, shot and read noise, the sRGB curve."""
    exposed = light * (0.36 / max(float(np.percentile(light[mask][:, 0], 55)), 1e-6))
    blurred: Array = cv2.GaussianBlur(exposed / (1 + 0.18 * exposed), (0, 0), 0.6)
    noise = rng.standard_normal(blurred.shape, dtype=np.float32) * np.sqrt(np.maximum(blurred, 0) / FULL_WELL + READ_NOISE**2)
    return codes_of(blurred + noise.astype(np.float32))


def lens_rays(size: int) -> Array:
    """Unit rays (row, column, xyz) of an equidistant lens whose field spans the picture: x right, y down, z ahead."""
    focal = size / math.radians(FIELD_DEG)
    axis = (np.arange(size) - (size - 1) / 2).astype(np.float32)
    x, y = axis[None, :], axis[:, None]
    radius = np.hypot(x, y)
    angle = np.minimum(radius / focal, np.float32(math.radians(85)))
    aside = np.sin(angle) / np.maximum(radius, 1e-6)
    return np.stack(np.broadcast_arrays(x * aside, y * aside, np.cos(angle)), axis=2).astype(np.float32)


def field_shape(size: int, *, octagonal: bool) -> NDArray[np.bool_]:
    """The mask of the video processor: a square with cut corners, or a circle a little larger than the picture."""
    axis = np.abs(np.arange(size) - (size - 1) / 2) / (size / 2)
    return np.asarray(axis[:, None] + axis < 1.52 if octagonal else np.hypot(axis[:, None], axis) < 1.06)


def shaded(wall: Wall, mucosa: Mucosa, rays: Array, depth: Array) -> Array:
    """Light that the wall sends back along each ray, in units of albedo over mm^2 times 1000."""
    points = rays * depth[:, :, None]
    x, y, z = (np.ascontiguousarray(points[:, :, k]) for k in range(3))
    free, angle = wall.clearance(x, y, z)
    step = 0.15
    normal = np.stack([wall.clearance(x + step, y, z)[0] - free, wall.clearance(x, y + step, z)[0] - free, wall.clearance(x, y, z + step)[0] - free], axis=2)
    normal /= np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-6)
    # how many texels a pixel covers: far away the texture is averaged, not sampled
    blurred = 1 / (1 + (depth / 55) ** 2)
    redness, vessels, bump = texture_at(mucosa, angle, z)
    redness, vessels = redness * blurred, vessels * blurred
    absorbed = np.exp(-(0.22 * redness + 1.1 * vessels)[:, :, None] * np.array([0.12, 0.62, 0.50], dtype=np.float32))
    pale = np.exp(0.10 * redness)[:, :, None]
    albedo = np.array(ALBEDO, dtype=np.float32) * absorbed * pale
    tilt = bump * blurred[:, :, None]
    wet, normal = normal + tilt, normal + 0.3 * tilt  # the film follows every bump, the tissue below scatters them away
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    wet /= np.linalg.norm(wet, axis=2, keepdims=True)
    total = 1000 * np.array(SCATTERED, dtype=np.float32) * (1 / (30 + depth) ** 2)[:, :, None]
    for lamp_x, lamp_y in LAMP_OFFSETS_MM:
        to_lamp = np.array([lamp_x, lamp_y, 0.0], dtype=np.float32) - points
        distance2 = (to_lamp**2).sum(axis=2)
        to_lamp /= np.sqrt(distance2)[:, :, None]
        arriving = 500 / distance2
        total = total + albedo * (arriving * np.maximum((normal * to_lamp).sum(axis=2), 0))[:, :, None]
        total = total + (arriving * film_reflection(wet, to_lamp, -rays))[:, :, None]
    return np.asarray(total, dtype=np.float32)


def film_reflection(normal: Array, to_lamp: Array, to_eye: Array) -> Array:
    """Light that a film of water mirrors: GGX lobe times Fresnel over 4 (n.v), the cosine of the lamp included."""
    half = to_lamp + to_eye
    half = half / np.linalg.norm(half, axis=2, keepdims=True)
    n_h = np.clip((normal * half).sum(axis=2), 0, 1)
    n_v = np.maximum((normal * to_eye).sum(axis=2), 0.05)
    alpha2 = FILM_ROUGHNESS**4
    lobe = alpha2 / (math.pi * (n_h**2 * (alpha2 - 1) + 1) ** 2)
    fresnel = FILM_FRESNEL + (1 - FILM_FRESNEL) * (1 - np.clip((half * to_eye).sum(axis=2), 0, 1)) ** 5
    return np.asarray(math.pi * lobe * fresnel / (4 * n_v))
