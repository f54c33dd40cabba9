"""The four axes on texts whose scores are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import record_of

from medq_gen.judge import AXES, Item, judge_text
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import AttributeRecord, PlaceRecord, Record, StructureRecord

VOCABULARY = Vocabulary.build({})
LEFT = PlaceRecord(box=(0, 0, 1, 0.5), region="left half", share=0.9)


def record(recipe: str, level: str, tier: str, structures: dict[str, str] | None = None, place: PlaceRecord | None = None, **attributes: str | None) -> Record:
    """A record with exactly these attributes and structures; an underscore in a name stands for a space."""
    base = record_of(np.random.default_rng(0), VOCABULARY, recipe, case="0" * 32, level=level)  # type: ignore[arg-type]
    rows = tuple(
        AttributeRecord(name=name.replace("_", " "), value=0.1, unit="1", level=found, basis="measured", place=place if found not in (None, "none") else None)  # type: ignore[arg-type]
        for name, found in attributes.items()
    )
    seen = tuple(StructureRecord(name=name, contrast_kept=0.5, fidelity=0.8, visibility=found) for name, found in (structures or {}).items())  # type: ignore[arg-type]
    return base.model_copy(update={"attributes": rows, "structures": seen, "tier": tier, "anatomy": "head", "view": "axial", "pattern": "{}"})


def item(*records: Record, better: str | None = None) -> Item:
    first = records[0]
    task = "single" if len(records) == 1 else "pair"
    return Item("i", task, records, better, first.case, first.group, first.split, first.modality, first.recipe, first.level)  # type: ignore[arg-type]


def scores(text: str, known: Item) -> tuple[int | None, ...]:
    """Completeness, preciseness, consistency, quality accuracy."""
    judgement = judge_text(text, known, VOCABULARY)
    return tuple(judgement.score(axis) for axis in AXES)


RINGS = item(record("ct_ring", "severe", "reject", rings="severe", noise="none", sharpness="none", contrast="none", structures={"ventricles": "reject"}))
SHADE = item(record("ct_beam_hardening", "moderate", "usable", dark_bands="moderate", cupping="mild", noise="none", sharpness="none", place=LEFT))
CLEAN = item(record("ct_ring", "none", "good", rings="none", noise="none", sharpness="none", contrast="none"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # facts: artefact 3, rings 3, ventricles 0.3
        ("Severe ring artefacts; the ventricles cannot be made out. No noise. Overall, the quality of this image is reject.", (2, 2, 2, 2)),
        ("Severe rings. Ventricles not identifiable. Non-diagnostic.", (2, 2, 2, 2)),
        ("Severe rings. Ventricles not identifiable. Still usable.", (2, 2, 1, 1)),
        ("Severe ring artefacts are present. Good quality overall.", (2, 2, 0, 0)),
        ("Mild rings. Usable.", (2, 0, 2, 1)),
        ("Moderate rings. Usable.", (2, 1, 2, 1)),
        ("Sharp image without noise. Good.", (0, 2, 2, 0)),
        ("No rings, no noise, sharp. Quality: good.", (0, 1, 2, 0)),
        ("The image is severely blurred and noisy. Reject.", (0, 0, 2, 2)),
        ("Severe rings, severe blur. Reject.", (2, 1, 2, 2)),
        ("Reject.", (0, 2, 0, 2)),
        ("Severe ring artefacts are seen.", (2, 2, 0, 0)),
        ("Quality good. Severe ring artefacts hide the ventricles. The image must be rejected.", (2, 2, 1, 2)),
        ("Severe rings are present. No rings are present. Reject.", (2, 1, 1, 2)),
    ],
)
def test_a_picture_with_severe_rings(text: str, expected: tuple[int, ...]) -> None:
    """Each flaw takes points on its own axis and on no other."""
    assert scores(text, RINGS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Moderate beam hardening with dark bands on the left; slight cupping. Usable.", (2, 2, 2, 2)),
        ("Moderate dark bands on the right side. Usable.", (2, 1, 2, 2)),
        ("Moderate dark bands. Usable.", (2, 2, 2, 2)),
        ("Slight cupping. Usable.", (0, 2, 2, 2)),
        ("Possibly slight cupping, moderate beam hardening. Acceptable quality.", (2, 2, 2, 2)),
        ("Moderate dark bands. The quality is not good.", (2, 2, 2, 1)),
        ("Moderate dark bands. Excellent image quality.", (2, 2, 1, 1)),
    ],
)
def test_a_picture_with_moderate_bands(text: str, expected: tuple[int, ...]) -> None:
    """Places, doubts, partial coverage and verdicts that leave two tiers open."""
    assert scores(text, SHADE) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No artefacts. Good.", (2, 2, 2, 2)),
        ("Sharp, no noise. Quality: good.", (2, 2, 2, 2)),
        ("Well contrasted and sharp. Usable.", (2, 2, 1, 1)),
        ("Moderate rings. Usable.", (0, 0, 2, 1)),
        ("A CT image of the head. Good.", (1, 2, 2, 2)),
    ],
)
def test_a_picture_without_findings(text: str, expected: tuple[int, ...]) -> None:
    """Of a clean picture its cleanness is to be said."""
    assert scores(text, CLEAN) == expected


CLEAR, RINGED = CLEAN.records[0], RINGS.records[0]
PAIR = item(CLEAR, RINGED, better="first")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The first image shows no rings and is sharp. The second image has severe ring artefacts. The first image is of higher quality.", (2, 2, 2, 2)),
        ("Image 1: no rings. Image 2: severe rings. I prefer image 1.", (2, 2, 2, 2)),
        ("Image 1: no rings. Image 2: severe rings. I prefer image 2.", (2, 2, 0, 0)),
        ("The second image shows more rings than the first. Better: A.", (2, 2, 2, 2)),
        ("The first image has severe rings. The second image is free of rings. The second image is better.", (0, 0, 2, 0)),
        ("Severe rings in the second image.", (2, 2, 0, 0)),
    ],
)
def test_a_pair(text: str, expected: tuple[int, ...]) -> None:
    """Findings belong to their image; the verdict must be the right one and follow from what is said."""
    assert scores(text, PAIR) == expected


def test_what_cannot_be_read_is_not_scored() -> None:
    """Less than 60 % of the sentences read: no score on any axis, the share is kept. An empty text has no points. Neither is ever 2."""
    lost = judge_text("The weather is fine. I like it. So do they. Severe rings.", RINGS, VOCABULARY)
    assert lost.status == "unjudged"
    assert lost.share_read == 0.25
    assert all(lost.score(axis) is None for axis in AXES)
    for nothing in (None, "", "  \n "):
        empty = judge_text(nothing, RINGS, VOCABULARY)
        assert empty.status == "missing"
        assert all(empty.score(axis) == 0 for axis in AXES)


def test_every_point_has_its_evidence() -> None:
    """Each sentence is shown with its claims and how they stand to the record; each axis with its reasons."""
    judgement = judge_text("Mild rings are seen. Lorem ipsum dolor. The image is noisy. Verdict: usable.", RINGS, VOCABULARY)
    assert [sentence.read for sentence in judgement.sentences] == [True, False, True, True]
    assert [[claim.relation for claim in sentence.claims] for sentence in judgement.sentences] == [["contradicted"], [], ["contradicted"], ["supported"]]
    assert judgement.sentences[0].claims[0].what == "rings mild"
    assert judgement.scores["preciseness"].reasons == ("rings mild: rings is severe", "noise: noise is none")
    assert judgement.scores["quality_accuracy"].reasons == ("the verdict is usable, the tier is reject",)
    assert "ventricles: not said" in judgement.scores["completeness"].reasons


def test_a_fault_of_another_modality_or_never_measured_costs_a_point() -> None:
    """An artefact that the record neither made nor measured is no match and half a contradiction; with doubt it is neither."""
    assert scores("Severe rings, severe metal streak artefact. Reject.", RINGS)[1] == 1
    assert scores("Severe rings, possibly a metal streak artefact. Reject.", RINGS)[1] == 2


def test_a_mix_is_said_by_its_parts() -> None:
    """Of a mix of two recipes each part is half of what is to be said."""
    from medq_gen import registry

    words = Vocabulary.build({name: registry.get(name).recipe for name in registry.names()})
    base = record_of(np.random.default_rng(0), words, "mri_motion_noise", case="0" * 32, level="severe")
    mixed = item(base.model_copy(update={"attributes": (), "structures": (), "tier": "reject", "pattern": "{}"}))
    found = {
        text: judge_text(text, mixed, words).score("completeness") for text in ("Severe ghosting and noise. Reject.", "Severe noise. Reject.", "Blur. Reject.")
    }
    assert list(found.values()) == [2, 1, 0]
