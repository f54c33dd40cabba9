"""How sharp a slice is: the frequencies that it passes with a half and a tenth of their contrast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physics.ct.dose import kernel_matched
from physics.ct.geometry import Array
from physics.ct.kernel import Kernel
from physics.measure.pair import Pair, Reading, measure

_BIN_PER_MM = 0.02
FINER = "finer than the pixels show"


@dataclass(frozen=True, eq=False)
class Transfer:
    """What a degraded slice keeps of its reference: real transfer by the frequency (1 / mm) in the middle of each bin."""

    frequency_per_mm: Array
    kept: Array


def transfer_of(reference: Array, degraded: Array, spacing_mm: tuple[float, float]) -> Transfer:
    """Transfer from one picture to another.

    Model
        H(nu) = sum Re(D R*) / sum |R|^2 over the frequencies of a ring of 0.02 / mm, both pictures tapered (Hann) towards their rim. Noise that only one of
        them has drops out; phase shifts lower it as they blur edges.
    Parameters
        reference, degraded : (row, column). spacing_mm : axis 0, axis 1.
    Returns
        H up to the lower Nyquist frequency of the two axes.
    Assumes
        A blur that is alike over the picture.
    Not modelled
        Direction.
    References
        Bendat and Piersol 2010, Random Data, chapter 6 (optimum linear transfer).
    Oracle
        A picture filtered with a known transfer, noise added (tests/physics/ct/test_ct_resolution.py).
    """
    taper = np.hanning(reference.shape[0] + 2)[1:-1, None] * np.hanning(reference.shape[1] + 2)[1:-1]
    here, there = (np.fft.rfft2((picture - picture.mean()) * taper) for picture in (reference, degraded))
    frequency = np.hypot(np.fft.fftfreq(reference.shape[0], spacing_mm[0])[:, None], np.fft.rfftfreq(reference.shape[1], spacing_mm[1]))
    ring = (frequency / _BIN_PER_MM).astype(np.intp).ravel()
    count = int(0.5 / max(spacing_mm) / _BIN_PER_MM)
    common = np.bincount(ring, weights=(there * here.conj()).real.ravel(), minlength=count)[:count]
    power = np.bincount(ring, weights=(np.abs(here) ** 2).ravel(), minlength=count)[:count]
    return Transfer((np.arange(count) + 0.5) * _BIN_PER_MM, common / np.maximum(power, 1e-30))


def falls_to(transfer: Transfer, kernel: Kernel, share: float) -> float | None:
    """The highest frequency, in 1 / mm, at which the transfer times the kernel still passes a share; None beyond the pixels."""
    passed = transfer.kept * kernel(transfer.frequency_per_mm)
    above = np.flatnonzero(passed >= share)
    if not above.size:
        return 0.0
    last = int(above[-1])
    if last + 1 >= len(passed):
        return None
    fraction = (passed[last] - share) / (passed[last] - passed[last + 1])
    return float(transfer.frequency_per_mm[last] + fraction * _BIN_PER_MM)


def _line_pairs(pair: Pair, share: float) -> float | Reading:
    if pair.healthy is None:
        return Reading(None, "the source's scan, and with it its kernel, is not known")
    reference, degraded = pair.reference.double().numpy(), pair.degraded.double().numpy()
    found = falls_to(transfer_of(reference, degraded, pair.healthy.spacing_mm), kernel_matched(pair.healthy).kernel, share)
    return Reading(None, FINER) if found is None else 10.0 * found


@measure("lp/cm")
def mtf50(pair: Pair) -> float | Reading:
    """Frequency at which the slice keeps half of the contrast of the object: the transfer from the reference times the source's kernel."""
    return _line_pairs(pair, 0.5)


@measure("lp/cm")
def mtf10(pair: Pair) -> float | Reading:
    """Frequency at which the slice keeps a tenth of the contrast of the object: the transfer from the reference times the source's kernel."""
    return _line_pairs(pair, 0.1)
