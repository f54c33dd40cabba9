"""What a model is told: one prompt for each task, with a version. What a prompt says decides the answers, so a change of words is a change of version."""

from __future__ import annotations

from collections.abc import Sequence

from medq_gen.export.content import LETTERS

PROMPT_VERSION = 1

_LETTER_ONLY = "Answer with the letter of the one option that is right, and nothing else."
_ONE = (
    "Answer as an expert on the quality of medical images, in 3 to 5 sentences of plain text. "
    'End with the sentence "Overall, the quality of this image is good.", with "usable" or "reject" in place of "good" where that is your verdict.'
)
_TWO = (
    "Answer as an expert on the quality of medical images, in 3 to 5 sentences of plain text. The first picture is the first image, the second the second. "
    'End with the sentence "Overall, the first image is of higher quality.", with "second" in place of "first" where that is your verdict.'
)


def perception(question: str, options: Sequence[str]) -> str:
    """The question, the options behind their letters, and the request for a letter."""
    return "\n".join([question, *(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)), _LETTER_ONLY])


def description(request: str) -> str:
    """The request for a description of one picture, and the form that it must have."""
    return f"{request}\n{_ONE}"


def comparison(request: str) -> str:
    """The request for a comparison of two pictures, and the form that it must have."""
    return f"{request}\n{_TWO}"
