"""The same replies of a judge, averaged as the public scorer does it, beside our means: what differs, item by item."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from medq_gen.judge.axes import AXES, Axis

Kind = Literal["no description", "read by its rules alone", "read by ours alone", "another score"]
WHY: Mapping[Kind, str] = {
    "no description": "We give no points; the public scorer leaves such a row out, or has the judge grade the word nan.",
    "read by its rules alone": "A score such as 2.9, or the first of two, passes there; we read none.",
    "read by ours alone": "The form of the reply is ours; the public scorer finds no score and leaves it out.",
    "another score": "Both read a score, but not the same: the first of several replies or numbers there, the one that is asked for here.",
}


def public_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # Any: plain JSON
    """By axis: our mean, the public scorer's over the same replies with what it leaves out, and what each kind of difference changes.

    The changes add up: our sum and number of scores, with those of all kinds, are the public scorer's.
    """
    return {axis: _axis(rows, axis) for axis in AXES}


def _axis(rows: Sequence[Mapping[str, Any]], axis: Axis) -> dict[str, Any]:
    kinds: dict[Kind, dict[str, Any]] = {kind: {"kind": kind, "why": why, "items": [], "sum": 0.0, "number": 0} for kind, why in WHY.items()}
    ours: list[float] = []
    theirs: list[float] = []
    for row in rows:
        cell = row["scores"][axis]
        mine = cell["mean"]
        taken = [one["public"] for one in cell["rounds"] if one["public"] is not None]
        public = statistics.fmean(taken) if taken else None
        ours += [] if mine is None else [mine]
        theirs += [] if public is None else [public]
        if mine == public:
            continue
        told = kinds[_kind(cell["status"], mine, public)]
        told["items"].append(row["item"])
        told["sum"] += (public or 0.0) - (mine or 0.0)
        told["number"] += (public is not None) - (mine is not None)
    return {
        "ours": {"mean": statistics.fmean(ours) if ours else None, "number": len(ours)},
        "public": {"mean": statistics.fmean(theirs) if theirs else 0.0, "number": len(theirs)},  # the public scorer writes 0 where it has no score at all
        "kinds": [told for told in kinds.values() if told["items"]],
    }


def _kind(status: str, mine: float | None, public: float | None) -> Kind:
    if status == "missing":
        return "no description"
    if mine is None:
        return "read by its rules alone"
    return "read by ours alone" if public is None else "another score"


def lines_of(told: Mapping[str, Any]) -> list[str]:
    """For the page of a judgement: both means, then what differs."""
    lines = [
        "",
        "## The public scorer's arithmetic on the same replies",
        "",
        "| axis | ours | of | public | of | differences |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for axis in AXES:
        found = told[axis]
        mean = "–" if found["ours"]["mean"] is None else f"{found['ours']['mean']:.3f}"
        kinds = "; ".join(f"{len(kind['items'])} {kind['kind']} ({kind['sum']:+.2f} points)" for kind in found["kinds"]) or "none"
        public = found["public"]
        lines.append(f"| {axis.replace('_', ' ')} | {mean} | {found['ours']['number']} | {public['mean']:.3f} | {public['number']} | {kinds} |")
    why = {kind["kind"]: kind["why"] for axis in AXES for kind in told[axis]["kinds"]}
    return [*lines, "", *(f"* **{kind}**: {text}" for kind, text in why.items())]
