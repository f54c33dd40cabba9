"""A judgement for people and for spreadsheets: Markdown, CSV, and every sentence with what was read in it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from medq_gen.judge.axes import AXES, Judgement
from medq_gen.judge.items import Item

CUTS = ("task", "modality", "level", "recipe", "split")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(pair: Sequence[float] | None) -> str:
    return f"{pair[0]:.3f}–{pair[1]:.3f}" if pair else "–"


def as_markdown(figures: Mapping[str, Any], name: str) -> str:  # Any: plain JSON
    """The notes and one table over all cuts; the share read stands beside every score."""
    overall = figures["overall"]
    lines = [f"# Reasoning on four axes: {name}", ""]
    lines += [f"Deterministic judge, version {figures['version']}; each axis from 0 to 2. {overall['judged']} of {overall['items']} descriptions judged."]
    lines += ["", *(f"* {note}" for note in figures["notes"]), *([""] if figures["notes"] else [])]
    heads = [axis.replace("_", " ") for axis in AXES]
    lines += [f"| cut | value | items | judged | unjudged | missing | share read | {' | '.join(heads)} | sum |", "|---|---|" + "---:|" * (6 + len(AXES))]
    for cut, cells in (("all", [overall]), *((cut, figures["by"][cut]) for cut in CUTS)):
        for cell in cells:
            counts = " | ".join(str(cell[count]) for count in ("items", "judged", "unjudged", "missing"))
            axes = " | ".join(_number(cell["axes"][axis]["mean"]) for axis in AXES)
            lines.append(f"| {cut} | {cell.get(cut, '')} | {counts} | {_number(cell['share_read'])} | {axes} | {_number(cell['sum'])} |")
    lines += ["", "| axis | mean | 95 % over groups | if the unjudged had 0 | if they had 2 |", "|---|---:|---:|---:|---:|"]
    for axis, head in zip(AXES, heads, strict=True):
        cell = overall["axes"][axis]
        bounds = cell["bounds"] or (None, None)
        lines.append(f"| {head} | {_number(cell['mean'])} | {_interval(cell['group_bootstrap_95'])} | {_number(bounds[0])} | {_number(bounds[1])} |")
    return "\n".join(lines) + "\n"


def as_csv(items: Sequence[Item], judgements: Sequence[Judgement], texts: Sequence[str]) -> str:
    """One row for each item of the run, whatever became of it. texts : digest of the text that was judged, "" where there was none."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["id", "status", "share_read", *AXES, *CUTS, "case", "group", "text", *(f"why_{axis}" for axis in AXES)])
    for item, found, text in zip(items, judgements, texts, strict=True):
        points = ["" if (score := found.score(axis)) is None else score for axis in AXES]
        why = ["; ".join(found.scores[axis].reasons) if axis in found.scores else "" for axis in AXES]
        writer.writerow([item.id, found.status, round(found.share_read, 4), *points, *(getattr(item, cut) for cut in CUTS), item.case, item.group, text, *why])
    return stream.getvalue()


def evidence(judgements: Sequence[Judgement]) -> Iterator[str]:
    """One JSON line for each item: its scores with their reasons, its sentences with their claims."""
    for found in judgements:
        yield json.dumps(found.model_dump(), ensure_ascii=False, allow_nan=False) + "\n"
