"""Where circles about the isocentre lie, and how strong they are."""

from __future__ import annotations

import numpy as np

from physics.ct.channels import ChannelGain, ChannelResponse
from physics.ct.geometry import Array
from physics.ct.measures import spacing_mm_of
from physics.measure.pair import Pair, Reading, measure

_SECTORS = 12
_LEAST_PX = 6
_VISIBLE_HU = 5.0
NO_CIRCLE = "no circle about the isocentre lies in the object"


def _circles(pair: Pair) -> tuple[Array, Array] | None:
    """Radii in mm, and the mean change in HU of each (sector of 30 degrees, circle one pixel wide); NaN where too little of it is object."""
    inside = np.asarray(pair.view.mask.numpy(), dtype=bool)
    spacing = spacing_mm_of(pair)
    change = (pair.degraded.double() - pair.reference.double()).numpy()
    y, x = ((np.arange(n) - (n - 1) / 2) * mm for n, mm in zip(change.shape, spacing, strict=True))
    width = max(spacing)
    circle = np.rint(np.hypot(y[:, None], x[None]) / width).astype(np.intp)
    sector = np.mod(np.floor(np.arctan2(y[:, None], x[None]) / (2 * np.pi / _SECTORS)), _SECTORS).astype(np.intp)
    n_circles = int(circle.max()) + 1
    place = (sector * n_circles + circle)[inside]
    count = np.bincount(place, minlength=_SECTORS * n_circles)
    total = np.bincount(place, weights=change[inside], minlength=_SECTORS * n_circles)
    mean = np.where(count >= _LEAST_PX, total / np.maximum(count, 1), np.nan).reshape(_SECTORS, n_circles)
    usable = np.isfinite(mean).any(axis=0)
    return (np.arange(n_circles)[usable] * width, mean[:, usable]) if usable.any() else None


@measure("HU")
def ring_amplitude_hu(pair: Pair) -> float | Reading:
    """Height of the strongest circle about the isocentre: the largest mean change along 30 degrees of a circle one pixel wide, within the object."""
    found = _circles(pair)
    return Reading(None, NO_CIRCLE) if found is None else float(np.nanmax(np.abs(found[1])))


@measure("mm")
def ring_radius_mm(pair: Pair) -> float | Reading:
    """Radius of the strongest circle about the isocentre."""
    found = _circles(pair)
    if found is None or not np.nanmax(np.abs(found[1])) > 0:
        return Reading(None, NO_CIRCLE)
    strongest = int(np.argmax(np.nanmax(np.abs(found[1]), axis=0, initial=0.0, where=np.isfinite(found[1]))))
    return float(found[0][strongest])


@measure("% of the radii")
def ringed_share(pair: Pair) -> float | Reading:
    """Share of the radii within the object whose circle is changed by more than 5 HU along 30 degrees at least."""
    found = _circles(pair)
    if found is None:
        return Reading(None, NO_CIRCLE)
    height = np.nanmax(np.abs(found[1]), axis=0, initial=0.0, where=np.isfinite(found[1]))
    return float(100 * np.mean(height > _VISIBLE_HU))


@measure("1")
def wrong_channels(pair: Pair) -> float | Reading:
    """Number of channels that read wrongly."""
    events = () if pair.scan is None else pair.scan.events
    faults = [event.wrong.errors for event in events if isinstance(event, ChannelGain | ChannelResponse)]
    return float(sum(error != 0 for errors in faults for error in errors)) if pair.scan is not None else Reading(None, "the scan is not known")
