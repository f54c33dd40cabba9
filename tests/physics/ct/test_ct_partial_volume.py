"""Partial volume: the logarithm of mean quanta, its closed forms, and the profile of the slice."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from physics.ct import CTScan, lower_dose
from physics.ct.fbp import reconstruct
from physics.ct.geometry import Fan, Grid, Parallel
from physics.ct.kernel import STANDARD
from physics.ct.partial_volume import Sensitivity, ThickSlice, ray_change, slice_thickness_mm, thicken
from physics.ct.slab import Slab, layer_weights, slice_rays
from physics.ct.spectrum import hu_change
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire

GRID = Grid((101, 110), (1.8, 1.6))
TURN = Fan(n_views=240, n_channels=300, channel_mm=1.7)
PARALLEL = Parallel(n_views=180, n_channels=260, channel_mm=0.9)


def scan_of(slices, index, *, step_mm=1.0, geometry=TURN, dtype=torch.float64, grid=GRID):
    hu = torch.tensor(np.stack(slices), dtype=dtype)
    scan = CTScan.of(hu[index], spacing_mm=grid.spacing_mm, n0=3e5, kernel=STANDARD)
    return replace(scan, geometry=geometry, slab=Slab(hu, index, step_mm))


def water():
    return 1000 * disc(GRID, radius_mm=70.0) - 1000


def bones():
    """Two dense rods beside each other."""
    return 1200 * (disc(GRID, radius_mm=9.0, centre_mm=(-32, 4)) + disc(GRID, radius_mm=9.0, centre_mm=(30, -6)))


@pytest.mark.parametrize("geometry", [TURN, PARALLEL], ids=["fan", "parallel"])
def test_a_slice_half_filled_has_its_closed_form(geometry, oracle):
    """Bone above a plane, none below: p = -ln((1 + exp(-D)) / 2) beside the water, D the path through bone; interpolation between the slices aside."""
    slices = [water() + (bones() if k >= 12 else 0) for k in range(24)]
    scan = scan_of(slices, 11, step_mm=0.5, geometry=geometry)
    change = ray_change(scan, Sensitivity(8.0, 0.0))
    d = slice_rays(scan, 14) - slice_rays(scan, 11)
    z, share = Sensitivity(8.0).sub_slices(0.5)
    through = layer_weights(scan.slab, z)[12:].sum(axis=0) @ share  # the share of the layer that holds bone: half, and an eighth of a step
    assert through == pytest.approx(0.5 - 0.25 / 8.0, abs=1e-3)
    closed = -torch.log(1 - through + through * torch.exp(-d))
    sharp = d > 0.05
    error = float((change - closed)[sharp].abs().max() / closed.max())
    oracle("ct_partial_volume", "two tissues in one slice against -ln of their mean quanta", error, below=0.02)
    assert float((closed - through * d).min()) < -0.01  # what the logarithm adds is far above that error
    assert float((change - closed).abs().max()) < 0.2 * float((closed - through * d).abs().max())


def test_quanta_weigh_more_than_the_mean(oracle):
    """Jensen: no ray of a thick slice is longer than the mean of its sub-slices; where the body is the same on every level they are equal."""
    rng = np.random.default_rng(3)
    slices = [water() + 400 * rng.standard_normal() * bones() / 1200 + 300 * disc(GRID, radius_mm=6.0, centre_mm=(4.0 * k - 20, 20)) for k in range(13)]
    scan, profile = scan_of(slices, 6), Sensitivity(7.0, 0.2)
    z, share = profile.sub_slices(1.0)
    weights = layer_weights(scan.slab, z) @ share
    linear = sum(w * (slice_rays(scan, k) - slice_rays(scan, 6)) for k, w in enumerate(weights))
    excess = ray_change(scan, profile) - linear
    oracle("ct_partial_volume", "rays above the mean of their sub-slices", max(float(excess.max()), 0.0), below=1e-9)
    assert float(excess.min()) < -1e-3
    upright = scan_of([water() + bones()] * 13, 6)
    oracle("ct_partial_volume", "an upright body, HU", float((acquire(thicken(upright, profile)) - upright.hu).abs().max()), below=1e-6)


def test_weak_matter_is_the_mean_of_the_slices(oracle):
    """Where the rays differ little the picture is the weighted mean of the slices: fat and muscle that change from level to level, band-limited blobs."""
    y, x = (v[:, None] if axis == 0 else v[None] for axis, v in enumerate(GRID.centred_mm()))
    slices = [water() + 30 * math.sin(k) * np.exp(-((x - 3 * k + 18) ** 2 + (y - 8) ** 2) / 200) for k in range(13)]
    scan, profile = scan_of(slices, 6), Sensitivity(6.0, 0.3)
    z, share = profile.sub_slices(1.0)
    mean = np.tensordot(layer_weights(scan.slab, z) @ share, np.stack(slices), axes=1)
    found = acquire(thicken(scan, profile)).numpy()
    oracle("ct_partial_volume", "weak matter against the mean of the slices", np.abs(found - mean).max() / np.abs(mean - slices[6]).max(), below=0.03)


def test_two_bones_that_end_in_the_slice_darken_what_lies_between(oracle):
    """The band on the line through both rods is that of the reconstructed excess -ln(mean quanta) - mean, deeper than anywhere else in the water."""
    slices = [water() + (bones() if k >= 10 else 0) for k in range(20)]
    scan = scan_of(slices, 9)
    profile = Sensitivity(8.0, 0.1)
    z, share = profile.sub_slices(1.0)
    weights = layer_weights(scan.slab, z) @ share
    linear = sum(w * (slice_rays(scan, k) - slice_rays(scan, 9)) for k, w in enumerate(weights) if abs(w) > 1e-9)
    excess = hu_change(reconstruct(ray_change(scan, profile) - linear, scan.geometry, grid=GRID), mu_water=scan.mu_water)
    found = acquire(thicken(scan, profile)) - scan.hu - torch.tensor(np.tensordot(weights, np.stack(slices), axes=1) - slices[9])
    y, x = GRID.centred_mm()
    along = np.abs(y[:, None] - (-1 - (x[None] + 1) * 10 / 62)) < 4
    between = torch.tensor(along & (np.abs(x[None] + 1) < 12))
    across = torch.tensor((np.abs(x[None]) < 12) & (np.abs(y[:, None]) > 25) & (np.abs(y[:, None]) < 50))
    assert float(excess[between].mean()) < -8
    assert float(excess[across].mean().abs()) < 2.5
    oracle("ct_partial_volume", "dark band between two bones, HU", float((found - excess)[between].mean()), below=1.0)


@pytest.mark.parametrize("slope", [0.0, 0.25, 1.0])
def test_the_profile_has_its_width(slope, oracle):
    """A thin plate that passes through the slice draws the profile: full width at half maximum; an oblique edge is as wide as its 10 to 90 % say."""
    profile = Sensitivity(6.0, slope)
    z = np.linspace(-8, 8, 3201)
    seen = np.array(
        [layer_weights(Slab(torch.zeros((81, 2, 2)), 40, 0.25), profile.sub_slices(0.25)[0] - at)[40] @ profile.sub_slices(0.25)[1] for at in z[::20]]
    )
    above = z[::20][seen >= seen.max() / 2]
    oracle("ct_partial_volume", "width of the response to a plate over the thickness, less 1", (above[-1] - above[0]) / 6.0 - 1, below=0.05)
    area = np.cumsum(profile.at(z)) / profile.at(z).sum()
    rise = np.interp([0.1, 0.9], area, z)
    expected = {0.0: 4.8, 0.25: 4.8, 1.0: 6.0 * 2 * (1 - math.sqrt(0.2))}[slope]
    assert rise[1] - rise[0] == pytest.approx(expected, rel=0.02)
    assert profile.equivalent_mm == pytest.approx(math.sqrt(12 * float((profile.at(z) * z**2).sum() / profile.at(z).sum())), rel=1e-3)
    assert profile.half_extent_mm == pytest.approx(3 * (1 + slope))
    assert len(profile.sub_slices(0.5)[0]) == 24 * (1 + slope)  # two to a step, over the whole extent
    assert float(profile.at(np.array(2.9999))) == pytest.approx(0.5 if slope else 1.0, abs=1e-3)


def test_it_joins_the_chain():
    """Quanta see the thick slice whatever the order of the edits; float32 agrees within 1 HU; the source is not written to."""
    slices = [water() + (bones() if k >= 7 else 0) for k in range(13)]
    scan, profile = scan_of(slices, 6), Sensitivity(5.0, 0.2)
    before = scan.slab.hu.clone()
    one = acquire(lower_dose(thicken(scan, profile), 0.2, seed=4))
    assert torch.equal(one, acquire(thicken(lower_dose(scan, 0.2, seed=4), profile)))
    single = scan_of(slices, 6, dtype=torch.float32)
    assert float((acquire(thicken(single, profile)) - acquire(thicken(scan, profile))).abs().max()) < 1.0
    assert torch.equal(scan.slab.hu, before)
    assert isinstance(thicken(scan, profile).events[0], ThickSlice)


def test_what_makes_no_sense_is_refused():
    """No slab, one that is thinner than the slice, a second profile, sizes out of range; 0 is the scan itself."""
    scan = scan_of([water()] * 7, 3)
    assert thicken(scan, Sensitivity(0.0)) is scan
    thicken(scan, Sensitivity(7.0, 0.3))
    with pytest.raises(ValueError, match=r"3\.5 mm to the nearer side; 3\.6 mm"):
        thicken(scan, Sensitivity(7.2))
    with pytest.raises(ValueError, match="single picture"):
        thicken(replace(scan, slab=None), Sensitivity(2.0))
    with pytest.raises(EditConflict, match="made by ThickSlice"):
        thicken(thicken(scan, Sensitivity(3.0)), Sensitivity(3.0))
    for given in ((-1.0, 0.0), (51.0, 0.0), (3.0, 1.1), (3.0, -0.1)):
        with pytest.raises(ValueError, match="thickness of 0 to 50"):
            Sensitivity(*given)


def test_the_thickness_is_read_off():
    """Source and profile add in squares; a slice without a slab has none."""
    scan = scan_of([water()] * 7, 3)
    view = View("ct", "head", Display("brain 80/40", 0.0, 80.0), torch.ones(GRID.shape, dtype=torch.bool), GRID.spacing_mm)
    edited = thicken(scan, Sensitivity(3.0, 0.5))
    assert slice_thickness_mm(Pair(scan.hu, scan.hu, view, scan, edited)).value == pytest.approx(math.sqrt(1 + 9 * 1.25))
    assert slice_thickness_mm(Pair(scan.hu, scan.hu, view, scan, scan)).value == 1.0
    single = replace(scan, slab=None)
    assert slice_thickness_mm(Pair(scan.hu, scan.hu, view, single, single)).value is None
