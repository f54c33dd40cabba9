"""How sharp a slice is, by an insert: a disc that is put into the patient, scanned as the patient was, and looked at along its rim."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt

from physics.ct.dose import kernel_matched
from physics.ct.geometry import FAN, Array, Grid
from physics.ct.measures import soft_region
from physics.ct.memory import Memory
from physics.ct.projector import project
from physics.ct.resolution import FINER, Transfer
from physics.ct.scan import CTScan
from physics.measure.pair import Pair, Reading, measure
from physics.scan import acquire

RADIUS_MM = 10.0
CONTRAST_HU = 120.0
_REACH_MM = 7.0  # to either side of the rim
_FLAT = 0.6  # of the reach, from where the line spread is tapered
_FINE_MM = 0.1
_STEP_PER_MM = 0.02
_OVERSAMPLED = 5
_KEPT: Memory[Transfer] = Memory(size=2)


def disc(grid: Grid, *, x_mm: float, y_mm: float, radius_mm: float) -> Array:
    """(row, column) share of each pixel that a disc covers; x, y from the isocentre."""
    y, x = grid.centred_mm()
    parts = (np.arange(_OVERSAMPLED) - (_OVERSAMPLED - 1) / 2) / _OVERSAMPLED
    covered = np.zeros(grid.shape)
    for down in parts * grid.spacing_mm[0]:
        for right in parts * grid.spacing_mm[1]:
            covered += (x[None] + right - x_mm) ** 2 + (y[:, None] + down - y_mm) ** 2 <= radius_mm**2
    return np.asarray(covered / _OVERSAMPLED**2)


def rim_transfer(picture: Array, grid: Grid, *, x_mm: float, y_mm: float, radius_mm: float) -> Transfer:
    """The modulation transfer of whatever made a disc's rim as soft as it is.

    Model
        Pixels by their distance from the middle of the disc make an edge of 0.1 mm steps, their mean at each step; its slope, tapered 4 to 7 mm
        to either side of the rim, is the line spread; MTF = |its transform| over that at 0.
    Parameters
        picture : (row, column), the disc on nothing. grid, x_mm, y_mm, radius_mm : where it is.
    Returns
        The MTF in steps of 0.02 / mm, up to the lower Nyquist frequency.
    Assumes
        A blur that is alike around the rim and narrow beside the radius.
    Not modelled
        Direction.
    References
        Richard, Husarik, Yadava, Murphy and Samei 2012, Med Phys 39, 4115 (task transfer function from a rod's rim).
    Oracle
        Discs blurred by a Gaussian and by known kernels (tests/physics/ct/test_ct_insert.py).
    """
    y, x = grid.centred_mm()
    distance = np.hypot(y[:, None] - y_mm, x[None] - x_mm)
    at = np.arange(radius_mm - _REACH_MM, radius_mm + _REACH_MM, _FINE_MM)
    step = np.rint((distance - at[0]) / _FINE_MM).astype(np.intp)
    kept = (step >= 0) & (step < len(at))
    count, summed, place = (np.bincount(step[kept], weights=of, minlength=len(at)) for of in (None, picture[kept], distance[kept]))
    edge = np.interp(at, place[count > 0] / count[count > 0], summed[count > 0] / count[count > 0])
    outer = np.clip((np.abs(at - radius_mm) / _REACH_MM - _FLAT) / (1 - _FLAT), 0.0, 1.0)
    slope = np.gradient(edge, _FINE_MM) * np.cos(0.5 * np.pi * outer) ** 2
    nu = np.arange(0.0, 0.5 / max(grid.spacing_mm), _STEP_PER_MM)
    spread = np.abs(np.exp(-2j * np.pi * np.outer(nu, at)) @ slope)
    return Transfer(nu, spread / max(float(spread[0]), 1e-12))


def place_of(pair: Pair) -> tuple[float, float]:
    """(x, y) in mm: the middle of the widest homogeneous soft tissue, or of the object where there is none."""
    inside = soft_region(pair)
    inside = np.asarray(pair.view.mask.numpy(), dtype=bool) if inside is None else inside
    deep = distance_transform_edt(np.pad(inside, 1), sampling=pair.healthy.spacing_mm)[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.argmax(deep)), deep.shape)
    y, x = pair.healthy.grid.centred_mm()
    return float(x[column]), float(y[row])


def insert_transfer(pair: Pair) -> Transfer:
    """What the scan keeps of a disc of 10 mm radius and 120 HU that is put into its source: the rim in the degraded slice over the rim as it was drawn.

    The scan is acquired once more with the disc in the patient; the noise of both is of the same seeds, and what differs is the disc.
    """
    return _KEPT.get(pair.degraded, id(pair.scan), make=lambda: _insert_transfer(pair))


def with_added(scan: CTScan, hu: Array) -> CTScan:
    """The scan of a patient who has so many HU more, (row, column), in the picture and in measured rays."""
    added = torch.from_numpy(hu).to(scan.hu.dtype)
    if scan.measured_rays is None:
        return replace(scan, hu=scan.hu + added)
    rays = project(added * (scan.mu_water / 1000.0), FAN, grid=scan.grid)
    return replace(scan, hu=scan.hu + added, measured_rays=scan.measured_rays + rays)


def _insert_transfer(pair: Pair) -> Transfer:
    x_mm, y_mm = place_of(pair)
    drawn = CONTRAST_HU * disc(pair.scan.grid, x_mm=x_mm, y_mm=y_mm, radius_mm=RADIUS_MM)
    seen = (acquire(with_added(pair.scan, drawn)) - pair.degraded).double().numpy()
    there, here = (rim_transfer(one, pair.scan.grid, x_mm=x_mm, y_mm=y_mm, radius_mm=RADIUS_MM) for one in (seen, drawn))
    return Transfer(there.frequency_per_mm, there.kept / np.maximum(here.kept, 0.05))


def _line_pairs(pair: Pair, share: float) -> float | Reading:
    if pair.scan is None or pair.healthy is None:
        return Reading(None, "the scan is not known")
    found = insert_transfer(pair)
    passed = found.kept * kernel_matched(pair.healthy).kernel(found.frequency_per_mm)
    below = np.flatnonzero(passed < share)
    if not below.size:
        return Reading(None, FINER)
    first = int(below[0])  # the first fall: what is noise may rise again beyond
    fraction = (passed[first - 1] - share) / (passed[first - 1] - passed[first])
    return 10.0 * float(found.frequency_per_mm[first - 1] + fraction * _STEP_PER_MM)


@measure("lp/cm")
def insert_mtf50(pair: Pair) -> float | Reading:
    """Frequency at which the slice keeps half of the contrast of a disc that is put into it: the transfer of the rim times the source's kernel."""
    return _line_pairs(pair, 0.5)


@measure("lp/cm")
def insert_mtf10(pair: Pair) -> float | Reading:
    """Frequency at which the slice keeps a tenth of the contrast of a disc that is put into it: the transfer of the rim times the source's kernel."""
    return _line_pairs(pair, 0.1)
