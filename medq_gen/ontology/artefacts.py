"""Artefacts that no recipe simulates yet, and the closed sets from which wrong options are drawn."""

from __future__ import annotations

from medq_gen.ontology.attributes import PER_MODALITY
from medq_gen.ontology.terms import Artefact

ARTEFACTS: dict[str, Artefact] = {artefact.recipe: artefact for module in PER_MODALITY for artefact in module.ARTEFACTS}
CONFUSION: dict[str, tuple[str, ...]] = {modality: members for module in PER_MODALITY for modality, members in module.CONFUSION.items()}
