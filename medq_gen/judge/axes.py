"""The four axes of a description, each 0, 1 or 2, from the claims of the text beside the records: no model, no chance, every point with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from medq_gen.claims import Claim, Judged, compare, read
from medq_gen.claims.claim import plainly
from medq_gen.judge import support
from medq_gen.judge.facts import completeness, covered, facts_of
from medq_gen.judge.items import Better, Item
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import Frozen, Tier

JUDGE_VERSION = 1
Axis = Literal["completeness", "preciseness", "consistency", "quality_accuracy"]
AXES: tuple[Axis, ...] = ("completeness", "preciseness", "consistency", "quality_accuracy")
COMPLETE_FROM, PARTIAL_FROM = 0.7, 0.25  # weighted share of the findings that are said
ROUNDING = 1e-9
FOREIGN = 0.5  # of a contradiction: a fault that is asserted though the record neither made nor measured it
MISPLACED = 0.5  # of a contradiction: the finding is there, in another place
ABSENCE = 0.5  # of a match: a fault rightly denied


class AxisScore(Frozen):
    """A score and what it rests on."""

    score: int
    reasons: tuple[str, ...]


class ClaimShown(Frozen):
    """What was read in a sentence, and how it stands to the record."""

    what: str
    relation: str
    credit: float
    reason: str


class SentenceShown(Frozen):
    """A sentence of the text, whether it was read, and its claims."""

    text: str
    read: bool
    claims: tuple[ClaimShown, ...]


class Judgement(Frozen):
    """What became of one description. status : "unjudged" has no scores: too little of the text was read. share_read : of its sentences."""

    item: str
    task: Literal["single", "pair"]
    status: Literal["judged", "unjudged", "missing"]
    share_read: float
    scores: dict[Axis, AxisScore]
    sentences: tuple[SentenceShown, ...]

    def score(self, axis: Axis) -> int | None:
        """The points on an axis; a missing description has none of them, one that cannot be read is not scored."""
        if self.status == "missing":
            return 0
        return self.scores[axis].score if axis in self.scores else None


def judge_text(text: str | None, item: Item, vocabulary: Vocabulary) -> Judgement:
    """Judge one description.

    Model
        completeness: weighted share of the record's findings that the text says; 2 from 0.7, 1 from 0.25. preciseness: 2 without any contradiction, 1 while
        contradictions do not outweigh what matches, else 0; a level off by one and a wrong place are half of each. consistency: steps between the text's own
        verdict and the tiers that its own findings allow by the tier rule (pairs: whether its own comparisons speak for its verdict); less one step where
        the text asserts and denies the same. quality_accuracy: 2 less the steps between verdict and tier; of a pair 2 or 0. A text without a verdict has 0
        on the last two.
    Assumes
        English, and a text of which the reader reads 60 % of the sentences; any other is unjudged.
    """
    if text is None or not text.strip():
        return Judgement(item=item.id, task=item.task, status="missing", share_read=0.0, scores={}, sentences=())
    reading = read(text, vocabulary, item.modality)
    compared = compare(reading.claims, item.known, vocabulary)
    shown: list[list[ClaimShown]] = [[] for _ in reading.sentences]
    for one in compared.judged:
        shown[one.claim.sentence].append(ClaimShown(what=wording(one.claim), relation=one.relation, credit=one.credit, reason=one.reason))
    sentences = tuple(
        SentenceShown(text=sentence.text, read=sentence.read, claims=tuple(found)) for sentence, found in zip(reading.sentences, shown, strict=True)
    )
    scores: dict[Axis, AxisScore] = {}
    if reading.is_judged:
        single = item.task == "single"
        scores = {
            "completeness": _complete(item, reading.claims, vocabulary),
            "preciseness": _precise(compared.judged, item, vocabulary),
            "consistency": _consistent(reading.claims, vocabulary) if single else _consistent_pair(reading.claims, vocabulary),
            "quality_accuracy": _graded(reading.claims, item) if single else _chosen(reading.claims, item),
        }
    status: Literal["judged", "unjudged"] = "judged" if reading.is_judged else "unjudged"
    return Judgement(item=item.id, task=item.task, status=status, share_read=reading.share_read, scores=scores, sentences=sentences)


def wording(claim: Claim) -> str:
    """A claim in a few words, for the evidence."""
    parts = [claim.subject.name]
    if claim.polarity == "absent":
        parts.append("absent")
    for said in (claim.levels, claim.visibility, claim.verdict, claim.comparison):
        if said:
            parts.append(" or ".join(said))
    if claim.place:
        parts.append(f"in {claim.place}")
    if claim.image:
        parts.append(f"({claim.image} image)")
    return " ".join(parts) + (", with doubt" if claim.hedged else "")


# -- completeness and preciseness ----------------------------------------------------------------------------------------------


def _complete(item: Item, claims: Sequence[Claim], vocabulary: Vocabulary) -> AxisScore:
    grades = verdict_of(claims) if item.task == "single" else ()
    found = covered(facts_of(item, vocabulary), claims, grades, vocabulary)
    share = completeness(found)
    points = 2 if share >= COMPLETE_FROM - ROUNDING else 1 if share >= PARTIAL_FROM - ROUNDING else 0
    words = {1.0: "said", 0.0: "not said"}
    reasons = [f"{one.fact.name}{f' in the {one.fact.image} image' if one.fact.image else ''}: {words.get(one.credit, 'said in part')}" for one in found]
    return AxisScore(score=points, reasons=(f"{100 * share:.0f} % of what is to be said", *reasons))


def _precise(judged: Sequence[Judged], item: Item, vocabulary: Vocabulary) -> AxisScore:
    """Contradictions against matches; each subject of an image counts once on either side, by its worst claim."""
    matched: dict[tuple[str, str | None], float] = {}
    errors: dict[tuple[str, str | None], tuple[float, str]] = {}
    for one in judged:
        claim = one.claim
        if claim.subject.kind == "verdict" or claim.subject.name == "quality":
            continue
        place = (plainly(claim.subject).name, claim.image)
        misplaced = one.relation == "contradicted" and claim.place is not None and _holds_elsewhere(claim, item, vocabulary)
        wrong = MISPLACED if misplaced else _error(one, item, vocabulary)
        if wrong > errors.get(place, (0.0, ""))[0]:
            errors[place] = wrong, f"{wording(claim)}: {one.reason if one.relation != 'unsupported' else 'nothing of this kind was made or measured'}"
        if one.relation == "supported" and claim.subject.kind not in ("modality", "anatomy", "view"):
            matched[place] = max(matched.get(place, 0.0), one.credit * (ABSENCE if claim.polarity == "absent" else 1.0))
        elif misplaced:
            matched[place] = max(matched.get(place, 0.0), 1.0 - MISPLACED)
    wrong, right = sum(weight for weight, _ in errors.values()), sum(matched.values())
    points = 2 if wrong == 0 else 1 if wrong <= max(right, FOREIGN) else 0
    return AxisScore(score=points, reasons=tuple(reason for _, reason in errors.values()) or ("no claim contradicts the record",))


def _holds_elsewhere(claim: Claim, item: Item, vocabulary: Vocabulary) -> bool:
    """Whether only the place of a claim is wrong."""
    (one,) = compare([claim.model_copy(update={"place": None})], item.known, vocabulary).judged
    return one.relation == "supported"


def _error(one: Judged, item: Item, vocabulary: Vocabulary) -> float:
    if one.relation == "contradicted":
        return 1.0
    if one.relation == "supported":
        return 1.0 - one.credit if not one.claim.hedged else 0.0
    return FOREIGN if _is_foreign(one.claim, item, vocabulary) else 0.0


def _is_foreign(claim: Claim, item: Item, vocabulary: Vocabulary) -> bool:
    """Whether a fault is asserted that is neither of the recipe nor of any attribute that the record holds, decided or not."""
    if claim.hedged or claim.comparison or claim.polarity == "absent" or "none" in claim.levels or claim.subject.kind not in ("attribute", "artefact"):
        return False
    records = item.records if claim.image is None else (item.records[0 if claim.image == "first" else -1],)
    for record in records:
        own = vocabulary.artefact(record.recipe)
        known = {entry.name for entry in record.attributes} | set(own.attributes if own else ())
        names = {found.name for name in known if (found := vocabulary.attribute(name, record.modality))}
        names |= {found.kind_of for name in known if (found := vocabulary.attribute(name, record.modality)) and found.kind_of}
        for subject in claim.subjects:
            other = vocabulary.artefact(plainly(subject).name) if subject.kind == "artefact" else None
            touched = {subject.name} if other is None else {found.name for name in other.attributes if (found := vocabulary.attribute(name, other.modality))}
            if touched & names or (own is not None and subject.name in (record.recipe, *own.parts)):
                return False
    return True


# -- consistency and verdict ---------------------------------------------------------------------------------------------------


def verdict_of(claims: Sequence[Claim]) -> tuple[Tier, ...]:
    """The tiers that a text's last verdict allows; empty where it gives none."""
    given = [claim.verdict for claim in claims if claim.verdict]
    return given[-1] if given else ()


def choice_of(claims: Sequence[Claim]) -> Better | Literal["equal"] | None:
    """Which image of a pair a text prefers in the end: by its last comparison of the whole, else by the verdicts on each."""
    other: dict[str, Better] = {"first": "second", "second": "first"}
    for claim in reversed(claims):
        if claim.subject.name != "quality" or claim.image is None or not claim.comparison:
            continue
        if claim.comparison == ("equal",):
            return "equal"
        return claim.image if "better" in claim.comparison else other[claim.image]
    graded = {claim.image: support.GRADES.index(claim.verdict[-1]) for claim in claims if claim.verdict and claim.image}
    if len(graded) < 2:
        return None
    if graded["first"] == graded["second"]:
        return "equal"
    return "first" if graded["first"] < graded["second"] else "second"


def _consistent(claims: Sequence[Claim], vocabulary: Vocabulary) -> AxisScore:
    verdict = verdict_of(claims)
    if not verdict:
        return AxisScore(score=0, reasons=("the text gives no verdict",))
    found = support.told(claims, None, vocabulary)
    reasons = [f"its findings allow {' or '.join(found.allowed)} (T from {found.low:.2f} to {found.high:.2f}), its verdict is {' or '.join(verdict)}"]
    points = 2 - support.distances(verdict, found.allowed)
    return _less(points, claims, reasons, changed=support.changes_of([claim.verdict for claim in claims if claim.verdict]))


def _consistent_pair(claims: Sequence[Claim], vocabulary: Vocabulary) -> AxisScore:
    choice = choice_of(claims)
    if choice is None:
        return AxisScore(score=0, reasons=("the text prefers neither image",))
    votes = support.leaning(claims, vocabulary)
    reasons = [f"{votes['first']} of its statements speak for the first image, {votes['second']} for the second; it prefers {choice}"]
    if choice == "equal":
        return AxisScore(score=2 if votes["first"] == votes["second"] else 1, reasons=tuple(reasons))
    against = votes["second" if choice == "first" else "first"]
    points = 2 if votes[choice] and not against else 0 if against and not votes[choice] else 1
    return _less(points, claims, reasons, changed=False)


def _less(points: int, claims: Sequence[Claim], reasons: list[str], *, changed: bool) -> AxisScore:
    """One step less for a text that asserts and denies the same, or gives two verdicts."""
    twice = support.contradicts_itself(claims)
    if twice is not None:
        reasons.append(f"it asserts and denies {twice}")
    if changed:
        reasons.append("it gives two verdicts")
    return AxisScore(score=min(points, 1) if twice is not None or changed else points, reasons=tuple(reasons))


def _graded(claims: Sequence[Claim], item: Item) -> AxisScore:
    """2 less the steps from the tier; a verdict that leaves two tiers open earns the mean of both, rounded down."""
    verdict, tier = verdict_of(claims), item.records[0].tier
    if not verdict:
        return AxisScore(score=0, reasons=(f"no verdict; the tier is {tier}",))
    steps = [abs(support.GRADES.index(one) - support.GRADES.index(tier)) for one in verdict]
    return AxisScore(score=int(2 - sum(steps) / len(steps)), reasons=(f"the verdict is {' or '.join(verdict)}, the tier is {tier}",))


def _chosen(claims: Sequence[Claim], item: Item) -> AxisScore:
    choice = choice_of(claims)
    said = "neither image" if choice is None else "both alike" if choice == "equal" else f"the {choice} image"
    return AxisScore(score=2 if choice == item.better else 0, reasons=(f"the text prefers {said}, the {item.better} image is of higher quality",))
