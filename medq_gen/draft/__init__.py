"""From records to questions and references. Reads records only; the same records and seed give the same items in any order."""

from __future__ import annotations

from collections.abc import Iterable

from medq_gen.draft import gates, references
from medq_gen.draft.facts import Facts
from medq_gen.draft.items import DRAFT_VERSION, Distractor, Drafted, Evidence, ImagePair, Question, Reasoning, identity
from medq_gen.draft.pairs import coarse
from medq_gen.draft.questions import questions
from medq_gen.errors import MedqError
from medq_gen.ontology.spelling import SPELLINGS, Spelling, spell
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import Record
from medq_gen.store import REFERENCE

__all__ = ["DRAFT_VERSION", "Distractor", "Drafted", "Evidence", "ImagePair", "Question", "Reasoning", "draft", "gates"]


def draft(records: Iterable[Record], vocabulary: Vocabulary, *, seed: int, spelling: Spelling = "british") -> Drafted:
    """Questions, single-image references and coarse pairs of the records of a run.

    Drafted are the levels of a ladder. The untouched reference that a ladder holds beside a solved `none` (its key ends in "reference") is no item and no half
    of a pair: else untouched pictures would outnumber touched ones among the pictures without an artefact. What no single picture shows (attributes that are
    not asked) is drafted in pairs only.

    Raises
        MedqError: a spelling that does not exist, a recipe or attribute without words, a structural gate that fails (named, with its figures).
    """
    if spelling not in SPELLINGS:
        raise MedqError(f"spelling={spelling!r}: allowed are {', '.join(SPELLINGS)}")
    found = sorted((record for record in records if not record.key.endswith(f"/{REFERENCE}")), key=lambda record: record.key)
    facts = [Facts(record, vocabulary) for record in found]
    alone = [one for one in facts if one.shown_alone]
    drafted = Drafted(
        questions=questions(alone, spelling=spelling),
        reasoning=_reasoning(alone, seed=seed, spelling=spelling),
        pairs=coarse(facts, seed=seed, spelling=spelling),
    )
    gates.require(gates.structural(drafted, [one.record for one in facts], vocabulary))
    return drafted


def _reasoning(facts: list[Facts], *, seed: int, spelling: Spelling) -> tuple[Reasoning, ...]:
    out: list[Reasoning] = []
    texts: set[str] = set()
    for one in facts:
        record = one.record
        salt = 0
        while (text := references.single(one, seed=seed, salt=salt, spelling=spelling)) in texts and salt < 50:
            salt += 1
        texts.add(text)
        item = identity(record.key, "reasoning")
        prompt = references.SINGLE_PROMPTS[int(item, 16) % len(references.SINGLE_PROMPTS)]
        out.append(
            Reasoning(
                id=item, record=record.key, case=record.case, group=record.group, split=record.split, modality=record.modality, recipe=record.recipe,
                level=record.level,
                picture=record.image_sha256, question=spell(prompt, spelling), reference=text, tier=record.tier,
            )
        )  # fmt: skip
    return tuple(out)
