"""One slice of k-space as a file holds it, and how it becomes what the physics takes: zero frequency first, readout oversampling removed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from medq_gen.errors import SourceError
from medq_gen.sources.source import Pixels
from physics.fourier import to_kspace, to_picture

MAX_COILS = 256
MAX_SAMPLES = 1 << 27  # of one slice (or one volume with two phase encodings): 1 GiB
MAX_EDGE = 16384
BRIGHT = 500.0  # root mean square of the picture after the gain: receivers' units mean nothing, and some are 1e-10


@dataclass(frozen=True, eq=False)
class RawKspace:
    """One slice as stored.

    part : which one of its file. samples : (coil, row, column) complex. spacing_mm : of the pixels that the whole matrix makes. phase_axis : 0 where lines
    are rows. readout : samples to keep along the other axis, None for all. centred : zero frequency in the middle (n // 2) and the picture's middle
    as origin; else as numpy.fft.fft2 of the picture makes it. noise : (coil, sample), in the unit and bandwidth of the samples.
    """

    part: str
    samples: Pixels
    spacing_mm: tuple[float, float] | None
    phase_axis: int | None = None
    readout: int | None = None
    centred: bool = True
    noise: Pixels | None = None
    anatomy: str | None = None
    view: str | None = None
    licence: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)  # Any: plain JSON
    withheld: tuple[str, ...] = ()


class Measurement(Protocol):
    """A file of k-space that was opened. subject : in memory only, what joins files of one person."""

    parts: tuple[str, ...]
    subject: str | None

    def read(self, part: str) -> RawKspace:
        """One slice.

        Raises
            SourceError: it cannot be used.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


def check_extent(coils: int, rows: int, columns: int, *, slices: int = 1, shown: str, name: str) -> None:
    """Raises
    SourceError: a k-space of this size is impossible, or more than may be held at once.
    """
    sides = (coils, rows, columns, slices)
    if min(sides) < 1:
        raise SourceError(shown, name, f"k-space of {coils} coils, {rows} x {columns} samples is empty", "Export the data again")
    if coils > MAX_COILS or max(rows, columns) > MAX_EDGE or math.prod(sides) > MAX_SAMPLES:
        found = f"{coils} coils, {slices} x {rows} x {columns} samples are not possible or too many"
        raise SourceError(shown, name, found, f"Check the order of the axes; allowed: {MAX_COILS} coils, {MAX_SAMPLES // 10**6} million samples a slice")


def check_values(samples: Pixels, *, shown: str, name: str) -> None:
    """Raises
    SourceError: not complex, or not finite.
    """
    if samples.dtype.kind != "c":
        raise SourceError(shown, name, "the values are not complex: k-space has a real and an imaginary part", "Save complex samples, or state the axis 'part'")
    parts = np.ascontiguousarray(samples).view(samples.real.dtype)
    if not np.isfinite(parts).all():
        raise SourceError(shown, name, "some samples are NaN or infinite", "Repair the data, or leave the slice out")
    if float(np.abs(parts).max(initial=0.0)) > 1e18:
        raise SourceError(shown, name, "some samples are beyond 1e18", "Check type and byte order of the data")
    if not parts.any():
        raise SourceError(shown, name, "every sample is zero: nothing was measured", "Leave the slice out")


def prepared(raw: RawKspace) -> tuple[Tensor, Tensor | None, tuple[float, float] | None]:
    """k-space (coil, row, column) complex64 with zero frequency first and without readout oversampling, noise in its unit, spacing; all times one power of
    two, which loses nothing."""
    samples = torch.from_numpy(np.array(raw.samples, dtype=np.complex64))
    kspace = torch.fft.ifftshift(samples, dim=(1, 2)) if raw.centred else to_kspace(torch.fft.ifft2(samples, norm="ortho"))
    if raw.readout is not None and raw.phase_axis is not None:
        kspace = without_oversampling(kspace, axis=1 - raw.phase_axis, keep=raw.readout)
    power = float(kspace.abs().double().square().sum()) / (kspace.shape[1] * kspace.shape[2])
    gain = 2.0 ** round(math.log2(BRIGHT / math.sqrt(power)))
    noise = None if raw.noise is None else torch.from_numpy(np.ascontiguousarray(raw.noise, dtype=np.complex64)) * gain
    return kspace * gain, noise, raw.spacing_mm


def partition(block: Pixels, place: int, *, axis: int, centred: bool = True) -> Pixels:
    """One slice across a second phase encoding: sum over its samples of s exp(2 pi i k r / n) / sqrt(n), without transforming the others."""
    n = block.shape[axis]
    k = np.arange(n) - n // 2 if centred else np.arange(n)
    r = place - n // 2 if centred else place
    wave = np.exp(2j * np.pi * ((k * r) % n) / n) / math.sqrt(n)
    return np.asarray(np.tensordot(block, wave.astype(np.complex64), axes=(axis, 0)), dtype=np.complex64)


def without_oversampling(kspace: Tensor, *, axis: int, keep: int) -> Tensor:
    """The middle `keep` pixels along the readout: a scanner samples faster than the field of view asks, so that nothing folds over along it.

    kspace : (coil, row, column), zero frequency first. Pixels keep their size; the deviation of white noise stays.
    """
    size = kspace.shape[1 + axis]
    if keep >= size:
        return kspace
    picture = to_picture(kspace, axes=(axis - 2,))
    return to_kspace(picture.narrow(axis - 2, size // 2 - keep // 2, keep), axes=(axis - 2,))
