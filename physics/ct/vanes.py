"""How strong the vanes of a windmill are, and how the table moved."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from physics.ct.fbp import reconstruct
from physics.ct.helical import HelicalSlice, Helix, vane_rays
from physics.ct.measures import spacing_mm_of
from physics.ct.ray_blur import fan_of
from physics.ct.scan import CTScan
from physics.ct.spectrum import hu_change
from physics.measure.pair import Pair, Reading, measure

_SMOOTH_MM = 1.2  # grain is finer, vanes are wider
_AWAY_MM = 2.0  # from what the window saturates
_LEAST_PX = 200
_STILL = "the table stands still"


def helix_of(scan: CTScan | None) -> Helix | None:
    """The helix of a scan, None where it stands still or is not known."""
    return next((event.helix for event in scan.events if isinstance(event, HelicalSlice)), None) if scan is not None else None


@measure("% of the window")
def vanes(pair: Pair) -> float | Reading:
    """Strength of the vanes in what the window shows: fourth root of the mean fourth power, after a Gaussian of 1.2 mm.

    Model
        v = reconstruction of what the rows read less what they would read if they weighed alike in every view: the blur of high rows is no vane. Over the
        pixels of the object that the window does not saturate in the reference, 2 mm from those that it does; 0 without a helix.
    Parameters
        pair : with the degraded scan; pictures in HU or as stored.
    Returns
        Per cent of the width of the window.
    Assumes
        Vanes small beside the line integrals.
    Not modelled
        What other faults of the same scan make of them.
    References
        The pooling of the disturbance (design: families of effect).
    Oracle
        A body of closed form whose rows weigh alike in every view has none; twice the contrast gives twice the value (tests/physics/ct/test_ct_vanes.py).
    """
    helix, scan = helix_of(pair.scan), pair.scan
    if scan is None:
        return Reading(None, "the scan is not known")
    low, high, spacing_mm = pair.view.display.low, pair.view.display.high, spacing_mm_of(pair)
    smooth = [_SMOOTH_MM / spacing for spacing in spacing_mm]
    shown = ndimage.gaussian_filter(pair.reference.double().numpy(), smooth)
    inside = (shown > low) & (shown < high) & np.asarray(pair.view.mask.numpy(), dtype=bool)
    judged = ndimage.distance_transform_edt(np.pad(inside, 1), sampling=spacing_mm)[1:-1, 1:-1] > _AWAY_MM
    if int(judged.sum()) < _LEAST_PX:
        return Reading(None, "the window shows too little tissue")
    if helix is None:
        return 0.0
    window = scan.window_hu or (low, high)  # codes of a stored picture are no HU
    made = hu_change(reconstruct(vane_rays(scan, helix), scan.geometry, grid=scan.grid), mu_water=scan.mu_water).double().numpy()
    return float(100 * np.mean(ndimage.gaussian_filter(made, smooth)[judged] ** 4) ** 0.25 / (window[1] - window[0]))


@measure("mm")
def table_feed_mm(pair: Pair) -> float | Reading:
    """How far the table moves in a turn."""
    helix = helix_of(pair.scan)
    return Reading(None, _STILL) if helix is None else float(helix.feed_mm)


@measure("mm")
def row_height_mm(pair: Pair) -> float | Reading:
    """Height of a detector row at the isocentre."""
    helix = helix_of(pair.scan)
    return Reading(None, _STILL) if helix is None else float(helix.row_mm)


@measure("per turn")
def row_changes(pair: Pair) -> float | Reading:
    """How often in a turn another row becomes the nearest one below the slice, on the central ray: as many vanes the windmill of equal views has."""
    helix = helix_of(pair.scan)
    return Reading(None, _STILL) if helix is None or pair.scan is None else float(helix.changes_of_rows(fan_of(pair.scan)))
