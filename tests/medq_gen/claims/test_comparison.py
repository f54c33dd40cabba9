"""Claims beside records."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import record_of

from medq_gen import registry
from medq_gen.claims import compare, read
from medq_gen.errors import MedqError
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import AttributeRecord, PlaceRecord, Record, StructureRecord

VOCABULARY = Vocabulary.build({})
UPPER_LEFT = PlaceRecord(box=(0, 0, 0.5, 0.5), region="upper left", share=0.9)


def record(level: str = "moderate", **attributes: str | None) -> Record:
    """A zipper in a head, with noise and so on at the levels given."""
    base = record_of(np.random.default_rng(0), VOCABULARY, "mri_zipper", case="0" * 32, level=level)  # type: ignore[arg-type]
    rows = tuple(
        AttributeRecord(name=name, value=0.1, unit="1", level=found, basis="measured", place=UPPER_LEFT if found not in (None, "none") else None)  # type: ignore[arg-type]
        for name, found in attributes.items()
    )
    structures = (StructureRecord(name="ventricles", contrast_kept=0.5, fidelity=0.8, visibility="usable"),)
    return base.model_copy(update={"attributes": rows, "structures": structures, "anatomy": "head", "view": "axial"})


def relation(text: str, known: Record | tuple[Record, Record]) -> tuple[str, float]:
    """Relation and credit of the first claim."""
    judged = compare(read(text, VOCABULARY).claims, known, VOCABULARY).judged[0]
    return judged.relation, judged.credit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Moderate noise is seen.", ("supported", 1)),
        ("Mild noise is seen.", ("supported", 0.5)),
        ("Severe noise is seen.", ("supported", 0.5)),
        ("Noise is seen.", ("supported", 1)),
        ("No noise is seen.", ("contradicted", 0)),
        ("No severe noise is seen.", ("supported", 1)),
        ("The image is sharp.", ("supported", 1)),
        ("The image is blurred.", ("contradicted", 0)),
        ("The image is mildly blurred.", ("contradicted", 0)),
        ("Contrast is reduced.", ("unsupported", 0)),
        ("Streaks are seen.", ("unsupported", 0)),
        ("Possible moderate noise.", ("supported", 0.5)),
        ("Possibly no noise.", ("unsupported", 0)),
        ("A moderate zipper artefact is present.", ("supported", 1)),
        ("No RF leak artefact.", ("contradicted", 0)),
        ("Noise lies in the upper half.", ("supported", 1)),
        ("Noise lies in the lower right quadrant.", ("contradicted", 0)),
        ("The ventricles are only partly visible.", ("supported", 1)),
        ("The ventricles are lost.", ("supported", 0.5)),
        ("This is a CT image.", ("contradicted", 0)),
        ("This is an MR image.", ("supported", 1)),
        ("Overall, the quality of this image is usable.", ("supported", 1)),
        ("Overall, the quality of this image is good.", ("supported", 0.5)),
        ("No artefact is seen.", ("contradicted", 0)),
    ],
)
def test_relations(text: str, expected: tuple[str, float]) -> None:
    """Supported, half supported one level off, contradicted, or more than the record knows."""
    assert relation(text, record(noise="moderate", sharpness="none", contrast=None)) == expected


def test_opposite_verdict_and_level_two_off_contradict() -> None:
    """Good against reject, and mild against severe, are contradictions, not half truths."""
    severe = record("severe", noise="severe")
    assert relation("Overall, the quality of this image is good.", severe) == ("contradicted", 0)
    assert relation("Mild noise is seen.", severe) == ("contradicted", 0)


def test_findings_not_said_are_missing() -> None:
    """Each asserted finding must be said; a gap and an absence need not."""
    known = record(noise="moderate", sharpness="none", contrast=None)
    found = compare(read("Mild noise is seen.", VOCABULARY).claims, known, VOCABULARY)
    assert found.missing == ("moderate mri_zipper",)
    assert found.findings == 2
    assert compare((), known, VOCABULARY).missing == ("moderate mri_zipper", "moderate noise")


def test_pairs_are_compared_image_by_image() -> None:
    """Claims of the first image are held against the first record, and comparatives against both."""
    pair = (record("mild", noise="mild"), record("severe", noise="severe"))
    assert relation("The first image shows severe noise.", pair) == ("contradicted", 0)
    assert relation("The second image shows severe noise.", pair) == ("supported", 1)
    assert relation("The first image is less noisy than the second.", pair) == ("supported", 1)
    assert relation("The second image is less noisy than the first.", pair) == ("contradicted", 0)
    assert relation("Overall, the first image is of higher quality.", pair) == ("supported", 1)
    assert relation("Overall, the first image is of higher quality.", (pair[1], pair[0])) == ("contradicted", 0)


def test_pairs_of_two_modalities_are_refused() -> None:
    """Only pictures of one modality are compared."""
    other = record_of(np.random.default_rng(0), VOCABULARY, "ct_ring", case="1" * 32, level="mild")
    with pytest.raises(MedqError, match="one modality"):
        compare((), (record(), other), VOCABULARY)


@pytest.mark.parametrize(
    ("recipe", "kind", "text", "expected"),
    [
        ("mri_spiral_off_resonance", "off-resonance blur", "The image is severely blurred.", "supported"),
        ("mri_spiral_off_resonance", "off-resonance blur", "Severe field-dependent blurring is seen.", "supported"),
        ("mri_spiral_off_resonance", "off-resonance blur", "The image is sharp.", "contradicted"),
        ("mri_spiral_undersampling", "spiral swirls", "Severe swirling bands cross the picture.", "supported"),
        ("mri_spiral_undersampling", "spiral swirls", "Marked aliasing is present.", "supported"),
        ("mri_spiral_undersampling", "spiral swirls", "There is no aliasing.", "contradicted"),
        ("mri_caipi", "slice leakage", "There is severe inter-slice leakage.", "supported"),
        ("mri_caipi", "slice leakage", "No leakage from other slices is seen.", "contradicted"),
        ("mri_respiratory_ghosting", "respiratory ghosting", "Severe ghosting is visible.", "supported"),
        ("mri_respiratory_ghosting", "respiratory ghosting", "Pronounced breathing ghosts are visible.", "supported"),
        ("mri_respiratory_ghosting", "respiratory ghosting", "The image is free of ghosts.", "contradicted"),
        ("mri_metal", "signal pile-up", "Severe bright rims are seen.", "supported"),
        ("mri_metal", "signal pile-up", "There is no bright rim.", "contradicted"),
        ("mri_india_ink", "india ink boundary", "Black boundaries are pronounced.", "supported"),
        ("mri_india_ink", "india ink boundary", "No India ink artefact is seen.", "contradicted"),
        ("mri_cross_talk", "cross-talk", "Severe cross-talk is visible.", "supported"),
        ("mri_noise", "motion ghosting", "Severe respiratory ghosting is seen.", "unsupported"),
        ("mri_noise", "sharpness", "Severe off-resonance blurring is seen.", "unsupported"),
    ],
)
def test_words_of_an_attribute_mean_its_kinds_and_not_the_other_way_round(recipe: str, kind: str, text: str, expected: str) -> None:
    """Blurring that is off-resonance blur is blurring; of a picture that is blurred otherwise the record does not know that it is off resonance."""
    known = Vocabulary.build({name: registry.get(name).recipe for name in registry.names()})
    base = record_of(np.random.default_rng(0), known, recipe, case="0" * 32, level="severe")
    row = AttributeRecord(name=kind, value=0.9, unit="1", level="severe", basis="measured")
    judged = compare(read(text, known).claims, base.model_copy(update={"attributes": (row,)}), known).judged
    assert [one.relation for one in judged] == [expected]
