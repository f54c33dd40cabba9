"""Clauses of a reference: one statement each, in several forms, chosen by the item's own generator."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from medq_gen.draft.facts import Facts, Finding, Seen
from medq_gen.ontology import adverbs
from medq_gen.ontology.contents import PICTURES, anatomy_phrase, fits, view_phrase
from medq_gen.ontology.grammar import agree, article, be, indefinite, is_countable, is_plural, join
from medq_gen.ontology.levels import Level
from medq_gen.ontology.places import PHRASES
from medq_gen.records import PlaceRecord

# Of the whole picture's state a reader speaks first; these attributes are said absent more often than rarer faults.
GLOBAL = frozenset({"sharpness", "noise", "contrast", "uniformity", "brightness"})
GLOBAL_SHARE = 0.8
# Words of a look that say an attribute: not said where that attribute is measured absent.
IMPLIED: dict[str, frozenset[str]] = {
    "sharpness": frozenset(["soft", "softness", "softened", "blur", "blurs", "blurred", "smear", "smeared", "smearing"]),
    "noise": frozenset(["grain", "grainy", "graininess", "speckle", "mottle", "noise", "noisy"]),
    "contrast": frozenset(["contrast", "flattened"]),
    "streaks": frozenset(["streak", "streaks", "streaky"]),
    "motion ghosting": frozenset(["ghost", "ghosts", "ghosting"]),
}
HIDDEN_PART = 0.5  # a part of a mix that alone is below this severity shows in no look
_JOINED = re.compile(r",| (?:that|which|in which|while|with|and) ")
_RELATIVE = re.compile(r",| (?:that|which|at which|in which|where) ")
_CLAUSE = re.compile(
    r"\b(?:was|were|is|are|moved|took|reached|lay|lost|absorbed|filled|leaked|wrinkled|vibrated|focused|entered|scattered|hung|mirrored|disturbed|shook)\b"
)


class Pen:
    """Chooses among forms. A form used once in a text, or one that opens like it, is not chosen again while another is left."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self._used: set[str] = set()

    def choose(self, forms: Sequence[str]) -> str:
        """One of the forms."""
        fresh = [form for form in forms if _opening(form) not in self._used] or list(forms)
        form = fresh[int(self.rng.integers(len(fresh)))]
        self._used.add(_opening(form))
        return form

    def chance(self, share: float) -> bool:
        """True in a share of cases."""
        return bool(self.rng.random() < share)

    def some(self, findings: Sequence[Finding], most: int) -> list[Finding]:
        """Two to so many of them, mostly those of the whole picture's state; of attributes that one measure decides (noise, sensor noise) only one."""
        count = 2 + int(self.rng.integers(most - 1))
        drawn = [findings[index] for index in self.rng.permutation(len(findings))]
        drawn.sort(key=lambda finding: finding.attribute.name not in GLOBAL and self.chance(GLOBAL_SHARE))
        chosen: dict[str, Finding] = {}
        for finding in drawn:
            chosen.setdefault(finding.attribute.measure or finding.attribute.name, finding)
        return list(chosen.values())[:count]

    def order(self, things: Sequence[str]) -> list[str]:
        """The things in a drawn order."""
        return [things[index] for index in self.rng.permutation(len(things))]


def _opening(form: str) -> str:
    """What a reader hears again: the first words of a clause; the whole of a short form."""
    words = form.split()
    return " ".join(words[:4]) if len(words) > 4 else form


def cause_of(cause: str) -> str:
    """A cause after the thing it explains: a clause follows "because", a noun phrase "due to", also one with a relative clause of its own."""
    return f"because {cause}" if _CLAUSE.search(_RELATIVE.split(cause)[0]) else f"due to {cause}"


def place_phrase(place: PlaceRecord | None) -> str:
    """Where, with its preposition; empty where the region has no words."""
    if place is None:
        return ""
    return PHRASES.get(place.region, "")


def picture_of(facts: Facts, pen: Pen) -> str:
    """ "axial MR image", as far as the case states it."""
    record = facts.record
    anatomy = anatomy_phrase(record.anatomy) or ""
    nouns = [
        noun
        for noun in PICTURES[record.modality]
        if not ("retina" in anatomy and "retinal" in noun) and not ("section" in anatomy and noun == "endoscopic view")
    ]
    return " ".join(part for part in (view_phrase(record.view), pen.choose(nouns)) if part)


def content(facts: Facts, pen: Pen) -> str:
    """What is shown."""
    anatomy, picture = anatomy_phrase(facts.record.anatomy), picture_of(facts, pen)
    one = f"{article(picture)} {picture}"
    if anatomy is None:
        return pen.choose((f"this is {one}", f"{one} is shown", f"shown is {one}", f"the image is {one}"))
    return pen.choose(
        (f"this is {one} of {anatomy}", f"{one} of {anatomy} is shown", f"shown is {one} of {anatomy}", f"the {picture} shows {anatomy}",
        f"the image is {one} of {anatomy}",
         f"this {picture} shows {anatomy}", f"the {picture} depicts {anatomy}", f"presented is {one} of {anatomy}")
    )  # fmt: skip


def graded(noun: str, level: Level, pen: Pen) -> str:
    """ "moderate noise", "a severe colour cast"."""
    return indefinite(f"{pen.choose(adverbs.ADJECTIVES[level])} {noun}")


def nouns_of(findings: Sequence[Finding], pen: Pen) -> list[str]:
    """Each finding as a graded noun with its place."""
    out = []
    for finding in findings:
        where = place_phrase(finding.place)
        out.append(f"{graded(_fault(finding, pen), finding.level, pen)}{' ' + where if where else ''}")
    return out


def _fault(finding: Finding, pen: Pen) -> str:
    """The noun of the fault: its plain name mostly, a synonym that cannot be mistaken sometimes."""
    return finding.attribute.fault


def presence(findings: Sequence[Finding], pen: Pen) -> str:
    """What is perceived and how strong."""
    if len(findings) == 1 and pen.chance(0.5):
        return _single(findings[0], pen)
    nouns = join(nouns_of(findings, pen))
    plural = len(findings) > 1 or is_plural(findings[0].attribute.fault)
    verb, appear = ("are", "appear") if plural else ("is", "appears")
    there = "are" if is_plural(findings[0].attribute.fault) else "is"
    return pen.choose(
        (f"{nouns} {verb} seen", f"{nouns} {verb} present", f"there {there} {nouns}", f"the image shows {nouns}", f"{nouns} {verb} visible",
        f"the image exhibits {nouns}",
         f"{nouns} {verb} evident", f"on inspection {nouns} {appear}", f"the picture suffers from {nouns}")
    )  # fmt: skip


def _single(finding: Finding, pen: Pen) -> str:
    attribute, level, where = finding.attribute, finding.level, place_phrase(finding.place)
    tail = f" {where}" if where else ""
    adverb = pen.choose(adverbs.ADVERBS[level])
    adjective = pen.choose(adverbs.ADJECTIVES[level])
    forms = [] if is_countable(attribute.fault) else [f"{attribute.fault} {be(attribute.fault)} {adjective}{tail}"]
    forms += [f"the {attribute.fault} {agree(attribute.fault, 'appear')} {adjective}{tail}"]
    forms += [
        f"the image is {adverb} {word}{tail}"
        for word in attribute.adjectives[:3]
        if not word.startswith(("too ", "of ", "out ", "free ", "off ")) and " " not in word and word not in ("ghosted", "aliased")
    ]
    forms += [f"{word} is {adverb} reduced{tail}" for word in attribute.virtue[:1] if word not in ("staining", "stain", "geometry", "brightness")]
    return pen.choose(forms)


def absence(findings: Sequence[Finding], pen: Pen) -> str:
    """What is not there."""
    names = pen.order([finding.attribute.fault for finding in findings])
    last = names[-1]
    if len(names) == 1:
        attribute = findings[0].attribute
        forms = [
            f"no {last} {be(last)} seen",
            f"the image shows no {last}",
            f"{last} {be(last)} absent",
            f"there {be(last)} no {last}",
            f"no {last} {be(last)} visible",
            f"{last} cannot be seen",
        ]
        forms += [f"the image is {word}" for word in attribute.opposites[:2] if not word.startswith("free")]
        forms += [f"{word} is {state}" for word in attribute.virtue[:1] for state in ("preserved", "maintained")]
        return pen.choose(forms)
    listed = join(names, "or")
    forms = [
        f"no {listed} {be(last)} seen",
        f"there {be(names[0])} no {listed}",
        f"the image shows no {listed}",
        f"no {listed} {be(last)} visible",
    ]
    if not any(is_countable(name) for name in names):
        forms += [f"the image is free of {join(names)}", f"the image is free of {join(names)}"]
    if len(names) == 2:
        forms += [
            f"neither {names[0]} nor {last} {be(last)} seen",
            f"the image shows neither {names[0]} nor {last}",
            f"neither {names[0]} nor {last} {be(last)} present",
        ]
    return pen.choose(forms)


def state(facts: Facts, pen: Pen) -> str | None:
    """The global state: what is perceived, against what is not."""
    present, absent = facts.besides(facts.present), facts.besides(facts.absent)
    there = presence(present, pen) if present else ""
    not_there = absence(pen.some(absent, 3 if present else 4), pen) if absent else ""
    if there and not_there:
        for _ in range(6):  # not "are visible" twice in a sentence
            if there.split()[-1] != not_there.split()[-1]:
                break
            not_there = absence(pen.some(absent, 3), pen)
        if pen.chance(0.3):
            return f"{not_there}, but {_again(not_there, there)}"
        return f"{there}{pen.choose((', but ', ', while ', '; ', ', whereas '))}{_again(there, not_there)}"
    return there or not_there or None


def _again(before: str, clause: str) -> str:
    """The second clause of a sentence: "the image" once said is "it"."""
    if not before.startswith(("the image ", "the picture ")):
        return clause
    return re.sub(r"^the (?:image|picture) ", "it ", clause)


def shortcomings(pen: Pen, *, after: str) -> str:
    """Why a picture is no better, where what lowers its tier was there before any artefact. after : the clause before, whose last word is not used again."""
    whole = f"{pen.choose(('shortcomings', 'limits', 'weaknesses'))} of the original acquisition"
    forms = [f"{whole} are visible", f"there are {whole}", f"{whole} remain", f"{whole} lower the quality"]
    return pen.choose([form for form in forms if form.split()[-1] != after.split()[-1]])


def looks_of(facts: Facts) -> list[str]:
    """The looks of the artefact at its level that are true of this picture: fit its anatomy, and name nothing that is measured absent."""
    names = [finding.attribute.name for finding in facts.absent]
    for part in facts.artefact.parts:
        alone, words = facts.record.measured(f"{part} alone"), facts.vocabulary.artefact(part)
        if alone is not None and alone < HIDDEN_PART and words is not None:
            names += words.attributes[:1]
    absent = frozenset().union(*(IMPLIED.get(name, ()) for name in names))
    looks = [look for look in facts.artefact.looks[facts.record.level] if fits(look, facts.record.anatomy)]
    return [look for look in looks if not absent & set(re.findall(r"[a-z-]+", look.lower().replace("soft tissue", "tissue")))]


def named(facts: Facts, pen: Pen) -> str:
    """The artefact, how it looks, and its cause where it is strong enough to prove it."""
    artefact, level = facts.artefact, facts.record.level
    name = artefact.artefact
    one = indefinite(name)
    if level == "none":
        return pen.choose(
            (f"no {name} {be(name)} seen", f"there {be(name)} no sign of {one}", f"no evidence of {one} is found", f"the image is free of {one}",
            f"{one} {be(name)} not seen",
             f"no {name} can be recognised", f"there {be(name)} no {name}", f"no trace of {one} is visible")
        )  # fmt: skip
    looks, where = looks_of(facts), place_phrase(facts.own_place)
    noun = f"{graded(name, level, pen)}{' ' + where if where else ''}"
    if not looks:
        return pen.choose(
            (
                f"there {be(name)} {noun}",
                f"{noun} {be(name)} present",
                f"the image is affected by {noun}",
                f"{noun} {be(name)} visible",
                f"the image shows {noun}",
            )
        )
    look = pen.choose(looks)
    bare = pen.choose(adverbs.ADJECTIVES[level])
    forms = [
        f"there {be(name)} {noun}: {look}",
        f"{noun} {agree(name, 'show')} as {look}",
        f"{look} {'indicate' if is_plural(look) else 'indicates'} {noun}",
        f"{noun} {be(name)} present, with {look}",
        f"{noun}, seen as {look}, {agree(name, 'affect')} the image",
        f"the main finding is {noun}: {look}",
        f"{noun} {be(name)} recognised by {look}",
        f"{look} {'are' if is_plural(look) else 'is'} visible, in keeping with {noun}",
        f"the image is affected by {noun}, recognised by {look}",
        f"the {name} {be(name)} {bare}, with {look}",
        f"{noun} {agree(name, 'dominate')}, with {look}",
    ]
    if "visible" in look or _JOINED.search(look):  # a look with a clause of its own follows; it does not lead
        forms = [form for form in forms if not form.startswith(look)]
    if level == "mild":
        forms = [form for form in forms if "dominate" not in form and not form.startswith("the main finding")]
    if " with " in look:
        forms = [form for form in forms if f", with {look}" not in form]
    text = pen.choose(forms)
    if level != "mild" and fits(artefact.cause, facts.record.anatomy) and pen.chance(0.45):
        text += f", {cause_of(artefact.cause)}"
    return text


def looked(facts: Facts, pen: Pen) -> list[str]:
    """The artefact and its look as two sentences, where a reference would else be too short."""
    artefact, level = facts.artefact, facts.record.level
    noun, shows = graded(artefact.artefact, level, pen), "they show as" if is_plural(artefact.artefact) else "it shows as"
    looks = looks_of(facts)
    second = f"{shows} {pen.choose(looks)}" if looks else f"the degree of {artefact.artefact} is {pen.choose(adverbs.ADJECTIVES[level])}"
    return [f"{noun} {be(artefact.artefact)} {pen.choose(('present', 'seen', 'visible'))}", second]


def effect(facts: Facts, pen: Pen) -> str | None:
    """What the artefact hides; said from moderate on."""
    artefact = facts.artefact
    if facts.record.level in ("none", "mild") or not artefact.hides or not fits(artefact.hides, facts.record.anatomy):
        return None
    name = artefact.artefact
    return pen.choose(
        (f"this hides {artefact.hides}", f"this obscures {artefact.hides}", f"this masks {artefact.hides}",
        f"the {name} {agree(name, 'hide')} {artefact.hides}",
         f"the {name} {agree(name, 'mask')} {artefact.hides}", f"the {name} {agree(name, 'conceal')} {artefact.hides}")
    )  # fmt: skip


_SEEN: dict[str, tuple[str, ...]] = {
    "good": ("{x} {be} clearly delineated", "{x} {be} well seen", "{x} {be} clearly visible", "{x} {be} seen in full detail", "{x} {be} well delineated",
    "{x} {be} clearly depicted"),
    "usable": ("{x} {be} still recognisable", "{x} {be} only partly visible", "{x} {be} recognisable but not fully clear", "{x} {be} less distinct",
    "{x} {be} partly obscured", "{x} {be} seen with reduced clarity"),
    "reject": ("{x} cannot be made out", "{x} {be} no longer visible", "{x} {be} lost", "{x} can no longer be seen", "{x} {be} no longer recognisable",
    "{x} cannot be identified"),
}  # fmt: skip


def structures(seen: Sequence[Seen], pen: Pen) -> str | None:
    """What can still be seen of the named structures, grouped by how well."""
    parts = []
    for visibility in pen.order(["good", "usable", "reject"]):
        names = [f"the {one.structure.written or one.structure.name}" for one in seen if one.visibility == visibility]
        if names:
            plural = len(names) > 1 or any(one.structure.plural for one in seen if one.visibility == visibility)
            parts.append(pen.choose(_SEEN[visibility]).format(x=join(names), be="are" if plural else "is"))
    return (pen.choose((", while ", ", whereas ", "; ")) if len(parts) == 2 else "; ").join(parts) if parts else None
