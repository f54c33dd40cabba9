"""Toy detectors: a property that the physics of each class forces upon a picture. The scanner's pictures have it, what is usually painted has not."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import ct_grain, disc, gaussian_picture
from scipy.ndimage import binary_erosion, gaussian_filter

from physics.ct import CTScan, lower_dose
from physics.ct.channels import ChannelErrors, misread_channels
from physics.ct.fbp import reconstruct
from physics.ct.geometry import Fan, Grid, Parallel
from physics.ct.implant import Ellipse
from physics.ct.kernel import STANDARD
from physics.ct.kernel_change import change_kernel
from physics.ct.lost_views import LostViews, lose_views
from physics.ct.metal import insert_metal
from physics.ct.over_range import OverRange, clip_signal
from physics.ct.projector import project
from physics.ct.sparse import keep_views
from physics.ct.spectrum import hu_change
from physics.scan import acquire

GRID = Grid((160, 160), (1.2, 1.2))
TURN = Fan(n_views=480, n_channels=300, channel_mm=1.5)
Y, X = (axis for axis in np.meshgrid(*GRID.centred_mm(), indexing="ij"))
RADIUS = np.hypot(Y, X)


def scan_of(hu, *, grid=GRID, geometry=TURN, **changes):
    scan = CTScan.of(torch.tensor(hu, dtype=torch.float64), spacing_mm=grid.spacing_mm, n0=1e5, kernel=STANDARD)
    return replace(scan, **{"geometry": geometry, "crosstalk": 0.0, "bowtie_mm": 1e-6, "truncated": False, **changes})


def body(radius_mm=80.0):
    return 1000 * disc(GRID, radius_mm=radius_mm) - 1000


def faulty(channel, error=0.02):
    return ChannelErrors(tuple(error * (k == channel) for k in range(TURN.n_channels)))


def ring(channel):
    scan = scan_of(body())
    return (acquire(misread_channels(scan, faulty(channel))) - scan.hu).numpy(), abs(TURN.s_mm()[channel])


def test_a_ring_goes_all_the_way_round():
    """Detector: the upper and the lower half of the circle are alike. The toy: a wrong channel of half a turn of parallel rays."""

    def halves_agree(change, radius):
        on = np.abs(RADIUS - radius) < 0.7
        upper, lower = change[on & (Y < -10)].mean(), change[on & (Y > 10)].mean()
        return abs(upper - lower) < 0.2 * max(abs(upper), abs(lower))

    beam = Parallel(n_views=300, n_channels=240, channel_mm=0.9)
    stripe = torch.zeros((300, 240), dtype=torch.float64)
    stripe[:, 170] = 0.02
    assert halves_agree(*ring(210))
    assert not halves_agree(reconstruct(stripe, beam, grid=GRID, kernel=STANDARD).numpy(), abs(beam.s_mm()[170]))


def test_a_ring_fades_outwards_and_has_a_halo():
    """Detector: one error in the middle of the detector makes a higher ring than one further out, and just inside of each the sign is turned. The toy: a
    circle of one height, two pixels wide."""

    def profile(change, radius):
        at = np.arange(0.5, 78.0, 1.0)
        mean = np.array([change[np.abs(RADIUS - r) < 0.7].mean() if (np.abs(RADIUS - r) < 0.7).any() else 0.0 for r in at])
        near = np.abs(at - radius) < 5
        return np.abs(mean[near]).max(), mean[near].max() * -mean[near].min() > 0.02 * np.abs(mean[near]).max() ** 2

    def is_ring(inner, outer):
        (high, first), (low, second) = profile(*inner), profile(*outer)
        return high > 1.3 * low and first and second

    def painted(radius):
        return -20.0 * (np.abs(RADIUS - radius) < 1.2), radius

    assert is_ring(ring(165), ring(225))
    assert not is_ring(painted(12.0), painted(62.0))


def test_noise_follows_the_paths_and_has_no_coarse_part():
    """Detector: in a wide body noise runs along its width, and next to none of its power lies below 0.04 / mm. Toys: white noise, and noise of that texture
    that is alike in all directions."""
    scan = scan_of(np.where((X / 88) ** 2 + (Y / 42) ** 2 < 1, 0.0, -1000.0))
    middle = (slice(55, 105), slice(40, 120))

    def is_quantum(noise):
        part = noise[middle] - noise[middle].mean()
        along = np.diff(part, axis=0).var() / np.diff(part, axis=1).var()
        power = np.abs(np.fft.fft2(part * np.outer(np.hanning(50), np.hanning(80)))) ** 2
        nu = np.hypot(np.fft.fftfreq(50, 1.2)[:, None], np.fft.fftfreq(80, 1.2))
        return along > 1.3 and power[(nu > 0) & (nu < 0.04)].mean() < 0.35 * power[(nu > 0.1) & (nu < 0.3)].mean()

    ours = (acquire(lower_dose(scan, 0.1, seed=3)) - scan.hu).numpy()
    assert is_quantum(ours)
    assert not is_quantum(ours[middle].std() * np.random.default_rng(1).standard_normal(GRID.shape))
    assert not is_quantum(ours[middle].std() * ct_grain(GRID.shape, GRID.spacing_mm, seed=1))


def test_blur_is_as_wide_on_coarse_pixels_as_on_fine_ones():
    """Detector: a wave of 0.15 / mm loses as much on pixels of 0.7 mm as on pixels of 1.4 mm. The toy: a Gaussian of one pixel."""

    def kept(blur, mm):
        grid = Grid((128, 128), (mm, mm))
        wave = 40 * np.cos(2 * math.pi * 0.15 * grid.centred_mm()[1])[None] + np.zeros(grid.shape)
        inner = (slice(32, -32), slice(32, -32))
        return float((blur(wave, grid) * wave)[inner].sum() / (wave**2)[inner].sum())

    def same_in_mm(blur):
        return abs(kept(blur, 0.7) / kept(blur, 1.4) - 1) < 0.05

    assert same_in_mm(lambda wave, grid: acquire(change_kernel(scan_of(wave, grid=grid), 0.6)).numpy())
    assert not same_in_mm(lambda wave, grid: gaussian_filter(wave, 1.0))


def test_lost_views_streak_off_dense_bodies_only():
    """Detector: a round body about the isocentre, whose views are all alike, has no streaks; beside it a dense body has, and they run through it. The toy:
    straight lines painted along the rays of the lost views."""
    lost = LostViews(0.0, 12.0, "interpolated")  # their rays run along the columns

    def streaks(picture, hu):
        return np.mean((picture - hu)[30:-30], axis=0)  # by the distance from the isocentre

    def is_of_lost_views(made):
        round_ = 1000 * gaussian_picture(GRID, ((0.0, 0.0, 28.0, 1.0),)) - 1000
        dense = round_ + 1200 * gaussian_picture(GRID, ((36.0, 5.0, 4.0, 1.0),))
        without, beside = np.abs(streaks(made(round_), round_)), np.abs(streaks(made(dense), dense))
        x = GRID.centred_mm()[1]
        return without.max() < 0.1 * beside.max() and abs(x[np.argmax(beside)] - 36.0) < 12.0

    rng = np.random.default_rng(5)
    painted = 15.0 * rng.standard_normal(160)[None] * (rng.random(160) < 0.2)[None]
    assert is_of_lost_views(lambda hu: acquire(lose_views(scan_of(hu), lost)).numpy())
    assert not is_of_lost_views(lambda hu: hu + painted)


def test_over_range_takes_most_where_the_body_is_thin():
    """Detector: an ellipse loses its ends, whose rays are short, several times as deep as its flat sides, whose rays are long, and darkens inside too. Toys: a
    skin line that is worn away, alike all around, and a picture that is cut at a ceiling."""
    across = np.hypot(X / 85, Y / 45)
    hu = 1000 / (1 + np.exp((across - 1) * 40)) - 1000
    scan = scan_of(hu)

    def is_over_range(picture):
        found = picture > -500
        lost = [85 - np.abs(X[found & (np.abs(Y) < 4)]).max(), 45 - np.abs(Y[found & (np.abs(X) < 4)]).max()]
        return lost[0] > 2.5 * max(lost[1], 1.0) and (picture - hu)[across < 0.5].mean() < -5

    assert is_over_range(acquire(clip_signal(scan, OverRange(1.0))).numpy())
    assert not is_over_range(np.where(binary_erosion(hu > -500, iterations=6), hu, -1000.0))
    assert not is_over_range(np.minimum(hu, -200.0))


def test_metal_darkens_the_way_between_two_bodies():
    """Detector: tissue between two pieces of steel is far darker than tissue beside them. Toys: rays of one energy, which add up to the metal and nothing
    else, and stars painted about either."""
    scan = scan_of(body())
    metals = (Ellipse("steel", 25.0, 0.0, 6.0, 6.0), Ellipse("steel", -25.0, 0.0, 6.0, 6.0))
    inside = metals[0].inside(GRID) | metals[1].inside(GRID)

    def is_metal(change):
        between = (np.abs(Y) < 3) & (np.abs(X) < 12)
        beside = (np.abs(X) < 12) & (np.abs(np.abs(Y) - 45) < 6)
        return change[between].mean() - change[beside].mean() < -50

    single = hu_change(
        reconstruct(project(torch.tensor(7.0 * inside * scan.mu_water), TURN, grid=GRID), TURN, grid=GRID, kernel=STANDARD), mu_water=scan.mu_water
    )
    star = sum(200 * np.cos(12 * np.arctan2(Y, X - at)) * np.exp(-np.hypot(Y, X - at) / 30) for at in (25.0, -25.0))
    assert is_metal((acquire(insert_metal(scan, metals, noise=False)) - scan.hu).numpy())
    assert not is_metal(single.numpy())
    assert not is_metal(np.where(inside, 3071.0, star))


@pytest.mark.parametrize("n_views", [60, 90])
def test_few_views_leave_a_clear_disc_about_a_bone(n_views):
    """Detector: about a small dense body streaks begin at the distance n / (pi nu_max) only. The toy: a star that is painted from the body outwards."""
    hu = 800 * gaussian_picture(GRID, ((5.0, -3.0, 0.9, 1.0),)) - 1000
    scan = scan_of(hu, geometry=Fan(n_views=720, n_channels=300, channel_mm=1.5))
    away = np.hypot(Y + 3, X - 5)
    begins = n_views / 2 / (math.pi * 0.42)

    def is_sparse(change):
        near, far = (away > 4) & (away < 0.6 * begins), (away > 1.3 * begins) & (away < 2.5 * begins)
        return np.abs(change[near]).max() < 0.2 * np.abs(change[far]).max()

    star = 30 * np.cos(n_views * np.arctan2(Y + 3, X - 5)) * (away > 3)
    assert is_sparse((acquire(keep_views(scan, n_views)) - scan.hu).numpy())
    assert not is_sparse(star)
