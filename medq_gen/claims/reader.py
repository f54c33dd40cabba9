"""Text to claims: sentences into segments, segments into mentions with negation, level, place, image and comparison."""

from __future__ import annotations

import re
from collections.abc import Iterator

from medq_gen.claims.claim import Claim, Image, Reading, Sentence, Subject
from medq_gen.claims.lexicon import Lexicon, Token, lexicon_of
from medq_gen.claims.segment import Segment
from medq_gen.ontology.adverbs import numeric_level
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import Tier

_END = re.compile(r"(?<=[.!?])[\"'”)]*\s+(?=[\"'“(]?[A-Z0-9])|\n+")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_GRADE = re.compile(r"\b(?:(?:grade|level|severity|score)(?: of)?\s+(\d)(?:\s*(?:/|of|out of)\s*(\d))?|(\d)\s*(?:/|out of)\s*(\d))\b", re.IGNORECASE)
_TIER_WORDS: dict[str, tuple[Tier, ...]] = {
    "good": ("good",), "excellent": ("good",), "usable": ("usable",), "acceptable": ("good", "usable"), "reject": ("reject",), "rejected": ("reject",),
    "unusable": ("reject",),
    "unacceptable": ("reject",), "non-diagnostic": ("reject",), "nondiagnostic": ("reject",),
}  # fmt: skip
_TIERS: tuple[Tier, ...] = ("good", "usable", "reject")
_WORD = "|".join(_TIER_WORDS)
_VERDICT = re.compile(
    r"\bquality(?:\s+of\s+(?:this|the)\s+(?:image|picture))?\s*(?:is|as|remains|:)\s*(?:considered|rated|judged|still|overall|to be|as|therefore|clearly)?"
    rf"\s*(not|no longer)?\s*(?:a\s+)?({_WORD})\b"
    rf"|\b(not of|of|has|have|with)\s+({_WORD})\s+(?:overall\s+|image\s+|diagnostic\s+)*quality\b"
    rf"|\b(?:should|must|has to)\s+(not\s+)?be\s+(rejected)\b",
    re.IGNORECASE,
)


def sentences_of(text: str) -> list[str]:
    """The sentences of a text; a decimal point ends none."""
    return [sentence for part in _END.split(text) if (sentence := _BULLET.sub("", part).strip()) and re.search(r"\w", sentence)]


def _grade(match: re.Match[str]) -> str:
    grade, top = int(match.group(1) or match.group(3)), int(match.group(2) or match.group(4) or 3)
    level = numeric_level(grade, top)
    return match.group() if level is None else "absent" if level == "none" else level


def _verdicts(sentence: str) -> Iterator[tuple[tuple[int, int], tuple[Tier, ...]]]:
    for match in _VERDICT.finditer(sentence):
        groups = match.groups()
        word = next(group for group in (groups[1], groups[3], groups[5]) if group)
        negated = bool(groups[0] or groups[4]) or (groups[2] or "").lower() == "not of"
        tiers = _TIER_WORDS[word.lower()]
        yield match.span(), tuple(tier for tier in _TIERS if tier not in tiers) if negated else tiers


def segments_of(tokens: list[Token]) -> list[list[Token]]:
    """The sentence cut where a negation ends: at "but", at "with", and before a new clause or a newly graded member of a list."""
    segments: list[list[Token]] = [[]]
    for place, token in enumerate(tokens):
        current = segments[-1]
        if token.role == "break":
            segments.append([token] if token.value in ("by contrast", "in contrast") else [])
            continue
        if token.role == "and" and _opens(tokens, place, current):
            segments.append([])
            continue
        current.append(token)
    return [segment for segment in segments if segment]


def _opens(tokens: list[Token], place: int, current: list[Token]) -> bool:
    after = tokens[place + 1 :]
    if not after:
        return False
    has_verb = any(token.role in ("be", "clear", "sound", "impaired", "hidden", "gone", "partly") for token in current)
    if has_verb and after[0].role in ("subject", "open", "image", "be", "negator", "little"):
        return True
    rest = [token for token in after[:5] if token.role not in ("level", "cap", "floor", "hedge", "word")]
    if has_verb and len(rest) > 1 and rest[0].role == "mention" and rest[1].role in ("be", "gone", "hidden", "clear", "negator"):
        return True
    negated = any(token.role == "negator" for token in current)
    graded = after[0].role == "level" and any(token.role == "mention" for token in after[1:3])
    alternative = tokens[place].value == "or" or any(token.value in ("or", "nor") for token in after)
    return negated and graded and not alternative


def read(text: str, vocabulary: Vocabulary) -> Reading:
    """Every claim that a text makes, in the words of a vocabulary.

    Returns
        The claims in order, and each sentence with whether anything was read in it.
    """
    lexicon: Lexicon = lexicon_of(vocabulary)
    image: Image | None = None
    last: tuple[Subject, ...] = ()
    claims: list[Claim] = []
    sentences: list[Sentence] = []
    introduces = False
    for sentence in sentences_of(text):
        before = len(claims)
        rest = sentence
        for (start, end), tiers in _verdicts(sentence):
            claims.append(Claim(subject=Subject(kind="verdict", name="tier"), verdict=tiers, text=sentence[start:end]))
            rest = rest[:start] + " " * (end - start) + rest[end:]
        tokens = lexicon.tokens(_GRADE.sub(_grade, rest))
        introduced = introduces
        introduces = any(meaning.subject.kind == "modality" for token in tokens for meaning in token.meanings)
        for words in segments_of(tokens):
            found = Segment(words, image=image, last=last, introduces=introduces or introduced, text=sentence)
            claims.extend(found.claims())
            image, last = found.image_after, found.last_after
        sentences.append(Sentence(text=sentence, read=len(claims) > before))
    return Reading(claims=tuple(claims), sentences=tuple(sentences))
