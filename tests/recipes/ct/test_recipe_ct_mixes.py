"""What comes together in a clinic: one scan, in whatever order it is edited, and one reconstruction."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from medq_gen.edits import edited, strength_of_part
from physics.ct import CTScan
from physics.ct.geometry import Grid
from physics.ct.kernel import STANDARD
from physics.ct.metal_reduction import Reduction
from physics.ct.photon_starvation import Starving
from physics.scan import acquire
from recipes.ct.low_dose_photon_starvation import RECIPE as STARVED
from recipes.ct.metal_reduced_low_dose import RECIPE as REDUCED

GRID = Grid((128, 128), (2.6, 2.6))
MIXES = {"low_dose_photon_starvation": STARVED, "metal_reduced_low_dose": REDUCED}


def trunk():
    hu = 1040 * disc(GRID, radius_mm=130.0) + 900 * disc(GRID, radius_mm=18.0, centre_mm=(0.0, 80.0)) - 1000
    return CTScan.of(torch.tensor(hu, dtype=torch.float32), spacing_mm=GRID.spacing_mm, n0=2e5, kernel=STANDARD)


def drawn(mix, scan):
    parts = {part.name: part.recipe.pattern(np.random.default_rng(3), scan) for part in mix.parts}
    return {"parts": parts, "tops": dict.fromkeys(parts, 0.6)}


@pytest.mark.slow
@pytest.mark.parametrize("name", MIXES)
def test_a_mix_is_one_scan_in_any_order(name):
    """The edits of the parts give one picture whatever their order; at 0 the source, bit for bit; every part has its events."""
    mix, scan = MIXES[name], trunk()
    pattern = drawn(mix, scan)
    assert torch.equal(acquire(edited(mix, scan, strength=0.0, pattern=pattern)), scan.hu)
    pictures = []
    for order in permutations(mix.parts):
        one = scan
        for part in order:
            one = part.recipe.edit(one, strength=strength_of_part(part.recipe, top=0.6, t=0.4), pattern=pattern["parts"][part.name])
        pictures.append(acquire(one))
        assert 0 < one.dose < 1
    torch.testing.assert_close(*pictures, rtol=0, atol=0.1)
    torch.testing.assert_close(acquire(edited(mix, scan, strength=0.4, pattern=pattern)), pictures[0], rtol=0, atol=0.1)
    kind = Starving if mix is STARVED else Reduction
    assert sum(isinstance(event, kind) for event in one.events) == 1


@pytest.mark.slow
def test_few_quanta_starve_more_than_the_two_alone():
    """One simulation: the added variance of a low dose behind limbs is more than the sum of the two, since the limbs leave a share of what the dose left."""
    scan = trunk()
    pattern = drawn(STARVED, scan)
    inner = (slice(44, 84), slice(44, 84))

    def variance(parts):
        one = scan
        for part in parts:
            one = part.recipe.edit(one, strength=strength_of_part(part.recipe, top=0.6, t=0.4), pattern=pattern["parts"][part.name])
        return float((acquire(one) - scan.hu)[inner].var())

    low, starved = ((part,) for part in STARVED.parts)
    assert variance(STARVED.parts) > 1.3 * (variance(low) + variance(starved))


def test_the_metal_of_a_mix_is_there_at_every_level():
    """Its diameter follows the knob: at a third of it a third of the top, where the recipe alone, whose knob is logarithmic, would have a hundredth."""
    part = next(part for part in REDUCED.parts if part.name == "ct_metal_reduced")
    assert strength_of_part(part.recipe, top=0.9, t=1 / 3) == pytest.approx(0.3)
