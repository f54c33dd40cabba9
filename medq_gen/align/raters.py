"""Who rated what: judges from the results in a run's folder, all raters as one kind of value."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from medq_gen.errors import ConfigError
from medq_gen.judge.axes import AXES, Axis

Kind = Literal["human", "judge", "consensus"]
Unit = tuple[str, str]  # (model, id of the item): one text
POINTS = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Rater:
    """Somebody's scores. scores : unit -> axis -> 0, 1 or 2. texts : digest of the text that was rated, by unit.

    left_out : how many texts have no score on any axis, and why.
    """

    name: str
    kind: Kind
    scores: dict[Unit, dict[Axis, int]]
    texts: dict[Unit, str]
    left_out: dict[str, int] = field(default_factory=dict)

    def on(self, axis: Axis) -> dict[Unit, int]:
        """The scores on one axis."""
        return {unit: scores[axis] for unit, scores in self.scores.items() if axis in scores}


def judges_in(run: Path, *, data_set: str, folders: Sequence[Path] | None = None) -> list[Rater]:
    """The judges that scored a run, each over all of its models. folders : where their results lie; <run>/judge and <run>/judge_lm by default.

    Texts without a description are left out: every judge gives them no points by rule, and agreement on a rule tells nothing.

    Raises
        ConfigError: results of another data set, results that cannot be read, one text scored twice by one judge.
    """
    found: dict[str, Rater] = {}
    for folder in folders if folders is not None else [run / "judge", run / "judge_lm"]:
        if not folder.is_dir():
            if folders is not None:
                raise ConfigError(f"task.judges: {folder} is no folder; allowed: folders that task=judge or task=judge_lm wrote")
            continue
        for page in sorted(folder.glob("*.json")):
            if page.name.endswith(".judge.json"):
                name, model, rows = _deterministic(page, data_set)
            elif ".by-" in page.name:
                name, model, rows = _by_model(page, data_set)
            else:
                continue
            rater = found.setdefault(name, Rater(name, "judge", {}, {}))
            try:
                _take(rater, model, rows, page)
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise ConfigError(f"{page}: the table beside it cannot be read ({type(error).__name__}: {error}): judge again") from error
    return list(found.values())


def judge_name(figures: Mapping[str, Any]) -> str:  # Any: plain JSON
    """What a judge is called, from the page of its results: one under other prompts is another judge."""
    judge = figures["judge"]
    if isinstance(judge, str):
        return f"{judge} v{figures['version']}"
    source = judge["prompts"]["source"]
    return str(judge["title"]) + ("" if source == "own" else f" ({source} prompts)")


def _take(rater: Rater, model: str, rows: Iterator[tuple[str, str, str, dict[Axis, int]]], page: Path) -> None:
    for item, text, status, scores in rows:
        unit = (model, item)
        if unit in rater.texts:
            raise ConfigError(f"{page}: {rater.name} has scored {item} of {model} twice: name the folders that are meant with 'task.judges=[...]'")
        if status == "missing":
            continue
        rater.texts[unit] = text
        if scores:
            rater.scores[unit] = scores
        else:
            rater.left_out[status] = rater.left_out.get(status, 0) + 1


def _figures(page: Path, data_set: str) -> dict[str, Any]:  # Any: plain JSON
    try:
        figures = dict(json.loads(page.read_text(encoding="utf-8")))
        model, digest = figures["predictions"]["name"], figures["data_set"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{page} holds no result of a judge that can be compared ({type(error).__name__}: {error}): judge again") from error
    if digest != data_set:
        raise ConfigError(
            f"{page} is about the data set {digest}, the run holds {data_set}: it was drafted anew since, or the file is of another run. Judge again"
        )
    return {**figures, "model": model}


def _deterministic(page: Path, data_set: str) -> tuple[str, str, Iterator[tuple[str, str, str, dict[Axis, int]]]]:
    figures = _figures(page, data_set)

    def rows() -> Iterator[tuple[str, str, str, dict[Axis, int]]]:
        with open(page.with_suffix("").with_suffix(".judge.csv"), encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                scores: dict[Axis, int] = {axis: int(row[axis]) for axis in AXES if row[axis] != ""}
                yield row["id"], row.get("text") or "", row["status"], scores

    return judge_name(figures), str(figures["model"]), rows()


def _by_model(page: Path, data_set: str) -> tuple[str, str, Iterator[tuple[str, str, str, dict[Axis, int]]]]:
    figures = _figures(page, data_set)

    def rows() -> Iterator[tuple[str, str, str, dict[Axis, int]]]:
        for line in page.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            scores: dict[Axis, int] = {axis: cell["score"] for axis in AXES if (cell := row["scores"][axis])["status"] == "judged"}
            yield row["item"], row.get("text") or "", row["status"], scores

    return judge_name(figures), str(figures["model"]), rows()


def refuse_other_texts(raters: Sequence[Rater]) -> None:
    """Scores are comparable on the same text only.

    Raises
        ConfigError: two raters read different texts of one model on one item.
    """
    first: dict[Unit, tuple[str, str]] = {}
    for rater in raters:
        for unit, text in rater.texts.items():
            name, known = first.setdefault(unit, (rater.name, text))
            if known != text:
                raise ConfigError(
                    f"{rater.name} and {name} rated different texts of {unit[0]} on {unit[1]}: its answers changed in between. "
                    "Judge the present answers again; for ratings by people keep the answers that the sheet was drawn from"
                )


def consensus(humans: Sequence[Rater]) -> Rater | None:
    """The lower median of the people who rated a text, where two or more did; None with fewer than two people."""
    if len(humans) < 2:
        return None
    scores: dict[Unit, dict[Axis, int]] = {}
    texts: dict[Unit, str] = {}
    for unit in sorted({unit for rater in humans for unit in rater.scores}):
        for axis in AXES:
            given = sorted(rater.scores[unit][axis] for rater in humans if axis in rater.scores.get(unit, {}))
            if len(given) > 1:
                scores.setdefault(unit, {})[axis] = given[(len(given) - 1) // 2]
        texts[unit] = next(rater.texts[unit] for rater in humans if unit in rater.texts)
    return Rater(f"median of {len(humans)} people", "consensus", scores, texts)
