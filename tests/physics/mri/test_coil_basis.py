"""The fields that span moved coil maps."""

from __future__ import annotations

import numpy as np
import pytest

from physics import phantoms
from physics.mri.coil_basis import moved_basis
from physics.mri.coils import Sensitivity, surrounding_array
from physics.mri.motion import Motion, turned


@pytest.mark.parametrize(("tolerance", "error", "rank"), [(5e-5, 2e-4, 26), (1e-7, 2e-5, 60)])
def test_the_basis_gives_the_moved_maps_where_there_is_signal(tolerance, error, rank):
    """sum_r w_crj B_r(u) is C_c(R_j u + tau_j) for 90 poses up to 10 mm and 4 degrees; the rank stays small."""
    matrix, spacing = (72, 64), (3.0, 3.2)
    sensitivity = Sensitivity.of(surrounding_array(8, fov_mm=(216.0, 204.8)), None, matrix=matrix, spacing_mm=spacing)
    time = np.linspace(0, 1, 90)
    motion = Motion(np.stack([10 * np.sin(9 * time), 4 * np.sin(9 * time)], axis=1), 4 * np.sin(9 * time + 0.3), time)
    chosen = np.arange(3, 90)
    magnitude = phantoms.ellipses(matrix).double().numpy()
    basis, weights = moved_basis(sensitivity, motion, chosen, magnitude=magnitude, spacing_mm=spacing, tolerance=tolerance)
    assert basis.shape[1:] == matrix
    assert weights.shape == (8, len(basis), 87)
    assert len(basis) <= rank
    pixels = np.stack(np.meshgrid(*(np.arange(n, dtype=float) for n in matrix), indexing="ij"), axis=-1)
    centre = np.array([36, 32])
    for line in (0, 20, 55, 86):
        lies = turned((pixels - centre) * spacing, motion.angle_deg[chosen[line]]) + motion.shift_mm[chosen[line]]
        exact = sensitivity.at(np.moveaxis(lies / spacing + centre, -1, 0))
        found = np.einsum("cr,ryx->cyx", weights[:, :, line], basis)
        assert np.linalg.norm(magnitude * (found - exact)) < error * np.linalg.norm(magnitude * exact)
