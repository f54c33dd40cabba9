"""What a draft consists of: questions, single-image references, paired references. Plain values for JSON and Parquet."""

from __future__ import annotations

import hashlib
from typing import Literal

from medq_gen.ontology.levels import Level
from medq_gen.ontology.terms import Scope
from medq_gen.records import Frozen, Split, Tier
from physics.modality import Modality

DRAFT_VERSION = 2
QuestionType = Literal["yes_no", "what", "how"]
Image = Literal["first", "second"]


class Evidence(Frozen):
    """One fact of the record that decides an item: the name of an attribute, structure, artefact, region or the tier, and its value in words."""

    name: str
    value: str


class Distractor(Frozen):
    """A wrong option and why it is wrong."""

    option: str
    reason: str


class Question(Frozen):
    """A question about one picture.

    record : key of the record whose picture it is about. family : what is asked ("artefact present"); template : the form of the stem; asked : the word that is
    asked about. options, answer : texts and the index of the right one. rule : what decides it. pair : shared by the yes and the no item of a pair, "" for
    others. picture : SHA-256 of the stored picture. presupposes : the finding that the stem takes for granted, asks : the finding that it asks for; "" for
    nothing.
    """

    id: str
    record: str
    case: str
    group: str
    split: Split
    modality: Modality
    recipe: str
    level: Level
    picture: str
    type: QuestionType
    scope: Scope
    family: str
    template: str
    asked: str
    asked_level: str
    question: str
    options: tuple[str, ...]
    answer: int
    evidence: tuple[Evidence, ...]
    rule: str
    distractors: tuple[Distractor, ...]
    pair: str
    presupposes: str
    asks: str
    version: int = DRAFT_VERSION

    @property
    def answer_text(self) -> str:
        """The right option."""
        return self.options[self.answer]


class Reasoning(Frozen):
    """A picture, the request, and the reference description, which ends with the fixed verdict."""

    id: str
    record: str
    case: str
    group: str
    split: Split
    modality: Modality
    recipe: str
    level: Level
    picture: str
    question: str
    reference: str
    tier: Tier
    version: int = DRAFT_VERSION


class ImagePair(Frozen):
    """Two pictures of one case, the request, and the reference comparison. first, second : keys of the records in the order shown; better : which is of
    higher quality."""

    id: str
    first: str
    second: str
    case: str
    group: str
    split: Split
    modality: Modality
    recipe: str
    first_level: Level
    second_level: Level
    kind: Literal["coarse"] = "coarse"
    question: str
    reference: str
    better: Image
    delta_u: float
    version: int = DRAFT_VERSION


class Drafted(Frozen):
    """Everything that was drafted from the records of a run."""

    questions: tuple[Question, ...]
    reasoning: tuple[Reasoning, ...]
    pairs: tuple[ImagePair, ...]


def identity(*parts: object) -> str:
    """A stable id of 24 hex digits from what makes an item what it is."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:24]
