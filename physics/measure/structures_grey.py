"""Structures of MRI and CT: where a reference shows them for certain, on the canonical picture.

Every finder takes (picture, object mask) and returns the pixels by which the structure is known, or None where it is not sure.
"""

from __future__ import annotations

import cv2
import numpy as np

from physics.measure.pair import Array

COMPACT = 0.965  # area over convex hull of an axial or coronal head; a head with face and neck has less


def grey_white_boundary(picture: Array, mask: Array) -> Array | None:
    """The seam between grey and white matter of a T1 head: two bright classes in the inner head that differ clearly and share a long border."""
    inner = _inner(mask, 0.14)
    if inner is None:
        return None
    values = picture[inner]
    low = _otsu(values)
    bright = float(values[values > low].mean()) if (values > low).any() else 0.0
    if (values <= low).any() and float(values[values <= low].mean()) > 0.45 * bright:
        low = 0.35 * bright  # little fluid: the first split is grey from white already
    tissue = values[values > low]
    if len(tissue) < 2000:
        return None
    between = _otsu(tissue)
    grey, white = tissue[tissue <= between], tissue[tissue > between]
    share = len(white) / len(tissue)
    if not 0.2 < share < 0.8 or float(white.mean() - grey.mean()) < 20.0 or float(white.mean() - grey.mean()) < 1.8 * float(0.5 * (white.std() + grey.std())):
        return None
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.2)
    is_white, is_grey = inner & (smooth > between), inner & (smooth <= between) & (smooth > low)
    seam = _grown(is_white, 2) & _grown(is_grey, 2) & ~_grown(inner & (smooth <= low), 5)
    return seam if np.count_nonzero(seam) > 0.02 * np.count_nonzero(mask) else None


def ventricles(picture: Array, mask: Array) -> Array | None:
    """Dark fluid in the middle of a T1 head: components near the middle line, well inside, of 0.3 to 8 % of the head, on both sides of it."""
    inner = _inner(mask, 0.24)
    if inner is None or not _is_compact(mask):
        return None
    smooth = cv2.GaussianBlur(picture, (0, 0), 2.0)
    dark = inner & (smooth < 0.5 * float(np.median(smooth[inner])))
    n, labels, stats, centres = cv2.connectedComponentsWithStats(dark.astype(np.uint8))
    head = float(np.count_nonzero(mask))
    rows, columns = np.nonzero(mask)
    middle, half = float(columns.mean()), 0.5 * float(np.ptp(columns))
    kept = [k for k in range(1, n) if stats[k, cv2.CC_STAT_AREA] > 0.003 * head and abs(centres[k][0] - middle) < 0.45 * half]
    found = np.isin(labels, kept)
    area = float(np.count_nonzero(found))
    if not 0.006 * head < area < 0.08 * head:
        return None
    left = float(np.count_nonzero(found[:, : int(middle)])) / area
    if not 0.25 < left < 0.75 or abs(float(np.nonzero(found)[0].mean() - rows.mean())) > 0.25 * float(np.ptp(rows)):
        return None
    return _grown(found, 3) & ~_shrunk(found, 3)


def skull_line(picture: Array, mask: Array) -> Array | None:
    """Bright scalp, dark bone, brain: a ring below the outline of a compact head whose profile falls and rises again almost all around."""
    if not _is_compact(mask):
        return None
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    rows, columns = np.nonzero(mask)
    centre = (float(rows.mean()), float(columns.mean()))
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    sector = ((np.arctan2(y - centre[0], x - centre[1]) + np.pi) / (2 * np.pi) * 36).astype(int).clip(0, 35)
    reach = int(0.13 * max(np.ptp(rows), np.ptp(columns)))
    depth = distance.astype(int)
    ring = mask & (depth < reach) & (depth > 0)
    index = sector[ring] * reach + depth[ring]
    count = np.bincount(index, minlength=36 * reach)
    profile = (np.bincount(index, picture[ring], 36 * reach) / np.maximum(count, 1)).reshape(36, reach)
    clear = 0
    for line in profile:
        scalp = int(np.argmax(line[: max(reach // 2, 2)]))
        bone = scalp + int(np.argmin(line[scalp:]))
        clear += bool(line[bone] < 0.6 * line[scalp] and line[bone:].max() > 1.4 * max(line[bone], 1.0))
    return ring if clear >= 29 else None


def skull_base(picture: Array, mask: Array) -> Array | None:
    """Clipped bone that reaches into the middle of a CT head: edges of the bone inside the inner half of the head."""
    inner = _inner(mask, 0.22)
    if inner is None:
        return None
    bone = mask & (picture > 254.0)
    share = float(np.count_nonzero(bone & inner)) / float(np.count_nonzero(inner))
    if share < 0.08:
        return None  # only the vault is in this slice
    return (_grown(bone, 2) & ~_shrunk(bone, 2)) & inner


def fat_planes(picture: Array, mask: Array) -> Array | None:
    """Borders of fat and soft tissue in an abdominal window: both are common, and border on each other over a long way."""
    smooth = cv2.GaussianBlur(picture, (0, 0), 3.0)
    inner = _inner(mask, 0.02)
    if inner is None:
        return None
    fat, soft = inner & (smooth > 15.0) & (smooth < 85.0), inner & (smooth > 110.0) & (smooth < 225.0)
    area = float(np.count_nonzero(inner))
    if np.count_nonzero(fat) < 0.03 * area or np.count_nonzero(soft) < 0.2 * area:
        return None
    # the slope from lung to tissue passes through the values of fat: fat is thick, and not beside air
    opened = cv2.morphologyEx(fat.astype(np.uint8), cv2.MORPH_OPEN, _disc(3)) > 0
    fat, soft = _sizeable(opened & ~_grown(smooth < 5.0, 5), 60), _sizeable(soft, 200)
    seam = _grown(fat, 4) & _grown(soft, 4)
    return seam if np.count_nonzero(seam) > 0.01 * area else None


def _is_compact(mask: Array) -> bool:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return False
    largest = max(contours, key=cv2.contourArea)
    hull = cv2.contourArea(cv2.convexHull(largest))
    _, _, width, height = cv2.boundingRect(largest)
    return bool(hull > 0 and cv2.contourArea(largest) / hull > COMPACT and 0.6 < width / max(height, 1) < 1.5)


def _inner(mask: Array, share: float) -> Array | None:
    """The object without a rim of a share of its smaller extent; None where little is left."""
    rows, columns = np.nonzero(mask)
    if len(rows) == 0:
        return None
    rim = share * min(np.ptp(rows), np.ptp(columns))
    framed = np.pad(mask, 1).astype(np.uint8)
    inner = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1] > rim
    return inner if np.count_nonzero(inner) > 500 else None


def _otsu(values: Array) -> float:
    codes = np.clip(np.round(values), 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(codes[:, None], 0, 255, cv2.THRESH_OTSU)
    return float(threshold)


def _sizeable(found: Array, pixels: int) -> Array:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] >= pixels
    large[0] = False
    return np.asarray(large[labels])


def _grown(found: Array, radius: int) -> Array:
    return np.asarray(cv2.dilate(found.astype(np.uint8), _disc(radius)) > 0)


def _shrunk(found: Array, radius: int) -> Array:
    return np.asarray(cv2.erode(found.astype(np.uint8), _disc(radius)) > 0)


def _disc(radius: int) -> Array:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))
