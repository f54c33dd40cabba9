"""The look of iterative reconstruction: noise taken out of the picture by a penalty that spares edges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

import torch
from torch import Tensor

from physics.ct.scan import CTScan, Stage
from physics.ct.source_noise import measured_noise_hu
from physics.scan import EditConflict

ITERATIONS = 200
USUAL_NOISE_HU = 12.0  # of a picture that shows no homogeneous soft tissue


def total_variation_prox(picture: Tensor, *, weight: float, spacing_mm: tuple[float, float], iterations: int = ITERATIONS) -> Tensor:
    """The picture with the least total variation beside its distance from the given one.

    Model
        min over u of 1/2 |u - x|^2 + w TV(u), both integrals over the area, TV the length of the gradient in HU per mm. Primal-dual steps
        with the acceleration of a strongly convex primal, so that the distance to the minimum falls as 1 / n^2.
    Parameters
        picture : (row, column), HU. weight : w in HU mm. spacing_mm : axis 0, axis 1. iterations : n.
    Returns
        u, dtype of the picture.
    Assumes
        Nothing leaves through the rim: no gradient across it.
    Not modelled
        Forward projection: the penalty works on the picture, as the vendors' blending methods of the first generation do.
    References
        Rudin, Osher and Fatemi 1992; Chambolle and Pock 2011, algorithm 2.
    Oracle
        A disc of radius r keeps its edge and loses 2 w / r of its height; the objective falls (tests/physics/ct/test_ct_iterative_look.py).
    """
    if weight == 0:
        return picture
    down, right = spacing_mm
    norm = 2 * math.sqrt(1 / down**2 + 1 / right**2)
    tau = sigma = 1.0 / norm
    u, leading = picture.clone(), picture.clone()
    dual = torch.zeros((2, *picture.shape), dtype=picture.dtype)
    size, step = torch.empty_like(picture), torch.empty_like(picture)
    for _ in range(iterations):
        dual[0, :-1].add_(leading[1:], alpha=sigma / down).sub_(leading[:-1], alpha=sigma / down)
        dual[1, :, :-1].add_(leading[:, 1:], alpha=sigma / right).sub_(leading[:, :-1], alpha=sigma / right)
        torch.mul(dual[0], dual[0], out=size)
        size.addcmul_(dual[1], dual[1]).sqrt_().div_(weight).clamp_min_(1.0)
        dual.div_(size)
        torch.div(dual[0], down, out=step)
        step.add_(dual[1], alpha=1 / right)
        step[1:].sub_(dual[0, :-1], alpha=1 / down)
        step[:, 1:].sub_(dual[1, :, :-1], alpha=1 / right)
        step.add_(picture).sub_(u).mul_(tau / (1 + tau))  # the way from u to its next place
        theta = 1 / math.sqrt(1 + 2 * tau)
        u.add_(step)
        torch.add(u, step, alpha=theta, out=leading)
        tau, sigma = tau * theta, sigma / theta
    return u


@dataclass(frozen=True, slots=True)
class IterativeLook:
    """A share of the picture replaced by one without its noise."""

    strength: float
    share: float
    stage: ClassVar[IntEnum] = Stage.RECONSTRUCTION
    rank: ClassVar[int] = 30  # after the kernel, whose noise it takes out

    def apply(self, change: Tensor, scan: CTScan) -> Tensor:
        """change : (row, column) HU. Works on the whole picture with whatever noise it has by now; the weight follows that noise."""
        shown = scan.attenuating_hu()
        picture = shown + change
        noise = measured_noise_hu(picture, spacing_mm=scan.spacing_mm) or USUAL_NOISE_HU
        smooth = total_variation_prox(picture, weight=self.strength * noise, spacing_mm=scan.spacing_mm)
        return change + self.share * (smooth - picture)


def look_iterative(scan: CTScan, strength: float, *, share: float = 1.0) -> CTScan:
    """Too strong a setting of iterative reconstruction.

    Model
        x' = (1 - b) x + b u, u the least total variation beside x (`total_variation_prox`) at the weight w = strength times the noise of the picture. Fine
        grain goes first, coarse grain stays as blotches, faint structures melt into plateaus, strong edges stay as they are.
    Parameters
        strength : w over the noise of the picture in soft tissue, in mm. share : b, above 0 up to 1.
    Returns
        The scan; strength 0 leaves it as it was.
    Assumes
        Noise of soft tissue stands for that of the slice.
    Not modelled
        Statistical weights of the rays, and with them noise that becomes even over the field; the vendors' own penalties.
    References
        Hara et al. 2009 (ASIR as a blend); Samei and Richard 2015 (noise texture of iterative reconstruction); Rudin, Osher and Fatemi 1992.
    Oracle
        The mean frequency of the noise falls while f50 of a strong edge stays; noise falls in proportion to the share
        (tests/physics/ct/test_ct_iterative_look.py).
    Raises
        ValueError: a negative strength, a share outside (0, 1]. EditConflict: done already.
    """
    if strength < 0 or not 0.0 < share <= 1.0:
        raise ValueError(f"strength {strength} mm: 0 or more; share {share}: above 0, up to 1")
    if strength == 0:
        return scan
    if any(isinstance(event, IterativeLook) for event in scan.events):
        raise EditConflict(f"iterative look: set already, {strength} mm was asked; set it once")
    return scan.with_events(IterativeLook(strength, share))
