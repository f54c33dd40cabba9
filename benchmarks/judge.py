"""`python -m benchmarks.judge [run ...]`: the deterministic judge beside descriptions whose flaws, and so whose scores, are known.

The records are those of the finished runs that are named, or else made up over every recipe. Prints quadratic weighted kappa and bias for each axis, with 95 %
intervals over cases, and the share of the texts that the judge does not read well enough to judge.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))  # the flawed texts are written by a tool of the tests

from flawed_texts import Flawed, pairs, singles
from strategies import ladders

from medq_gen.judge import AXES, Judgement, judge_text
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import Record
from medq_gen.score.agreement import Agreement, agreement
from medq_gen.store import Store

CASES, PER_RECORD, SEED = 10, 1, 5


def texts(records: Sequence[Record], vocabulary: Vocabulary, *, seed: int = SEED, per_record: int = PER_RECORD) -> list[Flawed]:
    """Flawed descriptions of single pictures and of pairs."""
    return [*singles(records, vocabulary, seed=seed, per_record=per_record), *pairs(records, vocabulary, seed=seed)]


def judged(found: Sequence[Flawed], vocabulary: Vocabulary) -> list[Judgement]:
    """What the judge says of each."""
    return [judge_text(one.text, one.item, vocabulary) for one in found]


def agreements(found: Sequence[Flawed], judgements: Sequence[Judgement]) -> dict[str, Agreement]:
    """Known scores beside the judge's, over the texts that it judges."""
    both = [(one, judgement) for one, judgement in zip(found, judgements, strict=True) if judgement.status == "judged"]
    cases = [one.item.case for one, _ in both]
    return {axis: agreement([one.scores[axis] for one, _ in both], [judgement.scores[axis].score for _, judgement in both], cases) for axis in AXES}


def table(found: Sequence[Flawed], judgements: Sequence[Judgement]) -> str:
    """The agreement as Markdown."""
    lines = ["| axis | texts | cases | kappa | 95 % | bias | 95 % | same score |", "|---|---:|---:|---:|---|---:|---|---:|"]
    for axis, one in agreements(found, judgements).items():
        kappa = "–" if one.kappa is None else f"{one.kappa:.3f}"
        spans = [f"{pair[0]:.3f} to {pair[1]:.3f}" if pair else "–" for pair in (one.kappa_95, one.bias_95)]
        lines.append(f"| {axis} | {one.items} | {one.cases} | {kappa} | {spans[0]} | {one.bias:+.3f} | {spans[1]} | {100 * one.exact:.1f} % |")
    statuses = Counter(judgement.status for judgement in judgements)
    share = sum(judgement.share_read for judgement in judgements) / len(judgements)
    tasks = Counter(one.item.task for one in found)
    lines += [
        "",
        f"{len(found)} texts ({tasks['single']} single, {tasks['pair']} pairs), {statuses['unjudged']} unjudged, {100 * share:.1f} % of the sentences read.",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Print the tables: over all, and for each number of flaws."""
    if arguments:
        stores = [Store.open(path) for path in arguments]
        vocabulary = stores[0].vocabulary
        records = [record for store in stores for record in store.records()]
        found = texts(records, vocabulary, per_record=4)
    else:
        from medq_gen import registry

        vocabulary = Vocabulary.build({name: registry.get(name).recipe for name in registry.names()})
        found = texts(ladders(vocabulary, seed=SEED, cases=CASES, recipes=tuple(vocabulary.artefacts)), vocabulary)
    print(table(found, judged(found, vocabulary)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
