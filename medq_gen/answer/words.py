"""What a question says to someone who reads it without the picture: features of each option, from the words of the item alone."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

_DULL = frozenset({
    "a", "an", "the", "of", "in", "on", "at", "by", "for", "to", "from", "with", "and", "or", "is", "are", "was", "be", "this", "that", "these", "it", "its",
    "there", "you", "do", "does", "would", "could", "can", "any", "if", "how", "what", "which", "where", "most", "image", "picture", "scan", "slice", "mr",
    "mri", "ct", "frame", "photograph", "slide",
})  # fmt: skip
# Words that turn a yes/no question round: "yes" then says that the finding is not there, or not above the level.
_TURNED = re.compile(
    r"\b(?:free of|absent from|absent\?|be ruled out|unaffected|without|is absent|are absent|at most|or below|the most that|no higher than|no more than"
    r"|hidden|unrecognisable|unrecognizable|lost to view|prevent|missing)\b|\babsent\b(?! to)"
)


def folded(text: str) -> str:
    """For comparison: small letters, single spaces, no punctuation at the ends."""
    return re.sub(r"\s+", " ", text).strip(" .,;:!?\"'()").lower()


def content(text: str) -> list[str]:
    """The words that say something, in order."""
    return [word for word in re.findall(r"[^\W\d_]+", text.lower()) if word not in _DULL]


def meant(question: str, option: str) -> str:
    """An option by what it says: "yes" to a turned question is a "no"."""
    name = folded(option)
    if name in ("yes", "no") and _TURNED.search(question.lower()):
        return "no" if name == "yes" else "yes"
    return name


def features(question: str, options: Sequence[str]) -> list[dict[Hashable, float]]:
    """Each option: its text, words, position and neighbours, alone and beside the words and the wording of the question. Values are shares of 1 a kind."""
    words = content(question)
    names = [folded(option) for option in options]
    out: list[dict[Hashable, float]] = []
    for place, name in enumerate(names):
        says = meant(question, options[place])
        found: dict[Hashable, float] = {
            ("option", name): 1.0,
            ("says", says): 1.0,
            ("place", len(names), place): 1.0,
            ("wording", folded(question), name): 1.0,
        }
        for word in content(options[place]):
            found["option word", word] = 1.0
        for other in names:
            if other != name:
                found["beside", name, other] = 1.0
        for word in words:
            found["asked", word, name] = 1.0
            found["asked, says", word, says] = 1.0
        out.append(found)
    return out
