"""Reconstruction kernels: how the scanner weighs spatial frequencies beside the ramp."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from physics.ct.geometry import Array


@dataclass(frozen=True, slots=True)
class Kernel:
    """An apodisation A(nu) = cos(pi nu / 2 nu_c)^power (1 + boost q exp(1 - q)), q = (nu / boost_per_mm)^2, zero from nu_c on; A(0) = 1, so water stays 0 HU.

    The boost is the overshoot that makes edges crisp. nu_c, power : solved for the frequencies at which A is 50 % and 10 %.
    """

    name: str
    cutoff_per_mm: float
    power: float
    boost: float = 0.0
    boost_per_mm: float = 1.0

    def __call__(self, frequency_per_mm: Array) -> Array:
        """A at each frequency."""
        inside = np.minimum(np.abs(frequency_per_mm) / self.cutoff_per_mm, 1.0)
        q = (frequency_per_mm / self.boost_per_mm) ** 2
        window: Array = np.clip(np.cos(0.5 * math.pi * inside), 0.0, 1.0) ** self.power * (inside < 1.0)
        return window * (1.0 + self.boost * q * np.exp(1.0 - q))


# 50 % and 10 % at 3.0 / 5.2, 3.9 / 6.8, 6.0 / 9.5 and 8.0 / 12.0 line pairs per cm
SMOOTH = Kernel("smooth", 0.95155, 5.4154)
STANDARD = Kernel("standard", 1.31272, 6.1291)
SHARP = Kernel("sharp", 1.31403, 2.6679, boost=0.15, boost_per_mm=0.35)
BONE = Kernel("bone", 1.68426, 2.7867, boost=0.5, boost_per_mm=0.45)
KERNELS = {kernel.name: kernel for kernel in (SMOOTH, STANDARD, SHARP, BONE)}

_MAKERS = {"SOFT": SMOOTH, "STANDARD": STANDARD, "DETAIL": SHARP, "LUNG": BONE, "BONE": BONE, "BONEPLUS": BONE, "EDGE": BONE, "CHST": STANDARD}


def kernel_of(name: str | None) -> Kernel:
    """The kernel that a header's ConvolutionKernel names, as near as four kernels come: "B31f" and "STANDARD" are standard, "B70f" and "LUNG" are bone.

    An unknown or absent name is standard.
    """
    word = (name or "").strip().split("\\")[0].upper().replace(" ", "")
    if word.lower() in KERNELS:
        return KERNELS[word.lower()]
    if word in _MAKERS:
        return _MAKERS[word]
    number = "".join(character for character in word[1:4] if character.isdigit())
    if word[:1] in {"B", "H", "I", "U", "J"} and len(number) == 2:  # body, head, ... and how sharp: 10 to 90
        sharpness = int(number)
        return SMOOTH if sharpness < 30 else STANDARD if sharpness < 48 else SHARP if sharpness < 60 else BONE
    if word[:2] in {"FC", "FL"} and word[2:].isdigit():
        return BONE if int(word[2:]) in {30, 35, 50, 51, 52, 53, 55, 56, 80, 81, 86} else STANDARD
    return {"A": SMOOTH, "B": STANDARD, "C": SHARP, "D": BONE}.get(word, STANDARD)


@lru_cache(maxsize=16)
def ramp_per_mm(length: int, sample_mm: float) -> Array:
    """The ramp filter on the frequencies m / (length sample_mm), m = 0 .. length / 2: the transform of its band-limited kernel in space.

    Sampling |nu| itself would lose the mean: a head 75 HU too dark. The kernel h(0) = 1 / 4 d^2, h(n odd) = -1 / (pi n d)^2, h(n even) = 0 does not
    (Kak and Slaney 1988, equation 3.61); its transform is |nu| but for a small positive value at 0.
    """
    n = np.rint(np.fft.fftfreq(length) * length)
    odd = np.mod(np.abs(n), 2) == 1
    kernel = np.where(odd, -1.0 / (math.pi * np.where(odd, n, 1) * sample_mm) ** 2, 0.0)
    kernel[0] = 1.0 / (4 * sample_mm**2)
    return np.asarray(np.fft.rfft(kernel).real * sample_mm, dtype=np.float64)


@lru_cache(maxsize=64)
def noise_gain(kernel: Kernel | None, pitch_mm: float, *, end_per_mm: float, crosstalk: float = 0.0) -> float:
    """Integral of nu^2 A^2 C^2 over all frequencies: how much of a ray's noise the filter lets through.

    C = 1 - 2 c + 2 c cos(2 pi nu pitch): neighbouring channels share a part c of their quanta. end_per_mm : where the
    reconstruction ends.
    """
    end = end_per_mm
    nu = (np.arange(4096) + 0.5) * (end / 4096)
    shared = 1 - 2 * crosstalk + 2 * crosstalk * np.cos(2 * math.pi * nu * pitch_mm)
    apodisation = kernel(nu) if kernel else np.ones_like(nu)
    return float(2 * np.sum((nu * apodisation * shared) ** 2) * (end / 4096))
