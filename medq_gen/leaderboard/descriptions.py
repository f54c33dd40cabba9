"""The descriptions that earn least, with what was shown, what the reference says and what the worst model wrote."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from medq_gen.align.raters import Rater, judges_in
from medq_gen.judge import NOT_FOR_USE
from medq_gen.judge.axes import AXES, Axis
from medq_gen.judge.described import models_of, rows_of, text_digest, texts_beside
from medq_gen.judge.items import Item

WORST = 6
MOST_CHARACTERS = 1200  # of a text on the page


def worst_described(run: Path, items: Sequence[Item], *, data_set: str) -> list[dict[str, Any]]:  # Any: plain JSON
    """At most six items, of different recipes and kinds, whose descriptions earn least on average over the models; none where no points were lost.

    By a language model's scores where one has judged, otherwise by the deterministic judge's on the axes on which it may be used. The text shown is the worst
    model's, as it lies in <run>/answer now; "" where that is another one than was judged.
    """
    judges = judges_in(run, data_set=data_set)
    judge = next((one for one in judges if not one.name.startswith("deterministic")), judges[0] if judges else None)
    if judge is None:
        return []
    axes = tuple(axis for axis in AXES if axis not in NOT_FOR_USE) if judge.name.startswith("deterministic") else AXES
    texts = _texts(run, items, data_set)
    shares: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for (model, name), scores in judge.scores.items():
        given = [scores[axis] for axis in axes if axis in scores]
        if given:
            shares[name].append((fmean(given) / 2, model))
    kinds: Counter[tuple[str, str]] = Counter()
    chosen: list[dict[str, Any]] = []
    for item in sorted((item for item in items if item.id in shares), key=lambda item: (fmean(share for share, _ in shares[item.id]), item.id)):
        share, model = fmean(share for share, _ in shares[item.id]), min(shares[item.id])[1]
        if len(chosen) == WORST or share == 1:
            break
        kinds[item.recipe, item.task] += 1
        if kinds[item.recipe, item.task] == 1:
            chosen.append({**_cell(item, judge, model, axes, texts), "share": share, "models": len(shares[item.id])})
    return chosen


def _cell(item: Item, judge: Rater, model: str, axes: Sequence[Axis], texts: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    text = texts.get((model, item.id), "")
    shown = text if text_digest(text) == judge.texts[model, item.id] else ""
    cut = f"{shown[:MOST_CHARACTERS]}…" if len(shown) > MOST_CHARACTERS else shown
    scores = {axis: judge.scores[model, item.id][axis] for axis in axes if axis in judge.scores[model, item.id]}
    about = {"id": item.id, "task": item.task, "recipe": item.recipe, "level": item.level, "reference": item.reference}
    return {**about, "records": [record.key for record in item.records], "judge": judge.name, "model": model, "text": cut, "scores": scores}


def _texts(run: Path, items: Sequence[Item], data_set: str) -> dict[tuple[str, str], str]:
    """(model, item) -> what it wrote."""
    folder = run / "answer"
    found: dict[tuple[str, str], str] = {}
    if not any((folder / kind).is_dir() for kind in ("description", "comparison")):
        return {}
    for paths in models_of(folder):
        rows, told = rows_of(paths)
        found |= {(told["name"], name): text for name, text in texts_beside(items, rows, others=set(), digest=data_set).texts.items()}
    return found
