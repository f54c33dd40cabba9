"""Arrays, their sensitivities and their noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from physics.mri.coils import CoilArray, ReceiveField, Sensitivity, receive_sensitivity, surrounding_array, two_rows
from physics.mri.loop import Loop, loop_field

MATRIX, SPACING = (48, 40), (4.0, 5.0)


def pixel_places() -> np.ndarray:
    return np.stack(np.meshgrid((np.arange(48) - 24) * 4.0, (np.arange(40) - 20) * 5.0, indexing="ij"))


def test_reciprocity_takes_the_field_across_the_main_field():
    """C = B along axis 1 minus i B along axis 0, of the loop's own field in the plane."""
    loop = Loop((90.0, 30.0, 0.0), (-1.0, -0.4, 0.0), 50.0)
    field = loop_field(loop, np.array([10.0, -25.0, 0.0]))
    found = receive_sensitivity((loop,), np.array([10.0, -25.0]))
    assert found[0] == pytest.approx(field[1] - 1j * field[0])
    below = receive_sensitivity((Loop((100.0, 0.0, 0.0), (-1.0, 0.0, 0.0), 50.0),), np.array([[60.0, -60.0], [0.0, 0.0]]))
    assert abs(below[0, 0]) > 5 * abs(below[0, 1])  # a loop below (positive axis 0) hears what is below


def test_healthy_maps_are_the_loops_normalised():
    """On the pixels the splines agree with Biot-Savart divided by its root sum of squares, and the sum of squares is 1."""
    array = surrounding_array(6, fov_mm=(192.0, 200.0))
    maps = Sensitivity.of(array, None, matrix=MATRIX, spacing_mm=SPACING).maps(MATRIX).numpy()
    exact = receive_sensitivity(array.loops, pixel_places())
    exact /= np.sqrt((np.abs(exact) ** 2).sum(axis=0))
    assert maps.shape == (6, *MATRIX)
    assert np.abs(maps - exact).max() < 1e-4
    np.testing.assert_allclose((np.abs(maps) ** 2).sum(axis=0), 1.0, rtol=1e-12)


def test_maps_can_be_asked_between_pixels_and_beyond_the_edge():
    """A place half a pixel off and outside the field of view gives the field there, axes in order."""
    array = surrounding_array(4, fov_mm=(192.0, 200.0))
    places = np.array([[10.5, -4.0], [33.25, 20.0]])  # pixels
    found = Sensitivity.of(array, None, matrix=MATRIX, spacing_mm=SPACING).at(places)
    exact = receive_sensitivity(array.loops, np.stack([(places[0] - 24) * 4.0, (places[1] - 20) * 5.0]))
    exact /= np.sqrt((np.abs(exact) ** 2).sum(axis=0))
    assert np.abs(found - exact).max() < 1e-3


def test_a_receive_field_multiplies_every_channel():
    """With a receive field the root sum of squares is the loops' combined sensitivity over its level; channel shapes stay."""
    array = surrounding_array(4, fov_mm=(192.0, 200.0))
    receive = ReceiveField((Loop((0.0, 150.0, 0.0), (0.0, -1.0, 0.0), 60.0), Loop((-140.0, 0.0, 0.0), (1.0, 0.0, 0.0), 40.0)), level=0.7)
    combined = np.sqrt((np.abs(receive_sensitivity(receive.loops, pixel_places())) ** 2).sum(axis=0)) / 0.7
    alone = Sensitivity.of(None, receive, matrix=MATRIX, spacing_mm=SPACING).maps(MATRIX).numpy()
    np.testing.assert_allclose(alone[0].real, combined, rtol=1e-3)
    both = Sensitivity.of(array, receive, matrix=MATRIX, spacing_mm=SPACING).maps(MATRIX).numpy()
    shapes = Sensitivity.of(array, None, matrix=MATRIX, spacing_mm=SPACING).maps(MATRIX).numpy()
    np.testing.assert_allclose(both, shapes * alone, rtol=1e-9)


def test_sensitivities_are_harmonic():
    """Both transverse components solve Laplace's equation in space, so the map of a loop is smooth by physics, not by a filter."""
    loop, h = Loop((0.0, 100.0, 0.0), (0.0, -1.0, 0.0), 45.0), 0.5
    at = np.array([12.0, 20.0, 0.0])
    laplace = sum(loop_field(loop, at + h * e) + loop_field(loop, at - h * e) - 2 * loop_field(loop, at) for e in np.eye(3)) / h**2
    assert np.abs(laplace[:2]).max() < 1e-6


@pytest.mark.parametrize("n_coils", [2, 3, 8])
def test_the_noise_covariance_is_a_ring_of_neighbours(n_coils):
    """Unit diagonal, the coupling between neighbours (first and last too), Hermitian and positive."""
    covariance = surrounding_array(n_coils, fov_mm=(200.0, 200.0)).covariance()
    np.testing.assert_allclose(covariance, covariance.conj().T)
    np.testing.assert_allclose(np.diag(covariance), 1)
    assert np.linalg.eigvalsh(covariance).min() > 0.3
    assert covariance[0, 1] == 0.2 + 0.1j
    if n_coils > 2:
        assert covariance[n_coils - 1, 0] == 0.2 + 0.1j
    assert CoilArray(()).n_coils == 0


def test_the_surrounding_array_faces_the_centre_from_outside():
    """Every loop stands outside the field of view, its axis through the centre, in even steps."""
    loops = surrounding_array(8, fov_mm=(240.0, 180.0)).loops
    for loop in loops:
        assert np.hypot(*loop.centre_mm[:2]) > 0.5 * np.hypot(240, 180)
        np.testing.assert_allclose(np.cross(loop.centre_mm, loop.normal), 0, atol=1e-9)
        assert np.dot(loop.centre_mm, loop.normal) < 0
    angles = np.unwrap([np.arctan2(loop.centre_mm[0], loop.centre_mm[1]) for loop in loops])
    np.testing.assert_allclose(np.diff(angles), 2 * np.pi / 8)
    assert torch.tensor(angles).numel() == 8


@pytest.mark.parametrize(("n_coils", "fov"), [(4, (240.0, 180.0)), (8, (240.0, 180.0)), (2, (200.0, 150.0))])
def test_neighbouring_loops_overlap_by_fifteen_percent(n_coils, fov):
    """The diameters cover 1.15 of the ring, whose radius is 0.55 of the diagonal; fewer than four loops are as wide as four."""
    loops = surrounding_array(n_coils, fov_mm=fov).loops
    ring = 0.55 * math.sqrt(fov[0] ** 2 + fov[1] ** 2)
    for loop in loops:
        assert math.hypot(*loop.centre_mm) == pytest.approx(ring)
        assert math.hypot(*loop.normal) == pytest.approx(1.0)
        assert max(n_coils, 4) * 2 * loop.radius_mm == pytest.approx(1.15 * 2 * math.pi * ring)
    first = math.degrees(math.atan2(loops[0].centre_mm[0], loops[0].centre_mm[1]))  # from axis 1 towards axis 0
    assert first == pytest.approx(0.3 * 360 / n_coils)


def test_the_stored_grid_has_sixty_four_cells_and_a_margin():
    """Cells of FOV/64, and a fifth of the field of view beyond each edge, in pixels of either axis."""
    stored = Sensitivity.of(surrounding_array(4, fov_mm=(192.0, 200.0)), None, matrix=MATRIX, spacing_mm=SPACING)
    assert stored.start == pytest.approx((-0.2 * 48, -0.2 * 40))
    assert stored.step == pytest.approx((48 / 64, 40 / 64), rel=0.01)
    last = [start + step * (size - 1) for start, step, size in zip(stored.start, stored.step, stored.shapes.shape[1:], strict=True)]
    assert last == pytest.approx([1.2 * 48, 1.2 * 40])


def test_beyond_the_margin_a_map_keeps_the_value_of_its_edge():
    """Far outside, channels and shading are those of the nearest place of the stored grid, corner included."""
    receive = ReceiveField((Loop((0.0, 150.0, 0.0), (0.0, -1.0, 0.0), 60.0),), level=0.7)
    stored = Sensitivity.of(surrounding_array(3, fov_mm=(192.0, 200.0)), receive, matrix=MATRIX, spacing_mm=SPACING)
    outside, edge = np.array([[-90.0, 20.0, 300.0], [10.0, 99.0, -70.0]]), np.array([[-9.6, 20.0, 57.6], [10.0, 48.0, -8.0]])
    np.testing.assert_allclose(stored.at(outside), stored.at(edge), rtol=1e-12)
    alone = Sensitivity.of(None, receive, matrix=MATRIX, spacing_mm=SPACING)
    exact = np.abs(receive_sensitivity(receive.loops, np.stack([(edge[0] - 24) * 4.0, (edge[1] - 20) * 5.0]))[0]) / 0.7
    np.testing.assert_allclose(alone.at(outside)[0].real, exact, rtol=0.02)


def test_another_slice_sees_the_loops_from_its_own_height():
    """The maps of a slice 40 mm up are the loops' transverse fields at z = 40 mm over their root sum of squares; two rows lie above and below the middle."""
    array = two_rows(16, fov_mm=(200.0, 240.0))
    shape, spacing = (20, 24), (10.0, 10.0)
    found = Sensitivity.of(array.seen_from(40.0), None, matrix=shape, spacing_mm=spacing).maps(shape)
    y, x = np.meshgrid((np.arange(20) - 10) * 10.0, (np.arange(24) - 12) * 10.0, indexing="ij")
    fields = np.stack([loop_field(loop, np.stack([y, x, np.full_like(y, 40.0)], axis=-1)) for loop in array.loops])
    raw = fields[..., 1] - 1j * fields[..., 0]
    np.testing.assert_allclose(found.numpy(), raw / np.sqrt((np.abs(raw) ** 2).sum(axis=0)), atol=2e-5)
    ring, radius = 0.55 * math.hypot(200.0, 240.0), 1.15 * math.pi * 0.55 * math.hypot(200.0, 240.0) / 8
    for coil, loop in enumerate(array.loops):
        angle = 2 * math.pi * (coil + 0.3) / 16
        assert loop.centre_mm == pytest.approx((ring * math.sin(angle), ring * math.cos(angle), (0.8 if coil % 2 else -0.8) * radius))
        assert loop.normal == pytest.approx((-math.sin(angle), -math.cos(angle), 0.0))
        assert loop.radius_mm == pytest.approx(radius)
    heights = np.array([loop.centre_mm[2] for loop in array.loops])
    assert heights[::2].max() < 0 < heights[1::2].min()
    assert abs(heights.mean()) < 1e-9
    level = Sensitivity.of(array, None, matrix=shape, spacing_mm=spacing).maps(shape)
    assert float((found - level).abs().max()) > 0.1
