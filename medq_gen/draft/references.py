"""Reference descriptions: one picture in four or five sentences, two pictures by contrast."""

from __future__ import annotations

from medq_gen.draft import clauses
from medq_gen.draft.clauses import Pen
from medq_gen.draft.facts import Facts
from medq_gen.draft.items import Image
from medq_gen.ontology.contents import anatomy_phrase
from medq_gen.ontology.grammar import be, indefinite, is_countable, is_plural, join, sentence
from medq_gen.ontology.spelling import Spelling, spell
from medq_gen.seeds import Purpose, generator

SINGLE_PROMPTS = (
    "Describe the technical quality of this image in three to five sentences and end with your verdict: good, usable or reject.",
    "As an expert in medical image quality, describe what limits this image and close with a verdict: good, usable or reject.",
    "Assess this image: what it shows, how it looks, which artefacts there are, and whether its overall quality is good, usable or reject.",
    "Report on the quality of this image, with artefacts and their effect on structures, and conclude with good, usable or reject.",
)
PAIRED_PROMPTS = (
    "Compare the technical quality of these two images and end with the one that is of higher quality.",
    "As an expert in medical image quality, say how the two images differ and which is of higher quality.",
    "Describe the first image, then the second by contrast, and decide which is of higher quality.",
    "Which of the two images is of higher quality? Explain with what can be seen in each.",
)


def pen_of(seed: int, key: str, salt: int) -> Pen:
    """The generator of one item's words. salt : how often the text fell together with another record's."""
    return Pen(generator(seed, f"{key}#{salt}" if salt else key, Purpose.TEXT))


def single(facts: Facts, *, seed: int, salt: int = 0, spelling: Spelling = "british") -> str:
    """The reference of one picture: content, state, artefact, structures, verdict."""
    pen = pen_of(seed, facts.record.key, salt)
    opening = clauses.content(facts, pen)
    state = clauses.state(facts, pen)
    named = clauses.named(facts, pen)
    seen = clauses.structures(facts.structures, pen)
    hidden = clauses.effect(facts, pen) if seen is None or pen.chance(0.3) else None
    middle = [named] if hidden is None else [named, hidden]
    if state is not None:
        middle = [state, *middle] if pen.chance(0.6) else [*middle, state]
    if seen is not None:
        middle = [*middle, seen] if pen.chance(0.8) or hidden is not None else [middle[0], seen, *middle[1:]]
    if len(middle) > 3:
        middle.remove(hidden or middle[-1])
    if len(middle) == 1:  # nothing but the artefact is known: say it in two sentences, so that no reference is shorter than four
        middle = clauses.looked(facts, pen) if facts.is_touched else [named, "no artefact is seen"]
    if facts.falls_short:
        middle[-1] = f"{middle[-1]}; {clauses.shortcomings(pen, after=middle[-1])}"
    parts = [opening, *middle, f"overall, the quality of this image is {facts.record.tier}"]
    return spell(" ".join(sentence(part) for part in parts), spelling)


def paired(first: Facts, second: Facts, better: Image, *, seed: int, key: str, salt: int = 0, spelling: Spelling = "british") -> str:
    """The reference of a pair: what both show, the first image, the second by contrast, the decisive difference, verdict."""
    pen = pen_of(seed, key, salt)
    record = first.record
    noun = clauses.picture_of(first, pen)
    anatomy = anatomy_phrase(record.anatomy)
    both = (
        f"both images are {noun}s"
        if anatomy is None
        else pen.choose((f"both images are {noun}s of {anatomy}", f"both {noun}s show {anatomy}", f"two {noun}s of {anatomy} are compared"))
    )
    parts = [
        both,
        _side("first", first, pen),
        f"{pen.choose(('by contrast, ', 'in contrast, ', ''))}{_side('second', second, pen)}",
        _difference(first, second, better, pen),
    ]
    parts.append(f"overall, the {better} image is of higher quality")
    return spell(" ".join(sentence(part) for part in parts), spelling)


def _side(image: Image, facts: Facts, pen: Pen) -> str:
    things = clauses.nouns_of(facts.besides(facts.present), pen)
    name = facts.artefact.artefact
    if facts.is_touched:
        where = clauses.place_phrase(facts.own_place)
        things = [clauses.graded(name, facts.record.level, pen) + (f" {where}" if where else ""), *things]
    gone = [finding.attribute.fault for finding in pen.some(facts.besides(facts.absent), 2)] + ([] if facts.is_touched else [name])
    if not things:
        listed = pen.order(gone)
        return pen.choose(
            (
                f"the {image} image is free of {join([indefinite(noun) for noun in listed])}",
                f"the {image} image shows no {join(listed, 'or')}",
                f"no {join(listed, 'or')} can be recognised in the {image} image",
            )
        )
    shown = f"the {image} image {pen.choose(('shows', 'exhibits', 'suffers from', 'displays'))} {join(things)}"
    if gone and pen.chance(0.5):
        return f"{shown}, but no {join(pen.order(gone), 'or')}"
    return shown


def _difference(first: Facts, second: Facts, better: Image, pen: Pen) -> str:
    worse = "second" if better == "first" else "first"
    name = first.artefact.artefact
    if is_countable(name):
        stronger, weaker = pen.choose(("stronger", "more pronounced", "more marked")), pen.choose(("weaker", "less pronounced", "less marked"))
        return pen.choose(
            (f"the decisive difference is that the {name} is {stronger} in the {worse} image", f"the {name} is {weaker} in the {better} image",
             f"the {worse} image shows a {stronger} {name} than the {better} image", f"the {better} image shows a {weaker} {name} than the {worse} image")
        )  # fmt: skip
    less = "fewer" if is_plural(name) else "less"
    forms = [
        f"the decisive difference is that {name} {be(name)} {pen.choose(('stronger', 'heavier', 'more pronounced', 'more marked'))} in the {worse} image",
        f"{name} {be(name)} {pen.choose(('weaker', 'less pronounced', 'less marked'))} in the {better} image",
        f"the {worse} image shows more {name} than the {better} image",
        f"the {better} image shows {less} {name} than the {worse} image",
    ]
    return pen.choose(forms)
