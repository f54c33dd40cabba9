"""Scatter: what a constant-free model must give on cylinders."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from physics.ct import CTScan
from physics.ct.acquire import beam_of
from physics.ct.geometry import Fan, Grid, Parallel
from physics.ct.kernel import STANDARD
from physics.ct.scatter import Scatter, add_scatter, scatter_factor, scatter_shape
from physics.scan import EditConflict, acquire

RATIOS = (0.05, 0.2, 1.0)
FAN = Fan(n_views=180, n_channels=444, channel_mm=2.0478)
PARALLEL = Parallel(n_views=180, n_channels=450, channel_mm=1.2)
NO_FILTER_MM = 1e5  # a bowtie so wide that it is flat


def cylinder(diameter_mm=200.0, *, geometry=FAN, dtype=torch.float64, centre_mm=(0.0, 0.0), bowtie_mm=200.0):
    grid = Grid((160, 140), (1.6, 2.0)) if diameter_mm <= 200 else Grid((280, 230), (1.6, 2.0))
    hu = torch.tensor(1000 * disc(grid, radius_mm=diameter_mm / 2, centre_mm=centre_mm) - 1000, dtype=dtype)
    return replace(CTScan.of(hu, spacing_mm=grid.spacing_mm, kernel=STANDARD), geometry=geometry, bowtie_mm=bowtie_mm)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("geometry", [FAN, PARALLEL])
def test_the_central_ray_reads_less_by_the_logarithm(ratio, geometry, oracle):
    """Behind a cylinder the thickest ray of the median view is off by -ln(1 + SPR); no ray reads more."""
    scan = cylinder(geometry=geometry)
    beam = beam_of(scan)
    error = Scatter(ratio, 80.0).apply(beam.rays, scan) - beam.rays
    central = torch.gather(error, 1, beam.rays.argmax(dim=1, keepdim=True)).median()
    oracle("ct_scatter", "the central ray is off by ln(1 + SPR)", float(central) + math.log1p(ratio), below=5e-4)
    assert float(error.max()) <= 1e-12


def test_scatter_is_smooth_and_never_negative(oracle):
    """More than 95 % of its energy lies below 0.02 / mm; nothing is scattered without a patient."""
    scan = cylinder()
    beam = beam_of(scan)
    shape = scatter_shape(beam.expected, beam.air, geometry=FAN, width_mm=80.0)
    assert float(shape.min()) >= 0
    power = np.abs(np.fft.rfft(shape[100].numpy())) ** 2
    frequency = np.fft.rfftfreq(shape.shape[1], d=float(FAN.pitch_mm().mean()))
    oracle("ct_scatter", "share of scatter's energy above 0.02 / mm", float(power[frequency > 0.02].sum() / power.sum()), below=0.05)
    assert float(scatter_shape(beam.air, beam.air, geometry=FAN, width_mm=80.0).abs().max()) == 0.0


@pytest.mark.parametrize("geometry", [FAN, PARALLEL])
def test_one_channel_scatters_into_two_gaussians(geometry):
    """Of one ray through tissue half of the scatter lies as wide as asked and half 0.35 times so, about that ray: its sum, mean and mean square distance."""
    n_channels, at, width_mm = geometry.n_channels, geometry.n_channels // 2 + 9, 20.0
    air = torch.full((1, n_channels), 1000.0, dtype=torch.float64)
    quanta = air.clone()
    quanta[0, at] = 400.0
    found = scatter_shape(quanta, air, geometry=geometry, width_mm=width_mm)[0].numpy()
    apart = geometry.s_mm() - geometry.s_mm()[at]
    assert found.sum() == pytest.approx(400 * math.log(2.5), rel=0.01)
    assert (found * apart).sum() / found.sum() == pytest.approx(0.0, abs=0.02 * width_mm)
    assert (found * apart**2).sum() / found.sum() == pytest.approx(width_mm**2 * (0.5 + 0.5 * 0.35**2), rel=0.02)


def test_larger_patients_scatter_more():
    """One and the same law: the ratio behind cylinders of 120 to 300 mm rises."""
    ratios = [1 / scatter_factor(cylinder(d, bowtie_mm=NO_FILTER_MM), width_mm=80.0) for d in (120.0, 160.0, 200.0, 300.0)]
    assert ratios == sorted(ratios)
    assert ratios[-1] > 2 * ratios[0]


@pytest.mark.parametrize("ratio", RATIOS)
def test_contrast_fades_by_the_ratio(ratio, oracle):
    """A small insert on the central ray of a view keeps 1 / (1 + SPR) of its line integral."""
    scan = cylinder()
    beam = beam_of(scan)
    view, insert = 10, 0.01
    channel = int(beam.rays[view].argmax())
    own = Scatter(ratio, 80.0).apply(beam.rays, scan)
    with_insert = beam.rays.clone()
    with_insert[view, channel] += insert
    gained = Scatter(ratio, 80.0).apply(with_insert, scan) - own
    local = float(torch.exp(beam.rays[view, channel] - own[view, channel]))  # 1 + S / I of this very ray
    oracle("ct_scatter", "contrast fades as 1 / (1 + SPR)", float(gained[view, channel]) / (insert / local) - 1, below=0.01)


def profile(scan, ratio):
    change = (acquire(add_scatter(scan, ratio)) - scan.hu).numpy()
    y, x = scan.grid.centred_mm()
    radius = np.hypot(y[:, None], x[None])
    return change[radius < 15].mean(), change[(radius > 80) & (radius < 92)].mean()


def test_a_cylinder_is_cupped_and_a_bowtie_that_fits_flattens_it():
    """A constant added to the picture, the toy, would leave the rim as dark as the centre, with any filter."""
    bare = cylinder(dtype=torch.float32, bowtie_mm=NO_FILTER_MM)
    centre, rim = profile(bare, 0.2)
    assert -150 < centre < -50
    assert centre < 1.3 * rim < 0
    centre_fit, rim_fit = profile(cylinder(dtype=torch.float32, bowtie_mm=200.0), 0.2)
    assert centre_fit / rim_fit < centre / rim
    depths = [profile(bare, ratio)[0] for ratio in RATIOS]
    assert depths == sorted(depths, reverse=True)


def test_shading_follows_a_body_beside_the_isocentre():
    """The darkest part of a cylinder 20 mm to the right and 15 mm below lies there, not at the isocentre."""
    scan = cylinder(160.0, centre_mm=(20.0, 15.0), dtype=torch.float32, bowtie_mm=NO_FILTER_MM)
    change = (acquire(add_scatter(scan, 0.3)) - scan.hu).double().numpy()
    y, x = scan.grid.centred_mm()
    inside = np.hypot(y[:, None] - 15, x[None] - 20) < 70
    dark = inside & (change < np.quantile(change[inside], 0.15))
    place = np.nonzero(dark)
    assert x[place[1]].mean() == pytest.approx(20.0, abs=6.0)
    assert y[place[0]].mean() == pytest.approx(15.0, abs=6.0)


def test_no_scatter_is_the_scan_itself_and_nonsense_is_refused():
    """The same object at 0; negative ratios, widths of none; scatter asked for twice."""
    scan = cylinder()
    assert add_scatter(scan, 0.0) is scan
    for options in ({"ratio": -0.1}, {"ratio": math.inf}, {"ratio": 0.1, "width_mm": 0.0}):
        with pytest.raises(ValueError, match="scatter ratio"):
            add_scatter(scan, **options)
    with pytest.raises(EditConflict, match="scatter already"):
        add_scatter(add_scatter(scan, 0.1), 0.1)
