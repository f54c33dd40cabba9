"""Coil maps as splines: what was measured stays, noise and gaps are bridged, and beyond the picture the maps go on as they were."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from physics.fourier import centred_grid
from physics.mri.smooth_maps import smooth_sensitivity

Oracle = Callable[..., None]
SHAPES = [(64, 48), (97, 120), (170, 90)]  # blocks of one, two and three pixels


def angle_at(row: np.ndarray | Tensor, column: np.ndarray | Tensor, shape: tuple[int, int]):  # type: ignore[no-untyped-def]
    """A slope of its own along each axis, in units of the field of view."""
    return 0.5 + 0.5 * row / shape[0] + 0.3 * column / shape[1]


def maps_of(shape: tuple[int, int]) -> Tensor:
    """Two coils, cos and i sin of a linear angle: sum of squares 1, and as good as straight."""
    row, column = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) for n in shape), indexing="ij")
    angle = angle_at(row, column, shape)
    return torch.stack([torch.cos(angle), 1j * torch.sin(angle)])


def disc_energy(shape: tuple[int, int]) -> Tensor:
    """Signal in a disc off the centre; none elsewhere."""
    down, right = (at / n for at, n in zip(centred_grid(shape), shape, strict=True))
    return ((down - 0.03) ** 2 + (right + 0.05) ** 2 < 0.42**2).double() * 100


@pytest.mark.parametrize("shape", SHAPES)
def test_maps_come_back_and_go_on(shape: tuple[int, int], oracle: Oracle) -> None:
    """Inside the body to a hundredth; at its corners, where nothing was received, and a sixth of the field beyond each edge, as straight as they came."""
    found = smooth_sensitivity(maps_of(shape), disc_energy(shape))
    inside = disc_energy(shape) > 0
    error = (found.maps(shape) - maps_of(shape)).abs()
    oracle("mri_kspace", "smooth maps come back inside the body", float(error[:, inside].max()), below=0.005)
    assert float(error.max()) < 0.1
    row, column = np.meshgrid(*(np.linspace(-0.16 * n, 1.16 * n, 41) for n in shape), indexing="ij")
    beyond = found.at(np.stack([row, column]))
    angle = angle_at(row, column, shape)
    assert np.abs(beyond[0] - np.cos(angle)).max() < 0.2
    assert np.abs(beyond[1] - 1j * np.sin(angle)).max() < 0.2


@pytest.mark.parametrize("shape", SHAPES)
def test_beyond_each_edge_maps_go_on(shape: tuple[int, int]) -> None:
    """Measured over the whole picture, a map that leans by 1 and 0.6 per field leans on by as much beyond all four edges; held there 0.16 would lack."""
    row, column = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) / n for n in shape), indexing="ij")
    angle = 0.1 + row + 0.6 * column
    found = smooth_sensitivity(torch.stack([torch.cos(angle), torch.sin(angle)]).to(torch.complex128), torch.ones(shape))
    place = np.stack(np.meshgrid(*(np.linspace(-0.16, 1.15, 40) for _ in shape), indexing="ij"))
    beyond = found.at(place * np.array(shape)[:, None, None])
    told = 0.1 + place[0] + 0.6 * place[1]
    assert np.abs(np.angle(beyond[0].real + 1j * beyond[1].real) - told).max() < 0.05


@pytest.mark.parametrize("shape", SHAPES)
def test_a_wave_of_coils_keeps_its_place(shape: tuple[int, int]) -> None:
    """Two and three cycles over the field, unlike along the axes: neither moved by a fraction of a pixel nor turned."""
    row, column = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) / n for n in shape), indexing="ij")
    angle = 2 * torch.pi * (2 * row + 3 * column)
    maps = torch.stack([torch.polar(torch.full_like(angle, 0.8), angle), torch.full_like(angle, 0.6).to(torch.complex128)])
    error = (smooth_sensitivity(maps, torch.ones(shape)).maps(shape) - maps).abs()
    assert float(error[:, 4:-4, 4:-4].max()) < 0.02  # half a pixel of 97 along three cycles would be 0.08


def test_dark_places_have_no_say() -> None:
    """Maps of noise where there is a thousandth of the energy do not reach the fit; scaling all energy changes nothing."""
    shape = (80, 72)
    maps, energy = maps_of(shape), disc_energy(shape)
    noisy = torch.where(energy > 0, maps, torch.stack([torch.zeros(shape), torch.ones(shape)]).to(maps))
    found = smooth_sensitivity(noisy, energy.clamp(min=0.1)).maps(shape)
    middle = disc_energy(shape) > 0
    assert float((found - maps).abs()[:, middle].max()) < 0.02
    torch.testing.assert_close(smooth_sensitivity(noisy, 1e6 * energy.clamp(min=0.1)).maps(shape), found, atol=1e-9, rtol=0)
    heard = smooth_sensitivity(noisy, energy.clamp(min=1.0)).maps(shape)  # a hundredth of the energy weighs 0.01^2 / (0.01 + 0.02), a three-hundredth
    assert float((heard - maps).abs()[:, middle].max()) < 0.06


def test_bright_pixels_speak_for_their_block() -> None:
    """Within a block the mean is weighted by energy: dark pixels that say something else are not heard."""
    shape = (160, 160)  # blocks of two pixels
    maps = maps_of(shape)
    even = (torch.arange(160) % 2 == 0)[:, None].expand(shape)
    wrong = torch.where(even, maps, -maps)
    energy = torch.where(even, 1.0, 0.0).double()
    error = (smooth_sensitivity(wrong, energy).maps(shape) - maps).abs()
    assert float(error.max()) < 0.01


@pytest.mark.parametrize("shape", SHAPES)
def test_splines_lie_a_fortieth_of_the_field_apart(shape: tuple[int, int]) -> None:
    """Their grid reaches a fifth of the field beyond each edge: 57 nodes, the first at -n / 5, the last at 6 n / 5."""
    found = smooth_sensitivity(maps_of(shape), torch.ones(shape))
    assert found.shapes is not None
    assert found.shapes.shape == (2, 57, 57)
    assert found.start == pytest.approx([-n / 5 for n in shape])
    assert found.step == pytest.approx([n / 40 for n in shape])


@pytest.mark.parametrize("end", [0, -1])
def test_every_pixel_is_heard(end: int) -> None:
    """Signal in the first or the last row alone, of blocks of two and three pixels: the map there is the one that is found there."""
    for shape in ((160, 90), (170, 90)):
        energy = torch.zeros(shape)
        energy[end] = 1.0
        found = smooth_sensitivity(maps_of(shape), energy).maps(shape)
        assert float((found - maps_of(shape)).abs()[:, end, 4:-4].max()) < 0.02
