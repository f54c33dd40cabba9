"""What unfolding costs in noise: the geometry factor."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.measure.pair import Pair, Reading, measure
from physics.mri.calibration import centre_width
from physics.mri.folding import divisible, stacked, unstacked, with_size
from physics.mri.measures import NO_SCAN
from physics.mri.regular_sense import RegularSense, air_penalty
from physics.mri.scan import MRIScan


def geometry_factor(maps: Tensor, *, step: int, phase_axis: int, covariance: NDArray[np.complex128], penalty: Tensor | None = None) -> Tensor:
    """By how much unfolding amplifies noise beyond what fewer lines cost.

    Model
        With A = S^H Psi^-1 S of the R pixels that fold onto one another and B = (A + diag p)^-1: g_i = ([B A B]_ii [A]_ii)^(1/2); without penalty the
        g_i = ([A^-1]_ii [A]_ii)^(1/2) of SENSE. The deviation of the picture is g_i R^(1/2) that of the full scan.
    Parameters
        maps : S, (coil, row, column), lines divisible by the step. step : R. phase_axis : axis of the lines. covariance : Psi, of the channels' noise.
        penalty : p per pixel (row, column), None for none.
    Returns
        (row, column) real; 1 everywhere at R = 1 without penalty.
    Assumes
        The maps of the reconstruction; white noise along the samples.
    Not modelled
        Noise of the maps themselves.
    Raises
        ValueError: the step does not divide the lines.
    References
        Pruessmann et al. 1999, 10.1002/(SICI)1522-2594(199911)42:5<952::AID-MRM16>3.0.CO;2-S, eq. 23; Robson et al. 2008, 10.1002/mrm.21728.
    Oracle
        Pseudo-replicas of the reconstruction within 2 %; 1 at R = 1 (tests/physics/mri/test_g_factor.py).
    """
    if maps.shape[phase_axis + 1] % step:
        raise ValueError(f"{maps.shape[phase_axis + 1]} lines are not divisible by {step}")
    root = torch.linalg.cholesky(torch.from_numpy(covariance)).to(maps)
    seen = torch.linalg.solve_triangular(root, stacked(maps, step=step, phase_axis=phase_axis), upper=False)
    alike = seen.mH @ seen
    damped = alike
    if penalty is not None:
        damped = alike + torch.diag_embed(stacked(penalty[None], step=step, phase_axis=phase_axis)[..., 0, :]).to(alike)
    inverse = torch.linalg.inv(damped)
    spread = torch.diagonal(inverse @ alike @ inverse, dim1=-2, dim2=-1).real
    return unstacked((spread * torch.diagonal(alike, dim1=-2, dim2=-1).real).clamp(min=0).sqrt(), phase_axis=phase_axis)


def factor_in_body(scan: MRIScan) -> Tensor | None:
    """The geometry factor of a scan's true coils where its body lies, air damped as by the reconstruction; None where nothing was unfolded."""
    if not isinstance(scan.reconstruction, RegularSense) or scan.sensitivity is None:
        return None
    step, axis = scan.reconstruction.step, scan.phase_axis
    n_lines = divisible(scan.n_lines, step=step)
    lined = (np.arange(n_lines) - n_lines // 2) * (scan.n_lines / n_lines) + scan.n_lines // 2
    across = np.arange(scan.matrix[1 - axis], dtype=np.float64)
    maps = torch.from_numpy(scan.sensitivity.at(np.stack(np.meshgrid(*((lined, across) if axis == 0 else (across, lined)), indexing="ij"))))
    nearest = torch.from_numpy(np.clip(np.rint(lined), 0, scan.n_lines - 1).astype(np.int64))
    body = scan.body.support.cpu().index_select(axis, nearest)
    whole = with_size(scan.body.spectrum[None].cpu(), n_lines=n_lines, phase_axis=axis)
    penalty = air_penalty(whole, width=min(centre_width(scan.lines, n_lines=scan.n_lines), n_lines), phase_axis=axis).double()
    factor = geometry_factor(maps, step=step, phase_axis=axis, covariance=np.asarray(scan.reconstruction.covariance), penalty=penalty)
    return factor[body]


def _of_body(pair: Pair, share: float | None) -> Reading:
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    factor = factor_in_body(pair.scan)
    if factor is None:
        return Reading(1.0)
    if not len(factor):
        return Reading(None, "the object is empty")
    return Reading(float(factor.mean() if share is None else torch.quantile(factor, share)))


@measure("1")
def g_mean(pair: Pair) -> Reading:
    """Mean geometry factor over the body; 1 where nothing was unfolded."""
    return _of_body(pair, None)


@measure("1")
def g_max(pair: Pair) -> Reading:
    """Geometry factor that one hundredth of the body exceeds; 1 where nothing was unfolded."""
    return _of_body(pair, 0.99)


@measure("1")
def grain_centre_over_rim(pair: Pair) -> Reading:
    """Deviation of what was added in the middle of the object over that in its rim: 1 for even noise, above 1 for a central band.

    Model
        std of degraded - reference over the pixels nearer to the centre of the object's bounding box than 0.4 of its half sides (elliptic), over that of
        the pixels of the object beyond 0.8.
    Parameters
        pair : degraded beside reference, one grid.
    Returns
        A ratio.
    Assumes
        An object about as wide as its bounding box.
    Not modelled
        Grain of the source, which both hold.
    References
        None: a ratio of deviations.
    Oracle
        Noise of 3 sigma inside and sigma outside reads 3 (tests/physics/mri/test_g_factor.py).
    """
    mask = pair.view.mask
    if not bool(mask.any()):
        return Reading(None, "the object is empty")
    reach = torch.zeros(mask.shape, dtype=torch.float64)
    for axis in (0, 1):
        held = torch.nonzero(mask.any(dim=1 - axis)).flatten().double()
        middle, half = float(held[0] + held[-1]) / 2, max(float(held[-1] - held[0]) / 2, 0.5)
        along = ((torch.arange(mask.shape[axis], dtype=torch.float64) - middle) / half).square()
        reach = reach + (along[:, None] if axis == 0 else along[None, :])
    change = (pair.degraded - pair.reference).double()
    centre, rim = change[mask & (reach < 0.4**2)], change[mask & (reach > 0.8**2)]
    if len(centre) < 30 or len(rim) < 30 or float(rim.std()) == 0:
        return Reading(None, "too little of the object, or nothing was added to its rim")
    return Reading(float(centre.std() / rim.std()))
