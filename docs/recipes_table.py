"""Writes docs/recipes.md and the table of the README from the recipes themselves: `python docs/recipes_table.py`. A test holds both to what this prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from medq_gen import registry  # noqa: E402
from medq_gen.declare import Degradation, Mix, Strength  # noqa: E402

PAGE = ROOT / "docs" / "recipes.md"
README = ROOT / "README.md"
START, END = "<!-- recipes: made by `python docs/recipes_table.py` -->", "<!-- /recipes -->"
ORACLES = ROOT / "docs" / "oracles.json"  # made by `python -m pytest tests/physics tests/recipes --write-oracles docs/oracles.json`
HEAD = """# Recipes

Made by `python docs/recipes_table.py` from the declarations in `recipes/`. Anchors are the values of the family's measure at u = 0.5, 1.5 and 2.5
([how it works](how-it-works.md)). Options are set as `recipe.pattern.<option>=...`. An oracle is a closed form or an independent computation that a
test holds the physics to; its residual is the largest that the tests found, beside the bound that they assert.

![Every MRI recipe on a sample head or abdomen: clean, mild, moderate, severe](pictures/mri.jpg)

*All MRI recipes on the built-in samples, made by `python docs/pictures.py`: each row is one ladder, u its measured severity, below it the knob.*

![Every CT recipe on a sample head, a rendered skull base or, for breathing, a liver: clean, mild, moderate, severe](pictures/ct.jpg)

*All CT recipes on the built-in head, in a brain window.*
"""


def knob(recipe: Degradation | Mix) -> str:
    """The knob in words."""
    if not isinstance(recipe.strength, Strength):
        return ", ".join(str(choice) for choice in recipe.strength)
    return f"{recipe.strength.name} ({recipe.strength.unit}), {recipe.strength.neutral:g} to {recipe.strength.limit:g}, {recipe.strength.scale}"


def oracles_of(name: str) -> list[str]:
    """What the physics of a recipe is held to, with the residual found and the bound."""
    rows = [row for row in json.loads(ORACLES.read_text(encoding="utf-8")) if row["recipe"] == name]
    return [f"{row['claim']}: {row['residual']:.2g} (≤ {row['bound']:g})" for row in rows]


def overview(names: list[str]) -> Iterator[str]:
    """One line a recipe."""
    yield "\n| recipe | knob | family | oracle: residual (bound) |\n| --- | --- | --- | --- |"
    for name in names:
        recipe = registry.get(name).recipe
        first = oracles_of(name)[:1] or ["those of its parts" if isinstance(recipe, Mix) else "see its tests"]
        yield f"| [`{name}`](#{name}) | {knob(recipe)} | {recipe.effect.name} | {first[0]} |"


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
    found = oracles_of(name)
    if found:
        yield f"| oracles | {'; '.join(found)} |"
    yield f"| cause | {words.cause} |"
    yield f"| version | {recipe.version} |"
    yield f"| sources | {'; '.join(found.text + (f' ({found.doi})' if found.doi else '') for found in recipe.references)} |"


def _ours() -> list[str]:
    """Names of the recipes that this project brings; plugins that happen to be installed are left out."""
    return [name for name in registry.names() if registry.place_of(name).package == "medq_gen"]


def page() -> str:
    """The whole page."""
    return HEAD + "\n".join([*overview(_ours()), *(line for name in _ours() for line in section(name))]) + "\n"


def readme() -> str:
    """The README with its table renewed: what happens, and the knob."""
    before, _, rest = README.read_text(encoding="utf-8").partition(START)
    rows = ["| recipe | what happens | knob |", "| --- | --- | --- |"]
    for name in _ours():
        recipe = registry.get(name).recipe
        short = f"{recipe.strength.name}, {recipe.strength.unit}" if isinstance(recipe.strength, Strength) else knob(recipe)
        rows.append(f"| `{name}` | {registry.summary(name)} | {short} |")
    table = "\n".join(rows)
    return f"{before}{START}\n{table}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")
