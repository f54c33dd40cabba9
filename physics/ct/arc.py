"""Limited angle: an arc shorter than half a turn and the fan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics.ct.dose import kernel_matched
from physics.ct.geometry import Array, Fan, Geometry
from physics.ct.scan import CTScan, Stage
from physics.scan import EditConflict

MOST_DEG = 150.0


@lru_cache(maxsize=16)
def arc_weights(geometry: Geometry, *, start_deg: float, missing_deg: float, edge_deg: float) -> Array:
    """(view, ray) weights of parallel views from start_deg on, over 180 degrees less what is missing; a cosine of edge_deg about each end.

    Opposite ends of half a turn meet in these cosines, so that nothing is missing at 0. A fan's line counts by its own angle beta + gamma, and twice, since its
    second reading, half a turn later, is not used. All weights are raised by 180 over what is seen: their mean is 1.
    """
    seen, edge, start = math.radians(180.0 - missing_deg), math.radians(edge_deg), math.radians(start_deg)

    def recorded(theta: Array) -> Array:
        inside = seen / 2 - np.abs(np.mod(theta - start - seen / 2 + math.pi, 2 * math.pi) - math.pi)
        return np.asarray(0.5 + 0.5 * np.sin(math.pi * np.clip(inside / edge, -0.5, 0.5)))

    if isinstance(geometry, Fan):
        return recorded(geometry.theta()[:, None] + geometry.gamma()[None]) * (2 * math.pi / seen)
    weights = (recorded(geometry.theta()) + recorded(geometry.theta() + math.pi)) * (math.pi / seen)
    return np.repeat(weights[:, None], geometry.n_channels, axis=1)


@dataclass(frozen=True, slots=True)
class LimitedArc:
    """Parallel views from start_deg on, over 180 degrees less missing_deg; they fade over edge_deg at both ends."""

    start_deg: float
    missing_deg: float
    edge_deg: float
    stage: ClassVar[IntEnum] = Stage.LOG
    rank: ClassVar[int] = 80  # weights come last: they do not ask what a view holds

    def apply(self, measured: Tensor, scan: CTScan) -> Tensor:
        """measured : (view, ray)."""
        weights = arc_weights(scan.geometry, start_deg=self.start_deg, missing_deg=self.missing_deg, edge_deg=self.edge_deg)
        return measured * torch.from_numpy(weights).to(measured.dtype)


def limit_arc(scan: CTScan, missing_deg: float, *, start_deg: float, edge_deg: float = 4.0) -> CTScan:
    """Edges smeared out along one direction, others gone, with bright and dark wings.

    Model
        The tube runs over 180 degrees and the fan less missing_deg. Of its rays come complete parallel views over 180 degrees less missing_deg; each line is
        met once and stands for both of its readings in a turn. Views fade over edge_deg at the ends and are raised by 180 / (180 - missing), so that the mean
        of a round body is kept (left alone, 15 missing degrees shift it by -83 HU). Lines at the missing angles leave a double wedge of the spectrum empty:
        edges along them vanish, those that are left stand out too far.
    Parameters
        missing_deg : 0 to 150. start_deg : of the first parallel view. edge_deg : width of the fading.
    Returns
        The scan with the event added; 0 leaves it as it was.
    Assumes
        Plain filtered backprojection; rays of incomplete parallel views are thrown away.
    Not modelled
        Prior knowledge, iterative reconstruction.
    References
        Quinto 1993 (what is visible); Frikel and Quinto 2013 (streaks at the ends of the arc, and soft ends).
    Oracle
        Less than 1 % of the energy in the missing double wedge; rims seen and unseen by their normals; the middle of a disc keeps its HU
        (tests/physics/ct/test_ct_arc.py).
    Raises
        ValueError: an angle outside of that, or an edge that is wider than the arc. EditConflict: the arc is limited already.
    """
    if not 0.0 <= missing_deg <= MOST_DEG or not 0.0 < edge_deg < 30.0:
        raise ValueError(f"missing_deg {missing_deg}, edge_deg {edge_deg}: 0 to {MOST_DEG:.0f} and above 0 to 30")
    if missing_deg == 0.0:
        return scan
    if any(isinstance(event, LimitedArc) for event in scan.events):
        raise EditConflict(f"arc: limited already, {missing_deg} degrees less were asked; limit it once")
    return kernel_matched(scan).with_events(LimitedArc(start_deg, missing_deg, edge_deg))
