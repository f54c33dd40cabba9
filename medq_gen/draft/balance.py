"""Balance by construction: which candidates are kept, which form each gets, and where the right option stands."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from medq_gen.draft.candidates import NO_ARTEFACT, Candidate
from medq_gen.draft.items import Distractor, identity

NO_ARTEFACT_RATIO = 3  # for each picture where "No artefact" is right it stands as a wrong option beside this many others
N_OPTIONS, FEWEST_OPTIONS = 4, 3
DEALT = frozenset({"combination", "primary attribute"})  # in groups that share one set of options
TOLD_BY_RECIPE = frozenset({"cause", "primary attribute"})  # one answer a recipe
TOLD_SHARE, MIN_TOLD = 3, 3  # of such items in a run of one recipe one in so many is kept, and no fewer than


def ordered(candidates: Iterable[Candidate]) -> list[Candidate]:
    """By hash, so that no order of records shows through."""
    return sorted(candidates, key=lambda candidate: candidate.rank)


def _grouped(candidates: Iterable[Candidate], *names: str) -> dict[tuple[Hashable, ...], list[Candidate]]:
    groups: dict[tuple[Hashable, ...], list[Candidate]] = defaultdict(list)
    for candidate in ordered(candidates):
        groups[tuple(getattr(candidate, name) for name in names)].append(candidate)
    return dict(sorted(groups.items(), key=lambda group: str(group[0])))


def _spread(candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """So many candidates, taken from the levels in turn."""
    queues = [list(group) for group in _grouped(candidates, "asked_level").values()]
    out: list[Candidate] = []
    while len(out) < count and any(queues):
        for queue in queues:
            if queue and len(out) < count:
                out.append(queue.pop(0))
    return out


Polar = tuple[Candidate, bool, str]  # candidate, whether the inverse form is used, pair


def yes_no(candidates: Iterable[Candidate]) -> list[Polar]:
    """Pairs of a yes and a no item of equal family, word and level.

    As many pictures with the finding as without are kept, so that neither form of stem tells its answer. Within a level the pictures are paired: the first
    gets the
    form whose answer is Yes where the finding is there, the second its inverse; a last one without partner gets both.
    """
    out: list[Polar] = []
    for key, group in _grouped(candidates, "family", "asked", "level").items():
        if key[0] == "confined to a place":
            out += [(candidate, False, identity(candidate.facts.record.key, *key)) for candidate in group]
            continue
        there = [candidate for candidate in group if candidate.holds]
        not_there = [candidate for candidate in group if not candidate.holds]
        count = min(len(there), len(not_there))
        for level in _grouped([*_spread(there, count), *_spread(not_there, count)], "asked_level").values():
            for start in range(0, len(level), 2):
                first, second = level[start], level[start + 1] if start + 1 < len(level) else level[start]
                pair = identity(*key, first.facts.record.key, second.facts.record.key)
                out += [(first, False, pair), (second, True, pair)]
    return out


def what(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Members of a confusion set right equally often per level, "No artefact" beside them in a stated share, three wrong options each.

    What has too few wrong options is left out before the members are counted, not after.
    """
    askable = [one for one in candidates if _filled(one, ()) is not None]
    out: list[Candidate] = []
    for group in _grouped((one for one in askable if one.family == "combination"), "modality", "asked").values():
        out += exchangeable(group)
    for group in _grouped((one for one in askable if one.family == "primary attribute"), "modality").values():
        out += exchangeable(group) if len({one.right for one in group}) >= FEWEST_OPTIONS else [full for one in group if (full := _filled(one, ())) is not None]
    for (family, confusion, _), group in _grouped((one for one in askable if one.family not in DEALT), "family", "confusion", "asked_level").items():
        if confusion:
            counts = Counter(candidate.right for candidate in group)
            fewest = min(counts.values())
            seen: Counter[str] = Counter()
            kept = []
            for candidate in group:
                seen[candidate.right] += 1
                if seen[candidate.right] <= fewest:
                    kept.append(candidate)
            group = kept
        if family != "primary artefact":
            out += [full for candidate in group if (full := _filled(candidate, ())) is not None]
        else:
            out += group
    named = [candidate for candidate in out if candidate.family == "primary artefact"]
    rest = _thinned([candidate for candidate in out if candidate.family != "primary artefact"])
    touched = Counter(candidate.confusion for candidate in named if candidate.right != NO_ARTEFACT)
    budget: Counter[str] = Counter()
    for candidate in ordered(named):  # "No artefact" is right in one item for each three in which it is wrong
        if candidate.right == NO_ARTEFACT and budget[candidate.confusion] + NO_ARTEFACT_RATIO > max(touched[candidate.confusion], NO_ARTEFACT_RATIO):
            named.remove(candidate)
        elif candidate.right == NO_ARTEFACT:
            budget[candidate.confusion] += NO_ARTEFACT_RATIO
    named = [candidate for candidate in named if touched[candidate.confusion]]
    for candidate in ordered(named):
        extra: tuple[Distractor, ...] = ()
        if candidate.right != NO_ARTEFACT and budget[candidate.confusion] > 0:
            budget[candidate.confusion] -= 1
            extra = (Distractor(option=NO_ARTEFACT, reason=f"the artefact is measured at level {candidate.asked_level}"),)
        full = _filled(candidate, extra)
        if full is not None:
            rest.append(full)
    return rest


def exchangeable(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Candidates in groups that share one set of options, in which each option is right in one and wrong in the others: which words stand there tells nothing.

    Sets of four options first, then of three. A candidate is in one group at most; what finds no partners is not asked.
    """
    names = {one.right for one in candidates}
    wrong = [{distractor.option for distractor in one.pool} & names for one in candidates]
    used: set[int] = set()
    out: list[Candidate] = []
    for size in range(N_OPTIONS, FEWEST_OPTIONS - 1, -1):
        sets = sorted(combinations(sorted(names), size), key=lambda options: identity(*options))
        queues = [[[i for i, one in enumerate(candidates) if one.right == right and wrong[i] >= {*options} - {right}] for right in options] for options in sets]
        waiting = list(zip(sets, queues, strict=True))
        while waiting:  # one group of each set in turn, so that no set takes all pictures of a scarce word
            for options, of_right in waiting:
                for queue in of_right:
                    while queue and queue[0] in used:
                        queue.pop(0)
                if all(of_right):
                    group = [queue.pop(0) for queue in of_right]
                    used.update(group)
                    out += [_with_options(candidates[i], options) for i in group]
            waiting = [(options, of_right) for options, of_right in waiting if all(of_right)]
    return ordered(out)  # stems are dealt in turn, and the groups must not keep step with them


def _with_options(candidate: Candidate, options: Sequence[str]) -> Candidate:
    """The candidate with these options and no others, in the order of a hash."""
    pool = {wrong.option: wrong for wrong in candidate.pool}
    wrongs = sorted((pool[option] for option in options if option != candidate.right), key=lambda wrong: identity(candidate.rank, wrong.option))
    return replace(candidate, pool=tuple(wrongs))


def _thinned(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Of causes and primary attributes that have one right answer in the whole draft, as in a run of one recipe, one in three: their stems tell the answer."""
    out = [candidate for candidate in candidates if candidate.family not in TOLD_BY_RECIPE]
    for group in _grouped((one for one in candidates if one.family in TOLD_BY_RECIPE), "family", "modality").values():
        told = len({candidate.right for candidate in group}) == 1
        out += _spread(group, max(MIN_TOLD, -(-len(group) // TOLD_SHARE))) if told else group
    return out


def _filled(candidate: Candidate, extra: tuple[Distractor, ...]) -> Candidate | None:
    """The candidate with its wrong options chosen by hash; None where fewer than two are left."""
    right = candidate.right.lower()
    pool = {wrong.option.lower(): wrong for wrong in candidate.pool if wrong.option.lower() != right}
    if candidate.right == NO_ARTEFACT and candidate.facts.artefact is not None:
        own = candidate.facts.artefact
        name = own.artefact[:1].upper() + own.artefact[1:]
        # the own artefact, measured absent, must stand among the wrong ones as often as in the other items it is right
        extra = (Distractor(option=name, reason=f"{own.artefact} is measured below the threshold of perception"),)
    chosen = sorted(
        (wrong for key, wrong in pool.items() if key not in {more.option.lower() for more in extra}), key=lambda wrong: identity(candidate.rank, wrong.option)
    )
    wrongs = (*extra, *chosen)[: N_OPTIONS - 1]
    return replace(candidate, pool=wrongs) if len(wrongs) >= FEWEST_OPTIONS - 1 else None


def how(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Per family and word, answers that differ in number by at most one; a word whose answer never changes is not asked."""
    out: list[Candidate] = []
    for _, group in _grouped(candidates, "family", "asked").items():
        counts = Counter(candidate.right for candidate in group)
        if len(counts) == 1 and len(group) > 1:
            continue  # always the same answer: the stem alone would tell it
        most = min(counts.values()) + 1
        seen: Counter[str] = Counter()
        for candidate in group:
            seen[candidate.right] += 1
            if seen[candidate.right] <= most:
                out.append(candidate)
    return out


def positions(counts: Sequence[tuple[str, int, str]]) -> dict[str, int]:
    """Where the right option stands: per type and number of options the places are dealt in turn over the items in order of their hash.

    counts : (type, number of options, id) of every item.
    """
    out: dict[str, int] = {}
    dealt: Counter[tuple[str, int]] = Counter()
    for kind, number, item in sorted(counts, key=lambda entry: entry[2]):
        out[item] = dealt[kind, number] % number
        dealt[kind, number] += 1
    return out
