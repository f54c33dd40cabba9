"""The pages say what is there: columns of the store, links between pages, commands of the README."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from pathlib import Path

import pytest

from medq_gen import registry
from medq_gen.composition import composed
from medq_gen.declare import Mix
from medq_gen.records import Record

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def test_every_column_of_a_record_is_explained() -> None:
    """docs/store.md names each column, under the name that the store writes."""
    page = (ROOT / "docs" / "store.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", page))
    assert {field.alias or name for name, field in Record.model_fields.items()} <= named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link of a page names a file that is there."""
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing


def test_the_readme_names_every_recipe() -> None:
    """A recipe that is listed is in the table, and nothing else is."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    table = page.partition("## Recipes")[2].partition("\n## ")[0]
    ours = [name for name in registry.names() if registry.place_of(name).package == "medq_gen"]
    assert sorted(re.findall(r"^\| `(\w+)`", table, flags=re.MULTILINE)) == sorted(ours)


def test_the_commands_of_the_readme_compose() -> None:
    """Every medq_gen command of the README is one that the tool understands."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [
        line.partition("#")[0] for block in re.findall(r"```bash\n(.*?)```", page, flags=re.DOTALL) for line in block.splitlines() if "medq_gen" in line
    ]
    assert len(commands) >= 6
    for command in commands:
        words = [word for word in shlex.split(command)[3:] if word != "-m"]
        overrides = [word for word in words if not word.startswith("recipe=glob")]
        assert composed(overrides)["executor"]["name"] == "process", command


def test_the_page_of_recipes_is_what_the_recipes_say() -> None:
    """docs/recipes.md and the table of the README are made, never written: `python docs/recipes_table.py`."""
    spec = importlib.util.spec_from_file_location("recipes_table", ROOT / "docs" / "recipes_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page()
    assert module.README.read_text(encoding="utf-8") == module.readme()


def test_every_recipe_of_mri_has_an_oracle_within_its_bound() -> None:
    """docs/oracles.json is made by the tests themselves (--write-oracles) and knows every recipe that is no mix."""
    rows = json.loads((ROOT / "docs" / "oracles.json").read_text(encoding="utf-8"))
    single = {name for name in registry.names() if name.startswith("mri_") and not isinstance(registry.get(name).recipe, Mix)}
    assert single <= {row["recipe"] for row in rows}
    assert all(0 <= row["residual"] <= row["bound"] for row in rows)


@pytest.mark.parametrize("package", ["physics", "recipes", "medq_gen"])
def test_the_oracles_that_are_named_exist(package: str) -> None:
    """A docstring that names a test file names one that is there."""
    named = {(path, test) for path in (ROOT / package).rglob("*.py") for test in re.findall(r"tests/[\w/]+\.py", path.read_text(encoding="utf-8"))}
    assert not [(str(path), test) for path, test in named if not (ROOT / test).exists()]
