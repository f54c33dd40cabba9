"""How many rays were clipped, and what that took from the skin."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import binary_erosion

from physics.ct.acquire import rays_of
from physics.ct.measures import spacing_mm_of
from physics.ct.over_range import OverRange
from physics.measure.pair import Pair, Reading, measure

_SKIN_MM = 6.0
NO_CLIP = "the scan is not known, or nothing was clipped in it"


@measure("% of the rays")
def clipped_ray_share(pair: Pair) -> float | Reading:
    """Share of the rays through the patient that read more signal than the converter writes down."""
    events = [] if pair.scan is None else [event for event in pair.scan.events if isinstance(event, OverRange)]
    if not events:
        return Reading(None, NO_CLIP)
    rays = rays_of(pair.scan)
    through = rays > 0.02
    if not bool(through.any()):
        return Reading(None, "no ray meets the patient")
    clipped = torch.stack([rays < event.least_readings(pair.scan) for event in events]).any(dim=0)
    return float(100 * clipped[through].double().mean())


@measure("HU")
def skin_hu(pair: Pair) -> float | Reading:
    """Mean change of the outermost 6 mm of the object: negative where the skin line is lost."""
    inside = np.asarray(pair.view.mask.numpy(), dtype=bool)
    spacing = spacing_mm_of(pair)
    reach = [round(_SKIN_MM / mm) for mm in spacing]
    y, x = np.ogrid[-reach[0] : reach[0] + 1, -reach[1] : reach[1] + 1]
    skin = inside & ~binary_erosion(inside, np.asarray((y * spacing[0]) ** 2 + (x * spacing[1]) ** 2 <= _SKIN_MM**2))
    if not skin.any():
        return Reading(None, "the object is empty")
    return float((pair.degraded.double() - pair.reference.double()).numpy()[skin].mean())
