"""Articles, plurals, lists, capitals: how a phrase of the ontology becomes part of a sentence."""

from __future__ import annotations

from collections.abc import Sequence

# Heads that need an article in the singular; every other singular noun of quality ("noise", "ghosting", "motion artefact") is used without.
COUNTABLE = frozenset(
    [
        "cast",
        "band",
        "bands",
        "fold",
        "bubble",
        "mark",
        "shadow",
        "void",
        "line",
        "ring",
        "streak",
        "spot",
        "film",
        "veil",
        "halo",
        "cut",
        "gap",
        "tear",
        "edge",
        "rim",
        "contour",
        "drop",
        "instrument",
        "thread",
        "fibre",
        "pattern",
        "gradient",
        "stripe",
        "ripple",
        "loss",
        "shift",
        "change",
        "drop-off",
        "fall-off",
        "fringe",
        "hole",
        "seam",
        "copy",
        "texture",
        "look",
        "glow",
        "haze",
        "tint",
        "wash",
        "outline",
        "margin",
        "lack",
        "field",
        "window",
        "error",
    ]
)
MASS_ENDINGS = ("ss", "us", "is")
UNCOUNTED = frozenset({"haze", "glow"})
VOWEL_SOUND = ("a", "e", "i", "o", "u", "mr ", "mri", "8-", "ultrasound")
CONSONANT_SOUND = ("uni", "use", "usa", "one", "eu")


_JOINTS = frozenset({
    "of", "in", "with", "from", "along", "across", "at", "over", "on", "that", "where", "between", "around", "near", "for", "to", "by", "through", "inside",
    "beside", "within", "under", "above", "below", "like", "as", "which", "without", "against", "towards", "into", "beyond", "outside", "during", "after",
    "before", "so",
})  # fmt: skip


def core(phrase: str) -> str:
    """The phrase up to its first preposition or relative: what decides number and article."""
    words = phrase.split()
    end = next((place for place, word in enumerate(words) if place and word.rstrip(",") in _JOINTS), len(words))
    return " ".join(words[:end]).rstrip(",")


def head(phrase: str) -> str:
    """The noun that decides number."""
    return (core(phrase).split() or [""])[-1]


def is_plural(phrase: str) -> bool:
    """Whether a noun phrase takes "are"; "x and y" does."""
    noun = head(phrase)
    return " and " in f" {core(phrase)} " or (noun.endswith("s") and not noun.endswith(MASS_ENDINGS)) or noun in {"nuclei", "menisci"}


def is_countable(phrase: str) -> bool:
    """Whether a singular noun phrase wants an article."""
    return indefinite(phrase) != phrase


def be(phrase: str) -> str:
    """The form of "to be" that agrees."""
    return "are" if is_plural(phrase) else "is"


def agree(phrase: str, verb: str) -> str:
    """A regular verb in the form that agrees: agree("rings", "appear") is "appear", agree("noise", "appear") "appears"."""
    return verb if is_plural(phrase) else f"{verb}s"


def article(phrase: str) -> str:
    """ "a" or "an" by sound."""
    text = phrase.lower()
    return "an" if text.startswith(VOWEL_SOUND) and not text.startswith(CONSONANT_SOUND) else "a"


def indefinite(phrase: str) -> str:
    """The phrase with an indefinite article where English wants one."""
    starts = phrase.split(" ", 1)[0]
    noun = head(phrase)
    if starts in {"a", "an", "the", "no", "some", "several", "many", "few", "one", "two"} or is_plural(phrase) or noun not in COUNTABLE or noun in UNCOUNTED:
        return phrase
    return f"{article(phrase)} {phrase}"


def join(parts: Sequence[str], word: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def sentence(text: str) -> str:
    """Capital letter first, full stop last."""
    body = text.strip()
    body = body[0].upper() + body[1:]
    return body if body.endswith((".", "?", "!")) else f"{body}."


def capital(text: str) -> str:
    """First letter upper case, the rest as it is (option texts)."""
    return text[:1].upper() + text[1:]
