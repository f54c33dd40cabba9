"""SENSE over a sheared lattice: the voxels of a slab that fold onto one another are told apart by their coils."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from physics.fourier import to_picture
from physics.mri.folding import resized, with_size
from physics.mri.lattice import Lattice
from physics.mri.regular_sense import Rows


@dataclass(frozen=True, eq=False)
class LatticeSense:
    """SENSE over a sheared lattice.

    lattice, count : of the samples. covariance : of the channels' noise. maps : (alias, coil, row, column), penalty : (alias, row, column), of what folds onto
    each place of the slice, itself first, on a number of lines that the lattice divides. shift_mm : how far what the maps were measured on lay away.
    """

    lattice: Lattice
    count: int
    covariance: Rows
    maps: Tensor
    penalty: Tensor
    shift_mm: tuple[float, float]

    def __call__(self, kspace: Tensor, *, lines: Tensor | None, phase_axis: int) -> Tensor:
        """kspace (coil, row, column) of `SkippedLattice` to a complex picture (row, column)."""
        n_lines = kspace.shape[phase_axis + 1]
        weight = torch.from_numpy(self.lattice.step * self.lattice.share(n_lines, self.count) ** 0.5).to(kspace.real)
        weighted = kspace * (weight[:, None] if phase_axis == 0 else weight[None, :])
        aliased = to_picture(with_size(weighted, n_lines=self.maps.shape[phase_axis + 2], phase_axis=phase_axis))
        whitening, seen = self._white(kspace)
        right = seen.mH @ (whitening @ aliased.permute(1, 2, 0)[..., None])
        found = torch.linalg.solve(seen.mH @ seen + self._damping(seen), right)[..., 0, 0]
        return resized(found, n_lines=n_lines, phase_axis=phase_axis)

    def geometry_factor(self) -> Tensor:
        """(row, column) real: by how much unfolding amplifies the noise of the slice beyond the root of the samples left out.

        Model
            g = ([B A B]_00 [A]_00)^(1/2), A = S^H Psi^-1 S of the R voxels that fold onto one another, over lines and partitions, B = (A + diag p)^-1.
        References
            Breuer et al. 2006, 10.1002/mrm.20787; Pruessmann et al. 1999, eq. 23.
        Oracle
            Pseudo-replicas within 2 % (tests/physics/mri/test_caipi.py).
        """
        _, seen = self._white(self.maps)
        alike = seen.mH @ seen
        inverse = torch.linalg.inv(alike + self._damping(seen))
        spread = (inverse @ alike @ inverse)[..., 0, 0].real
        factor: Tensor = (spread * alike[..., 0, 0].real).clamp(min=0).sqrt()
        return factor

    def _white(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """What whitens the channels, and the whitened maps (row, column, coil, alias)."""
        whitening = torch.linalg.inv(torch.linalg.cholesky(torch.from_numpy(np.asarray(self.covariance)))).to(like)
        return whitening, whitening @ self.maps.to(like).permute(2, 3, 1, 0)

    def _damping(self, like: Tensor) -> Tensor:
        damping: Tensor = torch.diag_embed(self.penalty.permute(1, 2, 0)).to(like)
        return damping
