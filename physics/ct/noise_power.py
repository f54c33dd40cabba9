"""The noise power spectrum of a slice, and what is read off it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from physics.ct.geometry import Array
from physics.ct.measures import NO_REGION, soft_region, spacing_mm_of
from physics.ct.memory import Memory
from physics.ct.source_noise import Mask
from physics.measure.noise_level import two_tissues
from physics.measure.pair import Pair, Reading, measure

PATCHES_MM = (24.0, 15.0)  # the larger where there is room for it
FEWEST_PATCHES = 12
_FULL = 0.95  # of a patch is homogeneous
_BIN_PER_MM = 0.04  # a patch of 24 mm tells frequencies apart by as much
ROUNDING = 1e-6  # HU^2 mm^2: less is the rounding of single precision
NO_NOISE = "the slice has no noise"
TOO_SMALL = "fewer than 12 patches of 15 mm are homogeneous soft tissue"


@dataclass(frozen=True, eq=False)
class NoisePower:
    """A radial noise power spectrum: power in HU^2 mm^2 at the mean frequency of each ring in 1 / mm, and the ring's area on the plane of frequencies."""

    frequency_per_mm: Array
    power: Array
    area_per_mm2: Array


def noise_power(hu: Array, even: Mask, *, spacing_mm: tuple[float, float], patch_mm: float = PATCHES_MM[0]) -> NoisePower | None:
    """The noise power spectrum of homogeneous patches.

    Model
        NPS(u, v) = dx dy / (sum of w^2) times the mean over patches of |DFT(w (x - fit))|^2, fit a quadratic surface, w a Hann taper; then its mean
        over rings of 0.04 / mm.
    Parameters
        hu : (row, column). even : (row, column) bool, where nothing but noise varies. spacing_mm : axis 0, axis 1. patch_mm : side of a patch.
    Returns
        The spectrum up to the lower Nyquist frequency of the two axes; its integral over the plane is the variance. None with fewer than 12 patches,
        half overlapped.
    Assumes
        Noise that is stationary within a patch.
    Not modelled
        Direction: see `physics.ct.measures.noise_anisotropy`. Below 0.05 / mm the fit takes noise along with gradients of organs.
    References
        ICRU Report 87, 2012; Samei et al. 2019, AAPM Task Group 233.
    Oracle
        Noise of known spectrum and size (tests/physics/ct/test_ct_noise_power.py).
    """
    rows, columns = (max(8, 2 * round(patch_mm / mm / 2)) for mm in spacing_mm)
    taper, fit, radius = _patch(rows, columns, spacing_mm)
    total, n_patches = np.zeros((rows, columns)), 0
    for i in range(0, hu.shape[0] - rows + 1, rows // 2):
        for j in range(0, hu.shape[1] - columns + 1, columns // 2):
            if even[i : i + rows, j : j + columns].mean() >= _FULL:
                values = hu[i : i + rows, j : j + columns].ravel()
                rest = (values - fit @ (fit.T @ values)).reshape(rows, columns)
                total += np.abs(np.fft.fft2(rest * taper)) ** 2
                n_patches += 1
    if n_patches < FEWEST_PATCHES:
        return None
    plane = total * (spacing_mm[0] * spacing_mm[1] / (n_patches * float(np.sum(taper**2))))
    ring = (radius / _BIN_PER_MM).astype(np.intp)
    count = int(0.5 / max(spacing_mm) / _BIN_PER_MM)
    held, summed, frequencies = (np.bincount(ring, weights=of, minlength=count)[:count] for of in (None, plane.ravel(), radius))
    seen = held > 0
    area = held[seen] / (rows * columns * spacing_mm[0] * spacing_mm[1])
    return NoisePower(frequencies[seen] / held[seen], summed[seen] / held[seen], area)


@lru_cache(maxsize=8)
def _patch(rows: int, columns: int, spacing_mm: tuple[float, float]) -> tuple[Array, Array, Array]:
    """The taper, an orthonormal base of quadratic surfaces (pixel, 6), and the radius of each frequency."""
    y, x = (axis.ravel() for axis in np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij"))
    base, _ = np.linalg.qr(np.stack((np.ones_like(x), x, y, x * x, x * y, y * y), axis=1))
    radius = np.hypot(np.fft.fftfreq(rows, spacing_mm[0])[:, None], np.fft.fftfreq(columns, spacing_mm[1]))
    return np.outer(np.hanning(rows + 2)[1:-1], np.hanning(columns + 2)[1:-1]), base, radius.ravel()


_KEPT: Memory[NoisePower | Reading] = Memory(size=2)


def _of(pair: Pair) -> NoisePower | Reading:
    return _KEPT.get(pair.degraded, (id(pair.reference), id(pair.view.mask)), make=lambda: _read(pair))


def _read(pair: Pair) -> NoisePower | Reading:
    even = soft_region(pair)
    if even is None:
        return Reading(None, NO_REGION)
    hu = pair.degraded.double().numpy()
    spectra = (noise_power(hu, even, spacing_mm=spacing_mm_of(pair), patch_mm=patch_mm) for patch_mm in PATCHES_MM)
    found = next((spectrum for spectrum in spectra if spectrum is not None), None)
    return found if found is not None and found.power.max() > ROUNDING else Reading(None, TOO_SMALL if found is None else NO_NOISE)


@measure("lp/cm")
def nps_peak(pair: Pair) -> float | Reading:
    """Frequency at which the noise of soft tissue is strongest: the peak of the noise power spectrum of the degraded slice."""
    found = _of(pair)
    return found if isinstance(found, Reading) else 10.0 * peak_of(found)


def peak_of(spectrum: NoisePower) -> float:
    """Where a spectrum is highest, in 1 / mm: the top of the parabola through its highest ring and the neighbours of that."""
    peak = int(np.clip(np.argmax(spectrum.power), 1, len(spectrum.power) - 2))
    near, power = spectrum.frequency_per_mm[peak - 1 : peak + 2], spectrum.power[peak - 1 : peak + 2]
    curve = np.polyfit(near - near[1], power, 2)
    top = near[1] - curve[1] / (2 * curve[0]) if curve[0] < 0 else near[np.argmax(power)]
    return float(np.clip(top, near[0], near[2]))


@measure("lp/cm")
def nps_mean(pair: Pair) -> float | Reading:
    """Mean frequency of the noise of soft tissue: the noise power spectrum of the degraded slice along its radius, weighted by itself."""
    found = _of(pair)
    if isinstance(found, Reading):
        return found
    return 10.0 * float(np.sum(found.frequency_per_mm * found.power) / np.sum(found.power))


@measure("HU")
def nps_noise(pair: Pair) -> float | Reading:
    """Noise of soft tissue in HU: the root of the noise power spectrum's integral over the plane, gradients of organs left out."""
    found = _of(pair)
    if isinstance(found, Reading):
        return found
    return float(np.sqrt(np.sum(found.power * found.area_per_mm2)))


@measure("1")
def cnr_hu(pair: Pair) -> float | Reading:
    """Contrast between the two main tissues that the window shows, in HU, over the noise of soft tissue (`nps_noise`), both of the degraded slice."""
    tissues, noise = two_tissues(pair), nps_noise(pair)
    if isinstance(tissues, Reading) or not noise.value:
        return Reading(None, (tissues if isinstance(tissues, Reading) else noise).reason)
    hu = pair.degraded.double().numpy()
    return abs(float(np.median(hu[tissues[0]]) - np.median(hu[tissues[1]]))) / noise.value
