"""How many cases an interval of a wanted width takes: before anything was rated, and from what was rated so far."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medq_gen.errors import ConfigError
from medq_gen.score.agreement import kappa_of
from medq_gen.score.interval import MIN_GROUPS, Z_95

MOST = 20_000  # cases; what would take more is not promised
ROUNDS = 1000
MARGINS = (0.2, 0.3, 0.5)  # shares of the scores 0, 1 and 2 that a plan assumes: descriptions of models earn many points
Matrix = NDArray[np.float64]


def kappa_deviation(shares: Matrix) -> float:
    """The standard deviation of quadratic weighted kappa for one item: divided by √n it is that of n independent items.

    shares : joint shares of (first, second), rows are the first rater's scores; their sum is 1.

    Model
        With agreement weights w = 1 - (i - j)² / (k - 1)², p_e = Σ w p_i. p_.j and w̄_i., w̄_.j their means over the other rater's margin:
        σ² = [Σ p (w - (w̄_i. + w̄_.j)(1 - κ))² - (κ - p_e (1 - κ))²] / (1 - p_e)².
    Assumes
        Independent items, many of them.
    References
        Fleiss, Cohen and Everitt, Psychological Bulletin 72 (1969) 323, eq. 8.
    Oracle
        The spread of kappa over simulated tables.
    """
    size = len(shares)
    weights = 1 - np.subtract.outer(np.arange(size), np.arange(size)) ** 2 / (size - 1) ** 2
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    chance = float(rows @ weights @ columns)
    kappa = (float((weights * shares).sum()) - chance) / (1 - chance)
    means = (weights @ columns)[:, None] + (rows @ weights)[None, :]
    variance = float((shares * (weights - means * (1 - kappa)) ** 2).sum()) - (kappa - chance * (1 - kappa)) ** 2
    return math.sqrt(max(variance, 0.0)) / (1 - chance)


def mixture(kappa: float, margins: Sequence[float] = MARGINS) -> Matrix:
    """Joint shares of two raters with equal margins who agree in a share κ of the items and are independent in the rest: their weighted kappa is κ."""
    shares = np.asarray(margins, dtype=float)
    return np.asarray(kappa * np.diag(shares) + (1 - kappa) * np.outer(shares, shares))


def planned(width: float, kappa: float, margins: Sequence[float] = MARGINS) -> int:
    """Items, each of a case of its own, for a 95 % interval of this width if kappa is as assumed.

    Raises
        ConfigError: a width or a kappa that is not allowed.
    """
    if not 0 < width < 1 or not 0 <= kappa < 1:
        raise ConfigError(f"width {width}, kappa {kappa}: a width between 0 and 1, and a kappa from 0 to below 1")
    return math.ceil((2 * Z_95 * kappa_deviation(mixture(kappa, margins)) / width) ** 2)


def from_rated(stacked: Matrix, width: float) -> int | None:
    """Cases like the rated ones that a 95 % interval of this width takes: the fewest for which drawing so many of them again spans no more.

    stacked : a confusion matrix for each case. None where fewer than MIN_GROUPS cases were rated, kappa is undefined, or MOST would not do.
    """
    if len(stacked) < MIN_GROUPS or not np.isfinite(kappa_of(stacked.sum(axis=0))):
        return None
    low, high = MIN_GROUPS, MIN_GROUPS
    while _width(stacked, high) > width:
        low, high = high, 2 * high
        if low >= MOST:
            return None
    while high - low > max(1, low // 50):
        middle = (low + high) // 2
        low, high = (low, middle) if _width(stacked, middle) <= width else (middle, high)
    return high


def _width(stacked: Matrix, cases: int) -> float:
    rng = np.random.Generator(np.random.PCG64(len(stacked)))
    kinds, which = np.unique(stacked.reshape(len(stacked), -1), axis=0, return_counts=True)  # cases that look alike are drawn as one kind
    times = rng.multinomial(cases, which / which.sum(), size=ROUNDS)
    kappas = kappa_of((times @ kinds).reshape(ROUNDS, *stacked.shape[1:]))
    kappas = kappas[np.isfinite(kappas)]
    return float(np.subtract(*np.quantile(kappas, [0.975, 0.025]))) if kappas.size else math.inf
