"""How far the wall of a breathing trunk went while the gantry turned."""

from __future__ import annotations

import numpy as np

from physics.ct.breathing import Breathing
from physics.ct.geometry import Array
from physics.measure.pair import Pair, Reading, measure

STILL = "nothing in this scan breathes"


def _wall_mm(pair: Pair) -> Array | None:
    return next((event.wall_mm for event in getattr(pair.scan, "events", ()) if isinstance(event, Breathing)), None)


@measure("mm")
def wall_travel_in_turn(pair: Pair) -> float | Reading:
    """How far the wall of the trunk goes between the first and the last view of the turn, from its lowest to its highest place."""
    wall = _wall_mm(pair)
    return Reading(None, STILL) if wall is None else float(np.ptp(wall))


@measure("mm")
def wall_step_between_views(pair: Pair) -> float | Reading:
    """The largest step of the wall between neighbouring views, the last and the first included: what draws streaks along the rays there."""
    wall = _wall_mm(pair)
    return Reading(None, STILL) if wall is None else float(np.abs(np.diff(wall, append=wall[:1])).max())
