"""A main field that was shimmed badly: slopes and curvatures over the body, and what the body itself adds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from physics.mri.body import AIR_SHARE, Body
from physics.mri.scan import MRIScan
from physics.mri.susceptibility import centred_mm, field_hz

SPREAD = (0.02, 0.98)  # quantiles over tissue that span the range of a field


@dataclass(frozen=True, slots=True)
class ShimError:
    """The shape of a field. slopes : along array axis 0 and 1. curvatures : of d^2 + r^2, d^2 - r^2 and 2 d r, with d and r the distance from the centre of the
    body along the axes. own : of the body's own field (air and bone that the picture shows). All weigh fields of unit range.
    """

    slopes: tuple[float, float]
    curvatures: tuple[float, float, float]
    own: float


@lru_cache(maxsize=4)
def tissue_mask(body: Body) -> Tensor:
    """(row, column) bool: what is neither air nor bone; the whole support of an empty picture."""
    magnitude = body.density.abs().double().cpu()
    found = body.support.cpu() & (magnitude > AIR_SHARE * float(np.percentile(magnitude.numpy(), 99)))
    return found if bool(found.any()) else torch.ones_like(found)


def spread(field: Tensor, mask: Tensor) -> float:
    """Range of a field over a mask, its outermost hundredths left out."""
    low, high = np.quantile(field[mask].numpy(), SPREAD)
    return float(high - low)


def field_shape(scan: MRIScan, error: ShimError) -> Tensor:
    """Where the field is too high and where too low, as a field of unit range over tissue.

    Model
        f = sum_i w_i f_i / range(f_i), f_i the solid harmonics of first and second order in the plane of the slice, their range that over tissue, and the
        body's own field (susceptibility.field_hz). The median over tissue, where the scanner's frequency is set, is taken away, and the sum has range 1.
    Parameters
        error : the weights w_i.
    Returns
        (row, column) float64; all 0 where all weights are.
    Assumes
        d^2 + r^2 stands for the harmonic z^2 - (x^2 + y^2) / 2 of a slice across z.
    Not modelled
        Higher orders of the magnet; air beside the slice.
    References
        Romeo and Hoult 1984, Magn. Reson. Med. 1, 44 (harmonics of a magnet); Gruetter 1993, Magn. Reson. Med. 29, 804 (shims of first and second order).
    Oracle
        Range 1 and median 0; one weight gives its own harmonic, right axis and sign (tests/physics/mri/test_shim.py).
    """
    return _shape(scan.body, error, field_hz(scan, seed=0, pockets=()) if error.own else None)


@lru_cache(maxsize=16)
def _shape(body: Body, error: ShimError, own: Tensor | None) -> Tensor:
    mask = tissue_mask(body)
    down, right = (place - place[mask].mean() for place in centred_mm(body))
    terms = [down, right, down**2 + right**2, down**2 - right**2, 2 * down * right, torch.zeros_like(down) if own is None else own.double().cpu()]
    total = torch.zeros_like(down)
    for term, weight in zip(terms, (*error.slopes, *error.curvatures, error.own), strict=True):
        extent = spread(term, mask)
        if weight and extent > 0:
            total += weight * term / extent
    extent = spread(total, mask)
    return (total - total[mask].median()) / extent if extent > 0 else total


def draw_shim_error(rng: np.random.Generator, *, own: tuple[float, float] = (0.0, 0.5)) -> ShimError:
    """A slope in some direction, curvatures of either sign, and more or less of the body's own field."""
    angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 1.0)
    slopes = (round(float(size * np.sin(angle)), 4), round(float(size * np.cos(angle)), 4))
    first, second, third = (round(float(rng.uniform(-0.6, 0.6)), 4) for _ in range(3))
    return ShimError(slopes, (first, second, third), round(float(rng.uniform(*own)), 4))
