"""Every structure that a reader may be asked about."""

from __future__ import annotations

from medq_gen.ontology.attributes import PER_MODALITY
from medq_gen.ontology.terms import Structure

STRUCTURES: tuple[Structure, ...] = tuple(structure for module in PER_MODALITY for structure in module.STRUCTURES)
