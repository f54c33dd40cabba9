"""The arithmetic of the public scorer, stated anew so that its figures can be set beside ours. Its faults are part of it: nothing here scores for us.

References
    VLMEvalKit, vlmeval/dataset/medqbench_mcq.py, medqbench_caption.py and medqbench_paired_description.py (commit e8e78f05; release 0.0.20).
Oracle
    The installed package itself, where MEDQ_GEN_VLMEVALKIT names it: tests/medq_gen/score/test_public_tool.py.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

Rule = Literal["the letter alone", "the letter that it begins with", "a letter before a dash or colon", "the first letter that stands alone", "none"]
_RULES: tuple[
    tuple[Rule, re.Pattern[str]], ...
] = (  # tried in this order on the text in capitals; a rule for "answer is" is in small letters there and never fits
    ("the letter alone", re.compile(r"\A([A-D])\Z")),
    ("the letter that it begins with", re.compile(r"\A([A-D])[.)\s]")),
    ("a letter before a dash or colon", re.compile(r"\A([A-D])\s*[-:]")),
    ("the first letter that stands alone", re.compile(r"(?<![A-Z])([A-D])(?![A-Z])")),
)
_AFTER_SCORE = re.compile(r"Score\s*[:：]\s*([0-2](?:\.\d+)?)")
_BARE = re.compile(r"\s*([0-2](?:\.\d+)?)\s*")


_EMPTY = frozenset((
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
))  # fmt: skip


def cell_of(text: str | None) -> str | None:
    """What is left of a reply in the workbook that is scored: its reader (pandas) takes such words for an empty cell."""
    return None if text is None or text in _EMPTY else text


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken for the answer: a letter, or the whole text in capitals where no rule finds one. None stands for an empty cell."""

    text: str | None
    rule: Rule


def option_of(text: str | None) -> Taken:
    """The answer that is read from a cell."""
    if text is None:
        return Taken(None, "none")
    shout = text.strip().upper()
    for rule, pattern in _RULES:
        found = pattern.search(shout)
        if found:
            return Taken(found[1], rule)
    return Taken(shout, "none")


def is_right(text: str | None, key: str) -> bool:
    """Whether a reply counts as right."""
    return option_of(text).text == key.upper()


def judge_score(reply: str) -> float | None:
    """The score that is read from a judge's reply; None is left out of the mean."""
    said = reply.strip()
    found = _AFTER_SCORE.search(said)
    if found:
        return float(found[1])
    value = _loaded(said)
    if isinstance(value, dict):
        value = next((value[name] for name in ("score", "Score") if name in value), None)
        value = _number(value)
    if isinstance(value, int | float) and 0 <= value <= 2:
        return float(value)
    bare = _BARE.fullmatch(said)
    return float(bare[1]) if bare else None


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _number(value: object) -> float | None:
    """A value of an object may be a text."""
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except ValueError:
        return None
