"""A stranger's text inside a prompt: between tags that it cannot know, in a spelling that cannot close them."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256

from medq_gen import files

FENCE_VERSION = 1
CODE_DIGITS = 12
LONGEST = 24_000  # characters of a description that are shown; five sentences have 800
_ROLE = re.compile(r"\[(?=/?[a-z]?[A-Z_]{2,}\])")  # "[INST]", "[/INST]", "[gMASK]": what chat templates take for a change of speaker


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as a judge sees it, before it is escaped. cut : characters of its middle that were left out."""

    text: str
    cut: int


def code_of(item: str, reference: str, description: str) -> str:
    """The code of an item's tags: hex digits of a hash over both texts, so that neither text can be written to hold it. Where one does by chance, the next."""
    for turn in range(1000):
        code = sha256(files.to_json([FENCE_VERSION, turn, item, reference, description]).encode("utf-8", "replace")).hexdigest()[:CODE_DIGITS]
        if code not in reference and code not in description:
            return code
    raise AssertionError("unreachable: a text of every code is longer than any text")


def shortened(text: str) -> Shown:
    """A text, without its middle where it is very long."""
    if len(text) <= LONGEST:
        return Shown(text, 0)
    half = LONGEST // 2
    return Shown(f"{text[:half]} … {text[-half:]}", len(text) - 2 * half)


def visible(text: str) -> Shown:
    """A text without what a reader would not see (format characters, private ones, hidden variation selectors, controls) and, where very long, its middle."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return shortened(text.translate({ord(character): _seen(character) for character in set(text)}).strip())


def _seen(character: str) -> str:
    if character in "\n\t":
        return character
    kind = unicodedata.category(character)
    if kind == "Cc":
        return " "
    hidden = kind in ("Cf", "Co", "Cs", "Cn") or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return "" if hidden else character


def escaped(text: str) -> str:
    """Without any tag: &, < and > as entities, and the bracket of a speaker's mark too. html.unescape gives the text back."""
    return _ROLE.sub("&#91;", html.escape(text, quote=False))


def fenced(name: str, code: str, text: str) -> str:
    """A text between its tags."""
    return f"<{name}-{code}>\n{escaped(text)}\n</{name}-{code}>"
