"""Five ranked adverbs for four levels, mapped both ways; what else readers say for a level."""

from __future__ import annotations

from medq_gen.ontology.levels import LEVELS, Level

RANKED: tuple[str, ...] = ("subtle", "mild", "moderate", "marked", "severe")
LEVEL_OF_RANK: dict[str, Level] = {"subtle": "mild", "mild": "mild", "moderate": "moderate", "marked": "severe", "severe": "severe"}

# What the drafter may write before a noun, and before an adjective or participle. Each word means exactly one level.
ADJECTIVES: dict[Level, tuple[str, ...]] = {
    "mild": ("subtle", "mild", "slight"),
    "moderate": ("moderate",),
    "severe": ("marked", "severe", "pronounced"),
}
ADVERBS: dict[Level, tuple[str, ...]] = {
    "mild": ("subtly", "mildly", "slightly"),
    "moderate": ("moderately",),
    "severe": ("markedly", "severely"),
}

# What the reader understands beyond that.
READ: dict[str, Level] = {
    **dict.fromkeys(
        (
            "subtle", "subtly", "mild", "mildly", "slight", "slightly", "minor", "minimal", "minimally", "faint", "faintly", "light", "lightly", "low-grade",
            "discreet", "weak", "small", "a little", "a bit", "somewhat", "a trace of", "barely perceptible", "low level of", "low levels of", "modest",
        ),
        "mild",
    ),
    **dict.fromkeys(
        ("moderate", "moderately", "medium", "intermediate", "considerable", "considerably", "noticeable", "noticeably", "appreciable", "appreciably",
        "definite"),
        "moderate",
    ),
    **dict.fromkeys(
        (
            "marked", "markedly", "severe", "severely", "pronounced", "strong", "strongly", "heavy", "heavily", "extreme", "extremely", "gross", "grossly",
            "massive", "massively", "extensive", "extensively", "intense", "intensely", "serious", "seriously", "profound", "very", "excessive", "prominent",
            "substantial", "substantially", "significant", "significantly", "high level of", "high levels of", "a great deal of", "dramatic", "dramatically",
        ),
        "severe",
    ),
}  # fmt: skip
UNCERTAIN: tuple[str, ...] = (
    "possible", "possibly", "probable", "probably", "may", "might", "could", "perhaps", "likely", "suspected", "suspicion of", "suggestive of", "apparently",
    "seems", "seem", "suggests", "presumably", "cannot be excluded",
)  # fmt: skip
ASYMPTOTIC: tuple[str, ...] = (
    "hardly any",
    "barely any",
    "scarcely any",
    "hardly",
    "barely",
    "scarcely",
    "little",
    "only little",
    "negligible",
    "almost no",
    "virtually no",
    "nearly no",
)


def rank(level: Level) -> int:
    """The place of a level in the scale, 0 for none."""
    return LEVELS.index(level)


def numeric_level(grade: int, top: int) -> Level | None:
    """The level of "grade 2 of 3": 0 is none, the top is severe; None outside the scale."""
    if not 0 <= grade <= top or top < 1:
        return None
    if grade == 0:
        return "none"
    return "severe" if top == 1 else LEVELS[1 + round((grade - 1) / (top - 1) * 2)]
