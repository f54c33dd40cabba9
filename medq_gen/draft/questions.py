"""Candidates become questions: a form of the stem, options in their places, evidence and reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from medq_gen.draft import balance, candidates, stems
from medq_gen.draft.balance import Polar
from medq_gen.draft.candidates import Candidate
from medq_gen.draft.facts import Facts
from medq_gen.draft.items import Distractor, Evidence, Question, identity
from medq_gen.ontology.spelling import Spelling, spell

YES, NO = "Yes", "No"


class Stems:
    """Deals the forms of each family in turn, and never the same stem twice for one picture, nor one that says its answer."""

    def __init__(self) -> None:
        self._turn: Counter[str] = Counter()
        self._used: set[tuple[str, str]] = set()

    def next(self, candidate: Candidate, forms: Sequence[str], name: str) -> tuple[str, str] | None:
        """(template id, stem); None where every form was used for this picture."""
        record = candidate.facts.record
        n_pictures = len(stems.pictures(record.modality))
        for attempt in range(len(forms) * n_pictures):
            turn = self._turn[name] + attempt
            form, picture = turn % len(forms), turn // len(forms)
            text = stems.written(
                forms[form], modality=record.modality, turn=picture, x=candidate.x, plural=candidate.plural, level=candidate.level, place=candidate.place
            )
            options = [candidate.right, *(wrong.option for wrong in candidate.pool)]
            told = candidate.type != "yes_no" and stems.leaks(text, options, candidate.right)
            if (record.image_sha256, text) not in self._used and not told:
                self._turn[name] = turn + 1
                self._used.add((record.image_sha256, text))
                return f"{name}/{form}", text
        return None


def questions(all_facts: Sequence[Facts], *, spelling: Spelling) -> tuple[Question, ...]:
    """Every question that the records decide, balanced; in order of their ids."""
    facts = _distinct(all_facts)
    moderate = {one.record.recipe for one in facts if one.record.level == "moderate"}
    found = [candidate for one in facts for candidate in candidates.of_record(one, has_moderate=one.record.recipe in moderate)]
    dealer = Stems()
    drafts: list[Question] = []
    polar = balance.yes_no(candidate for candidate in found if candidate.type == "yes_no")
    for first, second in zip(polar[::2], polar[1::2], strict=True):
        drafts += _pair(first, second, dealer)
    drafts += _chosen(balance.what(candidate for candidate in found if candidate.type == "what"), stems.WHAT, dealer)
    drafts += _chosen(balance.how(candidate for candidate in found if candidate.type == "how"), stems.HOW, dealer)
    placed = balance.positions([(draft.type, len(draft.options), draft.id) for draft in drafts if draft.type != "yes_no"])
    return tuple(sorted((_spelled(_placed(draft, placed.get(draft.id)), spelling) for draft in drafts), key=lambda draft: draft.id))


def _distinct(all_facts: Sequence[Facts]) -> list[Facts]:
    """One record a picture and recipe: the untouched picture of several repeats is asked about once."""
    kept: dict[tuple[str, str], Facts] = {}
    for facts in sorted(all_facts, key=lambda facts: facts.record.key):
        kept.setdefault((facts.record.image_sha256, facts.record.recipe), facts)
    return list(kept.values())


def _pair(first: Polar, second: Polar, dealer: Stems) -> list[Question]:
    """Both items of a yes+no pair, or none where a stem is left for neither."""
    out = []
    for candidate, inverse, pair in (first, second):
        forms = stems.YES_NO[candidate.family][1 if inverse else 0]
        dealt = dealer.next(candidate, forms, f"{candidate.family}/{'inverse' if inverse else 'plain'}")
        if dealt is None:
            return []
        right = YES if candidate.holds != inverse else NO
        wrong = NO if right == YES else YES
        reason = f"{candidate.evidence[0].name}: {candidate.evidence[0].value}"
        out.append(_question(candidate, dealt, (YES, NO), right, (Distractor(option=wrong, reason=reason),), pair))
    return out


def _chosen(found: Sequence[Candidate], forms: dict[str, tuple[str, ...]], dealer: Stems) -> list[Question]:
    out = []
    for candidate in found:
        dealt = dealer.next(candidate, forms[candidate.family], candidate.family)
        if dealt is None:
            continue
        wrongs = tuple(wrong for wrong in candidate.pool if not candidate.scale or wrong.option in candidate.scale)
        options = candidate.scale or (candidate.right, *(wrong.option for wrong in wrongs))
        out.append(_question(candidate, dealt, options, candidate.right, wrongs, ""))
    return out


def _question(candidate: Candidate, dealt: tuple[str, str], options: tuple[str, ...], right: str, wrongs: tuple[Distractor, ...], pair: str) -> Question:
    record = candidate.facts.record
    template, stem = dealt
    evidence: tuple[Evidence, ...] = candidate.evidence
    return Question(
        id=identity(record.key, stem), record=record.key, case=record.case, group=record.group, split=record.split, modality=record.modality,
        recipe=record.recipe,
        level=record.level, picture=record.image_sha256, type=candidate.type, scope=candidate.scope, family=candidate.family, template=template,
        asked=candidate.asked,
        asked_level=candidate.asked_level, question=stem, options=options, answer=options.index(right), evidence=evidence, rule=candidate.rule,
        distractors=wrongs, pair=pair,
        presupposes=candidate.presupposes, asks=candidate.asks,
    )  # fmt: skip


def _placed(draft: Question, place: int | None) -> Question:
    """The options turned until the right one stands at its place; a scale keeps its order around the circle."""
    if place is None:
        return draft
    shift = (draft.answer - place) % len(draft.options)
    return draft.model_copy(update={"options": (*draft.options[shift:], *draft.options[:shift]), "answer": place})


def _spelled(draft: Question, spelling: Spelling) -> Question:
    if spelling == "british":
        return draft
    return draft.model_copy(
        update={
            "question": spell(draft.question, spelling),
            "options": tuple(spell(option, spelling) for option in draft.options),
            "distractors": tuple(Distractor(option=spell(one.option, spelling), reason=spell(one.reason, spelling)) for one in draft.distractors),
            "asked": spell(draft.asked, spelling),
        }
    )
