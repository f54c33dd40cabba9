"""A draft as a whole: balance, margins, options, stems, pairs, and the gates that watch them."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import pytest
from strategies import ladders

from medq_gen import registry
from medq_gen.answer.leaks import leaks
from medq_gen.draft import Distractor, Drafted, Question, draft, gates
from medq_gen.draft.balance import exchangeable
from medq_gen.draft.candidates import NO_ARTEFACT
from medq_gen.errors import MedqError
from medq_gen.ontology.levels import LEVELS
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import AttributeRecord, MeasureRecord, Record

VOCABULARY = Vocabulary.build({name: registry.get(name).recipe for name in registry.names()})
RECIPES = tuple(VOCABULARY.artefacts)
RECORDS = ladders(VOCABULARY, seed=11, cases=3, recipes=RECIPES)
KNOWN = {record.key: record for record in RECORDS}
MILD = next(record for record in RECORDS if record.level == "mild")


@cache
def whole() -> Drafted:
    """The draft of all records, made when the first test asks for it."""
    return draft(RECORDS, VOCABULARY, seed=5)


def of(family: str, drafted: Drafted | None = None) -> list[Question]:
    """The questions of a family."""
    return [question for question in (drafted or whole()).questions if question.family == family]


def test_every_structural_gate_holds_on_a_thousand_items() -> None:
    """All modalities, all artefacts, well over 1,000 items: no gate fails, and no stem has more than 4 %."""
    found = gates.structural(whole(), RECORDS, VOCABULARY)
    assert len(whole().questions) > 1000
    assert [gate for gate in found if not gate.holds] == []
    share = next(gate for gate in found if gate.name == "share of the most frequent stem")
    assert 0 < share.figure <= 0.04


def test_each_option_of_a_set_is_right_as_often_as_the_others() -> None:
    """The combinations that share one set of options have each of them as the right one equally often, so that the words tell nothing."""
    sets: dict[tuple[str, str, frozenset[str]], Counter[str]] = defaultdict(Counter)
    for question in of("combination"):
        sets[question.modality, question.asked, frozenset(question.options)][question.answer_text] += 1
    for (_, _, options), counts in sets.items():
        assert set(counts) == options
        assert len(set(counts.values())) == 1, counts
    assert {len(options) for _, _, options in sets} <= {3, 4}
    assert sum(counts.total() for counts in sets.values()) > 50


@dataclass(frozen=True)
class Dealt:
    """What `exchangeable` looks at."""

    right: str
    pool: tuple[Distractor, ...]
    rank: str


@pytest.mark.parametrize("seed", range(8))
def test_groups_share_their_options_and_no_candidate_is_dealt_twice(seed: int) -> None:
    """Of six words, some of which are safely wrong beside others and two of which are never right: every set of options has each right equally often, none
    of its wrong options is unsafe, sets of four come before sets of three, and no further group can be made of what is left."""
    rng = random.Random(seed)
    names = ["a", "b", "c", "d", "e", "f"]
    given = []
    for number in range(80):
        right = rng.choice(names)
        safe = [name for name in [*names, "never", "nor this"] if name != right and rng.random() < 0.75]
        given.append(Dealt(right, tuple(Distractor(option=name, reason="r") for name in safe), f"{number:03d}"))
    found = exchangeable(given)  # type: ignore[arg-type, type-var]
    known = {one.rank: one for one in given}
    assert len({one.rank for one in found}) == len(found) > 20
    sets: dict[frozenset[str], Counter[str]] = defaultdict(Counter)
    for one in found:
        wrong = {distractor.option for distractor in one.pool}
        assert wrong <= {distractor.option for distractor in known[one.rank].pool} & set(names)
        sets[frozenset(wrong | {one.right})][one.right] += 1
    for options, counts in sets.items():
        assert set(counts) == options
        assert len(set(counts.values())) == 1
    rest = [one for one in given if one.rank not in {each.rank for each in found}]
    for options in combinations(names, 3):
        assert not all(any(one.right == right and {d.option for d in one.pool} >= {*options} - {right} for one in rest) for right in options)
    assert [one.rank for one in found] == sorted(one.rank for one in found)


def test_a_reader_of_words_alone_is_at_chance() -> None:
    """Over the draft of all recipes: no stratum of a blind solver is above guessing, tested or not, but those that are too small to mean anything."""
    strata = leaks(question.model_dump() for question in whole().questions)
    assert {(stratum.type, stratum.n_options) for stratum in strata} >= {("yes_no", 2), ("what", 4), ("how", 4)}
    assert [str(stratum) for stratum in strata if not stratum.holds] == []


def test_the_same_records_in_any_order_give_the_same_draft() -> None:
    """Order and repetition of the call change nothing; another seed changes the references and no question."""
    some = RECORDS[:150]
    shuffled = random.Random(1).sample(some, len(some))
    first = draft(some, VOCABULARY, seed=5)
    assert draft(shuffled, VOCABULARY, seed=5) == first
    other = draft(some, VOCABULARY, seed=6)
    assert other.questions == first.questions
    assert [item.reference for item in other.reasoning] != [item.reference for item in first.reasoning]


def test_no_grade_of_a_word_is_right_more_often_than_another() -> None:
    """Over all pictures that are asked for one word, the right grades differ in number by one at most (and a word has more than one right grade)."""
    grades: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for question in whole().questions:
        if question.type == "how":
            grades[question.family, question.asked][question.answer_text] += 1
    assert len(grades) > 50
    assert all(max(counts.values()) - min(counts.values()) <= 1 for counts in grades.values())
    assert all(len(counts) > 1 for counts in grades.values() if counts.total() > 1)


def test_one_recipe_keeps_few_items_that_its_name_tells() -> None:
    """Alone, a recipe asks for cause and primary attribute in at most a third of the pictures that allow it; beside others of its modality in all."""
    alone = ladders(VOCABULARY, seed=2, cases=12, recipes=("mri_motion",))
    few = Counter(question.family for question in draft(alone, VOCABULARY, seed=0).questions if question.record.split("/")[1] == "mri_motion")
    beside = ladders(VOCABULARY, seed=2, cases=12, recipes=("mri_motion", "mri_noise"))
    all_of = Counter(question.family for question in draft(beside, VOCABULARY, seed=0).questions if question.record.split("/")[1] == "mri_motion")
    assert 3 <= few["primary attribute"] <= 12
    assert all_of["primary attribute"] >= 2 * few["primary attribute"]
    assert few["combination"] > 3


def test_a_draft_travels_as_json() -> None:
    """Every item survives JSON."""
    assert Drafted.model_validate_json(whole().model_dump_json()) == whole()


@pytest.mark.parametrize("recipe", registry.names())
def test_each_recipe_alone_can_be_drafted(recipe: str) -> None:
    """A run of one recipe, large and small, passes its gates and asks yes/no, what (where it is no mix) and how; what no single picture shows, in pairs."""
    drafted = draft(ladders(VOCABULARY, seed=2, cases=12, recipes=(recipe,)), VOCABULARY, seed=0)
    found = registry.get(recipe)
    shown = any(VOCABULARY.require_attribute(name, found.modality).asked for name in found.recipe.attributes)
    assert {question.type for question in drafted.questions} == ({"yes_no", "what", "how"} if shown else set())
    assert bool(drafted.reasoning) == shown
    assert drafted.pairs
    draft(ladders(VOCABULARY, seed=4, cases=1, recipes=(recipe,)), VOCABULARY, seed=0)


def test_yes_and_no_are_equal_per_word_and_level_and_form() -> None:
    """Exactly as many yes as no for each asked word at each level; each pair has one of either."""
    pairs: dict[str, list[str]] = defaultdict(list)
    for question in whole().questions:
        if question.type == "yes_no":
            pairs[question.pair].append(question.answer_text)
    assert pairs
    assert all(sorted(answers) == ["No", "Yes"] for answers in pairs.values())


def test_yes_no_answers_follow_the_record() -> None:
    """Presence and thresholds of artefacts, decided anew from the record."""
    for question in of("presence") + of("above a level"):
        record = KNOWN[question.record]
        if question.asked != VOCABULARY.artefacts[record.recipe].artefact:
            continue
        inverse = question.template.split("/")[1] == "inverse"
        if question.family == "presence":
            holds = record.level != "none"
        else:
            threshold = "moderate" if "moderate" in question.question else "mild"
            holds = LEVELS.index(record.level) > LEVELS.index(threshold)  # type: ignore[arg-type]
        assert question.answer_text == ("Yes" if holds != inverse else "No"), question


def test_attribute_answers_follow_the_record_and_gaps_are_never_asked() -> None:
    """The right grade is the attribute's own level; an attribute in a gap has no question."""
    asked = of("attribute level")
    assert asked
    for question in asked:
        record = KNOWN[question.record]
        levels = {VOCABULARY.require_attribute(row.name, record.modality).fault: row.level for row in record.attributes}
        level = levels[question.asked]
        assert question.answer_text == {"none": "Absent", "mild": "Mild", "moderate": "Moderate", "severe": "Severe"}[level or "gap"]


def test_wrong_artefacts_are_members_of_the_set_and_not_measured() -> None:
    """Each option is a member of the modality's closed set or "No artefact"; no wrong one disturbs an attribute that the record asserts."""
    asked = of("primary artefact")
    assert asked
    names = {(artefact.modality, artefact.artefact.lower()): artefact for artefact in VOCABULARY.artefacts.values()}
    for question in asked:
        record = KNOWN[question.record]
        members = {VOCABULARY.artefacts[name].artefact.lower() for name in VOCABULARY.confusion[record.modality]}
        present = {row.name for row in record.attributes if row.level != "none"}
        for number, option in enumerate(question.options):
            assert option == NO_ARTEFACT or option.lower() in members
            if number != question.answer and option != NO_ARTEFACT and record.level != "none":
                assert not present & set(names[record.modality, option.lower()].attributes)
        assert (question.answer_text == NO_ARTEFACT) == (record.level == "none")


def test_no_artefact_is_right_in_about_a_third_of_the_items_that_offer_it() -> None:
    """It stands as a wrong option beside up to three other items for each in which it is right, so that it gives nothing away."""
    offered = [question for question in of("primary artefact") if NO_ARTEFACT in question.options]
    right = sum(question.answer_text == NO_ARTEFACT for question in offered)
    assert 0.2 <= right / len(offered) <= 0.5


def test_places_are_asked_only_where_the_effect_is() -> None:
    """At least 70 % of the effect lies in the place that is right."""
    asked = of("place") + of("confined to a place")
    assert asked
    for question in asked:
        record = KNOWN[question.record]
        shares = {VOCABULARY.require_attribute(row.name, record.modality).name: row.place.share for row in record.attributes if row.place}
        assert shares[question.presupposes] >= 0.7


def test_what_is_taken_for_granted_is_not_asked_of_the_same_picture() -> None:
    """No picture has a stem that presupposes its artefact beside one that asks for it."""
    granted = {(question.picture, question.presupposes) for question in whole().questions if question.presupposes}
    assert granted
    assert not [question for question in whole().questions if question.asks and (question.picture, question.asks) in granted]


def test_pairs_keep_their_margin_and_their_order_is_dealt() -> None:
    """Same ladder, tiers that differ, at least 1.5 apart, the milder one better; first and second in turn."""
    assert whole().pairs
    for pair in whole().pairs:
        first, second = KNOWN[pair.first], KNOWN[pair.second]
        assert first.key.rsplit("/", 1)[0] == second.key.rsplit("/", 1)[0]
        assert first.tier != second.tier
        gap = (second.effect or 0) - (first.effect or 0)
        assert abs(gap) >= 1.5
        assert pair.better == ("first" if gap > 0 else "second")
        assert pair.reference.endswith(f"Overall, the {pair.better} image is of higher quality.")
    counts = Counter(pair.better for pair in whole().pairs)
    assert abs(counts["first"] - counts["second"]) <= 1


def test_references_close_with_the_tier() -> None:
    """The fixed closing words, with the record's tier."""
    for item in whole().reasoning:
        assert item.reference.endswith(f" Overall, the quality of this image is {KNOWN[item.record].tier}.")


def test_no_word_reads_as_missing_anywhere() -> None:
    """None, NA, N/A and null are no text of any column."""
    for question in whole().questions:
        for text in (question.question, *question.options, question.asked, question.rule, *(fact.value for fact in question.evidence)):
            assert text.strip().lower() not in gates.MISSING_WORDS
    assert not any(" none" in item.reference.lower() for item in whole().reasoning)


def test_dominance_is_asked_of_a_mix_from_a_difference_of_one() -> None:
    """The part that alone does more harm is right; at a smaller difference nothing is asked."""
    mixes = [name for name, artefact in VOCABULARY.artefacts.items() if artefact.parts]
    if not mixes:
        pytest.skip("no mix is declared")
    parts = VOCABULARY.artefacts[mixes[0]].parts

    def with_parts(record: Record, low: float, high: float) -> Record:
        rows = tuple(MeasureRecord(name=f"{name} alone", value=value, unit="u") for name, value in zip(parts, (low, high), strict=False))
        return record.model_copy(update={"measures": rows})

    base = [record for record in ladders(VOCABULARY, seed=9, cases=8, recipes=(mixes[0],)) if record.level != "none"]
    assert not of("dominance", draft([with_parts(record, 1.0, 1.5) for record in base], VOCABULARY, seed=0))
    asked = of("dominance", draft([with_parts(record, 1.0, 2.4) for record in base], VOCABULARY, seed=0))
    assert asked
    assert {question.answer_text.lower() for question in asked} == {VOCABULARY.artefacts[parts[1]].artefact.lower()}


def test_american_spelling_reaches_every_text() -> None:
    """No British form is left, and the gates hold."""
    drafted = draft(RECORDS[:200], VOCABULARY, seed=5, spelling="american")
    texts = [item.reference for item in drafted.reasoning] + [text for question in drafted.questions for text in (question.question, *question.options)]
    assert any("artifact" in text for text in texts)
    assert not [text for text in texts if "artefact" in text.lower() or "colour" in text.lower()]


def test_an_unknown_spelling_recipe_or_attribute_is_refused() -> None:
    """Each error names what was given."""
    with pytest.raises(MedqError, match="klingon"):
        draft(RECORDS[:2], VOCABULARY, seed=0, spelling="klingon")  # type: ignore[arg-type]
    with pytest.raises(MedqError, match="mri_sparkle"):
        draft([MILD.model_copy(update={"recipe": "mri_sparkle"})], VOCABULARY, seed=0)
    row = AttributeRecord(name="sparkle", value=1.0, unit="1", level="mild", basis="measured")
    with pytest.raises(MedqError, match="sparkle"):
        draft([MILD.model_copy(update={"attributes": (row,)})], VOCABULARY, seed=0)


def test_nothing_drafted_from_nothing() -> None:
    """No records, no items, no error."""
    assert draft([], VOCABULARY, seed=0) == Drafted(questions=(), reasoning=(), pairs=())


@pytest.mark.parametrize(
    ("gate", "change"),
    [
        ("yes and no per asked word and level", lambda q: q.model_copy(update={"answer": 0}) if q.type == "yes_no" else q),
        ("position of the right option per type and number of options", lambda q: q.model_copy(update={"answer": 0}) if q.type == "how" else q),
        (
            "stem contains its answer's words",
            lambda q: q.model_copy(update={"question": f"{q.question} {q.answer_text}?"}) if q.family == "overall tier" else q,
        ),
        ("options unique and never read as missing", lambda q: q.model_copy(update={"options": ("None", *q.options[1:])}) if q.type == "how" else q),
        (
            "right option per set of options of combinations and primary attributes",
            lambda q: q.model_copy(update={"answer": q.options.index(min(q.options))}) if q.family == "combination" else q,
        ),
        ("identical picture and stem", lambda q: q.model_copy(update={"question": "What is it?", "picture": "p"})),
        (
            "a stem that presupposes what another asks of the same picture",
            lambda q: q.model_copy(update={"presupposes": "tier"}) if q.family == "overall tier" else q,
        ),
    ],
)
def test_gates_catch_what_they_are_for(gate: str, change: object) -> None:
    """Spoilt questions fail the gate of that fault, and `require` raises with its name; the references beside them are few, since reading them takes long."""
    questions = tuple(change(question) for question in whole().questions)  # type: ignore[operator]
    spoilt = whole().model_copy(update={"questions": questions, "reasoning": whole().reasoning[:20]})
    found = {one.name: one for one in gates.structural(spoilt, RECORDS, VOCABULARY)}
    assert not found[gate].holds
    with pytest.raises(MedqError, match=gate[:20]):
        gates.require(found.values())


def test_a_false_reference_fails_the_round_trip() -> None:
    """A reference of another record's level is found by the claims gate."""
    first = next(item for item in whole().reasoning if item.level == "severe")
    other = next(item for item in whole().reasoning if item.recipe == first.recipe and item.level == "none")
    spoilt = whole().model_copy(update={"reasoning": (other.model_copy(update={"reference": first.reference}),)})
    found = {one.name: one for one in gates.structural(spoilt, RECORDS, VOCABULARY)}
    assert not found["claims of references that the record contradicts"].holds
