"""Verdicts in anybody's words: the tier of a picture, and which of two pictures is better."""

# ruff: noqa: E501  # a pattern is read whole
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from medq_gen.claims.claim import Comparison, Image
from medq_gen.records import Tier

TIERS: tuple[Tier, ...] = ("good", "usable", "reject")
_WORDS: dict[tuple[Tier, ...], str] = {
    ("good",): "good|excellent|optimal|very good|outstanding|superb|perfect|high|ideal|great|pristine|very high",
    ("usable",): "usable|useable|acceptable|adequate|fair|moderate|medium|average|mediocre|satisfactory|sufficient|suboptimal|sub-optimal|intermediate|okay|ok|"
    "passable|borderline|limited|still usable|still acceptable|reduced|tolerable|so-so|decent|reasonable|marginal|middling|diagnostic but limited|impaired|degraded",
    ("reject",): "reject|rejected|rejectable|rejection|unusable|unuseable|unacceptable|non-diagnostic|nondiagnostic|non diagnostic|undiagnostic|poor|very poor|"
    "bad|very bad|low|very low|inadequate|insufficient|uninterpretable|useless|terrible|unsatisfactory|worthless|unreadable|awful|not diagnostic|extremely poor|"
    "severely degraded|severely compromised|severely reduced|severely impaired|not evaluable|discard|discarded|too poor|too bad|inacceptable|non-usable|not exploitable",
    ("good", "usable"): "diagnostic|interpretable|readable",
}  # fmt: skip
# Words that are a verdict wherever they are said of a picture; the others need the word "quality" or a heading beside them.
_STRONG = (
    "usable|useable|unusable|unuseable|reject|rejected|rejectable|unacceptable|acceptable|non-diagnostic|nondiagnostic|non diagnostic|uninterpretable|useless|"
    "inadequate|unsatisfactory|worthless|unreadable|diagnostic|interpretable|not diagnostic|not exploitable|non-usable|inacceptable|still usable|still acceptable|"
    "discarded|borderline"
)
_MILD = "good|excellent|poor|bad|very good|very poor|very bad|perfect|fine|okay|ok|adequate|terrible|optimal|suboptimal|sub-optimal|satisfactory|fair|mediocre|too poor|too bad"
_TIER_OF: dict[str, tuple[Tier, ...]] = {word: tiers for tiers, words in _WORDS.items() for word in words.split("|")} | {
    "fine": ("good",),
    "too poor": ("reject",),
}


def _any(words: str) -> str:
    return "|".join(re.escape(word).replace(r"\ ", r"\s+").replace(r"\-", "[- ]?") for word in sorted(words.split("|"), key=len, reverse=True))


_ALL = _any("|".join(_TIER_OF))
_SURE, _SOFT = _any(_STRONG), _any(f"{_STRONG}|{_MILD}")
_NOT = r"(?:(?P<not>not|no longer|never|cannot be|isn't|is not|hardly|far from|anything but)\s+)?"
_FILL = (
    r"(?:(?:therefore|thus|hence|considered|rated|judged|still|overall|to be|as|clearly|only|just|at best|definitely|rather|quite|fairly|pretty|really|a|an|the|be|"
    r"then|graded|deemed|called|classified|of|probably|barely|basically|generally|best|at a|at|level|simply|in|category|class|however|really|also)\s+)*"
)
_PICTURE = (
    r"(?:image|picture|scan|slice|frame|photo|photograph|study|slide|exam|examination|acquisition|section|one|it|this|micrograph|view|fundus photograph|sample)"
)
_HEAD = (
    r"(?:overall(?:\s+(?:quality|image quality|rating|assessment|verdict|impression|score|grade))?|verdict|conclusion|final\s+(?:verdict|rating|answer|grade|assessment|"
    r"judge?ment|decision|score|quality)|rating|grade|assessment|decision|judge?ment|quality\s+(?:rating|grade|verdict|level|class|score|category|assessment|label)|"
    r"in\s+(?:summary|conclusion|short|total|sum)|summary|result|classification|category|recommendation|to sum up|bottom line|all in all|status|label|class|score|evaluation)"
)
_SECOND = rf"(?:\s*(?:/|-|–|to|or|and)\s*(?P<second>{_ALL})\b)?"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # "the quality of this image is therefore usable", "Quality: poor", "overall quality good"
        rf"\bquality(?:\s+of\s+(?:this|the)\s+[\w-]+(?:\s+{_PICTURE})?)?\s*(?:(?:is|as|remains|appears|seems|was|can be|should be|must be|has to be|would be|looks|=|:|-|–|→)\s*|\s)"
        rf"{_FILL}{_NOT}{_FILL}[\"“'*(]*(?P<word>{_ALL})\b{_SECOND}(?!\s+(?:contrast|sharpness|noise|by\b))",
        # "between usable and reject"
        rf"\bbetween\s+[\"']?(?P<word>{_ALL})[\"']?\s+and\s+[\"']?(?P<second>{_ALL})\b",
        # "of good quality", "low overall image quality", "a non-diagnostic image"
        rf"\b(?:(?P<not>not of|no|not a|not|isn't)\s+)?(?:of\s+|a\s+|an\s+)?(?P<word>{_ALL})(?:\s*(?:/|-|to|or)\s*(?P<second>{_ALL}))?[- ]+"
        rf"(?:(?:overall|image|diagnostic|technical|picture|general|visual|scan)\s+)*quality\b",
        # "Verdict: reject", "Overall, the image is still usable", "Final rating - usable"
        rf"\b{_HEAD}\b[^.;:\w]*(?:(?:is|as|:|=|→|would be|remains)\s*)?(?:(?:the|this|that|i|we|say|would say|image|picture|scan|it|is|as|rate|call|for|of|my|therefore|photograph)\s+)*"
        rf"{_FILL}{_NOT}{_FILL}[\"“'*(]*(?P<word>{_ALL})\b{_SECOND}(?!\s+(?:contrast|sharpness|noise|illumination|exposure|staining|focus|resolution|visib|by\b|snr|signal|edges|detail|"
        rf"deline|uniform|amount|level|degree|blur|ghost|motion|image \d|first|second|in contrast))",
        # "I would rate it as usable", "classified as reject", "I'd call this image good"
        rf"\b(?:rate|rated|call|called|consider|considered|classif\w+|grade|graded|judge|judged|label|labell?ed|deem|deemed|score|scored|regard|regarded|categori[sz]ed?|marked?\s+(?:it\s+)?as|"
        rf"say|assess|assessed|declare|declared|accept|accepted|qualif\w+|give it|vote|count|counts)\s+(?:(?:it|this|that|the|image|picture|scan|as|to be|is|overall|one|frame|slide|photograph|a|an|"
        rf"quality|for|its|slice|section|fundus|photo|still|clearly|therefore|just|only|i'd|at best)\s+)*{_NOT}{_FILL}[\"“'*]*(?P<word>{_SOFT})\b{_SECOND}",
        # "this image is unusable", "it must be rejected", "the scan is not usable for diagnosis"
        rf"\b{_PICTURE}(?:,[^,.;]*,)?\s*(?:is|remains|appears|seems|was|looks|should be|must be|has to be|needs to be|can be|would be|will be|are|stays|'s|may be|ought to be)\s+"
        rf"{_FILL}{_NOT}{_FILL}(?P<word>{_SURE})\b{_SECOND}",
        rf"\b{_PICTURE}\s+(?:is|remains|appears|seems|was|looks|'s)\s+{_FILL}{_NOT}{_FILL}(?P<word>{_any(_MILD)})\b{_SECOND}(?=\s*(?:[.,;!)]|$|for\b|in\s+quality|but\b|and\b|"
        r"overall\b|because\b|due\b|with\b|although\b|despite\b|enough\b|as\b|though\b|since\b|,))",
        r"\b(?:should|must|has to|needs to|have to|ought to|to)\s+(?P<not>not\s+)?be\s+(?P<word>rejected|discarded)\b",
        # a sentence or a last clause that is nothing but the verdict
        rf"^\W*(?:(?:so|hence|therefore|thus|overall|clearly|definitely|probably|likely|maybe|perhaps|i think|still|just|barely|image|quality|clear|only|a|an|=>|->|final|picture|scan|i'd say|i say|in short|all in all|but)\W+)*"
        rf"{_NOT}(?P<word>{_SOFT})\b{_SECOND}(?:\s+(?:overall|quality|image|scan|picture|for\s+diagnos\w+|for\s+diagnostic\s+\w+|for\s+clinical\s+use|frame|slide))*\W*$",
        rf"(?:[,;–—:]|\s-|->|=>|→)\s*(?:(?:so|hence|therefore|thus|overall|still|just|but|and|clearly|however|=>|quality)\s+)*{_NOT}(?P<word>{_SURE})\b{_SECOND}"
        rf"(?:\s+(?:overall|quality|for\s+diagnos\w+|image))*\W*$",
        r"\b(?P<word>reject)\s+(?:this|the|it)\b",
    )
)  # fmt: skip
_USES = (
    r"(?:diagnos\w*|diagnostic\s+\w+|interpretation|clinical\s+(?:use|work|purposes?|routine|practice)|evaluation|assessment|reading|reporting|analysis|use)"
)
_PHRASED: tuple[tuple[tuple[Tier, ...], str], ...] = (
        (("reject",), rf"\b(?:not|no longer|never|hardly|isn't|barely|un)\s*(?:really\s+)?(?:suitable|fit|appropriate|adequate|sufficient|reliable|good enough|apt|valid|usable|suited|acceptable)\s+"
                      rf"(?:enough\s+)?(?:for|to)\s+(?:(?:any|a|an|the|reliable|confident|further|safe|be|support)\s+)*(?:{_USES}|used|make|read|interpret)"),
        (("reject",), rf"\b(?:unsuitable|unfit|inadequate|insufficient|useless|worthless|unusable|too\s+\w+)\s+for\s+(?:(?:any|a|an|the|reliable|confident)\s+)*{_USES}"),
        (("reject",), r"\b(?:cannot|can not|can't|could not|should not|must not)\s+(?:really\s+)?be\s+(?:reliably\s+)?(?:used|interpreted|accepted)\b(?!\s+to)"),
        (("reject",), r"\b(?:no|without|lacks|little)\s+(?:any\s+)?diagnostic\s+(?:value|use|usefulness|utility|information)\b"),
        (("reject",), r"\bdiagnosis\s+(?:(?:is|would be)\s+)?(?:not\s+possible|impossible|precluded|unreliable|not reliable)\b|\b(?:precludes?|prevents?|prohibits?|rules? out)\s+(?:a\s+|any\s+|reliable\s+)*diagnos\w+"),
        (("reject",), r"\b(?:should|must|needs? to|has to|ought to)\s+be\s+(?:repeated|rescanned|re-scanned|retaken|re-acquired|reacquired|excluded|redone|thrown away|re-done|acquired again|taken again)\b"),
        (("reject",), r"(?<!no )\b(?:repeat|rescan|re-?acquisition|retake|repetition|new (?:scan|acquisition|picture))\b[^.;]{0,30}\b(?:recommended|advised|required|necessary|needed|suggested|indicated|mandatory)\b"),
        (("reject",), r"\b(?:recommend|suggest|advise)\s+(?:to\s+)?(?:a\s+)?(?:repeat\w*|rescan\w*|retak\w+|re-?acqui\w+|reject\w*)\b|\bdo not use\b"),
        (("good", "usable"), rf"\b(?:suitable|fit|adequate|sufficient|good enough|appropriate|reliable)\s+(?:enough\s+)?for\s+(?:(?:any|a|an|the|reliable|confident|routine)\s+)*{_USES}"),
        (("good", "usable"), r"\bno\s+(?:need\s+to\s+repeat|repeat\s+(?:is\s+)?(?:needed|necessary|required))\b|\bdiagnosis\s+(?:is|remains)\s+(?:still\s+)?possible\b"),
        (("good", "usable"), r"\bcan\s+(?:still\s+)?be\s+(?:used|interpreted|accepted)\b"),
)  # fmt: skip
_PHRASES = tuple((tiers, re.compile(pattern, re.IGNORECASE)) for tiers, pattern in _PHRASED)


# "Sharpness is adequate for diagnosis" grades the sharpness, not the picture.
_OF_A_PROPERTY = re.compile(
    r"\b(?:sharpness|contrast|resolution|focus|illumination|lighting|exposure|staining|snr|ratio|brightness|visibility|definition)\b[^.;,]*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict: where its words stand (they are not read again), and the tiers that it allows."""

    start: int
    end: int
    tiers: tuple[Tier, ...]


def verdicts(sentence: str) -> list[Verdict]:
    """The verdicts of a sentence on one picture, in order; of overlapping readings the earliest and longest."""
    found = list(_worded(sentence))
    said = [(tiers, match) for tiers, pattern in _PHRASES for match in pattern.finditer(sentence)]
    found += [Verdict(match.start(), match.end(), tiers) for tiers, match in said if not _OF_A_PROPERTY.search(sentence[: match.start()])]
    found.sort(key=lambda verdict: (verdict.start, -verdict.end))
    kept: list[Verdict] = []
    for verdict in found:
        if not kept or verdict.start >= kept[-1].end:
            kept.append(verdict)
        elif verdict.end > kept[-1].end and len(verdict.tiers) == 1 and verdict.tiers == ("reject",):
            kept[-1] = Verdict(kept[-1].start, verdict.end, verdict.tiers)
    return kept


def _worded(sentence: str) -> Iterator[Verdict]:
    for pattern in _PATTERNS:
        for match in pattern.finditer(sentence):
            groups = match.groupdict()
            if re.search(r"\b(?:better|higher|worse|lower|superior|inferior|more|less|poorer)\s+$", sentence[: match.start()], re.IGNORECASE):
                continue
            tiers = _tiers_of(groups["word"])
            if groups.get("second"):
                other = _tiers_of(groups["second"] or "")
                tiers = tuple(tier for tier in TIERS if tier in tiers or tier in other)
            denied = bool(groups.get("not"))
            if denied and re.fullmatch(r"(?i)excellent|perfect|optimal|ideal|outstanding|high|very good|great|pristine|superb", groups["word"]):
                tiers = ("usable", "reject")
            elif (denied and tiers == ("good", "usable")) or (denied and tiers == ("usable",)):
                tiers = ("reject",)
            elif denied:
                tiers = tuple(tier for tier in TIERS if tier not in tiers)
            start = min(at for name in ("not", "word") if groups.get(name) and (at := match.start(name)) >= 0)
            yield Verdict(start, match.end(), tiers)


def _tiers_of(word: str) -> tuple[Tier, ...]:
    plain = re.sub(r"[\s-]+", " ", word.lower())
    return next((tiers for known, tiers in _TIER_OF.items() if re.sub(r"[\s-]+", " ", known) == plain), ("usable",))


# -- pairs ---------------------------------------------------------------------------------------------------------------------

_NOUN = r"(?:image|picture|scan|slice|frame|photo|photograph|one|panel|view|section|slide)"
_FIRST = rf"(?:(?:the\s+)?(?:first|1st|left|left-hand|former)(?:\s+{_NOUN})?|{_NOUN}\s*(?:#|no\.?\s*)?(?:1|one|A|a)\b|#1|(?-i:A)\b|1\b)"
_OTHER = rf"(?:(?:the\s+)?(?:second|2nd|right|right-hand|latter)(?:\s+{_NOUN})?|{_NOUN}\s*(?:#|no\.?\s*)?(?:2|two|B|b)\b|#2|(?-i:B)\b|2\b)"
_WHICH = rf"[\"“'*(]*(?:(?P<first>{_FIRST})|(?P<second>{_OTHER}))"
_BETTER = r"(?:better|best|superior|preferable|preferred|higher[- ]quality|of\s+(?:higher|better|superior)\s+quality)"
_WORSE = r"(?:worse|worst|inferior|poorer|lower[- ]quality|of\s+(?:lower|poorer|worse|inferior)\s+quality)"
_CHOSEN: tuple[tuple[Comparison, str], ...] = (
        ("better", rf"\b(?:prefer|choose|chose|select|pick|opt\s+for|go\s+(?:with|for)|vote\s+for|take|favou?r|in\s+favou?r\s+of|preference\s+(?:is\s+)?(?:for|goes\s+to|to)|decide\s+for|choice\s+(?:is|:))\s*"
                   rf"(?:(?:is|would\s+be|therefore|clearly)\s+)?{_WHICH}"),
        ("better", rf"\b{_BETTER}(?:\s+(?:image|picture|quality|one|scan|slice|overall))*\s*(?:is|:|=|-|–|→|goes\s+to|belongs\s+to|would\s+be)\s*(?:clearly\s+|therefore\s+|in\s+)?{_WHICH}"),
        ("better", rf"\b(?:winner|final\s+answer|answer|verdict|conclusion|final\s+verdict|decision|result|choice)\s*(?:is|:|=|-|–|→)\s*{_WHICH}(?!\s+(?:is|shows|has|suffers|was|are))(?!\s+image\s+(?:is|has|shows))"),
        ("better", rf"{_WHICH}\s+(?:(?:is|looks|appears|seems|has|clearly|overall|definitely|by\s+far|much|the|far|remains|comes\s+out|therefore)\s+)*(?:{_BETTER}|wins|winner|is\s+to\s+be\s+preferred)(?!\s+(?!image|picture|quality|one|scan|overall|than|because|since|due|and|with|as|of)[a-z])"),
        ("worse", rf"\b{_WORSE}(?:\s+(?:image|picture|quality|one|scan))*\s*(?:is|:|=|-|–|→)\s*{_WHICH}"),
        ("worse", rf"{_WHICH}\s+(?:(?:is|looks|appears|seems|clearly|overall|definitely|much|far|the)\s+)*{_WORSE}(?!\s+(?!image|picture|quality|one|scan|overall|than|because|since|due|and|with|as|of)[a-z])"),
        ("better", rf"^\W*(?:overall\W+|so\W+|therefore\W+|hence\W+|verdict\W+)?{_WHICH}\s*(?:>|>>)\s*(?:{_FIRST}|{_OTHER})"),
        ("worse", rf"^\W*(?:overall\W+|so\W+|therefore\W+|hence\W+|verdict\W+)?{_WHICH}\s*(?:<|<<)\s*(?:{_FIRST}|{_OTHER})"),
        ("better", rf"^(?!\W*\d\W*$)\W*{_WHICH}\W*$"),
)  # fmt: skip
_CHOICES = tuple((direction, re.compile(pattern, re.IGNORECASE)) for direction, pattern in _CHOSEN)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which image a sentence calls better or worse as a whole."""

    image: Image
    direction: Comparison


def choices(sentence: str) -> list[Choice]:
    """The choices between two pictures that a sentence states in set words ("I prefer the second", "Better: image 1", "B wins")."""
    found: list[tuple[int, Choice]] = []
    for direction, pattern in _CHOICES:
        for match in pattern.finditer(sentence):
            before = sentence[max(0, match.start() - 12) : match.start()].lower() + sentence[match.start() : match.end()].lower()
            if re.search(r"\b(?:not|neither|n't|nor|than)\b", before):
                continue
            image: Image = "first" if match.group("first") else "second"
            if all(choice.image != image for _, choice in found):
                found.append((match.start(), Choice(image, direction)))
    return [choice for _, choice in sorted(found, key=lambda one: one[0])]
