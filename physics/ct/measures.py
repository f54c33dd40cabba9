"""What low dose did to a slice, in Hounsfield units."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from physics.ct.acquire import beam_of
from physics.ct.geometry import Array
from physics.ct.memory import Memory
from physics.ct.source_noise import LEAST_WINDOWS, Mask, commonest, measured_noise_hu, soft_windows
from physics.measure.pair import Pair, Reading, measure

_LEAST_PX = 100
_SECTORS = 12
_TILE_MM = 40.0
_BAND_PER_MM = (0.05, 0.5)  # grain and streaks, not organs
NO_REGION = "no 10 mm window of the reference is homogeneous soft tissue"


_REGIONS: Memory[Mask | None] = Memory(size=4)


def soft_region(pair: Pair) -> Mask | None:
    """Homogeneous soft tissue of the reference: pixels of the object whose 10 mm window holds nothing but tissue between -20 and 150 HU, and whose local
    deviation is at most 1.25 times the commonest one. None where these are fewer than 100."""
    return _REGIONS.get(pair.reference, (id(pair.view.mask), spacing_mm_of(pair)), make=lambda: _soft_region(pair))


def _soft_region(pair: Pair) -> Mask | None:
    deviation, inside = soft_windows(pair.reference.double().numpy(), spacing_mm_of(pair))
    inside &= np.asarray(pair.view.mask.numpy(), dtype=bool)
    if int(inside.sum()) < LEAST_WINDOWS:
        return None
    mask = inside & (deviation <= 1.25 * max(commonest(deviation[inside]), 0.01))
    return mask if int(mask.sum()) >= _LEAST_PX else None


def spacing_mm_of(pair: Pair) -> tuple[float, float]:
    """Pixels of 0.8 mm where the source states none."""
    return pair.view.spacing_mm or (0.8, 0.8)


def _difference(pair: Pair) -> Array:
    return np.asarray((pair.degraded.double() - pair.reference.double()).numpy(), dtype=np.float64)


@measure("HU")
def noise_hu(pair: Pair) -> float | Reading:
    """Noise of the degraded slice: the commonest standard deviation of 10 mm windows of soft tissue, its slow changes taken out."""
    found = measured_noise_hu(pair.degraded, spacing_mm=spacing_mm_of(pair))
    if found is not None:
        return found
    region = soft_region(pair)  # much noise leaves no window within soft tissue: ask the reference where it was
    if region is None:
        return Reading(None, NO_REGION)
    deviation, _ = soft_windows(pair.degraded.double().numpy(), spacing_mm_of(pair))
    return float(np.median(deviation[region]))


@measure("HU")
def added_noise_hu(pair: Pair) -> float | Reading:
    """Noise that was added: standard deviation of degraded less reference over homogeneous soft tissue of the reference."""
    region = soft_region(pair)
    return Reading(None, NO_REGION) if region is None else float(_difference(pair)[region].std())


@measure("HU")
def hu_bias(pair: Pair) -> float | Reading:
    """Shift of the mean in homogeneous soft tissue, degraded less reference."""
    region = soft_region(pair)
    return Reading(None, NO_REGION) if region is None else float(_difference(pair)[region].mean())


@measure("1")
def noise_anisotropy(pair: Pair) -> float | Reading:
    """How streaky the added noise is: spectral power in the strongest of 12 directions over that in the weakest, in the object.

    1 : the same in all directions; 3 and more : streaks. Tiles of 40 mm inside the object, 0.05 to 0.5 / mm; power is summed over the tiles.
    """
    found = _directional_power(_difference(pair), np.asarray(pair.view.mask.numpy(), dtype=bool), spacing_mm_of(pair))
    if found is None:
        return Reading(None, "no tile of 40 mm lies inside the object")
    weakest = found.min()
    return float(found.max() / weakest) if weakest > 0 else Reading(None, "nothing was added")


@measure("deg")
def streak_direction(pair: Pair) -> float | Reading:
    """Direction along which the added noise runs: 0 = along the rows (horizontal), 90 = along the columns; in 0..180, towards increasing row and column."""
    found = _directional_power(_difference(pair), np.asarray(pair.view.mask.numpy(), dtype=bool), spacing_mm_of(pair))
    if found is None or found.max() <= 0:
        return Reading(None, "nothing was added inside the object")
    centre = (np.arange(_SECTORS) + 0.5) * (np.pi / _SECTORS)
    normal = 0.5 * np.angle(np.sum(found * np.exp(2j * centre)))  # direction of the wave vector; streaks run across it
    return float(np.degrees(normal + np.pi / 2) % 180.0)


def _directional_power(difference: Array, inside: Mask, spacing_mm: tuple[float, float]) -> Array | None:
    """Mean power of a difference by direction of the wave vector, angle from axis 1 towards axis 0, summed over tiles inside the object."""
    rows, columns = (max(16, 2 * round(_TILE_MM / spacing / 2)) for spacing in spacing_mm)
    taper, sector = _sectors(rows, columns, spacing_mm)
    total, n_tiles = np.zeros(_SECTORS), 0
    for i in range(0, difference.shape[0] - rows + 1, rows // 2):
        for j in range(0, difference.shape[1] - columns + 1, columns // 2):
            if inside[i : i + rows, j : j + columns].mean() > 0.95:
                tile = difference[i : i + rows, j : j + columns]
                power = np.abs(np.fft.fft2((tile - tile.mean()) * taper)) ** 2
                total += np.bincount(sector.ravel(), weights=power.ravel(), minlength=_SECTORS + 1)[:_SECTORS]
                n_tiles += 1
    return total / np.maximum(np.bincount(sector.ravel(), minlength=_SECTORS + 1)[:_SECTORS], 1) if n_tiles else None


@lru_cache(maxsize=8)
def _sectors(rows: int, columns: int, spacing_mm: tuple[float, float]) -> tuple[Array, Array]:
    """A taper, and the direction of each frequency of a tile as a sector's number; the last number is outside the band."""
    down, right = np.fft.fftfreq(rows)[:, None] / spacing_mm[0], np.fft.fftfreq(columns)[None] / spacing_mm[1]
    radius, angle = np.hypot(down, right), np.mod(np.arctan2(down, right), np.pi)
    sector = (angle / (np.pi / _SECTORS)).astype(np.intp) % _SECTORS  # an angle rounded up to pi is 0
    return np.hanning(rows)[:, None] * np.hanning(columns), np.where((radius >= _BAND_PER_MM[0]) & (radius < _BAND_PER_MM[1]), sector, _SECTORS)


@measure("1")
def dose_fraction(pair: Pair) -> float | Reading:
    """Dose of the degraded slice over the source's."""
    return Reading(None, "the scan is not known") if pair.scan is None else float(pair.scan.dose)


@measure("1")
def quanta_at_thickest(pair: Pair) -> float | Reading:
    """Quanta that reach the detector behind the thickest part of the patient: the median over the views of each view's darkest ray."""
    if pair.scan is None or pair.scan.n0 is None:
        return Reading(None, "the scan, or its quanta, are not known")
    darkest = beam_of(pair.scan).expected.amin(dim=1)
    return float(torch.median(darkest)) * float(pair.scan.n0 * pair.scan.dose)
