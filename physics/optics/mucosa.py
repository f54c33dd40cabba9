"""The surface of mucosa: redness, submucosal vessels and the bumps of its wet film, as maps that close around the tube."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

Array = NDArray[Any]
TEXEL_MM = 0.12


@dataclass(frozen=True, eq=False)
class Mucosa:
    """Maps over (length, angle), one texel 0.12 mm, closed around the tube. redness : mean 0. vessels : 0..1. slope_angle, slope_length : tilt of the film."""

    redness: Array
    vessels: Array
    slope_angle: Array
    slope_length: Array

    @classmethod
    def drawn(cls, rng: np.random.Generator, *, circumference_mm: float, length_mm: float) -> Mucosa:
        """A surface by chance."""
        shape = (round(length_mm / TEXEL_MM), round(circumference_mm / TEXEL_MM))
        coarse, fine = clouds(rng, shape, exponent=1.7, longest_mm=14.0), clouds(rng, shape, exponent=0.8, longest_mm=1.2)
        bumps = clouds(rng, shape, exponent=2.6, longest_mm=5.0)
        down, across = np.gradient(bumps)
        spread = 0.20 / float(np.hypot(down, across).std())
        return cls(0.6 * coarse + 0.5 * fine, vessel_tree(rng, shape), across * spread, down * spread)


def clouds(rng: np.random.Generator, shape: tuple[int, int], *, exponent: float, longest_mm: float) -> Array:
    """Periodic noise of unit variance whose amplitude falls as frequency^-exponent below a longest wave."""
    white = scipy.fft.rfft2(rng.standard_normal(shape, dtype=np.float32), workers=1)
    frequency = np.hypot(scipy.fft.fftfreq(shape[0], TEXEL_MM)[:, None], scipy.fft.rfftfreq(shape[1], TEXEL_MM)[None, :])
    white *= (np.hypot(frequency, 1 / longest_mm) ** -exponent * (frequency > 0)).astype(np.float32)
    cloud = scipy.fft.irfft2(white, s=shape, workers=1)
    return np.asarray(cloud / cloud.std(), dtype=np.float32)


def vessel_tree(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Branching submucosal vessels, 0..1: stems of 0.5 mm that wander, fork and thin out to capillaries."""
    rows, columns = shape
    canvas = np.zeros(shape, dtype=np.float32)
    for _ in range(round(rows * columns * TEXEL_MM**2 / 130)):  # a stem every 1.3 cm^2
        tips: list[tuple[float, float, float, float]] = [
            (rng.uniform(0, rows), rng.uniform(0, columns), rng.uniform(0, math.tau), float(rng.choice([1.6, 2.4, 3.6], p=[0.5, 0.35, 0.15])))
        ]
        layer = np.zeros(shape, dtype=np.float32)
        while tips:
            row, column, way, width = tips.pop()
            for _ in range(int(rng.uniform(14, 32))):
                way += rng.normal(0, 0.16)
                ahead = (row + 6 * math.sin(way), column + 6 * math.cos(way))
                for turn in (-columns, 0, columns):
                    ends = [(round(16 * (c + turn)), round(16 * r)) for r, c in ((row, column), ahead)]
                    cv2.line(layer, ends[0], ends[1], min(1.0, 0.28 + 0.17 * width), max(1, round(width)), cv2.LINE_AA, 4)
                row, column = ahead
                width *= 0.992
            if width > 0.9:
                fork = rng.uniform(0.35, 0.8)
                tips.append((row, column, way + fork, width * 0.74))
                tips.append((row, column, way - fork * rng.uniform(0.4, 1), width * 0.80))
        np.maximum(canvas, layer, out=canvas)
    soft = cv2.GaussianBlur(canvas, (0, 0), 1.2)
    return np.asarray(np.clip(soft, 0, 1), dtype=np.float32)


def texture_at(mucosa: Mucosa, angle: Array, length_mm: Array) -> tuple[Array, Array, Array]:
    """Redness, vessels and the tilt of the film (row, column, xyz) at points of the wall, given by angle around and length along the tube."""
    rows, columns = mucosa.redness.shape
    column = ((angle / math.tau) % 1.0 * columns).astype(np.float32)
    row = (length_mm / TEXEL_MM % rows).astype(np.float32)
    redness, vessels, around, along = (
        cv2.remap(np.ascontiguousarray(m), column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        for m in (mucosa.redness, mucosa.vessels, mucosa.slope_angle, mucosa.slope_length)
    )
    tilt = np.stack([-np.sin(angle) * around, np.cos(angle) * around, along], axis=2)
    return redness, vessels, tilt
