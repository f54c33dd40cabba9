"""Imports point down only: read off the syntax trees, so that no module needs to be imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A part may import from parts on lower rows, and from itself; parts of one row do not know each other.
ROWS: tuple[tuple[str, ...], ...] = (
    ("physics",),
    ("medq_gen.errors", "medq_gen.seeds", "medq_gen.ontology", "medq_gen.store"),
    ("medq_gen.records", "medq_gen.claims"),
    ("medq_gen.declare",),
    ("recipes",),
    ("medq_gen.registry",),
    (
        "medq_gen.sources",
        "medq_gen.scan_of",
        "medq_gen.plan",
        "medq_gen.solve",
        "medq_gen.executors",
        "medq_gen.draft",
        "medq_gen.export",
        "medq_gen.score",
        "medq_gen.report",
    ),
    ("medq_gen.work",),
    ("medq_gen.run",),
    ("medq_gen.app", "medq_gen.__main__"),
)
# Beneath the rule "never sideways": what stands on one row but is a floor of its own.
BELOW = {
    "medq_gen.claims": {"medq_gen.records"},
    "medq_gen.ontology": {"medq_gen.errors"},
    "medq_gen.store": {"medq_gen.errors", "medq_gen.ontology", "medq_gen.records"},
    "medq_gen.scan_of": {"medq_gen.sources"},
    "medq_gen.__main__": {"medq_gen.app"},
}
RANK = {part: rank for rank, row in enumerate(ROWS) for part in row}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str | None:
    while module:
        if module in RANK:
            return module
        module = module.rpartition(".")[0]
    return None


def imported(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


HOUSE = sorted(path for package in ("physics", "recipes", "medq_gen") for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", HOUSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down_only(path: Path) -> None:
    """No module imports from a part above or beside its own."""
    mine = part_of(module_of(path))
    for target, line in imported(path):
        theirs = part_of(target)
        if theirs is None or mine is None or theirs == mine or theirs in BELOW.get(mine, set()):
            continue
        assert RANK[theirs] < RANK[mine], f"{path.relative_to(ROOT)}:{line} imports {target}, which is not below {mine}"


@pytest.mark.parametrize("path", HOUSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_one_noun_and_short(path: Path) -> None:
    """Modules stay readable: 200 lines in physics and recipes, 400 elsewhere, at most two folders deep, no catch-all names."""
    relative = path.relative_to(ROOT)
    assert len(path.read_text(encoding="utf-8").splitlines()) <= (200 if relative.parts[0] in {"physics", "recipes"} else 400)
    assert len(relative.parts) <= 4
    assert not {"utils", "helpers", "common", "misc", "util", "helper"} & set(relative.with_suffix("").parts)


def test_the_rule_sees_an_upward_import() -> None:
    """The check is awake: physics may not import the engine."""
    assert RANK["physics"] < RANK["medq_gen.work"]
    assert part_of("medq_gen.work.ladder") == "medq_gen.work"
    assert part_of("numpy") is None
