"""Highlights: how bright a region is that the sensor clipped to white."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from physics.optics.light import Light

CLIPPED_CODE = 250  # a codec leaves a clipped plateau a few codes below 255
PEAK = 12.0  # radiance of a mirror-like highlight over white, at the heart of a region
COMPACT_SHARE = 0.0015  # of the field's area: regions beyond it are over-exposed tissue rather than mirror images of the lamp


def clipped_regions(codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels whose three channels are all clipped: white light of the lamp, whatever the tissue's own colour."""
    clipped: NDArray[np.bool_] = codes.min(axis=2) >= CLIPPED_CODE
    return clipped


def lifted(light: Light, clipped: NDArray[np.bool_], *, diameter_px: float) -> Light:
    """An estimate of the light that a clipped region sent, so that a smeared highlight stays a white streak.

    Model
        Light times 1 + (P - 1)(1 - exp(-(d / d0)^2)), d = distance to the region's edge, d0 = 1/200 of the field's diameter; P = 12 for
        compact regions, falling as 1 / area towards 1 for large ones, which are over-exposed tissue.
    Parameters
        light : (row, column, 3), 1 = white. clipped : (row, column) bool. diameter_px : of the field of view.
    Returns
        The light, unchanged outside the regions and never darker inside.
    Assumes
        Compact clipped regions are mirror images of the lamp with a smooth lobe.
    Not modelled
        Blooming, the true roughness of the film of mucus.
    References
        design, decision 5 of the optical chain; Shafer 1985 (dichromatic reflection).
    Oracle
        Rises with the distance from the edge, stays within [1, 12] times white, equals the light elsewhere.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(clipped.astype(np.uint8), connectivity=8)
    compact_area = COMPACT_SHARE * np.pi / 4 * diameter_px**2
    areas = stats[:count, cv2.CC_STAT_AREA].astype(np.float64)
    peaks = 1 + (PEAK - 1) * np.minimum(1.0, compact_area / areas)
    depth = cv2.distanceTransform(clipped.astype(np.uint8), cv2.DIST_L2, 5)
    rise = -np.expm1(-((depth / (diameter_px / 200)) ** 2))
    gain = np.where(clipped, 1 + (peaks[labels] - 1) * rise, 1.0)
    return np.asarray(light * gain[:, :, None].astype(light.dtype))
