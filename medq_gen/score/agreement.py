"""How far two raters agree on an ordinal scale: quadratic weighted kappa and bias, with intervals over cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medq_gen.errors import MedqError
from medq_gen.score.interval import MIN_GROUPS, ROUNDS

SCALE = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two raters on the same items.

    kappa : None where it is undefined (both raters give one and the same score throughout: chance explains everything). kappa_95, bias_95 : percentile
    intervals over cases, None below MIN_GROUPS cases. bias : mean of second minus first. exact : share of equal scores. confusion : rows are the first
    rater's scores, columns the second's, both in the order of the scale.
    """

    items: int
    cases: int
    kappa: float | None
    kappa_95: tuple[float, float] | None
    bias: float
    bias_95: tuple[float, float] | None
    exact: float
    confusion: tuple[tuple[int, ...], ...]


def confusion(first: Sequence[int], second: Sequence[int], scale: Sequence[int] = SCALE) -> NDArray[np.float64]:
    """Counts of (first, second) over the full scale, whatever scores occur.

    Raises
        MedqError: sequences of different length, or a score outside the scale.
    """
    if len(first) != len(second):
        raise MedqError(f"{len(first)} scores beside {len(second)}: two raters must score the same items")
    strange = sorted({score for score in (*first, *second) if score not in scale})
    if strange:
        raise MedqError(f"score {strange[0]!r} is not on the scale {', '.join(map(str, scale))}")
    place = {score: number for number, score in enumerate(scale)}
    counts = np.zeros((len(scale), len(scale)))
    np.add.at(counts, ([place[score] for score in first], [place[score] for score in second]), 1)
    return counts


def by_case(first: Sequence[int], second: Sequence[int], cases: Sequence[str], scale: Sequence[int] = SCALE) -> NDArray[np.float64]:
    """A confusion matrix for each case, cases in order of their names."""
    number = {name: place for place, name in enumerate(sorted(set(cases)))}
    rank = {score: place for place, score in enumerate(scale)}
    stacked = np.zeros((len(number), len(scale), len(scale)))
    np.add.at(stacked, ([number[case] for case in cases], [rank[score] for score in first], [rank[score] for score in second]), 1)
    return stacked


def kappa_of(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quadratic weighted kappa of one confusion matrix, or of each in a stack; NaN where chance leaves nothing to explain.

    Model
        κ = 1 - Σ w O / Σ w E with w = (i - j)², O the observed counts, E the product of the margins over the number of items: weights by the position on the
        full scale.
    References
        Cohen, Psychological Bulletin 70 (1968) 213, eq. 4; Fleiss and Cohen 1973 for the quadratic weights.
    """
    size = counts.shape[-1]
    weights = np.subtract.outer(np.arange(size), np.arange(size)) ** 2
    total = counts.sum(axis=(-2, -1), keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        chance = counts.sum(axis=-1, keepdims=True) * counts.sum(axis=-2, keepdims=True) / total
        observed, expected = (weights * counts).sum(axis=(-2, -1)), (weights * chance).sum(axis=(-2, -1))
        return np.asarray(np.where(expected > 0, 1 - observed / expected, np.nan))


def agreement(first: Sequence[int], second: Sequence[int], cases: Sequence[str], *, scale: Sequence[int] = SCALE, rounds: int = ROUNDS) -> Agreement:
    """Kappa, bias and exact agreement of two raters, with 95 % percentile intervals from drawing whole cases again (fixed seed: same scores, same interval).

    cases : what each item's picture was made from; items of one case hang together and are drawn together.

    Raises
        MedqError: no items, different lengths, a score outside the scale.
    """
    counts = confusion(first, second, scale)
    if not first or len(cases) != len(first):
        raise MedqError(f"{len(first)} items with {len(cases)} cases: agreement needs at least one item and a case for each")
    stacked = by_case(first, second, cases, scale)
    names = range(len(stacked))
    gaps = np.subtract.outer(np.asarray(scale), np.asarray(scale)).T  # second minus first
    kappa = float(kappa_of(counts))
    kappa_95 = bias_95 = None
    if len(names) >= MIN_GROUPS:
        rng = np.random.Generator(np.random.PCG64(len(names)))
        times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=rounds)
        drawn = np.tensordot(times, stacked, axes=1)
        kappas = kappa_of(drawn)
        kappas = kappas[np.isfinite(kappas)]
        if kappas.size:
            kappa_95 = percentiles(kappas)
        bias_95 = percentiles((drawn * gaps).sum(axis=(1, 2)) / drawn.sum(axis=(1, 2)))
    return Agreement(
        items=len(first),
        cases=len(names),
        kappa=kappa if np.isfinite(kappa) else None,
        kappa_95=kappa_95,
        bias=float((counts * gaps).sum() / counts.sum()),
        bias_95=bias_95,
        exact=float(np.trace(counts) / counts.sum()),
        confusion=tuple(tuple(int(count) for count in row) for row in counts),
    )


def percentiles(values: NDArray[np.float64]) -> tuple[float, float]:
    """The 2.5th and the 97.5th."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def mean_over_groups(scores: Sequence[float], groups: Sequence[str], *, rounds: int = ROUNDS) -> tuple[float, float] | None:
    """The 95 % percentile interval of a mean when whole groups are drawn again; None below MIN_GROUPS groups."""
    names = sorted(set(groups))
    if len(names) < MIN_GROUPS:
        return None
    number = {name: place for place, name in enumerate(names)}
    member = np.array([number[group] for group in groups])
    sums, sizes = np.bincount(member, weights=np.asarray(scores)), np.bincount(member).astype(float)
    rng = np.random.Generator(np.random.PCG64(len(names)))
    drawn = rng.integers(0, len(names), size=(rounds, len(names)))
    return percentiles(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
