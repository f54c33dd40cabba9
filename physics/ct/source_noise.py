"""How noisy a source is, and how coarse its grain."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d, maximum_filter, minimum_filter, uniform_filter
from torch import Tensor

from physics.ct.geometry import Array
from physics.ct.kernel import STANDARD, Kernel

WINDOW_MM = 10.0  # wide beside the grain (2 to 3 mm), narrow beside organs
HIGH_PASS_MM = 2.5
GRAIN_FROM_PER_MM = 0.2  # texture of organs lies below
LEAST_WINDOWS = 100
SOFT_HU = (-20.0, 150.0)
_STRETCH = (0.45, 2.2)  # of the standard kernel's frequencies
_PATCH_MM = 14.0

Mask = NDArray[np.bool_]


def soft_windows(hu: Array, spacing_mm: tuple[float, float]) -> tuple[Array, Mask]:
    """The noise about each pixel, and where it can be read.

    The standard deviation of the picture less its Gaussian mean of 2.5 mm, in a window of 10 mm; and where that window holds soft tissue only: its mean in the
    range, no pixel further off than five standard deviations and 60 HU.
    """
    size = window_px(spacing_mm)
    fine = hu - gaussian_filter(hu, [HIGH_PASS_MM / spacing for spacing in spacing_mm])
    count = size[0] * size[1]
    deviation = np.sqrt(np.maximum(uniform_filter(fine * fine, size) - uniform_filter(fine, size) ** 2, 0.0) * count / (count - 1))
    mean = uniform_filter(hu, size)
    reach = np.maximum(5 * deviation, 60.0)
    highest = maximum_filter(hu, size, mode="constant", cval=np.inf)  # no window that leaves the picture is soft tissue
    inside = (mean > SOFT_HU[0]) & (mean < SOFT_HU[1]) & (mean - minimum_filter(hu, size) < reach) & (highest - mean < reach)
    return deviation, inside


def window_px(spacing_mm: tuple[float, float]) -> tuple[int, int]:
    """The odd number of pixels that come nearest to the window, at least 5."""
    rows, columns = (max(5, 2 * round((WINDOW_MM / spacing - 1) / 2) + 1) for spacing in spacing_mm)
    return rows, columns


def measured_noise_hu(hu: Tensor, *, spacing_mm: tuple[float, float], kernel: Kernel | None = None) -> float | None:
    """The noise of a slice in its soft tissue.

    Model
        The most frequent standard deviation of 10 mm windows of soft tissue, after a high-pass of 2.5 mm that takes gradients of organs out: windows that
        hold an edge lie in the tail and do not count. What the high-pass takes from the grain of the kernel is put back.
    Parameters
        hu : (row, column). spacing_mm : axis 0, axis 1. kernel : of the source; None: nothing is put back.
    Returns
        Standard deviation in HU, or None where less than 100 windows are soft tissue throughout.
    Assumes
        Grain finer than 5 mm; at least one organ.
    Not modelled
        Change of noise over the field: the value stands for the commonest place.
    References
        Christianson, Winslow, Frush and Samei 2015 (global noise level).
    Oracle
        Correlated noise of known size on organs with edges and gradients (tests/physics/ct/test_ct_source_noise.py).
    """
    deviation, inside = soft_windows(hu.double().numpy(), spacing_mm)
    values = deviation[inside]
    return commonest(values) * (1.0 if kernel is None else 1.0 / fine_share(kernel)) if values.size >= LEAST_WINDOWS else None


def commonest(values: Array) -> float:
    """The peak of a smoothed histogram; 0 of nothing but zeros."""
    top = float(np.quantile(values, 0.9))
    if top <= 0:
        return 0.0
    height, edges = np.histogram(values, bins=80, range=(0.0, top))
    peak = int(np.argmax(gaussian_filter1d(height.astype(np.float64), 2.5, mode="constant")))
    near = values[(values >= edges[max(peak - 5, 0)]) & (values <= edges[min(peak + 6, 80)])]
    return float(np.median(near))


def _moment(kernel: Kernel, power: int, *, fine: bool, band_per_mm: tuple[float, float] = (0.0, np.inf)) -> float:
    """Mean of nu^power A^2 over a band of the grain's spectrum, with the high-pass or without; of one band and kernel, for ratios."""
    nu = np.linspace(band_per_mm[0], min(kernel.cutoff_per_mm, band_per_mm[1]), 2001)
    passed = 1.0 - np.exp(-2 * (np.pi * HIGH_PASS_MM * nu) ** 2) if fine else np.ones_like(nu)
    return float(np.mean(nu**power * (kernel(nu) * passed) ** 2))


@lru_cache(maxsize=32)
def fine_share(kernel: Kernel) -> float:
    """The share of the grain's standard deviation that the high-pass leaves: its power is nu A^2 on a plane, nu^2 A^2 along a radius."""
    return math.sqrt(_moment(kernel, 2, fine=True) / _moment(kernel, 2, fine=False))


def grain_frequency_per_mm(hu: Tensor, *, spacing_mm: tuple[float, float]) -> float | None:
    """The mean frequency of a source's grain above 0.2 / mm, after the high-pass, or None where no homogeneous soft tissue shows it (nor do pixels of 2.5 mm).

    The median periodogram over homogeneous patches of 14 mm: a median, since an edge in one patch must not count.
    """
    picture = hu.double().numpy()
    deviation, inside = soft_windows(picture, spacing_mm)
    if inside.sum() < LEAST_WINDOWS:
        return None
    noise = commonest(deviation[inside])
    even = inside & (deviation < 1.25 * noise) & (deviation > 0.5 * noise)
    rows, columns = (2 * round(_PATCH_MM / spacing / 2) for spacing in spacing_mm)
    fine = picture - gaussian_filter(picture, [HIGH_PASS_MM / spacing for spacing in spacing_mm])
    taper = np.hanning(rows)[:, None] * np.hanning(columns)
    share = uniform_filter(even.astype(np.float64), (rows, columns))
    corners = [(i, j) for i in range(0, picture.shape[0] - rows, rows // 2) for j in range(0, picture.shape[1] - columns, columns // 2)]
    power = [_power(fine[i : i + rows, j : j + columns], taper) for i, j in corners if share[i + rows // 2, j + columns // 2] > 0.9]
    if len(power) < 12 or noise <= 0:
        return None
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None] / spacing_mm[0], np.fft.fftfreq(columns) / spacing_mm[1])
    median = np.median(np.stack(power), axis=0)
    low, high = _band(spacing_mm)
    round_ = (frequency >= low) & (frequency < high)
    if not round_.any():
        return None
    return float(np.sum((median * frequency)[round_]) / np.sum(median[round_]))


def _band(spacing_mm: tuple[float, float]) -> tuple[float, float]:
    """Where the grain is read: above the texture of organs, below what the pixels show."""
    return GRAIN_FROM_PER_MM, 0.5 / max(spacing_mm)


def _power(patch: Array, taper: Array) -> Any:  # Any: an array of NumPy's choice of shape
    return np.abs(np.fft.fft2(patch * taper)) ** 2


def matched_kernel(hu: Tensor, *, spacing_mm: tuple[float, float], otherwise: Kernel) -> Kernel:
    """The kernel whose grain is as coarse as the source's own.

    Model
        The standard kernel with its frequencies stretched by t, so that the mean frequency of its grain, the integral of nu^3 A^2 over that of nu^2 A^2 (both
        above 0.2 / mm and after the high-pass of the measurement), is the measured one.
    Parameters
        hu : (row, column). spacing_mm : axis 0, axis 1. otherwise : the kernel of the header, where the source shows no homogeneous soft tissue.
    Returns
        A kernel named "matched", 0.45 to 2.2 times as sharp as the standard one.
    Assumes
        Grain from filtered backprojection.
    Not modelled
        Overshoot of the source's kernel; grain that varies over the field.
    References
        Samei and Richard 2015 (noise texture and kernels).
    Oracle
        Grain made with a known kernel is matched within 6 % (tests/physics/ct/test_ct_source_noise.py).
    """
    wanted = grain_frequency_per_mm(hu, spacing_mm=spacing_mm)
    if wanted is None:
        return otherwise
    low, high = _STRETCH
    band = _band(spacing_mm)
    for _ in range(30):
        middle = (low * high) ** 0.5
        kernel = stretched(STANDARD, middle)
        frequency = _moment(kernel, 3, fine=True, band_per_mm=band) / _moment(kernel, 2, fine=True, band_per_mm=band)
        low, high = (middle, high) if frequency < wanted else (low, middle)
    return stretched(STANDARD, (low * high) ** 0.5)


def stretched(kernel: Kernel, times: float) -> Kernel:
    """The same kernel at so many times its frequencies."""
    return Kernel("matched", kernel.cutoff_per_mm * times, kernel.power, kernel.boost, kernel.boost_per_mm * times)
