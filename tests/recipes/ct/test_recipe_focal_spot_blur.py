"""Geometric blur: shares of spot, channels and gantry make one width."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from sample_benches import bench_of

from medq_gen.declare import LEVELS
from medq_gen.errors import ConfigError
from physics.ct.measures import added_noise_hu, noise_hu
from physics.ct.ray_blur import KeptGrain, RayBlur
from physics.measure.pair import Pair
from physics.scan import acquire
from recipes.ct.focal_spot_blur import ARC_AT_MM, RECIPE


@pytest.mark.parametrize("kind", ["focal_spot", "detector", "any"])
def test_the_boxes_add_up_to_the_strength(kind):
    """Squares of the channel, of the spot as seen at the isocentre (magnified 949 / 541) and of the gantry's way at 100 mm sum to that of the strength."""
    healthy = bench_of("ct").healthy
    for seed in range(5):
        pattern = RECIPE.pattern(np.random.default_rng(seed), healthy, kind=kind)
        edited = RECIPE.edit(healthy, strength=3.0, pattern=pattern)
        widths = next(event.widths for event in edited.events if isinstance(event, RayBlur))
        boxes = (widths.detector_mm, widths.focal_spot_mm * (949.0 - 541.0) / 949.0, math.radians(widths.arc_deg) * ARC_AT_MM)
        assert math.hypot(*boxes) == pytest.approx(3.0, rel=1e-6)
        assert (boxes[1] > boxes[0]) == (pattern["kind"] == "focal_spot")


def test_kinds_are_checked_and_words_differ():
    """A wrong kind is refused with what is allowed; three looks and more a level."""
    with pytest.raises(ConfigError, match="focal_spot"):
        RECIPE.pattern(np.random.default_rng(0), bench_of("ct").healthy, kind="cone")
    assert min(len(RECIPE.words.looks[level]) for level in LEVELS) >= 3
    assert RECIPE.words.wordings["kind=detector"].cause != RECIPE.words.cause


def test_the_grain_of_a_head_stays_under_a_wide_spot():
    """Its kernel is only a name in a header and is matched first: what the spot leaves of the grain and what is added make the slice's own noise again."""
    bench = bench_of("ct")
    pattern = {"kind": "focal_spot", "spot_share": 1.0, "arc_share": 0.0, "noise_seed": 5}
    edited = RECIPE.edit(bench.healthy, strength=3.0, pattern=pattern)
    assert edited.kernel_known
    without = replace(edited, events=tuple(event for event in edited.events if not isinstance(event, KeptGrain)))
    grain = bench.reference + acquire(edited) - acquire(without)
    own = noise_hu(Pair(bench.reference, bench.reference, bench.view)).value
    added = added_noise_hu(Pair(bench.reference, grain, bench.view)).value
    assert 0.8 * own < added < 1.05 * own
