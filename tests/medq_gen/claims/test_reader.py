"""The claims reader on sentences that trip readers."""

from __future__ import annotations

import pytest

from medq_gen.claims import Claim, read
from medq_gen.ontology.vocabulary import Vocabulary

VOCABULARY = Vocabulary.build({})


def said(text: str) -> list[tuple[object, ...]]:
    """(name, polarity, levels) of every claim."""
    return [(claim.subject.name, claim.polarity, claim.levels) for claim in read(text, VOCABULARY).claims]


def only(text: str) -> Claim:
    """The one claim of a text."""
    (claim,) = read(text, VOCABULARY).claims
    return claim


GHOSTS, NOISE, BLUR = "motion ghosting", "noise", "sharpness"


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("No evidence of ghosting but marked noise.", [(GHOSTS, "absent", ()), (NOISE, "present", ("severe",))]),
        ("Neither ghosting nor noise is seen.", [(GHOSTS, "absent", ()), (NOISE, "absent", ())]),
        ("The image shows noise rather than ghosting.", [(NOISE, "present", ()), (GHOSTS, "absent", ())]),
        ("There is noise, not ghosting.", [(NOISE, "present", ()), (GHOSTS, "absent", ())]),
        ("The image is free of ghosting and noise.", [(GHOSTS, "absent", ()), (NOISE, "absent", ())]),
        ("No ghosting, noise or blurring.", [(GHOSTS, "absent", ()), (NOISE, "absent", ()), (BLUR, "absent", ())]),
        ("No ghosting, marked noise.", [(GHOSTS, "absent", ()), (NOISE, "present", ("severe",))]),
        ("No noise is seen and the image is blurred.", [(NOISE, "absent", ()), (BLUR, "present", ())]),
        ("No noise is seen and ghosting is marked.", [(NOISE, "absent", ()), (GHOSTS, "present", ("severe",))]),
        ("Noise and ghosting are not seen.", [(NOISE, "absent", ()), (GHOSTS, "absent", ())]),
        ("Noise is absent.", [(NOISE, "absent", ())]),
        ("Noise isn't present.", [(NOISE, "absent", ())]),
        ("Without noise, with severe blurring.", [(NOISE, "absent", ()), (BLUR, "present", ("severe",))]),
        ("Not only noise but also ghosting is seen.", [(NOISE, "present", ()), (GHOSTS, "present", ())]),
    ],
)
def test_a_negation_reaches_exactly_as_far_as_it_should(text: str, claims: list[tuple[object, ...]]) -> None:
    """Negation spreads over a list and ends at "but", at a new clause, and at a member that is graded on its own."""
    assert said(text) == claims


@pytest.mark.parametrize("text", ["The image is not free of noise.", "There is no lack of noise.", "The image is not without noise.", "Noise is not absent."])
def test_two_negations_assert(text: str) -> None:
    """A negated negation says that the finding is there."""
    assert said(text) == [(NOISE, "present", ())]


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("The image is sharp.", "absent"),
        ("The image is not sharp.", "present"),
        ("The image is anything but sharp.", "present"),
        ("Sharpness is preserved.", "absent"),
        ("Sharpness is reduced.", "present"),
        ("Sharpness is not reduced.", "absent"),
        ("The edges are crisp and the image is in focus.", "absent"),
    ],
)
def test_antonyms_turn_polarity(text: str, polarity: str) -> None:
    """ "Sharp" is the absence of blurring, "not sharp" its presence."""
    assert {claim.polarity for claim in read(text, VOCABULARY).claims if claim.subject.name == BLUR} == {polarity}


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("Subtle noise.", ("mild",)),
        ("Mild noise.", ("mild",)),
        ("Moderate noise.", ("moderate",)),
        ("Marked noise.", ("severe",)),
        ("Severe noise.", ("severe",)),
        ("Noise is marked.", ("severe",)),
        ("The image is slightly noisy.", ("mild",)),
        ("Very mild noise.", ("mild",)),
        ("Mild to moderate noise.", ("mild", "moderate")),
        ("Noise of grade 2 of 3.", ("moderate",)),
        ("Noise (level 3/3).", ("severe",)),
        ("No severe noise.", ("none", "mild", "moderate")),
        ("The noise is not severe.", ("none", "mild", "moderate")),
        ("At most mild noise.", ("none", "mild")),
        ("More than mild noise.", ("moderate", "severe")),
        ("At least moderate noise.", ("moderate", "severe")),
        ("Hardly any noise.", ("none", "mild")),
    ],
)
def test_levels_are_read_as_words_numbers_and_ranges(text: str, levels: tuple[str, ...]) -> None:
    """Adverbs, grades and bounds give the levels that they allow, and no other."""
    assert only(text).levels == levels


@pytest.mark.parametrize(
    ("text", "name", "image", "comparison"),
    [
        ("The first image is sharper than the second.", BLUR, "first", "better"),
        ("The second image is less noisy than the first.", NOISE, "second", "better"),
        ("The second image is noisier.", NOISE, "second", "worse"),
        ("Compared with the first image, the second shows more noise.", NOISE, "second", "worse"),
        ("Noise is more pronounced in the second image.", NOISE, "second", "worse"),
        ("The left image has better contrast than the right image.", "contrast", "first", "better"),
        ("Image A is noisier than image B.", NOISE, "first", "worse"),
        ("The latter shows stronger ghosting.", GHOSTS, "second", "worse"),
        ("The second image is less sharp.", BLUR, "second", "worse"),
        ("Overall, the second image is of higher quality.", "quality", "second", "better"),
        ("The first image is better than the second.", "quality", "first", "better"),
        ("Both images show a similar noise.", NOISE, "first", "equal"),
    ],
)
def test_comparatives_name_the_image_and_the_direction(text: str, name: str, image: str, comparison: str) -> None:
    """Which image is compared, and whether it is better, worse or equal."""
    claim = read(text, VOCABULARY).claims[0]
    assert (claim.subject.name, claim.image, claim.comparison) == (name, image, (comparison,))


def test_a_denied_comparison_leaves_the_other_two() -> None:
    """ "Not sharper" is worse or equal."""
    assert set(only("The first image is not sharper than the second.").comparison) == {"worse", "equal"}


def test_each_image_keeps_its_own_findings() -> None:
    """ "Noise in the first and blur in the second image" is not noise in both."""
    claims = read("Noise in the first and blurring in the second image.", VOCABULARY).claims
    assert [(claim.subject.name, claim.image) for claim in claims] == [(NOISE, "first"), (BLUR, "second")]


def test_the_article_is_no_image() -> None:
    """The article "a" never names image A."""
    assert only("In this image a ring is seen.").image is None
    assert only("A ring is seen in this image.").subject.name == "rings"


@pytest.mark.parametrize(
    ("text", "visibility"),
    [
        ("The optic disc is clearly delineated.", ("good",)),
        ("The optic disc is not clearly seen.", ("usable", "reject")),
        ("The optic disc cannot be made out.", ("reject",)),
        ("The optic disc is only partly visible.", ("usable",)),
        ("The optic disc is no longer visible.", ("reject",)),
        ("The optic disc is not lost.", ("good", "usable")),
    ],
)
def test_structures_are_graded(text: str, visibility: tuple[str, ...]) -> None:
    """How well a structure is seen, with negation."""
    assert only(text).visibility == visibility


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Overall, the quality of this image is good.", ("good",)),
        ("The quality is not good.", ("usable", "reject")),
        ("Image quality: usable", ("usable",)),
        ("This image must be rejected.", ("reject",)),
        ("The image is of good quality.", ("good",)),
    ],
)
def test_verdicts_are_read(text: str, verdict: tuple[str, ...]) -> None:
    """The tier, in the fixed words and in others."""
    assert only(text).verdict == verdict


def test_place_and_pronoun_belong_to_the_finding() -> None:
    """A place is that of the finding before it, also when "it" stands for the finding."""
    claims = read("Blurring is seen. It lies in the upper left quadrant.", VOCABULARY).claims
    assert [(claim.subject.name, claim.place) for claim in claims] == [(BLUR, None), (BLUR, "upper left")]


def test_doubt_is_kept() -> None:
    """ "Possible" marks the claim."""
    assert only("Possible slight ghosting.").hedged
    assert not only("Slight ghosting.").hedged


def test_what_cannot_be_read_is_shown() -> None:
    """A sentence without any claim is counted and returned as it stands, and a text of such sentences is not judged."""
    reading = read("The weather is fine. Noise is marked. Dr. Green agrees with 2.5 mm.", VOCABULARY)
    assert "The weather is fine." in reading.unread
    assert 0 < reading.share_read < 0.6
    assert not reading.is_judged
    assert not read("", VOCABULARY).is_judged


def test_american_spelling_reads_alike() -> None:
    """Both spellings give the same claims."""
    assert said("A marked color cast and no ring artifact.") == said("A marked colour cast and no ring artefact.") != []
