"""British and American spelling: texts are kept British and switched at the end; the reader folds both to British."""

from __future__ import annotations

import re
from typing import Literal

Spelling = Literal["british", "american"]
SPELLINGS: tuple[Spelling, ...] = ("british", "american")

# British stem -> American stem; longer first where one holds another.
PAIRS: tuple[tuple[str, str], ...] = (
    ("artefact", "artifact"), ("colour", "color"), ("centre", "center"), ("grey", "gray"), ("haematoxylin", "hematoxylin"), ("oesophag", "esophag"),
    ("defocused", "defocused"), ("discolour", "discolor"), ("fibre", "fiber"), ("neighbour", "neighbor"), ("blurred", "blurred"), ("labelled", "labeled"),
    ("metre", "meter"), ("anaem", "anem"), ("haemorrhag", "hemorrhag"), ("tumour", "tumor"), ("behaviour", "behavior"), ("visualis", "visualiz"),
    ("recognis", "recogniz"), ("polaris", "polariz"), ("normalis", "normaliz"), ("optimis", "optimiz"), ("equalis", "equaliz"), ("localis", "localiz"),
    ("mould", "mold"), ("signalling", "signaling"), ("modelling", "modeling"), ("greyish", "grayish"), ("caesium", "cesium"), ("analys", "analyz"),
    ("oedema", "edema"), ("paediatric", "pediatric"), ("aluminium", "aluminum"), ("favour", "favor"), ("vapour", "vapor"),
)  # fmt: skip
PAIRS = tuple((british, american) for british, american in PAIRS if british != american)
_KEPT = re.compile(r"\b(?:parameters?|diameters?|thermometers?|perimeters?|analyzers?|analysis|analyses)\b", re.IGNORECASE)


def _switch(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    table = dict(pairs)
    pattern = re.compile("|".join(sorted((re.escape(old) for old in table), key=len, reverse=True)), re.IGNORECASE)

    def swap(match: re.Match[str]) -> str:
        if _KEPT.match(text, text.rfind(" ", 0, match.start()) + 1):
            return match.group()
        new = table[match.group().lower()]
        if match.group().isupper():
            return new.upper()
        return new[0].upper() + new[1:] if match.group()[0].isupper() else new

    return pattern.sub(swap, text)


def spell(text: str, spelling: Spelling) -> str:
    """A text of the ontology in the spelling asked for."""
    return text if spelling == "british" else _switch(text, PAIRS)


def fold(text: str) -> str:
    """Any text in British spelling, so that one lexicon reads both."""
    # A British stem stands for itself: "oedema" holds the American "edema".
    return _switch(text, (*((american, british) for british, american in PAIRS), *((british, british) for british, _ in PAIRS)))
