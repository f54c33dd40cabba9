"""Declared artefacts of channels and views: what is drawn, what options do, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from medq_gen.declare import LEVELS
from medq_gen.errors import ConfigError, DeclarationError
from physics.ct import CTScan
from physics.ct.body import body_radius_mm
from physics.ct.channels import ChannelGain, ChannelResponse
from physics.ct.geometry import FAN, Grid
from physics.ct.kernel import STANDARD
from physics.scan import acquire
from recipes.ct.afterglow import RECIPE as GLOW
from recipes.ct.incomplete_projections import RECIPE as LOST
from recipes.ct.limited_angle import RECIPE as ARC
from recipes.ct.over_range import RECIPE as OVER
from recipes.ct.ring import KINDS
from recipes.ct.ring import RECIPE as RING
from recipes.ct.sparse_view import RECIPE as SPARSE
from recipes.ct.truncation import RECIPE as CUT

GRID = Grid((128, 120), (2.0, 1.9))
RECIPES = {
    "ring": RING,
    "sparse_view": SPARSE,
    "limited_angle": ARC,
    "incomplete_projections": LOST,
    "truncation": CUT,
    "afterglow": GLOW,
    "over_range": OVER,
}


def scan():
    hu = 1040 * disc(GRID, radius_mm=90.0) + 700 * disc(GRID, radius_mm=9.0, centre_mm=(40, 20)) - 1000
    return CTScan.of(torch.tensor(hu, dtype=torch.float32), spacing_mm=GRID.spacing_mm, kernel=STANDARD)


def drawn(recipe, seed=1, **options):
    return recipe.pattern(np.random.default_rng(seed), scan(), **options)


@pytest.mark.parametrize("name", RECIPES)
def test_neutral_is_the_source_and_strength_changes_it(name):
    """Byte for byte at neutral; a finite other picture in the middle of the knob; the source is not written to."""
    recipe, healthy = RECIPES[name], scan()
    before = healthy.hu.clone()
    pattern = drawn(recipe)
    assert json.loads(json.dumps(pattern)) == pattern
    assert recipe.edit(healthy, strength=recipe.strength.neutral, pattern=pattern) is healthy
    picture = acquire(recipe.edit(healthy, strength=recipe.strength.at(0.7), pattern=pattern))
    assert bool(torch.isfinite(picture).all())
    assert not torch.equal(picture, before)
    assert torch.equal(healthy.hu, before)


@pytest.mark.parametrize("name", RECIPES)
def test_every_level_has_several_looks_and_no_phrase_serves_two_levels(name):
    """Three or more phrases a level; each says one thing."""
    looks = RECIPES[name].words.looks
    assert set(looks) == set(LEVELS)
    phrases = [phrase for level in LEVELS for phrase in looks[level]]
    assert min(len(looks[level]) for level in LEVELS) >= 3
    assert len(set(phrases)) == len(phrases)


@pytest.mark.parametrize(
    ("recipe", "options"),
    [
        (RING, {"kind": "painted"}),
        (RING, {"course": "never"}),
        (RING, {"n_channels": 9}),
        (ARC, {"start_deg": 400.0}),
        (ARC, {"start_deg": -0.5}),
        (LOST, {"repair": "guessed"}),
        (CUT, {"beyond": "bone"}),
        (CUT, {"fall_mm": -1.0}),
        (OVER, {"spread": 0.5}),
    ],
)
def test_options_outside_of_physics_are_refused(recipe, options):
    """A message names what is allowed; unknown options are errors too."""
    with pytest.raises(ConfigError, match=next(iter(options))):
        drawn(recipe, **options)
    with pytest.raises(DeclarationError, match="unknown"):
        drawn(recipe, colour="red")


@pytest.mark.parametrize("kind", KINDS)
def test_rings_are_of_the_kind_that_was_asked_for(kind):
    """Channels, modules of neighbours, the whole detector, or the response; all of them within reach of the patient."""
    for seed in range(6):
        pattern = drawn(RING, seed=seed, kind=kind, course="steady")
        assert (pattern["kind"], pattern["course"]) == (kind, "steady")
        event = RING.edit(scan(), strength=0.02, pattern=pattern).events[0]
        assert isinstance(event, ChannelResponse if kind == "response" else ChannelGain)
        errors = np.asarray(event.wrong.errors)
        assert np.abs(errors).max() <= 0.02 + 1e-12
        if kind == "detector":
            assert errors.std() == pytest.approx(0.02 / 3, rel=0.1)
            continue
        faults = pattern["faults"]
        assert np.abs(errors).max() == pytest.approx(0.02)
        assert {fault["n_channels"] for fault in faults} <= ({16, 32} if kind == "modules" else {1})
        hit = FAN.s_mm()[[fault["channel"] + fault["n_channels"] // 2 for fault in faults]]
        assert np.abs(hit).max() <= 0.91 * body_radius_mm(scan())
    assert len(drawn(RING, kind="channels", n_channels=3)["faults"]) == 3


def test_the_reach_of_the_patient_is_measured_from_the_isocentre():
    """A disc of 60 mm about (30, 0): its furthest pixels lie near 90 mm, whatever table lies beneath; an empty slice has none."""
    hu = torch.tensor(1000 * disc(GRID, radius_mm=60.0, centre_mm=(30.0, 0.0)) - 1000, dtype=torch.float32)
    hu[115:117, :] = 200.0
    assert 80 < body_radius_mm(CTScan.of(hu, spacing_mm=GRID.spacing_mm)) < 90
    assert body_radius_mm(CTScan.of(torch.full_like(hu, -1000.0), spacing_mm=GRID.spacing_mm)) == 0.0


def test_a_body_that_is_cut_already_is_not_truncated():
    """Its rays passed tissue that the slice does not show."""
    hu = torch.tensor(1000 * disc(GRID, radius_mm=80.0, centre_mm=(70.0, 0.0)) - 1000, dtype=torch.float32)
    assert "cut by the field of view" in CUT.refuse(CTScan.of(hu, spacing_mm=GRID.spacing_mm))
    assert CUT.refuse(scan()) is None
    assert drawn(CUT, beyond="water", fall_mm=12.0) == {"beyond": "water", "fall_mm": 12.0}
    assert all(drawn(CUT, seed=seed)["beyond"] != "water" for seed in range(12))


def test_given_options_are_kept():
    """A start of the arc, a repair of the lost views; the rest is drawn as without them."""
    assert drawn(ARC, start_deg=12.5) == {**drawn(ARC), "start_deg": 12.5}
    assert drawn(LOST, repair="blank") == {**drawn(LOST), "repair": "blank"}
    assert RING.words.primary({"kind": "channels"}) == ""
