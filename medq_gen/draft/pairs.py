"""Coarse pairs: two pictures of one ladder whose tiers differ and whose severities lie at least 1.5 apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from medq_gen.draft.facts import Facts
from medq_gen.draft.items import Image, ImagePair, identity
from medq_gen.draft.references import PAIRED_PROMPTS, paired
from medq_gen.ontology.spelling import Spelling, spell

COARSE_FROM = 1.5
PER_LADDER = 3


def coarse(all_facts: Sequence[Facts], *, seed: int, spelling: Spelling) -> tuple[ImagePair, ...]:
    """Up to three pairs of each ladder; the better picture comes first in half of them."""
    ladders: dict[str, list[Facts]] = defaultdict(list)
    for facts in all_facts:
        ladders[facts.record.key.rsplit("/", 1)[0]].append(facts)
    found: list[tuple[str, Facts, Facts]] = []
    for ladder, members in sorted(ladders.items()):
        allowed: list[tuple[str, Facts, Facts]] = []
        for a, b in combinations(members, 2):
            better, worse = (a, b) if (a.u, a.record.key) <= (b.u, b.record.key) else (b, a)
            if a.record.tier != b.record.tier and worse.u - better.u >= COARSE_FROM and a.record.image_sha256 != b.record.image_sha256:
                allowed.append((identity(ladder, *sorted((a.record.key, b.record.key))), better, worse))
        found += sorted(allowed, key=lambda entry: entry[0])[:PER_LADDER]
    out: list[ImagePair] = []
    texts: set[str] = set()
    for rank, (item, better, worse) in enumerate(sorted(found, key=lambda entry: entry[0])):
        first, second = (better, worse) if rank % 2 == 0 else (worse, better)
        right: Image = "first" if rank % 2 == 0 else "second"
        salt = 0
        while (text := paired(first, second, right, seed=seed, key=item, salt=salt, spelling=spelling)) in texts and salt < 50:
            salt += 1
        texts.add(text)
        record = first.record
        out.append(
            ImagePair(
                id=item, first=record.key, second=second.record.key, case=record.case, group=record.group, split=record.split, modality=record.modality,
                recipe=record.recipe,
                first_level=record.level, second_level=second.record.level, question=spell(PAIRED_PROMPTS[int(item, 16) % len(PAIRED_PROMPTS)], spelling),
                reference=text,
                better=right, delta_u=round(worse.u - better.u, 6),
            )
        )  # fmt: skip
    return tuple(out)
