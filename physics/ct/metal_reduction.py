"""Metal artefact reduction as scanners do it: what lies behind metal is bridged from its neighbours, and metal is put back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Literal

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from physics.ct.acquire import beam_of
from physics.ct.fbp import reconstruct
from physics.ct.metal import Metal
from physics.ct.projector import project
from physics.ct.scan import CTScan, Stage
from physics.ct.spectrum import hu_change, mu_of
from physics.scan import EditConflict

Method = Literal["linear", "normalised"]
METHODS: tuple[Method, ...] = ("linear", "normalised")
THRESHOLD_HU = 2500.0
_TRACE_MM = 0.25  # a ray with less metal of the mask than this is not behind it
_AIR_HU, _BONE_HU = -500.0, 300.0
_LEAST_PATH = 0.05
_WRITTEN_HU = 3071.0


def bridged(rays: Tensor, trace: Tensor) -> Tensor:
    """Each view with the rays of the trace replaced by a straight line between the rays to either side.

    rays, trace : (view, ray). A trace that reaches the end of the detector keeps the value of its only neighbour. Views without a trace are as they were.
    """
    out = rays.numpy().copy()
    hidden = trace.numpy()
    channels = np.arange(out.shape[1])
    for view in np.flatnonzero(hidden.any(axis=1)):
        seen = ~hidden[view]
        if seen.any():
            out[view, hidden[view]] = np.interp(channels[hidden[view]], channels[seen], out[view, seen])
    return torch.from_numpy(out)


def segmented(hu: Tensor) -> Tensor:
    """Metal as a scanner finds it in the corrupted picture: above 2500 HU, at least two pixels that touch."""
    mask = (hu > THRESHOLD_HU).numpy()
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if not count:
        return torch.from_numpy(mask)
    sizes = np.bincount(labels.ravel())
    return torch.from_numpy(mask & (sizes[labels] >= 2))


def prior_of(hu: Tensor, metal: Tensor) -> Tensor:
    """A picture of classes: air, water, and bone with its own HU; metal is water. Smoothed by a pixel before the thresholds, since streaks cross them."""
    smooth = torch.from_numpy(ndimage.gaussian_filter(hu.numpy(), 1.5))
    prior = torch.where(smooth < _AIR_HU, -1000.0, torch.where(smooth > _BONE_HU, hu.clamp_max(1600.0), 0.0))
    return torch.where(metal, 0.0, prior).to(hu.dtype)


@dataclass(frozen=True, slots=True)
class Reduction:
    """Metal artefact reduction of measured line integrals."""

    method: Method
    stage: ClassVar[IntEnum] = Stage.LOG
    rank: ClassVar[int] = 20  # after the water correction

    def apply(self, measured: Tensor, scan: CTScan) -> Tensor:
        """measured : (view, ray), after the water correction."""
        corrupted = self._picture(measured, scan)
        metal = segmented(corrupted)
        if not bool(metal.any()):
            return measured
        size = project(metal.to(measured.dtype), scan.geometry, grid=scan.grid)
        trace = size > _TRACE_MM
        mended = bridged(measured, trace)
        if self.method == "normalised":
            prior_hu = prior_of(self._picture(mended, scan), metal)
            prior = project(mu_of(prior_hu, mu_water=scan.mu_water), scan.geometry, grid=scan.grid).clamp_min(0.0)
            mended = torch.where(trace, bridged(measured / prior.clamp_min(_LEAST_PATH), trace) * prior.clamp_min(_LEAST_PATH), measured)
        return mended + size * (_WRITTEN_HU / 1000.0 * scan.mu_water)

    def _picture(self, measured: Tensor, scan: CTScan) -> Tensor:
        """What the scanner reconstructs of these rays, HU."""
        change = reconstruct(measured - beam_of(scan).logged, scan.geometry, grid=scan.grid, kernel=scan.kernel)
        return scan.attenuating_hu() + hu_change(change, mu_water=scan.mu_water)


def reduce_metal(scan: CTScan, method: Method) -> CTScan:
    """What metal artefact reduction leaves: blurred tissue beside the implant and new streaks towards other dense parts.

    Model
        The corrupted picture is segmented above 2500 HU; rays with metal of that mask are replaced, view by view, by a straight line between their
        neighbours ("linear"), or by the same line through p / p_prior times p_prior ("normalised"), the prior from thresholds of the linear result; metal is
        put back at 3071 HU over the tissue that the bridge has made of it.
    Parameters
        scan : with metal. method : "linear" or "normalised".
    Returns
        The scan with the event added; without metal as it was.
    Assumes
        One threshold for all metals; what stays below it is not corrected, as in a scanner.
    Not modelled
        Frequency split, iterative refinement, dual energy.
    References
        Kalender, Hebel and Ebersberger 1987; Meyer, Raupach, Lell, Schmidt and Kachelriess 2010.
    Oracle
        A bridge through a linear view is exact; a disc in uniform water leaves less than a tenth of the streaks under normalised reduction; bone beside the
        metal leaves more under linear than under normalised reduction (tests/physics/ct/test_ct_metal_reduction.py).
    Raises
        ValueError: an unknown method. EditConflict: a reduction was chosen before.
    """
    if method not in METHODS:
        raise ValueError(f"method {method!r}; allowed: {METHODS}")
    if any(isinstance(event, Reduction) for event in scan.events):
        raise EditConflict(f"metal artefact reduction: chosen already, {method} was asked as well")
    if not any(isinstance(event, Metal) for event in scan.events):
        return scan
    return scan.with_events(Reduction(method))
