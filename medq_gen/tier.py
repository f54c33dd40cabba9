"""From findings to the three words of the whole picture: good, usable, reject (rule 1; thresholds to be fitted to human ratings)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from medq_gen.ontology.levels import Level
from medq_gen.records import Tier

TIER_RULE = 1
GOOD_BELOW = 0.5
REJECT_FROM = 2.4
SHARE_OF_OTHERS = 0.25
SOURCE_IMPACT = 0.5  # of what the source shows by itself: measured without a reference, so only half trusted


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with the picture: its weight in the rule, and its severity u."""

    impact: float
    u: float


def tier_score(findings: Iterable[Finding]) -> float:
    """T = max(impact u) + 1/4 of the sum of the other impact u."""
    weighed = sorted((finding.impact * finding.u for finding in findings), reverse=True)
    return weighed[0] + SHARE_OF_OTHERS * sum(weighed[1:]) if weighed else 0.0


def tier_of(findings: Iterable[Finding], *, asserted: bool, structure_lost: bool) -> Tier:
    """The tier.

    asserted : some artefact or attribute is asserted at mild or more. structure_lost : a key structure cannot be seen.
    """
    score = tier_score(findings)
    if score >= REJECT_FROM or structure_lost:
        return "reject"
    return "good" if score < GOOD_BELOW and not asserted else "usable"


def u_of_level(level: Level) -> float:
    """The severity that stands for a level where only the level is known."""
    return {"none": 0.0, "mild": 1.0, "moderate": 2.0, "severe": 3.0}[level]
