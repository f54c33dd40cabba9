"""Keys to randomness: same key, same numbers; another key, purpose or root, others."""

from __future__ import annotations

import numpy as np

from medq_gen.seeds import Purpose, generator, noise_seed


def test_the_same_key_gives_the_same_numbers() -> None:
    """A key's stream is pinned: changing it would change every picture ever made."""
    draws = generator(0, "case/mri_motion/0", Purpose.PATTERN).integers(0, 1000, 4).tolist()
    assert draws == generator(0, "case/mri_motion/0", Purpose.PATTERN).integers(0, 1000, 4).tolist()
    assert draws == [167, 776, 151, 598]


def test_streams_are_apart() -> None:
    """Root, key and purpose each give another stream, uncorrelated with the first."""
    first = generator(0, "a", Purpose.PATTERN).standard_normal(4000)
    for other in (generator(1, "a", Purpose.PATTERN), generator(0, "b", Purpose.PATTERN), generator(0, "a", Purpose.TARGET)):
        assert abs(np.corrcoef(first, other.standard_normal(4000))[0, 1]) < 0.06


def test_a_noise_seed_survives_json() -> None:
    """Seeds stay below 2^53, which every JSON reader keeps exactly."""
    seeds = [noise_seed(generator(0, str(i), Purpose.PATTERN)) for i in range(200)]
    assert len(set(seeds)) == 200
    assert max(seeds) < 2**53
    assert all(int(float(seed)) == seed for seed in seeds)
