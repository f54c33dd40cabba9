"""Every quality attribute, general and per modality."""

from __future__ import annotations

from medq_gen.ontology import ct, endoscopy, fundus, general, histopathology, mri
from medq_gen.ontology.terms import Attribute

PER_MODALITY = (mri, ct, endoscopy, histopathology, fundus)


def _merged() -> tuple[Attribute, ...]:
    """One entry a name: an attribute that several modalities declare (defocus) keeps each modality's own looks under its own entry."""
    return (*general.ATTRIBUTES, *(attribute for module in PER_MODALITY for attribute in module.ATTRIBUTES))


ATTRIBUTES: tuple[Attribute, ...] = _merged()
