"""What is judged: single pictures and pairs of a run, each with its records, its reference and the request's place in the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from medq_gen.errors import ConfigError
from medq_gen.records import Record
from medq_gen.store import Store

Task = Literal["single", "pair"]
Better = Literal["first", "second"]
TASKS: tuple[Task, ...] = get_args(Task)


@dataclass(frozen=True, slots=True)
class Item:
    """One request for a description. records : one, or the first and the second; better : of a pair, the image of higher quality.

    reference : what the drafter wrote from the records.
    """

    id: str
    task: Task
    records: tuple[Record, ...]
    better: Better | None
    case: str
    group: str
    split: str
    modality: str
    recipe: str
    level: str
    reference: str = ""

    @property
    def known(self) -> Record | tuple[Record, Record]:
        """The records as a comparison of claims takes them."""
        return self.records[0] if len(self.records) == 1 else (self.records[0], self.records[1])


def items_of(store: Store, *, tasks: Sequence[str] = TASKS, split: str | None = None) -> list[Item]:
    """The single descriptions and the pairs of a run, in the order of its files. A pair's level is that of its worse image.

    Raises
        ConfigError: a task that is not known, or nothing of these tasks in this split.
    """
    strange = [task for task in tasks if task not in TASKS]
    if strange or not tasks:
        raise ConfigError(f"task.tasks={list(tasks)}: allowed are {', '.join(TASKS)}")
    records = {record.key: record for record in store.records()}
    same = ("id", "case", "group", "split", "modality", "recipe", "reference")
    found = [
        Item(task="single", records=(records[row["record"]],), better=None, level=row["level"], **{name: row[name] for name in same})
        for row in store.items("reasoning")
    ]
    for row in store.items("pairs"):
        worse = row["second_level"] if row["better"] == "first" else row["first_level"]
        shown = (records[row["first"]], records[row["second"]])
        found.append(Item(task="pair", records=shown, better=row["better"], level=worse, **{name: row[name] for name in same}))
    chosen = [item for item in found if item.task in tasks and split in (None, item.split)]
    if found and not chosen:
        there = sorted({f"{item.task} in {item.split}" for item in found})
        raise ConfigError(f"task.tasks={list(tasks)} task.split={split}: the run has no such items; it has {', '.join(there)}")
    return chosen
