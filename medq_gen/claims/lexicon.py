"""From the vocabulary to a table of phrases: which words may mean which subject, in which sense."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from medq_gen.claims import synonyms
from medq_gen.claims.claim import Subject, worded
from medq_gen.claims.grammar import GRAMMAR, IMAGES, MODALITY_WORDS, PICTURE_FAULT, PICTURE_GOOD, QUALITY, SOURCE_FAULT
from medq_gen.ontology import adverbs
from medq_gen.ontology.authoring import split
from medq_gen.ontology.contents import ANATOMY_WORDS, PICTURES, VIEW_WORDS
from medq_gen.ontology.levels import Level
from medq_gen.ontology.places import DIRECTIONS, PHRASES
from medq_gen.ontology.spelling import fold
from medq_gen.ontology.terms import Attribute
from medq_gen.ontology.vocabulary import Vocabulary
from physics.modality import MODALITIES

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
    text = re.sub(r"(?<=[a-z]{3})/(?=[a-z]{3})", " or ", text)
    text = text.replace("—", " , ")
    return tuple(re.findall(r"[^\W_]+(?:[&/.][^\W_]+)*%?|[,;:()]", text.replace("-", " ").replace("–", " ")))


# Hedges of manner, not of doubt: "the image seems noisy" is how many writers say that it is.
PLAIN = frozenset({"seems", "seem", "suggests", "apparently"})
_ORDINALS: dict[str, tuple[str, ...]] = {"first": ("first", "1st", "left", "left hand"), "second": ("second", "2nd", "right", "right hand")}
_NUMBERS: dict[str, tuple[str, ...]] = {"first": ("1", "one", "no 1", "number 1"), "second": ("2", "two", "no 2", "number 2")}


def _numbered(image: str) -> Iterator[str]:
    """ "left scan", "image no 2" and their like."""
    for noun in synonyms.IMAGE_NOUNS:
        sided = noun in ("image", "picture", "scan", "slice", "frame", "photo", "photograph", "panel", "one")  # "the right field" is a place
        yield from (f"{word} {noun}" for word in _ORDINALS.get(image, ()) if sided or word not in ("left", "right"))
        if noun not in ("one", "fundus"):
            yield from (f"{noun} {word}" for word in _NUMBERS.get(image, ()))
        if image == "other":
            yield from (f"other {noun}", f"the other {noun}")
        if image == "both":
            yield f"both {noun}s"


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


def _homes(vocabulary: Vocabulary) -> dict[Subject, frozenset[str]]:
    """The modalities in which each subject can be found."""
    homes: dict[Subject, set[str]] = defaultdict(set)
    for attribute in vocabulary.attributes:
        homes[Subject(kind="attribute", name=attribute.name)].update(attribute.modalities)
    for structure in vocabulary.structures:
        homes[Subject(kind="structure", name=structure.name)].add(structure.modality)
    for artefact in vocabulary.artefacts.values():
        for name in (artefact.recipe, *(f"{artefact.recipe}@{key}" for key in artefact.wordings)):
            homes[Subject(kind="artefact", name=name)].add(artefact.modality)
            homes[Subject(kind="effect", name=name)].add(artefact.modality)
    return {subject: frozenset(found) for subject, found in homes.items()}


class Lexicon:
    """All phrases of a vocabulary and of the grammar, found by their first word, longest first."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._meanings: dict[Words, dict[Meaning, None]] = defaultdict(dict)
        self._grammar: dict[Words, tuple[str, str]] = {}
        self._describing: set[Words] = set()
        self._homes: dict[Subject, frozenset[str]] = _homes(vocabulary)
        self._attributes(vocabulary)
        self._structures(vocabulary)
        self._artefacts(vocabulary)
        self._contents()
        self._informal(vocabulary)
        for grammar in (GRAMMAR, synonyms.GRAMMAR):
            for role, phrases in grammar.items():
                for phrase in phrases:
                    self._grammar.setdefault(words_of(phrase), (role, phrase))
        for word, level in [*adverbs.READ.items(), *((word, level) for level, words in synonyms.LEVELS.items() for word in words)]:
            self._grammar.setdefault(words_of(word), ("level", level))
        for word in adverbs.UNCERTAIN:
            if word not in PLAIN:
                self._grammar.setdefault(words_of(word), ("hedge", word))
        for image, phrases in IMAGES.items():
            for phrase in (*phrases, *_numbered(image)):
                self._grammar[words_of(phrase)] = ("image", image)
        for region, where in PHRASES.items():
            for form in (where, where.removeprefix("in the "), f"{region} quadrant", f"{region} region", f"{region} part"):
                self._grammar.setdefault(words_of(form), ("place", region))
        for region, forms in synonyms.PLACES.items():
            for form in split(forms):
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
                if name.endswith(" artefact") and name.removesuffix(" artefact") not in ("susceptibility", "focus", "reflection", "illumination")
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

    def _informal(self, vocabulary: Vocabulary) -> None:
        """The words that are read though never written."""
        for attribute in vocabulary.attributes:
            fault, good, virtue = (split(words) for words in synonyms.ATTRIBUTES.get(attribute.name, ("", "", "")))
            subject = Subject(kind="attribute", name=attribute.name)
            self._add(fault, Meaning(subject, "fault"))
            self._add(good, Meaning(subject, "good"))
            self._add(virtue, Meaning(subject, "virtue"))
            self._describing.update(words_of(word) for word in (*attribute.adjectives, "soft", "coarse", "dark", "blurred edges"))
        for recipe, words in synonyms.ARTEFACTS.items():
            if recipe in vocabulary.artefacts:
                self._add(split(words), Meaning(Subject(kind="artefact", name=recipe), "fault"))
        for structure in vocabulary.structures:
            self._add(split(synonyms.STRUCTURES.get(structure.name, "")), Meaning(Subject(kind="structure", name=structure.name), "structure"))
        self._add(synonyms.DETAIL, Meaning(Subject(kind="picture", name="detail"), "structure"))
        self._add(synonyms.PICTURE_FAULT, Meaning(Subject(kind="picture", name="artefact"), "fault"))
        self._add(synonyms.PICTURE_GOOD, Meaning(Subject(kind="picture", name="artefact"), "good"))

    def _of_modality(self, words: Words, modality: str | None) -> tuple[Meaning, ...]:
        """What a phrase may mean in a picture of a modality. What only another modality has stays where it is named in several words ("ring artefact")."""
        meanings = tuple(self._meanings.get(words, ()))
        if modality is None:
            return meanings
        own = tuple(meaning for meaning in meanings if modality in self._homes.get(meaning.subject, MODALITIES))
        return own or tuple(meaning for meaning in meanings if meaning.subject.kind == "artefact" and len(words) > 1 and words[-1].startswith("artefact"))

    def _match(self, words: Words, place: int, modality: str | None) -> tuple[Words, tuple[Meaning, ...]]:
        """The longest phrase at a place that means something there, and what."""
        for phrase in self._starts.get(words[place], ()):
            if words[place : place + len(phrase)] == phrase:
                meanings = self._of_modality(phrase, modality)
                if meanings or phrase in self._grammar:
                    return phrase, meanings
        return words[place : place + 1], ()

    def _is_described(self, words: Words, place: int, modality: str | None) -> bool:
        """Whether the name of a fault follows, which an adjective before it only describes: "coarse grain" is no coarseness."""
        if place >= len(words):
            return False
        return any(meaning.sense == "fault" for meaning in self._match(words, place, modality)[1])

    def tokens(self, text: str, modality: str | None = None) -> list[Token]:
        """The sentence as mentions and words of grammar; other words keep their place with the role "word". modality : of the picture, where it is known."""
        # "Image A" by its capital letter only: "in this image a ring is seen" names no image
        words = words_of(
            re.sub(
                r"\b([Ii]mage|[Pp]icture|[Ss]can|[Ss]lice|[Pp]anel|[Ff]rame|[Vv]iew) ([AB])\b(?! [a-z]+ing\b)",
                lambda m: f"image image{m.group(2).lower()}mark",
                text,
            )
        )
        out: list[Token] = []
        place = 0
        while place < len(words):
            if words[place] in ("imageamark", "imagebmark"):
                out.append(Token("image", "first" if words[place] == "imageamark" else "second", words[place : place + 1]))
                place += 1
                continue
            if words[place] == "neither" and words[place + 1 : place + 2] and words[place + 1] in ("image", "picture", "one"):
                out += [Token("negator", "neither", words[place : place + 1]), Token("image", "both", words[place + 1 : place + 2])]
                place += 2
                continue
            match, meanings = self._match(words, place, modality)
            if meanings and not (match in self._describing and self._is_described(words, place + len(match), modality)):
                out.append(Token("mention", " ".join(match), match, meanings))
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
