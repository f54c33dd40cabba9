"""Where the patient lies in the gantry."""

from __future__ import annotations

import numpy as np

from physics.ct.geometry import Array
from physics.ct.scan import CTScan

_BODY_HU = -500.0


def body_distance_mm(scan: CTScan) -> Array:
    """Distance of each pixel of the patient from the isocentre; empty where the slice shows none."""
    y, x = scan.grid.centred_mm()
    return np.asarray(np.hypot(y[:, None], x[None])[scan.attenuating_hu().numpy() > _BODY_HU])


def body_radius_mm(scan: CTScan) -> float:
    """How far from the isocentre the patient reaches; a hundredth of the pixels, rails of the table among them, may lie further out. 0 without a patient."""
    distance = body_distance_mm(scan)
    return float(np.quantile(distance, 0.99)) if distance.size else 0.0
