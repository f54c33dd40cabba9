"""The recipe of the iterative look: what is drawn, and what readers are told."""

from __future__ import annotations

import numpy as np
import pytest
from sample_benches import bench_of

from medq_gen.declare import LEVELS
from medq_gen.errors import ConfigError
from physics.measure.pair import Pair
from physics.scan import acquire
from recipes.ct.iterative_look import RECIPE


def test_share_is_drawn_or_given():
    """From 0.75 to 1, or the user's; more than all is refused."""
    healthy = bench_of("ct").healthy
    assert 0.75 <= RECIPE.pattern(np.random.default_rng(0), healthy)["share"] <= 1.0
    assert RECIPE.pattern(np.random.default_rng(0), healthy, share=0.4)["share"] == 0.4
    with pytest.raises(ConfigError, match="share"):
        RECIPE.pattern(np.random.default_rng(0), healthy, share=1.2)


def test_noise_falls_and_sharpness_of_bone_stays():
    """On a head: at a weight of 0.4 noise is down by a quarter and more, f50 within 5 %."""
    bench = bench_of("ct")
    edited = RECIPE.edit(bench.healthy, strength=0.4, pattern={"share": 1.0})
    pair = Pair(bench.reference, acquire(edited), bench.view, bench.healthy, edited)
    found = {measure.name: measure(pair).value for measure in RECIPE.measures}
    assert found["noise_kept"] < 0.8
    assert found["mtf50"] == pytest.approx(3.68, rel=0.05)
    assert min(len(RECIPE.words.looks[level]) for level in LEVELS) >= 3
