"""What is recorded of one finished picture: which attributes, and in place of which."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from sample_benches import bench_of

from medq_gen import registry, sources
from medq_gen.edits import draw_pattern, edited
from medq_gen.errors import SourceError
from medq_gen.ladder import Ladder, Rung
from medq_gen.records import Record
from medq_gen.truth import finished
from medq_gen.variant import Variant


@cache
def record(recipe: str, strength: float, **options: Any) -> Record:
    """The record of the first sample case under a recipe at one strength, called severe."""
    variant = Variant(recipe)
    bench = bench_of("mri", variant.effective)
    key = f"case/{recipe}/0"
    pattern = draw_pattern(variant.effective, bench.healthy, root=1, key=key, options=options)
    shot = bench.shoot(edited(variant.effective, bench.healthy, strength=strength, pattern=pattern), strength, variant.effective.effect)
    rung = Rung("severe", shot.u, shot)
    case = next(found for found in sources.make("sample", {"modality": "mri"}).index() if not isinstance(found, SourceError))
    return finished(case, Ladder(key, bench, pattern, (rung,), 1), rung, variant=variant).record


def levels(known: Record) -> dict[str, str | None]:
    return {row.name: row.level for row in known.attributes}


@pytest.mark.parametrize(
    ("recipe", "strength", "kind", "whole"),
    [
        ("mri_spiral_undersampling", 0.15, "spiral swirls", "undersampling aliasing"),
        ("mri_spiral_off_resonance", 30.0, "off-resonance blur", "sharpness"),
    ],
)
def test_a_kind_is_recorded_in_place_of_its_whole(recipe: str, strength: float, kind: str, whole: str) -> None:
    """Under the recipe that names it, with the level of its own measure; the whole is not said beside it, nor any other kind."""
    found = levels(record(recipe, strength))
    assert found[kind] == "severe"
    assert whole not in found
    assert not found.keys() & ({"spiral swirls", "off-resonance blur", "respiratory ghosting", "slice leakage", "signal pile-up"} - {kind})


def test_aliasing_is_never_denied_where_samples_are_missing() -> None:
    """Radial streaks and folds are aliasing, whatever they are called; grain of a full scan is none."""
    assert levels(record("mri_noise", 0.3))["undersampling aliasing"] == "none"
    for recipe, strength in (("mri_radial_streaks", 0.05), ("mri_wrap_around", 0.6)):
        assert levels(record(recipe, strength))["undersampling aliasing"] is None


def test_a_warp_is_told_in_mm_and_never_denied_beside_metal() -> None:
    """The record of an echo-planar picture holds the knob as its displacement; an implant that drags a part far is no undistorted picture."""
    distorted = record("mri_epi_distortion", 6.0)
    assert distorted.measured("displacement_p95") == pytest.approx(6.0, rel=0.1)
    assert levels(distorted)["geometric fidelity"] == "moderate"
    metal = record("mri_metal", 6.0)
    assert (metal.measured("displaced_area") or 0.0) > 0.2
    assert levels(metal).get("geometric fidelity") is None
    assert levels(record("mri_noise", 0.3))["geometric fidelity"] == "none"


def test_the_axis_of_phase_encoding_is_recorded() -> None:
    """Ghosts lie along it; a spiral has none."""
    assert record("mri_noise", 0.3).measured("phase_encode_axis") == 0
    assert record("mri_spiral_undersampling", 0.15).measured("phase_encode_axis") is None
    assert registry.get("mri_noise").modality == "mri"
