"""What readers call an artefact, and where its physics is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from medq_gen.ontology.levels import Level


@dataclass(frozen=True, slots=True)
class Reference:
    """A source of the physics."""

    text: str
    doi: str | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said of an artefact where its pattern has one value: looks of its own, and cause and loss where they differ ("" keeps those of the recipe).

    primary : the attribute that is disturbed first then, where it is not the first of the recipe.
    """

    looks: Mapping[Level, tuple[str, ...]]
    cause: str = ""
    hides: str = ""
    primary: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """The vocabulary of an artefact: a cause, as opposed to an attribute, which is what a reader perceives.

    artefact : its name in running text ("motion artefact"). synonyms : what else readers call it. cause : "the patient moved during the
    acquisition". hides : what it hides. looks : per level, how it looks, as noun phrases that can follow "shows". confusers : names of recipes that a reader
    may take for it. impact : weight in the tier, 0 to 1. wordings : by "field=value" of the pattern ("direction=over"), what is said
    where the pattern has that value; the first that fits is used, and none leaves the words above.
    """

    artefact: str
    cause: str
    hides: str
    looks: Mapping[Level, tuple[str, ...]]
    synonyms: tuple[str, ...] = ()
    confusers: tuple[str, ...] = ()
    impact: float = 1.0
    wordings: Mapping[str, Wording] = field(default_factory=dict)

    def primary(self, pattern: Mapping[str, Any]) -> str:
        """The primary attribute that a pattern calls for, "" where it is the first of the recipe."""
        for key, wording in self.wordings.items():
            name, _, value = key.partition("=")
            if str(pattern.get(name)) == value:
                return wording.primary
        return ""
