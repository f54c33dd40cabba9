"""How far a body moved in a turn of the gantry."""

from __future__ import annotations

import math

import numpy as np

from physics.ct.motion import Moved
from physics.measure.pair import Pair, Reading, measure
from physics.pose import Pose

STILL = "nothing moves the body of this scan"


def _radius_mm(pair: Pair) -> float:
    """Root mean square distance of the object's pixels from their middle."""
    where = [axis * mm for axis, mm in zip(np.nonzero(pair.view.mask.numpy()), pair.view.spacing_mm or (1.0, 1.0), strict=True)]
    return math.sqrt(sum(float(np.var(axis)) for axis in where)) if where[0].size else 0.0


def _poses(pair: Pair) -> tuple[Pose, ...]:
    return next((event.poses for event in getattr(pair.scan, "events", ()) if isinstance(event, Moved)), ())


def _apart(first: Pose, second: Pose, radius_mm: float) -> float:
    """Root mean square distance of the body's points between two poses."""
    shift = math.hypot(first.shift_mm[0] - second.shift_mm[0], first.shift_mm[1] - second.shift_mm[1])
    return math.hypot(shift, 2 * math.sin(math.radians(abs(first.angle_deg - second.angle_deg)) / 2) * radius_mm)


@measure("mm")
def largest_displacement(pair: Pair) -> float | Reading:
    """How far the points of the body stand at most from their mean pose, root mean square over the body, turns included."""
    poses = _poses(pair)
    if not poses:
        return Reading(None, STILL)
    middle, radius = pair.scan.mean_pose(), _radius_mm(pair)
    return max(_apart(pose, middle, radius) for pose in poses)


@measure("mm")
def step_between_views(pair: Pair) -> float | Reading:
    """The largest step between neighbouring views, the last and the first included: what draws streaks along the rays there."""
    poses = _poses(pair)
    if not poses:
        return Reading(None, STILL)
    radius = _radius_mm(pair)
    return max(_apart(poses[j - 1], poses[j], radius) for j in range(len(poses)))
