"""Every CT recipe on slices that nobody would draw: air alone, HU beyond twelve bits, prime and unequal sides."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from sample_benches import pattern_of, strength_at

from medq_gen import scan_of
from medq_gen.declare import Strength
from medq_gen.edits import edited
from medq_gen.ladder import Bench
from medq_gen.records import Case
from medq_gen.sources.source import LoadedCase
from physics.scan import acquire

SHAPES = {"air alone": (96, 96), "extended HU": (96, 96), "prime": (97, 101), "oblong": (64, 131)}


def slice_of(kind: str) -> np.ndarray:
    """A trunk with a spine, HU, with the grain of a scanner; or what its kind says."""
    rows, columns = SHAPES[kind]
    y, x = np.mgrid[:rows, :columns]
    inside = ((y - 0.48 * rows) / (0.38 * rows)) ** 2 + ((x - 0.52 * columns) / (0.42 * columns)) ** 2 < 1
    bone = (y - 0.7 * rows) ** 2 + (x - 0.5 * columns) ** 2 < (0.08 * rows) ** 2
    hu = np.full((rows, columns), -1000.0) if kind == "air alone" else np.where(bone, 700.0, np.where(inside, 40.0, -1000.0))
    hu = np.rint(hu + 12.0 * np.random.default_rng(4).standard_normal((rows, columns)))
    if kind == "extended HU":
        hu[40:44, 40:44], hu[10:12, 10:12] = 30_000.0, -1024.0  # a hip on an extended scale
    return np.maximum(hu, -1024.0).astype(np.float32)


@cache
def bench_of(kind: str) -> Bench:
    """The bench of a slice, as a source would hand it on."""
    pixels = slice_of(kind)
    case = Case(
        id="ab" * 16,
        modality="ct",
        anatomy="abdomen",
        view="axial",
        spacing_mm=(2.0, 2.5),
        source="dicom",
        entry="x.dcm#0",
        licence="CC0-1.0",
        origin="phantom",
        split="train",
        group="ab" * 16,
        acquisition={"kvp": 120.0},
    )
    return Bench(*scan_of.healthy_scan(LoadedCase(case, pixels), seed=7))


@pytest.mark.parametrize("kind", SHAPES)
def test_it_is_taken_or_refused_in_words(named: Any, kind: str) -> None:
    """A finite picture of the same size at half of the knob, the reference bit for bit at neutral; or a reason that says what is missing."""
    if named.modality != "ct":
        pytest.skip("CT only")
    bench = bench_of(kind)
    if reason := named.recipe.refuse(bench.healthy):
        assert len(reason) > 10
        return
    pattern = pattern_of(named, bench, key="case/awkward/0")
    if isinstance(named.recipe.strength, Strength):
        assert torch.equal(acquire(edited(named.recipe, bench.healthy, strength=strength_at(named, 0.0), pattern=pattern)), bench.reference)
    picture = acquire(edited(named.recipe, bench.healthy, strength=strength_at(named, 0.5), pattern=pattern))
    assert picture.shape == bench.reference.shape
    assert bool(torch.isfinite(picture).all())
