"""A claim: what one clause of a text asserts about a picture, in the words of the ontology."""

from __future__ import annotations

from typing import Literal

from medq_gen.ontology.levels import LEVELS, Level
from medq_gen.records import Frozen, Tier, Visibility

Kind = Literal["attribute", "artefact", "structure", "picture", "effect", "modality", "anatomy", "view", "verdict"]
Polarity = Literal["present", "absent"]
Comparison = Literal["better", "worse", "equal"]
Image = Literal["first", "second"]
Relation = Literal["supported", "contradicted", "unsupported"]


class Subject(Frozen):
    """What a claim is about: an attribute, a recipe's artefact, a structure, the picture as a whole, ..."""

    kind: Kind
    name: str


def worded(recipe: str, wording: str) -> Subject:
    """A recipe's artefact of one pattern: "too dark a stain" is said of over-staining only."""
    return Subject(kind="artefact", name=f"{recipe}@{wording}")


def plainly(subject: Subject) -> Subject:
    """The subject without the pattern."""
    return Subject(kind=subject.kind, name=subject.name.partition("@")[0])


class Claim(Frozen):
    """One assertion.

    subject : what it is about; others : what the same words may mean elsewhere (a name that two modalities share). levels : which levels the words allow;
    empty: the text states none. visibility : of a structure. comparison : how the image compares with the other one, all that the words allow. verdict : the
    tier. sentence : the place of its sentence in the reading.
    """

    subject: Subject
    others: tuple[Subject, ...] = ()
    polarity: Polarity = "present"
    levels: tuple[Level, ...] = ()
    place: str | None = None
    image: Image | None = None
    comparison: tuple[Comparison, ...] = ()
    visibility: tuple[Visibility, ...] = ()
    verdict: tuple[Tier, ...] = ()
    hedged: bool = False
    text: str = ""
    sentence: int = -1

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Every reading of the subject."""
        return (self.subject, *self.others)


class Sentence(Frozen):
    """A sentence of the text and whether anything was read in it."""

    text: str
    read: bool


class Reading(Frozen):
    """What was read in a text, and what was not. A sentence that cannot be read is shown, never guessed."""

    claims: tuple[Claim, ...]
    sentences: tuple[Sentence, ...]

    @property
    def unread(self) -> tuple[str, ...]:
        """The sentences without any claim."""
        return tuple(sentence.text for sentence in self.sentences if not sentence.read)

    @property
    def share_read(self) -> float:
        """Read sentences over all sentences; 0 for an empty text."""
        return sum(sentence.read for sentence in self.sentences) / len(self.sentences) if self.sentences else 0.0

    @property
    def is_judged(self) -> bool:
        """Whether enough was read to judge the text: some claim, and 60 % of the sentences."""
        return bool(self.claims) and self.share_read >= 0.6


class Judged(Frozen):
    """A claim beside the record: the relation, its credit (1, 0.5 for a level off by one, 0) and why."""

    claim: Claim
    relation: Relation
    credit: float
    reason: str


class Comparing(Frozen):
    """All claims of a text beside the record, and the findings of the record that the text does not say."""

    judged: tuple[Judged, ...]
    missing: tuple[str, ...]
    findings: int

    def of(self, relation: Relation) -> tuple[Judged, ...]:
        """The claims with a relation."""
        return tuple(judged for judged in self.judged if judged.relation == relation)

    @property
    def is_exact(self) -> bool:
        """Everything said is supported in full, and everything to be said is said."""
        return not self.missing and all(judged.relation == "supported" and judged.credit == 1 for judged in self.judged)


def levels_between(low: Level, high: Level) -> tuple[Level, ...]:
    """The levels from low to high, both included, in either order."""
    a, b = sorted((LEVELS.index(low), LEVELS.index(high)))
    return LEVELS[a : b + 1]
