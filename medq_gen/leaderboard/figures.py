"""From results to the tables of the page: ranks that respect intervals, accuracies by kind, modality and level, the items that most models miss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from medq_gen.leaderboard.results import BASELINES, Perceived, Reasoned
from medq_gen.ontology.levels import LEVELS
from medq_gen.score.answer import LETTERS
from medq_gen.score.interval import MIN_GROUPS, ratio_interval
from medq_gen.score.perception import Item

TYPES = ("yes_no", "what", "how")
WORST, PER_KIND = 12, 2  # items shown; of one recipe and family
Cell = dict[str, Any]  # Any: plain JSON


def cell_of(found: Mapping[str, Any]) -> Cell:
    """Accuracy with the interval over cases where there are enough of them, Wilson's otherwise, and what is missing in it."""
    over_cases = found["case_bootstrap_95"]
    spans = {"interval": over_cases or found["wilson_95"], "over": "cases" if over_cases else "items"}
    return {**{name: found[name] for name in ("items", "missing", "unreadable", "accuracy", "chance")}, **spans}


def perception(models: Sequence[Perceived], items: Sequence[Item], kinds: Mapping[str, str]) -> list[Cell]:
    """A row a model, the best first. kinds : what kind of model each is, where its answers tell.

    rank : 1 and the number of models that are better beyond doubt, that is with a 95 % interval of the paired difference above zero: over cases, or over items
    where there are too few cases.
    """
    if not models:
        return []
    asked = [item for item in items if item.id in models[0].rows]
    cases = [item.case or item.record.partition("/")[0] for item in asked]
    drawn = cases if len(set(cases)) >= MIN_GROUPS else [item.id for item in asked]
    right = {one.model: np.array(one.right(asked), dtype=float) for one in models}
    rows = []
    for one in models:
        better = [
            other.model for other in models if (span := ratio_interval(right[other.model] - right[one.model], np.ones(len(asked)), drawn)) and span[0] > 0
        ]
        by = {cut: {str(cell[cut]): cell_of(cell) for cell in one.figures["by"][cut]} for cut in ("type", "scope", "modality", "level")}
        crossed = _crossed(one.figures["by_two"])
        kind = kinds.get(one.model, "")
        rows.append(
            {
                "model": one.model,
                "kind": kind,
                "baseline": kind in BASELINES,
                "rank": 1 + len(better),
                "all": cell_of(one.figures["overall"]),
                **by,
                "modality_level": crossed,
            }
        )
    return sorted(rows, key=lambda row: (-row["all"]["accuracy"], row["model"]))


def _crossed(by_two: Mapping[str, Any]) -> dict[str, dict[str, Cell]]:
    name = "modality × level" if "modality × level" in by_two else "level × modality"
    found: dict[str, dict[str, Cell]] = {}
    for cell in by_two[name]:
        found.setdefault(str(cell["modality"]), {})[str(cell["level"])] = cell_of(cell)
    return found


def by_level(rows: Sequence[Cell]) -> list[str]:
    """The levels that were asked about, in order."""
    return [level for level in LEVELS if any(level in row["level"] for row in rows)]


def mean_by(rows: Sequence[Cell], levels: Sequence[str]) -> list[Cell]:
    """Mean accuracy over the models that see pictures (all where none does), a row a modality and a column a level."""
    shown = [row for row in rows if not row["baseline"]] or list(rows)
    modalities = sorted({modality for row in shown for modality in row["modality_level"]})

    def mean(modality: str, level: str) -> float | None:
        found = [row["modality_level"][modality][level]["accuracy"] for row in shown if level in row["modality_level"].get(modality, {})]
        return float(np.mean(found)) if found else None

    return [{"modality": modality, "levels": {level: mean(modality, level) for level in levels}} for modality in modalities]


def reasoning(found: Sequence[Reasoned]) -> dict[str, list[Cell]]:
    """By judge, a row a model and task: the mean of each axis with its interval, the sum, how many texts have no score; the best sum first within a task."""
    judges: dict[str, list[Cell]] = {}
    for one in found:
        for part in one.figures["by"]["task"]:
            axes = {axis: {"mean": cell["mean"], "interval": cell["group_bootstrap_95"]} for axis, cell in part["axes"].items()}
            left = {name: part[name] for name in ("unjudged", "unreadable", "open", "missing") if part.get(name)}
            row = {"model": one.model, "task": part["task"], "items": part["items"], "axes": axes, "sum": part["sum"], "left_out": left}
            judges.setdefault(one.judge, []).append({**row, "share_read": part.get("share_read")})
    for rows in judges.values():
        rows.sort(key=lambda row: (row["task"] != "single", -(row["sum"] if row["sum"] is not None else -1), row["model"]))
    return judges


def worst(models: Sequence[Perceived], items: Sequence[Item], baselines: set[str]) -> list[Cell]:
    """The items that most models miss, the most missed first; at most two of one recipe and family, so that the page shows different troubles.

    Baselines have no say where any other model answered.
    """
    judging = [one for one in models if one.model not in baselines] or list(models)
    asked = [item for item in items if all(item.id in one.rows for one in judging)] if judging else []
    missed = {item.id: sum(one.rows[item.id][0] != "right" for one in judging) for item in asked}
    kinds: Counter[tuple[str, str]] = Counter()
    chosen: list[Cell] = []
    for item in sorted(asked, key=lambda item: (-missed[item.id], item.level != "mild", item.id)):
        kind = (item.recipe, item.family)
        if not missed[item.id] or len(chosen) == WORST or kinds[kind] == PER_KIND:
            continue
        kinds[kind] += 1
        letters = {one.model: one.rows[item.id][1] for one in judging}
        options = [
            {"text": text, "right": letter == item.answer, "by": [model for model, chose in letters.items() if chose == letter]}
            for letter, text in zip(LETTERS, item.options, strict=False)
        ]
        none = [model for model, chose in letters.items() if not chose]
        shown = {name: getattr(item, name) for name in ("id", "record", "question", "modality", "recipe", "level", "type")}
        chosen.append({**shown, "options": options, "without": none, "missed": missed[item.id], "models": len(judging)})
    return chosen


def spent(about: Mapping[str, Mapping[str, Any]], judged: Sequence[Reasoned]) -> list[Cell]:
    """Cost and time, a row a model and a row a judge of a model: replies, those that are none by status, tokens, and the seconds of the last start."""
    rows = []
    for title, found in about.items():
        counts: Counter[str] = Counter()
        for statuses in found["counts"].values():
            counts.update(statuses)
        replied = sum(count for status, count in counts.items() if status not in ("open", "failed"))
        tokens = {name: found.get(name) or 0 for name in ("tokens_in", "tokens_out")}
        status = {name: count for name, count in counts.items() if count and name != "answered"}
        model = found["model"]
        rows.append(
            {"model": title, "kind": model["kind"], "name": model.get("name"), "items": replied, "status": status, **tokens, "seconds": found.get("seconds")}
        )
    for one in judged:
        asked = one.figures.get("asked")
        if asked:
            tokens = {name: one.figures[name] for name in ("tokens_in", "tokens_out")}
            status = {name: asked[name] for name in ("unreadable", "open") if asked[name]}
            who = {"model": f"{one.judge}, judging {one.model}", "kind": "judge", "name": one.judge}
            rows.append({**who, "items": asked["replies"], "status": status, **tokens, "seconds": one.figures.get("seconds")})
    return rows
