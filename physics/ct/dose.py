"""Low dose: fewer quanta, and the electronics that do not fade with them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from scipy.special import ndtr
from torch import Tensor

from physics.ct.geometry import Array
from physics.ct.kernel import Kernel
from physics.ct.memory import Memory
from physics.ct.quanta import calibrated_n0
from physics.ct.scan import CTScan, Stage
from physics.ct.source_noise import matched_kernel
from physics.scan import EditConflict

_EXACT_BELOW = 12.0  # quanta; above, three terms of Cornish and Fisher keep mean, variance and skewness to 1 / lambda


@lru_cache(maxsize=4)
def unit_normals(seed: int, stream: int, shape: tuple[int, int]) -> Array:
    """The same unit normals for every dose of a ladder, so that only their size changes."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(stream,))))
    return rng.standard_normal(shape, dtype=np.float32)


def poisson_of(mean: Tensor, normals: Tensor) -> Tensor:
    """Counts of a Poisson law from unit normals, by its quantiles: one normal gives counts that rise with the mean.

    Model
        k = Q(Phi(z); lambda). Below 12 quanta Q is exact; above, k = lambda + sqrt(lambda) z + (z^2 - 1) / 6 + (z - z^3) / (72 sqrt(lambda)), not rounded.
    Parameters
        mean : lambda >= 0. normals : z, the same shape.
    Returns
        Counts, >= 0, dtype of mean.
    Assumes
        Normals within 9 standard deviations.
    Not modelled
        The steps between whole counts above 12, a twelfth of a quantum squared beside a variance of 12.
    References
        Giles 2016, ACM TOMS 42, equation of the central expansion.
    Oracle
        The Poisson quantiles of SciPy; mean, variance and skewness (tests/physics/ct/test_ct_dose.py).
    """
    root = mean.sqrt()
    square = normals * normals
    counts = (mean + root * normals + (square - 1) / 6 + normals * (1 - square) / (72 * root.clamp_min(1.0))).clamp_min(0.0)
    few = (mean < _EXACT_BELOW).numpy()
    if few.any():
        counts.numpy()[few] = _exact(mean.numpy()[few].astype(np.float64), normals.numpy()[few].astype(np.float64))
    return counts


def _exact(mean: Array, normals: Array) -> Array:
    """Poisson quantiles by adding up probabilities, for means below 12."""
    uniform, term = ndtr(normals), np.exp(-mean)
    reached, counts = term.copy(), np.zeros_like(mean)
    open_ = np.flatnonzero(uniform > reached)
    k = 0
    while open_.size and k < 80:  # at a mean of 12 the 81st count has a probability below 1e-38
        k += 1
        term[open_] *= mean[open_] / k
        reached[open_] += term[open_]
        counts[open_] = k
        open_ = open_[uniform[open_] > reached[open_]]
    return counts


_KERNELS: Memory[Kernel] = Memory(size=16)


def _matched(scan: CTScan) -> Kernel:
    return matched_kernel(scan.attenuating_hu(), spacing_mm=scan.spacing_mm, otherwise=scan.kernel)


def kernel_matched(scan: CTScan) -> CTScan:
    """The scan with the kernel that its grain tells of, where it is not known."""
    if scan.kernel_known:
        return scan
    return replace(scan, kernel=_KERNELS.get(scan.hu, (scan.grid, scan.kernel), make=lambda: _matched(scan)), kernel_known=True)


def counted(scan: CTScan) -> CTScan:
    """The scan with the kernel and the quanta that its grain tells of, where they are not known: what every event of quanta and detector needs."""
    scan = kernel_matched(scan)
    return scan if scan.n0 is not None else replace(scan, n0=calibrated_n0(scan))


@dataclass(frozen=True, slots=True)
class QuantumNoise:
    """Fewer quanta: thinning of the quanta that made the source to a share `fraction`."""

    fraction: float
    seed: int
    stage: ClassVar[IntEnum] = Stage.QUANTA
    rank: ClassVar[int] = 50

    def apply(self, quanta: Tensor, scan: CTScan) -> Tensor:
        """quanta : (view, ray), expected at the source's dose. The source carries the noise of its own quanta already: of the variance a N of the lower dose
        its scaled noise makes a^2 N, thinning the rest, a (1 - a) N."""
        mean = self.fraction * quanta
        drawn = poisson_of(mean, torch.from_numpy(unit_normals(self.seed, 0, (mean.shape[0], mean.shape[1]))).to(mean.dtype))
        thinned: Tensor = mean + (drawn - mean) * math.sqrt(1.0 - self.fraction)
        return thinned


@dataclass(frozen=True, slots=True)
class ElectronicNoise:
    """The noise of the electronics at a share `fraction` of the source's signal: the same as ever, so larger beside the signal."""

    fraction: float
    seed: int
    stage: ClassVar[IntEnum] = Stage.DETECTOR
    rank: ClassVar[int] = 50

    def apply(self, signal: Tensor, scan: CTScan) -> Tensor:
        """signal : (view, ray), quanta. Of the variance the source's own, scaled with the signal, makes a^2; the rest is added."""
        normals = torch.from_numpy(unit_normals(self.seed, 1, (signal.shape[0], signal.shape[1]))).to(signal.dtype)
        noisy: Tensor = signal + normals * (scan.electronic_noise * math.sqrt(1.0 - self.fraction**2))
        return noisy


def lower_dose(scan: CTScan, fraction: float, *, seed: int, modulation: float | None = None) -> CTScan:
    """The grain of a scan taken with less dose, in a picture that has grain already.

    Model
        Nbar = N0 m(view) b(ray) exp(-p) quanta at the source's dose; N0 and the kernel from the noise of the source where they are not known.
        At the share a of the dose y = a Nbar + thinned quantum noise of variance a (1 - a) Nbar + electronic noise of variance (1 - a^2) sigma_e^2,
        crosstalk between the two,
        and p' = -ln(max(y, 1/2) / (a air)). So
        var(p' - p) = (1 - a) / (a Nbar) + (1 - a^2) sigma_e^2 / (a Nbar)^2 where quanta are many, and the bias and saturation of the
        logarithm where they are few.
        The picture gains the reconstruction of p' - p.
    Parameters
        fraction : a, above 0 up to 1. seed : of the noise; one seed makes a ladder whose noise only grows. modulation : see `physics.ct.beam.tube_current`;
        None keeps the scan's.
    Returns
        The scan at that dose. a = 1 leaves acquire(scan) as it was, bit for bit.
    Assumes
        A source reconstructed by filtered backprojection with the scan's kernel; no correlation between views.
    Not modelled
        Energy weighting of quanta (an effective N0 stands for it), iterative reconstruction, projection filters against starvation, lag.
    References
        Yu, Shiung, Jondal and McCollough 2012; Zabic, Wang, Morton and Brown 2013; Whiting et al. 2006.
    Oracle
        An independent simulated scan at that dose; sigma ~ a^-1/2; var(p) ~ exp(p); post-log moments (tests/physics/ct/test_ct_dose.py).
    Raises
        ValueError: a fraction outside (0, 1]. EditConflict: the dose was lowered already; ask once for the product.
    """
    if not 0.0 < fraction <= 1.0:
        raise ValueError(f"dose fraction {fraction}: above 0, up to 1 (the source's own dose)")
    if fraction == 1.0:
        return scan
    if scan.dose != 1.0:
        raise EditConflict(f"dose: already at {scan.dose} of the source's, {fraction} was asked; lower it once, to the product")
    scan = counted(scan)  # the quanta of the source, whatever its tube current will do: so that edits which ask for them earlier or later find the same
    scan = scan if modulation is None else replace(scan, modulation=modulation)
    return replace(scan, dose=fraction).with_events(QuantumNoise(fraction, seed), ElectronicNoise(fraction, seed))
