"""Predictions made by anyone: JSONL, JSON, CSV, TSV and Excel files, with our columns or those of the public tool."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medq_gen.errors import ConfigError

NAMES = ("id", "question_id", "index")  # in order of trust: our own name of an item, then the index of an export
TEXTS = ("prediction", "response", "output", "model_answer", "generated_text")  # never "answer": that column holds the key
SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".xlsx")


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row: which item it is about, the model's text (None where the cell is empty), the key that the file itself carries, and where it stood."""

    item: str
    text: str | None
    key: str | None
    row: int


def read_predictions(path: Path) -> list[Prediction]:
    """All rows of a file of predictions.

    Raises
        ConfigError: the file is absent, of another type, or has no column that names items or texts.
    """
    if path.is_dir():
        raise ConfigError(f"predictions={path} is a folder: score one file (one model) at a time")
    if not path.is_file():
        raise ConfigError(f"predictions={path}: no such file; allowed: a {', '.join(SUFFIXES)} file with the columns id (or index) and prediction")
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"predictions={path}: {path.suffix or 'a file without suffix'} is not read; allowed: {', '.join(SUFFIXES)}")
    try:
        rows = list(table_rows(path))
    except (ValueError, KeyError, OSError, csv.Error) as error:
        raise ConfigError(f"predictions={path}: cannot be read as {path.suffix}: {error}") from error
    columns = {name for row in rows for name in row}
    name = next((found for found in NAMES if found in columns), None)
    text = next((found for found in TEXTS if found in columns), None)
    if rows and (name is None or text is None):
        wanted = f"one of {', '.join(NAMES)} and one of {', '.join(TEXTS)}"
        raise ConfigError(f"predictions={path}: has the columns {', '.join(sorted(columns))}; needs {wanted}")
    return [
        Prediction(item=_text(row.get(str(name))) or "", text=_text(row.get(str(text))), key=_text(row.get("answer")), row=number)
        for number, row in enumerate(rows, start=1)
    ]


def _text(cell: Any) -> str | None:  # Any: whatever a table holds
    """A cell as text: a float that a spreadsheet made of a whole number loses its point, an empty cell is None."""
    if cell is None or (isinstance(cell, float) and cell != cell):
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, Mapping | list):
        cell = json.dumps(cell, ensure_ascii=False)
    return str(cell).strip() or None


def table_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a JSONL, JSON, CSV, TSV or Excel file.

    Raises
        ValueError, KeyError, OSError, csv.Error: it cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        yield from _sheet(path)
        return
    with open(path, "rb") as handle:
        if handle.read(1) == b"\x80":
            raise ValueError("it is a pickle (the public tool writes one under names it does not know); let it write .xlsx")
    if suffix in {".jsonl", ".json"}:
        yield from _objects(path)
        return
    csv.field_size_limit(sys.maxsize)  # cells may hold whole pictures
    with open(path, encoding="utf-8-sig", newline="") as stream:
        yield from csv.DictReader(stream, delimiter="\t" if suffix == ".tsv" else ",")


def _objects(path: Path) -> Iterator[Mapping[str, Any]]:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".json":
        found = json.loads(text)
        if isinstance(found, Mapping) and not any(isinstance(value, Mapping) for value in found.values()):
            found = [{"id": key, "prediction": value} for key, value in found.items()]
        lines: Iterable[tuple[int, Any]] = enumerate(found, start=1)
    else:
        lines = ((number, json.loads(line)) for number, line in enumerate(text.split("\n"), start=1) if line.strip())
    for number, row in lines:
        if not isinstance(row, Mapping):
            raise ValueError(f"row {number} is no object with columns")
        yield row


def _sheet(path: Path) -> Iterator[Mapping[str, Any]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except BadZipFile as error:
        raise ValueError("it is no Excel workbook") from error
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        header = [str(cell) if cell is not None else "" for cell in next(rows, ())]
        for row in rows:
            if any(cell is not None for cell in row):
                yield dict(zip(header, row, strict=False))
    finally:
        book.close()
