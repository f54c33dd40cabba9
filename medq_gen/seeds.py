"""From a key to randomness: the same key gives the same numbers on every machine, in any order, with any number of workers."""

from __future__ import annotations

import hashlib
from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What random numbers are for; each purpose has a stream of its own, so that adding one changes no other."""

    PATTERN = 0
    TARGET = 1
    DITHER = 2
    SPLIT = 3
    TEXT = 4
    ORDER = 5


def digest(text: str) -> bytes:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).digest()


def generator(root: int, key: str, purpose: Purpose) -> np.random.Generator:
    """The generator of a key. A key names a case, a recipe and a repeat, never a level, a worker or a count."""
    words = np.frombuffer(digest(key), dtype=">u4").tolist()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([root, *words], spawn_key=(int(purpose),))))


def noise_seed(rng: np.random.Generator) -> int:
    """A seed to keep in a pattern: small enough for every JSON reader (below 2^53)."""
    return int(rng.integers(0, 2**53))
