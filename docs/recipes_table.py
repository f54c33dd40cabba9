"""Writes docs/recipes.md from the recipes themselves: `python docs/recipes_table.py`. A test holds the page to what this prints."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from medq_gen import registry  # noqa: E402
from medq_gen.declare import Degradation, Mix, Strength  # noqa: E402

PAGE = ROOT / "docs" / "recipes.md"
HEAD = """# Recipes

Made by `python docs/recipes_table.py` from the declarations in `recipes/`. Anchors are the values of the family's measure at u = 0.5, 1.5 and 2.5
([how it works](how-it-works.md)). Options are set as `recipe.pattern.<option>=...`.
"""


def knob(recipe: Degradation | Mix) -> str:
    """The knob in words."""
    if not isinstance(recipe.strength, Strength):
        return ", ".join(str(choice) for choice in recipe.strength)
    return f"{recipe.strength.name} ({recipe.strength.unit}), {recipe.strength.neutral:g} to {recipe.strength.limit:g}, {recipe.strength.scale}"


def section(name: str) -> Iterator[str]:
    """Everything that a reader wants to know of one recipe."""
    recipe = registry.get(name).recipe
    words = recipe.words
    yield f"\n## `{name}`\n"
    yield f"{registry.summary(name)} Readers say: {', '.join((words.artefact, *words.synonyms))}.\n"
    yield "| | |\n| --- | --- |"
    yield f"| knob | {knob(recipe)} |"
    if isinstance(recipe, Mix):
        yield f"| parts | {', '.join(f'`{part.name}` (up to u = {recipe.tops[part.name]:g} alone)' for part in recipe.parts)} |"
    else:
        options = ", ".join(f"`{key}={value}`" for key, value in recipe.options.items())
        yield f"| options | {options or 'none'} |"
    yield f"| family | {recipe.effect.name}: {', '.join(f'{anchor:g}' for anchor in recipe.effect.anchors)} ({recipe.effect.measure.about}) |"
    yield f"| attributes | {', '.join(recipe.attributes)} |"
    yield f"| measures | {', '.join(f'{measure.name} ({measure.unit})' for measure in recipe.measures) or 'those of the modality'} |"
    yield f"| cause | {words.cause} |"
    yield f"| version | {recipe.version} |"
    yield f"| sources | {'; '.join(found.text + (f' ({found.doi})' if found.doi else '') for found in recipe.references)} |"


def page() -> str:
    """The whole page; plugins that happen to be installed are left out."""
    names = [name for name in registry.names() if registry.place_of(name).package == "medq_gen"]
    return HEAD + "\n".join(line for name in names for line in section(name)) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
