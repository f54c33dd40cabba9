"""The page beside a file of bare numbers, JSON or YAML: read once for every source that has one, with errors that name the key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from medq_gen.errors import SourceError

SUFFIXES = (".yaml", ".yml", ".json")
_LONGEST = 1 << 16
Model = TypeVar("Model", bound=BaseModel)


def page_beside(path: Path, *, shown: str) -> tuple[str | None, dict[str, Any]]:
    """Name and values of the page beside a file (NAME.yaml, NAME.yml or NAME.json); None and nothing where there is none.

    Raises
        SourceError: two pages, a link, or what is not a short list of keys with values.
    """
    found = [beside for suffix in SUFFIXES if (beside := path.with_suffix(suffix)).is_file()]
    if not found:
        return None, {}
    if len(found) > 1:
        raise SourceError(shown, found[1].name, "there are two pages beside it", "Keep one of them")
    name = found[0].name
    if found[0].is_symlink() or found[0].stat().st_size > _LONGEST:
        raise SourceError(shown, name, "the page beside it is a link or far too long", "Write a short page of its own")
    try:
        text = found[0].read_text(encoding="utf-8")
        page = json.loads(text) if found[0].suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        raise SourceError(shown, name, "the page beside it is not valid YAML or JSON", "Correct it; docs/sources.md shows one") from None
    if not isinstance(page, dict) or not all(isinstance(key, str) for key in page):
        raise SourceError(shown, name, "the page beside it is not a list of keys with values", "Correct it; docs/sources.md shows one")
    return name, page


def validated(model: type[Model], values: Mapping[str, Any], *, shown: str, name: str) -> Model:
    """What a page and the options say together.

    Raises
        SourceError: a wrong key or value, with the keys that are allowed.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0])[:40] if first["loc"] else "keys"
        wrong = "there is no such key" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")[:200]
        raise SourceError(shown, f"{name}: {key}", wrong, f"Allowed keys: {', '.join(model.model_fields)}") from None
