"""Where fat meets water an artefact of fat is judged, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from math import cos, pi

import numpy as np
import pytest
import torch
from fat_phantoms import HEAD, TRUNK, rings

from physics.display import Display
from physics.measure.detail import contrast_lost
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.chemical_shift import shift_fat, turn_fat
from physics.mri.fat import fat_share
from physics.mri.fat_borders import REACH_PX, borders_darkened, contrast_lost_beside_fat
from physics.scan import acquire

Oracle = Callable[..., None]


@cache
def drawn(parts: tuple[tuple[float, float], ...], *, scale: float = 1.0, shape: tuple[int, int] = (129, 140)) -> MRIScan:
    """A scan of rings without phase, in a brain with a lattice of dark dots."""
    volume = rings(shape, signal=tuple((scale * radius, signal) for radius, signal in parts))
    picture = (volume * np.array([signal for _, signal in parts])[:, None, None]).sum(axis=0)
    rows, columns = np.indices(shape)
    dots = (rows % 8 < 4) & (columns % 8 < 4) & (np.hypot(rows - shape[0] / 2, columns - shape[1] / 2) < 24 * scale)
    return MRIScan.of(torch.from_numpy(np.where(dots, 0.2, 1.0) * picture), spacing_mm=(1.4 / scale, 1.4 / scale), phase=False)


def pair_of(scan: MRIScan, degraded: torch.Tensor) -> Pair:
    reference = acquire(scan)
    return Pair(reference, degraded, View("mri", "head", Display("window", 0.0, 250.0), reference > 10, scan.spacing_mm), scan, scan)


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_a_dimmed_picture_loses_its_share(share: float) -> None:
    """c times the reference has lost 1 - c of its contrast beside fat, as anywhere."""
    scan = drawn(HEAD)
    assert contrast_lost_beside_fat(pair_of(scan, share * acquire(scan))).value == pytest.approx(1 - share, abs=1e-5)


def test_what_happens_far_from_fat_counts_nothing() -> None:
    """Dots wiped out in the middle of the brain: the family sees it, the part beside fat does not; the displaced layer is the other way round."""
    scan = drawn(HEAD)
    reference = acquire(scan)
    rows, columns = np.indices(reference.shape)
    middle = torch.from_numpy(np.hypot(rows - reference.shape[0] / 2, columns - reference.shape[1] / 2) < 26)
    wiped = pair_of(scan, torch.where(middle, reference[middle].mean(), reference))
    seen = contrast_lost(wiped).value
    assert seen is not None
    assert seen > 0.02
    assert contrast_lost_beside_fat(wiped).value == pytest.approx(0.0, abs=1e-6)
    shifted = pair_of(scan, acquire(shift_fat(scan, shift_px=1.5)))
    beside, whole = contrast_lost_beside_fat(shifted).value, contrast_lost(shifted).value
    assert beside is not None
    assert whole is not None
    assert beside > 1.02 * whole > 0.1
    assert REACH_PX == 16


def test_opposed_phase_darkens_borders_by_the_closed_form(oracle: Oracle) -> None:
    """Over pixels whose share f of fat lies between 15 and 85 %, the brightness lost is that of |1 - f + f exp(i phi)|; it grows with phi all the way."""
    scan = drawn(TRUNK, scale=512 / 140, shape=(470, 512))  # on the canonical grid: no resampling lies between
    share, reference, found = fat_share(scan.body), acquire(scan), list[float]()
    mixed = (share > 0.15) & (share < 0.85) & (reference > 10)
    for phase in (0.9, 1.6, 2.1, 2.6, pi):
        kept = torch.sqrt((1 - share) ** 2 + share**2 + 2 * share * (1 - share) * cos(phase))
        wanted = float(((1 - kept) * reference)[mixed].sum() / reference[mixed].sum())
        value = borders_darkened(pair_of(scan, acquire(turn_fat(scan, phase_rad=phase)))).value
        assert value is not None
        oracle("mri_india_ink", "brightness lost at borders: closed form over mixed pixels", value - wanted, below=1e-6)
        found.append(value)
    assert all(later > 1.1 * earlier for earlier, later in pairwise(found))
    assert found[-1] > 0.45


def test_only_borders_and_only_darkening_count() -> None:
    """Mixed pixels at 60 % read 0.4; the same pixels brighter, or everything else darker, read 0."""
    scan = drawn(TRUNK, scale=512 / 140, shape=(470, 512))
    reference, share = acquire(scan), fat_share(scan.body)
    mixed = (share > 0.15) & (share < 0.85)
    for degraded, wanted in ((torch.where(mixed, 0.6, 1.0), 0.4), (torch.where(mixed, 1.1, 1.0), 0.0), (torch.where(mixed, 1.0, 0.6), 0.0)):
        assert borders_darkened(pair_of(scan, degraded * reference)).value == pytest.approx(wanted, abs=1e-6)


def test_without_fat_or_scan_there_is_a_reason() -> None:
    """Neither measure makes up a number."""
    bare = drawn(((50.0, 100.0),))
    alone = pair_of(drawn(HEAD), acquire(drawn(HEAD)))
    for measured in (contrast_lost_beside_fat, borders_darkened):
        assert measured(pair_of(bare, acquire(bare))).reason == "the picture shows no fat"
        assert measured(Pair(alone.reference, alone.degraded, alone.view)).value is None
