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


@pytest.mark.parametrize("box", [(slice(20, 61), slice(9, 50)), (slice(0, 73), slice(30, 61))])
def test_a_box_of_an_odd_picture_has_the_maps_that_lie_there(box):
    """Rows and columns that begin anywhere, odd sizes, turns about the centre pixel: the moved maps where the box lies in the picture."""
    matrix, spacing = (73, 61), (3.0, 3.2)
    sensitivity = Sensitivity.of(surrounding_array(5, fov_mm=(219.0, 195.2)), None, matrix=matrix, spacing_mm=spacing)
    time = np.linspace(0, 1, 73)
    motion = Motion(np.stack([4 * np.sin(9 * time), 6 * np.sin(7 * time)], axis=1), 15 * np.sin(9 * time), time)
    magnitude = np.ones(matrix)
    basis, weights = moved_basis(sensitivity, motion, np.arange(2, 73), magnitude=magnitude, spacing_mm=spacing, tolerance=1e-7, box=box)
    pixels = np.stack(np.meshgrid(*(np.arange(n, dtype=float) for n in matrix), indexing="ij"), axis=-1)[box]
    for line in (0, 13, 70):
        lies = turned((pixels - (36, 30)) * spacing, motion.angle_deg[2 + line]) + motion.shift_mm[2 + line]
        exact = sensitivity.at(np.moveaxis(lies / spacing + (36, 30), -1, 0))
        found = np.einsum("cr,ryx->cyx", weights[:, :, line], basis)
        assert np.linalg.norm(found - exact) < 3e-4 * np.linalg.norm(exact)


def test_the_unit_of_the_picture_and_the_precision_decide_what_they_should():
    """A millionth of the signal gives the same fields and weights; the basis is as precise as the tolerance asks."""
    matrix, spacing = (48, 40), (4.0, 4.5)
    sensitivity = Sensitivity.of(surrounding_array(4, fov_mm=(192.0, 180.0)), None, matrix=matrix, spacing_mm=spacing)
    time = np.linspace(0, 1, 48)
    motion = Motion(np.stack([6 * time, -3 * time], axis=1), 3 * time, time)
    magnitude = phantoms.ellipses(matrix).double().numpy()
    one, small = (moved_basis(sensitivity, motion, np.arange(1, 48), magnitude=unit * magnitude, spacing_mm=spacing, tolerance=5e-5) for unit in (1.0, 1e-6))
    assert one[0].shape == small[0].shape
    assert one[0].dtype == np.complex64
    inside = magnitude > 0.1
    fields, rescaled = (np.einsum("crl,rp->clp", weights, basis[:, inside]) for basis, weights in (one, small))
    np.testing.assert_allclose(rescaled, fields, atol=1e-5)
    empty = moved_basis(sensitivity, motion, np.arange(1, 48), magnitude=0 * magnitude, spacing_mm=spacing, tolerance=1e-7)
    assert empty[0].dtype == np.complex128
    assert np.isfinite(empty[0]).all()
