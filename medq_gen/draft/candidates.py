"""What could be asked of each record: candidates with their right answer, before stems are chosen and sets are balanced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from medq_gen.draft.clauses import place_phrase
from medq_gen.draft.facts import Facts, Finding
from medq_gen.draft.items import Distractor, Evidence, QuestionType, identity
from medq_gen.ontology.contents import fits
from medq_gen.ontology.grammar import capital
from medq_gen.ontology.levels import LEVELS
from medq_gen.ontology.places import DIRECTIONS, PHRASES, rivals
from medq_gen.ontology.terms import Artefact, Scope

NO_ARTEFACT = "No artefact"
LEVEL_OPTIONS = {"none": "Absent", "mild": "Mild", "moderate": "Moderate", "severe": "Severe"}
GRADE_OPTIONS = {"good": "Good", "usable": "Usable", "reject": "Reject"}
TAKEN_SHARE = 4  # one touched picture in so many is asked questions that take the artefact for granted, and none that ask for it
DOMINANCE_FROM = 1.0


@dataclass(frozen=True)
class Candidate:
    """A question in the making.

    holds : for Yes/No, whether the finding is there. right : the text of the right option. pool : wrong options with reasons, in order of preference.
    scale : all options in their order, where they form a scale. wanted : number of options.
    """

    facts: Facts
    type: QuestionType
    family: str
    scope: Scope
    asked: str
    asked_level: str
    x: str
    rule: str
    evidence: tuple[Evidence, ...]
    holds: bool = True
    plural: bool | None = None
    level: str = ""
    place: str = ""
    right: str = ""
    pool: tuple[Distractor, ...] = ()
    scale: tuple[str, ...] = ()
    presupposes: str = ""
    asks: str = ""
    confusion: str = ""

    @property
    def modality(self) -> str:
        """The modality of the picture."""
        return self.facts.record.modality

    @property
    def rank(self) -> str:
        """A hash that orders candidates without regard to how the records came."""
        return identity(self.facts.record.key, self.family, self.asked, self.level, self.place)


def of_record(facts: Facts, *, has_moderate: bool) -> Iterator[Candidate]:
    """Every candidate of a record. A picture either has its artefact taken for granted or asked for, never both."""
    taken = facts.is_touched and int(identity(facts.record.key, "taken"), 16) % TAKEN_SHARE == 0
    granted = list(_granted(facts)) if taken else []
    own = {finding.attribute.name for finding in facts.present} | {facts.record.recipe}
    for candidate in (*_artefact(facts, has_moderate), *_attributes(facts, has_moderate)):
        if not granted or candidate.asks not in own:
            yield candidate
    yield from granted
    if not granted:
        yield from _combination(facts)
    yield from _structures(facts)
    yield _tier(facts)


def _artefact(facts: Facts, has_moderate: bool) -> Iterator[Candidate]:
    record, artefact = facts.record, facts.artefact
    base = Candidate(
        facts=facts, type="yes_no", family="presence", scope="specific", asked=artefact.artefact, asked_level=record.level, x=artefact.artefact, rule="",
        evidence=(Evidence(name=artefact.artefact, value=f"level {_level(record.level)}"),), asks=record.recipe,
    )  # fmt: skip
    yield replace(base, holds=facts.is_touched, rule="present from level mild on, absent where the record's level is below the threshold of perception")
    for level in ("mild", "moderate"):
        yield replace(
            base,
            family="above a level",
            level=level,
            holds=LEVELS.index(record.level) > LEVELS.index(level),
            rule=f"the level lies inside its band, above or not above {level}",
        )
    yield replace(
        base, type="how", family="artefact level", right=LEVEL_OPTIONS[record.level], scale=_levels(has_moderate or record.level == "moderate"),
        rule="the level whose band holds the measured effect",
        pool=tuple(Distractor(option=option,
        reason=f"the measured level is {_level(record.level)}") for option in _levels(True) if option != LEVEL_OPTIONS[record.level]),
    )  # fmt: skip
    if artefact.parts:
        return
    members = facts.vocabulary.confusion.get(record.modality, ())
    if record.recipe in members:
        yield replace(
            base, type="what", family="primary artefact", asked="artefact", x="", right=capital(artefact.artefact) if facts.is_touched else NO_ARTEFACT,
            rule="the one artefact that was made in this picture; No artefact where its level is below the threshold of perception",
            pool=tuple(_other_artefacts(facts, members)), confusion=record.modality, presupposes="",
        )  # fmt: skip


def _levels(has_moderate: bool) -> tuple[str, ...]:
    return tuple(option for level, option in LEVEL_OPTIONS.items() if has_moderate or level != "moderate")


def _level(level: str) -> str:
    return "absent" if level == "none" else level


def _rivals(facts: Facts, members: tuple[str, ...]) -> Iterator[Artefact]:
    """Members of a confusion set that are safely wrong: none of what they disturb is measured here, so that a reader could not take them for right."""
    for name in members:
        other = facts.vocabulary.artefact(name)
        if other is not None and name != facts.record.recipe and not facts.shows_any(other):
            yield other


def _other_artefacts(facts: Facts, members: tuple[str, ...]) -> Iterator[Distractor]:
    for other in _rivals(facts, members):
        measured = [name for name in other.attributes if facts.level_of(name) == "none"]
        reason = f"{', '.join(measured)} measured absent" if measured else "not made in this picture, and nothing that it disturbs is measured here"
        yield Distractor(option=capital(other.artefact), reason=reason)


def _attributes(facts: Facts, has_moderate: bool) -> Iterator[Candidate]:
    for finding in facts.findings:
        attribute = finding.attribute
        base = Candidate(
            facts=facts, type="yes_no", family="presence", scope=attribute.scope, asked=attribute.fault, asked_level=finding.level, x=attribute.fault,
            holds=finding.level != "none", rule="the attribute's own measure, inside its band",
            evidence=(Evidence(name=attribute.name, value=f"level {_level(finding.level)}"),), asks=attribute.name,
        )  # fmt: skip
        if attribute.fault != facts.artefact.artefact:
            yield base
            yield replace(
                base, type="how", family="attribute level", right=LEVEL_OPTIONS[finding.level], scale=_levels(has_moderate or finding.level == "moderate"),
                pool=tuple(Distractor(option=option,
                reason=f"the measured level is {_level(finding.level)}") for option in _levels(True) if option != LEVEL_OPTIONS[finding.level]),
            )  # fmt: skip
    if facts.present and len(facts.absent) >= 2:
        first = facts.present[0]
        if all(LEVELS.index(first.level) >= LEVELS.index(other.level) for other in facts.present):
            yield Candidate(
                facts=facts, type="what", family="primary attribute", scope=first.attribute.scope, asked="attribute", asked_level=first.level, x="",
                rule="the only option that is measured present", evidence=tuple(Evidence(name=f.attribute.name,
                value=f"level {_level(f.level)}") for f in facts.findings),
                right=capital(first.attribute.fault), asks=first.attribute.name,
                pool=tuple(Distractor(option=capital(finding.attribute.fault),
                reason=f"{finding.attribute.name} is measured absent") for finding in facts.absent),
            )  # fmt: skip


def _combination(facts: Facts) -> Iterator[Candidate]:
    """Which of two attributes that the recipe disturbs are seen, alone or together: within one recipe the pictures differ in it, so that no text tells."""
    names = [known.name for name in facts.artefact.attributes if (known := facts.vocabulary.attribute(name, facts.record.modality))]
    own = {finding.attribute.name: finding for finding in facts.findings}
    known_own = [own[name] for name in names if name in own]
    first = next(iter(known_own), None)
    second = next((one for one in known_own if first and one.attribute.measure != first.attribute.measure), None)
    if first is None or second is None:
        return
    a, b = first.attribute.fault, second.attribute.fault
    options = {
        (True, True): f"{capital(a)} and {b}",
        (True, False): f"{capital(a)} but no {b}",
        (False, True): f"{capital(b)} but no {a}",
        (False, False): f"Neither {a} nor {b}",
    }
    seen = (first.level != "none", second.level != "none")
    told = " and ".join(f"{one.attribute.name} is {_level(one.level)}" for one in (first, second))
    general = first.attribute.scope == second.attribute.scope == "general"
    yield Candidate(
        facts=facts, type="what", family="combination", scope="general" if general else "specific", asked=f"{a}, {b}", asked_level=facts.record.level, x="",
        rule="both attributes by their own measures, inside their bands", right=options[seen], asks=first.attribute.name,
        evidence=tuple(Evidence(name=one.attribute.name, value=f"level {_level(one.level)}") for one in (first, second)),
        pool=tuple(Distractor(option=option, reason=told) for key, option in options.items() if key != seen),
    )  # fmt: skip


def _granted(facts: Facts) -> Iterator[Candidate]:
    """Questions that take the artefact or a finding for granted: its cause, its place, which of two dominates."""
    record, artefact = facts.record, facts.artefact
    members = facts.vocabulary.confusion.get(record.modality, ())
    if record.recipe in members and fits(artefact.cause, record.anatomy):
        pool = (
            *(Distractor(option=capital(cause), reason="the pattern of this picture is another") for cause in _other_causes(facts)),
            *(Distractor(option=capital(other.cause), reason=f"{other.artefact} is not in this picture") for other in _rivals(facts, members)),
        )
        yield Candidate(
            facts=facts, type="what", family="cause", scope="specific", asked="cause", asked_level=record.level, x="",
            rule="the cause of the one artefact that was made in this picture",
            evidence=(Evidence(name=artefact.artefact, value=f"level {_level(record.level)}"),), right=capital(artefact.cause), pool=pool,
            presupposes=record.recipe, confusion=f"{record.modality} cause",
        )  # fmt: skip
    for finding in facts.present:
        if finding.place is not None and finding.place.region in (*PHRASES, *DIRECTIONS):
            yield from _placed(facts, finding)
    if artefact.parts:
        yield from _dominance(facts)


def _other_causes(facts: Facts) -> list[str]:
    """The causes of the same artefact under another pattern: too little dye where it was too much."""
    return sorted({wording.cause for wording in facts.artefact.wordings.values()} - {"", facts.artefact.cause})


def _placed(facts: Facts, finding: Finding) -> Iterator[Candidate]:
    assert finding.place is not None
    region, attribute = finding.place.region, finding.attribute
    others = rivals(region)
    if not others or region in DIRECTIONS:
        return
    share = round(100 * finding.place.share)
    base = Candidate(
        facts=facts, type="what", family="place", scope=attribute.scope, asked=attribute.fault, asked_level=finding.level, x=attribute.fault,
        rule="at least 70 % of the effect lies there", evidence=(Evidence(name=f"place of {attribute.name}",
        value=f"{share} % {place_phrase(finding.place)}"),),
        right=_where(region), pool=tuple(Distractor(option=_where(other), reason=f"{share} % lies {place_phrase(finding.place)}") for other in others),
        presupposes=attribute.name,
    )  # fmt: skip
    if len(others) >= 2:
        yield base
        return
    yield replace(base, type="yes_no", family="confined to a place", place=PHRASES[region], holds=True, right="", pool=())
    yield replace(base, type="yes_no", family="confined to a place", place=PHRASES[others[0]], holds=False, right="", pool=())


def _where(region: str) -> str:
    return capital(PHRASES[region])


def _dominance(facts: Facts) -> Iterator[Candidate]:
    """Which part of a mix dominates: asked where the parts alone differ by at least 1 on the severity scale."""
    record = facts.record
    alone = {name: value for name in facts.artefact.parts if (value := record.measured(f"{name} alone")) is not None}
    if len(alone) < 2:
        return
    first, second = sorted(alone, key=lambda name: -alone[name])[:2]
    words = {name: found.artefact for name in alone if (found := facts.vocabulary.artefact(name))}
    if alone[first] - alone[second] < DOMINANCE_FROM or first not in words or second not in words:
        return
    members = tuple(name for name in facts.vocabulary.confusion.get(record.modality, ()) if name not in alone)
    pool = (
        Distractor(option=capital(words[second]), reason=f"alone it reaches {alone[second]:.1f}, the other {alone[first]:.1f}"),
        *_other_artefacts(facts, members),
    )
    yield Candidate(
        facts=facts, type="what", family="dominance", scope="specific", asked="dominance", asked_level=record.level, x="",
        rule="the parts alone differ by at least 1 on the severity scale",
        evidence=tuple(Evidence(name=words[name], value=f"{alone[name]:.2f} alone") for name in (first, second)), right=capital(words[first]), pool=pool,
        presupposes=record.recipe,
    )  # fmt: skip


def _structures(facts: Facts) -> Iterator[Candidate]:
    for seen in facts.structures:
        base = Candidate(
            facts=facts, type="how", family="structure visibility", scope="specific", asked=seen.structure.name, asked_level=seen.visibility,
            x=seen.structure.written or seen.structure.name, plural=seen.structure.plural,
            rule="contrast kept and fidelity inside the structure, at least 0.05 from the bounds", evidence=(Evidence(name=seen.structure.name,
            value=f"visibility {seen.visibility}"),),
            right=GRADE_OPTIONS[seen.visibility], scale=tuple(GRADE_OPTIONS.values()), asks=seen.structure.name,
            pool=tuple(Distractor(option=option, reason=f"the measured visibility is {seen.visibility}") for grade,
            option in GRADE_OPTIONS.items() if grade != seen.visibility),
        )  # fmt: skip
        yield base
        if seen.visibility != "usable":
            yield replace(base, type="yes_no", family="structure delineated", holds=seen.visibility == "good", right="", pool=(), scale=())


def _tier(facts: Facts) -> Candidate:
    tier = facts.record.tier
    return Candidate(
        facts=facts, type="how", family="overall tier", scope="general", asked="overall quality", asked_level=facts.record.level, x="",
        rule=f"tier rule {facts.record.tier_rule} over the findings",
        evidence=(Evidence(name="tier", value=tier), Evidence(name=facts.artefact.artefact, value=f"level {_level(facts.record.level)}")),
        right=GRADE_OPTIONS[tier], scale=tuple(GRADE_OPTIONS.values()), asks="tier",
        pool=tuple(Distractor(option=option, reason=f"the tier is {tier}") for grade, option in GRADE_OPTIONS.items() if grade != tier),
    )  # fmt: skip
