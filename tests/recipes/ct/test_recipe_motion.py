"""The recipe of head motion: courses of the head, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sample_benches import bench_of

from medq_gen.declare import LEVELS
from medq_gen.errors import ConfigError
from physics.ct.motion import Moved
from recipes.ct.motion import KINDS, RECIPE, courses

TIME = np.linspace(0, 1, 1001)


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_head_starts_at_rest_and_goes_as_its_kind_says(kind):
    """From 0; a step stays at 1, a drift arrives at 1, a jerk has been at 1 and is back; strength is the largest displacement."""
    healthy = bench_of("ct").healthy
    pattern = RECIPE.pattern(np.random.default_rng(4), healthy, kind=kind)
    assert json.loads(json.dumps(pattern)) == pattern
    gone = courses(pattern, TIME)
    assert gone[0] == pytest.approx(0.0, abs=1e-9)
    assert gone.max() == pytest.approx(1.0, abs=1e-3)
    assert gone[-1] == pytest.approx(0.0 if kind == "jerk" else 1.0, abs=1e-9)
    if kind != "jerk":
        assert np.all(np.diff(gone) >= 0)
    edited = RECIPE.edit(healthy, strength=3.0, pattern=pattern)
    poses = next(event for event in edited.events if isinstance(event, Moved)).poses
    assert max(np.hypot(*pose.shift_mm) for pose in poses) == pytest.approx(3.0, abs=0.02)
    assert max(abs(pose.angle_deg) for pose in poses) == pytest.approx(3.0 * abs(pattern["deg_per_mm"]), rel=0.01)


def test_the_turn_starts_where_the_pattern_says():
    """Views before the start are the last of the turn: of a drift the first view is at rest and the one before it has gone farthest."""
    healthy = bench_of("ct").healthy
    pattern = {**RECIPE.pattern(np.random.default_rng(4), healthy, kind="drift"), "start_deg": 90.0, "down": 1.0, "right": 0.0}
    poses = next(event for event in RECIPE.edit(healthy, strength=5.0, pattern=pattern).events if isinstance(event, Moved)).poses
    n = len(poses)
    assert poses[n // 4].shift_mm[0] == pytest.approx(0.0, abs=0.01)
    assert poses[n // 4 - 1].shift_mm[0] == pytest.approx(5.0, abs=0.02)


def test_trunks_and_cut_bodies_are_refused_and_kinds_checked():
    """A reason each; the sample head is taken."""
    healthy = bench_of("ct").healthy
    assert RECIPE.refuse(healthy) is None
    assert "trunk" in RECIPE.refuse(replace(healthy, bowtie_mm=320.0))
    assert "cuts" in RECIPE.refuse(replace(healthy, truncated=True))
    with pytest.raises(ConfigError, match="jerk"):
        RECIPE.pattern(np.random.default_rng(0), healthy, kind="nod")
    assert min(len(RECIPE.words.looks[level]) for level in LEVELS) >= 3
