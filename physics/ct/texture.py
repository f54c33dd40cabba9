"""How coarse the grain of a slice is."""

from __future__ import annotations

from physics.ct.measures import spacing_mm_of
from physics.ct.source_noise import grain_frequency_per_mm, measured_noise_hu
from physics.measure.pair import Pair, Reading, measure

UNSEEN = "no homogeneous soft tissue shows the grain"


@measure("lp/cm")
def noise_frequency(pair: Pair) -> float | Reading:
    """Mean frequency of the noise power spectrum in soft tissue of the degraded slice, above 2 line pairs per cm."""
    found = grain_frequency_per_mm(pair.degraded, spacing_mm=spacing_mm_of(pair))
    return Reading(None, UNSEEN) if found is None else 10.0 * found


@measure("1")
def noise_kept(pair: Pair) -> float | Reading:
    """Noise of the degraded slice over that of the reference, both in soft tissue."""
    spacing = spacing_mm_of(pair)
    here, there = measured_noise_hu(pair.reference, spacing_mm=spacing), measured_noise_hu(pair.degraded, spacing_mm=spacing)
    return Reading(None, UNSEEN) if not here or there is None else there / here
