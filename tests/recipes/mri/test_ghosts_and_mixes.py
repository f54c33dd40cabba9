"""Pulsation, breathing and what comes together: draws, edits, one acquisition."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch
from sample_benches import bench_of

from medq_gen.edits import edited, strength_of_part
from medq_gen.errors import ConfigError
from medq_gen.ladder import Bench, climb, parts_alone
from physics import phantoms
from physics.mri import MRIScan
from physics.scan import acquire
from recipes.mri.metal_fat_suppression import RECIPE as METAL_FAT
from recipes.mri.motion_undersampling import RECIPE as MOTION_UNDERSAMPLING
from recipes.mri.noise_sense_residual import RECIPE as NOISE_SENSE
from recipes.mri.pulsation_ghosting import RECIPE as PULSATION
from recipes.mri.respiratory_ghosting import RECIPE as BREATHING
from recipes.mri.thick_slice_gibbs_noise import RECIPE as QUICK

MIXES = {
    "motion_undersampling": MOTION_UNDERSAMPLING,
    "thick_slice_gibbs_noise": QUICK,
    "noise_sense_residual": NOISE_SENSE,
    "metal_fat_suppression": METAL_FAT,
}


def head() -> MRIScan:
    return MRIScan.of(100 * phantoms.ellipses((64, 56)), spacing_mm=(3.0, 3.5))


@pytest.mark.parametrize("name", MIXES)
def test_a_mix_is_one_acquisition_in_any_order(name):
    """The edits of the parts compose to one scan whatever their order; the picture is taken once."""
    mix = MIXES[name]
    healthy = bench_of("mri", mix).healthy
    assert mix.refuse(healthy) is None
    patterns = {part.name: part.recipe.pattern(np.random.default_rng(index), healthy) for index, part in enumerate(mix.parts)}
    pictures = []
    for order in permutations(mix.parts):
        scan = healthy
        for part in order:
            scan = part.recipe.edit(scan, strength=strength_of_part(part.recipe, top=0.7, t=0.8), pattern=patterns[part.name])
        pictures.append(acquire(scan))
    for other in pictures[1:]:
        torch.testing.assert_close(other, pictures[0], rtol=1e-4, atol=1e-4 * float(pictures[0].max()))
    whole = edited(mix, healthy, strength=0.8, pattern={"parts": patterns, "tops": {part.name: 0.7 for part in mix.parts}})
    torch.testing.assert_close(acquire(whole), pictures[0], rtol=1e-4, atol=1e-4 * float(pictures[0].max()))


@pytest.mark.parametrize("mix", MIXES.values(), ids=list(MIXES))
def test_each_part_of_a_mix_changes_the_picture(mix):
    """Without any one part the picture is another: none is lost on the way."""
    healthy = bench_of("mri", mix).healthy
    patterns = {part.name: part.recipe.pattern(np.random.default_rng(index), healthy) for index, part in enumerate(mix.parts)}
    tops = {part.name: 0.8 for part in mix.parts}
    whole = acquire(edited(mix, healthy, strength=0.9, pattern={"parts": patterns, "tops": tops}))
    for part in mix.parts:
        without = acquire(edited(mix, healthy, strength=0.9, pattern={"parts": patterns, "tops": {**tops, part.name: 0.0}}))
        assert float((whole - without).norm() / whole.norm()) > 0.003, part.name


def test_a_part_of_a_mix_is_measured_alone_and_once():
    """The severity of a part alone is that of its own edit at its own strength; at the tops, where each was measured before, it is not acquired again."""
    own = bench_of("mri", MOTION_UNDERSAMPLING)
    bench = Bench(own.healthy, own.view)
    ladder = climb(bench, MOTION_UNDERSAMPLING, root=0, key="case/mri_motion_undersampling/1", levels=("severe",), options={}, touched_none=False)
    assert ladder.rungs[0].shot is not None
    for t, cost in ((float(ladder.rungs[0].shot.strength), 0), (1.0, 0), (0.4, len(MOTION_UNDERSAMPLING.parts)), (0.4, 0), (0.0, 0)):
        before = bench.acquisitions
        alone = parts_alone(ladder, MOTION_UNDERSAMPLING, t=t)
        assert bench.acquisitions - before == cost
        for part in MOTION_UNDERSAMPLING.parts:
            strength = strength_of_part(part.recipe, top=ladder.pattern["tops"][part.name], t=t)
            if strength is None:
                assert alone[part.name] == 0.0
                continue
            scan = part.recipe.edit(bench.healthy, strength=strength, pattern=ladder.pattern["parts"][part.name])
            assert bench.shoot(scan, strength, part.recipe.effect).u == alone[part.name]


@pytest.mark.parametrize("recipe", [PULSATION, BREATHING])
def test_a_wrong_order_is_refused(recipe):
    """An order of lines that is not known is named with the allowed ones."""
    with pytest.raises(ConfigError, match="allowed: any, linear"):
        recipe.pattern(np.random.default_rng(0), head(), order="spiral")
    assert recipe.pattern(np.random.default_rng(0), head(), order="centric")["pulse" if recipe is PULSATION else "breath"]["order"] == "centric"


def test_the_aorta_of_the_sample_is_found_and_used():
    """The abdomen shows one bright round vessel; every ladder pulsates there, and nothing is said to be assumed. A head without one has drawn vessels."""
    abdomen = bench_of("mri", BREATHING).healthy
    pattern = PULSATION.pattern(np.random.default_rng(0), abdomen)
    assert pattern["vessel"] == "found"
    assert np.hypot(pattern["vessels"][0]["centre_mm"][0] - 12.9, pattern["vessels"][0]["centre_mm"][1] - 9.2) < 2
    assert PULSATION.edit(abdomen, strength=0.5, pattern=pattern).assumed == abdomen.assumed
    drawn = PULSATION.pattern(np.random.default_rng(0), head(), n_vessels=2)
    assert drawn["vessel"] == "drawn"
    assert len(drawn["vessels"]) == 2
    assert "2 pulsating vessel(s)" in PULSATION.edit(head(), strength=0.5, pattern=drawn).assumed[-1]
    with pytest.raises(ConfigError, match="n_vessels=9"):
        PULSATION.pattern(np.random.default_rng(0), head(), n_vessels=9)
    assert PULSATION.refuse(MRIScan.of(torch.zeros(16, 16))) is not None


def test_breathing_takes_abdomens_and_refuses_heads():
    """The sample abdomen is a trunk, the phantom head is none; what had to be assumed is said."""
    abdomen = bench_of("mri", BREATHING).healthy
    assert BREATHING.refuse(abdomen) is None
    assert "trunk" in str(BREATHING.refuse(head()))
    pattern = BREATHING.pattern(np.random.default_rng(3), abdomen)
    assert 8 <= pattern["n_bins"] <= 16
    assert "table" in BREATHING.edit(abdomen, strength=10.0, pattern=pattern).assumed[-1]
    assert BREATHING.edit(abdomen, strength=0.0, pattern=pattern) is abdomen


def test_movement_across_the_slice_stays_within_the_slab() -> None:
    """At the limit of the knob, whatever the pattern: a scan that the recipe accepts holds all slices that the movement needs."""
    from recipes.mri.through_plane_motion import LIMIT_MM, RECIPE

    bench = bench_of("mri", RECIPE)
    for seed in range(20):
        pattern = RECIPE.draw(np.random.default_rng(seed), bench.healthy)
        moved = RECIPE.edit(bench.healthy, strength=LIMIT_MM, pattern=pattern)
        motion = moved.events[-1].motion
        assert motion.peak_mm == pytest.approx(LIMIT_MM)
        assert float(np.abs(motion.shift_mm).max()) <= LIMIT_MM + 1e-9
