"""How a degradation is declared: everything a recipe file imports."""

from medq_gen.declare.degradation import Degradation, Mix, Part, Pattern
from medq_gen.declare.effect import Effect
from medq_gen.declare.strength import Strength
from medq_gen.declare.words import Reference, Wording, Words
from medq_gen.ontology.levels import BANDS, BANDS_VERSION, LEVELS, Level, level_of

__all__ = [
    "BANDS",
    "BANDS_VERSION",
    "LEVELS",
    "Degradation",
    "Effect",
    "Level",
    "Mix",
    "Part",
    "Pattern",
    "Reference",
    "Strength",
    "Wording",
    "Words",
    "level_of",
]
