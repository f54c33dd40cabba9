"""The words themselves: enough of them, unambiguous, and usable in sentences."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from medq_gen import registry
from medq_gen.declare import Wording
from medq_gen.errors import DeclarationError
from medq_gen.ontology import adverbs, grammar, places
from medq_gen.ontology.contents import anatomy_phrase, view_phrase
from medq_gen.ontology.levels import LEVELS, Level
from medq_gen.ontology.spelling import fold, spell
from medq_gen.ontology.vocabulary import Vocabulary
from physics.modality import MODALITIES

VOCABULARY = Vocabulary.build({})
ASKED_FOR = {
    "mri": "motion ghosting|pulsation ghosting|wrap-around|undersampling aliasing|radial streaks|gibbs ringing|intensity inhomogeneity|"
    "susceptibility distortion|signal void|chemical shift|"
    "respiratory ghosting|spiral swirls|slice leakage|off-resonance blur|signal pile-up|india ink boundary|"
    "fat suppression failure|banding|herringbone|zipper|nyquist ghost|partial volume|cross-talk|geometric warp|central artefact|noise band|over-smoothing",
    "ct": "quantum noise|sparse-view streaks|directional smear|metal streaks|starvation streaks|rings|cupping|dark bands|scatter shading|double contours|"
    "truncation rim|windmill|partial volume|"
    "partial-volume streaks|aliasing lines|kernel|hu shift|over-range|waxy texture|window|projections",
    "endoscopy": "uneven illumination|over-exposure|under-exposure|specular reflection|motion blur|defocus|colour cast|colour misregistration|"
    "ghost colours|smoke|lens fog|lens contamination|"
    "water drops|bubbles|debris|blood|instrument|interlacing|honeycomb|sensor noise",
    "histopathology": "defocus|over-staining|under-staining|stain shift|section thickness|tissue fold|air bubble|blood stain|dark spots|pen mark|thread|"
    "overlap|tissue cut|knife chatter|stitching|"
    "uneven illumination|scan jitter|colour fringing|over-exposure|sensor noise|empty field",
    "fundus": "defocus|motion blur|uneven illumination|over-exposure|under-exposure|haze|colour distortion|dust|eyelash shadow|flare|vignetting|"
    "disc off centre|blink|sensor noise",
}
GENERAL = "noise|sharpness|contrast|brightness|uniformity|resolution|saturation|coverage|geometric fidelity|compression"


@pytest.mark.parametrize("modality", MODALITIES)
def test_every_attribute_is_there(modality: str) -> None:
    """The general attributes and those of the modality exist under their names, each with words for every level."""
    for name in (*GENERAL.split("|"), *ASKED_FOR[modality].split("|")):
        found = VOCABULARY.attribute(name, modality)  # type: ignore[arg-type]
        assert found is not None, name
        assert found.name == name
        assert all(found.looks[level] for level in LEVELS)


def test_there_are_more_than_a_hundred_attributes() -> None:
    """Beyond the benchmark's forty."""
    assert len(VOCABULARY.attributes) >= 100


def test_a_kind_is_of_an_attribute_of_its_modality() -> None:
    """A kind names an attribute that exists and is no kind itself, and shares its measure, so that a text says only one of the two absent."""
    kinds = [attribute for attribute in VOCABULARY.attributes if attribute.kind_of]
    assert {kind.name for kind in kinds} >= {"respiratory ghosting", "spiral swirls", "slice leakage", "off-resonance blur"}
    for kind in kinds:
        whole = VOCABULARY.require_attribute(kind.kind_of, kind.modalities[0])
        assert whole.name == kind.kind_of
        assert not whole.kind_of
        assert whole.measure in (kind.measure, None)


def test_no_look_means_two_levels() -> None:
    """A phrase of one attribute or artefact belongs to one level."""
    for term in (*VOCABULARY.attributes, *VOCABULARY.artefacts.values()):
        phrases = [phrase for level in LEVELS for phrase in term.looks.get(level, ())]
        assert len(set(phrases)) == len(phrases), term


def test_confusion_sets_are_closed_and_large_enough() -> None:
    """Four to six members a modality, each with words: a recipe's own, or those kept for an artefact without one."""
    known = Vocabulary.build({name: registry.get(name).recipe for name in registry.names()})
    for modality, members in VOCABULARY.confusion.items():
        assert 4 <= len(members) <= 6
        assert len({member for member in members if member.startswith(f"{modality}_")}) == len(members)
        assert all(member in known.artefacts for member in members)


def test_vocabulary_round_trip() -> None:
    """The JSON text gives the same vocabulary back."""
    assert Vocabulary.model_validate_json(VOCABULARY.model_dump_json()) == VOCABULARY


def test_adverbs_map_both_ways() -> None:
    """What the drafter writes for a level is read as that level."""
    for level, words in (*adverbs.ADJECTIVES.items(), *adverbs.ADVERBS.items()):
        assert {adverbs.READ[word] for word in words} == {level}
    assert [adverbs.rank(adverbs.LEVEL_OF_RANK[word]) for word in adverbs.RANKED] == [1, 1, 2, 3, 3]
    assert [adverbs.numeric_level(grade, 3) for grade in range(5)] == ["none", "mild", "moderate", "severe", None]
    assert [adverbs.numeric_level(grade, 5) for grade in (1, 3, 5)] == ["mild", "moderate", "severe"]


def test_places_are_those_that_are_measured() -> None:
    """The closed list of regions is the one of the measures."""
    measured = pytest.importorskip("physics.measure.place")
    assert set(places.REGIONS) == set(measured.REGIONS)


@pytest.mark.parametrize(
    ("first", "second", "excluded", "implied"),
    [
        ("upper left", "lower right", True, False),
        ("upper left", "upper half", False, True),
        ("upper half", "upper left", False, False),
        ("centre", "periphery", True, False),
        ("upper third", "lower half", True, False),
        ("upper third", "upper half", False, True),
        ("left half", "upper half", False, False),
    ],
)
def test_regions_exclude_and_imply(first: str, second: str, excluded: bool, implied: bool) -> None:
    """Where an effect cannot be, and where it must be, by area."""
    assert places.excludes(first, second) == excluded == places.excludes(second, first)
    assert places.implies(first, second) == implied


def test_rivals_of_a_region_are_of_its_kind_and_elsewhere() -> None:
    """The wrong answers to "where"."""
    assert set(places.rivals("upper left")) == {"upper right", "lower left", "lower right"}
    assert places.rivals("centre") == ("periphery",)
    assert places.rivals("upper half") == ("lower half",)


@pytest.mark.parametrize(
    ("phrase", "one", "be"),
    [
        ("noise", "noise", "is"),
        ("rings", "rings", "are"),
        ("colour cast", "a colour cast", "is"),
        ("uneven stripe", "an uneven stripe", "is"),
        ("signal loss", "a signal loss", "is"),
        ("motion artefact", "motion artefact", "is"),
        ("folds of tissue", "folds of tissue", "are"),
        ("ringing inside the skull with grey and white matter", None, "is"),
        ("bias field", "a bias field", "is"),
        ("debris", "debris", "is"),
    ],
)
def test_articles_and_agreement(phrase: str, one: str | None, be: str) -> None:
    """Countable nouns get an article, plurals "are"; what follows a preposition decides nothing."""
    assert grammar.be(phrase) == be
    assert one is None or grammar.indefinite(phrase) == one


def test_spelling_switches_both_ways() -> None:
    """American and back, capitals kept, and words that only look alike left alone."""
    text = "Grey artefact at the centre; colour of the fibre, 5 diameters."
    assert spell(text, "american") == "Gray artifact at the center; color of the fiber, 5 diameters."
    assert fold(spell(text, "american")) == text


def test_what_is_not_stated_is_not_said() -> None:
    """Unknown anatomy and view give no words."""
    assert anatomy_phrase("unstated") is None
    assert view_phrase("section") is None
    assert (anatomy_phrase("head"), view_phrase("axial")) == ("the head", "axial")


ALL: dict[Level, tuple[str, ...]] = {"mild": ("a",), "moderate": ("b",), "severe": ("c",)}


class _Words:
    artefact, cause, hides, synonyms, confusers, impact = "test artefact", "a test", "detail", (), (), 1.0

    def __init__(self, wordings: Mapping[str, Wording] | None = None, **looks: tuple[str, ...]) -> None:
        self.looks, self.wordings = looks, wordings or {}


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("xray_blur", _Words(mild=("a",), moderate=("b",), severe=("c",)), "xray"),
        ("mri_blur", _Words(mild=("a",), moderate=("b",)), "severe"),
        ("mri_blur", _Words(mild=("a",), moderate=("a",), severe=("c",)), "two levels"),
        ("mri_blur", _Words({"kind": Wording(ALL)}, **ALL), "field=value"),
        ("mri_blur", _Words({"kind=fast": Wording({"mild": ("d",)})}, **ALL), "moderate, severe"),
    ],
)
def test_words_that_cannot_be_used_are_refused(name: str, words: _Words, message: str) -> None:
    """A recipe without modality, without a look, or with one look for two levels is an error when the vocabulary is built."""
    with pytest.raises(DeclarationError, match=message):
        Vocabulary.build({name: words})


def test_a_wording_is_taken_by_the_pattern() -> None:
    """The first wording whose field has its value replaces looks, and cause and loss where it has its own; any other pattern leaves the plain words."""
    own = {level: (f"{look[0]} again",) for level, look in ALL.items()}
    words = _Words({"count=2": Wording(own, cause="two tests"), "kind=fast": Wording(own, hides="speed")}, **ALL)
    found = Vocabulary.build({"mri_blur": words}).artefacts["mri_blur"]
    assert found.worded({"count": 2, "kind": "fast"}).cause == "two tests"
    assert found.worded({"count": 2}).looks["severe"] == ("c again",)
    assert (found.worded({"kind": "fast"}).hides, found.worded({"kind": "fast"}).cause) == ("speed", "a test")
    assert found.worded({"kind": "slow"}) == found
    assert Vocabulary.model_validate_json(Vocabulary.build({"mri_blur": words}).model_dump_json()).artefacts["mri_blur"] == found


def test_an_unknown_attribute_is_named() -> None:
    """The error says what is known and where to add the word."""
    with pytest.raises(DeclarationError, match=r"sparkle.*ontology/mri\.py"):
        VOCABULARY.require_attribute("sparkle", "mri")


@pytest.mark.parametrize("word", ["oedema", "edema", "Oesophagus", "haemorrhage", "anaemia", "colour", "grey", "centre"])
def test_folding_twice_is_folding_once(word: str) -> None:
    """A British word that holds an American one ("oedema") stays as it is."""
    assert fold(fold(word)) == fold(word)
    assert fold(spell(fold(word), "american")) == fold(word)
