"""Analytic phantoms: ellipses and Gaussians, with their exact Fourier transforms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import cos, pi, prod, radians, sin, sqrt

import torch
from torch import Tensor

from physics.fourier import centred_grid, frequencies
from physics.pose import Pose


@dataclass(frozen=True, slots=True)
class Ellipse:
    """An ellipse on the centred grid. Lengths are shares of half the field of view along each axis (1 reaches the edge).

    centre : along axis 0 and 1. semi_axes : along its own two axes, before rotation axis 0 and 1. angle_deg : from axis 1 towards axis 0. value : added inside.
    """

    centre: tuple[float, float]
    semi_axes: tuple[float, float]
    angle_deg: float
    value: float


HEAD = (
    Ellipse((0.0, 0.0), (0.82, 0.64), 0.0, 1.0),  # scalp and skull
    Ellipse((0.01, 0.0), (0.76, 0.58), 0.0, -0.55),  # brain, darker than fat
    Ellipse((-0.05, 0.16), (0.26, 0.09), -16.0, -0.2),  # ventricles, of unequal size
    Ellipse((-0.05, -0.15), (0.30, 0.11), 18.0, -0.2),
    Ellipse((-0.45, 0.05), (0.14, 0.17), 0.0, 0.2),
    Ellipse((0.30, -0.25), (0.05, 0.05), 0.0, 0.35),  # a small bright lesion, off centre
    Ellipse((0.52, 0.10), (0.04, 0.07), 0.0, 0.25),
)


def ellipses(shape: tuple[int, int], dtype: torch.dtype = torch.float32, *, parts: Sequence[Ellipse] = HEAD) -> Tensor:
    """A picture of overlapping ellipses, sampled at the pixel centres; without symmetry under any flip, so that swapped axes show."""
    down, right = centred_grid(shape)
    down, right = down / (shape[0] / 2), right / (shape[1] / 2)
    picture = torch.zeros(shape, dtype=torch.float64)
    for part in parts:
        c, s = cos(radians(part.angle_deg)), sin(radians(part.angle_deg))
        d, r = down - part.centre[0], right - part.centre[1]
        picture += part.value * (((c * d - s * r) / part.semi_axes[0]) ** 2 + ((s * d + c * r) / part.semi_axes[1]) ** 2 <= 1)
    return picture.to(dtype)


def ellipse_transform(part: Ellipse, k: Tensor) -> Tensor:
    """Continuous Fourier transform of an ellipse at k (2, ...) in cycles per half field of view: value a b J1(2 pi q) / q exp(-2 pi i k.centre)."""
    c, s = cos(radians(part.angle_deg)), sin(radians(part.angle_deg))
    a, b = part.semi_axes
    q = torch.sqrt((a * (c * k[0] - s * k[1])) ** 2 + (b * (s * k[0] + c * k[1])) ** 2)
    jinc = torch.where(q < 1e-9, torch.full_like(q, pi), torch.special.bessel_j1(2 * pi * q) / q.clamp(min=1e-9))
    return part.value * a * b * jinc * torch.exp(-2j * pi * (k[0] * part.centre[0] + k[1] * part.centre[1]))


@dataclass(frozen=True, slots=True)
class Gaussian:
    """A Gaussian blob in millimetres: centre along axis 0 and 1, deviations along its own axes, turned from axis 1 towards axis 0."""

    centre_mm: tuple[float, float]
    sigma_mm: tuple[float, float]
    angle_deg: float = 0.0
    amplitude: complex = 1.0


def moved(blob: Gaussian, pose: Pose) -> Gaussian:
    """The blob after a rigid motion about the origin (the centre pixel): turned, then shifted."""
    c, s = cos(radians(pose.angle_deg)), sin(radians(pose.angle_deg))
    down, right = blob.centre_mm
    centre = (c * down + s * right + pose.shift_mm[0], -s * down + c * right + pose.shift_mm[1])
    return replace(blob, centre_mm=centre, angle_deg=blob.angle_deg + pose.angle_deg)


def gaussians(shape: tuple[int, int], blobs: Sequence[Gaussian], *, spacing_mm: tuple[float, float] = (1.0, 1.0)) -> Tensor:
    """Complex picture (complex128) of a sum of Gaussians, sampled at the pixel centres."""
    down, right = centred_grid(shape)
    picture = torch.zeros(shape, dtype=torch.complex128)
    for blob in blobs:
        c, s = cos(radians(blob.angle_deg)), sin(radians(blob.angle_deg))
        d, r = down * spacing_mm[0] - blob.centre_mm[0], right * spacing_mm[1] - blob.centre_mm[1]
        own = ((c * d - s * r) / blob.sigma_mm[0]) ** 2 + ((s * d + c * r) / blob.sigma_mm[1]) ** 2
        picture += blob.amplitude * torch.exp(-own / 2)
    return picture


def gaussians_kspace(shape: tuple[int, int], blobs: Sequence[Gaussian], *, spacing_mm: tuple[float, float] = (1.0, 1.0)) -> Tensor:
    """What `fourier.to_kspace` of `gaussians` must be, from the continuous transform; exact while blobs are resolved and inside the field of view."""
    k = [frequencies(n) / (n * d) for n, d in zip(shape, spacing_mm, strict=True)]
    k0, k1 = torch.meshgrid(*k, indexing="ij")
    kspace = torch.zeros(shape, dtype=torch.complex128)
    for blob in blobs:
        c, s = cos(radians(blob.angle_deg)), sin(radians(blob.angle_deg))
        own = (blob.sigma_mm[0] * (c * k0 - s * k1)) ** 2 + (blob.sigma_mm[1] * (s * k0 + c * k1)) ** 2
        mass = 2 * pi * prod(blob.sigma_mm) * blob.amplitude / prod(spacing_mm)
        kspace += mass * torch.exp(-2 * pi**2 * own - 2j * pi * (k0 * blob.centre_mm[0] + k1 * blob.centre_mm[1]))
    return kspace / sqrt(prod(shape))
