"""A language model's judgement for people and for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from medq_gen.judge.axes import AXES
from medq_gen.judge_lm.figures import CUTS, STATUSES
from medq_gen.judge_lm.parity import lines_of


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(pair: Sequence[float] | None) -> str:
    return f"{pair[0]:.3f}–{pair[1]:.3f}" if pair else "–"


def as_markdown(figures: Mapping[str, Any], name: str) -> str:  # Any: plain JSON
    """Who judged how, the notes, and the means; what is missing in a mean stands beside it."""
    judge, overall = figures["judge"], figures["overall"]
    heads = [axis.replace("_", " ") for axis in AXES]
    prompts = f"{judge['prompts']['source']} prompts {judge['prompts']['sha256'][:12]}"
    rounds = f"{judge['rounds']} round{'' if judge['rounds'] == 1 else 's'}"
    lines = [f"# Reasoning on four axes: {name}", ""]
    lines += [f"Judge: {judge['name']}, temperature {judge['temperature']}, {rounds}, {prompts}; each axis from 0 to 2."]
    lines += ["", *(f"* {note}" for note in figures["notes"]), *([""] if figures["notes"] else [])]
    lines += [f"| cut | value | items | {' | '.join(STATUSES)} | {' | '.join(heads)} | sum |", "|---|---|" + "---:|" * (2 + len(STATUSES) + len(AXES))]
    for cut, cells in (("all", [overall]), *((cut, figures["by"][cut]) for cut in CUTS)):
        for cell in cells:
            counts = " | ".join(str(cell[count]) for count in ("items", *STATUSES))
            axes = " | ".join(_number(cell["axes"][axis]["mean"]) for axis in AXES)
            lines.append(f"| {cut} | {cell.get(cut, '')} | {counts} | {axes} | {_number(cell['sum'])} |")
    lines += ["", "| axis | mean | 95 % over groups | no score | if they had 0 | if they had 2 | rounds differ | mean spread | means of the rounds |"]
    lines += ["|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for axis, head in zip(AXES, heads, strict=True):
        cell, spread = overall["axes"][axis], figures["rounds"][axis]
        bounds = cell["bounds"] or (None, None)
        given = f"{_number(cell['mean'])} | {_interval(cell['group_bootstrap_95'])} | {cell['unreadable'] + cell['open']}"
        differ = f"{spread['differ']} of {spread['items']} | {_number(spread['spread'])} | {', '.join(map(_number, spread['means'])) or '–'}"
        lines.append(f"| {head} | {given} | {_number(bounds[0])} | {_number(bounds[1])} | {differ} |")
    lines += lines_of(figures["public_scorer"])
    return "\n".join(lines) + "\n"


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """One row for each item of the run, whatever became of it: the score of each axis, then mean and spread over the rounds, then the first quote."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["id", "status", *AXES, *CUTS, "case", "group", *(f"{what}_{axis}" for what in ("mean", "spread", "quote") for axis in AXES)])
    for row in rows:
        cells = [row["scores"][axis] for axis in AXES]
        quotes = [next((_cell(one["quote"]) for one in cell["rounds"] if one["score"] is not None), "") for cell in cells]
        about = [row[name] for name in (*CUTS, "case", "group")]
        writer.writerow(
            [
                row["item"],
                row["status"],
                *(cell["score"] for cell in cells),
                *about,
                *(cell["mean"] for cell in cells),
                *(cell["spread"] for cell in cells),
                *quotes,
            ]
        )
    return stream.getvalue()


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    text = " ".join(text.split())
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
