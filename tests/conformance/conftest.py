"""Every recipe, plugins included: the plugin package is there while these tests are listed and while they run, and not for others."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from engine_cases import install_plugin, plugin_importable


@cache
def _site() -> tuple[Any, Path]:
    """A folder with the plugin installed; the first of the pair removes it when the process ends."""
    kept = tempfile.TemporaryDirectory(prefix="medq_gen_plugin_")
    return kept, install_plugin(Path(kept.name))


@cache
def _names() -> tuple[str, ...]:
    from medq_gen import registry

    with plugin_importable(_site()[1]):
        return tuple(registry.names())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a recipe."""
    if "recipe_name" in metafunc.fixturenames:
        metafunc.parametrize("recipe_name", _names(), scope="module")


@pytest.fixture(autouse=True, scope="module")
def _with_plugin() -> Iterator[None]:
    with plugin_importable(_site()[1]):
        yield


@pytest.fixture
def named(recipe_name: str) -> Any:
    """The recipe under test."""
    from medq_gen import registry

    return registry.get(recipe_name)
