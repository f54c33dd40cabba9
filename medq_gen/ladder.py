"""One ladder: a case's reference and all its levels, solved on the pictures as they are stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from torch import Tensor

from medq_gen import picture
from medq_gen.declare import LEVELS, Degradation, Effect, Level, Mix, Strength
from medq_gen.edits import draw_pattern, edited
from medq_gen.seeds import Purpose, digest, generator
from medq_gen.solve import MIDDLE_FIRST, Curve, Solved, band_of, draw_target
from physics.measure.pair import Pair, Reading, View
from physics.measure.registration import register
from physics.measure.structures import structures_of
from physics.pose import Pose
from physics.scan import acquire

TOP_WIDTH = 1.0  # of the band around the top of a part of a mix, in u: a top sets the proportion of the parts, no label
TOP_TRIES = 4  # acquisitions to find it
USUAL_TOP, TOP_FIRST_LOG, TOP_FIRST = 2.6, 0.73, 0.5  # a top, and the position where it usually lies on a log scale from 0 and on any other
TOGETHER = 3.0  # power by which the severities of parts are expected to add; only a first guess, every mix is measured


@dataclass(frozen=True, eq=False)
class Shot:
    """One acquisition: the edited scan, its picture, the reference registered to it, and the effect read off the stored codes."""

    strength: float | str
    scan: Any  # Any: whichever scan the modality has
    native: Tensor
    reference: Tensor
    pose: Pose
    codes: np.ndarray
    reading: Reading
    u: float

    @property
    def moved(self) -> bool:
        """Whether the picture was registered: its scan moves the object."""
        return not self.pose.is_neutral


@dataclass(frozen=True, slots=True)
class Rung:
    """One level of a ladder: what was asked and the shot that answers, None on an untouched picture; or why there is none."""

    level: Level
    target: float | None
    shot: Shot | None
    reason: str = ""
    error: BaseException | None = None


@dataclass(eq=False)
class Bench:
    """A healthy scan under its view, and everything about its reference that the shots of a ladder share."""

    healthy: Any
    view: View
    acquisitions: int = 0
    _references: dict[int, Tensor] = field(default_factory=dict)

    @cached_property
    def reference(self) -> Tensor:
        """The picture of the healthy scan."""
        self.acquisitions += 1
        return acquire(self.healthy).cpu()

    @cached_property
    def reference_codes(self) -> np.ndarray:
        """The reference as it is stored."""
        return picture.stored_codes(self.reference, self.view.display)

    @cached_property
    def stored(self) -> View:
        """The view of the stored pictures."""
        return picture.stored_view(self.view, tuple(self.reference.shape))

    @cached_property
    def _still(self) -> Pair:
        codes = picture.as_tensor(self.reference_codes)
        return Pair(codes, codes, self.stored, self.healthy, self.healthy)

    def shoot(self, scan: Any, strength: float | str, effect: Effect) -> Shot:
        """Acquire an edited scan and read its effect off the stored picture."""
        self.acquisitions += 1
        native = acquire(scan).cpu()  # measures and codes are the CPU's, wherever the scanner computed
        codes = picture.stored_codes(native, self.view.display)
        reference, pose = self._registered(scan, native)
        pair = self.stored_pair(scan, codes, reference)
        reading = effect.measure(pair)
        if reading.value is None:
            raise ValueError(f"the effect {effect.name} cannot be measured here: {reading.reason}")
        return Shot(strength, scan, native, reference, pose, codes, reading, effect.u(reading.value))

    def _registered(self, scan: Any, native: Tensor) -> tuple[Tensor, Pose]:
        start = scan.mean_pose()
        if start is None or start.is_neutral:
            return self.reference, Pose()
        found = register(self.healthy, scan, native, self.view)
        return found.reference.cpu(), found.pose or Pose()

    def stored_pair(self, scan: Any, codes: np.ndarray, reference: Tensor) -> Pair:
        """The stored picture beside the reference as it would be stored."""
        if reference is self.reference:
            pair = Pair(self._still.reference, picture.as_tensor(codes), self.stored, self.healthy, scan)
            pair.__dict__["canonical_reference"] = self._still.canonical_reference  # the same for every shot of the ladder: made once
            return pair
        moved = picture.as_tensor(picture.stored_codes(reference, self.view.display))
        return Pair(moved, picture.as_tensor(codes), self.stored, self.healthy, scan)

    @cached_property
    def _still_native(self) -> Pair:
        return Pair(self.reference, self.reference, self.view, self.healthy, self.healthy)

    def stored_pair_of(self, shot: Shot | None) -> Pair:
        """The stored picture beside its registered reference; without a shot the reference beside itself."""
        return self._still if shot is None else self.stored_pair(shot.scan, shot.codes, shot.reference)

    @cached_property
    def _still_structures(self) -> dict[str, Tensor]:
        return structures_of(self._still.reference, self.stored)

    def structures(self, pair: Pair) -> dict[str, Tensor]:
        """Masks of the structures that a stored pair's reference shows; where the reference is the still one they are known already."""
        return self._still_structures if pair.reference is self._still.reference else structures_of(pair.reference, pair.view)

    def native_pair(self, shot: Shot | None) -> Pair:
        """The native picture beside its registered reference; without a shot the reference beside itself."""
        if shot is None:
            return self._still_native
        pair = Pair(shot.reference, shot.native, self.view, self.healthy, shot.scan)
        if shot.reference is self.reference:
            pair.__dict__["canonical_reference"] = self._still_native.canonical_reference
        return pair


@dataclass(frozen=True, eq=False)
class Ladder:
    """What became of a ladder. pattern : as stored, with a mix's tops. alone : severity of each part of a mix over its own knob."""

    key: str
    bench: Bench
    pattern: Mapping[str, Any]
    rungs: tuple[Rung, ...]
    acquisitions: int
    alone: Mapping[str, Curve] = field(default_factory=dict)


def touches_none(case: str, recipe: str, repeat: int, effect: Effect) -> bool:
    """Whether a ladder's `none` is solved to a sub-threshold effect: every second repeat of a case, which one first by the hash of case and recipe."""
    return not effect.none_untouched and (digest(f"{case}/{recipe}")[0] + repeat) % 2 == 1


def climb(bench: Bench, recipe: Degradation | Mix, *, root: int, key: str, levels: tuple[Level, ...], options: Mapping[str, Any], touched_none: bool) -> Ladder:
    """Draw the pattern once, solve every level, and keep the shots that answer them."""
    refusal = recipe.refuse(bench.healthy)
    if refusal:
        rungs = tuple(Rung(level, None, None, "" if level == "none" else f"refused by the recipe: {refusal}") for level in levels)
        return Ladder(key, bench, {}, rungs, bench.acquisitions)
    rng = generator(root, key, Purpose.TARGET)
    targets = {level: draw_target(rng, level) for level in LEVELS}  # of all levels, so that asking for fewer changes none
    pattern = draw_pattern(recipe, bench.healthy, root=root, key=key, options=options)
    expected: Callable[[float], float] | None = None
    alone: dict[str, Curve] = {}
    if isinstance(recipe, Mix):
        alone = {part.name: _curve_alone(bench, part.recipe, pattern["parts"][part.name]) for part in recipe.parts}
        tops = {name: _top(curve, recipe.tops[name]) for name, curve in alone.items()}
        pattern["tops"] = tops

        def expected(t: float) -> float:
            return float(sum(curve.estimate(t * tops[name]) ** TOGETHER for name, curve in alone.items()) ** (1 / TOGETHER))

    wanted = [level for level in MIDDLE_FIRST if level in levels and (level != "none" or touched_none)]
    shots: dict[float | str, Shot] = {}

    def evaluate(strength: float | str) -> float:
        shot = bench.shoot(edited(recipe, bench.healthy, strength=strength, pattern=pattern), strength, recipe.effect)
        if any(band_of(level)[0] <= shot.u <= band_of(level)[1] for level in wanted):
            shots[strength] = shot  # only what may be kept: pictures are large
        return shot.u

    curve = Curve(evaluate, recipe.strength, expected)
    if alone and "severe" in wanted:
        curve.at(1.0)  # where tops were found each part has been measured alone already: a severe that will do there costs nothing more
    rungs_of = {level: _rung(curve, shots, level, targets[level], tried=int(bool(alone) and level == "severe")) for level in wanted}
    if "none" in levels and rungs_of.get("none", Rung("none", None, None)).shot is None:
        rungs_of["none"] = Rung("none", None, None)  # an untouched picture is always a `none`
    return Ladder(key, bench, pattern, tuple(rungs_of[level] for level in levels), bench.acquisitions, alone)


def _rung(curve: Curve, shots: Mapping[float | str, Shot], level: Level, target: float, *, tried: int) -> Rung:
    try:
        solved: Solved = curve.solve(target, band_of(level), tried=tried)
    except Exception as error:  # one level's failure is its own: it becomes a failure row
        return Rung(level, target, None, error=error)
    return Rung(level, target, shots[solved.point.strength] if solved.point else None, solved.reason)


def _curve_alone(bench: Bench, recipe: Degradation, pattern: Mapping[str, Any]) -> Curve:
    """Severity of one part of a mix over its own knob."""

    def evaluate(strength: float | str) -> float:
        return bench.shoot(recipe.edit(bench.healthy, strength=strength, pattern=pattern), strength, recipe.effect).u

    return Curve(evaluate, recipe.strength)


def _top(curve: Curve, top: float) -> float:
    """The position at which a part alone is about as harmful as its top; where it cannot be, or not soon, the least that is more, or else the most there is."""
    least = top - TOP_WIDTH / 2
    if isinstance(curve.strength, Strength):
        first = curve.at(_usual_position(curve.strength, top))
        if abs(first.u - top) <= TOP_WIDTH / 2:
            return first.position
    solved = curve.solve(top, (least, top + TOP_WIDTH / 2), most=TOP_TRIES)
    if solved.point is not None:
        return solved.point.position
    return next((point for point in curve.points if point.u >= least), max(curve.points, key=lambda point: point.u)).position


def _usual_position(knob: Strength, top: float) -> float:
    """Where a part alone has usually reached its top: harm in proportion to the strength where the scale is logarithmic from 0, to the position elsewhere."""
    if knob.scale == "log" and knob.neutral == 0:
        return knob.position(knob.at(TOP_FIRST_LOG) * top / USUAL_TOP)
    return min(TOP_FIRST * top / USUAL_TOP, 1.0)


def parts_alone(ladder: Ladder, recipe: Mix, *, t: float) -> dict[str, float]:
    """The severity of every part of a mix alone, at the strength that it has in the mix; what was acquired before is not acquired again."""
    tops = ladder.pattern["tops"]
    return {part.name: ladder.alone[part.name].at(t * tops[part.name]).u if t > 0 else 0.0 for part in recipe.parts}
