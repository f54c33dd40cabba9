"""Sparse views: a turn of which only few views are recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics.ct.dose import kernel_matched
from physics.ct.geometry import Array
from physics.ct.scan import CTScan, Stage
from physics.scan import EditConflict


@lru_cache(maxsize=64)
def comb(n_views: int, n_kept: int, first: int) -> Array:
    """Weights of a scan's views that make it one of n_kept views, each for the angle that it stands for.

    1 + 2 sum over h of cos(2 pi h n_kept (j - first) / n_views), h n_kept up to n_views / 2: where n_kept divides n_views, every k-th view with the weight k
    and nothing in between; else the same teeth between the views, as finely as the views can tell. Their sum is n_views.
    """
    turns = np.mod(np.arange(n_views) - first, n_views) * (n_kept / n_views)
    weights = np.ones(n_views)
    for h in range(1, n_views // (2 * n_kept) + 1):
        weights += (1.0 if 2 * h * n_kept == n_views else 2.0) * np.cos(2 * math.pi * np.mod(h * turns, 1.0))
    return np.where(np.abs(weights) < 1e-9 * n_views, 0.0, weights)


@dataclass(frozen=True, slots=True)
class FewViews:
    """Of all views of the turn n_kept are recorded, evenly spaced from view `first` on."""

    n_kept: int
    first: int
    stage: ClassVar[IntEnum] = Stage.LOG
    rank: ClassVar[int] = 80  # weights come last: they do not ask what a view holds

    def apply(self, measured: Tensor, scan: CTScan) -> Tensor:
        """measured : (view, ray)."""
        weights = comb(scan.geometry.n_views, self.n_kept, self.first)
        return measured * torch.from_numpy(weights).to(measured.dtype)[:, None]


def keep_views(scan: CTScan, n_kept: int, *, first: int = 0) -> CTScan:
    """Fine streaks that radiate from dense parts, all over the section but near what they come from.

    Model
        The sum over all views becomes one over n evenly spaced ones: weights 1 + 2 sum cos(h n beta), so the picture gains the angular harmonics h n of its
        own filtered projections. About a point these are nothing up to r0 = n' / (pi nu_max), n' the views in 180 degrees and nu_max where the kernel ends,
        and full streaks beyond.
    Parameters
        n_kept : recorded views in the turn of the geometry (360 degrees of a fan). first : the first of them.
    Returns
        The scan with the event added; all views leave it as it was.
    Assumes
        A pulsed tube: each view is as short and as strong as before. The source's own views sample it well; where n does not divide them, views between
        them are their band-limited interpolation.
    Not modelled
        Reconstructions that know of missing views.
    References
        Brooks, Glover, Talbert, Eisner and DiBianca 1979 (aliasing and its onset); Natterer 2001, chapter 3.
    Oracle
        Onset at n' / (pi nu_max) within 2 %, quiet inside of it, 2 n' streaks about a point; a scan of so many views, reconstructed on its own
        (tests/physics/ct/test_ct_sparse.py).
    Raises
        ValueError: fewer than 8 views, or more than there are. EditConflict: views were left out already.
    """
    if not 8 <= n_kept <= scan.geometry.n_views:
        raise ValueError(f"{n_kept} views: 8 to {scan.geometry.n_views}, the views of the scan")
    if n_kept == scan.geometry.n_views:
        return scan
    if any(isinstance(event, FewViews) for event in scan.events):
        raise EditConflict(f"views: some were left out already, {n_kept} were asked; leave them out once")
    return kernel_matched(scan).with_events(FewViews(n_kept, first))
