"""What a record lets a text say: findings with their words, resolved against the vocabulary once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from medq_gen.claims.claim import Subject
from medq_gen.claims.comparison import falls_short, finding_levels
from medq_gen.errors import MedqError
from medq_gen.ontology.levels import Level
from medq_gen.ontology.terms import Artefact, Attribute, Structure
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import PlaceRecord, Record, Visibility

PLACE_SHARE = 0.7  # a place is said or asked only where this share of the effect lies there


@dataclass(frozen=True, slots=True)
class Finding:
    """An attribute, the level that the record asserts, and the place where it is sure."""

    attribute: Attribute
    level: Level
    place: PlaceRecord | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A structure and how well it is seen."""

    structure: Structure
    visibility: Visibility


@dataclass(frozen=True, eq=False)
class Facts:
    """A record beside the words for it."""

    record: Record
    vocabulary: Vocabulary

    @cached_property
    def artefact(self) -> Artefact:
        """The words of the recipe.

        Raises
            MedqError: the vocabulary has none.
        """
        found = self.vocabulary.artefact(self.record.recipe)
        if found is None:
            raise MedqError(
                f"{self.record.key}: the vocabulary has no words for recipe {self.record.recipe!r}; known: {', '.join(sorted(self.vocabulary.artefacts))}"
            )
        return found.worded(self.record.pattern_values)

    @cached_property
    def shown_alone(self) -> bool:
        """Whether the picture by itself can show what its recipe does; a change of values cannot be seen without another picture beside it."""
        known = [self.vocabulary.attribute(name, self.record.modality) for name in self.artefact.attributes]
        return any(attribute is None or attribute.asked for attribute in known)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The attributes with a level outside the gaps, the recipe's own first, in its order. An attribute that no picture shows is left out."""
        found: dict[str, Finding] = {}
        asserted = finding_levels(self.record, self.vocabulary)
        for entry in self.record.attributes:
            attribute = self.vocabulary.require_attribute(entry.name, self.record.modality)
            if entry.level is None or attribute.name in found or Subject(kind="attribute", name=attribute.name) not in asserted:
                continue
            place = entry.place if attribute.local and entry.place is not None and entry.place.share >= PLACE_SHARE else None
            found[attribute.name] = Finding(attribute, entry.level, place)
        order = [known.name for name in self.artefact.attributes if (known := self.vocabulary.attribute(name, self.record.modality))]
        return tuple(sorted(found.values(), key=lambda finding: order.index(finding.attribute.name) if finding.attribute.name in order else len(order)))

    @cached_property
    def present(self) -> tuple[Finding, ...]:
        """What is asserted."""
        return tuple(finding for finding in self.findings if finding.level != "none")

    @cached_property
    def absent(self) -> tuple[Finding, ...]:
        """What is measured absent."""
        return tuple(finding for finding in self.findings if finding.level == "none")

    @cached_property
    def structures(self) -> tuple[Seen, ...]:
        """The structures whose visibility is decided."""
        named = [(self.vocabulary.structure(entry.name, self.record.modality), entry.visibility) for entry in self.record.structures]
        return tuple(Seen(structure, visibility) for structure, visibility in named if structure is not None and visibility is not None)

    @cached_property
    def said_by_name(self) -> frozenset[str]:
        """Attributes that the artefact's name says already, at the same level: "motion blur artefact" says motion blur."""
        return frozenset(finding.attribute.name for finding in self._same_name)

    @cached_property
    def own_place(self) -> PlaceRecord | None:
        """Where the artefact lies, as the attribute of its name has it."""
        return next((finding.place for finding in self._same_name if finding.place is not None), None)

    @cached_property
    def _same_name(self) -> tuple[Finding, ...]:
        name = self.artefact.artefact.lower()
        same = (finding for finding in self.findings if finding.level == self.record.level)
        return tuple(finding for finding in same if name in {word.lower() for word in finding.attribute.names})

    def besides(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Findings that the name of the artefact leaves to be said."""
        return tuple(finding for finding in findings if finding.attribute.name not in self.said_by_name)

    @property
    def falls_short(self) -> bool:
        """Whether the tier is worse than what can be said of the picture explains."""
        return falls_short(self.record, self.vocabulary)

    @property
    def is_touched(self) -> bool:
        """Whether the artefact is asserted."""
        return self.record.level != "none"

    def level_of(self, name: str) -> Level | None:
        """The level of an attribute by its name; None where the record does not decide it."""
        return next((finding.level for finding in self.findings if finding.attribute.name == name), None)

    def shows_any(self, artefact: Artefact) -> bool:
        """Whether any attribute of an artefact is measured other than absent here, so that it is no safe wrong answer."""
        disturbed = {known.name for name in artefact.attributes if (known := self.vocabulary.attribute(name, self.record.modality))}
        for row in self.record.attributes:
            attribute = self.vocabulary.attribute(row.name, self.record.modality)
            if row.level != "none" and attribute is not None and {attribute.name, attribute.kind_of} & disturbed:
                return True
        return False

    @property
    def u(self) -> float:
        """The severity of the picture; 0 for the untouched one."""
        return self.record.effect or 0.0
