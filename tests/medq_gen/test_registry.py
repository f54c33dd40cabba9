"""The registry: recipes by their files and by entry points, listed without importing them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_cases import RECIPE, command, forget, install_plugin, plugin_importable

from medq_gen import registry
from medq_gen.errors import ConfigError, DeclarationError


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Path]:
    site = install_plugin(tmp_path)
    with plugin_importable(site):
        yield site


def test_a_recipe_is_named_after_its_file() -> None:
    """recipes/mri/noise.py is mri_noise; nothing else gives it that name."""
    place = registry.place_of("mri_noise")
    assert (place.modality, place.module) == ("mri", "recipes.mri.noise")
    assert place.path.parts[-3:] == ("recipes", "mri", "noise.py")
    assert registry.get("mri_noise").recipe.effect.name == "disturbance"


def test_a_plugin_brings_its_recipes(plugin: Path) -> None:
    """A recipe of another package is listed, summed up and loaded like ours, under its own package's name."""
    assert RECIPE in registry.names()
    assert registry.place_of(RECIPE).package == "medq-gen-zipper"
    assert registry.summary(RECIPE) == "Zipper: a radio station in the receiver."
    assert registry.get(RECIPE).recipe.attributes == ("zipper",)


def test_listing_imports_no_torch(plugin: Path) -> None:
    """names() and summary() import neither torch nor a recipe, plugins included."""
    code = (
        "from medq_gen import registry; lines = [registry.summary(name) for name in registry.names()]; import sys;"
        "assert 'mri_radio_station' in registry.names() and all(lines);"
        "bad = [name for name in sys.modules if name.partition('.')[0] in ('torch', 'numpy', 'cv2', 'pydantic') or name.startswith('recipes.mri.')];"
        "sys.exit(str(bad) if bad else 0)"
    )
    found = command([], site=plugin, code=code)
    assert found.returncode == 0, found.stderr
    bare = command([], site=plugin, code="import sys; sys.modules['torch'] = None")
    assert bare.returncode == 0, bare.stderr
    assert RECIPE in bare.stdout


def test_an_unknown_name_is_answered_with_a_close_one() -> None:
    """The message gives what was asked, the nearest name, and all names."""
    with pytest.raises(ConfigError, match=r"'mri_nois'.*Did you mean 'mri_noise'.*Allowed: mri_banding"):
        registry.get("mri_nois")


def test_a_plugin_that_cannot_be_found_is_named(tmp_path: Path) -> None:
    """A plugin whose module is gone stops the listing with its name and what to do; it is never passed over."""
    site = install_plugin(tmp_path)
    (site / "zipper_plugin" / "recipes").rename(site / "zipper_plugin" / "gone")
    with plugin_importable(site), pytest.raises(DeclarationError, match=r"medq-gen-zipper.*zipper_plugin.recipes.*pip uninstall"):
        registry.names()


def test_a_plugin_that_breaks_on_import_is_named(plugin: Path) -> None:
    """A recipe that raises is an error with its name, its package and its file; the other recipes stay."""
    (plugin / "zipper_plugin" / "recipes" / "mri" / "broken.py").write_text('"""Broken."""\nraise OSError("no licence file")\n')
    forget()
    assert {"mri_broken", "mri_noise"} <= set(registry.names())
    with pytest.raises(DeclarationError, match=r"'mri_broken' of 'medq-gen-zipper'.*broken.py.*OSError: no licence file"):
        registry.get("mri_broken")


def test_a_file_without_a_recipe_is_named(plugin: Path) -> None:
    """A file of recipes/ that declares nothing is an error when it is asked for."""
    (plugin / "zipper_plugin" / "recipes" / "mri" / "empty.py").write_text('"""Nothing."""\n')
    forget()
    with pytest.raises(DeclarationError, match=r"mri_empty.*must hold RECIPE.*NoneType"):
        registry.get("mri_empty")


def test_two_recipes_of_one_name_are_refused(plugin: Path) -> None:
    """A plugin cannot shadow a recipe of ours: both files are named."""
    (plugin / "zipper_plugin" / "recipes" / "mri" / "noise.py").write_text('"""Another noise."""\n')
    forget()
    with pytest.raises(DeclarationError, match=r"two recipes are called 'mri_noise'.*medq_gen.*medq-gen-zipper"):
        registry.names()


def test_patterns_choose_names(plugin: Path) -> None:
    """mri_radio_* fits the plugin's recipe and no other; a pattern that fits nothing gives an empty list."""
    assert registry.matching("mri_radio_*") == [RECIPE]
    assert registry.matching("xray_*") == []
    assert set(registry.matching("ct_*")) == {name for name in registry.names() if name.startswith("ct_")}
    assert "zipper_plugin.interference" not in sys.modules
