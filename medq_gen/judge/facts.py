"""What a description should say: the findings of its records as facts with weights, and how far a text's claims say each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from medq_gen.claims import Claim, Subject
from medq_gen.claims.claim import Image, plainly
from medq_gen.claims.comparison import finding_levels
from medq_gen.judge.items import Item
from medq_gen.ontology.kinship import is_kin
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import Record, Tier
from medq_gen.tier import u_of_level

STRUCTURES_WEIGHT = 0.3  # of all structures of a picture together: what a fault does to them is said beside the fault
KIN = 0.75  # credit of a cause where only its main sign is said, and of the main sign where only the cause is
ENOUGH_ABSENCES = 2  # that describe a picture without findings
NAMES: tuple[Image, Image] = ("first", "second")
OTHER: dict[str, Image] = {"first": "second", "second": "first"}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to be said. kind : a finding, a structure that is not well seen, or the absence of all findings. kin : what says most of it;
    also : what says it in full besides its own name."""

    kind: Literal["finding", "structure", "untouched"]
    name: str
    image: Image | None
    weight: float
    subject: Subject
    kin: tuple[Subject, ...] = ()
    also: tuple[Subject, ...] = ()


@dataclass(frozen=True, slots=True)
class Covered:
    """A fact and the credit that the text earns for it, 0 to 1."""

    fact: Fact
    credit: float


def facts_of(item: Item, vocabulary: Vocabulary) -> tuple[Fact, ...]:
    """The facts of a single picture, or of both pictures of a pair."""
    images: tuple[Image | None, ...] = (None,) if item.task == "single" else NAMES
    return tuple(fact for image, record in zip(images, item.records, strict=True) for fact in _of_record(record, image, vocabulary))


def _of_record(record: Record, image: Image | None, vocabulary: Vocabulary) -> Iterator[Fact]:
    asserted = {subject: level for subject, level in finding_levels(record, vocabulary).items() if level != "none" and subject == plainly(subject)}
    cause = Subject(kind="artefact", name=record.recipe)
    artefact = vocabulary.artefact(record.recipe)
    named = [found for name in artefact.attributes if (found := vocabulary.attribute(name, record.modality))] if artefact else []
    signs = tuple(subject for known in named if (subject := Subject(kind="attribute", name=known.name)) in asserted)
    for subject, level in asserted.items():
        kin: tuple[Subject, ...] = ()
        if subject == cause:
            parts = [words for part in artefact.parts if (words := vocabulary.artefact(part))] if artefact else []
            for part in parts:  # a mix is said by what it is mixed of
                main = tuple(
                    Subject(kind="attribute", name=found.name) for name in part.attributes[:1] if (found := vocabulary.attribute(name, record.modality))
                )
                own = Subject(kind="artefact", name=part.recipe)
                yield Fact("finding", f"{level} {part.recipe}", image, u_of_level(level) / len(parts), own, also=(cause, *main))
            if parts:
                continue
            kin = signs[:1] or tuple(Subject(kind="attribute", name=known.name) for known in named[:1])
        elif subject in signs[:1]:
            kin = (cause,)
        yield Fact("finding", f"{level} {subject.name}", image, u_of_level(level), subject, kin)
    if not asserted:
        yield Fact("untouched", "no finding", image, 1.0, Subject(kind="picture", name="artefact"))
        return
    seen = [(entry.name, vocabulary.structure(entry.name, record.modality), entry.visibility) for entry in record.structures]
    poor = [(name, known) for name, known, visibility in seen if known is not None and visibility in ("usable", "reject")]
    for name, known in poor:
        yield Fact("structure", name, image, STRUCTURES_WEIGHT / len(poor), Subject(kind="structure", name=known.name))


def covered(facts: Sequence[Fact], claims: Sequence[Claim], grades: Sequence[Tier], vocabulary: Vocabulary) -> tuple[Covered, ...]:
    """Every fact and how far the claims say it. grades : the verdicts of the text on a single picture."""
    return tuple(Covered(fact, _credit(fact, claims, grades, vocabulary)) for fact in facts)


def completeness(found: Iterable[Covered]) -> float:
    """The weighted share that is said."""
    listed = tuple(found)
    total = sum(one.fact.weight for one in listed)
    return sum(one.fact.weight * one.credit for one in listed) / total if total else 0.0


def _credit(fact: Fact, claims: Sequence[Claim], grades: Sequence[Tier], vocabulary: Vocabulary) -> float:
    if fact.kind == "untouched":
        return _untouched(fact, claims, grades)
    if fact.kind == "structure":
        return float(any(fact.subject in claim.subjects and claim.visibility and claim.image in (fact.image, None) for claim in claims))
    return max((_said(fact, claim) for claim in claims), default=0.0)


def _said(fact: Fact, claim: Claim) -> float:
    """How far one claim says a finding: by its own words in full, by its kin's in part; a doubt halves."""
    subjects = {plainly(one) for one in claim.subjects}
    if not asserts(claim, fact.image):
        return 0.0
    own = any(one == name or _is_kind(name, one) for one in subjects for name in (fact.subject, *fact.also))
    credit = 1.0 if own else KIN if any(one == kin or _is_kind(kin, one) for one in subjects for kin in fact.kin) else 0.0
    return credit / 2 if claim.hedged else credit


def _is_kind(first: Subject, second: Subject) -> bool:
    return first.kind == second.kind == "attribute" and is_kin(first.name, second.name)


def asserts(claim: Claim, image: Image | None) -> bool:
    """Whether a claim says that its subject is there, in this image; a comparison says so of the worse image."""
    if claim.comparison:
        worse = claim.image if claim.comparison == ("worse",) else OTHER.get(claim.image or "") if claim.comparison == ("better",) else None
        return worse is not None and worse == image
    return claim.polarity == "present" and claim.levels != ("none",) and claim.image in (image, None)


def _untouched(fact: Fact, claims: Sequence[Claim], grades: Sequence[Tier]) -> float:
    """All findings denied at once, or enough of them one by one; a good grade and a structure in full view count half an absence each."""
    count = 0.0
    names: set[str] = set()
    for claim in claims:
        if claim.image not in (fact.image, None):
            continue
        little = bool(claim.levels) and set(claim.levels) <= {"none", "mild"} and "none" in claim.levels
        denied = claim.polarity == "absent" or little or "better" in claim.comparison
        if denied and claim.subject == fact.subject:
            return 1.0
        if claim.subject.name in names:
            continue
        if denied and claim.subject.kind in ("attribute", "artefact"):
            count += 1
        elif "good" in claim.visibility:
            count += 0.5
        else:
            continue
        names.add(claim.subject.name)
    count += 0.5 * (grades == ["good"] or grades == ("good",))
    return min(1.0, count / ENOUGH_ABSENCES)
