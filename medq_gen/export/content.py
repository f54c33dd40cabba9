"""What is exported, whatever the format: records in the order of the store, items, and a digest that names exactly this content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medq_gen import files
from medq_gen.errors import StoreError
from medq_gen.export.pictures import for_loaders
from medq_gen.records import Record, Tier
from medq_gen.seeds import digest
from medq_gen.store import Store

EXPORT_VERSION = 1
NO_DEGRADATION = "no degradation"  # the level "none", for texts: tables would read the word as an empty cell
LETTERS = "ABCDE"


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its options; answer is a letter."""

    id: str
    record: str
    type: str
    scope: str
    family: str
    stem: str
    options: tuple[str, ...]
    answer: str
    rule: str


@dataclass(frozen=True, slots=True)
class Description:
    """A picture, the request and the reference text; tier is its verdict."""

    id: str
    record: str
    request: str
    reference: str
    tier: Tier


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two pictures in the order shown, the request and the reference text; better: "first" or "second"."""

    id: str
    first: str
    second: str
    request: str
    reference: str
    better: str
    kind: str


def severity(record: Record) -> str:
    """The level as a text that no table takes for an empty cell."""
    return NO_DEGRADATION if record.level == "none" else record.level


@dataclass(frozen=True, slots=True)
class Content:
    """The records and items of a store, and the digest that names exactly them."""

    store: Store
    records: dict[str, Record]
    questions: tuple[Question, ...]
    descriptions: tuple[Description, ...]
    comparisons: tuple[Comparison, ...]
    digest: str
    spool: Path | None = None

    @classmethod
    def of(cls, store: Store) -> Content:
        """The content of a finished run.

        Raises
            StoreError: there are no records, or an item is about a record that the store does not hold.
        """
        records = {record.key: record for record in store.records()}
        if not records:
            raise StoreError(f"{store.path} holds no finished pictures: run it first, or see its report for why nothing was made")
        rows = {name: store.items(name) for name in ("questions", "reasoning", "pairs")}
        stamp = hashlib.sha256(files.to_json({"version": EXPORT_VERSION, "rows": rows}).encode())
        for record in records.values():
            stamp.update(f"{record.key} {record.image_sha256}\n".encode())
        content = cls(
            store,
            records,
            tuple(map(_question, rows["questions"])),
            tuple(map(_description, rows["reasoning"])),
            tuple(map(_comparison, rows["pairs"])),
            stamp.hexdigest()[:10],
        )
        for item, key in content._mentions():
            if key not in records:
                raise StoreError(
                    f"item {item} is about {key}, which {store.path} does not hold: draft again with python -m medq_gen task=draft run={store.path}"
                )
        return content

    def _mentions(self) -> Iterator[tuple[str, str]]:
        yield from ((item.id, item.record) for item in self.questions)
        yield from ((item.id, item.record) for item in self.descriptions)
        for pair in self.comparisons:
            yield pair.id, pair.first
            yield pair.id, pair.second

    def spooled(self, folder: Path) -> Content:
        """The same content with its pictures, ready for loaders, as files in a folder: read from the store in one pass, since items may come in any order."""
        folder.mkdir()
        for row in self.store.rows(columns=["key", "image"]):
            (folder / _spool_name(row["key"])).write_bytes(for_loaders(row["image"]["bytes"]))
        return replace(self, spool=folder)

    def picture(self, key: str) -> bytes:
        """The PNG of a record as loaders take it."""
        return for_loaders(self.store.image(key)) if self.spool is None else (self.spool / _spool_name(key)).read_bytes()

    def index(self, item: str) -> str:
        """The name of an item in the tables of this data set: loaders cache pictures under it, so another data set must have other names."""
        return f"{self.digest}-{item}"

    def splits(self) -> list[str]:
        """The splits that occur, in the usual order."""
        found = {record.split for record in self.records.values()}
        return [split for split in ("train", "dev", "test") if split in found]


def _spool_name(key: str) -> str:
    return f"{digest(key).hex()[:32]}.png"


def _question(row: dict[str, Any]) -> Question:  # Any: a row of a table
    if not 0 <= row["answer"] < len(row["options"]) <= len(LETTERS):
        raise StoreError(
            f"item {row['id']}: {len(row['options'])} options with answer {row['answer']}; allowed: 2 to {len(LETTERS)} options, one of them right"
        )
    texts = (row["id"], row["record"], row["type"], row["scope"], row["family"], row["question"])
    return Question(*texts, tuple(row["options"]), LETTERS[row["answer"]], row["rule"])


def _description(row: dict[str, Any]) -> Description:
    return Description(row["id"], row["record"], row["question"], row["reference"], row["tier"])


def _comparison(row: dict[str, Any]) -> Comparison:
    return Comparison(row["id"], row["first"], row["second"], row["question"], row["reference"], row["better"], row["kind"])
