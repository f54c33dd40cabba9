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


@dataclass(frozen=True, eq=False)
class Wavelet:
    """A picture's wavelet transform, db4 with periodic borders; rows and columns beyond the last multiple of 2^levels are left as they are."""

    matrices: tuple[tuple[Tensor, Tensor], ...]  # per level, for axis 0 and axis 1

    @staticmethod
    def of(shape: tuple[int, int], *, levels: int = 3, dtype: torch.dtype = torch.float32) -> Wavelet:
        """The transform of pictures of a shape; fewer levels where a side is short."""
        matrices = []
        block = [n - n % 2**levels for n in shape]
        for level in range(levels):
            sides = [n >> level for n in block]
            if min(sides) < len(DB4):
                break
            matrices.append((torch.from_numpy(level_matrix(sides[0])).to(dtype), torch.from_numpy(level_matrix(sides[1])).to(dtype)))
        return Wavelet(tuple(matrices))

    def analyse(self, picture: Tensor) -> Tensor:
        """Coefficients of a complex picture, same shape; the approximation lies in the upper left corner."""
        out = picture.clone()
        for down, right in self.matrices:
            rows, columns = down.shape[0], right.shape[0]
            out[:rows, :columns] = _both_sides(down, out[:rows, :columns], right.T)
        return out

    def synthesise(self, coefficients: Tensor) -> Tensor:
        """The inverse, which is also the adjoint."""
        out = coefficients.clone()
        for down, right in reversed(self.matrices):
            rows, columns = down.shape[0], right.shape[0]
            out[:rows, :columns] = _both_sides(down.T, out[:rows, :columns], right)
        return out


def _both_sides(left: Tensor, block: Tensor, right: Tensor) -> Tensor:
    """left @ block @ right for real matrices and a complex block: real and imaginary part side by side."""
    parts = left @ torch.stack([block.real, block.imag]) @ right
    return torch.complex(parts[0], parts[1])
