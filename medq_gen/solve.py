"""From a level to a strength: the knob is turned until the measured effect lies in the level's band. Every evaluation serves every level of the ladder."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from medq_gen.declare import BANDS, Level, Strength

INNER = 0.8  # targets are drawn inside this share of a band
SUB_THRESHOLD = (0.05, 0.25)  # the effect of a `none` that was touched
NEAR = 0.12  # of a band's width: close enough to the target at once
FAR = 0.75  # of a band's width: as far from the target as a point may lie before tries run out
MOST = 10  # acquisitions a level at most
OPEN_TRIES = 2  # that may end below a target before the limit itself is tried
LEVEL = 0.3  # of what is missing to a target: strengths that promise less of it up to the limit are on a level
TINY = 1e-4  # of u: too little to learn a slope from
NARROW = 1e-4  # of the knob's scale: a bracket this narrow that still jumps over the band ends the search
MIDDLE_FIRST: tuple[Level, ...] = ("moderate", "mild", "severe", "none")


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One evaluation: position on the knob's scale, strength, severity."""

    position: float
    strength: float | str = field(compare=False)
    u: float = field(compare=False)


@dataclass(frozen=True, slots=True)
class Solved:
    """What a level came to: a point, or the reason why there is none."""

    target: float
    point: Point | None
    reason: str = ""


def band_of(level: Level) -> tuple[float, float]:
    """The band that a solved level must hit; a touched `none` must have some effect."""
    return SUB_THRESHOLD if level == "none" else BANDS[level]


def draw_target(rng: np.random.Generator, level: Level) -> float:
    """A target inside the inner 80 % of the band."""
    low, high = band_of(level)
    margin = (1 - INNER) / 2 * (high - low)
    return float(rng.uniform(low + margin, high - margin))


class Curve:
    """Severity over the knob of one ladder, known at the points evaluated so far.

    evaluate : strength -> u, one acquisition. expected : a guess of u at a position, rising; it decides where to look, never what is found.
    count : acquisitions so far.
    """

    def __init__(
        self,
        evaluate: Callable[[float | str], float],
        strength: Strength | tuple[float | str, ...],
        expected: Callable[[float], float] | None = None,
    ) -> None:
        self.evaluate, self.strength, self.expected, self.count = evaluate, strength, expected, 0
        self.points: list[Point] = []

    def at(self, position: float) -> Point:
        """The point at a position, evaluated once."""
        known = next((point for point in self.points if point.position == position), None)
        if known is not None:
            return known
        strength = self.strength.at(position) if isinstance(self.strength, Strength) else self.strength[round(position)]
        self.count += 1
        point = Point(position, strength, self.evaluate(strength))
        insort(self.points, point)
        return point

    def estimate(self, position: float) -> float:
        """What u would be at a position, between and beyond the points so far. Never a measurement."""
        usable = [point for point in self.points if point.u > TINY and point.position > 0]
        if position <= 0 or not usable:
            return 0.0
        if len(usable) == 1 or isinstance(self.strength, tuple):
            near = min(usable, key=lambda point: abs(point.position - position))
            return near.u * math.exp(self._slope * (self._abscissa(position) - self._abscissa(near.position)))
        above = min(max(sum(point.position < position for point in usable), 1), len(usable) - 1)
        first, second = usable[above - 1], usable[above]
        x = [self._abscissa(point.position) for point in (first, second)]
        slope = min(max(math.log(second.u / first.u) / (x[1] - x[0]), 0.05 * self._slope), 5.0 * self._slope)
        along = self._abscissa(position) - x[0]
        straight_in_log = first.u * math.exp(slope * along)
        if not first.position < position < second.position:
            return straight_in_log
        return (straight_in_log + first.u + (second.u - first.u) * along / (x[1] - x[0])) / 2

    def solve(self, target: float, band: tuple[float, float], *, most: int = MOST, tried: int = 0) -> Solved:
        """Find the strength whose effect lies in a band, near a target in it, with at most so many tries. tried : points that were acquired for this band."""
        return self._solve_choice(target, band) if isinstance(self.strength, tuple) else self._solve_knob(target, band, most, tried)

    def _accepted(self, target: float, band: tuple[float, float], tries: int) -> Point | None:
        """The best point so far, if it will do: near the target; after a try for it inside the inner band; after three inside the band
        and not at its other end; in the end anywhere inside."""
        low, high = band
        inside = [point for point in self.points if low <= point.u <= high]
        if not inside:
            return None
        best = min(inside, key=lambda point: abs(point.u - target))
        margin = (1 - INNER) / 2 * (high - low)
        off = abs(best.u - target) / (high - low)
        inner = low + margin <= best.u <= high - margin
        return best if off <= NEAR or (tries >= 1 and inner) or (tries >= 3 and off <= FAR) or tries >= MOST else None

    def _solve_knob(self, target: float, band: tuple[float, float], most: int, tried: int) -> Solved:
        widths: list[float] = []  # of the bracket, try by try
        for tries in range(most):
            best = self._accepted(target, band, tries + tried)
            if best is not None:
                return Solved(target, best)
            below, above = self._bracket(target)
            if above is None and below is not None and below.position == 1.0:
                break
            low, high = below.position if below else 0.0, above.position if above else 1.0
            widths.append(high - low)
            if above is not None and high - low < NARROW:
                break
            if above is None and (tries >= OPEN_TRIES or self._is_level(target)):
                self.at(1.0)  # whatever the limit gives ends the search, or gives it an upper end
            elif above is not None and len(widths) > 2 and widths[-1] > widths[-3] / 2:
                self.at((low + high) / 2)  # interpolation creeps along one side of a bend
            else:
                self.at(self._next(target, below, above))
        best = self._accepted(target, band, MOST)
        return Solved(target, best, "" if best else self._reason(target))

    def _bracket(self, target: float) -> tuple[Point | None, Point | None]:
        """The first crossing of the target: the lowest point above it, and the highest point before that one below it."""
        above = next((point for point in self.points if point.u > target), None)
        below = [point for point in self.points if point.u <= target and (above is None or point.position < above.position)]
        return (below[-1] if below else None), above

    def _is_level(self, target: float) -> bool:
        """Whether the effect has levelled off below a target: the rise between the two furthest strengths, carried on to the limit, is far from enough."""
        if len(self.points) < 2:
            return False
        before, last = self.points[-2:]
        gained, wanted = last.u - before.u, target - last.u
        return last.position < 1 and gained * (1 - last.position) <= LEVEL * wanted * (last.position - before.position)

    def _next(self, target: float, below: Point | None, above: Point | None) -> float:
        """Where to look next: inverse interpolation of log u through the nearest points, kept inside the bracket."""
        assert isinstance(self.strength, Strength)
        if not self.points:
            if self.expected is not None:
                return min(max(self._position(math.log(target)), 0.01), 1.0)
            return 0.6 if self._is_exponential else 0.35
        low = below.position if below else 0.0
        high = above.position if above else 1.0
        guess = self._interpolated(target)
        if above is None:
            return min(guess, 1.0) if guess > low + 1e-3 * (1 - low) else (low + high) / 2
        if below is None and guess <= 0:
            return high / 4
        guard = 0.03 * (high - low)
        if not low < guess < high:
            return (low + high) / 2
        return min(max(guess, low + guard), high - guard)

    @property
    def _is_exponential(self) -> bool:
        """Whether strength is exponential in the position, so that log u is about linear in it."""
        return isinstance(self.strength, Strength) and self.strength.scale == "log" and self.strength.neutral == 0

    @property
    def _slope(self) -> float:
        """Of log u over the abscissa, before anything is known: harm grows about as the strength (or as what is expected) does."""
        return math.log(1000) if self._is_exponential and self.expected is None else 1.0

    def _abscissa(self, position: float) -> float:
        """Where log u is about straight: what is expected, the position of an exponential knob, the logarithm of any other."""
        if self.expected is not None:
            return math.log(max(self.expected(position), TINY))
        return position if self._is_exponential else math.log(position)

    def _position(self, x: float) -> float:
        """The inverse of `_abscissa`; beyond the limit at least 1."""
        if self.expected is None:
            return x if self._is_exponential else math.exp(min(x, 1.0))
        low, high = 0.0, 1.0
        if self._abscissa(high) <= x:
            return 1.0
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if self._abscissa(middle) < x else (low, middle)
        return high

    def _interpolated(self, target: float) -> float:
        usable = [point for point in self.points if point.u > TINY and point.position > 0]
        if not usable:
            return 1.0 if self.points[-1].position > 0.5 else min(2.0 * self.points[-1].position + 0.05, 1.0)
        near = sorted(sorted(usable, key=lambda point: abs(math.log(point.u / target)))[:3])
        x = [self._abscissa(point.position) for point in near]
        y = [math.log(point.u / target) for point in near]
        if len(near) == 3 and y[0] < y[1] < y[2]:
            found = _through(y, x)
            if not min(x) - 1 <= found <= max(x) + 1:
                found = _secant(x[:2], y[:2]) if abs(y[0]) < abs(y[2]) else _secant(x[1:], y[1:])
        elif len(near) >= 2 and (y[-1] - y[0]) * (x[-1] - x[0]) > 0:
            found = _secant([x[0], x[-1]], [y[0], y[-1]])
            if y[0] < 0 < y[-1]:  # between a faint and a heavy point log u bends down as harm saturates, u itself bends up: half way is nearer than either
                found = (found + _secant([x[0], x[-1]], [math.expm1(y[0]), math.expm1(y[-1])])) / 2
        else:
            found = x[0] - y[0] / self._slope
        return self._position(found)

    def _reason(self, target: float) -> str:
        below, above = self._bracket(target)
        if above is None:
            last = below or self.points[-1]
            return f"limit reached at u = {last.u:.2f}" if last.position >= 1 else f"u = {last.u:.2f} after {self.count} acquisitions"
        before = f"u = {below.u:.2f} at {_shown(below.strength)}" if below else "no effect at neutral"
        return f"jumps over the band: {before}, u = {above.u:.2f} at {_shown(above.strength)}"

    def _solve_choice(self, target: float, band: tuple[float, float]) -> Solved:
        """Bisection over choices in order of harm."""
        assert isinstance(self.strength, tuple)
        low, high = -1, len(self.strength)
        while high - low > 1:
            middle = (low + high) // 2
            if self.at(float(middle)).u > target:
                high = middle
            else:
                low = middle
        best = self._accepted(target, band, MOST)
        if best is not None:
            return Solved(target, best)
        below = self.at(float(low)) if low >= 0 else None
        above = self.at(float(high)) if high < len(self.strength) else None
        if above is None:
            return Solved(target, None, f"limit reached at u = {below.u:.2f}" if below else "no choice")
        before = f"{below.strength!r} gives u = {below.u:.2f}, " if below else ""
        return Solved(target, None, f"jumps over the band: {before}{above.strength!r} gives u = {above.u:.2f}")


def _secant(x: Sequence[float], y: Sequence[float]) -> float:
    """Where the line through two points crosses y = 0."""
    return x[0] - y[0] * (x[1] - x[0]) / (y[1] - y[0])


def _through(y: Sequence[float], x: Sequence[float]) -> float:
    """The quadratic x(y) through three points, at y = 0."""
    total = 0.0
    for i in range(3):
        weight = math.prod(-y[j] / (y[i] - y[j]) for j in range(3) if j != i)
        total += weight * x[i]
    return total


def _shown(strength: float | str) -> str:
    return strength if isinstance(strength, str) else f"{strength:.4g}"
