"""A judge's reply read strictly: a whole score of the scale, once, or a reason why there is none. Nothing is guessed."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

QuoteIn = Literal["description", "reference", "nowhere", "none"]
LONGEST = 100_000  # characters of a reply that are looked at, from its end
_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.IGNORECASE | re.DOTALL)
_THOUGHT = re.compile(r"^.*</(?:think|thinking|reasoning)>", re.IGNORECASE | re.DOTALL)  # servers may swallow the tag that opens it
_OBJECT = re.compile(r"\{\s*\"")
_SCORE = re.compile(r"\bscore\b[\s*_\"']{0,6}[:：][\s*_\"'\[]{0,6}(-?\d+(?:[.,]\d+)?)", re.IGNORECASE)
_NUMBER = re.compile(r"[\s*_]*(-?\d+(?:[.,]\d+)?)[\s*_]*")
_BROKEN = 50  # objects that begin and do not end well, after which nobody looks on: each may cost the whole text
_ELISION = re.compile(r"\.\.\.|…")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply says. score : None where it cannot be read; problem : why. quote, reason : its evidence, "" where it gives none."""

    score: int | None
    problem: str = ""
    quote: str = ""
    reason: str = ""


def read_object(reply: str, code: str, scores: Sequence[int]) -> Reading:
    """The score in the JSON object that carries the code of the item; other objects, such as one copied from the graded text, do not count."""
    problems: list[str] = []
    found: list[Reading] = []
    for value in _objects(_said(reply)):
        problem = _problem(value, code, scores)
        if problem:
            problems.append(problem)
        else:
            found.append(Reading(value["score"], "", value["quote"].strip(), value["reason"].strip()))
    if len({one.score for one in found}) > 1:
        return Reading(None, f"it gives several scores: {', '.join(str(one.score) for one in found)}")
    if found:
        return found[0]
    return Reading(None, problems[0] if problems else "it holds no JSON object")


def read_score(reply: str, prompt: str, scores: Sequence[int]) -> Reading:
    """The score after "Score:", or a bare number, as the official prompts ask for it; two different scores, or 2.9, are none."""
    said = _said(reply)
    if prompt[:80] in reply:
        return Reading(None, "it repeats the prompt")
    bare = _NUMBER.fullmatch(said)
    values = {float(match.replace(",", ".")) for match in ([bare[1]] if bare else _SCORE.findall(said))}
    if len(values) != 1:
        return Reading(None, f"it gives several scores: {', '.join(f'{value:g}' for value in sorted(values))}" if values else "it holds no score")
    (value,) = values
    if value not in scores:
        return Reading(None, f"score {value:g}; allowed: {', '.join(map(str, scores))}")
    return Reading(int(value))


def quote_in(quote: str, description: str, reference: str) -> QuoteIn:
    """Where the words of a quote stand; case, spaces and quotation marks aside. A quote with an ellipsis stands where all its parts do."""
    parts = [plain for part in _ELISION.split(quote) if (plain := _plain(part))]
    if not parts:
        return "none"
    places: tuple[tuple[QuoteIn, str], ...] = (("description", _plain(description)), ("reference", _plain(reference)))
    return next((name for name, text in places if all(part in text for part in parts)), "nowhere")


def _plain(text: str) -> str:
    return " ".join(html.unescape(text).casefold().translate(str.maketrans("’‘“”", "''\"\"")).split()).strip(" '\".,;:")


def _said(reply: str) -> str:
    """A reply without its thinking."""
    return _THOUGHT.sub("", _THINKING.sub(" ", reply[-LONGEST:])).strip()


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The outermost JSON objects of a text, in order; one with a field given twice is none."""
    decoder = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_never)
    place = broken = 0
    while broken < _BROKEN and (match := _OBJECT.search(text, place)):
        try:
            value, place = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            place, broken = match.end(), broken + 1
            continue
        yield value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a field is given twice")
    return dict(pairs)


def _never(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _problem(value: dict[str, Any], code: str, scores: Sequence[int]) -> str:
    absent = [name for name in ("check", "reason", "quote", "score") if name not in value]
    if absent:
        return f"the field {absent[0]!r} is missing"
    if str(value["check"]).strip().lower() != code:
        return "its check is not the code of the item"
    score = value["score"]
    if not isinstance(score, int) or isinstance(score, bool) or score not in scores:
        return f"score {json.dumps(score)[:40]}; allowed: {', '.join(map(str, scores))}"
    texts = [name for name in ("reason", "quote") if not isinstance(value[name], str)]
    return f"the field {texts[0]!r} is no text" if texts else ""
