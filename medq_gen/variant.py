"""A recipe as a run uses it: the declared one, or a user's variant of it under a name of its own."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from medq_gen import files, registry
from medq_gen.declare import Degradation, Mix, Strength
from medq_gen.errors import ConfigError

ORIGINAL = "original"


@dataclass(frozen=True)
class Variant:
    """What a run may change of a recipe, as plain values that travel to workers and into the plan.

    recipe : name in the registry. pattern : options of draw, for a mix by part. anchors, limit : of the effect and the knob; None leaves the declared ones.
    title : what the user calls it (the name of an own YAML), else the recipe's name.
    """

    recipe: str
    pattern: Mapping[str, Any] = field(default_factory=dict)
    anchors: tuple[float, float, float] | None = None
    limit: float | None = None
    title: str = ""

    @cached_property
    def declared(self) -> Degradation | Mix:
        """The recipe as it was declared."""
        return registry.get(self.recipe).recipe

    @cached_property
    def effective(self) -> Degradation | Mix:
        """The recipe with the user's anchors and limit.

        Raises
            ConfigError: a limit for a recipe that has none to move.
        """
        recipe = self.declared
        if self.anchors is not None and self.anchors != recipe.effect.anchors:
            recipe = replace(recipe, effect=recipe.effect.with_anchors(self.anchors))
        if self.limit is None or (isinstance(recipe.strength, Strength) and self.limit == recipe.strength.limit):
            return recipe
        if isinstance(recipe, Mix) or not isinstance(recipe.strength, Strength):
            raise ConfigError(f"recipe.strength.limit={self.limit:g}: the strength of {self.recipe!r} has no limit to move; leave it out")
        declared = recipe.strength
        if not math.isfinite(self.limit) or (self.limit - declared.neutral) * (declared.limit - declared.neutral) <= 0:
            unit = "" if declared.unit == "1" else f" {declared.unit}"
            side = "above" if declared.limit > declared.neutral else "below"
            raise ConfigError(
                f"recipe.strength.limit={self.limit:g}: the {declared.name} of {self.recipe!r} does nothing at {declared.neutral:g}{unit} "
                f"and harm {side} it: give a limit {side} {declared.neutral:g} (declared: {declared.limit:g}{unit})"
            )
        return replace(recipe, strength=replace(declared, limit=self.limit))

    @cached_property
    def options(self) -> dict[str, Any]:
        """The options of draw as used, defaults filled in."""
        return _filled(default_options(self.declared), self.pattern, f"the pattern of {self.recipe}")

    @cached_property
    def label(self) -> str:
        """ "original", or name and digest of what was changed: an overridden recipe never passes for the original."""
        changed: dict[str, Any] = {}
        if self.options != default_options(self.declared):
            changed["pattern"] = self.options
        if self.effective.effect.anchors != self.declared.effect.anchors:
            changed["anchors"] = list(self.effective.effect.anchors)
        if self.effective.strength != self.declared.strength:
            changed["limit"] = self.limit
        if not changed:
            return ORIGINAL
        return f"{self.title or self.recipe}+{hashlib.sha256(files.to_json(changed).encode()).hexdigest()[:10]}"

    def content(self) -> dict[str, Any]:
        """What of it decides pictures and labels, for the plan."""
        recipe, strength = self.effective, self.effective.strength
        knob = (
            {"limit": strength.limit, "neutral": strength.neutral, "scale": strength.scale, "unit": strength.unit}
            if isinstance(strength, Strength)
            else {"choices": list(strength)}
        )
        return {
            "name": self.recipe,
            "version": recipe.version,
            "variant": self.label,
            "pattern": self.options,
            "effect": {"family": recipe.effect.name, "anchors": list(recipe.effect.anchors)},
            "strength": knob,
        }

    @classmethod
    def of_content(cls, content: Mapping[str, Any]) -> Variant:
        """The variant that a plan holds."""
        title = "" if content["variant"] == ORIGINAL else str(content["variant"]).rpartition("+")[0]
        return cls(
            content["name"], content["pattern"], tuple(content["effect"]["anchors"]), content["strength"].get("limit") if content["name"] else None, title
        )


def default_options(recipe: Degradation | Mix) -> dict[str, Any]:
    """The options of draw with their defaults; of a mix, by part."""
    if isinstance(recipe, Mix):
        return {part.name: part.recipe.options for part in recipe.parts if part.recipe.options}
    return recipe.options


def _filled(defaults: Mapping[str, Any], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    filled = dict(defaults)
    for name, value in given.items():
        if name not in defaults:
            raise ConfigError(f"{where}: {registry.unknown('option', name, sorted(defaults))}")
        is_group = isinstance(defaults[name], Mapping) and isinstance(value, Mapping)
        filled[name] = _filled(defaults[name], value, f"{where}.{name}") if is_group else value
    return {name: list(value) if isinstance(value, tuple) else value for name, value in filled.items()}
