"""The MRI recipes: draws, edits, words."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from medq_gen.errors import ConfigError
from physics import phantoms
from physics.mri import MRIScan
from physics.mri.order import line_times
from physics.noise import with_noise_floor
from physics.scan import acquire
from recipes.mri.bias_field import RECIPE as BIAS
from recipes.mri.motion import RECIPE as MOTION
from recipes.mri.motion_noise import RECIPE as MIX
from recipes.mri.noise import RECIPE as NOISE
from recipes.mri.undersampling import RECIPE as UNDERSAMPLING

ALL = {"motion": MOTION, "undersampling": UNDERSAMPLING, "bias_field": BIAS, "noise": NOISE}


def scan(**options: object) -> MRIScan:
    return MRIScan.of(with_noise_floor(100 * phantoms.ellipses((64, 56)), sigma=1.0, seed=0), spacing_mm=(3.0, 3.5), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ALL)
def test_a_neutral_strength_is_the_reference_bit_for_bit(name):
    """The neutral knob leaves acquire(healthy) as it was, and other strengths change it steadily."""
    recipe, healthy = ALL[name], scan()
    reference = acquire(healthy)
    for seed in range(3):
        pattern = recipe.pattern(np.random.default_rng(seed), healthy, **({"reconstruction": "zero_filled"} if name == "undersampling" else {}))
        assert json.loads(json.dumps(pattern)) == pattern
        assert torch.equal(acquire(recipe.edit(healthy, strength=recipe.strength.neutral, pattern=pattern)), reference)
        harm = [float((acquire(recipe.edit(healthy, strength=recipe.strength.at(x), pattern=pattern)) - reference).norm()) for x in (0.4, 0.7, 1.0)]
        assert 0 < harm[0] < harm[2]
        assert torch.equal(acquire(healthy), reference)


def test_the_strength_of_noise_is_one_over_snr():
    """0.1 of mean tissue, the noise of the source included."""
    healthy = scan(source_sigma=1.0)
    noisy = NOISE.edit(healthy, strength=0.1, pattern={"noise_seed": 1})
    assert noisy.events[0].sigma == pytest.approx(((0.1 * healthy.mean_tissue) ** 2 - 1) ** 0.5)
    assert NOISE.refuse(healthy) is None
    assert "floor" in NOISE.refuse(scan(masked_air=True))


@pytest.mark.parametrize("kind", ["sudden", "drift", "periodic"])
@pytest.mark.parametrize("order", ["linear", "centric", "interleaved"])
def test_motion_has_the_kind_the_order_and_the_peak_that_were_asked(kind, order):
    """The peak displacement against the start of the scan is the strength; times are those of the order."""
    healthy = scan()
    pattern = MOTION.pattern(np.random.default_rng(4), healthy, kind=kind, order=order)
    motion = MOTION.edit(healthy, strength=5.0, pattern=pattern).motion
    assert (pattern["kind"], pattern["order"]) == (kind, order)
    np.testing.assert_array_equal(motion.time, line_times(64, order, n_shots=8))
    start = int(np.argmin(motion.time))
    pivot_free = motion.shift_mm - motion.shift_mm[start]
    assert np.abs(pivot_free).max() > 0
    assert 0 < motion.displacement_mm(start).max() < 15


def test_jumps_often_fall_near_the_centre():
    """In about six of ten draws (and by chance in some others) a jump starts while a line within a tenth of the centre is taken."""
    healthy, near = scan(), []
    for seed in range(300):
        pattern = MOTION.pattern(np.random.default_rng(seed), healthy, kind="sudden", order="linear")
        assert 1 <= len(pattern["steps"]) <= 5
        near.append(any(abs(step["at"] - 0.5) <= 0.051 for step in pattern["steps"]))
    assert 0.6 < np.mean(near) < 0.8


@pytest.mark.parametrize("recipe", [MOTION, UNDERSAMPLING])
def test_unknown_options_name_the_allowed_ones(recipe):
    """A wrong kind or reconstruction is refused with the list."""
    option = "kind" if recipe is MOTION else "reconstruction"
    with pytest.raises(ConfigError, match="allowed: any"):
        recipe.pattern(np.random.default_rng(0), scan(), **{option: "elastic"})


@pytest.mark.parametrize("reconstruction", ["zero_filled", "sense", "l1_wavelet"])
def test_undersampling_keeps_the_share_and_unfolds_with_an_array(reconstruction):
    """round(share N) lines; unfolding reconstructions get eight coils and the noise that a shorter scan lacks."""
    healthy = scan()
    pattern = UNDERSAMPLING.pattern(np.random.default_rng(1), healthy, reconstruction=reconstruction)
    edited = UNDERSAMPLING.edit(healthy, strength=0.36, pattern=pattern)
    assert int(edited.lines.sum()) == 23
    assert edited.n_coils == (1 if reconstruction == "zero_filled" else 8)
    if reconstruction != "zero_filled":
        assert edited.events[0].sigma == pytest.approx(healthy.mean_tissue / 40 * 0.8)
    masked = [UNDERSAMPLING.pattern(np.random.default_rng(seed), scan(masked_air=True))["reconstruction"] for seed in range(8)]
    assert set(masked) == {"zero_filled"}


def test_motion_and_noise_make_one_acquisition_in_any_order():
    """The mix is a composition of edits: both orders give the same picture."""
    healthy = scan()
    moving, grain = MOTION.pattern(np.random.default_rng(0), healthy), NOISE.pattern(np.random.default_rng(1), healthy)
    one = NOISE.edit(MOTION.edit(healthy, strength=4.0, pattern=moving), strength=0.05, pattern=grain)
    two = MOTION.edit(NOISE.edit(healthy, strength=0.05, pattern=grain), strength=4.0, pattern=moving)
    assert torch.equal(acquire(one), acquire(two))
    assert [part.name for part in MIX.parts] == ["mri_motion", "mri_noise"]


@pytest.mark.parametrize("recipe", [*ALL.values(), MIX])
def test_every_level_has_several_looks(recipe):
    """At least two phrases a level, all different."""
    for level in ("none", "mild", "moderate", "severe"):
        looks = recipe.words.looks[level]
        assert len(set(looks)) == len(looks) >= 2
