"""Circular cone beam: oblique rays in closed form, the slice made of them pixel by pixel, and what it leaves alone."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from physics.ct import CTScan, lower_dose
from physics.ct.body import body_radius_mm
from physics.ct.cone_beam import Cone, oblique_rays, oblique_weights, slice_of_rows
from physics.ct.geometry import Fan, Grid, Parallel
from physics.ct.kernel import STANDARD
from physics.ct.off_plane import OffPlane, cone_angle_deg, cone_of, layers_of, off_plane_mm, scan_off_plane
from physics.ct.slab import Slab
from physics.ct.spectrum import hu_change, mu_of
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire

GRID = Grid((90, 96), (2.2, 2.0))
TURN = Fan(n_views=240, n_channels=260, channel_mm=2.0)
# x, y, z, standard deviation in the slice and along z, HU
LENSES = ((-38.0, 14.0, 3.0, 11.0, 4.5, 1500.0), (33.0, -8.0, -4.0, 13.0, 5.0, 1200.0), (6.0, 40.0, 5.0, 9.0, 4.5, 1400.0))


def scan_of(slices, index, *, step_mm=1.0, grid=GRID, dtype=torch.float64):
    hu = torch.tensor(np.stack(slices), dtype=dtype)
    scan = CTScan.of(hu[index], spacing_mm=grid.spacing_mm, n0=3e5, kernel=STANDARD)
    return replace(scan, geometry=TURN, slab=Slab(hu, index, step_mm))


def lenses(*, z_sign=1, grid=GRID, dtype=torch.float64):
    y, x = (v[:, None] if axis == 0 else v[None] for axis, v in enumerate(grid.centred_mm()))
    flat = [a * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * w * w)) for cx, cy, _, w, _, a in LENSES]
    upright = 1000 * disc(grid, radius_mm=80.0) - 1000  # keeps the work grid wide and does nothing else
    slices = [upright + sum(f * math.exp(-((z - z_sign * b[2]) ** 2) / (2 * b[4] ** 2)) for f, b in zip(flat, LENSES, strict=True)) for z in range(-24, 25)]
    return scan_of(slices, 24, grid=grid, dtype=dtype)


@cache
def picture(distance_mm, *, z_sign=1, dtype=torch.float64):
    """The slice at a distance from the mid-plane, made once."""
    return acquire(scan_off_plane(lenses(z_sign=z_sign, dtype=dtype), distance_mm))


def oblique(theta, s, row_mm, source_mm, distance_mm, mu_water):
    """Line integrals of the lenses along the ray of a row, by horizontal length: a Gaussian along a straight line."""
    tilt, total = row_mm / source_mm, 0.0
    for cx, cy, cz, w, wz, a in LENSES:
        near, along = s - cx * np.cos(theta) - cy * np.sin(theta), cx * np.sin(theta) - cy * np.cos(theta)
        over = (
            row_mm * np.sqrt(source_mm**2 - s**2) / source_mm - distance_mm - cz + tilt * along
        )  # height above the lens where the ray is nearest in the plane
        apart = near**2 / w**2 + over**2 / (wz**2 + tilt**2 * w**2)
        total = total + a * np.exp(-apart / 2) * np.sqrt(2 * math.pi / (1 / w**2 + tilt**2 / wz**2))
    return total * mu_water / 1000


def test_views_are_taken_a_few_at_a_time():
    """Thirty-six views, which no eight divide, are every other one of seventy-two."""
    scan = lenses()
    cone = replace(cone_of(scan, 45.0), n_views=36)
    layers = layers_of(scan, cone)
    volume, weights = mu_of(layers.hu, mu_water=scan.mu_water).permute(1, 2, 0).contiguous().numpy(), oblique_weights(cone, layers)
    np.testing.assert_allclose(oblique_rays(volume, cone, weights), oblique_rays(volume, replace(cone, n_views=72), weights)[::2], atol=1e-6)


@pytest.mark.parametrize("distance_mm", [45.0, -30.0])
def test_rows_are_read_twice_as_densely_as_they_are_high(distance_mm):
    """From the row that meets the far rim of the circle to the one that meets the near rim, in the fewest equal steps of half a row or less, and one more."""
    cone = replace(cone_of(lenses(), distance_mm), row_mm=0.7)
    rim, rows = float(cone.across_mm[-1]), cone.rows_mm
    ends = [distance_mm * cone.source_mm / (cone.source_mm + side * rim) for side in (1, -1)]
    np.testing.assert_allclose((rows[1], rows[-2]), ends)
    step = np.abs(np.diff(rows))
    np.testing.assert_allclose(step, step[0])
    assert step[0] <= cone.row_mm / 2 + 1e-12
    assert abs(ends[1] - ends[0]) / max(len(rows) - 4, 1) > cone.row_mm / 2  # a step fewer would be too few


def test_the_ramp_ends_as_a_cosine():
    """A line of one pixel in the middle of every view: its width times 2 pi times the integral of f cos(pi f / 2 N) up to the Nyquist frequency N, which is
    (8 / pi) (pi / 2 - 1) N^2."""
    cone = Cone(20.0, 541.0, 81, 1.5, 2.0)
    rays = np.zeros((cone.n_views, len(cone.rows_mm), 81), dtype=np.float32)
    rays[:, :, 40] = 1.0
    told = 1.5 * 8 / math.pi * (math.pi / 2 - 1) / (2 * 1.5) ** 2
    assert float(slice_of_rows(rays, cone)[40, 40]) == pytest.approx(told, rel=0.01)


def test_the_work_grid_is_as_wide_as_the_body_or_the_picture():
    """1.06 radii and 8 mm to either side, no wider than the longer side of the picture, on at most 160 pixels that are no finer than the picture's."""
    small = scan_of([1000 * disc(GRID, radius_mm=50.0) - 1000] * 25, 12)
    cone = cone_of(small, 30.0)
    assert body_radius_mm(small) == pytest.approx(50.0, abs=4.0)
    assert cone.pixel_mm == 2.0
    assert cone.n_px == math.ceil(1.06 * body_radius_mm(small) + 8.0)  # half of it in pixels of 2 mm, twice
    assert (cone.row_mm, cone.source_mm, cone.distance_mm) == (2.0, TURN.source_mm, 30.0)
    for grid, longer in ((Grid((100, 60), (2.5, 2.0)), 250.0), (Grid((60, 100), (2.0, 2.5)), 250.0)):
        full = cone_of(scan_of([np.zeros(grid.shape)] * 25, 12, grid=grid), 30.0)
        assert full.n_px * full.pixel_mm == pytest.approx(longer, abs=full.pixel_mm)


def test_the_work_grid_keeps_off_the_source_and_within_160_pixels():
    """Six tenths of the way to a near source; pixels of 1/160 of the width where the picture's are finer."""
    near = replace(scan_of([np.zeros((100, 100))] * 25, 12, grid=Grid((100, 100), (2.5, 2.5))), geometry=replace(TURN, source_mm=150.0))
    assert cone_of(near, 30.0).n_px == math.ceil(2 * 0.6 * 150.0 / 2.5)
    fine = cone_of(scan_of([np.zeros((240, 240))] * 25, 12, grid=Grid((240, 240), (0.5, 0.5))), 30.0)
    assert (fine.n_px, fine.pixel_mm) == (160, 0.75)


def test_layers_are_the_slices_on_the_work_grid():
    """A Gaussian blob of 3 mm in water on pixels of 0.5 by 1 mm, seen on pixels of 1.9 mm: HU as they were, the second moments grown by those of the
    averaging, a quarter of the difference of the squared pixels along each axis; air beyond the circle though the picture holds tissue there."""
    grid = Grid((600, 300), (0.5, 1.0))
    y, x = (v[:, None] if axis == 0 else v[None] for axis, v in enumerate(grid.centred_mm()))
    plain = np.zeros(grid.shape)
    blob = 400 * np.exp(-((x - 20) ** 2 + (y + 31) ** 2) / (2 * 3.0**2))
    cone = cone_of(scan_of([plain] * 25, 12, grid=grid), 30.0)
    assert cone.pixel_mm == pytest.approx(300 / 160)
    without, found = (layers_of(scan_of([one] * 25, 12, grid=grid), cone).hu[7].double().numpy() for one in (plain, plain + blob))
    across = cone.across_mm
    assert float(without[80, 80]) == pytest.approx(0.0, abs=0.1)
    assert float(without[0, 0]) == float(without[-1, 3]) == -1000.0
    weight = (found - without) / (found - without).sum()
    for moment, at, spacing in ((weight.sum(axis=1), -31.0, 0.5), (weight.sum(axis=0), 20.0, 1.0)):
        middle = float(moment @ across)
        assert middle == pytest.approx(at, abs=0.05)
        assert float(moment @ (across - middle) ** 2) == pytest.approx(9.0 + (cone.pixel_mm**2 - spacing**2) / 4, rel=0.03)


def test_the_change_fades_within_four_millimetres_of_the_rim():
    """On a picture whose pixels are those of the work grid: what the rows make, times the distance from the circle over 4 mm where that is below 1."""
    grid = Grid((90, 90), (2.0, 2.0))
    ramp = 30.0 * np.arange(-12, 13)
    pattern = np.indices(grid.shape).sum(axis=0) % 17 * 40.0
    scan = scan_of([pattern + step * (1 + pattern / 300) for step in ramp], 12, grid=grid)
    cone = cone_of(scan, 40.0)
    assert (cone.n_px, cone.pixel_mm) == (90, 2.0)
    layers = layers_of(scan, cone)
    rays = oblique_rays(mu_of(layers.hu, mu_water=scan.mu_water).permute(1, 2, 0).contiguous().numpy(), cone, oblique_weights(cone, layers))
    inner = cone.across_mm[-1] - np.hypot(cone.across_mm[:, None], cone.across_mm[None])
    expected = hu_change(torch.from_numpy(slice_of_rows(rays, cone) * np.clip(inner / 4.0, 0, 1)), mu_water=scan.mu_water)
    found = OffPlane(40.0).apply(torch.zeros(grid.shape, dtype=torch.float64), scan)
    torch.testing.assert_close(found, expected, atol=0.05, rtol=1e-3)
    assert float(expected[(inner > 0) & (inner < 3)].abs().max()) > 5


@pytest.mark.parametrize(("count", "index", "step_mm", "each"), [(25, 12, 1.5, 10), (25, 10, 1.0, 8), (9, 4, 3.0, 5)])
def test_layers_reach_as_far_as_the_slab(count, index, step_mm, each):
    """To the outer face of the outermost slice on the farther side, in rows of 2 mm or slices that are thicker: 12.5 x 1.5 / 2 = 9.4, 14.5 / 2 = 7.3, 4.5."""
    scan = scan_of([1000 * disc(GRID, radius_mm=50.0) - 1000] * count, index, step_mm=step_mm)
    layers = layers_of(scan, cone_of(scan, 30.0))
    assert layers.hu.shape[0] == 2 * each + 1
    assert (layers.index, layers.step_mm) == (each, max(2.0, step_mm))


@pytest.mark.parametrize("distance_mm", [45.0, -30.0])
def test_oblique_rays_of_gaussian_lenses(distance_mm, oracle):
    """Every tenth view, all rows: against the closed form, and the rays in the slice against theirs."""
    scan = lenses()
    cone = cone_of(scan, distance_mm)
    layers = layers_of(scan, cone)
    volume = mu_of(layers.hu, mu_water=scan.mu_water).permute(1, 2, 0).contiguous().numpy()
    found = oblique_rays(volume, cone, oblique_weights(cone, layers))
    theta = (2 * math.pi * np.arange(cone.n_views) / cone.n_views)[::10, None, None]
    s, rows = cone.across_mm[None, None], cone.rows_mm[None, :, None]
    flat = oblique(theta, s, 0.0, cone.source_mm, 0.0, scan.mu_water)
    expected = oblique(theta, s, rows, cone.source_mm, distance_mm, scan.mu_water) - flat
    oracle("ct_cone_beam", "oblique rays of Gaussian lenses", np.abs(found[::10] - expected).max() / flat.max(), below=0.02)
    assert np.abs(expected).max() > 0.1 * flat.max()


def directly(scan, distance_mm, points):
    """The change at some points by filtering closed projections on the very row that each view needs: no rows, no work grid, no interpolation."""
    source, pitch, n_views = TURN.source_mm, 1.0, 400
    offsets = np.arange(-250, 251)
    kernel = np.where(offsets % 2 == 1, -1.0 / (math.pi * np.where(offsets == 0, 1, offsets) * pitch) ** 2, 0.0)
    kernel[offsets == 0] = 1 / (4 * pitch**2)
    found = []
    for x, y in points:
        total = 0.0
        for theta in 2 * math.pi * np.arange(n_views) / n_views:
            at, along = x * math.cos(theta) + y * math.sin(theta), x * math.sin(theta) - y * math.cos(theta)
            row = distance_mm * source / (math.sqrt(source**2 - at**2) + along)
            s = at + offsets * pitch
            difference = oblique(theta, s, row, source, distance_mm, scan.mu_water) - oblique(theta, s, 0.0, source, 0.0, scan.mu_water)
            total += float((kernel * difference).sum() * pitch)
        found.append(total * math.pi / n_views * 1000 / scan.mu_water)
    return np.array(found)


@pytest.mark.parametrize("distance_mm", [35.0, -60.0])
def test_the_slice_agrees_pixel_by_pixel_with_closed_projections(distance_mm, oracle):
    """In and about the lenses, and where there is nothing: within 2 HU, where lenses of 1500 HU change by 10 to 30."""
    scan = lenses()
    change = (acquire(scan_off_plane(scan, distance_mm)) - scan.hu).numpy()
    pixels = [(51, 29), (41, 65), (63, 51), (58, 40), (45, 48), (30, 40), (52, 22), (40, 75)]
    y, x = GRID.centred_mm()
    expected = directly(scan, distance_mm, [(x[column], y[row]) for row, column in pixels])
    found = np.array([change[pixel] for pixel in pixels])
    assert expected.min() < -8
    oracle("ct_cone_beam", "the slice from closed projections, HU in bodies of 1500 HU", np.abs(found - expected).max(), below=2.0)


def test_upright_bodies_and_the_mid_plane_are_left_alone(oracle):
    """The same on every level, table included: below 0.1 HU; 0 mm is the scan itself."""
    upright = 1000 * disc(GRID, radius_mm=60.0) - 1000 + 900 * disc(GRID, radius_mm=8.0, centre_mm=(30, -20))
    upright[86:88] = 300.0
    scan = scan_of([upright] * 25, 12)
    oracle("ct_cone_beam", "an upright body, HU", float((acquire(scan_off_plane(scan, 60.0)) - scan.hu).abs().max()), below=0.1)
    assert scan_off_plane(scan, 0.0) is scan


def test_both_sides_of_the_mid_plane_mirror_each_other():
    """A body upside down on the other side looks the same; on the same side it does not."""
    one, other = picture(40.0), picture(-40.0, z_sign=-1)
    torch.testing.assert_close(one, other, atol=0.5, rtol=0)
    assert float((one - picture(-40.0)).abs().max()) > 3


def test_a_plate_loses_what_oblique_rays_miss(oracle):
    """A wide plate as thick as the slab's middle: in its centre the rays leave it at |u| = thickness / 2 over the tilt; the loss by quadrature of the ramp."""
    half, radius, z = 4.5, 70.0, 60.0
    slices = [1000 * disc(GRID, radius_mm=radius) * (abs(k) <= 4) - 1000 for k in range(-20, 21)]
    scan = scan_of(slices, 20)
    change = acquire(scan_off_plane(scan, z)) - scan.hu
    s = np.arange(-120, 121) * 0.5
    full, ends = np.sqrt(np.maximum(radius**2 - s**2, 0)), half * TURN.source_mm / z
    lost = scan.mu_water * 2 * (np.minimum(full, ends) - full)
    offsets = np.arange(-120, 121)
    kernel = np.where(offsets % 2 == 1, -1.0 / (math.pi * np.where(offsets == 0, 1, offsets) * 0.5) ** 2, 0.0)
    kernel[120] = 1 / (4 * 0.25)
    expected = math.pi * float((kernel * lost).sum() * 0.5) * 1000 / scan.mu_water
    found = float(change[43:47, 46:50].mean())
    assert expected < -50
    oracle("ct_cone_beam", "loss in the middle of a plate", found / expected - 1, below=0.03)


def test_it_joins_the_chain():
    """Noise and tilt in either order; float32 within 1 HU; the slab is not written to; the kernel of the picture is not applied twice."""
    scan = lenses()
    before = scan.slab.hu.clone()
    assert torch.equal(acquire(lower_dose(scan_off_plane(scan, 30.0), 0.3, seed=2)), acquire(scan_off_plane(lower_dose(scan, 0.3, seed=2), 30.0)))
    assert float((picture(40.0) - picture(40.0, dtype=torch.float32)).abs().max()) < 1.0
    assert torch.equal(scan.slab.hu, before)
    assert isinstance(scan_off_plane(scan, 30.0).events[0], OffPlane)


def test_what_makes_no_sense_is_refused_and_the_rest_is_read_off():
    """Too far, no slab, a thin one, parallel beam, twice; distance and angle of the cone."""
    scan = lenses()
    with pytest.raises(ValueError, match="80 mm to either side"):
        scan_off_plane(scan, -80.1)
    with pytest.raises(ValueError, match="single picture"):
        scan_off_plane(replace(scan, slab=None), 20.0)
    with pytest.raises(ValueError, match="nearer side"):
        scan_off_plane(replace(scan, slab=replace(scan.slab, index=9)), 20.0)
    with pytest.raises(EditConflict, match="parallel"):
        scan_off_plane(replace(scan, geometry=Parallel()), 20.0)
    edited = scan_off_plane(scan, -54.1)
    with pytest.raises(EditConflict, match="made by OffPlane"):
        scan_off_plane(edited, 1.0)
    view = View("ct", "head", Display("brain 80/40", 0.0, 80.0), torch.ones(GRID.shape, dtype=torch.bool), GRID.spacing_mm)
    assert off_plane_mm(Pair(scan.hu, scan.hu, view, scan, edited)).value == 54.1
    assert cone_angle_deg(Pair(scan.hu, scan.hu, view, scan, edited)).value == pytest.approx(math.degrees(math.atan(0.1)))
    assert off_plane_mm(Pair(scan.hu, scan.hu, view, scan, scan)).value == 0.0
