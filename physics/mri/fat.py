"""Where the fat is: the bright layer under the skin and what hangs on it, or the dim layer that fat saturation leaves."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from physics.mri.body import Body

PPM = 3.4  # of the main field: fat precesses this much slower than water
BRIGHT = 1.25  # times mean tissue: as bright as fat is under T1 weighting
GLARING = 1.6  # times mean tissue: brighter than any water; such fat may lie deep (orbit)
LAYER_MM, DEEP_MM, DEEPEST_MM = 10.0, 30.0, 60.0  # where the layer begins at the latest; how deep it may reach, and glaring parts of it
MOST = 0.35  # of the body: more than that is no layer (the white matter of a brain without its skull)
LEAST_OF_SKIN, LEAST_MEDIAN = 0.15, 1.42  # of the skin must have bright fat under it; such a layer outshines mean tissue by that much in the median
DIM, DIM_THICKNESS = (0.12, 0.55), 0.035  # of mean tissue; of the diameter of the body: suppressed fat lies between skin and muscle
MOST_BRIGHT, LEAST_DIM = 0.4, 0.2  # of the zone under the skin may be bright tissue and must be dim: otherwise it is a brain without its skull
SKIN_OVER_FAT = 1.2  # what covers suppressed fat is brighter than it; the rim of a brain in air is not
REFUSED = "the picture shows no bright layer of fat under the skin: fat was suppressed, or the skull was stripped"
REFUSED_DIM = "the picture shows no dim layer under the skin that could be suppressed fat: fat is bright here, or the skull was stripped"


def offset_hz(field_strength_t: float) -> float:
    """How much slower fat precesses than water: 217 Hz at 1.5 T."""
    return PPM * 42.577 * field_strength_t


@lru_cache(maxsize=4)
def depth_mm(body: Body) -> NDArray[np.float64]:
    """(row, column) distance from the skin, 0 in air; where the picture cuts the body there is no skin."""
    solid = ndimage.binary_erosion(body.support.cpu().numpy(), iterations=3, border_value=1)  # the support is grown by three pixels
    return np.asarray(ndimage.distance_transform_edt(np.pad(solid, 1, mode="edge"), sampling=body.spacing_mm)[1:-1, 1:-1])


def bright_layer(body: Body) -> NDArray[np.bool_]:
    """Fat that is bright and hardly anything else.

    Model
        Brighter than 1.25 times mean tissue after a blur of 0.7 px, hanging together with a layer that begins within 10 mm of the skin; see fat_share.
    Parameters
        body : the slice.
    Returns
        (row, column) bool; empty where no such layer lies under 15 % of the skin, or it takes up too much of the body.
    Assumes
        A weighting that shows fat bright.
    Not modelled
        Marrow and fat between organs.
    References
        None: a convention of this project.
    Oracle
        Drawn heads, limbs and a stripped brain (tests/physics/mri/test_fat.py).
    """
    magnitude, depth = body.density.abs().double().cpu().numpy(), depth_mm(body)
    smooth = ndimage.gaussian_filter(magnitude, 0.7)
    bright = (smooth > BRIGHT * body.mean_tissue) & (depth > 0) & (body.mean_tissue > 0)
    seeds = bright & (depth <= LAYER_MM)
    allowed = bright & ((depth <= DEEP_MM) | ((smooth > GLARING * body.mean_tissue) & (depth <= DEEPEST_MM)))
    layer = np.asarray(ndimage.binary_propagation(seeds, mask=allowed))
    skin = (depth > 0) & (depth <= 1.5 * max(body.spacing_mm))
    too_much = layer.sum() > MOST * (depth > 0).sum()
    if not layer.any() or not skin.any() or too_much or float(np.median(smooth[layer])) < LEAST_MEDIAN * body.mean_tissue:
        return np.zeros_like(layer)
    near = ndimage.distance_transform_edt(~seeds, sampling=body.spacing_mm)[skin] <= LAYER_MM
    return layer if float(near.mean()) >= LEAST_OF_SKIN else np.zeros_like(layer)


@lru_cache(maxsize=4)
def fat_share(body: Body) -> Tensor:
    """How much of the signal of a pixel comes from fat.

    Model
        Core: what is brighter than 1.25 times mean tissue, begins within 10 mm of the skin and hangs together no deeper than 30 mm (60 mm where it outshines
        water, as in the orbit). Rim, up to 2.5 pixels from the core: a pixel m between the fat F of the core beside it and what lies 1.5 to 3 pixels
        off, W, holds p = (m - W) / (F - W) of fat by volume, and the share p F / m of its signal is fat's.
    Parameters
        body : the object.
    Returns
        (row, column) float64 in [0, 1]; 0 everywhere where there is no bright layer on 15 % of the skin.
    Assumes
        T1 or other weighting that shows fat bright; one kind of neighbour beside each piece of the rim.
    Not modelled
        Fat that does not hang on the layer (marrow, mesentery); fat and water within a cell (fatty liver).
    References
        Dixon 1984, 10.1148/radiology.153.1.6089263 (what is replaced: two echoes would have measured it).
    Oracle
        A phantom with a ring of fat whose borders cut pixels: shares of the signal within 0.1; brain without skull: none (tests/physics/mri/test_fat.py).
    """
    core = bright_layer(body)
    if not core.any():
        return torch.zeros(core.shape, dtype=torch.float64)
    magnitude = body.density.abs().double().cpu().numpy()
    away = ndimage.distance_transform_edt(~core)
    fat = _mean_of(magnitude, core * magnitude, reach_px=2.0)
    water = np.minimum(_mean_of(magnitude, ((away > 1.5) & (away <= 3)).astype(np.float64), reach_px=1.0), 0.9 * fat)
    volume = ((magnitude - water) / np.maximum(fat - water, 1e-12)).clip(0, 1)
    share = volume * fat / np.maximum(volume * fat + (1 - volume) * water, 1e-12)
    share[away > 2.5] = 0.0
    share[ndimage.binary_erosion(core)] = 1.0
    return torch.from_numpy(share)


def _mean_of(values: NDArray[np.float64], weight: NDArray[np.float64], *, reach_px: float) -> NDArray[np.float64]:
    """Mean of values near each pixel, where weight is; their mean everywhere where there is none near."""
    total = ndimage.gaussian_filter(weight, reach_px, truncate=4.0)
    everywhere = float((values * weight).sum() / max(weight.sum(), 1e-12))
    near: NDArray[np.float64] = np.where(
        total > 1e-6 * weight.max(), ndimage.gaussian_filter(values * weight, reach_px, truncate=4.0) / np.maximum(total, 1e-12), everywhere
    )
    return near


@lru_cache(maxsize=4)
def suppressed_share(body: Body) -> Tensor:
    """How much of a pixel is fat that a saturation pulse has darkened: a dim layer beneath the skin, (row, column) float64 in [0, 1], soft at its border.

    Below the skin (2 mm) to 3.5 % of the diameter of the body; between 12 and 55 % of mean tissue, which is above air and bone and below muscle. None where
    the layer is bright (fat_share), lies under less than 15 % of the skin or fills less than a fifth of that zone (the cortex of a stripped brain), and
    none without brighter skin over it.
    """
    depth, tissue = depth_mm(body), body.mean_tissue
    nothing = torch.zeros(depth.shape, dtype=torch.float64)
    if tissue == 0 or bool(fat_share(body).any()):
        return nothing
    smooth = ndimage.gaussian_filter(body.density.abs().double().cpu().numpy(), 0.5)
    across_mm = 2 * float(np.sqrt((depth > 0).sum() * body.spacing_mm[0] * body.spacing_mm[1] / np.pi))
    least_mm = max(1.5, 1.2 * min(body.spacing_mm))
    zone = (depth > least_mm) & (depth <= max(DIM_THICKNESS * across_mm, 2.5 * least_mm))
    layer = zone & (smooth > DIM[0] * tissue) & (smooth < DIM[1] * tissue)
    layer = np.asarray(ndimage.binary_opening(layer, structure=np.ones((2, 1))) | ndimage.binary_opening(layer, structure=np.ones((1, 2))))
    skin = (depth > 0) & (depth <= 1.5 * max(body.spacing_mm))
    if not layer.any() or not skin.any():
        return nothing
    under = ndimage.distance_transform_edt(~layer, sampling=body.spacing_mm)[skin] <= LAYER_MM
    bright_zone = float((smooth[zone] > 0.9 * tissue).mean())
    over = ndimage.binary_dilation(layer, iterations=3) & (depth > 0) & (depth <= 1.3 * least_mm)
    if float(np.quantile(smooth[over], 0.75)) < SKIN_OVER_FAT * float(np.median(smooth[layer])):
        return nothing
    if float(under.mean()) < LEAST_OF_SKIN or bright_zone > MOST_BRIGHT or layer.sum() < LEAST_DIM * zone.sum():
        return nothing
    layer |= np.asarray(ndimage.binary_closing(layer, iterations=2)) & zone & (smooth < DIM[1] * tissue)  # noise pierces a thin layer
    return torch.from_numpy(ndimage.gaussian_filter(layer.astype(np.float64), 0.7) * (depth > 0))


def refuse_without_fat(body: Body) -> str | None:
    """Why an artefact of bright fat would be a lie on this body, or None."""
    return None if bright_layer(body).any() else REFUSED
