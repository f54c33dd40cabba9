"""The forms of a question. {x} is what is asked about, {one} and {the} the same with an article where it wants one, {pic} the picture; a family's forms are
used in turn."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medq_gen.ontology.contents import PICTURES
from medq_gen.ontology.grammar import indefinite, is_countable, is_plural
from physics.modality import Modality

# Words that say nothing about an answer.
GENERIC = frozenset({
    "a", "an", "the", "of", "in", "on", "at", "by", "for", "to", "from", "with", "and", "or", "no", "is", "are", "was", "were", "this", "that", "it", "its",
    "their", "which", "what", "how", "most", "more", "than", "image", "picture", "artefact", "artifact",
})  # fmt: skip

# family -> forms whose right answer is Yes where the finding is there, and forms whose right answer is No there
YES_NO: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "presence": (
        ("{Be} {one} visible in this {pic}?", "Does this {pic} show {one}?", "Can {one} be recognised in this {pic}?", "Is this {pic} affected by {one}?",
         "Would you report {one} for this {pic}?", "Are there signs of {one} in this {pic}?", "Do you see {one} in this {pic}?"),
        ("Is this {pic} free of {one}?", "{Be} {one} absent from this {pic}?", "Can {one} be ruled out in this {pic}?", "Is this {pic} unaffected by {one}?",
         "Would you call this {pic} free of {one}?", "Is this {pic} without {one}?", "Could a report on this {pic} state that {one} {be} absent?"),
    ),
    "above a level": (
        ("Does this {pic} show more than {graded}?", "Does the degree of {x} in this {pic} exceed {level}?", "Is more than {graded} to be seen in this {pic}?",
         "On a scale from absent to severe, does {x} in this {pic} lie above {level}?", "Is this {pic} affected by more than {graded}?"),
        ("Does this {pic} show {graded} at most?", "Does the degree of {x} in this {pic} stay at {level} or below?",
        "Is {graded} the most that is to be seen in this {pic}?",
         "On a scale from absent to severe, does {x} in this {pic} lie no higher than {level}?", "Is this {pic} affected by no more than {graded}?"),
    ),
    "structure delineated": (
        ("{Be} the {x} clearly delineated in this {pic}?", "Can the {x} be clearly made out in this {pic}?", "{Be} the {x} clearly visible in this {pic}?",
        "Does this {pic} show the {x} clearly?", "Does the quality of this {pic} allow a clear view of the {x}?"),
        ("{Be} the {x} hidden by poor quality in this {pic}?", "{Be} the {x} unrecognisable in this {pic}?", "{Be} the {x} lost to view in this {pic}?",
        "Does the quality of this {pic} prevent the {x} from being seen?",
         "Is a clear view of the {x} missing from this {pic}?"),
    ),
    "confined to a place": (
        ("{Be} the {x} mainly found {place} of this {pic}?", "Does most of the {x} lie {place} of this {pic}?",
        "Is it mainly {place} of this {pic} that the {x} {be} seen?", "Would you look {place} of this {pic} for most of the {x}?"),
        (),
    ),
}  # fmt: skip
WHAT: dict[str, tuple[str, ...]] = {
    "primary artefact": (
        "What is the primary artefact in this {pic}?", "Which artefact predominates in this {pic}?", "What type of artefact is most evident in this {pic}?",
        "Which of these artefacts does this {pic} show?",
        "Looking at this {pic}, which artefact is present?", "Which of the following best names the artefact in this {pic}?",
        "What kind of artefact, if any, affects this {pic}?", "Which entry describes the main artefact of this {pic}?",
    ),
    "cause": (
        "What is the most plausible reason for the degradation of this {pic}?", "Which event explains the look of this {pic} best?",
        "What most plausibly went wrong when this {pic} was made?", "Which of these explains the main fault of this {pic}?",
        "How did the main fault of this {pic} most plausibly arise?",
    ),
    "primary attribute": (
        "Which quality attribute of this {pic} is disturbed most?", "What is the most evident quality problem of this {pic}?",
        "Which of these quality problems does this {pic} show?", "Looking at this {pic}, which quality problem stands out?",
        "Which of the following is the main quality problem of this {pic}?", "Which quality problem, among these, affects this {pic}?",
    ),
    "combination": (
        "Which of these statements fits this {pic}?", "What does this {pic} show?", "Which combination of findings does this {pic} show?",
        "What is to be found in this {pic}?", "Which of these descriptions fits this {pic}?", "How would you sum up the findings of this {pic}?",
    ),
    "place": (
        "Where does most of the {x} lie in this {pic}?", "In which part of this {pic} {be} the {x} mainly found?",
        "Which part of this {pic} holds most of the {x}?", "Where in this {pic} would you point to show the {x}?",
    ),
    "dominance": (
        "Two faults affect this {pic}; which one does more harm?", "Which fault of this {pic} is the dominant one?",
        "Of the faults in this {pic}, which outweighs the other?", "Which fault limits this {pic} more than any other?",
    ),
}  # fmt: skip
HOW: dict[str, tuple[str, ...]] = {
    "artefact level": (
        "How strong {be} {the} in this {pic}, if there {be} any?", "What is the degree of {the} in this {pic}?", "How would you grade {the} in this {pic}?",
        "To what degree {be} {the} present in this {pic}?", "Which grade fits {the} in this {pic}?",
        "How far is this {pic} affected by {one}?",
    ),
    "attribute level": (
        "How strong {be} {the} in this {pic}, if there {be} any?", "What is the degree of {the} in this {pic}?", "How would you grade {the} in this {pic}?",
        "To what degree {be} {the} present in this {pic}?", "Which grade fits {the} in this {pic}?",
        "How far is this {pic} affected by {one}?",
    ),
    "overall tier": (
        "How would you rate the overall quality of this {pic}?", "How do you judge this {pic} as a whole?",
        "Taken as a whole, how is the quality of this {pic}?", "How would an expert grade the overall quality of this {pic}?",
        "How is this {pic} to be classed for diagnostic work?",
        "Which grade of overall quality does this {pic} deserve?", "How does this {pic} fare in overall quality?",
        "How fit for its purpose is this {pic}, all things considered?",
    ),
    "structure visibility": (
        "How would you rate the visibility of the {x} in this {pic}?", "How well can the {x} be seen in this {pic}?",
        "Which grade fits the visibility of the {x} in this {pic}?", "How do you judge the depiction of the {x} in this {pic}?",
    ),
}  # fmt: skip


def pictures(modality: Modality) -> tuple[str, ...]:
    """What a stem may call the picture."""
    return ("image", "picture", *PICTURES[modality])


def written(form: str, *, modality: Modality, turn: int, x: str = "", plural: bool | None = None, level: str = "", place: str = "") -> str:
    """The stem of a form; turn chooses what the picture is called."""
    many = is_plural(x) if plural is None else plural
    be = "are" if many else "is"
    nouns = pictures(modality)
    words = {"one": indefinite(x), "the": f"the {x}" if is_countable(x) else x, "graded": indefinite(f"{level} {x}") if level else x}
    return form.format(x=x, be=be, Be=be.capitalize(), pic=nouns[turn % len(nouns)], level=level, place=place, **words)


def leaks(stem: str, options: Sequence[str], answer: str) -> set[str]:
    """Words of the right option that the stem says, other than those that every option says."""
    words = [_content(option) for option in options]
    return (_content(answer) & _content(stem)) - words[0].intersection(*words[1:])


def _content(text: str) -> set[str]:
    return {word for word in re.findall(r"[^\W\d_]+", text.lower()) if word not in GENERIC}
