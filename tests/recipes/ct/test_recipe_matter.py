"""Recipes of matter in the beam: what is drawn, what options are kept, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from medq_gen.declare import LEVELS
from medq_gen.errors import ConfigError
from physics.ct import CTScan
from physics.ct.geometry import Grid
from physics.ct.kernel import STANDARD
from recipes.ct import beam_hardening, metal, metal_reduced, photon_starvation, scatter
from recipes.ct._implants import implants_of

GRID = Grid((150, 120), (1.6, 2.0))
RECIPES = {
    "beam_hardening": beam_hardening.RECIPE,
    "metal": metal.RECIPE,
    "metal_reduced": metal_reduced.RECIPE,
    "photon_starvation": photon_starvation.RECIPE,
    "scatter": scatter.RECIPE,
}


def head():
    """A skull about a brain."""
    hu = 1040 * disc(GRID, radius_mm=90.0) - 1000 + 900 * (disc(GRID, radius_mm=86.0) - disc(GRID, radius_mm=74.0))
    return CTScan.of(torch.tensor(hu, dtype=torch.float32), spacing_mm=GRID.spacing_mm, n0=5e5, kernel=STANDARD)


SCAN = head()


def drawn(name, seed=1, **options):
    return RECIPES[name].pattern(np.random.default_rng(seed), SCAN, **options)


@pytest.mark.parametrize("name", RECIPES)
def test_patterns_are_json_and_neutral_is_the_scan_itself(name):
    """Plain JSON that depends on the seed alone; at neutral the edit returns the very scan."""
    pattern = drawn(name)
    assert json.loads(json.dumps(pattern)) == pattern == drawn(name)
    assert pattern != drawn(name, seed=2)
    assert RECIPES[name].edit(SCAN, strength=0.0, pattern=pattern) is SCAN
    assert len(RECIPES[name].edit(SCAN, strength=0.3, pattern=pattern).events) >= 1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("beam_hardening", {"correction": "none", "kvp": 140}),
        ("metal", {"kind": "clip", "material": "gold"}),
        ("metal_reduced", {"method": "linear", "kind": "clip"}),
        ("photon_starvation", {"side": "left"}),
        ("scatter", {"width_mm": 60.0}),
    ],
)
def test_options_are_kept_and_leave_the_other_draws_alone(name, options):
    """What a user fixes is in the pattern; chance draws the same beside it where it does not depend on the choice."""
    pattern = drawn(name, **options)
    held = {**pattern, **({"material": pattern["implants"][0]["material"]} if "implants" in pattern else {})}
    assert {key: held[key] for key in options} == options


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("beam_hardening", {"correction": "bone"}),
        ("beam_hardening", {"kvp": 110}),
        ("metal", {"kind": "nail"}),
        ("metal", {"material": "brass"}),
        ("metal", {"kind": "joint"}),
        ("metal_reduced", {"method": "iterative"}),
        ("photon_starvation", {"side": "front"}),
        ("scatter", {"width_mm": 5.0}),
    ],
)
def test_options_outside_of_physics_are_refused(name, options):
    """A head has no femoral head either."""
    with pytest.raises(ConfigError, match=r"recipe\.pattern"):
        drawn(name, **options)


def test_implants_never_meet():
    """Two screws as wide as they are apart are moved apart along their line; small ones stay where they were drawn."""
    pattern = {
        "largest_mm": 20.0,
        "implants": [
            {"material": "steel", "x_mm": -10.0, "y_mm": 0.0, "ratio": 1.0, "angle_deg": 0.0, "hole": 0.0},
            {"material": "steel", "x_mm": 10.0, "y_mm": 0.0, "ratio": 0.5, "angle_deg": 0.0, "hole": 0.0},
        ],
    }
    small, large = implants_of(pattern, 0.25), implants_of(pattern, 2.0)
    assert [one.x_mm for one in small] == [-10.0, 10.0]
    assert large[1].x_mm - large[0].x_mm == pytest.approx(44.0)
    assert (small[1].a_mm, small[1].b_mm) == (2.5, 1.25)


def test_limbs_lie_beyond_the_picture():
    """Left and right of it, at the height of the body."""
    limbs = drawn("photon_starvation", side="both")["limbs"]
    half = GRID.shape[1] * GRID.spacing_mm[1] / 2
    assert [np.sign(one["x_mm"]) for one in limbs] == [-1.0, 1.0]
    assert all(abs(one["x_mm"]) - one["a_mm"] >= half - 0.1 for one in limbs)
    assert all(abs(one["y_mm"]) < 30 for one in limbs)


def test_a_source_with_metal_is_refused():
    """By both metal recipes, with the reason."""
    hu = SCAN.hu.clone()
    hu[70:76, 50:56] = 3071.0
    for name in ("metal", "metal_reduced"):
        assert "metal of its own" in RECIPES[name].refuse(replace(SCAN, hu=hu))
        assert RECIPES[name].refuse(SCAN) is None


@pytest.mark.parametrize("name", RECIPES)
def test_every_level_has_several_looks(name):
    """Three or more for each level, none for two of them."""
    looks = RECIPES[name].words.looks
    phrases = [phrase for level in LEVELS for phrase in looks[level]]
    assert min(len(looks[level]) for level in LEVELS) >= 3
    assert len(set(phrases)) == len(phrases)
