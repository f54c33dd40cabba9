"""Round bodies of known fat, whose borders cut pixels."""

from __future__ import annotations

import numpy as np
import torch

from physics.mri.body import Body

FINE = 8  # samples a pixel along each axis


def rings(shape: tuple[int, int], *, signal: tuple[tuple[float, float], ...], centre: tuple[float, float] = (1.3, -2.6)) -> np.ndarray:
    """Volume of each disc in every pixel, (disc, row, column): radius in pixels of (radius, signal), the next lies in the one before."""
    axes = [(np.arange(n * FINE) + 0.5) / FINE - n / 2 - off for n, off in zip(shape, centre, strict=True)]
    r = np.hypot(axes[0][:, None], axes[1][None, :])
    volumes = [(r < radius).reshape(shape[0], FINE, shape[1], FINE).mean(axis=(1, 3)) for radius, _ in signal]
    return np.stack([volume - after for volume, after in zip(volumes, [*volumes[1:], np.zeros(shape)], strict=True)])


HEAD = ((56.4, 60.0), (53.3, 200.0), (46.2, 20.0), (41.5, 100.0))  # skin, fat, bone, brain
TRUNK = ((56.4, 60.0), (53.3, 200.0), (44.2, 80.0))  # skin, fat, muscle


def body_of(
    parts: tuple[tuple[float, float], ...], *, shape: tuple[int, int] = (129, 140), spacing_mm: tuple[float, float] = (1.4, 1.4)
) -> tuple[Body, np.ndarray]:
    """The body and, of its second disc, the share of the signal of each pixel (of a single disc: of itself)."""
    volume = rings(shape, signal=parts)
    signals = volume * np.array([signal for _, signal in parts])[:, None, None]
    picture = signals.sum(axis=0)
    return Body(torch.from_numpy(picture).to(torch.complex128), spacing_mm), np.divide(
        signals[min(1, len(signals) - 1)], picture, out=np.zeros_like(picture), where=picture > 0
    )
