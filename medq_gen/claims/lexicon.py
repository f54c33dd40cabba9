"""From the vocabulary to a table of phrases: which words may mean which subject, in which sense."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from medq_gen.claims.claim import Subject, worded
from medq_gen.ontology import adverbs
from medq_gen.ontology.contents import ANATOMY_WORDS, PICTURES, VIEW_WORDS
from medq_gen.ontology.levels import Level
from medq_gen.ontology.places import DIRECTIONS, PHRASES
from medq_gen.ontology.spelling import fold
from medq_gen.ontology.terms import Attribute
from medq_gen.ontology.vocabulary import Vocabulary

# fault: the thing itself; good: its absence; virtue: a noun that can be good or reduced; more, less: comparatives of the fault
Sense = Literal["fault", "good", "virtue", "more", "less", "structure", "hides", "content"]
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """One reading of a phrase."""

    subject: Subject
    sense: Sense
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """One element of a sentence: a mention (meanings), or a word of grammar (role and value). words : as they stand."""

    role: str
    value: str
    words: Words
    meanings: tuple[Meaning, ...] = ()


def words_of(text: str) -> Words:
    """A text as comparable words: British spelling, lower case, hyphens and long dashes as spaces, contractions written out."""
    text = fold(text).lower().replace("’", "'")
    text = re.sub(r"\bcan't\b|\bcan not\b", "cannot", text)
    text = re.sub(r"n't\b", " not", text)
    text = re.sub(r"\s[–—-]\s", " , ", text)
    text = text.replace("—", " , ")
    return tuple(re.findall(r"[^\W_]+(?:[&/.][^\W_]+)*%?|[,;:()]", text.replace("-", " ").replace("–", " ")))


# Words of grammar. role -> phrases; the longest match at a place wins, mentions before grammar.
GRAMMAR: dict[str, tuple[str, ...]] = {
    "negator": (
        "no", "not", "without", "neither", "nor", "never", "free of", "free from", "devoid of", "absence of", "lack of", "lacks", "lacking", "rather than",
        "instead of",
        "as opposed to", "no evidence of", "no evidence for", "no sign of", "no signs of", "no trace of", "no longer", "far from", "anything but", "cannot",
        "none of",
        "rules out", "excludes", "spared by", "spared from", "clear of", "unaffected by", "untouched by", "almost no", "virtually no", "nearly no",
        "in the absence of",
        "with no", "fails to show", "does not show", "do not show", "nowhere",
    ),
    "assertion": ("not only", "not just", "nothing but", "not merely", "without doubt", "no doubt", "without question"),
    "little": ("hardly any", "barely any", "scarcely any", "hardly", "barely", "scarcely", "little", "very little", "only little", "few", "very few",
    "next to no"),
    "gone": ("absent", "missing", "undetectable", "negligible", "nil", "imperceptible", "ruled out", "excluded", "nonexistent"),
    "break": (
        ";", ":", "but", "however", "although", "though", "while", "whereas", "yet", "except for", "except", "apart from", "aside from", "despite", "with",
        "which", "because",
        "so that", "yet", "whilst", "nevertheless", "by contrast", "in contrast", "on the other hand",
    ),
    "than": ("than", "compared with", "compared to", "relative to", "in comparison with", "against"),
    "cap": ("at most", "no more than", "not more than", "up to", "not exceeding", "no worse than"),
    "floor": ("at least", "no less than", "not less than"),
    "above": ("more than",),
    "below": ("less than",),
    "rise": ("more", "stronger", "heavier", "greater", "worse", "denser", "increased", "more pronounced", "more marked", "more severe", "more prominent",
    "more noticeable"),
    "drop": ("less", "weaker", "fewer", "milder", "lighter", "fainter", "less pronounced", "less marked", "less severe", "less prominent", "smaller"),
    "finer": ("better", "higher", "superior", "best", "highest", "preferable", "outperforms"),
    "poorer": ("poorer", "lower", "inferior", "lowest", "worst"),
    "same": ("equal", "equally", "the same", "similar", "similarly", "comparable", "comparably", "identical", "no different", "no difference in", "alike",
    "as much", "to the same degree"),
    "sound": (
        "good", "preserved", "well preserved", "adequate", "excellent", "maintained", "intact", "unimpaired", "satisfactory", "sufficient", "normal",
        "acceptable", "high",
        "unaffected", "optimal", "undisturbed", "unremarkable", "full", "as expected", "undiminished",
    ),
    "impaired": (
        "reduced", "lost", "poor", "degraded", "impaired", "limited", "low", "decreased", "compromised", "diminished", "insufficient", "weakened", "affected",
        "bad", "inadequate",
        "suboptimal", "deficient", "disturbed", "loss of", "poorly preserved",
    ),
    "clear": (
        "clearly visible", "clearly seen", "well seen", "well visible", "clearly delineated", "well delineated", "clear", "clearly", "distinct",
        "fully visible", "easily followed",
        "can be followed without effort", "well depicted", "clearly depicted", "seen in full detail", "visible", "seen", "delineated", "preserved",
        "identified", "made out", "can be seen",
        "well defined", "sharply defined", "readily identified", "followed",
    ),
    "partly": (
        "partly visible", "only partly visible", "partially visible", "only partly clear", "still recognisable", "recognisable",
        "recognisable but not fully clear", "less distinct",
        "hard to follow", "harder to follow", "partly obscured", "partially obscured", "still visible", "only just visible", "of limited visibility",
        "seen with reduced clarity",
        "not fully clear", "somewhat obscured", "incompletely delineated",
    ),
    "hidden": (
        "not visible", "not seen", "invisible", "lost", "cannot be made out", "cannot be seen", "can no longer be made out", "can no longer be seen",
        "no longer visible", "obscured",
        "completely obscured", "obliterated", "unrecognisable", "not recognisable", "beyond recognition", "no longer recognisable", "cannot be identified",
        "poorly seen", "poorly visible",
        "cannot be recognised", "obscure", "obscures", "not delineated", "cannot be followed",
    ),
    "blocks": ("hides", "hide", "hiding", "obscures", "obscure", "obscuring", "masks", "mask", "masking", "covers", "covering", "conceals", "conceal",
    "concealing",
    "at the cost of"),
    "be": (
        "is", "are", "was", "were", "be", "appears", "appear", "shows", "show", "has", "have", "looks", "seen", "suffers from", "contains", "remains",
        "remain", "exhibits",
        "demonstrates", "displays", "affects", "degrades", "dominates", "disturbs", "lies", "lie", "found", "there is", "there are", "detected", "present",
        "noted", "evident", "reaches",
    ),
    "and": ("and", "or", ",", "as well as", "together with", "plus"),
    "subject": ("the", "it", "there", "its", "this", "these", "they", "both", "their"),
    "open": ("the image", "the picture", "this image", "this picture"),
}  # fmt: skip
IMAGES: dict[str, tuple[str, ...]] = {
    "first": (
        "first image",
        "first picture",
        "image 1",
        "picture 1",
        "left image",
        "left picture",
        "former",
        "the first",
        "first one",
        "image one",
        "in the first",
    ),
    "second": (
        "second image",
        "second picture",
        "image 2",
        "picture 2",
        "right image",
        "right picture",
        "latter",
        "the second",
        "second one",
        "image two",
        "in the second",
    ),
    "both": ("both images", "both pictures", "the two images", "the two pictures", "both", "either image", "neither image"),
}
PICTURE_FAULT = (
    "artefact",
    "artefacts",
    "degradation",
    "degradations",
    "image degradation",
    "quality problem",
    "quality problems",
    "defect",
    "image artefact",
    "disturbance",
)
SOURCE_FAULT = ("shortcomings of the original acquisition", "limits of the original acquisition", "weaknesses of the original acquisition")
PICTURE_GOOD = ("artefact-free", "undisturbed", "flawless")
QUALITY = ("quality", "image quality", "overall quality", "picture quality", "diagnostic quality")
MODALITY_WORDS: dict[str, tuple[str, ...]] = {
    "mri": ("mri", "mr image", "mri image", "mri scan", "magnetic resonance image", "mr scan"),
    "ct": ("ct", "ct image", "ct scan", "computed tomography"),
    "endoscopy": ("endoscopy", "endoscopic image", "endoscopy image", "colonoscopy image", "endoscopic frame"),
    "histopathology": ("histopathology", "histology", "microscopic image", "histopathology slide", "histopathological image", "histological section"),
    "fundus": ("fundus photograph", "fundus image", "retinal image", "retinal photograph", "fundus photography"),
}


def _variants(phrase: Words, sense: Sense) -> Iterator[Words]:
    """The phrase in singular and plural."""
    yield phrase
    last = phrase[-1]
    if sense not in ("fault", "virtue", "structure", "content") or len(last) < 4 or not last.isalpha():
        return
    if not last.endswith("s"):
        yield (*phrase[:-1], f"{last}s")
    elif not last.endswith(("ss", "us", "is")):
        yield (*phrase[:-1], last[:-1])


class Lexicon:
    """All phrases of a vocabulary and of the grammar, found by their first word, longest first."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._meanings: dict[Words, dict[Meaning, None]] = defaultdict(dict)
        self._grammar: dict[Words, tuple[str, str]] = {}
        self._attributes(vocabulary)
        self._structures(vocabulary)
        self._artefacts(vocabulary)
        self._contents()
        for role, phrases in GRAMMAR.items():
            for phrase in phrases:
                self._grammar.setdefault(words_of(phrase), (role, phrase))
        for word, level in adverbs.READ.items():
            self._grammar.setdefault(words_of(word), ("level", level))
        for word in adverbs.UNCERTAIN:
            self._grammar.setdefault(words_of(word), ("hedge", word))
        for image, phrases in IMAGES.items():
            for phrase in phrases:
                self._grammar[tuple(phrase.split())] = ("image", image)
        for region, where in PHRASES.items():
            for form in (where, where.removeprefix("in the "), f"{region} quadrant", f"{region} region", f"{region} part"):
                self._grammar.setdefault(words_of(form), ("place", region))
        for region, where in DIRECTIONS.items():
            for form in (region, where):
                self._grammar.setdefault(words_of(form), ("place", region))
        self._starts: dict[str, list[Words]] = defaultdict(list)
        for words in {**self._meanings, **self._grammar}:
            self._starts[words[0]].append(words)
        for found in self._starts.values():
            found.sort(key=len, reverse=True)

    def _add(self, phrases: Iterable[str], meaning: Meaning) -> None:
        for phrase in phrases:
            words = words_of(phrase)
            if words:
                for variant in _variants(words, meaning.sense):
                    self._meanings[variant][meaning] = None

    def _add_looks(self, phrases: Iterable[str], subject: Subject, level: Level) -> None:
        """A look names its level; the look of `none` is an absence, unless it starts with a negation that the reader handles itself."""
        if level == "none":
            self._add([phrase for phrase in phrases if not phrase.lower().startswith(("no ", "without ", "free "))], Meaning(subject, "good"))
        else:
            self._add(phrases, Meaning(subject, "fault", level))

    def _attributes(self, vocabulary: Vocabulary) -> None:
        """Each attribute's own words; the words of an attribute are those of its kinds too."""
        for attribute in vocabulary.attributes:
            self._words_of(attribute, Subject(kind="attribute", name=attribute.name))
            whole = vocabulary.attribute(attribute.kind_of, attribute.modalities[0]) if attribute.kind_of else None
            if whole is not None:
                self._words_of(whole, Subject(kind="attribute", name=attribute.name))

    def _words_of(self, attribute: Attribute, subject: Subject) -> None:
        names = () if attribute.name in attribute.virtue or attribute.virtue else (attribute.name,)
        self._add((*attribute.names, *names, *attribute.adjectives), Meaning(subject, "fault"))
        self._add(attribute.opposites, Meaning(subject, "good"))
        self._add(attribute.virtue, Meaning(subject, "virtue"))
        # "more uneven" is read as "more" and "uneven": as one phrase it would tear "more uneven illumination" apart
        self._add([word for word in attribute.more if not word.startswith("more ")], Meaning(subject, "more"))
        self._add([word for word in attribute.less if not word.startswith("more ")], Meaning(subject, "less"))
        for level, phrases in attribute.looks.items():
            self._add_looks(phrases, subject, level)

    def _structures(self, vocabulary: Vocabulary) -> None:
        for structure in vocabulary.structures:
            self._add((structure.name, *structure.synonyms), Meaning(Subject(kind="structure", name=structure.name), "structure"))

    def _artefacts(self, vocabulary: Vocabulary) -> None:
        for artefact in vocabulary.artefacts.values():
            subject = Subject(kind="artefact", name=artefact.recipe)
            names = [artefact.artefact, *artefact.synonyms]
            names += [
                name.removesuffix(" artefact")
                for name in names
                if name.endswith(" artefact") and name.removesuffix(" artefact") not in ("susceptibility", "focus", "reflection")
            ]
            self._add(names, Meaning(subject, "fault"))
            self._add((artefact.cause,), Meaning(subject, "fault"))
            for level, phrases in artefact.looks.items():
                self._add_looks(phrases, subject, level)
            self._add((artefact.hides,) if artefact.hides else (), Meaning(Subject(kind="effect", name=artefact.recipe), "hides"))
            for key, wording in artefact.wordings.items():
                own = worded(artefact.recipe, key)
                for level, phrases in wording.looks.items():
                    self._add_looks(phrases, own, level)
                self._add((wording.cause,) if wording.cause else (), Meaning(own, "fault"))
                self._add((wording.hides,) if wording.hides else (), Meaning(Subject(kind="effect", name=artefact.recipe), "hides"))

    def _contents(self) -> None:
        picture = Subject(kind="picture", name="artefact")
        self._add(PICTURE_FAULT, Meaning(picture, "fault"))
        self._add(PICTURE_GOOD, Meaning(picture, "good"))
        self._add(QUALITY, Meaning(Subject(kind="picture", name="quality"), "virtue"))
        self._add(SOURCE_FAULT, Meaning(Subject(kind="picture", name="source"), "fault"))
        for modality, words in MODALITY_WORDS.items():
            self._add((*words, *PICTURES[modality]), Meaning(Subject(kind="modality", name=modality), "content"))  # type: ignore[index]
        for key, phrase in ANATOMY_WORDS.items():
            self._add(
                (f"of {phrase}", f"shows {phrase}", f"show {phrase}", f"depicts {phrase}", f"of {key}"),
                Meaning(Subject(kind="anatomy", name=phrase), "content"),
            )
        for view in set(VIEW_WORDS.values()):
            self._add((view,), Meaning(Subject(kind="view", name=view), "content"))

    def tokens(self, text: str) -> list[Token]:
        """The sentence as mentions and words of grammar; other words keep their place with the role "word"."""
        # "Image A" by its capital letter only: "in this image a ring is seen" names no image
        words = words_of(re.sub(r"\b([Ii]mage|[Pp]icture) ([AB])\b(?! [a-z]+ing\b)", lambda m: f"image image{m.group(2).lower()}mark", text))
        out: list[Token] = []
        place = 0
        while place < len(words):
            if words[place] in ("imageamark", "imagebmark"):
                out.append(Token("image", "first" if words[place] == "imageamark" else "second", words[place : place + 1]))
                place += 1
                continue
            match = next((phrase for phrase in self._starts.get(words[place], ()) if words[place : place + len(phrase)] == phrase), words[place : place + 1])
            if match in self._meanings:
                out.append(Token("mention", " ".join(match), match, tuple(self._meanings[match])))
            elif match in self._grammar:
                role, value = self._grammar[match]
                out.append(Token(role, value, match))
            else:
                out.append(Token("word", match[0], match[:1]))
            place += len(match)
        return out


_LAST: list[tuple[Vocabulary, Lexicon]] = []


def lexicon_of(vocabulary: Vocabulary) -> Lexicon:
    """The lexicon of a vocabulary; the last one is kept, since a run reads thousands of texts with the same."""
    if not _LAST or _LAST[0][0] is not vocabulary:
        _LAST[:] = [(vocabulary, Lexicon(vocabulary))]
    return _LAST[0][1]
