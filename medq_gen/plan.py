"""What a run makes: jobs by index arithmetic over an index of the source, cut into shards before work starts. Nothing here grows with the plan."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from medq_gen import files, parquet
from medq_gen.errors import ConfigError, PlanMismatch, SourceError, StoreError
from medq_gen.records import Case
from physics.modality import Modality

CASES_A_PART = 1024
SHARD_LADDERS = 64  # at most, so that a crash costs little
SHARDS = 256  # at most, while shards are small: one file a ladder would drown a file system
PLANNING = ".planning"
_INDEX = pa.schema([("id", pa.string()), ("entry", pa.string()), ("case", pa.string())])


@dataclass(frozen=True, slots=True)
class Indexed:
    """What reading a source found. digest : of every case, in order. refused : inputs that cannot be used. other : cases of other modalities, by modality."""

    cases: int
    digest: str
    refused: int
    other: Mapping[str, int]
    duplicates: int


@dataclass(frozen=True, slots=True)
class Job:
    """One ladder: a case and a repeat."""

    number: int
    case: int
    repeat: int


@dataclass(frozen=True)
class Plan:
    """Everything that decides content, and its digest. `where` (paths) decides nothing and stays out of the digest."""

    content: Mapping[str, Any]
    where: Mapping[str, Any]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(files.to_json(self.content).encode()).hexdigest()

    @property
    def n_ladders(self) -> int:
        """Cases times repeats."""
        return int(self.content["index"]["cases"]) * int(self.content["repeats"])

    @property
    def shard_size(self) -> int:
        """Ladders a shard: 1 to 64, independent of workers."""
        return min(max(-(-self.n_ladders // SHARDS), 1), SHARD_LADDERS)

    @property
    def n_shards(self) -> int:
        """How many shards there are."""
        return -(-self.n_ladders // self.shard_size)

    def job(self, number: int) -> Job:
        """The ladder of a number."""
        case, repeat = divmod(number, int(self.content["repeats"]))
        return Job(number, case, repeat)

    def shard(self, number: int) -> Iterator[Job]:
        """The ladders of a shard."""
        first = number * self.shard_size
        return (self.job(ladder) for ladder in range(first, min(first + self.shard_size, self.n_ladders)))

    def write(self, path: Path) -> None:
        """Write plan.json."""
        files.write_text(path, files.to_page({"content": dict(self.content), "digest": self.digest, "where": dict(self.where)}))

    @classmethod
    def of(cls, page: Mapping[str, Any]) -> Plan:
        """The plan of a plan.json.

        Raises
            StoreError: the digest is not that of the content.
        """
        plan = cls(page["content"], page["where"])
        if plan.digest != page["digest"]:
            raise StoreError("plan.json was edited by hand: its digest is not that of its content. Remove the folder, or restore the file")
        return plan


def must_agree(old: Mapping[str, Any], new: Mapping[str, Any], *, folder: Path) -> None:
    """Whether a folder's plan is the one asked for.

    Raises
        PlanMismatch: naming every key that differs, with both values.
    """
    was, now = dict(_flat(old)), dict(_flat(new))
    differences = [
        f"{key}: the folder has {was.get(key, 'nothing')!r}, this run asks {now.get(key, 'nothing')!r}"
        for key in sorted({*was, *now})
        if was.get(key) != now.get(key)
    ]
    if differences:
        shown = "; ".join(differences[:6]) + (f"; and {len(differences) - 6} more" if len(differences) > 6 else "")
        raise PlanMismatch(f"{folder} holds another plan. {shown}. Choose another folder with out=..., or remove this one, or ask for the same again")


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, found in value.items():
            yield from _flat(found, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, value


def write_index(found: Iterable[Case | SourceError], folder: Path, *, modality: Modality, recipe: str, mixed: bool, given: str = "") -> Indexed:
    """Write a source's index to `folder`: cases-NNNNN.parquet, and refused.jsonl with what cannot be used.

    mixed : the source holds several modalities on purpose, so that cases of others are only counted; else each is refused with its reason. given : where the
    user said that the pictures lie, for the message.

    Raises
        ConfigError: no case is left; nothing is written then, the folder included.
    """
    writer = _IndexWriter(folder, modality=modality, recipe=recipe, mixed=mixed, given=given)
    for item in found:
        writer.add(item)
    return writer.close()


class _IndexWriter:
    """Holds at most one part of the index, and nothing of the disk before the first case is accepted."""

    def __init__(self, folder: Path, *, modality: Modality, recipe: str, mixed: bool, given: str) -> None:
        self.folder, self.modality, self.recipe, self.mixed, self.given = folder, modality, recipe, mixed, given
        self.rows: list[dict[str, Any]] = []
        self.waiting: list[str] = []
        self.seen: set[bytes] = set()
        self.hash = hashlib.sha256()
        self.cases = self.parts = self.refused = self.duplicates = 0
        self.other: Counter[str] = Counter()
        self.first_problems: list[str] = []

    def add(self, item: Case | SourceError) -> None:
        """Take one finding of the source."""
        if isinstance(item, SourceError):
            self._refuse(item)
        elif item.modality != self.modality:
            self.other[item.modality] += 1
            if not self.mixed:
                problem = f"the picture is {item.modality}, the recipe {self.recipe} degrades {self.modality}"
                self._refuse(SourceError(item.entry, "modality", problem, f"Choose a recipe of {item.modality}, or leave the file out"))
        elif bytes.fromhex(item.id[:16]) in self.seen:
            self.duplicates += 1  # the same pixels under another name would give the same keys
        else:
            self.seen.add(bytes.fromhex(item.id[:16]))
            text = item.model_dump_json()
            self.hash.update(text.encode() + b"\n")
            self.rows.append({"id": item.id, "entry": item.entry, "case": text})
            self.cases += 1
            if len(self.rows) == CASES_A_PART:
                self._flush()

    def _refuse(self, error: SourceError) -> None:
        self.refused += 1
        if len(self.first_problems) < 5:
            self.first_problems.append(str(error))
        self.waiting.append(files.to_json({"file": error.file, "field": error.field, "problem": error.problem, "remedy": error.remedy}))
        if self.cases and len(self.waiting) >= CASES_A_PART:
            self._flush_refused()

    def _flush(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        parquet.write(self.folder / f"cases-{self.parts:05d}.parquet", self.rows, _INDEX)
        self.parts += 1
        self.rows = []

    def _flush_refused(self) -> None:
        if self.waiting:
            self.folder.mkdir(parents=True, exist_ok=True)
            with open(self.folder / "refused.jsonl", "a", encoding="utf-8") as handle:
                handle.writelines(line + "\n" for line in self.waiting)
            self.waiting = []

    def close(self) -> Indexed:
        """Write what is left and sum up."""
        if not self.cases:
            raise ConfigError(self._nothing())
        if self.rows:
            self._flush()
        self._flush_refused()
        return Indexed(self.cases, self.hash.hexdigest(), self.refused, dict(self.other), self.duplicates)

    def _nothing(self) -> str:
        parts = [f"the source holds no picture that {self.recipe} can use ({self.modality})"]
        if self.other:
            held = ", ".join(f"{count} of {name}" for name, count in sorted(self.other.items()))
            parts.append(f"it holds {held}: choose a recipe of that modality")
        if self.first_problems:
            parts.append(f"{self.refused} refused, first: " + " | ".join(self.first_problems))
        if len(parts) == 1:
            parts.append(f"{self.given or 'it'} holds no picture of the kind at all, or none that may be read: check source.path and its permissions")
        return "; ".join(parts)


def case_at(folder: Path, number: int) -> Case:
    """The case of a number, from the index in `folder`."""
    part, row = divmod(number, CASES_A_PART)
    return Case.model_validate_json(_part(folder / f"cases-{part:05d}.parquet")[row])


@lru_cache(maxsize=2)
def _part(path: Path) -> list[str]:
    return [row["case"] for row in parquet.rows_of(path, columns=["case"])]


def replace_index(planning: Path, index: Path) -> None:
    """Put a freshly written index in place of an older, equal one."""
    if index.exists():
        shutil.rmtree(index)
    planning.rename(index)
