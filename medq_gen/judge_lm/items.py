"""What a model judges: the requests for descriptions of a run with their references, and beside each the text that is to be graded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from medq_gen.errors import ConfigError
from medq_gen.judge.items import Task
from medq_gen.score.predictions import Prediction
from medq_gen.store import Store

TASKS: tuple[Task, ...] = get_args(Task)


@dataclass(frozen=True, slots=True)
class Item:
    """One request for a description: of a single picture, or of a pair. reference : what the drafter wrote from the records."""

    id: str
    task: Task
    reference: str
    case: str
    group: str
    split: str
    modality: str
    recipe: str
    level: str


def items_of(store: Store, *, tasks: Sequence[str] = TASKS, split: str | None = None) -> list[Item]:
    """The items of a run, singles before pairs, in the order of its files. A pair's level is that of its worse image.

    Raises
        ConfigError: a task that is not known, or nothing of these tasks in this split.
    """
    strange = [task for task in tasks if task not in TASKS]
    if strange or not tasks:
        raise ConfigError(f"task.tasks={list(tasks)}: allowed are {', '.join(TASKS)}")
    same = ("id", "reference", "case", "group", "split", "modality", "recipe")
    found = [Item(task="single", level=row["level"], **{name: row[name] for name in same}) for row in store.items("reasoning")]
    for row in store.items("pairs"):
        worse = row["second_level"] if row["better"] == "first" else row["first_level"]
        found.append(Item(task="pair", level=worse, **{name: row[name] for name in same}))
    chosen = [item for item in found if item.task in tasks and split in (None, item.split)]
    if found and not chosen:
        there = sorted({f"{item.task} in {item.split}" for item in found})
        raise ConfigError(f"task.tasks={list(tasks)} task.split={split}: the run has no such items; it has {', '.join(there)}")
    return chosen


@dataclass(frozen=True, slots=True)
class Beside:
    """The texts of items (id -> text), and the rows that are about none, repeat an item, repeat it with another text, or come from another data set."""

    texts: dict[str, str]
    strays: dict[str, list[str]]


def texts_beside(items: Sequence[Item], rows: Iterable[Prediction], *, others: set[str], digest: str) -> Beside:
    """Put each row beside its item; of an item described twice the first text that is not empty stands.

    others : ids of the run that are not judged here, whose rows are no strays. digest : of the data set; the index of an export begins with it.
    """
    known = {item.id for item in items}
    texts: dict[str, str] = {}
    strays: dict[str, list[str]] = {"unknown": [], "repeated": [], "contradictory": [], "other_data_set": []}
    seen: set[str] = set()
    for row in rows:
        prefix, _, rest = row.item.partition("-")
        name = row.item if row.item in known else rest
        if name not in known:
            if not {row.item, rest} & others:
                strays["unknown"].append(row.item or f"row {row.row}")
            continue
        if name == rest and prefix != digest:
            strays["other_data_set"].append(row.item)
        if name in seen and name not in strays["repeated"]:
            strays["repeated"].append(name)
        seen.add(name)
        if row.text is not None and texts.setdefault(name, row.text) != row.text and name not in strays["contradictory"]:
            strays["contradictory"].append(name)
    return Beside(texts, strays)
