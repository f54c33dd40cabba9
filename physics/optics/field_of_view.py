"""The field of view: where a picture is lit, and what the tissue does beyond it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from physics.optics.light import Light

RIM_PX = 3  # the soft edge of a mask after a camera's own filter and codec


def lit_field(codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The lit field of an endoscope or fundus camera: everything but the black surround.

    Model
        The surround is what is as dark as the corners (their median + 12 codes) and joined to a corner. A pupil, a lumen or a shadow inside is not joined to
        one and stays in. Specks and letters of the surround go by an opening with a disc of 1/60 of the picture; the largest piece is the field; holes fill.
    Parameters
        codes : (row, column, 3) uint8.
    Returns
        (row, column) bool. All true where no corner is dark (below 40 codes).
    Assumes
        The surround is darker than any tissue that touches it.
    Not modelled
        A field whose own edge is in full shadow: the shadow is then taken for surround.
    References
        design, decision 6 of the optical chain.
    Oracle
        Discs and octagons of known area, with letters in the surround and a black lumen inside, are found within 1 %.
    """
    brightest = codes.max(axis=2)
    rows, columns = brightest.shape
    size = max(2, round(0.015 * min(rows, columns)))
    levels = [float(np.median(brightest[r, c])) for r in (slice(0, size), slice(-size, None)) for c in (slice(0, size), slice(-size, None))]
    corners = [xy for xy, level in zip(((0, 0), (columns - 1, 0), (0, rows - 1), (columns - 1, rows - 1)), levels, strict=True) if level < 40]
    if not corners:
        return np.ones((rows, columns), dtype=bool)
    dark = (brightest <= min(level for level in levels if level < 40) + 12).astype(np.uint8)
    _, labels = cv2.connectedComponents(dark, connectivity=4)
    outside = np.isin(labels, [labels[y, x] for x, y in corners if dark[y, x]])
    width = 2 * max(1, round(min(rows, columns) / 120)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    kept = cv2.morphologyEx((~outside).astype(np.uint8), cv2.MORPH_OPEN, disc)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(kept, connectivity=4)
    if count < 2:
        return np.ones((rows, columns), dtype=bool)
    field = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return _filled(field)


def _filled(field: NDArray[np.bool_]) -> NDArray[np.bool_]:
    padded = np.pad(~field, 1, constant_values=True).astype(np.uint8)
    _, labels = cv2.connectedComponents(padded, connectivity=4)
    filled: NDArray[np.bool_] = (labels != labels[0, 0])[1:-1, 1:-1]
    return filled


def trusted_core(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The field without its soft rim, whose pixels are darkened by the mask. The border of the picture is not a rim."""
    width = 2 * RIM_PX + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    core = cv2.erode(mask.astype(np.uint8), disc, borderType=cv2.BORDER_CONSTANT, borderValue=1) > 0
    return core if core.any() else mask


def reflected_beyond(light: Light, core: NDArray[np.bool_]) -> Light:
    """Tissue continued beyond the mask, so that a blur finds tissue there and the rim stays as bright as it was.

    Model
        A pixel outside takes the light of its mirror image about the nearest pixel p of the core, 2 p - x; where that falls outside too, the light of p.
    Parameters
        light : (row, column, 3). core : (row, column) bool, the pixels to trust.
    Returns
        The light, unchanged inside the core.
    Assumes
        Tissue beyond the edge is like tissue before it.
    Not modelled
        Structures that cross the edge: a vessel is bent back.
    References
        design, decision 6 of the optical chain.
    Oracle
        A constant stays constant; for a half plane it is the even reflection about the last trusted row.
    """
    away = (~core).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    nearest = np.zeros(int(labels.max()) + 1, dtype=np.int64)
    inside = np.flatnonzero(core.ravel())
    nearest[labels.ravel()[inside]] = inside
    outside = np.flatnonzero(away.ravel())
    rows, columns = core.shape
    p_row, p_column = np.divmod(nearest[labels.ravel()[outside]], columns)
    row, column = np.divmod(outside, columns)
    mirror_row, mirror_column = 2 * p_row - row, 2 * p_column - column
    held = (mirror_row >= 0) & (mirror_row < rows) & (mirror_column >= 0) & (mirror_column < columns)
    held[held] = core[mirror_row[held], mirror_column[held]]
    source = np.where(held, mirror_row * columns + mirror_column, p_row * columns + p_column)
    out = light.copy().reshape(-1, 3)
    out[outside] = out[source]
    return out.reshape(light.shape)
