"""Motion of the tip during an exposure."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from physics.optics import Capture, motion
from physics.optics.acquire import expose
from physics.optics.convolution import frequencies
from physics.optics.motion import Spread, Sweep, arc, focal_px, moved, path_contrast, path_transfer, smear_px, spread_exposure, without_ringing
from physics.scan import EditConflict, acquire

WHOLE = np.ones((121, 160), bool)


def spot_scan(row: int = 60, column: int = 70, code: int = 200) -> Capture:
    codes = np.zeros((121, 160, 3), np.uint8)
    codes[row, column] = code
    return Capture.of(codes, kind="endoscopy", field_mask=WHOLE)


def moments(light: np.ndarray) -> tuple[float, float, float, float]:
    """Centroid (row, column) and second moments (rr, cc) of green light."""
    weight = light[:, :, 1].astype(float)
    weight = np.where(weight > 1e-6 * weight.max(), weight, 0) / weight.sum()
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]]
    row, column = (weight * y).sum(), (weight * x).sum()
    return row, column, (weight * (y - row) ** 2).sum(), (weight * (x - column) ** 2).sum()


@pytest.mark.parametrize("direction", [0.0, 30.0, 90.0, 135.0])
def test_a_straight_sweep_is_sinc_along_its_direction(direction: float) -> None:
    """H = sinc(f . L) with L = (sin, cos) of the angle from right towards down: axis and angle are not exchanged."""
    length, shape = 9.0, (90, 101)
    rows, columns = frequencies(shape)
    along = rows.astype(float) * math.sin(math.radians(direction)) + columns.astype(float) * math.cos(math.radians(direction))
    found = path_transfer(arc(length, direction_deg=direction), shape)
    assert not np.iscomplexobj(found)
    np.testing.assert_allclose(found, np.sinc(along * length), atol=2e-5)
    frequency = np.linspace(0, 0.5, 40)
    np.testing.assert_allclose(
        path_contrast(arc(length, direction_deg=direction), frequency, direction_deg=direction), np.abs(np.sinc(frequency * length)), atol=1e-9
    )


@pytest.mark.parametrize("bend", [0.25, -0.2])
def test_a_bent_sweep_is_the_mean_of_many_frames(bend: float) -> None:
    """The closed form agrees with 4,000 sub-frames along the same polyline within 1e-4, phase included."""
    path = np.array(arc(14.0, direction_deg=25.0, bend=bend))
    assert path.shape == (9, 2)
    shape = (48, 45)
    rows, columns = frequencies(shape)
    per_piece = 500
    times = (np.arange(per_piece) + 0.5) / per_piece
    points = np.concatenate([a + times[:, None] * (b - a) for a, b in itertools.pairwise(path)])
    total = sum(np.exp(-2j * np.pi * (rows * r + columns * c)) for r, c in points) / len(points)
    found = path_transfer(tuple(map(tuple, path)), shape)
    np.testing.assert_allclose(found, total, atol=1e-4)
    for direction, line, frequency in ((0.0, found[0], columns[0]), (90.0, found[:24, 0], rows[:24, 0])):
        np.testing.assert_allclose(path_contrast(tuple(map(tuple, path)), frequency.astype(float), direction_deg=direction), np.abs(line), atol=1e-4)


def test_an_arc_has_chord_rise_side_and_centre_as_asked() -> None:
    """Chord of the length along the direction; rise bend times length to the left of it for a chord to the right; time-mean at zero."""
    path = np.array(arc(10.0, direction_deg=0.0, bend=0.2))
    np.testing.assert_allclose(path[-1] - path[0], [0, 10], atol=1e-12)
    assert path[4, 0] - path[0, 0] == pytest.approx(2.0)
    np.testing.assert_allclose(((path[1:] + path[:-1]) / 2).mean(axis=0), 0, atol=1e-12)
    down = np.array(arc(10.0, direction_deg=90.0, bend=0.2))
    np.testing.assert_allclose(down[-1] - down[0], [10, 0], atol=1e-12)
    assert down[4, 1] - down[0, 1] == pytest.approx(-2.0)
    assert len(arc(10.0, direction_deg=0.0)) == 2
    oblique = np.array(arc(10.0, direction_deg=30.0, bend=0.2))
    rise = oblique[4] - (oblique[0] + oblique[-1]) / 2
    np.testing.assert_allclose(rise, [2.0 * math.cos(math.radians(30)), -2.0 * math.sin(math.radians(30))], atol=1e-12)


@pytest.mark.parametrize(("bend", "direction"), [(0.0, 35.0), (0.25, 35.0), (0.0, 90.0)])
def test_an_impulse_keeps_its_place_and_energy(bend: float, direction: float) -> None:
    """Centroid within 0.02 px and energy within 5e-4 (single precision), for a lone pixel on black: no kernel shifts the picture."""
    scan = spot_scan()
    before, after = expose(scan), expose(moved(scan, Sweep(arc(16.0, direction_deg=direction, bend=bend))))
    assert after.sum() == pytest.approx(before.sum(), rel=5e-4)
    y, x = np.mgrid[:121, :160]
    near = np.hypot(y - 60, x - 70) < 30
    weight = np.where(near, after[:, :, 1], 0).astype(float)
    assert (weight * y).sum() / weight.sum() == pytest.approx(60, abs=0.02)
    assert (weight * x).sum() / weight.sum() == pytest.approx(70, abs=0.02)


def test_a_smooth_spot_keeps_centroid_and_energy_exactly() -> None:
    """For a smooth spot: centroid within 1e-3 px, energy within 1e-5, second moment grown by L^2 / 12 along the motion and by nothing across it."""
    y, x = np.mgrid[:121, :160]
    light = np.exp(-((y - 60) ** 2 + (x - 70) ** 2) / (2 * 5.0**2))[:, :, None].repeat(3, axis=2)
    after = Sweep(arc(18.0, direction_deg=0.0)).apply(light, spot_scan())
    assert after.sum() == pytest.approx(light.sum(), rel=1e-5)
    m0, m1 = moments(light), moments(after)
    assert m1[:2] == pytest.approx(m0[:2], abs=1e-3)
    assert m1[3] - m0[3] == pytest.approx(18**2 / 12, rel=0.005)
    assert m1[2] == pytest.approx(m0[2], rel=0.005)


def test_a_clipped_highlight_becomes_a_white_streak() -> None:
    """A 5 px highlight swept over 20 px stays white over at least 15 px, as its light was above white; without the lift it would be grey."""
    codes = np.full((121, 160, 3), 70, np.uint8)
    codes[58:63, 78:83] = 255
    scan = Capture.of(codes, kind="endoscopy", field_mask=WHOLE)
    assert "radiance of clipped highlights" in scan.assumed
    picture = acquire(moved(scan, Sweep(arc(20.0, direction_deg=0.0)))).numpy()
    streak = np.flatnonzero((picture[60] >= 250).all(axis=1))
    assert 15 <= np.ptp(streak) + 1 <= 25
    assert streak.mean() == pytest.approx(80, abs=0.6)
    assert (picture[:, 80] >= 250).all(axis=1).sum() <= 5


def test_speed_exposure_and_distance_make_pixels() -> None:
    """f v T / d: an equidistant lens of 140 degrees over 1080 px has 442 px/rad; 50 mm/s for 1/60 s at 15 mm is 24.6 px."""
    scan = Capture.of(np.full((1080, 1080, 3), 99, np.uint8), kind="endoscopy", field_deg=140.0)
    assert focal_px(scan) == pytest.approx(442.0, abs=0.1)
    assert smear_px(50.0, exposure_s=1 / 60, distance_mm=15.0, focal=442.0) == pytest.approx(24.56, abs=0.01)


@pytest.mark.parametrize("kind", ["roll", "advance"])
def test_a_turn_smears_along_circles_and_an_advance_along_radii(kind: str) -> None:
    """At radius r the streak is r A long (variance (r A)^2 / 12), across or along the radius; its place stays; the centre stays sharp."""
    light = np.zeros((161, 161, 3))
    y, x = np.mgrid[:161, :161]
    light += np.exp(-((y - 80) ** 2 + (x - 130) ** 2) / (2 * 2.0**2))[:, :, None]
    amount, radius = 0.3, 50.0
    after = spread_exposure(light, kind, centre=(80.0, 80.0), amount=amount, radius_px=80.0)  # type: ignore[arg-type]
    before, found = moments(light), moments(after)
    along, across = (found[2] - before[2], found[3] - before[3]) if kind == "roll" else (found[3] - before[3], found[2] - before[2])
    assert along == pytest.approx((radius * amount) ** 2 / 12, rel=0.08)
    assert abs(across) < 0.12 * along
    assert found[0] == pytest.approx(80, abs=0.05)
    # a magnified spot sends more light: the far end of the streak weighs more, by e^2u
    grown = (math.sinh(1.5 * amount) / 3) / (math.sinh(amount) / 2) if kind == "advance" else math.sin(amount / 2) / (amount / 2)
    assert found[1] == pytest.approx(80 + radius * grown, abs=0.15)
    assert after.sum() == pytest.approx(light.sum(), rel=0.05)
    still = np.exp(-((y - 80) ** 2 + (x - 80) ** 2) / (2 * 2.0**2))[:, :, None].repeat(3, axis=2)
    kept = spread_exposure(still, kind, centre=(80.0, 80.0), amount=amount, radius_px=80.0)  # type: ignore[arg-type]
    np.testing.assert_allclose(kept, still, atol=0.03)


@pytest.mark.parametrize("kind", ["roll", "advance"])
def test_both_precisions_spread_alike_up_to_the_border(kind: str) -> None:
    """Light in double precision is spread as in single, at every pixel, and stays what it was in type."""
    light = np.random.default_rng(4).uniform(0.1, 0.9, (61, 80, 3))
    double, single = (spread_exposure(one, kind, centre=(30.0, 40.0), amount=0.05, radius_px=40.0) for one in (light, light.astype(np.float32)))  # type: ignore[arg-type]
    assert (double.dtype, single.dtype) == (np.float64, np.float32)
    np.testing.assert_allclose(double, single, atol=1e-6)
    flat = spread_exposure(np.full((61, 80, 3), 0.4), kind, centre=(30.0, 40.0), amount=0.05, radius_px=40.0)  # type: ignore[arg-type]
    np.testing.assert_allclose(flat, 0.4, atol=1e-6)


@pytest.mark.parametrize("kind", ["roll", "advance"])
def test_the_poses_are_those_of_the_exposure_integral(kind: str) -> None:
    """Doubling gives the mean over 2^k single warps of the whole exposure: a smooth picture agrees with 64 analytic poses within 1 %."""
    y, x = np.mgrid[:101, :121].astype(float)

    def scene(row: np.ndarray, column: np.ndarray) -> np.ndarray:
        return 0.5 + 0.2 * np.sin(0.21 * column + 0.13 * row) + 0.2 * np.cos(0.17 * row - 0.07 * column)

    light = scene(y, x)[:, :, None].repeat(3, axis=2)
    amount, total = 0.24, np.zeros((101, 121))
    for u in ((np.arange(64) + 0.5) / 64 - 0.5) * amount:
        if kind == "roll":
            row, column = (y - 50) * math.cos(u) + (x - 60) * math.sin(u) + 50, (x - 60) * math.cos(u) - (y - 50) * math.sin(u) + 60
        else:
            row, column = (y - 50) * math.exp(u) + 50, (x - 60) * math.exp(u) + 60
        total += scene(row, column) / 64
    found = spread_exposure(light, kind, centre=(50.0, 60.0), amount=amount, radius_px=60.0)  # type: ignore[arg-type]
    np.testing.assert_allclose(found[25:76, 30:91, 0], total[25:76, 30:91], atol=0.01)


def test_a_frame_moves_once() -> None:
    """A second motion in the same exposure is refused and named."""
    scan = moved(spot_scan(), Sweep(arc(4.0, direction_deg=0.0)))
    with pytest.raises(EditConflict, match="one path"):
        moved(scan, Spread("roll", 0.1))


def test_a_lone_highlight_does_not_ring_along_rows_and_columns() -> None:
    """Swept obliquely, a white square on near black leaves the code of the background 8 px away from its streak, an axis-parallel sweep is not tapered."""
    codes = np.full((121, 160, 3), 12, np.uint8)
    codes[59:62, 79:82] = 255
    scan = Capture.of(codes, kind="endoscopy", field_mask=WHOLE)
    picture = acquire(moved(scan, Sweep(arc(20.0, direction_deg=25.0)))).numpy()
    y, x = np.mgrid[:121, :160]
    across = np.abs((y - 60) * math.cos(math.radians(25)) - (x - 80) * math.sin(math.radians(25)))
    assert np.abs(picture[across > 10] - 12).max() <= 3
    assert without_ringing(arc(20.0, direction_deg=0.0), (20, 30)).min() == pytest.approx(1)
    taper = without_ringing(arc(20.0, direction_deg=25.0), (20, 30))
    rows, columns = frequencies((20, 30))
    np.testing.assert_array_equal(taper[(np.abs(rows) <= 0.3) & (columns <= 0.3)], 1)
    assert taper[10, 0] == taper[0, 15] == pytest.approx(0, abs=1e-6)


def test_the_poses_of_a_turn_are_as_dense_as_the_edge_of_the_field_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn of the capture is that of its field: about the field's centre, its poses counted at half its diameter."""
    asked: dict[str, object] = {}

    def noted(light: np.ndarray, kind: str, **where: object) -> np.ndarray:
        asked.update(where, kind=kind)
        return light

    monkeypatch.setattr(motion, "spread_exposure", noted)
    mask = np.zeros((121, 160), bool)
    mask[20:80, 30:130] = True
    Spread("roll", 0.2).apply(np.zeros((121, 160, 3)), Capture.of(np.zeros((121, 160, 3), np.uint8), kind="endoscopy", field_mask=mask))
    assert asked == {"kind": "roll", "centre": (49.5, 79.5), "amount": 0.2, "radius_px": 50.0}


@pytest.mark.parametrize(("amount", "radius_px"), [(0.12, 50.0), (0.1, 60.0)])
def test_poses_lie_close_enough_for_the_finest_spokes(amount: float, radius_px: float) -> None:
    """Forty spokes that turn by A keep sin(20 A) / (20 A) of their contrast; poses that are too far apart, or end too early, leave a quarter more."""
    y, x = np.mgrid[:181, :181] - 90.0
    radius, spokes = np.hypot(y, x), np.cos(40 * np.arctan2(y, x))
    turned = spread_exposure((1 + spokes)[:, :, None].repeat(3, axis=2), "roll", centre=(90.0, 90.0), amount=amount, radius_px=radius_px)[..., 0]
    ring = (radius > radius_px - 6) & (radius < radius_px)
    assert 2 * np.mean(((turned - 1) * spokes)[ring]) == pytest.approx(math.sin(20 * amount) / (20 * amount), rel=0.07)
