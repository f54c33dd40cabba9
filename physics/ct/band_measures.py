"""What hardened, scattered or shadowed rays did to a slice: cupping, dark bands, streaks, in Hounsfield units and degrees."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from physics.ct.geometry import Array
from physics.ct.measures import spacing_mm_of
from physics.ct.memory import Memory
from physics.ct.source_noise import Mask
from physics.measure.pair import Pair, Reading, measure

METAL_HU = 2500.0
AFFECTED_HU = 20.0
_SOFT_HU = (-150.0, 200.0)
_SMOOTH_MM = 2.0
_LEAST_PX = 200
_CORE, _SHELL = 0.7, 0.25  # of the greatest depth
_SKIN_MM = 4.0
NO_TISSUE = "fewer than 200 pixels of the reference are soft tissue"

_TISSUES: Memory[Mask] = Memory(size=4)
_DEPTHS: Memory[Array] = Memory(size=4)


def _smooth(picture: Array, pair: Pair, width_mm: float = _SMOOTH_MM) -> Array:
    return np.asarray(ndimage.gaussian_filter(picture, [width_mm / spacing for spacing in spacing_mm_of(pair)]))


def _tissue(pair: Pair) -> Mask:
    """Soft tissue of the reference, two millimetres from anything else."""

    def make() -> Mask:
        smooth = _smooth(pair.reference.double().numpy(), pair, 1.0)
        soft = (smooth > _SOFT_HU[0]) & (smooth < _SOFT_HU[1]) & np.asarray(pair.view.mask.numpy(), dtype=bool)
        depth = ndimage.distance_transform_edt(np.pad(soft, 1), sampling=spacing_mm_of(pair))[1:-1, 1:-1]
        return np.asarray(depth > 2.0)

    return _TISSUES.get(pair.reference, (id(pair.view.mask), spacing_mm_of(pair)), make=make)


def _depth_mm(pair: Pair) -> Array:
    """How deep each pixel lies in the object; cavities count as object."""

    def make() -> Array:
        filled = ndimage.binary_fill_holes(np.asarray(pair.view.mask.numpy(), dtype=bool))
        return np.asarray(ndimage.distance_transform_edt(np.pad(filled, 1), sampling=spacing_mm_of(pair))[1:-1, 1:-1])

    return _DEPTHS.get(pair.reference, (id(pair.view.mask), spacing_mm_of(pair)), make=make)


def _change(pair: Pair) -> Array:
    return np.asarray((pair.degraded.double() - pair.reference.double()).numpy())


def _without_metal(pair: Pair) -> Mask:
    """Soft tissue of the reference that is not metal, nor within 3 mm of it, in the degraded slice."""
    metal = pair.degraded.numpy() > METAL_HU
    tissue = _tissue(pair)
    if not metal.any():
        return tissue
    return np.asarray(tissue & (ndimage.distance_transform_edt(~metal, sampling=spacing_mm_of(pair)) > 3.0))


@measure("HU")
def cupping_hu(pair: Pair) -> float | Reading:
    """How much darker the middle became than the rim: mean change of soft tissue 4 mm to a quarter of the depth under the skin, less that beyond 0.7 of it."""
    tissue, depth, change = _tissue(pair), _depth_mm(pair), _change(pair)
    deepest = float(depth.max())
    rim, core = tissue & (depth > _SKIN_MM) & (depth < max(_SHELL * deepest, 2 * _SKIN_MM)), tissue & (depth > _CORE * deepest)
    if min(int(rim.sum()), int(core.sum())) < _LEAST_PX // 4:
        return Reading(None, "no soft tissue at the rim or in the middle")
    return float(change[rim].mean() - change[core].mean())


@measure("HU")
def dark_band_hu(pair: Pair) -> float | Reading:
    """Depth of the darkest bands: the hundredth part of soft tissue that darkened most, against the median, after a Gaussian of 2 mm; metal left out."""
    tissue = _without_metal(pair)
    if int(tissue.sum()) < _LEAST_PX:
        return Reading(None, NO_TISSUE)
    values = _smooth(_change(pair), pair)[tissue]
    return float(np.median(values) - np.quantile(values, 0.01))


@measure("deg")
def dark_band_axis(pair: Pair) -> float | Reading:
    """Direction of the dark bands: 0 = along the rows, 90 = along the columns, towards increasing row and column.

    The principal axis of the soft tissue that darkened by more than half the depth of the darkest bands.
    """
    tissue = _without_metal(pair)
    if int(tissue.sum()) < _LEAST_PX:
        return Reading(None, NO_TISSUE)
    smooth = _smooth(_change(pair), pair)
    middle = float(np.median(smooth[tissue]))
    depth = middle - float(np.quantile(smooth[tissue], 0.01))
    if depth < 1.0:
        return Reading(None, "no band is darker by 1 HU")
    rows, columns = np.nonzero(tissue & (smooth < middle - 0.5 * depth))
    y, x = rows * spacing_mm_of(pair)[0], columns * spacing_mm_of(pair)[1]
    y, x = y - y.mean(), x - x.mean()
    return float(np.degrees(0.5 * np.arctan2(2 * (x * y).mean(), (x * x).mean() - (y * y).mean())) % 180.0)


@measure("HU")
def streak_hu(pair: Pair) -> float | Reading:
    """Strength of streaks and bands: standard deviation of the change over soft tissue, 3 mm from metal."""
    tissue = _without_metal(pair)
    if int(tissue.sum()) < _LEAST_PX:
        return Reading(None, NO_TISSUE)
    return float(_change(pair)[tissue].std())


@measure("HU")
def tissue_error_hu(pair: Pair) -> float | Reading:
    """How wrong the HU of soft tissue are on average: mean of |change| after a Gaussian of 2 mm, metal left out."""
    tissue = _without_metal(pair)
    if int(tissue.sum()) < _LEAST_PX:
        return Reading(None, NO_TISSUE)
    return float(np.abs(_smooth(_change(pair), pair)[tissue]).mean())


@measure("1")
def affected_share(pair: Pair) -> float | Reading:
    """Share of the object whose HU are off by more than 20 after a Gaussian of 2 mm."""
    inside = np.asarray(pair.view.mask.numpy(), dtype=bool)
    if not inside.any():
        return Reading(None, "the object is empty")
    return float((np.abs(_smooth(_change(pair), pair)) > AFFECTED_HU)[inside].mean())


@measure("mm2")
def metal_area(pair: Pair) -> float | Reading:
    """Area above 2500 HU that the reference does not have: the implant with its blooming."""
    rows_mm, columns_mm = spacing_mm_of(pair)
    new = (pair.degraded > METAL_HU) & (pair.reference <= METAL_HU)
    return float(new.sum()) * rows_mm * columns_mm
