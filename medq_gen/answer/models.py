"""Which models there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from medq_gen.answer.answerer import Answerer
from medq_gen.answer.baselines import Chance, Trained
from medq_gen.answer.over_http import OverHttp
from medq_gen.answer.over_transformers import OverTransformers
from medq_gen.errors import ConfigError

MODELS: Mapping[str, Callable[[Mapping[str, Any]], Answerer]] = {
    "openai_compatible": OverHttp.of,
    "transformers": OverTransformers.of,
    "chance": Chance.of,
    "blind": Trained.of,
    "classical": Trained.of,
}
KINDS = tuple(MODELS)


def model_of(given: Mapping[str, Any]) -> Answerer:
    """The model that settings describe.

    Raises
        ConfigError: no such kind, or a setting that is missing, unknown or not allowed.
    """
    kind = str(given.get("kind"))
    if kind not in MODELS:
        raise ConfigError(f"model.kind={kind} is not known; allowed: {', '.join(MODELS)}")
    return MODELS[kind](given)
