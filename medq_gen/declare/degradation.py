"""A degradation, declared once: what is drawn, what is edited, what is measured, what it is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from medq_gen.declare.effect import Effect
from medq_gen.declare.strength import Strength
from medq_gen.declare.words import Reference, Words
from medq_gen.errors import DeclarationError
from physics.measure.pair import Measure

Pattern = Mapping[str, Any]  # Any: plain JSON
Draw = Callable[..., Pattern]  # (rng, scan, *, options) -> pattern
Edit = Callable[..., Any]  # (scan, *, strength, pattern) -> scan; Any: whichever scan the modality has
Refuse = Callable[[Any], str | None]  # scan -> reason why this degradation would be a lie on it, or None


def _accepts(scan: Any) -> str | None:
    return None


@dataclass(frozen=True)
class Degradation:
    """One artefact of one modality. Name and modality are the place of the file that declares it (recipes/<modality>/<name>.py).

    version : of the pixels. draw : the nuisance (timing, direction, place) as plain JSON; its keyword-only parameters with their defaults are the options that
    users may set (recipe.pattern.*). edit : a pure function, scan in, edited scan out. strength : the knob, or a tuple of discrete choices in order of harm.
    effect : the family whose bands are the levels. measures : what else is read off each picture and kept. attributes : names of the quality attributes that
    it may disturb, the primary one first. refuse : why it would be a lie on a given scan, or None.
    """

    version: int
    draw: Draw
    edit: Edit
    strength: Strength | tuple[float | str, ...]
    effect: Effect
    words: Words
    attributes: tuple[str, ...]
    measures: tuple[Measure, ...] = ()
    references: tuple[Reference, ...] = ()
    refuse: Refuse = _accepts

    def __post_init__(self) -> None:
        if self.version < 1:
            raise DeclarationError(f"version {self.version}: versions count from 1")
        if not self.attributes:
            raise DeclarationError("a degradation disturbs at least one quality attribute: attributes=('noise', ...)")

    @property
    def options(self) -> dict[str, Any]:
        """The keyword-only parameters of draw with their defaults: what users may set as recipe.pattern.*."""
        parameters = inspect.signature(self.draw).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}

    def pattern(self, rng: np.random.Generator, scan: Any, **options: Any) -> dict[str, Any]:
        """Draw the nuisance of one ladder."""
        unknown = sorted(set(options) - set(self.options))
        if unknown:
            raise DeclarationError(f"unknown option {unknown[0]!r}; allowed: {sorted(self.options)}")
        return dict(self.draw(rng, scan, **{**self.options, **options}))

    def with_(self, **changes: Any) -> Degradation:
        """A copy with fields changed (a user's variant)."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Part:
    """A degradation within a mix, under the name of its recipe."""

    name: str
    recipe: Degradation


@dataclass(frozen=True)
class Mix:
    """Several degradations in one acquisition. Its knob t in [0, 1] moves every part from neutral to its own solved top.

    tops : per part, the severity u that the part alone reaches at t = 1.
    """

    version: int
    parts: tuple[Part, ...]
    tops: Mapping[str, float]
    effect: Effect
    words: Words
    attributes: tuple[str, ...]
    measures: tuple[Measure, ...] = ()
    references: tuple[Reference, ...] = ()
    strength: Strength = field(default=Strength("share of the parts' tops", "1", neutral=0.0, limit=1.0), init=False)

    def __post_init__(self) -> None:
        names = [part.name for part in self.parts]
        if len(names) < 2 or len(set(names)) != len(names):
            raise DeclarationError(f"a mix needs at least two different parts, got {names}")
        if set(self.tops) != set(names):
            raise DeclarationError(f"tops name {sorted(self.tops)}, parts are {sorted(names)}")

    def refuse(self, scan: Any) -> str | None:
        """The first reason that any part gives."""
        reasons = (part.recipe.refuse(scan) for part in self.parts)
        return next((reason for reason in reasons if reason), None)
