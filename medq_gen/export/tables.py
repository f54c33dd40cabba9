"""Tab-separated tables that pandas reads back as they were written, text as text."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from medq_gen.errors import StoreError

# What readers of tables take for an empty cell, in any case of letters.
MISSING_WORDS = frozenset(
    {"", "none", "na", "n/a", "#n/a", "#n/a n/a", "#na", "<na>", "nan", "-nan", "null", "nil", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"}
)
# A column of such cells comes back as numbers or truth values: "2" beside an empty cell becomes "2.0", "TRUE" becomes "True".
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?|true|false", re.IGNORECASE)
UNSTATED = "not stated"


def is_missing_word(text: str) -> bool:
    """Whether a reader of tables would take the text for nothing."""
    return text.strip().casefold() in MISSING_WORDS


def require_text(text: str, *, item: str, column: str) -> str:
    """A text that survives the way through a table.

    Raises
        StoreError: it would come back as missing or as a number; names item and column.
    """
    if is_missing_word(text) or _NUMBER.fullmatch(text.strip()) or "\x00" in text:
        what = "nothing" if is_missing_word(text) else "a number" if "\x00" not in text else "a broken row"
        remedy = "Write it in words (as in 'No artefact', 'two replicas') and draft again"
        raise StoreError(f"item {item}, {column}: {text!r} would be read as {what} by tools that load tables. {remedy}")
    return text


def stated(text: str | None) -> str:
    """A descriptive cell: never empty, never a word that reads as empty."""
    return UNSTATED if text is None or is_missing_word(text) else text


def write_tsv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> int:
    """Write the rows with these columns; the number of rows. Cells with tabs, quotes or line breaks are quoted as pandas expects."""
    n_rows = 0
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(
            stream, fieldnames=list(columns), delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_MINIMAL, restval="", extrasaction="raise"
        )
        writer.writeheader()
        for row in rows:
            # pandas ends a row at a lone carriage return outside quotes, and folds one inside quotes into nothing
            writer.writerow({name: cell.replace("\r\n", "\n").replace("\r", "\n") for name, cell in row.items()})
            n_rows += 1
    return n_rows
