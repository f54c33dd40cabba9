"""A GPU computes the same pictures: equal levels, codes that differ by rounding only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sample_benches import bench_of, pattern_of, strength_at

from medq_gen.declare import Mix
from medq_gen.edits import edited
from medq_gen.ladder import Bench
from physics.scan import moved_to

POSITIONS = (0.35, 0.65, 0.95)
KEY = "case/device/0"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")
def test_a_gpu_gives_the_levels_and_the_codes_of_the_cpu(named: Any) -> None:
    """The severity agrees to 0.01 u (a fiftieth of the narrowest gap between bands), what is measured beside it to 1 %, and half a per cent of the
    pixels may round to the code beside (reconstructions that solve equations gather 5e-3 of a code)."""
    recipe = named.recipe
    here = bench_of(named.modality, recipe)
    there = Bench(moved_to(here.healthy, torch.device("cuda")), here.view)
    pattern = pattern_of(named, here, key=KEY)
    assert pattern == pattern_of(named, there, key=KEY)
    for position in POSITIONS:
        strength = strength_at(named, position)
        cpu, gpu = (bench.shoot(edited(recipe, bench.healthy, strength=strength, pattern=pattern), strength, recipe.effect) for bench in (here, there))
        assert gpu.native.device.type == "cpu"
        assert gpu.u == pytest.approx(cpu.u, abs=0.01)
        difference = np.abs(gpu.codes.astype(int) - cpu.codes.astype(int))
        assert difference.max() <= 1
        assert (difference > 0).mean() <= 5e-3
        if isinstance(recipe, Mix):
            continue
        for measure in recipe.measures:
            expected, found = (measure(bench.native_pair(shot)) for bench, shot in ((here, cpu), (there, gpu)))
            assert (expected.value is None) == (found.value is None), measure.name
            if expected.value is not None:
                assert found.value == pytest.approx(expected.value, rel=0.01, abs=1e-3), measure.name


def test_on_the_cpu_a_moved_scan_makes_the_same_picture(named: Any) -> None:
    """Moving to the device where a scan lies already changes no bit."""
    bench = bench_of(named.modality, named.recipe)
    again = Bench(moved_to(bench.healthy, torch.device("cpu")), bench.view)
    assert torch.equal(again.reference, bench.reference)
