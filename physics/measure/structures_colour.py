"""Structures of colour pictures: where a reference shows them for certain, on the canonical picture.

Every finder takes (codes (row, column, 3), object mask) and returns the pixels by which the structure is known, or None where it is not sure.
"""

from __future__ import annotations

import cv2
import numpy as np

from physics.measure.pair import Array

DYES = np.array([[0.650, 0.704, 0.286], [0.072, 0.990, 0.105], [0.268, 0.570, 0.776]])  # haematoxylin, eosin, DAB: optical densities of R, G, B
MIN_NUCLEI = 15


def optic_disc(codes: Array, mask: Array) -> Array | None:
    """The brightest round spot of a fundus, 6 to 22 % of its width, clearly brighter than the retina around it: its border."""
    green = cv2.GaussianBlur(codes[..., 1], (0, 0), 4.0)
    columns = np.nonzero(mask)[1]
    if len(columns) == 0:
        return None
    width = float(np.ptp(columns))
    inner = cv2.erode(mask.astype(np.uint8), _disc(8), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    if not inner.any():
        return None
    wide = cv2.GaussianBlur(codes[..., 1], (0, 0), 40.0)
    excess = np.where(inner, green - wide, -255.0)
    peak = np.unravel_index(int(np.argmax(excess)), excess.shape)
    if excess[peak] < 25.0:
        return None
    level = wide[peak] + 0.5 * excess[peak]
    _, labels = cv2.connectedComponents((inner & (green > level)).astype(np.uint8))
    spot = labels == labels[peak]
    diameter = 2.0 * float(np.sqrt(np.count_nonzero(spot) / np.pi))
    contours, _ = cv2.findContours(spot.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.contourArea(cv2.convexHull(max(contours, key=cv2.contourArea)))
    if not 0.05 * width < diameter < 0.22 * width or np.count_nonzero(spot) < 0.75 * hull:
        return None
    return (cv2.dilate(spot.astype(np.uint8), _disc(8)) > 0) & ~(cv2.erode(spot.astype(np.uint8), _disc(4)) > 0) & mask


def retinal_vessels(codes: Array, mask: Array) -> Array | None:
    """Dark branching lines in the green channel: long components of a line filter, together 2 to 20 % of the field."""
    green = codes[..., 1]
    inner = cv2.erode(mask.astype(np.uint8), _disc(9), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    if not inner.any():
        return None
    response = np.zeros(green.shape, np.float32)
    for sigma in (1.5, 2.5):
        smooth = cv2.GaussianBlur(green, (0, 0), sigma)
        dxx, dyy, dxy = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3, scale=0.25) for order in ((2, 0), (0, 2), (1, 1)))
        root = np.sqrt((0.5 * (dxx - dyy)) ** 2 + dxy**2)
        large, small = 0.5 * (dxx + dyy) + root, 0.5 * (dxx + dyy) - root
        response = np.maximum(response, sigma**2 * np.maximum(large - np.abs(small), 0.0))
    local = np.maximum(cv2.GaussianBlur(green, (0, 0), 12.0), 20.0)
    lines = inner & (response > 0.035 * local)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(lines.astype(np.uint8))
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    long = (extent >= 40) & (stats[:, cv2.CC_STAT_AREA] >= 60)
    long[0] = False
    found = np.asarray(long[labels])
    share = float(np.count_nonzero(found)) / float(np.count_nonzero(inner))
    if not 0.015 < share < 0.20 or int(np.count_nonzero(long)) < 3:
        return None
    return np.asarray(cv2.dilate(found.astype(np.uint8), _disc(1)) > 0)


def lumen(codes: Array, mask: Array) -> Array | None:
    """A dark hole within lit mucosa: 0.3 to 20 % of the field, wholly surrounded, with a steep rim all around."""
    shown = cv2.GaussianBlur(codes @ np.array([0.299, 0.587, 0.114], np.float32), (0, 0), 3.0)
    if not mask.any():
        return None
    median = float(np.median(shown[mask]))
    dark = mask & (shown < 0.4 * median)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8))
    field = float(np.count_nonzero(mask))
    core = cv2.erode(mask.astype(np.uint8), _disc(12), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    best = None
    for k in range(1, n):
        hole = labels == k
        area = float(stats[k, cv2.CC_STAT_AREA])
        if not 0.003 * field < area < 0.20 * field or not core[hole].all():
            continue
        rim = (cv2.dilate(hole.astype(np.uint8), _disc(14)) > 0) & ~hole
        bright = float(np.mean(shown[rim] > 0.45 * median))
        if bright > 0.85 and (best is None or area > np.count_nonzero(best)):
            best = hole
    if best is None:
        return None
    return (cv2.dilate(best.astype(np.uint8), _disc(8)) > 0) & ~(cv2.erode(best.astype(np.uint8), _disc(5)) > 0)


def nuclear_borders(codes: Array, mask: Array) -> Array | None:
    """Borders of at least fifteen compact spots that take up haematoxylin."""
    density = -np.log10(np.clip(codes / 255.0, 1 / 255.0, 1.0) ** 2.2)
    dyes = DYES / np.linalg.norm(DYES, axis=1, keepdims=True)
    blue = cv2.GaussianBlur((density @ np.linalg.inv(dyes).astype(np.float32))[..., 0].astype(np.float32), (0, 0), 1.0)
    if not mask.any():
        return None
    high = float(np.percentile(blue[mask], 99.5))
    if high < 0.25:
        return None
    scaled = np.clip(np.round(blue / high * 255), 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(scaled[mask][:, None], 0, 255, cv2.THRESH_OTSU)
    spots = cv2.morphologyEx((mask & (scaled > 1.15 * threshold)).astype(np.uint8), cv2.MORPH_OPEN, _disc(1))
    contours, _ = cv2.findContours(spots, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    kept = np.zeros(spots.shape, np.uint8)
    count = 0
    for contour in contours:
        area, hull = cv2.contourArea(contour), cv2.contourArea(cv2.convexHull(contour))
        if 15 <= area <= 900 and area > 0.8 * hull:
            cv2.drawContours(kept, [contour], -1, 1, -1)
            count += 1
    if count < MIN_NUCLEI:
        return None
    return np.asarray((cv2.dilate(kept, _disc(2)) > 0) & ~(cv2.erode(kept, _disc(1)) > 0))


def _disc(radius: int) -> Array:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))
