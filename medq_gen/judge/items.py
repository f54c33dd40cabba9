"""What the judge judges: single pictures and pairs of a run, each with the records that are known of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from medq_gen.records import Record
from medq_gen.store import Store

Task = Literal["single", "pair"]
Better = Literal["first", "second"]


@dataclass(frozen=True, slots=True)
class Item:
    """One request for a description. records : one, or the first and the second; better : of a pair, the image of higher quality."""

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

    @property
    def known(self) -> Record | tuple[Record, Record]:
        """The records as a comparison of claims takes them."""
        return self.records[0] if len(self.records) == 1 else (self.records[0], self.records[1])


def items_of(store: Store) -> list[Item]:
    """Every single description and every pair of a run, in the order of its files. A pair's level is that of its worse image."""
    records = {record.key: record for record in store.records()}
    same = ("id", "case", "group", "split", "modality", "recipe")
    found = [
        Item(task="single", records=(records[row["record"]],), better=None, level=row["level"], **{name: row[name] for name in same})
        for row in store.items("reasoning")
    ]
    for row in store.items("pairs"):
        worse = row["second_level"] if row["better"] == "first" else row["first_level"]
        shown = (records[row["first"]], records[row["second"]])
        found.append(Item(task="pair", records=shown, better=row["better"], level=worse, **{name: row[name] for name in same}))
    return found
