"""Rays with a width, beside sub-rays that are averaged one by one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc, gaussian_picture, gaussian_rays

from physics.ct import CTScan
from physics.ct.acquire import beam_of
from physics.ct.fbp import reconstruct
from physics.ct.geometry import PARALLEL, Fan, Grid
from physics.ct.kernel import STANDARD
from physics.ct.ray_blur import KeptGrain, RayBlur, Widths, blur_rays, kept
from physics.ct.resolution import transfer_of
from physics.ct.spectrum import hu_change
from physics.scan import EditConflict, acquire

COARSE = Fan(n_views=720, n_channels=281, channel_mm=1.9)
GRID = Grid((128, 141), (1.2, 1.1))
BLOBS = ((-50.0, 30.0, 7.0, 0.08), (35.0, -62.0, 6.0, 0.06), (20.0, 15.0, 9.0, 0.05))


def scan_of(hu, *, grid=GRID, fan=COARSE, dtype=torch.float64, **changes):
    scan = CTScan.of(torch.tensor(hu, dtype=dtype), spacing_mm=grid.spacing_mm, n0=1e6, kernel=STANDARD)
    return replace(scan, **{"geometry": fan, "crosstalk": 0.0, **changes})


def one_by_one(fan, widths, blobs, *, points=9, in_intensity=True):
    """The average over source points, channel points and gantry angles: each sub-ray is drawn from the tube to the detector and its closed integral taken."""
    beta = 2 * math.pi * np.arange(fan.n_views)[:, None] / fan.n_views
    gamma = (np.arange(fan.n_channels)[None] - (fan.n_channels - 1) / 2 + fan.offset) * fan.channel_mm / fan.detector_mm
    nodes, weights = np.polynomial.legendre.leggauss(points)
    used = {"spot": widths.focal_spot_mm, "channel": widths.detector_mm, "arc": math.radians(widths.arc_deg)}
    total = 0.0
    for spot, w1 in zip(nodes, weights, strict=True) if used["spot"] else ((0.0, 2.0),):
        for channel, w2 in zip(nodes, weights, strict=True) if used["channel"] else ((0.0, 2.0),):
            for arc, w3 in zip(nodes, weights, strict=True) if used["arc"] else ((0.0, 2.0),):
                b = beta + used["arc"] / 2 * arc
                g = gamma + used["channel"] / 2 * channel / fan.source_mm
                tangent, outward = (np.cos(b), np.sin(b)), (-np.sin(b), np.cos(b))
                tube = [fan.source_mm * o + used["spot"] / 2 * spot * t for o, t in zip(outward, tangent, strict=True)]
                middle = [fan.source_mm * o for o in outward]
                element = (middle[0] + fan.detector_mm * np.sin(b + g), middle[1] - fan.detector_mm * np.cos(b + g))
                along = (element[0] - tube[0], element[1] - tube[1])
                length = np.hypot(*along)
                normal = (-along[1] / length, along[0] / length)
                p = 0.0
                for cx, cy, sd, amplitude in blobs:
                    distance = (cx - tube[0]) * normal[0] + (cy - tube[1]) * normal[1]
                    p = p + amplitude * math.sqrt(2 * math.pi) * sd * np.exp(-(distance**2) / (2 * sd * sd))
                total = total + w1 * w2 * w3 / 8 * (np.exp(-p) if in_intensity else p)
    return -np.log(total) if in_intensity else total


@pytest.mark.parametrize(
    "widths",
    [Widths(detector_mm=6.0), Widths(focal_spot_mm=14.0), Widths(arc_deg=4.0), Widths(4.0, 9.0, 2.0)],
    ids=["detector", "spot", "arc", "all"],
)
def test_wide_rays_are_the_mean_of_thin_ones(widths, oracle):
    """Every channel and view, bodies beside the isocentre, both tube and detector side: intensities averaged, then the logarithm."""
    rays = torch.tensor(gaussian_rays(COARSE, BLOBS))
    found = RayBlur(widths).apply(rays, scan_of(np.zeros(GRID.shape))).numpy()
    expected = one_by_one(COARSE, widths, BLOBS, points=7 if widths.detector_mm and widths.arc_deg else 11)
    scale = float(np.abs(expected - rays.numpy()).max())
    oracle("ct_focal_spot_blur", "rays beside the mean of sub-rays, of the largest change", np.abs(found - expected).max() / scale, below=0.02)


def test_averaging_after_the_logarithm_and_a_spot_without_its_turn_are_told_apart():
    """Toys: the mean of line integrals misses by a tenth of the change and more; so does a spot's blur that is alike at all depths."""
    rays = torch.tensor(gaussian_rays(COARSE, BLOBS))
    widths = Widths(focal_spot_mm=14.0)
    expected = one_by_one(COARSE, widths, BLOBS, points=11)
    scale = np.abs(expected - rays.numpy()).max()
    assert np.abs(one_by_one(COARSE, widths, BLOBS, points=11, in_intensity=False) - expected).max() > 0.1 * scale
    flat = RayBlur(Widths(detector_mm=14.0 * (1 - COARSE.source_mm / COARSE.detector_mm))).apply(rays, scan_of(np.zeros(GRID.shape))).numpy()
    assert np.abs(flat - expected).max() > 0.1 * scale


def test_thin_matter_is_blurred_alike_before_and_after_the_logarithm():
    """At a tenth of the attenuation the two differ by a tenth as much, relative to the change: second order in p."""
    gaps = []
    for share in (1.0, 0.1):
        blobs = tuple((x, y, sd, share * amplitude) for x, y, sd, amplitude in BLOBS)
        both = [one_by_one(COARSE, Widths(detector_mm=6.0), blobs, points=11, in_intensity=way) for way in (True, False)]
        gaps.append(np.abs(both[0] - both[1]).max() / np.abs(both[1] - gaussian_rays(COARSE, blobs)).max())
    assert gaps[1] < 0.15 * gaps[0]


@pytest.mark.parametrize("widths", [Widths(detector_mm=4.0), Widths(focal_spot_mm=9.0), Widths(3.0, 6.0, 0.0)])
def test_the_transfer_at_the_isocentre_is_the_product_of_sincs(widths, oracle):
    """A fine body at the isocentre, up to 0.9 of the first zero: sinc(w_d nu) sinc(f (1 - R / D) nu). The picture's own kernel is not counted twice."""
    hu = 30 * gaussian_picture(GRID, ((0.0, 0.0, 1.6, 1.0),))
    found = transfer_of(hu, acquire(blur_rays(scan_of(hu - 1000.0), widths)).numpy() + 1000.0, GRID.spacing_mm)
    projected = widths.focal_spot_mm * (1 - COARSE.source_mm / COARSE.detector_mm)
    used = found.frequency_per_mm < 0.9 / max(widths.detector_mm, projected)
    expected = np.sinc(widths.detector_mm * found.frequency_per_mm) * np.sinc(projected * found.frequency_per_mm)
    oracle("ct_focal_spot_blur", "transfer at the isocentre less the product of sincs", np.abs(found.kept - expected)[used].max(), below=0.03)


def test_a_turning_gantry_blurs_along_circles_in_proportion_to_the_radius(oracle):
    """Second moments of small bodies at 25 and 55 mm: tangential variance gains (r a)^2 / 12, radial variance nothing."""
    arc = 6.0
    y, x = GRID.centred_mm()
    for radius, angle in ((25.0, 0.7), (55.0, -1.1), (55.0, 2.6)):
        centre = (radius * math.cos(angle), radius * math.sin(angle))
        hu = 30 * gaussian_picture(GRID, ((*centre, 2.5, 1.0),))
        blurred = acquire(blur_rays(scan_of(hu - 1000.0), Widths(arc_deg=arc))).numpy() + 1000.0
        out = (x[None] - centre[0]) * math.cos(angle) + (y[:, None] - centre[1]) * math.sin(angle)
        along = (y[:, None] - centre[1]) * math.cos(angle) - (x[None] - centre[0]) * math.sin(angle)
        near = np.hypot(out, along) < 14
        gained = [float((blurred * axis**2)[near].sum() / blurred[near].sum() - (hu * axis**2)[near].sum() / hu[near].sum()) for axis in (along, out)]
        expected = (radius * math.radians(arc)) ** 2 / 12
        oracle("ct_focal_spot_blur", "variance along the circle beside (r a)^2 / 12, mm^2", gained[0] - expected, below=0.12)
        assert abs(gained[1]) < 0.12


def test_a_spot_leaves_the_grain_and_wide_channels_average_it():
    """Water with the grain of its quanta, 0.1 of them: a spot of 8 mm changes the deviation by less than 6 %; channels as wide take half of it and more."""
    grid = Grid((160, 160), (0.8, 0.8))
    water = scan_of(1000 * disc(grid, radius_mm=55.0) - 1000, grid=grid, fan=Fan(), n0=5e4, electronic_noise=0.0, crosstalk=0.0)
    quanta = beam_of(water).expected * 5e4
    noise = torch.tensor(np.random.default_rng(4).standard_normal(tuple(quanta.shape))) / quanta.sqrt()
    grain = hu_change(reconstruct(noise, water.geometry, grid=grid, kernel=STANDARD), mu_water=water.mu_water)
    noisy = replace(water, hu=water.hu + grain)
    middle = (slice(50, 110), slice(50, 110))

    def deviation(widths, seed=5):
        return float((acquire(blur_rays(noisy, widths, seed=seed)) - water.hu)[middle].std())

    own = float(grain[middle].std())
    assert deviation(Widths(focal_spot_mm=8.0)) == pytest.approx(own, rel=0.06)
    assert deviation(Widths(focal_spot_mm=8.0), seed=None) < 0.6 * own
    assert deviation(Widths(detector_mm=3.5)) < 0.6 * own


@pytest.mark.parametrize("electronic_noise", [0.0, 150.0])
@pytest.mark.parametrize("widths", [Widths(focal_spot_mm=9.0), Widths(detector_mm=2.5, focal_spot_mm=9.0, arc_deg=1.0)], ids=["spot", "all"])
def test_grain_is_what_the_spot_takes_of_what_the_others_leave(widths, electronic_noise):
    """Power of the grain over that of quanta and electronics, (q + e^2) / q^2 a ray: the mean of a^2 (1 - s^2) over the waves of the sinogram, s of the spot,
    a of channels and arc. Half a million samples; a fiftieth for what is cut at the rim of the fan."""
    scan = scan_of(np.full(GRID.shape, -1000.0), n0=2e4, electronic_noise=electronic_noise)
    fan = scan.geometry
    grain = KeptGrain(widths, seed=3).apply(torch.zeros((fan.n_views, fan.n_channels), dtype=torch.float64), scan)
    per_turn = np.rint(np.fft.fftfreq(fan.n_views) * fan.n_views)[:, None]
    waves = {"per_turn": per_turn, "per_rad": np.fft.fftfreq(4 * fan.n_channels, fan.step)[None]}
    spot, others = kept(Widths(focal_spot_mm=widths.focal_spot_mm), fan, **waves), kept(replace(widths, focal_spot_mm=0.0), fan, **waves)
    quanta = beam_of(scan).expected * 2e4
    of_rays = float(((quanta + electronic_noise**2) / quanta**2).mean())
    assert float(grain.square().mean()) / of_rays == pytest.approx(float(np.mean(others**2 * (1 - spot**2))), rel=0.02)


def test_neutral_conflicts_and_nonsense():
    """Widths of 0 are the scan itself; a second width, parallel beam and negative widths are refused; factors are 1 without widths."""
    scan = scan_of(np.zeros(GRID.shape) - 1000.0)
    assert blur_rays(scan, Widths()) is scan
    with pytest.raises(EditConflict, match="width"):
        blur_rays(blur_rays(scan, Widths(1.0)), Widths(2.0))
    with pytest.raises(EditConflict, match="parallel"):
        blur_rays(replace(scan, geometry=PARALLEL), Widths(1.0))
    with pytest.raises(ValueError, match="widths"):
        blur_rays(scan, Widths(-1.0))
    assert np.all(kept(Widths(), COARSE, per_turn=np.arange(5.0)[:, None], per_rad=np.arange(4.0)[None]) == 1.0)


def test_single_precision_is_double_to_a_hundredth_of_a_hounsfield():
    """The chain of production."""
    hu = 1000 * disc(GRID, radius_mm=50.0) - 1000
    single, double = (acquire(blur_rays(scan_of(hu, dtype=dtype), Widths(2.0, 3.0, 1.0))).double() for dtype in (torch.float32, torch.float64))
    assert float((single - double).abs().max()) < 0.3


def test_what_leaves_the_fan_on_one_side_does_not_come_in_on_the_other():
    """Matter under the last channels alone, channels 40 mm wide: the first channels see air."""
    rays = torch.zeros((COARSE.n_views, COARSE.n_channels), dtype=torch.float64)
    rays[:, -6:] = 1.0
    found = RayBlur(Widths(detector_mm=40.0)).apply(rays, scan_of(np.zeros(GRID.shape)))
    assert float(found[:, -6:].min()) > 0.05
    assert float(found[:, :20].abs().max()) < 0.01
