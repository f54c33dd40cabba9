"""The recipes of kernels: what is drawn, what is edited, and what is read off the pictures."""

from __future__ import annotations

import numpy as np
import pytest
from sample_benches import bench_of

from medq_gen.declare import LEVELS
from physics.ct.dose import kernel_matched
from physics.ct.kernel_change import frequency_at_per_mm, kernel_shown
from physics.measure.pair import Pair
from physics.scan import acquire
from recipes.ct.sharp_kernel import RECIPE as SHARP
from recipes.ct.smooth_kernel import RECIPE as SMOOTH


@pytest.mark.parametrize(("recipe", "ratio"), [(SHARP, 1.8), (SMOOTH, 0.5)])
def test_the_strength_is_the_ratio_of_resolution(recipe, ratio):
    """Whatever the pattern, f50 of the kernel over the source's is the strength; patterns differ in shape."""
    healthy, shapes = bench_of("ct").healthy, set()
    own = frequency_at_per_mm(kernel_matched(healthy).kernel, 0.5)
    for seed in (1, 2, 3):
        edited = recipe.edit(healthy, strength=ratio, pattern=recipe.pattern(np.random.default_rng(seed), healthy))
        assert frequency_at_per_mm(kernel_shown(edited), 0.5) / own == pytest.approx(ratio, rel=1e-3)
        shapes.add(kernel_shown(edited))
    assert len(shapes) == 3


def test_sharp_adds_noise_and_smooth_takes_it_away():
    """Measures of a head: noise, f50 and the mean frequency of the grain go up with a sharp kernel; noise and f50 go down with a smooth one."""
    bench = bench_of("ct")
    found = {}
    for recipe, ratio in ((SHARP, 1.0), (SHARP, 1.8), (SMOOTH, 0.5)):
        edited = recipe.edit(bench.healthy, strength=ratio, pattern=recipe.pattern(np.random.default_rng(1), bench.healthy))
        pair = Pair(bench.reference, acquire(edited), bench.view, bench.healthy, edited)
        found[ratio] = {measure.name: measure(pair).value for measure in SHARP.measures}
    assert found[1.8]["noise_hu"] > 1.5 * found[1.0]["noise_hu"] > 1.5 * 1.2 * found[0.5]["noise_hu"]
    assert found[1.8]["mtf50"] > 1.5 * found[1.0]["mtf50"] > 1.5 * 1.8 * found[0.5]["mtf50"]
    assert found[1.8]["noise_frequency"] > 1.3 * found[1.0]["noise_frequency"]


@pytest.mark.parametrize("recipe", [SHARP, SMOOTH])
def test_every_level_has_several_looks_and_no_phrase_serves_two_levels(recipe):
    """Words for each level, three or more."""
    phrases = [phrase for level in LEVELS for phrase in recipe.words.looks[level]]
    assert min(len(recipe.words.looks[level]) for level in LEVELS) >= 3
    assert len(set(phrases)) == len(phrases)
