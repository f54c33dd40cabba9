"""A slice far off the mid-plane of a circular scan: what the tilt of its rays makes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

import cv2
import numpy as np
import torch
from torch import Tensor

from physics.ct.body import body_radius_mm
from physics.ct.cone_beam import Cone, oblique_rays, oblique_weights, slice_of_rows
from physics.ct.geometry import Array
from physics.ct.memory import Memory
from physics.ct.ray_blur import fan_of
from physics.ct.scan import CTScan, Stage
from physics.ct.slab import Slab, attenuating_slice, layer_weights, missing_slab, require_own_slice, slab_of
from physics.ct.spectrum import hu_change, mu_of
from physics.measure.pair import Pair, Reading, measure

MOST_MM = 80.0  # half of the widest detector that is sold
LEAST_REACH_MM = 10.0  # of the slab: a thinner one would be the same along most of every ray
_MOST_PX, _MARGIN_MM = 160, 8.0
_ROW_MM = 2.0
_LAYERS: Memory[Slab] = Memory(size=1)


def cone_of(scan: CTScan, distance_mm: float) -> Cone:
    """The work grid of a scan: about the isocentre, just wide enough for the body, at most 160 pixels across."""
    rows, columns = scan.grid.shape
    widest = min(max(rows * scan.grid.spacing_mm[0], columns * scan.grid.spacing_mm[1]) / 2, 0.6 * fan_of(scan).source_mm)
    radius = min(max(1.06 * body_radius_mm(scan) + _MARGIN_MM, 20.0), widest)
    pixel = max(min(scan.grid.spacing_mm), 2 * radius / _MOST_PX)
    return Cone(distance_mm, fan_of(scan).source_mm, math.ceil(2 * radius / pixel), pixel, max(_ROW_MM, slab_of(scan).step_mm))


def _scaled(shape: tuple[int, int], spacing_mm: tuple[float, float], onto: tuple[int, int], onto_mm: tuple[float, float]) -> Array:
    """The affine map of cv2, from pixels of one grid to those of another about the same middle."""
    matrix = np.zeros((2, 3))
    for axis in (0, 1):
        scale = spacing_mm[axis] / onto_mm[axis]
        matrix[1 - axis, 1 - axis], matrix[1 - axis, 2] = scale, (onto[axis] - 1) / 2 - scale * (shape[axis] - 1) / 2
    return matrix


def layers_of(scan: CTScan, cone: Cone) -> Slab:
    """Layers as thick as the rows of the detector on the work grid, in HU; detail finer than its pixels is averaged away, beyond its circle lies air."""

    def make() -> Slab:
        slab, n, pixel = slab_of(scan), cone.n_px, cone.pixel_mm
        matrix = _scaled((n, n), (pixel, pixel), scan.grid.shape, scan.grid.spacing_mm)
        down, right = (max(0.5 * math.sqrt(max((pixel / spacing) ** 2 - 1.0, 0.0)), 0.05) for spacing in scan.grid.spacing_mm)
        inside = np.hypot(cone.across_mm[:, None], cone.across_mm[None]) <= cone.across_mm[-1]
        each = max(math.ceil((max(slab.index, slab.hu.shape[0] - 1 - slab.index) + 0.5) * slab.step_mm / cone.row_mm), 1)
        weights = layer_weights(slab, np.arange(-each, each + 1) * cone.row_mm, width_mm=cone.row_mm).astype(np.float32)
        out = np.full((2 * each + 1, n, n), -1000.0, dtype=np.float32)
        for place in range(slab.hu.shape[0]):
            above_air = attenuating_slice(scan, place).float().numpy() + np.float32(1000)
            blurred = cv2.GaussianBlur(above_air, (0, 0), sigmaX=right, sigmaY=down, borderType=cv2.BORDER_REPLICATE)
            seen = cv2.warpAffine(blurred, matrix, (n, n), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP) * inside
            for layer in np.flatnonzero(weights[place]):
                out[layer] += weights[place, layer] * seen
        return Slab(torch.from_numpy(out), each, cone.row_mm)

    return _LAYERS.get(slab_of(scan).hu, (scan.grid, cone.n_px, cone.pixel_mm, cone.row_mm), make=make)


@dataclass(frozen=True, slots=True)
class OffPlane:
    """The slice lies off the mid-plane of a circular scan. distance_mm : by how much, along z of the slab."""

    distance_mm: float
    stage: ClassVar[IntEnum] = Stage.RECONSTRUCTION
    makes_slice: ClassVar[bool] = True
    rank: ClassVar[int] = 5  # what the rays pass comes before the kernel

    def apply(self, change: Tensor, scan: CTScan) -> Tensor:
        """change : (row, column) HU."""
        cone = cone_of(scan, self.distance_mm)
        layers = layers_of(scan, cone)
        volume = mu_of(layers.hu, mu_water=scan.mu_water).permute(1, 2, 0).contiguous().numpy()
        rim = cone.across_mm[-1] - np.hypot(cone.across_mm[:, None], cone.across_mm[None])
        found = slice_of_rows(oblique_rays(volume, cone, oblique_weights(cone, layers)), cone) * np.clip(rim / _MARGIN_MM * 2, 0.0, 1.0)
        matrix = _scaled(scan.grid.shape, scan.grid.spacing_mm, (cone.n_px, cone.n_px), (cone.pixel_mm, cone.pixel_mm))
        # in double precision OpenCV's cubic leaves pixels near the edge out
        shown = cv2.warpAffine(found.astype(np.float32), matrix, scan.grid.shape[::-1], flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
        return change + hu_change(torch.from_numpy(shown).to(change.dtype), mu_water=scan.mu_water)


def scan_off_plane(scan: CTScan, distance_mm: float) -> CTScan:
    """Shades and streaks about bone that changes from slice to slice, as at the ends of a wide detector.

    Model
        A circular scan sees a slice at the height z through rays that cross it at the angle arctan(z / source): of each only one point lies in the slice,
        the others at the height z L(point) / L(pixel), L the horizontal distance from the source. What the circle makes of them (`oblique_rays`,
        `slice_of_rows`), less what rays in the slice would make, is added to the picture. Views from opposite sides contradict each other wherever the body
        is not the same on every level.
    Parameters
        distance_mm : of the slice from the mid-plane, up to 80 mm; its sign says on which side.
    Returns
        The scan with the event; 0 leaves it as it was.
    Assumes
        The slab reaches 10 mm or more; beyond it the body goes on as its outermost slices are. Rows and layers are 2 mm thick; the change is
        reconstructed on pixels of 1/160 of the body's width, without a kernel.
    Not modelled
        Quanta along the oblique rays (noise is that of rays in the slice); detail of the change that is finer than the work grid; scans of less than a turn.
    References
        Feldkamp, Davis and Kress 1984, J Opt Soc Am A 1, 612; Hsieh 2015, Computed Tomography, chapter 10.
    Oracle
        Gaussian lenses pixel by pixel from closed projections; upright bodies and the mid-plane are left as they were; both sides of the mid-plane mirror
        each other (tests/physics/ct/test_ct_cone_beam.py).
    Raises
        ValueError: more than 80 mm, no slab or a thin one. EditConflict: parallel beam, or a slice that is made otherwise already.
    """
    if abs(distance_mm) > MOST_MM:
        raise ValueError(f"distance_mm {distance_mm}: the widest detectors reach {MOST_MM:.0f} mm to either side of the mid-plane")
    if distance_mm == 0:
        return scan
    fan_of(scan)
    if reason := missing_slab(scan, LEAST_REACH_MM):
        raise ValueError(reason)
    require_own_slice(scan, f"a distance of {distance_mm} mm")
    return scan.with_events(OffPlane(distance_mm))


@measure("mm")
def off_plane_mm(pair: Pair) -> float | Reading:
    """Distance of the slice from the mid-plane of the circular scan."""
    if pair.scan is None:
        return Reading(None, "the scan is not known")
    return float(sum(abs(event.distance_mm) for event in pair.scan.events if isinstance(event, OffPlane)))


@measure("deg")
def cone_angle_deg(pair: Pair) -> float | Reading:
    """Angle between the slice and the rays that meet it at the isocentre."""
    distance = off_plane_mm(pair).value
    return (
        Reading(None, "the scan is not known")
        if distance is None or pair.scan is None
        else float(math.degrees(math.atan2(distance, fan_of(pair.scan).source_mm)))
    )
