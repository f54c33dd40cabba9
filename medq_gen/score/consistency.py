"""Whether a model's answers over the levels of one case fit together: more of a degradation may not look like less."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from medq_gen.score.confusion import SCALES
from medq_gen.score.interval import ratio_interval
from medq_gen.score.perception import Judged

ORDER = ("none", "mild", "moderate", "severe")
PRESENCE = "presence"
INVERSE = "/inverse/"  # in the name of a template whose Yes says that the finding is not there


def consistency(judged: Sequence[Judged]) -> dict[str, Any]:  # Any: plain JSON
    """Pairs of items about one thing on two levels of one ladder (case, recipe, repeat).

    Compared are grades (absent to severe; good to reject) of one word, and presence of one word. A pair whose right answers rise from the lower to the higher
    level is `in_order` where the chosen ones rise too, `tied` where they are equal, `reversed` where they fall; where the right answers are equal, so are
    those in order, and others are `moved`. consistent : share that is in order, with an interval over cases. Pairs in which an answer is missing or
    cannot be read are in the denominator, and counted beside. ladders : those with items on two levels or more; all_right : share of them all of whose items
    are right.
    """
    ladders: dict[tuple[str, ...], list[Judged]] = defaultdict(list)
    for found in judged:
        ladders[found.item.record.rpartition("/")[0], found.item.family, found.item.asked].append(found)
    pairs = [pair for rows in ladders.values() for pair in _pairs(rows)]
    names = [name for name, _ in pairs]
    whole: dict[str, list[Judged]] = defaultdict(list)
    for found in judged:
        whole[found.item.record.rpartition("/")[0]].append(found)
    several = [rows for rows in whole.values() if len({found.item.level for found in rows}) > 1]
    good = np.array([name == "in_order" for name in names], dtype=float)
    interval = ratio_interval(good, np.ones(len(good)), [case for _, case in pairs]) if pairs else None
    return {
        "pairs": len(pairs),
        **{name: names.count(name) for name in ("in_order", "tied", "reversed", "moved", "unreadable")},
        "consistent": float(good.mean()) if pairs else None,
        "consistent_95": list(interval) if interval else None,
        "ladders": len(several),
        "all_right": sum(all(found.status == "right" for found in rows) for rows in several) / len(several) if several else None,
    }


def _pairs(rows: Sequence[Judged]) -> Iterator[tuple[str, str]]:
    """(what became of the pair, case) for every two levels."""
    ranked = [(ORDER.index(found.item.level), found) for found in rows if found.item.level in ORDER]
    for (low, lower), (high, higher) in combinations(sorted(ranked, key=lambda pair: pair[0]), 2):
        right = [_grade(found, found.item.right) for found in (lower, higher)]
        if low == high or right[0] is None or right[1] is None:
            continue
        yield _fate(right[1] - right[0], [_grade(found, found.chosen) for found in (lower, higher)]), lower.item.case


def _fate(rise: int, chosen: Sequence[int | None]) -> str:
    if chosen[0] is None or chosen[1] is None:
        return "unreadable"
    step = chosen[1] - chosen[0]
    if rise == 0:
        return "in_order" if step == 0 else "moved"
    if step == 0:
        return "tied"
    return "in_order" if (step > 0) == (rise > 0) else "reversed"


def _grade(found: Judged, option: str | None) -> int | None:
    """Where an option stands on its scale, more harm being more; None where it stands on none."""
    if option is None:
        return None
    word, offered = option.casefold(), {name.casefold() for name in found.item.options}
    if offered == {"yes", "no"}:
        if found.item.family != PRESENCE:
            return None
        return int((word == "yes") != (INVERSE in found.item.template))
    scale = next((scale for scale in SCALES if offered <= set(scale)), None)
    return scale.index(word) if scale else None
