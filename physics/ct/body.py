"""Where the patient lies in the gantry."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_opening

from physics.ct.geometry import Array
from physics.ct.scan import CTScan

_BODY_HU = -500.0
_THIN_MM = 8.0  # tables and rails are thinner


def body_distance_mm(scan: CTScan) -> Array:
    """Distance of each pixel of the patient from the isocentre; empty where the slice shows none."""
    y, x = scan.grid.centred_mm()
    square = np.ones([2 * round(_THIN_MM / 2 / spacing) + 1 for spacing in scan.spacing_mm], dtype=bool)
    body = binary_opening(scan.attenuating_hu().numpy() > _BODY_HU, square)
    return np.asarray(np.hypot(y[:, None], x[None])[body])


def body_radius_mm(scan: CTScan, *, share: float = 0.99) -> float:
    """How far from the isocentre a share of the patient's pixels reaches. 0 without a patient."""
    distance = body_distance_mm(scan)
    return float(np.quantile(distance, share)) if distance.size else 0.0
