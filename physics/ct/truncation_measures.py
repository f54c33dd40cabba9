"""How narrow the measured field was, how bright its rim, and how much of the patient lies outside."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from physics.ct.geometry import Array
from physics.ct.measures import spacing_mm_of
from physics.ct.truncation import NarrowField
from physics.measure.pair import Pair, Reading, measure

_RIM_MM = 8.0
NO_FIELD = "the scan is not known, or its field was not narrowed"


def _field_mm(pair: Pair) -> float | None:
    fields = [] if pair.scan is None else [event.field_mm for event in pair.scan.events if isinstance(event, NarrowField)]
    return min(fields) if fields else None


def _distance_mm(pair: Pair, picture: Tensor) -> Array:
    spacing = spacing_mm_of(pair)
    y, x = ((np.arange(n) - (n - 1) / 2) * mm for n, mm in zip(picture.shape, spacing, strict=True))
    return np.asarray(np.hypot(y[:, None], x[None]))


@measure("mm")
def field_radius_mm(pair: Pair) -> float | Reading:
    """Radius of the measured field about the isocentre."""
    field = _field_mm(pair)
    return Reading(None, NO_FIELD) if field is None else field


@measure("HU")
def rim_hu(pair: Pair) -> float | Reading:
    """Brightness of the rim: mean change of the object within 8 mm of the field's edge, inside of it."""
    field = _field_mm(pair)
    if field is None:
        return Reading(None, NO_FIELD)
    distance = _distance_mm(pair, pair.reference)
    rim = (distance < field) & (distance > field - _RIM_MM) & np.asarray(pair.view.mask.numpy(), dtype=bool)
    if not rim.any():
        return Reading(None, "no part of the object reaches the edge of the field")
    return float((pair.degraded.double() - pair.reference.double()).numpy()[rim].mean())


@measure("% of the object")
def outside_share(pair: Pair) -> float | Reading:
    """Share of the object that lies outside of the measured field."""
    field, inside = _field_mm(pair), np.asarray(pair.view.mask.numpy(), dtype=bool)
    if field is None or not inside.any():
        return Reading(None, NO_FIELD)
    return float(100 * np.mean(_distance_mm(pair, pair.reference)[inside] > field))
