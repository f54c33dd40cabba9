"""From what a judge said to scores: a row for each item with all its rounds, and means that tell what is missing in them."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from medq_gen.judge.axes import AXES, Axis
from medq_gen.judge.items import Item
from medq_gen.judge_lm.asking import Said, Verdicts, Wanted
from medq_gen.judge_lm.reading import quote_in
from medq_gen.score.interval import clustered

CUTS = ("task", "modality", "level", "recipe", "split")
STATUSES = ("judged", "unreadable", "open", "missing")
_MOST = 2  # points on an axis


def row_of(item: Item, wanted: Mapping[Axis, Wanted], verdicts: Verdicts, *, cut: int, text: str) -> dict[str, Any]:  # Any: plain JSON
    """What became of one item. wanted : empty where there is no description, which has no points on any axis. text : digest of
    the description.

    status : "judged" has a score on each axis; "unreadable" lacks one though every reply came; "open" lacks one that was not asked or failed.
    """
    scores = {axis: _axis_row(wanted.get(axis), [said.get(f"{item.id}/{axis}", Said()) for said in verdicts.said], verdicts.tries) for axis in AXES}
    found = {row["status"] for row in scores.values()}
    status = next((name for name in ("open", "unreadable", "missing") if name in found), "judged")
    about = {name: getattr(item, name) for name in (*CUTS, "case", "group")}
    return {"item": item.id, **about, "status": status, "cut": cut, "text": text, "scores": scores}


def _axis_row(wanted: Wanted | None, said: Sequence[Said], tries: int) -> dict[str, Any]:
    """One axis: score is the lower median over the rounds that were read, mean and spread (most minus least) are over the same."""
    if wanted is None:
        return {"status": "missing", "score": 0, "mean": 0.0, "spread": 0, "rounds": []}
    read = [one.score for one in said if one.score is not None]
    told = [_round(one, wanted, tries) for one in said]
    if not read:
        status = "open" if any(one.is_open(tries) for one in said) else "unreadable"
        return {"status": status, "score": None, "mean": None, "spread": None, "rounds": told}
    return {"status": "judged", "score": statistics.median_low(read), "mean": statistics.fmean(read), "spread": max(read) - min(read), "rounds": told}


def _round(said: Said, wanted: Wanted, tries: int) -> dict[str, Any]:
    reading = said.reading
    told: dict[str, Any] = {
        "score": said.score,
        "open": said.is_open(tries),
        "asked": said.asked,
        "problems": list(said.problems),
        "failure": said.failure or None,
        "public": said.public,
    }
    quote = reading.quote if reading else ""
    place = quote_in(quote, wanted.description, wanted.item.reference)
    return {**told, "quote": quote, "quote_in": place, "reason": reading.reason if reading else ""}


def table(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means over all items and along each cut, and how far the rounds differ."""

    def cut(name: str) -> list[dict[str, Any]]:
        cells: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in rows:
            cells[row[name]].append(row)
        return [{name: key, **_cell(cell)} for key, cell in sorted(cells.items())]

    return {"overall": _cell(rows), "by": {name: cut(name) for name in CUTS}, "rounds": {axis: _rounds(rows, axis) for axis in AXES}}


def _cell(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = Counter(row["status"] for row in rows)
    axes = {axis: _axis(rows, axis) for axis in AXES}
    means = [cell["mean"] for cell in axes.values()]
    return {"items": len(rows), **{status: counts[status] for status in STATUSES}, "axes": axes, "sum": None if None in means else sum(means)}


def _axis(rows: Sequence[Mapping[str, Any]], axis: Axis) -> dict[str, Any]:
    """The mean over judged and missing items, and its bounds if every other had 0 or 2."""
    scored = [(row["scores"][axis]["mean"], row["group"]) for row in rows if row["scores"][axis]["mean"] is not None]
    total, absent = sum(mean for mean, _ in scored), len(rows) - len(scored)
    span = clustered([mean / _MOST for mean, _ in scored], [group for _, group in scored])
    statuses = Counter(row["scores"][axis]["status"] for row in rows)
    return {
        "mean": total / len(scored) if scored else None,
        "group_bootstrap_95": [_MOST * value for value in span] if span else None,
        "counts": [sum(row["scores"][axis]["score"] == points for row in rows) for points in (0, 1, 2)],
        **{status: statuses[status] for status in STATUSES},
        "bounds": [total / len(rows), (total + _MOST * absent) / len(rows)] if rows else None,
    }


def _rounds(rows: Sequence[Mapping[str, Any]], axis: Axis) -> dict[str, Any]:
    """How far the rounds differ: items whose rounds do, their mean spread, and the mean of each round over the items that every round has read."""
    cells = [row["scores"][axis] for row in rows if len(row["scores"][axis]["rounds"]) > 1]
    several = [found for cell in cells if len(found := [one["score"] for one in cell["rounds"] if one["score"] is not None]) > 1]
    whole = [found for found in several if len(found) == max(map(len, several))]
    means = [statistics.fmean(column) for column in zip(*whole, strict=True)]
    spreads = [max(found) - min(found) for found in several]
    return {
        "items": len(several),
        "differ": sum(spread > 0 for spread in spreads),
        "spread": statistics.fmean(spreads) if spreads else None,
        "means": means,
        "means_sd": statistics.stdev(means) if len(means) > 1 else None,
    }


def asked_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How asking went, over all rounds of all axes: replies, those that were asked again, and what was wrong with them, the commonest first."""
    rounds = [one for row in rows for axis in AXES for one in row["scores"][axis]["rounds"]]
    problems = Counter(problem for one in rounds for problem in one["problems"])
    places = Counter(one["quote_in"] for one in rounds if one["score"] is not None)
    return {
        "wanted": len(rounds),
        "read": sum(one["score"] is not None for one in rounds),
        "unreadable": sum(one["score"] is None and not one["open"] for one in rounds),
        "open": sum(one["open"] for one in rounds),
        "replies": sum(one["asked"] for one in rounds),
        "asked_again": sum(one["asked"] > 1 for one in rounds),
        "problems": [{"problem": text, "replies": count} for text, count in problems.most_common(20)],
        "quotes": {name: places[name] for name in ("description", "reference", "nowhere", "none")},
    }


def notes(figures: Mapping[str, Any]) -> Iterator[str]:
    """What a reader of the figures must know before comparing them."""
    overall, asked, strays, judge = figures["overall"], figures["asked"], figures["strays"], figures["judge"]
    if figures["stopped"]:
        yield f"Judging ended early: {figures['stopped']}. The same command goes on."
    for status, what in (
        ("missing", "have no description and no points on any axis"),
        ("open", "were not judged on every axis: the same command asks the rest"),
    ):
        if overall[status]:
            yield f"{overall[status]} of {overall['items']} items {what}."
    for cell in figures["by"]["task"]:
        if cell["missing"] == cell["items"]:
            yield f"No item of the kind {cell['task']} is described; judge the other alone with 'task.tasks=[...]'."
    if asked["unreadable"]:
        yield f"{asked['unreadable']} of {asked['wanted']} scores could not be read in {judge['asks_again'] + 1} replies; the bounds tell what they may change."
    if asked["quotes"]["nowhere"]:
        yield f"{asked['quotes']['nowhere']} of {asked['read']} scores rest on a quote that stands in neither text."
    if not judge["prompts"]["fenced"]:
        yield "The official prompts show the description without a fence: one that speaks to the judge may sway it."
    if judge["rounds"] > 1 and judge["temperature"] == 0:
        yield "At temperature 0 the rounds differ only as far as the server does; their spread says little of the judge."
    if figures["cut"]:
        yield f"{len(figures['cut'])} descriptions are very long and were shown without their middle."
    if strays["unknown"]:
        yield f"{len(strays['unknown'])} rows are about no item of this run, for example {strays['unknown'][0]!r}."
    if strays["other_data_set"]:
        yield f"{len(strays['other_data_set'])} rows bear the name of another data set, for example {strays['other_data_set'][0]!r}."
    if strays["repeated"]:
        different = len(strays["contradictory"])
        yield f"{len(strays['repeated'])} items were described more than once, {different} of them differently: the first description stands."
