"""Two models on the same items: which is better, and how sure that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import binomtest

from medq_gen.errors import ConfigError
from medq_gen.score.interval import ratio_interval
from medq_gen.score.perception import Judged

CUTS = ("type", "level", "modality", "recipe", "scope")


def comparisons(models: Mapping[str, Sequence[Judged]]) -> list[dict[str, Any]]:  # Any: plain JSON
    """Every two models: `compared` over all items with Holm's correction over the pairs, and along each cut without one.

    Raises
        ConfigError: the models were judged on different items.
    """
    found = [{"first": first, "second": second, **_pair(models[first], models[second])} for first, second in combinations(models, 2)]
    for row, adjusted in zip(found, holm([row["overall"]["mcnemar_p"] for row in found]), strict=True):
        row["overall"]["mcnemar_p_holm"] = adjusted
    return found


def _pair(first: Sequence[Judged], second: Sequence[Judged]) -> dict[str, Any]:
    if [one.item.id for one in first] != [one.item.id for one in second]:
        raise ConfigError("two models can be compared on the same items alone, in the same order")
    both = list(zip(first, second, strict=True))
    cuts: dict[str, list[dict[str, Any]]] = {}
    for cut in CUTS:
        cells: dict[str, list[tuple[Judged, Judged]]] = defaultdict(list)
        for pair in both:
            cells[str(getattr(pair[0].item, cut))].append(pair)
        cuts[cut] = [{cut: value, **compared(cell)} for value, cell in sorted(cells.items())]
    return {"overall": compared(both), "by": cuts}


def compared(pairs: Sequence[tuple[Judged, Judged]]) -> dict[str, Any]:
    """Accuracy of the first less that of the second, missing and unreadable answers being wrong.

    difference_95 : percentile bootstrap over cases. mcnemar_p : exact two-sided test of McNemar (1947) on the items that one alone has right; it takes items as
    independent, where the bootstrap keeps cases whole: with few cases the interval is the one to believe.
    """
    right = np.array([[one.status == "right" for one in pair] for pair in pairs], dtype=bool).reshape(-1, 2)
    only_first, only_second = int((right[:, 0] & ~right[:, 1]).sum()), int((~right[:, 0] & right[:, 1]).sum())
    step = right[:, 0].astype(float) - right[:, 1].astype(float)
    interval = ratio_interval(step, np.ones(len(step)), [pair[0].item.case for pair in pairs])
    differ = only_first + only_second
    return {
        "items": len(pairs),
        "both_right": int((right[:, 0] & right[:, 1]).sum()),
        "only_first": only_first,
        "only_second": only_second,
        "neither": int((~right[:, 0] & ~right[:, 1]).sum()),
        **{
            f"{status}_{name}": sum(pair[side].status == status for pair in pairs)
            for status in ("missing", "unreadable")
            for side, name in enumerate(("first", "second"))
        },
        "difference": float(step.mean()) if len(step) else None,
        "difference_95": list(interval) if interval else None,
        "mcnemar_p": float(binomtest(only_first, differ, 0.5).pvalue) if differ else 1.0,
    }


def holm(p_values: Sequence[float]) -> list[float]:
    """P values corrected for their number, step down (Holm 1979)."""
    order = sorted(range(len(p_values)), key=lambda number: p_values[number])
    adjusted, worst = [0.0] * len(p_values), 0.0
    for rank, number in enumerate(order):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[number]))
        adjusted[number] = worst
    return adjusted
