"""The solver: from a target on the severity scale to a strength, with few acquisitions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from medq_gen.declare import BANDS, LEVELS, Strength
from medq_gen.solve import MIDDLE_FIRST, SUB_THRESHOLD, Curve, band_of, draw_target

LOG = Strength("dose of harm", "1", neutral=0.0, limit=20.0, scale="log")
LINEAR = Strength("dioptres", "D", neutral=0.0, limit=12.0)
SIX = Strength("displacement", "px", neutral=0.0, limit=6.0, scale="log")
FALLING = Strength("share of dose", "1", neutral=1.0, limit=0.02, scale="log")

CURVES: dict[str, tuple[Strength, Callable[[float], float]]] = {
    "proportional": (LOG, lambda s: 1.1 * s),
    "saturating": (LOG, lambda s: 4.2 * (1 - math.exp(-s / 1.7))),
    "late": (LOG, lambda s: 3.5 * s**3 / (s**3 + 200.0)),
    "root": (LOG, lambda s: 1.3 * math.sqrt(s)),
    "quadratic": (LINEAR, lambda s: 0.05 * s * s),
    "steep": (LINEAR, lambda s: 3.4 / (1 + math.exp(-(s - 6) * 2))),
    "falling dose": (FALLING, lambda s: 0.8 * math.sqrt(1 / s - 1)),
}


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("seed", range(8))
def test_every_level_is_found_with_few_acquisitions(name: str, seed: int) -> None:
    """On smooth curves every level lies in its band, its strength gives the effect that is stated, and a ladder of four costs at most 14 acquisitions."""
    strength, curve = CURVES[name]
    rng = np.random.default_rng(seed)
    targets = {level: draw_target(rng, level) for level in LEVELS}
    solver = Curve(lambda s: curve(float(s)), strength)
    for level in MIDDLE_FIRST:
        point = solver.solve(targets[level], band_of(level)).point
        assert point is not None, (name, level)
        low, high = band_of(level)
        assert low <= point.u <= high
        assert point.u == curve(float(point.strength))
        assert strength.at(point.position) == point.strength
    assert solver.count == len(solver.points) <= 14


def test_the_average_is_below_three_a_level() -> None:
    """Over all curves and targets, acquisitions a level stay below 3: the figure that the design asks for."""
    spent = levels = 0
    for strength, curve in CURVES.values():
        for seed in range(20):
            rng = np.random.default_rng(100 + seed)
            solver = Curve(lambda s, curve=curve: curve(float(s)), strength)
            for level in MIDDLE_FIRST:
                assert solver.solve(draw_target(rng, level), band_of(level)).point is not None
                levels += 1
            spent += solver.count
    assert spent / levels < 3.0


def test_a_limit_below_the_band_is_said() -> None:
    """A curve that ends at u = 1.9 gives mild, and says for severe that the limit is reached there."""
    solver = Curve(lambda s: 1.9 * float(s) / 20.0, LOG)
    assert solver.solve(1.0, BANDS["mild"]).point is not None
    solved = solver.solve(3.2, BANDS["severe"])
    assert solved.point is None
    assert solved.reason == "limit reached at u = 1.90"
    assert solver.points[-1].strength == 20.0


LEVELLED: dict[str, Callable[[float, float], float]] = {
    "flat": lambda s, top: min(3 * s, top),
    "saturating": lambda s, top: top * (1 - math.exp(-s / 0.5)),
    "rippled": lambda s, top: min(3 * s, top) * (1 + 0.004 * math.sin(137 * s)),
    "falling again": lambda s, top: top * (1 - math.exp(-s / 0.3)) * (1 - 0.004 * s),
}


@pytest.mark.parametrize("name", LEVELLED)
@pytest.mark.parametrize("top", [0.4, 1.0, 1.5, 2.6, 2.85])
@pytest.mark.parametrize("seed", range(4))
def test_an_effect_that_has_levelled_off_ends_the_search(name: str, top: float, seed: int) -> None:
    """Where harm stops rising below a band, the limit is tried at once and named, a level that lies below the plateau is found, and a ladder that
    lacks levels costs no more than a whole one."""
    solver = Curve(lambda s: LEVELLED[name](float(s), top), LOG)
    rng = np.random.default_rng(seed)
    for level in MIDDLE_FIRST:
        solved, before = solver.solve(draw_target(rng, level), band_of(level)), solver.count
        if band_of(level)[0] > 1.005 * top:
            assert solved.reason == f"limit reached at u = {solver.points[-1].u:.2f}"
            assert solver.points[-1].position == 1.0
            assert solver.solve(draw_target(rng, level), band_of(level)).point is None
            assert solver.count == before, "what is out of reach costs nothing again"
        elif band_of(level)[1] < 0.8 * top:
            assert solved.point is not None
    assert solver.count <= 12


def test_a_bend_does_not_let_the_search_creep() -> None:
    """Where harm turns up, interpolation stays on one side of the band; halving finds it (displaced fat, as measured: 10 tries in vain without)."""
    pixels = (0.0, 0.379, 0.943, 1.085, 1.153, 1.261, 1.646, 2.210, 2.349, 6.0)
    harm = (0.0, 0.110, 0.617, 0.877, 1.004, 1.212, 1.964, 2.912, 3.106, 4.23)
    found = Curve(lambda s: float(np.interp(float(s), pixels, harm)), SIX)
    assert found.solve(2.18, BANDS["moderate"]).point is not None
    assert found.count <= 8


def test_a_jump_over_the_band_is_said() -> None:
    """A curve that leaps from 1.0 to 2.6 has no moderate: the reason names both sides of the leap."""
    solver = Curve(lambda s: 1.0 if float(s) < 3.0 else 2.6, LINEAR)
    solved = solver.solve(2.0, BANDS["moderate"])
    assert solved.point is None
    assert solved.reason.startswith("jumps over the band: u = 1.00 at 2.9")
    assert "u = 2.60 at 3" in solved.reason


def test_evaluations_are_shared_by_the_levels() -> None:
    """A second solve for the same target costs nothing, and no strength is acquired twice."""
    asked: list[float] = []

    def evaluate(strength: float | str) -> float:
        asked.append(float(strength))
        return 0.3 * float(strength)

    solver = Curve(evaluate, LINEAR)
    first = solver.solve(1.0, BANDS["mild"])
    count = solver.count
    assert solver.solve(1.0, BANDS["mild"]) == first
    assert solver.count == count
    solver.solve(2.0, BANDS["moderate"])
    assert len(asked) == len(set(asked)) == solver.count


def test_choices_are_searched_in_their_order() -> None:
    """Of discrete choices the one in the band is taken by bisection; where none is, the two around the band are named."""
    harm = {"a": 0.2, "b": 1.0, "c": 1.9, "d": 2.6, "e": 3.1}
    solver = Curve(lambda s: harm[str(s)], tuple(harm))
    mild, moderate, severe = (solver.solve(target, BANDS[level]).point for level, target in (("mild", 1.1), ("moderate", 2.1), ("severe", 3.3)))
    assert [point and point.strength for point in (mild, moderate, severe)] == ["b", "c", "e"]
    jumping = Curve(lambda s: {"x": 0.4, "y": 2.6}[str(s)], ("x", "y"))
    assert jumping.solve(2.0, BANDS["moderate"]).reason == "jumps over the band: 'x' gives u = 0.40, 'y' gives u = 2.60"
    assert jumping.solve(3.3, BANDS["severe"]).reason == "limit reached at u = 2.60"


def test_targets_lie_inside_the_inner_band() -> None:
    """Targets are uniform over the inner 80 % of the band: mild 0.80 to 1.20, severe 2.97 to 3.53, none 0.07 to 0.23."""
    rng = np.random.default_rng(0)
    for level, (low, high) in {"mild": (0.80, 1.20), "moderate": (1.80, 2.20), "severe": (2.97, 3.53), "none": (0.07, 0.23)}.items():
        drawn = np.array([draw_target(rng, level) for _ in range(4000)])
        assert drawn.min() >= low - 1e-12
        assert drawn.max() <= high + 1e-12
        assert drawn.mean() == pytest.approx((low + high) / 2, abs=0.01 * (high - low) + 0.005)
        assert np.ptp(drawn) > 0.98 * (high - low)
    assert band_of("none") == SUB_THRESHOLD


def test_noise_of_the_measure_does_not_hang_the_search() -> None:
    """A curve with a ripple of 2 % still gives every level, each with its own strength."""
    solver = Curve(lambda s: 0.9 * float(s) * (1 + 0.02 * math.sin(40 * float(s))), LOG)
    points = [solver.solve(sum(BANDS[level]) / 2, BANDS[level]).point for level in LEVELS[1:]]
    assert all(point is not None for point in points)
    assert len({point.strength for point in points if point}) == 3


SHARE = Strength("share of the parts' tops", "1", neutral=0.0, limit=1.0)


def test_a_good_expectation_saves_acquisitions_and_a_bad_one_changes_no_finding() -> None:
    """A mix's severity over its share t: with a guess 20 % off, at most 1.6 acquisitions a level; with one that is far off, the levels are found still."""

    def real(t: float) -> float:
        return 3.4 * math.exp(6.0 * (t - 1))

    spent = {}
    for name, expected in {"near": lambda t: 0.8 * real(t) ** 1.05, "far": lambda t: 0.2 + 9.0 * t, "none": None}.items():
        spent[name] = 0
        for seed in range(30):
            rng = np.random.default_rng(seed)
            curve = Curve(lambda t: real(float(t)), SHARE, expected)
            for level in MIDDLE_FIRST:
                point = curve.solve(draw_target(rng, level), band_of(level)).point
                if level == "severe" and point is None:
                    continue  # the target may lie above what t = 1 gives
                assert point is not None, (name, seed, level)
                assert band_of(level)[0] <= point.u == real(float(point.strength)) <= band_of(level)[1]
            spent[name] += curve.count
    assert spent["near"] <= 1.6 * 4 * 30
    assert spent["near"] < spent["none"]


def test_an_estimate_passes_through_what_was_measured() -> None:
    """At a measured position the estimate is the measurement, between two it lies between them, at neutral it is 0; one point alone predicts in proportion."""
    curve = Curve(lambda s: 1.1 * float(s), LOG)
    assert curve.estimate(0.5) == 0.0
    only = curve.at(0.6)
    assert curve.estimate(0.7) == pytest.approx(1.1 * LOG.at(0.7))  # harm in proportion to strength, as assumed
    second = curve.at(0.8)
    for point in (only, second):
        assert curve.estimate(point.position) == pytest.approx(point.u)
    assert only.u < curve.estimate(0.7) < second.u
    assert curve.estimate(0.5) < only.u
    assert curve.estimate(0.0) == 0.0
    assert curve.count == 2


def test_a_search_keeps_to_its_tries() -> None:
    """With most=3 an out-of-reach band costs three acquisitions, then says so."""
    curve = Curve(lambda s: 0.001 * float(s), LINEAR)
    found = curve.solve(2.0, (1.75, 2.25), most=3)
    assert found.point is None
    assert found.reason
    assert curve.count <= 3
