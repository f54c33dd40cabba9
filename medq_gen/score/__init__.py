"""Scores of models on a run: task=score. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medq_gen import files
from medq_gen.errors import ConfigError, StoreError
from medq_gen.score.bias import position_bias, yes_bias
from medq_gen.score.confusion import confusions
from medq_gen.score.consistency import consistency
from medq_gen.score.items import items_of
from medq_gen.score.pages import as_csv, as_markdown, comparison_markdown, items_csv
from medq_gen.score.paired import comparisons
from medq_gen.score.parity import Difference, parity
from medq_gen.score.parity import as_csv as parity_csv
from medq_gen.score.parity import as_markdown as parity_markdown
from medq_gen.score.perception import Judged, Strays, judge, table
from medq_gen.score.predictions import read_predictions
from medq_gen.store import Store

SCORE_VERSION = 2
_WRITTEN = ("score.json", "score.md", "score.csv", "items.csv", "parity.md")


@dataclass(frozen=True, slots=True)
class Scored:
    """A finished score: its figures and the files that hold them."""

    figures: dict[str, Any]  # Any: plain JSON
    json_path: Path
    markdown_path: Path
    csv_path: Path
    items_path: Path
    parity_path: Path
    judged: Sequence[Judged]

    @property
    def accuracy(self) -> float:
        """Share of right answers among all items of the run."""
        return float(self.figures["overall"]["accuracy"])


def score(run: Path | str | Store, predictions: Path | str, *, out: Path | str | None = None, split: str | None = None) -> Scored:
    """Score the predictions of one model on the questions of a run.

    predictions : JSONL, JSON, CSV, TSV or Excel with id (or the index of an export) and prediction. out : folder of the results, <run>/score by default.
    split : score the
    questions of one split only; all are scored otherwise, and a split that nobody answered is counted wrong and named in the notes.

    Raises
        ConfigError: predictions that cannot be read, a split without questions. StoreError: no store, or nothing drafted.
    """
    store = run if isinstance(run, Store) else Store.open(run)
    items = items_of(store)
    if not items:
        raise StoreError(f"{store.path} holds no questions: draft them first with python -m medq_gen task=draft run={store.path}")
    chosen = [item for item in items if split in (None, item.split)]
    if not chosen:
        raise ConfigError(f"split={split}: the run has no questions there; allowed: {', '.join(sorted({item.split for item in items}))}")
    path = Path(predictions)
    everything = read_predictions(path)
    others = {item.id for item in items} - {item.id for item in chosen}
    rows = [row for row in everything if not {row.item, row.item.partition("-")[2]} & others]  # answers to other splits are no strays of this file
    judged, strays = judge(chosen, rows)
    beside, unlike = parity(judged, rows)
    figures: dict[str, Any] = {
        "version": SCORE_VERSION,
        "predictions": {"file": path.name, "sha256": files.sha256(path), "rows": len(everything)},
        "plan": store.plan.get("digest"),
        "split": split,
        **table(judged),
        "confusions": confusions(judged),
        "yes_bias": yes_bias(judged),
        "position_bias": position_bias(judged),
        "consistency": consistency(judged),
        "strays": {name: list(getattr(strays, name)) for name in Strays.__slots__},
        "unreadable": [found.item.id for found in judged if found.status == "unreadable"],
        "missing": [found.item.id for found in judged if found.status == "missing"],
        "public_scorer": beside,
    }
    figures["notes"] = list(_notes(figures, judged))
    return _write(Path(out) if out is not None else store.path / "score", path.stem, figures, judged, unlike)


def compare(scored: Mapping[str, Scored], out: Path | str) -> Path:
    """Write comparison.json and comparison.md: every two of several scored models, on the same items; the second of the two paths.

    Raises
        ConfigError: fewer than two, or models that were scored on different items.
    """
    if len(scored) < 2:
        raise ConfigError(f"{len(scored)} models cannot be compared: score two or more predictions of one run")
    found = comparisons({name: one.judged for name, one in scored.items()})
    folder = Path(out)
    files.write_text(folder / "comparison.json", json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    files.write_text(folder / "comparison.md", comparison_markdown(found))
    return folder / "comparison.md"


def _notes(figures: dict[str, Any], judged: list[Judged]) -> Iterable[str]:
    """What a reader of the figures must know before comparing them."""
    overall, strays = figures["overall"], figures["strays"]
    if overall["missing"]:
        yield f"{overall['missing']} of {overall['items']} items have no prediction and count as wrong."
    for cell in figures["by"]["split"]:
        if cell["missing"] == cell["items"]:
            yield f"No item of the split {cell['split']} was predicted; score the predicted split alone with split=..."
    if overall["unreadable"]:
        declined = f" ({overall['refusals']} of them decline)" if overall["refusals"] else ""
        yield f"{overall['unreadable']} answers leave open which option they mean{declined} and count as wrong."
    if strays["unknown"]:
        yield f"{len(strays['unknown'])} rows are about no item of this run, for example {strays['unknown'][0]!r}."
    if strays["other_key"]:
        yield f"{len(strays['other_key'])} rows carry another key than the run: they may come from another version of the data set."
    if len(strays["data_sets"]) > 1:
        yield f"The file mixes exports of {len(strays['data_sets'])} data sets."
    public = figures["public_scorer"]["public"]
    if public["accuracy"] is not None and (public["right"], public["total"]) != (overall["right"], overall["items"]):
        yield f"The public scorer's arithmetic gives {100 * public['accuracy']:.2f} % of {public['total']}: the parity table explains it item by item."
    if strays["repeated"]:
        yield f"{len(strays['repeated'])} items were answered more than once; {len(strays['contradictory'])} of them with different answers."


def _write(out: Path, name: str, figures: dict[str, Any], judged: list[Judged], unlike: Sequence[Difference]) -> Scored:
    out.mkdir(parents=True, exist_ok=True)
    json_path, markdown_path, csv_path, items_path, parity_path = (out / f"{name}.{what}" for what in _WRITTEN)
    scored = Scored(figures, json_path, markdown_path, csv_path, items_path, parity_path, judged)
    files.write_text(scored.json_path, json.dumps(figures, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    files.write_text(scored.markdown_path, as_markdown(figures, name))
    files.write_text(scored.csv_path, as_csv(figures))
    files.write_text(scored.items_path, items_csv(judged))
    files.write_text(scored.parity_path, parity_markdown(figures["public_scorer"], name))
    files.write_text(out / f"{name}.parity.csv", parity_csv(unlike))
    return scored


__all__ = ["Scored", "compare", "score"]
