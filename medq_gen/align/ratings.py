"""What people rated: files that the page exported, or tables that were filled in, held against the key of the sheet. All of it or nothing."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medq_gen.align.raters import POINTS, Rater, Unit
from medq_gen.errors import ConfigError
from medq_gen.judge.axes import AXES, Axis
from medq_gen.score.predictions import SUFFIXES, table_rows

TOLD = 12  # problems that are named one by one


@dataclass(frozen=True, slots=True)
class Key:
    """What a sheet's codes mean. digest : of the sheet; data_set : of the run. units : code -> (model, item). texts : code -> digest of the text.

    pairs : codes about two images, where quality accuracy is 2 or 0: the right one or not.
    """

    digest: str
    data_set: str
    units: dict[str, Unit]
    texts: dict[str, str]
    pairs: frozenset[str]

    @classmethod
    def read(cls, path: Path) -> Key:
        """From the file that stays with whoever drew the sheet.

        Raises
            ConfigError: the file is absent or no key.
        """
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            units = {row["code"]: (row["model"], row["item"]) for row in found["units"]}
            texts = {row["code"]: row["text"] for row in found["units"]}
            return cls(found["sheet"], found["data_set"], units, texts, frozenset(row["code"] for row in found["units"] if row["task"] == "pair"))
        except FileNotFoundError as error:
            raise ConfigError(f"{path}: no such file. Ratings need the key of their sheet, which task=sheet wrote: name its folder with out=...") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{path} is no key of a rating sheet ({type(error).__name__}: {error}): restore it, or draw the sheet again") from error


def read_ratings(paths: Sequence[Path], key: Key) -> list[Rater]:
    """Every rater of some files, in the order of their names.

    A row names a code and gives 0, 1, 2 or nothing on each axis; `rater` is a column, or the name of the file. Texts without any score are counted as open.

    Raises
        ConfigError: names every problem of every file (up to a dozen): unknown or doubled codes, values off the scale, another sheet or data set, files that
            cannot be read. No rating is taken then, and no file is changed.
    """
    problems: list[str] = []
    raters: dict[str, Rater] = {}
    places: dict[tuple[str, str], str] = {}
    for path in paths:
        try:
            rows = list(_rows(path))
        except ConfigError as error:
            problems.append(str(error))
            continue
        for number, row in rows:
            where = f"{path.name}, row {number}"
            code, rater = _text(row.get("code")), _text(row.get("rater")) or path.stem
            problem, scores = _checked(row, code, key)
            if problem:
                problems.append(f"{where}: {problem}")
                continue
            if (rater, code) in places:
                problems.append(f"{where}: {rater} has rated {code} already ({places[rater, code]}): keep one of the two")
                continue
            places[rater, code] = where
            found = raters.setdefault(rater, Rater(rater, "human", {}, {}))
            if scores:
                found.scores[key.units[code]] = scores
                found.texts[key.units[code]] = key.texts[code]
    if problems:
        more = f"; and {len(problems) - TOLD} more" if len(problems) > TOLD else ""
        raise ConfigError(f"no rating was taken, {len(problems)} problem{'s' if len(problems) > 1 else ''}: {'; '.join(problems[:TOLD])}{more}")
    for rater, found in raters.items():
        left = len(key.units) - len(found.scores)
        found.left_out.update({"open": left} if left else {})
        if not found.scores:
            raise ConfigError(f"{rater} has rated nothing: the file is the empty sheet, or was exported before any score was given")
    return [raters[name] for name in sorted(raters)]


def _checked(row: Mapping[str, Any], code: str, key: Key) -> tuple[str, dict[Axis, int]]:
    """(problem, scores): the one or the other."""
    for name, ours in (("sheet", key.digest), ("data_set", key.data_set)):
        theirs = _text(row.get(name))
        if theirs and theirs != ours:
            return f"is about {name.replace('_', ' ')} {theirs}, the key about {ours}", {}
    if not code:
        return "has no code", {}
    if code not in key.units:
        return f"the code {code} is not on the sheet", {}
    scores: dict[Axis, int] = {}
    for axis in AXES:
        given = _text(row.get(axis))
        if given == "":
            continue
        try:
            number = float(given)
        except ValueError:
            number = -1.0
        allowed = (0, 2) if axis == "quality_accuracy" and code in key.pairs else POINTS
        if number not in allowed:
            return f"{code}: {axis} is {given!r}; allowed: {', '.join(map(str, allowed))}, or nothing", {}
        scores[axis] = int(number)
    return "", scores


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Rows with their numbers (of a table, the header is row 1)."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; allowed: {', '.join(SUFFIXES)} files that raters sent back")
    try:
        found = _exported(path) if path.suffix.lower() == ".json" else None
        if found is None:
            found = list(_separated(path) if path.suffix.lower() == ".csv" else table_rows(path))
    except (ValueError, KeyError, OSError, TypeError, csv.Error) as error:
        raise ConfigError(f"{path.name} cannot be read as {path.suffix}: {error}") from error
    found = [row for row in found if any(_text(cell) for cell in row.values())]
    columns = {name for row in found for name in row}
    lacking = [name for name in ("code", *AXES) if name not in columns]
    if lacking:
        raise ConfigError(f"{path.name} has no column {', '.join(lacking)}; it needs code and the axes {', '.join(AXES)}")
    yield from enumerate(found, start=2)


def _separated(path: Path) -> Iterator[Mapping[str, Any]]:
    """CSV with the separator that its header shows: spreadsheets of many countries write semicolons."""
    csv.field_size_limit(sys.maxsize)  # the sheet repeats descriptions, however long
    with open(path, encoding="utf-8-sig", newline="") as stream:
        head = stream.readline()
        stream.seek(0)
        yield from csv.DictReader(stream, delimiter=max(",;\t", key=head.count))


def _exported(path: Path) -> list[Mapping[str, Any]] | None:
    """The page's own export: what holds for the whole file beside each of its rows; None where the file is a plain table."""
    found = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(found, Mapping) or "ratings" not in found:
        return None
    shared = {name: found.get(name) for name in ("sheet", "data_set", "rater")}
    return [{**shared, **row} for row in found["ratings"]]


def _text(cell: Any) -> str:  # Any: whatever a table holds
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    return str(cell).strip()
