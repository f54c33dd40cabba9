"""Every recipe, plugins included, on the sample cases: what the conformance tests share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

PLUGIN = Path(__file__).resolve().parents[1] / "plugin_package"


def _install_plugin(site: Path) -> None:
    """What pip would leave of tests/plugin_package: its entry points beside a path to its folder."""
    import tomllib

    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = [f"[{group}]\n" + "\n".join(f"{key} = {value}" for key, value in points.items()) for group, points in project["entry-points"].items()]
    (info / "entry_points.txt").write_text("\n\n".join(groups) + "\n")
    sys.path[:0] = [str(site), str(PLUGIN)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a recipe."""
    if "recipe_name" in metafunc.fixturenames:
        from medq_gen import registry

        metafunc.parametrize("recipe_name", registry.names(), scope="session")


def pytest_configure(config: pytest.Config) -> None:
    """The plugin is there before any recipe is listed."""
    import tempfile

    config.stash[_SITE] = tempfile.TemporaryDirectory(prefix="medq_gen_plugin_")
    _install_plugin(Path(config.stash[_SITE].name))
    from medq_gen import registry

    registry.places.cache_clear()  # another test file may have listed recipes before


_SITE: pytest.StashKey[Any] = pytest.StashKey()


@pytest.fixture
def named(recipe_name: str) -> Any:
    """The recipe under test."""
    from medq_gen import registry

    return registry.get(recipe_name)
