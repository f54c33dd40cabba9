"""What every recipe promises, tested on a healthy scan of a sample case."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pytest
import sample_benches
import torch
from sample_benches import bench_of, strength_at
from scipy.stats import spearmanr

from medq_gen import registry
from medq_gen.composition import composed
from medq_gen.declare import Mix, Strength
from medq_gen.edits import edited
from medq_gen.ladder import Bench, Shot
from medq_gen.tasks import vocabulary
from physics.scan import EditConflict, acquire

KEY = "case/recipe/0"


def digest(value: Any) -> str:
    """A hash of everything that a frozen scan holds."""
    made = hashlib.sha256()

    def walk(part: Any) -> None:
        if isinstance(part, torch.Tensor):
            made.update(np.ascontiguousarray(torch.view_as_real(part).numpy() if part.is_complex() else part.numpy()).tobytes())
        elif isinstance(part, np.ndarray):
            made.update(np.ascontiguousarray(part).tobytes())
        elif dataclasses.is_dataclass(part) and not isinstance(part, type):
            for field in dataclasses.fields(part):
                walk(getattr(part, field.name))
        elif isinstance(part, tuple | list):
            for item in part:
                walk(item)
        elif isinstance(part, str | int | float | bool | complex | type | type(None)):
            made.update(repr(part).encode())
        elif isinstance(part, Mapping):
            walk(sorted(part.items()))
        else:  # an object that derives its other attributes once
            walk(given(part))

    walk(value)
    return made.hexdigest()


def pattern_of(named: Any, *, key: str = KEY, bench: Bench | None = None) -> dict[str, Any]:
    return sample_benches.pattern_of(named, bench or bench_of(named.modality, named.recipe), key=key)


def scan_at(named: Any, position: float, *, key: str = KEY) -> Any:
    return edited(named.recipe, bench_of(named.modality, named.recipe).healthy, strength=strength_at(named, position), pattern=pattern_of(named, key=key))


@lru_cache(maxsize=8)
def shot_of(name: str, position: float) -> Shot:
    """The shot at a place of the knob, kept for the tests of one recipe, which run one after the other."""
    named = registry.get(name)
    return bench_of(named.modality, named.recipe).shoot(scan_at(named, position), strength_at(named, position), named.recipe.effect)


def given(thing: object) -> dict[str, Any]:
    """The attributes of an object, without those that it derives once."""
    return {name: value for name, value in vars(thing).items() if not isinstance(getattr(type(thing), name, None), cached_property)}


def same(one: Any, other: Any) -> bool:
    """Whether two parts of scans are equal in all that decides a picture."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping):
        return same(sorted(one.items()), sorted(other.items()))
    if dataclasses.is_dataclass(one):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one))
    return bool(one == other) or (hasattr(one, "__dict__") and same(given(one), given(other)))


def in_order(scan: Any) -> Any:
    """The scan with its events in the order in which the scanner takes them."""
    return dataclasses.replace(scan, events=tuple(sorted(scan.events, key=lambda event: (event.stage, event.rank))))


def test_neutral_is_the_reference_byte_for_byte(named: Any) -> None:
    """With the strength at neutral the picture is the reference to the last bit."""
    if not isinstance(named.recipe.strength, Strength):
        pytest.skip("discrete choices have no neutral value")
    assert torch.equal(acquire(scan_at(named, 0.0)), bench_of(named.modality, named.recipe).reference)


def test_the_same_key_draws_the_same_pattern(named: Any) -> None:
    """The pattern depends on the key alone; another key draws another one."""
    assert pattern_of(named) == pattern_of(named)
    assert pattern_of(named) != pattern_of(named, key="case/recipe/1")


def test_the_same_edit_gives_the_same_bytes_and_leaves_the_healthy_scan(named: Any) -> None:
    """Editing and acquiring twice gives one picture, another one than the reference, and leaves every array of the healthy scan as it was."""
    bench = bench_of(named.modality, named.recipe)
    before = digest(bench.healthy)
    picture = acquire(scan_at(named, 0.7))
    assert digest(bench.healthy) == before
    assert torch.equal(picture, shot_of(named.name, 0.7).native)
    assert not torch.equal(picture, bench.reference), "the degradation did nothing at 70 % of its scale"


def test_the_picture_is_finite_and_of_the_same_grid(named: Any) -> None:
    """At the limit of the knob the picture still has the grid, the type and finite values."""
    reference, picture = bench_of(named.modality, named.recipe).reference, shot_of(named.name, 1.0).native
    assert picture.shape == reference.shape
    assert picture.dtype == reference.dtype
    assert bool(torch.isfinite(picture).all())


def test_events_of_equal_rank_commute(named: Any) -> None:
    """The order in which events were added does not show."""
    scan = scan_at(named, 0.7)
    turned = dataclasses.replace(scan, events=tuple(reversed(scan.events)))
    if not same(in_order(turned), in_order(scan)):
        assert torch.equal(acquire(turned), shot_of(named.name, 0.7).native)


def test_edits_of_one_modality_commute_or_conflict(named: Any) -> None:
    """Two recipes compose in either order to the same picture, or refuse in either order. Equal scans need not be acquired to be known for equal."""
    if isinstance(named.recipe, Mix):
        pytest.skip("a mix is itself a composition")
    for other in (registry.get(name) for name in registry.names()):
        if other.modality != named.modality or other.name <= named.name or isinstance(other.recipe, Mix):
            continue
        bench = bench_of(named.modality, named.recipe, other.recipe, smallest=True)
        healthy = bench.healthy
        if named.recipe.refuse(healthy) or other.recipe.refuse(healthy):
            continue  # no sample case can have both: one needs bright fat, say, and the other fat that was suppressed
        patterns = {each.name: pattern_of(each, bench=bench) for each in (named, other)}
        scans = []
        for first, second in ((named, other), (other, named)):
            try:
                scan = first.recipe.edit(healthy, strength=strength_at(first, 0.5), pattern=patterns[first.name])
                scans.append(second.recipe.edit(scan, strength=strength_at(second, 0.5), pattern=patterns[second.name]))
            except EditConflict:
                scans.append(None)
        if scans == [None, None] or (None not in scans and same(*map(in_order, scans))):
            continue
        pictures = []
        for scan in scans:
            try:
                pictures.append(None if scan is None else acquire(scan))
            except EditConflict:
                pictures.append(None)
        if pictures[0] is None or pictures[1] is None:
            assert pictures == [None, None], f"{named.name} and {other.name} conflict in one order only"
        else:
            torch.testing.assert_close(*pictures, rtol=1e-4, atol=1e-4 * float(bench.reference.abs().max()))


def test_harm_rises_with_strength(named: Any) -> None:
    """Along the knob the effect of one ladder rises: rank correlation at least 0.95, and the limit does the most or nearly so."""
    positions = [0.2, 0.4, 0.55, 0.7, 0.85, 1.0]
    if not isinstance(named.recipe.strength, Strength):
        positions = [i / (len(named.recipe.strength) - 1) for i in range(len(named.recipe.strength))]
    u = [shot_of(named.name, position).u for position in positions]
    assert spearmanr(positions, u).statistic >= 0.94, list(zip(positions, u, strict=True))
    assert u[-1] >= 0.9 * max(u)
    assert max(u) >= 0.75, "the knob never does mild harm"


def test_the_pattern_is_plain_json(named: Any) -> None:
    """A stored pattern is what was drawn, and says nothing of the level."""
    pattern = pattern_of(named)
    assert json.loads(json.dumps(pattern, allow_nan=False)) == pattern
    assert not {"level", "strength"} & set(pattern)


def test_the_recipe_travels_to_a_worker(named: Any) -> None:
    """A spawned process can have it."""
    assert pickle.loads(pickle.dumps(named)).name == named.name


def test_the_recipe_composes_through_hydra(named: Any) -> None:
    """Its node holds its options, anchors and limit, derived and not written twice."""
    node = composed([f"recipe={named.name}"])["recipe"]
    assert node["name"] == named.name
    assert tuple(node["effect"]["anchors"]) == named.recipe.effect.anchors


def test_there_are_words_for_every_level(named: Any) -> None:
    """Looks for each level that can be asserted, a cause, and attributes that the ontology knows; the name is its place."""
    words, known = named.recipe.words, vocabulary()
    assert {"mild", "moderate", "severe"} <= set(words.looks)
    assert all(phrase for level in words.looks for phrase in words.looks[level])
    assert words.cause
    assert words.artefact
    assert 0 < words.impact <= 1
    names = {attribute.name for attribute in known.attributes}
    asked = {attribute if isinstance(attribute, str) else attribute.name for attribute in named.recipe.attributes}
    assert asked <= names, asked - names
    assert named.name.startswith(named.modality)
    assert named.recipe.references, "the physics has a source"
