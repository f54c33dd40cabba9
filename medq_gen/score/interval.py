"""How sure a share is: Wilson's interval, and a bootstrap over groups where items hang together."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Z_95 = 1.959963984540054  # 97.5 % point of the normal distribution
MIN_GROUPS = 8  # fewer groups than this give a bootstrap nothing to resample
ROUNDS = 2000


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927): (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). (0, 1) without items."""
    if total == 0:
        return 0.0, 1.0
    share, z2 = right / total, Z_95**2
    centre = share + z2 / (2 * total)
    half = Z_95 * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    return max(0.0, (centre - half) / (1 + z2 / total)), min(1.0, (centre + half) / (1 + z2 / total))


def clustered(right: Sequence[float], groups: Sequence[str]) -> tuple[float, float] | None:
    """The 95 % percentile interval of the share when whole groups (patients, slides) are drawn again; None below MIN_GROUPS groups."""
    names = sorted(set(groups))
    if len(names) < MIN_GROUPS:
        return None
    place = {name: number for number, name in enumerate(names)}
    membership = np.array([place[group] for group in groups])
    hits = np.bincount(membership, weights=np.asarray(right, dtype=float), minlength=len(names))
    sizes = np.bincount(membership, minlength=len(names)).astype(float)
    rng = np.random.Generator(np.random.PCG64(len(names)))  # fixed: the same answers give the same interval
    drawn = rng.integers(0, len(names), size=(ROUNDS, len(names)))
    shares = hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)
