"""A score for people and for spreadsheets: Markdown, CSV, and one row for each item."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from medq_gen.score.perception import CROSSED, CUTS, STATUSES, Judged

_COUNTS = ("items", *STATUSES)


def _interval(pair: Sequence[float] | None) -> str:
    return f"{100 * pair[0]:.1f}–{100 * pair[1]:.1f}" if pair else "–"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def as_markdown(figures: dict[str, Any], name: str) -> str:  # Any: plain JSON
    """The overall figure, the notes, and one table over all cuts."""
    overall = figures["overall"]
    lines = [f"# Perception: {name}", ""]
    lines += [f"**{_percent(overall['accuracy'])} %** of {overall['items']} items right, 95 % interval {_interval(overall['wilson_95'])} % (Wilson)"]
    if overall["group_bootstrap_95"]:
        lines[-1] += f", {_interval(overall['group_bootstrap_95'])} % over {overall['groups']} groups"
    lines[-1] += f"; blind guessing {_percent(overall['chance'])} %."
    lines += ["", *(f"* {note}" for note in figures["notes"]), *([""] if figures["notes"] else [])]
    lines += ["| cut | value | items | right | wrong | missing | unreadable | accuracy % | Wilson 95 % | groups 95 % | chance % |", "|---|---|" + "---:|" * 9]
    for cut in CUTS:
        for cell in figures["by"][cut]:
            counts = " | ".join(str(cell[count]) for count in _COUNTS)
            tail = f"{_percent(cell['accuracy'])} | {_interval(cell['wilson_95'])} | {_interval(cell['group_bootstrap_95'])} | {_percent(cell['chance'])}"
            lines.append(f"| {cut} | {cell[cut]} | {counts} | {tail} |")
    return "\n".join(lines) + "\n"


def _table(header: Sequence[str], rows: Iterator[Sequence[object]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


def as_csv(figures: dict[str, Any]) -> str:  # Any: plain JSON
    """One row for each cell of type × scope × modality × level × recipe."""
    numbers = ("accuracy", "chance")

    def rows() -> Iterator[Sequence[object]]:
        for cell in figures["cells"]:
            yield [*(cell[name] for name in (*CROSSED, *_COUNTS, *numbers)), *cell["wilson_95"]]

    return _table([*CROSSED, *_COUNTS, *numbers, "wilson_low", "wilson_high"], rows())


def items_csv(judged: Sequence[Judged]) -> str:
    """One row for each item of the run, whatever became of it."""

    def rows() -> Iterator[Sequence[object]]:
        for found in judged:
            item = found.item
            shown = (item.id, found.status, item.answer, found.letter or "", found.ground)
            yield [*shown, *(getattr(item, cut) for cut in CUTS), item.record, item.group, item.question, " | ".join(item.options), found.text or ""]

    return _table(["id", "status", "answer", "read", "ground", *CUTS, "record", "group", "question", "options", "prediction"], rows())
