"""The recipes that need the slices about a slice: what is drawn, what options do, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from sample_benches import bench_of

from medq_gen.declare import LEVELS
from medq_gen.errors import ConfigError
from physics.ct.kernel_change import KernelChange
from physics.ct.partial_volume import ThickSlice
from physics.ct.slab import NO_SLAB
from physics.scan import EditConflict, acquire
from recipes.ct.cone_beam import RECIPE as CONE
from recipes.ct.partial_volume import RECIPE as PARTIAL
from recipes.ct.smooth_kernel import RECIPE as SMOOTH
from recipes.ct.thick_slice_smooth_kernel import RECIPE as THICK_SMOOTH
from recipes.ct.windmill import RECIPE as WINDMILL

RECIPES = {"cone_beam": CONE, "partial_volume": PARTIAL, "windmill": WINDMILL}


def healthy():
    """The sample slice that lies in a slab."""
    return bench_of("ct", PARTIAL).healthy


def drawn(recipe, seed=1, **options):
    return recipe.pattern(np.random.default_rng(seed), healthy(), **options)


@pytest.mark.parametrize("name", RECIPES)
def test_neutral_is_the_source_and_strength_changes_it(name):
    """Byte for byte at neutral; a finite other picture in the middle of the knob; neither slice nor slab is written to."""
    recipe, scan = RECIPES[name], healthy()
    before, pattern = scan.slab.hu.clone(), drawn(recipe)
    assert json.loads(json.dumps(pattern)) == pattern == drawn(recipe)
    assert any(pattern != drawn(recipe, seed=seed) for seed in range(2, 8))
    assert recipe.edit(scan, strength=0.0, pattern=pattern) is scan
    picture = acquire(recipe.edit(scan, strength=recipe.strength.at(0.5), pattern=pattern))
    assert bool(torch.isfinite(picture).all())
    assert not torch.equal(picture, scan.hu)
    assert torch.equal(scan.slab.hu, before)


@pytest.mark.parametrize("name", RECIPES)
def test_single_pictures_and_short_slabs_are_refused(name):
    """With the reason: nothing is known of what lies above and below, or too little."""
    recipe, scan = RECIPES[name], healthy()
    assert recipe.refuse(scan) is None
    assert recipe.refuse(replace(scan, slab=None)) == NO_SLAB
    assert "to the nearer side" in recipe.refuse(replace(scan, slab=replace(scan.slab, index=3)))
    assert "apart" in recipe.refuse(replace(scan, slab=replace(scan.slab, step_mm=5.0)))


@pytest.mark.parametrize("name", RECIPES)
def test_every_level_has_several_looks_and_no_phrase_serves_two_levels(name):
    """Three or more phrases a level; each says one thing."""
    looks = RECIPES[name].words.looks
    assert set(looks) == set(LEVELS)
    phrases = [phrase for level in LEVELS for phrase in looks[level]]
    assert min(len(looks[level]) for level in LEVELS) >= 3
    assert len(set(phrases)) == len(phrases)


def test_a_windmill_is_wound_as_asked():
    """Rows and interpolation of the options; pitches that leave no gap; options out of range are told."""
    assert drawn(WINDMILL, n_rows=6)["n_rows"] == 6
    for kind, most in (("360", 1.0), ("180", 1.75)):
        patterns = [drawn(WINDMILL, seed, interpolation=kind) for seed in range(8)]
        assert all(pattern["interpolation"] == kind and 0.7 <= pattern["pitch"] <= most for pattern in patterns)
    assert {drawn(WINDMILL, seed)["n_rows"] for seed in range(20)} == {4, 8, 16}
    for options in ({"n_rows": 65}, {"n_rows": -1}, {"interpolation": "90"}):
        with pytest.raises(ConfigError, match=next(iter(options))):
            drawn(WINDMILL, **options)


def test_a_slice_lies_on_the_side_that_was_asked_for():
    """Above: a positive distance; below: a negative one; another word is told."""
    for side, sign in (("above", 1), ("below", -1)):
        pattern = drawn(CONE, side=side)
        assert CONE.edit(healthy(), strength=12.0, pattern=pattern).events[0].distance_mm == sign * 12.0
    assert {drawn(CONE, seed)["side"] for seed in range(12)} == {"above", "below"}
    with pytest.raises(ConfigError, match="side"):
        drawn(CONE, side="left")


def test_a_thick_slice_under_a_smooth_kernel_is_one_acquisition():
    """Both edits in either order give the thick slice's own picture, filtered once; single pictures are refused as by the thick slice."""
    scan = healthy()
    thick = PARTIAL.edit(scan, strength=4.0, pattern=drawn(PARTIAL))
    both = SMOOTH.edit(thick, strength=0.5, pattern=drawn(SMOOTH))
    other = PARTIAL.edit(SMOOTH.edit(scan, strength=0.5, pattern=drawn(SMOOTH)), strength=4.0, pattern=drawn(PARTIAL))
    picture = acquire(both)
    assert torch.equal(picture, acquire(other))
    assert {type(event) for event in both.events} == {ThickSlice, KernelChange}
    kernel = next(event for event in both.events if isinstance(event, KernelChange))
    filtered = scan.hu + kernel.apply(acquire(thick) - scan.hu, scan)
    torch.testing.assert_close(picture, filtered.clamp(-1024.0, 3071.0), atol=0.2, rtol=0)  # what is stored is held at -1024 HU
    assert THICK_SMOOTH.refuse(scan) is None
    assert THICK_SMOOTH.refuse(replace(scan, slab=None)) == NO_SLAB


def test_a_slice_is_made_in_one_way():
    """Thick, helical or far off the mid-plane: any two of them contradict each other."""
    for one in RECIPES.values():
        edited = one.edit(healthy(), strength=2.0, pattern=drawn(one))
        for other in RECIPES.values():
            with pytest.raises(EditConflict, match="made by"):
                other.edit(edited, strength=2.0, pattern=drawn(other))
