"""The declared low dose: what is drawn, what is edited, what is read."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from medq_gen.declare import LEVELS
from medq_gen.errors import DeclarationError
from physics.ct import CTScan
from physics.ct.geometry import FAN, PARALLEL, Grid
from physics.ct.kernel import STANDARD
from physics.scan import acquire
from recipes.ct.low_dose import RECIPE

GRID = Grid((128, 128), (2.0, 2.0))


def scan():
    hu = torch.tensor(1040 * disc(GRID, radius_mm=90.0) - 1000, dtype=torch.float32)
    return CTScan.of(hu, spacing_mm=GRID.spacing_mm, n0=2e5, kernel=STANDARD)


def pattern(seed=1, **options):
    return RECIPE.pattern(np.random.default_rng(seed), scan(), **options)


def test_the_pattern_is_json_and_options_are_kept():
    """Seed, geometry and modulation; a given modulation does not change the noise that is drawn."""
    drawn = pattern()
    assert json.loads(json.dumps(drawn)) == drawn
    assert set(drawn) == {"noise_seed", "geometry", "modulation"}
    assert 0 <= drawn["modulation"] <= 0.5
    given = pattern(geometry="parallel", modulation=0.8)
    assert given == {"noise_seed": drawn["noise_seed"], "geometry": "parallel", "modulation": 0.8}
    assert pattern(seed=2)["noise_seed"] != drawn["noise_seed"]


@pytest.mark.parametrize("options", [{"geometry": "helical"}, {"modulation": 1.5}])
def test_options_outside_of_physics_are_refused(options):
    """A message names what is allowed."""
    with pytest.raises(ValueError, match=next(iter(options))):
        pattern(**options)
    with pytest.raises(DeclarationError, match="unknown"):
        pattern(dose=0.5)


def test_the_edit_sets_dose_modulation_and_geometry():
    """And nothing else of the scan; parallel beam where asked for."""
    edited = RECIPE.edit(scan(), strength=0.2, pattern=pattern(modulation=0.3))
    assert (edited.dose, edited.modulation, edited.geometry, edited.n0) == (0.2, 0.3, FAN, 2e5)
    assert RECIPE.edit(scan(), strength=0.2, pattern=pattern(geometry="parallel")).geometry == PARALLEL


def test_the_neutral_dose_is_the_source_and_lower_doses_only_add():
    """Byte for byte at 1.0; noise rises at every step of the knob down to its limit."""
    healthy, drawn = scan(), pattern()
    assert torch.equal(acquire(RECIPE.edit(healthy, strength=RECIPE.strength.neutral, pattern=drawn)), healthy.hu)
    sizes = []
    for position in (0.1, 0.3, 0.5, 0.7, 1.0):
        change = acquire(RECIPE.edit(healthy, strength=RECIPE.strength.at(position), pattern=drawn)) - healthy.hu
        sizes.append(float(change[40:90, 40:90].std()))
    assert sizes == sorted(sizes)
    assert sizes[-1] > 8 * sizes[0]


def test_parallel_and_fan_beam_make_noise_of_one_size():
    """At equal views, quanta and pitch the two geometries agree within 15 % in the middle."""
    healthy = replace(scan(), bowtie_mm=320.0)
    sizes = []
    for beam in ("fan", "parallel"):
        edited = RECIPE.edit(healthy, strength=0.1, pattern=pattern(geometry=beam, modulation=0.0))
        sizes.append(float((acquire(edited) - healthy.hu)[40:90, 40:90].std()))
    assert sizes[1] == pytest.approx(sizes[0], rel=0.15)


def test_every_level_has_several_looks_and_no_phrase_serves_two_levels():
    """Words for each level, three or more."""
    looks = RECIPE.words.looks
    assert set(looks) == set(LEVELS)
    phrases = [phrase for level in LEVELS for phrase in looks[level]]
    assert min(len(looks[level]) for level in LEVELS) >= 3
    assert len(set(phrases)) == len(phrases)
