"""What is taken for what: the option that is right against the option that was chosen, for each set of options."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from medq_gen.score.perception import Judged

NOT_CHOSEN = ("missing", "unreadable")
SCALES = (("absent", "mild", "moderate", "severe"), ("no degradation", "mild", "moderate", "severe"), ("good", "usable", "reject"), ("yes", "no"))


def confusions(judged: Sequence[Judged]) -> list[dict[str, Any]]:  # Any: plain JSON
    """One table for each scale of options (yes/no, levels, grades), and one for each modality and family over the options of all its other items.

    `counts[i][j]`: items whose right option is rows[i] and whose answer was columns[j]; the last columns are missing and unreadable answers, so that the rows
    add up to the items. A cell counts nothing where an option was never offered beside the right one: `offered` says how often it was.
    """
    tables: dict[tuple[str, ...], list[Judged]] = defaultdict(list)
    for found in judged:
        tables[_name(found)].append(found)
    return [_table(name, rows) for name, rows in sorted(tables.items())]


def _name(found: Judged) -> tuple[str, ...]:
    item = found.item
    offered = {option.casefold() for option in item.options}
    scale = next((scale for scale in SCALES if offered <= set(scale) and len(offered & set(scale)) > 1), None)
    return (item.type, " / ".join(scale)) if scale else (item.type, item.modality, item.family)


def _table(name: tuple[str, ...], rows: Sequence[Judged]) -> dict[str, Any]:
    scale = next((scale for scale in SCALES if name[-1] == " / ".join(scale)), ())
    options = {option.casefold(): option for found in rows for option in found.item.options}
    order = [word for word in scale if word in options] or sorted(options)
    counts = Counter((found.item.right.casefold(), found.chosen.casefold() if found.chosen else found.status) for found in rows)
    offered = Counter((found.item.right.casefold(), option.casefold()) for found in rows for option in found.item.options)
    kept = [word for word in order if any(counts[word, column] for column in (*order, *NOT_CHOSEN))]
    return {
        "options": " · ".join(name),
        "items": len(rows),
        **{status: sum(found.status == status for found in rows) for status in NOT_CHOSEN},
        "rows": [options[word] for word in kept],
        "columns": [*(options[word] for word in order), *NOT_CHOSEN],
        "counts": [[counts[word, column] for column in (*order, *NOT_CHOSEN)] for word in kept],
        "offered": [[offered[word, column] for column in order] for word in kept],
    }
