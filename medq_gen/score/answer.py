"""What a model chose: from its own words to the letter of an option, or to nothing where the words leave it open."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

LETTERS = "ABCDEFGH"
How = Literal["letter", "text", "statement", "mention", "missing", "several", "nothing"]


@dataclass(frozen=True, slots=True)
class Answer:
    """The letter that was read, None where none could be; `how` says on what ground."""

    letter: str | None
    how: How


_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.IGNORECASE | re.DOTALL)
_TAGGED = re.compile(r"<answer>(.*?)</answer>", re.IGNORECASE | re.DOTALL)
_BOXED = re.compile(r"\\boxed\s*\{\s*(?:\\text\s*\{)?([^{}]*)\}?\s*\}")
_JSON = re.compile(r"""^\{\s*["'](?:answer|option|choice|prediction)["']\s*:\s*["']([^"']*)["']\s*[,}]""", re.IGNORECASE)
_MARKUP = re.compile(r"[*_`$]+")
_NEGATIONS = re.compile(
    r"\b(?:no|not|isn't|aren't|wasn't|cannot|can't|never|without|nor|neither|rather than|instead of|free of|absence of|lack of|wrong|incorrect)\b"
)
# "A" before a word is the article, unless one of these words follows.
_AFTER_LETTER = r"(?:is|was|are|because|since|as|seems|fits|would|for|and|or)"
_LABELS = r"(?:image|figure|fig|panel|picture|view|type|grade|vitamin|stage|class|hepatitis|group)"


def _plain(text: str) -> str:
    """The part of an answer that answers: without thoughts, tags, markup and exotic characters."""
    text = unicodedata.normalize("NFKC", text).replace("\u2019", "'")
    text = _THINKING.sub(" ", text)
    for envelope in (_TAGGED, _BOXED, _JSON):
        found = envelope.findall(text.strip())
        if found:
            text = found[-1]
    return re.sub(r"\s+", " ", _MARKUP.sub("", text)).strip()


def _folded(text: str) -> str:
    """A text for comparison: no case, no punctuation at its ends, single spaces."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip(" \t\n.,;:!?\"'()[]{}").casefold()


def _negated(before: str) -> bool:
    """Whether what comes next is denied: a negation among the last three words of the same clause."""
    clause = re.split(r"[,.;:]|\bbut\b|\bhowever\b", before.casefold())[-1]
    return bool(_NEGATIONS.search(" ".join(clause.split()[-3:])))


def _one(letters: Iterable[str], how: How) -> Answer | None:
    """An answer where all agree; None where there is nothing to agree on."""
    found = set(letters)
    if not found:
        return None
    return Answer(found.pop(), how) if len(found) == 1 else Answer(None, "several")


def read_answer(text: object, options: Sequence[str]) -> Answer:
    """The option that a text chooses.

    In order: the text is a letter; the text is an option; it opens with a letter and its punctuation; it states its answer ("the answer is (B)"); it opens
    with yes or no;
    it mentions one letter; it mentions one option. Two different letters on the same ground leave the answer open. "A" as an article is no letter.
    """
    if text is None or (isinstance(text, float) and text != text):  # a table's empty cell arrives as NaN
        return Answer(None, "missing")
    plain = _plain(str(text))
    if not plain or (plain.casefold() in {"nan", "none", "null", "n/a"} and plain.casefold() not in map(_folded, options)):
        return Answer(None, "missing")
    letters = LETTERS[: len(options)]
    folded = {_folded(option): letter for option, letter in zip(options, letters, strict=True)}
    steps = (_bare, _whole, _opening, _stated, _yes_or_no, _mentioned, _named)
    return next((answer for step in steps if (answer := step(plain, letters, folded)) is not None), Answer(None, "nothing"))


def _bare(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    match = re.fullmatch(rf"[\s(\[{{\"'<]*(?:option|choice|answer)?\s*:?\s*[(\[]?([{letters}])[\s)\]}}\"'.,:;!>]*", text, re.IGNORECASE)
    return Answer(match[1].upper(), "letter") if match else None


def _whole(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    letter = folded.get(_folded(text))
    return Answer(letter, "text") if letter else None


def _opening(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    """A letter with its punctuation, then an option's text or a reason: "B. Moderate", "(C) noise", "B because ..."."""
    punctuated = rf"[(\[]?([{letters}{letters.lower()}])(?:[)\]]\s*[-.:,]?|[.:])\s*(.*)$"
    spaced = rf"([{letters}])(?:\s*[,;]|\s+[-–—])\s*(.*)$"
    alone = rf"([{letters.replace('A', '')}])(\s+.*)$"
    match = next((found for form in (punctuated, spaced, alone) if (found := re.match(form, text, re.DOTALL))), None)
    if match is None:
        return None
    letter, rest = match[1].upper(), match[2]
    owner = folded.get(_folded(rest)) or folded.get(_folded(re.split(r"[.\n;]", rest)[0]))
    if owner and owner != letter:
        return Answer(None, "several")  # the letter of one option beside the text of another
    others = _statements(rest, letters) - {letter} | set(re.findall(rf"(?:^|\s|,|/)\(?([{letters.replace('A', '')}])(?:[).,;]|$|\s+or\b)", rest)) - {letter}
    if re.match(r"\s*(?:or|and|/|&)\s*\(?[A-H]\b", rest):
        return Answer(None, "several")
    return Answer(None, "several") if others and not owner else Answer(letter, "letter")


def _statements(text: str, letters: str) -> set[str]:
    """Letters that a text gives as its answer."""
    lead = r"(?:answer|choice|option|choose|select|pick|go with|correct one|response|letter)"
    link = (
        r"(?:\s+(?:would be|must be|should be|is|was|are)|\s*[:=])?(?:\s+(?:most likely|probably|therefore|clearly|option|choice|letter|the option))*\s*:?\s*"
    )
    tail = rf"(?=[)\]\s]*(?:$|[.,;:!?)\]\"'–—-]|{_AFTER_LETTER}\b))"
    found = {match.upper() for match in re.findall(rf"\b(?i:{lead}){link}[(\[\"']?([{letters}{letters.lower()}])\b{tail}", text)}
    return found | set(re.findall(rf"\b([{letters}])\b[)\]]?\s+(?:is|would be)\s+(?:the\s+)?(?:most\s+)?(?:correct|right|answer|best)", text))


def _stated(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    """ "The answer is (B)": a final statement stands over the options that were weighed before it."""
    final = re.split(r"(?i)\b(?:final answer|in conclusion|therefore|thus|hence)\b", text)
    for part in (f"answer {final[-1]}" if len(final) > 1 else "", text):
        kept = re.sub(
            rf"(?i)\b(?:option|choice|answer)\s+\(?[{letters}]\)?\s+(?:is|was)\s+(?:not|wrong|incorrect)\b|\bnot\s+(?:option\s+)?\(?[{letters}]\b", " ", part
        )
        by_letter = _one(_statements(kept, letters), "statement")
        if by_letter:
            return by_letter
        named = re.findall(r"(?i)\banswer(?:\s+(?:is|would be|must be)|\s*:)\s*[\"']?(.+?)(?:[.;\"']|$)", kept)
        by_text = _one((folded[_folded(name)] for name in named if _folded(name) in folded), "statement")
        if by_text:
            return by_text
    return None


def _yes_or_no(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    """A leading Yes or No that stands alone; "No ghosting is seen" answers nothing by itself."""
    if not {"yes", "no"} <= set(folded):
        return None
    match = re.match(r"(yes|no)\b\s*(?=[,.;:!–—-]|$)", text.casefold())
    return Answer(folded[match[1]], "text") if match else None


def _mentioned(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    """Letters that stand alone, "A" only with brackets or punctuation, none that labels something else ("image B")."""
    text = re.sub(rf"\b(?i:{_LABELS})\s+[{letters}]\b", " ", text)
    article = rf"\(A\)|\bA(?=[.)\]:;]|\s*[/&]|$)|\bA(?=\s+{_AFTER_LETTER}\b)" if "A" in letters else r"(?!)"
    rest = letters.replace("A", "")
    kept = [match for match in re.finditer(rf"{article}|\b[{rest}]\b(?!')", text) if not _negated(text[: match.start()])]
    return _one((match[0].strip("()") for match in kept), "mention")


def _named(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    """Options whose words occur, the longest first so that "no artefact" is not also "artefact"; a negated option is not chosen."""
    rest, found = text.casefold(), set()
    for option in sorted(folded, key=len, reverse=True):
        if option in {"yes", "no"}:
            continue
        pattern = re.compile(rf"(?<!\w){re.escape(option)}(?!\w)")
        if any(not _negated(rest[: match.start()]) for match in pattern.finditer(rest)):
            found.add(folded[option])
        rest = pattern.sub(" | ", rest)
    return _one(found, "mention")
