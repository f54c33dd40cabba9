"""Descriptions with known flaws, and the scores that follow from the flaws: what the deterministic judge is validated against.

A text starts as true statements of a record. Flaws change statements (a finding dropped, a level shifted, a finding denied, a place moved, a fault added
that is measured absent, the verdict swapped); a style and synonyms, which change nothing, put them into words. The scores are worked out from the changed
statements and the rules of the judge, never from the words.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from medq_gen.claims.comparison import finding_levels
from medq_gen.judge.items import Item
from medq_gen.ontology.contents import fits
from medq_gen.ontology.kinship import is_kin
from medq_gen.ontology.levels import BANDS, LEVELS, Level
from medq_gen.ontology.places import PHRASES, excludes
from medq_gen.ontology.terms import Artefact, Attribute
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import Record, Tier

TIERS: tuple[Tier, ...] = ("good", "usable", "reject")
U = {"none": 0.0, "mild": 1.0, "moderate": 2.0, "severe": 3.0}
FLAWS = ("drop", "shift one", "shift two", "deny", "move", "add", "swap verdict")
STYLES = ("prose", "verbose", "terse", "list", "report")
WORDS: dict[str, tuple[str, ...]] = {
    "mild": ("mild", "slight", "subtle", "minor", "faint", "low-grade"),
    "moderate": ("moderate", "medium", "intermediate", "moderate"),
    "severe": ("severe", "marked", "pronounced", "strong", "heavy", "massive", "extensive"),
}
SEEN: dict[str, tuple[str, ...]] = {
    "good": ("{x} well seen", "{x} clearly visible", "{x} clearly delineated", "{x} well visualised"),
    "usable": ("{x} only partly visible", "{x} still recognisable", "{x} partly obscured"),
    "reject": ("{x} no longer visible", "{x} not identifiable", "{x} cannot be made out", "{x} lost"),
}
VERDICTS: dict[str, tuple[str, ...]] = {
    "good": ("Overall, the quality of this image is good", "Verdict: good", "I would rate this image as good", "The overall image quality is excellent",
    "Good quality overall"),
    "usable": ("Overall, the quality of this image is usable", "Final rating: usable", "I consider it usable", "Overall quality acceptable",
    "The image is still usable"),
    "reject": ("Overall, the quality of this image is reject", "Verdict - reject", "The image should be rejected", "This scan is non-diagnostic",
    "The image is unusable"),
}  # fmt: skip
CHOICES = ("Overall, the {x} image is of higher quality", "I prefer the {x} image", "Better: {x} image", "The {x} image is clearly better", "The {x} one wins")
FILLERS = {"prose": "", "verbose": "When looking closely at the picture, ", "report": "On review, ", "terse": "", "list": ""}


@dataclass(frozen=True)
class Statement:
    """One thing said. kind : finding, structure, verdict or choice. name : attribute, recipe or structure. truth : the level (none: absent) or visibility of
    the record; said : what the text says in its place. subjects : everything that the chosen word names.
    """

    kind: str
    name: str
    word: str
    truth: str
    said: str
    image: str | None = None
    is_cause: bool = False
    region: str | None = None
    said_region: str | None = None
    subjects: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Flawed:
    """A text, what it is about, its flaws, and the scores that they imply."""

    text: str
    item: Item
    flaws: tuple[str, ...]
    style: str
    scores: dict[str, int] = field(default_factory=dict)


class Words:
    """Which names in a modality mean which subjects, so that a synonym says exactly one thing or is known to say two."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.meanings: dict[tuple[str, str], set[str]] = {}
        for attribute in vocabulary.attributes:
            for modality in attribute.modalities:
                for name in attribute.names:
                    self.meanings.setdefault((modality, name.lower()), set()).add(attribute.name)
        for artefact in vocabulary.artefacts.values():
            for name in (artefact.artefact, *artefact.synonyms):
                for form in {name.lower(), name.lower().removesuffix(" artefact")}:
                    self.meanings.setdefault((artefact.modality, form), set()).add(artefact.recipe)

    def of(self, modality: str, word: str) -> frozenset[str]:
        """The subjects that a word names."""
        return frozenset(self.meanings.get((modality, word.lower()), ()))

    def single(self, modality: str, names: Sequence[str], subject: str) -> list[str]:
        """The names that mean this subject alone."""
        return [name for name in names if self.of(modality, name) == {subject} and " with " not in name]


def statements_of(record: Record, words: Words, rng: random.Random, image: str | None = None) -> list[Statement] | None:
    """The true statements of a record, in words that each mean one thing; None where the recipe has no such name."""
    vocabulary, modality = words.vocabulary, record.modality
    artefact = vocabulary.artefacts[record.recipe]
    names = words.single(modality, (artefact.artefact, *artefact.synonyms), record.recipe)
    if not names:
        return None
    levels = {subject.name: level for subject, level in finding_levels(record, vocabulary).items() if subject.kind == "attribute"}
    said: list[Statement] = []
    word = rng.choice(names)
    said.append(Statement("finding", record.recipe, word, record.level, record.level, image, is_cause=True, subjects=frozenset({record.recipe})))
    absent = []
    for name, level in levels.items():
        attribute = vocabulary.require_attribute(name, modality)
        forms = words.single(modality, (attribute.fault, *attribute.synonyms), name)
        if not forms:
            return None
        entry = record.attribute(name) or next((row for row in record.attributes if vocabulary.attribute(row.name, modality) is attribute), None)
        place = (
            entry.place
            if entry and attribute.local and entry.place and entry.place.share >= 0.7 and level != "none" and entry.place.region in PHRASES
            else None
        )
        statement = Statement("finding", name, rng.choice(forms), level, level, image, region=place.region if place else None,
                              said_region=place.region if place else None, subjects=frozenset({name}))  # fmt: skip
        (said if level != "none" else absent).append(statement)
    rng.shuffle(absent)
    said += absent[: rng.randint(1, 3)]
    for entry in record.structures:
        structure = vocabulary.structure(entry.name, modality)
        if structure is not None and entry.visibility is not None and fits(structure.name, record.anatomy):
            said.append(Statement("structure", structure.name, structure.written or structure.name, entry.visibility, entry.visibility, image))
    return said


def flawed(statements: list[Statement], flaw: str, record: Record, words: Words, rng: random.Random) -> list[Statement] | None:
    """The statements with one more flaw; None where it cannot be made."""
    findings = [number for number, one in enumerate(statements) if one.kind == "finding" and one.truth != "none" and one.said == one.truth]
    out = list(statements)
    if flaw == "drop":
        if not findings:
            return None
        del out[rng.choice(findings)]
        return out
    if flaw in ("shift one", "shift two"):
        by = 1 if flaw == "shift one" else 2
        options = [(number, level) for number in findings for level in LEVELS[1:] if abs(LEVELS.index(level) - LEVELS.index(out[number].truth)) == by]  # type: ignore[arg-type]
        if not options:
            return None
        number, level = rng.choice(options)
        out[number] = replace(out[number], said=level)
        return out
    if flaw == "deny":
        if not findings:
            return None
        number = rng.choice(findings)
        out[number] = replace(out[number], said="none", said_region=None)
        return out
    if flaw == "move":
        placed = [number for number in findings if out[number].region]
        options = [(number, region) for number in placed for region in PHRASES if excludes(out[number].region or "", region)]
        if not options:
            return None
        number, region = rng.choice(options)
        out[number] = replace(out[number], said_region=region)
        return out
    known = {subject.name for subject, level in finding_levels(record, words.vocabulary).items() if subject.kind == "attribute" and level == "none"}
    spoken = {one.name for one in statements}
    added = [name for name in sorted(known - spoken) if not any(is_kin(name, other) for other in spoken)]
    if flaw != "add" or not added:
        return None
    name = rng.choice(added)
    attribute = words.vocabulary.require_attribute(name, record.modality)
    forms = words.single(record.modality, (attribute.fault, *attribute.synonyms), name)
    if not forms:
        return None
    image = statements[0].image
    out.insert(rng.randint(1, len(out)), Statement("finding", name, rng.choice(forms), "none", rng.choice(LEVELS[1:]), image, subjects=frozenset({name})))
    return out


# -- scores that follow ----------------------------------------------------------------------------------------------------------


def completeness(statements: Sequence[Statement], records: Sequence[tuple[Record, str | None]], words: Words) -> int:
    """Weighted share of the findings said; the cause and its main sign stand for three quarters of one another."""
    total = earned = 0.0
    for record, image in records:
        levels = {subject.name: level for subject, level in finding_levels(record, words.vocabulary).items() if "@" not in subject.name}
        there = {name: level for name, level in levels.items() if level != "none"}
        mine = [one for one in statements if one.image == image]
        said = {one.name for one in mine if one.kind == "finding" and one.said != "none"}
        main = main_sign(record, words.vocabulary)
        if not there:
            denied = {one.name for one in mine if one.kind == "finding" and one.said == "none"}
            count = len(denied) + 0.5 * sum(one.kind == "structure" and one.said == "good" for one in mine)
            count += 0.5 * any(one.kind == "verdict" and one.said == "good" for one in mine)
            total, earned = total + 1, earned + min(1.0, count / 2)
            continue
        for name, level in there.items():
            parts = words.vocabulary.artefacts[name].parts if name == record.recipe else ()
            for part in parts:  # of a mix each part counts, and its name says all of them
                sign = main_sign_of(part, record, words.vocabulary)
                counts = name in said or part in said or any(sign == other or is_kin(sign, other) for other in said)
                total, earned = total + U[level] / len(parts), earned + U[level] / len(parts) * counts
            if parts:
                continue
            own = name in said or (name != record.recipe and any(is_kin(name, other) for other in said if other != record.recipe))
            kin = (main in said or any(is_kin(main, other) for other in said)) if name == record.recipe else name == main and record.recipe in said
            total, earned = total + U[level], earned + U[level] * (1.0 if own else 0.75 if kin else 0.0)
        poor = [words.vocabulary.structure(entry.name, record.modality) for entry in record.structures if entry.visibility in ("usable", "reject")]
        names = [structure.name for structure in poor if structure is not None]
        for name in names:
            total, earned = total + 0.3 / len(names), earned + 0.3 / len(names) * any(one.kind == "structure" and one.name == name for one in mine)
    share = earned / total
    return 2 if share >= 0.7 - 1e-9 else 1 if share >= 0.25 - 1e-9 else 0


def main_sign(record: Record, vocabulary: Vocabulary) -> str:
    """The first attribute of the recipe that the record asserts, else its first attribute."""
    own = [found.name for name in vocabulary.artefacts[record.recipe].attributes if (found := vocabulary.attribute(name, record.modality))]
    levels = {subject.name: level for subject, level in finding_levels(record, vocabulary).items()}
    return next((name for name in own if levels.get(name, "none") != "none"), own[0] if own else "")


def main_sign_of(recipe: str, record: Record, vocabulary: Vocabulary) -> str:
    """The first attribute of a recipe."""
    return next((found.name for name in vocabulary.artefacts[recipe].attributes[:1] if (found := vocabulary.attribute(name, record.modality))), "")


def preciseness(statements: Sequence[Statement]) -> int:
    """Contradictions against matches: a level off by one or a wrong place is half of each, an absence rightly said half a match."""
    wrong = right = 0.0
    for one in statements:
        scale: Sequence[str] = LEVELS if one.kind == "finding" else TIERS
        if one.kind not in ("finding", "structure"):
            continue
        off = abs(scale.index(one.said) - scale.index(one.truth))
        if one.kind == "finding" and off and "none" in (one.said, one.truth):
            off = 2
        moved = bool(one.region and one.said_region and excludes(one.region, one.said_region))
        if moved and off < 2:
            wrong, right = wrong + 0.5, right + 0.5
            continue
        wrong += (0.0, 0.5, 1.0, 1.0)[off]
        right += (0.5 if one.said == "none" else 1.0) if off == 0 else 0.5 if off == 1 else 0.0
    return 2 if wrong == 0 else 1 if wrong <= max(right, 0.5) else 0


def severity(statements: Sequence[Statement], artefact: Artefact, vocabulary: Vocabulary) -> tuple[float, float]:
    """The least and the most T that the statements of one image allow."""
    there = [one for one in statements if one.kind == "finding" and one.said != "none"]
    cause = next((one for one in there if one.is_cause), None)
    own = {found.name for name in artefact.attributes if (found := vocabulary.attribute(name, artefact.modality))} if cause else set()
    lows, highs = [0.0], [0.0]
    if cause:
        signs = [BANDS[one.said][1] for one in there if one.name in own]  # type: ignore[index]
        lows.append(artefact.impact * BANDS[cause.said][0])  # type: ignore[index]
        highs.append(artefact.impact * max([BANDS[cause.said][1], *signs]))  # type: ignore[index]
    for one in there:
        if one is not cause and one.name not in own:
            lows.append((0.5 if cause else 1.0) * BANDS[one.said][0])  # type: ignore[index]
            highs.append(BANDS[one.said][1])  # type: ignore[index]
    return max(lows), max(highs) + 0.25 * (sum(highs) - max(highs))


def consistency(statements: Sequence[Statement], verdict: Tier, artefact: Artefact, vocabulary: Vocabulary) -> int:
    """Steps between the verdict and the tiers that the statements allow."""
    low, high = severity(statements, artefact, vocabulary)
    seen = [one.said for one in statements if one.kind == "structure" and one.said != "good"]
    allowed = []
    if low <= 0.5 and not seen and not any(one.said != "none" for one in statements if one.kind == "finding"):
        allowed.append(0)
    if (high or seen) and low < 2.4 and "reject" not in seen:
        allowed.append(1)
    if high >= 2.4 or "reject" in seen:
        allowed.append(2)
    return 2 - min(abs(TIERS.index(verdict) - tier) for tier in allowed)


# -- words -------------------------------------------------------------------------------------------------------------------------


def phrase(one: Statement, style: str, rng: random.Random) -> str:
    """One statement in the words of a style."""
    if one.kind == "structure":
        text = rng.choice(SEEN[one.said])
        if style in ("terse", "list"):
            return text.format(x=one.word)
        plural = one.word.endswith("s") and not one.word.endswith("ss")
        verb = "" if " cannot" in text else " are" if plural else " is"
        return text.format(x=f"the {one.word}{verb}")
    where = f" {PHRASES[one.said_region]}" if one.said_region else ""
    if one.said == "none":
        forms = {
            "terse": (f"no {one.word}", f"{one.word}: none", f"{one.word} absent", f"without {one.word}"),
            "list": (f"{one.word}: none", f"{one.word}: absent", f"{one.word} - not seen"),
        }.get(style, (f"no {one.word} is seen", f"there is no evidence of {one.word}", f"{one.word} is not present", f"the image is free of {one.word}",
                      f"I cannot see any {one.word}", f"there is no {one.word}"))  # fmt: skip
        return rng.choice(forms)
    level = rng.choice(WORDS[one.said])
    forms = {
        "terse": (f"{level} {one.word}{where}", f"{one.word} {level}{where}"),
        "list": (f"{one.word}: {level}{where}", f"{one.word} - {level}{where}"),
    }.get(style, (f"{level} {one.word} is present{where}", f"there is {level} {one.word}{where}", f"the {one.word} is {level}{where}",
                      f"the image suffers from {level} {one.word}{where}",
                  f"{one.word} of {level} degree is noted{where}", f"one notes {level} {one.word}{where}"))  # fmt: skip
    return rng.choice(forms)


def worded(statements: Sequence[Statement], style: str, rng: random.Random) -> list[str]:
    """The statements as sentences or lines; in prose two of them may share a sentence."""
    texts = [phrase(one, style, rng) for one in statements if one.kind in ("finding", "structure")]
    if style in ("prose", "verbose", "report"):
        joined: list[str] = []
        for text in texts:
            if joined and " and " not in joined[-1] and "; " not in joined[-1] and rng.random() < 0.3:
                joined[-1] += rng.choice(("; ", ", while ")) + text
            else:
                joined.append((FILLERS[style] if rng.random() < 0.3 else "") + text)
        return [f"{text[0].upper()}{text[1:]}." for text in joined]
    if style == "terse":
        return [f"{text[0].upper()}{text[1:]}." for text in texts]
    return [f"- {text[0].upper()}{text[1:]}" for text in texts]


def singles(records: Sequence[Record], vocabulary: Vocabulary, *, seed: int, per_record: int = 2) -> Iterator[Flawed]:
    """Flawed descriptions of single pictures: none to three flaws, any style."""
    words = Words(vocabulary)
    for number, record in enumerate(records):
        for turn in range(per_record):
            rng = random.Random(f"{seed}/{number}/{turn}")
            said = statements_of(record, words, rng)
            if said is None:
                continue
            wanted = rng.sample(FLAWS, k=rng.choice((0, 1, 1, 2, 3)))
            verdict: Tier = record.tier
            done = []
            for flaw in wanted:
                if flaw == "swap verdict":
                    verdict = rng.choice([tier for tier in TIERS if tier != record.tier])
                    done.append(flaw)
                    continue
                changed = flawed(said, flaw, record, words, rng)
                if changed is not None:
                    said, done = changed, [*done, flaw]
            style = rng.choice(STYLES)
            artefact = vocabulary.artefacts[record.recipe]
            said.append(Statement("verdict", "tier", "", record.tier, verdict))
            head, *rest = [one for one in said if one.kind != "verdict"] or [said[-1]]
            body = [head, *rest] if head.kind != "verdict" else []
            rng.shuffle(body)
            end = f"{rng.choice(VERDICTS[verdict])}."
            lines = [*worded(body, style, rng), f"- {end}" if style == "list" else end]
            item = Item(id=f"{number}/{turn}", task="single", records=(record,), better=None, case=record.case, group=record.group, split=record.split,
                        modality=record.modality, recipe=record.recipe, level=record.level)  # fmt: skip
            scores = {
                "completeness": completeness(said, [(record, None)], words),
                "preciseness": preciseness(said),
                "consistency": consistency(said, verdict, artefact, vocabulary),
                "quality_accuracy": 2 - abs(TIERS.index(verdict) - TIERS.index(record.tier)),
            }
            yield Flawed(("\n" if style == "list" else " ").join(lines), item, tuple(done), style, scores)


def pairs(records: Sequence[Record], vocabulary: Vocabulary, *, seed: int) -> Iterator[Flawed]:
    """Flawed comparisons of two levels of one ladder."""
    words = Words(vocabulary)
    ladders: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        ladders.setdefault((record.case, record.recipe), []).append(record)
    for number, members in enumerate(ladders.values()):
        rng = random.Random(f"{seed}/pair/{number}")
        apart = [(a, b) for a in members for b in members if TIERS.index(a.tier) < TIERS.index(b.tier) and LEVELS.index(b.level) - LEVELS.index(a.level) >= 2]
        if not apart:
            continue
        better, worse = rng.choice(apart)
        turned = rng.random() < 0.5
        shown = (worse, better) if turned else (better, worse)
        told = [statements_of(record, words, rng, image) for record, image in zip(shown, ("first", "second"), strict=True)]
        if told[0] is None or told[1] is None:
            continue
        sides = [told[0], told[1]]
        done = []
        for flaw in rng.sample(FLAWS[:-1], k=rng.choice((0, 1, 1, 2))):
            side = rng.randrange(2)
            changed = flawed(sides[side], flaw, shown[side], words, rng)
            if changed:
                sides[side], done = changed, [*done, flaw]
        right = "second" if turned else "first"
        choice = right
        if rng.random() < 0.3:
            choice, done = ("first" if right == "second" else "second"), [*done, "swap verdict"]
        style = rng.choice(("prose", "report"))
        lines = []
        for side, image in zip(sides, ("first", "second"), strict=True):
            sentences = [phrase(one, style, rng).replace("the image", "it") for one in side]
            lines.append(f"{image.capitalize()} image: {'; '.join(sentences)}.")
        lines.append(f"{rng.choice(CHOICES).format(x=choice)}.")
        item = Item(id=f"pair {number}", task="pair", records=shown, better=right, case=better.case, group=better.group, split=better.split,  # type: ignore[arg-type]
                    modality=better.modality, recipe=better.recipe, level=worse.level)  # fmt: skip
        every = [*sides[0], *sides[1]]
        artefact = vocabulary.artefacts[better.recipe]
        ranges = [severity(side, artefact, vocabulary) for side in sides]
        gap = sum(ranges[1]) / 2 - sum(ranges[0]) / 2
        votes = [gap >= 0.4, gap <= -0.4]
        worst = [max((TIERS.index(one.said) for one in side if one.kind == "structure"), default=None) for side in sides]  # type: ignore[arg-type]
        ahead = worst[0] is not None and worst[1] is not None and worst[0] != worst[1]
        preferred = 0 if choice == "first" else 1
        support = [votes[0] or bool(ahead and worst[0] < worst[1]), votes[1] or bool(ahead and worst[1] < worst[0])]  # type: ignore[operator]
        agree, against = support[preferred], support[1 - preferred]
        scores = {
            "completeness": completeness(every, [(shown[0], "first"), (shown[1], "second")], words),
            "preciseness": preciseness(every),
            "consistency": 2 if agree and not against else 0 if against and not agree else 1,
            "quality_accuracy": 2 if choice == right else 0,
        }
        yield Flawed(" ".join(lines), item, tuple(done), style, scores)


__all__ = ["FLAWS", "STYLES", "Attribute", "Flawed", "Level", "pairs", "singles"]
