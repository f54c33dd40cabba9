"""The insert method on rims whose softness is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from physics.ct import CTScan, lower_dose
from physics.ct.geometry import FAN, Grid
from physics.ct.insert import disc, insert_mtf10, insert_mtf50, place_of, rim_transfer, with_added
from physics.ct.kernel import STANDARD
from physics.ct.kernel_change import change_kernel, with_resolution
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import acquire


@pytest.mark.parametrize(("sigma_mm", "spacing_mm", "radius_mm"), [(0.9, (0.5, 0.5), 10.0), (1.2, (0.7, 0.5), 10.0), (0.9, (0.6, 0.8), 14.0)])
def test_a_gaussian_blur_is_found_within_three_percent(sigma_mm, spacing_mm, radius_mm, oracle):
    """exp(-2 (pi sigma nu)^2) times the pixel's own sinc, drawn off the pixels' middles on oblong pixels, down to a tenth."""
    fine = Grid((603, 603), (0.1, 0.1))
    step = tuple(round(mm / 0.1) for mm in spacing_mm)
    blurred = gaussian_filter(disc(fine, x_mm=1.13, y_mm=-0.87, radius_mm=radius_mm), sigma_mm / 0.1)
    rows, columns = (603 // n // 2 * 2 - 1 for n in step)
    start = [(603 - n * s) // 2 for n, s in zip((rows, columns), step, strict=True)]
    coarse = blurred[start[0] : start[0] + rows * step[0], start[1] : start[1] + columns * step[1]].reshape(rows, step[0], columns, step[1]).mean(axis=(1, 3))
    middle = [(begin + n * s / 2 - 301.5) * 0.1 for begin, n, s in zip(start, (rows, columns), step, strict=True)]
    found = rim_transfer(coarse, Grid((rows, columns), spacing_mm), x_mm=1.13 - middle[1], y_mm=-0.87 - middle[0], radius_mm=radius_mm)
    nu = found.frequency_per_mm
    expected = np.exp(-2 * (math.pi * sigma_mm * nu) ** 2) * np.sqrt(np.sinc(spacing_mm[0] * nu) * np.sinc(spacing_mm[1] * nu))
    used = expected > 0.1
    oracle("ct_focal_spot_blur", "MTF of a rim blurred by a Gaussian", float(np.abs(found.kept - expected)[used].max()), below=0.03)


def test_what_lies_far_from_the_rim_is_tapered_off():
    """A faint ring that begins 6.6 mm outside of the rim, where the square of a cosine from 4.2 to 7 mm leaves a twentieth of its step: below 0.3 / mm the MTF
    is the same within 2 %, and exactly where the ring begins 8 mm away; a ring 1 mm outside counts in full."""
    grid = Grid((200, 200), (0.25, 0.25))

    def found(low_mm, high_mm):
        ring = disc(grid, x_mm=0.0, y_mm=0.0, radius_mm=high_mm) - disc(grid, x_mm=0.0, y_mm=0.0, radius_mm=low_mm)
        return rim_transfer(disc(grid, x_mm=0.0, y_mm=0.0, radius_mm=10.0) + 0.15 * ring, grid, x_mm=0.0, y_mm=0.0, radius_mm=10.0).kept

    plain = found(0.0, 0.0)
    low = slice(0, 15)
    assert np.abs(found(16.6, 18.6) - plain)[low].max() < 0.02
    assert np.abs(found(18.2, 18.6) - plain)[low].max() < 1e-9
    assert np.abs(found(11.0, 11.5) - plain)[low].max() > 0.08


@pytest.mark.parametrize(("x_mm", "y_mm"), [(22.0, -31.0), (-25.0, 18.0)])
def test_the_widest_tissue_is_found_where_it_lies(x_mm, y_mm):
    """A large disc of tissue whose neighbour is small: its middle within two pixels."""
    hu = 1040 * np.maximum(disc(GRID, x_mm=x_mm, y_mm=y_mm, radius_mm=34.0), disc(GRID, x_mm=-x_mm, y_mm=-y_mm, radius_mm=16.0)) - 1000
    scan = CTScan.of(torch.tensor(hu, dtype=torch.float32), spacing_mm=GRID.spacing_mm, n0=2e5, kernel=STANDARD)
    found = place_of(pair_of(scan, scan))
    assert math.hypot(found[0] - x_mm, found[1] - y_mm) < 1.5


GRID = Grid((220, 230), (0.7, 0.65))


def pair_of(edited, scan):
    view = View("ct", "abdomen", Display("abdomen 400/40", -160.0, 240.0), scan.hu > -500, scan.spacing_mm)
    return Pair(scan.hu, acquire(edited), view, scan, edited)


def body(**changes):
    hu = 1040 * disc(GRID, x_mm=2.0, y_mm=-3.0, radius_mm=65.0) - 1000 + 400 * disc(GRID, x_mm=30.0, y_mm=20.0, radius_mm=9.0)
    return CTScan.of(torch.tensor(hu, dtype=torch.float32), spacing_mm=GRID.spacing_mm, n0=2e5, kernel=STANDARD, **changes)


@pytest.mark.parametrize("ratio", [0.5, 0.8])
def test_a_smoother_kernel_is_read_off_the_insert(ratio, oracle):
    """MTF50 and MTF10 of the kernel that the slice was changed to, within 3 %; unchanged, those of the source's kernel."""
    scan = body()
    nu = np.linspace(0, 1.3, 13001)
    for edited, kernel in ((change_kernel(scan, ratio), with_resolution(STANDARD, ratio)), (scan, STANDARD)):
        told = [10 * nu[np.argmax(kernel(nu) < share)] for share in (0.5, 0.1)]
        found = [one(pair_of(edited, scan)).value for one in (insert_mtf50, insert_mtf10)]
        for value, expected in zip(found, told, strict=True):
            oracle("ct_smooth_kernel", "MTF of an insert beside the kernel's, of the known", value / expected - 1, below=0.03)


def test_the_disc_is_added_to_picture_and_rays():
    """120 HU more where it lies; measured rays gain the attenuation of its chord, 2 (r^2 - d^2)^(1/2) at a distance d from its middle."""
    scan = replace(body(), measured_rays=torch.zeros((FAN.n_views, FAN.n_channels)))
    drawn = 120.0 * disc(GRID, x_mm=10.0, y_mm=-6.0, radius_mm=10.0)
    found = with_added(scan, drawn)
    torch.testing.assert_close(found.hu - scan.hu, torch.from_numpy(drawn).float())
    theta = FAN.theta()[:, None] + FAN.gamma()[None]
    apart = np.abs(FAN.s_mm()[None] - 10.0 * np.cos(theta) + 6.0 * np.sin(theta))
    chord = 2 * np.sqrt(np.clip(100.0 - apart**2, 0, None)) * 0.12 * scan.mu_water
    off = np.abs(found.measured_rays.numpy() - chord)
    assert off[apart < 8].max() < 0.03 * chord.max()
    assert off[apart > 11].max() < 0.03 * chord.max()
    bare = with_added(body(), drawn)
    torch.testing.assert_close(bare.hu, found.hu)
    assert bare.measured_rays is None


def test_a_pixel_is_covered_along_its_own_sides():
    """Pixels of 3 mm by 1 mm, read at five places along each side: three of five rows of the pixel at the upper end of a disc of 15.5 mm lie in it."""
    found = disc(Grid((21, 41), (3.0, 1.0)), x_mm=0.0, y_mm=0.0, radius_mm=15.5)
    assert found[5, 20] == pytest.approx(0.6)
    assert (found[10, 35], found[10, 36]) == (1.0, 0.0)
    assert found.sum() * 3.0 == pytest.approx(math.pi * 15.5**2, rel=0.01)
    np.testing.assert_array_equal(disc(Grid((41, 21), (1.0, 3.0)), x_mm=0.0, y_mm=0.0, radius_mm=15.5), found.T)


def test_the_insert_lies_where_the_tissue_is():
    """A wide picture with tissue far to the right: the kernel is read there, where the same distance down lies outside of the picture."""
    grid = Grid((100, 260), (0.7, 0.65))
    hu = 1040 * disc(grid, x_mm=55.0, y_mm=2.0, radius_mm=30.0) - 1000
    scan = CTScan.of(torch.tensor(hu, dtype=torch.float32), spacing_mm=grid.spacing_mm, n0=2e5, kernel=STANDARD)
    nu = np.linspace(0, 1.3, 13001)
    assert insert_mtf50(pair_of(scan, scan)).value == pytest.approx(10 * nu[np.argmax(STANDARD(nu) < 0.5)], rel=0.03)


def test_noise_does_not_sway_the_insert():
    """At a tenth of the dose the kernel is the same: within 8 %."""
    scan = body()
    plain, noisy = (insert_mtf50(pair_of(edited, scan)).value for edited in (scan, lower_dose(scan, 0.1, seed=4)))
    assert noisy == pytest.approx(plain, rel=0.08)


def test_the_insert_lies_in_the_widest_soft_tissue():
    """Away from bone and rim; in the middle of the object where no tissue is soft; without a scan nothing is read."""
    scan = body()
    x, y = place_of(pair_of(scan, scan))
    assert math.hypot(x - 30, y - 20) > 19
    assert math.hypot(x - 2, y + 3) < 50
    pair = pair_of(scan, scan)
    assert insert_mtf50(Pair(pair.reference, pair.degraded, pair.view)).value is None
