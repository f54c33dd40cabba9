"""Where the object of a picture lies: head or body against air, lit field, tissue on glass."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.modality import Modality

BODY_HU = -500.0
LUNG_HU = (-950.0, -500.0)  # aerated lung; above air in the bowel, below fat
TISSUE_OPTICAL_DENSITY = 0.10


def object_mask(reference: Tensor, *, modality: Modality) -> Tensor:
    """Where the object lies: head or body against air, lit field, tissue on glass.

    Model
        MRI: Otsu's threshold of the root of the smoothed magnitude, components of at least a tenth of the largest, holes filled. CT: above -500 HU, opened so
        that the table lets go, largest component, holes filled. Endoscopy and fundus: convex hull of the largest lit component (a field stop is convex, a dark
        lumen lies inside). Histopathology: mean optical density of the smoothed picture above 0.10.
    Parameters
        reference : (row, column) or (row, column, 3), native values.
    Returns
        (row, column) bool; the whole field where nothing stands out.
    Assumes
        One body in the CT field; codes of colour pictures are sRGB.
    Not modelled
        Table that is pressed into the skin, text burnt into the field.
    References
        Otsu 1979, IEEE TSMC 9.
    Oracle
        Drawn discs, tables, annuli and tissue islands are recovered to a pixel or two.
    """
    values = np.ascontiguousarray(reference.detach().cpu().numpy(), dtype=np.float32)
    finders = {"mri": _magnitude_object, "ct": _body, "endoscopy": _lit_field, "fundus": _lit_field, "histopathology": _tissue}
    found = finders[modality](values)
    if not found.any():
        found = np.ones(values.shape[:2], bool)
    return torch.from_numpy(found).to(reference.device)


def aerated_share(hu: Tensor) -> float:
    """Share of the body that is aerated lung.

    Model
        Pixels of -950 to -500 HU in the body's mask, over its area.
    Parameters
        hu : (row, column).
    Returns
        0 to 1; about 0.03 where the diaphragm is all that is left of the lung, 0.3 and more in the middle of the chest.
    Assumes
        Gas of the bowel is below -950 HU but for its rim.
    Not modelled
        Consolidated lung, which counts as tissue.
    References
        None: the window follows from what the slice holds.
    Oracle
        Drawn lungs of known area.
    """
    body = object_mask(hu, modality="ct")
    low, high = LUNG_HU
    return float(((hu >= low) & (hu < high) & body).sum()) / float(body.sum())


def _disc(radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def _components(found: NDArray[np.bool_], *, share_of_largest: float) -> NDArray[np.bool_]:
    """Components of at least a share of the largest one's area."""
    n, labels, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=4)
    if n < 2:
        return found
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    return np.asarray((areas >= share_of_largest * areas.max())[labels] & found)


def _filled(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Holes belong to the object: only background that reaches the frame is outside."""
    framed = np.pad(found, 1).astype(np.uint8)
    cv2.floodFill(framed, None, (0, 0), 2)
    return np.asarray(framed[1:-1, 1:-1] != 2)


def _magnitude_object(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    top = float(np.percentile(values, 99.5))
    if top <= 0:
        return np.zeros(values.shape, bool)
    smooth = cv2.GaussianBlur(values, (0, 0), max(values.shape) / 250)
    root = np.round(255 * np.sqrt(np.clip(smooth / top, 0.0, 1.0))).astype(np.uint8)
    threshold, _ = cv2.threshold(root, 0, 255, cv2.THRESH_OTSU)
    # Otsu separates dark from bright tissue where there is little air: air is never above a third of the bright tissue's magnitude
    found = root > min(0.75 * threshold, 255 * 0.33**0.5)
    size = max(max(values.shape) // 128, 1)
    closed = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, _disc(size)) > 0
    opened = cv2.morphologyEx(closed.astype(np.uint8), cv2.MORPH_OPEN, _disc(size)) > 0
    return _filled(_components(opened, share_of_largest=0.1))


def _body(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    found = values > BODY_HU
    radius = max(max(values.shape) // 128, 1)
    opened = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, _disc(radius)) > 0
    return _filled(_components(opened, share_of_largest=1.0))


def _lit_field(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    shown = values if values.ndim == 2 else values.max(axis=2)
    radius = max(max(shown.shape) // 256, 1)
    # opened over a mirrored frame, so that a field that fills the picture keeps its corners
    median = cv2.medianBlur(np.clip(shown, 0, 255).astype(np.uint8), 2 * radius + 1)  # keeps the rim where it is
    lit = np.pad((median > 16).astype(np.uint8), 2 * radius, mode="symmetric")
    opened = cv2.morphologyEx(lit, cv2.MORPH_OPEN, _disc(radius))[2 * radius : -2 * radius, 2 * radius : -2 * radius] > 0
    largest = _components(opened, share_of_largest=1.0)
    if not largest.any():
        return largest
    points = cv2.findNonZero(largest.astype(np.uint8))
    hull = np.zeros(shown.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(points), 1)
    return np.asarray(hull > 0)


def _tissue(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    shown = values if values.ndim == 2 else values.mean(axis=2)
    linear = np.clip(cv2.GaussianBlur(shown, (0, 0), max(shown.shape) / 170) / 255, 1 / 255, 1.0) ** np.float32(2.2)
    found = -np.log10(linear) > TISSUE_OPTICAL_DENSITY
    closed = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, _disc(max(max(shown.shape) // 128, 1))) > 0
    return _components(closed, share_of_largest=0.02)
