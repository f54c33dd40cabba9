"""The slices about a slice: which of them a layer is made of, and their rays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from physics.ct import CTScan
from physics.ct.acquire import rays_of
from physics.ct.geometry import Fan, Grid
from physics.ct.slab import Slab, attenuating_slice, between, layer_weights, missing_slab, slab_of, slice_kernel, slice_rays

GRID = Grid((61, 70), (3.0, 2.5))
TURN = Fan(n_views=120, n_channels=220, channel_mm=2.4)


def slab(n=21, index=9, step_mm=1.25):
    return Slab(torch.zeros((n, 2, 2)), index, step_mm)


@pytest.mark.parametrize("width_mm", [0.0, 0.7, 2.5, 6.1])
def test_layers_keep_constants_ramps_and_parabolas(width_mm):
    """1, z and z^2 at any height: the mean over the layer, which for z^2 is h^2 + c^2 / 12."""
    held, heights = slab(), np.linspace(-3.1, 4.3, 23)
    weights = layer_weights(held, heights, width_mm=width_mm)
    z = held.z_mm[:, None]
    np.testing.assert_allclose(weights.sum(axis=0), 1.0, atol=1e-12)
    np.testing.assert_allclose((weights * z).sum(axis=0), heights, atol=1e-4)
    np.testing.assert_allclose((weights * z**2).sum(axis=0), heights**2 + width_mm**2 / 12, atol=1e-3)


def test_a_thin_layer_at_a_slice_is_that_slice():
    """The interpolation passes through the slices."""
    held = slab()
    np.testing.assert_allclose(layer_weights(held, held.z_mm), np.eye(21), atol=1e-12)


def test_a_gaussian_is_averaged_over_the_layer():
    """Of 4 mm standard deviation, against its mean by quadrature, within 0.1 %."""
    held = slab(41, 20, 1.0)
    values = np.exp(-(held.z_mm**2) / 32)
    for height, width in ((0.0, 5.0), (2.3, 3.0), (-4.6, 8.0)):
        z = height + (np.arange(2000) + 0.5) / 2000 * width - width / 2
        assert layer_weights(held, np.array(height), width_mm=width) @ values == pytest.approx(np.exp(-(z**2) / 32).mean(), abs=1e-3)


def test_beyond_the_slab_the_body_goes_on_as_its_outermost_slice():
    """Far above only the last slice counts, far below only the first."""
    held = slab()
    weights = layer_weights(held, np.array([40.0, -40.0]), width_mm=2.0)
    np.testing.assert_allclose(weights[:, 0], np.eye(21)[20], atol=1e-12)
    np.testing.assert_allclose(weights[:, 1], np.eye(21)[0], atol=1e-12)


@pytest.mark.parametrize("height", [-12.8, -10.0, -9.1, -7.7, 9.8, 11.4, 12.7, 15.2])
@pytest.mark.parametrize("width", [0.0, 2.0, 7.2])
@pytest.mark.parametrize("step_mm", [0.6, 3.3])
def test_a_layer_that_reaches_beyond_the_slab_is_that_of_a_longer_one(height, width, step_mm):
    """Nine slices below and eleven above the picture, height and width in steps: the weights of
    a slab three times as long, those beyond counted to the ends."""
    place = {"height_mm": np.array(height * step_mm), "width_mm": width * step_mm}
    here, longer = layer_weights(slab(step_mm=step_mm), **place), layer_weights(slab(81, 39, step_mm), **place)
    np.testing.assert_allclose(here, np.concatenate(([longer[:31].sum()], longer[31:50], [longer[50:].sum()])), atol=1e-12)


@pytest.mark.parametrize("width_mm", [0.7, 2.5, 6.1])
def test_the_kernel_of_a_layer_is_the_mean_of_what_lies_between(width_mm):
    """Against a sum over 20000 heights, within what straight lines between the nodes of its table cost."""
    distance = np.linspace(-7.0, 7.0, 57)
    z = (np.arange(20000) + 0.5) / 20000 * width_mm - width_mm / 2
    expected = [between((d - z) / 1.25).mean() for d in distance]
    np.testing.assert_allclose(slice_kernel(width_mm, 1.25)(distance), expected, atol=1e-5)


def test_the_kernel_of_a_layer_has_an_end():
    """Half its thickness and two steps."""
    kernel = slice_kernel(3.0, 1.5)
    assert kernel(np.array(1.5 + 3.0 + 0.01)) == 0.0
    assert kernel(np.array(1.5 + 3.0 - 0.2)) != 0.0
    np.testing.assert_allclose(kernel(np.array([0.7])), kernel(np.array([-0.7])))


def scan_of(n=5, index=2, step_mm=2.0, padding=None):
    hu = torch.tensor(np.stack([(900.0 + 40 * k) * disc(GRID, radius_mm=50.0 + 3 * k) - 1000 for k in range(n)]), dtype=torch.float64)
    if padding is not None:
        hu[:, :4] = padding
    scan = CTScan.of(hu[index], spacing_mm=GRID.spacing_mm, padding_value=padding)
    return replace(scan, geometry=TURN, slab=Slab(hu, index, step_mm))


def test_rays_of_the_middle_are_the_scans_own_and_others_are_those_of_their_slices():
    """The very tensor; another slice gives what a scan of that slice would give."""
    scan = scan_of()
    assert slice_rays(scan, 2) is rays_of(scan)
    other = replace(scan, hu=scan.slab.hu[4].clone())
    torch.testing.assert_close(slice_rays(scan, 4), rays_of(other))
    assert slice_rays(scan, 4) is slice_rays(scan, 4)


@pytest.mark.parametrize("padding", [-2000.0, -1024.0])
def test_padding_of_a_slice_is_air(padding):
    """Whatever mark the maker chose; nothing else changes."""
    scan = scan_of(padding=padding)
    seen = attenuating_slice(scan, 0)
    assert bool((seen[:4] == -1000).all())
    assert torch.equal(seen[4:], scan.slab.hu[0, 4:])


def test_slabs_that_say_too_little_are_told():
    """None, coarse, short on one side; half a step beyond the last slice still counts."""
    scan = scan_of()
    assert missing_slab(scan, 5.0) is None
    assert "5.1 mm are needed" in missing_slab(scan, 5.1)
    assert "reach 3.0 mm to the nearer side" in missing_slab(replace(scan, slab=replace(scan.slab, index=1)), 5.0)
    assert "reach 1.0 mm" in missing_slab(replace(scan, slab=replace(scan.slab, index=4)), 5.0)
    assert "4.0 mm apart" in missing_slab(replace(scan, slab=replace(scan.slab, step_mm=4.0)), 5.0)
    assert missing_slab(replace(scan, slab=replace(scan.slab, step_mm=3.5)), 5.0) is None
    assert "single picture" in missing_slab(replace(scan, slab=None), 0.0)
    with pytest.raises(ValueError, match="single picture"):
        slab_of(replace(scan, slab=None))
