"""Perception: every question of a run beside what was predicted, and accuracy cut every way that matters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

from medq_gen.score.answer import LETTERS, Answer, read_answer
from medq_gen.score.interval import clustered, wilson
from medq_gen.score.predictions import Prediction

Status = Literal["right", "wrong", "missing", "unreadable"]
STATUSES: tuple[Status, ...] = ("right", "wrong", "missing", "unreadable")
CUTS = ("type", "scope", "modality", "level", "recipe", "split")
CROSSED = CUTS[:5]


@dataclass(frozen=True, slots=True)
class Item:
    """One question as the run holds it. In the tables of the public tool its index is the digest of the data set, a hyphen and the id."""

    id: str
    record: str
    group: str
    split: str
    type: str
    scope: str
    modality: str
    level: str
    recipe: str
    question: str
    options: tuple[str, ...]
    answer: str
    case: str = ""
    family: str = ""
    asked: str = ""
    template: str = ""

    @property
    def right(self) -> str:
        """The right option."""
        return self.options[LETTERS.index(self.answer)]


@dataclass(frozen=True, slots=True)
class Judged:
    """An item and what became of it."""

    item: Item
    status: Status
    letter: str | None
    ground: str
    text: str | None

    @property
    def chosen(self) -> str | None:
        """The option that was read, None where none could be."""
        return None if self.letter is None else self.item.options[LETTERS.index(self.letter)]


@dataclass(frozen=True, slots=True)
class Strays:
    """Rows of the predictions that did not simply become one answer each."""

    unknown: tuple[str, ...]
    repeated: tuple[str, ...]
    contradictory: tuple[str, ...]
    other_key: tuple[str, ...]
    data_sets: tuple[str, ...]


def judge(items: Sequence[Item], predictions: Iterable[Prediction]) -> tuple[list[Judged], Strays]:
    """Each item once, in order, whatever the predictions hold: right, wrong, missing or unreadable.

    An item that is answered twice counts once if both answers read alike, and as unreadable if they do not. Rows about no item of the run, rows whose own
    key differs from
    the run's, and exports of more than one data set in a file are told in the strays.
    """
    by_id = {item.id: item for item in items}
    rows: dict[str, list[Prediction]] = defaultdict(list)
    unknown, other_key, data_sets = [], [], set()
    for prediction in predictions:
        digest, _, rest = prediction.item.partition("-")
        item = by_id.get(prediction.item) or by_id.get(rest)
        if item is None:
            unknown.append(prediction.item or f"row {prediction.row}")
            continue
        if prediction.item not in by_id:
            data_sets.add(digest)
        if prediction.key is not None and prediction.key.upper() in LETTERS and prediction.key.upper() != item.answer:
            other_key.append(item.id)
        rows[item.id].append(prediction)
    judged, repeated, contradictory = [], [], []
    for item in items:
        answers = [(read_answer(row.text, item.options), row.text) for row in rows.get(item.id, [])]
        if len(answers) > 1:
            repeated.append(item.id)
        given = [pair for pair in answers if pair[0].how != "missing"] or answers[:1]
        if len({answer.letter for answer, _ in given}) > 1:
            contradictory.append(item.id)
            judged.append(Judged(item, "unreadable", None, "answered twice, differently", " | ".join(text or "" for _, text in given)))
            continue
        answer, text = given[0] if given else (Answer(None, "missing"), None)
        judged.append(Judged(item, _status(answer, item.answer), answer.letter, answer.how, text))
    return judged, Strays(tuple(unknown), tuple(repeated), tuple(contradictory), tuple(other_key), tuple(sorted(data_sets)))


def _status(answer: Answer, key: str) -> Status:
    if answer.letter is None:
        return "missing" if answer.how == "missing" else "unreadable"
    return "right" if answer.letter == key else "wrong"


def accuracy(judged: Sequence[Judged]) -> dict[str, Any]:  # Any: plain JSON
    """Share of right answers among all items, missing and unreadable ones included, with both intervals and the share of blind guessing."""
    counts = Counter(found.status for found in judged)
    total, right = len(judged), counts["right"]
    low, high = wilson(right, total)
    hits = [found.status == "right" for found in judged]
    by_case, by_group = (clustered(hits, [getattr(found.item, name) for found in judged]) for name in ("case", "group"))
    return {
        "items": total,
        **{status: counts[status] for status in STATUSES},
        "refusals": sum(found.ground == "refusal" for found in judged),
        "accuracy": right / total if total else None,
        "wilson_95": [low, high],
        "cases": len({found.item.case for found in judged}),
        "case_bootstrap_95": list(by_case) if by_case else None,
        "groups": len({found.item.group for found in judged}),
        "group_bootstrap_95": list(by_group) if by_group else None,
        "chance": sum(1 / len(found.item.options) for found in judged) / total if total else None,
    }


def _cut(judged: Sequence[Judged], names: Sequence[str], value: Callable[[Item, str], str]) -> list[dict[str, Any]]:
    cells: dict[tuple[str, ...], list[Judged]] = defaultdict(list)
    for found in judged:
        cells[tuple(value(found.item, name) for name in names)].append(found)
    return [{**dict(zip(names, key, strict=True)), **accuracy(cell)} for key, cell in sorted(cells.items())]


def table(judged: Sequence[Judged]) -> dict[str, Any]:  # Any: plain JSON
    """Accuracy over all, along each cut, along each two cuts, and in each cell of type × scope × modality × level × recipe."""

    def value(item: Item, name: str) -> str:
        return str(getattr(item, name))

    return {
        "overall": accuracy(judged),
        "by": {name: _cut(judged, [name], value) for name in CUTS},
        "by_two": {" × ".join(pair): _cut(judged, pair, value) for pair in combinations(CROSSED, 2)},
        "cells": _cut(judged, CROSSED, value),
    }
