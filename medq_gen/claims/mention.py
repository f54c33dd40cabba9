"""A mention of something of the ontology in a sentence, and the words that decide what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from medq_gen.claims.claim import Comparison, Image, Subject
from medq_gen.claims.lexicon import Meaning, Sense, Token
from medq_gen.ontology.levels import Level

OTHER: dict[Image, Image] = {"first": "second", "second": "first"}
COMPLEMENT: dict[Comparison, tuple[Comparison, ...]] = {"better": ("worse", "equal"), "worse": ("better", "equal"), "equal": ("better", "worse")}
# For the noun of a fault "higher" is worse; for a virtue it is better.
RAISES = frozenset({"higher", "highest"})
LOWERS = frozenset({"lower", "lowest"})
# Of a structure these say how badly it is seen; of a fault, that it is not there.
UNSEEN = frozenset(
    {
        "not visible",
        "not seen",
        "invisible",
        "cannot be seen",
        "cannot be made out",
        "no longer visible",
        "can no longer be seen",
        "cannot be identified",
        "can no longer be made out",
    }
)
# "No significant noise" denies all that would matter: little of it may be left.
FAINT = frozenset(["minimal", "minimally", "imperceptible", "marginal", "marginally"])  # as good as none: "minimal noise" is said of clean pictures too
CLOUDED = frozenset({("hazy",), ("cloudy",), ("milky",), ("veiled",), ("foggy",)})  # said of a structure: it is poorly seen
MATTERING = frozenset(
    [
        "significant",
        "significantly",
        "substantial",
        "substantially",
        "considerable",
        "noticeable",
        "appreciable",
        "definite",
        "important",
        "serious",
        "prominent",
        "major",
        "relevant",
        "pronounced",
        "very",
    ]
)
SCARCE = frozenset(
    {
        "low",
        "reduced",
        "limited",
        "decreased",
        "diminished",
        "acceptable",
        "ok",
        "okay",
        "fine",
        "good",
        "adequate",
        "normal",
        "satisfactory",
        "reasonable",
        "weakened",
        "unaffected",
        "unremarkable",
    }
)
AMPLE = frozenset({"high", "bad", "poor", "very poor", "insufficient"})
BAD_LEVELS = frozenset(["weak", "terrible", "awful", "horrible"])
HINDERED = ("obscure", "poorly", "badly", "hard", "difficult", "barely", "scarcely", "can hardly", "can barely", "ill ", "hidden", "masked")
CAREFUL = ("clearly", "well", "fully", "sharply", "easily", "readily", "distinct", "clear", "full", "effort")


@dataclass(slots=True)
class Mention:
    """A mention of something of the ontology, at a place of the segment, with what is said of it."""

    place: int
    meaning: Meaning
    others: tuple[Subject, ...]
    negated: bool
    levels: tuple[Level, ...] = ()
    region: str | None = None
    comparison: tuple[Comparison, ...] = ()
    little: bool = False
    hedged: bool = False
    assumed: bool = False  # only a comparison that names no other image says that it is there
    spent: list[int] = field(default_factory=list)  # level tokens that belong to this mention


def chosen(token: Token) -> tuple[Meaning, tuple[Subject, ...]]:
    """The reading of a phrase that most of its subjects share, and the other subjects that share it."""
    groups: dict[tuple[Sense, Level | None], list[Meaning]] = {}
    for meaning in token.meanings:
        groups.setdefault((meaning.sense, meaning.level), []).append(meaning)
    best = max(groups.values(), key=len)
    return best[0], tuple(meaning.subject for meaning in best[1:])


def resolved(tokens: list[Token], image: Image | None) -> list[Token]:
    """The tokens with "the other image" as the one that was not spoken of last."""
    found: list[Token] = []
    for token in tokens:
        if token.words == ("both",) and found and found[-1].role in ("be", "mention"):
            token = Token("word", "both", token.words)  # "contrast and sharpness are both good"
        elif token.role == "image" and token.value == "other":
            token = Token("image", OTHER[image], token.words) if image else Token("word", "other", token.words)
        elif token.role == "image" and token.value != "both":
            image = token.value  # type: ignore[assignment]
        found.append(token)
    return found


def soundness(token: Token) -> str:
    """ "sound" or "impaired" where a word says that of a virtue, else nothing."""
    if token.role == "level":
        return "impaired" if token.words[-1] in BAD_LEVELS else ""
    return token.role if token.role in ("sound", "impaired") else ""
