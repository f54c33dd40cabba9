"""Reasoning on four axes by a deterministic judge: task=judge. Needs no torch and no language model."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medq_gen import files
from medq_gen.errors import StoreError
from medq_gen.judge.axes import AXES, JUDGE_VERSION, Axis, Judgement, judge_text
from medq_gen.judge.items import Item, items_of
from medq_gen.judge.pages import CUTS, as_csv, as_markdown, evidence
from medq_gen.score.agreement import mean_over_groups
from medq_gen.score.predictions import Prediction, read_predictions
from medq_gen.store import Store

NOT_FOR_USE: tuple[Axis, ...] = ("completeness", "preciseness", "consistency")  # too far from hand scores (python -m benchmarks.judge_heldout)
RANKED_WITHIN = 0.10  # models whose shares read differ by more are not ranked by this judge


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """A finished judgement: its figures and the files that hold them."""

    figures: dict[str, Any]  # Any: plain JSON
    json_path: Path
    markdown_path: Path
    csv_path: Path
    evidence_path: Path


def judge(run: Path | str | Store, predictions: Path | str, *, out: Path | str | None = None) -> JudgedRun:
    """Judge the descriptions of one model, of single pictures and of pairs.

    predictions : JSONL, JSON, CSV, TSV or Excel with id (or the index of an export) and prediction. out : folder of the results, <run>/judge by default.
    An item without a description has no points; one of which too little can be read is counted as unjudged and left to another judge.

    Raises
        ConfigError: predictions that cannot be read. StoreError: no store, nothing drafted, or no vocabulary beside the records.
    """
    store = run if isinstance(run, Store) else Store.open(run)
    items = items_of(store)
    if not items or not (store.path / "vocabulary.json").is_file():
        raise StoreError(f"{store.path} holds no drafted descriptions: draft them first with python -m medq_gen task=draft run={store.path}")
    path, vocabulary = Path(predictions), store.vocabulary
    rows = read_predictions(path)
    texts, strays = _beside(items, rows, {row["id"] for row in store.items("questions")})
    judgements = [judge_text(texts.get(item.id), item, vocabulary) for item in items]
    figures: dict[str, Any] = {
        "version": JUDGE_VERSION,
        "judge": "deterministic",
        "predictions": {"file": path.name, "sha256": files.sha256(path), "rows": len(rows)},
        "plan": store.plan.get("digest"),
        **table(items, judgements),
        "strays": strays,
        "unjudged": [found.item for found in judgements if found.status == "unjudged"],
        "missing": [found.item for found in judgements if found.status == "missing"],
    }
    figures["notes"] = list(_notes(figures))
    return _write(Path(out) if out is not None else store.path / "judge", path.stem, figures, items, judgements)


def _beside(items: Sequence[Item], rows: Iterable[Prediction], questions: set[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The text of each item, and the rows that are about none or that repeat one; answers to the run's questions are no strays of this task.

    Of an item that was described twice the first text that is not empty stands; where a later one differs, that is told.
    """
    known = {item.id for item in items}
    texts: dict[str, str] = {}
    strays: dict[str, list[str]] = {"unknown": [], "repeated": [], "contradictory": []}
    seen: Counter[str] = Counter()
    for row in rows:
        name = next((found for found in (row.item, row.item.partition("-")[2]) if found in known), None)
        if name is None:
            if row.item not in questions and row.item.partition("-")[2] not in questions:
                strays["unknown"].append(row.item or f"row {row.row}")
            continue
        seen[name] += 1
        if seen[name] == 2:
            strays["repeated"].append(name)
        if row.text is not None and texts.setdefault(name, row.text) != row.text and name not in strays["contradictory"]:
            strays["contradictory"].append(name)
    return texts, strays


def table(items: Sequence[Item], judgements: Sequence[Judgement]) -> dict[str, Any]:  # Any: plain JSON
    """Mean scores over all items and along each cut."""
    pairs = list(zip(items, judgements, strict=True))

    def cut(value: Callable[[Item], str], name: str) -> list[dict[str, Any]]:
        cells: dict[str, list[tuple[Item, Judgement]]] = defaultdict(list)
        for item, found in pairs:
            cells[value(item)].append((item, found))
        return [{name: key, **_cell(cell)} for key, cell in sorted(cells.items())]

    return {"overall": _cell(pairs), "by": {name: cut(lambda item, name=name: str(getattr(item, name)), name) for name in CUTS}}  # type: ignore[misc]


def _cell(pairs: Sequence[tuple[Item, Judgement]]) -> dict[str, Any]:
    counts = Counter(found.status for _, found in pairs)
    read = [found.share_read for _, found in pairs if found.status != "missing"]
    axes = {axis: _axis(pairs, axis, counts["unjudged"]) for axis in AXES}
    means = [cell["mean"] for cell in axes.values()]
    return {
        "items": len(pairs),
        **{status: counts[status] for status in ("judged", "unjudged", "missing")},
        "share_read": sum(read) / len(read) if read else None,
        "axes": axes,
        "sum": None if None in means else sum(means),
    }


def _axis(pairs: Sequence[tuple[Item, Judgement]], axis: Axis, unjudged: int) -> dict[str, Any]:
    """The mean over judged and missing items, and its bounds if every unjudged item had 0 or 2."""
    scored = [(score, item.group) for item, found in pairs if (score := found.score(axis)) is not None]
    total = sum(score for score, _ in scored)
    spread = mean_over_groups([float(score) for score, _ in scored], [group for _, group in scored])
    return {
        "mean": total / len(scored) if scored else None,
        "group_bootstrap_95": list(spread) if spread else None,
        "counts": [sum(score == points for score, _ in scored) for points in (0, 1, 2)],
        "bounds": [total / len(pairs), (total + 2 * unjudged) / len(pairs)] if pairs else None,
    }


def _notes(figures: dict[str, Any]) -> Iterator[str]:
    """What a reader of the figures must know before comparing them."""
    overall, strays = figures["overall"], figures["strays"]
    if overall["missing"]:
        yield f"{overall['missing']} of {overall['items']} items have no description and no points on any axis."
    if overall["unjudged"]:
        yield f"{overall['unjudged']} descriptions are unjudged and in no mean: less than 60 % of their sentences could be read. Let another judge read them."
    if overall["share_read"] is not None and overall["judged"]:
        yield f"{100 * overall['share_read']:.1f} % of the sentences were read; compare only with models within {100 * RANKED_WITHIN:.0f} points of that."
    if overall["judged"]:
        axes = ", ".join(axis.replace("_", " ") for axis in NOT_FOR_USE)
        yield f"{axes}: beside 366 descriptions scored by hand this judge agrees too little (kappa 0.54 to 0.62) for models to be compared on them."
    if strays["unknown"]:
        yield f"{len(strays['unknown'])} rows are about no item of this run, for example {strays['unknown'][0]!r}."
    if strays["repeated"]:
        different = len(strays["contradictory"])
        yield f"{len(strays['repeated'])} items were described more than once, {different} of them differently: the first description stands."


def may_be_ranked(figures: Sequence[dict[str, Any]]) -> bool:
    """Whether the shares read of several models lie close enough for this judge to rank them."""
    shares = [one["overall"]["share_read"] for one in figures if one["overall"]["share_read"] is not None]
    return len(shares) == len(figures) and (not shares or max(shares) - min(shares) <= RANKED_WITHIN)


def _write(out: Path, name: str, figures: dict[str, Any], items: Sequence[Item], judgements: Sequence[Judgement]) -> JudgedRun:
    out.mkdir(parents=True, exist_ok=True)
    found = JudgedRun(figures, out / f"{name}.judge.json", out / f"{name}.judge.md", out / f"{name}.judge.csv", out / f"{name}.evidence.jsonl")
    files.write_text(found.json_path, json.dumps(figures, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    files.write_text(found.markdown_path, as_markdown(figures, name))
    files.write_text(found.csv_path, as_csv(items, judgements))
    files.write_text(found.evidence_path, "".join(evidence(judgements)))
    return found


__all__ = ["AXES", "Item", "JudgedRun", "Judgement", "judge", "judge_text", "may_be_ranked", "table"]
