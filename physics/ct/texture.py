"""How coarse the grain of a slice is."""

from __future__ import annotations

from physics.ct.source_noise import grain_frequency_per_mm
from physics.measure.pair import Pair, Reading, measure

UNSEEN = "no homogeneous soft tissue shows the grain"


@measure("lp/cm")
def noise_frequency(pair: Pair) -> float | Reading:
    """Mean frequency of the noise power spectrum in soft tissue of the degraded slice, above 2 line pairs per cm."""
    found = grain_frequency_per_mm(pair.degraded, spacing_mm=pair.view.spacing_mm or (0.8, 0.8))
    return Reading(None, UNSEEN) if found is None else 10.0 * found


@measure("1")
def noise_frequency_kept(pair: Pair) -> float | Reading:
    """Mean frequency of the noise power spectrum over that of the reference: below 1 a coarser grain."""
    spacing = pair.view.spacing_mm or (0.8, 0.8)
    here, there = grain_frequency_per_mm(pair.reference, spacing_mm=spacing), grain_frequency_per_mm(pair.degraded, spacing_mm=spacing)
    return Reading(None, UNSEEN) if here is None or there is None else there / here
