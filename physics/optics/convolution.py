"""Convolution of light with a point spread function, by its optical transfer function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from physics.optics.light import Light

Transfer = NDArray[Any]  # on the half plane of a real transform, (rows, columns // 2 + 1); real or complex
TABLE = 32768  # entries of a radial transfer function, equally spaced from 0 to the corner of the frequency plane
CORNER = float(np.sqrt(0.5))  # cycles per pixel at that corner


def frequencies(shape: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cycles per pixel along rows (a column vector) and columns (a row vector) of the half plane, to be broadcast."""
    rows, columns = shape
    return scipy.fft.fftfreq(rows).astype(np.float32)[:, None], scipy.fft.rfftfreq(columns).astype(np.float32)[None, :]


@lru_cache(maxsize=4)
def _radial_entries(shape: tuple[int, int]) -> NDArray[np.int32]:
    return np.rint(np.hypot(*frequencies(shape)) * ((TABLE - 1) / CORNER)).astype(np.int32)


def radial_frequencies() -> NDArray[np.float64]:
    """Cycles per pixel at the entries of a radial table."""
    return np.linspace(0, CORNER, TABLE)


def spread(table: NDArray[Any], shape: tuple[int, int]) -> Transfer:
    """A radial table over the half plane of a transform of that shape."""
    return np.asarray(table.astype(np.float32).take(_radial_entries(shape)))


def convolved(light: Light, transfer_of: Callable[[tuple[int, int]], Sequence[Transfer]], *, reach_px: float) -> Light:
    """Light after a shift-invariant blur of each channel.

    Model
        O = F^-1{H F{I}} on a grid that is longer by the reach of the kernel on each side, filled by even reflection about the border pixels.
    Parameters
        light : (row, column, 3). transfer_of : shape of the padded grid -> one transfer function per channel, H(0) = 1. reach_px : half the kernel's extent.
    Returns
        Light of the same shape and dtype; a lone bright pixel may ring below zero, which keeps energy and is cut when light becomes codes.
    Assumes
        The kernel does not change over the field.
    Not modelled
        Field-dependent aberrations, depth.
    References
        Goodman, Introduction to Fourier Optics, section 6.
    Oracle
        H = exp(-2 pi i f a) shifts by +a along the right axis; a constant stays; a kernel off-centre by one or a swapped axis fails both.
    """
    rows, columns = light.shape[:2]
    margin = int(np.ceil(reach_px)) + 1
    shape = (scipy.fft.next_fast_len(rows + 2 * margin, real=True), scipy.fft.next_fast_len(columns + 2 * margin, real=True))
    below, right = shape[0] - rows - margin, shape[1] - columns - margin
    padded = cv2.copyMakeBorder(light, margin, below, margin, right, cv2.BORDER_REFLECT_101)
    out = np.empty_like(light)
    for channel, transfer in enumerate(transfer_of(shape)):
        spectrum = scipy.fft.rfft2(np.ascontiguousarray(padded[:, :, channel]), workers=1)
        spectrum *= transfer
        out[:, :, channel] = scipy.fft.irfft2(spectrum, s=shape, workers=1, overwrite_x=True)[margin : margin + rows, margin : margin + columns]
    return out
