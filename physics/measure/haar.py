"""Haar wavelet similarity of two pictures, block by block."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from physics.measure.pair import Array

C = 5.0
ALPHA = 4.9
SCALES = (1, 2, 3)
BLOCK_PX = 32
BLOCK_OBJECT_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class Bands:
    """Moduli of the Haar coefficients of one picture.

    fine : (orientation 2, scale 2, row, column), the two finest scales. weight : (orientation 2, row, column), the maximum over all three.
    Orientation 0 differs along rows (axis 0), 1 along columns.
    """

    fine: Array
    weight: Array


def haar_bands(picture: Array) -> Bands:
    """Undecimated Haar coefficients at three scales, both orientations.

    Model
        Scale j: difference of the sums of two halves of a 2^j x 2^j window, over 2^j; symmetric padding; modulus.
    Parameters
        picture : (row, column), codes 0..255, float32 or float64.
    Returns
        Bands.
    Assumes
        Codes of luma.
    Not modelled
        The halving of the picture that the original does before it: the canonical picture fixes the size.
    References
        Reisenhofer et al. 2018, 10.1016/j.image.2017.11.001, eq. 5-6.
    Oracle
        A unit step across rows gives 2^(j-1) at the step in orientation 0 and 0 in orientation 1.
    """
    coefficients = np.empty((2, len(SCALES), *picture.shape), picture.dtype)
    for index, scale in enumerate(SCALES):
        size = 2**scale
        total = np.full(size, 2.0**-scale, picture.dtype)
        difference = np.ones(size, picture.dtype)
        difference[: size // 2] = -1.0
        for orientation, (across, along) in enumerate(((total, difference), (difference, total))):
            cv2.sepFilter2D(picture, -1, across, along, dst=coefficients[orientation, index], borderType=cv2.BORDER_REFLECT)
    np.abs(coefficients, out=coefficients)
    return Bands(np.ascontiguousarray(coefficients[:, :2]), coefficients.max(axis=1))


def block_harm(first: Bands, second: Bands, mask: Array) -> tuple[Array, Array]:
    """Harm 1 - HaarPSI of each block, and which blocks count.

    Model
        S = (2ab + C) / (a^2 + b^2 + C); local similarity sigmoid(alpha mean of S over the two fine scales); HaarPSI = (logit(weighted mean) / alpha)^2, the
        weighted mean over a block's object pixels and both orientations.
    Parameters
        mask : (row, column) bool, the pixels that are judged.
    Returns
        (block row, block column) harm, 0 in flat blocks, and a bool array: more than 20 % of the block is object.
    Assumes
        Blocks of 32 px from the upper left corner; a partial block at the far borders counts by its share of a whole block.
    Not modelled
        Overlap of blocks.
    References
        Reisenhofer et al. 2018, eq. 8-12; Karner et al. 2025, arXiv 2410.24098.
    Oracle
        A loop over pixels (tests).
    """
    weighted, weights = np.zeros(1), np.zeros(1)
    for orientation in range(2):
        a, b = first.fine[orientation], second.fine[orientation]
        similarity = 0.5 * ((2 * a * b + C) / (a * a + b * b + C)).sum(axis=0)
        weight = np.maximum(first.weight[orientation], second.weight[orientation]) * mask
        weighted = weighted + block_sums(weight / (1.0 + np.exp(-ALPHA * similarity)))
        weights = weights + block_sums(weight)
    share = block_sums(mask.astype(np.float32)) / BLOCK_PX**2
    flat = weights <= 1e-6 * BLOCK_PX**2
    mean = np.clip(weighted / np.where(flat, 1.0, weights), 0.5, 1.0 / (1.0 + np.exp(-ALPHA)))
    harm = np.where(flat, 0.0, 1.0 - (np.log(mean / (1.0 - mean)) / ALPHA) ** 2)
    return np.maximum(harm, 0.0), share > BLOCK_OBJECT_SHARE


def block_sums(picture: Array) -> Array:
    """Sums over blocks of 32 px; partial blocks at the far borders included."""
    rows = np.add.reduceat(picture, np.arange(0, picture.shape[0], BLOCK_PX), axis=0)
    return np.asarray(np.add.reduceat(rows, np.arange(0, picture.shape[1], BLOCK_PX), axis=1), np.float64)
