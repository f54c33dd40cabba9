"""What lies in a run's folder about models: scores of perception, judgements of descriptions, and how the answers were made."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medq_gen.align.raters import judge_name
from medq_gen.errors import ConfigError
from medq_gen.score.perception import Item

BASELINES = ("chance", "blind", "classical")


@dataclass(frozen=True, slots=True)
class Perceived:
    """One model's score: its figures, and for each item what became of it. rows : id -> status, letter that was read."""

    model: str
    figures: Mapping[str, Any]  # Any: plain JSON
    rows: Mapping[str, tuple[str, str]]

    def right(self, items: Sequence[Item]) -> list[bool]:
        """Right or not, item by item."""
        return [self.rows[item.id][0] == "right" for item in items]


@dataclass(frozen=True, slots=True)
class Reasoned:
    """One model's descriptions as one judge scores them."""

    model: str
    judge: str
    figures: Mapping[str, Any]


def perceived_in(folder: Path, items: Sequence[Item], *, split: str | None) -> list[Perceived]:
    """The scores in <run>/score, all over the same questions.

    split : those of one split; where none is named all must be scored alike.

    Raises
        ConfigError: models scored over different splits, or over other questions than the run holds now.
    """
    found = [(page, _json(page)) for page in sorted(folder.glob("*.score.json"))]
    splits = {str(figures.get("split")) for _, figures in found}
    if split is None and len(splits) > 1:
        told = ", ".join(f"{page.name} over {figures.get('split') or 'all splits'}" for page, figures in found)
        raise ConfigError(f"{folder}: models were scored over different questions ({told}). Score them alike, or name the split with task.split=...")
    chosen = []
    for page, figures in found:
        if split is not None and figures.get("split") != split:
            continue
        asked = {item.id: item.answer for item in items if figures.get("split") in (None, item.split)}
        rows, answers = {}, {}
        csv.field_size_limit(sys.maxsize)  # a model's text may be long
        table = page.with_name(page.name.replace(".score.json", ".items.csv"))
        try:
            with open(table, encoding="utf-8", newline="") as stream:
                for row in csv.DictReader(stream):
                    rows[row["id"]], answers[row["id"]] = (row["status"], row["read"]), row["answer"]
        except (OSError, ValueError, KeyError) as error:
            raise ConfigError(f"{table} cannot be read ({type(error).__name__}: {error}): score again with task=score") from error
        if answers != asked:
            raise ConfigError(f"{page}: was scored over other questions than the run holds now: score again with task=score")
        chosen.append(Perceived(page.name.removesuffix(".score.json"), figures, rows))
    return chosen


def reasoned_in(run: Path, *, data_set: str) -> list[Reasoned]:
    """The judgements in <run>/judge and <run>/judge_lm.

    Raises
        ConfigError: one is of another data set than the run holds now.
    """
    found = []
    pages = [*sorted((run / "judge").glob("*.judge.json")), *sorted((run / "judge_lm").glob("*.by-*.json"))]
    for page in pages:
        figures = _json(page)
        if figures.get("data_set") != data_set:
            raise ConfigError(f"{page}: is about the data set {figures.get('data_set')}, the run holds {data_set}: judge again")
        found.append(Reasoned(str(figures["predictions"]["name"]), judge_name(figures), figures))
    return found


def answered_in(folder: Path, *, data_set: str) -> dict[str, Mapping[str, Any]]:
    """By title of the model what <run>/answer tells of its answers; of those to another data set nothing."""
    pages = {page.stem: _json(page) for page in sorted((folder / "about").glob("*.json"))}
    return {title: about for title, about in pages.items() if about.get("data_set") == data_set}


def _json(page: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(page.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{page} cannot be read ({error}): write it again with the task that made it") from error
