"""Our score and the public scorer's arithmetic on the same predictions: every item on which they differ, and a sum that leads from one to the other."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from medq_gen.score.answer import LETTERS
from medq_gen.score.perception import Judged
from medq_gen.score.predictions import Prediction
from medq_gen.score.public import cell_of, is_right, option_of

Kind = Literal["no prediction", "answered twice", "another key", "about no item", "the article A", "open to us", "read differently"]
WHY: Mapping[Kind, str] = {
    "no prediction": "We count an item without a prediction as wrong; the public scorer does not count it.",
    "answered twice": "We count an item once, and as wrong where two answers differ; the public scorer counts every row.",
    "another key": "We take the key of the run; the public scorer takes the key that the file itself carries.",
    "about no item": "We leave out rows about no item of the run; the public scorer counts every row.",
    "the article A": 'The reply begins with the article "A"; the public scorer takes it for option A.',
    "open to us": "We leave the answer open and count it as wrong; the public scorer takes a letter.",
    "read differently": "Both read an answer, but not the same one, or the public scorer reads none where we do.",
}
_ARTICLE = re.compile(r"\s*A\s+[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Difference:
    """One item, or stray row. right, total : what it adds to the public scorer's count of right answers and of answers, beyond ours."""

    item: str
    kind: Kind
    ours: str
    public: str
    key: str
    right: int
    total: int
    text: str


def differences(judged: Sequence[Judged], rows: Iterable[Prediction]) -> list[Difference]:
    """Every item and row that the two count unlike, or read unlike. judged : our reading, of all the items; rows : the same file."""
    by_item: dict[str, list[Prediction]] = defaultdict(list)
    known = {found.item.id for found in judged}
    strays = []
    for row in rows:
        name = row.item if row.item in known else row.item.partition("-")[2]
        row = replace(row, text=cell_of(row.text))
        if name in known:
            by_item[name].append(row)
        else:
            strays.append(row)
    found = [one for ours in judged if (one := _difference(ours, by_item.get(ours.item.id, [])))]
    for row in strays:
        hit = row.key is not None and is_right(row.text, row.key)
        found.append(
            Difference(row.item or f"row {row.row}", "about no item", "–", option_of(row.text).text or "–", row.key or "–", int(hit), 1, row.text or "")
        )
    return found


def _difference(ours: Judged, rows: Sequence[Prediction]) -> Difference | None:
    key = ours.item.answer
    hits = [is_right(row.text, _key(row, key)) for row in rows]
    taken = [option_of(row.text) for row in rows]
    right, total = sum(hits) - (ours.status == "right"), len(rows) - 1
    letters = [one.text if one.text is not None and one.text in tuple(LETTERS) else None for one in taken]
    if not right and not total and letters == [ours.letter]:
        return None
    kind = _kind(ours, rows, key)
    shown = " | ".join("–" if one.text is None else f"{one.text[:40]} ({one.rule})" for one in taken)
    return Difference(ours.item.id, kind, f"{ours.letter or '–'} ({ours.ground})", shown or "–", key, right, total, ours.text or "")


def _kind(ours: Judged, rows: Sequence[Prediction], key: str) -> Kind:
    if not rows:
        return "no prediction"
    if len(rows) > 1:
        return "answered twice"
    if _key(rows[0], key) != key:
        return "another key"
    if option_of(rows[0].text).text == "A" and ours.letter != "A" and _ARTICLE.match(rows[0].text or ""):
        return "the article A"
    return "open to us" if ours.letter is None and option_of(rows[0].text).rule != "none" else "read differently"


def _key(row: Prediction, ours: str) -> str:
    """The key that the public scorer would use: the file's own where it has one."""
    return row.key.upper() if row.key else ours


def parity(judged: Sequence[Judged], rows: Sequence[Prediction]) -> tuple[dict[str, Any], list[Difference]]:  # Any: plain JSON
    """Both figures, what each kind of difference changes, and the differences. The changes add up: ours plus all of them is the public scorer's."""
    found = differences(judged, rows)
    right, total = sum(one.status == "right" for one in judged), len(judged)
    kinds = []
    for kind, why in WHY.items():
        mine = [one for one in found if one.kind == kind]
        if mine:
            kinds.append({"kind": kind, "why": why, "items": len(mine), "right": sum(one.right for one in mine), "total": sum(one.total for one in mine)})
    public_right, public_total = right + sum(one.right for one in found), total + sum(one.total for one in found)
    told = {
        "ours": {"right": right, "total": total, "accuracy": right / total if total else None},
        "public": {"right": public_right, "total": public_total, "accuracy": public_right / public_total if public_total else None},
        "kinds": kinds,
        "by_modality": _by_modality(judged, found),
    }
    return told, found


def _by_modality(judged: Sequence[Judged], found: Sequence[Difference]) -> list[dict[str, Any]]:
    """The public scorer's only cut, of the items that the run knows."""
    modality = {one.item.id: one.item.modality for one in judged}
    right = Counter(one.item.modality for one in judged if one.status == "right")
    total = Counter(one.item.modality for one in judged)
    more: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for one in found:
        if one.item in modality:
            more[modality[one.item]] += one.right
            rows[modality[one.item]] += one.total
    told = []
    for name in sorted(total):
        counted = total[name] + rows[name]
        told.append({"modality": name, "ours": right[name] / total[name], "public": (right[name] + more[name]) / counted if counted else None})
    return told


def as_markdown(told: Mapping[str, Any], name: str) -> str:
    """Both figures, and the sum that leads from one to the other."""
    ours, public = told["ours"], told["public"]
    lines = [f"# Our score and the public scorer's: {name}", ""]
    lines += ["| | right | of | accuracy % |", "|---|---:|---:|---:|"]
    lines.append(f"| ours | {ours['right']} | {ours['total']} | {_percent(ours['accuracy'])} |")
    lines += [f"| {row['kind']} ({row['items']}) | {row['right']:+d} | {row['total']:+d} | |" for row in told["kinds"]]
    lines.append(f"| the public scorer's arithmetic | {public['right']} | {public['total']} | {_percent(public['accuracy'])} |")
    lines += ["", *(f"* **{row['kind']}**: {row['why']}" for row in told["kinds"])]
    lines += ["", "| modality | ours % | public % |", "|---|---:|---:|"]
    lines += [f"| {row['modality']} | {_percent(row['ours'])} | {_percent(row['public'])} |" for row in told["by_modality"]]
    return "\n".join(lines) + "\n"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f}"


def as_csv(found: Sequence[Difference]) -> str:
    """One row for each item or row on which the two differ."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["item", "kind", "ours", "public", "key", "right", "total", "prediction"])
    writer.writerows([one.item, one.kind, one.ours, one.public, one.key, one.right, one.total, one.text[:2000]] for one in found)
    return stream.getvalue()
