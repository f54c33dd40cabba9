"""Do the words of a set give its answers away? A solver that sees no picture answers every question, having learnt from the pictures of other people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import binom

from medq_gen.answer import words
from medq_gen.answer.choice import Example, fit, folds_of
from medq_gen.score.paired import holm

ENOUGH = 1000  # questions of a stratum: fewer are told and fail nothing
LEVEL = 0.05  # one-sided, over all strata that are tested (Holm 1979)
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Stratum:
    """Questions of one type and number of options, of which a blind solver got some right.

    p : of as many or more by guessing. adjusted : p after Holm's correction, None where the stratum is too small to be tested. wordings : those that the solver
    gets right most beyond chance, with (questions, right).
    """

    type: str
    n_options: int
    questions: int
    right: int
    p: float
    adjusted: float | None
    wordings: tuple[tuple[str, int, int], ...]

    @property
    def holds(self) -> bool:
        """Not above chance, or too small to say so."""
        return self.adjusted is None or self.adjusted >= LEVEL

    def __str__(self) -> str:
        share = f"{self.right} of {self.questions} right without the picture, {1 / self.n_options:.3f} by guessing, {self.right / self.questions:.3f} found"
        verdict = "too few to test" if self.adjusted is None else f"p {self.adjusted:.2g}" + ("" if self.holds else ": the words give answers away")
        worst = "" if self.holds else "; most in " + ", ".join(f"{wording!r} ({right} of {count})" for wording, count, right in self.wordings)
        return f"{self.type}, {self.n_options} options: {share} ({verdict}){worst}"


def leaks(questions: Iterable[Mapping[str, Any]]) -> tuple[Stratum, ...]:
    """What a solver of words alone gets right, by type and number of options.

    Model
        The conditional logit of the baseline `blind` (words, wording, options and their places), fitted once a fold, each time without the groups (patients,
        slides, videos) whose questions it then answers. The number right in a stratum beside a binomial of 1 / options, one-sided; Holm's correction over the
        strata of ENOUGH questions.
    Parameters
        questions : rows with id, type, question, options, answer and group, as a store keeps them. Their order does not matter.
    Returns
        The strata, by type and number of options; none where all questions are of one group, which leaves nothing to learn from.
    Assumes
        Questions are independent. Those of one picture are not quite: p is then too small rather than too large where they lean the same way.
    Not modelled
        What a better reader could find; file names, sizes and codes of pictures.
    References
        McFadden 1974 (conditional logit); Holm 1979, Scand. J. Stat. 6, 65.
    Oracle
        Sets with and without a word that tells the answer (tests/medq_gen/answer/test_leaks.py).
    """
    rows = sorted(questions, key=lambda row: str(row["id"]))
    right = dict(_answered(rows))
    strata: dict[tuple[str, int], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["id"] in right:
            strata[row["type"], len(row["options"])].append(row)
    hits = {key: sum(right[row["id"]] for row in found) for key, found in strata.items()}
    p = {key: float(binom.sf(hits[key] - 1, len(found), 1 / key[1])) for key, found in strata.items()}
    tested = [key for key, found in strata.items() if len(found) >= ENOUGH]
    adjusted = dict(zip(tested, holm([p[key] for key in tested]), strict=True))
    return tuple(
        Stratum(*key, len(found), hits[key], p[key], adjusted.get(key), tuple(_worst(found, right, key[1])))
        for key, found in sorted(strata.items(), key=lambda entry: entry[0])
    )


def _answered(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, bool]]:
    """Each question and whether the solver that did not see its group was right."""
    order = folds_of(str(row["group"]) for row in rows)
    examples = [Example(words.features(row["question"], row["options"]), int(row["answer"]), str(row["group"])) for row in rows]
    for fold in sorted(set(order.values())):
        learnt = [example for example in examples if order[example.group] != fold]
        if not learnt:
            return
        choice = fit(learnt)
        for row, example in zip(rows, examples, strict=True):
            if order[example.group] == fold:
                yield row["id"], choice.choose(example.options, item=row["id"]) == example.right


def _worst(rows: Sequence[Mapping[str, Any]], right: Mapping[str, bool], n_options: int) -> Iterator[tuple[str, int, int]]:
    counts, hits = Counter(row["question"] for row in rows), Counter(row["question"] for row in rows if right[row["id"]])
    beyond = sorted(counts, key=lambda wording: (counts[wording] / n_options - hits[wording], wording))
    yield from ((wording, counts[wording], hits[wording]) for wording in beyond[:SHOWN] if hits[wording] > counts[wording] / n_options)


__all__ = ["ENOUGH", "Stratum", "leaks"]
