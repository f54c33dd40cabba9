"""From the command line to plain values: the group `recipe` is made from the registry, Hydra composes the rest."""

from __future__ import annotations

import difflib
import itertools
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra import main as hydra_main
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from medq_gen import registry
from medq_gen.errors import ConfigError

KEYS = ("recipe", "source", "levels", "repeats", "seed", "out", "executor", "task", "run", "runs", "format", "predictions", "key", "model")
_PACKAGE = Path(__file__).resolve().parent


def conf_dir() -> Path:
    """The configuration: inside the package in a wheel, beside it in a clone."""
    inside = _PACKAGE / "conf"
    return inside if inside.is_dir() else _PACKAGE.parent / "conf"


def show(arguments: Sequence[str]) -> None:
    """Let Hydra show its help or a composed configuration; nothing is made."""
    _register(arguments)

    def never(config: DictConfig) -> None:
        raise AssertionError("Hydra was asked to show, not to run")

    sys.argv = ["medq-gen", *arguments]
    hydra_main(version_base=None, config_path=str(conf_dir()), config_name="config")(never)()


def refuse_sweeps(overrides: Sequence[str]) -> None:
    """A list of recipes without -m is refused with the hint.

    Raises
        ConfigError: says both ways to several recipes.
    """
    for override in overrides:
        key, _, value = override.partition("=")
        again = next((other for other in overrides if other is not override and other.partition("=")[0] == key), None)
        if again is not None:
            raise ConfigError(f"{key} is given twice on the command line: {override!r} and {again!r}. Keep one of them")
        if key == "recipe" and (value.startswith("[") or "," in value or "(" in value):
            names = value.strip("[]")
            raise ConfigError(
                f"recipe={value}: a run simulates one recipe. For several, a folder each: -m 'recipe={names}'; "
                "to join finished runs into one set: task=assemble 'runs=[...]'"
            )


def expanded(overrides: Sequence[str]) -> list[list[str]]:
    """The jobs of a multirun: the product of every override that sweeps."""
    choices: list[list[str]] = []
    for override in overrides:
        key, _, value = override.partition("=")
        glob = re.fullmatch(r"glob\((?:'|\")?([^'\",\[\]]+?)(?:'|\")?\)", value)
        if key == "recipe" and glob:
            names = registry.matching(glob[1])
            if not names:
                raise ConfigError(f"recipe={value} fits no recipe. Recipes: {', '.join(registry.names())}")
            choices.append([f"recipe={name}" for name in names])
            continue
        try:
            parsed = OverridesParser.create().parse_override(override)
            choices.append([f"{parsed.get_key_element()}={choice}" for choice in parsed.sweep_string_iterator()] if parsed.is_sweep_override() else [override])
        except HydraException as error:
            raise ConfigError(f"{override!r} cannot be read: {_first_line(error)}") from error
    return [list(job) for job in itertools.product(*choices)]


def asked_recipes(overrides: Sequence[str]) -> list[str]:
    """The recipes that the overrides name."""
    return [override.partition("=")[2] for override in overrides if override.partition("=")[0].lstrip("+") == "recipe"]


def _register(overrides: Sequence[str], search: Sequence[str] = ()) -> None:
    """Make the group `recipe`: a name for each recipe, and all that users may set for those that are asked. Listing so imports no recipe."""
    names = registry.names()
    wanted: set[str] = set()
    for asked in asked_recipes(overrides):
        glob = re.fullmatch(r"glob\((.+)\)", asked)
        wanted |= set(registry.matching(glob[1]) if glob else asked.strip("[]").split(","))
    if search and not wanted <= set(names):
        wanted = set(names)  # an own YAML inherits one of them: which, only Hydra will know
    store = ConfigStore.instance()
    for name in names:
        store.store(group="recipe", name=name, node=node(name) if name in wanted else {"name": name}, provider="medq_gen")


def node(name: str) -> dict[str, Any]:
    """What users may set of a recipe."""
    from medq_gen.declare import Strength
    from medq_gen.variant import default_options

    recipe = registry.get(name).recipe
    options = {key: list(value) if isinstance(value, tuple) else value for key, value in default_options(recipe).items()}
    made: dict[str, Any] = {"name": name, "pattern": options, "effect": {"anchors": list(recipe.effect.anchors)}}
    if isinstance(recipe.strength, Strength):
        made["strength"] = {"limit": recipe.strength.limit}
    return made


def composed(overrides: Sequence[str], search: Sequence[str] = ()) -> dict[str, Any]:
    """The configuration as plain values.

    Raises
        ConfigError: an unknown key, group member or value, with what is allowed.
    """
    asked = asked_recipes(overrides)
    known = registry.names()
    for name in asked:
        if not search and name not in known and name not in ("null", ""):
            raise ConfigError(f"recipe={name} (command line): {registry.unknown('recipe', name, known)}. List them with: medq-gen")
    _register(overrides, search)
    extra = [f"hydra.searchpath=[{','.join('file://' + str(Path(folder).resolve()) for folder in search)}]"] if search else []
    try:
        with initialize_config_dir(str(conf_dir()), version_base=None):
            config = compose("config", overrides=[*overrides, *extra])
        found = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_explained(error, overrides)) from error
    values = cast("dict[str, Any]", found)
    for key in values:
        if key not in (*KEYS, "experiment"):
            raise ConfigError(f"{registry.unknown('key', key, list(KEYS))} (command line or experiment)")
    return values


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0]


def _explained(error: BaseException, overrides: Sequence[str]) -> str:
    """Hydra's error in terms of our keys: what was given, what is allowed."""
    text = str(error).strip()
    if isinstance(error, OverrideParseException):
        return f"{error.override!r} (command line) cannot be read: brackets and quotes must close, as in 'levels=[mild,severe]' or 'source.path=\"/data/a, b\"'"
    key = re.search(r"Could not override '([^']+)'", text)
    if key:
        first = key[1].split(".")[0]
        if first not in KEYS:
            close = difflib.get_close_matches(first, KEYS, n=1)
            return f"unknown key {key[1]!r} (command line).{f' Did you mean {close[0]!r}?' if close else ''} Keys: {', '.join(KEYS)}"
        hint = " Name the kind of source too: source=dicom, nifti, images, kspace or manifest." if key[1] == "source.path" else ""
        if first == "model" and "model" not in [override.partition("=")[0] for override in overrides]:
            hint = " Name the kind of model first: model=openai_compatible."
        return f"unknown key {key[1]!r} (command line).{hint} {_below(first, overrides)}"
    missing = re.search(r"Could not find '([^']+)'", text)
    if missing and "/" in missing[1]:
        group, _, given = missing[1].rpartition("/")
        allowed = registry.names() if group == "recipe" else sorted(path.stem for path in (conf_dir() / group).glob("*.yaml"))
        return f"{group}={given} (command line): {registry.unknown(group, given, allowed)}"
    return " ".join(text.split())


def _below(first: str, overrides: Sequence[str]) -> str:
    """What may be set below a key."""
    try:
        kept = [override for override in overrides if "." not in override.partition("=")[0] and "=" in override]
        with initialize_config_dir(str(conf_dir()), version_base=None):
            value = OmegaConf.to_container(compose("config", overrides=kept))
    except (HydraException, OmegaConfBaseException):
        return f"See conf/{first}"
    found = cast("dict[str, Any]", value).get(first)
    return f"Allowed: {', '.join(_paths(found, first))}" if isinstance(found, dict) else f"{first!r} is one value: give {first}=..."


def _paths(value: Mapping[str, Any], prefix: str) -> list[str]:
    paths: list[str] = []
    for key, found in value.items():
        paths += _paths(found, f"{prefix}.{key}") if isinstance(found, dict) and found else [f"{prefix}.{key}"]
    return [path for path in paths if path != f"{prefix}.name"]
