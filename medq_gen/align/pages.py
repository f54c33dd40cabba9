"""A comparison of raters for people and for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from medq_gen.align.figures import CUTS, LEAST_KAPPA, MOST_BIAS
from medq_gen.align.plot import forest, squares
from medq_gen.judge.axes import AXES


def _number(value: float | None, form: str = ".2f") -> str:
    return "–" if value is None else format(value, form)


def _span(pair: Sequence[float] | None, form: str = ".2f") -> str:
    return f"{pair[0]:{form}} to {pair[1]:{form}}" if pair else "–"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _name(axis: str) -> str:
    return axis.replace("_", " ")


def _cells(figures: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str, str, str, Mapping[str, Any]]]:
    """(pair, axis, cut, value, cell), the cell over all texts before those of the cuts."""
    for pair in figures["pairs"]:
        for axis in AXES:
            found = pair["axes"][axis]
            yield pair, axis, "all", "", found["overall"]
            yield from ((pair, axis, cut, cell[cut], cell) for cut in CUTS for cell in found["by"][cut])


def as_markdown(figures: Mapping[str, Any]) -> str:  # Any: plain JSON
    """Raters, notes, every pair on every axis, and all together."""
    lines = ["# Agreement of raters", ""]
    lines += [f"* {note}" for note in figures["notes"]]
    lines += ["", "| rater | kind | texts | left out | " + " | ".join(map(_name, AXES)) + " |", "|---|---|---:|---|" + "---:|" * len(AXES)]
    for row in figures["raters"]:
        left = ", ".join(f"{count} {why}" for why, count in row["left_out"].items()) or "–"
        lines.append(f"| {row['name']} | {row['kind']} | {row['texts']} | {left} | " + " | ".join(_number(row["means"][axis]) for axis in AXES) + " |")
    lines += [
        "",
        f"Quadratic weighted kappa over the scale 0 to 2, intervals over cases; bias is second less first. Cases: for an interval {figures['width']:g} wide.",
    ]
    head = "| first | second | axis | cut | texts | cases | kappa | 95 % | same score | bias | 95 % | cases needed |"
    lines += ["", head, "|---|---|---|---|---:|---:|---:|---|---:|---:|---|---:|"]
    for pair, axis, _, value, cell in _cells(figures):
        counts = f"{cell['texts']} | {cell['cases']} | {_number(cell['kappa'])} | {_span(cell['kappa_95'])} | {_percent(cell['exact'])}"
        bias = f"{_number(cell['bias'], '+.2f')} | {_span(cell['bias_95'], '+.2f')} | {cell.get('cases_needed') or '–'}"
        lines.append(f"| {pair['first']} | {pair['second']} | {_name(axis)} | {value or 'all'} | {counts} | {bias} |")
    lines += ["", "| raters | axis | texts | Krippendorff's alpha, ordinal | 95 % |", "|---|---|---:|---:|---|"]
    for row in figures["alphas"]:
        cells = row["axes"]
        lines += [
            f"| {row['group']} | {_name(axis)} | {cells[axis]['texts']} | {_number(cells[axis]['alpha'])} | {_span(cells[axis]['alpha_95'])} |" for axis in AXES
        ]
    return "\n".join(lines) + "\n"


def as_csv(figures: Mapping[str, Any]) -> str:
    """One row for each pair, axis and cut, with the counts of every pair of scores (first, then second)."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    counted = [f"n_{first}{second}" for first in range(3) for second in range(3)]
    ends = [f"{name}_{end}" for name in ("kappa", "bias") for end in ("low", "high")]
    writer.writerow(["first", "second", "axis", "cut", "value", "texts", "cases", "kappa", "exact", "bias", *ends, "cases_needed", *counted])
    for pair, axis, cut, value, cell in _cells(figures):
        spans = [bound for name in ("kappa_95", "bias_95") for bound in cell[name] or ("", "")]
        counts = [count for row in cell["confusion"] or [[""] * 3] * 3 for count in row]
        told = [cell[name] for name in ("texts", "cases", "kappa", "exact", "bias")]
        writer.writerow([pair["first"], pair["second"], axis, cut, value, *told, *spans, cell.get("cases_needed"), *counts])
    return stream.getvalue()


def as_html(figures: Mapping[str, Any], *, title: str) -> str:
    """One page, offline."""
    environment = Environment(loader=PackageLoader("medq_gen.align", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pairs = figures["pairs"]
    beside_people = [pair for pair in pairs if "judge" in pair["kinds"] and pair["kinds"][0] != "judge"]
    chosen = [pair for pair in beside_people if pair["kinds"][0] == "consensus"] or beside_people
    overall = [(f"{pair['first']} – {pair['second']}", {axis: pair["axes"][axis]["overall"] for axis in AXES}) for pair in pairs]
    cuts = []
    for pair in chosen or pairs:
        values = sorted({cell["modality"] for axis in AXES for cell in pair["axes"][axis]["by"]["modality"]})
        none = {"texts": 0, "kappa": None, "kappa_95": None}
        rows = [
            (value, {axis: next((cell for cell in pair["axes"][axis]["by"]["modality"] if cell["modality"] == value), none) for axis in AXES})
            for value in values
        ]
        cuts.append((f"{pair['first']} – {pair['second']}", forest(rows)))
    tables = [
        (
            f"{pair['first']} – {pair['second']}",
            [(_name(axis), squares(found, pair["first"], pair["second"])) for axis in AXES if (found := pair["axes"][axis]["overall"]["confusion"])],
        )
        for pair in chosen or pairs
    ]
    return environment.get_template("page.html.j2").render(
        title=title, figures=figures, axes=AXES, name=_name, number=_number, span=_span, percent=_percent, forest=forest(overall) if overall else "",
        cuts=cuts, tables=tables, least=LEAST_KAPPA, most_bias=MOST_BIAS,
    )  # fmt: skip
