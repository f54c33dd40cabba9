"""A few fields that span what the coils look like from a moving body."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline
from scipy.linalg import qr
from torch.nn.functional import adaptive_avg_pool2d

from physics.mri.coils import Sensitivity
from physics.mri.motion import Motion, turned

# Share of the signal that may be left out: about the accuracy of the transform in single precision, the smoothness of the stored maps in double.
TOLERANCE = {"single": 5e-5, "double": 1e-7}
N_POSES = 8  # representative poses that the basis is taken from
N_GRID = 28  # grid of the moved maps along each axis
ROUNDS = 2  # places for each field from which the weights of a pose are taken

Complex = NDArray[np.complex64] | NDArray[np.complex128]


def moved_basis(
    sensitivity: Sensitivity,
    motion: Motion,
    chosen: NDArray[np.int64],
    *,
    magnitude: NDArray[np.float64],
    spacing_mm: tuple[float, float],
    tolerance: float,
    box: tuple[slice, slice] = (slice(None), slice(None)),
) -> tuple[Complex, Complex]:
    """The maps C_c(R_j u + tau_j) of fixed coils in the frame of the moving body, as sum_r w_crj B_r(u).

    Model
        The maps are smooth, so they are taken on a coarse grid; poses of one movement lie near a curve, so eight representative ones span them: B is the
        basis of the singular value decomposition of the maps of all coils under these poses, each place weighted by the signal there, cut at the
        tolerance; the weights of every pose follow by least squares at the places that tell the fields apart best. Eight coils and a head that moves
        by 10 mm need 16 to 30 fields together, against 24 to 32 of a basis for each coil.
    Parameters
        sensitivity : the coils. motion : pose per stored line. chosen : stored lines to span. magnitude : (row, column) of the body.
        spacing_mm : of the picture.
        tolerance : share of the signal that may be left out. box : rows and columns that are wanted, all of them unless told.
    Returns
        Basis (rank, row, column) in the box and weights (coil, rank, chosen line).
    Assumes
        Wires at least a grid step (1/28 of the box) away from tissue.
    Not modelled
        Maps that change with the load.
    References
        Buehrer et al. 2007, 10.1002/mrm.21237 (array compression by principal components).
    Oracle
        The moved maps themselves, pose by pose (tests/physics/mri/test_coil_basis.py).
    """
    matrix = (magnitude.shape[0], magnitude.shape[1])
    kind = np.complex64 if tolerance > 1e-6 else np.complex128
    poses, line_of = np.unique(np.column_stack([motion.shift_mm[chosen], motion.angle_deg[chosen]]), axis=0, return_inverse=True)
    shown = magnitude[box]
    nodes = [_nodes(n) + (part.start or 0) for n, part in zip(shown.shape, box, strict=True)]
    coarse = np.stack(np.meshgrid(*nodes, indexing="ij"))
    signal = adaptive_avg_pool2d(torch.from_numpy(shown)[None], N_GRID)[0].numpy()
    signal = np.maximum(signal, 1e-3 * signal.max()) if signal.max() > 0 else np.ones_like(signal)
    seen = _moved_maps(sensitivity, poses[_spread(poses)], coarse, spacing_mm=spacing_mm, matrix=matrix)  # (coil, pose, grid, grid)
    _, values, right = np.linalg.svd((signal * seen).reshape(-1, signal.size).astype(kind), full_matrices=False)
    left_out = np.sqrt(np.cumsum((values**2)[::-1])[::-1] / (values**2).sum())  # by a basis of the first i
    rank = int((left_out > tolerance).sum())
    places = _telling(right[:rank])
    few = coarse.reshape(2, -1)[:, places]
    wanted = signal.ravel()[places] * _moved_maps(sensitivity, poses, few, spacing_mm=spacing_mm, matrix=matrix)
    weights = wanted.astype(kind) @ np.linalg.pinv(right[:rank, places])
    coarse_basis = (right[:rank].reshape(rank, N_GRID, N_GRID) / signal).astype(kind)
    real = coarse_basis.real.dtype
    across = coarse_basis @ _refinement(shown.shape[1]).astype(kind).T  # (rank, grid, column)
    # Real and imaginary parts lie side by side: the larger product is a real one and its result the basis itself.
    basis: Complex = (_refinement(shown.shape[0]).astype(real) @ across.view(real)).view(kind)
    return basis, weights[:, line_of.ravel()].transpose(0, 2, 1)


def _telling(fields: Complex) -> NDArray[np.int64]:
    """Places (a few for each field) that tell orthonormal fields (field, place) apart: the pivots of QR factorisations, each of what is left."""
    left, taken = np.arange(fields.shape[1]), []
    for _ in range(ROUNDS):
        pivots = qr(fields[:, left], mode="r", pivoting=True, check_finite=False)[1][: len(fields)]
        taken.append(left[pivots])
        left = np.delete(left, pivots)
    return np.concatenate(taken)


def _nodes(n: int) -> NDArray[np.float64]:
    """Where the grid lies along a side of n pixels: from edge to edge."""
    return np.linspace(0.0, n, N_GRID)


@lru_cache(maxsize=16)
def _refinement(n: int) -> NDArray[np.float64]:
    """Matrix (pixel, grid) of quintic interpolation from the nodes to a side of n pixels."""
    matrix: NDArray[np.float64] = make_interp_spline(_nodes(n), np.eye(N_GRID), k=5)(np.arange(n))
    return matrix


def _moved_maps(
    sensitivity: Sensitivity, poses: NDArray[np.float64], pixels: NDArray[np.float64], *, matrix: tuple[int, int], spacing_mm: tuple[float, float]
) -> Complex:
    """(coil, pose, ...) maps where the body's pixels (2, ...) lie under each pose (shift 0, shift 1, angle)."""
    centre, spacing = np.array([n // 2 for n in matrix], dtype=np.float64), np.asarray(spacing_mm)
    flat = (np.moveaxis(pixels, 0, -1).reshape(-1, 2) - centre) * spacing
    lying = turned(np.broadcast_to(flat, (len(poses), *flat.shape)), poses[:, 2][:, None]) + poses[:, None, :2]
    maps = sensitivity.at(np.moveaxis(lying / spacing + centre, -1, 0))
    return maps.reshape(len(maps), len(poses), *pixels.shape[1:])


def _spread(poses: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of up to N_POSES poses, each the farthest from those before it; a degree counts as a millimetre."""
    taken = [0]
    distance = np.linalg.norm(poses - poses[0], axis=1)
    while len(taken) < min(N_POSES, len(poses)):
        taken.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(poses - poses[taken[-1]], axis=1))
    return np.asarray(taken)
