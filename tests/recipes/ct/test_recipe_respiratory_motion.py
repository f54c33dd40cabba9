"""The recipe of breathing: how a breath is drawn, what is refused, which levels are reached."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from independent.labels import SLACK, is_inside, measured_again
from real_data import real_data
from rich.console import Console
from sample_benches import bench_of

from medq_gen.declare import LEVELS
from medq_gen.errors import ConfigError
from medq_gen.run import Request, run
from medq_gen.store import Store
from medq_gen.variant import Variant
from physics.ct import CTScan
from physics.ct.breathing import Breath, Breathing
from physics.ct.kernel import STANDARD
from recipes.ct.respiratory_motion import KINDS, RECIPE


def trunk(rows=230, columns=340):
    """An elliptic trunk of so many millimetres, smooth-edged, with a rib in front; 2 mm pixels."""
    y, x = np.mgrid[-160:160:2, -200:200:2]
    hu = 1040 / (1 + np.exp((np.hypot(2 * x / columns, 2 * y / rows) - 1) * 40)) - 1000 + 900 * np.exp(-(((x - 40) / 12) ** 2) - ((y + rows / 2 - 20) / 6) ** 2)
    return CTScan.of(torch.tensor(hu, dtype=torch.float32), spacing_mm=(2.0, 2.0), n0=2e5, kernel=STANDARD)


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_turn_finds_the_breath_at_any_depth_on_its_way(kind):
    """Plain JSON; periods of the kind; the middle of the turn at depths spread evenly over a breath, as often going in as out."""
    middle, going_in = [], []
    for seed in range(120):
        pattern = RECIPE.pattern(np.random.default_rng(seed), trunk(), kind=kind)
        assert json.loads(json.dumps(pattern)) == pattern
        breath = Breath(**{**pattern["breath"], "start_deg": 0.0})
        assert KINDS[kind][0] <= breath.period_s <= KINDS[kind][1]
        assert 0.28 <= breath.turn_s <= 1.0
        course = breath.course(1001)
        middle.append(course[500])
        going_in.append(course[510] > course[490])
    assert np.histogram(middle, bins=4, range=(0, 1))[0].min() > 15
    assert 0.35 < np.mean(going_in) < 0.65


def test_strength_is_the_travel_of_a_whole_breath():
    """The wall goes so far between the ends of expiration and inspiration; a turn of two seconds sees the whole of a breath of two seconds."""
    pattern = {"kind": "quiet", "breath": {"period_s": 2.0, "phase_rad": 0.3, "turn_s": 2.0, "start_deg": 40.0, "dwell": 2}}
    edited = RECIPE.edit(trunk(), strength=12.0, pattern=pattern)
    event = next(event for event in edited.events if isinstance(event, Breathing))
    assert np.ptp(event.wall_mm) == pytest.approx(12.0, rel=1e-3)
    assert "front of the body towards the first row, back at rest on the table" in edited.assumed
    assert RECIPE.edit(trunk(), strength=0.0, pattern=pattern).events == ()


def test_heads_and_cut_bodies_are_refused_and_options_checked():
    """A reason each; a trunk is taken."""
    assert RECIPE.refuse(trunk()) is None
    assert "not a slice across a trunk" in RECIPE.refuse(bench_of("ct").healthy)
    assert "not a slice across a trunk" in RECIPE.refuse(trunk(columns=250))
    assert "cuts" in RECIPE.refuse(replace(trunk(), truncated=True))
    with pytest.raises(ConfigError, match="breathless"):
        RECIPE.pattern(np.random.default_rng(0), trunk(), kind="cough")
    with pytest.raises(ConfigError, match="turn_s"):
        RECIPE.pattern(np.random.default_rng(0), trunk(), turn_s=0.1)
    given, drawn = (RECIPE.pattern(np.random.default_rng(0), trunk(), turn_s=turn) for turn in (0.5, 0.0))
    assert given["breath"]["turn_s"] == 0.5 != drawn["breath"]["turn_s"]
    assert given["breath"]["period_s"] == drawn["breath"]["period_s"]
    assert min(len(RECIPE.words.looks[level]) for level in LEVELS) >= 3


@pytest.mark.slow
def test_a_liver_breathes_at_every_level(tmp_path):
    """Two slices, three breaths each: half of the levels and more are reached, and the label measured again on each stored picture lies in its band."""
    options = {"path": str(real_data("ct", "lidc_idri_0314")), "anatomy": "abdomen", "every": 6}
    outcome = run(
        Request(Variant("ct_respiratory_motion"), "dicom", options, tmp_path / "run", repeats=3, executor="serial"), console=Console(file=io.StringIO())
    )
    store = Store.open(tmp_path / "run")
    assert outcome.exit_code == 0
    found = list(measured_again(store))
    assert len([record for record, _ in found if record.level != "none"]) >= 9
    for record, u in found:
        assert is_inside(record.level, u, slack=SLACK), (record.key, u)
