"""Metal artefact reduction: exact where a straight line is the truth, wrong where it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from physics.ct import CTScan
from physics.ct.acquire import beam_of
from physics.ct.band_measures import streak_hu
from physics.ct.fbp import reconstruct
from physics.ct.geometry import Fan, Grid, Parallel
from physics.ct.implant import Ellipse
from physics.ct.kernel import STANDARD
from physics.ct.metal import insert_metal
from physics.ct.metal_reduction import Reduction, bridged, prior_of, reduce_metal, segmented
from physics.ct.spectrum import hu_change
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire

GRID = Grid((181, 150), (1.2, 1.5))
FAN = Fan(n_views=360)
STEEL = (Ellipse("steel", -28.0, 5.0, 6.0, 6.0), Ellipse("steel", 28.0, -4.0, 6.0, 6.0))


def body(*, bones=False, geometry=FAN, dtype=torch.float32):
    hu = 1000 * disc(GRID, radius_mm=90.0) - 1000
    if bones:
        hu = hu + 900 * (disc(GRID, radius_mm=9.0, centre_mm=(0.0, 50.0)) + disc(GRID, radius_mm=9.0, centre_mm=(5.0, -52.0)))
    scan = CTScan.of(torch.tensor(hu, dtype=dtype), spacing_mm=GRID.spacing_mm, n0=5e6, kernel=STANDARD)
    return replace(scan, geometry=geometry, electronic_noise=0.0)


def streaks(scan, picture):
    view = View("ct", "abdomen", Display("window", -160.0, 240.0), scan.hu > -500, scan.spacing_mm)
    return streak_hu(Pair(scan.hu, picture, view, scan, None)).value


def test_a_straight_view_is_bridged_exactly(oracle):
    """Rising views with two gaps each come back; a gap at the end keeps its only neighbour; views without a gap are untouched."""
    slopes = torch.tensor([0.5, -2.0, 0.0], dtype=torch.float64)
    views = slopes[:, None] * torch.arange(40, dtype=torch.float64) + 3.0
    trace = torch.zeros(3, 40, dtype=torch.bool)
    trace[:2, 5:9] = trace[:2, 20:31] = True
    broken = torch.where(trace, 99.0, views)
    oracle("ct_metal_reduced", "a straight view is bridged exactly", float((bridged(broken, trace) - views).abs().max()), below=1e-12)
    at_end = torch.zeros_like(trace)
    at_end[0, 36:] = True
    assert bridged(views, at_end)[0, 36:].tolist() == [views[0, 35].item()] * 4


@pytest.mark.parametrize("geometry", [FAN, Parallel(n_views=360)])
def test_normalised_reduction_clears_uniform_water(geometry, oracle):
    """Less than a tenth of the streaks of two discs of steel is left, tissue stays at its HU, and metal is white again."""
    scan = body(geometry=geometry)
    with_metal = insert_metal(scan, STEEL, seed=4)
    corrupted, mended = acquire(with_metal), acquire(reduce_metal(with_metal, "normalised"))
    oracle("ct_metal_reduced", "streaks left in uniform water", streaks(scan, mended) / streaks(scan, corrupted), below=0.1)
    y, x = GRID.centred_mm()
    centre = np.hypot(x[None] + 28, y[:, None] - 5) < 3
    assert float(mended.numpy()[centre].min()) > 2500


def test_bone_beside_metal_costs_the_linear_bridge_more():
    """With two bones the straight bridge leaves more than the normalised one, and both less than no reduction."""
    scan = body(bones=True)
    with_metal = insert_metal(scan, STEEL, seed=4)
    left = [streaks(scan, acquire(edited)) for edited in (reduce_metal(with_metal, "normalised"), reduce_metal(with_metal, "linear"), with_metal)]
    assert left[0] < 0.7 * left[1]
    assert left[1] < left[2]


def test_the_trace_comes_from_the_corrupted_picture():
    """Metal too small to reach 2500 HU is not corrected at all: a trace from the true outline, the toy, would have found it."""
    scan = body()
    tiny = insert_metal(scan, (Ellipse("titanium", 20.0, 0.0, 0.3, 0.3),), seed=4)
    assert float(acquire(tiny).max()) < 2500
    assert torch.equal(acquire(reduce_metal(tiny, "linear")), acquire(tiny))


def test_segmentation_and_prior():
    """Single pixels are noise, two that touch are metal; the prior knows air, water and bone, and metal as water."""
    hu = torch.full((40, 40), 0.0)
    hu[:, :10] = -1000.0
    hu[20:30, 20:30] = 800.0
    hu[5, 15] = 3000.0
    hu[35, 35] = hu[36, 36] = 3000.0
    metal = segmented(hu)
    assert metal.sum() == 2
    assert bool(metal[35, 35])
    prior = prior_of(hu, metal)
    assert prior[20, 3] == -1000.0
    assert prior[25, 25] == 800.0
    assert prior[35, 35] == 0.0
    assert prior[12, 30] == 0.0


def test_without_metal_nothing_is_reduced_and_nonsense_is_refused():
    """The same object; unknown methods; a reduction chosen twice; an edit that meets no metal is left alone."""
    scan = body()
    assert reduce_metal(scan, "linear") is scan
    with pytest.raises(ValueError, match="method"):
        reduce_metal(scan, "iterative")
    chosen = reduce_metal(insert_metal(scan, STEEL), "linear")
    with pytest.raises(EditConflict, match="chosen already"):
        reduce_metal(chosen, "normalised")


def test_metal_is_put_back_at_what_twelve_bits_hold():
    """The rays of a disc of 4000 HU above water: bridged, its middle is water and 3071 HU more, before the picture is clipped."""
    scan = replace(body(dtype=torch.float64), crosstalk=0.0)
    theta = FAN.theta()[:, None] + FAN.gamma()
    chord = Ellipse("steel", 15.0, -10.0, 8.0, 8.0).chord_mm(theta, np.broadcast_to(FAN.s_mm(), theta.shape))
    measured = beam_of(scan).logged + torch.from_numpy(chord) * (4.0 * scan.mu_water)
    for method in ("linear", "normalised"):
        out = Reduction(method).apply(measured, scan) - beam_of(scan).logged
        change = hu_change(reconstruct(out, FAN, grid=GRID, kernel=STANDARD), mu_water=scan.mu_water).numpy()
        y, x = GRID.centred_mm()
        assert change[np.hypot(x[None] - 15.0, y[:, None] + 10.0) < 4].mean() == pytest.approx(3071.0, rel=0.04)
