"""What the pixels of a magnitude picture are made of: soft tissue classes, and how fast each relaxes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from physics.mri.body import AIR_SHARE, Body
from physics.mri.fat import fat_share
from physics.mri.scan import MRIScan

ASSUMED_T = 3.0  # field strength where the scan states none
ROUNDS, MOST_PIXELS = 25, 6000  # of the fit of classes
LEAST_DEVIATION, CALM_SHARE = 0.03, 0.5  # over the brightest mean; of the pixels whose slope is taken for the field's


@dataclass(frozen=True, slots=True)
class Relaxation:
    """How a tissue relaxes. t1_s, t2_s : longitudinal and transverse times in seconds. density : of protons, water 1."""

    t1_s: float
    t2_s: float
    density: float


NAMES = ("fluid", "grey matter or muscle", "white matter or parenchyma", "fat")  # dark to bright under T1 weighting
TABLES = {  # by field strength in tesla
    1.5: (Relaxation(4.0, 2.0, 1.0), Relaxation(1.0, 0.100, 0.82), Relaxation(0.65, 0.080, 0.70), Relaxation(0.29, 0.080, 0.95)),
    3.0: (Relaxation(4.0, 2.0, 1.0), Relaxation(1.35, 0.095, 0.82), Relaxation(0.85, 0.070, 0.70), Relaxation(0.37, 0.070, 0.95)),
}


def relaxation(field_strength_t: float | None) -> tuple[Relaxation, ...]:
    """How fast tissues relax at a field strength.

    Model
        The table of the nearer field strength; 3 T where none is known.
    Parameters
        field_strength_t : of the scan, or None.
    Returns
        T1 and T2 per class, in the order of NAMES.
    Assumes
        Healthy adults.
    Not modelled
        Differences between regions, contrast agents.
    References
        Stanisz et al. 2005, 10.1002/mrm.20605; de Bazelaire et al. 2004, 10.1148/radiol.2303021331.
    Oracle
        T1 grows with the field, T2 does not (tests/physics/mri/test_tissue.py).
    """
    wanted = ASSUMED_T if field_strength_t is None else field_strength_t
    return TABLES[min(TABLES, key=lambda known: abs(known - wanted))]


def classes_note(scan: MRIScan) -> str:
    """What the classes assume, in words for the record."""
    return f"tissue classes: {scan.protocol.weighting or 'T1'}-weighted contrast, three kinds of water tissue by brightness"


@lru_cache(maxsize=4)
def tissue_shares(body: Body, *, fluid_is_bright: bool = False) -> Tensor:
    """How much of each tissue lies in a pixel.

    Model
        Outside fat (fat.fat_share) the brightness m(r) = exp(b(r)) mu_c + n: three normal classes c of equal weight and deviation under a smooth field. b, a
        quadratic in place, is fitted to slopes away from edges, then the classes by k-means; the share of a class is its posterior probability. Dark, middle
        and bright class are taken for fluid, grey matter or muscle, and white matter or parenchyma: the order of T1, short T1 bright; the
        other way round where fluid is bright.
    Parameters
        body : the object. fluid_is_bright : whether it is weighted by T2, T2* or density.
    Returns
        (class, row, column) float64 in the order of NAMES; sums to 1 everywhere, air included.
    Assumes
        The weighting; at least three kinds of brightness. Bone and air inside the body pass for the darkest: they hold no signal to be weighted wrongly.
    Not modelled
        Partial volume between classes beyond the posterior; lesions, blood, contrast agent.
    References
        Wells et al. 1996, IEEE Trans. Med. Imaging 15, 429 (classes under a smooth field); Stanisz et al. 2005, 10.1002/mrm.20605 and
        de Bazelaire et al. 2004, 10.1148/radiol.2303021331 (times).
    Oracle
        A phantom of three known tissues under a known bias and noise (tests/physics/mri/test_tissue.py).
    """
    magnitude = body.density.abs().double().cpu().numpy()
    fat = fat_share(body).numpy()
    shares = np.zeros((len(NAMES), *magnitude.shape))
    inside = body.support.cpu().numpy() & (magnitude > AIR_SHARE * float(np.percentile(magnitude, 99))) & (fat < 0.5)
    shares[0] = 1.0
    if inside.sum() > 100:
        flat = ndimage.gaussian_filter(magnitude, 0.6)
        found = _mixture(flat, inside)
        shares[:3] = found[::-1] if fluid_is_bright else found
    shares[:3] *= 1 - fat
    shares[3] = fat
    return torch.from_numpy(shares)


def _smooth_field(magnitude: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(row, column) logarithm of the field: the quadratic whose slope is that of log brightness away from edges, so that it needs no classes."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in magnitude.shape), indexing="ij")
    log = ndimage.gaussian_filter(np.log(np.maximum(magnitude, 1e-3 * magnitude.max() + 1e-12)), 1.5)
    down, right = np.gradient(log, np.linspace(-1, 1, magnitude.shape[0]), np.linspace(-1, 1, magnitude.shape[1]))
    calm = ndimage.binary_erosion(inside, iterations=3)
    if calm.sum() < 100:
        return np.zeros_like(magnitude)
    calm &= np.hypot(down, right) <= np.quantile(np.hypot(down, right)[calm], CALM_SHARE)
    one, nought = np.ones(int(calm.sum())), np.zeros(int(calm.sum()))
    at_y, at_x = y[calm], x[calm]  # slopes of the terms y, x, y^2, xy, x^2
    slopes = np.concatenate([np.stack([one, nought, 2 * at_y, at_x, nought]), np.stack([nought, one, nought, at_y, 2 * at_x])], axis=1)
    weights = np.linalg.solve(slopes @ slopes.T + 1e-9 * len(one) * np.eye(5), slopes @ np.concatenate([down[calm], right[calm]]))
    field: NDArray[np.float64] = np.tensordot(weights, np.stack([y, x, y**2, x * y, x**2]), 1)
    return np.asarray(field - field[inside].mean())


def _mixture(magnitude: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    even = magnitude / np.exp(_smooth_field(magnitude, inside))
    values = even[inside][:: max(int(inside.sum()) // MOST_PIXELS, 1)]
    mean = np.quantile(values, (1 / 8, 1 / 2, 7 / 8))
    for _ in range(ROUNDS):
        nearest = np.abs(values[None] - mean[:, None]).argmin(axis=0)
        mean = np.array([values[nearest == each].mean() if (nearest == each).any() else mean[each] for each in range(3)])
    within = float(np.sqrt(np.mean((values - mean[nearest]) ** 2)))
    return _posterior(even.ravel(), np.sort(mean), max(within, LEAST_DEVIATION * float(mean.max()))).reshape(3, *magnitude.shape)


def _posterior(values: NDArray[np.float64], mean: NDArray[np.float64], deviation: float) -> NDArray[np.float64]:
    """(class, value) under equal weights and deviations, so that a large class does not swallow a small one."""
    log = -0.5 * ((values[None] - mean[:, None]) / deviation) ** 2
    posterior: NDArray[np.float64] = np.exp(log - log.max(axis=0))
    return np.asarray(posterior / posterior.sum(axis=0))


def reweighted(scan: MRIScan, ratios: Tensor) -> Tensor:
    """A sequence that weights tissues otherwise, texture kept.

    Model
        m = 1 + a (sum_c p_c q_c - 1): p the shares of the classes in a pixel, q the new signal of each over its old one, a the share of the body.
    Parameters
        scan : its body counts. ratios : q, (class) or (class, row, column), real or complex.
    Returns
        (row, column) factor of the density; 1 in air, which keeps what noise the source holds.
    Assumes
        tissue_shares tells the classes.
    Not modelled
        Signal that the source has lost altogether.
    References
        Wells et al. 1996, IEEE Trans. Med. Imaging 15, 429 (classes).
    Oracle
        Ratios of 1 change nothing; that of one class changes it by its share (tests/physics/mri/test_tissue.py).
    """
    shares = tissue_shares(scan.body, fluid_is_bright=scan.protocol.fluid_is_bright).to(ratios)
    spread = ratios if ratios.ndim == 3 else ratios[:, None, None]
    return 1 + scan.body.tissue_share.cpu().to(ratios) * ((shares * spread).sum(dim=0) - 1)
