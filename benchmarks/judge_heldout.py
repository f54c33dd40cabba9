"""`python -m benchmarks.judge_heldout`: the deterministic judge beside freely worded descriptions that were scored by hand before it was run.

Prints for each axis quadratic weighted kappa and bias with 95 % intervals over cases, and whether the judge may be used for it: lower bound of kappa at least
0.6 and a bias of at most 0.15. Texts that the hand or the judge left unjudged are counted and left out.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medq_gen import registry
from medq_gen.judge import AXES, Judgement, judge_text
from medq_gen.judge.axes import Axis
from medq_gen.judge.items import Item
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import Record
from medq_gen.score.agreement import Agreement, agreement

HELD_OUT = Path(__file__).resolve().parents[1] / "tests" / "data" / "judge_heldout.jsonl"
LEAST_KAPPA, MOST_BIAS = 0.6, 0.15


def judged() -> list[tuple[dict[str, Any], Item, Judgement]]:  # Any: plain JSON
    """Each held-out description with what was asked and what the judge says of it."""
    vocabulary = Vocabulary.build({name: registry.get(name).recipe for name in registry.names()})
    found = []
    for line in HELD_OUT.read_text(encoding="utf-8").splitlines():
        answer = json.loads(line)
        records = tuple(Record.model_validate(record) for record in answer["records"])
        worst = records[0] if answer["better"] == "second" else records[-1]
        item = Item(
            id=answer["id"],
            task=answer["kind"],
            records=records,
            better=answer["better"],
            case=records[0].case,
            group=records[0].group,
            split=records[0].split,
            modality=answer["modality"],
            recipe=worst.recipe,
            level=worst.level,
        )
        found.append((answer, item, judge_text(answer["text"], item, vocabulary)))
    return found


def agreement_on(axis: Axis, found: Sequence[tuple[dict[str, Any], Item, Judgement]], tasks: Sequence[str] = ("single", "pair")) -> Agreement:
    """Hand and judge on an axis, where both gave points."""
    both = [
        (answer["scores"][axis], judgement.score(axis), item.case)
        for answer, item, judgement in found
        if item.task in tasks and answer["scores"][axis] != "unjudged" and judgement.score(axis) is not None
    ]
    hand, points, cases = (list(column) for column in zip(*both, strict=True))
    return agreement(hand, points, cases)


def may_be_used(one: Agreement) -> bool:
    """Whether the agreement is good enough for models to be compared on the axis."""
    return one.kappa_95 is not None and one.kappa_95[0] >= LEAST_KAPPA and abs(one.bias) <= MOST_BIAS


def main() -> int:
    """Print the tables: all texts, single pictures, pairs."""
    found = judged()
    judgements = [judgement for _, _, judgement in found]
    counts = Counter(judgement.status for judgement in judgements)
    share = sum(judgement.share_read for judgement in judgements) / len(judgements)
    print(f"{len(found)} texts on {len({item.case for _, item, _ in found})} cases; {counts['unjudged']} unjudged; {100 * share:.1f} % of the sentences read\n")
    print("| texts | axis | n | kappa | 95 % | bias | 95 % | same score | may be used |\n| --- | --- | ---: | ---: | --- | ---: | --- | ---: | --- |")
    for name, kinds in (("all", ("single", "pair")), ("single", ("single",)), ("pairs", ("pair",))):
        for axis in AXES:
            one = agreement_on(axis, found, kinds)
            spans = [f"{pair[0]:.2f} to {pair[1]:.2f}" if pair else "–" for pair in (one.kappa_95, one.bias_95)]
            cells = (name, axis, one.items, "–" if one.kappa is None else f"{one.kappa:.2f}", spans[0], f"{one.bias:+.2f}", spans[1])
            print(f"| {' | '.join(map(str, cells))} | {100 * one.exact:.0f} % | {'yes' if may_be_used(one) else 'no'} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
