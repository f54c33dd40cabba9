"""Measured coil maps as smooth functions of place: what was estimated where there is signal, carried on smoothly where there is none."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

from physics.mri.coils import MARGIN, Sensitivity

CELLS = 40  # of the fitted grid over the field of view
STIFFNESS = 3e-3  # of the splines, against the weight of the brightest place
FAINT = 0.02  # of the energy of the brightest place: what is much darker holds noise and ringing, no map
BLOCKS = 80  # the maps are averaged in so many blocks along each axis

Array = NDArray[np.float64]


def smooth_sensitivity(maps: Tensor, energy: Tensor) -> Sensitivity:
    """Coils as functions of place from maps on pixels.

    Model
        Cubic B-splines on a grid of 1/40 of the field of view that reaches a fifth beyond it, by least squares: sum over blocks of
        e (C_spline - C)^2 + stiffness times the squared second differences of the coefficients; e = x^2 / (x + 0.02), x the signal energy of the block over
        that of the brightest one. Where there is no signal the splines go on as straight as they can.
    Parameters
        maps : (coil, row, column) complex, sum of squares 1. energy : (row, column), what the coils received together at each place.
    Returns
        The sensitivities, with sum of squares 1 everywhere (Sensitivity.at).
    Assumes
        Coils no sharper than some eight cycles over the field of view.
    Not modelled
        Maps with a vortex of their phase inside the body.
    References
        Eilers and Marx 1996, 10.1214/ss/1038425655 (splines with a penalty on differences).
    Oracle
        The maps of loops come back within 1 % inside the body, and beyond it without a jump (tests/physics/mri/test_measured.py).
    """
    matrix = (maps.shape[1], maps.shape[2])
    n_grid = round(CELLS * (1 + 2 * MARGIN)) + 1
    starts = [-MARGIN * n for n in matrix]
    steps = [(1 + 2 * MARGIN) * n / (n_grid - 1) for n in matrix]
    sums = [_block_sums(n) for n in matrix]
    weight = energy.double().cpu().numpy()
    values = maps.cpu().numpy().astype(np.complex128)
    total = sums[0] @ weight @ sums[1].T
    mean = np.stack([sums[0] @ (weight * one) @ sums[1].T for one in values]) / np.maximum(total, 1e-300)
    relative = (total / max(float(total.max()), 1e-300)).ravel()
    share = relative**2 / (relative + FAINT)
    places = [(sums[axis] @ np.arange(matrix[axis])) / sums[axis].sum(axis=1) for axis in (0, 1)]
    basis = sparse.kron(*(_splines((places[axis] - starts[axis]) / steps[axis], n_grid) for axis in (0, 1)), format="csr")
    bend, still = sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(n_grid - 2, n_grid)), sparse.eye_array(n_grid)
    stiff = sparse.kron(bend.T @ bend, still) + sparse.kron(still, bend.T @ bend)
    normal = basis.T @ sparse.diags_array(share) @ basis + STIFFNESS * stiff + 1e-9 * sparse.eye_array(n_grid**2)
    right = basis.T @ (share[:, None] * mean.reshape(len(mean), -1).T)
    solve = splu(sparse.csc_array(normal))
    shapes = solve.solve(np.ascontiguousarray(right.real)) + 1j * solve.solve(np.ascontiguousarray(right.imag))
    return Sensitivity(shapes.T.reshape(len(mean), n_grid, n_grid), None, (starts[0], starts[1]), (steps[0], steps[1]))


def _block_sums(n: int) -> Array:
    """Matrix (block, pixel) that sums neighbouring pixels; blocks of equal size, the last one shorter."""
    size = ceil(n / BLOCKS)
    sums: Array = (np.arange(n)[None, :] // size == np.arange(ceil(n / size))[:, None]).astype(np.float64)
    return sums


def _splines(at: Array, n_grid: int) -> sparse.csr_array:
    """Matrix (place, node) of cubic B-splines at places in grid steps, a node and more from either end of the grid."""
    cell = np.floor(at).astype(int)
    t = at - cell
    weights = np.stack([(1 - t) ** 3, 4 - 6 * t**2 + 3 * t**3, 1 + 3 * t + 3 * t**2 - 3 * t**3, t**3], axis=1) / 6
    rows = np.repeat(np.arange(len(at)), 4)
    return sparse.csr_array((weights.ravel(), (rows, (cell[:, None] + np.arange(-1, 3)).ravel())), shape=(len(at), n_grid))
