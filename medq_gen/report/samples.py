"""A few questions and reference texts to show beside their pictures: as different as they come."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeVar

from medq_gen.store import Store

Item = TypeVar("Item", bound=dict[str, Any])  # Any: a row of a table
QUESTIONS, REFERENCES, PAIRS = 12, 4, 2


def varied(items: Sequence[Item], most: int, kinds: Sequence[str]) -> list[Item]:
    """Round the kinds (values of these columns) in turn, in the order in which they occur, until there are enough."""
    groups: dict[Hashable, list[Item]] = {}
    for item in items:
        groups.setdefault(tuple(item.get(kind) for kind in kinds), []).append(item)
    chosen: list[Item] = []
    while len(chosen) < most and any(groups.values()):
        for group in groups.values():
            if group and len(chosen) < most:
                chosen.append(group.pop(len(chosen) % len(group)))
    return chosen


def counted(items: Iterable[dict[str, Any]], names: Sequence[str]) -> dict[str, int]:
    """How many items of each kind."""
    counts: dict[str, int] = {}
    for item in items:
        kind = " · ".join(str(item.get(name, "")).replace("yes_no", "yes/no") for name in names)
        counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


class Samples:
    """What the page shows of the drafted items."""

    def __init__(self, store: Store) -> None:
        questions, references, pairs = (store.items(name) for name in ("questions", "reasoning", "pairs"))
        self.counts = {"questions": len(questions), "single-image references": len(references), "paired references": len(pairs)}
        self.kinds = counted(questions, ("type", "scope", "family"))
        self.questions = sorted(varied(questions, QUESTIONS, ("type", "family", "level")), key=lambda item: str(item["type"]))
        self.references = varied(references, REFERENCES, ("level", "modality"))
        self.pairs = varied(pairs, PAIRS, ("first_level", "second_level"))

    def __bool__(self) -> bool:
        return any(self.counts.values())

    @property
    def keys(self) -> set[str]:
        """The records whose pictures are needed."""
        single = {str(item["record"]) for item in (*self.questions, *self.references)}
        return single | {str(item[side]) for item in self.pairs for side in ("first", "second")}
