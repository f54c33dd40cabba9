"""How sure a share is: Wilson's interval, and a bootstrap over groups where items hang together."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054  # 97.5 % point of the normal distribution
MIN_GROUPS = 8  # fewer groups than this give a bootstrap nothing to resample
ROUNDS = 2000
AT_ONCE = 200_000  # drawn groups in memory, few enough for the cache
Values = NDArray[np.float64]


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927): (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). (0, 1) without items."""
    if total == 0:
        return 0.0, 1.0
    share, z2 = right / total, Z_95**2
    centre = share + z2 / (2 * total)
    half = Z_95 * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    return max(0.0, (centre - half) / (1 + z2 / total)), min(1.0, (centre + half) / (1 + z2 / total))


def clustered(right: Sequence[float], groups: Sequence[str]) -> tuple[float, float] | None:
    """The 95 % percentile interval of the share when whole groups (patients, slides, cases) are drawn again; None below MIN_GROUPS groups."""
    return ratio_interval(np.asarray(right, dtype=float), np.ones(len(right)), groups)


def ratio_interval(above: Values, below: Values, groups: Sequence[str]) -> tuple[float, float] | None:
    """The 95 % percentile interval of sum(above) / sum(below) when whole groups are drawn again; None below MIN_GROUPS groups.

    Draws without any `below` are left out. The draws are fixed by the number of groups: the same answers give the same interval.
    """
    names, membership = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    if len(names) < MIN_GROUPS:
        return None
    over, under = (np.bincount(membership, weights=values, minlength=len(names)) for values in (above, below))
    rng = np.random.Generator(np.random.PCG64(len(names)))
    ratios = []
    at_once = max(1, AT_ONCE // len(names))
    for start in range(0, ROUNDS, at_once):
        drawn = rng.integers(0, len(names), size=(min(at_once, ROUNDS - start), len(names)))
        totals = under.take(drawn).sum(axis=1)
        ratios.append(over.take(drawn).sum(axis=1)[totals > 0] / totals[totals > 0])
    found = np.concatenate(ratios)
    if not len(found):
        return None
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
