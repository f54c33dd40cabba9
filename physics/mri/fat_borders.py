"""What an artefact of fat does where fat is: over the whole object most edges lie elsewhere, and a family that averages over them hardly sees it."""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

import cv2
import numpy as np
import torch

from physics.display import Canonical
from physics.measure.detail import contrast_lost, square
from physics.measure.pair import Array, Pair, Reading, array, measure
from physics.mri.fat import fat_share
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan

REACH_PX = 16  # of the canonical picture: half a block of the families, and twice their high pass
MIXED = (0.15, 0.85)  # share of fat in a pixel that a border runs through
NO_FAT = Reading(None, "the picture shows no fat")

_near: WeakKeyDictionary[Canonical, Canonical] = WeakKeyDictionary()


def shown_share(pair: Pair) -> Array | None:
    """(row, column) share of fat on the canonical grid, of the body at rest; None without the scan."""
    if not isinstance(pair.healthy, MRIScan):
        return None
    share, shape = fat_share(pair.healthy.body), pair.canonical_reference.luma.shape
    if tuple(share.shape) == tuple(shape):
        return array(share)
    made = torch.nn.functional.interpolate(share[None, None], size=tuple(shape), mode="bicubic", antialias=True, align_corners=False)
    return array(made[0, 0])


def beside_fat(pair: Pair) -> Pair | None:
    """The pair with its object cut down to fat and what lies within 16 px of it; None where the scan is not known."""
    whole = pair.canonical_reference
    if whole not in _near:
        share = shown_share(pair)
        if share is None:
            return None
        near = cv2.dilate((share > 0.5).astype(np.uint8), square(REACH_PX)) > 0
        _near[whole] = replace(whole, mask=whole.mask & torch.from_numpy(near))
    cut = replace(pair)
    cut.__dict__["canonical_reference"], cut.__dict__["canonical_degraded"] = _near[whole], pair.canonical_degraded
    return cut


@measure("1")
def contrast_lost_beside_fat(pair: Pair) -> Reading:
    """Share of the contrast of fine structures that is gone where fat is: 1 - beta within 16 px of fat.

    Model
        The family detail (physics.measure.detail.contrast_lost) on the part of the object that lies within 16 px of the canonical picture of a pixel that is
        mostly fat.
    Parameters
        pair : with its scans; the body at rest.
    Returns
        0 unchanged, 1 nothing left; above 1 where bright and dark have changed places.
    Assumes
        fat.fat_share finds the fat.
    Not modelled
        Fat that it does not find.
    References
        None: readers' boundaries (decision on severity).
    Oracle
        A picture dimmed to a share c loses 1 - c; what changes far from fat counts nothing, what changes beside it more than the family makes of it
        (tests/physics/mri/test_fat_borders.py).
    """
    cut = beside_fat(pair)
    if cut is None:
        return NO_SCAN
    return contrast_lost(cut) if bool(cut.canonical_reference.mask.any()) else NO_FAT


@measure("1")
def borders_darkened(pair: Pair) -> Reading:
    """How black the outline of fat is: brightness lost where fat and water share a pixel.

    Model
        sum max(R - D, 0) / sum R over the pixels of the object on the canonical picture whose share of fat lies between 15 and 85 %.
    Parameters
        pair : with its scans; the body at rest.
    Returns
        0 unchanged, 1 black. Opposed phase takes |1 - 2 f| of a pixel whose share of fat is f: 0.5 to 0.6 over all borders.
    Assumes
        fat.fat_share finds the fat.
    Not modelled
        The width of the outline, which is that of a pixel.
    References
        Dixon 1984, 10.1148/radiology.153.1.6089263.
    Oracle
        The closed form of opposed phase over the borders of a drawn ring; borders darkened to a known share, brighter ones, and pure fat
        (tests/physics/mri/test_fat_borders.py).
    """
    share = shown_share(pair)
    if share is None:
        return NO_SCAN
    where = (share > MIXED[0]) & (share < MIXED[1]) & array(pair.canonical_reference.mask)
    before, after = (array(picture.luma)[where].astype(np.float64) for picture in (pair.canonical_reference, pair.canonical_degraded))
    total = float(before.sum())
    return Reading(float(np.maximum(before - after, 0).sum()) / total) if total > 0 else NO_FAT
