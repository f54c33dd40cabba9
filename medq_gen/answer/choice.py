"""A small classifier for choices among options: the conditional logit, fitted with as much restraint as cross-validation over groups asks for."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

Array = NDArray[np.float64]
Features = Mapping[Hashable, float]
PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)  # ridge on the weights, the sum of log losses being the other term
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Example:
    """One question to learn from: the features of each option, which is right, and the group that it hangs together with."""

    options: Sequence[Features]
    right: int
    group: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A fitted model. penalty : what cross-validation chose; loss : its mean log loss there; chance_loss : that of guessing."""

    columns: Mapping[Hashable, int]
    weights: Array
    penalty: float
    loss: float
    chance_loss: float

    def scores(self, options: Sequence[Features]) -> Array:
        """One number an option; features that were never seen weigh nothing."""
        return np.array([sum(self.weights[self.columns[name]] * value for name, value in option.items() if name in self.columns) for option in options])

    def choose(self, options: Sequence[Features], *, item: str) -> int:
        """The option of highest score; among equals by the hash of the item, so that no position is preferred."""
        scores = self.scores(options)
        best = [place for place, score in enumerate(scores) if score >= scores.max() - 1e-9]
        return best[drawn(item, len(best))]


def drawn(item: str, count: int, *, seed: int = 0) -> int:
    """A number below count, fixed for an item and a seed, even over items."""
    return int.from_bytes(sha256(f"{seed}\x1f{item}".encode()).digest()[:8], "big") % count


def fit(examples: Sequence[Example]) -> Choice:
    """Learn from examples.

    Model
        P(option i) = exp(w x_i) / sum_j exp(w x_j) among the options of one question (McFadden 1974); w minimises the sum of log losses plus penalty / 2 |w|^2.
        The penalty is the one of least log loss in FOLDS-fold cross-validation that keeps groups whole (that keeps single questions whole where there are
        fewer than two groups).
    Assumes
        Features of like scale.
    Raises
        ValueError: no example.
    """
    if not examples:
        raise ValueError("nothing to learn from")
    columns = {name: number for number, name in enumerate(dict.fromkeys(name for example in examples for option in example.options for name in option))}
    design = _Design.of(examples, columns)
    folds = _folds(examples)
    chance_loss = float(np.mean([np.log(len(example.options)) for example in examples]))
    best, best_loss = PENALTIES[-1], float("inf")
    if len(set(folds)) > 1:
        parts = [(design.part(folds != fold), design.part(folds == fold)) for fold in sorted(set(folds))]
        starts = [np.zeros(len(columns)) for _ in parts]
        for penalty in reversed(PENALTIES):
            starts = [learn.solve(penalty, start) for (learn, _), start in zip(parts, starts, strict=True)]
            loss = sum(test.loss(start) for (_, test), start in zip(parts, starts, strict=True)) / len(examples)
            if loss < best_loss - 1e-6:
                best, best_loss = penalty, loss
            elif loss > best_loss + 0.05:
                break  # less restraint only gets worse
    return Choice(columns, design.solve(best, np.zeros(len(columns))), best, best_loss if np.isfinite(best_loss) else chance_loss, chance_loss)


def _folds(examples: Sequence[Example]) -> NDArray[np.int64]:
    groups = {example.group for example in examples}
    names = [example.group if len(groups) > 1 else str(number) for number, example in enumerate(examples)]
    order = folds_of(names)
    return np.array([order[name] for name in names])


def folds_of(names: Iterable[str]) -> dict[str, int]:
    """The fold of each name: dealt in turn in the order of their hashes."""
    return {name: place % FOLDS for place, name in enumerate(sorted(set(names), key=lambda name: sha256(name.encode()).digest()))}


@dataclass(frozen=True, slots=True)
class _Design:
    """All options of all questions as rows; first : the row at which each question begins; right : the rows of right options."""

    rows: Any  # csr_matrix
    first: NDArray[np.int64]
    right: NDArray[np.int64]

    @classmethod
    def of(cls, examples: Sequence[Example], columns: Mapping[Hashable, int]) -> _Design:
        data, place, ends = [], [], [0]
        for example in examples:
            for option in example.options:
                place += [columns[name] for name in option]
                data += list(option.values())
                ends.append(len(place))
        first = np.concatenate([[0], np.cumsum([len(example.options) for example in examples])[:-1]]).astype(np.int64)
        right = first + np.array([example.right for example in examples], dtype=np.int64)
        return cls(csr_matrix((data, place, ends), shape=(len(ends) - 1, len(columns)), dtype=float), first, right)

    def part(self, keep: NDArray[np.bool_]) -> _Design:
        """Those questions alone."""
        sizes = np.diff(np.append(self.first, self.rows.shape[0]))
        first = np.concatenate([[0], np.cumsum(sizes[keep])[:-1]]).astype(np.int64)
        return _Design(self.rows[np.repeat(keep, sizes)], first, first + (self.right - self.first)[keep])

    def _logs(self, weights: Array) -> Array:
        """Log probability of every row."""
        scores = self.rows @ weights
        sizes = np.diff(np.append(self.first, len(scores)))
        scores = scores - np.repeat(np.maximum.reduceat(scores, self.first), sizes)
        return np.asarray(scores - np.repeat(np.log(np.add.reduceat(np.exp(scores), self.first)), sizes))

    def loss(self, weights: Array) -> float:
        """Sum of log losses."""
        return float(-self._logs(weights)[self.right].sum())

    def solve(self, penalty: float, start: Array) -> Array:
        """The weights of least penalised loss."""
        target = np.zeros(self.rows.shape[0])
        target[self.right] = 1.0
        transposed = self.rows.T.tocsr()

        def objective(weights: Array) -> tuple[float, Array]:
            logs = self._logs(weights)
            return float(-logs[self.right].sum() + penalty / 2 * weights @ weights), transposed @ (np.exp(logs) - target) + penalty * weights

        return np.asarray(minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x)
