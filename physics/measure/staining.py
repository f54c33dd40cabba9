"""What dye did, what colour did: stain and cast told apart."""

from __future__ import annotations

import cv2
import numpy as np

from physics.measure.brightness import linear_light
from physics.measure.canonical_codes import canonical_codes
from physics.measure.colour import delta_e_2000, lab_of_codes
from physics.measure.colour_change import stain_change
from physics.measure.detail import MIN_PIXELS
from physics.measure.gate import gate
from physics.measure.pair import Array, Pair, Reading, array, measure

STAIN_GATE = (0.40, 0.75)
COLOUR_BLOCK_PX = 8


@measure("1")
def stain_ratio(pair: Pair) -> float | Reading:
    """How much stronger the stain is than in the reference: ratio of optical densities over the tissue."""
    densities = _densities(pair)
    if densities is None:
        return Reading(None, "no tissue takes up stain")
    first, second = densities
    return float(np.sum(first * second) / np.sum(first * first))


@measure("dE00")
def dye_change(pair: Pair) -> float | Reading:
    """Harm of a change of stain: the family's, as far as densities were mixed linearly."""
    densities, difference = _densities(pair), stain_change(pair)
    if densities is None or difference.value is None:
        return Reading(None, difference.reason or "no tissue takes up stain")
    first, second = densities
    design = np.concatenate([first, np.ones((len(first), 1))], axis=1)
    fit = np.linalg.lstsq(design, second - first, rcond=None)[0]
    stained = float(np.mean((first @ fit[:3]) ** 2))
    offset = float(np.mean(fit[3] ** 2))
    rest = float(np.mean((second - first - design @ fit) ** 2))
    total = stained + offset + rest
    return difference.value * gate(stained / total if total > 0 else 0.0, STAIN_GATE)


@measure("dE00")
def over_staining(pair: Pair) -> float | Reading:
    """Harm of a stain stronger than the reference's; 0 where it is weaker."""
    ratio = stain_ratio(pair)
    return dye_change(pair) if ratio.value is None or ratio.value > 1 else 0.0


@measure("dE00")
def under_staining(pair: Pair) -> float | Reading:
    """Harm of a stain weaker than the reference's; 0 where it is stronger."""
    ratio = stain_ratio(pair)
    return dye_change(pair) if ratio.value is None or ratio.value < 1 else 0.0


@measure("dE00")
def colour_shift(pair: Pair) -> float | Reading:
    """Colour difference at equal lightness, of 8 px blocks: a change of hue and chroma, not of brightness, and not grain."""
    mask = array(pair.canonical_reference.mask)
    size = (max(mask.shape[1] // COLOUR_BLOCK_PX, 1), max(mask.shape[0] // COLOUR_BLOCK_PX, 1))
    inside = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    if not inside.any():
        return Reading(None, "the object is empty")
    coarse = (cv2.resize(canonical_codes(native, pair), size, interpolation=cv2.INTER_AREA)[inside] for native in (pair.reference, pair.degraded))
    first, second = (lab_of_codes(side) for side in coarse)
    second = second.copy()
    second[..., 0] = first[..., 0]
    return float(np.mean(delta_e_2000(first, second)))


def _densities(pair: Pair) -> tuple[Array, Array] | None:
    """Optical densities (pixel, channel) of tissue on every second canonical row and column, clipped pixels left out."""
    mask = array(pair.canonical_reference.mask)[::2, ::2]
    first, second = (canonical_codes(native, pair)[::2, ::2][mask] for native in (pair.reference, pair.degraded))
    clear = (np.minimum(first, second).min(axis=1) > 4.0) & (np.maximum(first, second).max(axis=1) < 252.0)
    if np.count_nonzero(clear) < MIN_PIXELS:
        return None
    density = [-np.log10(linear_light(side[clear]).astype(np.float64)) for side in (first, second)]
    return (density[0], density[1]) if float(np.sum(density[0] ** 2)) > 0 else None
