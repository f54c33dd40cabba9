"""Reasoning on four axes by a deterministic judge: task=judge. Needs no torch and no language model."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medq_gen import files
from medq_gen.errors import StoreError
from medq_gen.export.content import Content
from medq_gen.judge.axes import AXES, JUDGE_VERSION, Axis, Judgement, judge_text
from medq_gen.judge.described import models_of, rows_of, text_digest, texts_beside
from medq_gen.judge.items import TASKS, Item, items_of
from medq_gen.judge.pages import CUTS, as_csv, as_markdown, evidence
from medq_gen.score.agreement import mean_over_groups
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


def judge(run: Path | str | Store, predictions: Path | str | Sequence[Path], *, out: Path | str | None = None) -> JudgedRun:
    """Judge the descriptions of one model, of single pictures and of pairs.

    predictions : a file (JSONL, JSON, CSV, TSV or Excel with id, or the index of an export, and prediction), or the files of one model. out : folder of the
    results, <run>/judge by default.
    An item without a description has no points; one of which too little can be read is counted as unjudged and left to another judge.

    Raises
        ConfigError: predictions that cannot be read. StoreError: no store, nothing drafted, or no vocabulary beside the records.
    """
    store = run if isinstance(run, Store) else Store.open(run)
    items = items_of(store)
    if not items or not (store.path / "vocabulary.json").is_file():
        raise StoreError(f"{store.path} holds no drafted descriptions: draft them first with python -m medq_gen task=draft run={store.path}")
    vocabulary = store.vocabulary
    rows, told = rows_of(predictions)
    digest = Content.of(store).digest
    beside = texts_beside(items, rows, others={row["id"] for row in store.items("questions")}, digest=digest)
    judgements = [judge_text(beside.texts.get(item.id), item, vocabulary) for item in items]
    figures: dict[str, Any] = {
        "version": JUDGE_VERSION,
        "judge": "deterministic",
        "predictions": told,
        "plan": store.plan.get("digest"),
        "data_set": digest,
        **table(items, judgements),
        "strays": beside.strays,
        "unjudged": [found.item for found in judgements if found.status == "unjudged"],
        "missing": [found.item for found in judgements if found.status == "missing"],
    }
    figures["notes"] = list(_notes(figures))
    return _write(Path(out) if out is not None else store.path / "judge", told["name"], figures, items, judgements, beside.texts)


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
    if strays["other_data_set"]:
        yield f"{len(strays['other_data_set'])} rows bear the name of another data set, for example {strays['other_data_set'][0]!r}."
    if strays["repeated"]:
        different = len(strays["contradictory"])
        yield f"{len(strays['repeated'])} items were described more than once, {different} of them differently: the first description stands."


def may_be_ranked(figures: Sequence[dict[str, Any]]) -> bool:
    """Whether the shares read of several models lie close enough for this judge to rank them."""
    shares = [one["overall"]["share_read"] for one in figures if one["overall"]["share_read"] is not None]
    return len(shares) == len(figures) and (not shares or max(shares) - min(shares) <= RANKED_WITHIN)


def _write(out: Path, name: str, figures: dict[str, Any], items: Sequence[Item], judgements: Sequence[Judgement], texts: Mapping[str, str]) -> JudgedRun:
    out.mkdir(parents=True, exist_ok=True)
    found = JudgedRun(figures, out / f"{name}.judge.json", out / f"{name}.judge.md", out / f"{name}.judge.csv", out / f"{name}.evidence.jsonl")
    files.write_text(found.json_path, json.dumps(figures, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    files.write_text(found.markdown_path, as_markdown(figures, name))
    files.write_text(found.csv_path, as_csv(items, judgements, [text_digest(texts.get(item.id)) for item in items]))
    files.write_text(found.evidence_path, "".join(evidence(judgements)))
    return found


__all__ = ["AXES", "TASKS", "Item", "JudgedRun", "Judgement", "judge", "judge_text", "may_be_ranked", "models_of", "table"]
