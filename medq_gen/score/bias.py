"""Whether a model favours an answer for its own sake: Yes over No, the first option over the last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import chisquare

from medq_gen.score.answer import LETTERS
from medq_gen.score.interval import ratio_interval
from medq_gen.score.perception import Judged


def yes_bias(judged: Sequence[Judged]) -> list[dict[str, Any]]:  # Any: plain JSON
    """Over all yes/no items, and by level: how much oftener Yes is said than it is right.

    yes_said, yes_right : shares among the answers that can be read. bias : their difference, with an interval over cases. hits : share of Yes where Yes is
    right; false_alarms : where No is right. Missing and unreadable answers say neither, and are counted beside.
    """
    polar = [found for found in judged if {option.casefold() for option in found.item.options} == {"yes", "no"}]
    by_level: dict[str, list[Judged]] = defaultdict(list)
    for found in polar:
        by_level[found.item.level].append(found)
    cuts = [("all", polar), *sorted(by_level.items())] if polar else []
    return [{"level": level, **_yes(rows)} for level, rows in cuts]


def _yes(rows: Sequence[Judged]) -> dict[str, Any]:
    readable = [found for found in rows if found.chosen is not None]
    said = np.array([str(found.chosen).casefold() == "yes" for found in readable], dtype=float)
    right = np.array([found.item.right.casefold() == "yes" for found in readable], dtype=float)
    interval = ratio_interval(said - right, np.ones(len(said)), [found.item.case for found in readable]) if readable else None
    return {
        **_counts(rows),
        "yes_said": _share(said.sum(), len(said)),
        "yes_right": _share(right.sum(), len(said)),
        "bias": _share((said - right).sum(), len(said)),
        "bias_95": list(interval) if interval else None,
        "hits": _share((said * right).sum(), right.sum()),
        "false_alarms": _share((said * (1 - right)).sum(), (1 - right).sum()),
    }


def position_bias(judged: Sequence[Judged]) -> list[dict[str, Any]]:  # Any: plain JSON
    """By number of options, yes/no items apart (their order never changes): how often each place is chosen, and how often it is right.

    shift : half the sum of |chosen - right| over the places, 0 where places play no part, of the readable answers. p : of a chi-square test that the chosen
    places are spread as the right ones are; it takes items as independent.
    """
    sets: dict[int, list[Judged]] = defaultdict(list)
    for found in judged:
        if {option.casefold() for option in found.item.options} != {"yes", "no"}:
            sets[len(found.item.options)].append(found)
    return [{"options": size, **_places(rows, size)} for size, rows in sorted(sets.items())]


def _places(rows: Sequence[Judged], size: int) -> dict[str, Any]:
    readable = [found for found in rows if found.letter is not None]
    chosen = np.bincount([LETTERS.index(str(found.letter)) for found in readable], minlength=size)
    right = np.bincount([LETTERS.index(found.item.answer) for found in readable], minlength=size)
    total = len(readable)
    can_test = total > 0 and right.min() > 0
    return {
        **_counts(rows),
        "places": list(LETTERS[:size]),
        "chosen": [_share(count, total) for count in chosen],
        "right": [_share(count, total) for count in right],
        "accuracy_where_right": [
            _share(sum(found.status == "right" for found in rows if found.item.answer == letter), sum(found.item.answer == letter for found in rows))
            for letter in LETTERS[:size]
        ],
        "shift": _share(np.abs(chosen - right).sum() / 2, total),
        "p": float(chisquare(chosen, right).pvalue) if can_test else None,
    }


def _counts(rows: Sequence[Judged]) -> dict[str, int]:
    return {"items": len(rows), **{status: sum(found.status == status for found in rows) for status in ("missing", "unreadable")}}


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
