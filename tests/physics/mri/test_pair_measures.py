"""Measures of any MRI pair on pictures whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from physics.display import Display
from physics.fourier import centred_grid, frequencies, to_kspace, to_picture
from physics.measure.pair import Pair, Reading, View
from physics.mri import MRIScan
from physics.mri.artefact_to_signal import artefact_to_signal, band_across_readout, band_along_phase_encoding, phase_encode_share
from physics.mri.edge_ringing import ringing_amplitude
from physics.mri.local_change import bias_variation, local_noise, noise_peak_over_median, slow_gain, warp_p95
from physics.mri.resolution_along import contrast_along, resolution_along_phase_encoding, resolution_along_readout

SPACING = (1.5, 1.2)


def body(shape: tuple[int, int] = (120, 141)) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A textured disc inside air, its mask, and nothing symmetric."""
    down, right = (grid * step for grid, step in zip(centred_grid(shape), SPACING, strict=True))
    mask = torch.hypot(down - 3, right + 5) < 65
    texture = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal(shape), 0.8)
    return 100 * mask * (1 + 0.4 * torch.from_numpy(texture / texture.std())).clamp(min=0.2), mask, right


def pair_of(reference: torch.Tensor, degraded: torch.Tensor, mask: torch.Tensor, *, phase_axis: int | None = 0, spacing: tuple[float, float] = SPACING) -> Pair:
    view = View("mri", "head", Display("window", 0.0, 200.0), mask, spacing)
    scan = None if phase_axis is None else MRIScan.of(torch.ones(16, 16), phase_axis=phase_axis)
    return Pair(reference, degraded, view, None, scan)


def test_an_artefact_at_right_angles_has_its_norm():
    """7 % of the signal, at right angles to it, over a gain of 1.3 reads 7 %; a gain alone reads 0."""
    reference, mask, _ = body()
    other = torch.from_numpy(np.random.default_rng(1).standard_normal(reference.shape)) * mask
    other = other - reference * (other * reference)[mask].sum() / reference[mask].square().sum()
    other = other * 0.07 * reference[mask].norm() / other[mask].norm()
    assert artefact_to_signal(pair_of(reference, 1.3 * (reference + other), mask)).value == pytest.approx(7.0, rel=1e-9)
    assert artefact_to_signal(pair_of(reference, 1.3 * reference, mask)).value == pytest.approx(0.0, abs=1e-9)
    assert artefact_to_signal(pair_of(reference * 0, reference, mask)).value is None


@pytest.mark.parametrize("axis", [0, 1])
def test_bands_and_directions_are_those_of_the_change(axis):
    """A line of one pixel along phase encoding: 0.8 of a pixel across the readout, most of the picture along it; its gradient points along the readout."""
    reference, mask, _ = body()
    line = torch.zeros_like(reference)
    line.movedim(axis, 0)[:, 40] = 30.0
    pair = pair_of(reference, reference + line, mask, phase_axis=axis)
    # the gain a takes up a little of the line: the band is all but that of the line
    assert band_across_readout(pair).value == pytest.approx(0.8 * SPACING[1 - axis], rel=0.05)
    assert band_along_phase_encoding(pair).value == pytest.approx(0.8 * reference.shape[axis] * SPACING[axis], rel=0.05)
    assert phase_encode_share(pair).value < 0.02
    wave = 10 * torch.sin(torch.arange(reference.shape[axis], dtype=torch.float64) * 0.7)
    rippled = reference + (wave[:, None] if axis == 0 else wave[None, :])
    assert phase_encode_share(pair_of(reference, rippled, mask, phase_axis=axis)).value > 0.98
    grain = torch.from_numpy(np.random.default_rng(2).standard_normal(reference.shape))
    square = pair_of(reference, reference + grain, mask, phase_axis=axis, spacing=(1.0, 1.0))
    assert phase_encode_share(square).value == pytest.approx(0.5, abs=0.02)
    oblong = phase_encode_share(pair_of(reference, reference + grain, mask, phase_axis=axis)).value  # equal differences, over unequal distances
    assert oblong == pytest.approx(SPACING[axis] ** -2 / (SPACING[0] ** -2 + SPACING[1] ** -2), abs=0.02)
    for measure, changed in ((band_across_readout, reference + line), (band_along_phase_encoding, reference + line), (phase_encode_share, rippled)):
        plain, tiny = (measure(pair_of(unit * reference, unit * changed, mask, phase_axis=axis)).value for unit in (1.0, 1e-12))
        assert tiny == pytest.approx(plain, rel=1e-6)  # in whatever unit the picture is
    assert band_across_readout(pair_of(reference, reference, mask)).value == 0.0
    assert phase_encode_share(pair_of(reference, reference, mask)).value is None
    for measure in (band_across_readout, phase_encode_share, resolution_along_readout):
        assert "scan" in str(measure(pair_of(reference, reference, mask, phase_axis=None)).reason)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("sigma_mm", [1.5, 3.0])
def test_blur_along_one_axis_is_told_apart(axis, sigma_mm):
    """Gauss sigma along one axis: half contrast at sqrt(ln 2 / 2) / (pi sigma), half a period of 2.668 sigma; the other axis keeps its pixel."""
    reference, mask, _ = body()
    k = frequencies(reference.shape[axis]) / (reference.shape[axis] * SPACING[axis])
    loss = torch.exp(-2 * math.pi**2 * sigma_mm**2 * k**2)
    blurred = to_picture(to_kspace(reference) * (loss[:, None] if axis == 0 else loss[None, :])).real
    told = math.pi / math.sqrt(2 * math.log(2)) * sigma_mm
    assert told == pytest.approx(2.668 * sigma_mm, rel=1e-3)
    for phase_axis in (0, 1):
        pair = pair_of(reference, 0.8 * blurred, mask, phase_axis=phase_axis)
        found = {phase_axis: resolution_along_phase_encoding(pair).value, 1 - phase_axis: resolution_along_readout(pair).value}
        assert found[axis] == pytest.approx(told, rel=0.03 if sigma_mm < 2 else 0.08)  # the slow gain takes a little of a wide blur
        assert found[1 - axis] < 1.3 * SPACING[1 - axis]  # the wedge about the other axis sees a little of the loss


def test_a_cropped_matrix_reads_its_pixel():
    """M of N lines: FOV / M along phase encoding; an untouched picture reads the pixel."""
    reference, mask, _ = body()
    kept = frequencies(120).abs() <= 24
    cropped = to_picture(to_kspace(reference) * kept[:, None]).real
    assert resolution_along_phase_encoding(pair_of(reference, cropped, mask)).value == pytest.approx(120 * 1.5 / 49, rel=0.04)
    assert resolution_along_phase_encoding(pair_of(reference, reference, mask)).value == 1.5
    assert resolution_along_readout(pair_of(reference, reference, mask)).value == 1.2
    # Pixels of half a millimetre hold frequencies up to one cycle per millimetre, and the unit of the picture does not matter.
    fine = to_picture(to_kspace(reference) * (frequencies(120).abs() <= 48)[:, None]).real
    assert resolution_along_phase_encoding(pair_of(reference, fine, mask, spacing=(0.5, 0.4))).value == pytest.approx(120 * 0.5 / 97, rel=0.04)
    tiny = resolution_along_phase_encoding(pair_of(1e-9 * reference, 1e-9 * cropped, mask)).value
    assert tiny == pytest.approx(resolution_along_phase_encoding(pair_of(reference, cropped, mask)).value, rel=1e-6)


def test_a_slow_field_has_its_variation():
    """A cosine field of 20 % across 200 mm over a flat disc, against its own variation there; a gain is none."""
    _, mask, right = body()
    reference = 100.0 * mask
    field = 1 + 0.2 * torch.cos(2 * math.pi * right / 200 + 0.6)
    told = 100 * float(field[mask].std(correction=0) / field[mask].mean())
    assert bias_variation(pair_of(reference, reference * field, mask)).value == pytest.approx(
        told, rel=0.12
    )  # the Gaussian takes a twentieth of this wave, the rim more
    assert bias_variation(pair_of(reference, 0.7 * reference, mask)).value == pytest.approx(0.0, abs=1e-9)
    alone, dimmed = (bias_variation(pair_of(reference, gain * reference * field, mask)).value for gain in (1.0, 0.5))
    assert dimmed == pytest.approx(alone, rel=1e-9)  # deviation over mean


def test_grain_is_measured_and_stripes_are_not():
    """White noise of 4 % of tissue within three standard errors; a ripple along one axis is no grain; noise that is five times as strong on one side shows."""
    reference, mask, right = body()
    tissue = float(reference[mask].mean())
    grain = torch.from_numpy(np.random.default_rng(3).standard_normal(reference.shape))
    found = local_noise(pair_of(reference, reference + 0.04 * tissue * grain, mask)).value
    blocks = int(mask.sum()) // 64
    assert found == pytest.approx(4.0, abs=4.0 * (3 * 1.17 / math.sqrt(64 * blocks) * 1.25 + 0.02))  # and the small bias of a median of medians
    ripple = 10 * torch.cos(0.9 * torch.arange(reference.shape[0], dtype=torch.float64))[:, None]
    assert local_noise(pair_of(torch.full_like(reference, 50.0), 50.0 + ripple.expand(reference.shape), mask)).value < 1e-9
    even = noise_peak_over_median(pair_of(reference, reference + grain, mask)).value
    uneven = noise_peak_over_median(pair_of(reference, reference + grain * (1 + 4 * (right > 35)), mask)).value
    assert 1.1 < even < 1.4
    louder = noise_peak_over_median(pair_of(reference, reference + 7 * grain, mask)).value
    assert louder == pytest.approx(even, rel=0.02)  # a ratio, whatever the noise
    assert uneven > 3
    assert noise_peak_over_median(pair_of(reference, reference, mask)).value is None


def test_a_warp_reads_its_millimetres():
    """A smooth warp of at most 4.5 mm: the 95th percentile within a tenth; grain is no displacement."""
    reference, mask, _ = body()
    smooth = ndimage.gaussian_filter(reference.numpy(), 1.5)
    rows, columns = np.meshgrid(*(np.arange(n, dtype=float) for n in reference.shape), indexing="ij")
    shift = 3.0 * np.exp(-(((rows - 60) / 35) ** 2) - ((columns - 65) / 35) ** 2)  # rows of 1.5 mm
    warped = torch.from_numpy(ndimage.map_coordinates(smooth, [rows - shift, columns], order=3, mode="nearest"))
    told = float(np.percentile(1.5 * shift[mask.numpy()], 95))
    before = torch.from_numpy(smooth)
    assert warp_p95(pair_of(before, warped, mask)).value == pytest.approx(told, rel=0.1)
    noisy = before + 20 * torch.from_numpy(np.random.default_rng(4).standard_normal(reference.shape))
    assert warp_p95(pair_of(before, noisy, mask)).value is None
    assert warp_p95(pair_of(before, before, mask)).value == 0.0


@pytest.mark.parametrize("low", [-100.0, 50.0])
def test_a_warp_is_read_wherever_the_window_begins(low):
    """The same pictures and the same window, some codes up or down: the same displacement."""
    reference, mask, _ = body()
    smooth = ndimage.gaussian_filter(reference.numpy(), 1.5)
    rows, columns = np.meshgrid(*(np.arange(n, dtype=float) for n in reference.shape), indexing="ij")
    shift = 2.5 * np.exp(-(((rows - 60) / 35) ** 2) - ((columns - 65) / 35) ** 2)
    before, after = torch.from_numpy(smooth), torch.from_numpy(ndimage.map_coordinates(smooth, [rows - shift, columns], order=3, mode="nearest"))
    told = warp_p95(pair_of(before, after, mask)).value
    assert told > 1.0
    view = View("mri", "head", Display("window", low, low + 200.0), mask, SPACING)
    assert warp_p95(Pair(before + low, after + low, view)).value == pytest.approx(told, rel=0.01)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_warp_is_measured_along_its_own_axis(axis):
    """Two pixels of 1.5 or of 0.6 mm: the displacement along each axis counts in its own spacing."""
    reference, mask, _ = body()
    smooth = ndimage.gaussian_filter(reference.numpy(), 1.5)
    places = list(np.meshgrid(*(np.arange(n, dtype=float) for n in reference.shape), indexing="ij"))
    shift = 2.0 * np.exp(-(((places[0] - 60) / 35) ** 2) - ((places[1] - 65) / 35) ** 2)
    places[axis] = places[axis] - shift
    warped = torch.from_numpy(ndimage.map_coordinates(smooth, places, order=3, mode="nearest"))
    told = (1.5, 0.6)[axis] * float(np.percentile(shift[mask.numpy()], 95))
    assert warp_p95(pair_of(torch.from_numpy(smooth), warped, mask, spacing=(1.5, 0.6))).value == pytest.approx(told, rel=0.12)


def bars(width: int, *, ripple: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Stripes across axis 0, 20 and 100 bright, with a wave along them of so much of the step; and the same with 5 on the first two pixels of each."""
    down = torch.arange(180)
    high = (down // width % 2).double()
    wave = 40 * ripple * torch.cos(2 * math.pi * down.double() / 3)
    reference = (20 + 80 * high + wave)[:, None].expand(180, 90).clone()
    return reference, reference + torch.where(down % width < 2, 5.0, 0.0)[:, None]


def read_bars(monkeypatch, pair: Pair, *, resolution_mm: float) -> float | None:
    monkeypatch.setattr("physics.mri.edge_ringing.resolution_along_phase_encoding", lambda _: Reading(resolution_mm))
    return ringing_amplitude(pair).value


def test_an_edge_stands_on_plateaus(monkeypatch):
    """At a resolution of six pixels the overshoot is looked for up to nine pixels off: a plateau that falls off gently from there on holds it, one that does
    so from the third pixel on does not, nor one whose last two of these pixels fall by more than four tenths of the step."""
    for begins, read in ((10, True), (4, False), (3, False)):
        reference, degraded = bars(45)
        fallen = 80 * ((torch.arange(180) % 90 - 45 - begins) / 10).clamp(0, 1).double()[:, None]
        reference, degraded = reference - fallen, degraded - fallen
        mask = torch.ones_like(reference, dtype=torch.bool)
        assert (read_bars(monkeypatch, pair_of(reference, degraded, mask, spacing=(1.0, 1.0)), resolution_mm=6.0) is not None) == read


def test_an_edge_stands_alone(monkeypatch):
    """At a resolution of six pixels edges nineteen pixels apart are read, edges eighteen or seventeen apart, three resolutions or less, are not; the far side
    of the last one, alone in any case, is too few pixels in fifteen columns."""
    for width, read in ((19, True), (18, False), (17, False)):
        reference, degraded = (picture[:, :15] for picture in bars(width))
        mask = torch.ones_like(reference, dtype=torch.bool)
        assert (read_bars(monkeypatch, pair_of(reference, degraded, mask, spacing=(1.0, 1.0)), resolution_mm=6.0) is not None) == read


@pytest.mark.parametrize(("distance", "read"), [(9, True), (12, False)])
@pytest.mark.parametrize("side", [1, -1])
def test_a_lesser_step_is_part_of_a_plateau_or_an_edge_of_its_own(monkeypatch, distance, read, side):
    """At a resolution of six pixels a step of 0.35 nine pixels off is still on the plateau of the larger one; twelve pixels off it is another edge."""
    down = torch.arange(180)
    reference = (20 + 80 * (down >= 90).double())[:, None].expand(180, 90).clone()
    lesser = (down >= 90 + distance if side == 1 else down < 90 - distance).double()
    reference = reference + side * 28 * lesser[:, None]
    mask = torch.ones_like(reference, dtype=torch.bool)
    assert (read_bars(monkeypatch, pair_of(reference, reference, mask, spacing=(1.0, 1.0)), resolution_mm=6.0) is not None) == read


@pytest.mark.parametrize(("first", "read"), [(9, False), (11, True)])
@pytest.mark.parametrize("at_the_end", [False, True])
def test_an_edge_has_room_for_its_plateaus(monkeypatch, first, read, at_the_end):
    """At a resolution of six pixels an edge with nine pixels before the end of the picture has no whole plateau and the margin of one, with eleven it has."""
    reference = (20 + 80 * (torch.arange(90) >= first).double())[:, None].expand(90, 40).clone()
    reference = reference.flip(0) if at_the_end else reference
    mask = torch.ones_like(reference, dtype=torch.bool)
    assert (read_bars(monkeypatch, pair_of(reference, reference, mask, spacing=(1.0, 1.0)), resolution_mm=6.0) is not None) == read


@pytest.mark.parametrize(("offsets", "percent"), [((0, 1, 2), 0.0), ((4, 5, 6, 7), 10.0), ((7,), 10.0), ((10, 11), 0.0)])
def test_the_overshoot_is_sought_one_resolution_off(monkeypatch, offsets, percent):
    """At a resolution of six pixels of half a millimetre a tenth of the step, brighter on the bright side and darker on the dark one, counts from 0.7
    resolutions off the edge, not nearer, where a blur changes most, and not beyond 1.4."""
    reference, _ = bars(30)
    up = torch.arange(180) // 30 % 2 == 1
    depth = torch.minimum(torch.arange(180) % 30, 29 - torch.arange(180) % 30)  # pixels from the nearest edge
    ring = torch.isin(depth, torch.tensor(offsets))
    degraded = reference + torch.where(ring, torch.where(up, 8.0, -8.0), 0.0)[:, None]
    mask = torch.ones_like(reference, dtype=torch.bool)
    read = read_bars(monkeypatch, pair_of(reference, degraded, mask, spacing=(0.5, 2.0)), resolution_mm=3.0)
    assert read == pytest.approx(percent, abs=1e-6)


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4])
def test_a_plateau_is_flat_against_its_step(monkeypatch, unit):
    """Waves of a quarter of the step are plateaus, of two thirds they are none, in whatever unit the picture is."""
    for ripple, read in ((0.25, True), (0.67, False)):
        reference, degraded = (unit * picture for picture in bars(20, ripple=ripple))
        mask = torch.ones_like(reference, dtype=torch.bool)
        assert (read_bars(monkeypatch, pair_of(reference, degraded, mask, spacing=(1.0, 1.0)), resolution_mm=3.0) is not None) == read


@pytest.mark.parametrize("axis", [0, 1])
def test_a_cut_series_rings_by_nine_percent(axis):
    """A slab whose lines are cut off to a sixth overshoots by 8.95 % of its step (8.6 to 9.2 on pixels); filtered by Hann by less than 1 %."""
    n, m = 192, 32
    down = torch.arange(n, dtype=torch.float64) - n // 2
    profile = (down.abs() < 47).double()
    reference = (20 + 80 * profile)[:, None].expand(n, 96).clone()
    kept = frequencies(n).abs()
    outcomes = {}
    for name, window in (("cut", (kept < m / 2 + 0.5).double()), ("hann", (0.5 + 0.5 * torch.cos(2 * math.pi * kept / m)) * (kept < m / 2))):
        degraded = to_picture(to_kspace(reference) * window[:, None]).real
        turned = (lambda picture: picture.T.contiguous()) if axis == 1 else (lambda picture: picture)
        grain = torch.from_numpy(np.random.default_rng(5).standard_normal((n, 96))) * 1e-3
        mask = torch.ones_like(reference, dtype=torch.bool)
        outcomes[name] = ringing_amplitude(
            pair_of(turned(reference + grain), turned(degraded + grain), turned(mask), phase_axis=axis, spacing=(1.0, 1.0))
        ).value
    assert outcomes["cut"] == pytest.approx(8.95, abs=0.35)
    assert abs(outcomes["hann"]) < 1.0
    flat = torch.full((64, 64), 10.0, dtype=torch.float64) + torch.from_numpy(np.random.default_rng(6).standard_normal((64, 64)))
    assert ringing_amplitude(pair_of(flat, flat, torch.ones(64, 64, dtype=torch.bool))).value is None


@pytest.mark.parametrize("axis", [0, 1])
def test_the_slow_gain_is_slow_in_millimetres(axis):
    """A Gaussian of 10 mm keeps exp(-2 pi^2 s^2 / L^2), 0.29, of a wave of 40 mm, along either axis of oblong pixels; outside the object nothing counts."""
    shape, spacing = (140, 181), (1.5, 0.8)
    at = centred_grid(shape)[axis] * spacing[axis]
    mask = torch.ones(shape, dtype=torch.bool)
    flat = torch.full(shape, 50.0, dtype=torch.float64)
    gain = slow_gain(pair_of(flat, flat * (1 + 0.2 * torch.cos(2 * math.pi * at / 40)), mask, spacing=spacing))
    assert gain[70, 90] - 1 == pytest.approx(0.2 * math.exp(-2 * math.pi**2 / 16), rel=0.01)
    mask[:, 60:] = False
    found = slow_gain(pair_of(flat, torch.where(mask, 2.0, 5.0) * flat, mask, spacing=spacing))
    np.testing.assert_allclose(found, np.where(mask.numpy(), 2.0, 1.0), rtol=1e-9)


@pytest.mark.parametrize("axis", [0, 1])
def test_contrast_is_counted_from_the_lowest_frequencies(axis):
    """Whatever haze is added, the mean of the two lowest bins is 1; bins are equal shares of Nyquist, each at its middle."""
    reference, mask, _ = body()
    frequency, gain = contrast_along(pair_of(reference, 0.6 * reference + 40 * mask, mask), axis)
    assert gain[np.isfinite(gain)][:2].mean() == pytest.approx(1.0)
    np.testing.assert_allclose(frequency, (np.arange(48) + 0.5) / 96 / SPACING[axis])


@pytest.mark.parametrize("axis", [0, 1])
def test_a_loss_that_grows_evenly_is_half_where_it_says(axis):
    """White noise whose contrast falls by 0.9 up to Nyquist, over no object that could be shaded: half of what the lowest two bins hold is left at 0.566 of
    Nyquist, between the middles of two bins. A contrast that is low in the first bin only has no place where it falls."""
    shape = (960, 64) if axis == 0 else (64, 960)
    noise = torch.from_numpy(np.random.default_rng(8).standard_normal(shape))
    share = frequencies(960).abs() / 480
    nowhere = torch.zeros(shape, dtype=torch.bool)

    def read(left: torch.Tensor) -> float | None:
        degraded = to_picture(to_kspace(noise) * (left[:, None] if axis == 0 else left[None, :])).real
        return resolution_along_phase_encoding(pair_of(noise, degraded, nowhere, phase_axis=axis)).value

    assert read(1 - 0.9 * share) == pytest.approx(SPACING[axis] / ((1 - 0.5 * (1 - 0.9 / 48)) / 0.9), rel=4e-3)
    assert read(torch.where(share < 1 / 48, 0.1, 1.0)) == pytest.approx(96 * SPACING[axis])


def test_shading_is_no_blur():
    """A disc that is more than twice as bright in its middle as at its rim is as sharp as before along both axes."""
    _, mask, right = body()
    down = centred_grid((120, 141))[0] * SPACING[0]
    radius = torch.hypot(down - 3, right + 5)
    grain = torch.from_numpy(np.random.default_rng(9).standard_normal(mask.shape))
    reference = mask * (100 + 0.5 * grain)
    shaded = reference * (0.65 + 0.35 * torch.cos(math.pi * radius / 90))
    for measure, pixel in ((resolution_along_phase_encoding, 1.5), (resolution_along_readout, 1.2)):
        assert measure(pair_of(reference, shaded, mask)).value == pixel
