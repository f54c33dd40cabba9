"""Too bright, too dark, burnt out, broken into blocks."""

from __future__ import annotations

import numpy as np

from physics.display import luma, to_codes
from physics.measure.brightness import exposure_stops
from physics.measure.pair import Pair, Reading, array, measure
from physics.measure.source_shows import blockiness as source_blockiness

CLIPPED_CODE = 250.0


@measure("EV")
def brightening(pair: Pair) -> float | Reading:
    """Stops brighter than the reference; negative: darker."""
    stops = exposure_stops(pair)
    return stops if stops is not None else Reading(None, "every pixel of the object is clipped")


@measure("EV")
def over_exposure(pair: Pair) -> float | Reading:
    """Stops brighter than the reference, 0 where it is darker."""
    stops = exposure_stops(pair)
    return max(stops, 0.0) if stops is not None else Reading(None, "every pixel of the object is clipped")


@measure("EV")
def under_exposure(pair: Pair) -> float | Reading:
    """Stops darker than the reference, 0 where it is brighter."""
    stops = exposure_stops(pair)
    return max(-stops, 0.0) if stops is not None else Reading(None, "every pixel of the object is clipped")


@measure("1")
def clipped_share(pair: Pair) -> float | Reading:
    """Share of the object that is burnt out and was not in the reference."""
    mask = array(pair.view.mask)
    if not mask.any():
        return Reading(None, "the object is empty")
    first, second = (float(np.mean(array(luma(to_codes(side, pair.view.display)))[mask] >= CLIPPED_CODE)) for side in (pair.reference, pair.degraded))
    return max(second - first, 0.0)


@measure("1")
def blockiness(pair: Pair) -> float:
    """How much stronger steps on an 8 px grid stand out than in the reference, as a share."""
    mask = array(pair.view.mask)
    first, second = (source_blockiness(array(luma(to_codes(side, pair.view.display))), mask) for side in (pair.reference, pair.degraded))
    return max(second / first - 1.0, 0.0)
