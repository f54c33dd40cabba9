"""What pulses of other slices leave of a slice."""

from __future__ import annotations

from math import cos, exp, radians, sin

import numpy as np
import pytest
import torch

from physics.display import Display
from physics.fourier import centred_grid
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.cross_talk import SaturatedSlice, saturate, saturated_signal, signal_kept
from physics.mri.slice_group import OtherSlice, body_ends_mm, crossing, neighbours, touches
from physics.mri.slice_profile import SliceProfile
from physics.mri.tissue import Relaxation, relaxation
from physics.scan import acquire

MATTER = Relaxation(1.0, 0.1, 0.8)
OWN = SliceProfile(5.0)


def disc(shape: tuple[int, int] = (121, 140), *, spacing_mm: tuple[float, float] = (1.5, 1.0)) -> MRIScan:
    """A flat disc: one brightness, so that the ratio of pictures is the factor."""
    y, x = centred_grid(shape)
    inside = ((y * spacing_mm[0]) ** 2 + (x * spacing_mm[1]) ** 2) < 55**2
    return MRIScan.of(inside.double() * 100, spacing_mm=spacing_mm, seed=2)


def simulated(z: float, others: list[tuple[float, float]], *, tr: float, flip: float, t1: float) -> float:
    """Magnetisation before the own pulse after three hundred repetitions, pulse by pulse; others: (delay, flip at this depth)."""
    m = 1.0
    for _ in range(300):
        m, time = m * cos(flip), 0.0
        for delay, turn in sorted(others):
            m = 1 - (1 - m) * exp(-(delay - time) * tr / t1)
            m, time = m * cos(turn), delay
        before = m = 1 - (1 - m) * exp(-(1 - time) * tr / t1)
    return before


@pytest.mark.parametrize(("tr", "t1", "delay"), [(0.5, 1.0, 0.5), (0.5, 0.3, 0.2), (2.0, 4.0, 0.9)])
def test_two_slices_in_closed_form(oracle, tr: float, t1: float, delay: float) -> None:
    """Two coincident slices of 90 degrees: what recovers since the other's pulse over what recovers in a repetition, on the side of time that it is."""
    other = OtherSlice(50.0, 0.0, 0.0, delay)
    kept = signal_kept(np.zeros(1), SaturatedSlice(SliceProfile(5.0, 1e-9), (other,), tr, 90.0), Relaxation(t1, 0.1, 1.0))[0]
    exact = (1 - exp(-(1 - delay) * tr / t1)) / (1 - exp(-tr / t1))
    oracle("mri_cross_talk", "two slices of 90 degrees in closed form", kept / exact - 1, below=1e-5)


def test_pulses_one_by_one(oracle) -> None:
    """Partial overlap with slopes, two neighbours at unequal times, 60 degrees: the mean over the slice of a simulation of every pulse."""
    state = SaturatedSlice(OWN, (OtherSlice(5.0, -4.0, 0.0, 0.2), OtherSlice(3.0, 3.1, 0.0, 0.85)), 0.7, 60.0)
    z = np.linspace(-OWN.half_extent_mm, OWN.half_extent_mm, 401)[1:-1]
    flip = radians(60)
    with_others = without = 0.0
    for at in z:
        own = flip * float(OWN.at(np.array(at)))
        turns = [(0.2, flip * float(SliceProfile(5.0).at(np.array(at + 4.0)))), (0.85, flip * float(SliceProfile(3.0).at(np.array(at - 3.1))))]
        with_others += sin(own) * simulated(at, turns, tr=0.7, flip=own, t1=1.0)
        without += sin(own) * simulated(at, [], tr=0.7, flip=own, t1=1.0)
    kept = signal_kept(np.zeros(1), state, MATTER)[0]
    oracle("mri_cross_talk", "the mean over the slice of pulses simulated one by one", kept / (with_others / without) - 1, below=1e-3)


def test_neighbours_that_only_touch_do_nothing() -> None:
    """With nothing shared the scan is the same value; with a little the signal falls, with more it falls more, and long T1 falls most at a usual TR."""
    scan = disc()

    def state(shared: float) -> SaturatedSlice:
        return SaturatedSlice(OWN, neighbours(OWN, shared=shared, delays=(0.45, 0.55)), 0.6, 90.0)

    assert saturate(scan, state(0.0)) is scan
    assert not touches(OWN, OtherSlice(5.0, 6.0, 0.0, 0.5))
    kept = [signal_kept(np.zeros(1), state(shared), MATTER)[0] for shared in (0.05, 0.3, 0.6, 1.0)]
    assert 1 > kept[0] > kept[1] > kept[2] > kept[3] > 0.3
    assert signal_kept(np.zeros(1), state(0.6), Relaxation(4.0, 2.0, 1.0))[0] < signal_kept(np.zeros(1), state(0.6), Relaxation(0.3, 0.1, 1.0))[0]


@pytest.mark.parametrize("direction", [90.0, 0.0, 40.0])
@pytest.mark.parametrize("angle", [90.0, 30.0])
def test_a_crossing_slice_leaves_a_strip(oracle, direction: float, angle: float) -> None:
    """A strip across the direction, at the offset in millimetres on its own side, as wide as thickness over the sine of the angle; outside nothing changes."""
    scan = disc()
    own = SliceProfile(0.4)
    other = OtherSlice(6.0, 14.0, angle, 0.9)
    ratio = acquire(saturate(scan, SaturatedSlice(own, (other,), 0.6, 90.0, direction))) / acquire(scan).clamp(min=1e-6)
    y, x = centred_grid(scan.matrix)
    along = x * cos(radians(direction)) + 1.5 * y * sin(radians(direction))
    body = ((1.5 * y) ** 2 + x**2) < 50**2
    wide = 6.0 / sin(radians(angle))
    assert float((ratio[body & ((along - 14).abs() > 0.6 * wide + 1.5)] - 1).abs().max()) < 1e-6
    core = ratio[body & ((along - 14).abs() < 0.35 * wide)]
    assert float(core.max()) < 0.45
    assert float(core.max() - core.min()) < 0.02
    dark = 1 - ratio[body]
    centre = float((dark * along[body]).sum() / dark.sum())
    oracle("mri_cross_talk", "the strip lies where the slices cross (mm)", centre - 14.0, below=0.4)
    width = float(((along[body] - centre) ** 2 * dark).sum() / dark.sum())
    assert (12 * width) ** 0.5 == pytest.approx(wide, rel=0.12)


def test_distances_are_from_the_plane() -> None:
    """Parallel: along the normal, for every x. Crossing: 0 along the plane through its line at the angle, and the length of a step along its normal off it."""
    x, z = np.array([[-3.0], [0.0], [9.0]]), np.array([-1.0, 0.0, 2.0, 5.0])
    np.testing.assert_array_equal(OtherSlice(5.0, 2.0, 0.0, 0.5).distance_mm(x, z), np.broadcast_to(z - 2.0, (3, 4)))
    tilted, along = OtherSlice(5.0, 4.0, 30.0, 0.5), np.linspace(-20.0, 20.0, 9)
    in_plane = 4.0 + along * cos(radians(30)), -along * sin(radians(30))
    np.testing.assert_allclose(tilted.distance_mm(*in_plane), 0.0, atol=1e-12)
    np.testing.assert_allclose(tilted.distance_mm(in_plane[0] + 3 * sin(radians(30)), in_plane[1] + 3 * cos(radians(30))), 3.0)


def test_nothing_reaches_from_corner_to_corner() -> None:
    """An empty picture counts as a body that fills it: half the diagonal to either side, in millimetres."""
    empty = MRIScan.of(torch.zeros(60, 80), spacing_mm=(2.0, 2.0)).body
    assert body_ends_mm(empty, 30.0) == pytest.approx((-100.0, 100.0))


@pytest.mark.parametrize("direction", [0.0, 35.0, 90.0, 140.0])
def test_a_body_ends_where_its_corners_do(direction: float) -> None:
    """The farthest of the outline's pixels along (cos, sin) of the direction, axis 1 and axis 0, in millimetres, for a bar that is not in the middle."""
    picture = torch.zeros(60, 90)
    picture[10:20, 50:80] = 100.0
    body = MRIScan.of(picture, spacing_mm=(2.5, 1.0)).body
    along = [2.5 * (int(r) - 30) * sin(radians(direction)) + (int(c) - 45) * cos(radians(direction)) for r, c in torch.nonzero(body.support)]
    assert body_ends_mm(body, direction) == pytest.approx((min(along), max(along)))


def test_a_group_covers_its_share_of_the_body() -> None:
    """Slices side by side, 1.05 of their own width apart, about the place that was asked for, with the thickness that their angle calls for."""
    scan = disc()
    low, high = body_ends_mm(scan.body, 90.0)
    assert (low, high) == pytest.approx((-59.0, 59.0), abs=2.5)
    group = crossing(scan.body, shared=0.3, direction_deg=90.0, centre=0.75, angle_deg=30.0, delays=(0.9, 0.7, 0.5))
    extent = 0.3 * (high - low) / 3
    np.testing.assert_allclose(np.diff([one.offset_mm for one in group]), 1.05 * extent)
    assert np.mean([one.offset_mm for one in group]) == pytest.approx(low + 0.75 * (high - low))
    assert 2 * SliceProfile(group[0].thickness_mm).half_extent_mm / sin(radians(30)) == pytest.approx(extent)


def test_air_keeps_its_noise_and_wrong_numbers_are_refused() -> None:
    """Noise of the receiver is not saturated; delays beyond a repetition, no thickness and absurd angles are refused."""
    rng = np.random.default_rng(3)
    scan = disc()
    noisy = MRIScan.of(acquire(scan) + torch.from_numpy(rng.rayleigh(1.0, scan.matrix)), spacing_mm=scan.spacing_mm, seed=2)
    state = SaturatedSlice(OWN, (OtherSlice(30.0, 0.0, 90.0, 0.9),), 0.6, 90.0)
    y, x = centred_grid(noisy.matrix)
    far = ((1.5 * y) ** 2 + x**2).sqrt() > 68
    torch.testing.assert_close(acquire(saturate(noisy, state))[far], acquire(noisy)[far], rtol=1e-4, atol=1e-4)
    for wrong in (
        SaturatedSlice(OWN, (OtherSlice(5.0, 0.0, 0.0, 1.2),), 0.6, 90.0),
        SaturatedSlice(SliceProfile(0.0), state.others, 0.6, 90.0),
        SaturatedSlice(OWN, state.others, -1.0, 90.0),
        SaturatedSlice(OWN, state.others, 0.6, 270.0),
    ):
        with pytest.raises(ValueError, match="must"):
            saturate(noisy, wrong)


def test_the_lost_signal_is_measured() -> None:
    """A flat disc under coincident slices loses what the closed form says, in percent; without cross-talk nothing."""
    scan = disc()
    view = View("mri", "head", Display("window", 0.0, 100.0), acquire(scan) > 50, scan.spacing_mm)
    darker = saturate(scan, SaturatedSlice(OWN, (OtherSlice(50.0, 0.0, 0.0, 0.8),), 0.6, 90.0))
    lost = saturated_signal(Pair(acquire(scan), acquire(darker), view, scan, darker)).value
    ratio = float(acquire(darker).sum() / acquire(scan).sum())
    assert lost == pytest.approx(100 * (1 - ratio), abs=0.3)
    assert saturated_signal(Pair(acquire(scan), acquire(scan), view, scan, scan)).value == pytest.approx(0.0, abs=1e-9)


def test_a_mirrored_group_takes_the_same() -> None:
    """Slices above and below are alike: the nodes across the slice are their own mirror image."""
    for thickness, offset in ((5.0, 4.0), (3.0, 2.3), (1.0, 0.4)):
        one, other = (
            signal_kept(np.zeros(1), SaturatedSlice(OWN, (OtherSlice(thickness, sign * offset, 0.0, 0.4),), 0.7, 75.0), MATTER)[0] for sign in (1, -1)
        )
        assert one == pytest.approx(other, rel=1e-12)
        assert one < 0.99


@pytest.mark.parametrize("sign", [1, -1])
def test_a_strip_at_the_edge_of_the_picture(sign: int) -> None:
    """The table along the picture reaches beyond its last pixel on either side: signal there is that of its own place."""
    scan = MRIScan.of(torch.full((40, 41), 100.0, dtype=torch.float64), phase=False)
    edge = 20.0
    state = SaturatedSlice(SliceProfile(0.4), (OtherSlice(2.0, sign * (edge + 0.8), 90.0, 0.9),), 0.6, 90.0, 0.0)
    at = np.arange(41.0) - 20
    for tissue, found in zip(relaxation(None), state.ratios(scan), strict=True):
        np.testing.assert_allclose(found[7].numpy(), signal_kept(at, state, tissue), atol=0.02)
    assert float(state.ratios(scan)[0].min()) < 0.8


def test_air_is_no_signal_that_is_lost() -> None:
    """Haze about the body counts neither as signal nor as loss."""
    y, x = centred_grid((121, 140))
    image = torch.where(y**2 + x**2 < 40**2, 100.0, 4.0).double()
    scan = MRIScan.of(image, seed=2)
    assert not bool(scan.body.support.all())
    view = View("mri", "head", Display("window", 0.0, 100.0), image > 50, scan.spacing_mm)
    state = SaturatedSlice(OWN, (OtherSlice(50.0, 0.0, 0.0, 0.8),), 0.6, 90.0)
    darker = saturate(scan, state)
    inside, factor = scan.body.support, state.factor(scan)
    wanted = 100 * (1 - float((image * factor)[inside].sum() / image[inside].sum()))
    assert saturated_signal(Pair(image, acquire(darker), view, scan, darker)).value == pytest.approx(wanted, rel=1e-6)
