"""What the drafter writes, the reader reads back, whatever the record."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import ladders, record_of, records

from medq_gen import registry
from medq_gen.claims import compare, read
from medq_gen.draft import references
from medq_gen.draft.facts import Facts
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import Record

VOCABULARY = Vocabulary.build({name: registry.get(name).recipe for name in registry.names()})
WORDS = sorted(
    {word for attribute in VOCABULARY.attributes for phrase in (*attribute.names, *attribute.adjectives, *attribute.opposites) for word in phrase.split()}
    | {
        "no",
        "not",
        "neither",
        "nor",
        "without",
        "but",
        "and",
        "or",
        ",",
        ";",
        "than",
        "the",
        "a",
        "first",
        "second",
        "image",
        "images",
        "is",
        "are",
        "more",
        "less",
        "sharper",
        "both",
        "lies",
        "in",
        "upper",
        "left",
        "quadrant",
        "severe",
        "mild",
        "free",
        "of",
        "quality",
        "good",
    }
)


@settings(max_examples=150, deadline=None)
@given(record=records(VOCABULARY), salt=st.integers(0, 5), spelling=st.sampled_from(["british", "american"]))
def test_a_reference_is_read_back_exactly(record: Record, salt: int, spelling: str) -> None:
    """Every claim is supported in full, every finding said, every sentence read, in either spelling."""
    text = references.single(Facts(record, VOCABULARY), seed=1, salt=salt, spelling=spelling)  # type: ignore[arg-type]
    reading = read(text, VOCABULARY)
    assert not reading.unread
    compared = compare(reading.claims, record, VOCABULARY)
    assert compared.is_exact, (text, [judged for judged in compared.judged if judged.relation != "supported"], compared.missing)


def test_a_thousand_references_in_all_modalities_are_exact_and_different() -> None:
    """1,000 records of all 25 artefacts: exact, and no two texts alike but for what the drafter would write anew."""
    found = ladders(VOCABULARY, seed=7, cases=10, recipes=tuple(VOCABULARY.artefacts))[:1100]
    assert len(found) >= 1000
    assert {record.modality for record in found} == {"mri", "ct", "endoscopy", "histopathology", "fundus"}
    texts = set()
    for record in found:
        text = references.single(Facts(record, VOCABULARY), seed=0)
        texts.add(text)
        assert compare(read(text, VOCABULARY).claims, record, VOCABULARY).is_exact, text
    assert len(texts) >= 0.99 * len(found)


@pytest.mark.parametrize(("wrong", "right"), [("moderate", "none"), ("severe", "mild"), ("none", "severe")])
def test_a_text_of_another_level_is_caught(wrong: str, right: str) -> None:
    """The reference of one level, held against a record two levels away, is contradicted: the round trip is no rubber stamp."""
    said, known = (record_of(np.random.default_rng(3), VOCABULARY, "ct_ring", case="0" * 32, level=level) for level in (wrong, right))  # type: ignore[arg-type]
    text = references.single(Facts(said, VOCABULARY), seed=0)
    assert compare(read(text, VOCABULARY).claims, known, VOCABULARY).of("contradicted")


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 10**9), noise=st.text(max_size=60))
def test_no_text_breaks_the_reader(seed: int, noise: str) -> None:
    """Any heap of the vocabulary's own words and any characters are read without an error, and never more sentences are read than there are."""
    rng = random.Random(seed)
    text = " ".join(rng.choices(WORDS, k=rng.randint(1, 25))) + ". " + noise
    reading = read(text, VOCABULARY)
    assert 0 <= reading.share_read <= 1
    assert all(claim.levels == tuple(sorted(set(claim.levels), key=("none", "mild", "moderate", "severe").index)) for claim in reading.claims)
