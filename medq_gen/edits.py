"""How a recipe, or a mix of recipes, draws its pattern and edits a scan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from medq_gen import files
from medq_gen.declare import Degradation, Mix, Strength
from medq_gen.errors import SampleError
from medq_gen.seeds import Purpose, generator


def draw_pattern(recipe: Degradation | Mix, scan: Any, *, root: int, key: str, options: Mapping[str, Any]) -> dict[str, Any]:  # Any: whichever scan
    """The nuisance of a ladder as plain JSON, seeded by the ladder's key; each part of a mix has a key of its own.

    Raises
        SampleError: the pattern is not plain, finite JSON.
    """
    if isinstance(recipe, Mix):
        parts = {part.name: _drawn(part.recipe, scan, root, f"{key}/{part.name}", options.get(part.name, {})) for part in recipe.parts}
        return {"parts": parts}
    return _drawn(recipe, scan, root, key, options)


def _drawn(recipe: Degradation, scan: Any, root: int, key: str, options: Mapping[str, Any]) -> dict[str, Any]:
    drawn = recipe.pattern(generator(root, key, Purpose.PATTERN), scan, **options)
    try:
        return dict(json.loads(files.to_json(drawn)))  # as a replay will read it
    except (TypeError, ValueError) as error:
        raise SampleError(f"the pattern that draw returned is not plain JSON: {error}") from error


def edited(recipe: Degradation | Mix, scan: Any, *, strength: float | str, pattern: Mapping[str, Any]) -> Any:
    """The edited scan. A mix edits by every part at t times the part's own top."""
    if not isinstance(recipe, Mix):
        return recipe.edit(scan, strength=strength, pattern=pattern)
    for part in recipe.parts:
        part_strength = strength_of_part(part.recipe, top=pattern["tops"][part.name], t=float(strength))
        if part_strength is not None:
            scan = part.recipe.edit(scan, strength=part_strength, pattern=pattern["parts"][part.name])
    return scan


def strength_of_part(recipe: Degradation, *, top: float, t: float) -> float | str | None:
    """The strength of a part at a share t of its top (a position on the part's own scale); None where the part does nothing."""
    if t <= 0:
        return None
    return recipe.strength.at(t * top) if isinstance(recipe.strength, Strength) else recipe.strength[round(t * top)]
