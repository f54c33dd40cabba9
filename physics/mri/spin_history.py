"""What a slice remembers: longitudinal magnetisation of a body that moves through the slices of a multi-slice scan."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, radians

import numpy as np
from numpy.typing import NDArray

from physics.mri.slice_profile import SliceProfile

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MultiSlice:
    """A stack of slices that are excited once in each repetition, neighbours half a repetition after ours (interleaved).

    gap : between slices over their thickness. t1_s : one relaxation time for all tissue.
    """

    tr_s: float
    flip_deg: float
    thickness_mm: float
    gap: float = 0.2
    t1_s: float = 1.0

    @property
    def profile(self) -> SliceProfile:
        """What one slice of the stack excites."""
        return SliceProfile(self.thickness_mm)

    def turns(self, height_mm: Array) -> tuple[Array, Array]:
        """cos of the flip angle that our pulse, and the pulses of both neighbours, give at heights above the middle of our slice."""
        flip, pitch, profile = radians(self.flip_deg), self.thickness_mm * (1 + self.gap), self.profile
        beside = np.cos(flip * profile.at(height_mm - pitch)) * np.cos(flip * profile.at(height_mm + pitch))
        return np.cos(flip * profile.at(height_mm)), beside

    @property
    def half_decay(self) -> float:
        """exp(-TR / 2 T1)."""
        return exp(-self.tr_s / 2 / self.t1_s)

    def settled(self, height_mm: Array) -> Array:
        """Magnetisation before our pulse of a body that has always lain at these heights: the fixed point of a repetition."""
        own, beside = self.turns(height_mm)
        e = self.half_decay
        found: Array = (1 - e + e * beside * (1 - e)) / (1 - e * e * beside * own)
        return found


def remembered(sequence: MultiSlice, height_mm: Array) -> Array:
    """Magnetisation before each of our pulses, over that of a body that has always lain as it lies then.

    Model
        At each pulse M -> M cos(a p(z)), between pulses M -> 1 - (1 - M) exp(-t / T1); heights change from one repetition to the next. The body has lain
        at the first heights for long when the scan starts.
    Parameters
        sequence : TR, flip angle, slices. height_mm : (repetition, ...) of pieces of the body above the middle of our slice, in the order of time.
    Returns
        (repetition, ...); 1 for a body at rest, above 1 for spins that come fresh, below 1 for spins that come from a slice excited a short time ago.
    Assumes
        One T1; two neighbours; movement between repetitions.
    Not modelled
        Slices further away, echo trains, transverse memory.
    References
        Friston et al. 1996, 10.1002/mrm.1910350312; Muresan et al. 2005, IEEE Trans. Biomed. Eng. 52, 1450 (spin history).
    Oracle
        A body at rest; one jump in closed form; the fixed point is that of the recursion (tests/physics/mri/test_spin_history.py).
    """
    now, e = sequence.settled(height_mm[0]), sequence.half_decay
    out = np.empty_like(height_mm)
    for repetition, height in enumerate(height_mm):
        out[repetition] = now / sequence.settled(height)
        own, beside = sequence.turns(height)
        now = 1 - (1 - now * own) * e
        now = 1 - (1 - now * beside) * e
    return out
