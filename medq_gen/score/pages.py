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
    for kind in ("case", "group"):
        if overall[f"{kind}_bootstrap_95"]:
            lines[-1] += f", {_interval(overall[f'{kind}_bootstrap_95'])} % over {overall[f'{kind}s']} {kind}s"
    lines[-1] += f"; blind guessing {_percent(overall['chance'])} %."
    lines += ["", *(f"* {note}" for note in figures["notes"]), *([""] if figures["notes"] else [])]
    lines += _rows_of_cuts(figures)
    lines += _rows_of_levels(figures)
    lines += _rows_of_confusions(figures)
    lines += _rows_of_biases(figures)
    lines += _rows_of_consistency(figures["consistency"])
    return "\n".join(lines) + "\n"


def _rows_of_cuts(figures: dict[str, Any]) -> Iterator[str]:
    yield "| cut | value | items | right | wrong | missing | unreadable | accuracy % | Wilson 95 % | cases 95 % | groups 95 % | chance % |"
    yield "|---|---|" + "---:|" * 10
    for cut in CUTS:
        for cell in figures["by"][cut]:
            counts = " | ".join(str(cell[count]) for count in _COUNTS)
            intervals = " | ".join(_interval(cell[name]) for name in ("wilson_95", "case_bootstrap_95", "group_bootstrap_95"))
            yield f"| {cut} | {cell[cut]} | {counts} | {_percent(cell['accuracy'])} | {intervals} | {_percent(cell['chance'])} |"


def _rows_of_levels(figures: dict[str, Any]) -> Iterator[str]:
    """Accuracy by modality and recipe along the levels: where mild is lost."""
    for cut in ("modality", "recipe"):
        name = f"{cut} × level" if f"{cut} × level" in figures["by_two"] else f"level × {cut}"
        cells = {(cell[cut], cell["level"]): cell for cell in figures["by_two"][name]}
        levels = [level for level in ("none", "mild", "moderate", "severe") if any(found == level for _, found in cells)]
        yield from ("", f"## Accuracy by {cut} and level", "", "In %; in brackets the items, and how many of them are missing or unreadable.", "")
        yield f"| {cut} | " + " | ".join(levels) + " |"
        yield "|---|" + "---:|" * len(levels)
        for value in sorted({found for found, _ in cells}):
            yield f"| {value} | " + " | ".join(_cell(cells.get((value, level))) for level in levels) + " |"


def _cell(cell: dict[str, Any] | None) -> str:
    if cell is None:
        return "–"
    return f"{_percent(cell['accuracy'])} ({cell['items']}, {cell['missing'] + cell['unreadable']})"


def _rows_of_confusions(figures: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## What is taken for what", "", "Rows: the right option. Columns: what was chosen.")
    for table in figures["confusions"]:
        yield from ("", f"**{table['options']}** ({table['items']} items)", "")
        yield "| right | " + " | ".join(table["columns"]) + " |"
        yield "|---|" + "---:|" * len(table["columns"])
        yield from (f"| {right} | " + " | ".join(map(str, counts)) + " |" for right, counts in zip(table["rows"], table["counts"], strict=True))


def _rows_of_biases(figures: dict[str, Any]) -> Iterator[str]:
    if figures["yes_bias"]:
        yield from ("", "## Yes for its own sake", "", "Of the answers that can be read; bias is Yes said less Yes right.", "")
        yield "| level | items | missing | unreadable | Yes said % | Yes right % | bias % | cases 95 % | hits % | false alarms % |"
        yield "|---|" + "---:|" * 9
        for row in figures["yes_bias"]:
            shares = " | ".join(_percent(row[name]) for name in ("yes_said", "yes_right", "bias"))
            tail = f"{_interval(row['bias_95'])} | {_percent(row['hits'])} | {_percent(row['false_alarms'])}"
            yield f"| {row['level']} | {row['items']} | {row['missing']} | {row['unreadable']} | {shares} | {tail} |"
    if figures["position_bias"]:
        yield from (
            "",
            "## A place for its own sake",
            "",
            "Yes/no items apart. Chosen / right, in % of the readable answers; shift: half the sum of the differences.",
            "",
        )
        for row in figures["position_bias"]:
            places = ", ".join(
                f"{place} {_percent(chosen)} / {_percent(right)}" for place, chosen, right in zip(row["places"], row["chosen"], row["right"], strict=True)
            )
            p = "–" if row["p"] is None else f"{row['p']:.2g}"
            counts = f"{row['items']} items, {row['missing']} missing, {row['unreadable']} unreadable"
            yield f"* {row['options']} options ({counts}): {places}; shift {_percent(row['shift'])} %, p {p}"


def _rows_of_consistency(found: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Answers over the levels of one case", "")
    if not found["pairs"]:
        yield "No word is asked about on two levels of one ladder."
        return
    kinds = ", ".join(f"{found[name]} {name.replace('_', ' ')}" for name in ("in_order", "tied", "reversed", "moved", "unreadable"))
    yield f"{found['pairs']} pairs of levels: {kinds}; {_percent(found['consistent'])} % fit together, {_interval(found['consistent_95'])} % over cases."
    yield f"{found['ladders']} ladders with several levels; every item right in {_percent(found['all_right'])} % of them."


def comparison_markdown(found: Sequence[dict[str, Any]]) -> str:
    """Every two models, over all and along the cuts."""
    lines = ["# Models compared in pairs", ""]
    lines += ["Difference: accuracy of the first less that of the second, on the same items; missing and unreadable answers are wrong.", ""]
    counted = "items | both | first only | second only | neither | missing | unreadable"
    lines += [f"| first | second | cut | {counted} | difference % | cases 95 % | McNemar p | Holm p |", "|---|---|---|" + "---:|" * 11]
    for pair in found:
        rows = [("all", pair["overall"]), *((f"{cut} {cell[cut]}", cell) for cut, cells in pair["by"].items() for cell in cells)]
        for name, row in rows:
            counts = " | ".join(str(row[key]) for key in ("items", "both_right", "only_first", "only_second", "neither"))
            lost = " | ".join(f"{row[f'{status}_first']} / {row[f'{status}_second']}" for status in ("missing", "unreadable"))
            holm = f"{row['mcnemar_p_holm']:.2g}" if "mcnemar_p_holm" in row else "–"
            tail = f"{_percent(row['difference'])} | {_interval(row['difference_95'])} | {row['mcnemar_p']:.2g} | {holm}"
            lines.append(f"| {pair['first']} | {pair['second']} | {name} | {counts} | {lost} | {tail} |")
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
    spreads = ("wilson", "case_bootstrap", "group_bootstrap")

    def rows() -> Iterator[Sequence[object]]:
        for cell in figures["cells"]:
            intervals = [bound for name in spreads for bound in cell[f"{name}_95"] or ("", "")]
            yield [*(cell[name] for name in (*CROSSED, *_COUNTS, "refusals", *numbers)), *intervals]

    ends = [f"{name}_{end}" for name in spreads for end in ("low", "high")]
    return _table([*CROSSED, *_COUNTS, "refusals", *numbers, *ends], rows())


def items_csv(judged: Sequence[Judged]) -> str:
    """One row for each item of the run, whatever became of it."""

    def rows() -> Iterator[Sequence[object]]:
        for found in judged:
            item = found.item
            shown = (item.id, found.status, item.answer, found.letter or "", found.ground)
            yield [*shown, *(getattr(item, cut) for cut in CUTS), item.record, item.group, item.question, " | ".join(item.options), found.text or ""]

    return _table(["id", "status", "answer", "read", "ground", *CUTS, "record", "group", "question", "options", "prediction"], rows())
