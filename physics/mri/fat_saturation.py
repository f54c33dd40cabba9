"""A fat saturation pulse that misses: where the field is off, it spares fat, and far off it hits water."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from math import isfinite, log
from typing import ClassVar

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from physics.measure.pair import Pair, Reading, measure
from physics.mri.body import Body
from physics.mri.fat import PPM, REFUSED_DIM, suppressed_share
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage
from physics.mri.shim import ShimError, field_shape, tissue_mask

HALF_WIDTH = 0.45  # of the distance of fat from water: 98 Hz at 1.5 T, 195 Hz at 3 T
STEEPNESS = 4  # exponent of the flank of the pulse
UNSUPPRESSED = 1.6  # times mean tissue: as bright as fat is under T1 weighting (fat.bright_layer finds 1.5 to 1.8)
SPARED = 0.5  # share of its signal from which fat counts as spared
ASSUMED = "fat saturation: the dim layer under the skin is suppressed fat, a pulse of 0.9 times the fat-water distance, a field of imperfect shims"


def saturated(offset_ppm: Tensor) -> Tensor:
    """What a saturation pulse takes away at an offset from its centre.

    Model
        s(f) = exp(-ln 2 |f / w|^4), half of it at w = 0.45 times 3.4 ppm: flat on fat, nothing left on water.
    Parameters
        offset_ppm : f, any shape.
    Returns
        Share of the signal, 0 to 1, of that shape.
    Assumes
        A pulse of some 10 ms, of one profile.
    Not modelled
        Recovery between pulse and excitation, an uneven transmit field.
    References
        Haase et al. 1985, Phys. Med. Biol. 30, 341.
    Oracle
        All on resonance, half at 0.45 times 217 Hz on either side, nothing of water (tests/physics/mri/test_fat_saturation.py).
    """
    return torch.exp(-log(2) * (offset_ppm / (HALF_WIDTH * PPM)).abs() ** STEEPNESS)


@lru_cache(maxsize=4)
def unsuppressed(body: Body) -> Tensor:
    """The signal that suppressed fat would have without the pulse.

    Model
        1.6 times mean tissue times its share of the pixel, with the texture of the layer itself: its brightness over that near by, within 0.7 to 1.3.
    Parameters
        body : the slice, its fat suppressed.
    Returns
        (row, column) float64, in the unit of the source.
    Assumes
        fat.suppressed_share tells fat.
    Not modelled
        What the pulse left of fat's own contrast.
    References
        Delfaut et al. 1999, 10.1148/radiographics.19.2.g99mr03373.
    Oracle
        An even layer; a ripple as two blurs leave it (tests/physics/mri/test_fat_saturation.py).
    """
    share = suppressed_share(body)
    magnitude = body.density.abs().double().cpu().numpy()
    weight = share.numpy()
    near = ndimage.gaussian_filter(magnitude * weight, 4.0) / np.maximum(ndimage.gaussian_filter(weight, 4.0), 1e-9)
    fine = ndimage.gaussian_filter(magnitude * weight, 0.8) / np.maximum(ndimage.gaussian_filter(weight, 0.8), 1e-9)
    texture = np.where(weight > 0, (fine / np.maximum(near, 1e-9)).clip(0.7, 1.3), 1.0)
    return UNSUPPRESSED * body.mean_tissue * share * torch.from_numpy(texture)


@dataclass(frozen=True, slots=True)
class MissedSaturation:
    """The pulse in a field. range_ppm : range of the field over tissue. error : its shape."""

    range_ppm: float
    error: ShimError
    stage: ClassVar[IntEnum] = Stage.OBJECT
    rank: ClassVar[int] = 10  # what is left of the magnetisation comes before what a sequence makes of it

    def field_ppm(self, scan: MRIScan) -> Tensor:
        """(row, column) offset of the field, 0 where the frequency is set."""
        return self.range_ppm * field_shape(scan, self.error)

    def spared(self, scan: MRIScan) -> Tensor:
        """(row, column) share of its unsuppressed signal that fat gains against a pulse on resonance."""
        rest = torch.zeros(1, dtype=torch.float64)
        return saturated(rest) - saturated(self.field_ppm(scan))

    def kept(self, scan: MRIScan) -> Tensor:
        """(row, column) share of water's signal that the pulse leaves; 1 in air."""
        kept = (1 - saturated(self.field_ppm(scan) + PPM)) / (1 - saturated(torch.tensor([PPM], dtype=torch.float64)))
        return 1 + scan.body.tissue_share.cpu().double() * (kept - 1)

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: density (row, column)."""
        fat = (unsuppressed(scan.body) * self.spared(scan)).to(data.real)
        phasor = scan.body.density / scan.body.density.abs().clamp(min=1e-30)
        share = suppressed_share(scan.body).to(data.real)
        water = (1 - share) * self.kept(scan).to(data.real) + share
        return data * water + fat * phasor


def miss_fat(scan: MRIScan, *, range_ppm: float, error: ShimError) -> MRIScan:
    """Patches of bright fat where suppression failed, and dark water where it hit the wrong tissue.

    Model
        The source is fat-suppressed: S = W [1 - s(df + 3.4 ppm)] + F [1 - s(df)], s the share that the pulse takes at an offset from its centre (saturated),
        df the offset of the field. On resonance fat is taken and water kept: that is the source. F, the signal of fat without the pulse, is
        1.6 times mean tissue where the dim layer under the skin is (fat.suppressed_share). df has a shape of range 1 (shim.field_shape) times range_ppm.
    Parameters
        range_ppm : range of df over tissue; 1 ppm is 64 Hz at 1.5 T and 128 Hz at 3 T. error : shape of the field.
    Returns
        The scan with the event added; a range of 0 leaves it as it was.
    Assumes
        The dim layer is fat whose suppression succeeded; the pulse is as wide as half the distance of fat from water on either side.
    Not modelled
        Fat deeper than the layer under the skin; uneven transmit field; recovery between pulse and excitation; displacement of spared fat.
    Raises
        ValueError: no dim layer is seen (fat is bright, or there is none); range negative or not finite.
    References
        Haase et al. 1985, Phys. Med. Biol. 30, 341 (selective saturation); Delfaut et al. 1999, 10.1148/radiographics.19.2.g99mr03373.
    Oracle
        The closed form in every pixel of a phantom with known fat and a linear field; fat comes back beyond 98 Hz at 1.5 T
        (tests/physics/mri/test_fat_saturation.py).
    """
    if range_ppm < 0 or not isfinite(range_ppm):
        raise ValueError(f"range_ppm {range_ppm} must be finite and >= 0")
    if range_ppm == 0:
        return scan
    reason = refuse_unsuppressed(scan)
    if reason:
        raise ValueError(reason)
    notes = () if ASSUMED in scan.assumed else (ASSUMED,)
    return replace(scan.with_event(MissedSaturation(range_ppm, error)), assumed=(*scan.assumed, *notes))


def refuse_unsuppressed(scan: MRIScan) -> str | None:
    """Why a failure of fat suppression would be a lie on this scan, or None."""
    return None if bool(suppressed_share(scan.body).any()) else REFUSED_DIM


def _missed(pair: Pair) -> tuple[MRIScan, MissedSaturation | None] | None:
    if not isinstance(pair.scan, MRIScan):
        return None
    return pair.scan, next((event for event in pair.scan.events if isinstance(event, MissedSaturation)), None)


@measure("% of the fat")
def fat_spared(pair: Pair) -> Reading:
    """Share of the suppressed layer that shows at least half of the signal that the pulse should have taken."""
    found = _missed(pair)
    if found is None:
        return NO_SCAN
    scan, event = found
    share = suppressed_share(scan.body)
    if event is None or not bool(share.any()):
        return Reading(0.0)
    return Reading(100 * float((share * (event.spared(scan) > SPARED)).sum() / share.sum()))


@measure("% of tissue")
def water_suppressed(pair: Pair) -> Reading:
    """Share of tissue whose water lost at least half of its signal to the pulse."""
    found = _missed(pair)
    if found is None:
        return NO_SCAN
    scan, event = found
    return Reading(0.0) if event is None else Reading(100 * float((event.kept(scan) < 1 - SPARED)[tissue_mask(scan.body)].double().mean()))
