"""The scene behind a finished picture: linear light that was never clipped by a sensor nor cut by a mask."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from physics.optics.field_of_view import reflected_beyond, trusted_core
from physics.optics.highlights import clipped_regions, lifted
from physics.optics.light import Light, light_of
from physics.optics.slide import Slide


class Scene:
    """What is derived from a source once and shared by all edits of a case; nothing in it changes after it was made.

    codes : (row, column, 3) uint8. mask : (row, column) bool, the lit field. dtype : of linear light. lifts : whether clipped white is a highlight
    (endoscope, fundus camera) or the light of the lamp (microscope). stains : the pair of dyes that a slide is read with.
    """

    def __init__(self, *, codes: NDArray[np.uint8], mask: NDArray[np.bool_], dtype: str, lifts: bool, stains: Literal["he", "hdab"]) -> None:
        self.codes, self.mask, self.dtype, self.lifts, self.stains = codes, mask, dtype, lifts, stains

    @cached_property
    def diameter_px(self) -> float:
        """The longer side of the box around the field."""
        rows, columns = np.flatnonzero(self.mask.any(axis=1)), np.flatnonzero(self.mask.any(axis=0))
        return float(max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1)

    @cached_property
    def centre(self) -> tuple[float, float]:
        """Row and column of the middle of the box around the field."""
        rows, columns = np.flatnonzero(self.mask.any(axis=1)), np.flatnonzero(self.mask.any(axis=0))
        return float(rows[0] + rows[-1]) / 2, float(columns[0] + columns[-1]) / 2

    @cached_property
    def has_highlights(self) -> bool:
        """Whether any region is clipped to white."""
        return self.lifts and bool((clipped_regions(self.codes) & self.mask).any())

    @cached_property
    def radiance(self) -> Light:
        """Linear light with highlights lifted above white and the tissue continued beyond the mask."""
        light = light_of(self.codes, dtype=self.dtype)
        if self.has_highlights:
            light = lifted(light, clipped_regions(self.codes) & self.mask, diameter_px=self.diameter_px)
        return light if self.mask.all() else reflected_beyond(light, trusted_core(self.mask))

    @cached_property
    def transmission(self) -> tuple[tuple[NDArray[np.intp], ...], Light] | None:
        """The soft rim of the field: its pixels, and what share of the continued scene they show. None where there is no mask."""
        if self.mask.all():
            return None
        rim = np.nonzero(self.mask & ~trusted_core(self.mask))
        shown = light_of(self.codes, dtype=self.dtype)[rim]
        return rim, np.asarray(shown / np.maximum(self.radiance[rim], 1e-4))

    @cached_property
    def slide(self) -> Slide:
        """Glass, tissue and stain vectors of a slide."""
        return Slide.of(self.codes, stains=self.stains)

    def behind_mask(self, light: Light) -> Light:
        """The light within the field, its rim as soft as the source's. What lies outside is replaced after encoding (`outside_kept`)."""
        if self.transmission is None:
            return light
        rim, share = self.transmission
        out = light.copy()
        out[rim] *= share
        return out

    def outside_kept(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The codes with the source's own outside the field: a mask is drawn after the lens, nothing blurs it."""
        if self.mask.all():
            return codes
        return np.where(self.mask[:, :, None], codes, self.codes)

    @cached_property
    def noise_codes(self) -> float:
        """Noise of the source in codes of the canonical picture (luma, long edge 512).

        The high-pass of Immerkaer (1996) cancels planes of light; the median of its modulus over the quieter half of 16 x 16 blocks leaves
        out edges and texture.
        """
        luma = self.codes.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
        scale = 512 / max(luma.shape)
        if scale < 1:
            size = (max(1, round(luma.shape[1] * scale)), max(1, round(luma.shape[0] * scale)))
            luma = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
            mask = cv2.resize(self.mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        else:
            mask = self.mask.astype(np.uint8)
        inside = cv2.erode(mask, np.ones((9, 9), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1) > 0
        kernel = np.outer([1, -2, 1], [1, -2, 1]).astype(np.float32)
        response = np.abs(cv2.filter2D(luma, -1, kernel, borderType=cv2.BORDER_REFLECT_101))
        return _quiet_level(response, inside) / (0.6745 * 6.0)  # 6 = norm of the kernel; 0.6745 = median modulus of a unit Gaussian


def _quiet_level(response: NDArray[Any], inside: NDArray[np.bool_]) -> float:
    size = 16
    levels = [
        float(np.median(response[row : row + size, column : column + size][held]))
        for row in range(0, response.shape[0], size)
        for column in range(0, response.shape[1], size)
        if (held := inside[row : row + size, column : column + size]).sum() >= size
    ]
    return float(np.median(np.sort(levels)[: max(1, len(levels) // 2)])) if levels else 0.0
