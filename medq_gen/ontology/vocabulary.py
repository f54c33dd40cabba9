"""The vocabulary of a run: attributes, structures, artefacts and confusion sets as one value that travels as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import Field

from medq_gen.errors import DeclarationError
from medq_gen.ontology.artefacts import ARTEFACTS, CONFUSION
from medq_gen.ontology.attributes import ATTRIBUTES
from medq_gen.ontology.levels import LEVELS
from medq_gen.ontology.structures import STRUCTURES
from medq_gen.ontology.terms import Artefact, Attribute, Structure, Term, Wording
from physics.modality import MODALITIES, Modality

ONTOLOGY_VERSION = 1


def plain(name: str) -> str:
    """A name as it is compared: lower case, spaces for underscores."""
    return " ".join(name.replace("_", " ").lower().split())


def _of_recipe(name: str, given: Any) -> Artefact:  # Any: Words, or a Degradation or Mix that holds them; ontology may not import either
    words = getattr(given, "words", given)
    modality = name.split("_", 1)[0]
    if modality not in MODALITIES:
        raise DeclarationError(f"recipe {name!r}: its name starts with {modality!r}; allowed: {', '.join(MODALITIES)}")
    missing = [level for level in LEVELS[1:] if not words.looks.get(level)]
    if missing:
        raise DeclarationError(
            f"recipe {name!r}: words.looks has nothing for {', '.join(missing)}; give at least one noun phrase for each of {', '.join(LEVELS[1:])}"
        )
    shared = {phrase for level in LEVELS[1:] for phrase in words.looks[level] for other in LEVELS[1:] if other != level and phrase in words.looks[other]}
    if shared:
        raise DeclarationError(f"recipe {name!r}: {sorted(shared)[0]!r} is the look of two levels; each level needs words of its own")
    for key, wording in getattr(words, "wordings", {}).items():
        lacking = [level for level in LEVELS[1:] if not wording.looks.get(level)]
        if "=" not in key or lacking:
            raise DeclarationError(f"recipe {name!r}: wording {key!r} needs a key field=value and looks for {', '.join(lacking or LEVELS[1:])}")
    known = ARTEFACTS.get(name)
    return Artefact(
        recipe=name,
        modality=modality,
        artefact=words.artefact,
        cause=words.cause.rstrip("."),
        hides=words.hides.rstrip("."),
        looks={level: tuple(words.looks[level]) for level in LEVELS if level in words.looks},
        synonyms=tuple(words.synonyms),
        confusers=tuple(words.confusers),
        attributes=tuple(getattr(given, "attributes", ())) or (known.attributes if known else ()),
        parts=tuple(part.name for part in getattr(given, "parts", ())),
        impact=words.impact,
        wordings={
            key: Wording(
                looks={level: tuple(one.looks[level]) for level in LEVELS if level in one.looks}, cause=one.cause.rstrip("."), hides=one.hides.rstrip(".")
            )
            for key, one in getattr(words, "wordings", {}).items()
        },
    )


class Vocabulary(Term):
    """Every word that drafts, claims and scores may use. artefacts : by name of recipe. confusion : per modality, the closed set of wrong options."""

    version: int = ONTOLOGY_VERSION
    attributes: tuple[Attribute, ...]
    structures: tuple[Structure, ...]
    artefacts: dict[str, Artefact]
    confusion: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @classmethod
    def build(cls, artefacts: Mapping[str, Any], *, attributes: tuple[Attribute, ...] = (), structures: tuple[Structure, ...] = ()) -> Vocabulary:
        """The whole ontology and the words of recipes. artefacts : name of recipe -> its Words, or the Degradation or Mix itself (then attributes and parts
        are known too).

        Raises
            DeclarationError: a name without modality, a level without looks, a look shared by two levels.
        """
        own = {name: _of_recipe(name, given) for name, given in artefacts.items()}
        return cls(
            attributes=(*ATTRIBUTES, *attributes),
            structures=(*STRUCTURES, *structures),
            artefacts={**ARTEFACTS, **own},
            confusion=CONFUSION,
        )

    @cached_property
    def _attributes(self) -> dict[tuple[str, str], Attribute]:
        index: dict[tuple[str, str], Attribute] = {}
        for first in (True, False):  # names before faults and synonyms
            for found in self.attributes:
                names = (found.name,) if first else (found.fault, *found.synonyms, *found.virtue)
                for modality in found.modalities:
                    for name in names:
                        index.setdefault((modality, plain(name)), found)
        return index

    def attribute(self, name: str, modality: Modality) -> Attribute | None:
        """The attribute of a modality by its name, fault or synonym; None where there is none."""
        return self._attributes.get((modality, plain(name)))

    def require_attribute(self, name: str, modality: Modality) -> Attribute:
        """The attribute of that name.

        Raises
            DeclarationError: nobody has declared it; says where to.
        """
        found = self.attribute(name, modality)
        if found is None:
            known = ", ".join(sorted({entry.name for entry in self.attributes if modality in entry.modalities}))
            raise DeclarationError(
                f"attribute {name!r} is unknown for {modality}; known: {known}. Add it to medq_gen/ontology/{modality}.py or use a known name"
            )
        return found

    def structure(self, name: str, modality: Modality) -> Structure | None:
        """The structure of a modality by its name or synonym; None where there is none."""
        wanted = plain(name).replace("–", "-")
        for found in self.structures:
            if found.modality == modality and wanted in {plain(word).replace("–", "-") for word in (found.name, *found.synonyms)}:
                return found
        return None

    def artefact(self, recipe: str) -> Artefact | None:
        """The words of a recipe; None where it has none."""
        return self.artefacts.get(recipe)
