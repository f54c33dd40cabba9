"""What of a change is noise, what is structure that was never there, and what is only the reference dimmed, shaded or blurred."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

import cv2
import numpy as np
import torch

from physics.display import resampled
from physics.measure.families import MIN_PIXELS, SHADING_PX, judged_mask
from physics.measure.pair import Array, Pair, array

BLURS_PX = (0.0, 1.5, 3.0)
FINE_PX = 2.0
BLEED_PX = (2.0, 5.0)
FLOOR_CODES = 8.0
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Split:
    """Energies of a change, in codes squared per judged pixel.

    change : of everything. detail : of what a change of brightness, contrast or shading does not explain. foreign : of what no dimming, shading or blurring
    of the reference explains. noise : the part of it without structure.
    """

    change: float
    detail: float
    foreign: float
    noise: float

    @property
    def noise_share(self) -> float:
        """Share of the change that is noise."""
        return self.noise / self.change if self.change > 0 else 0.0

    @property
    def noise_of_detail(self) -> float:
        """Share of the change of detail that is noise: the lift that a magnitude gives to noise in the dark does not count against it."""
        return self.noise / self.detail if self.detail > 0 else 0.0

    @property
    def structure_share(self) -> float:
        """Share of the change that is foreign structure: copies, stripes, streaks."""
        return max(self.foreign - self.noise, 0.0) / self.change if self.change > 0 else 0.0


_splits: WeakKeyDictionary[Pair, Split | None] = WeakKeyDictionary()


def split_of(pair: Pair) -> Split | None:
    """Split a change into what it is made of; None where too little can be judged.

    Model
        D / g, g the ratio of low-passed pictures (26 px), is fitted by least squares with 1, R, R smoothed by 2 px, and the second derivatives of R as it
        is and at 1.5 and 3 px: every blur, whatever its direction, to second order, and noise of the source that a blur took away. In CT also with what the
        window clips, smoothed by 2 and 5 px: bone and air bleed into tissue. The rest is foreign. Noise: the robust diagonal Haar difference of the rest at
        two pixels, scaled to the variance that white noise of the native grid has on the canonical one; never more than the rest.
    Parameters
        pair : registered pictures.
    Returns
        Split.
    Assumes
        Structure is sparse or smooth in the diagonal differences.
    Not modelled
        Noise coarser than four pixels, which reads as structure.
    References
        Donoho and Johnstone 1994, 10.1093/biomet/81.3.425 (robust noise).
    Oracle
        White noise alone; a displaced copy alone; a blur alone; a shading alone.
    """
    if pair not in _splits:
        _splits[pair] = _split(pair)
    return _splits[pair]


def _split(pair: Pair) -> Split | None:
    where = judged_mask(pair)
    if np.count_nonzero(where) < MIN_PIXELS:
        return None
    reference, degraded = array(pair.canonical_reference.luma), array(pair.canonical_degraded.luma)
    change = float(np.mean((degraded - reference)[where].astype(np.float64) ** 2))
    even = degraded / smooth_gain(reference, degraded, array(pair.canonical_reference.mask))
    terms = [np.ones_like(reference), reference]
    terms.append(cv2.GaussianBlur(reference, (0, 0), FINE_PX, borderType=cv2.BORDER_REFLECT))
    for sigma in BLURS_PX:
        blurred = cv2.GaussianBlur(reference, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) if sigma else reference
        terms += [cv2.Sobel(blurred, -1, *order, ksize=3, borderType=cv2.BORDER_REFLECT) for order in ((2, 0), (0, 2), (1, 1))]
    if pair.view.modality == "ct":
        for clipped in (reference <= 0.5, reference >= 254.5):
            terms += [cv2.GaussianBlur(clipped.astype(reference.dtype), (0, 0), sigma, borderType=cv2.BORDER_REFLECT) for sigma in BLEED_PX]
    values = even[where].astype(np.float64)
    rest = np.zeros(reference.shape, np.float64)
    rest[where] = _unexplained(values, [term[where] for term in terms])
    toned = _unexplained(values, [np.ones_like(values), reference[where], reference[where] ** 2])
    foreign = float(np.mean(rest[where] ** 2))
    rows, columns = pair.view.mask.shape
    sigma, total = _diagonal(rest, where), _white(int(rows), int(columns))
    noise = min(sigma**2 * total, foreign)
    return Split(max(change, foreign), max(float(np.mean(toned**2)), foreign), foreign, noise)


def _unexplained(values: Array, terms: list[Array]) -> Array:
    """What is left of values after a least-squares fit of the terms."""
    design = np.stack(terms, axis=1).astype(np.float64)
    design /= np.sqrt(np.mean(design**2, axis=0)) + 1e-12
    normal = design.T @ design + 1e-9 * len(values) * np.eye(design.shape[1])
    return np.asarray(values - design @ np.linalg.solve(normal, design.T @ values))


def smooth_gain(reference: Array, degraded: Array, mask: Array) -> Array:
    """Ratio of the low-passed pictures on the canonical grid; 1 where the reference is dark."""
    step = 4
    rows, columns = reference.shape
    size = (max(columns // step, 1), max(rows // step, 1))
    low = [
        cv2.GaussianBlur(
            cv2.resize(np.where(mask, side, 0).astype(reference.dtype), size, interpolation=cv2.INTER_AREA),
            (0, 0),
            SHADING_PX / step,
            borderType=cv2.BORDER_REFLECT,
        )
        for side in (reference, degraded)
    ]
    gain = np.clip((low[1] + FLOOR_CODES) / (low[0] + FLOOR_CODES), 0.2, 5.0)
    return np.asarray(cv2.resize(gain, (columns, rows), interpolation=cv2.INTER_LINEAR))


def _diagonal(picture: Array, where: Array) -> float:
    """Robust spread of the diagonal Haar difference of 2 x 2 px means."""
    rows, columns = (n // 2 * 2 for n in picture.shape)
    size = (columns // 2, rows // 2)
    half = cv2.resize(picture[:rows, :columns], size, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(where[:rows, :columns].astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.99
    detail = half[:-1, :-1] - half[:-1, 1:] - half[1:, :-1] + half[1:, 1:]
    whole = inside[:-1, :-1] & inside[:-1, 1:] & inside[1:, :-1] & inside[1:, 1:]
    return float(MAD_TO_SIGMA * np.median(np.abs(detail[whole]))) if np.count_nonzero(whole) >= MIN_PIXELS // 4 else 0.0


@lru_cache(maxsize=32)
def _white(rows: int, columns: int) -> float:
    """Variance over squared diagonal spread of white noise of a native grid, once it is on the canonical one."""
    noise = np.random.Generator(np.random.PCG64(0)).standard_normal((rows, columns)).astype(np.float32)
    shown = array(resampled(torch.from_numpy(noise))).astype(np.float64)
    return float(np.var(shown)) / _diagonal(shown, np.ones(shown.shape, bool)) ** 2
