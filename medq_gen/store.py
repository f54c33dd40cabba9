"""One run's folder: shards of pictures and records, markers, the plan, drafted items. Atomic to write, cheap to read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pydantic import BaseModel

from medq_gen import files, parquet
from medq_gen.errors import StoreError
from medq_gen.records import Record

IMAGES = ("image",)
SHARD_SCHEMA = parquet.schema_of(Record, images=IMAGES)
REFERENCE = "reference"  # last part of the key of an untouched reference that is not itself the ladder's `none`


@dataclass(frozen=True, slots=True)
class Finished:
    """A record and its PNG."""

    record: Record
    png: bytes


@dataclass(frozen=True, slots=True)
class Missing:
    """A level that a ladder does not have, and why."""

    key: str
    level: str
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A sample that failed: what it was, the error, where in our code; `level` is empty where the whole ladder failed."""

    key: str
    error: str
    where: str

    def command(self, run: Path | str) -> str:
        """The command that makes it again, with the error in full."""
        return f"python -m medq_gen task=replay run={run} key={self.key}"


@dataclass(frozen=True, slots=True)
class Shard:
    """A committed shard, as its marker tells it."""

    number: int
    rows: int
    sha256: str
    keys: tuple[str, ...]
    missing: tuple[Missing, ...]
    failures: tuple[Failure, ...]
    acquisitions: int
    levels: int
    died: bool

    @classmethod
    def read(cls, path: Path) -> Shard:
        """From its marker."""
        found = json.loads(path.read_text(encoding="utf-8"))
        missing = tuple(Missing(**row) for row in found.pop("missing"))
        failures = tuple(Failure(**row) for row in found.pop("failures"))
        return cls(keys=tuple(found.pop("keys")), missing=missing, failures=failures, **found)


def ladder_of(key: str) -> str:
    """The ladder of a record's key: all but the level."""
    return key.rpartition("/")[0]


class Store:
    """Reads, and for a run that holds the lock writes, one run's folder."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @classmethod
    def open(cls, path: Path | str) -> Store:
        """A store that exists.

        Raises
            StoreError: the folder is absent or holds no plan.
        """
        store = cls(path)
        if not store.plan_path.is_file():
            what = "holds no plan.json" if store.path.is_dir() else "does not exist"
            raise StoreError(f"{store.path} {what}: run=... takes the folder of a finished run, as in run=outputs/mri_motion")
        return store

    @property
    def plan_path(self) -> Path:
        """Where the plan lies."""
        return self.path / "plan.json"

    @cached_property
    def plan(self) -> dict[str, Any]:
        """The plan: `content`, its `digest`, and `where` (paths, not part of the digest)."""
        try:
            return dict(json.loads(self.plan_path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise StoreError(f"{self.plan_path} cannot be read ({error}): restore it or remove the folder and run again") from error

    @cached_property
    def vocabulary(self) -> Any:
        """The words of the run (medq_gen.ontology.vocabulary.Vocabulary)."""
        from medq_gen.ontology.vocabulary import Vocabulary  # torch-free; late, so that a store of a foreign tool can be listed without words

        return Vocabulary.model_validate_json((self.path / "vocabulary.json").read_text(encoding="utf-8"))

    def shard_path(self, number: int) -> Path:
        """The table of a shard."""
        return self.path / "samples" / f"shard-{number:05d}.parquet"

    def marker_path(self, number: int) -> Path:
        """The marker that commits a shard."""
        return self.path / "samples" / f"shard-{number:05d}.json"

    def shards(self) -> list[Shard]:
        """The committed shards, in order."""
        return list(self.each_shard())

    def each_shard(self) -> Iterator[Shard]:
        """The same, one in memory at a time: a marker names every key of its shard."""
        folder = self.path / "samples"
        for path in sorted(folder.glob("shard-*.json")) if folder.is_dir() else ():
            yield Shard.read(path)

    def done(self) -> set[int]:
        """Numbers of the shards that need no more work; those whose worker died are tried again."""
        return {shard.number for shard in self.each_shard() if not shard.died and self.shard_path(shard.number).is_file()}

    def rows(self, *, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
        """The raw rows of all shards, pictures included unless columns leave them out."""
        for shard in self.each_shard():
            yield from parquet.rows_of(self.shard_path(shard.number), columns=columns)

    def records(self) -> Iterator[Record]:
        """Every record, in order of the plan."""
        columns = [name for name in SHARD_SCHEMA.names if name not in IMAGES]
        for row in self.rows(columns=columns):
            yield parquet.from_row(Record, row)

    def finished(self) -> Iterator[Finished]:
        """Every record with its PNG, a shard's batch in memory at a time."""
        for row in self.rows():
            yield Finished(parquet.from_row(Record, row), row["image"]["bytes"])

    @cached_property
    def _shard_of(self) -> dict[str, tuple[int, int]]:
        return {key: (shard.number, row) for shard in self.each_shard() for row, key in enumerate(shard.keys)}

    def _row(self, key: str, columns: list[str]) -> dict[str, Any]:
        found = self._shard_of.get(key)
        if found is None:
            raise StoreError(f"{self.path} holds no record {key!r}; it holds {len(self._shard_of)}, for example {next(iter(self._shard_of), 'none')!r}")
        number, row = found
        with pq.ParquetFile(self.shard_path(number)) as file:
            for group in range(file.num_row_groups):
                n_rows = file.metadata.row_group(group).num_rows
                if row < n_rows:
                    return dict(file.read_row_group(group, columns=columns).slice(row, 1).to_pylist()[0])
                row -= n_rows
        raise StoreError(f"{self.shard_path(number)} is shorter than its marker says: remove shard and marker and run again")

    def image(self, key: str) -> bytes:
        """The PNG of a record."""
        return bytes(self._row(key, ["image"])["image"]["bytes"])

    def record(self, key: str) -> Record:
        """One record."""
        return parquet.from_row(Record, self._row(key, [name for name in SHARD_SCHEMA.names if name not in IMAGES]))

    def reference_key(self, key: str) -> str | None:
        """The key of the untouched reference of a record's ladder."""
        ladder = ladder_of(key)
        return next((name for name in (f"{ladder}/{REFERENCE}", f"{ladder}/none") if name in self._shard_of), None)

    def missing(self) -> list[Missing]:
        """The levels that could not be made, with reasons."""
        return [row for shard in self.each_shard() for row in shard.missing]

    def failures(self) -> list[Failure]:
        """The samples that failed."""
        return [row for shard in self.each_shard() for row in shard.failures]

    def refused(self) -> list[dict[str, str]]:
        """The inputs that could not be used: file, field, problem, remedy."""
        path = self.path / "index" / "refused.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []

    def runs(self) -> list[dict[str, Any]]:
        """Times, host and versions of every start (run.jsonl); not part of the content."""
        path = self.path / "run.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []

    def items(self, name: str) -> list[dict[str, Any]]:
        """Rows of items/<name>.parquet: questions, reasoning or pairs; empty where not drafted."""
        path = self.path / "items" / f"{name}.parquet"
        return list(parquet.rows_of(path)) if path.is_file() else []

    def write_items(self, name: str, items: Iterable[BaseModel], model: type[BaseModel]) -> None:
        """Write items/<name>.parquet, whole or not at all."""
        with files.whole(self.path / "items" / f"{name}.parquet") as temporary:
            parquet.write(temporary, map(parquet.to_row, items), parquet.schema_of(model))

    def sweep_shard(self, number: int) -> None:
        """Remove what a dead worker left of a shard under temporary names."""
        files.sweep(self.path / "samples", self.shard_path(number).stem)

    def commit(self, number: int, finished: Iterable[Finished], *, summary: Callable[[], dict[str, Any]]) -> Shard:
        """Commit a shard: the table first, then the marker that makes it count.

        finished : read once and streamed to the disk, so that a shard never lies in memory. summary : called afterwards for the marker's missing, failures,
        acquisitions, levels and died.
        """
        keys: list[str] = []

        def rows() -> Iterator[dict[str, Any]]:
            for item in finished:
                keys.append(item.record.key)
                yield {**parquet.to_row(item.record), "image": {"bytes": item.png, "path": f"{item.record.key.replace('/', '-')}.png"}}

        with files.whole(self.shard_path(number)) as temporary:
            parquet.write(temporary, rows(), SHARD_SCHEMA)
        marker = {"number": number, "rows": len(keys), "sha256": files.sha256(self.shard_path(number)), "keys": keys, **summary()}
        files.write_text(self.marker_path(number), files.to_page(marker))
        return Shard.read(self.marker_path(number))
