"""Orthonormal wavelets of Daubechies as matrices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# Low-pass filter with four vanishing moments (Daubechies 1988, table 1, N = 4); its sum is sqrt(2).
DB4 = (
    0.23037781330885523,
    0.7148465705525415,
    0.6308807679295904,
    -0.02798376941698385,
    -0.18703481171888114,
    0.030841381835986965,
    0.032883011666982945,
    -0.010597401784997278,
)

TILE = 16  # samples that are transformed together
HALF = TILE // 2  # outputs of each band
TAIL = len(DB4) - 2  # samples after the tile that its last output needs
REACH = TAIL // 2  # outputs before its own that a sample is made of


@lru_cache(maxsize=32)
def level_matrix(n: int) -> NDArray[np.float64]:
    """One periodic level on n samples (even): rows of the low-pass, then of the high-pass; orthogonal."""
    if n % 2:
        raise ValueError(f"{n} samples: a wavelet level needs an even number")
    low = np.asarray(DB4)
    high = low[::-1] * np.where(np.arange(len(low)) % 2, -1.0, 1.0)
    matrix = np.zeros((n, n))
    for row in range(n // 2):
        for tap in range(len(low)):
            matrix[row, (2 * row + tap) % n] += low[tap]
            matrix[n // 2 + row, (2 * row + tap) % n] += high[tap]
    return matrix


def _multiple(n: int, step: int) -> int:
    """The next multiple of a step."""
    return -(-n // step) * step


@dataclass(frozen=True, eq=False)
class Wavelet:
    """A picture's wavelet transform, db4 with periodic borders, on the next larger grid whose sides are multiples of 2^levels.

    The rows and columns that a picture lacks are unknowns beside it (`extended`, `cut`), so that its last ones are parts of wavelets like all others.
    """

    shape: tuple[int, int]  # of pictures
    grid: tuple[int, int]  # of the transform
    matrices: tuple[tuple[Tensor, Tensor], ...]  # per level, for axis 0 and axis 1

    @staticmethod
    def of(shape: tuple[int, int], *, levels: int = 3, dtype: torch.dtype = torch.float32, device: torch.device | None = None) -> Wavelet:
        """The transform of pictures of a shape; fewer levels where a side is short."""
        while levels and min(_multiple(n, 2**levels) >> (levels - 1) for n in shape) < len(DB4):
            levels -= 1
        grid = (_multiple(shape[0], 2**levels), _multiple(shape[1], 2**levels))
        sides = [[torch.from_numpy(level_matrix(n >> level)).to(device, dtype) for n in grid] for level in range(levels)]
        return Wavelet(shape, grid, tuple((down, right) for down, right in sides))

    def extended(self, picture: Tensor) -> Tensor:
        """A picture on the grid: what it lacks leads straight from its last row to its first, and likewise for columns."""
        for axis, n in enumerate(self.grid):
            n_more = n - picture.shape[axis]
            if n_more:
                share = torch.arange(1, n_more + 1, dtype=picture.real.dtype) / (n_more + 1)
                ends = picture.narrow(axis, -1, 1), picture.narrow(axis, 0, 1)
                picture = torch.cat([picture, torch.lerp(*ends, (share[:, None] if axis == 0 else share).to(picture))], dim=axis)
        return picture

    def padded(self, picture: Tensor) -> Tensor:
        """A picture on the grid, zero where it has nothing: the adjoint of `cut`."""
        return torch.nn.functional.pad(picture, (0, self.grid[1] - self.shape[1], 0, self.grid[0] - self.shape[0]))

    def cut(self, picture: Tensor) -> Tensor:
        """The picture's part of the grid."""
        return picture[: self.shape[0], : self.shape[1]]

    @property
    def approximation(self) -> tuple[slice, slice]:
        """Where the coefficients of the coarsest picture lie."""
        if not self.matrices:
            return slice(None), slice(None)
        down, right = self.matrices[-1]
        return slice(down.shape[0] // 2), slice(right.shape[0] // 2)

    def analyse(self, picture: Tensor) -> Tensor:
        """Coefficients of a complex picture on the grid, same shape; the approximation lies in the upper left corner."""
        out = picture.clone()
        for down, right in self.matrices:
            rows, columns = down.shape[0], right.shape[0]
            across = _analysed_rows(out[:rows, :columns], down)
            out[:rows, :columns] = _analysed_columns(across, right)
        return out

    def synthesise(self, coefficients: Tensor) -> Tensor:
        """The inverse, which is also the adjoint."""
        out = coefficients.clone()
        for down, right in reversed(self.matrices):
            rows, columns = down.shape[0], right.shape[0]
            across = _synthesised_rows(out[:rows, :columns], down)
            out[:rows, :columns] = _synthesised_columns(across, right)
        return out


# A level of n samples is a matrix with eight entries a row. It is applied in tiles of 16 samples and the few that follow or precede them: one batched
# product of small dense matrices on overlapping views of the picture, a twentieth of the work of the whole matrix.


def _tile(level: Tensor) -> Tensor:
    """(16, 22): eight low-pass and eight high-pass outputs of 22 samples; every tile of the level is this one, moved on."""
    half = level.shape[0] // 2
    return torch.cat([level[:HALF, : TILE + TAIL], level[half : half + HALF, : TILE + TAIL]])


def _is_tiled(level: Tensor) -> bool:
    return level.shape[0] >= 2 * TILE and level.shape[0] % TILE == 0


def _side_by_side(block: Tensor) -> Tensor:
    """Complex (row, column) as real (row, 2 columns): real and imaginary part of a sample beside each other."""
    return torch.view_as_real(block.contiguous()).flatten(1)


def _analysed_rows(block: Tensor, level: Tensor) -> Tensor:
    real = _side_by_side(block)
    n_rows, width = real.shape
    if not _is_tiled(level):
        return _complex(level @ real)
    longer = torch.cat([real, real[:TAIL]])
    views = longer.as_strided((n_rows // TILE, TILE + TAIL, width), (TILE * width, width, 1))
    tiles = torch.matmul(_tile(level), views)  # (tile, low then high, column)
    return _complex(tiles.reshape(-1, 2, HALF, width).transpose(0, 1).reshape(n_rows, width))


def _synthesised_rows(block: Tensor, level: Tensor) -> Tensor:
    real = _side_by_side(block)
    n_rows, width = real.shape
    if not _is_tiled(level):
        return _complex(level.T @ real)
    bands = real.reshape(2, n_rows // 2, width)
    longer = torch.cat([bands[:, -REACH:], bands], dim=1)  # a sample is made of the outputs at its own place and REACH before it
    n_tiles = n_rows // TILE
    views = longer.as_strided((2, n_tiles, HALF + REACH, width), ((n_rows // 2 + REACH) * width, HALF * width, width, 1))
    inner, half = slice(TILE, 2 * TILE), n_rows // 2
    tile = [level[part + HALF - REACH : part + 2 * HALF, inner].T for part in (0, half)]
    return _complex((torch.matmul(tile[0], views[0]) + torch.matmul(tile[1], views[1])).reshape(n_rows, width))


def _analysed_columns(block: Tensor, level: Tensor) -> Tensor:
    real = _side_by_side(block)
    n_rows, width = real.shape
    if not _is_tiled(level):
        return _complex(_doubled(_side_by_side(block), level.T))
    longer = torch.cat([real, real[:, : 2 * TAIL]], dim=1)
    n_tiles = width // (2 * TILE)
    views = longer.as_strided((n_tiles, n_rows, 2 * (TILE + TAIL)), (2 * TILE, longer.shape[1], 1))
    tiles = torch.matmul(views, _pairwise(_tile(level).T))  # (tile, row, low then high with their parts)
    return _complex(tiles.reshape(n_tiles, n_rows, 2, 2 * HALF).permute(1, 2, 0, 3).reshape(n_rows, width))


def _synthesised_columns(block: Tensor, level: Tensor) -> Tensor:
    real = _side_by_side(block)
    n_rows, width = real.shape
    if not _is_tiled(level):
        return _complex(_doubled(real, level))
    bands = real.reshape(n_rows, 2, width // 2)
    longer = torch.cat([bands[..., -2 * REACH :], bands], dim=-1)
    n_tiles, stored = width // (2 * TILE), longer.shape[-1]
    inner, half = slice(TILE, 2 * TILE), level.shape[0] // 2
    found = torch.zeros(())
    for band, part in enumerate((0, half)):
        views = longer.as_strided((n_tiles, n_rows, 2 * (HALF + REACH)), (2 * HALF, 2 * stored, 1), band * stored)
        found = found + torch.matmul(views, _pairwise(level[part + HALF - REACH : part + 2 * HALF, inner]))
    return _complex(found.permute(1, 0, 2).reshape(n_rows, width))


def _pairwise(matrix: Tensor) -> Tensor:
    """The matrix for samples whose real and imaginary part lie beside each other."""
    return torch.kron(matrix.contiguous(), torch.eye(2, dtype=matrix.dtype, device=matrix.device))


def _doubled(real: Tensor, matrix: Tensor) -> Tensor:
    """Rows of complex samples, parts side by side, times a real matrix."""
    rows = real.shape[0]
    return (real.reshape(rows, -1, 2).transpose(1, 2) @ matrix).transpose(1, 2).reshape(rows, -1)


def _complex(real: Tensor) -> Tensor:
    return torch.view_as_complex(real.reshape(real.shape[0], -1, 2))
