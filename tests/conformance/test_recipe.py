"""What every recipe promises, tested on a healthy scan of a sample case."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
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
from medq_gen.ladder import Bench
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
        elif isinstance(part, str | int | float | bool | complex | type(None)):
            made.update(repr(part).encode())

    walk(value)
    return made.hexdigest()


def pattern_of(named: Any, *, key: str = KEY, bench: Bench | None = None) -> dict[str, Any]:
    return sample_benches.pattern_of(named, bench or bench_of(named.modality, named.recipe), key=key)


def scan_at(named: Any, position: float, *, key: str = KEY) -> Any:
    return edited(named.recipe, bench_of(named.modality, named.recipe).healthy, strength=strength_at(named, position), pattern=pattern_of(named, key=key))


def test_neutral_is_the_reference_byte_for_byte(named: Any) -> None:
    """With the strength at neutral the picture is the reference to the last bit."""
    if not isinstance(named.recipe.strength, Strength):
        pytest.skip("discrete choices have no neutral value")
    assert torch.equal(acquire(scan_at(named, 0.0)), bench_of(named.modality, named.recipe).reference)


def test_the_same_key_gives_the_same_bytes(named: Any) -> None:
    """Pattern and picture depend on the key alone; another key draws another pattern."""
    assert pattern_of(named) == pattern_of(named)
    assert pattern_of(named) != pattern_of(named, key="case/recipe/1")
    assert torch.equal(acquire(scan_at(named, 0.6)), acquire(scan_at(named, 0.6)))


def test_the_healthy_scan_is_not_touched(named: Any) -> None:
    """Editing and acquiring leave every array of the healthy scan as it was."""
    healthy = bench_of(named.modality, named.recipe).healthy
    before = digest(healthy)
    picture = acquire(scan_at(named, 0.7))
    assert digest(healthy) == before
    assert not torch.equal(picture, bench_of(named.modality, named.recipe).reference), "the degradation did nothing at 70 % of its scale"


def test_the_picture_is_finite_and_of_the_same_grid(named: Any) -> None:
    """At the limit of the knob the picture still has the grid, the type and finite values."""
    reference, picture = bench_of(named.modality, named.recipe).reference, acquire(scan_at(named, 1.0))
    assert picture.shape == reference.shape
    assert picture.dtype == reference.dtype
    assert bool(torch.isfinite(picture).all())


def test_events_of_equal_rank_commute(named: Any) -> None:
    """The order in which events were added does not show."""
    scan = scan_at(named, 0.6)
    assert torch.equal(acquire(dataclasses.replace(scan, events=tuple(reversed(scan.events)))), acquire(scan))


def test_edits_of_one_modality_commute_or_conflict(named: Any) -> None:
    """Two recipes compose in either order to the same picture, or refuse in either order."""
    if isinstance(named.recipe, Mix):
        pytest.skip("a mix is itself a composition")
    for other in (registry.get(name) for name in registry.names()):
        if other.modality != named.modality or other.name <= named.name or isinstance(other.recipe, Mix):
            continue
        bench = bench_of(named.modality, named.recipe, other.recipe)
        healthy = bench.healthy
        if named.recipe.refuse(healthy) or other.recipe.refuse(healthy):
            continue  # no sample case can have both: one needs bright fat, say, and the other fat that was suppressed
        pictures = []
        for first, second in ((named, other), (other, named)):
            try:
                scan = first.recipe.edit(healthy, strength=strength_at(first, 0.5), pattern=pattern_of(first, bench=bench))
                pictures.append(acquire(second.recipe.edit(scan, strength=strength_at(second, 0.5), pattern=pattern_of(second, bench=bench))))
            except EditConflict:
                pictures.append(None)
        if pictures[0] is None or pictures[1] is None:
            assert pictures == [None, None], f"{named.name} and {other.name} conflict in one order only"
        else:
            torch.testing.assert_close(pictures[0], pictures[1], rtol=1e-4, atol=1e-4 * float(bench.reference.abs().max()))


def test_harm_rises_with_strength(named: Any) -> None:
    """Along the knob the effect of one ladder rises: rank correlation at least 0.95, and the limit does the most or nearly so."""
    positions = [0.2, 0.4, 0.55, 0.7, 0.85, 1.0]
    if not isinstance(named.recipe.strength, Strength):
        positions = [i / (len(named.recipe.strength) - 1) for i in range(len(named.recipe.strength))]
    bench = bench_of(named.modality, named.recipe)
    u = [bench.shoot(scan_at(named, position), strength_at(named, position), named.recipe.effect).u for position in positions]
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
