"""Text to claims: sentences into segments, segments into mentions with negation, level, place, image and comparison."""

from __future__ import annotations

import re

from medq_gen.claims.claim import Claim, Image, Reading, Sentence, Subject
from medq_gen.claims.lexicon import Lexicon, Token, lexicon_of
from medq_gen.claims.segment import Segment
from medq_gen.claims.verdicts import choices, verdicts
from medq_gen.ontology.adverbs import numeric_level
from medq_gen.ontology.vocabulary import Vocabulary

_END = re.compile(r"(?<=[.!?])[\"'”)*]*\s+|\n+")
_BULLET = re.compile(r"^\s*(?:[-*•·–>]+|\(?\d+[.)]|\(?[a-h]\)|#+)\s+")
_ENUMERATED = re.compile(r"(?:^|(?<=[.;,:!\s]))\(?\d{1,2}[.)]\s+(?=[A-Za-z*\"])")
_SHORTENED = re.compile(r"(?:\b(?:e\.g|i\.e|dr|vs|approx|fig|cf|ca|resp|incl|esp|no|prof|mr|ms|st|etc)|^\W*\w)\.$", re.IGNORECASE)
_GRADE = re.compile(r"\b(?:(?:grade|level|severity|score)(?: of)?\s+(\d)(?:\s*(?:/|of|out of)\s*(\d))?|(\d)\s*(?:/|out of)\s*(\d))\b", re.IGNORECASE)
_SIGNS = {"+++": "severe", "++": "moderate", "+": "mild", "-": "absent", "0": "absent", "--": "absent"}
_SIGNED = re.compile(r"(?<=[a-zA-Z])\s*:?(?:\s+\(?(\+{1,3}|-{1,2}|0)\)?|(\+{1,3}))(?=\s*(?:[.,;|]|$))")
_AS_AS = re.compile(r"\bnot\s+(?:quite\s+|nearly\s+)?(?:as|so)\s+(\w+)\s+as\b", re.IGNORECASE)
_EQUALLY = re.compile(
    r"\b(?:just\s+|about\s+)?as\s+(\w+)\s+as\b(?=\s+(?:in\s+)?(?:the\s+)?(?:first|second|other|left|right|image|picture|scan|former|latter)\b)", re.IGNORECASE
)
_LABELLED = re.compile(r"^\W*(first|second|1st|2nd|left|right|A|B|1|2)\s*(?:[:=]|\s[-–—]\s)\s*", re.IGNORECASE)
_EXCEPTING = re.compile(
    r"\b(?:except|apart\s+from|aside\s+from|other\s+than|otherwise|besides|beside|beyond|no\s+(?:other|further|additional)|with\s+the\s+exception|remaining|else)\b",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"(?<=\w)\?\s+(?=(?:none|no|yes|nil|absent|mild|slight|moderate|severe|hardly|strong|marked|some|good|poor)\b[^,.;?!]{0,25}(?:[.;!]|$))", re.IGNORECASE
)
LONGEST = 2000  # characters of a sentence that is read; what is longer is no sentence, and is counted as unread
_FIRSTS = frozenset({"first", "1st", "left", "a", "1"})


def _prepared(text: str) -> str:
    """The text without markup; an enumeration within a line becomes lines, and a heading joins what it heads."""
    text = re.sub(r"\*\*|__|`|\u200b", "", text.replace("\r", "\n").replace("\u2019", "'"))
    text = re.sub(r"(?i)\b(ca)n't\b", r"\1nnot", text)
    text = re.sub(r"(?i)(?<=[a-z])n't\b", " not", text)
    text = re.sub(r"(?m)^\s*\|?[\s|:-]+\|?\s*$", "", text)
    text = re.sub(r"(?m)^\s*\|(.*)\|\s*$", lambda row: ": ".join(cell.strip() for cell in row.group(1).split("|") if cell.strip()) + ".", text)
    text = _ENUMERATED.sub("\n", text)
    text = _ASKED.sub(": ", text)
    return re.sub(r"(?m)^(\W*(?:\w+\W+){0,4}\w+\W*):[ \t]*\n+", r"\1: ", text)


def sentences_of(text: str) -> list[str]:
    """The sentences of a text; a decimal point or an abbreviation ends none."""
    found: list[str] = []
    for part in _prepared(text).split("\n"):
        pieces: list[str] = []
        for piece in _END.split(part):
            numbered = pieces and re.search(r"(?i)\bno\.$", pieces[-1]) and not piece[:1].isdigit()  # "Blur: no." ends a sentence, "image no. 1" does not
            if pieces and not numbered and _SHORTENED.search(pieces[-1]):
                pieces[-1] = f"{pieces[-1]} {piece}"
            else:
                pieces.append(piece)
        found += [sentence for piece in pieces if (sentence := _BULLET.sub("", piece).strip()) and re.search(r"\w", sentence)]
    return found


def _grade(match: re.Match[str]) -> str:
    grade, top = int(match.group(1) or match.group(3)), int(match.group(2) or match.group(4) or 3)
    level = numeric_level(grade, top)
    return match.group() if level is None else "absent" if level == "none" else level


def _plainer(sentence: str) -> str:
    """Grades, signs and "as ... as" in words that the lexicon knows."""
    sentence = _SIGNED.sub(lambda match: f" {_SIGNS[match.group(1) or match.group(2)]}", sentence)
    sentence = re.sub(r"(?i)\b(is|are|remains?|appears?)\s+otherwise\b", r"\1", sentence)
    sentence = _AS_AS.sub(r"less \1 than", sentence)
    sentence = _EQUALLY.sub(r"equally \1 , unlike", sentence)
    sentence = _LABELLED.sub(lambda match: f"{'first' if match.group(1).lower() in _FIRSTS else 'second'} image : ", sentence)
    return _GRADE.sub(_grade, sentence.replace("=", ":"))


_VALUES = frozenset(
    {"level", "sound", "impaired", "gone", "be", "little", "negator", "cap", "floor", "word", "and", "hedge", "place", "partly", "clear", "hidden"}
)


def segments_of(tokens: list[Token]) -> list[list[Token]]:
    """The sentence cut where a negation ends: at "but", at "with", and before a new clause or a newly graded member of a list."""
    segments: list[list[Token]] = [[]]
    for place, token in enumerate(tokens):
        current = segments[-1]
        if token.role == "break":
            if token.value == ":" and _labels(tokens, place, current):
                continue
            segments.append([token] if token.value in ("by contrast", "in contrast") else [])
            continue
        if token.role == "and" and _opens(tokens, place, current):
            segments.append([])
            continue
        current.append(token)
    return [segment for segment in segments if segment]


def _labels(tokens: list[Token], place: int, current: list[Token]) -> bool:
    """Whether a colon stands between the name of something and what is said of it ("Noise: moderate"), with no other mention before the next break."""
    if not any(token.role == "mention" for token in current) or any(token.role in ("be", "negator") for token in current):
        return False
    after: list[Token] = []
    for number, token in enumerate(tokens[place + 1 :], start=place + 1):
        if token.role == "break" or _next_label(tokens, number):
            break
        after.append(token)
    return bool(after) and all(token.role in _VALUES for token in after)


def _next_label(tokens: list[Token], place: int) -> bool:
    """Whether the next entry of a list starts behind this comma: "noise: mild, blur: none"."""
    return tokens[place].role == "and" and place + 2 < len(tokens) and tokens[place + 1].role == "mention" and tokens[place + 2].value == ":"


def _opens(tokens: list[Token], place: int, current: list[Token]) -> bool:
    after = tokens[place + 1 :]
    if not after:
        return False
    if _next_label(tokens, place):
        return True
    has_verb = any(token.role in ("be", "clear", "sound", "impaired", "hidden", "gone", "partly") for token in current)
    if has_verb and after[0].role in ("subject", "open", "image", "be", "negator", "little"):
        return True
    if has_verb and len(after) > 1 and after[0].value in ("in", "for", "on") and after[1].role == "image":
        return True
    rest = [token for token in after[:5] if token.role not in ("level", "cap", "floor", "hedge", "word")]
    if has_verb and len(rest) > 1 and rest[0].role == "mention" and rest[1].role in ("be", "gone", "hidden", "clear", "negator"):
        return True
    negated = any(token.role == "negator" for token in current)
    graded = after[0].role == "level" and any(token.role == "mention" for token in after[1:3])
    ends = len(after) < 3 or after[2].role in ("and", "break", "place")
    graded = graded or (after[0].role == "mention" and len(after) > 1 and after[1].role == "level" and ends)  # "no streaks, noise moderate"
    alternative = tokens[place].value == "or" or any(token.value in ("or", "nor") for token in after)
    return negated and graded and not alternative


def read(text: str, vocabulary: Vocabulary, modality: str | None = None) -> Reading:
    """Every claim that a text makes, in the words of a vocabulary.

    modality : of the picture, where it is known: a word that several modalities use is then read as that modality uses it.

    Returns
        The claims in order, and each sentence with whether anything was read in it.
    """
    lexicon: Lexicon = lexicon_of(vocabulary)
    image: Image | None = None
    last: tuple[Subject, ...] = ()
    claims: list[Claim] = []
    sentences: list[Sentence] = []
    introduces = False
    quality, tier, whole = Subject(kind="picture", name="quality"), Subject(kind="verdict", name="tier"), Subject(kind="picture", name="artefact")
    for sentence in sentences_of(text):
        before, number = len(claims), len(sentences)
        if len(sentence) > LONGEST:
            sentences.append(Sentence(text=f"{sentence[:LONGEST]} …", read=False))
            continue
        rest = sentence
        given: list[Claim] = []
        for verdict in verdicts(sentence):
            shown = _image_in(lexicon.tokens(sentence[: verdict.end], modality), image)
            given.append(Claim(subject=tier, verdict=verdict.tiers, image=shown, text=sentence[verdict.start : verdict.end], sentence=number))
            rest = rest[: verdict.start] + " " * (verdict.end - verdict.start) + rest[verdict.end :]
        tokens = lexicon.tokens(_plainer(rest), modality)
        introduced = introduces
        introduces = any(meaning.subject.kind == "modality" for token in tokens for meaning in token.meanings)
        told = False
        for words in segments_of(tokens):
            found = Segment(words, image=image, last=last, introduces=introduces or introduced, text=sentence, follows=told)
            new = [claim.model_copy(update={"sentence": number}) for claim in found.claims()]
            told = told or bool(new)
            claims.extend(new)
            image, last = found.image_after, found.last_after
        if _EXCEPTING.search(sentence):  # "apart from noise, no artefacts" denies the others only
            claims[before:] = [claim for claim in claims[before:] if claim.subject != whole or claim.polarity == "present"]
        claims.extend(given)
        for choice in choices(sentence):
            if not any(claim.subject == quality and claim.sentence == number and claim.image == choice.image for claim in claims):
                claims.append(Claim(subject=quality, image=choice.image, comparison=(choice.direction,), text=sentence, sentence=number))
        sentences.append(Sentence(text=sentence, read=len(claims) > before))
    return Reading(claims=tuple(claims), sentences=tuple(sentences))


def _image_in(tokens: list[Token], current: Image | None) -> Image | None:
    """The image that a verdict at the end of these words is about."""
    named = [token.value for token in tokens if token.role == "image" and token.value in ("first", "second")]
    return named[-1] if named else current  # type: ignore[return-value]
