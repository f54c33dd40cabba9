"""Bent gradients: harmonics, places, brightness and total signal."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from physics import fourier, phantoms
from physics.display import Display
from physics.measure.families import displacement
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.gradient_warp import GradientField, GradientWarp, across, along, bend_gradients, density_change, jacobian, largest_displacement, warped
from physics.mri.radial import Radial, read_radially
from physics.scan import EditConflict, acquire

NAME = "mri_gradient_nonlinearity"
AXIAL = GradientField("slice", (4.0, -6.0, 20.0), (1.0, 0.5), (1.0, 0.5))
SIDE = GradientField("rows", (3.0, 2.0, -10.0), (1.0, -0.15), (0.8, 0.4))
FRONT = GradientField("columns", (-5.0, 1.0, 8.0), (-1.0, 0.1), (-0.8, -0.4))


def gaussian(shape: tuple[int, int], at: tuple[float, float], width: float, *, finer: int = 1) -> torch.Tensor:
    rows, columns = (grid / finer for grid in fourier.centred_grid((shape[0] * finer, shape[1] * finer)))
    return torch.exp(-((rows - at[0]) ** 2 + (columns - at[1]) ** 2) / (2 * width**2))


def smooth(rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """A displacement in pixels, straight in each coordinate, so that halfway values are exact: different along either axis."""
    return torch.stack([0.9 + 0.06 * rows - 0.03 * columns, -1.4 + 0.05 * columns + 0.02 * rows])


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("coil", [across, along])
def test_harmonics_obey_laplace(coil, order, oracle):
    """The second differences of each order along three axes add up to nothing, and a unit stands for one unit at distance 1 on the axis."""
    weights = (1.0, 0.0) if order == 0 else (0.0, 1.0)
    h = 1e-2
    at = torch.tensor(np.random.default_rng(2).uniform(-0.8, 0.8, (3, 50)))
    steps = [h * torch.eye(3, dtype=torch.float64)[axis][:, None] for axis in range(3)]
    laplace = sum(coil(*(at + step), weights) + coil(*(at - step), weights) - 2 * coil(*at, weights) for step in steps) / h**2
    size = max(float((coil(*(at + step), weights) - 2 * coil(*at, weights) + coil(*(at - step), weights)).abs().max()) for step in steps) / h**2
    oracle(NAME, "harmonics obey Laplace's equation", laplace.abs().max() / size, below=2e-3)  # of second differences, exact up to fourth derivatives
    unit = torch.ones(1, dtype=torch.float64)
    assert float(coil(unit, 0 * unit, 0 * unit, weights)) == (-1.0 if order == 0 else 1.0)
    assert float(coil(-unit, 0 * unit, 0 * unit, weights)) == (1.0 if order == 0 else -1.0)


@pytest.mark.parametrize("shape", [(40, 33), (31, 44)])
def test_encoding_is_the_sum_over_moved_places(shape, oracle):
    """A Gaussian known at any place, summed four times finer than a pixel with its own phase at r + d: every sample of k-space."""
    at, width, finer = (2.5, -4.0), 2.2, 4
    rows, columns = (grid / finer for grid in fourier.centred_grid((shape[0] * finer, shape[1] * finer)))
    there = torch.stack([rows, columns]) + smooth(rows, columns)
    n0, n1 = (2 * math.pi * fourier.frequencies(n) / n for n in shape)
    values = gaussian(shape, at, width, finer=finer).flatten().to(torch.complex128) / finer**2
    left, right = torch.exp(-1j * n0[:, None] * there[0].flatten()), torch.exp(-1j * n1[:, None] * there[1].flatten())
    exact = (left * values) @ right.T / math.sqrt(shape[0] * shape[1])
    found = warped(fourier.to_kspace(gaussian(shape, at, width).to(torch.complex128))[None], smooth(*fourier.centred_grid(shape)))[0]
    oracle(NAME, "k-space is the sum over moved places", (found - exact).abs().max() / exact.abs().max(), below=1e-5)


@pytest.mark.parametrize("shape", [(7, 6), (6, 9), (1, 5)])
def test_places_up_to_the_edge_are_moved(shape):
    """Any picture, to its very edge: the band-limited sum at half pixels, displaced by a straight map that goes on beyond the last pixel centres."""
    picture = torch.randn(shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(4))
    found = warped(fourier.to_kspace(picture)[None], smooth(*fourier.centred_grid(shape)))[0].numpy()
    rows, columns = (grid / 2 for grid in fourier.centred_grid((2 * shape[0], 2 * shape[1])))
    moved = smooth(rows, columns)
    if shape[0] == 1:
        moved = smooth(torch.zeros_like(rows), columns)  # one row has no slope
    n0, n1 = (2 * np.pi * fourier.frequencies(n).numpy() / n for n in shape)
    phase = n0[:, None, None, None] * rows.numpy() + n1[None, :, None, None] * columns.numpy()
    turned = n0[:, None, None, None] * (rows + moved[0]).numpy() + n1[None, :, None, None] * (columns + moved[1]).numpy()
    places = np.einsum("nm,nmyx->yx", fourier.to_kspace(picture).numpy(), np.exp(1j * phase)) / math.sqrt(picture.numel())
    exact = np.einsum("yx,nmyx->nm", places, np.exp(-1j * turned)) / (4 * math.sqrt(picture.numel()))
    assert np.abs(found - exact).max() < 1e-5 * np.abs(exact).max()


@pytest.mark.parametrize("field", [AXIAL, SIDE, FRONT])
@pytest.mark.parametrize(("shape", "spacing"), [((128, 128), (2.0, 2.0)), ((121, 96), (1.5, 2.5))])
def test_places_and_brightness(field, shape, spacing, oracle):
    """Small spots land at r + d(r) within 0.05 px, which the inverse map takes back; a broad one is 1 / J as bright; the total signal stays."""

    def scan_of(picture: torch.Tensor) -> MRIScan:
        return MRIScan.of(picture, spacing_mm=spacing, phase=False)

    broad = scan_of(100 * gaussian(shape, (0.0, 0.0), 14.0))
    bent = bend_gradients(broad, field, largest_mm=9.0)
    event = bent.events[0]
    pixels = torch.tensor(spacing, dtype=torch.float64)[:, None, None]
    shift = event.displacement_mm(broad) / pixels
    before, after = acquire_kspace(broad)[0], acquire_kspace(bent)[0]
    oracle(NAME, "total signal is kept", (after[0, 0] - before[0, 0]).abs() / before[0, 0].abs(), below=1e-6)

    grid = torch.stack(fourier.centred_grid(shape))
    for at in ((18.0, 20.0), (-22.0, 9.0), (5.0, -25.0)):
        spot = acquire(scan_of(gaussian(shape, at, 1.6)).with_event(event))
        near = ((grid - torch.tensor(at, dtype=torch.float64)[:, None, None]) ** 2).sum(0) < 14**2
        centroid = (grid * (spot * near)).sum(dim=(1, 2)) / (spot * near).sum()
        index = (int(at[0]) + shape[0] // 2, int(at[1]) + shape[1] // 2)
        weight = gaussian(shape, at, 1.6)
        mean_shift = (shift * weight).sum(dim=(1, 2)) / weight.sum()
        oracle(NAME, "a spot is moved by the field, px", (centroid - torch.tensor(at) - mean_shift).norm(), below=0.05)
        assert float(shift[:, index[0], index[1]].norm()) > 0.2
        back = centroid.clone()  # r = r' - d(r), by iteration on the formula itself
        for _ in range(40):
            place = GradientWarp(field, event.scale_mm)
            back = centroid - at_place(place, back, shape, spacing)
        oracle(NAME, "the inverse map finds the spot again, px", (back - torch.tensor(at)).norm(), below=0.05)

    chosen = torch.tensor([[-12.0, 8.0], [10.0, 15.0], [20.0, -14.0], [-3.0, -21.0]], dtype=torch.float64)
    local = jacobian(event.displacement_mm(broad), spacing)
    for r in chosen:
        index = (int(r[0]) + shape[0] // 2, int(r[1]) + shape[1] // 2)
        there = r + shift[:, index[0], index[1]]
        n0, n1 = (2 * math.pi * fourier.frequencies(n) / n for n in shape)
        value = (torch.exp(1j * n0 * there[0])[:, None] * after * torch.exp(1j * n1 * there[1])[None]).sum().real / math.sqrt(shape[0] * shape[1])
        expected = 100 * math.exp(-float((r**2).sum()) / (2 * 14.0**2)) / float(local[index])
        oracle(NAME, "brightness is 1 / J", float(value) / expected - 1, below=5e-3)


def at_place(warp: GradientWarp, place_px: torch.Tensor, shape: tuple[int, int], spacing: tuple[float, float]) -> torch.Tensor:
    """d at one place off the grid, in pixels: the field's own shape with its isocentre moved so that the place is the centre pixel."""
    down, right, through = warp.field.isocentre_mm
    moved = (down - float(place_px[0]) * spacing[0], right - float(place_px[1]) * spacing[1], through)
    field = GradientField(warp.field.bore, moved, warp.field.transverse, warp.field.longitudinal)
    shape_there = field.shape(shape, spacing)[:, shape[0] // 2, shape[1] // 2]
    return warp.scale_mm * shape_there / torch.tensor(spacing, dtype=torch.float64)


def test_positive_weights_pull_inwards():
    """Across the bore, and along it at the ends of the axis, contours move towards the isocentre; the sign turns it round."""
    for bore in ("slice", "rows", "columns"):
        field = GradientField(bore, (0.0, 0.0, 0.0), (1.0, 0.0), (1.0, 0.0))
        shape = field.shape((65, 65), (1.0, 1.0))
        assert float(shape[0, 60, 32]) < 0 < float(shape[0, 4, 32])
        assert float(shape[1, 32, 60]) < 0 < float(shape[1, 32, 4])
        assert float(shape[:, 32, 32].norm()) == 0
        torch.testing.assert_close(GradientField(bore, (0.0, 0.0, 0.0), (-1.0, 0.0), (-1.0, 0.0)).shape((65, 65), (1.0, 1.0)), -shape)
    # Across a bore that runs down the rows, far from the isocentre along it, contours move outwards: 4 z^2 outweighs x^2.
    assert float(GradientField("rows", (0.0, 0.0, 0.0), (1.0, 0.0), (1.0, 0.0)).shape((65, 65), (1.0, 1.0))[1, 4, 40]) > 0


def test_the_slice_may_lie_beside_the_isocentre():
    """All three distances from the isocentre count in half diagonals: the third order along rows at one pixel, by hand."""
    field = GradientField("slice", (2.0, -3.0, 7.0), (1.0, 0.0), (0.0, 0.0))
    half = np.hypot(8 * 2.0, 6 * 3.0) / 2
    x, y, z = ((1 - 4) * 2.0 - 2.0) / half, ((5 - 3) * 3.0 + 3.0) / half, -7.0 / half
    down, right = field.shape((8, 6), (2.0, 3.0))[:, 1, 5].tolist()
    assert down == pytest.approx(x * (4 * z**2 - x**2 - y**2))
    assert right == pytest.approx(y * (4 * z**2 - x**2 - y**2))


def test_no_displacement_is_the_scan_itself():
    """Zero leaves the object; the body's largest displacement is what was asked; a second bend conflicts; nonsense is refused."""
    scan = MRIScan.of(100 * phantoms.ellipses((64, 64)), spacing_mm=(3.0, 3.0))
    assert bend_gradients(scan, AXIAL, largest_mm=0.0) is scan
    bent = bend_gradients(scan, AXIAL, largest_mm=7.0)
    moved = bent.displacement_mm()
    assert float(moved.norm(dim=0)[scan.body.support].max()) == pytest.approx(7.0)
    with pytest.raises(EditConflict):
        bend_gradients(bent, SIDE, largest_mm=1.0)
    for field, largest_mm in ((AXIAL, -1.0), (AXIAL, math.inf), (GradientField("slice", (0.0, 0.0, 0.0), (0.0, 0.0), (1.0, 1.0)), 1.0)):
        with pytest.raises(ValueError, match=r"largest_mm|shape"):
            bend_gradients(scan, field, largest_mm=largest_mm)


def test_any_path_meets_the_same_gradients(oracle):
    """Spokes of a bent body are the sum over moved places at the frequencies of the spokes: the encoding does not depend on the path."""
    shape, finer = (48, 48), 4
    radial = Radial(shape, 7, "even", 12.0)
    at, width = (3.0, -5.0), 2.4
    scan = MRIScan.of(gaussian(shape, at, width), spacing_mm=(4.0, 4.0), phase=False)
    bent = bend_gradients(scan, AXIAL, largest_mm=8.0)
    found = acquire_kspace(read_radially(bent, radial))[0]
    event = bent.events[0]
    fine = GradientField("slice", AXIAL.isocentre_mm, AXIAL.transverse, AXIAL.longitudinal).shape((48 * finer, 48 * finer), (4.0 / finer, 4.0 / finer))
    rows, columns = (grid / finer for grid in fourier.centred_grid((48 * finer, 48 * finer)))
    there = torch.stack([rows, columns]) + event.scale_mm * fine / 4.0
    angle = (math.radians(12) + math.pi / 7 * torch.arange(7, dtype=torch.float64))[:, None]
    k = torch.linspace(-math.pi, math.pi, 2 * 48 + 1, dtype=torch.float64)[None]
    w = torch.stack([k * torch.sin(angle), k * torch.cos(angle)]).flatten(1)
    values = gaussian(shape, at, width, finer=finer).flatten().to(torch.complex128) / finer**2
    exact = torch.exp(-1j * (w[0][:, None] * there[0].flatten() + w[1][:, None] * there[1].flatten())) @ values / math.sqrt(2 * 48 * 48)
    oracle(NAME, "spokes meet the same moved places", (found.flatten() - exact).abs().max() / exact.abs().max(), below=3e-3)
    torch.testing.assert_close(
        acquire_complex(bend_gradients(read_radially(scan, radial), AXIAL, largest_mm=8.0)), acquire_complex(read_radially(bent, radial))
    )


def test_noise_stays_where_the_anatomy_leaves(oracle):
    """Corners of the field that nothing is mapped to keep the noise of a source that has any; none where it has none, and no copy of a bright corner."""
    shape, sigma = (96, 96), 2.0
    rng = np.random.default_rng(3)
    noise = torch.from_numpy(np.hypot(*rng.normal(0, sigma, (2, *shape))))
    disc = 100.0 * (torch.hypot(*fourier.centred_grid(shape)) < 30)
    field = GradientField("slice", (0.0, 0.0, 0.0), (1.0, 0.4), (1.0, 0.4))
    corner = torch.zeros(shape, dtype=torch.bool)
    corner[:6, :6] = corner[-6:, :6] = corner[:6, -6:] = corner[-6:, -6:] = True
    for source_sigma in (sigma, 0.0):
        scan = MRIScan.of(torch.where(disc > 0, disc, noise), source_sigma=source_sigma, seed=1)
        power = float(acquire(bend_gradients(scan, field, largest_mm=8.0))[corner].square().mean())
        if source_sigma:
            oracle(NAME, "noise stays where the anatomy leaves, in three standard errors", (power / (2 * sigma**2) - 1) / (3 / math.sqrt(144)), below=1.0)
        else:
            assert power < 0.3 * 2 * sigma**2
    noise[:4, :4] = 50.0  # an arm at the edge of the field: it moves, and leaves nothing behind
    scan = MRIScan.of(torch.where(disc > 0, disc, noise), source_sigma=sigma, seed=1)
    assert float(acquire(bend_gradients(scan, field, largest_mm=8.0))[:4, :4].max()) < 8 * sigma


def test_only_thinned_air_is_topped_up():
    """What a source with noise gains against one without: in the air its own noise of that place, so that its square and the density 1 / |J| that is left
    add up to 1; nothing in the body, dark as it may be, nor at what is brighter than four deviations of noise."""
    shape, sigma = (96, 80), 0.05
    down, right = fourier.centred_grid(shape)
    body = torch.where(torch.hypot(down, right) < 20, 100.0, 0.0)
    body = torch.where(torch.hypot(down - 3, right + 2) < 9, 0.5 * sigma, body)  # a dark hole in it
    air = torch.where(torch.hypot(down, right) < 20, 0.0, 1.5 * sigma)
    arm = ((down - 30).abs() < 4) & ((right - 8).abs() < 4)
    source = (body + torch.where(arm, 3.0, air)).double()
    field = GradientField("slice", (0.0, 0.0, 0.0), (-1.0, 0.0), (-1.0, 0.0))  # pulls apart, most at the rim
    quiet, noisy = (MRIScan.of(source, source_sigma=level, spacing_mm=(2.0, 2.5), phase=False) for level in (0.0, sigma))
    event = bend_gradients(quiet, field, largest_mm=1.5).events[0]
    kspace = fourier.to_kspace(source.to(torch.complex128))[None]
    gain = fourier.to_picture(event.apply(kspace, noisy) - event.apply(kspace, quiet))[0].real
    assert float(gain[quiet.body.support | arm].abs().max()) < 1e-9
    pixels = torch.tensor((2.0, 2.5), dtype=torch.float64)[:, None, None]
    moved, local = event.displacement_mm(quiet) / pixels, jacobian(event.displacement_mm(quiet), (2.0, 2.5))
    for at in ((-40, 0), (38, 5), (4, -30), (-6, 28), (-33, -27), (33, -10)):
        there = [round(at[axis] + float(moved[axis, at[0] + 48, at[1] + 40])) for axis in (0, 1)]
        share = float(gain[there[0] + 48, there[1] + 40]) / (1.5 * sigma)
        assert share**2 + 1 / float(local[at[0] + 48, at[1] + 40]) == pytest.approx(1.0, abs=0.04)
        assert share > 0.2


def test_the_warp_is_measured():
    """Largest displacement, percentile of the canonical picture and density come from the field; a healthy scan has none."""
    scan = MRIScan.of(100 * phantoms.ellipses((64, 64), torch.float64), spacing_mm=(3.0, 3.0))
    view = View("mri", "head", Display("window", 0.0, 100.0), scan.body.support, (3.0, 3.0))
    picture = acquire(scan)
    plain, bent = (Pair(picture, picture, view, scan, other) for other in (scan, bend_gradients(scan, AXIAL, largest_mm=10.0)))
    assert displacement(plain).value == 0
    assert (largest_displacement(plain).value, density_change(plain).value) == (0.0, 0.0)
    assert largest_displacement(bent).value == pytest.approx(10.0)
    size = bent.scan.displacement_mm().norm(dim=0)[scan.body.support].numpy()
    assert displacement(bent).value == pytest.approx(np.percentile(size, 95) / 3.0 * 512 / 64, rel=1e-6)
    assert 3 < density_change(bent).value < 60
    assert bent.scan.displacement_mm().shape == (2, 64, 64)


def test_a_determinant_is_that_of_the_matrix():
    """Of a displacement that is linear in the place, in mm on oblong pixels, det(1 + A), shears and folds included."""
    rows, columns = fourier.centred_grid((12, 15))
    for a in ([[0.1, 0.4], [0.3, -0.2]], [[0.0, 0.7], [-0.6, 0.0]], [[-2.5, 0.2], [0.5, 0.3]]):
        place = torch.stack([1.5 * rows, 0.8 * columns])
        moved = torch.einsum("ab,brc->arc", torch.tensor(a, dtype=torch.float64), place)
        wanted = float(torch.linalg.det(torch.eye(2, dtype=torch.float64) + torch.tensor(a, dtype=torch.float64)))
        torch.testing.assert_close(jacobian(moved, (1.5, 0.8)), torch.full((12, 15), wanted, dtype=torch.float64))
