"""Every two raters on every axis, over all texts and by modality and kind; all people together; and how many cases a wanted interval takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from medq_gen.align.raters import Rater, Unit
from medq_gen.judge.axes import AXES, Axis
from medq_gen.judge.items import Item
from medq_gen.score import cases_needed
from medq_gen.score.agreement import agreement, by_case
from medq_gen.score.interval import MIN_GROUPS
from medq_gen.score.krippendorff import krippendorff

LEAST_KAPPA, MOST_BIAS = 0.6, 0.15  # lower end of kappa, and bias, from which on a judge may stand for people on an axis
CUTS = ("modality", "task")
SURE = 50  # cases below which a percentile interval is told to be doubtful


def pairs_of(raters: Sequence[Rater], consensus: Rater | None) -> list[tuple[Rater, Rater]]:
    """Every two raters, people first; the median of people beside judges only, since it is made of the people's own scores."""
    found = [(first, second) for first, second in combinations(sorted(raters, key=lambda rater: (rater.kind != "human", rater.name)), 2)]
    return found + [(consensus, rater) for rater in raters if rater.kind == "judge"] if consensus else found


def pair_row(first: Rater, second: Rater, items: Mapping[str, Item], *, width: float) -> dict[str, Any]:  # Any: plain JSON
    """Two raters on each axis, where both gave a score."""
    return {
        "first": first.name,
        "second": second.name,
        "kinds": [first.kind, second.kind],
        "axes": {axis: _axis(first.on(axis), second.on(axis), items, width=width) for axis in AXES},
    }


def _axis(first: Mapping[Unit, int], second: Mapping[Unit, int], items: Mapping[str, Item], *, width: float) -> dict[str, Any]:
    units = sorted(first.keys() & second.keys())
    overall = _cell(units, first, second, items)
    if units:
        stacked = by_case([first[unit] for unit in units], [second[unit] for unit in units], [items[unit[1]].case for unit in units])
        overall["cases_needed"] = cases_needed.from_rated(stacked, width)
    cuts = {}
    for cut in CUTS:
        values = sorted({str(getattr(items[unit[1]], cut)) for unit in units})
        cuts[cut] = [{cut: value, **_cell([unit for unit in units if getattr(items[unit[1]], cut) == value], first, second, items)} for value in values]
    return {"overall": overall, "by": cuts}


def _cell(units: Sequence[Unit], first: Mapping[Unit, int], second: Mapping[Unit, int], items: Mapping[str, Item]) -> dict[str, Any]:
    if not units:
        return {"texts": 0, "cases": 0, "kappa": None, "kappa_95": None, "exact": None, "bias": None, "bias_95": None, "confusion": None, "holds": False}
    found = agreement([first[unit] for unit in units], [second[unit] for unit in units], [items[unit[1]].case for unit in units])
    return {
        "texts": found.items,
        "cases": found.cases,
        "kappa": found.kappa,
        "kappa_95": list(found.kappa_95) if found.kappa_95 else None,
        "exact": found.exact,
        "bias": found.bias,
        "bias_95": list(found.bias_95) if found.bias_95 else None,
        "confusion": [list(row) for row in found.confusion],
        "holds": found.kappa_95 is not None and found.kappa_95[0] >= LEAST_KAPPA and abs(found.bias) <= MOST_BIAS,
    }


def alphas(raters: Sequence[Rater], items: Mapping[str, Item]) -> list[dict[str, Any]]:
    """Ordinal alpha of all people, of the people with each judge (does it fit in?), and of all raters; each where there are two or more."""
    people, judges = ([rater for rater in raters if rater.kind == kind] for kind in ("human", "judge"))
    groups = [("people", people), *((f"people and {judge.name}", [*people, judge]) for judge in judges if people), ("all raters", list(raters))]
    rows: list[dict[str, Any]] = []
    for name, group in groups:
        if len(group) < 2 or any(row["raters"] == [rater.name for rater in group] for row in rows):
            continue
        rows.append({"group": name, "raters": [rater.name for rater in group], "axes": {axis: _alpha(group, axis, items) for axis in AXES}})
    return rows


def _alpha(group: Sequence[Rater], axis: Axis, items: Mapping[str, Item]) -> dict[str, Any]:
    scores = [rater.on(axis) for rater in group]
    named = [{f"{model}/{item}": score for (model, item), score in one.items()} for one in scores]
    cases = {f"{model}/{item}": items[item].case for one in scores for model, item in sorted(one)}
    found = krippendorff(named, cases)
    return {"texts": found.units, "cases": found.cases, "alpha": found.alpha, "alpha_95": list(found.alpha_95) if found.alpha_95 else None}


def rater_row(rater: Rater) -> dict[str, Any]:
    """Who: how many texts have scores, and why others have none; the mean on each axis."""
    means = {axis: sum(scores.values()) / len(scores) if (scores := rater.on(axis)) else None for axis in AXES}
    return {"name": rater.name, "kind": rater.kind, "texts": len(rater.scores), "left_out": rater.left_out, "means": means}


def notes(figures: Mapping[str, Any]) -> Iterator[str]:
    """What a reader must know before believing a figure."""
    for rater in figures["raters"]:
        for why, count in rater["left_out"].items():
            yield f"{rater['name']}: {count} texts are {why} and in no figure."
    for pair in figures["pairs"]:
        empty = [axis.replace("_", " ") for axis in AXES if not pair["axes"][axis]["overall"]["texts"]]
        if len(empty) == len(AXES):
            yield f"{pair['first']} and {pair['second']} have scored no text in common."
    few = max((pair["axes"][axis]["overall"]["cases"] for pair in figures["pairs"] for axis in AXES), default=0)
    if few < MIN_GROUPS:
        yield f"At most {few} cases are behind a figure: too few for an interval, which takes {MIN_GROUPS}. Figures without one say little."
    elif few < SURE:
        yield f"At most {few} cases are behind a figure: the intervals are wide, and percentile intervals of so few cases tend to be too narrow."
    if not any(rater["kind"] == "human" for rater in figures["raters"]):
        yield "No person has rated: judges that agree may be wrong together."
