"""How strong streaks and shades are, how much of the patient they reach, and where."""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import gaussian_filter

from physics.ct.afterglow import Afterglow
from physics.ct.arc import LimitedArc
from physics.ct.channel_aliasing import CoarseChannels
from physics.ct.geometry import Array
from physics.ct.lost_views import LostViews
from physics.ct.measures import spacing_mm_of
from physics.ct.sparse import FewViews
from physics.measure.pair import Pair, Reading, measure

_COARSE_MM = 6.0  # streaks are finer, shades coarser
_LOCAL_MM = 3.0
_VISIBLE_HU = 10.0
NO_OBJECT = "the object is empty"
NO_SCAN = "the scan is not known"


def _change(pair: Pair) -> tuple[Array, Array]:
    """Degraded less reference in HU, and the object."""
    return (pair.degraded.double() - pair.reference.double()).numpy(), np.asarray(pair.view.mask.numpy(), dtype=bool)


def _smooth(change: Array, pair: Pair, mm: float) -> Array:
    return np.asarray(gaussian_filter(change, [mm / spacing for spacing in spacing_mm_of(pair)]))


@measure("HU")
def streaks_hu(pair: Pair) -> float | Reading:
    """Strength of the streaks: root mean square of the change in the object, less its Gaussian mean of 6 mm."""
    change, inside = _change(pair)
    if not inside.any():
        return Reading(None, NO_OBJECT)
    return float(np.sqrt(np.mean((change - _smooth(change, pair, _COARSE_MM))[inside] ** 2)))


@measure("HU")
def shades_hu(pair: Pair) -> float | Reading:
    """Depth of bright and dark shades: from the 1st to the 99th percentile of the change in the object, after a Gaussian mean of 6 mm."""
    change, inside = _change(pair)
    if not inside.any():
        return Reading(None, NO_OBJECT)
    low, high = np.quantile(_smooth(change, pair, _COARSE_MM)[inside], (0.01, 0.99))
    return float(high - low)


@measure("% of the object")
def affected_share(pair: Pair) -> float | Reading:
    """Share of the object that changed by more than 10 HU, root mean square within 3 mm."""
    change, inside = _change(pair)
    if not inside.any():
        return Reading(None, NO_OBJECT)
    return float(100 * np.mean(np.sqrt(np.maximum(_smooth(change**2, pair, _LOCAL_MM), 0.0))[inside] > _VISIBLE_HU))


@measure("o'clock")
def worst_hour(pair: Pair) -> float | Reading:
    """The hour of a clock's face about the middle of the object towards which most of the change lies: 12 is up, 3 is the right of the picture."""
    change, inside = _change(pair)
    energy = np.where(inside, change**2, 0.0)
    if not energy.sum() > 0:
        return Reading(None, "nothing changed in the object")
    y, x = (
        np.arange(n)[:, None] * mm if axis == 0 else np.arange(n)[None] * mm for axis, (n, mm) in enumerate(zip(change.shape, spacing_mm_of(pair), strict=True))
    )
    down, right = ((energy * at).sum() / energy.sum() - (inside * at).sum() / inside.sum() for at in (y, x))
    hour = math.degrees(math.atan2(right, -down)) / 30.0 % 12.0
    return float(hour if hour >= 0.5 else hour + 12.0)


@measure("1")
def views_per_turn(pair: Pair) -> float | Reading:
    """Views that were recorded in the turn."""
    if pair.scan is None:
        return Reading(None, NO_SCAN)
    kept = [event.n_kept for event in pair.scan.events if isinstance(event, FewViews)]
    return float(min([*kept, pair.scan.geometry.n_views]))


@measure("mm")
def streak_free_radius_mm(pair: Pair) -> float | Reading:
    """Radius about a point within which its own streaks have not begun: views in 180 degrees / (pi nu_max), nu_max where the kernel falls to a tenth."""
    if pair.scan is None:
        return Reading(None, NO_SCAN)
    nu = np.linspace(0.0, pair.scan.kernel.cutoff_per_mm, 2001)
    nu_max = nu[np.flatnonzero(pair.scan.kernel(nu) > 0.1)[-1]]
    return float((views_per_turn(pair).value or 0.0) / 2 / (math.pi * nu_max))


@measure("deg")
def missing_angle_deg(pair: Pair) -> float | Reading:
    """How much shorter the arc is than half a turn and the fan."""
    return Reading(None, NO_SCAN) if pair.scan is None else float(sum(event.missing_deg for event in pair.scan.events if isinstance(event, LimitedArc)))


@measure("views")
def lost_view_count(pair: Pair) -> float | Reading:
    """Views that were lost or taken while the tube arced."""
    return Reading(None, NO_SCAN) if pair.scan is None else float(sum(event.length for event in pair.scan.events if isinstance(event, LostViews)))


def _line_deg(theta_deg: float) -> float:
    """Direction in the picture of the lines x cos(theta) + y sin(theta) = s: 0 along the rows, towards increasing row and column."""
    return (theta_deg + 90.0) % 180.0


@measure("deg")
def unseen_direction_deg(pair: Pair) -> float | Reading:
    """Direction of the edges that the arc did not see, in the middle of the missing angle: 0 along the rows, 90 along the columns."""
    arcs = [] if pair.scan is None else [event for event in pair.scan.events if isinstance(event, LimitedArc)]
    return _line_deg(arcs[0].start_deg - arcs[0].missing_deg / 2) if arcs else Reading(None, "no arc was limited")


@measure("deg")
def lost_ray_direction_deg(pair: Pair) -> float | Reading:
    """Direction of the central ray of the lost views: 0 along the rows, 90 along the columns."""
    blocks = [] if pair.scan is None else [event for event in pair.scan.events if isinstance(event, LostViews)]
    return _line_deg(360.0 * blocks[0].centre / pair.scan.geometry.n_views) if blocks else Reading(None, "no view was lost")


@measure("%")
def late_light_share(pair: Pair) -> float | Reading:
    """Share of the detector's light that comes late."""
    glows = [] if pair.scan is None else [event for event in pair.scan.events if isinstance(event, Afterglow)]
    return Reading(None, NO_SCAN) if pair.scan is None else float(100 * sum(share for glow in glows for share, _ in glow.parts))


@measure("1 / mm")
def channel_nyquist_per_mm(pair: Pair) -> float | Reading:
    """The highest frequency that the channels can tell, at the isocentre: what lies above is folded down."""
    if pair.scan is None:
        return Reading(None, NO_SCAN)
    pitch = max([event.pitch for event in pair.scan.events if isinstance(event, CoarseChannels)] + [1.0])
    return float(0.5 / (pitch * pair.scan.geometry.pitch_mm().max()))
