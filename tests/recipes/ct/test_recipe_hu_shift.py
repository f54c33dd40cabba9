"""The recipe of shifted CT numbers: its bands fall on those of accreditation in a brain window, and no question is asked of a picture alone."""

from __future__ import annotations

import numpy as np
import pytest
from sample_benches import bench_of

from medq_gen.errors import ConfigError
from medq_gen.tasks import vocabulary
from recipes.ct.hu_shift import RECIPE


@pytest.mark.parametrize("direction", ["brighter", "darker"])
def test_levels_in_a_brain_window_are_those_of_accreditation(direction):
    """2 HU of water are none, 8 mild, 18 moderate, in either direction."""
    bench = bench_of("ct")
    pattern = RECIPE.pattern(np.random.default_rng(3), bench.healthy, direction=direction)
    assert (pattern["sign"] > 0) == (direction == "brighter")
    u = [bench.shoot(RECIPE.edit(bench.healthy, strength=shift, pattern=pattern), shift, RECIPE.effect).u for shift in (2.0, 8.0, 18.0)]
    assert u[0] <= 0.3
    assert u[1:] == pytest.approx([1.0, 2.0], abs=0.45)


def test_its_attribute_is_never_asked_and_directions_are_checked():
    """The ontology marks it as a change of values; a wrong option is refused."""
    assert all(not vocabulary().require_attribute(name, "ct").asked for name in RECIPE.attributes)
    with pytest.raises(ConfigError, match="brighter"):
        RECIPE.pattern(np.random.default_rng(0), bench_of("ct").healthy, direction="up")
