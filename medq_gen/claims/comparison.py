"""Claims beside what is known: supported, contradicted, unsupported, missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from medq_gen.claims.claim import Claim, Comparing, Comparison, Judged, Kind, Relation, Subject, plainly, worded
from medq_gen.errors import MedqError
from medq_gen.ontology.contents import anatomy_phrase, view_phrase
from medq_gen.ontology.kinship import GENERAL_OF, KINDS
from medq_gen.ontology.levels import LEVELS, Level
from medq_gen.ontology.places import excludes, implies
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import Record

Verdict = tuple[Relation, float, str]
GRADES = ("good", "usable", "reject")
_ORDER: dict[Relation, int] = {"supported": 2, "contradicted": 1, "unsupported": 0}


def finding_levels(record: Record, vocabulary: Vocabulary) -> dict[Subject, Level]:
    """Everything that the record asserts a level of: its recipe's artefact, each wording of it, and the attributes outside the gaps.

    An attribute of a mix that its measure does not find is not absent: one part can hide the other from the measure, as ghosts hide grain.
    """
    found: dict[Subject, Level] = {}
    artefact = vocabulary.artefact(record.recipe)
    disturbed: set[str] = set()
    if artefact is not None:
        found[Subject(kind="artefact", name=record.recipe)] = record.level
        own = artefact.wording(record.pattern_values)
        found |= {worded(record.recipe, key): record.level if key == own else "none" for key in artefact.wordings}
        if artefact.parts and record.level != "none":
            disturbed = {known.name for name in artefact.attributes if (known := vocabulary.attribute(name, record.modality))}
    for entry in record.attributes:
        attribute = vocabulary.attribute(entry.name, record.modality)
        if attribute is None or not attribute.asked or entry.level is None or (entry.level == "none" and attribute.name in disturbed):
            continue
        found[Subject(kind="attribute", name=attribute.name)] = entry.level
    return found


def falls_short(record: Record, vocabulary: Vocabulary) -> bool:
    """Whether the tier is worse than the findings and structures tell: then the source itself shows something, of which the record knows no level."""
    if any(row.visibility == "reject" for row in record.structures):
        return False
    worst = max((LEVELS.index(level) for level in finding_levels(record, vocabulary).values()), default=0)
    return GRADES.index(record.tier) > (0, 1, 1, 2)[worst]


def compare(claims: Iterable[Claim], record: Record | tuple[Record, Record], vocabulary: Vocabulary) -> Comparing:
    """Every claim beside the record, or beside the first and second record of a pair, and the findings that no claim says.

    Raises
        MedqError: the records of a pair are of different modalities.
    """
    records = record if isinstance(record, tuple) else (record,)
    if len({one.modality for one in records}) > 1:
        raise MedqError(f"a pair of {records[0].modality} and {records[-1].modality}: claims compare pictures of one modality")
    listed = tuple(claims)
    beside = _Beside(records, vocabulary)
    judged = tuple(beside.judge(claim) for claim in listed)
    wanted = list(_wanted(records, vocabulary))
    missing = tuple(name for image, subject, name in wanted if not any(_says(claim, image, subject) for claim in listed))
    return Comparing(judged=judged, missing=missing, findings=len(wanted))


def _wanted(records: tuple[Record, ...], vocabulary: Vocabulary) -> Iterator[tuple[str | None, Subject, str]]:
    for image, record in zip(("first", "second") if len(records) > 1 else (None,), records, strict=True):
        for subject, level in finding_levels(record, vocabulary).items():
            if level != "none" and subject == plainly(subject):
                yield image, subject, f"{level} {subject.name}" + (f" in the {image} image" if image else "")


def _says(claim: Claim, image: str | None, subject: Subject) -> bool:
    return subject in {plainly(one) for one in claim.subjects} and claim.polarity == "present" and not claim.comparison and claim.image in (image, None)


class _Beside:
    """The records that claims are held against."""

    def __init__(self, records: tuple[Record, ...], vocabulary: Vocabulary) -> None:
        self.records, self.vocabulary = records, vocabulary
        self.levels = [finding_levels(record, vocabulary) for record in records]

    def judge(self, claim: Claim) -> Judged:
        """The best reading of the claim's subject decides: words that two subjects share are not held against the writer."""
        verdicts = [self._verdict(claim, subject) for subject in claim.subjects]
        relation, credit, reason = max(verdicts, key=lambda verdict: (_ORDER[verdict[0]], verdict[1]))
        if claim.hedged and relation == "supported":
            credit = min(credit, 0.5)
        elif claim.hedged and relation == "contradicted":
            relation, reason = "unsupported", f"said with doubt; {reason}"
        return Judged(claim=claim, relation=relation, credit=credit, reason=reason)

    def _verdict(self, claim: Claim, subject: Subject) -> Verdict:
        if claim.comparison:
            return self._compared(claim, subject)
        if len(self.records) == 1:
            return self._of_one(claim, subject, 0)
        if claim.image is not None:
            return self._of_one(claim, subject, 0 if claim.image == "first" else 1)
        both = [self._of_one(claim, subject, number) for number in (0, 1)]
        if both[0][0] == both[1][0]:
            return min(both, key=lambda verdict: verdict[1])
        return "unsupported", 0.0, "the text does not say which image is meant, and the two differ"

    # -- one picture -------------------------------------------------------------------------------------------------------

    def _of_one(self, claim: Claim, subject: Subject, number: int) -> Verdict:
        record = self.records[number]
        kind: Kind = subject.kind
        if kind == "verdict":
            return _graded(claim.verdict, record.tier, "the tier")
        if kind == "structure":
            return self._structure(claim, subject, record)
        if kind == "modality":
            return _same(subject.name == record.modality, f"the picture is {record.modality}")
        if kind in ("anatomy", "view"):
            known = anatomy_phrase(record.anatomy) if kind == "anatomy" else view_phrase(record.view)
            return (
                _same(subject.name == known, f"the {kind} is {record.anatomy if kind == 'anatomy' else record.view}")
                if known
                else ("unsupported", 0.0, f"the record states no {kind}")
            )
        if kind == "effect":
            known_effect = record.recipe == subject.name and LEVELS.index(record.level) >= LEVELS.index("moderate")
            if record.recipe != subject.name:
                return "unsupported", 0.0, "the record does not know this cause"
            return _same(known_effect == (claim.polarity == "present"), f"{record.recipe} is {record.level}: it hides detail from moderate on")
        if kind == "picture":
            return self._picture(claim, number)
        return self._finding(claim, subject, number)

    def _structure(self, claim: Claim, subject: Subject, record: Record) -> Verdict:
        for entry in record.structures:
            known = self.vocabulary.structure(entry.name, record.modality)
            if known is not None and known.name == subject.name and entry.visibility is not None:
                return _graded(claim.visibility, entry.visibility, f"the visibility of the {subject.name}")
        return "unsupported", 0.0, "the record does not decide how well this structure is seen"

    def _picture(self, claim: Claim, number: int) -> Verdict:
        if claim.subject.name == "source" and claim.polarity == "present":
            record = self.records[number]
            short = falls_short(record, self.vocabulary)
            return ("supported", 1.0, "the tier is worse than the findings tell") if short else ("unsupported", 0.0, "the record knows nothing of the source")
        if claim.subject.name != "artefact":
            return "unsupported", 0.0, "no verdict that the record decides"
        known = self.levels[number]
        worst = max((LEVELS.index(level) for level in known.values()), default=0)
        if not known:
            return "unsupported", 0.0, "the record asserts nothing"
        if claim.polarity == "absent":
            return _same(worst == 0, f"the worst finding is {LEVELS[worst]}")
        return _level(claim.levels, LEVELS[worst], "the worst finding")

    def _finding(self, claim: Claim, subject: Subject, number: int) -> Verdict:
        record, known = self.records[number], self._level_of(subject, number)
        if known == "none" and claim.polarity == "present" and subject.kind == "attribute":
            known = self._worst_kind(subject, number) or known  # "a bad stain" may be a pale one
        if known is None:
            return "unsupported", 0.0, f"the record does not decide {subject.name}"
        if claim.polarity == "absent":
            return _same(known == "none", f"{subject.name} is {known}")
        verdict = _level(claim.levels, known, subject.name)
        return verdict if claim.place is None or verdict[0] != "supported" else self._placed(claim, subject, record, verdict)

    def _level_of(self, subject: Subject, number: int) -> Level | None:
        """What the record knows of a subject; another artefact is absent where every attribute that it disturbs is measured absent."""
        known = self.levels[number]
        if subject.kind == "attribute" and subject not in known:
            return self._kin_of(subject, number)
        if subject in known or subject.kind != "artefact":
            return known.get(subject)
        artefact = self.vocabulary.artefact(plainly(subject).name)
        own = self.vocabulary.artefact(self.records[number].recipe)
        if artefact is None or (own is not None and subject.name in own.parts):
            return None
        attributes = [self.vocabulary.attribute(name, artefact.modality) for name in artefact.attributes]
        levels = [known.get(Subject(kind="attribute", name=attribute.name)) if attribute else None for attribute in attributes]
        return "none" if levels and all(level == "none" for level in levels) else None

    def _kin_of(self, subject: Subject, number: int) -> Level | None:
        """An undecided attribute: as its worst kind that is there; absent where it is a kind of what is absent; the main sign of a recipe as the recipe."""
        known, record = self.levels[number], self.records[number]
        worst = self._worst_kind(subject, number)
        if worst is not None:
            return worst
        if known.get(Subject(kind="attribute", name=GENERAL_OF.get(subject.name, ""))) == "none":
            return "none"
        own = self.vocabulary.artefact(record.recipe)
        if own is None or own.parts or not own.attributes or record.level == "none":
            return None
        main = self.vocabulary.attribute(own.attributes[0], record.modality)
        return record.level if main is not None and main.name == subject.name else None

    def _worst_kind(self, subject: Subject, number: int) -> Level | None:
        """The worst level of the kinds of an attribute that are there; None where none is."""
        kinds = [self.levels[number].get(Subject(kind="attribute", name=name), "none") for name in KINDS.get(subject.name, ())]
        worst = max((LEVELS.index(level) for level in kinds), default=0)
        return LEVELS[worst] if worst else None

    def _placed(self, claim: Claim, subject: Subject, record: Record, verdict: Verdict) -> Verdict:
        assert claim.place is not None
        places = [entry.place for entry in record.attributes if entry.place is not None and entry.level not in (None, "none")]
        if subject.kind == "attribute":
            own = [entry for entry in record.attributes if (found := self.vocabulary.attribute(entry.name, record.modality)) and found.name == subject.name]
            places = [entry.place for entry in own if entry.place is not None]
        if not places:
            return "unsupported", 0.0, f"the record does not say where {subject.name} lies"
        if any(implies(place.region, claim.place) for place in places):
            return verdict
        if all(excludes(place.region, claim.place) for place in places):
            return "contradicted", 0.0, f"{subject.name} lies in {places[0].region}"
        return "supported", min(verdict[1], 0.5), f"{subject.name} lies in {places[0].region}, of which {claim.place} is not the same"

    # -- two pictures ------------------------------------------------------------------------------------------------------

    def _compared(self, claim: Claim, subject: Subject) -> Verdict:
        if len(self.records) == 1 or claim.image is None:
            return "unsupported", 0.0, "there is no second picture to compare with"
        here = 0 if claim.image == "first" else 1
        if subject.kind == "picture" and subject.name == "quality":
            harm = [(GRADES.index(record.tier), record.effect or 0.0) for record in self.records]
        else:
            levels = [self._level_of(subject, number) for number in (0, 1)]
            if subject.kind == "structure" or None in levels:
                return "unsupported", 0.0, f"the records do not decide {subject.name} in both images"
            harm = [(LEVELS.index(level), 0.0) for level in levels if level is not None]
        actual: Comparison = "equal" if harm[0] == harm[1] else "better" if harm[here] < harm[1 - here] else "worse"
        return _same(actual in claim.comparison, f"the {claim.image} image is {actual} in {subject.name}")


def _same(holds: bool, reason: str) -> Verdict:
    return ("supported", 1.0, reason) if holds else ("contradicted", 0.0, reason)


def _level(said: tuple[Level, ...], known: Level, name: str) -> Verdict:
    """A level off by one counts half, but a finding that is not there is never half there."""
    reason = f"{name} is {known}"
    if not said:
        return _same(known != "none", reason)
    if known in said:
        return "supported", 1.0, reason
    if known == "none" or said == ("none",):
        return "contradicted", 0.0, reason
    off = min(abs(LEVELS.index(level) - LEVELS.index(known)) for level in said)
    return ("supported", 0.5, f"{reason}, one level off") if off == 1 else ("contradicted", 0.0, reason)


def _graded(said: tuple[str, ...], known: str, name: str) -> Verdict:
    reason = f"{name} is {known}"
    if known in said:
        return "supported", 1.0, reason
    off = min((abs(GRADES.index(word) - GRADES.index(known)) for word in said), default=2)
    return ("supported", 0.5, f"{reason}, one step off") if off == 1 else ("contradicted", 0.0, reason)
