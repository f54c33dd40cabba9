"""Which recipes there are: files of recipes/<modality>/ and of packages that announce themselves by entry point. Listing imports none of them."""

from __future__ import annotations

import ast
import difflib
import fnmatch
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from medq_gen.errors import ConfigError, DeclarationError
from physics.modality import MODALITIES, Modality

if TYPE_CHECKING:
    from medq_gen.declare import Degradation, Mix

GROUP = "medq_gen.recipes"

_OURS = Path(__file__).resolve().parent.parent / "recipes"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a recipe is declared: its file, its module, and the package that brought it."""

    name: str
    modality: Modality
    module: str
    path: Path
    package: str


@dataclass(frozen=True, slots=True)
class Named:
    """A recipe under the name that its file gives it."""

    name: str
    modality: Modality
    recipe: Degradation | Mix


def _roots() -> Iterator[tuple[str, str, Path]]:
    """(package that brought it, module, folder) of every place where recipes may lie."""
    yield "medq_gen", "recipes", _OURS
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        yield _package(point), point.value, _folder(point)


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.name


def _folder(point: EntryPoint) -> Path:
    """The folder of a plugin's recipes; a plugin that cannot be found is an error with its name, never silence."""
    try:
        spec = find_spec(point.value)
    except Exception as error:  # a plugin may fail in any way when its parent package is imported
        raise DeclarationError(_broken(point, f"{type(error).__name__}: {error}")) from error
    locations = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not locations:
        raise DeclarationError(_broken(point, "no package of that name" if spec is None else "it is a module, not a package of modalities"))
    return Path(locations[0])


def _broken(point: EntryPoint, problem: str) -> str:
    return (
        f"the plugin {_package(point)!r} announces recipes in {point.value!r} (entry point {point.name!r} of group {GROUP!r}) but cannot be loaded: {problem}. "
        f"Repair it, or remove it with: pip uninstall {_package(point)}"
    )


@cache
def places() -> dict[str, Place]:
    """Every recipe by name, in the order of modality and name. Reads folders only."""
    found: dict[str, Place] = {}
    for package, module, folder in _roots():
        for modality in MODALITIES:
            for path in sorted((folder / modality).glob("[!_]*.py")):
                place = Place(f"{modality}_{path.stem}", modality, f"{module}.{modality}.{path.stem}", path, package)
                if place.name in found:
                    other = found[place.name]
                    raise DeclarationError(
                        f"two recipes are called {place.name!r}: {other.path} of {other.package!r} and {path} of {package!r}; rename one file"
                    )
                found[place.name] = place
    return found


def names() -> list[str]:
    """The names of all recipes. Imports no recipe and no torch."""
    return list(places())


def matching(pattern: str) -> list[str]:
    """The names that a shell pattern fits ("mri_*")."""
    return [name for name in names() if fnmatch.fnmatchcase(name, pattern)]


def summary(name: str) -> str:
    """The first line of a recipe's docstring, read without importing it."""
    try:
        text = ast.get_docstring(ast.parse(place_of(name).path.read_text(encoding="utf-8")))
    except (OSError, SyntaxError, ValueError) as error:
        return f"cannot be read: {error}"
    return text.splitlines()[0] if text else ""


def unknown(what: str, given: str, allowed: list[str]) -> str:
    """An error's text for a name that is not on a list: given, close matches, allowed."""
    close = difflib.get_close_matches(given, allowed, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(repr(name) for name in close)}?" if close else ""
    return f"unknown {what} {given!r}.{hint} Allowed: {', '.join(allowed)}"


def place_of(name: str) -> Place:
    """Where a recipe is declared.

    Raises
        ConfigError: no recipe has that name; the message lists those that exist.
    """
    if name not in places():
        raise ConfigError(unknown("recipe", name, names()))
    return places()[name]


@cache
def get(name: str) -> Named:
    """A recipe, imported.

    Raises
        ConfigError: no recipe has that name.
        DeclarationError: its file cannot be imported, or holds no RECIPE.
    """
    from medq_gen.declare import Degradation, Mix  # late: declarations import torch, listing must not

    place = place_of(name)
    try:
        recipe = getattr(importlib.import_module(place.module), "RECIPE", None)
    except Exception as error:  # whatever a recipe's file raises is reported under its name
        raise DeclarationError(f"the recipe {name!r} of {place.package!r} ({place.path}) cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(recipe, Degradation | Mix):
        raise DeclarationError(
            f"the recipe {name!r} of {place.package!r} ({place.path}) must hold RECIPE = Degradation(...) or Mix(...), found {type(recipe).__name__}"
        )
    return Named(name, place.modality, recipe)
