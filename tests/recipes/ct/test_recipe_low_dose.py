"""The declared low dose: what is drawn, what is edited, what is read."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc
from real_data import real_data
from sample_benches import bench_of

from medq_gen import scan_of, sources
from medq_gen.declare import LEVELS
from medq_gen.errors import DeclarationError, SourceError
from medq_gen.ladder import Bench
from physics.ct import CTScan
from physics.ct.geometry import FAN, PARALLEL, Grid
from physics.ct.kernel import STANDARD
from physics.measure.attributes import ATTRIBUTE_ANCHORS, ATTRIBUTE_MEASURES
from physics.measure.disturbance import judged_mask
from physics.measure.pair import Pair
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


def _liver():
    source = sources.make("dicom", {"path": str(real_data("ct", "lidc_idri_0314")), "anatomy": "abdomen"})
    case = next(found for found in source.index() if not isinstance(found, SourceError))
    return Bench(*scan_of.healthy_scan(source.load(case), seed=7))


@pytest.mark.parametrize(("place", "boundaries_hu"), [("head", (4.0, 10.0, 21.0)), ("liver", (24.0, 49.0, 100.0))])
def test_one_triple_of_anchors_serves_both_windows(place, boundaries_hu):
    """Where readers put none|mild|moderate|severe, in HU of added noise, in a brain and in an abdomen window, u is 0.5, 1.5 and 2.5 to a fifth."""
    bench = bench_of("ct") if place == "head" else _liver()
    drawn = RECIPE.pattern(np.random.default_rng(1), bench.healthy)
    tissue = judged_mask(Pair(bench.reference, bench.reference, bench.view))
    added, found, seen = [], [], []
    for dose in np.geomspace(0.8, 0.05, 8):
        edited = RECIPE.edit(bench.healthy, strength=float(dose), pattern=drawn)
        pair = Pair(bench.reference, acquire(edited), bench.view, bench.healthy, edited)
        added.append(float((pair.degraded - pair.reference)[torch.as_tensor(tissue)].std()))
        found.append(RECIPE.effect.u(RECIPE.effect.measure(pair).value))
        attribute = RECIPE.effect.with_anchors(ATTRIBUTE_ANCHORS["quantum noise"])
        seen.append(attribute.u(ATTRIBUTE_MEASURES["quantum noise"](pair).value))
    assert np.interp(np.log(boundaries_hu), np.log(added), found) == pytest.approx([0.5, 1.5, 2.5], abs=0.2)
    assert seen == pytest.approx(found, abs=0.05)
