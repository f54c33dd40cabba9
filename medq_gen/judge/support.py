"""Whether a text's own findings support its own verdict: the tier rule applied to what the text says, not to what is true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from medq_gen.claims import Claim, Subject
from medq_gen.claims.claim import Image, plainly
from medq_gen.judge.facts import asserts
from medq_gen.judge.items import Better
from medq_gen.ontology.levels import BANDS, LEVELS, Level
from medq_gen.ontology.terms import Artefact
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import Tier
from medq_gen.tier import GOOD_BELOW, REJECT_FROM, Finding, tier_score

GRADES: tuple[Tier, ...] = ("good", "usable", "reject")
ANY_LEVEL: tuple[Level, ...] = LEVELS[1:]
LEAST_IMPACT = 0.5  # of "artefacts" without a name, and of a sign that no named cause explains: it may be a side effect
CLEAR_LEAD = 0.4  # in T, from which one image's findings are plainly worse than the other's


@dataclass(frozen=True, slots=True)
class Told:
    """The picture as the text tells it: the range of the tier score T, and the tiers that the rule allows for it."""

    low: float
    high: float
    allowed: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One finding that the text asserts: the least and the most severity, and the least and the most weight that it may have."""

    low: float
    high: float
    least: float
    most: float


def told(claims: Sequence[Claim], image: Image | None, vocabulary: Vocabulary) -> Told:
    """The findings of one image as a range of T, and the tiers that lie in it.

    Assumes
        An attribute that a named artefact disturbs belongs to it and is not counted again (the record's own rule counts the artefact). A finding without a
        level may have any. A structure that is not seen rejects the picture; one that is seen in part forbids "good".
    """
    own = [claim for claim in claims if claim.image in (image, None)]
    said = list(_findings([claim for claim in own if asserts(claim, image) and not claim.comparison], vocabulary))
    low = max((one.least * one.low for one in said), default=0.0)
    high = tier_score([Finding(one.most, one.high) for one in said])
    poorly_seen = [claim.visibility for claim in own if claim.visibility and "good" not in claim.visibility]
    lost = any(claim.visibility == ("reject",) and claim.subject.kind == "structure" for claim in own)
    source = any(claim.subject.name == "source" and claim.polarity == "present" for claim in own)
    hides = any(claim.subject.kind == "effect" and claim.polarity == "present" for claim in own)
    allowed: set[Tier] = set()
    if not poorly_seen and not source and not any(one.low > GOOD_BELOW for one in said):
        allowed.add("good")
    if (said or poorly_seen or source) and low < REJECT_FROM and not lost:
        allowed.add("usable")
    if high >= REJECT_FROM or hides or source or any("reject" in visibility for visibility in poorly_seen):
        allowed.add("reject")
    return Told(low, high, tuple(tier for tier in GRADES if tier in allowed))


def _findings(claims: Sequence[Claim], vocabulary: Vocabulary) -> Iterable[Said]:
    """The claims gathered into findings, those of a named artefact with the attributes that it disturbs."""
    named = {plainly(claim.subject).name: found for claim in claims if (found := _artefact(claim, vocabulary))}
    gathered: dict[Subject, list[Claim]] = {}
    for claim in claims:
        if claim.subject.kind not in ("attribute", "artefact", "picture") or claim.subject.name in ("quality", "source"):
            continue
        gathered.setdefault(_owner(claim, named, vocabulary), []).append(claim)
    whole = Subject(kind="picture", name="artefact")
    if len(gathered) > 1 and whole in gathered:
        gathered.pop(whole)  # "several artefacts" that are named one by one
    for subject, members in gathered.items():
        named_levels = [claim.levels for claim in members if claim.levels and claim.subject.kind == "artefact"]
        levels = [claim.levels for claim in members if claim.levels] or [ANY_LEVEL]
        artefact = vocabulary.artefact(subject.name) if subject.kind == "artefact" else None
        beside = subject.kind == "picture" or bool(named)
        least, most = (artefact.impact, artefact.impact) if artefact else (LEAST_IMPACT if beside else 1.0, 1.0)
        low = max(BANDS[level[0]][0] for level in named_levels or levels)  # the artefact's own word stands over that of its signs
        yield Said(low, max(BANDS[level[-1]][1] for level in levels), least, most)


def _artefact(claim: Claim, vocabulary: Vocabulary) -> Artefact | None:
    return vocabulary.artefact(plainly(claim.subject).name) if claim.subject.kind == "artefact" else None


def _owner(claim: Claim, named: dict[str, Artefact], vocabulary: Vocabulary) -> Subject:
    for subject in claim.subjects:
        if plainly(subject).name in named and subject.kind == "artefact":
            return plainly(subject)
    for recipe, artefact in named.items():
        disturbed = {found.name for name in artefact.attributes if (found := vocabulary.attribute(name, artefact.modality))}
        if any(subject.kind == "attribute" and subject.name in disturbed for subject in claim.subjects):
            return Subject(kind="artefact", name=recipe)
    return claim.subject


def contradicts_itself(claims: Sequence[Claim]) -> str | None:
    """A finding that the text both asserts and denies of the same image, without doubt or place; None where there is none."""
    denied = {(claim.subject, claim.image) for claim in claims if claim.polarity == "absent" and _plain(claim)}
    for claim in claims:
        if claim.polarity == "present" and _plain(claim) and "none" not in claim.levels and (claim.subject, claim.image) in denied:
            return claim.subject.name
    return None


def _plain(claim: Claim) -> bool:
    return claim.subject.kind in ("attribute", "artefact") and not claim.comparison and not claim.hedged and claim.place is None


def leaning(claims: Sequence[Claim], vocabulary: Vocabulary) -> dict[Better, int]:
    """How many of the text's own comparisons and descriptions speak for each image of a pair."""
    votes: dict[Better, int] = {"first": 0, "second": 0}
    other: dict[str, Better] = {"first": "second", "second": "first"}
    for claim in claims:
        if claim.image is None or len(claim.comparison) != 1 or claim.subject.name == "quality" or claim.comparison == ("equal",):
            continue
        votes[claim.image if claim.comparison == ("better",) else other[claim.image]] += 1
    first, second = (told(claims, image, vocabulary) for image in ("first", "second"))
    gap = (second.low + second.high) / 2 - (first.low + first.high) / 2
    if abs(gap) >= CLEAR_LEAD:
        votes["first" if gap > 0 else "second"] += 1
    seen = {image: [GRADES.index(claim.visibility[0]) for claim in claims if claim.visibility and claim.image == image] for image in ("first", "second")}
    if seen["first"] and seen["second"] and max(seen["first"]) != max(seen["second"]):
        votes["first" if max(seen["first"]) < max(seen["second"]) else "second"] += 1
    return votes


def distances(said: Sequence[Tier], allowed: Sequence[Tier]) -> int:
    """Steps between the nearest of two sets of tiers."""
    return min((abs(GRADES.index(one) - GRADES.index(other)) for one in said for other in allowed), default=2)


def changes_of(verdicts: Sequence[tuple[Tier, ...]]) -> bool:
    """Whether a text gives two verdicts that share no tier."""
    return any(not set(before) & set(after) for before, after in pairwise(verdicts))
