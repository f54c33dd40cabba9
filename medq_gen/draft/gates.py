"""Gates of a draft: each a named result with its figure and bound. Structural gates fail any run; the others inform."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import pairwise

from medq_gen.claims import compare, read
from medq_gen.draft.balance import DEALT, FEWEST_OPTIONS
from medq_gen.draft.items import Drafted, Question
from medq_gen.draft.stems import leaks
from medq_gen.errors import MedqError
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import Frozen, Record

# What tools that load tables take for an empty cell, in any case.
MISSING_WORDS = frozenset({"", "none", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "null", "nil", "nothing"})
STEM_SHARE = 0.04
STEM_SHARE_FROM = 1000  # items; below, one stem's share is told but fails nothing


class Gate(Frozen):
    """One gate: what was found, what is allowed, whether it holds, and examples of what breaks it."""

    name: str
    figure: float
    bound: str
    holds: bool
    structural: bool = True
    examples: tuple[str, ...] = ()


def _spread(counts: Iterable[int]) -> int:
    values = list(counts)
    return max(values) - min(values) if values else 0


def _by(questions: Iterable[Question], key: Callable[[Question], Hashable]) -> dict[Hashable, list[Question]]:
    groups: dict[Hashable, list[Question]] = defaultdict(list)
    for question in questions:
        groups[key(question)].append(question)
    return groups


def _worst(name: str, found: Sequence[tuple[int, str]], bound: int = 1) -> Gate:
    worst = max((figure for figure, _ in found), default=0)
    return Gate(name=name, figure=worst, bound=f"<= {bound}", holds=worst <= bound, examples=tuple(label for figure, label in found if figure > bound)[:5])


def _none(name: str, bad: Sequence[str]) -> Gate:
    return Gate(name=name, figure=len(bad), bound="0", holds=not bad, examples=tuple(bad[:5]))


def structural(drafted: Drafted, records: Sequence[Record], vocabulary: Vocabulary) -> tuple[Gate, ...]:
    """Every structural gate."""
    questions = drafted.questions
    ids = [*(one.id for one in questions), *(one.id for one in drafted.reasoning), *(one.id for one in drafted.pairs)]
    polar = [question for question in questions if question.type == "yes_no"]
    chosen = [question for question in questions if question.type != "yes_no"]
    return (
        _worst(
            "yes and no per asked word and level",
            [
                (abs(2 * sum(one.answer_text == "Yes" for one in group) - len(group)), str(key))
                for key, group in _by(polar, lambda one: (one.asked, one.asked_level)).items()
            ],
        ),
        _worst(
            "position of the right option per type and number of options",
            [
                (_spread([sum(one.answer == place for one in group) for place in range(len(group[0].options))]), str(key))
                for key, group in _by(questions, lambda one: (one.type, len(one.options))).items()
            ],
        ),
        _worst(
            "right member of a confusion set per level",
            [
                (_spread(Counter(one.answer_text for one in group).values()), str(key))
                for key, group in _by(
                    (one for one in chosen if one.family in ("primary artefact", "cause")), lambda one: (one.modality, one.family, one.level)
                ).items()
            ],
        ),
        _worst("right option per set of options of combinations and primary attributes", list(_sets(chosen))),
        _none(
            "stem contains its answer's words", [f"{one.question} -> {one.answer_text}" for one in chosen if leaks(one.question, one.options, one.answer_text)]
        ),
        _none("identical picture and stem", [key[1] for key, count in Counter((one.picture, one.question) for one in questions).items() if count > 1]),
        _stem_share(questions),
        _none("a stem that presupposes what another asks of the same picture", _presupposed(questions)),
        _none("options unique and never read as missing", [f"{one.question} {one.options}" for one in questions if not _clean(one)]),
        _none(
            "every wrong option has its reason",
            [one.id for one in questions if {wrong.option for wrong in one.distractors} != set(one.options) - {one.answer_text}],
        ),
        _none("ids unique", [key for key, count in Counter(ids).items() if count > 1]),
        _none(
            "a reference has four or five sentences",
            [one.reference for one in drafted.reasoning if not 4 <= len(read(one.reference, vocabulary).sentences) <= 5],
        ),
        _none("two records share a reference", [text for text, count in Counter(one.reference for one in drafted.reasoning).items() if count > 1]),
        _order(drafted),
        *_round_trip(drafted, records, vocabulary),
        _groups(records),
        _bigrams(drafted),
        _majority(questions),
    )


def _sets(chosen: Sequence[Question]) -> Iterator[tuple[int, str]]:
    """By how many each set of options favours one of them. A modality with one or two primary attributes has no sets: its recipes tell the answer anyway."""
    told: dict[str, set[str]] = defaultdict(set)
    for one in chosen:
        if one.family == "primary attribute":
            told[one.modality].add(one.answer_text)
    dealt = [one for one in chosen if one.family == "combination" or (one.family in DEALT and len(told[one.modality]) >= FEWEST_OPTIONS)]
    for key, members in _by(dealt, lambda one: (one.modality, one.asked, tuple(sorted(one.options)))).items():
        yield _spread([sum(one.answer_text == option for one in members) for option in members[0].options]), str(key)


def _stem_share(questions: Sequence[Question]) -> Gate:
    counts = Counter(one.question for one in questions)
    stem, count = counts.most_common(1)[0] if counts else ("", 0)
    share = count / len(questions) if questions else 0.0
    enough = len(questions) >= STEM_SHARE_FROM
    return Gate(
        name="share of the most frequent stem",
        figure=round(share, 4),
        bound=f"<= {STEM_SHARE} from {STEM_SHARE_FROM} items",
        holds=not enough or share <= STEM_SHARE,
        examples=(stem,) if stem else (),
    )


def _presupposed(questions: Sequence[Question]) -> list[str]:
    granted: dict[str, set[str]] = defaultdict(set)
    for one in questions:
        if one.presupposes:
            granted[one.picture].add(one.presupposes)
    return [f"{one.question} ({one.record})" for one in questions if one.asks and one.asks in granted.get(one.picture, ())]


def _clean(question: Question) -> bool:
    folded = [option.strip().lower() for option in question.options]
    texts = (*folded, question.question.strip().lower())
    return len(set(folded)) == len(folded) and not any(text in MISSING_WORDS or text.replace(".", "", 1).isdigit() for text in texts)


def _order(drafted: Drafted) -> Gate:
    first = sum(pair.better == "first" for pair in drafted.pairs)
    return _worst("better image first and second in pairs", [(abs(2 * first - len(drafted.pairs)), "pairs")])


def _round_trip(drafted: Drafted, records: Sequence[Record], vocabulary: Vocabulary) -> tuple[Gate, ...]:
    """Reference -> claims -> record: everything supported, nothing contradicted, every finding said, every sentence read."""
    known = {record.key: record for record in records}
    texts: list[tuple[str, Record | tuple[Record, Record]]] = [(one.reference, known[one.record]) for one in drafted.reasoning]
    texts += [(pair.reference, (known[pair.first], known[pair.second])) for pair in drafted.pairs]
    contradicted, unsupported, missing, unread = [], [], [], []
    for text, record in texts:
        reading = read(text, vocabulary, (record if isinstance(record, Record) else record[0]).modality)
        compared = compare(reading.claims, record, vocabulary)
        contradicted += [f"{judged.reason}: {text}" for judged in compared.of("contradicted")]
        unsupported += [
            f"{judged.reason}: {text}"
            for judged in compared.judged
            if judged.relation == "unsupported" or (judged.relation == "supported" and judged.credit < 1)
        ]
        missing += [f"{name}: {text}" for name in compared.missing]
        unread += list(reading.unread)
    return (
        _none("claims of references that the record contradicts", contradicted),
        _none("claims of references that the record does not fully support", unsupported),
        _none("findings that a reference does not say", missing),
        _none("sentences of references that cannot be read", unread),
    )


def _groups(records: Sequence[Record]) -> Gate:
    splits: dict[str, set[str]] = defaultdict(set)
    for record in records:
        splits[record.group].add(record.split)
    return _none("groups in more than one split", [group for group, found in splits.items() if len(found) > 1])


def _bigrams(drafted: Drafted) -> Gate:
    """Distinct bigrams over all bigrams of the references: told, not bounded."""
    pairs: Counter[tuple[str, str]] = Counter()
    for item in drafted.reasoning:
        words = re.findall(r"\w+", item.reference.lower())
        pairs.update(pairwise(words))
    total = sum(pairs.values())
    return Gate(name="distinct bigrams of references", figure=round(len(pairs) / total, 4) if total else 0.0, bound="reported", holds=True, structural=False)


def _majority(questions: Sequence[Question]) -> Gate:
    """How often the most frequent answer text of a template and word is right, each item left out of its own count: told, not bounded; chance beside it."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in questions:
        counts[one.template, one.asked][one.answer_text] += 1
    right = 0
    for one in questions:
        left = counts[one.template, one.asked].copy()
        left[one.answer_text] -= 1
        best = max(((count, option) for option, count in left.items() if option in one.options), default=(0, ""))
        right += best[0] > 0 and best[1] == one.answer_text
    chance = sum(1 / len(one.options) for one in questions) / len(questions) if questions else 0.0
    return Gate(
        name="majority answer by stem",
        figure=round(right / len(questions), 4) if questions else 0.0,
        bound=f"reported; chance {chance:.3f}",
        holds=True,
        structural=False,
    )


def require(found: Iterable[Gate]) -> None:
    """Raise where a structural gate does not hold.

    Raises
        MedqError: the gates that fail, each with its figure, bound and an example.
    """
    failed = [gate for gate in found if gate.structural and not gate.holds]
    if failed:
        told = "; ".join(f"{gate.name}: {gate.figure:g}, allowed {gate.bound} (for example {gate.examples[0] if gate.examples else '-'})" for gate in failed)
        raise MedqError(f"the draft fails {len(failed)} gate(s): {told}")
