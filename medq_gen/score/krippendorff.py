"""How far any number of raters agree on an ordinal scale, some of whose scores may be missing: Krippendorff's alpha."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medq_gen.errors import MedqError
from medq_gen.score.agreement import SCALE, percentiles
from medq_gen.score.interval import MIN_GROUPS, ROUNDS


@dataclass(frozen=True, slots=True)
class Alpha:
    """Several raters on the same units.

    units : those that two raters or more scored; only they count. alpha : None where it is undefined (one score throughout). alpha_95 : percentile interval
    over cases, None below MIN_GROUPS cases.
    """

    units: int
    cases: int
    alpha: float | None
    alpha_95: tuple[float, float] | None


def coincidences(scores: Sequence[int], scale: Sequence[int] = SCALE) -> NDArray[np.float64]:
    """Of the scores of one unit, every ordered pair of two raters, weighted so that the unit counts as many pairs as it has scores; zero below two scores.

    Raises
        MedqError: a score outside the scale.
    """
    strange = sorted({score for score in scores if score not in scale})
    if strange:
        raise MedqError(f"score {strange[0]!r} is not on the scale {', '.join(map(str, scale))}")
    counts = np.array([sum(score == point for score in scores) for point in scale], dtype=float)
    if counts.sum() < 2:
        return np.zeros((len(scale), len(scale)))
    return np.asarray((np.outer(counts, counts) - np.diag(counts)) / (counts.sum() - 1))


def alpha_of(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ordinal alpha of one matrix of coincidences, or of each in a stack; NaN where every score is the same.

    Model
        α = 1 - (n - 1) Σ o_ck δ_ck² / Σ n_c n_k δ_ck², with o the coincidences, n_c their margins, n their sum, and between two ranks the ordinal distance
        δ_ck = Σ_{g from c to k} n_g - (n_c + n_k) / 2.
    References
        Krippendorff, Content Analysis, 4th ed. (2018), ch. 12; Computing Krippendorff's Alpha-Reliability (2011), sections B to D.
    Oracle
        The reliability data of the latter with 4 raters, 12 units and 7 scores missing: ordinal α = 0.815; nested raters without chance: 1.
    """
    margins = pairs.sum(axis=-1)
    total = margins.sum(axis=-1)
    below = np.cumsum(margins, axis=-1) - margins / 2  # the middle of each rank: their differences are the ordinal distances
    distance = (below[..., :, None] - below[..., None, :]) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = (margins[..., :, None] * margins[..., None, :] * distance).sum(axis=(-2, -1))
        observed = (pairs * distance).sum(axis=(-2, -1))
        return np.asarray(np.where(expected > 0, 1 - (total - 1) * observed / expected, np.nan))


def krippendorff(raters: Sequence[Mapping[str, int]], cases: Mapping[str, str], *, scale: Sequence[int] = SCALE, rounds: int = ROUNDS) -> Alpha:
    """Ordinal alpha of raters, each a mapping from units to scores, with a 95 % percentile interval from drawing whole cases again (fixed seed).

    cases : the case of each unit; units of one case hang together and are drawn together.

    Raises
        MedqError: a score outside the scale.
    """
    units = [unit for unit in cases if sum(unit in rater for rater in raters) > 1]
    names = sorted({cases[unit] for unit in units})
    if not units:
        return Alpha(0, 0, None, None)
    number = {name: place for place, name in enumerate(names)}
    stacked = np.zeros((len(names), len(scale), len(scale)))
    for unit in units:
        stacked[number[cases[unit]]] += coincidences([rater[unit] for rater in raters if unit in rater], scale)
    alpha = float(alpha_of(stacked.sum(axis=0)))
    alpha_95 = None
    if len(names) >= MIN_GROUPS:
        rng = np.random.Generator(np.random.PCG64(len(names)))
        times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=rounds)
        drawn = alpha_of(np.tensordot(times, stacked, axes=1))
        drawn = drawn[np.isfinite(drawn)]
        alpha_95 = percentiles(drawn) if drawn.size else None
    return Alpha(len(units), len(names), alpha if np.isfinite(alpha) else None, alpha_95)
