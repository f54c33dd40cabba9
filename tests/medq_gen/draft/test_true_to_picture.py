"""What a text may say of a picture: nothing that its pattern, its anatomy or its measures gainsay."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
import pytest
from strategies import ladders, record_of

from medq_gen import registry
from medq_gen.claims import compare, read
from medq_gen.draft import draft, references
from medq_gen.draft.candidates import of_record
from medq_gen.draft.clauses import GLOBAL, Pen, cause_of, looks_of
from medq_gen.draft.facts import Facts
from medq_gen.ontology.contents import fits
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import AttributeRecord, MeasureRecord, PlaceRecord, Record
from medq_gen.store import REFERENCE

VOCABULARY = Vocabulary.build({name: registry.get(name).recipe for name in registry.names()})
LEFT = PlaceRecord(box=(0, 0, 1, 0.5), region="left half", share=0.9)


def record(recipe: str, level: str, *, anatomy: str = "head", tier: str | None = None, pattern: dict[str, str] | None = None, **levels: str | None) -> Record:
    """A picture of a recipe with these attributes (underscores for spaces), none of its structures known."""
    base = record_of(np.random.default_rng(0), VOCABULARY, recipe, case="0" * 32, level=level)  # type: ignore[arg-type]
    rows = tuple(
        AttributeRecord(name=name.replace("_", " "), value=0.1, unit="1", level=found, basis="measured")  # type: ignore[arg-type]
        for name, found in levels.items()
    )
    usual = {"none": "good", "mild": "usable", "moderate": "usable", "severe": "reject"}[level]
    given = {"attributes": rows, "structures": (), "anatomy": anatomy, "tier": tier or usual, "pattern": json.dumps(pattern or {})}
    return base.model_copy(update=given)


def texts(known: Record, count: int = 60) -> list[str]:
    """Many references of one record."""
    return [references.single(Facts(known, VOCABULARY), seed=seed) for seed in range(count)]


def exact(known: Record, written: Iterable[str]) -> bool:
    """Whether each text is read back as the record."""
    return all(compare(read(text, VOCABULARY).claims, known, VOCABULARY).is_exact for text in written)


def test_a_stain_is_too_dark_or_too_pale_as_its_pattern_says() -> None:
    """Looks and cause follow the direction; the words of the other direction contradict the record."""
    over = record("histopathology_stain", "severe", pattern={"direction": "over"})
    under = record("histopathology_stain", "severe", pattern={"direction": "under"})
    dark, pale = texts(over), texts(under)
    assert exact(over, dark)
    assert exact(under, pale)
    assert not any(word in text for text in dark for word in ("pale", "faded", "weaker", "too little"))
    assert not any(word in text for text in pale for word in ("dark", "deep", "heavier", "too much"))
    assert any("too much dye" in text for text in dark)
    assert any("too little dye" in text for text in pale)
    said = read("Clearly faded colours are visible.", VOCABULARY).claims
    assert [judged.relation for judged in compare(said, over, VOCABULARY).judged] == ["contradicted"]
    assert [judged.relation for judged in compare(said, under, VOCABULARY).judged] == ["supported"]


def test_the_cause_of_the_other_direction_is_a_wrong_option() -> None:
    """Too little dye stands among the wrong causes of over-staining, so that the name of the artefact does not tell the cause."""
    for number in range(40):
        known = record("histopathology_stain", "severe", pattern={"direction": "over"}).model_copy(update={"key": f"c/histopathology_stain/{number}/severe"})
        causes = [one for one in of_record(Facts(known, VOCABULARY), has_moderate=True) if one.family == "cause"]
        if causes:
            assert causes[0].right == "The section took up too much dye"
            assert "The section took up too little dye" in {wrong.option for wrong in causes[0].pool}
            return
    pytest.fail("no picture was asked for its cause")


@pytest.mark.parametrize("level", ["mild", "moderate", "severe"])
@pytest.mark.parametrize("kind", ["sudden", "periodic", "drift"])
def test_motion_of_an_abdomen_leaves_the_head_alone(kind: str, level: str) -> None:
    """Each kind and level has a look for a body without a skull, and no other word of a head appears."""
    known = record("mri_motion", level, anatomy="abdomen", pattern={"kind": kind})
    assert looks_of(Facts(known, VOCABULARY))
    words = ("head", "skull", "brain", "scalp", "cortical", "sulci", "grey and white")
    assert not [text for text in texts(known) if any(word in text for word in words)]


@pytest.mark.parametrize("name", registry.names())
def test_every_recipe_has_a_look_for_any_anatomy(name: str) -> None:
    """Whatever the pattern and the level, one look at least says nothing of a head or of organs; no look of a wording means two levels."""
    artefact = VOCABULARY.artefacts[name]
    for words in (artefact.looks, *(wording.looks for wording in artefact.wordings.values())):
        for level in ("mild", "moderate", "severe"):
            assert any(fits(look, "unstated") for look in words[level]), (name, level)  # type: ignore[index]
        said = [look for level in ("mild", "moderate", "severe") for look in words[level]]  # type: ignore[index]
        assert len(said) == len(set(said))


def test_a_look_never_names_what_is_measured_absent() -> None:
    """No smear without blur, no grain without noise; the same looks come back where the measure does not gainsay them."""
    drifting = {"kind": "drift"}
    sharp = looks_of(Facts(record("mri_motion", "mild", pattern=drifting, sharpness="none"), VOCABULARY))
    soft = looks_of(Facts(record("mri_motion", "mild", pattern=drifting, sharpness="mild"), VOCABULARY))
    assert sharp
    assert not any("smear" in look for look in sharp)
    assert any("smear" in look for look in soft)
    clean = looks_of(Facts(record("mri_undersampling", "mild", pattern={"reconstruction": "sense"}, noise="none"), VOCABULARY))
    assert not any("grain" in look for look in clean)
    tissue = looks_of(Facts(record("ct_low_dose", "moderate", sharpness="none"), VOCABULARY))
    assert any("soft tissue" in look for look in tissue)


def test_a_mix_does_not_deny_its_own_part() -> None:
    """Noise that the ghosts hide from its measure is neither denied nor asked; where noise alone is faint, no look shows a grain."""
    known = record("mri_motion_noise", "severe", motion_ghosting="severe", noise="none", contrast="none", uniformity="none")
    written = texts(known)
    assert exact(known, written)
    assert not any("no noise" in text or "free of noise" in text or "nor noise" in text for text in written)
    assert not any(one.asked == "noise" for one in of_record(Facts(known, VOCABULARY), has_moderate=True))
    faint = record("mri_motion_noise", "mild", motion_ghosting="mild").model_copy(
        update={"measures": (MeasureRecord(name="mri_motion alone", value=1.0, unit="u"), MeasureRecord(name="mri_noise alone", value=0.3, unit="u"))}
    )
    looks = looks_of(Facts(faint, VOCABULARY))
    assert looks
    assert not any("grain" in look or "speckle" in look for look in looks)


def test_only_what_can_be_local_has_a_place() -> None:
    """Ghosts may lie in the left half; a camera out of focus blurs everywhere."""

    def placed(known: Record, name: str) -> Record:
        rows = tuple(row.model_copy(update={"place": LEFT}) if row.name == name else row for row in known.attributes)
        return known.model_copy(update={"attributes": rows})

    ghosts = placed(record("mri_motion", "severe", motion_ghosting="severe"), "motion ghosting")
    focus = placed(record("fundus_defocus", "severe", anatomy="retina", defocus="severe", noise="none", contrast="none"), "defocus")
    assert any("left half" in text for text in texts(ghosts))
    assert not any("half" in text for text in texts(focus))


def test_a_tier_that_no_finding_explains_is_laid_to_the_source() -> None:
    """Usable without a finding, reject at moderate: the text says why; nothing of it where the findings explain the tier."""
    for known in (record("mri_noise", "none", tier="usable", sharpness="none"), record("mri_noise", "moderate", tier="reject", noise="moderate")):
        written = texts(known, 30)
        assert all("of the original acquisition" in text for text in written)
        assert exact(known, written)
    plain = record("mri_noise", "severe", tier="reject", noise="severe")
    assert not any("original acquisition" in text for text in texts(plain, 30))
    said = read("There are shortcomings of the original acquisition.", VOCABULARY).claims
    assert [judged.relation for judged in compare(said, plain, VOCABULARY).judged] == ["unsupported"]


def test_the_untouched_twin_of_a_ladder_is_no_item_and_no_half_of_a_pair() -> None:
    """With its reference or without, a ladder gives the same items, and each `none` has a reference text of its own."""
    records = ladders(VOCABULARY, seed=3, cases=4, recipes=("mri_noise", "ct_low_dose"))
    drafted = draft(records, VOCABULARY, seed=0)
    assert any(one.key.endswith(f"/{REFERENCE}") for one in records)
    keys = [one.record for one in (*drafted.questions, *drafted.reasoning)] + [key for pair in drafted.pairs for key in (pair.first, pair.second)]
    assert not [key for key in keys if key.endswith(f"/{REFERENCE}")]
    assert {one.record for one in drafted.reasoning} == {one.key for one in records if not one.key.endswith(f"/{REFERENCE}")}
    assert any(key.endswith("/none") for pair in drafted.pairs for key in (pair.first, pair.second))
    assert draft([one for one in records if not one.key.endswith(f"/{REFERENCE}")], VOCABULARY, seed=0) == drafted


@pytest.mark.parametrize(
    ("ghosting", "blur", "right"),
    [
        ("moderate", "mild", "Ghosting and blurring"),
        ("moderate", "none", "Ghosting but no blurring"),
        ("none", "mild", "Blurring but no ghosting"),
        ("none", "none", "Neither ghosting nor blurring"),
        ("moderate", None, None),
    ],
)
def test_a_combination_follows_both_measures(ghosting: str, blur: str | None, right: str | None) -> None:
    """Four answers for two attributes; nothing is asked where one of them lies in a gap."""
    known = record("mri_motion", "moderate", motion_ghosting=ghosting, sharpness=blur)
    for number in range(9):  # a picture whose artefact is taken for granted is not asked
        facts = Facts(known.model_copy(update={"key": f"c/mri_motion/{number}/moderate"}), VOCABULARY)
        found = [one for one in of_record(facts, has_moderate=True) if one.family == "combination"]
        if found or right is None:
            break
    assert [one.right for one in found] == ([right] if right else [])
    assert all(len({one.right, *(wrong.option for wrong in one.pool)}) == 4 for one in found)


def test_of_attributes_with_one_measure_one_is_said_and_the_global_state_first() -> None:
    """Noise and sensor noise are not denied in one breath, and sharpness, noise, contrast and uniformity come far more often than rarer faults."""
    known = record("fundus_defocus", "none", anatomy="retina", noise="none", sensor_noise="none", contrast="none", saturation="none", compression="none")
    findings = Facts(known, VOCABULARY).absent
    said = [[finding.attribute.name for finding in Pen(np.random.default_rng(seed)).some(findings, 3)] for seed in range(300)]
    assert not [names for names in said if {"noise", "sensor noise"} <= set(names)]
    share = sum(name in GLOBAL for names in said for name in names) / sum(map(len, said))
    assert 0.6 < share < 0.95


def test_what_the_name_says_is_said_once_with_its_place() -> None:
    """Respiratory ghosting, artefact and attribute in one, is named once in a text, and where it lies with it; the reader finds both."""
    plain = record("mri_respiratory_ghosting", "severe", anatomy="abdomen", respiratory_ghosting="severe", noise="none")
    rows = tuple(row.model_copy(update={"place": LEFT}) if row.level == "severe" else row for row in plain.attributes)
    known = plain.model_copy(update={"attributes": rows})
    written = texts(known)
    assert exact(known, written)
    assert not [text for text in written if sum(f"{word} respiratory ghosting" in text.lower() for word in ("severe", "marked", "pronounced")) > 1]
    assert sum("respiratory ghosting in the left half" in text for text in written) > 0.7 * len(written)


@pytest.mark.parametrize(
    ("cause", "written"),
    [
        ("spins that were off resonance during a long readout", "due to"),
        ("an echo time at which fat and water are out of phase", "due to"),
        ("the patient moved", "because"),
        ("one side of k-space was left out and the phase was not smooth", "because"),
        ("movement of the head", "due to"),
    ],
)
def test_a_noun_with_a_relative_clause_is_no_clause(cause: str, written: str) -> None:
    """A verb that belongs to "that" or "at which" makes no sentence of a noun phrase."""
    assert cause_of(cause) == f"{written} {cause}"


def test_a_kind_stands_for_its_whole_in_wrong_options() -> None:
    """Respiratory ghosts make motion, which ghosts too, no safe wrong answer."""
    known = Facts(record("mri_respiratory_ghosting", "severe", respiratory_ghosting="severe"), VOCABULARY)
    assert known.shows_any(VOCABULARY.artefacts["mri_motion"])
    assert not known.shows_any(VOCABULARY.artefacts["mri_noise"])
