"""A short notation for the data of the ontology: alternatives are separated by bars."""

from __future__ import annotations

from medq_gen.ontology.terms import Artefact, Attribute, Scope, Structure
from physics.modality import MODALITIES, Modality


def split(text: str) -> tuple[str, ...]:
    """The alternatives of a bar-separated text."""
    return tuple(part.strip() for part in text.split("|") if part.strip())


def attribute(
    name: str,
    fault: str,
    synonyms: str = "",
    *,
    looks: tuple[str, str, str],
    none: str = "",
    is_: str = "",
    opposite: str = "",
    more: str = "",
    less: str = "",
    virtue: str = "",
    modalities: tuple[Modality, ...] = MODALITIES,
    measure: str | None = None,
    unit: str = "1",
    scope: Scope = "specific",
    asked: bool = True,
    local: bool = False,
    kind_of: str = "",
) -> Attribute:
    """An attribute; looks are given for mild, moderate, severe, and derived for none where `none` is not given."""
    mild, moderate, severe = looks
    return Attribute(
        name=name,
        fault=fault,
        synonyms=split(synonyms),
        adjectives=split(is_),
        opposites=split(opposite),
        more=split(more),
        less=split(less),
        virtue=split(virtue),
        looks={"none": split(none) or (f"no {fault}",), "mild": split(mild), "moderate": split(moderate), "severe": split(severe)},
        modalities=modalities,
        measure=measure,
        unit=unit,
        scope=scope,
        asked=asked,
        local=local,
        kind_of=kind_of,
    )


def structure(name: str, modality: Modality, synonyms: str = "", *, written: str = "", anatomies: str = "", plural: bool = False) -> Structure:
    """A structure; anatomies empty means wherever its modality looks."""
    return Structure(name=name, written=written or name, synonyms=split(synonyms), modality=modality, anatomies=split(anatomies), plural=plural)


def artefact(
    recipe: str, modality: Modality, name: str, synonyms: str = "", *, cause: str, hides: str, looks: tuple[str, str, str], attributes: str, impact: float = 1.0
) -> Artefact:
    """An artefact that no recipe simulates yet; a recipe of that name takes its place as soon as there is one."""
    mild, moderate, severe = looks
    return Artefact(
        recipe=recipe,
        modality=modality,
        artefact=name,
        synonyms=split(synonyms),
        cause=cause,
        hides=hides,
        looks={"none": (f"no {name}",), "mild": split(mild), "moderate": split(moderate), "severe": split(severe)},
        attributes=split(attributes),
        impact=impact,
        simulated=False,
    )
