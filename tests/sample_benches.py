"""Healthy scans of the sample cases, made once a session."""

from __future__ import annotations

from functools import cache
from typing import Any

from medq_gen import scan_of, sources
from medq_gen.declare import Mix, Strength
from medq_gen.edits import draw_pattern
from medq_gen.errors import SourceError
from medq_gen.ladder import Bench
from medq_gen.records import Case


@cache
def _cases(modality: str) -> tuple[Any, tuple[Case, ...]]:
    source = sources.make("sample", {"modality": modality})
    return source, tuple(found for found in source.index() if not isinstance(found, SourceError))


@cache
def _bench(modality: str, place: int) -> Bench:
    source, cases = _cases(modality)
    return Bench(*scan_of.healthy_scan(source.load(cases[place]), seed=7))


def bench_of(modality: str, *recipes: Any, smallest: bool = False) -> Bench:
    """The healthy scan and view of the first sample case of a modality that none of the recipes refuses; of the first of all, where each is refused.

    smallest : the cases by their number of pixels, where a test asks for many acquisitions and for no size.
    """
    benches = [_bench(modality, place) for place in range(len(_cases(modality)[1]))]
    if smallest:
        benches.sort(key=lambda bench: bench.reference.numel())
    return next((bench for bench in benches if not any(recipe.refuse(bench.healthy) for recipe in recipes)), benches[0])


def name_of(modality: str, recipe: Any) -> str:
    """The name of the first sample picture of a modality that a recipe does not refuse; of the first of all, where each is refused."""
    cases = _cases(modality)[1]
    place = next((place for place in range(len(cases)) if not recipe.refuse(_bench(modality, place).healthy)), 0)
    return cases[place].entry.partition("#")[0]


def pattern_of(named: Any, bench: Bench, *, key: str) -> dict[str, Any]:
    """A pattern of a recipe on a bench, with the tops of a mix at three fifths of each scale."""
    drawn = draw_pattern(named.recipe, bench.healthy, root=1, key=key, options={})
    return {**drawn, "tops": {part.name: 0.6 for part in named.recipe.parts}} if isinstance(named.recipe, Mix) else drawn


def strength_at(named: Any, position: float) -> float | str:
    """The strength at a place of the knob, 0 to 1; of a list of choices the nearest."""
    knob = named.recipe.strength
    return knob.at(position) if isinstance(knob, Strength) else knob[round(position * (len(knob) - 1))]
