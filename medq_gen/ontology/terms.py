"""The three kinds of word: attributes (what a reader perceives), structures (what a reader looks for), artefacts (what went wrong)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from medq_gen.ontology.levels import Level
from physics.modality import Modality

Scope = Literal["general", "specific"]


class Term(BaseModel):
    """A value of the ontology: unknown fields are errors, nothing changes after it is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Attribute(Term):
    """A quality attribute, named after what is judged; its level says how far it is disturbed ("sharpness", moderate = moderately blurred).

    fault : the noun of the disturbance, usable after "mild" and after "no" without an article ("noise", "ghosting", "rings"). synonyms : other nouns for the
    fault. adjectives : what a picture with the fault is ("noisy"). opposites : what a picture without it is ("sharp"). more, less : comparatives ("noisier",
    "sharper"). virtue : the neutral noun that can be good or reduced ("contrast"), with its synonyms. looks : per level, noun phrases that follow "shows".
    measure, unit : the measure of physics.measure that decides the level, None where none is fixed by name. local : it can be confined to a part of the
    picture (a fold, a bubble, a ring); of a fault of the whole picture (defocus, noise) no place is said. kind_of : the attribute of which this is a kind with
    words and bands of its own (respiratory ghosting is ghosting). It is spoken of only under the recipes that name it, in place of the other, and a text that
    names the other means it too.
    """

    name: str
    fault: str
    synonyms: tuple[str, ...] = ()
    adjectives: tuple[str, ...] = ()
    opposites: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    virtue: tuple[str, ...] = ()
    looks: dict[Level, tuple[str, ...]] = Field(default_factory=dict)
    modalities: tuple[Modality, ...]
    measure: str | None = None
    unit: str = "1"
    scope: Scope = "specific"
    local: bool = False
    kind_of: str = ""
    asked: bool = True  # False: a change of values that no single picture shows

    @property
    def names(self) -> tuple[str, ...]:
        """Every noun for the fault; "motion blur artefact" says motion blur too."""
        suffixed = () if self.fault.endswith(("artefact", "artefacts")) else (f"{self.fault} artefact",)
        return (self.fault, *self.synonyms, *suffixed)


class Structure(Term):
    """An anatomical structure that can be seen well or badly. written : how a text names it: what the measure of
    its visibility sees, which is the edge of a large structure. anatomies : where it is looked for; empty:
    wherever its modality looks."""

    name: str
    written: str = ""
    synonyms: tuple[str, ...] = ()
    modality: Modality
    anatomies: tuple[str, ...] = ()
    plural: bool = False


class Wording(Term):
    """What is said of an artefact where its pattern has one value: looks of its own, and cause and loss where they differ."""

    looks: dict[Level, tuple[str, ...]]
    cause: str = ""
    hides: str = ""


class Artefact(Term):
    """A cause of degradation: the words of a recipe, or of an artefact that no recipe simulates yet and that serves as a wrong option.

    attributes : what it disturbs, the primary one first. parts : the recipes of a mix. impact : weight in the tier. wordings : by "field=value" of the
    pattern, what is said where the pattern has that value.
    """

    recipe: str
    modality: Modality
    artefact: str
    cause: str
    hides: str = ""
    looks: dict[Level, tuple[str, ...]] = Field(default_factory=dict)
    synonyms: tuple[str, ...] = ()
    confusers: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    impact: float = 1.0
    simulated: bool = True
    wordings: dict[str, Wording] = Field(default_factory=dict)

    def wording(self, pattern: Mapping[str, Any]) -> str | None:
        """The first wording that a pattern calls for; None where the plain words do."""
        return next((key for key in self.wordings if _fits(key, pattern)), None)

    def worded(self, pattern: Mapping[str, Any]) -> Artefact:
        """The artefact as a record with this pattern calls for it."""
        key = self.wording(pattern)
        if key is None:
            return self
        given = self.wordings[key]
        return self.model_copy(update={"looks": {**self.looks, **given.looks}, "cause": given.cause or self.cause, "hides": given.hides or self.hides})


def _fits(key: str, pattern: Mapping[str, Any]) -> bool:
    name, _, value = key.partition("=")
    return name in pattern and str(pattern[name]) == value
