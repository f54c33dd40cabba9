"""The families of effect once more, from stored PNG codes, written from their definitions with NumPy, SciPy, Pillow and scikit-image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from scipy.special import expit, logit
from skimage.color import deltaE_ciede2000, rgb2lab

Picture = NDArray[np.uint8]
Plane = NDArray[np.float64]


def remeasure(family: str, reference_png: Picture, degraded_png: Picture, *, mask: NDArray[np.bool_], modality: str) -> float:
    """The raw value of a family ("detail", "disturbance", "grain", "line", "shading", "exposure", "colour", "stain", "cover", "specular", "detail beside fat",
    "fat outline") of two stored pictures.

    mask : the object on the grid of the pictures; of the last two the part of it that the family looks at.
    """
    inside = _resized(mask.astype(np.float64)) >= 0.5
    if family == "colour":
        return _colour(reference_png, degraded_png, inside)
    if family in ("cover", "specular"):
        planes = [np.stack([_resized(plane) for plane in _channels(png)]) for png in (reference_png, degraded_png)]
        return float((np.abs(planes[0] - planes[1]).max(axis=0) > 0.02 * 255)[inside].mean())
    reference, degraded = (np.clip(_resized(_luma(png)), 0, 255) for png in (reference_png, degraded_png))
    if family == "stain":
        lost = _detail(reference, degraded, inside, modality)
        as_bad = np.interp(lost, (0.0, 0.18, 0.41, 0.68), (0.0, 5.5, 16.0, 28.5)) + max(lost - 0.68, 0.0) * 12.5 / 0.27
        return max(_colour(reference_png, degraded_png, inside), float(as_bad))
    if family == "fat outline":
        return float(np.clip(reference - degraded, 0, None)[inside].sum() / reference[inside].sum())
    if family in ("detail", "detail beside fat"):
        return _detail(reference, degraded, inside, modality)
    if family in ("disturbance", "line"):
        return _disturbance(reference, degraded, inside, modality)
    if family == "grain":
        return float(np.std((degraded - reference)[_judged(reference, inside, modality)]))
    if family == "shading":
        return _shading(reference, degraded, inside)
    if family == "exposure":
        return _exposure(reference, degraded, inside)
    raise ValueError(f"no independent measure of family {family!r}")


def beside_fat(share: Plane, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The object within 16 px of fat, on the canonical grid; share : of fat, on the grid of the picture."""
    near = ndimage.maximum_filter(_resized(share), size=33, mode="constant") > 0.5
    return np.asarray(near & (_resized(mask.astype(np.float64)) >= 0.5))


def fat_borders(share: Plane, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The object where between 15 and 85 % of a pixel's signal are fat's, on the canonical grid."""
    shown = _resized(share)
    return np.asarray((shown > 0.15) & (shown < 0.85) & (_resized(mask.astype(np.float64)) >= 0.5))


def u_of(value: float, anchors: tuple[float, float, float]) -> float:
    """Severity of a value: through (0, 0) and the anchors at 0.5, 1.5, 2.5, straight on beyond."""
    points = np.array([0.0, *anchors])
    severities = np.array([0.0, 0.5, 1.5, 2.5])
    if value > anchors[2]:
        return float(2.5 + (value - anchors[2]) / (anchors[2] - anchors[1]))
    return float(np.interp(max(value, 0.0), points, severities))


def _channels(png: Picture) -> list[Plane]:
    return [png.astype(np.float64)] if png.ndim == 2 else [png[..., k].astype(np.float64) for k in range(3)]


def _luma(png: Picture) -> Plane:
    planes = _channels(png)
    return planes[0] if len(planes) == 1 else 0.299 * planes[0] + 0.587 * planes[1] + 0.114 * planes[2]


def _resized(plane: Plane) -> Plane:
    rows, columns = plane.shape
    scale = 512 / max(rows, columns)
    if scale == 1:
        return plane
    size = (max(round(columns * scale), 1), max(round(rows * scale), 1))
    return np.asarray(Image.fromarray(plane.astype(np.float32)).resize(size, Image.Resampling.BICUBIC), np.float64)


def _detail(reference: Plane, degraded: Plane, inside: NDArray[np.bool_], modality: str) -> float:
    core = ndimage.binary_erosion(inside, np.ones((17, 17)))
    gy, gx = np.gradient(ndimage.gaussian_filter(reference, 1.5))
    steepness = np.sqrt(gy**2 + gx**2)
    chosen = core & (steepness >= np.quantile(steepness[core], 0.85)) & (steepness > 0)
    chosen = ndimage.binary_dilation(chosen, np.ones((5, 5)))
    field = np.ones(inside.shape)
    if modality in ("fundus", "endoscopy"):  # what lies beyond the stop is no neighbour
        field = ndimage.binary_erosion(inside, np.ones((5, 5))).astype(float)
    share = ndimage.gaussian_filter(field, 8.0)[chosen]
    fine = [x[chosen] - ndimage.gaussian_filter(x * field, 8.0)[chosen] / share for x in (reference, degraded)]
    return float(1 - np.sum(fine[0] * fine[1]) / np.sum(fine[0] ** 2))


def _disturbance(reference: Plane, degraded: Plane, inside: NDArray[np.bool_], modality: str) -> float:
    inside = _judged(reference, inside, modality)
    numerator, denominator = np.zeros(reference.shape), np.zeros(reference.shape)
    for axis in (0, 1):
        size = [_haar(x, axis) for x in (reference, degraded)]  # (scale, row, column) each
        likeness = np.mean([(2 * a * b + 5) / (a**2 + b**2 + 5) for a, b in zip(size[0][:2], size[1][:2], strict=True)], axis=0)
        weight = np.max([size[0].max(axis=0), size[1].max(axis=0)], axis=0) * inside
        numerator += weight * expit(4.9 * likeness)
        denominator += weight
    harms = []
    for row in range(0, reference.shape[0], 32):
        for column in range(0, reference.shape[1], 32):
            block = np.s_[row : row + 32, column : column + 32]
            if inside[block].sum() <= 0.2 * 32 * 32:
                continue
            total = denominator[block].sum()
            harms.append(0.0 if total <= 1e-3 else max(0.0, 1 - (logit(numerator[block].sum() / total) / 4.9) ** 2))
    return float(np.mean(np.array(harms) ** 4) ** 0.25)


def _judged(reference: Plane, inside: NDArray[np.bool_], modality: str) -> NDArray[np.bool_]:
    if modality != "ct":
        return inside
    return np.asarray(ndimage.binary_erosion(inside & (reference > 0.5) & (reference < 254.5), np.ones((5, 5))))


def _haar(picture: Plane, axis: int) -> Plane:
    """Moduli of differences of half windows of 2, 4 and 8 px, by running sums."""
    found = []
    for scale in (1, 2, 3):
        width, half = 2**scale, 2 ** (scale - 1)
        padded = np.pad(picture, width, mode="symmetric")
        sums = np.pad(padded, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
        tall, wide = (half, width) if axis == 0 else (width, half)
        boxes = sums[tall:, wide:] - sums[:-tall, wide:] - sums[tall:, :-wide] + sums[:-tall, :-wide]
        difference = np.abs(np.diff(boxes[::1], axis=axis, n=1)) if half == 1 else np.abs(_shifted_difference(boxes, half, axis))
        start = width - half
        rows, columns = picture.shape
        found.append(difference[start : start + rows, start : start + columns] / width)
    return np.stack(found)


def _shifted_difference(boxes: Plane, by: int, axis: int) -> Plane:
    return boxes[by:] - boxes[:-by] if axis == 0 else boxes[:, by:] - boxes[:, :-by]


def _shading(reference: Plane, degraded: Plane, inside: NDArray[np.bool_]) -> float:
    low = [ndimage.gaussian_filter(np.where(inside, x, 0.0), 26.0) for x in (reference, degraded)]
    share = ndimage.gaussian_filter(inside.astype(float), 26.0)
    judged = inside & (low[0] / np.maximum(share, 1e-6) > 4)
    ratio = low[1][judged] / low[0][judged]
    return float(ratio.std() / ratio.mean())


def _exposure(reference: Plane, degraded: Plane, inside: NDArray[np.bool_]) -> float:
    clear = inside & (np.minimum(reference, degraded) > 2) & (np.maximum(reference, degraded) < 250)
    if clear.sum() < 0.02 * inside.sum():
        clear = inside & (np.minimum(reference, degraded) > 0.5)
    return float(abs(np.median(np.log2(_light(degraded[clear]) / _light(reference[clear])))))


def _light(codes: Plane) -> Plane:
    v = codes / 255
    return np.where(v > 0.04045, ((v + 0.055) / 1.055) ** 2.4, v / 12.92)


def _colour(reference_png: Picture, degraded_png: Picture, inside: NDArray[np.bool_]) -> float:
    labs = []
    for png in (reference_png, degraded_png):
        planes = _channels(png) if png.ndim == 3 else _channels(png) * 3
        labs.append(rgb2lab(np.stack([np.clip(_resized(plane), 0, 255) for plane in planes], axis=-1) / 255))
    return float(deltaE_ciede2000(labs[0], labs[1])[inside].mean())
