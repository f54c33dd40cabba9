"""The questions of a run, as the score needs them."""

from __future__ import annotations

from medq_gen.score.answer import LETTERS
from medq_gen.score.perception import Item
from medq_gen.store import Store

_SAME = ("id", "record", "group", "split", "type", "scope", "modality", "level", "recipe", "question")
_WHERE_KNOWN = ("case", "family", "asked", "template")


def items_of(store: Store) -> list[Item]:
    """Every question of a run, in order."""
    rows = store.items("questions")
    return [
        Item(
            **{name: row[name] for name in _SAME},
            options=tuple(row["options"]),
            answer=LETTERS[row["answer"]],
            **{name: row.get(name) or "" for name in _WHERE_KNOWN},
        )
        for row in rows
    ]
