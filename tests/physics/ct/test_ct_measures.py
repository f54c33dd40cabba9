"""What is read off a low-dose pair."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from physics.ct import CTScan, lower_dose
from physics.ct.acquire import beam_of
from physics.ct.geometry import Grid
from physics.ct.kernel import STANDARD
from physics.ct.measures import added_noise_hu, dose_fraction, hu_bias, noise_anisotropy, noise_hu, quanta_at_thickest, soft_region, streak_direction
from physics.display import Display
from physics.measure.pair import Pair, View

GRID = Grid((256, 240), (0.9, 1.0))
RNG = np.random.default_rng(1)


def body():
    return 1040 * disc(GRID, radius_mm=100.0) - 1000 + 300 * disc(GRID, radius_mm=15.0, centre_mm=(50, 20))


def pair_of(added, reference_noise=0.0, **scans):
    reference = body() + reference_noise * np.random.default_rng(9).standard_normal(GRID.shape)
    mask = torch.tensor(disc(GRID, radius_mm=100.0) > 0.5)
    view = View("ct", "abdomen", Display("abdomen 400/40", -160.0, 240.0), mask, GRID.spacing_mm)
    return Pair(torch.tensor(reference, dtype=torch.float32), torch.tensor(reference + added, dtype=torch.float32), view, **scans)


def test_added_noise_and_shift_are_read_apart():
    """Noise of 12 HU about a shift of -5 HU, on a source with noise of its own."""
    pair = pair_of(12.0 * RNG.standard_normal(GRID.shape) - 5.0, reference_noise=6.0)
    assert added_noise_hu(pair).value == pytest.approx(12.0, rel=0.03)
    assert hu_bias(pair).value == pytest.approx(-5.0, abs=0.3)


@pytest.mark.parametrize("sigma", [10.0, 90.0])
def test_total_noise_is_that_of_the_degraded_slice(sigma):
    """Source and added noise in squares, also where noise hides the tissue from a reader without a reference."""
    pair = pair_of(sigma * RNG.standard_normal(GRID.shape), reference_noise=8.0)
    assert noise_hu(pair).value == pytest.approx(np.hypot(sigma, 8.0), rel=0.05)


def test_the_region_holds_soft_tissue_only():
    """No air, no insert, no rim of either."""
    region = soft_region(pair_of(0.0, reference_noise=5.0))
    y, x = GRID.centred_mm()
    assert region.sum() > 2000
    assert not region[np.hypot(y[:, None], x[None]) > 97].any()
    assert not region[np.hypot(y[:, None] - 20, x[None] - 50) < 17].any()


@pytest.mark.parametrize(("angle_deg", "direction"), [(0.0, 0.0), (90.0, 90.0), (30.0, 30.0), (150.0, 150.0)])
def test_streaks_are_found_along_their_direction(angle_deg, direction):
    """A grating whose lines run at an angle from axis 1 towards axis 0, on pixels that are not square."""
    y, x = GRID.centred_mm()
    angle = np.radians(angle_deg)
    across = y[:, None] * np.cos(angle) - x[None] * np.sin(angle)
    pair = pair_of(20 * np.sin(2 * np.pi * across / 6.0) + RNG.standard_normal(GRID.shape))
    off = (streak_direction(pair).value - direction + 90) % 180 - 90
    assert abs(off) < 8
    assert noise_anisotropy(pair).value > 5


def test_white_noise_has_no_direction():
    """Anisotropy near 1."""
    assert 1.0 <= noise_anisotropy(pair_of(10 * RNG.standard_normal(GRID.shape))).value < 1.25


def test_where_nothing_can_be_measured_a_reason_is_given():
    """An untouched pair, air, unknown scans."""
    pair = pair_of(0.0)
    assert noise_anisotropy(pair).value is None
    assert streak_direction(pair).reason
    assert dose_fraction(pair).reason
    assert quanta_at_thickest(pair).reason
    air = Pair(
        torch.full((64, 64), -1000.0), torch.full((64, 64), -999.0), View("ct", "abdomen", Display("d", 0, 1), torch.ones(64, 64, dtype=torch.bool), None)
    )
    assert all(measure(air).value is None for measure in (added_noise_hu, hu_bias, noise_hu))


def test_dose_and_quanta_are_those_of_the_scan():
    """Quanta behind the thickest part: n0 times dose times the darkest transmission of each view."""
    scan = lower_dose(CTScan.of(torch.tensor(body(), dtype=torch.float32), spacing_mm=GRID.spacing_mm, n0=1e5, kernel=STANDARD), 0.25, seed=1)
    pair = pair_of(0.0, scan=scan)
    assert dose_fraction(pair).value == 0.25
    assert quanta_at_thickest(pair).value == pytest.approx(0.25e5 * float(beam_of(scan).expected.amin(dim=1).median()), rel=1e-6)
    assert quanta_at_thickest(pair).value == pytest.approx(0.25e5 * np.exp(-0.01929 * (200 * 1.04 + 30 * 0.3)), rel=0.25)


def square(shape, spacing_mm, added):
    """A pair whose object fills the picture."""
    reference = torch.zeros(shape)
    view = View("ct", "abdomen", Display("abdomen 400/40", -160.0, 240.0), torch.ones(shape, dtype=torch.bool), spacing_mm)
    return Pair(reference, reference + torch.tensor(added, dtype=torch.float32), view)


@pytest.mark.parametrize(
    ("shape", "spacing_mm", "fits"), [((88, 22), (0.5, 2.0), True), ((22, 88), (2.0, 0.5), True), ((88, 18), (0.5, 2.0), False), ((72, 22), (0.5, 2.0), False)]
)
def test_a_tile_is_forty_millimetres_high_and_wide(shape, spacing_mm, fits):
    """An object of 44 by 44 mm holds one tile whatever the pixels; 36 mm on either side hold none."""
    pair = square(shape, spacing_mm, 10 * np.random.default_rng(3).standard_normal(shape))
    assert (noise_anisotropy(pair).value is not None) == fits
    assert (streak_direction(pair).value is not None) == fits


def test_slow_shading_does_not_pass_for_streaks():
    """A wave of 130 mm, eight times the noise, on pixels that are not square: the taper keeps it out of the band, by rows and by columns."""
    y, x = np.arange(200)[:, None] * 0.8, np.arange(150)[None] * 1.1
    for across in (y + 0 * x, x + 0 * y):
        added = 20 * np.sin(2 * np.pi * across / 130.0) + 2.5 * np.random.default_rng(5).standard_normal((200, 150))
        assert noise_anisotropy(square((200, 150), (0.8, 1.1), added)).value < 5


@pytest.mark.parametrize("angle_deg", [30.0, 120.0])
@pytest.mark.parametrize(("shape", "spacing_mm"), [((230, 80), (0.7, 2.0)), ((80, 230), (2.0, 0.7))])
def test_directions_are_those_of_the_patient_not_of_the_pixels(angle_deg, shape, spacing_mm):
    """On pixels of 0.7 by 2 mm a grating keeps its angle in millimetres."""
    y, x = np.arange(shape[0])[:, None] * spacing_mm[0], np.arange(shape[1])[None] * spacing_mm[1]
    across = y * np.cos(np.radians(angle_deg)) - x * np.sin(np.radians(angle_deg))
    found = streak_direction(square(shape, spacing_mm, 20 * np.sin(2 * np.pi * across / 10.0))).value
    assert abs((found - angle_deg + 90) % 180 - 90) < 8


@pytest.mark.parametrize("shape", [(40, 40), (40, 60), (60, 40)])
def test_a_tile_that_just_fits_is_read(shape):
    """Forty pixels of a millimetre hold one tile, at the last place too; streaks along the columns are found in it, whatever constant came with them."""
    stripes = np.sin(2 * np.pi * np.arange(shape[1]) / 5.0)[None] + np.zeros(shape)
    pair = square(shape, (1.0, 1.0), 4000.0 + stripes + 0.05 * np.random.default_rng(2).standard_normal(shape))
    assert streak_direction(pair).value == pytest.approx(90.0, abs=8)
    assert noise_anisotropy(pair).value > 20


def test_noise_that_hides_all_tissue_is_read_where_the_reference_was_soft():
    """At 600 HU no window passes for tissue; the region of the reference tells the deviation, not the mean."""
    pair = pair_of(600.0 * RNG.standard_normal(GRID.shape), reference_noise=8.0)
    assert noise_hu(pair).value == pytest.approx(600.0, rel=0.08)


@pytest.mark.parametrize(("length", "seen"), [(59, False), (60, True)])
@pytest.mark.parametrize("down", [True, False])
def test_tiles_follow_each_other_at_half_their_length(length, seen, down):
    """Pixels of a millimetre: streaks beyond the first tile of 40 are read as soon as a second one, 20 px on, fits, and not before."""
    rows = np.arange(length)[:, None] + np.zeros((1, 40))
    added = 0.5 * np.random.default_rng(4).standard_normal((length, 40)) + np.where(rows >= 40, 40 * np.sin(2 * np.pi * rows / 5.0), 0.0)
    found = noise_anisotropy(square((length, 40) if down else (40, length), (1.0, 1.0), added if down else added.T)).value
    assert (found > 20) == seen


def test_noise_under_a_shift_of_all_numbers_is_read_where_the_reference_was_soft():
    """300 HU up, no window of the degraded slice passes for soft tissue; where the reference was soft its deviation is still that of the noise."""
    pair = square((128, 112), (0.9, 1.0), 300.0 + 25.0 * np.random.default_rng(7).standard_normal((128, 112)))
    assert noise_hu(pair).value == pytest.approx(25.0, rel=0.05)


def test_the_region_is_as_even_as_its_commonest_noise():
    """Of white noise nearly every window lies within 1.25 times the commonest deviation; a part with half as much noise again lies beyond."""
    y, x = (axis for axis in np.meshgrid(*GRID.centred_mm(), indexing="ij"))
    inner = (np.hypot(y, x) < 90) & (np.hypot(y - 20, x - 50) > 25)
    louder = y < -30
    region = soft_region(pair_of(0.0, reference_noise=np.where(louder, 15.0, 10.0)))
    assert region[inner & (y > -20)].mean() > 0.95
    assert region[inner & (y < -40)].mean() < 0.03
