"""The recipe of the wrong window: presets of other tissues, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_benches import bench_of

from medq_gen.errors import ConfigError
from medq_gen.tasks import vocabulary
from physics.ct.window import ShownAt
from recipes.ct.window import KINDS, RECIPE


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_brain_gets_windows_of_the_kind(kind):
    """Two steps of the knob: four times as wide, or two fifths of the width too high or too low."""
    healthy = bench_of("ct").healthy
    assert healthy.window_hu == (0.0, 80.0)
    edited = RECIPE.edit(healthy, strength=2.0, pattern={"kind": kind, "other": 0.0})
    (low, high) = next(event.wrong_hu for event in edited.events if isinstance(event, ShownAt))
    assert (high - low, (low + high) / 2) == {"wide": (320.0, 40.0), "dark": (80.0, 72.0), "bright": (80.0, 8.0)}[kind]


def test_it_is_never_asked_and_refused_where_it_cannot_be_shown():
    """Marked as a change of values; lung windows and unknown ones are refused; kinds are checked."""
    healthy = bench_of("ct").healthy
    assert all(not vocabulary().require_attribute(name, "ct").asked for name in RECIPE.attributes)
    assert RECIPE.refuse(healthy) is None
    assert RECIPE.refuse(replace(healthy, window_hu=(-1350.0, 150.0)))
    assert RECIPE.refuse(replace(healthy, window_hu=None))
    with pytest.raises(ConfigError, match="wide"):
        RECIPE.pattern(np.random.default_rng(0), healthy, kind="narrow")
