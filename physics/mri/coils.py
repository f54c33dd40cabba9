"""Receive arrays of real loops: their sensitivities as smooth functions of place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import cos, hypot, pi, sin

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage, sparse

from physics.mri.loop import Loop, loop_field

GRID_CELLS = 64  # of the stored sensitivity over the field of view; cubic splines between (error below 1e-5 at 10 mm from a wire)
MARGIN = 0.2  # of the field of view on each side, for bodies that move


@dataclass(frozen=True, slots=True)
class CoilArray:
    """Loops that receive together. coupling : complex noise correlation of neighbouring loops (the array is a closed ring)."""

    loops: tuple[Loop, ...]
    coupling: complex = 0.2 + 0.1j

    @property
    def n_coils(self) -> int:
        """Number of loops."""
        return len(self.loops)

    def covariance(self) -> NDArray[np.complex128]:
        """(coil, coil) noise covariance with unit diagonal, Hermitian."""
        n = self.n_coils
        matrix = np.eye(n, dtype=np.complex128)
        for coil in range(n if n > 2 else n - 1):
            after = (coil + 1) % n
            matrix[coil, after], matrix[after, coil] = self.coupling, np.conj(self.coupling)
        return matrix

    def seen_from(self, height_mm: float) -> CoilArray:
        """The same loops in the frame of a slice so far along the slice axis."""
        moved = tuple(Loop((*loop.centre_mm[:2], loop.centre_mm[2] - height_mm), loop.normal, loop.radius_mm) for loop in self.loops)
        return CoilArray(moved, self.coupling)


@dataclass(frozen=True, slots=True)
class ReceiveField:
    """Loops whose combined sensitivity shades the picture. level : the sensitivity (microtesla per ampere) that shows as 1: the gain of the receiver."""

    loops: tuple[Loop, ...]
    level: float


def surrounding_array(n_coils: int, *, fov_mm: tuple[float, float]) -> CoilArray:
    """A ring of overlapping receive loops about the field of view, each facing its centre.

    Model
        Loops stand evenly on a circle of 0.55 of the diagonal, their diameters together 1.15 of its length, fewer than four as wide as four.
    Parameters
        n_coils : loops. fov_mm : along axis 0 and 1.
    Returns
        The array, uncoupled in its fields.
    Assumes
        Loops in the plane of the slice.
    Not modelled
        Several rings, loops fitted to the patient.
    References
        Roemer et al. 1990, 10.1002/mrm.1910160203 (overlap).
    Oracle
        Every loop outside the field of view, axis through the centre; overlap of 15 % (tests/physics/mri/test_coils.py).
    """
    ring_mm = 0.55 * hypot(*fov_mm)
    radius_mm = 1.15 * pi * ring_mm / max(n_coils, 4)
    angles = [2 * pi * (coil + 0.3) / n_coils for coil in range(n_coils)]
    loops = tuple(Loop((ring_mm * sin(t), ring_mm * cos(t), 0.0), (-sin(t), -cos(t), 0.0), radius_mm) for t in angles)
    return CoilArray(loops)


def two_rows(n_coils: int, *, fov_mm: tuple[float, float]) -> CoilArray:
    """Two overlapping rows of loops around the field of view, alternately above and below the slice, as in a helmet: neighbours in space follow each other."""
    ring_mm = 0.55 * hypot(*fov_mm)
    radius_mm = 1.15 * pi * ring_mm / max(n_coils / 2, 4)
    angles = [2 * pi * (coil + 0.3) / n_coils for coil in range(n_coils)]
    heights = [(0.8 if coil % 2 else -0.8) * radius_mm for coil in range(n_coils)]
    return CoilArray(tuple(Loop((ring_mm * sin(t), ring_mm * cos(t), z), (-sin(t), -cos(t), 0.0), radius_mm) for t, z in zip(angles, heights, strict=True)))


def receive_sensitivity(loops: tuple[Loop, ...], points_mm: NDArray[np.float64]) -> NDArray[np.complex128]:
    """What each loop receives from a spin at a place.

    Model
        By reciprocity C = B_1 - i B_0 of a unit current in the loop: the transverse field along array axis 1 and axis 0, the main field being
        perpendicular to the slice.
    Parameters
        loops : of the array. points_mm : (2, ...), along array axis 0 and 1, in the plane of the slice.
    Returns
        (loop, ...), complex, microtesla per ampere.
    Assumes
        A slice across the main field, through the origin; no coupling between loops.
    Not modelled
        Wave effects, loading, slices along the main field.
    References
        Hoult 2000, 10.1002/1099-0534(2000)12:4<173::AID-CMR1>3.0.CO;2-Q (reciprocity).
    Oracle
        The loop's field (test_loop.py); Laplace's equation in the plane and mirror symmetry (tests/physics/mri/test_coils.py).
    """
    at = np.stack([points_mm[0], points_mm[1], np.zeros_like(points_mm[0])], axis=-1)
    fields = np.stack([loop_field(loop, at) for loop in loops])
    sensitivity: NDArray[np.complex128] = fields[..., 1] - 1j * fields[..., 0]
    return sensitivity


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Coil maps that can be asked anywhere, as cubic splines on a coarse grid.

    shapes : (coil, grid, grid) spline coefficients of the maps whose sum of squares is 1; None for one uniform coil. shading : (grid, grid)
    coefficients of the logarithm of the receive field; None where it is uniform. start, step : of the grid, in pixels from pixel 0.
    """

    shapes: NDArray[np.complex128] | None
    shading: NDArray[np.float64] | None
    start: tuple[float, float]
    step: tuple[float, float]

    @staticmethod
    def of(array: CoilArray | None, receive: ReceiveField | None, *, matrix: tuple[int, int], spacing_mm: tuple[float, float]) -> Sensitivity:
        """The maps of an array and a receive field on a matrix; kept between calls."""
        return _sensitivity(array, receive, matrix, spacing_mm)

    def at(self, pixels: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Maps (coil, ...) at places (2, ...) counted in pixels from pixel 0; beyond the margin the value of its edge."""
        grid = [(pixels[axis] - self.start[axis]).ravel() / self.step[axis] for axis in (0, 1)]
        found = _stencil(grid, self.n_grid) @ self._columns  # all coils share one set of spline weights
        maps = np.ones((1, found.shape[0]), dtype=np.complex128)
        if self.shapes is not None:
            parts = found[:, : 2 * len(self.shapes)]
            maps = np.ascontiguousarray(parts / np.sqrt((parts**2).sum(axis=1, keepdims=True))).view(np.complex128).T
        if self.shading is not None:
            maps = maps * np.exp(found[:, -1])
        return maps.reshape(len(maps), *pixels.shape[1:])

    @property
    def n_grid(self) -> int:
        """Nodes of the stored grid along each axis."""
        stored = self.shading if self.shapes is None else self.shapes
        return 1 if stored is None else stored.shape[-1]

    @cached_property
    def _columns(self) -> NDArray[np.float64]:
        """(node, real and imaginary part of each coil, then the shading) coefficients."""
        columns = [] if self.shapes is None else [part.ravel() for shape in self.shapes for part in (shape.real, shape.imag)]
        return np.stack([*columns, *([] if self.shading is None else [self.shading.ravel()])], axis=1)

    def maps(self, matrix: tuple[int, int], *, like: torch.Tensor | None = None) -> torch.Tensor:
        """Maps (coil, row, column) on the pixels of the picture, complex128 or as another tensor; kept between calls, so never to be changed in place."""
        return _on_pixels(self, matrix, torch.complex128, torch.device("cpu")) if like is None else _on_pixels(self, matrix, like.dtype, like.device)


def _stencil(grid: list[NDArray[np.float64]], n_grid: int) -> sparse.csr_array:
    """Matrix (place, node) of the cubic B-spline at places in grid steps: four nodes along each axis, the edge repeated."""
    nodes, weights = [], []
    for axis in (0, 1):
        at = np.clip(grid[axis], 0, n_grid - 1)
        cell = at.astype(np.int32)
        t = at - cell
        u = 1 - t
        weights.append(np.stack([u**3, 4 - 3 * t**2 * (1 + u), 4 - 3 * u**2 * (1 + t), t**3], axis=1) / 6)
        nodes.append(np.clip(cell[:, None] + np.arange(-1, 3, dtype=np.int32), 0, n_grid - 1))
    columns = nodes[0][:, :, None] * n_grid + nodes[1][:, None, :]
    values = weights[0][:, :, None] * weights[1][:, None, :]
    ends = np.arange(0, values.size + 1, 16, dtype=np.int32)
    return sparse.csr_array((values.ravel(), columns.ravel(), ends), shape=(len(values), n_grid**2))


@lru_cache(maxsize=8)
def _on_pixels(sensitivity: Sensitivity, matrix: tuple[int, int], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    if (dtype, device) != (torch.complex128, torch.device("cpu")):
        return sensitivity.maps(matrix).to(device=device, dtype=dtype)
    places = np.stack(np.meshgrid(*(np.arange(n, dtype=np.float64) for n in matrix), indexing="ij"))
    return torch.from_numpy(np.ascontiguousarray(sensitivity.at(places)))  # coil by coil in memory, as whatever is made of them


@lru_cache(maxsize=8)
def _sensitivity(array: CoilArray | None, receive: ReceiveField | None, matrix: tuple[int, int], spacing_mm: tuple[float, float]) -> Sensitivity:
    n_grid = round(GRID_CELLS * (1 + 2 * MARGIN)) + 1
    axes = [np.linspace(-MARGIN * n, (1 + MARGIN) * n, n_grid) for n in matrix]
    places = np.stack(np.meshgrid(*((axis - n // 2) * d for axis, n, d in zip(axes, matrix, spacing_mm, strict=True)), indexing="ij"))
    shapes = shading = None
    if array is not None:
        raw = receive_sensitivity(array.loops, places)
        raw /= np.sqrt((np.abs(raw) ** 2).sum(axis=0))
        shapes = np.stack([ndimage.spline_filter(shape, order=3, output=np.complex128, mode="nearest") for shape in raw])
    if receive is not None:
        combined = np.sqrt((np.abs(receive_sensitivity(receive.loops, places)) ** 2).sum(axis=0)) / receive.level
        shading = ndimage.spline_filter(np.log(combined), order=3, mode="nearest")
    return Sensitivity(shapes, shading, (float(axes[0][0]), float(axes[1][0])), (float(axes[0][1] - axes[0][0]), float(axes[1][1] - axes[1][0])))
